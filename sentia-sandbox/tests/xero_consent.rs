//! The Xero twin's identity hosts: consent, PKCE, codes, scopes, organisations, revocation.
#![allow(clippy::unwrap_used)]

mod client;

use std::collections::BTreeMap;
use std::time::Duration;

use client::{http, sandbox, xero_get, xero_json, xero_token};
use sentia_sandbox::{
    Size, XeroConsent, XeroGrace, XeroLimits, XeroMissingScope, XeroScopes, XeroSwitches, XeroTwin,
};
use serde_json::Value;

// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SCOPES: &str = "openid offline_access accounting.invoices.read accounting.settings.read";

type Pairs = Vec<(&'static str, String)>;

fn wish(twin: &XeroTwin, client: &str) -> Pairs {
    vec![
        ("response_type", "code".into()),
        ("client_id", client.into()),
        ("redirect_uri", twin.redirect_uris()[0].clone()),
        ("scope", SCOPES.into()),
        ("state", "s&t=1".into()),
        ("code_challenge", CHALLENGE.into()),
        ("code_challenge_method", "S256".into()),
    ]
}

fn with(mut pairs: Pairs, name: &'static str, value: &str) -> Pairs {
    pairs.retain(|(known, _)| *known != name);
    if !value.is_empty() {
        pairs.push((name, value.into()));
    }
    pairs
}

async fn ask(twin: &XeroTwin, pairs: &Pairs) -> reqwest::Response {
    http().get(twin.authorize_url()).query(pairs).send().await.unwrap()
}

fn location(answer: &reqwest::Response) -> BTreeMap<String, String> {
    assert_eq!(answer.status(), 302);
    let target = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    target.query_pairs().into_owned().collect()
}

async fn code(twin: &XeroTwin, pairs: &Pairs) -> String {
    twin.set_switches(XeroSwitches { consent: XeroConsent::Allow, ..twin.switches() });
    location(&ask(twin, pairs).await)["code"].clone()
}

async fn token(twin: &XeroTwin, form: &[(&str, &str)], secret: bool) -> (u16, Value) {
    let mut call = http().post(twin.token_url()).form(form);
    if secret {
        call = call.basic_auth(twin.client_id(), Some(twin.client_secret()));
    }
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn redeem(twin: &XeroTwin, code: &str, verifier: &str) -> (u16, Value) {
    let uri = twin.redirect_uris()[0].clone();
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", twin.public_client_id()),
        ("code", code),
        ("redirect_uri", &uri),
    ];
    if !verifier.is_empty() {
        form.push(("code_verifier", verifier));
    }
    token(twin, &form, false).await
}

#[tokio::test]
async fn a_public_app_gets_tokens_by_pkce_and_refreshes_without_a_secret() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let page = ask(twin, &wish(twin, twin.public_client_id())).await;
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    let ticket = html.split("name=\"ticket\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = [("ticket", ticket), ("decision", "allow")];
    let back = location(&http().post(twin.authorize_url()).form(&form).send().await.unwrap());
    assert_eq!((back["state"].as_str(), back["scope"].as_str()), ("s&t=1", SCOPES));
    assert!(back.contains_key("session_state"));
    let (status, tokens) = redeem(twin, &back["code"], VERIFIER).await;
    assert_eq!((status, tokens["expires_in"].as_u64()), (200, Some(1800)));
    assert!(tokens["id_token"].is_string());
    assert_eq!(redeem(twin, &back["code"], VERIFIER).await.1["error"], "invalid_grant");

    clock.advance(Duration::from_secs(1800));
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    assert_eq!(token(twin, &form, false).await.1["error"], "invalid_client");
    assert_eq!(token(twin, &form, true).await.1["error"], "invalid_grant");
    let form = [form[0], form[1], ("client_id", twin.public_client_id())];
    let (status, fresh) = token(twin, &form, false).await;
    assert_eq!((status, fresh["scope"].as_str()), (200, Some(SCOPES)));
    let access = fresh["access_token"].as_str().unwrap();
    assert_eq!(xero_get(twin, access, "Organisation", None).await.status(), 200);
    // An organisation has to be named: only custom connections know their own.
    let call = http().get(format!("{}/Organisation", twin.api_url())).bearer_auth(access);
    assert_eq!(call.header("accept", "application/json").send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn mistakes_of_the_app_end_on_the_vendors_page() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let public = wish(twin, twin.public_client_id());
    for (name, value) in [
        ("client_id", "NOBODY"),
        ("redirect_uri", "http://localhost:8080/xero/callback/"),
        ("scope", "openid accounting.everything"),
        ("scope", ""),
        ("response_type", "token"),
        ("code_challenge", ""),
        ("code_challenge", "tooshort"),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", ""),
    ] {
        let answer = ask(twin, &with(public.clone(), name, value)).await;
        assert_eq!(answer.status(), 400, "{name}={value}");
        assert!(answer.headers().get("location").is_none());
        assert!(answer.text().await.unwrap().contains("Sorry, something went wrong"));
    }
    // An app with a secret may do without PKCE.
    let secret = with(wish(twin, twin.client_id()), "code_challenge", "");
    let secret = with(secret, "code_challenge_method", "");
    let code = code(twin, &secret).await;
    let uri = twin.redirect_uris()[0].clone();
    let form =
        [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", uri.as_str())];
    assert_eq!(token(twin, &form, true).await.0, 200);
    twin.register_redirect_uri("https://other.example/cb?a=b");
    let elsewhere = ask(twin, &with(public, "redirect_uri", "https://other.example/cb?a=b")).await;
    assert_eq!(location(&elsewhere)["a"], "b");
}

#[tokio::test]
async fn a_user_may_refuse() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.set_switches(XeroSwitches { consent: XeroConsent::Deny, ..XeroSwitches::default() });
    let back = location(&ask(twin, &wish(twin, twin.public_client_id())).await);
    assert_eq!((back["error"].as_str(), back["state"].as_str()), ("access_denied", "s&t=1"));
    assert!(!back.contains_key("code"));
}

#[tokio::test]
async fn codes_are_single_use_short_lived_and_bound() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let wish = wish(twin, twin.public_client_id());
    let wrong = VERIFIER.replace('d', "e");
    for verifier in ["", "short", wrong.as_str()] {
        let code = code(twin, &wish).await;
        assert_eq!(redeem(twin, &code, verifier).await.1["error"], "invalid_grant");
        // The failed try has spent it.
        assert_eq!(redeem(twin, &code, VERIFIER).await.1["error"], "invalid_grant");
    }
    let late = code(twin, &wish).await;
    clock.advance(Duration::from_secs(301));
    assert_eq!(redeem(twin, &late, VERIFIER).await.1["error"], "invalid_grant");
    let good = code(twin, &wish).await;
    clock.advance(Duration::from_secs(300));
    assert_eq!(redeem(twin, &good, VERIFIER).await.0, 200);
    let stolen = code(twin, &wish).await;
    let uri = twin.redirect_uris()[0].clone();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", stolen.as_str()),
        ("redirect_uri", uri.as_str()),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(token(twin, &form, true).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn scopes_open_their_lists_and_nothing_else() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let cases = [
        ("accounting.invoices.read", vec!["Invoices", "CreditNotes", "Quotes", "PurchaseOrders", "Items"]),
        ("accounting.payments.read", vec!["Payments", "Overpayments", "Prepayments"]),
        ("accounting.banktransactions", vec!["BankTransactions", "BankTransfers"]),
        ("accounting.manualjournals.read", vec!["ManualJournals"]),
        ("accounting.contacts.read", vec!["Contacts"]),
        (
            "accounting.settings.read",
            vec!["Organisation", "Accounts", "TaxRates", "TrackingCategories", "Currencies", "Items"],
        ),
        ("accounting.reports.trialbalance.read", vec!["Reports/TrialBalance"]),
        ("accounting.reports.read", vec!["Reports/TrialBalance", "Reports/BankSummary"]),
        (
            "accounting.transactions.read",
            vec![
                "Invoices",
                "CreditNotes",
                "Quotes",
                "PurchaseOrders",
                "Items",
                "Payments",
                "Overpayments",
                "Prepayments",
                "BankTransactions",
                "BankTransfers",
                "ManualJournals",
            ],
        ),
    ];
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let all: std::collections::BTreeSet<&str> = cases.iter().flat_map(|(_, lists)| lists.clone()).collect();
    for (scope, open) in cases {
        let token = twin.access_token(scope);
        for list in &all {
            let status = xero_get(twin, &token, list, None).await.status().as_u16();
            assert_eq!(status, if open.contains(list) { 200 } else { 403 }, "{scope} {list}");
        }
    }
}

#[tokio::test]
async fn a_missing_scope_has_two_forms() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = twin.access_token("accounting.contacts.read");
    for (form, status) in [(XeroMissingScope::Forbidden, 403), (XeroMissingScope::Unauthorized, 401)] {
        twin.set_switches(XeroSwitches { missing_scope: form, ..XeroSwitches::default() });
        let answer = xero_get(twin, &token, "Invoices", None).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.json::<Value>().await.unwrap()["Detail"], "AuthorizationUnsuccessful");
    }
}

#[tokio::test]
async fn an_app_may_ask_only_for_scopes_of_its_generation() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    for (scopes, asked, status) in [
        (XeroScopes::Mixed, "accounting.transactions accounting.invoices.read", 200),
        (XeroScopes::GranularOnly, "accounting.invoices.read", 200),
        (XeroScopes::GranularOnly, "accounting.transactions accounting.invoices.read", 400),
        (XeroScopes::ClassicOnly, "accounting.transactions accounting.reports.read", 200),
        (XeroScopes::ClassicOnly, "accounting.invoices.read", 400),
        (XeroScopes::Mixed, "accounting.journals.read", 400),
    ] {
        twin.set_switches(XeroSwitches { scopes, ..XeroSwitches::default() });
        let form = [("grant_type", "client_credentials"), ("scope", asked)];
        let (seen, body) = token(twin, &form, true).await;
        assert_eq!(seen, status, "{asked}");
        if status == 400 {
            assert_eq!(body, serde_json::json!({"error": "invalid_scope"}));
        }
    }
}

#[tokio::test]
async fn several_organisations_have_their_own_books_and_limits() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let other = twin.add_tenant("Other Ltd");
    twin.set_limits(XeroLimits { minute: 4, app_minute: 5, ..XeroLimits::default() });
    let token = twin.access_token("accounting.settings.read accounting.invoices.read");
    let list = http().get(twin.connections_url()).bearer_auth(&token).send().await.unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(
        (list[1]["tenantId"].as_str(), list[1]["tenantName"].as_str()),
        (Some(&*other), Some("Other Ltd"))
    );
    let read = async |tenant: &str, path: &str| {
        let call = http().get(format!("{}/{path}", twin.api_url())).bearer_auth(&token);
        call.header("xero-tenant-id", tenant).header("accept", "application/json").send().await.unwrap()
    };
    let organisation: Value = read(&other, "Organisation").await.json().await.unwrap();
    assert_eq!(organisation["Organisations"][0]["OrganisationID"], *other);
    let invoices = read(&other, "Invoices?page=1").await;
    // Minute windows are the organisation's own; the app's is shared.
    assert_eq!(invoices.headers()["x-minlimit-remaining"], "2");
    assert_eq!(invoices.json::<Value>().await.unwrap()["Invoices"], Value::Array(vec![]));
    for left in ["3", "2", "1"] {
        let home = read(twin.tenant_id(), "Organisation").await;
        assert_eq!(home.headers()["x-minlimit-remaining"], left);
    }
    let refused = read(twin.tenant_id(), "Organisation").await;
    assert_eq!(refused.headers()["x-rate-limit-problem"], "appminute");
    assert_eq!(
        (refused.headers()["x-appminlimit-remaining"].as_bytes(), refused.headers().get("retry-after")),
        (&b"0"[..], None)
    );
    twin.set_switches(XeroSwitches { hyphenated_app_minute: true, ..XeroSwitches::default() });
    assert_eq!(read(&other, "Organisation").await.headers()["x-rate-limit-problem"], "app-minute");

    let id = list[1]["id"].as_str().unwrap();
    let remove = async || {
        let call = http().delete(format!("{}/{id}", twin.connections_url())).bearer_auth(&token);
        call.send().await.unwrap().status().as_u16()
    };
    assert_eq!((remove().await, remove().await), (204, 404));
    assert_eq!(read(&other, "Organisation").await.status(), 403);
}

#[tokio::test]
async fn a_consent_is_an_event_and_a_revocation_ends_it() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let code = code(twin, &wish(twin, twin.public_client_id())).await;
    let (_, tokens) = redeem(twin, &code, VERIFIER).await;
    let (access, refresh) =
        (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let connections = async |query: &str| -> Value {
        let call = http().get(format!("{}{query}", twin.connections_url())).bearer_auth(access);
        call.send().await.unwrap().json().await.unwrap()
    };
    let event = connections("").await[0]["authEventId"].as_str().unwrap().to_owned();
    assert_eq!(connections(&format!("?authEventId={event}")).await.as_array().unwrap().len(), 1);
    let old = "?authEventId=d99ecdfe-391d-43d2-b834-17636ba90e8d";
    assert_eq!(connections(old).await, Value::Array(vec![]));
    let revoke = async |form: &[(&str, &str)]| {
        http().post(twin.revocation_url()).form(form).send().await.unwrap().status().as_u16()
    };
    assert_eq!(revoke(&[("token", refresh)]).await, 400);
    let client = ("client_id", twin.public_client_id());
    assert_eq!(revoke(&[("token", "unknown"), client]).await, 200);
    assert_eq!(xero_get(twin, access, "Organisation", None).await.status(), 200);
    assert_eq!(revoke(&[("token", refresh), client]).await, 200);
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), client];
    assert_eq!(token(twin, &form, false).await.1["error"], "invalid_grant");
    assert_eq!(connections("").await, Value::Array(vec![]));
    assert_eq!(xero_get(twin, access, "Organisation", None).await.status(), 403);
}

#[tokio::test]
async fn the_grace_may_give_the_same_pair_again() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let form = [("grant_type", "refresh_token"), ("refresh_token", twin.refresh_token())];
    let first = token(twin, &form, true).await.1;
    assert_ne!(token(twin, &form, true).await.1["refresh_token"], first["refresh_token"]);
    twin.set_switches(XeroSwitches { grace: XeroGrace::SamePair, ..XeroSwitches::default() });
    clock.advance(Duration::from_secs(60));
    assert_eq!(token(twin, &form, true).await.1["refresh_token"], first["refresh_token"]);
    let custom = xero_token(twin).await;
    assert!(xero_json(twin, &custom, "Organisation").await["Organisations"][0]["Name"].is_string());
    let page = http().get(format!("{}/.well-known/openid-configuration", twin.base_url()));
    let page: Value = page.send().await.unwrap().json().await.unwrap();
    assert_eq!(page["token_endpoint"], twin.token_url());
}

#[tokio::test]
async fn without_a_grace_a_second_use_ends_every_token_of_its_consent() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.set_switches(XeroSwitches { grace: XeroGrace::None, ..XeroSwitches::default() });
    let refresh = async |used: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", used)];
        token(twin, &form, true).await.1
    };
    let first = twin.refresh_token();
    assert_eq!(twin.newest_refresh_token().as_deref(), Some(first));
    let second = refresh(first).await["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(twin.newest_refresh_token().as_ref(), Some(&second));
    assert_eq!(refresh(first).await["error"], "invalid_grant");
    assert_eq!(twin.newest_refresh_token(), None);
    assert_eq!(refresh(&second).await["error"], "invalid_grant");
    // Another consent is another family.
    let other = twin.consent();
    assert!(refresh(&other).await["refresh_token"].is_string());
}
