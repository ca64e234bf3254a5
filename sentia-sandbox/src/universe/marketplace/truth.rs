//! What a complete copy of a seller account must hold, straight from the universe.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{AmazonStream, FbaStock, Listing, MarketOrder, SellerAccount, Settlement};
use crate::universe::truth::{Presence, TruthRecord};

impl SellerAccount {
    /// The whole truth of one stream, or of one market's part of it, gone records included.
    ///
    /// With a moment, only what the API shows then: not the orders of the last two minutes, not the transactions and
    /// returns that still lag, not the settlements whose report is yet to come or older than 90 days.
    pub fn truth(
        &self,
        stream: AmazonStream,
        market: Option<usize>,
        shown_at: Option<DateTime<Utc>>,
    ) -> Vec<TruthRecord> {
        let inside = |position: usize| market.is_none_or(|market| market == position);
        let shown = |from: DateTime<Utc>| shown_at.is_none_or(|at| from <= at);
        let orders = || {
            let seen = move |order: &&MarketOrder| shown(order.updated_at + TimeDelta::minutes(2));
            self.orders.iter().filter(move |order| inside(order.market)).filter(seen)
        };
        match stream {
            AmazonStream::Marketplaces => self
                .markets
                .iter()
                .enumerate()
                .filter(|(position, _)| inside(*position))
                .map(|(_, market)| TruthRecord::live(market.id.to_owned(), DateTime::UNIX_EPOCH))
                .collect(),
            AmazonStream::Orders => orders().map(|order| self.order_truth(order)).collect(),
            AmazonStream::OrderItems => orders().flat_map(|order| self.item_truth(order)).collect(),
            AmazonStream::Packages => orders().flat_map(package_truth).collect(),
            AmazonStream::FbaInventory => {
                self.stock.iter().filter(|row| inside(row.market)).map(|row| self.stock_truth(row)).collect()
            }
            AmazonStream::Listings => self.listings_truth(market),
            AmazonStream::CatalogItems => self.catalog_truth(inside),
            AmazonStream::Transactions => self
                .transactions
                .iter()
                .filter(|t| inside(t.market) && shown(t.visible_at))
                .map(|t| {
                    TruthRecord::live(t.id.clone(), t.posted_at)
                        .status(t.status.as_str())
                        .amount("totalAmount", t.total())
                })
                .collect(),
            AmazonStream::Settlements | AmazonStream::SettlementLines => {
                let kept =
                    |s: &&Settlement| shown_at.is_none_or(|at| at - s.reported_at <= TimeDelta::days(90));
                let inside = self.settlements.iter().filter(|s| inside(s.market) && shown(s.reported_at));
                inside.filter(kept).flat_map(|s| settlement_truth(s, stream)).collect()
            }
            AmazonStream::FbaReturns | AmazonStream::LedgerDetail | AmazonStream::LedgerSummary => {
                self.movement_truth(stream, inside, shown)
            }
        }
    }

    fn order_truth(&self, order: &MarketOrder) -> TruthRecord {
        let record = TruthRecord::live(order.id.clone(), order.updated_at).status(order.status.as_str());
        match order.grand_total(self.markets[order.market].taxes_included) {
            Some(total) => record.amount("grandTotal", total),
            None => record,
        }
    }

    fn item_truth(&self, order: &MarketOrder) -> Vec<TruthRecord> {
        let taxes_included = self.markets[order.market].taxes_included;
        let items = order.items.iter().map(|item| {
            let record = TruthRecord::live(format!("{}/{}", order.id, item.id), order.updated_at)
                .amount("quantityOrdered", item.quantity.into())
                .amount("quantityFulfilled", item.shipped.into());
            if !order.is_priced() {
                return record;
            }
            record.amount("unitPrice", item.unit_price).amount("proceedsTotal", item.total(taxes_included))
        });
        items.collect()
    }

    fn stock_truth(&self, row: &FbaStock) -> TruthRecord {
        let market = self.markets[row.market].id;
        let key = format!("{market}/{}/{}/{}", row.sku, row.fn_sku, row.condition);
        TruthRecord::live(key, row.updated_at)
            .amount("fulfillableQuantity", row.fulfillable.into())
            .amount("totalReservedQuantity", row.reserved().into())
            .amount("inboundWorkingQuantity", row.inbound_working.into())
            .amount("totalQuantity", row.total().into())
    }

    fn listings_truth(&self, market: Option<usize>) -> Vec<TruthRecord> {
        let live = |listing: &Listing| {
            let key = format!("{}/{}", self.markets[listing.market].id, listing.sku);
            TruthRecord::live(key, listing.updated_at)
                .status(if listing.buyable { "BUYABLE" } else { "DISCOVERABLE" })
                .amount("price", listing.price)
        };
        let inside = |listing: &&Listing| market.is_none_or(|market| market == listing.market);
        let live = self.listings.iter().filter(inside).map(live);
        let prefix = market.map_or("", |market| self.markets[market].id);
        let gone = self.deleted_listings.iter().filter(|(key, _)| key.starts_with(prefix));
        let gone = gone
            .map(|(key, at)| TruthRecord { presence: Presence::Gone, ..TruthRecord::live(key.clone(), *at) });
        live.chain(gone).collect()
    }

    fn catalog_truth(&self, inside: impl Fn(usize) -> bool) -> Vec<TruthRecord> {
        let key = |market: usize, asin: &str| format!("{}/{asin}", self.markets[market].id);
        let pairs = self.catalog.iter().flat_map(|entry| entry.markets.iter().map(move |m| (*m, entry)));
        let records = pairs.filter(|(market, _)| inside(*market));
        records.map(|(market, entry)| TruthRecord::live(key(market, &entry.asin), entry.created_at)).collect()
    }

    fn movement_truth(
        &self,
        stream: AmazonStream,
        inside: impl Fn(usize) -> bool,
        shown: impl Fn(DateTime<Utc>) -> bool,
    ) -> Vec<TruthRecord> {
        let live = TruthRecord::live;
        match stream {
            AmazonStream::FbaReturns => {
                let rows = self.returns.iter().filter(|r| inside(r.market) && shown(r.visible_at));
                rows.map(|row| {
                    let day = row.returned_at.format("%Y-%m-%dT%H:%M:%S+00:00");
                    live(format!("{}/{}/{day}/{}", row.order, row.sku, row.plate), row.returned_at)
                        .amount("quantity", row.quantity.into())
                })
                .collect()
            }
            AmazonStream::LedgerDetail => {
                let events = self.ledger.iter().filter(|event| inside(event.market) && shown(event.at));
                events
                    .map(|event| {
                        let (day, kind) = (event.at.date_naive(), event.kind);
                        live(format!("{day}/{}/{kind}/{}", event.fn_sku, event.reference), event.at)
                            .amount("Quantity", event.quantity.into())
                    })
                    .collect()
            }
            _ => {
                let rows = self.ledger_balances(false).into_iter().filter(|row| inside(row.market));
                rows.map(|row| {
                    let country = self.markets[row.market].country;
                    let key = format!("{}/{}/{country}/{}", row.day, row.fn_sku, row.disposition);
                    live(key, row.day.and_time(chrono::NaiveTime::MIN).and_utc())
                        .amount("Starting Warehouse Balance", Decimal::from(row.opening))
                        .amount("Ending Warehouse Balance", Decimal::from(row.closing()))
                })
                .collect()
            }
        }
    }
}

fn package_truth(order: &MarketOrder) -> Vec<TruthRecord> {
    let packages = order.packages.iter();
    packages
        .map(|parcel| TruthRecord::live(format!("{}/{}", order.id, parcel.id), order.updated_at))
        .collect()
}

fn settlement_truth(settlement: &Settlement, stream: AmazonStream) -> Vec<TruthRecord> {
    if stream == AmazonStream::Settlements {
        let record = TruthRecord::live(settlement.id.clone(), settlement.reported_at);
        return vec![record.amount("total-amount", settlement.total())];
    }
    let lines = settlement.lines.iter().zip(1..);
    lines
        .map(|(line, number)| {
            TruthRecord::live(format!("{}/{number}", settlement.id), line.posted_at)
                .status(line.kind)
                .amount("amount", line.charge.amount)
        })
        .collect()
}
