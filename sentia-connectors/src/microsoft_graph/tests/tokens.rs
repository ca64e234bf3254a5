//! Tokens: secrets, certificates, sign-ins, clouds, and what happens when one is refused.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;
use sentia_core::{key_store::KeyName, testing::MemoryKeyStore};

use super::*;
use crate::microsoft_graph::{Assertion, Cloud};

const EMPTY: &str =
    r#"{"value":[],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/users/delta?$deltatoken=1"}"#;

fn form(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(request.body.as_deref().unwrap_or_default())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn field(request: &Request, name: &str) -> String {
    form(request).into_iter().find(|(known, _)| known == name).map(|(_, value)| value).unwrap_or_default()
}

fn is_token(request: &Request) -> bool {
    request.url.path().ends_with("/oauth2/v2.0/token")
}

fn granted(nth: usize) -> Answer {
    ok(
        json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": format!("a{nth}")}),
    )
}

fn rotated(nth: usize) -> Answer {
    ok(
        json!({"access_token": format!("a{nth}"), "refresh_token": format!("r{nth}"), "expires_in": 3599, "scope": "User.Read Files.Read"}),
    )
}

fn app() -> MicrosoftGraphBuilder {
    MicrosoftGraph::builder().tenant("contoso.onmicrosoft.com").client_id("app")
}

fn by_secret() -> MicrosoftGraph {
    app().client_secret("SECRET").build().expect("valid")
}

fn granting() -> Double {
    Double::new(|request, nth| if is_token(request) { granted(nth) } else { (200, vec![], EMPTY.to_owned()) })
}

#[tokio::test]
async fn a_secret_asks_for_everything_that_was_granted() {
    let double = granting();
    of("users", "").fetch(&by_secret(), &double).await.map(drop).expect("a page");
    let seen = double.seen();
    assert_eq!(
        seen[0].url.as_str(),
        "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"
    );
    let fields = form(&seen[0]);
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_id", "app"),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_secret", "SECRET"),
    ];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(
        (header(&seen[1], "authorization"), header(&seen[1], "accept")),
        ("Bearer a0", "application/json")
    );
    assert!(uuid::Uuid::try_parse(header(&seen[1], "client-request-id")).is_ok());
}

fn decoded(part: &str) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn verified(assertion: &str, public: &[u8], algorithm: &'static dyn VerificationAlgorithm) -> (Value, Value) {
    let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    UnparsedPublicKey::new(algorithm, public).verify(signed.as_bytes(), &signature).expect("it verifies");
    let (header, claims) = signed.split_once('.').expect("two parts");
    (decoded(header), decoded(claims))
}

#[tokio::test]
async fn a_certificate_signs_an_assertion_for_each_request() {
    let (key, certificate, public) = pair();
    let double = granting();
    let graph = app().certificate(&*certificate, key.clone()).build().expect("valid");
    of("users", "").fetch(&graph, &double).await.map(drop).expect("a page");
    double.clock.advance(std::time::Duration::from_secs(3600));
    of("users", "").fetch(&graph, &double).await.map(drop).expect("a page");
    let tokens: Vec<_> = double.seen().into_iter().filter(is_token).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(
        field(&tokens[0], "client_assertion_type"),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let read = |request| verified(&field(request, "client_assertion"), &public, &RSA_PSS_2048_8192_SHA256);
    let ((header, claims), (_, later)) = (read(&tokens[0]), read(&tokens[1]));
    assert_eq!((&header["alg"], &header["typ"]), (&json!("PS256"), &json!("JWT")));
    assert_eq!(header["x5t#S256"].as_str().map(str::len), Some(43), "SHA-256, base64url, no padding");
    assert_eq!(
        claims["aud"],
        json!("https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token")
    );
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app"), &json!("app")));
    assert_eq!(claims["nbf"], json!(1_772_359_200));
    assert_eq!(claims["exp"], json!(1_772_359_200 + 480));
    assert_ne!(claims["jti"], later["jti"]);

    let older = app().certificate(&*certificate, key).assertion(Assertion::Rs256).build().expect("valid");
    let double = granting();
    of("users", "").fetch(&older, &double).await.map(drop).expect("a page");
    let assertion = field(&double.seen()[0], "client_assertion");
    let (header, _) = verified(&assertion, &public, &RSA_PKCS1_2048_8192_SHA256);
    assert_eq!((&header["alg"], header["x5t"].as_str().map(str::len)), (&json!("RS256"), Some(27)));
}

#[tokio::test]
async fn each_cloud_has_its_hosts_and_base_url_replaces_them_all() {
    for (cloud, login, graph) in [
        (Cloud::UsGovernmentDod, "login.microsoftonline.us", "dod-graph.microsoft.us"),
        (Cloud::China, "login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
    ] {
        let double = granting();
        let connection = app().client_secret("s").cloud(cloud).build().expect("valid");
        // The double's links are the global cloud's, and refused here: what was asked is looked at.
        let _ = of("users", "").fetch(&connection, &double).await;
        let hosts: Vec<_> =
            double.seen().iter().map(|request| request.url.host_str().map(str::to_owned)).collect();
        assert_eq!(hosts, [Some(login.to_owned()), Some(graph.to_owned())]);
        assert_eq!(field(&double.seen()[0], "scope"), format!("https://{graph}/.default"));
    }
    let double = granting();
    let local = app().client_secret("s").base_url("http://127.0.0.1:9/twin/").build().expect("valid");
    let _ = of("users", "").fetch(&local, &double).await;
    let urls: Vec<_> = double.seen().iter().map(|request| request.url.as_str().to_owned()).collect();
    assert_eq!(urls[0], "http://127.0.0.1:9/twin/contoso.onmicrosoft.com/oauth2/v2.0/token");
    assert!(urls[1].starts_with("http://127.0.0.1:9/twin/v1.0/users/delta?"), "{urls:?}");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_repeated_once() {
    let double = Double::new(|request, nth| match is_token(request) {
        true => granted(nth),
        false if header(request, "authorization") == "Bearer a0" => {
            refusal(401, "InvalidAuthenticationToken")
        }
        false => (200, vec![], EMPTY.to_owned()),
    });
    of("users", "").fetch(&by_secret(), &double).await.map(drop).expect("with the second token");
    assert_eq!(double.seen().len(), 4);

    let never = Double::new(|request, nth| match is_token(request) {
        true => granted(nth),
        false => refusal(401, "InvalidAuthenticationToken"),
    });
    let error = of("users", "").refused(&by_secret(), &never).await;
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Unauthenticated, false));
    assert_eq!(never.seen().len(), 4);
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_its_end() {
    let (double, graph) = (granting(), by_secret());
    let tokens = async || {
        of("users", "").fetch(&graph, &double).await.map(drop).expect("a page");
        double.seen().iter().filter(|request| is_token(request)).count()
    };
    assert_eq!(tokens().await, 1);
    double.clock.advance(std::time::Duration::from_secs(3599 - 301));
    assert_eq!(tokens().await, 1);
    double.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(tokens().await, 2);
}

#[tokio::test]
async fn a_token_answer_that_cannot_be_read_is_not_quoted() {
    let double = Double::new(|_, _| (200, vec![], r#"{"access_token":"canary","expires_in":35"#.to_owned()));
    let error = of("users", "").refused(&by_secret(), &double).await;
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::InvalidResponse, true));
    assert!(!format!("{error} {error:?}").contains("canary"));
}

fn signed_in() -> MicrosoftGraph {
    app().client_secret("s").refresh_token("r0").build().expect("valid")
}

fn kept(double: &Double, vault: &Vault) -> Context {
    double.context().with_vault(Some(vault.clone()))
}

async fn read(graph: &MicrosoftGraph, cx: &Context) -> Result<()> {
    graph.fetch(cx, Fetch::new(&info(graph, "users"))).await.map(drop)
}

async fn stored(cx: &Context) -> Option<(String, u64)> {
    let stored = cx.vault().expect("given").get(&cx.key_name("refresh_token")).await.expect("opens");
    stored.map(|(secret, version)| (secret.expose_secret().to_owned(), version))
}

/// Runs a future of the memory store, which never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the memory store never waits"),
    }
}

#[tokio::test]
async fn the_new_refresh_token_is_durable_before_its_access_token_is_used() {
    let vault = vault(MemoryKeyStore::default());
    let (inner, seen) = (vault.clone(), Arc::new(Mutex::new(None)));
    let noted = seen.clone();
    let double = Double::new(move |request, nth| {
        if is_token(request) {
            return rotated(nth + 1);
        }
        let name =
            KeyName { tenant: "tenant".into(), connection: "office".into(), name: "refresh_token".into() };
        let stored = now(inner.get(&name)).expect("opens").expect("stored");
        *noted.lock().expect("one test") = Some(stored.0.expose_secret().to_owned());
        (200, vec![], EMPTY.to_owned())
    });
    let cx = kept(&double, &vault);
    read(&signed_in(), &cx).await.expect("a page");
    assert_eq!(seen.lock().expect("one test").as_deref(), Some("r1"));
    assert_eq!(stored(&cx).await, Some(("r1".into(), 2)));
    let asked = &double.seen()[0];
    assert_eq!(
        (field(asked, "refresh_token"), field(asked, "grant_type")),
        ("r0".into(), "refresh_token".into())
    );
    assert_eq!(field(asked, "scope"), "https://graph.microsoft.com/.default offline_access");

    read(&signed_in(), &cx).await.expect("another process goes on from the vault");
    assert_eq!(field(&double.seen()[2], "refresh_token"), "r1");
}

#[tokio::test]
async fn a_sign_in_that_ended_goes_on_with_the_configured_token() {
    let double = Double::new(|request, nth| match is_token(request) {
        true if field(request, "refresh_token") == "dead" => {
            (400, vec![], r#"{"error":"invalid_grant","error_codes":[700082]}"#.to_owned())
        }
        true => rotated(nth),
        false => (200, vec![], EMPTY.to_owned()),
    });
    let cx = kept(&double, &vault(MemoryKeyStore::default()));
    let name = cx.key_name("refresh_token");
    cx.vault().expect("given").put(&name, &"dead".into(), None).await.expect("stored");
    read(&signed_in(), &cx).await.expect("the configured token works");
    assert_eq!(stored(&cx).await, Some(("r1".into(), 2)));
}

#[tokio::test]
async fn a_failed_refresh_never_touches_the_stored_token() {
    for (status, body, kind) in [
        (400, r#"{"error":"invalid_grant"}"#, ErrorKind::Unauthenticated),
        (503, "down", ErrorKind::Unavailable),
    ] {
        let double = Double::new(move |_, _| (status, vec![], body.to_owned()));
        let cx = kept(&double, &vault(MemoryKeyStore::default()));
        assert_eq!(read(&signed_in(), &cx).await.expect_err("refused").kind(), kind);
        assert_eq!(stored(&cx).await, Some(("r0".into(), 1)));
    }
}

#[tokio::test]
async fn a_sign_in_without_a_vault_is_a_mistake_of_the_configuration() {
    let double = Double::new(|_, nth| rotated(nth));
    let error = of("users", "").refused(&signed_in(), &double).await;
    assert_eq!((error.kind(), double.seen().len()), (ErrorKind::ConfigInvalid, 0));
}

#[tokio::test]
async fn a_missing_permission_is_named_for_who_asks() {
    let refused = |request: &Request, nth| match is_token(request) {
        true => rotated(nth),
        false => refusal(403, "Authorization_RequestDenied"),
    };
    let error = of("users", "").refused(&by_secret(), &Double::new(refused)).await;
    assert_eq!(error.context_value("needs"), Some("User.Read.All (application)"));
    assert_eq!(error.context_value("request_id"), Some("r-1"));
    let double = Double::new(refused);
    let delegated = app().client_secret("s").refresh_token("r0").drives(["d"]).build().expect("valid");
    let cx = kept(&double, &vault(MemoryKeyStore::default()));
    let error = delegated.fetch(&cx, Fetch::new(&info(&delegated, "drives"))).await.expect_err("refused");
    assert_eq!(error.context_value("needs"), Some("Files.Read (delegated)"));
}
