//! What stands behind the orders: payouts, fulfillment orders, returns, drafts; and the ways things vanish.
#![allow(clippy::unwrap_used)]

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use client::{all_nodes, graphql, sandbox};
use sentia_sandbox::universe::{Region, ShopifyStream};
use sentia_sandbox::{FaultPlan, Pacing, ShopifyFault, ShopifyTwin, Size};
use serde_json::{Value, json};

type Row = (Option<String>, BTreeMap<&'static str, f64>);

fn truth(twin: &ShopifyTwin, stream: ShopifyStream) -> BTreeMap<String, Row> {
    let live = twin.truth(stream).into_iter().filter(|record| !record.deleted());
    let number = |amount: rust_decimal::Decimal| amount.to_string().parse::<f64>().unwrap();
    live.map(|record| {
        let amounts = record.amounts.into_iter().map(|(name, amount)| (name, number(amount))).collect();
        (record.key, (record.status, amounts))
    })
    .collect()
}

/// Rows in the shape of the truth, with the amounts that the truth knows.
fn rows(nodes: &[Value], amounts: &[(&'static str, &str)]) -> BTreeMap<String, Row> {
    let row = |node: &Value| {
        let amounts = amounts.iter().map(|(name, pointer)| {
            let value = node.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {node}"));
            (*name, value.as_f64().or_else(|| value.as_str().unwrap().parse().ok()).unwrap())
        });
        (node["status"].as_str().map(str::to_owned), amounts.collect())
    };
    nodes.iter().map(|node| (node["id"].as_str().unwrap().to_owned(), row(node))).collect()
}

/// Pages a list of the payments account to its end.
async fn all_of_account(twin: &ShopifyTwin, list: &str, fields: &str) -> Vec<Value> {
    let query = format!(
        "query All($after: String) {{ shopifyPaymentsAccount {{ {list}(first: 3, after: $after) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
    );
    let (mut nodes, mut after) = (vec![], Value::Null);
    loop {
        let answer = graphql(twin, &query, json!({"after": after})).await;
        let connection = &answer["data"]["shopifyPaymentsAccount"][list];
        nodes.extend(connection["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).iter().cloned());
        after = connection["pageInfo"]["endCursor"].clone();
        if connection["pageInfo"]["hasNextPage"] != true {
            return nodes;
        }
    }
}

#[tokio::test]
async fn payouts_and_movements_are_the_truth_and_add_up() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    for twin in [sandbox.shopify_uk(), sandbox.shopify_usa()] {
        twin.set_pacing(Pacing::Lifted);
        let fields = "id status net { amount } summary { chargesGross { amount } chargesFee { amount } refundsFeeGross { amount } adjustmentsGross { amount } }";
        let payouts = all_of_account(twin, "payouts", fields).await;
        assert!(payouts.len() > 3);
        let amounts = [
            ("net", "/net/amount"),
            ("chargesGross", "/summary/chargesGross/amount"),
            ("chargesFee", "/summary/chargesFee/amount"),
            ("refundsFeeGross", "/summary/refundsFeeGross/amount"),
            ("adjustmentsGross", "/summary/adjustmentsGross/amount"),
        ];
        assert_eq!(rows(&payouts, &amounts), truth(twin, ShopifyStream::Payouts));
        let fields = "id type test sourceId sourceOrderTransactionId amount { amount } fee { amount } net { amount } associatedOrder { id name } associatedPayout { id status }";
        let movements = all_of_account(twin, "balanceTransactions", fields).await;
        let amounts = [("amount", "/amount/amount"), ("fee", "/fee/amount"), ("net", "/net/amount")];
        assert_eq!(rows(&movements, &amounts), truth(twin, ShopifyStream::BalanceTransactions));
        for payout in &payouts {
            let held = movements.iter().filter(|m| m["associatedPayout"]["id"] == payout["id"]);
            let sum: f64 = held.map(|m| m["net"]["amount"].as_str().unwrap().parse::<f64>().unwrap()).sum();
            assert!(sum.abs() < 0.005, "the transfer takes off what the payout holds: {sum}");
        }
        assert!(movements.iter().any(|m| m["sourceId"].is_string() && m["type"] == "CHARGE"));
    }
}

#[tokio::test]
async fn a_payout_is_scheduled_and_later_paid_without_a_word() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    let order =
        sandbox.change(|universe| (0..40).map(|_| universe.place_order(Region::Uk)).collect::<Vec<u64>>());
    assert_eq!(order.len(), 40);
    let latest = "{ shopifyPaymentsAccount { payouts(last: 1, sortKey: ISSUED_AT) { nodes { id status issuedAt transactionType } } } }";
    let mut seen = BTreeSet::new();
    for days in [3, 2] {
        clock.advance(Duration::from_secs(days * 86_400));
        sandbox.change(|_| ());
        let answer = graphql(twin, latest, json!({})).await;
        let payout = answer["data"]["shopifyPaymentsAccount"]["payouts"]["nodes"][0].clone();
        assert_eq!(payout["issuedAt"], "2026-11-04T00:00:00Z");
        seen.insert(payout["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["PAID", "SCHEDULED"]);
    let query = "{ shopifyPaymentsAccount { payouts(first: 50, query: \"issued_at:>='2026-11-04T00:00:00Z'\") { nodes { id } } balanceTransactions(first: 50, hideTransfers: true, query: \"transaction_type:transfer\") { nodes { id } } } }";
    let answer = graphql(twin, query, json!({})).await;
    let account = &answer["data"]["shopifyPaymentsAccount"];
    assert_eq!(account["payouts"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(account["balanceTransactions"]["nodes"], json!([]));
    twin.set_shopify_payments(false);
    let answer = graphql(twin, query, json!({})).await;
    assert!(answer["data"]["shopifyPaymentsAccount"].is_null() && answer.get("errors").is_none());
}

#[tokio::test]
async fn fulfillment_orders_hide_when_closed() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_usa();
    twin.set_pacing(Pacing::Lifted);
    let fields = "id status updatedAt orderName assignedLocation { name countryCode } lineItems(first: 250) { nodes { id totalQuantity remainingQuantity sku } }";
    let open = all_nodes(twin, "fulfillmentOrders", fields, 4).await;
    assert!(open.iter().all(|row| row["status"] == "OPEN" || row["status"] == "IN_PROGRESS"));
    let query = format!(
        "{{ fulfillmentOrders(first: 50, includeClosed: true, sortKey: UPDATED_AT) {{ nodes {{ {fields} }} }} }}"
    );
    let answer = graphql(twin, &query, json!({})).await;
    let all: Vec<Value> = answer["data"]["fulfillmentOrders"]["nodes"].as_array().unwrap().clone();
    assert!(all.len() > open.len());
    let times: Vec<&str> = all.iter().map(|row| row["updatedAt"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    let summed: Vec<Value> = all
        .iter()
        .map(|row| {
            let lines = row["lineItems"]["nodes"].as_array().unwrap();
            let sum = |name: &str| lines.iter().map(|line| line[name].as_i64().unwrap()).sum::<i64>();
            json!({"id": row["id"], "status": row["status"], "total": sum("totalQuantity"), "open": sum("remainingQuantity")})
        })
        .collect();
    let amounts = [("totalQuantity", "/total"), ("remainingQuantity", "/open")];
    assert_eq!(rows(&summed, &amounts), truth(twin, ShopifyStream::FulfillmentOrders));
    twin.set_scopes(["read_orders", "read_all_orders"]);
    let denied = graphql(twin, &query, json!({})).await;
    assert_eq!(denied["errors"][0]["extensions"]["code"], "ACCESS_DENIED");
    let partial =
        graphql(twin, "{ orders(first: 1) { nodes { id returns(first: 5) { nodes { id } } } } }", json!({}))
            .await;
    assert_eq!(partial["errors"][0]["path"], json!(["orders", "returns"]));
    let order = &partial["data"]["orders"]["nodes"][0];
    assert!(order["returns"].is_null() && order["id"].is_string());
}

#[tokio::test]
async fn returns_stand_under_their_orders() {
    let (sandbox, clock) = sandbox(Size::small()).await;
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    let fields = "id returnStatus updatedAt returns(first: 20) { nodes { id status totalQuantity returnLineItems(first: 3) { nodes { id quantity ... on ReturnLineItem { fulfillmentLineItem { id lineItem { id } } } } pageInfo { hasNextPage } } } }";
    let orders = all_nodes(twin, "orders", fields, 50).await;
    let returns: Vec<Value> =
        orders.iter().flat_map(|order| order["returns"]["nodes"].as_array().unwrap().clone()).collect();
    assert_eq!(rows(&returns, &[("totalQuantity", "/totalQuantity")]), truth(twin, ShopifyStream::Returns));
    assert!(returns.iter().any(|r| r["returnLineItems"]["pageInfo"]["hasNextPage"] == true));
    let words: BTreeSet<&str> = orders.iter().map(|order| order["returnStatus"].as_str().unwrap()).collect();
    assert_eq!(
        words.into_iter().collect::<Vec<_>>(),
        ["IN_PROGRESS", "NO_RETURN", "RETURNED", "RETURN_REQUESTED"]
    );
    clock.advance(Duration::from_secs(60));
    let shipped = orders.iter().find(|order| order["returnStatus"] == "NO_RETURN");
    assert!(shipped.is_some());
    let order = sandbox.look(|universe| {
        let shop = &universe.shop_uk;
        let fresh = |order: &&sentia_sandbox::universe::Order| {
            !order.fulfillments.is_empty() && shop.back_office.returns_of(order.id).next().is_none()
        };
        shop.orders.iter().find(fresh).unwrap().id
    });
    let id = sandbox.change(|universe| universe.request_return(Region::Uk, order, 1)).unwrap();
    let query = "query One($id: ID!, $order: ID!) { return(id: $id) { status order { id } } order(id: $order) { updatedAt returnStatus } }";
    let ids =
        json!({"id": format!("gid://shopify/Return/{id}"), "order": format!("gid://shopify/Order/{order}")});
    let answer = graphql(twin, query, ids).await;
    assert_eq!(answer["data"]["return"]["status"], "REQUESTED");
    assert_eq!(
        answer["data"]["order"],
        json!({"updatedAt": "2026-11-01T12:01:00Z", "returnStatus": "RETURN_REQUESTED"})
    );
}

#[tokio::test]
async fn drafts_are_the_truth() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    clock.advance(Duration::from_secs(60));
    let draft = sandbox.change(|universe| universe.draft_order(Region::Uk));
    let order = sandbox.change(|universe| universe.complete_draft(Region::Uk, draft)).unwrap();
    let fields = "id status updatedAt order { id totalPriceSet { shopMoney { amount } } } subtotalPriceSet { shopMoney { amount } } totalPriceSet { shopMoney { amount currencyCode } } totalTaxSet { shopMoney { amount } } lineItems(first: 50) { nodes { id custom sku } pageInfo { hasNextPage } }";
    let drafts = all_nodes(twin, "draftOrders", fields, 3).await;
    let amounts = [
        ("subtotalPriceSet", "/subtotalPriceSet/shopMoney/amount"),
        ("totalPriceSet", "/totalPriceSet/shopMoney/amount"),
        ("totalTaxSet", "/totalTaxSet/shopMoney/amount"),
    ];
    assert_eq!(rows(&drafts, &amounts), truth(twin, ShopifyStream::DraftOrders));
    assert!(drafts.iter().any(|row| row["lineItems"]["pageInfo"]["hasNextPage"] == true));
    let done = drafts.iter().find(|row| row["id"] == format!("gid://shopify/DraftOrder/{draft}")).unwrap();
    assert_eq!(done["order"]["id"], format!("gid://shopify/Order/{order}"));
    assert_eq!(
        done["order"]["totalPriceSet"]["shopMoney"]["amount"],
        done["totalPriceSet"]["shopMoney"]["amount"]
    );
    let query = "{ draftOrders(first: 50, query: \"updated_at:>='2026-11-01T12:01:00Z'\", sortKey: UPDATED_AT) { nodes { id } } draftOrdersCount { count } }";
    let answer = graphql(twin, query, json!({})).await;
    assert_eq!(answer["data"]["draftOrders"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(answer["data"]["draftOrdersCount"]["count"], drafts.len());
    sandbox.change(|universe| universe.delete_draft(Region::Uk, draft));
    assert_eq!(all_nodes(twin, "draftOrders", "id", 50).await.len(), drafts.len() - 1);
    assert!(twin.truth(ShopifyStream::DraftOrders).iter().any(|record| record.deleted()));
}

#[tokio::test]
async fn what_vanishes_is_only_missed_by_a_sweep() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    let (customer, variant, order) = sandbox.look(|universe| {
        let shop = &universe.shop_uk;
        let product = shop.products.iter().find(|product| product.variants.len() > 1).unwrap();
        (shop.customers[0].id, product.variants[1].id, shop.orders[0].id)
    });
    sandbox.change(|universe| {
        universe.delete_customer(Region::Uk, customer);
        universe.delete_variant(Region::Uk, variant);
        universe.delete_order(Region::Uk, order);
    });
    for (list, stream) in [
        ("customers", ShopifyStream::Customers),
        ("productVariants", ShopifyStream::Variants),
        ("inventoryItems", ShopifyStream::InventoryItems),
        ("orders", ShopifyStream::Orders),
    ] {
        let shown: BTreeSet<String> = all_nodes(twin, list, "id", 50)
            .await
            .iter()
            .map(|n| n["id"].as_str().unwrap().to_owned())
            .collect();
        let records = twin.truth(stream);
        let gone: Vec<_> = records.iter().filter(|record| record.deleted()).collect();
        assert_eq!(gone.len(), 1, "{list}");
        assert!(!shown.contains(&gone[0].key));
        assert_eq!(shown.len(), records.len() - 1);
    }
    let gone = twin.truth(ShopifyStream::FulfillmentOrders).into_iter().filter(|r| r.deleted()).count();
    assert_eq!(gone, 1);
    let kept = sandbox.look(|universe| universe.shop_uk.customers[0].id);
    sandbox.change(|universe| universe.redact_customer(Region::Uk, kept));
    let query = "query C($id: ID!) { customer(id: $id) { firstName defaultEmailAddress { emailAddress } } }";
    let answer = graphql(twin, query, json!({"id": format!("gid://shopify/Customer/{kept}")})).await;
    assert_eq!(answer["data"]["customer"]["firstName"], "");
}

#[tokio::test]
async fn scopes_and_versions_change_under_a_reader() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    let everything = all_nodes(twin, "orders", "id", 100).await.len();
    twin.inject(ShopifyFault::AllOrdersLost, FaultPlan::always().after(1));
    let shorter = all_nodes(twin, "orders", "id", 100).await.len();
    assert!(shorter < everything);
    twin.clear_faults();
    twin.inject(ShopifyFault::PaginationWall, FaultPlan::nth(2));
    assert_eq!(all_nodes(twin, "orders", "id", 50).await.len(), 100);
    twin.clear_faults();
    twin.set_oldest_version("2026-10");
    let answer = client::graphql_raw(twin, "{ publicApiVersions { handle supported } }", json!({})).await;
    assert_eq!(answer.headers()["x-shopify-api-version"], "2026-10");
    let answer: Value = answer.json().await.unwrap();
    let supported = answer["data"]["publicApiVersions"].as_array().unwrap();
    assert_eq!(supported.iter().filter(|version| version["supported"] == true).count(), 1);
    let level = "{ locations(first: 1) { nodes { inventoryLevels(first: 1) { nodes { isActive } } } } }";
    twin.set_oldest_version("2026-01");
    let old = client::http()
        .post(twin.graphql_url("2025-10"))
        .header("x-shopify-access-token", twin.access_token());
    let old: Value = old.json(&json!({"query": level})).send().await.unwrap().json().await.unwrap();
    assert_eq!(old["errors"][0]["extensions"]["code"], "undefinedField");
    assert!(graphql(twin, level, json!({})).await.get("errors").is_none());
}
