//! Webhooks: subscriptions, signed deliveries, and what they carry against the vendor's own examples.
// Whether a test may be skipped is told by the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

mod client;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::{graphql, sandbox};
use sentia_sandbox::universe::Region;
use sentia_sandbox::{BulkPace, ShopifyTwin, Size};
use serde_json::{Value, json};

const CREATE: &str = "mutation Create($topic: WebhookSubscriptionTopic!, $sub: WebhookSubscriptionInput!) { webhookSubscriptionCreate(topic: $topic, webhookSubscription: $sub) { webhookSubscription { id topic uri format includeFields filter name apiVersion { handle } createdAt updatedAt } userErrors { field message } } }";

async fn subscribe(twin: &ShopifyTwin, topic: &str, input: Value) -> Value {
    graphql(twin, CREATE, json!({"topic": topic, "sub": input})).await["data"]["webhookSubscriptionCreate"]
        .clone()
}

fn published(path: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/shopify").join(path);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{} is required", path.display());
        println!("skipped: {} is not here", path.display());
    }
    text.map(|text| serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn subscriptions_are_made_listed_changed_and_ended() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let uri = "https://app.example/hooks";
    let made = subscribe(
        twin,
        "ORDERS_CREATE",
        json!({"uri": uri, "format": "JSON", "includeFields": ["id"], "name": "mine"}),
    )
    .await;
    assert_eq!(made["userErrors"], json!([]));
    let subscription = &made["webhookSubscription"];
    assert_eq!(
        (&subscription["uri"], &subscription["apiVersion"]["handle"]),
        (&json!(uri), &json!("2026-07"))
    );
    let taken = subscribe(twin, "ORDERS_CREATE", json!({"callbackUrl": uri})).await;
    assert_eq!(
        taken["userErrors"],
        json!([{"field": ["webhookSubscription", "callbackUrl"], "message": "Address for this topic has already been taken"}])
    );
    let plain = subscribe(twin, "ORDERS_CREATE", json!({"uri": "http://app.example/hooks"})).await;
    assert_eq!(plain["userErrors"][0]["message"], "Address protocol http:// is not supported");
    let answer = graphql(twin, CREATE, json!({"topic": "ORDERS_CREATE", "sub": {"url": uri}})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_VARIABLE");
    assert_eq!(
        answer["errors"][0]["extensions"]["problems"][0]["explanation"],
        "Field is not defined on WebhookSubscriptionInput"
    );
    subscribe(twin, "PRODUCTS_UPDATE", json!({"uri": uri})).await;
    let list = "{ webhookSubscriptions(first: 10, topics: [ORDERS_CREATE]) { nodes { id topic } } webhookSubscriptionsCount { count } }";
    let listed = graphql(twin, list, json!({})).await;
    assert_eq!(
        listed["data"]["webhookSubscriptions"]["nodes"],
        json!([{"id": subscription["id"], "topic": "ORDERS_CREATE"}])
    );
    assert_eq!(listed["data"]["webhookSubscriptionsCount"]["count"], 2);
    let update = "mutation U($id: ID!) { webhookSubscriptionUpdate(id: $id, webhookSubscription: {uri: \"https://new.example\"}) { webhookSubscription { uri } userErrors { message } } }";
    let moved = graphql(twin, update, json!({"id": subscription["id"]})).await;
    assert_eq!(
        moved["data"]["webhookSubscriptionUpdate"]["webhookSubscription"]["uri"],
        "https://new.example"
    );
    let delete = "mutation D($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } } }";
    let ended = graphql(twin, delete, json!({"id": subscription["id"]})).await;
    assert_eq!(
        ended["data"]["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"],
        subscription["id"]
    );
    let again = graphql(twin, delete, json!({"id": subscription["id"]})).await;
    assert_eq!(
        again["data"]["webhookSubscriptionDelete"]["userErrors"][0]["message"],
        "Webhook subscription does not exist"
    );
    twin.set_scopes(["read_products"]);
    let denied = subscribe(twin, "CUSTOMERS_UPDATE", json!({"uri": uri})).await;
    assert!(denied["webhookSubscription"].is_null() && denied["userErrors"][0]["message"].is_string());
}

#[tokio::test]
async fn deliveries_are_signed_over_their_bytes() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_usa();
    sandbox.change(|universe| universe.place_order(Region::Usa));
    for topic in ["ORDERS_CREATE", "ORDERS_PAID", "ORDERS_DELETE"] {
        subscribe(twin, topic, json!({"uri": "https://app.example/hooks"})).await;
    }
    assert_eq!(twin.take_deliveries(), [], "what was before the subscription is not told");
    clock.advance(Duration::from_secs(60));
    let orders: Vec<u64> =
        sandbox.change(|universe| (0..5).map(|_| universe.place_order(Region::Usa)).collect());
    let deliveries = twin.take_deliveries();
    let created: Vec<_> = deliveries.iter().filter(|delivery| delivery.topic == "orders/create").collect();
    assert_eq!(created.len(), 5);
    for (delivery, order) in created.iter().zip(&orders) {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["id"].as_u64(), Some(*order));
        assert_eq!(body["created_at"], "2026-11-01T07:01:00-05:00");
        let signature = ShopifyTwin::webhook_signature(twin.client_secret(), &delivery.body);
        assert_eq!(delivery.header("x-shopify-hmac-sha256"), Some(signature.as_str()));
        assert_eq!(STANDARD.decode(signature).unwrap().len(), 32);
        assert_eq!(delivery.header("X-Shopify-Topic"), Some("orders/create"));
        assert_eq!(delivery.header("X-Shopify-Shop-Domain"), Some(twin.shop_domain()));
        assert_eq!(delivery.header("X-Shopify-API-Version"), Some("2026-07"));
        assert_eq!(delivery.header("X-Shopify-Triggered-At"), Some("2026-11-01T12:01:00.000000000Z"));
    }
    let paid = deliveries.iter().find(|delivery| delivery.topic == "orders/paid").unwrap();
    let twins: Vec<_> = deliveries.iter().filter(|delivery| delivery.event_id == paid.event_id).collect();
    assert_eq!(twins.len(), 2, "one event, two topics");
    assert_ne!(twins[0].webhook_id, twins[1].webhook_id);
    sandbox.change(|universe| universe.delete_order(Region::Usa, orders[0]));
    let gone = twin.take_deliveries();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].body, format!("{{\"id\":{}}}", orders[0]).into_bytes());
    assert_eq!(twin.retry_of(&gone[0]), gone[0]);
    twin.set_stable_webhook_ids(false);
    let retried = twin.retry_of(&gone[0]);
    assert_eq!(retried.event_id, gone[0].event_id);
    assert_ne!(retried.header("X-Shopify-Webhook-Id"), gone[0].header("X-Shopify-Webhook-Id"));
    for _ in 0..8 {
        twin.report_delivery(&gone[0], false);
    }
    let left = graphql(twin, "{ webhookSubscriptions(first: 10) { nodes { topic } } }", json!({})).await;
    assert_eq!(left["data"]["webhookSubscriptions"]["nodes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn configured_topics_tell_of_everything_else() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    twin.set_bulk_pace(BulkPace { running: Duration::from_secs(5), ..BulkPace::default() });
    let topics = [
        "customers/redact",
        "customers/delete",
        "bulk_operations/finish",
        "app/uninstalled",
        "app/scopes_update",
    ];
    twin.configure_webhooks(topics, "https://app.example/config");
    let told =
        || -> Vec<String> { twin.take_deliveries().into_iter().map(|delivery| delivery.topic).collect() };
    let (first, second) = sandbox.look(|u| (u.shop_uk.customers[0].id, u.shop_uk.customers[1].id));
    sandbox.change(|universe| universe.redact_customer(Region::Uk, first));
    assert_eq!(told(), [""; 0]);
    sandbox.change(|universe| universe.delete_customer(Region::Uk, second));
    assert_eq!(told(), ["customers/delete"]);
    let run = "mutation { bulkOperationRunQuery(query: \"{ products { edges { node { id } } } }\") { bulkOperation { id } } }";
    graphql(twin, run, json!({})).await;
    assert_eq!(told(), [""; 0]);
    clock.advance(Duration::from_secs(6));
    assert_eq!(told(), ["bulk_operations/finish"]);
    clock.advance(Duration::from_secs(10 * 86_400));
    assert_eq!(told(), ["customers/redact"]);
    twin.set_scopes(["read_products"]);
    twin.revoke_access_token();
    let last = twin.take_deliveries();
    let words: Vec<&str> = last.iter().map(|delivery| delivery.topic.as_str()).collect();
    assert_eq!(words, ["app/scopes_update", "app/uninstalled"]);
    for _ in 0..9 {
        twin.report_delivery(&last[1], false);
    }
    twin.set_scopes(["read_orders"]);
    assert_eq!(told(), ["app/scopes_update"], "a configured subscription outlives its failures");
}

#[tokio::test]
async fn the_signature_is_that_of_the_vectors() {
    let Some(vectors) = published("vectors/webhook-hmac.json") else { return };
    for vector in vectors["valid"].as_array().unwrap() {
        let body = STANDARD.decode(vector["body_base64"].as_str().unwrap()).unwrap();
        let signature = ShopifyTwin::webhook_signature(vector["secret"].as_str().unwrap(), &body);
        assert_eq!(vector["x_shopify_hmac_sha256"], signature.as_str(), "{}", vector["name"]);
    }
}

/// Members that the vendor's example has under an object, and ours must be among.
fn check(path: &str, known: &Value, ours: &Value) {
    match (known, ours) {
        (Value::Object(known), Value::Object(ours)) => {
            for (name, value) in ours {
                let known = known.get(name).unwrap_or_else(|| panic!("{path}.{name} is not in the example"));
                check(&format!("{path}.{name}"), known, value);
            }
        }
        (Value::Array(known), Value::Array(ours)) => {
            if let Some(known) = known.first() {
                ours.iter().for_each(|value| check(path, known, value));
            }
        }
        (Value::String(_), value) => assert!(value.is_string() || value.is_null(), "{path}: {value}"),
        (Value::Number(_), value) => assert!(value.is_number() || value.is_null(), "{path}: {value}"),
        (Value::Bool(_), value) => assert!(value.is_boolean(), "{path}: {value}"),
        _ => {}
    }
}

#[tokio::test]
async fn bodies_have_the_members_of_the_vendors_examples() {
    let (sandbox, clock) = sandbox(Size::small()).await;
    let twin = sandbox.shopify_uk();
    let topics = [
        "orders/create",
        "orders/updated",
        "orders/paid",
        "orders/fulfilled",
        "orders/delete",
        "refunds/create",
        "fulfillments/create",
        "order_transactions/create",
        "products/update",
        "products/delete",
        "inventory_items/delete",
        "inventory_levels/update",
        "customers/update",
        "customers/delete",
        "draft_orders/create",
        "returns/request",
        "returns/approve",
        "returns/close",
        "bulk_operations/finish",
        "customers/redact",
        "app/uninstalled",
        "app/scopes_update",
    ];
    twin.configure_webhooks(topics, "https://app.example/config");
    clock.advance(Duration::from_secs(60));
    for _ in 0..3 {
        sandbox.evolve();
        clock.advance(Duration::from_secs(60));
    }
    sandbox.change(|universe| {
        let id = universe.shop_uk.orders[0].id;
        universe.delete_order(Region::Uk, id);
        universe.redact_customer(Region::Uk, universe.shop_uk.customers[0].id);
        universe.delete_customer(Region::Uk, universe.shop_uk.customers[1].id);
    });
    let run = "mutation { bulkOperationRunQuery(query: \"{ products { edges { node { id } } } }\") { bulkOperation { id } } }";
    graphql(twin, run, json!({})).await;
    clock.advance(Duration::from_secs(11 * 86_400));
    twin.set_scopes(["read_products"]);
    twin.revoke_access_token();
    let deliveries = twin.take_deliveries();
    let told: BTreeSet<&str> = deliveries.iter().map(|delivery| delivery.topic.as_str()).collect();
    assert_eq!(told, topics.into_iter().collect());
    for delivery in &deliveries {
        let name = delivery.topic.replace('/', "_");
        let Some(example) = published(&format!("webhooks/2026-07/{name}.json")) else { return };
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        check(&name, &example["response"], &body);
    }
}
