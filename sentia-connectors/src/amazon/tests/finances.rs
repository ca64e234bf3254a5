//! Transactions: windows, keys and exact amounts.

use sentia_core::Value as Cell;

use super::*;

fn transaction(status: &str, id: Option<&str>) -> Value {
    let mut transaction = json!({
        "transactionType": "Shipment", "transactionStatus": status, "description": "Order Payment",
        "postedDate": "2026-11-01T10:00:00Z", "totalAmount": {"currencyAmount": 8.10, "currencyCode": "GBP"},
        "relatedIdentifiers": [
            {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "202-1"},
            {"relatedIdentifierName": "SETTLEMENT_ID", "relatedIdentifierValue": "77"}],
        "marketplaceDetails": {"marketplaceId": UK, "marketplaceName": "Amazon.co.uk"},
        "contexts": [{"contextType": "DeferredContext", "deferralReason": "DD7", "maturityDate": "2026-11-09T00:00:00Z"}],
        "items": [{"description": "Bolt", "totalAmount": {"currencyAmount": 8.10, "currencyCode": "GBP"},
            "contexts": [{"contextType": "ProductContext", "asin": "B0", "sku": "BOLT", "quantityShipped": 1}],
            "breakdowns": [{"breakdownType": "Sales", "breakdownAmount": {"currencyAmount": 10, "currencyCode": "GBP"},
                "breakdowns": [{"breakdownType": "Principal", "breakdownAmount": {"currencyAmount": 10.00, "currencyCode": "GBP"}, "breakdowns": null}]}]}],
        "breakdowns": [{"breakdownType": "Fees", "breakdownAmount": {"currencyAmount": -1.90, "currencyCode": "GBP"}}],
    });
    if let Some(id) = id {
        transaction["transactionId"] = json!(id);
    }
    transaction
}

fn answer(transactions: Vec<Value>, next: Option<&str>) -> Answer {
    ok(json!({"payload": {"transactions": transactions, "nextToken": next}}))
}

#[tokio::test]
async fn no_window_is_longer_than_amazon_answers_for() {
    let double = Double::new(|_, nth| match nth {
        0 => ok(json!({"payload": {"nextToken": "an empty page goes on"}})),
        _ => answer(Vec::new(), None),
    });
    let pages = reading("financial_transactions").all(&double).await.expect("pages");
    let asked = double.seen();
    let spans: Vec<_> = asked[1..]
        .iter()
        .map(|a| (a.query("postedAfter").to_owned(), a.query("postedBefore").to_owned()))
        .collect();
    assert_eq!(asked[1].query("nextToken"), "an empty page goes on");
    assert_eq!(asked[1].query("postedAfter"), asked[0].query("postedAfter"), "the same arguments");
    for (after, before) in &spans {
        let after: DateTime<Utc> = after.parse().expect("an instant");
        let before = before.parse().unwrap_or_else(|_| noon());
        assert!(before - after <= chrono::Duration::days(180), "{spans:?}");
    }
    assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0), "{spans:?}");
    assert_eq!(spans.last().map(|span| span.1.as_str()), Some(""), "amazon sets the end two minutes ago");
    assert!(asked.iter().all(|asked| asked.query("marketplaceId").is_empty()), "it hides orders");
    assert_eq!(pages.last().and_then(Page::bound), "2026-11-22T11:57:00Z".parse().ok());
    assert!(pages[..pages.len() - 1].iter().all(|page| page.bound().is_none()));
}

#[tokio::test]
async fn a_backfill_ends_where_it_was_asked_to_unless_amazon_would_refuse_that() {
    let ends = async |until: &str| {
        let double = Double::new(|_, _| answer(Vec::new(), None));
        let reading = reading("financial_transactions").since("2026-11-01T00:00:00Z").until(until);
        let page = reading.page(&double, None).await.expect("a page");
        (double.seen()[0].query("postedBefore").to_owned(), page.bound())
    };
    let (before, bound) = ends("2026-11-10T00:00:00Z").await;
    assert_eq!(before, "2026-11-10T00:00:00.001Z", "amazon's end is exclusive, ours is not");
    assert_eq!(bound, None, "the window's own end bounds it");
    for late in ["2026-11-22T11:58:00Z", "2027-01-01T00:00:00Z"] {
        let (before, bound) = ends(late).await;
        assert_eq!((before.as_str(), bound), ("", "2026-11-22T11:57:00Z".parse().ok()));
    }
}

#[tokio::test]
async fn long_ids_and_long_numbers_keep_every_digit() {
    let long = |amount: &str| {
        let text = transaction("RELEASED", Some("820982911946154508")).to_string();
        let body =
            format!(r#"{{"payload":{{"transactions":[{}]}}}}"#, text.replace("8.1,", &format!("{amount},")));
        Double::new(move |_, _| {
            (200, vec![("content-type", "application/json".to_owned())], body.clone().into())
        })
    };
    let reading = reading("financial_transactions").since("2026-11-01T00:00:00Z");
    let info = info(&reading.amazon, "financial_transactions");
    let page = reading.page(&long("9007199254740.9931"), None).await.expect("a page");
    assert_eq!(page.records()[0].key, "820982911946154508");
    assert_eq!(
        value(&page, &info, 0, "total"),
        Cell::Amount("9007199254740.9931".parse().expect("a number"))
    );
    // Fourteen decimals fit no amount: the document is held, never rounded.
    let page = reading.page(&long("1774.93449333333333"), None).await.expect("a page");
    assert_eq!((page.records().len(), page.rejected().len()), (0, 1));
    assert!(page.rejected()[0].reason.contains("1774.93449333333333"), "{}", page.rejected()[0].reason);
}

#[tokio::test]
async fn amounts_are_exact_and_the_tree_is_flat() {
    let body = include_str!("../fixtures/transactions.json");
    let double =
        Double::new(move |_, _| (200, vec![("content-type", "application/json".to_owned())], body.into()));
    let reading = reading("financial_transactions").since("2026-11-01T00:00:00Z");
    let page = reading.page(&double, None).await.expect("a page");
    assert!(page.rejected().is_empty(), "{:?}", page.rejected());
    let info = info(&reading.amazon, "financial_transactions");
    let amount = |text: &str| Cell::Amount(text.parse().expect("decimal"));
    assert_eq!(value(&page, &info, 0, "total"), amount("90071992547409.93"), "not a neighbor of it");
    assert_eq!(value(&page, &info, 0, "order_id"), Cell::Text("202-1".into()));
    let tree: Vec<_> = page.records()[0].children[1]
        .iter()
        .map(|row| (row[0].clone(), row[1].clone(), row[3].clone(), row[4].clone()))
        .collect();
    let text = |text: &str| Cell::Text(text.into());
    assert_eq!(
        tree,
        [
            (Cell::Null, text("Fees"), Cell::Boolean(true), amount("-1.90")),
            (Cell::Integer(0), text("Sales"), Cell::Boolean(false), amount("10")),
            (Cell::Integer(0), text("Sales/Principal"), Cell::Boolean(true), amount("10.00")),
        ]
    );
}

#[tokio::test]
async fn a_status_changes_the_row_and_not_its_key() {
    let keys_of = async |transactions: Vec<Value>| {
        let double = Double::new(move |_, _| answer(transactions.clone(), None));
        let reading = reading("financial_transactions").since("2026-11-01T00:00:00Z");
        keys(&[reading.page(&double, None).await.expect("a page")])
    };
    let deferred = keys_of(vec![transaction("DEFERRED", None)]).await;
    let released = keys_of(vec![transaction("DEFERRED_RELEASED", None)]).await;
    assert_eq!(deferred, released);
    assert!(deferred[0].starts_with("sha256:"));
    assert_eq!(keys_of(vec![transaction("RELEASED", Some("T-1"))]).await, ["T-1"]);
    let mut other = transaction("DEFERRED", None);
    other["totalAmount"]["currencyAmount"] = json!(8.11);
    let twins = keys_of(vec![transaction("DEFERRED", None), other, transaction("DEFERRED", None)]).await;
    assert_eq!(twins[0], deferred[0]);
    assert_eq!(twins[2], format!("{}#2", deferred[0]), "two that nothing tells apart are two");
    assert_ne!(twins[1], deferred[0]);
}

#[tokio::test]
async fn what_is_deferred_says_until_when() {
    let double = Double::new(|_, _| answer(vec![transaction("DEFERRED", Some("T"))], None));
    let reading = reading("financial_transactions").since("2026-11-01T00:00:00Z");
    let page = reading.page(&double, None).await.expect("a page");
    let info = info(&reading.amazon, "financial_transactions");
    assert_eq!(value(&page, &info, 0, "deferral_reason"), Cell::Text("DD7".into()));
    assert_eq!(
        value(&page, &info, 0, "matures_at"),
        Cell::Timestamp("2026-11-09T00:00:00Z".parse().expect("at"))
    );
}

#[test]
fn the_engine_is_told_to_reach_back() {
    let info = info(&ready().build().expect("valid"), "financial_transactions");
    let days = |days: u64| Some(std::time::Duration::from_secs(days * 86_400));
    assert_eq!((info.reread_window, info.max_window), (days(60), days(179)));
}
