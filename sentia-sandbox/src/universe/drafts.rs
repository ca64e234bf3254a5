//! Draft orders: what the merchant writes up for a buyer before there is an order.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::ordering::{cents, tax_of};
use super::{Order, Region, Shop, Stamp, Universe};

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
    fn become_order(&mut self, order: &Order, at: DateTime<Utc>) {
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

impl Universe {
    /// The merchant writes up a draft of one to three lines. Gives its id.
    pub fn draft_order(&mut self, region: Region) -> u64 {
        let now = self.now;
        let shop = self.shop_mut(region);
        let lines = shop.office.rng.between(1, 3) as usize;
        shop.write_draft(lines, now)
    }

    /// The draft's invoice is mailed; does nothing for a completed or unknown one.
    pub fn send_draft_invoice(&mut self, region: Region, id: u64) {
        let now = self.now;
        let drafts = &mut self.shop_mut(region).office.drafts;
        if let Some(draft) = drafts.iter_mut().find(|draft| draft.id == id && draft.order.is_none()) {
            draft.status = "INVOICE_SENT";
            draft.invoice_sent_at = Some(Stamp::new(now).created_at);
            draft.stamp.touch(now);
        }
    }

    /// The buyer takes the draft, changed to what was wanted in the end. Gives the order's id.
    pub fn complete_draft(&mut self, region: Region, id: u64) -> Option<u64> {
        let open = |draft: &DraftOrder| draft.id == id && draft.order.is_none();
        self.shop(region).office.drafts.iter().find(|draft| open(draft))?;
        let order = self.place_order(region);
        let now = self.now;
        let shop = self.shop_mut(region);
        let placed = shop.order(order).cloned()?;
        let draft = shop.office.drafts.iter_mut().find(|draft| open(draft))?;
        draft.become_order(&placed, Stamp::new(now).created_at);
        Some(order)
    }

    /// A draft vanishes without a tombstone.
    pub fn delete_draft(&mut self, region: Region, id: u64) {
        let now = self.now;
        let shop = self.shop_mut(region);
        let before = shop.office.drafts.len();
        shop.office.drafts.retain(|draft| draft.id != id);
        if shop.office.drafts.len() < before {
            shop.deleted.push((format!("gid://shopify/DraftOrder/{id}"), now));
        }
    }

    /// Drafts spread over the history: of every four, one became an order and one was mailed.
    pub(super) fn history_of_drafts(&mut self, region: Region) {
        let (now, days) = (self.now, self.size.history_days);
        let count = 4 + self.size.orders_per_shop / 8;
        let shop = self.shop_mut(region);
        if shop.products.is_empty() {
            return;
        }
        for ordinal in 0..count {
            let age = TimeDelta::hours(days * 24 * (count - ordinal) as i64 / count as i64);
            let lines = if ordinal == 1 { 60 } else { 1 + ordinal % 4 };
            let written_at = now - age;
            let source = shop.orders.get(ordinal * shop.orders.len() / count).filter(|_| ordinal % 4 == 0);
            let source = source.cloned();
            let at = source.as_ref().map_or(written_at, |order| order.stamp.created_at - TimeDelta::hours(3));
            shop.write_draft(lines, at);
            let Some(draft) = shop.office.drafts.last_mut() else { return };
            match source {
                Some(order) => draft.become_order(&order, order.stamp.created_at),
                None if ordinal % 4 == 1 => {
                    let mailed_at = (at + TimeDelta::hours(2)).min(now);
                    draft.status = "INVOICE_SENT";
                    draft.invoice_sent_at = Some(Stamp::new(mailed_at).created_at);
                    draft.stamp.touch(mailed_at);
                }
                None => {}
            }
        }
    }
}

impl Shop {
    fn write_draft(&mut self, lines: usize, at: DateTime<Utc>) -> u64 {
        let id = self.office.fresh_id();
        let known = !self.customers.is_empty() && self.office.rng.percent(80);
        let customer = known.then(|| self.customers[self.office.rng.index(self.customers.len())].id);
        self.office.next_draft += 1;
        let lines = (0..lines).map(|ordinal| self.draft_line(ordinal % 5 == 4)).collect();
        let shipping = Decimal::new(495, 2);
        self.office.drafts.push(DraftOrder {
            id,
            number: self.office.next_draft,
            status: "OPEN",
            customer,
            order: None,
            taxes_included: self.taxes_included,
            lines,
            shipping,
            shipping_tax: tax_of(self.region, shipping),
            invoice_sent_at: None,
            completed_at: None,
            stamp: Stamp::new(at),
        });
        id
    }

    fn draft_line(&mut self, custom: bool) -> DraftLine {
        let id = self.office.fresh_id();
        let rng = &mut self.office.rng;
        let product = rng.pick(&self.products);
        let variant = rng.pick(&product.variants);
        let quantity = rng.between(1, 6);
        let gross = variant.price * Decimal::from(quantity);
        let discount = if rng.percent(15) { cents(gross / Decimal::TEN) } else { Decimal::ZERO };
        DraftLine {
            id,
            variant: (!custom).then_some(variant.id),
            sku: (!custom).then(|| variant.sku.clone()),
            title: if custom { "Engraving".to_owned() } else { product.title.clone() },
            variant_title: (!custom).then(|| variant.title.clone()),
            quantity,
            unit_price: variant.price,
            discount,
            tax: tax_of(self.region, gross - discount),
        }
    }
}
