//! Requests, pages and what is refused.

use std::collections::BTreeMap;

use sentia_core::{Connector, ErrorKind, Fetch, Status, page::Next, transport::Limit};

use super::*;

fn page(page: u32, count: u32, items: u32, invoices: &str) -> Answer {
    let paging = format!(r#"{{"page":{page},"pageSize":2,"pageCount":{count},"itemCount":{items}}}"#);
    json(200, format!(r#"{{"Status":"OK","pagination":{paging},"Invoices":[{invoices}]}}"#))
}

fn rows(count: usize) -> String {
    (0..count).map(|n| format!(r#"{{"InvoiceID":"i{n}"}}"#)).collect::<Vec<_>>().join(",")
}

fn query(request: &Request) -> BTreeMap<String, String> {
    request.url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn a_paged_read_says_everything_it_must() {
    let double = Double::new(|_, _| page(3, 3, 5, ""));
    let xero = ready().build().expect("valid");
    let (info, token) = (info(&xero, "invoices"), PageToken::from("3"));
    let since = "2026-03-01T00:00:00.999Z".parse().ok();
    let request = Fetch::new(&info).changed_since(since).at(Some(&token));
    drop(xero.fetch(&double.context(), request).await.expect("a page"));

    let sent = &double.seen()[0];
    assert_eq!(sent.url.as_str().split('?').next(), Some("https://api.xero.com/api.xro/2.0/Invoices"));
    assert!(sent.url.query().is_some_and(|query| query.contains("order=UpdatedDateUTC%20ASC")));
    let query = query(sent);
    let expected = [
        ("includeArchived", "true"),
        ("order", "UpdatedDateUTC ASC"),
        ("page", "3"),
        ("pageSize", "1000"),
        ("unitdp", "4"),
    ];
    assert_eq!(
        query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(),
        expected
    );
    let header = |name: &str| sent.headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header("if-modified-since"), Some("2026-03-01T00:00:00Z"), "never rounded up");
    assert_eq!(header("accept"), Some("application/json"));
    assert_eq!(header("xero-tenant-id"), Some("tenant-1"));
    assert_eq!(header("authorization"), Some("Bearer ready"));
    assert!(sent.headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn pages_follow_each_other_by_number_to_the_last() {
    let double = Double::new(|request, _| {
        let asked = query(request)["page"].parse().expect("a number");
        page(asked, 3, 5, &format!(r#"{{"InvoiceID":"{asked}a"}},{{"InvoiceID":"{asked}b"}}"#))
    });
    let xero = ready().build().expect("valid");
    let mut token: Option<String> = None;
    let mut keys = Vec::new();
    loop {
        let page = fetch(&xero, &double, "invoices", token.as_deref()).await.expect("a page");
        assert_eq!(page.count(), Some(5));
        assert!(format!("{page:?}").contains("Numbered"));
        keys.extend(page.records().iter().map(|record| record.key.to_string()));
        match page.next() {
            Next::More(next) => token = Some(next.0.clone()),
            next => break assert_eq!(*next, Next::Last),
        }
    }
    assert_eq!(keys, ["1a", "1b", "2a", "2b", "3a", "3b"]);
}

#[tokio::test]
async fn without_pagination_a_short_page_is_the_last() {
    let after = async |records: usize| {
        let double = Double::new(move |_, _| json(200, format!(r#"{{"Invoices":[{}]}}"#, rows(records))));
        fetch(&ready().build().expect("valid"), &double, "invoices", None)
            .await
            .expect("a page")
            .next()
            .clone()
    };
    assert_eq!(after(0).await, Next::Last);
    assert_eq!(after(99).await, Next::Last);
    assert_eq!(after(100).await, Next::More("2".into()), "xero did not take our page size");
    assert_eq!(after(999).await, Next::Last);
    assert_eq!(after(1000).await, Next::More("2".into()));
}

#[tokio::test]
async fn lists_that_are_not_paged_are_asked_for_once_and_whole() {
    let double = Double::new(|_, _| json(200, r#"{"Items":[{"ItemID":"a"},{"ItemID":"b"}]}"#));
    let xero = ready().build().expect("valid");
    let info = info(&xero, "items");
    let since = "2026-03-01T00:00:00Z".parse().ok();
    let page = xero.fetch(&double.context(), Fetch::new(&info).changed_since(since)).await.expect("a page");
    assert_eq!((page.next(), page.count(), page.records().len()), (&Next::Last, None, 2));
    assert_eq!(query(&double.seen()[0]).into_keys().collect::<Vec<_>>(), ["unitdp"]);
    assert!(!double.seen()[0].headers.contains_key("if-modified-since"), "items are compared as a whole");
}

#[tokio::test]
async fn the_page_size_is_the_callers_up_to_xeros_largest() {
    let xero = ready().build().expect("valid");
    let info = info(&xero, "contacts");
    for (asked, sent) in [(None, "1000"), (Some(50), "50"), (Some(5000), "1000")] {
        let double = Double::new(|_, _| json(200, r#"{"Contacts":[]}"#));
        drop(xero.fetch(&double.context(), Fetch::new(&info).sized(asked)).await.expect("a page"));
        assert_eq!(query(&double.seen()[0])["pageSize"], sent);
    }
}

#[tokio::test]
async fn answers_that_are_not_the_one_asked_for_are_refused() {
    for (token, answer, message) in [
        (Some("2"), page(1, 3, 5, ""), "another page"),
        (None, page(2, 3, 5, ""), "another page"),
        (None, json(200, r#"{"Contacts":[]}"#), "does not hold the list"),
        (None, json(200, r#"{"Invoices":{}}"#), "not an envelope with a list"),
        (None, json(200, r#"{"Invoices":null}"#), "not an envelope with a list"),
        (None, json(200, r#"{"Invoices":[],"pagination":{"page":"x"}}"#), "not an envelope"),
        (None, json(200, "[]"), "not an envelope"),
        (None, json(200, r#"{"Invoices":[{"InvoiceID":"a""#), "not whole"),
        (None, (200, vec![("content-type", "text/html")], "<html>".into()), "other than JSON"),
    ] {
        let double = Double::new(move |_, _| answer.clone());
        let error =
            fetch(&ready().build().expect("valid"), &double, "invoices", token).await.expect_err(message);
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::InvalidResponse, Status::Temporary),
            "{message}"
        );
        assert!(error.message().contains(message), "{error:?}");
    }
}

#[tokio::test]
async fn a_static_server_that_holds_one_page_is_fine() {
    let double = Double::new(|_, _| page(1, 1, 2, &rows(2)));
    let page = fetch(&ready().build().expect("valid"), &double, "invoices", None).await.expect("a page");
    assert_eq!((page.next(), page.records().len(), page.count()), (&Next::Last, 2, Some(2)));
}

#[tokio::test]
async fn an_unknown_stream_or_token_is_an_error() {
    let double = Double::new(|_, _| page(1, 1, 0, ""));
    let xero = ready().build().expect("valid");
    let error = fetch(&xero, &double, "invoices", Some("x")).await.expect_err("no number");
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    let error =
        xero.fetch(&double.context(), Fetch::new(&StreamInfo::new("journals"))).await.expect_err("unknown");
    assert_eq!((error.kind(), error.context_value("stream")), (ErrorKind::Unsupported, Some("journals")));
}

#[test]
fn it_says_what_it_is() {
    let info = ready().calls_per_day(1000).build().expect("valid").info();
    info.validate().expect("names are identifiers");
    assert!(info.limits.contains(&Limit::Concurrent(5)));
    let per = |seconds| std::time::Duration::from_secs(seconds);
    assert!(info.limits.contains(&Limit::Calls { calls: 60, per: per(60) }));
    assert!(info.limits.contains(&Limit::Calls { calls: 1000, per: per(86_400) }));
}

#[tokio::test]
async fn check_asks_for_the_organisation() {
    let double = Double::new(|_, _| json(200, r#"{"Organisations":[{"OrganisationID":"o"}]}"#));
    ready().build().expect("valid").check(&double.context()).await.expect("authorized");
    assert_eq!((double.count("/Organisation"), double.seen().len()), (1, 1));
}
