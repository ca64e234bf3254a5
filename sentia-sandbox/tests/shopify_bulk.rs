//! Bulk operations: rules, life, files, and what goes wrong with them.
#![allow(clippy::unwrap_used)]

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use client::{graphql, http, sandbox};
use sentia_sandbox::universe::{Region, ShopifyStream};
use sentia_sandbox::{BulkPace, FaultPlan, SandboxClock, ShopifyFault, ShopifyTwin, Size};
use serde_json::{Value, json};

const RUN: &str = "mutation Run($query: String!, $group: Boolean! = false) { bulkOperationRunQuery(query: $query, groupObjects: $group) { bulkOperation { id status type createdAt url objectCount } userErrors { field message code } } }";
const POLL: &str = "query Poll($id: ID!) { bulkOperation(id: $id) { id status type errorCode createdAt completedAt objectCount rootObjectCount fileSize url partialDataUrl query } }";
const CANCEL: &str = "mutation Stop($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { id status } userErrors { field message } } }";
const PRODUCTS: &str = "{ products { edges { node { id title variants { edges { node { id sku inventoryItem { id inventoryLevels { edges { node { id } } } } } } } } } } }";

async fn run(twin: &ShopifyTwin, query: &str) -> Value {
    graphql(twin, RUN, json!({"query": query})).await["data"]["bulkOperationRunQuery"].clone()
}

async fn poll(twin: &ShopifyTwin, id: &Value) -> Value {
    graphql(twin, POLL, json!({"id": id})).await["data"]["bulkOperation"].clone()
}

/// Submits, waits by the twin's clock, and gives the operation as it ended.
async fn finished(twin: &ShopifyTwin, clock: &SandboxClock, query: &str) -> Value {
    let submitted = run(twin, query).await;
    let id = &submitted["bulkOperation"]["id"];
    assert!(id.is_string(), "{submitted}");
    clock.advance(Duration::from_secs(10));
    poll(twin, id).await
}

async fn download(url: &Value) -> (u16, String) {
    let answer = http().get(url.as_str().unwrap()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn live(twin: &ShopifyTwin, stream: ShopifyStream) -> BTreeSet<String> {
    twin.truth(stream).into_iter().filter(|record| !record.deleted()).map(|record| record.key).collect()
}

#[tokio::test]
async fn an_operation_lives_by_the_clock() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let second = Duration::from_secs(1);
    twin.set_bulk_pace(BulkPace { queued: second, running: 4 * second, canceling: second });
    let answer = graphql(twin, RUN, json!({"query": PRODUCTS})).await;
    assert_eq!(answer["extensions"]["cost"]["requestedQueryCost"], 10);
    assert_eq!(answer["extensions"]["cost"]["actualQueryCost"], 10);
    let submitted = &answer["data"]["bulkOperationRunQuery"];
    assert_eq!(submitted["userErrors"], json!([]));
    let operation = &submitted["bulkOperation"];
    assert_eq!((&operation["status"], &operation["objectCount"]), (&json!("CREATED"), &json!("0")));
    let id = operation["id"].clone();
    clock.advance(3 * second);
    let half = poll(twin, &id).await;
    assert_eq!(half["status"], "RUNNING");
    assert!(half["url"].is_null() && half["completedAt"].is_null());
    let so_far: u64 = half["objectCount"].as_str().unwrap().parse().unwrap();
    clock.advance(2 * second);
    let done = poll(twin, &id).await;
    assert_eq!(
        (&done["status"], &done["completedAt"]),
        (&json!("COMPLETED"), &json!("2026-11-01T12:00:05Z"))
    );
    let objects: usize = done["objectCount"].as_str().unwrap().parse().unwrap();
    assert!((so_far as usize) < objects && so_far > 0);
    assert_eq!(done["rootObjectCount"], live(twin, ShopifyStream::Products).len().to_string());
    let query = "query Other($id: ID!) { node(id: $id) { ... on BulkOperation { status } } currentBulkOperation { id } bulkOperations(first: 5, query: \"status:completed\") { nodes { id } } }";
    let other = graphql(twin, query, json!({"id": id})).await;
    assert_eq!(other["data"]["node"]["status"], "COMPLETED");
    assert_eq!(other["data"]["currentBulkOperation"]["id"], id);
    assert_eq!(other["data"]["bulkOperations"]["nodes"], json!([{"id": id}]));
    let (status, text) = download(&done["url"]).await;
    assert_eq!((status, lines(&text).len()), (200, objects));
    assert_eq!(done["fileSize"], text.len().to_string());
    assert!(text.contains("gid:\\/\\/shopify\\/Product\\/"), "slashes are escaped");
    assert_eq!(twin.leaked_tokens(), 0);
    clock.advance(Duration::from_secs(7 * 86_400));
    let expired = poll(twin, &id).await;
    assert_eq!((&expired["status"], &expired["url"]), (&json!("EXPIRED"), &Value::Null));
    assert_eq!(download(&done["url"]).await.0, 403);
}

#[tokio::test]
async fn children_stand_apart_from_their_parents_unless_grouped() {
    let (sandbox, clock) = sandbox(Size::small()).await;
    let twin = sandbox.shopify_usa();
    let done = finished(twin, &clock, PRODUCTS).await;
    let rows = lines(&download(&done["url"]).await.1);
    let mut of_kind: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in &rows {
        let id = row["id"].as_str().unwrap();
        let kind = id.split('/').nth(3).unwrap().to_owned();
        assert!(of_kind.entry(kind).or_default().insert(id.to_owned()));
    }
    assert_eq!(of_kind["Product"], live(twin, ShopifyStream::Products));
    assert_eq!(of_kind["ProductVariant"], live(twin, ShopifyStream::Variants));
    assert_eq!(of_kind["InventoryLevel"], live(twin, ShopifyStream::InventoryLevels));
    let at = |id: &Value| rows.iter().position(|row| row["id"] == *id).unwrap();
    let apart = rows.iter().enumerate().filter(|(_, row)| row["__parentId"].is_string());
    let apart: Vec<(usize, usize)> = apart.map(|(here, row)| (at(&row["__parentId"]), here)).collect();
    assert!(apart.iter().all(|(parent, child)| parent < child));
    let level = rows.iter().find(|row| row["id"].as_str().unwrap().contains("InventoryLevel")).unwrap();
    assert!(
        level["__parentId"].as_str().unwrap().contains("/ProductVariant/"),
        "the parent is a line of the file"
    );
    let variant = rows.iter().find(|row| row.get("sku").is_some()).unwrap();
    assert!(
        variant["inventoryItem"]["id"].is_string()
            && variant["inventoryItem"].get("inventoryLevels").is_none()
    );
    let first_child = rows.iter().position(|row| row["__parentId"].is_string()).unwrap();
    assert!(first_child > 7, "children of the first products come after the next products");
    let answer = graphql(twin, RUN, json!({"query": PRODUCTS, "group": true})).await;
    clock.advance(Duration::from_secs(10));
    let done = poll(twin, &answer["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"]).await;
    let grouped = lines(&download(&done["url"]).await.1);
    assert_eq!(grouped.len(), rows.len());
    assert_eq!(grouped[1]["__parentId"], grouped[0]["id"]);
}

#[tokio::test]
async fn the_file_is_of_the_moment_of_submission() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let submitted =
        run(twin, "{ orders(query: \"created_at:>='2026-01-01T00:00:00Z'\") { edges { node { id } } } }")
            .await;
    let placed = sandbox.change(|universe| universe.place_order(Region::Uk));
    clock.advance(Duration::from_secs(10));
    let done = poll(twin, &submitted["bulkOperation"]["id"]).await;
    let text = download(&done["url"]).await.1;
    assert!(!text.contains(&placed.to_string()));
    assert_eq!(lines(&text).len() + 1, live(twin, ShopifyStream::Orders).len());
    let nothing = finished(twin, &clock, "{ orders(query: \"id:1\") { edges { node { id } } } }").await;
    assert_eq!((&nothing["status"], &nothing["objectCount"]), (&json!("COMPLETED"), &json!("0")));
    assert!(nothing["url"].is_null() && nothing["fileSize"].is_null(), "success with nothing");
    let account =
        finished(twin, &clock, "{ shopifyPaymentsAccount { id payouts { edges { node { id status } } } } }")
            .await;
    let keys: BTreeSet<String> = lines(&download(&account["url"]).await.1)
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys, live(twin, ShopifyStream::Payouts));
    twin.set_scopes(["read_products", "read_orders"]);
    let short = finished(twin, &clock, "{ orders { edges { node { id } } } }").await;
    let kept = lines(&download(&short["url"]).await.1).len();
    assert!(kept < live(twin, ShopifyStream::Orders).len(), "the wall stands here too");
    let denied = finished(twin, &clock, "{ customers { edges { node { id } } } }").await;
    assert_eq!((&denied["status"], &denied["errorCode"]), (&json!("FAILED"), &json!("ACCESS_DENIED")));
    assert!(denied["url"].is_null() && denied["partialDataUrl"].is_null());
}

#[tokio::test]
async fn rules_are_checked_at_submission() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let cases = [
        ("", "Invalid bulk query: syntax error, unexpected end of file"),
        ("{ shop { id } }", "Bulk queries must contain at least one connection."),
        (
            "mutation { bulkOperationCancel(id: \"gid://shopify/BulkOperation/1\") { userErrors { message } } }",
            "Invalid operation type. Only `query` operations are supported.",
        ),
        (
            "{ products { nodes { id } } }",
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: 'products { edges { node {'. Selecting via 'nodes' is not supported. Invalid connection fields: 'products'.",
        ),
        (
            "{ products { edges { node { title variants { edges { node { id } } } } } } }",
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be of 'ID' return type. Connection fields without 'id': products.",
        ),
        (
            "{ products { edges { node { own: id variants { edges { node { id } } } } } } }",
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be of 'ID' return type. Connection fields without 'id': products.",
        ),
        (
            "{ orders { edges { node { id refunds { id refundLineItems { edges { node { id } } } } } } } }",
            "Queries that contain a connection field within a list field are not currently supported.",
        ),
        (
            "{ locations { edges { node { id inventoryLevels { edges { node { id item { id inventoryLevels { edges { node { id location { id inventoryLevels { edges { node { id } } } } } } } } } } } } } } }",
            "Bulk queries cannot contain connections with a nesting depth greater than 2.",
        ),
        (
            "{ a: products { edges { node { id } } } b: products { edges { node { id } } } c: orders { edges { node { id } } } d: customers { edges { node { id } } } e: locations { edges { node { id } } } f: draftOrders { edges { node { id } } } }",
            "Bulk queries cannot contain more than 5 connections.",
        ),
        (
            "{ products { edges { node { id wrong } } } }",
            "Invalid bulk query: Field 'wrong' doesn't exist on type 'Product'",
        ),
    ];
    for (query, message) in cases {
        let refused = run(twin, query).await;
        assert!(refused["bulkOperation"].is_null());
        assert_eq!(
            refused["userErrors"],
            json!([{"field": ["query"], "message": message, "code": "INVALID"}]),
            "{query}"
        );
    }
    let node = run(twin, "{ node(id: \"gid://shopify/Product/1\") { id } }").await;
    let words: Vec<&str> =
        node["userErrors"].as_array().unwrap().iter().map(|e| e["message"].as_str().unwrap()).collect();
    assert_eq!(
        words,
        [
            "Bulk queries cannot contain a top level `node` field.",
            "Bulk queries must contain at least one connection."
        ]
    );
    let current = graphql(twin, "{ currentBulkOperation { id } }", json!({})).await;
    assert!(current["data"]["currentBulkOperation"].is_null());
}

#[tokio::test]
async fn five_run_at_a_time_and_any_can_be_cancelled() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let mut ids = vec![];
    for _ in 0..5 {
        ids.push(run(twin, PRODUCTS).await["bulkOperation"]["id"].clone());
    }
    let sixth = run(twin, PRODUCTS).await;
    assert!(sixth["bulkOperation"].is_null());
    let error = &sixth["userErrors"][0];
    assert_eq!((&error["code"], &error["field"]), (&json!("OPERATION_IN_PROGRESS"), &Value::Null));
    assert!(ids.iter().all(|id| error["message"].as_str().unwrap().contains(id.as_str().unwrap())));
    let stop = |id: Value| async move {
        graphql(twin, CANCEL, json!({"id": id})).await["data"]["bulkOperationCancel"].clone()
    };
    let stopping = stop(ids[0].clone()).await;
    assert_eq!(stopping, json!({"bulkOperation": {"id": ids[0], "status": "CANCELING"}, "userErrors": []}));
    clock.advance(Duration::from_secs(10));
    let stopped = poll(twin, &ids[0]).await;
    assert_eq!((&stopped["status"], &stopped["url"]), (&json!("CANCELED"), &Value::Null));
    let late = stop(ids[1].clone()).await;
    assert_eq!(late["bulkOperation"]["status"], "COMPLETED");
    assert_eq!(
        late["userErrors"],
        json!([{"field": null, "message": "A bulk operation cannot be canceled when it is completed"}])
    );
    let unknown = stop(json!("gid://shopify/BulkOperation/1")).await;
    assert_eq!(unknown["userErrors"], json!([{"field": ["id"], "message": "Bulk operation does not exist"}]));
    twin.set_bulk_limit(1);
    assert!(run(twin, PRODUCTS).await["bulkOperation"]["id"].is_string());
    assert_eq!(run(twin, PRODUCTS).await["userErrors"][0]["code"], "OPERATION_IN_PROGRESS");
}

#[tokio::test]
async fn addresses_are_signed_and_need_no_token() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let done = finished(twin, &clock, PRODUCTS).await;
    let url = done["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(twin.base_url()));
    let answer = http().get(&url).header("x-shopify-access-token", twin.access_token()).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/jsonl");
    assert_eq!(twin.leaked_tokens(), 1);
    let forged = url.replace("Expires=", "Expires=9");
    assert_eq!(download(&json!(forged)).await.0, 403);
    let unknown = url.replace("-final", "x-final");
    assert_eq!(download(&json!(unknown)).await.0, 404);
}

#[tokio::test]
async fn every_bulk_fault_can_be_observed() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let query = "{ orders { edges { node { id lineItems { edges { node { id } } } } } } }";
    let sound = finished(twin, &clock, query).await;
    let file = download(&sound["url"]).await.1;
    let objects = lines(&file).len();
    for fault in ShopifyFault::ALL.into_iter().filter(|fault| format!("{fault:?}").starts_with("Bulk")) {
        twin.inject(fault, FaultPlan::once());
        if fault == ShopifyFault::BulkBusy {
            assert_eq!(run(twin, query).await["userErrors"][0]["code"], "OPERATION_IN_PROGRESS");
            continue;
        }
        let ended = finished(twin, &clock, query).await;
        let status = ended["status"].as_str().unwrap();
        let code = ended["errorCode"].as_str();
        match fault {
            ShopifyFault::BulkFailed => {
                assert_eq!(
                    (status, code, &ended["partialDataUrl"]),
                    ("FAILED", Some("INTERNAL_SERVER_ERROR"), &Value::Null)
                );
                clock.advance(Duration::from_secs(60));
                let later = poll(twin, &ended["id"]).await;
                let (answer, text) = download(&later["partialDataUrl"]).await;
                assert_eq!((answer, lines(&text).len()), (200, objects / 2));
            }
            ShopifyFault::BulkTimedOut => {
                assert_eq!((status, code), ("FAILED", Some("TIMEOUT")));
                assert!(ended["partialDataUrl"].is_string() && ended["url"].is_null());
            }
            ShopifyFault::BulkAccessDenied => assert_eq!((status, code), ("FAILED", Some("ACCESS_DENIED"))),
            ShopifyFault::BulkExpiredEarly => {
                assert_eq!((status, &ended["url"]), ("EXPIRED", &Value::Null));
                assert_eq!(ended["objectCount"], objects.to_string());
            }
            ShopifyFault::BulkStuck => {
                assert_eq!(status, "RUNNING");
                clock.advance(Duration::from_secs(10 * 86_400));
                assert_eq!(poll(twin, &ended["id"]).await["errorCode"], "TIMEOUT");
            }
            ShopifyFault::BulkUrlForbidden => assert_eq!(download(&ended["url"]).await.0, 403),
            ShopifyFault::BulkUrlGone => assert_eq!(download(&ended["url"]).await.0, 404),
            _ => {
                let (_, text) = download(&ended["url"]).await;
                let count: usize = ended["objectCount"].as_str().unwrap().parse().unwrap();
                let whole = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
                match fault {
                    ShopifyFault::BulkCountDiffers => assert_eq!(count, whole + 3),
                    ShopifyFault::BulkRowsLost => assert!(text.ends_with('\n') && whole < count),
                    ShopifyFault::BulkTruncated => assert!(!text.ends_with('\n') && whole + 1 == count),
                    _ => {
                        assert_eq!(fault, ShopifyFault::BulkChildrenFirst);
                        assert_eq!(count, whole);
                        assert!(lines(&text)[0]["__parentId"].is_string());
                    }
                }
            }
        }
        twin.clear_faults();
    }
    twin.inject(ShopifyFault::ConnectionCut, FaultPlan::once().mentioning("/bulk-operation-outputs/"));
    let again = finished(twin, &clock, query).await;
    assert!(http().get(again["url"].as_str().unwrap()).send().await.unwrap().text().await.is_err());
    assert_eq!(download(&again["url"]).await.0, 200);
}
