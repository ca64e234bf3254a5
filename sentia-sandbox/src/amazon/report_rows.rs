//! The rows of each report, as maps from column to cell.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::order_json::two_places;
use super::report_file::Table;
use super::report_kind::ReportKind;
use crate::universe::{
    FulfilledBy, LedgerBalance, Market, MarketOrder, MarketOrderItem, MarketOrderStatus, Region,
    SellerAccount, Settlement, SettlementLine,
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
    fn covers(&self, market: usize, at: DateTime<Utc>) -> bool {
        self.markets.contains(&market) && self.start <= at && at <= self.end
    }

    fn option(&self, name: &str) -> &str {
        self.options.get(name).map_or("", String::as_str)
    }
}

type Row = Vec<(&'static str, String)>;

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

fn iso(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

fn returns(account: &SellerAccount, scope: &Scope<'_>) -> Vec<Row> {
    let shown =
        account.returns.iter().filter(|r| scope.covers(r.market, r.returned_at) && r.visible_at <= scope.now);
    let row = |r: &crate::universe::FbaReturn| {
        vec![
            ("return-date", iso(r.returned_at)),
            ("order-id", r.order.clone()),
            ("sku", r.sku.clone()),
            ("asin", r.asin.clone()),
            ("fnsku", r.fn_sku.clone()),
            ("product-name", r.title.clone()),
            ("quantity", r.quantity.to_string()),
            ("fulfillment-center-id", r.center.to_owned()),
            ("detailed-disposition", r.disposition.to_owned()),
            ("reason", r.reason.to_owned()),
            ("status", "Unit returned to inventory".to_owned()),
            ("license-plate-number", r.plate.clone()),
            ("customer-comments", r.comment.to_owned()),
        ]
    };
    shown.map(row).collect()
}

fn ledger_detail(account: &SellerAccount, scope: &Scope<'_>) -> Vec<Row> {
    let shown = account.ledger.iter().filter(|event| scope.covers(event.market, event.at));
    let row = |event: &crate::universe::LedgerEvent| {
        let adjusted = event.kind == "Adjustments";
        vec![
            ("Date", event.at.format("%m/%d/%Y").to_string()),
            ("FNSKU", event.fn_sku.clone()),
            ("ASIN", event.asin.clone()),
            ("MSKU", event.sku.clone()),
            ("Title", event.title.clone()),
            ("Event Type", event.kind.to_owned()),
            ("Reference ID", event.reference.clone()),
            ("Quantity", event.quantity.to_string()),
            ("Fulfillment Center", event.center.to_owned()),
            ("Disposition", event.disposition.to_owned()),
            ("Reason", if adjusted { "M".to_owned() } else { String::new() }),
            ("Country", account.markets[event.market].country.to_owned()),
            ("Reconciled Quantity", if adjusted { "0".to_owned() } else { String::new() }),
            (
                "Unreconciled Quantity",
                if adjusted { event.quantity.abs().to_string() } else { String::new() },
            ),
            ("Date and Time", event.at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()),
        ]
    };
    shown.map(row).collect()
}

/// By month unless asked otherwise; by country, or by warehouse as the one warehouse of each country.
fn ledger_summary(account: &SellerAccount, scope: &Scope<'_>) -> Vec<Row> {
    let daily = scope.option("aggregatedByTimePeriod") == "DAILY";
    let moment = |row: &LedgerBalance| row.day.and_time(chrono::NaiveTime::MIN).and_utc();
    let (first, last) = (scope.start.date_naive(), scope.end.date_naive());
    let whole = |row: &LedgerBalance| {
        let day = moment(row).date_naive();
        scope.markets.contains(&row.market) && first <= day && day <= last
    };
    let shown = account.ledger_balances(!daily).into_iter().filter(whole);
    shown.map(|row| balance(account, &row, daily)).collect()
}

fn balance(account: &SellerAccount, row: &LedgerBalance, daily: bool) -> Row {
    let moved = |kind: &str| row.moved.get(kind).copied().unwrap_or(0);
    let adjusted = moved("Adjustments");
    let mut cells = vec![
        ("Date", row.day.format(if daily { "%m/%d/%Y" } else { "%m/%Y" }).to_string()),
        ("FNSKU", row.fn_sku.clone()),
        ("ASIN", row.asin.clone()),
        ("MSKU", row.sku.clone()),
        ("Title", row.title.clone()),
        ("Disposition", row.disposition.to_owned()),
        ("Location", account.markets[row.market].country.to_owned()),
    ];
    let numbers = [
        ("Starting Warehouse Balance", row.opening),
        ("In Transit Between Warehouses", 0),
        ("Receipts", moved("Receipts")),
        ("Customer Shipments", moved("Shipments")),
        ("Customer Returns", moved("CustomerReturns")),
        ("Vendor Returns", 0),
        ("Warehouse Transfer In/Out", 0),
        ("Found", adjusted.max(0)),
        ("Lost", adjusted.min(0)),
        ("Damaged", 0),
        ("Disposed", 0),
        ("Other Events", 0),
        ("Ending Warehouse Balance", row.closing()),
        ("Unknown Events", 0),
    ];
    cells.extend(numbers.map(|(name, number)| (name, number.to_string())));
    cells
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
    let row = |listing: &crate::universe::Listing| {
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

/// The file of a settlement: totals in the first row, then a row per charge, dates as the region writes them.
pub(crate) fn settlement(account: &SellerAccount, settlement: &Settlement) -> Table {
    let market = &account.markets[settlement.market];
    let style = Style { european: account.region == Region::Uk, comma: market.currency == "EUR" };
    let mut rows: Vec<Row> = vec![vec![
        ("settlement-id", settlement.id.clone()),
        ("settlement-start-date", style.moment(settlement.start)),
        ("settlement-end-date", style.moment(settlement.end)),
        ("deposit-date", style.moment(settlement.deposit_at())),
        ("total-amount", style.amount(settlement.total())),
        ("currency", market.currency.to_owned()),
    ]];
    rows.extend(settlement.lines.iter().map(|line| settlement_line(&settlement.id, line, market, &style)));
    Table::of(ReportKind::Settlement.columns(), rows)
}

struct Style {
    european: bool,
    comma: bool,
}

impl Style {
    fn moment(&self, at: DateTime<Utc>) -> String {
        at.format(if self.european { "%d.%m.%Y %H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S UTC" }).to_string()
    }

    fn day(&self, at: DateTime<Utc>) -> String {
        at.format(if self.european { "%d.%m.%Y" } else { "%Y-%m-%d" }).to_string()
    }

    fn amount(&self, amount: Decimal) -> String {
        let text = two_places(amount);
        if self.comma { text.replace('.', ",") } else { text }
    }
}

fn settlement_line(id: &str, line: &SettlementLine, market: &Market, style: &Style) -> Row {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        ("settlement-id", id.to_owned()),
        ("transaction-type", line.kind.to_owned()),
        ("order-id", text(&line.order)),
        ("shipment-id", text(&line.shipment)),
        ("marketplace-name", if line.order.is_some() { market.name } else { "" }.to_owned()),
        ("amount-type", line.charge.kind.to_owned()),
        ("amount-description", line.charge.description.to_owned()),
        ("amount", style.amount(line.charge.amount)),
        ("fulfillment-id", if line.order_item.is_some() { line.by.network() } else { "" }.to_owned()),
        ("posted-date", style.day(line.posted_at)),
        ("posted-date-time", style.moment(line.posted_at)),
        ("order-item-code", text(&line.order_item)),
        ("sku", text(&line.sku)),
        ("quantity-purchased", line.quantity.map(|quantity| quantity.to_string()).unwrap_or_default()),
        ("promotion-id", text(&line.promotion)),
    ]
}
