//! Money that came or went beyond an invoice, or before there was one.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Universe;
use super::banking::BankTransaction;
use super::books::{Allocation, DocumentLine, DocumentStatus, LineAmountTypes, Side};
use super::ledger::{History, LedgerEvolution};
use super::purchasing::LineSet;

/// Beyond an invoice, or before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdvanceKind {
    /// More was paid than was due.
    Overpayment,
    /// It was paid before there was an invoice.
    Prepayment,
}

/// An over- or prepayment: credit until it is used against an invoice.
#[derive(Clone, Debug)]
pub struct Advance {
    /// Id.
    pub id: Uuid,
    /// From a customer, or to a supplier.
    pub side: Side,
    /// Position of the contact.
    pub contact: usize,
    /// Position of the bank account.
    pub account: usize,
    /// Position of its bank transaction.
    pub transaction: usize,
    /// Calendar day.
    pub date: NaiveDate,
    /// AUTHORISED, PAID when used up, or VOIDED.
    pub status: &'static str,
    /// Free text; empty for none.
    pub reference: String,
    /// One line without tax, in GBP.
    pub body: LineSet,
    /// What is not used yet.
    pub remaining: Decimal,
    /// What it was used for.
    pub allocations: Vec<Allocation>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// An advance as the invoice shows it that it was used against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdvanceLink {
    pub(crate) kind: AdvanceKind,
    pub(crate) advance: usize,
    pub(crate) amount: Decimal,
    pub(crate) date: NaiveDate,
}

const BOTH: [AdvanceKind; 2] = [AdvanceKind::Overpayment, AdvanceKind::Prepayment];

impl Universe {
    pub(super) fn open_advances(&mut self, history: &History) {
        let count = (self.size.trade_invoices / 6).clamp(3, 30);
        for kind in BOTH {
            let moments = history.last_days(180, count, &mut self.ledger.rng);
            for (ordinal, at) in moments.into_iter().enumerate() {
                let side = if ordinal % 3 == 1 { Side::Payable } else { Side::Receivable };
                let amount = Decimal::new(self.ledger.rng.between(1_000, 250_000), 2);
                let made = self.push_advance(kind, side, amount, at);
                if ordinal % 8 == 2 {
                    self.turn_void(kind, made, at);
                }
            }
        }
    }

    /// A customer pays more than is due, or ahead; or we do, to a supplier. Gives its position.
    pub fn add_advance(&mut self, kind: AdvanceKind, side: Side, amount: Decimal) -> usize {
        self.push_advance(kind, side, amount, self.now)
    }

    /// Part of an advance is used against an open invoice of the same side; gives whether it was.
    ///
    /// Who owes it does not matter: the vendor would ask for the same contact, the books add up either way.
    pub fn allocate_advance(
        &mut self,
        kind: AdvanceKind,
        advance: usize,
        invoice: usize,
        amount: Decimal,
    ) -> bool {
        let now = self.now;
        let id = self.ledger.rng.guid();
        let Some(target) = self.books.invoices.get_mut(invoice) else { return false };
        let Some(credit) = self.ledger.advances_mut(kind).get_mut(advance) else { return false };
        let open = target.document.status == DocumentStatus::Authorised && credit.status == "AUTHORISED";
        let fits = target.document.side == credit.side && target.document.currency == "GBP";
        if !open || !fits || amount <= Decimal::ZERO || amount > credit.remaining.min(target.amount_due()) {
            return false;
        }
        let date = now.date_naive();
        credit.remaining -= amount;
        credit.allocations.push(Allocation { id, invoice, amount, date });
        credit.updated_at = now;
        if credit.remaining.is_zero() {
            credit.status = "PAID";
        }
        target.amount_credited += amount;
        target.document.updated_at = now;
        if target.amount_due().is_zero() {
            target.document.status = DocumentStatus::Paid;
            target.document.fully_paid_on = Some(date);
        }
        let link = AdvanceLink { kind, advance, amount, date };
        self.ledger.advances_of_invoice.entry(target.document.id).or_default().push(link);
        true
    }

    /// An advance of which nothing was used is voided, and its bank transaction with it.
    pub fn void_advance(&mut self, kind: AdvanceKind, advance: usize) {
        self.turn_void(kind, advance, self.now);
    }

    pub(super) fn evolve_advances(&mut self, report: &mut LedgerEvolution, invoices: &mut Vec<Uuid>) {
        let open = |credit: &Advance| credit.status == "AUTHORISED" && credit.side == Side::Receivable;
        for kind in BOTH {
            let Some(advance) = self.ledger.advances(kind).iter().position(open) else { continue };
            let Some(invoice) = self.invoice_to_credit() else { continue };
            let half = (self.books.invoices[invoice].amount_due() / Decimal::TWO).round_dp(2);
            let amount = half.min(self.ledger.advances(kind)[advance].remaining);
            if self.allocate_advance(kind, advance, invoice, amount) {
                report.advances_changed.push(self.ledger.advances(kind)[advance].id);
                invoices.push(self.books.invoices[invoice].document.id);
            }
        }
        let made = self.add_advance(AdvanceKind::Overpayment, Side::Receivable, Decimal::new(4_250, 2));
        report.advances_changed.push(self.ledger.overpayments[made].id);
    }

    /// The last open trade invoice, behind those that [`Universe::evolve`] pays and voids first.
    fn invoice_to_credit(&self) -> Option<usize> {
        let open = self.books.invoices.iter().enumerate().filter(|(_, invoice)| {
            invoice.document.status == DocumentStatus::Authorised && invoice.amount_paid.is_zero()
        });
        let behind: Vec<usize> = open.map(|(at, _)| at).skip(8).collect();
        behind.into_iter().rev().find(|at| {
            let document = &self.books.invoices[*at].document;
            document.side == Side::Receivable && document.currency == "GBP"
        })
    }

    fn push_advance(&mut self, kind: AdvanceKind, side: Side, amount: Decimal, at: DateTime<Utc>) -> usize {
        let receiving = side == Side::Receivable;
        let line = DocumentLine {
            id: self.ledger.rng.guid(),
            description: Arc::from(if kind == AdvanceKind::Prepayment { "Deposit" } else { "Overpayment" }),
            quantity: Decimal::ONE,
            unit_amount: amount,
            line_amount: amount,
            tax_amount: Decimal::ZERO,
            tax_type: "NONE",
            item_code: None,
            account_code: if receiving { "610" } else { "800" },
            tracking: None,
        };
        let body = LineSet::new(LineAmountTypes::NoTax, vec![line]);
        let (id, contact) = (self.ledger.rng.guid(), self.partner(side));
        let bank_kind = match (kind, receiving) {
            (AdvanceKind::Overpayment, true) => "RECEIVE-OVERPAYMENT",
            (AdvanceKind::Overpayment, false) => "SPEND-OVERPAYMENT",
            (AdvanceKind::Prepayment, true) => "RECEIVE-PREPAYMENT",
            (AdvanceKind::Prepayment, false) => "SPEND-PREPAYMENT",
        };
        let number = self.ledger.advances(kind).len() + 1;
        let reference =
            format!("{}-{number:03}", if kind == AdvanceKind::Prepayment { "DEP" } else { "OVR" });
        let transaction = self.push_bank(BankTransaction {
            id: Uuid::nil(),
            kind: bank_kind,
            contact: Some(contact),
            account: 0,
            date: at.date_naive(),
            reference: reference.clone(),
            status: "AUTHORISED",
            reconciled: false,
            advance: Some((kind, id)),
            body: body.clone(),
            updated_at: at,
        });
        self.ledger.advances_mut(kind).push(Advance {
            id,
            side,
            contact,
            account: 0,
            transaction,
            date: at.date_naive(),
            status: "AUTHORISED",
            reference,
            body,
            remaining: amount,
            allocations: vec![],
            updated_at: at,
        });
        number - 1
    }

    fn turn_void(&mut self, kind: AdvanceKind, advance: usize, at: DateTime<Utc>) {
        let Some(credit) = self.ledger.advances_mut(kind).get_mut(advance) else { return };
        if credit.status != "AUTHORISED" || !credit.allocations.is_empty() {
            return;
        }
        (credit.status, credit.remaining, credit.updated_at) = ("VOIDED", Decimal::ZERO, at);
        let transaction = credit.transaction;
        let line = &mut self.ledger.bank_transactions[transaction];
        (line.status, line.updated_at) = ("VOIDED", at);
    }
}
