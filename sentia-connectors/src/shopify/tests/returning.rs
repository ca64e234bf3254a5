//! Returns are read under their orders, and every one is a record of its own.

use sentia_core::{ErrorKind, Value as Cell};

use super::*;

/// The fixture's return under another id.
fn parcel(id: u64) -> Value {
    let mut parcel = fixture(include_str!("../fixtures/return.json"));
    parcel["id"] = json!(format!("gid://shopify/Return/{id}"));
    parcel
}

fn owner(id: u64, updated: &str, returns: Value) -> Value {
    json!({"id": format!("gid://shopify/Order/{id}"), "updatedAt": updated, "returns": returns})
}

const NOON: &str = "2026-11-01T12:00:00Z";

#[tokio::test]
async fn returns_and_their_lines_are_drained() {
    let double = Double::new(|asked, _| match (asked.operation(), asked.variable("after").as_str()) {
        ("SentiaReturns", _) => data(json!({"orders": connection(
            [owner(1, NOON, connection([parcel(1)], Some("r"))), owner(2, NOON, connection([], None))],
            None,
        )})),
        ("SentiaOrderReturns", Some("r")) => {
            assert_eq!(asked.variable("id"), "gid://shopify/Order/1");
            let mut long = parcel(2);
            long["returnLineItems"]["pageInfo"] = json!({"hasNextPage": true, "endCursor": "l"});
            answer(
                json!({"data": {"order": {"id": "gid://shopify/Order/1", "returns": connection([long], None)}}}),
            )
        }
        ("SentiaReturnLines", Some("l")) => {
            assert_eq!(asked.variable("id"), "gid://shopify/Return/2");
            let line = json!({"id": "gid://shopify/ReturnLineItem/3", "quantity": 4});
            answer(
                json!({"data": {"return": {"id": "gid://shopify/Return/2", "returnLineItems": connection([line], None)}}}),
            )
        }
        other => panic!("{other:?}"),
    });
    let page = first(&double, "returns").await.expect("a page");
    let keys: Vec<_> = page.records().iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["gid://shopify/Return/1", "gid://shopify/Return/2"]);
    assert_eq!(page.records()[0].children[0].len(), 2);
    let [.., last] = page.records()[1].children[0].as_slice() else { panic!("lines") };
    assert_eq!((page.records()[1].children[0].len(), &last[5]), (3, &Cell::Integer(4)));
    assert_eq!(page.records()[0].document.body(), parcel(1).to_string().as_bytes());
}

#[tokio::test]
async fn an_order_that_cannot_be_read_is_held_and_stops_no_other() {
    let double = Double::new(|asked, _| match asked.operation() {
        "SentiaReturns" => data(json!({"orders": connection(
            [
                json!({"id": "gid://shopify/Order/1", "updatedAt": NOON}),
                owner(2, NOON, connection([json!({"id": "gid://shopify/Return/2"}), parcel(3)], None)),
                owner(4, NOON, connection([], Some("r"))),
            ],
            None,
        )})),
        _ => answer(json!({"data": {"order": null}})),
    });
    let page = first(&double, "returns").await.expect("a page");
    assert_eq!(page.records()[0].key, "gid://shopify/Return/3");
    let held: Vec<_> = page.rejected().iter().map(|held| (held.key.as_deref(), held.rule.as_str())).collect();
    assert_eq!(held, [(None, "decode"), (Some("gid://shopify/Return/2"), "decode"), (None, "complete")]);
}

#[tokio::test]
async fn the_walk_is_cut_by_the_times_of_the_orders() {
    let double = Double::new(|_, _| {
        let orders =
            [owner(1, NOON, connection([], None)), owner(2, "2026-11-01T11:00:00Z", connection([], None))];
        data(json!({"orders": connection(orders, Some("next"))}))
    });
    let shop = ready().build().expect("valid");
    let page = fetch(&shop, &double, "returns", Some("19998 - abc")).await.expect("a page");
    let quarter_to: DateTime<chrono::Utc> = "2026-11-01T10:45:00Z".parse().expect("a time");
    assert_eq!(token(&page), format!("0 {} ", quarter_to.timestamp_micros()));
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let double = Double::new(|_, _| {
        let extensions = json!({"code": "ACCESS_DENIED", "requiredAccess": "`read_returns` access scope."});
        let error = json!({"message": "Access denied for returns field.", "extensions": extensions});
        answer(json!({"data": {"orders": {"edges": []}}, "errors": [error]}))
    });
    let error = first(&double, "returns").await.expect_err("refused");
    assert_eq!(
        (error.kind(), error.context_value("scope")),
        (ErrorKind::PermissionDenied, Some("read_returns"))
    );
}
