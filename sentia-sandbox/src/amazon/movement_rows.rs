//! Rows of the reports on movements of goods: returns and the ledger.

use super::report_file::Row;
use super::report_rows::{Scope, iso};
use crate::universe::{FbaReturn, LedgerBalance, LedgerEvent, SellerAccount};

pub(crate) fn returns(account: &SellerAccount, scope: &Scope<'_>) -> Vec<Row> {
    let shown =
        account.returns.iter().filter(|r| scope.covers(r.market, r.returned_at) && r.visible_at <= scope.now);
    let row = |r: &FbaReturn| {
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

pub(crate) fn ledger_detail(account: &SellerAccount, scope: &Scope<'_>) -> Vec<Row> {
    let shown = account.ledger.iter().filter(|event| scope.covers(event.market, event.at));
    let row = |event: &LedgerEvent| {
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
pub(crate) fn ledger_summary(account: &SellerAccount, scope: &Scope<'_>) -> Vec<Row> {
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
