//! Money in and out that settles no invoice, and money between own accounts.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::books::{DocumentLine, LineAmountTypes, Side};
use super::ledger::History;
use super::ordering::cents;
use super::purchasing::LineSet;
use super::{AdvanceKind, Universe};

/// A line of a bank account. Amounts are positive; the direction is in the kind.
#[derive(Clone, Debug)]
pub struct BankTransaction {
    /// Id.
    pub id: Uuid,
    /// RECEIVE, SPEND, or one of their -OVERPAYMENT, -PREPAYMENT and -TRANSFER forms.
    pub kind: &'static str,
    /// Position of the contact; none for transfers.
    pub contact: Option<usize>,
    /// Position of the bank account.
    pub account: usize,
    /// Calendar day.
    pub date: NaiveDate,
    /// Free text; empty for none.
    pub reference: String,
    /// AUTHORISED, DELETED or VOIDED.
    pub status: &'static str,
    /// Whether a statement line was matched to it.
    pub reconciled: bool,
    /// The over- or prepayment it is.
    pub advance: Option<(AdvanceKind, Uuid)>,
    /// Lines and totals, in GBP.
    pub body: LineSet,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// Money between two own accounts. It has no time of change, only one of creation.
#[derive(Clone, Debug)]
pub struct BankTransfer {
    /// Id.
    pub id: Uuid,
    /// Position of the account it left.
    pub from: usize,
    /// Position of the account it reached.
    pub to: usize,
    /// Position of the bank transaction on the first account.
    pub from_transaction: usize,
    /// Position of the bank transaction on the second account.
    pub to_transaction: usize,
    /// How much, in GBP.
    pub amount: Decimal,
    /// Calendar day.
    pub date: NaiveDate,
    /// AUTHORISED, or DELETED: hidden unless deleted ones are asked for.
    pub status: &'static str,
    /// Free text; empty for none.
    pub reference: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// One line of one thing: text, account code, tax type, whether the amount holds the tax.
type Purpose = (&'static str, &'static str, &'static str, LineAmountTypes);

const CAPITAL: Purpose = ("Share capital paid in", "950", "NONE", LineAmountTypes::NoTax);
const CARD_FEES: Purpose = ("Card fees of the week", "404", "NONE", LineAmountTypes::NoTax);
const RENT: Purpose = ("Workshop rent", "469", "INPUT2", LineAmountTypes::Exclusive);
const SCRAP: Purpose = ("Offcuts sold for cash", "270", "OUTPUT2", LineAmountTypes::Inclusive);

impl Universe {
    pub(super) fn open_bank(&mut self, history: &History) {
        let first = history.within(history.start.date_naive(), &mut self.ledger.rng);
        self.book_bank(Side::Receivable, CAPITAL, Decimal::new(50_000_000, 2), first);
        for (week, day) in history.every(7).enumerate() {
            let at = history.within(day, &mut self.ledger.rng);
            let amount = Decimal::new(self.ledger.rng.between(1_234, 19_999), 2);
            let made = self.book_bank(Side::Payable, CARD_FEES, amount, at);
            // Now and then a fee was booked twice, and one of the two is taken back within the week.
            if week % 9 == 4 {
                let line = &mut self.ledger.bank_transactions[made];
                (line.status, line.reconciled) = ("DELETED", false);
                line.updated_at = history.within(day + chrono::TimeDelta::days(3), &mut self.ledger.rng);
            }
            if week % 4 == 1 {
                self.book_bank(Side::Payable, RENT, Decimal::new(185_000, 2), at);
            }
            if week % 3 == 2 {
                let amount = Decimal::new(self.ledger.rng.between(900, 48_000), 2);
                self.book_bank(Side::Receivable, SCRAP, amount, at);
            }
        }
        for (ordinal, day) in history.every(28).enumerate() {
            let at = history.within(day, &mut self.ledger.rng);
            let amount = Decimal::new(self.ledger.rng.between(10_000, 900_000), 2);
            let made = self.transfer(amount, at);
            if ordinal % 5 == 2 {
                self.take_transfer_back(made, at);
            }
        }
    }

    /// Money comes in for offcuts (receivable) or goes out for rent (payable); gives its position.
    pub fn add_bank_transaction(&mut self, side: Side, amount: Decimal) -> usize {
        let purpose = if side == Side::Receivable { SCRAP } else { RENT };
        self.book_bank(side, purpose, amount, self.now)
    }

    /// A bank transaction is taken back: it turns DELETED. One of a transfer or an advance stays as it is.
    pub fn delete_bank_transaction(&mut self, transaction: usize) {
        let now = self.now;
        let Some(line) = self.ledger.bank_transactions.get_mut(transaction) else { return };
        if matches!(line.kind, "RECEIVE" | "SPEND") && line.status == "AUTHORISED" {
            (line.status, line.updated_at) = ("DELETED", now);
        }
    }

    /// Money moves to the savings account; gives the transfer's position.
    pub fn add_bank_transfer(&mut self, amount: Decimal) -> usize {
        self.transfer(amount, self.now)
    }

    /// A transfer is taken back. Its own row has no time that could tell; its two bank transactions have.
    pub fn delete_bank_transfer(&mut self, transfer: usize) {
        self.take_transfer_back(transfer, self.now);
    }

    fn book_bank(
        &mut self,
        side: Side,
        (text, account_code, tax_type, amounts): Purpose,
        amount: Decimal,
        at: DateTime<Utc>,
    ) -> usize {
        let rate = if tax_type == "NONE" { Decimal::ZERO } else { Decimal::new(2, 1) };
        let inside = amounts == LineAmountTypes::Inclusive;
        let tax_amount = cents(if inside { amount * rate / (Decimal::ONE + rate) } else { amount * rate });
        let line = DocumentLine {
            id: self.ledger.rng.guid(),
            description: Arc::from(text),
            quantity: Decimal::ONE,
            unit_amount: amount,
            line_amount: amount,
            tax_amount,
            tax_type,
            item_code: None,
            account_code,
            tracking: (account_code == "469").then_some("Workshop"),
        };
        let contact = Some(self.partner(side));
        let kind = if side == Side::Receivable { "RECEIVE" } else { "SPEND" };
        self.push_bank(BankTransaction {
            id: Uuid::nil(),
            kind,
            contact,
            account: 0,
            date: at.date_naive(),
            reference: String::new(),
            status: "AUTHORISED",
            reconciled: at < self.now,
            advance: None,
            body: LineSet::new(amounts, vec![line]),
            updated_at: at,
        })
    }

    pub(super) fn push_bank(&mut self, transaction: BankTransaction) -> usize {
        let id = self.ledger.rng.guid();
        self.ledger.bank_transactions.push(BankTransaction { id, ..transaction });
        self.ledger.bank_transactions.len() - 1
    }

    fn transfer(&mut self, amount: Decimal, at: DateTime<Utc>) -> usize {
        let (from, to) = (0, self.account("091"));
        let mut side = |kind, account| {
            self.push_bank(BankTransaction {
                id: Uuid::nil(),
                kind,
                contact: None,
                account,
                date: at.date_naive(),
                reference: "Sweep".to_owned(),
                status: "AUTHORISED",
                reconciled: true,
                advance: None,
                body: LineSet::bare(amount),
                updated_at: at,
            })
        };
        let (from_transaction, to_transaction) = (side("SPEND-TRANSFER", from), side("RECEIVE-TRANSFER", to));
        self.ledger.bank_transfers.push(BankTransfer {
            id: self.ledger.rng.guid(),
            from,
            to,
            from_transaction,
            to_transaction,
            amount,
            date: at.date_naive(),
            status: "AUTHORISED",
            reference: "Sweep".to_owned(),
            created_at: at,
        });
        self.ledger.bank_transfers.len() - 1
    }

    fn take_transfer_back(&mut self, transfer: usize, at: DateTime<Utc>) {
        let Some(transfer) = self.ledger.bank_transfers.get_mut(transfer) else { return };
        transfer.status = "DELETED";
        for line in [transfer.from_transaction, transfer.to_transaction] {
            let line = &mut self.ledger.bank_transactions[line];
            (line.status, line.reconciled, line.updated_at) = ("DELETED", false, at);
        }
    }
}
