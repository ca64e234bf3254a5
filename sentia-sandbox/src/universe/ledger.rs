//! What the books hold besides contacts, items, invoices, notes and payments.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::advance::{Advance, AdvanceKind, AdvanceLink};
use super::banking::{BankTransaction, BankTransfer};
use super::journal::{Journal, Posted};
use super::manual_journal::ManualJournal;
use super::purchasing::{PurchaseOrder, Quote};
use super::setting::{self, Currency, TaxRate, TrackingCategory};
use super::{Evolution, Side, Universe};
use crate::rng::Rng;

/// The rest of the books. Rows refer to contacts, accounts and invoices by position and are never removed.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Orders to suppliers.
    pub purchase_orders: Vec<PurchaseOrder>,
    /// Offers to trade customers.
    pub quotes: Vec<Quote>,
    /// Money in and out that settles no invoice; transfers and advances show here too.
    pub bank_transactions: Vec<BankTransaction>,
    /// Money between own accounts.
    pub bank_transfers: Vec<BankTransfer>,
    /// Entries made by hand.
    pub manual_journals: Vec<ManualJournal>,
    /// Money paid beyond an invoice.
    pub overpayments: Vec<Advance>,
    /// Money paid before there is an invoice.
    pub prepayments: Vec<Advance>,
    /// Dimensions of lines.
    pub tracking_categories: Vec<TrackingCategory>,
    /// Tax rates.
    pub tax_rates: Vec<TaxRate>,
    /// Currencies in use.
    pub currencies: Vec<Currency>,
    /// What was posted and taken back, in the order of numbers; only ever appended to.
    pub journals: Vec<Journal>,
    pub(super) posted: Posted,
    pub(super) advances_of_invoice: BTreeMap<Uuid, Vec<AdvanceLink>>,
    pub(super) rng: Rng,
}

impl Ledger {
    pub(super) fn empty(mut rng: Rng) -> Self {
        Self {
            purchase_orders: vec![],
            quotes: vec![],
            bank_transactions: vec![],
            bank_transfers: vec![],
            manual_journals: vec![],
            overpayments: vec![],
            prepayments: vec![],
            tracking_categories: setting::tracking_categories(&mut rng),
            tax_rates: setting::tax_rates(),
            currencies: setting::CURRENCIES.to_vec(),
            journals: vec![],
            posted: Posted::default(),
            advances_of_invoice: BTreeMap::new(),
            rng,
        }
    }

    /// The over- or the prepayments.
    pub fn advances(&self, kind: AdvanceKind) -> &[Advance] {
        match kind {
            AdvanceKind::Overpayment => &self.overpayments,
            AdvanceKind::Prepayment => &self.prepayments,
        }
    }

    pub(super) fn advances_mut(&mut self, kind: AdvanceKind) -> &mut Vec<Advance> {
        match kind {
            AdvanceKind::Overpayment => &mut self.overpayments,
            AdvanceKind::Prepayment => &mut self.prepayments,
        }
    }

    /// The over- and prepayments used against an invoice.
    pub(crate) fn used_against(&self, invoice: Uuid) -> &[AdvanceLink] {
        self.advances_of_invoice.get(&invoice).map_or(&[], Vec::as_slice)
    }

    /// The id of a tracking option by its name, with its category.
    pub(crate) fn tracking(&self, option: &str) -> Option<(&TrackingCategory, Uuid)> {
        self.tracking_categories.iter().find_map(|category| {
            let found = category.options.iter().find(|known| known.name == option)?;
            Some((category, found.id))
        })
    }
}

/// The days that a generated ledger fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct History {
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
}

impl History {
    /// A moment of a day's office hours, within the history.
    pub(super) fn within(&self, day: NaiveDate, rng: &mut Rng) -> DateTime<Utc> {
        let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
        let at = midnight + TimeDelta::milliseconds(rng.between(8 * 3_600_000, 18 * 3_600_000));
        at.clamp(self.start, self.end - TimeDelta::milliseconds(1))
    }

    /// So many moments of the last days, in the order of time.
    pub(super) fn last_days(&self, days: i64, count: usize, rng: &mut Rng) -> Vec<DateTime<Utc>> {
        let span = (self.end - self.start).min(TimeDelta::days(days)).num_milliseconds().max(1);
        let mut moments: Vec<DateTime<Utc>> =
            (0..count).map(|_| self.end - TimeDelta::milliseconds(rng.between(1, span))).collect();
        moments.sort();
        moments
    }

    /// Every so many days, from the first.
    pub(super) fn every(&self, days: usize) -> impl Iterator<Item = NaiveDate> + use<> {
        let (start, end) = (self.start.date_naive(), self.end.date_naive());
        start.iter_days().take_while(move |day| *day < end).step_by(days)
    }
}

/// What one step of [`Universe::evolve`] changed in the rest of the books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerEvolution {
    /// Purchase orders placed.
    pub purchase_orders_added: Vec<Uuid>,
    /// Purchase orders that moved on.
    pub purchase_orders_changed: Vec<Uuid>,
    /// Quotes that moved on.
    pub quotes_changed: Vec<Uuid>,
    /// Bank transactions made, those of transfers and advances included.
    pub bank_transactions_added: Vec<Uuid>,
    /// Bank transactions taken back.
    pub bank_transactions_deleted: Vec<Uuid>,
    /// Transfers made.
    pub bank_transfers_added: Vec<Uuid>,
    /// Transfers taken back: no increment shows it.
    pub bank_transfers_deleted: Vec<Uuid>,
    /// Manual journals made.
    pub manual_journals_added: Vec<Uuid>,
    /// Manual journals voided.
    pub manual_journals_voided: Vec<Uuid>,
    /// Over- and prepayments made or used.
    pub advances_changed: Vec<Uuid>,
}

impl Universe {
    /// Fills the ledger of a played history, without drawing on any other part's random numbers.
    pub(super) fn open_ledger(&mut self, start: DateTime<Utc>, end: DateTime<Utc>) {
        let history = History { start, end };
        let further = setting::further_accounts(&mut self.ledger.rng, start);
        self.books.accounts.extend(further);
        self.open_papers(&history);
        self.open_bank(&history);
        self.open_advances(&history);
        self.open_manual_journals(&history);
        self.open_journals(end);
    }

    pub(super) fn evolve_ledger(&mut self, evolution: &mut Evolution) {
        let Evolution { ledger: report, invoices_changed, .. } = evolution;
        let before = self.ledger.bank_transactions.len();
        let order = self.place_purchase_order();
        report.purchase_orders_added.push(self.ledger.purchase_orders[order].id);
        let open = |order: &PurchaseOrder| order.status == "AUTHORISED";
        if let Some(at) = self.ledger.purchase_orders.iter().position(open) {
            self.set_purchase_order_status(at, "BILLED");
            report.purchase_orders_changed.push(self.ledger.purchase_orders[at].id);
        }
        if let Some(at) = self.ledger.quotes.iter().position(|quote| quote.status == "SENT") {
            self.set_quote_status(at, "ACCEPTED");
            report.quotes_changed.push(self.ledger.quotes[at].id);
        }
        self.evolve_bank(report);
        self.evolve_entries(report);
        self.evolve_advances(report, invoices_changed);
        let added = self.ledger.bank_transactions[before..].iter().map(|line| line.id);
        report.bank_transactions_added.extend(added);
        self.keep_journals();
    }

    fn evolve_bank(&mut self, report: &mut LedgerEvolution) {
        let plain = |line: &BankTransaction| line.status == "AUTHORISED" && line.kind == "SPEND";
        if let Some(at) = self.ledger.bank_transactions.iter().position(plain) {
            self.delete_bank_transaction(at);
            report.bank_transactions_deleted.push(self.ledger.bank_transactions[at].id);
        }
        let amount = rust_decimal::Decimal::new(self.ledger.rng.between(1_000, 900_000), 2);
        self.add_bank_transaction(Side::Payable, amount);
        let live = |transfer: &BankTransfer| transfer.status == "AUTHORISED";
        if let Some(at) = self.ledger.bank_transfers.iter().position(live) {
            self.delete_bank_transfer(at);
            report.bank_transfers_deleted.push(self.ledger.bank_transfers[at].id);
        }
        let made = self.add_bank_transfer(amount);
        report.bank_transfers_added.push(self.ledger.bank_transfers[made].id);
    }

    fn evolve_entries(&mut self, report: &mut LedgerEvolution) {
        let posted = |entry: &ManualJournal| entry.status == "POSTED";
        if let Some(at) = self.ledger.manual_journals.iter().position(posted) {
            self.void_manual_journal(at);
            report.manual_journals_voided.push(self.ledger.manual_journals[at].id);
        }
        let amount = rust_decimal::Decimal::new(self.ledger.rng.between(1_000, 90_000), 2);
        let made = self.add_manual_journal(amount);
        report.manual_journals_added.push(self.ledger.manual_journals[made].id);
    }
}
