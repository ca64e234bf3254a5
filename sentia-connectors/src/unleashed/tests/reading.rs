//! Requests, pages and what is refused.

use secrecy::ExposeSecret;
use sentia_core::{
    ErrorKind, Status,
    page::Next,
    transport::{Limit, Pacing},
};

use super::*;

fn products(count: usize) -> Vec<String> {
    (0..count).map(|n| format!(r#"{{"Guid":"P{n}"}}"#)).collect()
}

/// Every page from the first, as the engine would ask for them.
async fn walk(unleashed: &Unleashed, double: &Double, stream: &str, size: u32) -> Result<Vec<Page>> {
    let info = info(unleashed, stream);
    let mut pages = Vec::new();
    let mut token: Option<PageToken> = None;
    loop {
        let request = Fetch::new(&info).at(token.as_ref()).sized(Some(size));
        let page = unleashed.fetch(&double.context(), request).await?;
        token = match page.next() {
            Next::More(token) => Some(token.clone()),
            _ => None,
        };
        pages.push(page);
        if token.is_none() {
            return Ok(pages);
        }
    }
}

fn keys(pages: &[Page]) -> Vec<&str> {
    pages.iter().flat_map(|page| page.records()).map(|record| record.key.as_str()).collect()
}

#[tokio::test]
async fn a_read_says_everything_it_must() {
    let double = Double::new(|request, _| paged(request, &products(0)));
    let unleashed = builder().client_type("acme/ops").build().expect("valid");
    let info = info(&unleashed, "products");
    let since = "2026-03-01T00:00:00.000999Z".parse().ok();
    let request = Fetch::new(&info).changed_since(since);
    drop(unleashed.fetch(&double.context(), request).await.expect("a page"));

    let expected = "/Products/1?pageSize=500&modifiedSince=2026-03-01T00:00:00.000\
                    &includeObsolete=true&includeAttributes=true&orderBy=LastModifiedOn";
    assert_eq!(double.asked(), [expected], "the bound is never rounded up");
    let sent = &double.seen()[0];
    let header = |name: &str| sent.headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header("accept"), Some("application/json"));
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("api-auth-id"), Some("AN-ID"));
    assert_eq!(header("client-type"), Some("acme/ops"));
    let signed = crate::signature::sign(&KEY.into(), sent.url.query().unwrap_or_default().as_bytes());
    assert_eq!(header("api-auth-signature"), Some(signed.expose_secret()));
    assert!(sent.headers["api-auth-signature"].is_sensitive());
}

#[tokio::test]
async fn every_stream_asks_for_what_unleashed_hides() {
    let double = Double::new(|request, _| paged(request, &[]));
    let unleashed = ready();
    for stream in unleashed.info().streams.iter().filter(|stream| stream.partitioned_by.is_none()) {
        drop(fetch(&unleashed, &double, stream.name, None).await.expect("a page"));
    }
    let asked = double.asked();
    let of = |path: &str| asked.iter().find(|asked| asked.starts_with(path)).expect(path).as_str();
    for path in ["/Warehouses/1?", "/Products/1?", "/Customers/1?", "/BillOfMaterials/1?"] {
        assert!(of(path).contains("includeObsolete=true"), "{path}");
    }
    assert!(of("/PurchaseOrders/1?").contains("brief=false"));
    assert!(of("/Invoices/1?").ends_with("pageSize=500"), "all but the deleted ones first");
    assert!(!asked.iter().any(|asked| asked.contains("page=")), "the page stands in the path");
}

#[tokio::test]
async fn pages_follow_each_other_to_the_count() {
    let double = Double::new(|request, _| paged(request, &products(5)));
    let pages = walk(&ready(), &double, "products", 2).await.expect("pages");
    assert_eq!(keys(&pages), ["p0", "p1", "p2", "p3", "p4"]);
    assert!(pages.iter().all(|page| page.count() == Some(5) && format!("{page:?}").contains("Numbered")));
    assert!(double.asked()[2].starts_with("/Products/3?pageSize=2&"), "{:?}", double.asked());
}

#[tokio::test]
async fn deleted_orders_are_asked_for_apart_and_counted_together() {
    let double = Double::new(|request, _| match query(request).get("orderStatus").map(String::as_str) {
        None => paged(
            request,
            &[
                r#"{"Guid":"A","OrderStatus":"Placed"}"#.to_owned(),
                r#"{"Guid":"B","OrderStatus":"Awaiting Paint"}"#.to_owned(),
                r#"{"Guid":"C","OrderStatus":"Completed"}"#.to_owned(),
            ],
        ),
        Some("Deleted") => paged(request, &[r#"{"Guid":"D","OrderStatus":"Deleted"}"#.to_owned()]),
        other => panic!("{other:?}"),
    });
    let pages = walk(&ready(), &double, "sales_orders", 2).await.expect("pages");
    assert_eq!(keys(&pages), ["a", "b", "c", "d"]);
    let counts: Vec<_> = pages.iter().map(Page::count).collect();
    assert_eq!(counts, [None, None, Some(4)], "what is counted for the whole is known at its end");
    let tokens: Vec<_> = pages.iter().map(|page| page.next().clone()).collect();
    assert_eq!(tokens[0], Next::More("page=2&items=3".into()));
    assert_eq!(tokens[1], Next::More("page=1&part=1&before=3".into()));
}

#[tokio::test]
async fn a_filter_that_is_not_understood_brings_nothing_twice() {
    let orders: Vec<String> = [("A", "Placed"), ("B", "Deleted"), ("C", "Completed")]
        .map(|(guid, status)| format!(r#"{{"Guid":"{guid}","InvoiceStatus":"{status}"}}"#))
        .into();
    let double = Double::new(move |request, _| match query(request).contains_key("invoiceStatus") {
        true => paged(request, &orders),
        false => paged(request, &[orders[0].clone(), orders[2].clone()]),
    });
    let pages = walk(&ready(), &double, "sales_invoices", 2).await.expect("pages");
    assert_eq!(keys(&pages), ["a", "c", "b"]);
    assert_eq!(pages.last().and_then(Page::count), Some(3));
}

#[tokio::test]
async fn a_count_that_moves_between_two_lists_pages_restarts_the_window() {
    let double = Double::new(|request, nth| {
        let orders: Vec<String> = (nth..5).map(|n| format!(r#"{{"Guid":"{n}"}}"#)).collect();
        paged(request, &orders)
    });
    let error = walk(&ready(), &double, "sales_invoices", 2).await.expect_err("moved");
    assert_eq!(error.kind(), ErrorKind::PositionExpired);
    assert_eq!((error.context_value("before"), error.context_value("now")), (Some("5"), Some("4")));
}

#[tokio::test]
async fn a_list_without_pagination_is_whole_and_not_counted() {
    let body = r#"{"Pagination":null,"Items":[{"Guid":"A"},{"Guid":"B"}]}"#;
    let double = Double::new(move |_, _| (200, body.to_owned()));
    let page = fetch(&ready(), &double, "bills_of_materials", None).await.expect("a page");
    assert_eq!((page.next(), page.count(), page.records().len()), (&Next::Last, None, 2));
    let pages = walk(&ready(), &double, "sales_orders", 200).await.expect("pages");
    assert_eq!(pages.iter().map(Page::count).collect::<Vec<_>>(), [None, None], "not counted by halves");
}

#[tokio::test]
async fn a_full_read_names_account_and_filters() {
    let double = Double::new(|request, _| paged(request, &products(1)));
    let page = fetch(&ready(), &double, "products", None).await.expect("a page");
    let shown = format!("{page:?}");
    assert!(shown.contains("list Products includeObsolete=true"), "{shown}");
    assert!(!shown.contains("AN-ID"), "the account is named by a digest");
}

#[tokio::test]
async fn a_refusal_after_a_success_may_be_the_quota() {
    let double = Double::new(|request, nth| match nth {
        0 => paged(request, &products(1)),
        _ => (403, String::new()),
    });
    let unleashed = ready();
    drop(fetch(&unleashed, &double, "products", None).await.expect("a page"));
    let error = fetch(&unleashed, &double, "products", None).await.expect_err("refused");
    assert_eq!((error.kind(), error.status()), (ErrorKind::QuotaExhausted, Status::Temporary));
    let first = fetch(&ready(), &double, "products", None).await.expect_err("refused at once");
    assert_eq!((first.kind(), first.status()), (ErrorKind::Unauthenticated, Status::Permanent));
    assert!(first.message().contains("calls may be spent"), "{first}");
}

#[tokio::test]
async fn an_unknown_stream_or_token_is_an_error() {
    let double = Double::new(|request, _| paged(request, &products(1)));
    let error = fetch(&ready(), &double, "products", Some("x")).await.expect_err("no place");
    assert_eq!(error.kind(), ErrorKind::PositionExpired);
    let quotes = StreamInfo::new("quotes");
    let error = ready().fetch(&double.context(), Fetch::new(&quotes)).await.expect_err("unknown");
    assert_eq!((error.kind(), error.context_value("stream")), (ErrorKind::Unsupported, Some("quotes")));
}

#[tokio::test]
async fn check_asks_for_one_warehouse() {
    let double = Double::new(|request, _| paged(request, &[r#"{"Guid":"W"}"#.to_owned()]));
    ready().check(&double.context()).await.expect("authorized");
    assert_eq!(double.asked(), ["/Warehouses/1?pageSize=1&includeObsolete=true"]);
}

#[test]
fn it_says_what_it_is() {
    let info = builder().monthly_calls(250_000).build().expect("valid").info();
    info.validate().expect("names are identifiers");
    assert!(info.limits.contains(&Limit::Concurrent(1)));
    let monthly = |limit: &Limit| matches!(limit, Limit::Calls { calls: 250_000, .. });
    assert!(info.limits.iter().any(monthly));
    assert_eq!(info.pacing, Pacing::Vendor);
}
