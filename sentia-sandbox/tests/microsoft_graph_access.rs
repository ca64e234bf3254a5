//! The Microsoft Graph twin against the sheet: tokens, certificates, permissions, limits, batches, subscriptions.
#![allow(clippy::unwrap_used)]

mod client;
mod graph_client;

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256};
use axum::Router;
use axum::extract::Query;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use client::{http, sandbox};
use graph_client::{Graph, token_form};
use sentia_sandbox::universe::office::{immutable_id, plain_id};
use sentia_sandbox::{FaultPlan, MicrosoftGraphFault, MicrosoftGraphLimits, MicrosoftGraphTwin, Size};
use serde_json::{Value, json};

fn secret<'t>(twin: &'t MicrosoftGraphTwin, secret: &'t str, scope: &'t str) -> Vec<(&'t str, &'t str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", twin.client_id()),
        ("client_secret", secret),
        ("scope", scope),
    ]
}

#[tokio::test]
async fn secrets_and_scopes_are_checked() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph_scope = "https://graph.microsoft.com/.default";
    let (status, body) = token_form(twin, &secret(twin, twin.client_secret(), graph_scope)).await;
    assert_eq!((status, body["token_type"].as_str()), (200, Some("Bearer")));
    assert!(body.get("refresh_token").is_none() && body["expires_in"].as_i64().unwrap() >= 3_599);
    let own = format!("{}/.default", twin.base_url());
    assert_eq!(token_form(twin, &secret(twin, twin.client_secret(), &own)).await.0, 200);
    let (status, body) = token_form(twin, &secret(twin, "wrong", graph_scope)).await;
    assert_eq!(
        (status, &body["error_codes"][0], body["error"].as_str()),
        (401, &json!(7_000_215), Some("invalid_client"))
    );
    assert!(body["error_description"].as_str().unwrap().starts_with("AADSTS7000215: "));
    for scope in
        ["https://graph.microsoft.com/User.Read.All", "", "https://graph.microsoft.com/.default openid"]
    {
        let (status, body) = token_form(twin, &secret(twin, twin.client_secret(), scope)).await;
        assert_eq!((status, body["error"].as_str()), (400, Some("invalid_scope")), "{scope}");
    }
    twin.expire_client_secret(true);
    assert_eq!(
        token_form(twin, &secret(twin, twin.client_secret(), graph_scope)).await.1["error_codes"][0],
        7_000_222
    );
    twin.expire_client_secret(false);
    let common = format!("{}/common/oauth2/v2.0/token", twin.base_url());
    let form = secret(twin, twin.client_secret(), graph_scope);
    assert_eq!(http().post(common).form(&form).send().await.unwrap().status(), 400);
    let by_domain = format!("{}/{}/oauth2/v2.0/token", twin.base_url(), twin.domain());
    assert_eq!(http().post(by_domain).form(&form).send().await.unwrap().status(), 200);
    let graph = Graph::app(twin).await;
    assert_eq!(graph.get("users").await.0, 200);
    clock.advance(Duration::from_secs(5_400));
    let expired = graph.send("users").await;
    assert!(expired.status() == 401 && expired.headers().contains_key("www-authenticate"));
    assert_eq!(expired.json::<Value>().await.unwrap()["error"]["code"], "InvalidAuthenticationToken");
}

#[tokio::test]
async fn refresh_tokens_are_replaced_and_the_old_ones_stay() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let form = |token: &str, scope: &str| {
        let pairs = [
            ("client_id", twin.client_id()),
            ("client_secret", twin.client_secret()),
            ("refresh_token", token),
            ("scope", scope),
        ];
        let mut pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        pairs.push(("grant_type".to_owned(), "refresh_token".to_owned()));
        pairs
    };
    let refresh = async |token: &str, scope: &str| {
        let answer = http().post(twin.token_url()).form(&form(token, scope)).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let scope = "https://graph.microsoft.com/Files.ReadWrite offline_access";
    let (status, first) = refresh(twin.refresh_token(), scope).await;
    assert_eq!(status, 200);
    let second = first["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(second, twin.refresh_token());
    assert_eq!(refresh(twin.refresh_token(), scope).await.0, 200);
    assert!(refresh(&second, "Files.ReadWrite").await.1.get("refresh_token").is_none());
    assert_eq!(refresh(&second, "Chat.Read offline_access").await.1["error_codes"][0], 65_001);
    clock.advance(Duration::from_secs(90 * 86_400 + 1));
    assert_eq!(refresh(&second, scope).await.1["error_codes"][0], 700_082);
    let fresh = twin.consent();
    assert_eq!(refresh(&fresh, scope).await.0, 200);
    twin.revoke_refresh_tokens();
    assert_eq!(refresh(&fresh, scope).await.1["error_codes"][0], 50_173);
    let graph = Graph { twin, token: user_token_of(twin).await, prefer: None };
    assert_eq!(graph.get("me").await.1["userPrincipalName"], "user001@hearthgrain.onmicrosoft.com");
    let others = sandbox.look(|universe| universe.office.users[1].id);
    assert_eq!(graph.get(&format!("users/{others}/messages")).await.1["error"]["code"], "ErrorAccessDenied");
}

async fn user_token_of(twin: &MicrosoftGraphTwin) -> String {
    let token = twin.consent();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", twin.client_id()),
        ("client_secret", twin.client_secret()),
        ("refresh_token", &token),
        ("scope", "https://graph.microsoft.com/.default offline_access"),
    ];
    token_form(twin, &form).await.1["access_token"].as_str().unwrap().to_owned()
}

/// A JWT signed with the app's key.
fn assertion(
    twin: &MicrosoftGraphTwin,
    algorithm: &str,
    jti: &str,
    change: impl FnOnce(&mut Value, &mut Value),
) -> String {
    let certificate = twin.certificate();
    let now = twin.now().timestamp();
    let mut head = match algorithm {
        "PS256" => json!({"alg": "PS256", "typ": "JWT", "x5t#S256": certificate.sha256_thumbprint()}),
        _ => json!({"alg": "RS256", "typ": "JWT", "x5t": certificate.sha1_thumbprint()}),
    };
    let mut claims = json!({
        "aud": twin.token_url(), "iss": twin.client_id(), "sub": twin.client_id(), "jti": jti,
        "nbf": now, "iat": now, "exp": now + 300,
    });
    change(&mut head, &mut claims);
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let pem: String = certificate.private_key_pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = KeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let padding: &'static dyn aws_lc_rs::signature::RsaEncoding =
        if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
    key.sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn certificates_sign_assertions_that_are_good_once() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let ask = async |jwt: String| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", twin.client_id()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &jwt),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let (status, body) = token_form(twin, &form).await;
        (status, body["error_codes"][0].as_u64().unwrap_or(0))
    };
    assert_eq!(ask("a.b.c".to_owned()).await, (401, 50_027));
    let same = |_: &mut Value, _: &mut Value| {};
    let good = assertion(twin, "PS256", "one", same);
    assert_eq!(ask(good.clone()).await, (200, 0));
    assert_eq!(ask(good.clone()).await, (401, 50_027));
    assert_eq!(ask(assertion(twin, "RS256", "two", same)).await, (200, 0));
    let wrong =
        |claim: &'static str, value: Value| move |_: &mut Value, claims: &mut Value| claims[claim] = value;
    assert_eq!(
        ask(assertion(twin, "PS256", "3", wrong("aud", json!("https://login.microsoftonline.com")))).await.1,
        700_023
    );
    assert_eq!(ask(assertion(twin, "PS256", "4", wrong("sub", json!("somebody")))).await.1, 700_021);
    assert_eq!(
        ask(assertion(twin, "PS256", "5", wrong("exp", json!(twin.now().timestamp())))).await.1,
        700_024
    );
    assert_eq!(
        ask(assertion(twin, "PS256", "6", wrong("nbf", json!(twin.now().timestamp() + 301)))).await.1,
        700_024
    );
    assert_eq!(ask(assertion(twin, "PS256", "", same)).await.1, 50_027);
    let thumb = |head: &mut Value, _: &mut Value| head["x5t#S256"] = json!("AAAA");
    assert_eq!(ask(assertion(twin, "PS256", "7", thumb)).await.1, 700_027);
    // Signed in one way and labelled as the other.
    let label = |head: &mut Value, _: &mut Value| {
        *head = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": twin.certificate().sha256_thumbprint()});
    };
    assert_eq!(ask(assertion(twin, "RS256", "8", label)).await.1, 700_027);
    assert!(twin.certificate().certificate_pem.starts_with("-----BEGIN CERTIFICATE-----"));
    let log = twin.requests();
    assert!(log.iter().all(|entry| entry.body.is_empty()), "assertions stay out of the journal");
}

#[tokio::test]
async fn refused_calls_count_against_the_next_window() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    twin.set_limits(MicrosoftGraphLimits { directory_units: 10, ..MicrosoftGraphLimits::default() });
    let graph = Graph::app(twin).await;
    for _ in 0..5 {
        assert_eq!(graph.get("users").await.0, 200);
    }
    let refused = graph.send("users").await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"10".parse().unwrap()));
    assert_eq!(graph.get("users").await.0, 429);
    clock.advance(Duration::from_secs(10));
    let near = {
        graph.get("users").await;
        graph.send("users").await
    };
    assert_eq!(near.headers()["x-ms-throttle-limit-percentage"], "0.80");
    let drive = sandbox.look(|universe| universe.office.drives[0].id.clone());
    twin.set_limits(MicrosoftGraphLimits { sharepoint_units: 2, ..MicrosoftGraphLimits::default() });
    let path = format!("drives/{drive}/root/delta");
    assert_eq!(graph.send(&path).await.headers()["ratelimit-remaining"], "0");
    let (status, body) = graph.get(&path).await;
    assert_eq!((status, body["error"]["code"].as_str()), (429, Some("activityLimitReached")));
    assert_eq!(body["error"]["innererror"]["code"], "throttledRequest");
}

#[tokio::test]
async fn a_mailbox_takes_four_calls_at_once() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let user = sandbox.look(|universe| universe.office.users[0].id);
    twin.inject(MicrosoftGraphFault::StalledBody, FaultPlan::next(4));
    let mut held = vec![];
    for _ in 0..4 {
        held.push(graph.send(&format!("users/{user}/messages")).await);
    }
    let (status, body) = graph.get(&format!("users/{user}/messages")).await;
    assert_eq!((status, body["error"]["code"].as_str()), (429, Some("ApplicationThrottled")));
    drop(held);
}

#[tokio::test]
async fn batches_answer_item_by_item() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let request = |id: &str, url: &str| json!({"id": id, "method": "GET", "url": url});
    twin.inject(MicrosoftGraphFault::BatchItemThrottled, FaultPlan::once());
    let requests = json!({"requests": [request("1", "/users"), request("2", "/users/nobody"), request("3", "/users?$top=3")]});
    let (status, body) = graph.post("$batch", requests.clone()).await;
    assert_eq!(status, 200);
    let of =
        |id: &str| body["responses"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!((&of("1")["status"], &of("1")["headers"]["Retry-After"]), (&json!(429), &json!("8")));
    assert_eq!((&of("2")["status"], &of("3")["status"]), (&json!(404), &json!(200)));
    assert_eq!(graph.get(of("3")["body"]["@odata.nextLink"].as_str().unwrap()).await.0, 200);
    let mut chain = requests;
    chain["requests"][1]["dependsOn"] = json!(["1"]);
    chain["requests"][2]["dependsOn"] = json!(["2"]);
    let (_, body) = graph.post("$batch", chain.clone()).await;
    let statuses: Vec<i64> =
        body["responses"].as_array().unwrap().iter().map(|one| one["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [424, 404, 200]);
    chain["requests"][2]["dependsOn"] = json!([]);
    assert_eq!(graph.post("$batch", chain).await.0, 400);
    let many: Vec<Value> = (0..21).map(|id| request(&id.to_string(), "/users")).collect();
    assert_eq!(graph.post("$batch", json!({"requests": many})).await.0, 400);
    let twins = json!({"requests": [request("a", "/users"), request("A", "/users")]});
    assert_eq!(graph.post("$batch", twins).await.0, 400);
}

/// A receiver that proves itself and takes notifications.
async fn receiver(good: bool) -> String {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?site=1", socket.local_addr().unwrap());
    let answer = move |Query(query): Query<std::collections::HashMap<String, String>>| async move {
        match query.get("validationToken") {
            Some(token) if good => (http::StatusCode::OK, token.clone()),
            Some(_) => (http::StatusCode::OK, "something else".to_owned()),
            None => (http::StatusCode::ACCEPTED, String::new()),
        }
    };
    let router = Router::new().fallback(axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(socket, router).await });
    url
}

#[tokio::test]
async fn subscriptions_shake_hands_and_tell_of_changes() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let (user, drive) = sandbox.look(|u| (u.office.users[0].id, u.office.drives[0].id.clone()));
    let url = receiver(true).await;
    let ask = |resource: &str, types: &str, url: &str, minutes: i64| {
        let expires = twin.now() + chrono::TimeDelta::minutes(minutes);
        json!({"changeType": types, "notificationUrl": url, "resource": resource, "clientState": "secret",
            "expirationDateTime": expires.to_rfc3339()})
    };
    let inbox = format!("/users/{user}/mailFolders('inbox')/messages");
    let (status, made) = graph.post("subscriptions", ask(&inbox, "created,updated,deleted", &url, 10)).await;
    assert_eq!((status, made["clientState"].as_str()), (201, Some("secret")));
    assert_eq!(made["expirationDateTime"], "2026-11-01T12:45:00.000Z");
    let root = format!("/drives/{drive}/root");
    assert_eq!(graph.post("subscriptions", ask(&root, "updated", &url, 42_300)).await.0, 201);
    for (resource, types, url, minutes) in [
        (root.as_str(), "created", url.as_str(), 60),
        (&root, "updated", "http://example.com/hook", 60),
        (&inbox, "created", &url, 10_081),
        ("/planets", "updated", &url, 60),
        (&inbox, "created", &receiver(false).await, 60),
    ] {
        let (status, body) = graph.post("subscriptions", ask(resource, types, url, minutes)).await;
        assert_eq!(status, 400, "{resource} {types} {url}: {body}");
    }
    let message = sandbox.change(|universe| {
        let inbox = universe.office.mailboxes[0].folders[0].id;
        universe.write_drive_item(0, &universe.office.workbooks[0].item.clone(), 5);
        universe.receive_message(0, inbox, "One")
    });
    let notices = twin.take_notifications();
    assert_eq!(notices.len(), 1, "one receiver, one body");
    assert_eq!(twin.deliver(&notices[0]).await.unwrap(), 202);
    let body: Value = serde_json::from_str(&notices[0].body).unwrap();
    let value = body["value"].as_array().unwrap();
    assert_eq!((value.len(), value[0]["changeType"].as_str()), (2, Some("created")));
    assert_eq!(
        (&value[0]["clientState"], &value[0]["tenantId"]),
        (&json!("secret"), &json!(twin.tenant_id()))
    );
    assert!(value[1]["resourceData"].get("id").is_none());
    assert_eq!(value[0]["resourceData"]["id"], plain_id(message, 0).as_str());
    assert!(twin.take_notifications().is_empty());
    let id = made["id"].as_str().unwrap();
    let missed = twin.lifecycle_notification(id, "missed").unwrap();
    assert_eq!(serde_json::from_str::<Value>(&missed.body).unwrap()["value"][0]["lifecycleEvent"], "missed");
    let patch = json!({"expirationDateTime": (twin.now() + chrono::TimeDelta::minutes(10_080)).to_rfc3339()});
    let call = http().patch(graph.url(&format!("subscriptions/{id}"))).bearer_auth(&graph.token).json(&patch);
    assert_eq!(call.send().await.unwrap().status(), 200);
    assert_eq!(graph.post(&format!("subscriptions/{id}/reauthorize"), json!({})).await.0, 204);
    clock.advance(Duration::from_secs(10_080 * 60));
    let graph = Graph::app(twin).await;
    let left = graph.ok("subscriptions").await;
    assert_eq!(left["value"].as_array().unwrap().len(), 1);
    let id = left["value"][0]["id"].as_str().unwrap();
    let call = http().delete(graph.url(&format!("subscriptions/{id}"))).bearer_auth(&graph.token);
    assert_eq!(call.send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_subscription_made_for_immutable_ids_tells_them() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let user = sandbox.look(|u| u.office.mailboxes[0].user);
    let subscription = json!({"changeType": "created", "notificationUrl": receiver(true).await,
        "resource": format!("/users/{user}/messages"),
        "expirationDateTime": (twin.now() + chrono::TimeDelta::hours(1)).to_rfc3339()});
    let call = http().post(graph.url("subscriptions")).bearer_auth(&graph.token).json(&subscription);
    assert_eq!(call.header("prefer", "IdType=\"ImmutableId\"").send().await.unwrap().status(), 201);
    let message = sandbox.change(|universe| {
        let inbox = universe.office.mailboxes[0].folders[0].id;
        universe.receive_message(0, inbox, "One")
    });
    let body: Value = serde_json::from_str(&twin.take_notifications()[0].body).unwrap();
    assert_eq!(body["value"][0]["resourceData"]["id"], immutable_id(message).as_str());
}
