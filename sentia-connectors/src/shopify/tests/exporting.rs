//! Exports by bulk operations: every state, every trap.

use sentia_core::{ErrorKind, Record, Route};

use super::*;

const OPERATION: &str = "gid://shopify/BulkOperation/7933223797042";
const SIGNED: &str =
    "https://storage.googleapis.com/shopify-tiers-assets-prod-us-east1/x-final?Signature=canary";

/// Shopify as far as a bulk operation sees it.
#[derive(Clone)]
struct Desk {
    /// The app's operations.
    known: Vec<Value>,
    /// What an order is answered.
    submitted: Value,
    /// What is said of the operation, poll by poll; the last stays.
    states: Vec<Value>,
    file: String,
    storage: u16,
    nodes: Value,
}

impl Default for Desk {
    fn default() -> Self {
        let submitted = json!({"bulkOperation": {"id": OPERATION, "status": "CREATED"}, "userErrors": []});
        let done = completed(0, 0, None);
        Desk {
            known: vec![],
            submitted,
            states: vec![done],
            file: String::new(),
            storage: 200,
            nodes: json!([]),
        }
    }
}

fn state(status: &str, code: Option<&str>) -> Value {
    json!({"id": OPERATION, "status": status, "errorCode": code, "objectCount": "7", "rootObjectCount": "3", "url": null})
}

fn completed(objects: usize, roots: usize, url: Option<&str>) -> Value {
    json!({"id": OPERATION, "status": "COMPLETED", "errorCode": null, "objectCount": objects.to_string(),
           "rootObjectCount": roots.to_string(), "url": url})
}

impl Desk {
    /// The desk once the operation has made this file of so many records.
    fn with(lines: &[Value], roots: usize) -> Self {
        // Slashes are escaped on the wire.
        let file: String = lines.iter().map(|line| line.to_string().replace('/', "\\/") + "\n").collect();
        Desk { states: vec![completed(lines.len(), roots, Some(SIGNED))], file, ..Desk::default() }
    }

    fn double(self) -> Double {
        let polls = std::sync::atomic::AtomicUsize::new(0);
        Double::new(move |asked, _| match asked.operation() {
            "SentiaScopes" => {
                let (status, mut headers, body) = data(json!({}));
                headers.push(("date", "Thu, 26 Nov 2026 10:00:00 GMT"));
                (status, headers, body)
            }
            "SentiaBulkOperations" => {
                let search = "created_at:>='2026-11-26T10:00:00Z' operation_type:query";
                assert_eq!(asked.variable("query"), search);
                data(json!({"bulkOperations": connection(self.known.clone(), None)}))
            }
            "SentiaBulkRun" => data(json!({"bulkOperationRunQuery": self.submitted})),
            "SentiaBulkStatus" => {
                assert_eq!(asked.variable("id"), OPERATION);
                let poll = polls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                data(json!({"bulkOperation": self.states[poll.min(self.states.len() - 1)]}))
            }
            "SentiaOrderParts" => data(json!({"nodes": self.nodes})),
            "" => {
                assert_eq!(asked.token, "", "the token does not travel to the storage");
                (self.storage, vec![("content-type", "application/jsonl")], self.file.clone())
            }
            other => panic!("{other}"),
        })
    }
}

async fn at(double: &Double, cx: &Context, stream: &str, token: Option<&PageToken>) -> Result<Page> {
    let shop = ready().build().expect("valid");
    let info = info(&shop, stream);
    shop.fetch(cx, Fetch::new(&info).by(Route::Export).at(token).sized(Some(2))).await.inspect_err(|error| {
        let text = format!("{error:?}");
        assert!(!text.contains("canary"), "{text}");
        let _ = double;
    })
}

/// Follows an export to its end. Gives its pages with records and the waits.
async fn export(double: &Double, stream: &str) -> Result<(Vec<Page>, Vec<u64>)> {
    let cx = double.context();
    let (mut token, mut pages, mut waits) = (None, Vec::new(), Vec::new());
    loop {
        let page = at(double, &cx, stream, token.as_ref()).await?;
        token = match page.next().clone() {
            Next::Wait(token, wait) => {
                waits.push(wait.as_secs());
                assert!(waits.len() < 400, "it waits for ever");
                Some(token)
            }
            next => {
                pages.push(page);
                match next {
                    Next::More(token) => Some(token),
                    _ => return Ok((pages, waits)),
                }
            }
        };
    }
}

fn count(double: &Double, operation: &str) -> usize {
    double.seen().iter().filter(|asked| asked.operation() == operation).count()
}

/// The lines that a bulk operation makes of an order as a page has it, its children first.
fn lines_of(order: &Value) -> Vec<Value> {
    let mut root = order.clone();
    let children = root["lineItems"]["edges"].as_array().expect("lines").clone();
    root.as_object_mut().expect("object").remove("lineItems");
    for list in ["refunds", "fulfillments"] {
        let ids = order[list].as_array().expect("a list").iter().map(|item| json!({"id": item["id"]}));
        root[list] = ids.collect();
    }
    let child = |edge: &Value| {
        let mut line = edge["node"].clone();
        line["__parentId"] = order["id"].clone();
        line
    };
    children.iter().map(child).chain([root]).collect()
}

/// An order whose lines have ids of the type's own.
fn plain(id: u64) -> Value {
    let mut order = order(id);
    for (at, edge) in order["lineItems"]["edges"].as_array_mut().expect("lines").iter_mut().enumerate() {
        edge["node"]["id"] = json!(format!("gid://shopify/LineItem/{id}{at}"));
    }
    order
}

fn without_paging(document: &[u8]) -> Value {
    let mut document: Value = serde_json::from_slice(document).expect("JSON");
    document["lineItems"]["pageInfo"]["endCursor"] = Value::Null;
    document
}

fn same(a: &Record, b: &Record) {
    assert_eq!((&a.key, &a.version, &a.values, &a.children), (&b.key, &b.version, &b.values, &b.children));
    assert_eq!(a.row_check(), b.row_check());
    assert_eq!(without_paging(a.document.body()), without_paging(b.document.body()), "equal in content");
}

#[tokio::test]
async fn an_exported_order_is_the_pages_order() {
    let orders = [plain(1), plain(2), plain(3)];
    let paged = Double::new({
        let orders = orders.clone();
        move |_, _| data(json!({"orders": connection(orders.clone(), None)}))
    });
    let paged = first(&paged, "orders").await.expect("a page");
    let lines: Vec<Value> = orders.iter().flat_map(lines_of).collect();
    let part = |order: &Value| json!({"id": order["id"], "refunds": order["refunds"], "fulfillments": order["fulfillments"]});
    let desk = Desk { nodes: orders.iter().map(part).collect(), ..Desk::with(&lines, 3) };
    let double = desk.double();
    let (pages, waits) = export(&double, "orders").await.expect("exported");
    assert_eq!(waits, [1, 5]);
    assert_eq!(
        pages.iter().map(|page| (page.records().len(), page.count())).collect::<Vec<_>>(),
        [(2, Some(3)), (1, Some(3))]
    );
    let mut exported: Vec<&Record> = pages.iter().flat_map(|page| page.records()).collect();
    exported.sort_by(|a, b| a.key.cmp(&b.key));
    exported.iter().zip(paged.records()).for_each(|(a, b)| same(a, b));
    let scope = |page: &Page| text(page).split("read_scope: ").nth(1).map(|rest| rest[..60].to_owned());
    assert_eq!(
        scope(&pages[0]),
        scope(&paged),
        "what can be seen is told alike, so a sweep may follow either"
    );

    let run = double.seen().into_iter().find(|asked| asked.operation() == "SentiaBulkRun").expect("ordered");
    assert!(run.variable("query").as_str().expect("text").starts_with("{ orders { edges { node { id "));
    assert_eq!(run.repeat, Repeat::Once, "a second sending would order a second operation");
    assert_eq!(
        (count(&double, "SentiaBulkRun"), count(&double, "SentiaOrderParts"), count(&double, "")),
        (1, 2, 1)
    );
}

#[tokio::test]
async fn products_and_customers_come_the_same() {
    let product = fixture(include_str!("../fixtures/product.json"));
    let mut root = product.clone();
    let variants = root.as_object_mut().expect("object").remove("variants").expect("variants");
    let variants = variants["edges"].as_array().expect("edges").iter().map(|edge| {
        let mut line = edge["node"].clone();
        line["__parentId"] = product["id"].clone();
        line
    });
    let lines: Vec<Value> = variants.chain([root]).collect();
    let customer = fixture(include_str!("../fixtures/customer.json"));
    for (stream, document, lines) in
        [("products", product, lines), ("customers", customer.clone(), vec![customer])]
    {
        let paged = Double::new(move |_, _| data(json!({stream: connection([document.clone()], None)})));
        let paged = first(&paged, stream).await.expect("a page");
        let (pages, _) = export(&Desk::with(&lines, 1).double(), stream).await.expect("exported");
        let (a, b) = (&pages[0].records()[0], &paged.records()[0]);
        assert_eq!((&a.key, &a.version, a.row_check()), (&b.key, &b.version, b.row_check()), "{stream}");
    }
}

#[tokio::test]
async fn nothing_is_a_success_without_an_address() {
    let (pages, _) = export(&Desk::default().double(), "customers").await.expect("exported");
    assert_eq!((pages.len(), pages[0].records().len(), pages[0].count()), (1, 0, Some(0)));
    let counted = Desk { states: vec![completed(3, 3, None)], ..Desk::default() };
    let error = export(&counted.double(), "customers").await.expect_err("three rows and no file");
    assert_eq!(error.kind(), ErrorKind::PositionExpired);
}

#[tokio::test]
async fn every_state_has_its_end() {
    use ErrorKind::*;
    for (status, code, kind, pause) in [
        ("EXPIRED", None, PositionExpired, None),
        ("CANCELED", None, PositionExpired, Some(60)),
        ("FAILED", Some("INTERNAL_SERVER_ERROR"), PositionExpired, Some(60)),
        ("FAILED", Some("TIMEOUT"), PositionExpired, Some(60)),
        ("FAILED", Some("ACCESS_DENIED"), PermissionDenied, None),
        ("FAILED", None, PositionExpired, Some(60)),
        ("SOMETHING_NEW", None, InvalidResponse, None),
    ] {
        let desk = Desk {
            states: vec![
                state("CREATED", None),
                state("RUNNING", None),
                state("CANCELING", None),
                state(status, code),
            ],
            ..Desk::default()
        };
        let error = export(&desk.double(), "orders").await.expect_err(status);
        assert_eq!(
            (error.kind(), error.wait().map(|wait| wait.as_secs())),
            (kind, pause),
            "{status} {code:?}"
        );
        assert_eq!(
            (error.context_value("operation"), error.context_value("objects")),
            (Some(OPERATION), Some("7"))
        );
    }
    let gone = Desk { states: vec![Value::Null], ..Desk::default() };
    assert_eq!(export(&gone.double(), "orders").await.map(drop).map_err(|e| e.kind()), Err(PositionExpired));
}

#[tokio::test]
async fn a_denied_export_names_the_scope() {
    let denied = Desk { states: vec![state("FAILED", Some("ACCESS_DENIED"))], ..Desk::default() };
    let error = export(&denied.double(), "customers").await.expect_err("denied");
    assert_eq!(error.context_value("scope"), Some("read_customers"));
}

#[tokio::test]
async fn waits_double_and_end_after_a_day() {
    let stuck = Desk { states: vec![state("RUNNING", None)], ..Desk::default() };
    let double = stuck.double();
    let error = export(&double, "orders").await.expect_err("it never ends");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, sentia_core::Status::Exhausted));
    assert_eq!((count(&double, "SentiaBulkRun"), count(&double, "SentiaBulkStatus")), (1, 289));
}

fn known(status: &str, created: &str, query: &str) -> Value {
    json!({"id": OPERATION, "status": status, "createdAt": created, "query": query})
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_again() {
    let query = "{ customers { edges { node { id legacyResourceId createdAt updatedAt state tags numberOfOrders \
                 amountSpent { amount currencyCode } defaultAddress { countryCodeV2 provinceCode } } } } }";
    let later = "2026-11-26T10:00:02Z";
    for (known, orders) in [
        (known("CREATED", later, query), 0),
        (known("RUNNING", later, &query.replace(' ', "\n  ")), 0),
        (known("COMPLETED", later, query), 0),
        (known("FAILED", later, query), 1),
        (known("CANCELED", later, query), 1),
        // Of the second of the window's own begin or older: another window's, with data from before this one's bound.
        (known("RUNNING", "2026-11-26T10:00:00Z", query), 1),
        (known("RUNNING", later, "{ customers { edges { node { id } } } }"), 1),
    ] {
        let double = Desk { known: vec![known.clone()], ..Desk::default() }.double();
        export(&double, "customers").await.expect("exported");
        assert_eq!(count(&double, "SentiaBulkRun"), orders, "{known}");
    }
}

#[tokio::test]
async fn a_taken_place_is_waited_for_and_a_lost_answer_looked_for() {
    let busy = |code: &str| json!({"bulkOperation": null, "userErrors": [{"field": null, "message": "in progress", "code": code}]});
    for code in ["OPERATION_IN_PROGRESS", "LIMIT_REACHED"] {
        let double = Desk { submitted: busy(code), ..Desk::default() }.double();
        let error = export(&double, "orders").await.expect_err("for ever busy");
        assert_eq!((error.kind(), count(&double, "SentiaBulkRun")), (ErrorKind::RateLimited, 31));
    }
    let double = Desk { submitted: busy("INVALID"), ..Desk::default() }.double();
    let error = export(&double, "orders").await.expect_err("refused");
    assert_eq!((error.kind(), error.context_value("vendor")), (ErrorKind::Unsupported, Some("in progress")));

    let desk = Desk::default().double();
    let lost = Double::new(move |asked, nth| match asked.operation() {
        "SentiaBulkRun" => (503, Vec::new(), String::new()),
        _ => (desk.answer)(asked, nth),
    });
    let error = export(&lost, "orders").await.expect_err("never answered");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        (count(&lost, "SentiaBulkRun"), count(&lost, "SentiaBulkOperations")),
        (4, 4),
        "looked for before each order"
    );
}

fn customers(count: u64) -> Vec<Value> {
    let customer = |id| {
        let mut customer = fixture(include_str!("../fixtures/customer.json"));
        customer["id"] = json!(format!("gid://shopify/Customer/{id}"));
        customer
    };
    (1..=count).map(customer).collect()
}

#[tokio::test]
async fn a_file_that_does_not_add_up_is_fetched_again_and_then_given_up() {
    let whole = Desk::with(&customers(3), 3);
    for desk in [
        Desk { states: vec![completed(6, 3, Some(SIGNED))], ..whole.clone() },
        Desk { states: vec![completed(3, 4, Some(SIGNED))], ..whole.clone() },
        Desk { file: whole.file[..whole.file.len() - 30].to_owned(), ..whole.clone() },
        Desk { storage: 403, ..whole.clone() },
        Desk { storage: 404, ..whole.clone() },
    ] {
        let double = desk.double();
        let error = export(&double, "customers").await.expect_err("not whole");
        assert_eq!(error.kind(), ErrorKind::PositionExpired, "{error:?}");
        assert!(error.context_value("reason").is_some(), "{error:?}");
        assert_eq!(count(&double, ""), 2);
    }
    let elsewhere = "https://169.254.169.254/latest?Signature=canary";
    let desk = Desk { states: vec![completed(3, 3, Some(elsewhere))], ..whole };
    let double = desk.double();
    let error = export(&double, "customers").await.expect_err("not the storage");
    assert_eq!(
        (error.kind(), error.context_value("host"), count(&double, "")),
        (ErrorKind::InvalidResponse, Some("169.254.169.254"), 0)
    );
}

#[tokio::test]
async fn a_restart_reads_on_in_the_same_result() {
    let double = Desk::with(&customers(5), 5).double();
    let (pages, _) = export(&double, "customers").await.expect("exported");
    let Next::More(token) = pages[0].next() else { panic!("more follow") };
    assert!(!token.0.contains("Signature"), "{token:?}");
    // Another process has no file: it asks after the operation and downloads its result again.
    let page = at(&double, &double.context(), "customers", Some(token)).await.expect("reads on");
    let keys = |page: &Page| page.records().iter().map(|record| record.key.clone()).collect::<Vec<_>>();
    assert_eq!((keys(&page), page.next()), (keys(&pages[1]), pages[1].next()));
    assert_eq!((count(&double, "SentiaBulkRun"), count(&double, "")), (1, 2));

    for gone in [state("EXPIRED", None), completed(9, 9, Some(SIGNED)), Value::Null] {
        let double = Desk { states: vec![gone], ..Desk::default() }.double();
        let error = at(&double, &double.context(), "customers", Some(token)).await.expect_err("gone");
        assert_eq!(error.kind(), ErrorKind::PositionExpired);
    }
    let other = PageToken::from("bulk0 rows x 1 1 1 api");
    let error = at(&double, &double.context(), "customers", Some(&other)).await.expect_err("another layout");
    assert_eq!(error.kind(), ErrorKind::PositionExpired);
}

#[tokio::test]
async fn scopes_that_change_while_it_runs_make_it_worthless() {
    let double = Desk::with(&customers(1), 1).double();
    let changed = Double::new({
        let double = double.clone();
        move |asked, nth| {
            let (status, headers, body) = (double.answer)(asked, nth);
            let is_poll = asked.operation() == "SentiaBulkStatus";
            (status, headers, if is_poll { body.replace("read_all_orders", "read_themes") } else { body })
        }
    });
    let error = export(&changed, "customers").await.expect_err("changed");
    assert_eq!(error.kind(), ErrorKind::PositionExpired);
    assert!(error.message().contains("scopes"), "{error:?}");
}

#[tokio::test]
async fn an_order_that_vanished_meanwhile_is_held_back() {
    let lines = [lines_of(&plain(1)), lines_of(&plain(2))].concat();
    let second = plain(2);
    let nodes = json!([null, {"id": second["id"], "refunds": second["refunds"], "fulfillments": second["fulfillments"]}]);
    let (pages, _) =
        export(&Desk { nodes, ..Desk::with(&lines, 2) }.double(), "orders").await.expect("exported");
    assert_eq!(pages[0].records()[0].key, "gid://shopify/Order/2");
    let held = &pages[0].rejected()[0];
    assert_eq!((held.key.as_deref(), held.rule.as_str()), (Some("gid://shopify/Order/1"), "complete"));
}

#[tokio::test]
async fn the_size_is_what_shopify_counts() {
    let double = Double::new(|asked, _| match asked.operation() {
        "SentiaProductsCount" => {
            answer(json!({"data": {"productsCount": {"count": 10_000, "precision": "AT_LEAST"}}}))
        }
        "SentiaOrdersCount" => answer(json!({"data": {"ordersCount": {"count": 5, "precision": "EXACT"},
            "currentAppInstallation": {"accessScopes": [{"handle": "read_orders"}]}}})),
        "SentiaCustomersCount" => answer(json!({"data": {"customersCount": null}})),
        other => panic!("{other}"),
    });
    let shop = ready().build().expect("valid");
    let size = async |stream| shop.size(&double.context(), &info(&shop, stream)).await.expect("counted");
    assert_eq!(
        (size("products").await, size("customers").await, size("locations").await),
        (Some(10_000), None, None)
    );
    assert_eq!(
        size("orders").await,
        None,
        "without read_all_orders the list is shorter than what is counted"
    );
    let exported = |stream| info(&shop, stream).export.map(|export| export.from_records);
    assert_eq!((exported("products"), exported("locations")), (Some(10_000), None));
}
