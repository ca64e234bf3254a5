//! Windows, bounds, pages and decoding of orders; marketplaces.

use sentia_core::{ErrorKind, Value as Cell};

use super::*;

fn orders(ids: &[&str], next: Option<&str>) -> Answer {
    let order =
        |id: &&str| json!({"orderId": id, "lastUpdatedTime": "2026-11-20T10:00:00Z", "orderItems": []});
    let orders: Vec<Value> = ids.iter().map(order).collect();
    ok(json!({
        "orders": orders,
        "pagination": {"nextToken": next},
        "lastUpdatedBefore": "2026-11-22T11:58:00Z",
    }))
}

#[tokio::test]
async fn an_increment_says_everything_it_must() {
    let double = Double::new(|_, _| orders(&["1"], None));
    let page = reading("orders").since("2026-11-20T08:00:00.5Z").page(&double, None).await.expect("a page");
    let asked = &double.seen()[0];
    assert_eq!(
        (asked.host.as_str(), asked.path.as_str()),
        ("sellingpartnerapi-eu.amazon.com", "/orders/2026-01-01/orders")
    );
    let query: Vec<_> = asked.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        query,
        [
            ("includedData", "FULFILLMENT,PROCEEDS,PROMOTION,CANCELLATION,PACKAGES,TAX"),
            ("lastUpdatedAfter", "2026-11-20T08:00:00.500Z"),
            ("marketplaceIds", UK),
            ("maxResultsPerPage", "100"),
        ],
        "no upper bound: amazon's own clock sets it"
    );
    assert_eq!(asked.header("x-amz-access-token"), "Atza|1");
    assert!(asked.headers["x-amz-access-token"].is_sensitive());
    assert_eq!(asked.header("x-amz-date"), "20261122T120000Z");
    assert!(asked.header("user-agent").starts_with("Sentia/"), "{}", asked.header("user-agent"));
    assert!(asked.body.is_empty(), "a GET with a body is refused");
    assert_eq!(asked.operation, "searchOrders");
    assert_eq!(page.bound(), "2026-11-22T11:58:00Z".parse().ok(), "the echoed bound");
}

#[tokio::test]
async fn without_an_echo_the_bound_is_the_vendors_clock_less_the_delay() {
    let double = Double::new(|_, _| ok(json!({"orders": []})));
    let page = reading("orders").since("2026-11-20T08:00:00Z").page(&double, None).await.expect("a page");
    assert_eq!(page.bound(), "2026-11-22T11:57:00Z".parse().ok());
}

#[tokio::test]
async fn history_is_cut_into_slices_and_only_the_last_bounds_the_window() {
    let double = Double::new(|asked, _| match asked.query("paginationToken") {
        "" => orders(&["a", "b"], Some("t+/= 1")),
        _ => orders(&["c"], None),
    });
    let pages = reading("orders").all(&double).await.expect("pages");
    let seen = double.seen();
    let spans: Vec<_> =
        seen.iter().step_by(2).map(|a| (a.query("lastUpdatedAfter"), a.query("lastUpdatedBefore"))).collect();
    assert_eq!(
        spans.first(),
        Some(&("2024-11-23T00:00:00Z", "2025-05-22T00:00:00Z")),
        "two years to tomorrow"
    );
    assert_eq!(spans.len(), 5);
    assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0), "{spans:?}");
    assert_eq!(spans[4].1, "", "the last one has no end");
    assert!(seen.iter().skip(1).step_by(2).all(|asked| asked.query("paginationToken") == "t+/= 1"));
    let bounds: Vec<_> = pages.iter().map(|page| page.bound().is_some()).collect();
    assert_eq!(bounds, [vec![false; 8], vec![true; 2]].concat());
}

#[tokio::test]
async fn a_page_token_that_grew_too_old_begins_its_slice_again() {
    let double = Double::new(|asked, _| match asked.query("paginationToken") {
        "old" => status(400, json!({"errors": [{"code": "InvalidInput", "message": "token expired"}]})),
        _ => orders(&["a"], None),
    });
    let reading = reading("orders").since("2026-11-20T08:00:00Z");
    let token = "2026-11-20T08:00:00Z 2026-11-23T00:00:00Z 2026-11-23T00:00:00Z old";
    let page = reading.page(&double, Some(token)).await.expect("from the slice's start");
    assert_eq!((page.records().len(), page.next()), (1, &Next::Last));
    let asked = double.seen();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].query("lastUpdatedAfter"), "2026-11-20T08:00:00Z");
}

#[tokio::test]
async fn personal_data_is_asked_for_by_name_alone() {
    let double = Double::new(|_, _| orders(&[], None));
    let amazon = ready().personal([crate::amazon::Personal::Recipient]).build().expect("valid");
    let reading = Reading { amazon, ..reading("orders") }.since("2026-11-20T08:00:00Z");
    let page = reading.page(&double, None).await.expect("a page");
    assert!(double.seen()[0].query("includedData").ends_with(",TAX,RECIPIENT"));
    assert!(format!("{page:?}").contains("RECIPIENT"), "it is part of the read's scope");
}

#[tokio::test]
async fn a_denial_of_personal_data_names_the_restricted_roles_too() {
    let double = Double::new(|_, _| refused(403, ""));
    let plain = reading("orders").page(&double, None).await.expect_err("denied");
    assert_eq!(plain.context_value("personal_data_needs"), None);
    let amazon = ready().personal([crate::amazon::Personal::Buyer]).build().expect("valid");
    let error = Reading { amazon, ..reading("orders") }.page(&double, None).await.expect_err("denied");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().contains("Inventory and Order Tracking"), "{error}");
    let needs = error.context_value("personal_data_needs").unwrap_or_default();
    assert!(needs.contains("Direct-to-Consumer Delivery") && needs.contains("Tax Invoicing"), "{needs}");
}

#[tokio::test]
async fn an_order_fills_its_columns_and_children() {
    let order = include_str!("../fixtures/order.json");
    let double = Double::new(move |_, _| {
        let body = format!(r#"{{"orders":[{order}],"pagination":{{}}}}"#);
        (200, vec![("content-type", "application/json".to_owned())], body.into())
    });
    let reading = reading("orders").since("2026-11-20T08:00:00Z");
    let page = reading.page(&double, None).await.expect("a page");
    assert_eq!(page.records()[0].document.body(), order, "the vendor's bytes");
    insta::assert_snapshot!(shown(&page, &info(&reading.amazon, "orders")));
}

/// Columns and children by name, those with a value.
fn shown(page: &Page, info: &StreamInfo) -> String {
    let mut lines = Vec::new();
    for record in page.records() {
        lines.push(format!("{} at {}", record.key, record.version.raw));
        let row = |columns: &[sentia_core::stream::Column], values: &[Cell]| {
            let cells = columns.iter().zip(values).filter(|(_, value)| **value != Cell::Null);
            cells.map(|(column, value)| format!("{}={value:?}", column.name)).collect::<Vec<_>>().join(" ")
        };
        lines.push(row(&info.columns, &record.values));
        for (child, rows) in info.children.iter().zip(&record.children) {
            lines
                .extend(rows.iter().map(|values| format!("{}: {}", child.name, row(&child.columns, values))));
        }
    }
    lines.join("\n")
}

#[tokio::test]
async fn a_pending_order_has_no_money_rather_than_none_of_it() {
    let double = Double::new(|_, _| {
        ok(json!({"orders": [{
            "orderId": "1", "createdTime": "2026-11-22T10:00:00Z", "lastUpdatedTime": "2026-11-22T10:00:00Z",
            "salesChannel": {"channelName": "NON_AMAZON"}, "fulfillment": {"fulfillmentStatus": "PENDING"},
            "orderItems": [{"orderItemId": "i", "quantityOrdered": 2, "product": {"asin": "B0"}}],
        }]}))
    });
    let reading = reading("orders").since("2026-11-20T08:00:00Z");
    let page = reading.page(&double, None).await.expect("a page");
    let info = info(&reading.amazon, "orders");
    for column in ["total", "item_total", "tax_total", "currency_code"] {
        assert_eq!(value(&page, &info, 0, column), Cell::Null, "{column}");
    }
    assert_eq!(value(&page, &info, 0, "channel"), Cell::Text("NON_AMAZON".into()));
    let item = &page.records()[0].children[0][0];
    assert_eq!((item[5].clone(), item[9].clone()), (Cell::Integer(2), Cell::Null));
}

#[tokio::test]
async fn what_cannot_be_read_is_held_under_its_key() {
    let double = Double::new(|_, _| {
        let bad =
            json!({"orderId": "2", "orderItems": [], "proceeds": {"grandTotal": {"amount": "0.00001"}}});
        let late = json!({"orderId": "3", "lastUpdatedTime": "yesterday", "orderItems": []});
        ok(json!({"orders": [{"orderId": "1", "orderItems": []}, bad, late, {"orderItems": []}]}))
    });
    let page = reading("orders").since("2026-11-20T08:00:00Z").page(&double, None).await.expect("a page");
    assert_eq!(page.records().len(), 1);
    let rejected: Vec<_> = page.rejected().iter().map(|held| held.key.as_deref()).collect();
    assert_eq!(rejected, [Some("2"), Some("3"), None]);
}

fn participation(id: &str, participating: bool) -> Value {
    json!({
        "marketplace": {"id": id, "name": "Amazon.co.uk", "countryCode": "GB", "defaultCurrencyCode": "GBP",
            "defaultLanguageCode": "en_GB", "domainName": "www.amazon.co.uk"},
        "participation": {"isParticipating": participating, "hasSuspendedListings": false},
        "storeName": "Acme",
    })
}

#[tokio::test]
async fn only_configured_marketplaces_are_kept() {
    let double = Double::new(|_, _| {
        ok(json!({"payload": [participation(UK, true), participation("A1PA6795UKMFR9", true)]}))
    });
    let pages = reading("marketplaces").all(&double).await.expect("pages");
    assert_eq!(keys(&pages), [UK]);
    assert_eq!(double.operations(), ["getMarketplaceParticipations"]);
}

#[tokio::test]
async fn a_marketplace_that_the_account_does_not_sell_in_is_named() {
    for payload in
        [json!([participation("A1PA6795UKMFR9", true)]), json!([participation(UK, false)]), json!([])]
    {
        let double = Double::new(move |_, _| ok(json!({"payload": payload})));
        let error = reading("marketplaces").page(&double, None).await.expect_err("not sold in");
        assert_eq!((error.kind(), error.context_value("marketplace")), (ErrorKind::ConfigInvalid, Some(UK)));
        assert!(error.message().contains("UK (A1F83G8C2ARO7P)"), "{error}");
    }
}

#[tokio::test]
async fn check_makes_the_cheapest_call() {
    let double = Double::new(|_, _| ok(json!({"payload": [participation(UK, true)]})));
    ready().build().expect("valid").check(&double.context()).await.expect("authorized");
    assert_eq!(double.operations(), ["getMarketplaceParticipations"]);
}
