//! Entries that somebody makes by hand: depreciation, stock counts, reclassifications.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Universe;
use super::ledger::History;

/// An entry made by hand. Its lines add up to zero; they have no ids, only positions.
#[derive(Clone, Debug)]
pub struct ManualJournal {
    /// Id.
    pub id: Uuid,
    /// What it is for.
    pub narration: String,
    /// Calendar day.
    pub date: NaiveDate,
    /// DRAFT, POSTED, VOIDED or DELETED.
    pub status: &'static str,
    /// Whether cash reports count it.
    pub on_cash_basis: bool,
    /// Lines.
    pub lines: Vec<ManualJournalLine>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// One line of an entry.
#[derive(Clone, Debug)]
pub struct ManualJournalLine {
    /// Position of the account.
    pub account: usize,
    /// Text.
    pub description: &'static str,
    /// Debits are positive, credits negative; in GBP, without tax.
    pub amount: Decimal,
    /// Tracking option.
    pub tracking: Option<&'static str>,
}

/// Text, account debited, account credited.
type Entry = (&'static str, &'static str, &'static str);

// Neither bank nor control accounts: the vendor does not let anyone post to those by hand.
const DEPRECIATION: Entry = ("Depreciation of the month", "416", "711");
const STOCK_COUNT: Entry = ("Stock count", "630", "310");
const EQUIPMENT: Entry = ("Own work capitalised", "710", "310");

impl Universe {
    pub(super) fn open_manual_journals(&mut self, history: &History) {
        for (month, day) in history.every(30).enumerate() {
            let at = history.within(day, &mut self.ledger.rng);
            self.enter(DEPRECIATION, Decimal::new(41_667, 2), "POSTED", at);
            let amount = Decimal::new(self.ledger.rng.between(5_000, 900_000), 2);
            let status = ["POSTED", "VOIDED", "POSTED", "DELETED", "DRAFT", "POSTED"][month % 6];
            let made = self.enter(if month % 2 == 0 { STOCK_COUNT } else { EQUIPMENT }, amount, status, at);
            if status == "VOIDED" {
                let later = history.within(day + TimeDelta::days(4), &mut self.ledger.rng);
                self.ledger.manual_journals[made].updated_at = later;
            }
        }
    }

    /// Stock is counted and the difference posted; gives the entry's position.
    pub fn add_manual_journal(&mut self, amount: Decimal) -> usize {
        self.enter(STOCK_COUNT, amount, "POSTED", self.now)
    }

    /// A posted entry is voided.
    pub fn void_manual_journal(&mut self, entry: usize) {
        let now = self.now;
        let Some(entry) = self.ledger.manual_journals.get_mut(entry) else { return };
        if entry.status == "POSTED" {
            (entry.status, entry.updated_at) = ("VOIDED", now);
        }
    }

    fn enter(
        &mut self,
        (description, debit, credit): Entry,
        amount: Decimal,
        status: &'static str,
        at: DateTime<Utc>,
    ) -> usize {
        let line = |account, amount| {
            let tracking = (account == "310").then_some("Workshop");
            ManualJournalLine { account: self.account(account), description, amount, tracking }
        };
        let lines = vec![line(debit, amount), line(credit, -amount)];
        self.ledger.manual_journals.push(ManualJournal {
            id: self.ledger.rng.guid(),
            narration: format!("{description} ({})", at.format("%B %Y")),
            date: at.date_naive(),
            status,
            on_cash_basis: true,
            lines,
            updated_at: at,
        });
        self.ledger.manual_journals.len() - 1
    }
}
