//! A user's consent, from the link to the refresh token in the vault.

use secrecy::ExposeSecret;
use sentia_core::{Connector, ErrorKind, Fetch, Result};

use super::{Answer, Double, json};
use crate::xero::{Consent, Xero, XeroConfig};

const REDIRECT: &str = "http://localhost:8090/callback";

fn app() -> XeroConfig {
    XeroConfig {
        client_id: Some("public-app".into()),
        base_url: "http://127.0.0.1:9".into(),
        ..XeroConfig::default()
    }
}

/// The members of a form or query.
fn member(pairs: &str, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(pairs.as_bytes());
    pairs.find(|(member, _)| member == name).map(|(_, value)| value.into_owned())
}

fn tokens() -> Answer {
    json(200, r#"{"access_token":"access","expires_in":1800,"token_type":"Bearer","refresh_token":"kept"}"#)
}

fn callback(consent: &Consent) -> String {
    let state = member(consent.link().query().expect("a query"), "state").expect("a state");
    format!("code=the-code&state={state}&session_state=x")
}

#[tokio::test]
async fn the_code_becomes_a_durable_refresh_token() {
    let double = Double::new(|request, _| match request.url.path() {
        "/connect/token" => tokens(),
        _ => json(200, r#"{"Currencies":[]}"#),
    });
    let cx = double.context_with_vault();
    let consent = Consent::begin(&app(), REDIRECT).expect("valid");
    let link = consent.link().clone();
    let asked = |name: &str| member(link.query().expect("a query"), name).expect(name);
    assert_eq!(link.path(), "/identity/connect/authorize");
    assert_eq!((asked("response_type").as_str(), asked("redirect_uri").as_str()), ("code", REDIRECT));
    assert!(asked("scope").starts_with("offline_access accounting."), "{link}");

    let query = callback(&consent);
    consent.redeem(&cx, &query).await.expect("redeemed");
    let form = double.seen()[0].body.clone().expect("a form");
    let form = std::str::from_utf8(&form).expect("text").to_owned();
    let verifier = member(&form, "code_verifier").expect("a verifier");
    let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(challenge), asked("code_challenge"), "S256 of the verifier");
    assert!((43..=128).contains(&verifier.len()));
    assert_eq!(member(&form, "client_id").as_deref(), Some("public-app"), "a public client names itself");

    let (kept, _) =
        cx.vault().expect("one").get(&cx.key_name("refresh_token")).await.expect("reads").expect("kept");
    assert_eq!(kept.expose_secret(), "kept");
    let books =
        Xero::builder().client_id("public-app").consented().tenant_id("t").base_url("http://127.0.0.1:9");
    let books = books.build().expect("valid");
    let info = books.info();
    let currencies = info.streams.iter().find(|stream| stream.name == "currencies").expect("a stream");
    let page = books.fetch(&cx, Fetch::new(currencies)).await.expect("reads by the kept token");
    assert!(page.records().is_empty());
}

async fn refused(query: impl Fn(&Consent) -> String, answer: Answer) -> (Result<()>, usize) {
    let double = Double::new(move |_, _| answer.clone());
    let consent = Consent::begin(&app(), REDIRECT).expect("valid");
    let query = query(&consent);
    let outcome = consent.redeem(&double.context_with_vault(), &query).await;
    (outcome, double.seen().len())
}

#[tokio::test]
async fn what_is_no_consent_stores_nothing() {
    let kind = |outcome: Result<()>| outcome.expect_err("refused").kind();
    let (forged, calls) = refused(|_| "code=c&state=another".into(), tokens()).await;
    assert_eq!((kind(forged), calls), (ErrorKind::SignatureInvalid, 0), "before any call");
    let denied = |consent: &Consent| callback(consent).replace("code=the-code", "error=access_denied");
    assert_eq!(kind(refused(denied, tokens()).await.0), ErrorKind::PermissionDenied);
    let used = json(400, r#"{"error":"invalid_grant"}"#);
    let (outcome, calls) = refused(callback, used).await;
    assert_eq!((kind(outcome), calls), (ErrorKind::Unauthenticated, 1), "a code is tried once");
    let narrow = json(200, r#"{"access_token":"a","expires_in":1800}"#);
    assert_eq!(kind(refused(callback, narrow).await.0), ErrorKind::PermissionDenied, "no refresh token");
}

#[tokio::test]
async fn a_connection_that_was_never_consented_says_so() {
    let double = Double::new(|_, _| tokens());
    let books = Xero::builder().client_id("public-app").consented().base_url("http://127.0.0.1:9");
    let books = books.build().expect("valid");
    let error = books.check(&double.context_with_vault()).await.expect_err("nothing is kept");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.message().contains("connect the account"), "{error}");
}

/// RFC 7636, appendix B.
#[test]
fn the_challenge_is_the_rfcs() {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(challenge), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}
