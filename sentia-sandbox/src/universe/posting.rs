//! What each paper means for the accounts, in pounds: the trial balance is the sum of all postings.

use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::advance::{Advance, AdvanceKind};
use super::books::{Document, DocumentLine, DocumentStatus, LineAmountTypes, Payment, PaymentStatus, Side};
use super::ordering::cents;
use super::purchasing::LineSet;
use super::{Universe, books::CreditNote, books::Invoice};

/// The paper that something was posted for, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // each names the list that the position counts in
pub enum Source {
    Invoice(usize),
    CreditNote(usize),
    Payment(usize),
    BankTransaction(usize),
    BankTransfer(usize),
    Advance(AdvanceKind, usize),
    ManualJournal(usize),
}

/// How a paper stands in the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Never counted: a draft, or the shadow of another paper.
    Never,
    /// It counts.
    Counts,
    /// It counted and was taken back.
    TakenBack,
}

/// One posting: a date and lines that add up to zero.
#[derive(Clone, Debug)]
pub struct Posting {
    /// The vendor's word for the paper: `ACCREC`, `CASHPAID` ...
    pub kind: &'static str,
    /// The paper's id.
    pub id: Uuid,
    /// Calendar day.
    pub date: NaiveDate,
    /// Lines.
    pub lines: Vec<PostingLine>,
}

/// One line of a posting. Debits are positive, credits negative.
#[derive(Clone, Debug)]
pub struct PostingLine {
    /// Position of the account.
    pub account: usize,
    /// Text; empty for control accounts.
    pub description: Arc<str>,
    /// In pounds, without tax.
    pub net: Decimal,
    /// Tax that goes with it, which has a line of its own as well.
    pub tax: Decimal,
    /// Tax rate; control accounts have none.
    pub tax_type: Option<&'static str>,
    /// Tracking option.
    pub tracking: Option<&'static str>,
}

/// The sum on one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The account's id.
    pub account: Uuid,
    /// In pounds; debits are positive.
    pub amount: Decimal,
}

impl Universe {
    /// What each account holds at the end of a day, in the order of the chart. The sum is zero.
    pub fn balances(&self, as_of: NaiveDate) -> Vec<Balance> {
        let sums = self.movements(NaiveDate::MIN, as_of, |_| true);
        let accounts = self.books.accounts.iter().zip(sums);
        accounts.map(|(account, amount)| Balance { account: account.id, amount }).collect()
    }

    /// What moved on each account from one day to another, both included, by the lines that `counts` lets through.
    pub(crate) fn movements(
        &self,
        from: NaiveDate,
        to: NaiveDate,
        counts: impl Fn(&PostingLine) -> bool,
    ) -> Vec<Decimal> {
        let mut sums = vec![Decimal::ZERO; self.books.accounts.len()];
        for source in self.sources() {
            let date = self.posting_date(source);
            if date < from || date > to || self.standing(source) != Standing::Counts {
                continue;
            }
            for line in self.posting(source).lines.iter().filter(|line| counts(line)) {
                sums[line.account] += line.net;
            }
        }
        sums
    }

    /// Every paper that may be posted.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> + use<> {
        let (books, ledger) = (&self.books, &self.ledger);
        let advances = |kind: AdvanceKind, count: usize| (0..count).map(move |at| Source::Advance(kind, at));
        (0..books.invoices.len())
            .map(Source::Invoice)
            .chain((0..books.credit_notes.len()).map(Source::CreditNote))
            .chain((0..ledger.bank_transactions.len()).map(Source::BankTransaction))
            .chain((0..ledger.bank_transfers.len()).map(Source::BankTransfer))
            .chain(advances(AdvanceKind::Overpayment, ledger.overpayments.len()))
            .chain(advances(AdvanceKind::Prepayment, ledger.prepayments.len()))
            .chain((0..ledger.manual_journals.len()).map(Source::ManualJournal))
            .chain((0..books.payments.len()).map(Source::Payment))
    }

    pub(crate) fn standing(&self, source: Source) -> Standing {
        let word = |status: &str| match status {
            "AUTHORISED" | "PAID" | "POSTED" => Standing::Counts,
            "VOIDED" | "DELETED" => Standing::TakenBack,
            _ => Standing::Never,
        };
        let document = |document: &Document| match document.status {
            DocumentStatus::Authorised | DocumentStatus::Paid => Standing::Counts,
            DocumentStatus::Voided => Standing::TakenBack,
            _ => Standing::Never,
        };
        match source {
            Source::Invoice(at) => document(&self.books.invoices[at].document),
            Source::CreditNote(at) => document(&self.books.credit_notes[at].document),
            Source::Payment(at) => match self.books.payments[at].status {
                PaymentStatus::Authorised => Standing::Counts,
                PaymentStatus::Deleted => Standing::TakenBack,
            },
            Source::BankTransaction(at) => {
                let line = &self.ledger.bank_transactions[at];
                // The others are shadows of a transfer or an advance, which is posted itself.
                if matches!(line.kind, "RECEIVE" | "SPEND") { word(line.status) } else { Standing::Never }
            }
            Source::BankTransfer(at) => word(self.ledger.bank_transfers[at].status),
            Source::Advance(kind, at) => word(self.ledger.advances(kind)[at].status),
            Source::ManualJournal(at) => match self.ledger.manual_journals[at].status {
                // Only drafts are deleted.
                "DELETED" => Standing::Never,
                status => word(status),
            },
        }
    }

    /// The day of a paper.
    pub(crate) fn posting_date(&self, source: Source) -> NaiveDate {
        let (books, ledger) = (&self.books, &self.ledger);
        match source {
            Source::Invoice(at) => books.invoices[at].document.date,
            Source::CreditNote(at) => books.credit_notes[at].document.date,
            Source::Payment(at) => books.payments[at].date,
            Source::BankTransaction(at) => ledger.bank_transactions[at].date,
            Source::BankTransfer(at) => ledger.bank_transfers[at].date,
            Source::Advance(kind, at) => ledger.advances(kind)[at].date,
            Source::ManualJournal(at) => ledger.manual_journals[at].date,
        }
    }

    /// The reference of a paper.
    pub(crate) fn posting_reference(&self, source: Source) -> &str {
        let (books, ledger) = (&self.books, &self.ledger);
        match source {
            Source::Invoice(at) => &books.invoices[at].document.reference,
            Source::CreditNote(at) => &books.credit_notes[at].document.reference,
            Source::Payment(at) => &books.payments[at].reference,
            Source::BankTransaction(at) => &ledger.bank_transactions[at].reference,
            Source::BankTransfer(at) => &ledger.bank_transfers[at].reference,
            Source::Advance(kind, at) => &ledger.advances(kind)[at].reference,
            Source::ManualJournal(at) => &ledger.manual_journals[at].narration,
        }
    }

    /// What a paper is posted as, whether or not it counts.
    pub(crate) fn posting(&self, source: Source) -> Posting {
        match source {
            Source::Invoice(at) => self.invoice_posting(&self.books.invoices[at]),
            Source::CreditNote(at) => self.credit_note_posting(&self.books.credit_notes[at]),
            Source::Payment(at) => self.payment_posting(&self.books.payments[at]),
            Source::BankTransaction(at) => self.bank_posting(at),
            Source::BankTransfer(at) => self.transfer_posting(at),
            Source::Advance(kind, at) => self.advance_posting(kind, &self.ledger.advances(kind)[at]),
            Source::ManualJournal(at) => self.entry_posting(at),
        }
    }

    /// The position of the account with a code. An unknown code falls to rounding, as a suspense account would.
    pub(crate) fn account(&self, code: &str) -> usize {
        let find = |code: &str| self.books.accounts.iter().position(|account| account.code == Some(code));
        find(code).or_else(|| find("860")).unwrap_or(0)
    }

    fn control(&self, side: Side) -> usize {
        self.account(if side == Side::Receivable { "610" } else { "800" })
    }

    fn invoice_posting(&self, invoice: &Invoice) -> Posting {
        let document = &invoice.document;
        let (kind, sign) = match document.side {
            Side::Receivable => ("ACCREC", Decimal::ONE),
            Side::Payable => ("ACCPAY", -Decimal::ONE),
        };
        self.document_posting(document, kind, sign)
    }

    fn credit_note_posting(&self, note: &CreditNote) -> Posting {
        let document = &note.document;
        let (kind, sign) = match document.side {
            Side::Receivable => ("ACCRECCREDIT", -Decimal::ONE),
            Side::Payable => ("ACCPAYCREDIT", Decimal::ONE),
        };
        self.document_posting(document, kind, sign)
    }

    fn document_posting(&self, document: &Document, kind: &'static str, sign: Decimal) -> Posting {
        let total = sign * pounds(document.total, document.rate);
        let inclusive = document.line_amounts == LineAmountTypes::Inclusive;
        let mut lines = vec![plain(self.control(document.side), total)];
        self.against(&mut lines, &document.lines, inclusive, (-sign, document.rate));
        Posting { kind, id: document.id, date: document.date, lines: self.balanced(lines) }
    }

    /// The lines of a document and their tax, against the control or bank account that comes first.
    fn against(
        &self,
        lines: &mut Vec<PostingLine>,
        sold: &[DocumentLine],
        inclusive: bool,
        (sign, rate): (Decimal, Decimal),
    ) {
        let mut total_tax = Decimal::ZERO;
        for line in sold {
            let net = if inclusive { line.line_amount - line.tax_amount } else { line.line_amount };
            total_tax += line.tax_amount;
            lines.push(PostingLine {
                account: self.account(line.account_code),
                description: Arc::clone(&line.description),
                net: sign * pounds(net, rate),
                tax: sign * pounds(line.tax_amount, rate),
                tax_type: Some(line.tax_type),
                tracking: line.tracking,
            });
        }
        if !total_tax.is_zero() {
            lines.push(plain(self.account("820"), sign * pounds(total_tax, rate)));
        }
    }

    /// Pennies that conversion left over go to the rounding account, as the vendor books them.
    fn balanced(&self, mut lines: Vec<PostingLine>) -> Vec<PostingLine> {
        let rest: Decimal = lines.iter().map(|line| line.net).sum();
        if !rest.is_zero() {
            lines.push(plain(self.account("860"), -rest));
        }
        lines
    }

    fn payment_posting(&self, payment: &Payment) -> Posting {
        let books = &self.books;
        let (document, kinds, back) = match (payment.invoice, payment.credit_note) {
            (Some(at), _) => (&books.invoices[at].document, ["ACCRECPAYMENT", "ACCPAYPAYMENT"], false),
            (None, Some(at)) => {
                (&books.credit_notes[at].document, ["ARCREDITPAYMENT", "APCREDITPAYMENT"], true)
            }
            // Settles nothing: a test bent it. It moves no money.
            (None, None) => return Posting { kind: "ACCRECPAYMENT", ..nothing(payment.id, payment.date) },
        };
        let incoming = (document.side == Side::Receivable) != back;
        let amount = pounds(payment.amount, payment.rate) * sign_of(incoming);
        Posting {
            kind: kinds[usize::from(document.side == Side::Payable)],
            id: payment.id,
            date: payment.date,
            lines: vec![plain(payment.account, amount), plain(self.control(document.side), -amount)],
        }
    }

    fn bank_posting(&self, at: usize) -> Posting {
        let line = &self.ledger.bank_transactions[at];
        let receiving = line.kind.starts_with("RECEIVE");
        let LineSet { amounts, lines: sold, total, .. } = &line.body;
        let inclusive = *amounts == LineAmountTypes::Inclusive;
        let mut lines = vec![plain(line.account, *total * sign_of(receiving))];
        self.against(&mut lines, sold, inclusive, (-sign_of(receiving), Decimal::ONE));
        Posting {
            kind: if receiving { "CASHREC" } else { "CASHPAID" },
            id: line.id,
            date: line.date,
            lines: self.balanced(lines),
        }
    }

    fn transfer_posting(&self, at: usize) -> Posting {
        let transfer = &self.ledger.bank_transfers[at];
        Posting {
            kind: "TRANSFER",
            id: transfer.id,
            date: transfer.date,
            lines: vec![plain(transfer.from, -transfer.amount), plain(transfer.to, transfer.amount)],
        }
    }

    fn advance_posting(&self, kind: AdvanceKind, credit: &Advance) -> Posting {
        let receiving = credit.side == Side::Receivable;
        let amount = credit.body.total * sign_of(receiving);
        Posting {
            kind: match (kind, receiving) {
                (AdvanceKind::Overpayment, true) => "AROVERPAYMENT",
                (AdvanceKind::Overpayment, false) => "APOVERPAYMENT",
                (AdvanceKind::Prepayment, true) => "ARPREPAYMENT",
                (AdvanceKind::Prepayment, false) => "APPREPAYMENT",
            },
            id: credit.id,
            date: credit.date,
            lines: vec![plain(credit.account, amount), plain(self.control(credit.side), -amount)],
        }
    }

    fn entry_posting(&self, at: usize) -> Posting {
        let entry = &self.ledger.manual_journals[at];
        let line = |line: &super::ManualJournalLine| PostingLine {
            description: Arc::from(line.description),
            tax_type: Some("NONE"),
            tracking: line.tracking,
            ..plain(line.account, line.amount)
        };
        let lines = self.balanced(entry.lines.iter().map(line).collect());
        Posting { kind: "MANJOURNAL", lines, ..nothing(entry.id, entry.date) }
    }
}

fn plain(account: usize, net: Decimal) -> PostingLine {
    PostingLine {
        account,
        description: Arc::from(""),
        net,
        tax: Decimal::ZERO,
        tax_type: None,
        tracking: None,
    }
}

fn nothing(id: Uuid, date: NaiveDate) -> Posting {
    Posting { kind: "", id, date, lines: vec![] }
}

fn sign_of(incoming: bool) -> Decimal {
    if incoming { Decimal::ONE } else { -Decimal::ONE }
}

/// Foreign units over foreign units for one pound.
fn pounds(amount: Decimal, rate: Decimal) -> Decimal {
    if rate.is_zero() { amount } else { cents(amount / rate) }
}
