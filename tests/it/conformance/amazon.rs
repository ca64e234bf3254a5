//! Amazon's published models, served by Prism: the documents are the examples of the models and of Amazon's sandbox.
//! What Prism's answers cannot be is filled in by tests/conformance/vendors/amazon.mjs.

use sentia::{
    Mode, Pipeline, Store,
    connectors::{Amazon, amazon::catalog},
    transport::Pacing,
};

use super::{
    exchanges::{Asks, Excused, are_all, put_file},
    reading::Connection,
    server::Server,
    twins::{Expected, is_judged},
};
use crate::{
    database::{Database, Kind},
    vendors::{Scene, amazon::settings},
};

const MODELS: &str = "amazon/models/sellers.json,amazon/models/orders_2026-01-01.json,amazon/models/fbaInventory.json,\
    amazon/models/listingsItems_2021-08-01.json,amazon/models/catalogItems_2022-04-01.json,\
    amazon/models/finances_2024-06-19.json,amazon/models/reports_2021-06-30.json";

/// No request that a model has anything against.
const EXCUSED: [Excused; 0] = [];

/// What no model describes of what the connector asks of the twin, and where the twin is not what they say.
const TWIN: [Excused; 2] = [
    Excused {
        operation: "",
        fault: "The route /auth/o2/token hasn't been found",
        why: "Login with Amazon is described by no model",
    },
    Excused {
        operation: "",
        fault: "The route /documents/",
        why: "a report's file is fetched from storage, which no model describes",
    },
];

/// Streams of lists.
const LISTS: [Asks; 6] = [
    Asks { stream: "marketplaces", operations: &["getMarketplaceParticipations"], list: &["payload"] },
    Asks { stream: "orders", operations: &["searchOrders"], list: &["orders"] },
    Asks {
        stream: "fba_inventory",
        operations: &["getInventorySummaries"],
        list: &["payload", "inventorySummaries"],
    },
    Asks { stream: "listings", operations: &["searchListingsItems"], list: &["items"] },
    Asks {
        stream: "catalog_items",
        operations: &["searchListingsItems", "searchCatalogItems"],
        list: &["items"],
    },
    Asks {
        stream: "financial_transactions",
        operations: &["listTransactions"],
        list: &["payload", "transactions"],
    },
];

/// A stream of reports: what it asks, and a file of its type, which no model describes; its columns are those of the
/// report's documentation. Each has one row for the stream.
struct Report {
    stream: &'static str,
    operations: &'static [&'static str],
    file: &'static str,
    /// A column with what it must hold of that row.
    holds: (&'static str, &'static str),
}

/// Of a settlement that is listed and read.
const LISTED: &[&str] = &["getReports", "getReportDocument"];
/// Of a report that is looked for, ordered, awaited and read.
const ORDERED: &[&str] = &["getReports", "createReport", "getReport", "getReportDocument"];

const SETTLEMENT: &str = "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\t\
    transaction-type\torder-id\tamount-type\tamount-description\tamount\tposted-date\tsku\tquantity-purchased\r\n\
    19\t2026-11-01 00:00:00 UTC\t2026-11-15 00:00:00 UTC\t2026-11-17 00:00:00 UTC\t12.30\tUSD\t\t\t\t\t\t\t\t\r\n\
    19\t\t\t\t\t\tOrder\t123-4567890-1234567\tItemPrice\tPrincipal\t12.30\t2026-11-02\t9\" \u{a3} bolt\t1\r\n";
const RETURNS: &str = "return-date\torder-id\tsku\tasin\tfnsku\tproduct-name\tquantity\tfulfillment-center-id\t\
    detailed-disposition\treason\tstatus\tlicense-plate-number\tcustomer-comments\n\
    2026-11-20T10:00:00+00:00\t123-4567890-1234567\tGM-1\tB071VG5N9D\tX001\tSuitcase 9\"\t1\tLTN4\tSELLABLE\t\
    UNWANTED_ITEM\tUnit returned to inventory\tLPN1\t\u{a3}\n";
const LEDGER: &str = "Date\tFNSKU\tASIN\tMSKU\tTitle\tDisposition\tStarting Warehouse Balance\t\
    In Transit Between Warehouses\tReceipts\tCustomer Shipments\tCustomer Returns\tVendor Returns\t\
    Warehouse Transfer In/Out\tFound\tLost\tDamaged\tDisposed\tOther Events\tEnding Warehouse Balance\tUnknown Events\t\
    Location\n\
    11/20/2026\tX001\tB071VG5N9D\tGM-1\tSuitcase 9\"\tSELLABLE\t10\t0\t0\t-3\t0\t0\t0\t0\t0\t0\t0\t0\t7\t0\tUS\n";

const REPORTS: [Report; 4] = [
    Report { stream: "settlements", operations: LISTED, file: SETTLEMENT, holds: ("currency_code", "USD") },
    Report {
        stream: "settlement_lines",
        operations: LISTED,
        file: SETTLEMENT,
        holds: ("sku", "9\" \u{a3} bolt"),
    },
    Report { stream: "returns", operations: ORDERED, file: RETURNS, holds: ("product_name", "Suitcase 9\"") },
    Report {
        stream: "inventory_ledger",
        operations: ORDERED,
        file: LEDGER,
        holds: ("title", "Suitcase 9\""),
    },
];

fn account(server: &Server, store: &Store) -> Pipeline {
    let amazon = Amazon::builder().marketplace("US").seller_id("A3TH9S8BH6GOGM");
    let amazon = amazon.client_id("id").client_secret("secret").refresh_token("Atzr|token");
    // One slice of each stream: the first read of two years would ask the same a dozen times.
    let amazon = amazon.history_days(20).base_url(&server.url).pacing(Pacing::Off);
    Pipeline::new(amazon.build().expect("valid settings"), store.clone())
}

#[test]
fn every_stream_of_the_catalog_has_its_requests() {
    are_all(&catalog(), &LISTS, &REPORTS.map(|report| report.stream));
}

/// One server for all of it: Prism needs long to read models.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_amazon_publishes() {
    let options = ["--models", MODELS, "--vendor", "amazon"];
    let Some(server) = Server::start("serve-models.mjs", &options).await else { return };
    for kind in [Kind::Sqlite, Kind::Postgres] {
        eprintln!("on {kind:?}");
        if let Some(database) = Database::fresh(kind).await {
            let connection = Connection::new(&server, "amazon", &EXCUSED, account, &database).await;
            lists(&connection, &database).await;
            reports(&connection, &database).await;
            connection.verifies().await;
        }
    }
    twin_is_valid(&server).await;
}

async fn twin_is_valid(server: &Server) {
    let of_lists = LISTS.iter().flat_map(|asks| asks.operations);
    let of_reports = REPORTS.iter().flat_map(|report| report.operations);
    let operations = of_lists.chain(of_reports).copied().collect();
    let scene = Scene::new(81).await;
    let twin = scene.sandbox.amazon_usa();
    is_judged(server, &scene, twin.base_url(), Expected { operations, excused: &TWIN }, |store| {
        let amazon = settings(twin).base_url(&server.url).build().expect("valid settings");
        Pipeline::new(amazon, store.clone())
    })
    .await;
}

async fn lists(connection: &Connection<'_>, database: &Database) {
    for asks in &LISTS {
        let report = connection.holds_what_is_served(asks, Mode::Incremental, database).await;
        assert_eq!(report.counts().inserted, 1, "{report:#?}");
        // Since the first read, and everything once more.
        for mode in [Mode::Incremental, Mode::Full] {
            let report = connection.holds_what_is_served(asks, mode, database).await;
            assert_eq!(report.counts().inserted + report.counts().updated, 0, "{report:#?}");
        }
    }
    for (table, column, amount) in
        [("amazon_orders", "total", "1549900"), ("amazon_financial_transactions", "total", "100000")]
    {
        let rows = database.rows(&format!("SELECT {} FROM {table}", database.amount(column))).await;
        assert_eq!(rows, [[amount]], "{table}.{column}");
    }
}

async fn reports(connection: &Connection<'_>, database: &Database) {
    for report in &REPORTS {
        // In a character set of Amazon's European files, where the pound sign is one byte.
        let bytes = report.file.chars().map(|char| u8::try_from(u32::from(char)).expect("one byte"));
        let file: Vec<u8> = bytes.collect();
        put_file(connection.server, "text/plain; charset=Cp1252", &file).await;
        let asks = Asks { stream: report.stream, operations: report.operations, list: &[] };
        for mode in [Mode::Incremental, Mode::Full] {
            let (_, exchanges) = connection.read(report.stream, mode).await;
            asks.served(&exchanges);
            let (column, expected) = report.holds;
            let rows = database.rows(&format!("SELECT {column} FROM amazon_{}", report.stream)).await;
            assert_eq!(rows, [[expected]], "{}.{column}", report.stream);
        }
    }
}
