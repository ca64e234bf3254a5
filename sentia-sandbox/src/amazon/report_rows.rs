//! The rows of each report, as maps from column to cell.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::movement_rows::{ledger_detail, ledger_summary, returns};
use super::order_json::two_places;
use super::report_file::{Row, Table};
use super::report_kind::ReportKind;
use crate::universe::{
    FulfilledBy, Listing, Market, MarketOrder, MarketOrderItem, MarketOrderStatus, Region, SellerAccount,
};

/// What a report covers.
pub(crate) struct Scope<'a> {
    pub(crate) markets: &'a [usize],
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) options: &'a BTreeMap<String, String>,
}

impl Scope<'_> {
    pub(crate) fn covers(&self, market: usize, at: DateTime<Utc>) -> bool {
        self.markets.contains(&market) && self.start <= at && at <= self.end
    }

    pub(crate) fn option(&self, name: &str) -> &str {
        self.options.get(name).map_or("", String::as_str)
    }
}

/// The table of a report that was asked for.
pub(crate) fn requested(account: &SellerAccount, kind: ReportKind, scope: &Scope<'_>) -> Table {
    let rows: Vec<Row> = match kind {
        ReportKind::Returns => returns(account, scope),
        ReportKind::LedgerDetail => ledger_detail(account, scope),
        ReportKind::LedgerSummary => ledger_summary(account, scope),
        ReportKind::OrdersByUpdate | ReportKind::OrdersByDate => orders(account, kind, scope),
        ReportKind::Listings => listings(account, scope),
        ReportKind::Settlement => vec![],
    };
    Table::of(kind.columns(), rows)
}

pub(crate) fn iso(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

fn orders(account: &SellerAccount, kind: ReportKind, scope: &Scope<'_>) -> Vec<Row> {
    let time = |order: &MarketOrder| {
        if kind == ReportKind::OrdersByUpdate { order.updated_at } else { order.created_at }
    };
    let shown = account.orders.iter().filter(|order| scope.covers(order.market, time(order)));
    let lines = shown.flat_map(|order| order.items.iter().map(move |item| (order, item)));
    lines.map(|(order, item)| order_line(order, item, &account.markets[order.market])).collect()
}

fn order_line(order: &MarketOrder, item: &MarketOrderItem, market: &Market) -> Row {
    let status = match order.status {
        MarketOrderStatus::PartiallyShipped => "Shipping",
        // Reports write two L where notifications write one.
        MarketOrderStatus::Cancelled => "Cancelled",
        status => status.as_old_str(),
    };
    let told = |amount: Decimal| if order.is_priced() { two_places(amount) } else { String::new() };
    vec![
        ("amazon-order-id", order.id.clone()),
        ("merchant-order-id", order.id.clone()),
        ("purchase-date", iso(order.created_at)),
        ("last-updated-date", iso(order.updated_at)),
        ("order-status", status.to_owned()),
        (
            "fulfillment-channel",
            if order.by == FulfilledBy::Amazon { "Amazon" } else { "Merchant" }.to_owned(),
        ),
        ("sales-channel", if order.on_amazon { market.name } else { "Non-Amazon" }.to_owned()),
        ("ship-service-level", "Standard".to_owned()),
        ("product-name", item.title.clone()),
        ("sku", item.sku.clone()),
        ("asin", item.asin.clone()),
        ("item-status", if item.shipped == item.quantity { "Shipped" } else { "Unshipped" }.to_owned()),
        ("quantity", item.quantity.to_string()),
        ("currency", if order.is_priced() { market.currency } else { "" }.to_owned()),
        ("item-price", told(item.principal())),
        ("item-tax", told(item.tax)),
        ("shipping-price", told(item.shipping)),
        ("item-promotion-discount", told(item.discount)),
        ("ship-city", order.buyer.city.to_owned()),
        ("ship-state", order.buyer.state.unwrap_or_default().to_owned()),
        ("ship-postal-code", order.buyer.postal_code.clone()),
        ("ship-country", order.buyer.country.to_owned()),
        ("promotion-ids", item.promotion.clone().unwrap_or_default()),
        ("is-business-order", order.programs.contains(&"AMAZON_BUSINESS").to_string()),
        ("purchase-order-number", order.buyer.po_number.clone().unwrap_or_default()),
    ]
}

fn listings(account: &SellerAccount, scope: &Scope<'_>) -> Vec<Row> {
    let shown = account.listings.iter().filter(|listing| scope.markets.contains(&listing.market));
    let row = |listing: &Listing| {
        let amazon = listing.by == FulfilledBy::Amazon;
        let channel = match (amazon, account.region) {
            (false, _) => "DEFAULT",
            (true, Region::Uk) => "AMAZON_EU",
            (true, Region::Usa) => "AMAZON_NA",
        };
        let format =
            if account.region == Region::Uk { "%d/%m/%Y %H:%M:%S GMT" } else { "%Y-%m-%d %H:%M:%S UTC" };
        vec![
            ("item-name", listing.title.clone()),
            ("seller-sku", listing.sku.clone()),
            ("price", two_places(listing.price)),
            ("quantity", if amazon { String::new() } else { listing.quantity.to_string() }),
            ("open-date", listing.created_at.format(format).to_string()),
            ("item-is-marketplace", "y".to_owned()),
            ("product-id-type", "1".to_owned()),
            ("item-condition", "11".to_owned()),
            ("asin1", listing.asin.clone()),
            ("product-id", listing.asin.clone()),
            ("pending-quantity", if amazon { String::new() } else { "0".to_owned() }),
            ("fulfillment-channel", channel.to_owned()),
            ("status", if listing.buyable { "Active" } else { "Inactive" }.to_owned()),
        ]
    };
    shown.map(row).collect()
}
