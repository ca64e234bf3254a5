//! What stands under orders and places, against the truth.
#![allow(clippy::unwrap_used)]

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use client::{all_nodes, graphql, sandbox};
use sentia_sandbox::universe::ShopifyStream;
use sentia_sandbox::{Pacing, ShopifyTwin, Size};
use serde_json::{Value, json};

fn truth(twin: &ShopifyTwin, stream: ShopifyStream) -> BTreeMap<String, Vec<f64>> {
    let live = twin.truth(stream).into_iter().filter(|record| !record.deleted());
    live.map(|record| (record.key, record.amounts.values().map(|a| a.to_string().parse().unwrap()).collect()))
        .collect()
}

fn amount(bag: &Value) -> f64 {
    bag["shopMoney"]["amount"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn refunds_fulfillments_and_transactions_are_the_truth() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.shopify_usa();
    twin.set_pacing(Pacing::Lifted);
    let fields = "id totalPriceSet { shopMoney { amount } } refunds { id totalRefundedSet { shopMoney { amount } } refundLineItems(first: 250) { nodes { quantity } } } fulfillments { id } transactions { id amountSet { shopMoney { amount } } }";
    let orders = all_nodes(twin, "orders", fields, 50).await;
    let children = |name: &str| -> Vec<Value> {
        orders.iter().flat_map(|order| order[name].as_array().unwrap().clone()).collect()
    };
    let keyed = |rows: Vec<Value>, bag: &str| -> BTreeMap<String, Vec<f64>> {
        rows.iter().map(|row| (row["id"].as_str().unwrap().to_owned(), vec![amount(&row[bag])])).collect()
    };
    assert_eq!(keyed(children("refunds"), "totalRefundedSet"), truth(twin, ShopifyStream::Refunds));
    assert_eq!(keyed(children("transactions"), "amountSet"), truth(twin, ShopifyStream::Transactions));
    let sent: BTreeSet<String> =
        children("fulfillments").iter().map(|f| f["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sent, truth(twin, ShopifyStream::Fulfillments).into_keys().collect());
    let longest =
        children("refunds").iter().map(|r| r["refundLineItems"]["nodes"].as_array().unwrap().len()).max();
    assert!(longest > Some(50));
}

#[tokio::test]
async fn levels_of_all_places_are_the_truth() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    let places = "query P { locations(first: 10, includeInactive: true) { nodes { id isActive } } }";
    let places = graphql(twin, places, json!({})).await;
    let places = places["data"]["locations"]["nodes"].as_array().unwrap().clone();
    assert_eq!(places.len(), 3);
    let query = "query L($id: ID!, $after: String) { location(id: $id) { inventoryLevels(first: 50, after: $after) { edges { node { id quantities(names: [\"available\", \"on_hand\"]) { name quantity } } } pageInfo { hasNextPage endCursor } } } }";
    let mut seen = BTreeMap::new();
    for place in places {
        let mut after = Value::Null;
        loop {
            let answer = graphql(twin, query, json!({"id": place["id"], "after": after})).await;
            let levels = &answer["data"]["location"]["inventoryLevels"];
            for edge in levels["edges"].as_array().unwrap() {
                let quantities = edge["node"]["quantities"].as_array().unwrap();
                let quantities = quantities.iter().map(|q| q["quantity"].as_f64().unwrap()).collect();
                seen.insert(edge["node"]["id"].as_str().unwrap().to_owned(), quantities);
            }
            after = levels["pageInfo"]["endCursor"].clone();
            if levels["pageInfo"]["hasNextPage"] != true {
                break;
            }
        }
    }
    assert_eq!(seen, truth(twin, ShopifyStream::InventoryLevels));
}

#[tokio::test]
async fn an_order_that_moves_while_paging_is_seen_twice_and_none_is_lost() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.shopify_uk();
    clock.advance(Duration::from_secs(60));
    let first = sandbox.look(|universe| {
        universe
            .shop_uk
            .orders
            .iter()
            .min_by_key(|order| (order.stamp.updated_at, order.id))
            .map(|order| order.id)
    });
    twin.on_request(2, move |universe| {
        universe.touch_order(sentia_sandbox::universe::Region::Uk, first.unwrap())
    });
    let query = "query P($after: String) { orders(first: 4, after: $after, sortKey: UPDATED_AT) { nodes { id } pageInfo { hasNextPage endCursor } } }";
    let (mut seen, mut after) = (vec![], Value::Null);
    loop {
        let answer = graphql(twin, query, json!({"after": after})).await;
        let page = &answer["data"]["orders"];
        seen.extend(
            page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()),
        );
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] != true {
            break;
        }
    }
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!((seen.len(), distinct.len()), (13, 12));
    assert_eq!(seen.first(), seen.last());
}
