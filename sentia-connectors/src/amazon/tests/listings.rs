//! The walk over the listings: its slices, its wall, and what moves while it is walked.

use std::sync::atomic::{AtomicUsize, Ordering};

use sentia_core::{ErrorKind, Value as Cell};

use super::*;

/// Listings with the second they were last updated, served as Amazon would: by time, in pages, to the wall.
fn serve(listings: &[(String, i64)], asked: &Asked) -> Answer {
    let at = |name: &str| asked.query(name).parse::<DateTime<Utc>>().ok().map(|at| at.timestamp());
    let after = at("lastUpdatedAfter").expect("always said");
    let before = at("lastUpdatedBefore").unwrap_or(i64::MAX);
    let mut found: Vec<_> = listings.iter().filter(|(_, at)| (after..=before).contains(at)).collect();
    found.sort_by_key(|(_, at)| *at);
    let offset: usize = asked.query("pageToken").parse().unwrap_or(0);
    let size: usize = asked.query("pageSize").parse().expect("always said");
    let page: Vec<Value> =
        found.iter().take(1000).skip(offset).take(size).map(|(sku, _)| json!({"sku": sku})).collect();
    let end = offset + page.len();
    let next = (end < found.len().min(1000)).then(|| end.to_string());
    ok(json!({"numberOfResults": found.len(), "items": page, "pagination": {"nextToken": next}}))
}

fn seconds(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().expect("an instant").timestamp()
}

#[tokio::test]
async fn no_slice_meets_the_wall_and_none_is_lost() {
    let start = seconds("2024-01-01T00:00:00Z");
    let listings: Vec<_> = (0..2500).map(|n| (format!("sku-{n}"), start + n * 600)).collect();
    let expected: std::collections::BTreeSet<_> = listings.iter().map(|(sku, _)| sku.clone()).collect();
    let served = listings.clone();
    let double = Double::new(move |asked, _| serve(&served, asked));
    let reading = reading("listings");
    let mut token: Option<String> = None;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let page = reading.page(&double, token.as_deref()).await.expect("a page");
        seen.extend(keys(std::slice::from_ref(&page)));
        match page.next() {
            Next::More(next) => token = Some(next.0.clone()),
            next => {
                assert_eq!(next, &Next::Last);
                assert_eq!(seen, expected);
                let asked = double.seen();
                assert_eq!(asked[0].path, "/listings/2021-08-01/items/A3SELLER");
                assert_eq!(
                    (asked[0].query("sortBy"), asked[0].query("sortOrder")),
                    ("lastUpdatedDate", "ASC")
                );
                return;
            }
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn more_than_the_wall_within_a_second_is_an_error_not_a_loss() {
    let at = seconds("2026-11-01T00:00:00Z");
    let listings: Vec<_> = (0..1001).map(|n| (format!("sku-{n}"), at)).collect();
    let double = Double::new(move |asked, _| serve(&listings, asked));
    let error = reading("listings").all(&double).await.expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("GET_MERCHANT_LISTINGS_ALL_DATA"), "{error}");
}

#[tokio::test]
async fn a_listing_that_moves_while_its_slice_is_read_does_not_hide_another() {
    let start = seconds("2026-11-22T10:00:00Z");
    let calls = AtomicUsize::new(0);
    let double = Double::new(move |asked, _| {
        let mut listings: Vec<_> = (0..50).map(|n| (format!("sku-{n:02}"), start + n)).collect();
        // Behind the first page the third listing is changed: it leaves the slice, the others move up.
        if calls.fetch_add(1, Ordering::SeqCst) > 0 {
            listings[2].1 = seconds("2026-11-22T12:01:00Z");
        }
        serve(&listings, asked)
    });
    let pages = reading("listings").since("2026-11-22T10:00:00Z").all(&double).await.expect("pages");
    let seen: std::collections::BTreeSet<_> = keys(&pages).into_iter().collect();
    assert_eq!(seen.len(), 50);
    assert!(pages.iter().any(|page| page.next() != &Next::Last && token(page).contains("\"attempt\":2")));
}

#[tokio::test]
async fn a_slice_that_never_adds_up_is_given_up() {
    let double = Double::new(|_, _| ok(json!({"numberOfResults": 3, "items": [{"sku": "a"}]})));
    let error = reading("listings").since("2026-11-22T10:00:00Z").all(&double).await.expect_err("never");
    assert_eq!((error.kind(), double.seen().len()), (ErrorKind::PositionExpired, 4));
}

#[tokio::test]
async fn without_a_seller_the_stream_says_what_to_set() {
    let double = Double::new(|_, _| ok(json!({})));
    let amazon = Amazon::builder().marketplace("UK").client_id("a").client_secret("s").refresh_token("t");
    let reading = Reading { amazon: amazon.build().expect("valid"), ..reading("listings") };
    let error = reading.page(&double, None).await.expect_err("no seller");
    assert_eq!((error.kind(), error.context_value("setting")), (ErrorKind::Unsupported, Some("seller_id")));
    assert!(double.seen().is_empty());
}

#[tokio::test]
async fn a_listing_fills_its_columns_and_children() {
    let double = Double::new(|_, _| {
        ok(json!({"numberOfResults": 1, "items": [{
            "sku": "GM-1",
            "summaries": [{"marketplaceId": UK, "asin": "B0", "productType": "LUGGAGE", "conditionType": "new_new",
                "status": ["BUYABLE", "DISCOVERABLE"], "itemName": "Case", "createdDate": "2021-02-01T00:00:00Z",
                "lastUpdatedDate": "2026-11-22T11:00:00Z"}],
            "offers": [{"marketplaceId": UK, "offerType": "B2B", "price": {"amount": "9.00", "currencyCode": "GBP"}},
                {"marketplaceId": UK, "offerType": "B2C", "price": {"amount": "10.00", "currencyCode": "GBP"}}],
            "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 7}],
            "issues": [{"code": "90", "message": "m", "severity": "ERROR", "categories": ["INVALID_ATTRIBUTE"]},
                {"code": "91", "message": "n", "severity": "WARNING", "categories": []}],
        }]}))
    });
    let reading = reading("listings").since("2026-11-22T10:00:00Z");
    let page = reading.page(&double, None).await.expect("a page");
    let info = info(&reading.amazon, "listings");
    let cell = |column| value(&page, &info, 0, column);
    assert_eq!(cell("price"), Cell::Decimal("10.00".parse().expect("decimal")), "the consumer's");
    assert_eq!(
        (cell("quantity"), cell("errors"), cell("warnings")),
        (Cell::Integer(7), Cell::Integer(1), Cell::Integer(1))
    );
    assert_eq!(
        (cell("status"), cell("is_buyable")),
        (Cell::Text("BUYABLE,DISCOVERABLE".into()), Cell::Boolean(true))
    );
    let counts: Vec<usize> = page.records()[0].children.iter().map(Vec::len).collect();
    assert_eq!(counts, [2, 1, 2]);
}
