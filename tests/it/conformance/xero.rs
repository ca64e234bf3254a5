//! Xero's published accounting model, served by Prism: the documents are the vendor's own examples.

use std::collections::BTreeSet;

use reqwest::Client;
use sentia::{
    Evidence, Mode, Outcome, Pipeline, RunReport, Store,
    connectors::{Xero, xero::catalog},
    transport::Pacing,
};
use serde_json::Value;

use super::{
    documents::{amounts_are_true, listed, stored},
    exchanges::{Excused, are_valid, exchanges},
    operator::syncs_and_verifies,
    server::Server,
    twins::{Expected, is_judged},
};
use crate::{
    database::{Database, Kind},
    programs::Programs,
    truth::books_at,
    vendors::Scene,
};

pub(super) const ACCESS_TOKEN: &str = "a-ready-access-token";
pub(super) const TENANT_ID: &str = "45e4708e-d862-4111-ab3a-dd8cd03913e1";

const MODELS: [&str; 4] = ["--models", "xero/xero_accounting.yaml@/api.xro/2.0", "--vendor", "xero"];

/// Each list by its path, the member that holds it, and its stream.
const LISTS: [(&str, &str, &str); 17] = [
    ("Organisation", "Organisations", "organisations"),
    ("Currencies", "Currencies", "currencies"),
    ("TaxRates", "TaxRates", "tax_rates"),
    ("TrackingCategories", "TrackingCategories", "tracking_categories"),
    ("Accounts", "Accounts", "accounts"),
    ("Items", "Items", "items"),
    ("Contacts", "Contacts", "contacts"),
    ("Invoices", "Invoices", "invoices"),
    ("CreditNotes", "CreditNotes", "credit_notes"),
    ("Payments", "Payments", "payments"),
    ("Prepayments", "Prepayments", "prepayments"),
    ("Overpayments", "Overpayments", "overpayments"),
    ("BankTransactions", "BankTransactions", "bank_transactions"),
    ("BankTransfers", "BankTransfers", "bank_transfers"),
    ("PurchaseOrders", "PurchaseOrders", "purchase_orders"),
    ("Quotes", "Quotes", "quotes"),
    ("ManualJournals", "ManualJournals", "manual_journals"),
];

/// Reports, whose examples are read as snapshots.
const REPORTS: [&str; 5] = [
    "report_balance_sheet",
    "report_profit_and_loss",
    "report_trial_balance",
    "report_aged_receivables",
    "report_aged_payables",
];

/// Requests that the model has something against.
const EXCUSED: [Excused; 0] = [];

/// What no model describes of what the connector asks of the twin, and where the twin is not what they say.
const TWIN: [Excused; 2] = [
    Excused {
        operation: "",
        fault: "The route /connect/token hasn't been found",
        why: "the token endpoint is described by no model",
    },
    Excused {
        operation: "getInvoices",
        fault: ".BrandingThemeID: must be string",
        why: "for no value Xero writes null as well as nothing (the sheet, section 3)",
    },
];

/// Every operation that the connector uses.
const OPERATIONS: [&str; 20] = [
    "getOrganisations",
    "getCurrencies",
    "getTaxRates",
    "getTrackingCategories",
    "getAccounts",
    "getItems",
    "getContacts",
    "getInvoices",
    "getCreditNotes",
    "getPayments",
    "getPrepayments",
    "getOverpayments",
    "getBankTransactions",
    "getBankTransfers",
    "getPurchaseOrders",
    "getQuotes",
    "getManualJournals",
    "getReportBalanceSheet",
    "getReportProfitAndLoss",
    "getReportTrialBalance",
];

#[test]
fn every_stream_of_the_catalog_is_read() {
    let read: BTreeSet<_> = LISTS.iter().map(|(_, _, stream)| *stream).chain(REPORTS).collect();
    let catalog = catalog().streams.iter().map(|stream| stream.name).collect();
    assert_eq!(read, catalog, "streams with their requests, and the catalog");
}

/// How many examples each list has, as the server answered.
fn sizes(answers: &[String]) -> Vec<usize> {
    LISTS.iter().zip(answers).map(|((_, array, _), answer)| listed(answer, array).len()).collect()
}

/// One server for all of it: Prism needs long to read the model, and much memory to hold it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_that_xero_publishes() {
    let Some(server) = Server::start("serve-models.mjs", &MODELS).await else { return };
    let (answers, programs) = (answers(&server).await, Programs::up_to_date().await);
    let _ = exchanges(&server).await;
    for kind in [Kind::Sqlite, Kind::Postgres] {
        eprintln!("on {kind:?}");
        if let Some(database) = Database::fresh(kind).await {
            syncs_the_examples(&server, &answers, &database).await;
        }
        if let Some(database) = Database::fresh(kind).await {
            syncs_and_verifies(&programs, &server, &database).await;
        }
    }
    let asked = exchanges(&server).await;
    assert!(asked.len() > 60, "{}", asked.len());
    are_valid(&asked, &EXCUSED);
    twin_is_valid(&server).await;
}

async fn twin_is_valid(server: &Server) {
    let operations = OPERATIONS.into_iter().collect();
    let scene = Scene::new(84).await;
    let twin = scene.sandbox.xero().base_url().to_owned();
    is_judged(server, &scene, &twin, Expected { operations, excused: &TWIN }, |store| {
        books_at(&server.url, &scene.sandbox, store)
    })
    .await;
}

/// What the server answers, asked without the engine.
async fn answers(server: &Server) -> Vec<String> {
    #[allow(clippy::disallowed_methods, reason = "a second opinion must not come through the transport")]
    let client = Client::new();
    let mut answers = Vec::new();
    for (path, _, _) in LISTS {
        let request = client.get(format!("{}/api.xro/2.0/{path}", server.url));
        let request = request.bearer_auth(ACCESS_TOKEN).header("xero-tenant-id", TENANT_ID);
        let answer = request.header("accept", "application/json").send().await.expect("answers");
        answers.push(answer.error_for_status().expect("an answer").text().await.expect("a text"));
    }
    answers
}

fn books(server: &Server, store: &Store) -> Pipeline {
    let xero = Xero::builder().access_token(ACCESS_TOKEN).tenant_id(TENANT_ID).base_url(&server.url);
    let xero = xero.aged_report_contacts(["430fa14a-f945-44d3-9f97-5df5e28441b8"]);
    let xero = xero.pacing(Pacing::Off).build().expect("valid settings");
    Pipeline::new(xero, store.clone())
}

async fn syncs_the_examples(server: &Server, answers: &[String], database: &Database) {
    let store = database.store().await;
    let examples = sizes(answers).iter().sum::<usize>() as u64;
    // The second asks with If-Modified-Since, in a form that the model takes; the server answers with all the same.
    // A full read replaces the certificates before it.
    for (mode, is_new) in [(Mode::Incremental, true), (Mode::Incremental, false), (Mode::Full, false)] {
        let pipeline = books(server, &store).streams(LISTS.map(|(_, _, stream)| stream)).mode(mode);
        let report = pipeline.run().await.expect("reads");
        let counts = report.counts();
        let written = counts.inserted + counts.deleted;
        let expected = if is_new { (examples, 0) } else { (0, examples) };
        assert_eq!((written, counts.unchanged), expected, "{report:#?}");
        is_proved(&report, answers);
        holds_the_examples(answers, database).await;
        let verified = store.verify().await.expect("verifies");
        assert!(verified.holds(), "{verified:#?}");
        assert_eq!(verified.rows, examples, "{verified:#?}");
    }
    let report = books(server, &store).streams(REPORTS).run().await.expect("reads");
    assert_eq!((report.outcome(), report.counts().read), (Outcome::Complete, 5), "{report:#?}");
}

/// Every stream is complete, on the evidence that Xero gives for it: it counts what it pages.
fn is_proved(report: &RunReport, answers: &[String]) {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    for (((_, _, name), rows), answer) in LISTS.iter().zip(sizes(answers)).zip(answers) {
        let stream = report.streams().iter().find(|stream| stream.name == *name).expect("a stream");
        let [certificate] = stream.certificates.as_slice() else { panic!("one certificate: {stream:#?}") };
        let counted = answer.contains("\"pagination\"");
        let evidence = if counted { Evidence::Counted } else { Evidence::Walked };
        let found = (certificate.evidence, certificate.distinct, certificate.attempt);
        assert_eq!(found, (evidence, rows as u64, 1), "{name}");
    }
}

async fn holds_the_examples(answers: &[String], database: &Database) {
    for (((_, array, name), rows), answer) in LISTS.iter().zip(sizes(answers)).zip(answers) {
        let table = format!("xero_{name}");
        assert_eq!(database.count(&table).await, rows as u64, "{table}");
        assert_eq!(stored(database, &table).await, listed(answer, array), "{table}");
    }
    for (column, member) in [("total", "/Total"), ("sub_total", "/SubTotal"), ("amount_due", "/AmountDue")] {
        amounts_are_true(database, "xero_invoices", column, member).await;
    }
    amounts_are_true(database, "xero_credit_notes", "remaining_credit", "/RemainingCredit").await;
    amounts_are_true(database, "xero_payments", "amount", "/Amount").await;
    for (table, lines) in [
        ("xero_invoices", "xero_invoice_lines"),
        ("xero_credit_notes", "xero_credit_note_lines"),
        ("xero_purchase_orders", "xero_purchase_order_lines"),
        ("xero_quotes", "xero_quote_lines"),
    ] {
        let documents = stored(database, table).await;
        let of = |document: &String| {
            let document: Value = serde_json::from_str(document).expect("a document");
            document["LineItems"].as_array().map_or(0, Vec::len) as u64
        };
        assert_eq!(database.count(lines).await, documents.iter().map(of).sum::<u64>(), "{lines}");
    }
}
