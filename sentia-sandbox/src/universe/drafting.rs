//! What happens to draft orders: they are written, mailed, taken, thrown away.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::drafts::{DraftLine, DraftOrder};
use super::ordering::{cents, tax_of};
use super::{Region, Shop, Stamp, Universe};

impl Universe {
    /// The merchant writes up a draft of one to three lines. Gives its id.
    pub fn draft_order(&mut self, region: Region) -> u64 {
        let now = self.now;
        let shop = self.shop_mut(region);
        let lines = shop.back_office.rng.between(1, 3) as usize;
        shop.write_draft(lines, now)
    }

    /// The draft's invoice is mailed; does nothing for a completed or unknown one.
    pub fn send_draft_invoice(&mut self, region: Region, id: u64) {
        let now = self.now;
        let drafts = &mut self.shop_mut(region).back_office.drafts;
        if let Some(draft) = drafts.iter_mut().find(|draft| draft.id == id && draft.order.is_none()) {
            draft.status = "INVOICE_SENT";
            draft.invoice_sent_at = Some(Stamp::new(now).created_at);
            draft.stamp.touch(now);
        }
    }

    /// The buyer takes the draft, changed to what was wanted in the end. Gives the order's id.
    pub fn complete_draft(&mut self, region: Region, id: u64) -> Option<u64> {
        let open = |draft: &DraftOrder| draft.id == id && draft.order.is_none();
        self.shop(region).back_office.drafts.iter().find(|draft| open(draft))?;
        let order = self.place_order(region);
        let now = self.now;
        let shop = self.shop_mut(region);
        let placed = shop.order(order).cloned()?;
        let draft = shop.back_office.drafts.iter_mut().find(|draft| open(draft))?;
        draft.become_order(&placed, Stamp::new(now).created_at);
        Some(order)
    }

    /// A draft vanishes without a tombstone.
    pub fn delete_draft(&mut self, region: Region, id: u64) {
        let now = self.now;
        let shop = self.shop_mut(region);
        let before = shop.back_office.drafts.len();
        shop.back_office.drafts.retain(|draft| draft.id != id);
        if shop.back_office.drafts.len() < before {
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
            let Some(draft) = shop.back_office.drafts.last_mut() else { return };
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
        let id = self.back_office.fresh_id();
        let known = !self.customers.is_empty() && self.back_office.rng.percent(80);
        let customer = known.then(|| self.customers[self.back_office.rng.index(self.customers.len())].id);
        self.back_office.next_draft += 1;
        let lines = (0..lines).map(|ordinal| self.draft_line(ordinal % 5 == 4)).collect();
        let shipping = Decimal::new(495, 2);
        self.back_office.drafts.push(DraftOrder {
            id,
            number: self.back_office.next_draft,
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
        let id = self.back_office.fresh_id();
        let rng = &mut self.back_office.rng;
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
