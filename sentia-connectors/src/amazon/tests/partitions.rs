//! FBA stock and the catalogue, marketplace by marketplace.

use sentia_core::{ErrorKind, Value as Cell};

use super::*;

fn stock(skus: &[&str], next: Option<&str>) -> Answer {
    let summary = |sku: &&str| {
        json!({"sellerSku": sku, "fnSku": "X001", "asin": format!("B-{sku}"), "condition": "NewItem",
            "totalQuantity": 15, "lastUpdatedTime": "2026-11-22T11:00:00Z",
            "inventoryDetails": {"fulfillableQuantity": 10, "inboundShippedQuantity": 5,
                "reservedQuantity": {"totalReservedQuantity": 2, "fcProcessingQuantity": 1}}})
    };
    let summaries: Vec<Value> = skus.iter().map(summary).collect();
    ok(json!({
        "payload": {"granularity": {}, "inventorySummaries": summaries},
        "pagination": {"nextToken": next},
    }))
}

#[tokio::test]
async fn every_page_of_stock_repeats_the_first_ones_parameters() {
    let double = Double::new(|_, nth| match nth {
        0 => stock(&["A/1"], Some("n=")),
        _ => stock(&["B"], None),
    });
    let reading = reading("fba_inventory").since("2026-11-22T10:00:00Z");
    let pages = reading.all(&double).await.expect("pages");
    assert_eq!(keys(&pages), ["A/1/X001/NewItem", "B/X001/NewItem"]);
    let asked = double.seen();
    for asked in &asked {
        assert_eq!(asked.query("granularityType"), "Marketplace");
        assert_eq!((asked.query("granularityId"), asked.query("marketplaceIds")), (UK, UK));
        assert_eq!((asked.query("details"), asked.query("startDateTime")), ("true", "2026-11-22T10:00:00Z"));
    }
    assert_eq!((asked[0].query("nextToken"), asked[1].query("nextToken")), ("", "n="));
    let info = info(&reading.amazon, "fba_inventory");
    for (column, expected) in [("total", 15), ("fulfillable", 10), ("inbound_shipped", 5), ("reserved", 2)] {
        assert_eq!(value(&pages[0], &info, 0, column), Cell::Integer(expected), "{column}");
    }
    assert_eq!(value(&pages[0], &info, 0, "unfulfillable"), Cell::Null, "not told is not zero");
    assert_eq!(pages[0].records()[0].version.order, 0, "inbound changes move no time: the later read counts");
}

#[tokio::test]
async fn stock_is_read_in_full_without_a_time_and_beyond_its_reach() {
    for since in [None, Some("2025-01-01T00:00:00Z")] {
        let double = Double::new(|_, _| stock(&[], None));
        let reading = Reading { since, ..reading("fba_inventory") };
        drop(reading.page(&double, None).await.expect("a page"));
        assert_eq!(double.seen()[0].query("startDateTime"), "", "{since:?}");
    }
}

#[tokio::test]
async fn a_stock_token_older_than_thirty_seconds_expired() {
    let double =
        Double::new(|_, _| status(400, json!({"errors": [{"code": "InvalidInput", "message": "x"}]})));
    let error = reading("fba_inventory").page(&double, Some("old")).await.expect_err("expired");
    assert_eq!(error.kind(), ErrorKind::PositionExpired);
    let error = reading("fba_inventory").page(&double, None).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidResponse, "without a token it is another mistake");
}

fn found(asked: &Asked) -> Answer {
    let asins = asked.query("identifiers").split(',');
    let item = |asin: &str| {
        json!({"asin": asin, "summaries": [{"marketplaceId": UK, "itemName": "Bolt", "brand": "Acme"}],
            "identifiers": [{"marketplaceId": UK, "identifiers": [{"identifierType": "EAN", "identifier": "40"}]}],
            "dimensions": [{"marketplaceId": UK, "item": {"weight": {"unit": "pounds", "value": 1.10}}}]})
    };
    let items: Vec<Value> = asins.map(item).collect();
    ok(json!({"numberOfResults": items.len(), "items": items}))
}

#[tokio::test]
async fn products_are_looked_up_twenty_at_a_time_and_once_each() {
    let double = Double::new(|asked, _| match asked.operation {
        "getInventorySummaries" => {
            let skus: Vec<String> = (0..50).map(|n| format!("{:02}", n % 45)).collect();
            stock(&skus.iter().map(String::as_str).collect::<Vec<_>>(), None)
        }
        _ => found(asked),
    });
    let mut config = reading("catalog_items");
    config.amazon = Amazon::builder()
        .marketplace("UK")
        .client_id("app")
        .client_secret("s")
        .refresh_token("t")
        .build()
        .expect("valid");
    let pages = config.all(&double).await.expect("pages");
    assert_eq!(keys(&pages).len(), 45);
    let counts: Vec<usize> =
        double.seen()[1..].iter().map(|asked| asked.query("identifiers").split(',').count()).collect();
    assert_eq!(counts, [20, 20, 5]);
    let asked = &double.seen()[1];
    assert_eq!(
        (asked.query("identifiersType"), asked.query("marketplaceIds"), asked.query("pageSize")),
        ("ASIN", UK, "20")
    );
    let info = info(&config.amazon, "catalog_items");
    assert_eq!(value(&pages[0], &info, 0, "ean"), Cell::Text("40".into()));
    assert_eq!(value(&pages[0], &info, 0, "item_weight"), Cell::Decimal("1.10".parse().expect("decimal")));
}

#[tokio::test]
async fn with_a_seller_the_products_are_those_of_the_listings() {
    let double = Double::new(|asked, _| match asked.operation {
        "searchListingsItems" if asked.query("lastUpdatedBefore").is_empty() => {
            ok(json!({"numberOfResults": 0, "items": []}))
        }
        "searchListingsItems" => {
            let listing = json!({"sku": "a", "summaries": [{"marketplaceId": UK, "asin": "B-a"}]});
            ok(json!({"numberOfResults": 2, "items": [listing, {"sku": "no product yet"}]}))
        }
        _ => found(asked),
    });
    let pages = reading("catalog_items").since("2026-11-22T10:00:00Z").all(&double).await.expect("pages");
    assert_eq!(keys(&pages), ["B-a"]);
    assert!(token(&pages[0]).starts_with("listings B-a {"), "{}", token(&pages[0]));
    assert_eq!(double.operations(), ["searchListingsItems", "searchCatalogItems", "searchListingsItems"]);
}

#[tokio::test]
async fn many_skus_of_one_product_are_one_look_up_a_page_and_none_on_the_next() {
    let double = Double::new(|asked, nth| match asked.operation {
        "getInventorySummaries" => {
            let summary =
                |n: usize| json!({"sellerSku": format!("{nth}-{n}"), "asin": format!("B-{}", n % 3)});
            let summaries: Vec<Value> = (0..50).map(summary).collect();
            let next = (nth < 3).then_some("n");
            ok(json!({"payload": {"inventorySummaries": summaries}, "pagination": {"nextToken": next}}))
        }
        _ => found(asked),
    });
    let amazon = Amazon::builder().marketplace("UK").client_id("a").client_secret("s").refresh_token("t");
    let reading = Reading { amazon: amazon.build().expect("valid"), ..reading("catalog_items") };
    let pages = reading.all(&double).await.expect("pages");
    assert_eq!(keys(&pages), ["B-0", "B-1", "B-2"]);
    assert_eq!(token(&pages[0]), "inventory B-0,B-1,B-2 n");
}

#[tokio::test]
async fn a_search_that_answers_with_less_than_it_found_is_refused() {
    let double = Double::new(|asked, _| match asked.operation {
        "searchListingsItems" => {
            let listing = json!({"sku": "a", "summaries": [{"asin": "B-a"}]});
            ok(json!({"numberOfResults": 1, "items": [listing]}))
        }
        _ => ok(json!({"numberOfResults": 2, "items": []})),
    });
    let error = reading("catalog_items").page(&double, None).await.expect_err("less");
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
}
