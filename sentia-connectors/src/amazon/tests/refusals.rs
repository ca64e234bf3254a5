//! Tokens and refusals, and what never shows.

use sentia_core::{ErrorKind, Status};

use super::*;

const EXPIRED: &str = "The access token you provided has expired.";

fn empty() -> Answer {
    ok(json!({"orders": []}))
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let double = Double::new(|asked, _| match asked.header("x-amz-access-token") {
        "Atza|1" => refused(403, EXPIRED),
        _ => empty(),
    });
    let reading = reading("orders").since("2026-11-20T08:00:00Z");
    drop(reading.page(&double, None).await.expect("renewed"));
    drop(reading.page(&double, None).await.expect("kept"));
    let grants = double.grants.lock().expect("not poisoned").clone();
    assert_eq!((grants.len(), double.seen().len()), (2, 3));
    let grant = &grants[0];
    assert_eq!((grant.host.as_str(), grant.method.as_str()), ("api.amazon.com", "POST"));
    let expected =
        "grant_type=refresh_token&refresh_token=Atzr%7Ccanary&client_id=app&client_secret=secret-canary";
    assert_eq!(grant.body, expected);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let double = Double::new(|_, _| refused(403, EXPIRED));
    let error = reading("orders").page(&double, None).await.expect_err("refused twice");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Status::Permanent));
    assert_eq!(double.seen().len(), 2);
}

#[tokio::test]
async fn a_missing_role_is_named_and_costs_no_renewal() {
    for (stream, role) in [
        ("orders", "Inventory and Order Tracking"),
        ("fba_inventory", "Product Listing"),
        ("financial_transactions", "Finance and Accounting"),
    ] {
        let double = Double::new(|_, _| refused(403, ""));
        let error = reading(stream).page(&double, None).await.expect_err("denied");
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.message().contains(role), "{error}");
        assert_eq!(double.grants.lock().expect("not poisoned").len(), 1);
    }
}

#[tokio::test]
async fn a_token_is_replaced_after_four_fifths_of_its_life() {
    let double = Double::new(|_, _| empty());
    let reading = reading("orders").since("2026-11-20T08:00:00Z");
    let grants = || double.grants.lock().expect("not poisoned").len();
    drop(reading.page(&double, None).await.expect("a page"));
    double.clock.advance(std::time::Duration::from_secs(2800));
    drop(reading.page(&double, None).await.expect("a page"));
    assert_eq!(grants(), 1);
    double.clock.advance(std::time::Duration::from_secs(60));
    drop(reading.page(&double, None).await.expect("a page"));
    assert_eq!(grants(), 2, "at {}", now(&double));
}

#[tokio::test]
async fn a_limit_waits_for_one_call_of_that_operation() {
    let double =
        Double::new(|_, _| status(429, json!({"errors": [{"code": "QuotaExceeded", "message": "m"}]})));
    let error = reading("orders").page(&double, None).await.expect_err("limited");
    assert_eq!((error.kind(), error.wait().map(|wait| wait.as_secs())), (ErrorKind::RateLimited, Some(178)));
}

#[tokio::test]
async fn answers_that_are_not_the_one_asked_for_are_typed() {
    let plain = |kind: &str, body: &'static str| (200, vec![("content-type", kind.to_owned())], body.into());
    for (answer, message) in [
        (plain("text/html", "<html>sign in</html>"), "other than JSON"),
        (plain("application/json", r#"{"orders":[{"orderId":"1"#), "not whole"),
        (plain("application/json", r#"{"payload":{"Orders":[]}}"#), "does not hold the list"),
        (plain("application/json", "[]"), "not whole"),
    ] {
        let double = Double::new(move |_, _| answer.clone());
        let error = reading("orders").page(&double, None).await.expect_err(message);
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::InvalidResponse, Status::Temporary),
            "{error:?}"
        );
        assert!(error.message().contains(message), "{error:?}");
    }
}

#[tokio::test]
async fn a_base_url_replaces_every_host() {
    let double = Double::new(|_, _| empty());
    let amazon = ready().base_url("http://127.0.0.1:9/proxy/").build().expect("valid");
    drop(Reading { amazon, ..reading("orders") }.page(&double, None).await.expect("a page"));
    let asked = &double.seen()[0];
    assert_eq!((asked.host.as_str(), asked.path.as_str()), ("127.0.0.1", "/proxy/orders/2026-01-01/orders"));
}

#[tokio::test]
async fn an_unknown_stream_or_token_is_an_error() {
    let double = Double::new(|_, _| empty());
    for stream in ["orders", "listings", "catalog_items", "financial_transactions", "settlements", "returns"]
    {
        let error = reading(stream).page(&double, Some("nonsense")).await.expect_err(stream);
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{stream}");
    }
    let amazon = ready().build().expect("valid");
    let unknown = StreamInfo::new("payouts");
    let error = amazon.fetch(&double.context(), Fetch::new(&unknown)).await.expect_err("unknown");
    assert_eq!((error.kind(), error.context_value("stream")), (ErrorKind::Unsupported, Some("payouts")));
}

#[tokio::test]
async fn no_secret_shows() {
    let double = Double::new(|_, _| refused(403, EXPIRED));
    let reading = reading("orders");
    let error = reading.page(&double, None).await.expect_err("refused");
    let printed = format!("{error} {error:?} {:?} {:?}", reading.amazon, double.context());
    for secret in ["secret-canary", "Atzr|canary", "Atza|"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn the_catalog_says_what_it_is_without_credentials() {
    let catalog = crate::amazon::catalog();
    catalog.validate().expect("names are identifiers");
    let names: Vec<_> = catalog.streams.iter().map(|stream| stream.name).collect();
    assert_eq!(
        names,
        [
            "marketplaces",
            "orders",
            "fba_inventory",
            "listings",
            "catalog_items",
            "financial_transactions",
            "settlements",
            "settlement_lines",
            "returns",
            "inventory_ledger",
        ]
    );
    assert!(catalog.streams.iter().all(|stream| !stream.description.is_empty()));
    let readme = include_str!("../README.md");
    for stream in &catalog.streams {
        for name in stream.children.iter().map(|child| child.name).chain([stream.name]) {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }
    let limit =
        sentia_core::transport::Limit::Operation { operation: "searchOrders", per_second: 0.0056, burst: 20 };
    assert!(catalog.limits.contains(&limit) && catalog.limits.len() == 11);
}
