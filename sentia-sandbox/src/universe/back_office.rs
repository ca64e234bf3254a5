//! What stands behind a shop's orders: payouts, draft orders, returns.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::drafts::DraftOrder;
use super::payments::{BalanceTransaction, Payout};
use super::returns::Return;
use super::{Evolution, Region, Shop, Universe};
use crate::rng::Rng;

/// The back office of one shop. It draws its ids and its chances from a stream of its own, so that orders, stock and
/// books are the same with it as without it.
#[derive(Clone, Debug)]
pub struct BackOffice {
    /// Movements of the payments account, in the order they were made.
    pub balance: Vec<BalanceTransaction>,
    /// Payouts to the bank, oldest first.
    pub payouts: Vec<Payout>,
    /// Draft orders that exist, by ascending id; a deleted one is noted in [`Shop::deleted`].
    pub drafts: Vec<DraftOrder>,
    /// Returns, by ascending id. They go with their order.
    pub returns: Vec<Return>,
    /// Customers whose personal data the merchant had erased.
    pub redactions: Vec<Redaction>,
    pub(super) returns_of: BTreeMap<u64, Vec<usize>>,
    /// Positions of movements that no payout holds yet.
    pub(super) unsettled: Vec<usize>,
    pub(super) rng: Rng,
    pub(super) next_draft: u32,
    next_id: u64,
}

/// A customer's personal data was erased.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// Customer id.
    pub customer: u64,
    /// The address that was erased.
    pub email: String,
    /// The customer's orders.
    pub orders: Vec<u64>,
    /// When it was asked for; apps are told ten days later.
    pub requested_at: DateTime<Utc>,
}

impl BackOffice {
    pub(super) fn new(region: Region, rng: Rng) -> Self {
        Self {
            balance: vec![],
            payouts: vec![],
            drafts: vec![],
            returns: vec![],
            redactions: vec![],
            returns_of: BTreeMap::new(),
            unsettled: vec![],
            rng,
            next_draft: 0,
            next_id: if region == Region::Uk { 403_977_121_884_154_501 } else { 507_455_913_002_741_701 },
        }
    }

    /// A fresh id: odd and above 2^53, as the shop's own are.
    pub(super) fn fresh_id(&mut self) -> u64 {
        self.next_id += 2 + (self.rng.next() % 32_768) * 2;
        self.next_id
    }

    /// The payout of that id.
    pub fn payout(&self, id: u64) -> Option<&Payout> {
        self.payouts.binary_search_by_key(&id, |payout| payout.id).ok().map(|at| &self.payouts[at])
    }

    /// The returns of an order, oldest first.
    pub fn returns_of(&self, order: u64) -> impl Iterator<Item = &Return> {
        self.returns_of.get(&order).into_iter().flatten().map(|at| &self.returns[*at])
    }
}

impl Shop {
    /// The returns whose order exists, with it.
    pub fn returns(&self) -> impl Iterator<Item = (&super::Order, &Return)> {
        self.back_office.returns.iter().filter_map(|r| self.order(r.order).map(|order| (order, r)))
    }
}

/// Fills the back offices once the history is played.
pub(super) fn furnish(universe: &mut Universe) {
    for region in [Region::Uk, Region::Usa] {
        universe.history_of_returns(region);
        universe.history_of_drafts(region);
    }
    universe.settle_payouts();
}

impl Universe {
    /// The back office's share of a day: a draft is written, one mailed, one thrown away; a return is asked for, one
    /// approved, one closed.
    pub(super) fn evolve_back_office(&mut self, region: Region, report: &mut Evolution) {
        if self.shop(region).products.is_empty() {
            return;
        }
        let gid = |kind: &str, id: u64| format!("gid://shopify/{kind}/{id}");
        let drafts = &self.shop(region).back_office.drafts;
        let oldest = |status: &str| drafts.iter().find(|draft| draft.status == status).map(|draft| draft.id);
        let (thrown_away, mailed) = (oldest("INVOICE_SENT"), oldest("OPEN"));
        report.drafts_changed.push(gid("DraftOrder", self.draft_order(region)));
        if let Some(id) = mailed {
            self.send_draft_invoice(region, id);
            report.drafts_changed.push(gid("DraftOrder", id));
        }
        if let Some(id) = thrown_away {
            self.delete_draft(region, id);
            report.drafts_deleted.push(gid("DraftOrder", id));
        }
        self.evolve_returns(region, report);
    }

    fn evolve_returns(&mut self, region: Region, report: &mut Evolution) {
        let shop = self.shop(region);
        let oldest = |status: &str| shop.returns().find(|(_, r)| r.status == status).map(|(_, r)| r.id);
        let (asked, open) = (oldest("REQUESTED"), oldest("OPEN"));
        let shipped = shop.orders.iter().rev().find(|order| {
            !order.fulfillments.is_empty() && shop.back_office.returns_of(order.id).next().is_none()
        });
        let fresh = shipped.map(|order| order.id).and_then(|order| self.request_return(region, order, 1));
        if let Some(id) = asked {
            self.approve_return(region, id);
        }
        if let Some(id) = open {
            self.close_return(region, id);
        }
        for id in [fresh, asked, open].into_iter().flatten() {
            report.returns_changed.push(format!("gid://shopify/Return/{id}"));
            let order = self.shop(region).back_office.returns.iter().find(|r| r.id == id).map(|r| r.order);
            report.orders_changed.extend(order.map(|order| format!("gid://shopify/Order/{order}")));
        }
    }
}
