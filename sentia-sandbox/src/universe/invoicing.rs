//! What happens in the books: invoices, bills, credit notes and payments.

use std::sync::Arc;

use chrono::{NaiveDate, SubsecRound, TimeDelta};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::books::{
    Allocation, Contact, ContactStatus, CreditNote, CreditNoteLink, Document, DocumentLine, DocumentStatus,
    Invoice, LineAmountTypes, Payment, PaymentStatus, Side,
};
use super::ordering::cents;
use super::{Region, Universe};

impl Universe {
    /// The paid order becomes an invoice of the same total, and the payment settles it.
    pub(crate) fn book_order(&mut self, region: Region, id: u64) {
        let Some(order) = self.shop(region).order(id).cloned() else { return };
        let contact = self.contact_of_order(region, order.customer);
        let mut lines: Vec<DocumentLine> = Vec::with_capacity(order.lines.len() + 1);
        for line in &order.lines {
            let (sku, title) = (Arc::from(line.sku.as_str()), Arc::from(line.title.as_str()));
            let amounts = (Decimal::from(line.quantity), line.unit_price, line.discounted_total(), line.tax);
            lines.push(self.shop_line(region, title, Some(sku), amounts));
        }
        if !order.shipping.is_zero() {
            let amounts = (Decimal::ONE, order.shipping, order.shipping, order.shipping_tax);
            lines.push(self.shop_line(region, Arc::from("Shipping"), None, amounts));
        }
        let number = format!("SH-{}-{}", region_code(region), order.number);
        let document = self.document(Side::Receivable, number, contact, shop_amounts(region), lines);
        let document = Document {
            reference: order.name(),
            currency: shop_currency(region),
            rate: self.rate(region),
            ..document
        };
        let position = self.push_invoice(document);
        self.books.invoice_of_order.insert(id, position);
        self.pay_invoice(position, order.total());
    }

    /// The latest refund of an order becomes a credit note, paid back to the buyer.
    pub(crate) fn book_refund(&mut self, region: Region, id: u64) {
        let Some(order) = self.shop(region).order(id).cloned() else { return };
        let (Some(refund), Some(&invoice)) = (order.refunds.last(), self.books.invoice_of_order.get(&id))
        else {
            return;
        };
        let mut lines = Vec::with_capacity(refund.lines.len());
        for line in &refund.lines {
            let sold = &order.lines[line.line];
            let (sku, title) = (Arc::from(sold.sku.as_str()), Arc::from(sold.title.as_str()));
            let amounts = (Decimal::from(line.quantity), line.subtotal, line.subtotal, line.tax);
            lines.push(self.shop_line(region, title, Some(sku), amounts));
        }
        let contact = self.books.invoices[invoice].document.contact;
        let number = format!("CN-{}-{}-{}", region_code(region), order.number, order.refunds.len());
        let document = self.document(Side::Receivable, number, contact, shop_amounts(region), lines);
        let document = Document {
            reference: order.name(),
            currency: shop_currency(region),
            rate: self.rate(region),
            ..document
        };
        let total = document.total;
        self.books.credit_notes.push(CreditNote {
            document,
            remaining: total,
            allocations: vec![],
            payments: vec![],
        });
        self.pay_back(self.books.credit_notes.len() - 1);
    }

    /// A trade customer is invoiced, or a supplier's bill comes in; gives the invoice's position.
    pub fn add_invoice(&mut self, side: Side, lines: usize) -> usize {
        let wanted = side == Side::Receivable;
        let candidates: Vec<usize> = (0..self.books.contacts.len())
            .filter(|at| {
                self.books.contacts[*at].number.is_none() && self.books.contacts[*at].is_customer == wanted
            })
            .collect();
        let contact = *self.rng.pick(&candidates);
        let lines = (0..lines).map(|_| self.trade_line(side)).collect();
        self.books.next_number += 1;
        let number = match side {
            Side::Receivable => format!("INV-{:06}", self.books.next_number),
            // Suppliers number their bills themselves, so two bills may share a number.
            Side::Payable => format!("{}", 1000 + self.books.next_number % 500),
        };
        let document = self.document(side, number, contact, LineAmountTypes::Exclusive, lines);
        self.push_invoice(document)
    }

    /// Money comes in (or goes out) for an invoice. Up to the amount due; settles it when nothing is left.
    pub fn pay_invoice(&mut self, invoice: usize, amount: Decimal) {
        let now = self.now.trunc_subsecs(3);
        let id = self.rng.guid();
        let Some(target) = self.books.invoices.get_mut(invoice) else { return };
        let amount = amount.min(target.amount_due());
        if amount <= Decimal::ZERO {
            return;
        }
        target.amount_paid += amount;
        target.payments.push(self.books.payments.len());
        settle(target, now.date_naive());
        target.document.updated_at = now;
        let (rate, reference) = (target.document.rate, target.document.reference.clone());
        self.books.payments.push(Payment {
            id,
            invoice: Some(invoice),
            credit_note: None,
            account: 0,
            date: now.date_naive(),
            amount,
            rate,
            reference,
            status: PaymentStatus::Authorised,
            reconciled: false,
            updated_at: now,
        });
    }

    /// A payment is taken back: it turns DELETED and its invoice is open again.
    pub fn delete_payment(&mut self, payment: usize) {
        let now = self.now.trunc_subsecs(3);
        let Some(target) = self.books.payments.get_mut(payment) else { return };
        if target.status == PaymentStatus::Deleted {
            return;
        }
        target.status = PaymentStatus::Deleted;
        target.updated_at = now;
        if let Some(invoice) = target.invoice.map(|at| &mut self.books.invoices[at]) {
            invoice.amount_paid -= target.amount;
            invoice.document.status = DocumentStatus::Authorised;
            invoice.document.fully_paid_on = None;
            invoice.document.updated_at = now;
        }
    }

    /// An invoice with nothing paid on it is voided; gives whether it was.
    pub fn void_invoice(&mut self, invoice: usize) -> bool {
        let now = self.now.trunc_subsecs(3);
        let Some(target) = self.books.invoices.get_mut(invoice) else { return false };
        let open = target.document.status == DocumentStatus::Authorised;
        if !open || !target.amount_paid.is_zero() || !target.amount_credited.is_zero() {
            return false;
        }
        target.document.status = DocumentStatus::Voided;
        target.document.updated_at = now;
        true
    }

    /// Somebody edits an invoice's reference: its updated-at moves.
    pub fn touch_invoice(&mut self, invoice: usize) {
        let now = self.now.trunc_subsecs(3);
        if let Some(target) = self.books.invoices.get_mut(invoice) {
            target.document.reference.push('*');
            target.document.updated_at = now;
        }
    }

    /// A blind spot: the due date of an invoice changes and its updated-at does not move.
    pub fn change_due_date_silently(&mut self, invoice: usize) {
        if let Some(target) = self.books.invoices.get_mut(invoice) {
            target.document.due_date += TimeDelta::days(14);
        }
    }

    /// Part of an open invoice is credited; the credit note is used up by it.
    pub fn credit_invoice(&mut self, invoice: usize) {
        let now = self.now.trunc_subsecs(3);
        let Some(target) = self.books.invoices.get(invoice) else { return };
        let Some(line) = target.document.lines.first().cloned() else { return };
        let gross = line.line_amount + line.tax_amount;
        if target.document.status != DocumentStatus::Authorised || gross > target.amount_due() {
            return;
        }
        let (side, contact) = (target.document.side, target.document.contact);
        let line = DocumentLine { id: self.rng.guid(), ..line };
        self.books.next_number += 1;
        let number = format!("CN-{:06}", self.books.next_number);
        let mut document = self.document(side, number, contact, LineAmountTypes::Exclusive, vec![line]);
        document.status = DocumentStatus::Paid;
        let amount = document.total;
        let allocation = Allocation { id: self.rng.guid(), invoice, amount, date: now.date_naive() };
        let target = &mut self.books.invoices[invoice];
        target.amount_credited += amount;
        target.credits.push(CreditNoteLink { credit_note: self.books.credit_notes.len(), amount });
        settle(target, now.date_naive());
        target.document.updated_at = now;
        let allocations = vec![allocation];
        self.books.credit_notes.push(CreditNote {
            document,
            remaining: Decimal::ZERO,
            allocations,
            payments: vec![],
        });
    }

    /// A contact is put away: it hides from plain lists.
    pub fn archive_contact(&mut self, contact: usize) {
        let now = self.now.trunc_subsecs(3);
        if let Some(target) = self.books.contacts.get_mut(contact) {
            target.status = ContactStatus::Archived;
            target.updated_at = now;
        }
    }

    /// An item is deleted for good: its row vanishes from the list; documents keep its code.
    pub fn delete_item(&mut self, item: Uuid) {
        if let Some(at) = self.books.items.iter().position(|known| known.id == item) {
            self.books.items.remove(at);
            self.books.deleted_items.push((item, self.now.trunc_subsecs(3)));
        }
    }

    fn pay_back(&mut self, credit_note: usize) {
        let now = self.now.trunc_subsecs(3);
        let id = self.rng.guid();
        let target = &mut self.books.credit_notes[credit_note];
        let amount = std::mem::take(&mut target.remaining);
        target.payments.push(self.books.payments.len());
        target.document.status = DocumentStatus::Paid;
        target.document.fully_paid_on = Some(now.date_naive());
        self.books.payments.push(Payment {
            id,
            invoice: None,
            credit_note: Some(credit_note),
            account: 0,
            date: now.date_naive(),
            amount,
            rate: target.document.rate,
            reference: target.document.reference.clone(),
            status: PaymentStatus::Authorised,
            reconciled: true,
            updated_at: now,
        });
    }

    fn push_invoice(&mut self, document: Document) -> usize {
        self.books.invoices.push(Invoice {
            document,
            amount_paid: Decimal::ZERO,
            amount_credited: Decimal::ZERO,
            payments: vec![],
            credits: vec![],
        });
        self.books.invoices.len() - 1
    }

    fn document(
        &mut self,
        side: Side,
        number: String,
        contact: usize,
        line_amounts: LineAmountTypes,
        lines: Vec<DocumentLine>,
    ) -> Document {
        let now = self.now.trunc_subsecs(3);
        let lines_total: Decimal = lines.iter().map(|line| line.line_amount).sum();
        let total_tax: Decimal = lines.iter().map(|line| line.tax_amount).sum();
        let inclusive = line_amounts == LineAmountTypes::Inclusive;
        let sub_total = if inclusive { lines_total - total_tax } else { lines_total };
        Document {
            id: self.rng.guid(),
            side,
            number,
            reference: String::new(),
            contact,
            date: now.date_naive(),
            due_date: now.date_naive() + TimeDelta::days(30),
            status: DocumentStatus::Authorised,
            currency: "GBP",
            rate: Decimal::ONE,
            line_amounts,
            lines,
            sub_total,
            total_tax,
            total: sub_total + total_tax,
            fully_paid_on: None,
            sent: side == Side::Receivable,
            updated_at: now,
        }
    }

    fn shop_line(
        &mut self,
        region: Region,
        description: Arc<str>,
        item_code: Option<Arc<str>>,
        (quantity, unit_amount, line_amount, tax_amount): (Decimal, Decimal, Decimal, Decimal),
    ) -> DocumentLine {
        DocumentLine {
            id: self.rng.guid(),
            description,
            quantity,
            unit_amount,
            line_amount,
            tax_amount,
            tax_type: if region == Region::Uk { "OUTPUT2" } else { "NONE" },
            account_code: if item_code.is_some() { "200" } else { "260" },
            item_code,
            tracking: Some(if region == Region::Uk { "United Kingdom" } else { "USA" }),
        }
    }

    fn trade_line(&mut self, side: Side) -> DocumentLine {
        let at = self.rng.index(self.books.items.len());
        let item = &self.books.items[at];
        let price = match side {
            Side::Receivable => item.sale_price,
            Side::Payable => item.purchase_price,
        };
        let unit_amount = price.unwrap_or(Decimal::new(12_345, 4));
        let (code, description) = (Arc::clone(&item.code), Arc::from(item.name.as_str()));
        let quantity = Decimal::new(self.rng.between(10_000, 5_000_000), 4)
            .round_dp(if side == Side::Payable { 4 } else { 0 });
        let line_amount = cents(quantity * unit_amount);
        DocumentLine {
            id: self.rng.guid(),
            description,
            quantity,
            unit_amount,
            line_amount,
            tax_amount: cents(line_amount / Decimal::from(5)),
            tax_type: if side == Side::Receivable { "OUTPUT2" } else { "INPUT2" },
            item_code: Some(code),
            account_code: if side == Side::Receivable { "200" } else { "310" },
            tracking: None,
        }
    }

    fn contact_of_order(&mut self, region: Region, customer: Option<u64>) -> usize {
        // The first two contacts stand for buyers over the counter, one for each shop.
        let counter = if region == Region::Uk { 0 } else { 1 };
        let Some(customer) = customer else { return counter };
        if let Some(&known) = self.books.contact_of_customer.get(&customer) {
            return known;
        }
        let shop = self.shop(region);
        let Some(buyer) = shop.customers.iter().find(|c| c.id == customer) else { return counter };
        let contact = Contact {
            id: Uuid::nil(),
            name: format!("{} {} ({customer})", buyer.first_name, buyer.last_name),
            number: Some(format!("gid://shopify/Customer/{customer}")),
            email: buyer.email.clone(),
            status: ContactStatus::Active,
            is_supplier: false,
            is_customer: true,
            currency: shop.currency,
            merged_to: None,
            updated_at: self.now.trunc_subsecs(3),
        };
        let id = self.rng.guid();
        self.books.contacts.push(Contact { id, ..contact });
        self.books.contact_of_customer.insert(customer, self.books.contacts.len() - 1);
        self.books.contacts.len() - 1
    }

    /// Foreign units for one pound, ten places, as the books note them.
    fn rate(&mut self, region: Region) -> Decimal {
        match region {
            Region::Uk => Decimal::ONE,
            Region::Usa => Decimal::new(self.rng.between(12_400_000_001, 13_100_000_001), 10),
        }
    }
}

fn settle(invoice: &mut Invoice, today: NaiveDate) {
    if invoice.amount_due().is_zero() {
        invoice.document.status = DocumentStatus::Paid;
        invoice.document.fully_paid_on = Some(today);
    }
}

fn region_code(region: Region) -> &'static str {
    match region {
        Region::Uk => "UK",
        Region::Usa => "US",
    }
}

fn shop_currency(region: Region) -> &'static str {
    match region {
        Region::Uk => "GBP",
        Region::Usa => "USD",
    }
}

fn shop_amounts(region: Region) -> LineAmountTypes {
    match region {
        Region::Uk => LineAmountTypes::Inclusive,
        Region::Usa => LineAmountTypes::Exclusive,
    }
}
