//! The sheet's vectors, replayed, aged and spelled otherwise.

use http::{HeaderMap, HeaderValue};
use sentia_core::testing::ManualClock;

use super::*;

const KEY: &str = "sentia-unleashed-webhook-signature-key";
const TIMESTAMP: &str = "1772327739";
const BODY: &str = concat!(
    r#"{"subscriptionId":"51295e09-0000-4000-8000-000000000001","eventNotificationId":"7d4c1a52-0000-4000-8000-000000000002","#,
    r#""eventType":"salesorder.updated","createdOn":"2026-03-01T01:15:39Z","#,
    r#""data":"{\"salesOrderGuid\":\"e6e8163f-6911-40e9-b740-90e5a0a3a996\"}"}"#
);
const SIGNATURE: &str = "u4GQqf9BZClWHYCPhlVEBqhRlh8tQehXzAE8wRxiKXc=";
const OVER_THE_BODY_ALONE: &str = "DOLTScDvZLa++2bWTR/F1xUOq9dDYDA/nkr4MAsZUfY=";

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl sentia_core::transport::Transport for Nowhere {
    async fn call(&self, _: sentia_core::transport::Request) -> Result<sentia_core::transport::Response> {
        Err(Error::new(ErrorKind::Unexpected, "this test makes no calls"))
    }
}

fn context() -> Context {
    let http = sentia_core::transport::Http::new(std::sync::Arc::new(Nowhere));
    Context::new(http, std::sync::Arc::new(ManualClock::new(DateTime::UNIX_EPOCH)), "tenant", "warehouse")
}

/// Delivers `body` signed so, `late` seconds after its timestamp, to a receiver that knows the key.
async fn deliver(signature: Option<&str>, timestamp: Option<&str>, body: &str, late: i64) -> Result<Pushed> {
    let mut headers = HeaderMap::new();
    for (name, value) in [("X-Unleashed-Signature", signature), ("X-Unleashed-Timestamp", timestamp)] {
        if let Some(value) = value {
            headers.insert(
                http::HeaderName::try_from(name).expect("a name"),
                HeaderValue::from_str(value).expect("a value"),
            );
        }
    }
    let received = DateTime::from_timestamp(1_772_327_739 + late, 0).expect("in range");
    let delivery = Delivery { headers: &headers, query: "", body: body.as_bytes(), received };
    Receiver::new(Some(KEY.into())).receive(&context(), &delivery).await
}

#[tokio::test]
async fn the_vector_verifies_and_names_the_order() {
    assert_eq!(BODY.len(), 257, "as the sheet counts it");
    for late in [-300, 0, 300] {
        let pushed = deliver(Some(SIGNATURE), Some(TIMESTAMP), BODY, late).await.expect("genuine");
        let hint = Hint {
            id: "7d4c1a52-0000-4000-8000-000000000002".into(),
            stream: "sales_orders",
            partition: Text::default(),
            key: Some("e6e8163f-6911-40e9-b740-90e5a0a3a996".into()),
            change: Change::Upserted,
            at: "2026-03-01T01:15:39Z".parse().ok(),
        };
        assert_eq!(pushed, Pushed::Hints(vec![hint]));
    }
}

#[tokio::test]
async fn what_is_not_signed_so_is_refused() {
    let longer = format!("{BODY} ");
    for (signature, timestamp, body, late, message) in [
        (Some(OVER_THE_BODY_ALONE), Some(TIMESTAMP), BODY, 0, "not that of"),
        (Some(SIGNATURE), Some(TIMESTAMP), &*longer, 0, "not that of"),
        (Some(SIGNATURE), Some("1772327740"), BODY, 0, "not that of"),
        (Some("bb8190a9"), Some(TIMESTAMP), BODY, 0, "not that of"),
        (Some(""), Some(TIMESTAMP), BODY, 0, "not that of"),
        (None, Some(TIMESTAMP), BODY, 0, "no signature"),
        (Some(SIGNATURE), None, BODY, 0, "no timestamp"),
        (Some(SIGNATURE), Some("yesterday"), BODY, 0, "number of seconds"),
        (Some(SIGNATURE), Some(TIMESTAMP), BODY, 301, "five minutes"),
        (Some(SIGNATURE), Some(TIMESTAMP), BODY, -301, "five minutes"),
    ] {
        let error = deliver(signature, timestamp, body, late).await.expect_err(message);
        assert_eq!(error.kind(), ErrorKind::SignatureInvalid, "{error:?}");
        assert!(error.message().contains(message), "{error:?}");
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_genuine() {
    let headers = HeaderMap::from_iter([
        (http::HeaderName::from_static("x-unleashed-signature"), HeaderValue::from_static(SIGNATURE)),
        (http::HeaderName::from_static("x-unleashed-timestamp"), HeaderValue::from_static(TIMESTAMP)),
    ]);
    let received = DateTime::from_timestamp(1_772_327_739, 0).expect("in range");
    let delivery = Delivery { headers: &headers, query: "", body: BODY.as_bytes(), received };
    let error = Receiver::new(None).receive(&context(), &delivery).await.expect_err("no key");
    assert_eq!(error.kind(), ErrorKind::SignatureInvalid);
    assert!(error.message().contains("webhook_key"), "{error}");
}

fn hints(body: &str) -> Vec<(&'static str, Option<String>, Change)> {
    match pushed(body.as_bytes()).expect(body) {
        Pushed::Hints(hints) => hints
            .into_iter()
            .map(|hint| (hint.stream, hint.key.map(|key| key.to_string()), hint.change))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn either_letter_case_and_either_form_of_data_read_alike() {
    for body in [
        r#"{"EventNotificationId":"n","EventType":"SalesOrder.Updated","Data":{"SalesOrderGuid":"ABC"}}"#,
        r#"{"eventNotificationId":"n","eventType":"salesorder.updated","data":{"guid":"abc"}}"#,
        r#"{"eventNotificationId":"n","eventType":"Sales_Order.updated","data":"{\"Guid\":\"ABC\"}"}"#,
    ] {
        assert_eq!(hints(body), [("sales_orders", Some("abc".to_owned()), Change::Upserted)], "{body}");
    }
}

#[test]
fn every_object_leads_to_a_stream() {
    let streams: Vec<_> = super::super::catalog().streams.iter().map(|stream| stream.name).collect();
    for (object, stream) in OBJECTS {
        assert!(streams.contains(&stream), "{object} {stream}");
    }
    let deleted = r#"{"eventType":"customer.deleted","data":{"customerGuid":"A"}}"#;
    assert_eq!(hints(deleted), [("customers", Some("a".to_owned()), Change::Deleted)]);
    let stock = r#"{"eventType":"stockonhand.updated","data":{"productGuid":"P"}}"#;
    assert_eq!(
        hints(stock),
        [("stock_totals", Some("p".to_owned()), Change::Upserted), ("stock_on_hand", None, Change::Unknown)]
    );
}

#[test]
fn what_says_little_is_still_a_hint() {
    for data in ["null", "\"\"", "\"text\"", "[1]", "7", "{}"] {
        let body = format!(r#"{{"eventType":"product.renamed","data":{data}}}"#);
        assert_eq!(hints(&body), [("products", None, Change::Unknown)], "{data}");
    }
    assert_eq!(hints(r#"{"eventType":"product.created"}"#), [("products", None, Change::Upserted)]);
    assert_eq!(
        pushed(br#"{"eventType":"Pallet.created"}"#).ok(),
        Some(Pushed::Unknown("Pallet.created".to_owned()))
    );
    for body in ["", "[]", r#"{"data":{}}"#] {
        assert_eq!(pushed(body.as_bytes()).expect_err(body).kind(), ErrorKind::InvalidResponse);
    }
}

#[test]
fn an_event_without_an_id_is_known_by_its_bytes() {
    let id = |body: &str| match pushed(body.as_bytes()).expect(body) {
        Pushed::Hints(hints) => hints[0].id.clone(),
        other => panic!("{other:?}"),
    };
    let (one, other) = (r#"{"eventType":"product.created"}"#, r#"{"eventType":"product.updated"}"#);
    assert!(id(one) == id(one) && id(one) != id(other));
}

proptest::proptest! {
    #[test]
    fn no_body_panics(body: Vec<u8>, text in "\\PC{0,60}") {
        let _ = (pushed(&body), pushed(format!(r#"{{"eventType":"product.created","data":{text}}}"#).as_bytes()));
    }
}
