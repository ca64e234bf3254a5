//! The catalog: one entry per stream, in the order they are read.

mod accounts;
mod advance_payments;
mod bank_transactions;
mod bank_transfers;
mod contacts;
mod credit_notes;
mod invoices;
mod items;
mod lines;
mod manual_journals;
mod organisation;
mod payments;
mod purchase_orders;
mod quotes;
mod reports;
mod settings;

use std::{fmt, sync::Arc, time::Duration};

use sentia_core::{Decoded, Stream, StreamInfo, decode::Walk};
use serde::de::DeserializeOwned;

pub(super) use self::reports::{Report, Snapshot};
use super::client::{Endpoint, Paged};

/// How far behind a proved bound the next read begins. Xero compares whole seconds, and whether its bound is
/// inclusive is not documented.
const OVERLAP: Duration = Duration::from_secs(120);
/// How often everything is read again. Due dates and "sent" of part-paid documents and a contact's balances change
/// without moving `UpdatedDateUTC` (requests-and-responses, "If-Modified-Since").
const FULL_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The field that `If-Modified-Since` compares.
const CURSOR: &str = "UpdatedDateUTC";
/// The largest page Xero grants.
const MAX_PAGE: u32 = 1000;

/// A stream with what it is read from.
#[derive(Debug)]
pub(super) enum Source {
    /// A list of the Accounting API.
    List {
        /// The list.
        endpoint: Endpoint,
        /// How its records are decoded.
        entry: Box<dyn Entry>,
    },
    /// A report, which is a record by itself.
    Report {
        /// The report.
        report: Report,
        /// How it is decoded.
        stream: Stream<Snapshot>,
    },
}

impl Source {
    /// The stream as data.
    pub(super) fn info(&self) -> &Arc<StreamInfo> {
        match self {
            Source::List { entry, .. } => entry.info(),
            Source::Report { stream, .. } => stream.info(),
        }
    }
}

/// A stream whose wire struct is forgotten.
pub(super) trait Entry: fmt::Debug + Send + Sync {
    fn info(&self) -> &Arc<StreamInfo>;
    /// Takes the list of records at which `walk` stands.
    fn decode(&self, walk: &mut Walk<'_>) -> serde_json::Result<Decoded>;
}

impl<W: DeserializeOwned + 'static> Entry for Stream<W> {
    fn info(&self) -> &Arc<StreamInfo> {
        Stream::info(self)
    }

    fn decode(&self, walk: &mut Walk<'_>) -> serde_json::Result<Decoded> {
        walk.records(self)
    }
}

/// Every stream. The parameters of a path go with each read of it: `order` keeps numbered pages stable, `unitdp=4`
/// keeps prices unrounded, and without `includeArchived` Xero hides rows without a word. Manual journals are not
/// ordered: with `order` Xero sends them all at once (tap-xero 2.2.3), and by change is their order anyway.
pub(super) fn sources() -> Vec<Source> {
    use Paged::{Hundreds, Sized, Whole};
    let list = |paged, path: &'static str, array, entry| Source::List {
        endpoint: Endpoint { path: path.into(), array, paged },
        entry,
    };
    let report = |report| Source::Report { report, stream: reports::stream(report) };
    const BY_CHANGE: &str = "?order=UpdatedDateUTC%20ASC&unitdp=4";
    let ordered = |array: &'static str, entry| Source::List {
        endpoint: Endpoint { path: format!("{array}{BY_CHANGE}").into(), array, paged: Sized },
        entry,
    };
    vec![
        list(Whole, "Organisation", "Organisations", Box::new(organisation::stream())),
        list(Whole, "Currencies", "Currencies", Box::new(settings::currencies())),
        list(Whole, "TaxRates", "TaxRates", Box::new(settings::tax_rates())),
        list(
            Whole,
            "TrackingCategories?includeArchived=true",
            "TrackingCategories",
            Box::new(settings::tracking_categories()),
        ),
        list(Whole, "Accounts", "Accounts", Box::new(accounts::stream())),
        list(Whole, "Items?unitdp=4", "Items", Box::new(items::stream())),
        list(
            Sized,
            "Contacts?order=UpdatedDateUTC%20ASC&includeArchived=true",
            "Contacts",
            Box::new(contacts::stream()),
        ),
        list(
            Sized,
            "Invoices?order=UpdatedDateUTC%20ASC&unitdp=4&includeArchived=true",
            "Invoices",
            Box::new(invoices::stream()),
        ),
        ordered("CreditNotes", Box::new(credit_notes::stream())),
        list(Sized, "Payments?order=UpdatedDateUTC%20ASC", "Payments", Box::new(payments::stream())),
        ordered("Prepayments", Box::new(advance_payments::prepayments())),
        ordered("Overpayments", Box::new(advance_payments::overpayments())),
        ordered("BankTransactions", Box::new(bank_transactions::stream())),
        list(Whole, "BankTransfers?includeDeleted=true", "BankTransfers", Box::new(bank_transfers::stream())),
        list(
            Sized,
            "PurchaseOrders?order=UpdatedDateUTC%20ASC",
            "PurchaseOrders",
            Box::new(purchase_orders::stream()),
        ),
        list(Hundreds, "Quotes?order=UpdatedDateUTC%20ASC", "Quotes", Box::new(quotes::stream())),
        list(Sized, "ManualJournals", "ManualJournals", Box::new(manual_journals::stream())),
        report(Report::BalanceSheet),
        report(Report::ProfitAndLoss),
        report(Report::TrialBalance),
        report(Report::AgedReceivables),
        report(Report::AgedPayables),
    ]
}

#[cfg(test)]
mod tests;
