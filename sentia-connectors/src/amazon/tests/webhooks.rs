//! Bodies of queues and buses, in every wrapping and both casings.

use http::HeaderMap;
use sentia_core::{
    ErrorKind, Text,
    push::{Change, Delivery, Hint, Pushed},
};

use super::{super::Region, *};

fn order(marketplace: &str) -> Value {
    json!({
        "NotificationVersion": "1.0", "NotificationType": "ORDER_CHANGE", "PayloadVersion": "1.0",
        "EventTime": "2026-11-22T09:53:09.109Z",
        "Payload": {"OrderChangeNotification": {
            "NotificationLevel": "OrderLevel", "SellerId": "A3SELLER", "AmazonOrderId": "203-8868176-2219830",
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": {"TimeOfOrderChange": null, "ChangeReason": "x"},
            "Summary": {"MarketplaceId": marketplace, "OrderStatus": "Unshipped"}}},
        "NotificationMetadata": {"NotificationId": "n-1", "PublishTime": "2026-11-22T09:53:10Z"},
    })
}

fn ingest(body: &Value) -> Result<Vec<Hint>> {
    ready().build().expect("valid").ingest(body.to_string().as_bytes())
}

fn brief(hints: &[Hint]) -> Vec<(&str, &str, Option<&str>, Change)> {
    hints
        .iter()
        .map(|hint| (hint.stream, hint.partition.as_str(), hint.key.as_deref(), hint.change))
        .collect()
}

#[test]
fn a_notification_is_read_in_every_wrapping() {
    let bare = order(UK);
    let in_sns = json!({"Type": "Notification", "MessageId": "m", "Message": bare.to_string()});
    let in_bus = json!({"version": "0", "id": "e", "detail-type": "ORDER_CHANGE", "source": "aws.partner/x",
        "detail": bare.clone()});
    let in_lambda = json!({"Records": [{"messageId": "m", "body": in_sns.to_string()}]});
    for body in [bare, in_sns, in_bus, in_lambda] {
        let hints = ingest(&body).expect("readable");
        assert_eq!(brief(&hints), [("orders", "", Some("203-8868176-2219830"), Change::Upserted)], "{body}");
        assert_eq!(
            (hints[0].id.as_str(), hints[0].at.map(|at| at.timestamp())),
            ("n-1", Some(1_795_341_189))
        );
    }
}

#[test]
fn casing_does_not_matter_and_each_type_finds_its_stream() {
    let camel = |report: &str, state: &str| {
        json!({
            "notificationVersion": "2020-09-04", "notificationType": "REPORT_PROCESSING_FINISHED",
            "eventTime": "2026-11-22T03:35:13.214Z",
            "payload": {"reportProcessingFinishedNotification": {"sellerId": "A3SELLER", "accountId": "a",
                "reportId": "54517018502", "reportType": report, "processingStatus": state}},
            "notificationMetadata": {"notificationId": "n-2"},
        })
    };
    let named = |name: &str, payload: Value| {
        json!({"NotificationType": name, "EventTime": "2026-11-22T09:00:00Z", "Payload": payload,
            "NotificationMetadata": {"NotificationId": "n"}})
    };
    let listing =
        |status: Value| json!({"SellerId": "A3SELLER", "MarketplaceId": UK, "Sku": "S-1", "Status": status});
    let stock = json!({"SellerId": "A3SELLER", "FNSKU": "X0", "ASIN": "B0", "SKU": "S-1",
        "FulfillmentInventoryByMarketplace": [{"MarketplaceId": UK}, {"MarketplaceId": "A1PA6795UKMFR9"}]});
    let transaction = json!({"TransactionUpdateNotification": {
        "SellingPartnerMetadata": {"SellingPartnerId": "A3SELLER"}, "PostedDate": "2026-11-22T08:00:00Z"}});
    use Change::{Deleted, Unknown, Upserted};
    for (body, expected) in [
        (
            camel("GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", "DONE"),
            vec![("settlements", "", None, Unknown), ("settlement_lines", "", None, Unknown)],
        ),
        (camel("GET_LEDGER_SUMMARY_VIEW_DATA", "DONE"), vec![("inventory_ledger", "", None, Unknown)]),
        (camel("GET_LEDGER_SUMMARY_VIEW_DATA", "CANCELLED"), vec![]),
        (camel("GET_SOMETHING_ELSE", "DONE"), vec![]),
        (named("FBA_INVENTORY_AVAILABILITY_CHANGES", stock), vec![("fba_inventory", UK, None, Upserted)]),
        (
            named("LISTINGS_ITEM_STATUS_CHANGE", listing(json!(["BUYABLE"]))),
            vec![("listings", UK, Some("S-1"), Upserted)],
        ),
        (
            named("LISTINGS_ITEM_STATUS_CHANGE", listing(json!(["DELETED"]))),
            vec![("listings", UK, Some("S-1"), Deleted)],
        ),
        (
            named("LISTINGS_ITEM_ISSUES_CHANGE", json!({"SellerId": "A3SELLER", "Sku": "S-1"})),
            vec![("listings", UK, Some("S-1"), Upserted)],
        ),
        (named("TRANSACTION_UPDATE", transaction), vec![("financial_transactions", "", None, Upserted)]),
    ] {
        assert_eq!(brief(&ingest(&body).expect("readable")), expected, "{body}");
    }
}

#[test]
fn what_is_anothers_gives_no_hint() {
    let mut foreign = order(UK);
    foreign["Payload"]["OrderChangeNotification"]["SellerId"] = json!("A9OTHER");
    for body in [order("ATVPDKIKX0DER"), foreign] {
        assert_eq!(ingest(&body).expect("readable"), []);
    }
}

#[test]
fn an_unknown_type_is_reported_as_such() {
    let body = json!({"NotificationType": "ANY_OFFER_CHANGED", "Payload": {}, "NotificationMetadata": {}});
    let amazon = ready().build().expect("valid");
    let pushed = amazon.pushed(body.to_string().as_bytes()).expect("no error");
    assert_eq!(pushed, Pushed::Unknown("ANY_OFFER_CHANGED".to_owned()));
    assert_eq!(ingest(&body).expect("no error"), []);
}

#[test]
fn an_event_without_an_id_is_known_by_what_it_says() {
    let body = json!({"NotificationType": "FBA_INVENTORY_AVAILABILITY_CHANGES", "EventTime": "2026-11-22T09:00:00Z",
        "Payload": {"SKU": "S", "FulfillmentInventoryByMarketplace": [{"MarketplaceId": UK}]}});
    let id = |body: &Value| ingest(body).expect("readable")[0].id.clone();
    let mut other = body.clone();
    other["EventTime"] = json!("2026-11-22T09:00:01Z");
    assert_eq!(id(&body), id(&body));
    assert_ne!(id(&body), id(&other));
    assert_ne!(id(&body), Text::default());
}

#[test]
fn what_is_no_notification_is_an_error() {
    let mut lacking = order(UK);
    lacking["Payload"]["OrderChangeNotification"]["AmazonOrderId"] = Value::Null;
    let endless = (0..9).fold(json!({}), |inner, _| json!({"Message": inner.to_string()}));
    for body in [
        lacking,
        endless,
        json!({}),
        json!([]),
        json!({"detail": 7}),
        json!({"NotificationType": "ORDER_CHANGE"}),
    ] {
        let error = ingest(&body).expect_err("not one");
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
    }
    let amazon = ready().build().expect("valid");
    assert!(amazon.ingest(b"<html>").is_err() && amazon.ingest(b"").is_err());
}

#[tokio::test]
async fn over_http_it_must_bear_the_token() {
    assert!(ready().build().expect("valid").webhooks().is_none(), "without a token anybody could send");
    let amazon = ready().notification_token("shared").build().expect("valid");
    let webhooks = amazon.webhooks().expect("with one");
    let (double, body) = (Double::new(|_, _| ok(json!({}))), order(UK).to_string());
    let cx = double.context();
    for (header, value, accepted) in [
        ("authorization", "Bearer shared", true),
        ("x-api-key", "shared", true),
        ("authorization", "shared", false),
        ("x-api-key", "share", false),
        ("x-other", "shared", false),
    ] {
        let headers = HeaderMap::from_iter([(header.parse().expect("name"), value.parse().expect("value"))]);
        let delivery = Delivery { headers: &headers, query: "", body: body.as_bytes(), received: noon() };
        let outcome: Result<Pushed> = webhooks.receive(&cx, &delivery).await;
        match outcome {
            Ok(pushed) => assert!(accepted && pushed != Pushed::Hints(Vec::new())),
            Err(error) => {
                assert!(!accepted && error.kind() == ErrorKind::SignatureInvalid, "{error:?}");
                assert!(!format!("{error:?}").contains("shared"));
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn nothing_panics(body in "\\PC{0,60}") {
        let _ = ready().build().expect("valid").ingest(body.as_bytes());
    }
}

/// The streams that each published type of notification hints at, in a seller's account that reads its marketplace.
fn streams_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "ORDER_CHANGE" => &["orders"],
        "FBA_INVENTORY_AVAILABILITY_CHANGES" => &["fba_inventory"],
        "TRANSACTION_UPDATE" => &["financial_transactions"],
        "LISTINGS_ITEM_STATUS_CHANGE"
        | "LISTINGS_ITEM_ISSUES_CHANGE"
        | "LISTINGS_ITEM_MFN_QUANTITY_CHANGE" => &["listings"],
        "BRANDED_ITEM_CONTENT_CHANGE" | "ITEM_PRODUCT_TYPE_CHANGE" => &["catalog_items"],
        _ => &[],
    }
}

/// Types that concern no stream; a report's concerns one only for reports that are read.
const NO_STREAM: [&str; 13] = [
    "ANY_OFFER_CHANGED",
    "B2B_ANY_OFFER_CHANGED",
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED",
    "DETAIL_PAGE_TRAFFIC_EVENT",
    "FBA_OUTBOUND_SHIPMENT_STATUS",
    "FEED_PROCESSING_FINISHED",
    "FEE_PROMOTION",
    "FULFILLMENT_ORDER_STATUS",
    "ITEM_INVENTORY_EVENT_CHANGE",
    "ITEM_SALES_EVENT_CHANGE",
    "PRICING_HEALTH",
    "PRODUCT_TYPE_DEFINITIONS_CHANGE",
    "SHIPMENT_TRACKING_MILESTONE_CHANGED",
];

/// The examples of a schema; where it has none for the whole, one of the examples of its members.
fn examples(schema: &Value) -> Vec<Value> {
    if let Some(whole) = schema["examples"].as_array() {
        return whole.clone();
    }
    let members = schema["properties"].as_object().cloned().unwrap_or_default();
    let example = |schema: &Value| schema["examples"][0].clone();
    let mut built: serde_json::Map<String, Value> =
        members.iter().map(|(name, schema)| (name.clone(), example(schema))).collect();
    if let Some(kind) = members.get("NotificationType") {
        built.insert("NotificationType".to_owned(), kind["enum"][0].clone());
        return vec![built.into()];
    }
    // Of this one nothing but its description says what its type is.
    let words = schema["description"].as_str().unwrap_or_default().split(' ');
    let kind = words.filter(|word| word.contains('_')).map(str::to_owned).next();
    kind.map(|kind| json!({"NotificationType": kind, "Payload": {}})).into_iter().collect()
}

/// What an account must be to be concerned by an example: its seller, wherever that stands.
fn concerned(example: &Value) -> Amazon {
    let text = example.to_string();
    let after = |member: &str| {
        let (_, rest) = text.split_once(&format!("\"{member}\":\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let seller = ["SellerId", "sellerId", "SellingPartnerId"].into_iter().find_map(after);
    let amazon = Amazon::builder().region(Region::Na).marketplaces(["US"]).client_id("i").client_secret("s");
    let amazon = amazon.refresh_token("t").seller_id(seller.unwrap_or_else(|| "A3SELLER".to_owned()));
    amazon.build().expect("valid")
}

#[test]
#[allow(clippy::disallowed_methods, reason = "whether it may be skipped is told by the environment")]
fn every_published_schema_is_understood() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/specs/amazon/notification-schemas");
    let Ok(files) = std::fs::read_dir(folder) else {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{folder} is required");
        return eprintln!("skipped: {folder} is not here");
    };
    let (mut seen, mut kinds) = (0, std::collections::BTreeSet::new());
    for file in files {
        let path = file.expect("a file").path();
        let schema: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let examples = examples(&schema);
        assert!(!examples.is_empty(), "{}", path.display());
        seen += 1;
        for example in examples {
            let kind = example["NotificationType"].as_str().or(example["notificationType"].as_str());
            let kind = kind.expect("every notification says its type").to_owned();
            let pushed = concerned(&example).pushed(example.to_string().as_bytes());
            match pushed.unwrap_or_else(|error| panic!("{}: {error:?}", path.display())) {
                Pushed::Hints(hints) => {
                    let told: Vec<_> = hints.iter().map(|hint| hint.stream).collect();
                    assert_eq!(told, streams_of(&kind), "{kind}");
                    assert!(hints.iter().all(|hint| hint.at.is_some() && !hint.id.is_empty()), "{kind}");
                    assert!(kind == "REPORT_PROCESSING_FINISHED" || !told.is_empty(), "{kind}");
                }
                other => {
                    assert!(NO_STREAM.contains(&&*kind), "{kind}");
                    assert_eq!(other, Pushed::Unknown(kind.clone()));
                }
            }
            kinds.insert(kind);
        }
    }
    assert!(seen >= 23 && kinds.len() >= 22, "{seen}: {kinds:?}");
}
