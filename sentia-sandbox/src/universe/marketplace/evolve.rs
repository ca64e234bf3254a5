//! How the seller accounts move on, and the ways in which a test may push them.

use chrono::SubsecRound;
use rust_decimal::Decimal;

use super::MarketOrderStatus;
use super::SellerAccount;
use crate::universe::{Evolution, Region, Universe};

impl Universe {
    /// A buyer orders in the market at that position; the order is pending. Nothing where nothing is for sale.
    pub fn place_marketplace_order(&mut self, region: Region, market: usize) -> Option<String> {
        let now = self.now;
        self.amazon.of_mut(region).place(market, now)
    }

    /// The payment of a pending order is authorised: it is unshipped from now on, and its prices are told.
    pub fn confirm_marketplace_order(&mut self, region: Region, id: &str) {
        let now = self.now;
        self.amazon.of_mut(region).confirm(id, now);
    }

    /// An order leaves, with `part` only its first open line if the seller ships it; a `Shipment` is posted, and
    /// goods leave Amazon's stock. False if there was nothing to ship.
    pub fn ship_marketplace_order(&mut self, region: Region, id: &str, part: bool) -> bool {
        let now = self.now;
        self.amazon.of_mut(region).ship(id, part, now)
    }

    /// A pending or unshipped order is called off; it stays, as cancelled.
    pub fn cancel_marketplace_order(&mut self, region: Region, id: &str) {
        let now = self.now;
        self.amazon.of_mut(region).cancel(id, now);
    }

    /// One piece of a shipped order's first line is paid back, and sent back where Amazon shipped it. The order
    /// itself does not change. False if there was nothing to refund.
    pub fn refund_marketplace_order(&mut self, region: Region, id: &str) -> bool {
        let now = self.now;
        self.amazon.of_mut(region).refund(id, now)
    }

    /// An order is changed without weight: only its update time moves.
    pub fn touch_marketplace_order(&mut self, region: Region, id: &str) {
        let now = self.now.trunc_subsecs(0);
        if let Some(order) = self.amazon.of_mut(region).order_mut(id) {
            order.updated_at = order.updated_at.max(now);
        }
    }

    /// What was held back long enough is released without a new posting date. Gives the transactions' ids.
    pub fn release_transactions(&mut self, region: Region) -> Vec<String> {
        let now = self.now;
        self.amazon.of_mut(region).release(now)
    }

    /// A market's open period is settled; the report of it comes six hours later. Gives the settlement's id.
    pub fn settle_market(&mut self, region: Region, market: usize) -> Option<String> {
        let now = self.now;
        self.amazon.of_mut(region).settle(market, now)
    }

    /// An offer gets another price.
    pub fn change_listing_price(&mut self, region: Region, market: usize, sku: &str, price: Decimal) {
        let now = self.now;
        let mut listings = self.amazon.of_mut(region).listings.iter_mut();
        if let Some(listing) = listings.find(|listing| listing.market == market && listing.sku == sku) {
            listing.price = price;
            listing.updated_at = listing.updated_at.max(now);
        }
    }

    /// An offer vanishes without a tombstone; stock and catalog stay. False if there is none.
    pub fn delete_listing(&mut self, region: Region, market: usize, sku: &str) -> bool {
        let now = self.now;
        let account = self.amazon.of_mut(region);
        let before = account.listings.len();
        account.listings.retain(|listing| !(listing.market == market && listing.sku == sku));
        let gone = account.listings.len() < before;
        if gone {
            account.deleted_listings.push((format!("{}/{sku}", account.markets[market].id), now));
        }
        gone
    }

    /// Amazon finds or loses sellable goods: an adjustment in the ledger, and the stock's time moves.
    pub fn change_fba_stock(&mut self, region: Region, market: usize, sku: &str, by: i64) {
        let now = self.now;
        let account = self.amazon.of_mut(region);
        let wanted = account.stock.iter().position(|row| row.market == market && row.sku == sku);
        let Some(row) = wanted else { return };
        account.stock[row].fulfillable += by;
        account.stock[row].updated_at = account.stock[row].updated_at.max(now.trunc_subsecs(0));
        let reference = format!("{:010}", account.fresh_id());
        account.note_movement(row, "Adjustments", reference, by, "SELLABLE", now);
    }

    /// The seller plans to send goods in: quantities change, but not the time of the stock, so no delta shows it.
    pub fn announce_inbound(&mut self, region: Region, market: usize, sku: &str, by: i64) {
        let mut stock = self.amazon.of_mut(region).stock.iter_mut();
        if let Some(row) = stock.find(|row| row.market == market && row.sku == sku) {
            row.inbound_working += by;
        }
    }

    /// A day's worth of changes in both accounts.
    pub(in crate::universe) fn evolve_marketplaces(&mut self, report: &mut Evolution) {
        for region in [Region::Uk, Region::Usa] {
            self.evolve_orders(region, report);
            self.evolve_offers(region, report);
            report.transactions_released.extend(self.release_transactions(region));
            for market in 0..self.amazon.of(region).markets.len() {
                let start = self.amazon.of(region).periods[market].start;
                if (self.now - start).num_days() >= 14 {
                    report.settlements_closed.extend(self.settle_market(region, market));
                }
            }
        }
    }

    fn evolve_orders(&mut self, region: Region, report: &mut Evolution) {
        let account = self.amazon.of(region);
        let pending = standing(account, MarketOrderStatus::Pending);
        let unshipped = standing(account, MarketOrderStatus::Unshipped);
        let shipped = standing(account, MarketOrderStatus::Shipped);
        let last = account.markets.len() - 1;
        let mut changed = Vec::new();
        for id in pending.iter().take(2) {
            self.confirm_marketplace_order(region, id);
            changed.push(id.clone());
        }
        if let Some(id) = unshipped.first() {
            self.ship_marketplace_order(region, id, true);
            changed.push(id.clone());
        }
        if let Some(id) = unshipped.get(1) {
            self.cancel_marketplace_order(region, id);
            changed.push(id.clone());
        }
        if let Some(id) = shipped.first() {
            self.refund_marketplace_order(region, id);
        }
        if let Some(id) = shipped.get(1) {
            self.touch_marketplace_order(region, id);
            changed.push(id.clone());
        }
        let placed =
            [0, 0, last].into_iter().filter_map(|market| self.place_marketplace_order(region, market));
        report.marketplace_orders_placed.extend(placed);
        report.marketplace_orders_changed.extend(changed);
    }

    fn evolve_offers(&mut self, region: Region, report: &mut Evolution) {
        let account = self.amazon.of_mut(region);
        if account.listings.is_empty() {
            return;
        }
        let at = account.rng.index(account.listings.len());
        let (market, sku) = (account.listings[at].market, account.listings[at].sku.clone());
        let price = Decimal::new(account.rng.between(450, 45_000), 2);
        self.change_listing_price(region, market, &sku, price);
        report.listings_changed.push(self.listing_key(region, market, &sku));
        let account = self.amazon.of_mut(region);
        if !account.stock.is_empty() {
            let row = account.rng.index(account.stock.len());
            let (market, sku) = (account.stock[row].market, account.stock[row].sku.clone());
            self.change_fba_stock(region, market, &sku, -1);
            self.announce_inbound(region, market, &sku, 12);
            report.fba_stock_changed.push(self.listing_key(region, market, &sku));
        }
        let account = self.amazon.of_mut(region);
        if account.listings.len() > 6 {
            let at = account.rng.index(account.listings.len());
            let (market, sku) = (account.listings[at].market, account.listings[at].sku.clone());
            self.delete_listing(region, market, &sku);
            report.listings_deleted.push(self.listing_key(region, market, &sku));
        }
    }

    fn listing_key(&self, region: Region, market: usize, sku: &str) -> String {
        format!("{}/{sku}", self.amazon.of(region).markets[market].id)
    }
}

/// The ids of the latest orders that stand so.
fn standing(account: &SellerAccount, status: MarketOrderStatus) -> Vec<String> {
    let orders = account.orders.iter().rev().filter(|order| order.status == status);
    orders.take(3).map(|order| order.id.clone()).collect()
}
