//! Webhook subscriptions and the one answer that holds their key.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::ExposeSecret;
use sentia_core::{
    ErrorKind, Status,
    push::{Delivery, Pushed},
    security::{MasterKey, MasterKeyset, Vault},
    testing::MemoryKeyStore,
};

use super::{super::NewSubscription, *};

const ID: &str = "51295E09-0000-4000-8000-000000000001";

fn vault() -> Vault {
    let master = MasterKey::from_base64("1", &"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into());
    Vault::new(MemoryKeyStore::default(), MasterKeyset::new(master.expect("32 bytes"), Vec::new()))
}

fn new() -> NewSubscription {
    NewSubscription::new("https://ops.example/webhooks").events(["product.updated"])
}

#[tokio::test]
async fn the_key_goes_into_the_vault_and_verifies_deliveries() {
    for body in [
        format!(r#"{{"subscriptionId":"{ID}","signatureKey":"canary","description":"Sentia"}}"#),
        format!(r#"{{"SubscriptionId":"{ID}","SignatureKey":"canary"}}"#),
    ] {
        let double = Double::new(move |_, _| (201, body.clone()));
        let cx = double.context().with_vault(Some(vault()));
        let unleashed = ready();
        let made = unleashed.subscribe(&cx, &new()).await.expect("made");
        assert_eq!((&*made.id, made.event_types.len()), (ID, 1));
        assert!(!format!("{made:?}").contains("canary"));

        let sent = &double.seen()[0];
        assert_eq!((&sent.method, sent.url.path()), (&Method::POST, "/webhooks/subscriptions"));
        assert_eq!(
            sent.headers["api-auth-signature"].to_str().expect("ASCII"),
            "UAcU8Ff1n2xzCRmvdWYkmAY4Fj4TVLZYbLFz6xRIeaw=",
            "no query, whatever the body"
        );
        let asked: serde_json::Value =
            serde_json::from_slice(sent.body.as_deref().unwrap_or_default()).expect("JSON");
        assert_eq!(asked["notificationUrl"], "https://ops.example/webhooks");

        let name = cx.key_name("webhook_key/51295e09-0000-4000-8000-000000000001");
        let (key, _) = cx.vault().expect("given").get(&name).await.expect("opens").expect("kept");
        assert_eq!(key.expose_secret(), "canary");

        let body =
            format!(r#"{{"SubscriptionId":"{ID}","EventType":"Product.Updated","Data":{{"Guid":"P"}}}}"#);
        let signing = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"canary");
        let signature = aws_lc_rs::hmac::sign(&signing, format!("0.{body}").as_bytes());
        let headers = HeaderMap::from_iter([
            (
                http::HeaderName::from_static("x-unleashed-signature"),
                HeaderValue::try_from(BASE64_STANDARD.encode(signature)).expect("ASCII"),
            ),
            (http::HeaderName::from_static("x-unleashed-timestamp"), HeaderValue::from_static("0")),
        ]);
        let delivery =
            Delivery { headers: &headers, query: "", body: body.as_bytes(), received: DateTime::UNIX_EPOCH };
        let webhooks = unleashed.webhooks().expect("it pushes");
        assert!(matches!(webhooks.receive(&cx, &delivery).await, Ok(Pushed::Hints(_))));
    }
}

#[tokio::test]
async fn mistakes_are_found_before_the_call() {
    let double = Double::new(|_, _| panic!("no call is made"));
    let cx = double.context().with_vault(Some(vault()));
    let no_events = NewSubscription::new("https://ops.example/");
    let no_https = NewSubscription::new("http://ops.example/").events(["product.updated"]);
    for (cx, new, setting) in [
        (&cx, no_events, Some("event_types")),
        (&cx, no_https, Some("notification_url")),
        (&double.context(), new(), None),
    ] {
        let error = ready().subscribe(cx, &new).await.expect_err("refused");
        assert_eq!((error.kind(), error.context_value("setting")), (ErrorKind::ConfigInvalid, setting));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    for body in [
        r#"{"signatureKey":"canary""#,
        r#"["canary"]"#,
        r#"{"signatureKey":"canary"}"#,
        r#"{"subscriptionId":"not a guid","signatureKey":"canary"}"#,
        r#"{"subscriptionId":"51295e09-0000-4000-8000-000000000001"}"#,
    ] {
        let double = Double::new(move |_, _| (200, body.to_owned()));
        let cx = double.context().with_vault(Some(vault()));
        let error = ready().subscribe(&cx, &new()).await.expect_err(body);
        assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Status::Permanent), "{body}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        assert_eq!(double.seen().len(), 1, "and not asked again");
    }
}

#[tokio::test]
async fn a_subscription_is_not_made_twice() {
    let double = Double::new(|_, _| (503, String::new()));
    let cx = double.context().with_vault(Some(vault()));
    let error = ready().subscribe(&cx, &new()).await.expect_err("down");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(double.seen()[0].repeat, sentia_core::transport::Repeat::Once);
}

#[tokio::test]
async fn subscriptions_are_listed_in_every_form() {
    let one = format!(r#"{{"SubscriptionId":"{ID}","EventTypes":["product.updated"]}}"#);
    for body in
        [format!("[{one}]"), format!(r#"{{"Items":[{one}]}}"#), format!(r#"{{"subscriptions":[{one}]}}"#)]
    {
        let double = Double::new(move |_, _| (200, body.clone()));
        let listed = ready().subscriptions(&double.context()).await.expect("a list");
        assert_eq!((listed.len(), &*listed[0].id), (1, ID));
        assert_eq!(double.asked(), ["/webhooks/subscriptions"]);
    }
    let double = Double::new(|_, _| (200, "{}".to_owned()));
    assert!(ready().subscriptions(&double.context()).await.is_err());
}
