//! Draft orders: what the merchant writes up for a buyer before there is an order.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Order, Stamp};

/// An order that is being written.
#[derive(Clone, Debug)]
pub struct DraftOrder {
    /// Numeric id.
    pub id: u64,
    /// Running number; the name is `#D` and this.
    pub number: u32,
    /// OPEN, INVOICE_SENT or COMPLETED.
    pub status: &'static str,
    /// Customer id, if known yet.
    pub customer: Option<u64>,
    /// The order it became.
    pub order: Option<u64>,
    /// Whether prices include tax.
    pub taxes_included: bool,
    /// Lines; a few drafts have more than fifty.
    pub lines: Vec<DraftLine>,
    /// Shipping as offered.
    pub shipping: Decimal,
    /// Tax on or in shipping.
    pub shipping_tax: Decimal,
    /// When the invoice was mailed.
    pub invoice_sent_at: Option<DateTime<Utc>>,
    /// When it became an order.
    pub completed_at: Option<DateTime<Utc>>,
    /// Times.
    pub stamp: Stamp,
}

/// One line of a draft order.
#[derive(Clone, Debug)]
pub struct DraftLine {
    /// Numeric id.
    pub id: u64,
    /// Variant id; none for a custom line.
    pub variant: Option<u64>,
    /// Stock keeping unit; none for a custom line.
    pub sku: Option<String>,
    /// Title.
    pub title: String,
    /// Variant title; none for a custom line.
    pub variant_title: Option<String>,
    /// Quantity.
    pub quantity: i64,
    /// Price of one, before discounts.
    pub unit_price: Decimal,
    /// Discount on the line.
    pub discount: Decimal,
    /// Tax on or in the line.
    pub tax: Decimal,
}

impl DraftLine {
    /// Quantity times price less discount.
    pub fn discounted_total(&self) -> Decimal {
        self.unit_price * Decimal::from(self.quantity) - self.discount
    }
}

impl DraftOrder {
    /// `#D1`.
    pub fn name(&self) -> String {
        format!("#D{}", self.number)
    }

    /// Lines after discounts, before shipping.
    pub fn subtotal(&self) -> Decimal {
        self.lines.iter().map(DraftLine::discounted_total).sum()
    }

    /// Taxes on lines and shipping.
    pub fn total_tax(&self) -> Decimal {
        self.lines.iter().map(|line| line.tax).sum::<Decimal>() + self.shipping_tax
    }

    /// What the buyer would be charged.
    pub fn total(&self) -> Decimal {
        let gross = self.subtotal() + self.shipping;
        if self.taxes_included { gross } else { gross + self.total_tax() }
    }

    /// Takes over what was ordered in the end.
    pub(super) fn become_order(&mut self, order: &Order, at: DateTime<Utc>) {
        self.status = "COMPLETED";
        self.order = Some(order.id);
        self.customer = order.customer;
        self.shipping = order.shipping;
        self.shipping_tax = order.shipping_tax;
        // The draft's lines have ids of their own, next to those of the order's.
        self.lines = order
            .lines
            .iter()
            .map(|line| DraftLine {
                id: line.id + 1,
                variant: line.variant,
                sku: Some(line.sku.clone()),
                title: line.title.clone(),
                variant_title: Some(line.variant_title.clone()),
                quantity: line.quantity,
                unit_price: line.unit_price,
                discount: line.discount,
                tax: line.tax,
            })
            .collect();
        self.completed_at = Some(at);
        self.stamp.touch(at);
    }
}
