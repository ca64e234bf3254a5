//! Nested lists are read to their end before the record is made.

use sentia_core::{ErrorKind, Value as Cell};

use super::*;

fn line(id: u64) -> Value {
    json!({"id": format!("gid://shopify/LineItem/{id}"), "quantity": 1})
}

#[tokio::test]
async fn order_lines_are_drained() {
    let double = Double::new(|asked, _| match (asked.operation(), asked.variable("after").as_str()) {
        ("SentiaOrders", _) => {
            let mut long = order(1);
            long["lineItems"] = connection([line(1), line(2)], Some("c2"));
            data(json!({"orders": connection([long, order(2)], None)}))
        }
        ("SentiaOrderLines", Some("c2")) => answer(
            r#"{"data":{"order": {"id":"gid://shopify/Order/1", "lineItems":{"pageInfo":{"hasNextPage":true,"endCursor":"c3"},"edges":[{"node":{"id":"gid://shopify/LineItem/3"}}]}} }}"#,
        ),
        ("SentiaOrderLines", Some("c3")) => {
            answer(json!({"data": {"order": {"lineItems": connection([line(4)], None)}}}))
        }
        other => panic!("{other:?}"),
    });
    let page = first(&double, "orders").await.expect("a page");
    let [long, short] = page.records() else { panic!("two orders") };
    let ids: Vec<_> = long.children[0].iter().map(|row| row[0].clone()).collect();
    assert_eq!(ids, [1, 2, 3, 4].map(|id| Cell::Text(format!("gid://shopify/LineItem/{id}").into())));
    let parts = long.document.parts().expect("two follow-up calls");
    let first_part = r#"[{"id":"gid://shopify/Order/1", "lineItems":{"pageInfo":{"hasNextPage":true,"#;
    assert!(parts.starts_with(first_part.as_bytes()), "{parts:?}");
    assert_eq!(serde_json::from_slice::<Vec<Value>>(parts).expect("an array").len(), 2);
    assert_eq!((short.document.parts(), short.children[0].len()), (None, 2));
    let asked = &double.seen()[1];
    assert_eq!(asked.body["variables"], json!({"id": "gid://shopify/Order/1", "first": 250, "after": "c2"}));
}

#[tokio::test]
async fn variants_and_the_lines_of_refunds_and_fulfillments_are_drained() {
    let double = Double::new(|asked, _| match asked.operation() {
        "SentiaProducts" => {
            let mut product = fixture(include_str!("../fixtures/product.json"));
            product["variants"]["pageInfo"] = json!({"hasNextPage": true, "endCursor": "v"});
            data(json!({"products": connection([product], None)}))
        }
        "SentiaProductVariants" => {
            answer(json!({"data": {"product": {"variants": connection([json!({"id": "v3"})], None)}}}))
        }
        "SentiaOrders" => {
            let mut order = order(1);
            order["refunds"][1]["refundLineItems"]["pageInfo"] =
                json!({"hasNextPage": true, "endCursor": "r"});
            order["fulfillments"][0]["fulfillmentLineItems"]["pageInfo"] =
                json!({"hasNextPage": true, "endCursor": "f"});
            data(json!({"orders": connection([order], None)}))
        }
        "SentiaRefundLines" => {
            assert_eq!(asked.variable("id"), "gid://shopify/Refund/2");
            answer(
                json!({"data": {"refund": {"refundLineItems": connection([json!({"quantity": 5})], None)}}}),
            )
        }
        "SentiaFulfillmentLines" => answer(
            json!({"data": {"fulfillment": {"fulfillmentLineItems": connection([json!({"quantity": 6})], None)}}}),
        ),
        other => panic!("{other}"),
    });
    let page = first(&double, "products").await.expect("a page");
    assert_eq!(page.records()[0].children[0].len(), 3);
    let page = first(&double, "orders").await.expect("a page");
    let rows: Vec<_> = page.records()[0].children.iter().map(Vec::len).collect();
    assert_eq!(rows, [2, 2, 3, 1, 2, 1]);
    assert_eq!(page.records()[0].children[2][2][4], Cell::Integer(5));
}

fn with_refunds(mut order: Value, count: usize) -> Value {
    let refund = order["refunds"][0].clone();
    order["refunds"] = Value::Array(vec![refund; count]);
    order
}

#[tokio::test]
async fn a_list_as_long_as_asked_for_is_read_again() {
    let double = Double::new(|asked, _| match asked.operation() {
        "SentiaOrders" => data(json!({"orders": connection([with_refunds(order(1), 10)], None)})),
        "SentiaOrderLists" => {
            assert_eq!(asked.first(), 250);
            answer(json!({"data": {"order": with_refunds(order(1), 11)}}))
        }
        other => panic!("{other}"),
    });
    let page = first(&double, "orders").await.expect("a page");
    assert_eq!(page.records()[0].children[1].len(), 11);
    assert_eq!(double.seen().len(), 2);
}

#[tokio::test]
async fn a_list_that_may_still_be_short_holds_its_order_back_and_no_other() {
    let double = Double::new(|asked, _| match asked.operation() {
        "SentiaOrders" => data(
            json!({"orders": connection([with_refunds(order(1), 10), order(2), with_refunds(order(3), 10)], None)}),
        ),
        _ if asked.variable("id") == "gid://shopify/Order/3" => answer(json!({"data": {"order": null}})),
        _ => answer(json!({"data": {"order": with_refunds(order(1), 250)}})),
    });
    let page = first(&double, "orders").await.expect("a page");
    assert_eq!(page.records()[0].key, "gid://shopify/Order/2");
    let held: Vec<_> =
        page.rejected().iter().map(|held| (held.key.as_deref(), held.rule.as_str(), &*held.reason)).collect();
    let short = "a list of 250 refunds, fulfillments or transactions may not be all of them";
    assert_eq!(held[0], (Some("gid://shopify/Order/1"), "complete", short));
    assert_eq!(held[1], (Some("gid://shopify/Order/3"), "complete", "order: it vanished while it was read"));
}

#[tokio::test]
async fn a_follow_up_that_fails_fails_the_page() {
    let double = Double::new(|asked, _| match asked.operation() {
        "SentiaOrders" => {
            let mut order = order(1);
            order["lineItems"]["pageInfo"] = json!({"hasNextPage": true, "endCursor": "c"});
            data(json!({"orders": connection([order], None)}))
        }
        _ => (503, Vec::new(), String::new()),
    });
    let error = first(&double, "orders").await.expect_err("half an order is none");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.context_value("record"), Some("gid://shopify/Order/1"));
}

#[tokio::test]
async fn a_nested_list_that_would_never_end_is_refused() {
    let double = Double::new(|asked, _| {
        let lines = connection([line(1)], Some("c"));
        match asked.operation() {
            "SentiaOrders" => {
                let mut order = order(1);
                order["lineItems"] = lines;
                data(json!({"orders": connection([order], None)}))
            }
            _ => answer(json!({"data": {"order": {"lineItems": lines}}})),
        }
    });
    assert_eq!(first(&double, "orders").await.map_err(|e| e.kind()).err(), Some(ErrorKind::InvalidResponse));
}
