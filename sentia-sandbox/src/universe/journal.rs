//! The vendor's own list of postings: numbered, only ever appended to, with reversals for what was taken back.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Universe;
use super::posting::{Source, Standing};
use super::{AdvanceKind, Ledger};

/// One numbered journal. Its lines are read from its paper, which keeps its amounts for good.
#[derive(Clone, Debug)]
pub struct Journal {
    /// Id.
    pub id: Uuid,
    /// Grows with time, with gaps.
    pub number: u64,
    /// The paper it is for.
    pub source: Source,
    /// Whether it takes an earlier journal of the same paper back.
    pub reversal: bool,
    /// Calendar day.
    pub date: NaiveDate,
    /// The paper's reference when it was posted; empty for none.
    pub reference: String,
    /// When it was posted.
    pub created_at: DateTime<Utc>,
}

impl Journal {
    /// The id of a line, by its position.
    pub fn line_id(&self, position: usize) -> Uuid {
        // Told from the journal's own, so that a line needs no memory of its own.
        Uuid::from_u128(self.id.as_u128() ^ (position as u128 + 1).wrapping_mul(0x9E37_79B1))
    }
}

/// Which papers are posted now, by position, one list for each kind of paper.
#[derive(Clone, Debug, Default)]
pub(super) struct Posted([Vec<bool>; 8]);

impl Posted {
    fn knows(&self, source: Source) -> bool {
        let (list, at) = place(source);
        self.0[list].len() > at
    }

    fn slot(&mut self, source: Source) -> &mut bool {
        let (list, at) = place(source);
        let list = &mut self.0[list];
        if list.len() <= at {
            list.resize(at + 1, false);
        }
        &mut list[at]
    }
}

fn place(source: Source) -> (usize, usize) {
    match source {
        Source::Invoice(at) => (0, at),
        Source::CreditNote(at) => (1, at),
        Source::Payment(at) => (2, at),
        Source::BankTransaction(at) => (3, at),
        Source::BankTransfer(at) => (4, at),
        Source::Advance(AdvanceKind::Overpayment, at) => (5, at),
        Source::Advance(AdvanceKind::Prepayment, at) => (6, at),
        Source::ManualJournal(at) => (7, at),
    }
}

impl Universe {
    /// What a journal says, before a reversal turns its signs.
    pub fn posting_of(&self, journal: &Journal) -> super::Posting {
        self.posting(journal.source)
    }

    /// Posts what has happened since the last call. Every change through a sandbox ends with it.
    pub fn keep_journals(&mut self) {
        let now = self.now;
        for (source, reversal) in self.unposted() {
            self.append(source, reversal, now);
        }
    }

    /// Posts a generated history in the order of its days.
    pub(super) fn open_journals(&mut self, end: DateTime<Utc>) {
        let mut due: Vec<(NaiveDate, bool, Source)> = self
            .unposted()
            .into_iter()
            .map(|(source, reversal)| (self.day_of(source, reversal), reversal, source))
            .collect();
        due.sort();
        let (mut day, mut ordinal) = (NaiveDate::MIN, 0);
        for (date, reversal, source) in due {
            ordinal = if date == day { ordinal + 1 } else { 0 };
            day = date;
            let at = date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::seconds(ordinal);
            self.append(source, reversal, at.min(end));
        }
    }

    fn unposted(&mut self) -> Vec<(Source, bool)> {
        let mut due = vec![];
        for source in self.sources() {
            let standing = self.standing(source);
            let known = self.ledger.posted.knows(source);
            let counts = standing == Standing::Counts;
            let posted = std::mem::replace(self.ledger.posted.slot(source), counts);
            if counts && !posted {
                due.push((source, false));
            }
            // Posted and taken back before anybody looked: both show.
            if standing == Standing::TakenBack && !known {
                due.extend([(source, false), (source, true)]);
            }
            if !counts && posted {
                due.push((source, true));
            }
        }
        due
    }

    fn day_of(&self, source: Source, reversal: bool) -> NaiveDate {
        let posted = self.posting_date(source);
        if !reversal {
            return posted;
        }
        let (books, ledger) = (&self.books, &self.ledger);
        let changed = match source {
            Source::Invoice(at) => books.invoices[at].document.updated_at,
            Source::CreditNote(at) => books.credit_notes[at].document.updated_at,
            Source::Payment(at) => books.payments[at].updated_at,
            Source::BankTransaction(at) => ledger.bank_transactions[at].updated_at,
            Source::BankTransfer(at) => {
                ledger.bank_transactions[ledger.bank_transfers[at].from_transaction].updated_at
            }
            Source::Advance(kind, at) => ledger.advances(kind)[at].updated_at,
            Source::ManualJournal(at) => ledger.manual_journals[at].updated_at,
        };
        changed.date_naive().max(posted)
    }

    fn append(&mut self, source: Source, reversal: bool, created_at: DateTime<Utc>) {
        let (date, reference) = (self.posting_date(source), self.posting_reference(source).to_owned());
        let Ledger { journals, rng, .. } = &mut self.ledger;
        // Numbers of journals that were never kept leave gaps, as at the vendor.
        let number = journals.last().map_or(1, |last| last.number + 1 + u64::from(rng.percent(10)) * 3);
        let id = rng.guid();
        journals.push(Journal { id, number, source, reversal, date, reference, created_at });
    }
}
