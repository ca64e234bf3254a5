//! Unleashed's reconstructed model, served by Prism: the documents are its examples, one of each resource. What Prism's
//! answers cannot be is filled in by tests/conformance/vendors/unleashed.mjs.

use sentia::{
    Mode, Outcome, Pipeline, Store,
    connectors::{Unleashed, unleashed::catalog},
    transport::Pacing,
};

use super::{
    documents::amounts_are_true,
    exchanges::{Asks, Excused, are_all, exchanges},
    reading::Connection,
    server::Server,
    twins::{Expected, a_wrong_answer_is_found, is_judged},
};
use crate::{
    database::{Database, Kind},
    vendors::{Scene, unleashed::settings},
};

const OPTIONS: [&str; 4] = ["--models", "unleashed/unleashed-reconstructed.yaml", "--vendor", "unleashed"];

const EXCUSED: [Excused; 0] = [];

/// Where the sheet knows more than the model, and what the model does not have; see `UNDESCRIBED`.
const TWIN: [Excused; 6] = [
    Excused {
        operation: "pageOrGetProducts",
        fault: ".Supplier: must be object",
        why: "a product that is made here has no supplier; the model's language has no reference that may be null",
    },
    Excused {
        operation: "pageOrGetProducts",
        fault: ".Value: must be number",
        why: "prices of tiers have been seen as texts (the sheet, section 5)",
    },
    undescribed_route("The route /SalesShipments/"),
    undescribed_route("The route /CreditNotes/"),
    undescribed_route("The route /WarehouseStockTransfers/"),
    undescribed_route("The route /BatchNumbers/"),
];

const fn undescribed_route(fault: &'static str) -> Excused {
    Excused { operation: "", fault, why: "the reconstructed model has no such resource" }
}

const fn asks(stream: &'static str, operations: &'static [&'static str]) -> Asks {
    Asks { stream, operations, list: &["Items"] }
}

const STREAMS: [Asks; 13] = [
    asks("warehouses", &["pageOrGetWarehouses"]),
    asks("products", &["pageOrGetProducts"]),
    asks("stock_on_hand", &["pageOrGetWarehouses", "pageOrGetStockOnHand"]),
    asks("stock_totals", &["pageOrGetStockOnHand"]),
    asks("customers", &["pageOrGetCustomers"]),
    asks("suppliers", &["pageOrGetSuppliers"]),
    asks("sales_orders", &["pageOrGetSalesOrders"]),
    asks("sales_invoices", &["pageOrGetInvoices"]),
    asks("purchase_orders", &["pageOrGetPurchaseOrders"]),
    asks("bills_of_materials", &["pageOrGetBillOfMaterials"]),
    asks("assemblies", &["pageOrGetAssemblies"]),
    asks("stock_adjustments", &["pageOrGetStockAdjustments"]),
    asks("stock_counts", &["pageOrGetStockCounts"]),
];

/// Streams whose resources the reconstructed model does not have: too few public sources name their fields. The twin
/// alone checks them, and a model that gets them fails the test below.
const UNDESCRIBED: [(&str, &str); 4] = [
    ("sales_shipments", "/SalesShipments/1"),
    ("credit_notes", "/CreditNotes/1"),
    ("warehouse_transfers", "/WarehouseStockTransfers/1"),
    ("batch_numbers", "/BatchNumbers/1"),
];

fn account(server: &Server, store: &Store) -> Pipeline {
    let unleashed = Unleashed::builder().api_id("id").api_key("key").time_zone("Europe/London");
    let unleashed = unleashed.base_url(&server.url).pacing(Pacing::Off).build().expect("valid settings");
    Pipeline::new(unleashed, store.clone())
}

#[test]
fn every_stream_of_the_catalog_has_its_requests() {
    are_all(&catalog(), &STREAMS, &UNDESCRIBED.map(|(stream, _)| stream));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_unleashed() {
    let Some(server) = Server::start("serve-models.mjs", &OPTIONS).await else { return };
    wrong_requests_are_refused(&server).await;
    for kind in [Kind::Sqlite, Kind::Postgres] {
        eprintln!("on {kind:?}");
        if let Some(database) = Database::fresh(kind).await {
            let connection = Connection::new(&server, "unleashed", &EXCUSED, account, &database).await;
            streams(&connection, &database).await;
            undescribed(&connection).await;
            connection.verifies().await;
        }
    }
    twin_is_valid(&server).await;
}

async fn twin_is_valid(server: &Server) {
    let lie = r#"{"Pagination":null,"Items":[{"Guid":7}]}"#;
    a_wrong_answer_is_found(server, ("/Products/1", None), lie, "Items.0.Guid: must be string").await;
    let operations = STREAMS.iter().flat_map(|asks| asks.operations).copied().collect();
    let scene = Scene::new(82).await;
    let twin = scene.sandbox.unleashed();
    is_judged(server, &scene, twin.base_url(), Expected { operations, excused: &TWIN }, |store| {
        let unleashed = settings(twin).base_url(&server.url).build().expect("valid settings");
        Pipeline::new(unleashed, store.clone())
    })
    .await;
}

async fn streams(connection: &Connection<'_>, database: &Database) {
    for asks in &STREAMS {
        let report = connection.holds_what_is_served(asks, Mode::Incremental, database).await;
        assert_eq!(report.counts().inserted, 1, "{report:#?}");
        // Since the first read, where the stream has a date to ask by, and everything once more.
        let _ = connection.read(asks.stream, Mode::Incremental).await;
        let report = connection.holds_what_is_served(asks, Mode::Full, database).await;
        assert_eq!(report.counts().inserted + report.counts().updated, 0, "{report:#?}");
    }
    for (table, column, member) in [
        ("unleashed_sales_orders", "total", "/Total"),
        ("unleashed_sales_invoices", "total", "/Total"),
        ("unleashed_purchase_orders", "total", "/Total"),
    ] {
        amounts_are_true(database, table, column, member).await;
    }
}

/// The model knows no such path, so nothing can be said of the requests.
async fn undescribed(connection: &Connection<'_>) {
    for (stream, path) in UNDESCRIBED {
        let (report, exchanges) = connection.run(stream, Mode::Full).await;
        assert_ne!(report.outcome(), Outcome::Complete, "{stream}");
        let [exchange] = exchanges.as_slice() else { panic!("one request: {exchanges:#?}") };
        assert_eq!(exchange.operation, None, "the model has {stream} now: give it its requests");
        assert!(exchange.request.contains(path), "{}", exchange.request);
    }
}

/// The judge does refuse: what a model requires and is not there, what it bounds, and what it does not have.
async fn wrong_requests_are_refused(server: &Server) {
    #[allow(clippy::disallowed_methods, reason = "what is wrong on purpose cannot come through a connector")]
    let client = reqwest::Client::new();
    let request = client.get(format!("{}/Products/1?pageSize=5000&modifiedSinse=2026-03-01", server.url));
    let answer = request.header("api-auth-id", "id").header("x-novel", "1").send().await.expect("answers");
    assert_eq!(answer.status().as_u16(), 422);
    let exchanges = exchanges(server).await;
    let [exchange] = exchanges.as_slice() else { panic!("one request: {exchanges:#?}") };
    for expected in ["api-auth-signature", "pagesize must be <= 1000", "modifiedSinse", "x-novel"] {
        assert!(exchange.faults.iter().any(|fault| fault.contains(expected)), "{expected}: {exchange:#?}");
    }
    assert_eq!(exchange.faults.len(), 4, "{exchange:#?}");
}
