//! Shopify's published Admin schemas: graphql-js judges the queries and answers them with values of their types.

use sentia::{
    Evidence, Mode, Outcome, Pipeline, Route, RunReport, Store,
    connectors::{
        Shopify,
        shopify::{QUERIES, bulk_queries},
    },
    transport::Pacing,
};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{
    documents::{amounts_are_true, stored},
    server::{Server, program},
};
use crate::database::{Database, Kind};

const VERSIONS: [&str; 3] = ["2026-04", "2026-07", "2026-10"];

/// The version that the connector asks for unless it is told otherwise.
const PINNED: &str = "2026-07";

/// How many rows each table has. The server has three of everything at the root, of a nested connection one more
/// than its first page shows, and of a list without a cursor twelve; so a right count says that each follow-up query
/// was asked, answered and decoded.
fn rows() -> [(&'static str, u64); 22] {
    let returns = 3 * (shown("returns", "returns") + 1);
    let (refunds, fulfillments) = (sized("refunds"), sized("fulfillments"));
    [
        ("shopify_shop", 1),
        ("shopify_locations", 3),
        ("shopify_products", 3),
        ("shopify_product_variants", 3 * (shown("products", "variants") + 1)),
        ("shopify_customers", 3),
        ("shopify_orders", 3),
        ("shopify_order_lines", 3 * (shown("orders", "lineItems") + 1)),
        ("shopify_refunds", 3 * refunds),
        ("shopify_refund_lines", 3 * refunds * (shown("orders", "refundLineItems") + 1)),
        ("shopify_fulfillments", 3 * fulfillments),
        ("shopify_fulfillment_lines", 3 * fulfillments * (shown("orders", "fulfillmentLineItems") + 1)),
        ("shopify_order_transactions", 3 * sized("transactions")),
        ("shopify_inventory_items", 3),
        ("shopify_draft_orders", 3),
        ("shopify_draft_order_lines", 3 * (shown("draft_orders", "lineItems") + 1)),
        ("shopify_fulfillment_orders", 3),
        ("shopify_fulfillment_order_lines", 3 * (shown("fulfillment_orders", "lineItems") + 1)),
        ("shopify_returns", returns),
        ("shopify_return_lines", returns * (shown("returns", "returnLineItems") + 1)),
        ("shopify_payouts", PAGE + 1),
        ("shopify_balance_transactions", PAGE + 1),
        ("shopify_inventory_levels", 3 * (PAGE + 1)),
    ]
}

/// The length of a list in an order, which its query must not take for the whole.
fn sized(list: &str) -> u64 {
    assert!(shown("orders", list) < 12, "the server has too few {list} to tell");
    12
}

/// How many members of `list` a query asks for.
fn shown(query: &str, list: &str) -> u64 {
    let (_, text) = QUERIES.iter().find(|(name, _)| *name == query).expect("a query");
    let (_, rest) = text.split_once(&format!(" {list}(first: ")).expect("a sized list");
    rest.split_once(')').expect("a number").0.parse().expect("a number")
}

/// Records a page at most; three are two pages.
const PAGE: u64 = 2;

/// Records over all streams: the shop, seven lists of the root, the returns of three orders, the payments account's two
/// lists, and the stock of three locations.
fn records() -> u64 {
    1 + 7 * 3 + 3 * (shown("returns", "returns") + 1) + 2 * (PAGE + 1) + 3 * (PAGE + 1)
}

/// What the published schemas say to some queries; `None` where nobody can be asked.
async fn judged(queries: &Value) -> Option<Value> {
    let mut process = program("validate-queries.mjs")?.spawn().expect("node starts");
    let mut input = process.stdin.take().expect("it is piped");
    input.write_all(queries.to_string().as_bytes()).await.expect("it reads");
    drop(input);
    let output = process.wait_with_output().await.expect("it ends");
    let judgement: Value = serde_json::from_slice(&output.stdout).expect("a judgement");
    let is_clean = judgement["errors"].as_array().is_some_and(Vec::is_empty);
    assert_eq!(output.status.code(), Some(if is_clean { 0 } else { 1 }), "{judgement}");
    Some(judgement)
}

#[tokio::test]
async fn every_query_is_valid_in_every_published_version() {
    let mut queries: Vec<_> =
        QUERIES.iter().map(|(name, query)| json!({ "name": name, "query": query })).collect();
    queries.extend(bulk_queries().iter().map(|(name, query)| json!({ "name": name, "query": query })));
    let checked = queries.len();
    let Some(judgement) = judged(&queries.into()).await else { return };
    assert_eq!(judgement, json!({ "checked": checked, "versions": VERSIONS, "errors": [] }));
    assert!(QUERIES.len() > 10);

    // And the judge does refuse: a field that no version knows, and a required argument left out.
    let wrong = ["query A { shop { id novelty } }", "query B { order { id } }"];
    let queries: Vec<_> = wrong.iter().map(|query| json!({ "name": "wrong", "query": query })).collect();
    let judgement = judged(&queries.into()).await.expect("it could be asked before");
    let refused = |version: &str| {
        let errors = judgement["errors"].as_array().expect("errors").iter();
        errors.filter(|error| error["version"] == version).count()
    };
    assert_eq!(VERSIONS.map(refused), [2, 2, 2], "{judgement}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_with_every_field_decode() {
    decodes(PINNED, "present", &[Kind::Sqlite, Kind::Postgres]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_with_every_optional_field_null_decode() {
    decodes(PINNED, "null", &[Kind::Sqlite, Kind::Postgres]).await;
}

/// Shopify serves a newer version once the pinned one ran out, and versions differ in what may be null.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_the_versions_around_it_decode() {
    for version in VERSIONS.into_iter().filter(|version| *version != PINNED) {
        decodes(version, "null", &[Kind::Sqlite]).await;
    }
}

async fn decodes(version: &str, optional: &str, kinds: &[Kind]) {
    let options = ["--version", version, "--optional", optional];
    let Some(server) = Server::start("serve-shopify.mjs", &options).await else { return };
    for kind in kinds {
        eprintln!("version {version} on {kind:?}");
        if let Some(database) = Database::fresh(*kind).await {
            every_record_is_stored(&server, version, &database).await;
            has_parts_and_nulls(&database, optional).await;
        }
    }
}

fn shop(server: &Server, version: &str, store: &Store) -> Pipeline {
    let shop = Shopify::builder().shop("acme.myshopify.com").access_token("a-fixed-access-token");
    let shop = shop.base_url(&server.url).api_version(version).pacing(Pacing::Off);
    // The server's counts are any numbers: the route is not to be chosen by them.
    Pipeline::new(shop.build().expect("valid settings"), store.clone())
        .page_size(PAGE as u32)
        .route(Route::Pages)
}

async fn every_record_is_stored(server: &Server, version: &str, database: &Database) {
    let store = database.store().await;
    for (mode, is_new) in [(Mode::Incremental, true), (Mode::Incremental, false), (Mode::Full, false)] {
        let report = shop(server, version, &store).mode(mode).run().await.expect("reads");
        is_proved(&report);
        let counts = report.counts();
        let expected = if is_new { (records(), 0) } else { (0, records()) };
        assert_eq!((counts.inserted, counts.unchanged), expected, "{report:#?}");
        holds_every_row(database).await;
        let verified = store.verify().await.expect("verifies");
        assert!(verified.holds() && verified.rows == records(), "{verified:#?}");
    }
}

fn is_proved(report: &RunReport) {
    assert_eq!((report.outcome(), report.streams().len()), (Outcome::Complete, 12), "{report:#?}");
    assert_eq!((report.counts().read, report.counts().quarantined), (records(), 0), "{report:#?}");
    let mut certificates = report.streams().iter().flat_map(|stream| &stream.certificates);
    assert!(
        certificates.all(|proof| (proof.evidence, proof.attempt) == (Evidence::Walked, 1)),
        "{report:#?}"
    );
}

async fn holds_every_row(database: &Database) {
    for (table, rows) in rows() {
        assert_eq!(database.count(table).await, rows, "{table}");
    }
    amounts_are_true(database, "shopify_orders", "total", "/totalPriceSet/shopMoney/amount").await;
    amounts_are_true(
        database,
        "shopify_orders",
        "presentment_total",
        "/totalPriceSet/presentmentMoney/amount",
    )
    .await;
    amounts_are_true(database, "shopify_customers", "amount_spent", "/amountSpent/amount").await;
    amounts_are_true(database, "shopify_draft_orders", "total", "/totalPriceSet/shopMoney/amount").await;
    amounts_are_true(database, "shopify_payouts", "charges_fee", "/summary/chargesFee/amount").await;
    amounts_are_true(database, "shopify_balance_transactions", "fee", "/fee/amount").await;
}

/// The documents are as full, or as empty, as the test thinks they are.
async fn has_parts_and_nulls(database: &Database, optional: &str) {
    for document in stored(database, "shopify_orders").await {
        let order: Value = serde_json::from_str(&document).expect("a document");
        let is_null = |member: &str| order.get(member).expect("it was asked for").is_null();
        let optional_members =
            ["customer", "cancelledAt", "poNumber", "shippingAddress", "displayFinancialStatus"];
        assert_eq!(optional_members.map(is_null), [optional == "null"; 5], "{document}");
        assert!(!is_null("totalPriceSet"));
    }
    let parts = database.rows("SELECT document_parts FROM shopify_orders").await;
    assert!(
        parts.iter().all(|row| row[0].starts_with("[{\"id\":")),
        "the follow-up answers are kept: {parts:.200?}"
    );
}
