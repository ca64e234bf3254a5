// Whether a test may be skipped is told by the environment.
#![allow(clippy::disallowed_methods)]

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::DateTime;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use sentia_core::{
    Connector,
    push::{Change, NoticeKind},
    testing::ManualClock,
    transport::{Http, Request, Response, Transport},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    shopify::{Shopify, ShopifyBuilder, catalog},
    signature::sign,
};

const SECRET: &str = "shpss_0123456789abcdef0123456789abcdef";

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn call(&self, _: Request) -> Result<Response> {
        panic!("a delivery is read without a call")
    }
}

fn ready() -> ShopifyBuilder {
    Shopify::builder().shop("sentia-uk.myshopify.com").client_id("id").client_secret(SECRET)
}

async fn receive(shop: ShopifyBuilder, headers: &[(&str, &str)], body: &[u8]) -> Result<Pushed> {
    let header = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
    };
    let headers: HeaderMap = headers.iter().map(header).collect();
    let delivery = Delivery { headers: &headers, query: "", body, received: DateTime::UNIX_EPOCH };
    let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
    let cx = Context::new(Http::new(Arc::new(Nowhere)), clock, "tenant", "shop");
    let shop = shop.build().expect("valid");
    shop.webhooks().expect("it has a secret").receive(&cx, &delivery).await
}

/// A delivery of this topic, rightly signed.
async fn told(topic: &str, body: &Value) -> Result<Pushed> {
    let body = body.to_string();
    let signature = sign(&SECRET.into(), body.as_bytes());
    let headers = [
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Hmac-Sha256", signature.expose_secret()),
        ("X-Shopify-Shop-Domain", "sentia-uk.myshopify.com"),
        ("X-Shopify-Event-Id", "e-1"),
        ("X-Shopify-Webhook-Id", "w-1"),
        ("X-Shopify-Triggered-At", "2026-07-01T19:00:00.123456789Z"),
    ];
    receive(ready(), &headers, body.as_bytes()).await
}

async fn hints(topic: &str, body: &Value) -> Vec<Hint> {
    match told(topic, body).await {
        Ok(Pushed::Hints(hints)) => hints,
        other => panic!("{topic}: {other:?}"),
    }
}

fn published(path: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/shopify").join(path);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{} is required", path.display());
        eprintln!("skipped: {} is not here", path.display());
    }
    text.map(|text| serde_json::from_str(&text).expect("JSON"))
}

#[tokio::test]
async fn the_vectors_verify_as_they_should() {
    let Some(vectors) = published("vectors/webhook-hmac.json") else { return };
    let verdict = async |vector: &Value, signature: Option<&str>, body: &[u8]| {
        let shop = ready().client_secret(vector["secret"].as_str().expect("a secret"));
        let signature = signature.map(|signature| ("X-Shopify-Hmac-Sha256", signature));
        let outcome = receive(shop, signature.as_slice(), body).await;
        outcome
            .map_or_else(|error| error.kind(), |pushed| panic!("without a topic it is nothing: {pushed:?}"))
    };
    let of = |name: &str| vectors[name].as_array().expect("a list").clone();
    for vector in of("valid") {
        let body = BASE64_STANDARD.decode(vector["body_base64"].as_str().expect("a body")).expect("base64");
        let signature = vector["x_shopify_hmac_sha256"].as_str();
        assert_eq!(verdict(&vector, signature, &body).await, ErrorKind::InvalidResponse, "{vector}");
        let altered = [&body[..], b" "].concat();
        assert_eq!(verdict(&vector, signature, &altered).await, ErrorKind::SignatureInvalid, "{vector}");
    }
    for vector in of("invalid") {
        let body = vector["body_utf8"].as_str().expect("a body").as_bytes();
        assert_eq!(
            verdict(&vector, vector["header"].as_str(), body).await,
            ErrorKind::SignatureInvalid,
            "{vector}"
        );
    }
}

#[tokio::test]
async fn within_a_rotation_both_secrets_sign_and_no_third_one() {
    let body = br#"{"id":1}"#;
    let outcome = async |shop: ShopifyBuilder, secret: &str| {
        let signature = sign(&secret.into(), body);
        let headers =
            [("shopify-hmac-sha256", signature.expose_secret()), ("Shopify-Topic", "orders/delete")];
        receive(shop, &headers, body).await.map_err(|error| error.kind())
    };
    let rotated = || ready().client_secret("new").previous_webhook_secret("old");
    for secret in ["new", "old"] {
        assert!(matches!(outcome(rotated(), secret).await, Ok(Pushed::Hints(_))), "{secret}");
    }
    assert_eq!(outcome(rotated(), "older").await, Err(ErrorKind::SignatureInvalid));
    assert_eq!(outcome(ready().client_secret("new"), "old").await, Err(ErrorKind::SignatureInvalid));
    // A custom app's token is no secret to sign with.
    let custom = || Shopify::builder().shop("sentia-uk.myshopify.com").access_token("shpat_token");
    assert!(custom().build().expect("valid").webhooks().is_none());
    assert!(outcome(custom().webhook_secret("new"), "new").await.is_ok());
    assert_eq!(
        outcome(custom().webhook_secret("new"), "shpat_token").await,
        Err(ErrorKind::SignatureInvalid)
    );
}

/// What the published example of a topic must become: stream, partition and key with all digits; or a notice.
fn meaning(topic: &str) -> (&'static str, &'static str, Option<&'static str>, Change) {
    use Change::{Unknown, Upserted};
    const ORDER: &str = "gid://shopify/Order/820982911946154508";
    const LOCATION: &str = "gid://shopify/Location/24826418";
    match topic {
        "orders/delete" => ("orders", "", Some("gid://shopify/Order/820982911946154500"), Unknown),
        // Their examples hold a number alone, which a double rounded before it was published.
        "orders/edited"
        | "refunds/create"
        | "fulfillments/create"
        | "fulfillments/update"
        | "order_transactions/create"
        | "tender_transactions/create"
        | "disputes/create" => ("orders", "", Some("gid://shopify/Order/820982911946154500"), Upserted),
        "returns/request" | "returns/approve" | "returns/close" => {
            ("orders", "", Some("gid://shopify/Order/4783296544821"), Upserted)
        }
        "products/create" | "products/update" => {
            ("products", "", Some("gid://shopify/Product/788032119674292922"), Upserted)
        }
        "products/delete" => ("products", "", Some("gid://shopify/Product/788032119674292900"), Unknown),
        "variants/in_stock" | "variants/out_of_stock" => {
            ("products", "", Some("gid://shopify/Product/788032119674292900"), Upserted)
        }
        "customers/create" | "customers/update" => {
            ("customers", "", Some("gid://shopify/Customer/706405506930370084"), Upserted)
        }
        "customers/delete" => ("customers", "", Some("gid://shopify/Customer/706405506930370084"), Unknown),
        "locations/delete" => ("locations", "", Some("gid://shopify/Location/866550311766439000"), Unknown),
        "inventory_levels/connect" | "inventory_levels/update" => (
            "inventory_levels",
            LOCATION,
            Some("gid://shopify/InventoryLevel/24826418?inventory_item_id=271878346596884015"),
            Upserted,
        ),
        "inventory_levels/disconnect" => ("inventory_levels", LOCATION, None, Unknown),
        "inventory_transfers/complete" => {
            ("inventory_levels", "gid://shopify/Location/346779", None, Unknown)
        }
        "shop/update" => ("shop", "", Some("gid://shopify/Shop/548380009"), Upserted),
        _ if topic.starts_with("orders/") => ("orders", "", Some(ORDER), Upserted),
        _ if topic.starts_with("locations/") => {
            ("locations", "", Some("gid://shopify/Location/866550311766439020"), Upserted)
        }
        _ => ("", "", None, Unknown),
    }
}

#[tokio::test]
async fn every_published_example_is_understood() {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/shopify/webhooks/2026-07");
    let Ok(files) = std::fs::read_dir(folder) else { return drop(published("webhooks/2026-07")) };
    let streams: BTreeSet<_> = catalog().streams.iter().map(|stream| stream.name).collect();
    let mut seen = 0;
    for file in files {
        let name = file.expect("a file").file_name().into_string().expect("a name");
        let Some(example) = published(&format!("webhooks/2026-07/{name}")) else { return };
        let (topic, mut body) = (example["name"].as_str().expect("a topic"), example["response"].clone());
        if body["shop_domain"].is_string() {
            body["shop_domain"] = json!("sentia-uk.myshopify.com");
        }
        let pushed = told(topic, &body).await.unwrap_or_else(|error| panic!("{topic}: {error:?}"));
        seen += 1;
        let (stream, partition, key, change) = meaning(topic);
        match pushed {
            Pushed::Hints(hints) if stream.is_empty() => {
                assert!(hints.iter().all(|hint| streams.contains(hint.stream)), "{topic}: {hints:?}");
            }
            Pushed::Hints(hints) => {
                let found = hints.iter().find(|hint| hint.stream == stream);
                let hint = found.unwrap_or_else(|| panic!("{topic}: {hints:?}"));
                let said = (&*hint.partition, hint.key.as_deref(), hint.change);
                assert_eq!(said, (partition, key, change), "{topic}");
                assert!(hint.at.is_some(), "{topic}");
            }
            Pushed::Notice(notice) => assert!(stream.is_empty() && notice.id.contains("e-1"), "{topic}"),
            other => panic!("{topic}: {other:?}"),
        }
    }
    assert!(seen >= 46, "{seen}");
}

#[tokio::test]
async fn a_number_of_eighteen_digits_keeps_them_all() {
    let body: Value = serde_json::from_str(r#"{"id":820982911946154509}"#).expect("JSON");
    let found = hints("orders/delete", &body).await;
    assert_eq!(found[0].key.as_deref(), Some("gid://shopify/Order/820982911946154509"));
}

/// The signature is that of the body; whoever has one delivery can send it under another topic, shop or id.
#[tokio::test]
async fn an_altered_header_deletes_nothing() {
    let order = json!({"id": 7, "admin_graphql_api_id": "gid://shopify/Order/7", "updated_at": "2026-07-01T19:00:00Z"});
    let product = json!({"id": 7, "admin_graphql_api_id": "gid://shopify/Product/7"});
    let redact = json!({"shop_id": 9, "shop_domain": "sentia-uk.myshopify.com", "customer": {"id": 1},
        "orders_to_redact": []});
    let scopes = json!({"id": 1, "shop_id": "gid://shopify/Shop/9", "previous": [], "current": []});
    for (topic, body) in [
        ("orders/delete", &order),
        ("products/update", &order),
        ("products/delete", &order),
        ("orders/delete", &product),
        ("orders/create", &product),
        ("inventory_levels/update", &order),
        ("refunds/create", &product),
        ("orders/edited", &order),
        ("returns/close", &order),
        ("bulk_operations/finish", &order),
        ("app/uninstalled", &order),
        ("app/scopes_update", &order),
        ("shop/redact", &order),
        ("shop/redact", &redact),
        ("shop/redact", &scopes),
        ("customers/redact", &order),
        ("customers/data_request", &redact),
        ("inventory_transfers/complete", &order),
    ] {
        let error = told(topic, body).await.expect_err("it does not fit");
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{topic}: {error:?}");
        assert_eq!(error.context_value("topic"), Some(topic));
    }
    // What fits by chance is read and not believed.
    let bare = json!({ "id": 7 });
    for topic in TOPICS_THAT_DELETE {
        assert!(hints(topic, &bare).await.iter().all(|hint| hint.change == Change::Unknown), "{topic}");
    }
}

const TOPICS_THAT_DELETE: [&str; 6] = [
    "orders/delete",
    "products/delete",
    "customers/delete",
    "locations/delete",
    "inventory_items/delete",
    "draft_orders/delete",
];

#[test]
fn no_topic_is_believed_to_delete() {
    let deleting: BTreeSet<_> =
        topic::TOPICS.iter().map(|topic| topic.name).filter(|name| name.ends_with("/delete")).collect();
    assert_eq!(deleting, TOPICS_THAT_DELETE.into_iter().collect());
    let names: BTreeSet<_> = topic::TOPICS.iter().map(|topic| topic.name).collect();
    assert_eq!(names.len(), topic::TOPICS.len(), "a topic twice");
}

/// The enum of topics in the published schema has all but those of privacy law.
#[test]
fn every_topic_can_be_subscribed_to() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/specs/shopify/admin/admin-2026-07.graphql");
    let Ok(schema) = std::fs::read_to_string(path) else {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{path} is required");
        return eprintln!("skipped: {path} is not here");
    };
    let (_, values) = schema.split_once("enum WebhookSubscriptionTopic {").expect("the enum");
    let values: BTreeSet<_> = values.split_once("\n}").expect("its end").0.lines().map(str::trim).collect();
    let known = |name: &&str| values.contains(&*name.to_uppercase().replace('/', "_"));
    let names = topic::TOPICS.iter().map(|topic| topic.name);
    let missing: BTreeSet<_> = names.filter(|name| !known(name)).collect();
    assert_eq!(missing, BTreeSet::from(["customers/data_request", "customers/redact", "shop/redact"]));
    let usual = crate::shopify::subscription::USUAL;
    assert!(usual.iter().all(|name| known(name) && topic::Topic::named(name).is_some()));
}

#[tokio::test]
async fn a_delivery_for_another_shop_is_refused() {
    let body = json!({"id": 7}).to_string();
    let signature = sign(&SECRET.into(), body.as_bytes());
    let headers = [
        ("X-Shopify-Hmac-Sha256", signature.expose_secret()),
        ("X-Shopify-Topic", "orders/delete"),
        ("X-Shopify-Shop-Domain", "sentia-usa.myshopify.com"),
    ];
    let error = receive(ready(), &headers, body.as_bytes()).await.expect_err("another's");
    assert_eq!(
        (error.kind(), error.context_value("shop")),
        (ErrorKind::SignatureInvalid, Some("sentia-usa.myshopify.com"))
    );
    let redact = json!({"shop_id": 9, "shop_domain": "sentia-usa.myshopify.com"});
    assert_eq!(
        told("shop/redact", &redact).await.expect_err("by its body").kind(),
        ErrorKind::SignatureInvalid
    );
}

#[tokio::test]
async fn an_event_is_known_by_its_id_then_by_the_deliverys_then_by_its_bytes() {
    let id = async |headers: &[(&str, &str)], topic: &str| {
        let body = br#"{"id":7}"#;
        let signature = sign(&SECRET.into(), body);
        let always = [("X-Shopify-Hmac-Sha256", signature.expose_secret()), ("X-Shopify-Topic", topic)];
        let pushed = receive(ready(), &[&always, headers].concat(), body).await;
        let Ok(Pushed::Hints(hints)) = pushed else { panic!("{pushed:?}") };
        hints[0].id.to_string()
    };
    let event = ("X-Shopify-Event-Id", "e");
    let first = id(&[event, ("X-Shopify-Webhook-Id", "w1")], "orders/create").await;
    assert_eq!(first, id(&[event, ("X-Shopify-Webhook-Id", "w2")], "orders/create").await, "a retry");
    assert_eq!(first, id(&[("Shopify-Event-Id", "e")], "orders/create").await, "either family");
    assert_ne!(first, id(&[event], "orders/paid").await, "one event, two topics");
    assert_ne!(first, id(&[event, ("X-Shopify-Name", "other")], "orders/create").await, "two subscriptions");
    let fallback = id(&[("X-Shopify-Webhook-Id", "w1")], "orders/create").await;
    assert_eq!(fallback, "orders/create/w1");
    let bare = id(&[], "orders/create").await;
    assert_eq!(
        bare,
        id(&[("X-Shopify-Event-Id", &"x".repeat(500))], "orders/create").await,
        "no id is so long"
    );
    assert!(bare.len() > 60 && bare != first);
}

#[tokio::test]
async fn the_host_is_told_what_only_it_can_do() {
    let notice = async |topic: &str, body: Value| match told(topic, &body).await {
        Ok(Pushed::Notice(notice)) => (notice.kind, notice.subject.map(|subject| subject.to_string())),
        other => panic!("{topic}: {other:?}"),
    };
    let customer =
        json!({"shop_id": 9, "shop_domain": "sentia-uk.myshopify.com", "customer": {"id": 191167}});
    let with = |member: &str, value: Value| {
        let mut body = customer.clone();
        body[member] = value;
        body
    };
    let named = |gid: &str| Some(format!("gid://shopify/{gid}"));
    let redact = notice("customers/redact", with("orders_to_redact", json!([1]))).await;
    assert_eq!(redact, (NoticeKind::PersonalDataErasure, named("Customer/191167")));
    let request = notice("customers/data_request", with("data_request", json!({"id": 1}))).await;
    assert_eq!(request, (NoticeKind::PersonalDataRequested, named("Customer/191167")));
    let shop = json!({"shop_id": 9, "shop_domain": "sentia-uk.myshopify.com"});
    assert_eq!(notice("shop/redact", shop).await, (NoticeKind::AccountErasure, named("Shop/9")));
    let gone = json!({"id": 9, "myshopify_domain": null});
    assert_eq!(notice("app/uninstalled", gone).await, (NoticeKind::Disconnected, named("Shop/9")));
    let job = json!({"admin_graphql_api_id": "gid://shopify/BulkOperation/1", "status": "completed"});
    assert_eq!(
        notice("bulk_operations/finish", job).await,
        (NoticeKind::JobFinished, named("BulkOperation/1"))
    );
}

#[tokio::test]
async fn what_is_not_known_is_no_error_and_what_cannot_be_read_is_one() {
    assert_eq!(
        told("themes/publish", &json!({})).await.expect("genuine"),
        Pushed::Unknown("themes/publish".to_owned())
    );
    // A stream that the catalog does not have gives no hint.
    let streams: Vec<_> = catalog().streams.iter().map(|stream| stream.name).collect();
    for topic in topic::TOPICS {
        let body = json!({"id": 1, "order_id": 1, "product_id": 1, "location_id": 1});
        if let Ok(Pushed::Hints(hints)) = told(topic.name, &body).await {
            assert!(hints.iter().all(|hint| streams.contains(&hint.stream)), "{}: {hints:?}", topic.name);
        }
    }
    for body in [json!([]), json!("x"), json!(null)] {
        assert_eq!(
            told("orders/create", &body).await.expect_err("no object").kind(),
            ErrorKind::InvalidResponse
        );
    }
    let personal =
        json!({"email": "someone@example.com", "admin_graphql_api_id": "gid://shopify/Customer/7"});
    let error = told("orders/create", &personal).await.expect_err("misfit");
    assert!(!format!("{error:?}").contains("someone"), "{error:?}");
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_unsigned_passes(
        body in "\\PC{0,60}", topic in "[ -~]{0,40}", signature in "[ -~]{0,60}", id in "[ -~]{0,40}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let told = |signature: &str| {
            let headers = [("x-shopify-hmac-sha256", signature), ("x-shopify-topic", &topic), ("x-shopify-event-id", &id)];
            runtime.block_on(receive(ready(), &headers, body.as_bytes()))
        };
        prop_assert_eq!(told(&signature).map_err(|error| error.kind()), Err(ErrorKind::SignatureInvalid));
        let _ = told(sign(&SECRET.into(), body.as_bytes()).expose_secret());
    }
}
