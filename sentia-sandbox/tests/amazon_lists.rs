//! The Amazon twin against the sheet: stock, listings, catalog, finances, notifications.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods)] // the twin is tested from outside, without Sentia's transport

mod amazon_client;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use amazon_client::*;
use chrono::{TimeDelta, Utc};
use rust_decimal::Decimal;
use sentia_sandbox::universe::{AmazonStream, Region};
use sentia_sandbox::{AmazonChange, AmazonFault, FaultPlan, Size};
use serde_json::{Value, json};

fn stock(market: &str) -> String {
    format!(
        "/fba/inventory/v1/summaries?granularityType=Marketplace&granularityId={market}&marketplaceIds={market}&details=true"
    )
}

#[tokio::test]
async fn stock_comes_market_by_market() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let mut seen = BTreeSet::new();
    for market in [UK, DE] {
        let read = pages(twin, &token, &stock(market), INVENTORY).await;
        assert!(market == DE || (read.len() > 1 && read[0].len() == 50));
        for row in read.concat() {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            let key = [market.to_owned(), text("sellerSku"), text("fnSku"), text("condition")].join("/");
            let truth = twin.truth(AmazonStream::FbaInventory).into_iter().find(|r| r.key == key).unwrap();
            let told = Decimal::from(row["inventoryDetails"]["fulfillableQuantity"].as_i64().unwrap());
            assert_eq!(told, truth.amounts["fulfillableQuantity"]);
            assert_eq!(Decimal::from(row["totalQuantity"].as_i64().unwrap()), truth.amounts["totalQuantity"]);
            seen.insert(key);
        }
    }
    assert_eq!(seen, visible(twin, AmazonStream::FbaInventory));
    let plain = good(twin, &token, &stock(UK).replace("&details=true", "")).await;
    assert!(plain["payload"]["inventorySummaries"][0].get("inventoryDetails").is_none());
    for (from, to) in [
        ("granularityType=Marketplace", "granularityType=Country"),
        ("granularityId=A1F83G8C2ARO7P", "granularityId=x"),
    ] {
        assert_eq!(ask(twin, &token, &stock(UK).replace(from, to)).await.0, 400);
    }
    assert_eq!(ask(twin, &token, &stock(US)).await.0, 403);
    assert_eq!(ask(twin, &token, &format!("{}&startDateTime=2025-01-01T00:00:00Z", stock(UK))).await.0, 400);
}

#[tokio::test]
async fn the_stock_token_lives_thirty_seconds_and_wants_its_start() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    twin.set_page_cap(Some(4));
    let delta = format!("{}&startDateTime=2025-09-01T00:00:00Z", stock(UK));
    let first = good(twin, &token, &delta).await;
    let next = encoded(first["pagination"]["nextToken"].as_str().unwrap());
    assert_eq!(ask(twin, &token, &format!("{}&nextToken={next}", stock(UK))).await.0, 400);
    clock.advance(Duration::from_secs(30));
    assert_eq!(ask(twin, &token, &format!("{delta}&nextToken={next}")).await.0, 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(twin, &token, &format!("{delta}&nextToken={next}")).await.0, 400);
}

#[tokio::test]
async fn deltas_do_not_see_what_is_on_its_way_in_nor_what_is_gone() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let start = stamp(twin.now());
    clock.advance(Duration::from_secs(60));
    let skus: Vec<String> = sandbox.look(|u| {
        u.amazon
            .uk
            .stock
            .iter()
            .filter(|s| s.market == 0 && s.condition == "NewItem")
            .map(|s| s.sku.clone())
            .take(3)
            .collect()
    });
    sandbox.change(|universe| {
        universe.announce_inbound(Region::Uk, 0, &skus[0], 5);
        universe.change_fba_stock(Region::Uk, 0, &skus[1], -1);
        let row = universe.amazon.uk.stock.iter_mut().find(|s| s.sku == skus[2]).unwrap();
        (row.fulfillable, row.reserved_orders, row.unfulfillable) = (0, 0, 0);
        (row.inbound_working, row.inbound_shipped, row.inbound_receiving) = (0, 0, 0);
    });
    let delta = good(twin, &token, &format!("{}&startDateTime={start}", stock(UK))).await;
    assert_eq!(
        texts(delta["payload"]["inventorySummaries"].as_array().unwrap(), "/sellerSku"),
        [skus[1].clone()]
    );
    let zero = format!("{}&sellerSkus={}", stock(UK), skus[2]);
    let count =
        async || good(twin, &token, &zero).await["payload"]["inventorySummaries"].as_array().unwrap().len();
    let without = count().await;
    twin.set_zero_stock_rows(true);
    assert_eq!(count().await, without + 1);
}

#[tokio::test]
async fn stock_and_ledger_tell_the_same() {
    let (sandbox, clock) = sandbox(Size::small()).await;
    clock.advance(Duration::from_secs(3_600));
    sandbox.evolve();
    sandbox.look(|universe| {
        for account in [&universe.amazon.uk, &universe.amazon.usa] {
            let mut sums: BTreeMap<(usize, &str, &str), i64> = BTreeMap::new();
            for event in &account.ledger {
                *sums.entry((event.market, &event.fn_sku, event.disposition)).or_default() += event.quantity;
            }
            for row in &account.stock {
                let sum =
                    |disposition| sums.get(&(row.market, &row.fn_sku, disposition)).copied().unwrap_or(0);
                assert_eq!(sum("SELLABLE"), row.fulfillable + row.reserved(), "{}", row.sku);
                assert_eq!(sum("CUSTOMER_DAMAGED"), row.unfulfillable);
            }
            for settlement in &account.settlements {
                assert!(!settlement.lines.is_empty());
            }
            assert!(account.settlements.len() > 10 && !account.returns.is_empty());
        }
        let sold: BTreeSet<&str> = universe.amazon.uk.catalog.iter().map(|entry| &*entry.sku).collect();
        assert!(
            universe
                .shop_uk
                .orders
                .iter()
                .flat_map(|order| &order.lines)
                .any(|line| sold.contains(&*line.sku))
        );
    });
}

#[tokio::test]
async fn listings_are_items_with_arrays_per_marketplace() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let base =
        format!("/listings/2021-08-01/items/{}?marketplaceIds={UK},{DE}&pageSize=20", twin.seller_id());
    let path = format!("{base}&includedData=summaries,offers,fulfillmentAvailability,issues&sortOrder=ASC");
    let items = pages(twin, &token, &path, ITEMS).await.concat();
    let mut seen = BTreeSet::new();
    for item in &items {
        for summary in item["summaries"].as_array().unwrap() {
            let (market, sku) = (summary["marketplaceId"].as_str().unwrap(), item["sku"].as_str().unwrap());
            seen.insert(format!("{market}/{sku}"));
        }
    }
    assert_eq!(seen, visible(twin, AmazonStream::Listings));
    assert!(items.iter().any(|item| item["summaries"].as_array().unwrap().len() == 2));
    let updated = texts(&items, "/summaries/0/lastUpdatedDate");
    assert!(items.len() > 100 && updated.len() == items.len());

    let start = stamp(twin.now());
    clock.advance(Duration::from_secs(60));
    let (first, second) = (items[0]["sku"].as_str().unwrap(), items[1]["sku"].as_str().unwrap());
    sandbox.change(|universe| {
        universe.change_listing_price(Region::Uk, 0, first, Decimal::new(1_234, 2));
        assert!(universe.delete_listing(Region::Uk, 0, second));
    });
    let changed = good(twin, &token, &format!("{path}&lastUpdatedAfter={start}")).await;
    assert_eq!((&changed["numberOfResults"], &changed["items"][0]["sku"]), (&json!(1), &json!(first)));
    assert_eq!(changed["items"][0]["offers"][0]["price"]["amount"], "12.34");
    let gone = format!("/listings/2021-08-01/items/{}/{second}?marketplaceIds={UK}", twin.seller_id());
    assert_eq!(ask(twin, &token, &gone).await.0, 404);
    assert!(twin.truth(AmazonStream::Listings).iter().any(|record| record.deleted()));
    assert_eq!(
        ask(twin, &token, &format!("/listings/2021-08-01/items/OTHER?marketplaceIds={UK}")).await.0,
        404
    );

    // The wall: however many there are, paging ends.
    twin.set_search_wall(30);
    let walled = pages(twin, &token, &path, ITEMS).await;
    assert_eq!(walled.iter().map(Vec::len).collect::<Vec<_>>(), [20, 10]);
    assert!(good(twin, &token, &path).await["numberOfResults"].as_u64().unwrap() > 100);
}

#[tokio::test]
async fn catalog_items_are_found_by_identifiers() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_usa();
    let token = unpaced(twin).await;
    let entries = sandbox.look(|universe| universe.amazon.usa.catalog.clone());
    let asins: Vec<&str> = entries.iter().take(20).map(|entry| &*entry.asin).collect();
    let search = format!(
        "/catalog/2022-04-01/items?marketplaceIds={US}&pageSize=6&identifiersType=ASIN&identifiers={}",
        asins.join(",")
    );
    let found = pages(twin, &token, &search, ITEMS).await.concat();
    assert_eq!(
        texts(&found, "/asin").into_iter().collect::<BTreeSet<_>>(),
        asins.iter().map(|a| (*a).to_owned()).collect()
    );
    let by_sku = format!(
        "/catalog/2022-04-01/items?marketplaceIds={US}&identifiersType=SKU&identifiers={}",
        entries[0].sku
    );
    assert_eq!(ask(twin, &token, &by_sku).await.0, 400);
    let named = good(twin, &token, &format!("{by_sku}&sellerId={}", twin.seller_id())).await;
    assert_eq!(named["items"][0]["asin"], *entries[0].asin);
    for bad in [
        format!("{search},B1"),
        search.replace("identifiersType=ASIN&", ""),
        search.replace("pageSize=6", "pageSize=21"),
    ] {
        assert_eq!(ask(twin, &token, &bad).await.0, 400, "{bad}");
    }
    let one = format!(
        "/catalog/2022-04-01/items/{}?marketplaceIds={US}&includedData=attributes,summaries,identifiers",
        asins[0]
    );
    let item = good(twin, &token, &one).await;
    assert_eq!(item["attributes"]["item_name"][0]["marketplace_id"], US);
    assert_eq!(ask(twin, &token, &one.replace(asins[0], "B000000000")).await.0, 404);
    let same = sandbox.look(|universe| {
        universe
            .amazon
            .uk
            .catalog
            .iter()
            .any(|entry| entry.asin == entries[0].asin && entry.sku == entries[0].sku)
    });
    assert!(same, "an ASIN is the same thing in both regions");
}

#[tokio::test]
async fn transactions_are_numbers_in_windows_of_180_days() {
    let (sandbox, clock) = sandbox(Size::small()).await;
    let twin = sandbox.amazon_usa();
    let token = unpaced(twin).await;
    let list = "/finances/2024-06-19/transactions?postedAfter=";
    let wide = good(twin, &token, &format!("{list}{LONG_AGO}")).await;
    assert_eq!(wide, json!({"payload": {"transactions": []}}));
    let mut rows = Vec::new();
    let (mut start, end) = (twin.now() - TimeDelta::days(420), twin.now() - TimeDelta::minutes(3));
    twin.set_page_cap(Some(30));
    while start < end {
        let until = (start + TimeDelta::days(150)).min(end);
        let path = format!("{list}{}&postedBefore={}", stamp(start), stamp(until));
        rows.extend(pages(twin, &token, &path, TRANSACTIONS).await.concat());
        start = until;
    }
    let truth = twin.visible_truth(AmazonStream::Transactions);
    assert_eq!(rows.len(), truth.len());
    for record in &truth {
        let row = rows.iter().find(|row| row["transactionId"] == *record.key).unwrap();
        assert!(row["totalAmount"]["currencyAmount"].is_number());
        let told: Decimal = row["totalAmount"]["currencyAmount"].to_string().parse().unwrap();
        assert_eq!(told, record.amounts["totalAmount"]);
        assert_eq!(row["transactionStatus"].as_str(), record.status.as_deref());
    }
    assert!(twin.truth(AmazonStream::Transactions).len() >= truth.len());
    // Orders that the seller ships vanish once the marketplace is named, in the USA only.
    let recent = format!("{list}{}", stamp(twin.now() - TimeDelta::days(160)));
    let all = pages(twin, &token, &recent, TRANSACTIONS).await.concat();
    let named = pages(twin, &token, &format!("{recent}&marketplaceId={US}"), TRANSACTIONS).await.concat();
    let merchant = |row: &Value| row.to_string().contains(r#""fulfillmentNetwork":"MFN""#);
    assert!(all.iter().any(merchant) && !named.iter().any(merchant) && named.len() < all.len());

    // What is held back is released without a new posting date.
    let held: Vec<&Value> = all.iter().filter(|row| row["transactionStatus"] == "DEFERRED").collect();
    let (id, posted) = (held[0]["transactionId"].clone(), held[0]["postedDate"].clone());
    assert!(held[0]["contexts"][0]["maturityDate"].is_string());
    clock.advance(Duration::from_secs(15 * 86_400));
    let released = sandbox.change(|universe| universe.release_transactions(Region::Usa));
    assert!(released.contains(&id.as_str().unwrap().to_owned()));
    let token = unpaced(twin).await;
    let again = pages(twin, &token, &recent, TRANSACTIONS).await.concat();
    let row = again.iter().find(|row| row["transactionId"] == id).unwrap();
    assert_eq!((&row["transactionStatus"], &row["postedDate"]), (&json!("DEFERRED_RELEASED"), &posted));
}

#[tokio::test]
async fn transactions_may_come_48_hours_late_and_windows_are_checked() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let list = "/finances/2024-06-19/transactions?";
    let now = twin.now();
    for (query, status) in [
        ("".to_owned(), 400),
        (format!("postedAfter={}", stamp(now - TimeDelta::seconds(119))), 400),
        (format!("postedAfter={}&postedBefore={}", stamp(now - TimeDelta::days(1)), stamp(now)), 400),
        (
            format!(
                "postedAfter={}&postedBefore={}",
                stamp(now - TimeDelta::days(1)),
                stamp(now - TimeDelta::days(2))
            ),
            400,
        ),
        ("relatedIdentifierName=ORDER_ID".to_owned(), 400),
        ("relatedIdentifierName=REFUND_ID&relatedIdentifierValue=1".to_owned(), 400),
        ("relatedIdentifierName=ORDER_ID&relatedIdentifierValue=1".to_owned(), 200),
    ] {
        assert_eq!(ask(twin, &token, &format!("{list}{query}")).await.0, status, "{query}");
    }
    sandbox.change(|universe| {
        for _ in 0..12 {
            let id = universe.place_marketplace_order(Region::Uk, 0).unwrap();
            universe.confirm_marketplace_order(Region::Uk, &id);
            universe.ship_marketplace_order(Region::Uk, &id, false);
        }
    });
    clock.advance(Duration::from_secs(600));
    let path = format!("{list}postedAfter={}", stamp(now - TimeDelta::seconds(1)));
    let early = pages(twin, &token, &path, TRANSACTIONS).await.concat();
    clock.advance(Duration::from_secs(48 * 3_600));
    let token = unpaced(twin).await;
    let late = pages(twin, &token, &path, TRANSACTIONS).await.concat();
    assert!(!early.is_empty() && early.len() < late.len(), "{} {}", early.len(), late.len());
    assert_eq!(visible(twin, AmazonStream::Transactions), keys(&twin.truth(AmazonStream::Transactions)));
    twin.inject(AmazonFault::QuotedNumbers, FaultPlan::once());
    let quoted = good(twin, &token, &path).await;
    assert!(quoted["payload"]["transactions"][0]["totalAmount"]["currencyAmount"].is_string());
    twin.inject(AmazonFault::MixedCaseStatus, FaultPlan::once());
    let mixed = good(twin, &token, &path).await.to_string();
    assert!(
        mixed.contains(r#""transactionStatus":"Deferred""#)
            || mixed.contains(r#""transactionStatus":"Released""#)
    );
}

#[tokio::test]
async fn notifications_come_in_both_wrappings() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let order = sandbox.change(|universe| universe.place_marketplace_order(Region::Uk, 1)).unwrap();
    let message = twin.sqs_message(&AmazonChange::Order(order.clone())).unwrap();
    let body: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
    let change = &body["Payload"]["OrderChangeNotification"];
    assert_eq!((&change["AmazonOrderId"], &change["Summary"]["MarketplaceId"]), (&json!(order), &json!(DE)));
    assert_eq!(change["Summary"]["OrderStatus"], "Pending");
    let (sku, other) = sandbox.look(|universe| {
        let listings = &universe.amazon.uk.listings;
        (listings[0].sku.clone(), listings[1].sku.clone())
    });
    let event = twin.event_bridge_event(&AmazonChange::Listing(UK.to_owned(), sku.clone())).unwrap();
    assert_eq!(event["detail-type"], "LISTINGS_ITEM_STATUS_CHANGE");
    assert_eq!(event["detail"]["Payload"]["Sku"], *sku);
    let market = sandbox.look(|universe| universe.amazon.uk.listing(0, &other).is_some());
    let market = if market { 0 } else { 1 };
    sandbox.change(|universe| universe.delete_listing(Region::Uk, market, &other));
    let id = twin.marketplace_ids()[market].to_owned();
    let gone = twin.notification(&AmazonChange::Listing(id, other)).unwrap();
    assert_eq!(gone["Payload"]["Status"], json!(["DELETED"]));
    assert!(twin.notification(&AmazonChange::Order("1".to_owned())).is_none());
    let at = gone["EventTime"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(at).unwrap().to_utc() <= Utc::now().max(twin.now()));
}
