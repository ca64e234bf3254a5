//! Shopify's bulk operations from the twin into both databases: the same tables by both routes, adopted by a restart.

use std::{
    process::{Command, ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use sentia::{
    Evidence, Mode, Outcome, Pipeline, Route, RunReport, Store,
    connectors::{Shopify, shopify},
    engine::CancellationToken,
    report::Event,
    transport::Pacing,
};
use sentia_sandbox::{BulkPace, Sandbox, SandboxClock, ShopifyTwin, Size, universe::Universe};
use serde::{Deserialize, Serialize};

use crate::{
    database::{Database, on_both, variable},
    truth::{Vanished, impatient, shop_is_true},
    vendors::OneClock,
};

/// The streams that are exported.
const EXPORTED: [&str; 3] = ["products", "customers", "orders"];

/// Twins whose time the engine's waits move.
async fn sandbox(seed: u64, size: Size) -> Sandbox {
    let clock = SandboxClock::manual(Universe::anchor() + chrono::Duration::hours(9));
    let sandbox = Sandbox::start_with_clock(seed, size, clock).await.expect("the twins start");
    sandbox.shopify_uk().set_pacing(sentia_sandbox::Pacing::Lifted);
    sandbox
}

/// A pipeline whose waits take no time.
fn pipeline(sandbox: &Sandbox, connection: &str, store: &Store) -> Pipeline {
    let twin = sandbox.shopify_uk();
    let shop = Shopify::builder()
        .shop(twin.shop_domain())
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
        .build()
        .expect("valid settings");
    let pipeline = Pipeline::new(shop, store.clone()).connection(connection).transport(impatient());
    pipeline.clock(Arc::new(OneClock(sandbox.clock())))
}

fn complete(report: &RunReport) {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
}

/// Each exported stream came so, and each export is proved by count.
fn came_by(report: &RunReport, route: Route) {
    for stream in report.streams().iter().filter(|stream| EXPORTED.contains(&stream.name.as_str())) {
        let proof = &stream.certificates[0];
        let evidence = if route == Route::Export { Evidence::Counted } else { Evidence::Walked };
        assert_eq!((stream.route, proof.route, proof.evidence), (route, route, evidence), "{stream:#?}");
    }
}

/// How many operations were ordered.
fn ordered(twin: &ShopifyTwin) -> usize {
    twin.requests().iter().filter(|request| request.body.contains("bulkOperationRunQuery")).count()
}

/// Every table with all its columns but those that say when and by whom a row was written.
fn tables() -> Vec<(String, Vec<String>)> {
    let mut tables = Vec::new();
    for stream in shopify::catalog().streams.iter().filter(|stream| EXPORTED.contains(&stream.name)) {
        let own = ["key", "version", "version_order", "row_check", "deleted"].map(str::to_owned);
        let columns = stream.columns.iter().map(|column| column.name.to_owned());
        tables.push((format!("shopify_{}", stream.name), own.into_iter().chain(columns).collect()));
        for child in &stream.children {
            let own = ["parent_key", "position"].map(str::to_owned);
            let columns = child.columns.iter().map(|column| column.name.to_owned());
            tables.push((format!("shopify_{}", child.name), own.into_iter().chain(columns).collect()));
        }
    }
    tables
}

async fn rows(database: &Database, table: &str, columns: &[String], connection: &str) -> Vec<Vec<String>> {
    let columns: Vec<String> = columns.iter().map(|column| format!("CAST(\"{column}\" AS text)")).collect();
    let sql = format!("SELECT {} FROM {table} WHERE connection = '{connection}'", columns.join(", "));
    let mut rows = database.rows(&sql).await;
    rows.sort();
    rows
}

async fn both_routes(database: Database) {
    let sandbox = sandbox(51, Size::small()).await;
    let store = database.store().await;
    for (connection, route) in [("pages", Route::Pages), ("export", Route::Export)] {
        let report = pipeline(&sandbox, connection, &store).route(route).run().await.expect("reads");
        complete(&report);
        came_by(&report, route);
        shop_is_true(&database, sandbox.shopify_uk(), connection, Vanished::NeverSeen).await;
    }
    for (table, columns) in tables() {
        let paged = rows(&database, &table, &columns, "pages").await;
        let exported = rows(&database, &table, &columns, "export").await;
        assert!(!paged.is_empty(), "{table}");
        assert_eq!(paged.len(), exported.len(), "{table}");
        for (paged, exported) in paged.iter().zip(&exported) {
            assert_eq!(paged, exported, "{table}");
        }
    }
    for stream in EXPORTED {
        equal_in_content(&database, &format!("shopify_{stream}")).await;
    }
    assert_eq!((ordered(sandbox.shopify_uk()), sandbox.shopify_uk().leaked_tokens()), (3, 0));
    let verified = store.verify().await.expect("verifies");
    assert!(verified.holds(), "{verified:#?}");
}

/// A document that a page holds whole is the one that the export assembles: the same members with the same values.
async fn equal_in_content(database: &Database, table: &str) {
    let documents = async |connection: &str| {
        let sql = format!(
            "SELECT key, document, CAST(document_parts AS text) FROM {table} WHERE connection = '{connection}' ORDER BY key"
        );
        database.rows(&sql).await
    };
    let mut compared = 0;
    for (paged, exported) in documents("pages").await.iter().zip(&documents("export").await) {
        if paged[2].is_empty() {
            assert_eq!(content(&paged[1]), content(&exported[1]), "{}", paged[0]);
            compared += 1;
        }
    }
    assert!(compared > 50, "{table}: {compared}");
}

/// A document without what only says where a page ended.
fn content(document: &str) -> serde_json::Value {
    let mut document: serde_json::Value = serde_json::from_str(document).expect("JSON");
    for connection in ["lineItems", "variants"] {
        if let Some(info) = document.pointer_mut(&format!("/{connection}/pageInfo")) {
            info["endCursor"] = serde_json::Value::Null;
        }
    }
    document
}

on_both!(
    /// Keys, versions, columns, child rows and the contents of documents are the same by both routes.
    both_routes_fill_the_same_tables,
    super::both_routes
);

async fn rewrites(database: Database) {
    let sandbox = sandbox(52, Size::tiny()).await;
    let store = database.store().await;
    let mut written = Vec::new();
    for route in [Route::Export, Route::Export, Route::Pages, Route::Export, Route::Export] {
        let full = pipeline(&sandbox, "shopify-uk", &store).streams(EXPORTED).mode(Mode::Full).route(route);
        let report = full.run().await.expect("reads");
        complete(&report);
        written.push((report.counts().inserted, report.counts().updated, report.counts().unchanged));
    }
    let all = written[0].0;
    assert!(all > 20);
    let expected = [(all, 0, 0), (0, 0, all), (0, all, 0), (0, all, 0), (0, 0, all)];
    assert_eq!(
        written, expected,
        "an unchanged record is written once when its route changes, and never otherwise"
    );
    shop_is_true_of_exports(&database, &sandbox).await;
}

async fn shop_is_true_of_exports(database: &Database, sandbox: &Sandbox) {
    let orders = sandbox.shopify_uk().truth(sentia_sandbox::universe::ShopifyStream::Orders);
    let live = orders.iter().filter(|order| !order.deleted()).count() as u64;
    assert_eq!(database.count("shopify_orders WHERE deleted IS NULL").await, live);
}

on_both!(
    /// Documents of the two routes differ in their bytes, so a change of route writes each record once.
    a_change_of_route_writes_once,
    super::rewrites
);

/// Ten thousand customers are exported, a dozen orders are paged, and nobody said so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_exports_what_is_large() {
    let size = Size { customers_per_shop: 10_050, ..Size::tiny() };
    let sandbox = sandbox(53, size).await;
    let database = Database::fresh(crate::database::Kind::Sqlite).await.expect("SQLite needs nothing");
    let store = database.store().await;
    let report = pipeline(&sandbox, "shopify-uk", &store).run().await.expect("reads");
    complete(&report);
    let routes: Vec<_> = report
        .streams()
        .iter()
        .filter(|stream| EXPORTED.contains(&stream.name.as_str()))
        .map(|stream| (stream.name.as_str(), stream.route))
        .collect();
    assert_eq!(routes, [("products", Route::Pages), ("customers", Route::Export), ("orders", Route::Pages)]);
    let customers = report.streams().iter().find(|stream| stream.name == "customers").expect("a stream");
    let proof = &customers.certificates[0];
    assert_eq!(
        (proof.evidence, proof.declared, proof.distinct),
        (Evidence::Counted, Some(proof.distinct), proof.distinct)
    );
    assert!(proof.distinct > 10_000 && customers.usage.calls < 12, "{customers:#?}");
    shop_is_true(&database, sandbox.shopify_uk(), "shopify-uk", Vanished::NeverSeen).await;
}

/// Stops a run at the nth event of a kind.
fn stopped_at(
    pipeline: Pipeline,
    nth: usize,
    is_it: impl Fn(&Event) -> bool + Send + Sync + 'static,
) -> Pipeline {
    let stop = CancellationToken::new();
    let (cancel, seen) = (stop.clone(), std::sync::atomic::AtomicUsize::new(0));
    let listener = move |event: &Event| {
        if is_it(event) && seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == nth {
            cancel.cancel();
        }
    };
    pipeline.cancel_on(stop).observe(listener)
}

async fn restarts(database: Database) {
    let sandbox = sandbox(54, Size::small()).await;
    let (twin, store) = (sandbox.shopify_uk(), database.store().await);
    let orders = || pipeline(&sandbox, "shopify-uk", &store).streams(["orders"]).page_size(50);
    // The id is durable with the second wait; a process that begins behind it asks after that operation.
    let stopping =
        stopped_at(orders().route(Route::Export), 2, |event| matches!(event, Event::Waiting { .. }));
    let report = stopping.run().await.expect("a report");
    assert_eq!((report.outcome(), ordered(twin)), (Outcome::Incomplete, 1));
    // In the middle of the rows: the next process has no file, and reads on in the same result.
    let has_rows = |event: &Event| matches!(event, Event::Committed { read: 100.., .. });
    let report = stopped_at(orders(), 1, has_rows).run().await.expect("a report");
    assert_eq!((report.outcome(), ordered(twin)), (Outcome::Incomplete, 1));
    let report = orders().run().await.expect("reads");
    complete(&report);
    came_by(&report, Route::Export);
    let proof = &report.streams()[0].certificates[0];
    assert_eq!((ordered(twin), proof.attempt), (1, 1), "one operation over three processes");
    let downloads = twin.requests().iter().filter(|request| request.method == "GET").count();
    assert_eq!(downloads, 2);
    complete(&pipeline(&sandbox, "shopify-uk", &store).run().await.expect("reads"));
    shop_is_true(&database, twin, "shopify-uk", Vanished::NeverSeen).await;

    // A result lives seven days: a place in an older one begins anew, with another operation.
    let full = || orders().mode(Mode::Full).route(Route::Export);
    let report = stopped_at(full(), 1, has_rows).run().await.expect("a report");
    assert_eq!((report.outcome(), ordered(twin)), (Outcome::Incomplete, 2));
    sandbox.clock().advance(Duration::from_secs(8 * 86_400));
    complete(&full().run().await.expect("reads"));
    assert_eq!(ordered(twin), 3);
}

on_both!(
    /// Another process goes on with the running operation, and within its result.
    a_restart_adopts_the_operation,
    super::restarts
);

/// What the child needs to know.
#[derive(Serialize, Deserialize)]
struct Task {
    base_url: String,
    shop: String,
    token: String,
    database_url: String,
}

/// Not a test by itself: the body of the child process, which does nothing where it is not one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(task) = variable("SENTIA_EXPORT_TASK") else { return };
    let task: Task = serde_json::from_str(&task).expect("written by the parent");
    let shop = Shopify::builder().shop(task.shop).access_token(task.token.as_str()).base_url(task.base_url);
    let shop = shop.pacing(Pacing::Off).build().expect("valid settings");
    let store = Store::connect(&task.database_url).await.expect("the database opens");
    let pipeline = Pipeline::new(shop, store).connection("shopify-uk").streams(["orders"]).page_size(5);
    let report = pipeline.route(Route::Export).transport(impatient()).run().await.expect("reads");
    complete(&report);
}

async fn run(twin: &ShopifyTwin, database: &Database, crash_at: Option<&str>) -> ExitStatus {
    let task = Task {
        base_url: twin.base_url().to_owned(),
        shop: twin.shop_domain().to_owned(),
        token: twin.access_token().to_owned(),
        database_url: database.url.clone(),
    };
    let mut command = Command::new(std::env::current_exe().expect("this test binary"));
    command.args(["exports::child", "--exact", "--nocapture"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("SENTIA_EXPORT_TASK", serde_json::to_string(&task).expect("plain text"));
    if let Some(stage) = crash_at {
        command.env("SENTIA_CRASH_AT", stage);
    }
    let mut child = command.spawn().expect("a child of this test");
    tokio::task::spawn_blocking(move || child.wait().expect("ends")).await.expect("waits")
}

async fn killed(database: Database) {
    use std::os::unix::process::ExitStatusExt;
    // The children wait by the machine's time, and so does the twin.
    let sandbox = Sandbox::start(55, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.shopify_uk();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let at_once = Duration::ZERO;
    twin.set_bulk_pace(BulkPace { queued: at_once, running: at_once, canceling: at_once });
    // The second commit makes the id durable: behind it the operation is ordered and nobody here knows its name.
    // Each child that goes on begins to count anew: the next dies as it fetches rows, and as it commits them.
    for (crash_at, orders) in [("commit.begun:2", 1), ("fetch.before:2", 1), ("commit.rows_written:2", 1)] {
        let status = run(twin, &database, Some(crash_at)).await;
        assert_eq!(status.signal(), Some(9), "{crash_at} was never hit: {status}");
        assert_eq!(ordered(twin), orders, "{crash_at}");
        let store = database.store().await;
        let verified = store.verify().await.expect("verifies");
        assert!(verified.holds(), "{crash_at}: {:#?}", verified.differences);
        store.close().await;
    }
    assert!(run(twin, &database, None).await.success());
    assert_eq!(ordered(twin), 1, "one operation over four processes");
    shop_is_true_of_exports(&database, &sandbox).await;
    let store = database.store().await;
    assert!(store.verify().await.expect("verifies").holds());
}

on_both!(
    /// Killed between the order and its durable name, between its polls and between its rows: one operation is ordered.
    a_killed_process_orders_no_second_operation,
    super::killed
);
