//! The Shopify twins against the sheet: paging, search, cost, errors, faults.
#![allow(clippy::unwrap_used)]

mod client;

use std::time::Duration;

use client::{all_nodes, graphql, graphql_raw, http, sandbox};
use sentia_sandbox::universe::{Region, ShopifyStream};
use sentia_sandbox::{CostLimits, FaultPlan, Pacing, ShopifyFault, ShopifyTwin, Size, ThrottleForm};
use serde_json::{Value, json};

fn ids(nodes: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn truth(twin: &ShopifyTwin, stream: ShopifyStream) -> Vec<String> {
    let mut keys: Vec<String> =
        twin.truth(stream).into_iter().filter(|r| !r.deleted()).map(|r| r.key).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn paging_to_the_end_gives_exactly_the_truth() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    for twin in [sandbox.shopify_uk(), sandbox.shopify_usa()] {
        twin.set_pacing(Pacing::Lifted);
        for (list, stream) in [
            ("orders", ShopifyStream::Orders),
            ("products", ShopifyStream::Products),
            ("productVariants", ShopifyStream::Variants),
            ("inventoryItems", ShopifyStream::InventoryItems),
            ("customers", ShopifyStream::Customers),
        ] {
            assert_eq!(ids(&all_nodes(twin, list, "id", 7).await), truth(twin, stream), "{list}");
        }
    }
}

#[tokio::test]
async fn nested_pages_hold_all_lines() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let fields =
        "id legacyResourceId lineItems(first: 50) { nodes { id } pageInfo { hasNextPage endCursor } }";
    let orders = all_nodes(twin, "orders", fields, 10).await;
    let long = orders.iter().find(|order| order["lineItems"]["pageInfo"]["hasNextPage"] == true).unwrap();
    let query = "query Rest($id: ID!, $after: String) { order(id: $id) { lineItems(first: 50, after: $after) { edges { cursor node { id } } pageInfo { hasNextPage } } } }";
    let rest =
        graphql(twin, query, json!({"id": long["id"], "after": long["lineItems"]["pageInfo"]["endCursor"]}))
            .await;
    let lines = &rest["data"]["order"]["lineItems"];
    assert_eq!(lines["edges"].as_array().unwrap().len(), 14);
    assert_eq!(lines["pageInfo"]["hasNextPage"], false);
    let id: u64 = long["legacyResourceId"].as_str().unwrap().parse().unwrap();
    assert!(id > 1 << 53 && id.to_string().len() == 18);
}

#[tokio::test]
async fn search_finds_by_update_time_and_warns_of_unknown_fields() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    clock.advance(Duration::from_secs(60));
    let changed = sandbox.evolve();
    let query = "query Changed($query: String) { orders(first: 250, query: $query, sortKey: UPDATED_AT) { nodes { id updatedAt } } }";
    let answer = graphql(
        twin,
        query,
        json!({"query": "updated_at:>='2026-11-01T12:01:00Z' AND updated_at:<='2026-11-01T12:01:00Z'"}),
    )
    .await;
    let found = ids(answer["data"]["orders"]["nodes"].as_array().unwrap());
    assert!(
        !found.is_empty()
            && found
                .iter()
                .all(|id| changed.orders_placed.contains(id) || changed.orders_changed.contains(id))
    );
    let all = graphql(twin, query, json!({"query": "updated:>0"})).await;
    assert_eq!(
        all["data"]["orders"]["nodes"].as_array().unwrap().len(),
        truth(twin, ShopifyStream::Orders).len()
    );
    assert_eq!(all["extensions"]["search"][0]["warnings"][0]["code"], "invalid_field");
}

#[tokio::test]
async fn the_index_lags_behind_the_object() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    twin.set_index_lag(Duration::from_secs(30));
    clock.advance(Duration::from_secs(10));
    let id = sandbox.change(|universe| universe.place_order(Region::Uk));
    let gid = format!("gid://shopify/Order/{id}");
    let by_id = graphql(twin, "query One($id: ID!) { order(id: $id) { id } }", json!({"id": gid})).await;
    assert_eq!(by_id["data"]["order"]["id"], gid.as_str());
    let search = "{ orders(first: 250, query: \"updated_at:>='2026-11-01T12:00:05Z'\", sortKey: UPDATED_AT) { nodes { id } } }";
    assert_eq!(graphql(twin, search, json!({})).await["data"]["orders"]["nodes"], json!([]));
    clock.advance(Duration::from_secs(30));
    assert_eq!(graphql(twin, search, json!({})).await["data"]["orders"]["nodes"], json!([{"id": gid}]));
}

#[tokio::test]
async fn mistakes_are_told_in_the_words_of_graphql_ruby() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let undefined = graphql(twin, "query Q { orders(first: 1) { nodes { id wrong } } }", json!({})).await;
    assert_eq!(undefined["errors"][0]["message"], "Field 'wrong' doesn't exist on type 'Order'");
    assert_eq!(undefined["errors"][0]["extensions"]["code"], "undefinedField");
    assert!(undefined.get("data").is_none() && undefined.get("extensions").is_none());
    let cases = [
        ("{ shop }", "selectionMismatch"),
        ("{ order { id } }", "missingRequiredArguments"),
        ("{ orders(first: \"x\") { nodes { id } } }", "argumentLiteralsIncompatible"),
        ("{ shop(x: 1) { id } }", "argumentNotAccepted"),
        ("query Q($x: Int) { shop { id } }", "variableNotUsed"),
        ("{ node(id: \"gid://shopify/Order/1\") { ... on Nothing { id } } }", "undefinedType"),
        ("{ orders(first: 1) { nodes { id }", "PARSE_ERROR"),
        ("query Q($id: ID!) { order(id: $id) { id } }", "INVALID_VARIABLE"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST"),
    ];
    for (query, code) in cases {
        let answer = graphql(twin, query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}: {answer}");
    }
    let unknown = graphql(twin, "{ order(id: \"gid://shopify/Order/1\") { id } }", json!({})).await;
    assert!(unknown["data"]["order"].is_null() && unknown.get("errors").is_none());
}

#[tokio::test]
async fn the_bucket_empties_and_fills_with_the_clock() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_usa();
    let query = "{ orders(first: 250) { nodes { id } } }";
    let first = graphql(twin, query, json!({})).await;
    assert_eq!(first["extensions"]["cost"]["requestedQueryCost"], 13);
    assert_eq!(first["extensions"]["cost"]["actualQueryCost"], 6);
    twin.drain_bucket();
    let refused = graphql_raw(twin, query, json!({})).await;
    assert_eq!(refused.status(), 200);
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "THROTTLED");
    assert!(refused["extensions"]["cost"]["actualQueryCost"].is_null());
    twin.set_throttle_form(ThrottleForm::Status429);
    assert_eq!(graphql_raw(twin, query, json!({})).await.status(), 429);
    clock.advance(Duration::from_secs(1));
    assert!(graphql(twin, query, json!({})).await.get("errors").is_none());
    twin.set_cost_limits(CostLimits { single_query: 5, ..CostLimits::default() });
    let dear = graphql(twin, query, json!({})).await;
    assert_eq!(dear["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED");
}

#[tokio::test]
async fn tokens_scopes_versions_and_walls() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", twin.client_id()),
        ("client_secret", twin.client_secret()),
    ];
    let minted: Value = http().post(twin.token_url()).form(&form).send().await.unwrap().json().await.unwrap();
    let body = json!({"query": "{ shop { currencyCode ianaTimezone taxesIncluded } }"});
    let call = |version: &str| {
        let token = minted["access_token"].as_str().unwrap();
        http().post(twin.graphql_url(version)).header("x-shopify-access-token", token).json(&body).send()
    };
    let old = call("2025-10").await.unwrap();
    assert_eq!(old.headers()["x-shopify-api-version"], "2026-01");
    assert!(old.headers().contains_key("x-request-id"));
    assert_eq!(old.json::<Value>().await.unwrap()["data"]["shop"]["currencyCode"], "GBP");
    assert_eq!(call("2026-13").await.unwrap().status(), 404);
    clock.advance(Duration::from_secs(86_399));
    assert_eq!(call("2026-07").await.unwrap().status(), 401);
    let everything = all_nodes(twin, "orders", "id", 50).await.len();
    twin.set_scopes(["read_orders"]);
    assert!(all_nodes(twin, "orders", "id createdAt", 50).await.len() < everything);
    let partial = graphql(twin, "{ shop { id } products(first: 1) { nodes { id } } }", json!({})).await;
    assert_eq!(partial["errors"][0]["extensions"]["code"], "ACCESS_DENIED");
    assert!(partial["data"]["products"].is_null() && partial["data"]["shop"]["id"].is_string());
    twin.set_scopes(["read_orders", "read_all_orders"]);
    twin.set_pagination_wall(5);
    assert_eq!(all_nodes(twin, "orders", "id", 2).await.len(), 5);
}

#[tokio::test]
async fn a_deleted_product_vanishes_and_its_lines_keep_their_sku() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let (product, order) = sandbox.look(|universe| {
        let shop = &universe.shop_uk;
        let order = &shop.orders[0];
        let variant = order.lines[0].variant.unwrap();
        let product = shop.variants().find(|(_, v)| v.id == variant).unwrap().0.id;
        (product, format!("gid://shopify/Order/{}", order.id))
    });
    sandbox.change(|universe| universe.delete_product(Region::Uk, product));
    let query =
        "query L($id: ID!) { order(id: $id) { lineItems(first: 1) { nodes { sku variant { id } } } } }";
    let line = &graphql(twin, query, json!({"id": order})).await["data"]["order"]["lineItems"]["nodes"][0];
    assert!(line["variant"].is_null() && line["sku"].is_string());
    assert!(
        twin.truth(ShopifyStream::Products)
            .iter()
            .any(|r| r.deleted() && r.key.ends_with(&product.to_string()))
    );
}

const PAGE: &str = "query Page($after: String) { orders(first: 3, after: $after, sortKey: UPDATED_AT) { edges { cursor node { id legacyResourceId totalPriceSet { shopMoney { amount } } } } pageInfo { hasNextPage endCursor } } }";

/// What a reader of one page could notice.
async fn observe(twin: &ShopifyTwin, after: &Value) -> String {
    let answer = graphql_raw(twin, PAGE, json!({"after": after})).await;
    let headers = answer.headers();
    let head = format!(
        "{} {:?} {:?}",
        answer.status(),
        headers.get("location"),
        headers.get("x-shopify-api-version")
    );
    let text = answer.text().await.unwrap_or_else(|error| error.to_string());
    format!("{head} {text}")
}

#[tokio::test]
async fn every_fault_can_be_observed() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    let after = graphql(twin, PAGE, json!({})).await["data"]["orders"]["pageInfo"]["endCursor"].clone();
    let sound = observe(twin, &after).await;
    for fault in ShopifyFault::ALL {
        assert!(!fault.source().is_empty());
        twin.inject(fault, FaultPlan::once());
        match fault {
            // It hangs; the Xero twin's test of concurrent calls shows the same delivery.
            ShopifyFault::StalledBody => {}
            // These sit in bulk operations; tests/shopify_bulk.rs shows them.
            _ if format!("{fault:?}").starts_with("Bulk") => {}
            ShopifyFault::InvalidClient
            | ShopifyFault::LostTokenResponse
            | ShopifyFault::TokenUnavailable => {
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", twin.client_id()),
                    ("client_secret", twin.client_secret()),
                ];
                let answer = http().post(twin.token_url()).form(&form).send().await.unwrap();
                assert!(!answer.status().is_success() || answer.text().await.is_err(), "{fault:?}");
            }
            _ => assert_ne!(observe(twin, &after).await, sound, "{fault:?}"),
        }
        twin.clear_faults();
    }
    assert_eq!(observe(twin, &after).await, sound);
}
