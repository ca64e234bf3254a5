//! The file of a settlement.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::order_json::two_places;
use super::report_file::{Row, Table};
use super::report_kind::ReportKind;
use crate::universe::{Market, Region, SellerAccount, Settlement, SettlementLine};

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
