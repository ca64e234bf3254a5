//! The reports' figures against the ledger itself: the numbered journals, which no report of the twin is made from.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::Decimal;
use sentia_sandbox::{
    Sandbox,
    universe::{Account, Invoice, Side, Universe},
};

use crate::database::Database;

/// A figure by its account and its column.
type Figures = BTreeMap<(String, String), Decimal>;

/// The account that stands for earnings of the year, which have none.
const NO_ACCOUNT: &str = "00000000-0000-0000-0000-000000000000";
/// Retained earnings.
const RETAINED: &str = "960";

/// Every line that was ever posted, reversals with their signs turned.
struct Ledger {
    accounts: Vec<Account>,
    lines: Vec<(NaiveDate, usize, Decimal)>,
}

impl Ledger {
    fn of(universe: &Universe) -> Self {
        let mut lines = Vec::new();
        for journal in &universe.ledger.journals {
            let sign = if journal.reversal { -Decimal::ONE } else { Decimal::ONE };
            let posting = universe.posting_of(journal);
            lines.extend(posting.lines.iter().map(|line| (journal.date, line.account, sign * line.net)));
        }
        Ledger { accounts: universe.books.accounts.clone(), lines }
    }

    /// What moved on the accounts that `of` picks, both days included; debits are positive.
    fn moved(&self, of: impl Fn(&Account) -> bool, (from, to): (NaiveDate, NaiveDate)) -> Decimal {
        let within = self.lines.iter().filter(|(day, ..)| (from..=to).contains(day));
        within.filter(|(_, at, _)| of(&self.accounts[*at])).map(|(.., net)| *net).sum()
    }

    /// Debits less credits of an account up to a day: income and expenses since the year began, what was earned before
    /// with the retained earnings.
    fn balance(&self, account: &Account, day: NaiveDate) -> Decimal {
        let start = year_start(day);
        let since = if is_earning(account) { start } else { NaiveDate::MIN };
        let own = self.moved(|known| known.id == account.id, (since, day));
        if account.code != Some(RETAINED) {
            return own;
        }
        own + self.moved(is_earning, (NaiveDate::MIN, start - Days::new(1)))
    }
}

fn is_earning(account: &Account) -> bool {
    matches!(account.class, "REVENUE" | "EXPENSE")
}

/// Whether a report shows what is owed, own or earned, and so credits as positive.
fn is_of_credits(account: &Account) -> bool {
    matches!(account.class, "REVENUE" | "LIABILITY" | "EQUITY")
}

/// The organisation's year ends on 31 March.
fn year_start(day: NaiveDate) -> NaiveDate {
    let year = if day.month() >= 4 { day.year() } else { day.year() - 1 };
    NaiveDate::from_ymd_opt(year, 4, 1).expect("a day")
}

fn month_start(day: NaiveDate) -> NaiveDate {
    day.with_day(1).expect("a day")
}

/// Compares the newest snapshot of each report with the ledger, account by account.
pub(super) async fn are_true(database: &Database, sandbox: &Sandbox) {
    let ledger = sandbox.look(Ledger::of);
    trial_balance_is_true(database, &ledger).await;
    balance_sheet_is_true(database, &ledger).await;
    profit_and_loss_is_true(database, &ledger).await;
    aged_is_true(database, sandbox, "aged_receivables", Side::Receivable).await;
    aged_is_true(database, sandbox, "aged_payables", Side::Payable).await;
}

/// The day of the newest snapshot.
async fn newest(database: &Database, report: &str) -> NaiveDate {
    let rows = database.rows(&format!("SELECT CAST(max(as_of) AS text) FROM xero_report_{report}")).await;
    rows[0][0].parse().expect("a snapshot")
}

/// Figures that name an account, by account and column, but for zeros: whether those are shown is a matter of layout.
async fn figures(database: &Database, report: &str) -> Figures {
    let day = newest(database, report).await;
    let sql = format!(
        "SELECT l.account_id, l.column_title, CAST(l.value AS text) FROM xero_report_{report}_lines l \
         JOIN xero_report_{report} r ON r.row_id = l.parent_row_id \
         WHERE l.account_id IS NOT NULL AND l.value IS NOT NULL AND CAST(r.as_of AS text) = '{day}'"
    );
    let figure = |row: Vec<String>| ((row[0].clone(), row[1].clone()), row[2].parse().expect("a number"));
    let rows = database.rows(&sql).await;
    let count = rows.len();
    let figures: Figures = rows.into_iter().map(figure).collect();
    assert_eq!(count, figures.len(), "{report}: an account has one figure in a column");
    nonzero(figures)
}

fn nonzero(figures: Figures) -> Figures {
    figures.into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
}

fn same(report: &str, found: &Figures, truth: &Figures) {
    let wrong = truth.iter().filter(|(place, amount)| found.get(*place) != Some(*amount));
    let wrong: Vec<_> = wrong.map(|(place, amount)| (place, amount, found.get(place))).take(3).collect();
    let extra: Vec<_> = found.iter().filter(|(place, _)| !truth.contains_key(*place)).take(3).collect();
    assert!(wrong.is_empty() && extra.is_empty(), "{report}: wrong {wrong:?}, too many {extra:?}");
    assert!(!truth.is_empty(), "{report} says something");
}

async fn trial_balance_is_true(database: &Database, ledger: &Ledger) {
    let day = newest(database, "trial_balance").await;
    let found = figures(database, "trial_balance").await;
    let mut truth = Figures::new();
    for account in &ledger.accounts {
        let month = ledger.moved(|known| known.id == account.id, (month_start(day), day));
        for (amount, debit, credit) in
            [(month, "Debit", "Credit"), (ledger.balance(account, day), "YTD Debit", "YTD Credit")]
        {
            let column = if amount.is_sign_positive() { debit } else { credit };
            truth.insert((account.id.to_string(), column.to_owned()), amount.abs());
        }
    }
    same("trial_balance", &found, &nonzero(truth));
}

async fn balance_sheet_is_true(database: &Database, ledger: &Ledger) {
    let day = newest(database, "balance_sheet").await;
    let found = figures(database, "balance_sheet").await;
    let mut truth = Figures::new();
    for column in columns(database, "balance_sheet").await {
        let end = NaiveDate::parse_from_str(&column, "%d %b %Y").expect("a day");
        assert!(end <= day);
        for account in ledger.accounts.iter().filter(|account| !is_earning(account)) {
            let balance = ledger.balance(account, end);
            let shown = if is_of_credits(account) { -balance } else { balance };
            truth.insert((account.id.to_string(), column.clone()), shown);
        }
        let earned = -ledger.moved(is_earning, (year_start(end), end));
        truth.insert((NO_ACCOUNT.to_owned(), column), earned);
    }
    same("balance_sheet", &found, &nonzero(truth));
}

async fn profit_and_loss_is_true(database: &Database, ledger: &Ledger) {
    let found = figures(database, "profit_and_loss").await;
    let mut truth = Figures::new();
    for column in columns(database, "profit_and_loss").await {
        let end = NaiveDate::parse_from_str(&column, "%d %b %y").expect("a day");
        for account in ledger.accounts.iter().filter(|account| is_earning(account)) {
            let moved = ledger.moved(|known| known.id == account.id, (month_start(end), end));
            let shown = if is_of_credits(account) { -moved } else { moved };
            truth.insert((account.id.to_string(), column.clone()), shown);
        }
    }
    same("profit_and_loss", &found, &nonzero(truth));
}

/// The twelve columns of a report's newest snapshot.
async fn columns(database: &Database, report: &str) -> Vec<String> {
    let day = newest(database, report).await;
    let sql = format!(
        "SELECT DISTINCT l.column_title FROM xero_report_{report}_lines l \
         JOIN xero_report_{report} r ON r.row_id = l.parent_row_id WHERE CAST(r.as_of AS text) = '{day}'"
    );
    let columns: Vec<String> = database.rows(&sql).await.into_iter().map(|mut row| row.remove(0)).collect();
    assert_eq!(columns.len(), 12, "{report}: {columns:?}");
    columns
}

/// What is left of each open invoice of each contact, and their sum.
async fn aged_is_true(database: &Database, sandbox: &Sandbox, report: &str, side: Side) {
    let day = newest(database, report).await;
    let sql = format!(
        "SELECT r.contact_id, l.row_type, l.label, CAST(l.value AS text) FROM xero_report_{report}_lines l \
         JOIN xero_report_{report} r ON r.row_id = l.parent_row_id \
         WHERE l.column_title = 'Due' AND CAST(r.as_of AS text) = '{day}'"
    );
    let mut shown: BTreeMap<String, (Vec<Decimal>, Decimal)> = BTreeMap::new();
    for row in database.rows(&sql).await {
        let amount: Decimal = row[3].parse().expect("a number");
        let (dues, closing) = shown.entry(row[0].clone()).or_default();
        match (row[1].as_str(), row[2].as_str()) {
            ("SummaryRow", "Closing Balance") => *closing = amount,
            ("Row", _) if !amount.is_zero() => dues.push(amount),
            _ => {}
        }
    }
    assert!(!shown.is_empty(), "{report}: one for each contact");
    for (contact, (mut dues, closing)) in shown {
        let mut truth = sandbox.look(|universe| {
            let open = universe.books.invoices.iter().filter(|invoice| is_open(invoice, side));
            let open = open.filter(|invoice| {
                universe.books.contacts[invoice.document.contact].id.to_string() == contact
                    && invoice.document.date <= day
            });
            open.map(Invoice::amount_due).collect::<Vec<_>>()
        });
        dues.sort();
        truth.sort();
        assert_eq!(dues, truth, "{report} of {contact}");
        assert_eq!(closing, truth.iter().sum(), "{report} of {contact}");
    }
}

fn is_open(invoice: &Invoice, side: Side) -> bool {
    let document = &invoice.document;
    document.side == side && document.status.as_str() == "AUTHORISED" && !invoice.amount_due().is_zero()
}

/// The contacts of the oldest documents of each side: the same ones, whatever is added later.
pub(super) fn some_contacts(sandbox: &Sandbox) -> Vec<String> {
    sandbox.look(|universe| {
        let of = |side| {
            let invoices =
                universe.books.invoices.iter().filter(move |invoice| invoice.document.side == side);
            let mut contacts: Vec<usize> = Vec::new();
            for contact in invoices.map(|invoice| invoice.document.contact) {
                if contacts.len() < 4 && !contacts.contains(&contact) {
                    contacts.push(contact);
                }
            }
            contacts
        };
        let chosen: BTreeSet<usize> = [Side::Receivable, Side::Payable].into_iter().flat_map(of).collect();
        chosen.into_iter().map(|at| universe.books.contacts[at].id.to_string()).collect()
    })
}
