use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use sentia_core::{
    Connector,
    testing::ManualClock,
    transport::{Http, Request, Response, Transport},
};
use serde_json::{Value, json};

use super::*;
use crate::{signature::sign, xero::Xero};

const KEY: &str = "c2VudGlhLXRlc3Qtd2ViaG9vay1rZXktMDAwMQ==";
const INTENT: &str =
    r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "SENTIATESTENTROPYAAAA"}"#;
const INTENT_SIGNATURE: &str = "fXjKNr3jimdrV33htCxSIvZHlA4UlpqEMeTHNGEa4UI=";
const UPDATE: &str = concat!(
    r#"{"events":[{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/243216c5-369e-4056-ac67-05388f86dc81","#,
    r#""resourceId":"243216c5-369e-4056-ac67-05388f86dc81","tenantId":"c2cc9b6e-9458-4c7d-93cc-f02b81b0594f","#,
    r#""tenantType":"ORGANISATION","eventCategory":"INVOICE","eventType":"UPDATE","#,
    r#""eventDateUtc":"2026-03-01T01:15:39.902"}],"#,
    r#""firstEventSequence": 1,"lastEventSequence": 1, "entropy": "SENTIATESTENTROPYBBBB"}"#
);
const TENANT: &str = "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f";

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn call(&self, _: Request) -> Result<Response> {
        panic!("a delivery is read without a call")
    }
}

fn cx() -> Context {
    let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
    Context::new(Http::new(Arc::new(Nowhere)), clock, "tenant", "books")
}

async fn receive(body: &str, signature: Option<&str>) -> Result<Pushed> {
    let books =
        Xero::builder().access_token("token").tenant_id(TENANT).webhook_key(KEY).build().expect("valid");
    let mut headers = HeaderMap::new();
    if let Some(signature) = signature {
        headers.insert("x-xero-signature", HeaderValue::from_str(signature).expect("ASCII"));
    }
    let delivery =
        Delivery { headers: &headers, query: "", body: body.as_bytes(), received: DateTime::UNIX_EPOCH };
    books.webhooks().expect("it has a key").receive(&cx(), &delivery).await
}

async fn signed(body: &str) -> Result<Pushed> {
    use secrecy::ExposeSecret;
    receive(body, Some(sign(&KEY.into(), body.as_bytes()).expose_secret())).await
}

fn event(category: &str, kind: &str, tenant: &str) -> Value {
    json!({"resourceUrl": "https://api.xero.com/api.xro/2.0/", "resourceId": "r-1", "tenantId": tenant,
        "tenantType": "ORGANISATION", "eventCategory": category, "eventType": kind,
        "eventDateUtc": "2026-03-01T01:15:39.902"})
}

#[test]
fn without_a_key_nothing_is_received() {
    assert!(Xero::builder().access_token("token").build().expect("valid").webhooks().is_none());
}

#[tokio::test]
async fn the_published_answers_verify_and_their_neighbors_do_not() {
    let intent = receive(INTENT, Some(INTENT_SIGNATURE)).await.expect("the intent to receive");
    assert_eq!(intent, Pushed::Handshake { content_type: "text/plain", body: Bytes::new() });
    let pushed =
        receive(UPDATE, Some("v028MI4txBF6eZJ6bG4LCbdD/gxRj5cZjtwBXU+g8wE=")).await.expect("genuine");
    let Pushed::Hints(hints) = pushed else { panic!("{pushed:?}") };
    let [hint] = &hints[..] else { panic!("{hints:?}") };
    assert_eq!(
        (hint.stream, hint.key.as_deref()),
        ("invoices", Some("243216c5-369e-4056-ac67-05388f86dc81"))
    );
    assert_eq!(
        (hint.change, hint.at.map(|at| at.timestamp_millis())),
        (Change::Upserted, Some(1_772_327_739_902))
    );

    let compact = INTENT.replace("\": ", "\":").replace(", \"", ",\"");
    let one_character = INTENT_SIGNATURE.replace('K', "L");
    for (body, signature) in [
        // The key decoded first; the body written anew; one character; another case; none; nothing.
        (INTENT, Some("TOSDiFp/yfVI2mO/tpsekGEAXk/62cuyAWCKLXh8mCc=")),
        (&*compact, Some(INTENT_SIGNATURE)),
        (INTENT, Some(&*one_character)),
        (INTENT, Some("FXJKNR3JIMDRV33HTCXSIVZHLA4ULPQEMETHNGEA4UI=")),
        (INTENT, Some("")),
        (INTENT, None),
        (UPDATE, Some(INTENT_SIGNATURE)),
    ] {
        let error = receive(body, signature).await.expect_err("forged");
        assert_eq!(error.kind(), ErrorKind::SignatureInvalid, "{signature:?}");
        assert!(!format!("{error:?}").contains(KEY));
    }
    // Signed rightly, and nothing that can be read.
    for (body, signature) in [
        ("", "Wmhg9lY7oM24v0BKRvyaXR++LnjnDvi41h2B198gK4Y="),
        ("{\"a\":\"£ é\"}", "P8DqFV4LCpO+K+gx0scJ/Heydw4q4a2kAZUGtVvm6ww="),
    ] {
        let error = receive(body, Some(signature)).await.expect_err("no events");
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
    }
}

#[tokio::test]
async fn one_delivery_mixes_tenants_categories_and_cases() {
    let other = "00000000-0000-0000-0000-000000000000";
    let events = json!([
        event("CONTACT", "CREATE", TENANT),
        event("Invoice", "Update", &TENANT.to_uppercase()),
        event("CREDITNOTE", "UPDATE", TENANT),
        event("INVOICE", "UPDATE", other),
        event("SUBSCRIPTION", "UPDATE", TENANT),
        event("INVOICE", "PURGE", TENANT),
    ]);
    let pushed = signed(&json!({ "events": events }).to_string()).await.expect("genuine");
    let Pushed::Hints(hints) = pushed else { panic!("{pushed:?}") };
    let told: Vec<_> = hints.iter().map(|hint| (hint.stream, hint.change)).collect();
    let wanted = [
        ("contacts", Change::Upserted),
        ("invoices", Change::Upserted),
        ("credit_notes", Change::Upserted),
        ("invoices", Change::Unknown),
    ];
    assert_eq!(told, wanted);
    let alone = |event: Value| json!({ "events": [event] }).to_string();
    let unknown = signed(&alone(event("SUBSCRIPTION", "UPDATE", TENANT))).await.expect("genuine");
    assert_eq!(unknown, Pushed::Unknown("SUBSCRIPTION".to_owned()));
    let foreign = signed(&alone(event("INVOICE", "UPDATE", other))).await.expect("genuine");
    assert_eq!(foreign, Pushed::Hints(Vec::new()));
}

#[tokio::test]
async fn an_event_is_the_same_in_every_delivery_and_no_other() {
    let ids = async |event: Value| {
        let pushed =
            signed(&json!({ "events": [event], "entropy": "x" }).to_string()).await.expect("genuine");
        let Pushed::Hints(hints) = pushed else { panic!("{pushed:?}") };
        hints[0].id.clone()
    };
    let first = ids(event("INVOICE", "UPDATE", TENANT)).await;
    assert_eq!(first, ids(event("invoice", "update", TENANT)).await);
    assert_ne!(first, ids(event("INVOICE", "CREATE", TENANT)).await);
    let mut later = event("INVOICE", "UPDATE", TENANT);
    later["eventDateUtc"] = json!("2026-03-01T01:15:39.903");
    assert_ne!(first, ids(later).await);
}

proptest! {
    #[test]
    fn nothing_panics(body in "\\PC{0,80}", signature in "[ -~]{0,60}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let unsigned = runtime.block_on(receive(&body, Some(&signature)));
        prop_assert_eq!(unsigned.map_err(|error| error.kind()), Err(ErrorKind::SignatureInvalid));
        let genuine = runtime.block_on(signed(&body));
        prop_assert!(genuine.is_err());
    }
}
