//! Money in a seller account: shipments and refunds are posted, held back, released, and settled.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::genesis::{code, opaque};
use super::{
    FulfilledBy, MarketCharge, MarketOrder, MarketTransaction, Period, ReleaseStatus, SellerAccount,
    Settlement, SettlementLine, TransactionItem,
};
use crate::universe::ordering::cents;

impl SellerAccount {
    pub(super) fn post_shipment(
        &mut self,
        order: &MarketOrder,
        sent: &[(usize, i64)],
        shipment: String,
        at: DateTime<Utc>,
    ) {
        // Nothing is paid for replacements and for orders from elsewhere.
        if order.replaces.is_some() || !order.on_amazon {
            return;
        }
        let taxed = !self.markets[order.market].taxes_included;
        let items = sent.iter().map(|(line, quantity)| charged(order, *line, *quantity, taxed)).collect();
        let deferred = self.rng.percent(65);
        let matures_at = deferred.then(|| at + TimeDelta::days(self.rng.between(7, 14)));
        self.post(Posting {
            market: order.market,
            kind: "Shipment",
            description: "Order Payment",
            order: Some(order.id.clone()),
            shipment: Some(shipment),
            by: order.by,
            matures_at,
            items,
            at,
        });
    }

    pub(super) fn post_refund(&mut self, order: &MarketOrder, at: DateTime<Utc>) {
        let taxed = !self.markets[order.market].taxes_included;
        let mut item = charged(order, 0, 1, taxed);
        item.charges.retain(|charge| !charge.description.starts_with("FBA"));
        for charge in &mut item.charges {
            charge.amount = -charge.amount;
        }
        let kept: Decimal =
            item.charges.iter().filter(|c| c.description == "Commission").map(|c| c.amount).sum();
        let keeps = cents(kept * Decimal::new(2, 1));
        item.charges.push(MarketCharge { kind: "ItemFees", description: "RefundCommission", amount: -keeps });
        self.post(Posting {
            market: order.market,
            kind: "Refund",
            description: "Refund Order",
            order: Some(order.id.clone()),
            shipment: None,
            by: order.by,
            matures_at: None,
            items: vec![item],
            at,
        });
    }

    /// The monthly fee, or one for goods sent in, which names a shipment where orders are named otherwise.
    pub(super) fn charge_fee(&mut self, market: usize, inbound: bool, at: DateTime<Utc>) {
        let (title, amount) = if inbound {
            ("FBAInboundTransportationFee", Decimal::new(-self.rng.between(1_000, 9_000), 2))
        } else {
            ("Subscription Fee", Decimal::new(-3_000, 2))
        };
        let shipment = inbound.then(|| format!("FBA15{}", code(self.fresh_id(), 7)));
        let charge = MarketCharge { kind: "other-transaction", description: title, amount };
        let item = TransactionItem {
            order_item: None,
            sku: None,
            asin: None,
            title: title.to_owned(),
            quantity: 0,
            promotion: None,
            charges: vec![charge],
        };
        self.post(Posting {
            market,
            kind: "ServiceFee",
            description: if inbound { "FBA Inbound Transportation Fee" } else { "Subscription" },
            order: None,
            shipment,
            by: FulfilledBy::Amazon,
            matures_at: None,
            items: vec![item],
            at: at.trunc_subsecs(0),
        });
    }

    fn post(&mut self, posting: Posting) {
        let delay = if self.rng.percent(40) { self.rng.between(3_600, 47 * 3_600) } else { 0 };
        let held = posting.matures_at.is_some();
        self.transactions.push(MarketTransaction {
            id: opaque(&mut self.rng),
            market: posting.market,
            kind: posting.kind,
            description: posting.description,
            order: posting.order,
            shipment: posting.shipment,
            by: posting.by,
            posted_at: posting.at,
            visible_at: posting.at + TimeDelta::seconds(delay),
            status: if held { ReleaseStatus::Deferred } else { ReleaseStatus::Released },
            matures_at: posting.matures_at,
            group: (!held).then(|| self.periods[posting.market].group.clone()),
            items: posting.items,
        });
    }

    /// What was held back long enough is released, its posting date unchanged. Gives the transactions' ids.
    pub(super) fn release(&mut self, at: DateTime<Utc>) -> Vec<String> {
        let periods = &self.periods;
        let mut released = Vec::new();
        for transaction in &mut self.transactions {
            let ripe = transaction.status == ReleaseStatus::Deferred
                && transaction.matures_at.is_some_and(|matures_at| matures_at <= at);
            if ripe {
                transaction.status = ReleaseStatus::DeferredReleased;
                transaction.group = Some(periods[transaction.market].group.clone());
                released.push(transaction.id.clone());
            }
        }
        released
    }

    /// Closes the open period of a market if it holds anything. Gives the settlement's id.
    pub(super) fn settle(&mut self, market: usize, at: DateTime<Utc>) -> Option<String> {
        let at = at.trunc_subsecs(0);
        let group = &self.periods[market].group;
        let inside = self.transactions.iter().filter(|t| t.group.as_ref() == Some(group));
        let lines: Vec<SettlementLine> = inside.flat_map(lines_of).collect();
        if lines.is_empty() {
            return None;
        }
        let start = self.periods[market].start;
        self.periods[market] = Period { start: at, group: opaque(&mut self.rng) };
        let id = format!("{:011}", 20_000_000_000 + self.fresh_id() * 31);
        let report_id = format!("{:011}", 50_000_000_000 + self.fresh_id() * 17);
        let reported_at = at + TimeDelta::hours(6);
        self.settlements.push(Settlement {
            id: id.clone(),
            market,
            start,
            end: at,
            report_id,
            reported_at,
            lines,
        });
        Some(id)
    }
}

struct Posting {
    market: usize,
    kind: &'static str,
    description: &'static str,
    order: Option<String>,
    shipment: Option<String>,
    by: FulfilledBy,
    matures_at: Option<DateTime<Utc>>,
    items: Vec<TransactionItem>,
    at: DateTime<Utc>,
}

/// The charges for `quantity` pieces of an order line.
fn charged(order: &MarketOrder, line: usize, quantity: i64, taxed: bool) -> TransactionItem {
    let item = &order.items[line];
    let share = |amount: Decimal| cents(amount * Decimal::from(quantity) / Decimal::from(item.quantity));
    let principal = share(item.principal());
    let mut charges = Vec::new();
    let mut charge = |kind, description, amount: Decimal| {
        if !amount.is_zero() {
            charges.push(MarketCharge { kind, description, amount });
        }
    };
    charge("ItemPrice", "Principal", principal);
    charge("ItemPrice", "Shipping", share(item.shipping));
    charge("Promotion", "Principal", -share(item.discount));
    if taxed {
        // Amazon collects the tax and pays it to the state: in and out again.
        charge("ItemPrice", "Tax", share(item.tax));
        charge("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", -share(item.tax));
    }
    charge("ItemFees", "Commission", -cents((principal - share(item.discount)) * Decimal::new(15, 2)));
    if order.by == FulfilledBy::Amazon {
        charge("ItemFees", "FBAPerUnitFulfillmentFee", -(Decimal::new(322, 2) * Decimal::from(quantity)));
    }
    TransactionItem {
        order_item: Some(item.id.clone()),
        sku: Some(item.sku.clone()),
        asin: Some(item.asin.clone()),
        title: item.title.clone(),
        quantity,
        promotion: item.promotion.clone(),
        charges,
    }
}

fn lines_of(transaction: &MarketTransaction) -> Vec<SettlementLine> {
    let inbound = transaction.kind == "ServiceFee" && transaction.shipment.is_some();
    let line = |item: &TransactionItem, charge: &MarketCharge| SettlementLine {
        kind: match transaction.kind {
            "Shipment" => "Order",
            "ServiceFee" if inbound => "FBAFees",
            "ServiceFee" => "other-transaction",
            other => other,
        },
        order: if inbound { transaction.shipment.clone() } else { transaction.order.clone() },
        shipment: transaction.shipment.clone().filter(|_| !inbound),
        by: transaction.by,
        posted_at: transaction.posted_at,
        order_item: item.order_item.clone(),
        sku: item.sku.clone(),
        quantity: (charge.kind == "ItemPrice" && charge.description == "Principal").then_some(item.quantity),
        promotion: item.promotion.clone().filter(|_| charge.kind == "Promotion"),
        charge: *charge,
    };
    let lines = transaction.items.iter().flat_map(|item| item.charges.iter().map(move |c| (item, c)));
    lines.map(|(item, charge)| line(item, charge)).collect()
}
