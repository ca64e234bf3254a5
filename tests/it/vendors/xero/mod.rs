//! Xero: one organisation's books, by lists and reports.

mod access;
mod limits;
pub(crate) mod reports;
mod time;

use std::{collections::BTreeMap, sync::Arc};

use sentia::{
    Mode, Pipeline, Store,
    connectors::{Xero, xero::XeroBuilder},
    transport::Pacing,
};
use sentia_sandbox::{Sandbox, XeroTwin, universe::XeroStream};

use super::{Scene, all_read, complete, holds, written};
use crate::{
    database::{Database, on_both},
    truth::{Vanished, books_are_true, impatient},
};

/// The books' twin by a custom connection, under its limits.
fn app(twin: &XeroTwin) -> XeroBuilder {
    Xero::builder().client_id(twin.client_id()).client_secret(twin.client_secret()).base_url(twin.base_url())
}

/// The same without its limits.
fn unpaced(twin: &XeroTwin) -> XeroBuilder {
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    app(twin).pacing(Pacing::Off)
}

/// Every stream, reports by contact included, without limits.
pub(crate) fn everything(sandbox: &Sandbox) -> XeroBuilder {
    unpaced(sandbox.xero()).aged_report_contacts(reports::some_contacts(sandbox))
}

pub(crate) fn organisation(builder: XeroBuilder, store: &Store) -> Pipeline {
    let books = builder.build().expect("valid settings");
    Pipeline::new(books, store.clone()).connection("xero").transport(impatient())
}

/// Compares every stream: keys, deletion marks, amounts, status words, lines, and each report's figures with the ledger.
pub(crate) async fn organisation_is_true(database: &Database, sandbox: &Sandbox, vanished: Vanished) {
    books_are_true(database, sandbox, vanished).await;
    statuses_are_true(database, sandbox.xero()).await;
    lines_are_true(database, sandbox.xero()).await;
    reports::are_true(database, sandbox).await;
}

const STATUSES: [(&str, XeroStream); 13] = [
    ("contacts", XeroStream::Contacts),
    ("invoices", XeroStream::Invoices),
    ("credit_notes", XeroStream::CreditNotes),
    ("payments", XeroStream::Payments),
    ("prepayments", XeroStream::Prepayments),
    ("overpayments", XeroStream::Overpayments),
    ("bank_transactions", XeroStream::BankTransactions),
    ("bank_transfers", XeroStream::BankTransfers),
    ("purchase_orders", XeroStream::PurchaseOrders),
    ("quotes", XeroStream::Quotes),
    ("manual_journals", XeroStream::ManualJournals),
    ("tracking_categories", XeroStream::TrackingCategories),
    ("tax_rates", XeroStream::TaxRates),
];

/// What is archived or voided is a row like any other and says so; what is deleted is marked.
async fn statuses_are_true(database: &Database, twin: &XeroTwin) {
    for (name, stream) in STATUSES {
        let sql =
            format!("SELECT key, status FROM xero_{name} WHERE connection = 'xero' AND deleted IS NULL");
        let pair = |mut row: Vec<String>| (row.remove(0), row.remove(0));
        let found: BTreeMap<_, _> = database.rows(&sql).await.into_iter().map(pair).collect();
        let stated = twin.truth(stream).into_iter().filter_map(|record| Some((record.key, record.status?)));
        let truth: BTreeMap<_, _> = stated.filter(|(_, status)| status != "DELETED").collect();
        assert_eq!(found, truth, "xero_{name}");
    }
}

const LINES: [(&str, &str, XeroStream, &str); 6] = [
    ("invoice_lines", "line_item_id", XeroStream::InvoiceLines, "LineAmount"),
    ("purchase_order_lines", "line_item_id", XeroStream::PurchaseOrderLines, "LineAmount"),
    ("quote_lines", "line_item_id", XeroStream::QuoteLines, "LineAmount"),
    ("bank_transaction_lines", "line_item_id", XeroStream::BankTransactionLines, "LineAmount"),
    ("manual_journal_lines", "parent_key", XeroStream::ManualJournalLines, "LineAmount"),
    ("tracking_options", "tracking_option_id", XeroStream::TrackingOptions, ""),
];

/// Lines by id and amount; those of a manual journal have no id and are told by their journal and place.
async fn lines_are_true(database: &Database, twin: &XeroTwin) {
    for (name, id, stream, amount) in LINES {
        let shown = if amount.is_empty() { "''".to_owned() } else { database.amount("line_amount") };
        let sql = format!("SELECT {id}, {shown} FROM xero_{name} WHERE connection = 'xero'");
        let mut found: Vec<(String, String)> =
            database.rows(&sql).await.into_iter().map(|mut row| (row.remove(0), row.remove(0))).collect();
        let line = |record: sentia_sandbox::universe::TruthRecord| {
            let key = record.key.split('/').next().unwrap_or_default().to_owned();
            let scaled = |amount: &rust_decimal::Decimal| *amount * rust_decimal::Decimal::from(10_000);
            let shown = record.amounts.get(amount).map(|amount| scaled(amount).normalize().to_string());
            (key, shown.unwrap_or_default())
        };
        let mut truth: Vec<(String, String)> = twin.truth(stream).into_iter().map(line).collect();
        found.sort();
        truth.sort();
        assert!(!truth.is_empty() && found == truth, "xero_{name}: {found:#?} but {truth:#?}");
    }
}

/// Days a document is due, by key.
async fn due_days_are_true(database: &Database, sandbox: &Sandbox) -> bool {
    let sql =
        "SELECT key, CAST(date AS text), CAST(due_date AS text) FROM xero_invoices WHERE deleted IS NULL";
    let found: BTreeMap<String, Vec<String>> =
        database.rows(sql).await.into_iter().map(|mut row| (row.remove(0), row)).collect();
    sandbox.look(|universe| {
        let documents = universe.books.invoices.iter().map(|invoice| &invoice.document);
        let live = documents.filter(|document| document.status.as_str() != "DELETED");
        live.into_iter().all(|document| {
            let days = [document.date, document.due_date].map(|day| day.to_string());
            found.get(&document.id.to_string()).is_some_and(|found| *found == days)
        })
    })
}

async fn books(database: Database) {
    let (scene, store) = (Scene::new(58).await, database.store().await);
    let (sandbox, clock) = (&scene.sandbox, Arc::clone(&scene.clock));
    let pipeline = || organisation(everything(sandbox).tenant_id(sandbox.xero().tenant_id()), &store);
    let first = complete(pipeline(), &clock, Mode::Incremental).await;
    all_read(&first, &[]);
    organisation_is_true(&database, sandbox, Vanished::NeverSeen).await;
    assert!(due_days_are_true(&database, sandbox).await);

    for report in ["receivables", "payables"] {
        let due = format!("xero_report_aged_{report}_lines WHERE column_title = 'Due' AND value > 0");
        assert!(database.count(&due).await > 0, "somebody owes: {report}");
    }

    for hours in [1, 30] {
        scene.later(hours);
        sandbox.change(|universe| universe.archive_contact(3));
        sandbox.evolve();
        scene.later(1);
        let _ = complete(pipeline(), &clock, Mode::Incremental).await;
        organisation_is_true(&database, sandbox, Vanished::Marked).await;
    }
    let voided = database.count("xero_invoices WHERE status = 'VOIDED' AND deleted IS NULL").await;
    let archived = database.count("xero_contacts WHERE status = 'ARCHIVED' AND deleted IS NULL").await;
    let vanished = database.count("xero_items WHERE deleted IS NOT NULL").await;
    assert!(voided > 0 && archived > 0 && vanished > 0, "{voided} {archived} {vanished}");
    // A due date that changed without moving UpdatedDateUTC is what a weekly full read is for.
    assert!(!due_days_are_true(&database, sandbox).await, "no increment shows it");
    scene.later(7 * 24);
    let _ = complete(pipeline(), &clock, Mode::Incremental).await;
    assert!(due_days_are_true(&database, sandbox).await, "a week later everything is read again");
    let snapshots = database.count("xero_report_trial_balance").await;
    assert_eq!(snapshots, 3, "one for each day that was read");

    let _ = complete(pipeline(), &clock, Mode::Full).await;
    organisation_is_true(&database, sandbox, Vanished::Marked).await;
    // Each reading of a report is another document: it says when it was made.
    let lists = first.streams().iter().map(|stream| stream.name.clone());
    let lists = lists.filter(|name| !name.starts_with("report_"));
    let again = complete(pipeline().streams(lists), &clock, Mode::Incremental).await;
    assert_eq!(written(&again), 0, "nothing changed, nothing is written: {again:#?}");
    holds(&store).await;
}

on_both!(
    /// Everything, increments over days, a weekly full read, and everything again: each equals the universe's own truth.
    xero_is_true,
    super::books
);
