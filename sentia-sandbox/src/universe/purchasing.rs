//! Papers that come before an invoice: purchase orders to suppliers and quotes to trade customers.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Universe;
use super::books::{DocumentLine, DocumentStatus, Invoice, LineAmountTypes, Side};
use super::ledger::History;
use super::ordering::cents;

/// Lines and what they add up to.
#[derive(Clone, Debug)]
pub struct LineSet {
    /// Whether line amounts hold tax.
    pub amounts: LineAmountTypes,
    /// Lines.
    pub lines: Vec<DocumentLine>,
    /// Total without tax.
    pub sub_total: Decimal,
    /// Tax.
    pub total_tax: Decimal,
    /// Total with tax.
    pub total: Decimal,
}

impl LineSet {
    pub(super) fn new(amounts: LineAmountTypes, lines: Vec<DocumentLine>) -> Self {
        let sum: Decimal = lines.iter().map(|line| line.line_amount).sum();
        let total_tax: Decimal = lines.iter().map(|line| line.tax_amount).sum();
        let sub_total = if amounts == LineAmountTypes::Inclusive { sum - total_tax } else { sum };
        Self { amounts, lines, sub_total, total_tax, total: sub_total + total_tax }
    }

    /// No lines and no money: what a transfer between own accounts shows.
    pub(super) fn bare(total: Decimal) -> Self {
        let amounts = LineAmountTypes::NoTax;
        Self { amounts, lines: vec![], sub_total: total, total_tax: Decimal::ZERO, total }
    }
}

/// An order to a supplier.
#[derive(Clone, Debug)]
pub struct PurchaseOrder {
    /// Id.
    pub id: Uuid,
    /// `PO-0001`.
    pub number: String,
    /// The number of the bill it became; else free text.
    pub reference: String,
    /// Position of the supplier.
    pub contact: usize,
    /// Calendar day.
    pub date: NaiveDate,
    /// Calendar day the goods are wanted.
    pub delivery_date: NaiveDate,
    /// DRAFT, SUBMITTED, AUTHORISED, BILLED or DELETED.
    pub status: &'static str,
    /// Lines and totals, in GBP.
    pub body: LineSet,
    /// Whether it was mailed.
    pub sent: bool,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// An offer to a trade customer.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Id.
    pub id: Uuid,
    /// `QU-0001`.
    pub number: String,
    /// The number of the invoice it became; else free text.
    pub reference: String,
    /// Position of the customer.
    pub contact: usize,
    /// Calendar day.
    pub date: NaiveDate,
    /// Calendar day it ends.
    pub expiry_date: NaiveDate,
    /// DRAFT, SENT, DECLINED, ACCEPTED, INVOICED or DELETED.
    pub status: &'static str,
    /// Lines and totals, in GBP.
    pub body: LineSet,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// So many papers at most stem from invoices, that a universe for benchmarks of invoices starts no slower.
const FROM_INVOICES: usize = 400;

impl Universe {
    pub(super) fn open_papers(&mut self, history: &History) {
        self.order_what_was_billed(history);
        let open = [("AUTHORISED", 5), ("DRAFT", 2), ("SUBMITTED", 2), ("DELETED", 1)];
        let count = (self.size.bills / 2).clamp(4, FROM_INVOICES);
        for (ordinal, at) in history.last_days(60, count, &mut self.ledger.rng).into_iter().enumerate() {
            self.push_purchase_order(at, weighted(&open, ordinal));
        }
        self.quote_what_was_invoiced(history);
        let open = [("SENT", 4), ("DRAFT", 2), ("DECLINED", 2), ("ACCEPTED", 1), ("DELETED", 1)];
        let count = (self.size.trade_invoices / 2).clamp(4, FROM_INVOICES);
        for (ordinal, at) in history.last_days(60, count, &mut self.ledger.rng).into_iter().enumerate() {
            self.push_quote(at, weighted(&open, ordinal));
        }
    }

    fn order_what_was_billed(&mut self, history: &History) {
        for at in self.approved(Side::Payable, 1) {
            let (document, number) = {
                let document = &self.books.invoices[at].document;
                (document.clone(), format!("PO-{:04}", self.ledger.purchase_orders.len() + 1))
            };
            let date = document.date - TimeDelta::days(self.ledger.rng.between(3, 21));
            let body = LineSet::new(document.line_amounts, self.copied(&document.lines));
            let order = PurchaseOrder {
                id: self.ledger.rng.guid(),
                number,
                reference: document.number,
                contact: document.contact,
                date: date.max(history.start.date_naive()),
                delivery_date: document.date,
                status: "BILLED",
                body,
                sent: true,
                // Billing is its last change.
                updated_at: history.within(document.date, &mut self.ledger.rng),
            };
            self.ledger.purchase_orders.push(order);
        }
    }

    fn quote_what_was_invoiced(&mut self, history: &History) {
        for at in self.approved(Side::Receivable, 2) {
            let document = self.books.invoices[at].document.clone();
            let date = (document.date - TimeDelta::days(self.ledger.rng.between(2, 20)))
                .max(history.start.date_naive());
            let body = LineSet::new(document.line_amounts, self.copied(&document.lines));
            let quote = Quote {
                id: self.ledger.rng.guid(),
                number: format!("QU-{:04}", self.ledger.quotes.len() + 1),
                reference: document.number,
                contact: document.contact,
                date,
                expiry_date: date + TimeDelta::days(30),
                status: "INVOICED",
                body,
                updated_at: history.within(document.date, &mut self.ledger.rng),
            };
            self.ledger.quotes.push(quote);
        }
    }

    /// Positions of each `nth` trade invoice or bill that was approved and belongs to no shop.
    fn approved(&self, side: Side, nth: usize) -> Vec<usize> {
        let fits = |invoice: &Invoice| {
            let known = &self.books.contacts[invoice.document.contact];
            invoice.document.side == side
                && known.number.is_none()
                && matches!(invoice.document.status, DocumentStatus::Authorised | DocumentStatus::Paid)
        };
        let invoices = self.books.invoices.iter().enumerate().filter(|(_, invoice)| fits(invoice));
        invoices.map(|(at, _)| at).step_by(nth).take(FROM_INVOICES).collect()
    }

    fn copied(&mut self, lines: &[DocumentLine]) -> Vec<DocumentLine> {
        let copy = |line: &DocumentLine| DocumentLine { id: self.ledger.rng.guid(), ..line.clone() };
        lines.iter().map(copy).collect()
    }

    /// An order goes to a supplier, approved and not yet billed; gives its position.
    pub fn place_purchase_order(&mut self) -> usize {
        self.push_purchase_order(self.now, "AUTHORISED")
    }

    /// A quote goes to a trade customer; gives its position.
    pub fn send_quote(&mut self) -> usize {
        self.push_quote(self.now, "SENT")
    }

    /// A purchase order moves on: `AUTHORISED`, `BILLED`, `DELETED` ...
    pub fn set_purchase_order_status(&mut self, order: usize, status: &'static str) {
        let now = self.now;
        if let Some(order) = self.ledger.purchase_orders.get_mut(order) {
            (order.status, order.updated_at) = (status, now);
        }
    }

    /// A quote moves on: `ACCEPTED`, `INVOICED`, `DELETED` ...
    pub fn set_quote_status(&mut self, quote: usize, status: &'static str) {
        let now = self.now;
        if let Some(quote) = self.ledger.quotes.get_mut(quote) {
            (quote.status, quote.updated_at) = (status, now);
        }
    }

    fn push_purchase_order(&mut self, at: DateTime<Utc>, status: &'static str) -> usize {
        let contact = self.partner(Side::Payable);
        let lines = self.goods(Side::Payable);
        let order = PurchaseOrder {
            id: self.ledger.rng.guid(),
            number: format!("PO-{:04}", self.ledger.purchase_orders.len() + 1),
            reference: String::new(),
            contact,
            date: at.date_naive(),
            delivery_date: at.date_naive() + TimeDelta::days(self.ledger.rng.between(7, 45)),
            status,
            body: LineSet::new(LineAmountTypes::Exclusive, lines),
            sent: status == "AUTHORISED",
            updated_at: at,
        };
        self.ledger.purchase_orders.push(order);
        self.ledger.purchase_orders.len() - 1
    }

    fn push_quote(&mut self, at: DateTime<Utc>, status: &'static str) -> usize {
        let contact = self.partner(Side::Receivable);
        let lines = self.goods(Side::Receivable);
        let quote = Quote {
            id: self.ledger.rng.guid(),
            number: format!("QU-{:04}", self.ledger.quotes.len() + 1),
            reference: String::new(),
            contact,
            date: at.date_naive(),
            expiry_date: at.date_naive() + TimeDelta::days(30),
            status,
            body: LineSet::new(LineAmountTypes::Exclusive, lines),
            updated_at: at,
        };
        self.ledger.quotes.push(quote);
        self.ledger.quotes.len() - 1
    }

    /// A trade customer, or a supplier.
    pub(super) fn partner(&mut self, side: Side) -> usize {
        let wanted = side == Side::Receivable;
        let fits = |at: &usize| {
            let contact = &self.books.contacts[*at];
            contact.number.is_none() && contact.is_customer == wanted
        };
        let candidates: Vec<usize> = (0..self.books.contacts.len()).filter(fits).collect();
        *self.ledger.rng.pick(&candidates)
    }

    /// Two lines of things that are sold, or bought.
    fn goods(&mut self, side: Side) -> Vec<DocumentLine> {
        (0..2).map(|_| self.goods_line(side)).collect()
    }

    fn goods_line(&mut self, side: Side) -> DocumentLine {
        let at = self.ledger.rng.index(self.books.items.len());
        let item = &self.books.items[at];
        let selling = side == Side::Receivable;
        let price = if selling { item.sale_price } else { item.purchase_price };
        let unit_amount = price.unwrap_or(Decimal::new(12_345, 4));
        let (code, description) = (Arc::clone(&item.code), Arc::from(item.name.as_str()));
        let quantity = Decimal::from(self.ledger.rng.between(1, 40));
        let line_amount = cents(quantity * unit_amount);
        DocumentLine {
            id: self.ledger.rng.guid(),
            description,
            quantity,
            unit_amount,
            line_amount,
            tax_amount: cents(line_amount / Decimal::from(5)),
            tax_type: if selling { "OUTPUT2" } else { "INPUT2" },
            item_code: Some(code),
            account_code: if selling { "200" } else { "310" },
            tracking: None,
        }
    }
}

/// The status whose turn it is, each as often as its weight says.
fn weighted(statuses: &[(&'static str, usize)], ordinal: usize) -> &'static str {
    let cycle: Vec<&'static str> =
        statuses.iter().flat_map(|(status, weight)| std::iter::repeat_n(*status, *weight)).collect();
    // Three steps at a time, so that even four papers show different statuses.
    cycle[ordinal * 3 % cycle.len()]
}
