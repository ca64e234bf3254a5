//! Pages, filters, cursors and what an answer could see.

use sentia_core::{ErrorKind, finding::Effect};

use super::*;

#[tokio::test]
async fn pages_follow_the_cursor_with_every_other_variable_unchanged() {
    let double = Double::new(|_, nth| match nth {
        0 => data(json!({"orders": connection([order(1), order(2)], Some("abc=="))})),
        1 => data(json!({"orders": connection([], Some("def=="))})),
        _ => data(json!({"orders": connection([order(3)], None)})),
    });
    let shop = ready().build().expect("valid");
    let info = info(&shop, "orders");
    let (mut next, mut keys) = (None, Vec::new());
    loop {
        let since = "2026-11-01T00:00:00.9Z".parse().ok();
        let request = Fetch::new(&info).changed_since(since).at(next.as_ref()).sized(Some(2));
        let page = shop.fetch(&double.context(), request).await.expect("a page");
        keys.extend(page.records().iter().map(|record| record.key.to_string()));
        match page.next() {
            Next::More(token) => next = Some(token.clone()),
            Next::Last => break,
            Next::Wait(..) => panic!("nothing to wait for"),
        }
    }
    assert_eq!(keys, ["gid://shopify/Order/1", "gid://shopify/Order/2", "gid://shopify/Order/3"]);
    let seen = double.seen();
    let variables: Vec<_> = seen.iter().map(|asked| asked.body["variables"].clone()).collect();
    let query = "updated_at:>='2026-11-01T00:00:00Z'";
    assert_eq!(variables[0], json!({"first": 2, "query": query}));
    assert_eq!(variables[1], json!({"first": 2, "query": query, "after": "abc=="}));
    assert_eq!(variables[2], json!({"first": 2, "query": query, "after": "def=="}));
    assert_eq!(seen[0].path, "/admin/api/2026-07/graphql.json");
    assert_eq!(seen[0].token, "ready-secret");
}

#[tokio::test]
async fn documents_are_the_bytes_of_the_page() {
    let odd = r#"{ "id":"gid:\/\/shopify\/Location\/1","updatedAt":"2026-11-01T10:00:00Z" ,"extra" : 1.50 }"#;
    let body = format!(
        r#"{{"data":{{"locations":{{"pageInfo":{{"hasNextPage":false}},"edges":[{{"node": {odd} }}]}}}}}}"#
    );
    let page = first(&Double::new(move |_, _| answer(&body)), "locations").await.expect("a page");
    assert_eq!(page.records()[0].document.body(), odd.as_bytes());
    assert_eq!(page.records()[0].key, "gid://shopify/Location/1");
}

#[tokio::test]
async fn a_bad_node_stops_no_other() {
    let nodes =
        [json!(null), json!({"id": null}), json!([1]), json!({"id": "x", "updatedAt": "2026"}), order(1)];
    let double = Double::new(move |_, _| data(json!({"orders": connection(nodes.clone(), None)})));
    let page = first(&double, "orders").await.expect("a page");
    assert_eq!(page.records().len(), 1);
    let keys: Vec<_> = page.rejected().iter().map(|rejected| rejected.key.as_deref()).collect();
    assert_eq!(keys, [None, None, None, Some("x")]);
}

#[tokio::test]
async fn a_list_that_would_never_end_is_refused() {
    let double = Double::new(|_, _| data(json!({"customers": connection([], Some("same"))})));
    let shop = ready().build().expect("valid");
    let page = fetch(&shop, &double, "customers", None).await.expect("the first is fine");
    let error = fetch(&shop, &double, "customers", Some(&token(&page))).await.expect_err("a circle");
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    let broken = json!({"pageInfo": {"hasNextPage": true, "endCursor": null}, "edges": []});
    let double = Double::new(move |_, _| data(json!({"customers": broken})));
    assert_eq!(
        first(&double, "customers").await.map_err(|e| e.kind()).err(),
        Some(ErrorKind::InvalidResponse)
    );
}

#[tokio::test]
async fn each_stream_has_its_own_filter() {
    let double = Double::new(|asked, _| match asked.operation() {
        "SentiaCustomers" => data(json!({"customers": connection([], None)})),
        "SentiaLocations" => data(json!({"locations": connection([], None)})),
        "SentiaInventoryLevels" => data(json!({"location": {"inventoryLevels": connection([], None)}})),
        "SentiaInventoryItems" => data(json!({"inventoryItems": connection([], None)})),
        "SentiaPayouts" => data(json!({"shopifyPaymentsAccount": {"payouts": connection([], None)}})),
        "SentiaBalanceTransactions" => {
            data(json!({"shopifyPaymentsAccount": {"balanceTransactions": connection([], None)}}))
        }
        other => panic!("{other}"),
    });
    let shop = ready().build().expect("valid");
    let since = "2026-11-01T23:59:59Z".parse().ok();
    for (stream, partition) in [
        ("customers", ""),
        ("locations", ""),
        ("inventory_levels", "gid://shopify/Location/7"),
        ("inventory_items", ""),
        ("payouts", ""),
        ("balance_transactions", ""),
    ] {
        let info = info(&shop, stream);
        let request = Fetch::new(&info).changed_since(since).of_partition(partition);
        drop(shop.fetch(&double.context(), request).await.expect("a page"));
    }
    let variables: Vec<_> = double.seen().iter().map(|asked| asked.body["variables"].clone()).collect();
    assert_eq!(variables[0], json!({"first": 100, "query": "updated_at:>='2026-11-01T00:00:00Z'"}));
    assert_eq!(variables[1], json!({"first": 100}));
    let levels = json!({"id": "gid://shopify/Location/7", "first": 250, "query": "updated_at:>='2026-11-01T23:59:59Z'"});
    assert_eq!(variables[2], levels);
    assert_eq!(variables[3], json!({"first": 250, "query": "updated_at:>='2026-11-01T23:59:59Z'"}));
    assert_eq!(variables[4], json!({"first": 250, "query": "issued_at:>='2026-11-01T23:59:59Z'"}));
    assert_eq!(variables[5], json!({"first": 250, "query": "processed_at:>='2026-11-01T23:59:59Z'"}));
}

#[tokio::test]
async fn a_location_that_is_gone_is_not_an_empty_one() {
    let double = Double::new(|_, _| data(json!({"location": null})));
    let error = first(&double, "inventory_levels").await.expect_err("would sweep its stock");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_shop_is_one_record() {
    let shop = json!({"id": "gid://shopify/Shop/1", "name": "Acme", "currencyCode": "GBP", "ianaTimezone": "Europe/London",
        "taxesIncluded": true, "plan": {"publicDisplayName": "Basic", "shopifyPlus": false}});
    let double = Double::new(move |_, _| data(json!({"shop": shop})));
    let page = first(&double, "shop").await.expect("a page");
    assert_eq!((page.records().len(), page.next()), (1, &Next::Last));
    let connector = ready().build().expect("valid");
    connector.check(&double.context()).await.expect("the cheapest call is the shop's");
}

#[tokio::test]
async fn scopes_and_served_version_are_the_read_scope() {
    let orders = || json!({"orders": connection([], None)});
    let page = first(&Double::new(move |_, _| data(orders())), "orders").await.expect("a page");
    assert_eq!(codes(&page), [""; 0], "nothing is hidden");
    assert!(
        text(&page).contains("\"api=2026-07 scopes=read_all_orders,read_orders,read_products\""),
        "{page:?}"
    );

    let fewer = Double::new(move |_, _| {
        let mut data = orders();
        data["currentAppInstallation"] = json!({"accessScopes": [{"handle": "read_orders"}]});
        (200, vec![("x-shopify-api-version", "2026-10")], json!({"data": data}).to_string())
    });
    let page = first(&fewer, "orders").await.expect("a page");
    assert!(text(&page).contains("\"api=2026-10 scopes=read_orders\""), "{page:?}");
    assert_eq!(codes(&page), ["last_60_days_only", "api_version_fell_forward"]);
}

#[tokio::test]
async fn what_a_filtered_list_hides_is_named() {
    let double = Double::new(|_, _| data(json!({"fulfillmentOrders": connection([], None)})));
    let page = first(&double, "fulfillment_orders").await.expect("any of the scopes opens the list");
    assert_eq!(codes(&page), ["merchant_managed_hidden", "third_party_hidden"]);
    assert!(
        page.found().iter().all(|found| found.effect == Effect::Hides && found.message.contains("grant"))
    );
}

fn customers(count: usize, updated: &str) -> Vec<Value> {
    let customer = |id| json!({"id": format!("gid://shopify/Customer/{id}"), "updatedAt": updated});
    (0..count).map(customer).collect()
}

#[tokio::test]
async fn a_long_list_is_cut_before_shopify_cuts_it() {
    let double = Double::new(|_, nth| {
        let updated = ["2026-11-01T00:10:00Z", "2026-11-03T12:00:00Z"][nth.min(1)];
        data(json!({"customers": connection(customers(2, updated), Some("next"))}))
    });
    let shop = ready().build().expect("valid");
    let walked = |token: &'static str| fetch(&shop, &double, "customers", Some(token));
    assert_eq!(token(&walked("19990 - abc").await.expect("a page")), "19992 - next");
    let cut = token(&walked("19998 - abc").await.expect("a page"));
    assert_eq!(cut, "0 1793706300000000 ", "begins anew 15 minutes before the oldest of the page");
    drop(fetch(&shop, &double, "customers", Some(&cut)).await.expect("a page"));
    let seen = double.seen();
    let query = json!("updated_at:>='2026-11-03T00:00:00Z'");
    assert_eq!(seen[2].body["variables"], json!({"first": 100, "query": query}));
    // On the same day the filter would be the same, so the walk goes on by cursor instead of in a circle.
    assert_eq!(
        token(&walked("20000 1793706300000000 abc").await.expect("a page")),
        "20002 1793706300000000 next"
    );
}

#[tokio::test]
async fn a_list_that_ends_at_the_wall_is_never_green() {
    let double = Double::new(|_, _| {
        data(json!({"customers": connection(customers(2, "2026-11-01T00:10:00Z"), None)}))
    });
    let shop = ready().build().expect("valid");
    assert!(fetch(&shop, &double, "customers", Some("24997 - abc")).await.is_ok());
    let error = fetch(&shop, &double, "customers", Some("24998 - abc")).await.expect_err("cut off");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

fn items(ids: &[u64], next: Option<&str>) -> Answer {
    let item = |id: &u64| json!({"id": format!("gid://shopify/InventoryItem/{id}"), "updatedAt": "2026-11-01T10:00:00Z"});
    data(json!({"inventoryItems": connection(ids.iter().map(item), next)}))
}

#[tokio::test]
async fn a_long_list_in_the_order_of_ids_is_cut_by_id() {
    let double = Double::new(|_, nth| match nth {
        0 => items(&[7, 9], Some("next")),
        1 => items(&[9, 12], Some("next")),
        2 => items(&[14, 12], Some("next")),
        _ => items(&[9], Some("next")),
    });
    let shop = ready().build().expect("valid");
    let since = 1_793_706_300_000_000_u64;
    let walked = async |place: String| {
        let page = fetch(&shop, &double, "inventory_items", Some(&place)).await.expect("a page");
        token(&page)
    };
    let cut = walked(format!("19998 {since} abc")).await;
    assert_eq!(cut, format!("0 {since}#9 "), "begins anew at the last id, which comes again");
    assert_eq!(walked(cut).await, format!("2 {since}#9 next"));
    let filter = "updated_at:>='2026-11-03T11:45:00Z' AND id:>=9";
    assert_eq!(double.seen()[1].body["variables"], json!({"first": 250, "query": filter}));
    // Out of order, a cut would lose the records between; at the same id it would walk in a circle.
    assert_eq!(walked("19998 - abc".to_owned()).await, "20000 - next");
    assert_eq!(walked("19999 -#9 abc".to_owned()).await, "20000 -#9 next");
}

#[tokio::test]
async fn a_shop_without_payments_has_no_payouts_and_one_that_loses_them_midway_is_an_error() {
    let double = Double::new(|_, _| data(json!({"shopifyPaymentsAccount": null})));
    let shop = ready().build().expect("valid");
    for stream in ["payouts", "balance_transactions"] {
        let page = fetch(&shop, &double, stream, None).await.expect("an empty list");
        assert_eq!((page.records().len(), page.next()), (0, &Next::Last));
        let error = fetch(&shop, &double, stream, Some("250 - abc")).await.expect_err("it was there before");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
