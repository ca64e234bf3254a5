//! Movements of goods in Amazon's warehouses.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::SellerAccount;

/// Goods that a customer sent back to Amazon.
#[derive(Clone, Debug)]
pub struct FbaReturn {
    /// Position of the market.
    pub market: usize,
    /// When it arrived.
    pub returned_at: DateTime<Utc>,
    /// From when on the report shows it, up to three days later.
    pub visible_at: DateTime<Utc>,
    /// The order.
    pub order: String,
    /// Seller's sku.
    pub sku: String,
    /// Amazon's number.
    pub asin: String,
    /// Label of the goods.
    pub fn_sku: String,
    /// Name.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// Warehouse.
    pub center: &'static str,
    /// SELLABLE or CUSTOMER_DAMAGED.
    pub disposition: &'static str,
    /// Why.
    pub reason: &'static str,
    /// Unique number of the parcel.
    pub plate: String,
    /// What the customer says.
    pub comment: &'static str,
}

/// A movement of goods.
#[derive(Clone, Debug)]
pub struct LedgerEvent {
    /// Position of the market, which tells the country.
    pub market: usize,
    /// When; the file tells the day.
    pub at: DateTime<Utc>,
    /// Label of the goods.
    pub fn_sku: String,
    /// Amazon's number.
    pub asin: String,
    /// Seller's sku.
    pub sku: String,
    /// Name.
    pub title: String,
    /// Receipts, Shipments, CustomerReturns or Adjustments.
    pub kind: &'static str,
    /// Unique within the account.
    pub reference: String,
    /// Signed number of pieces.
    pub quantity: i64,
    /// Warehouse.
    pub center: &'static str,
    /// SELLABLE or CUSTOMER_DAMAGED.
    pub disposition: &'static str,
}

/// One row of the ledger's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerBalance {
    /// Position of the market.
    pub market: usize,
    /// First day of the period.
    pub day: NaiveDate,
    /// Label of the goods.
    pub fn_sku: String,
    /// Amazon's number.
    pub asin: String,
    /// Seller's sku.
    pub sku: String,
    /// Name.
    pub title: String,
    /// SELLABLE or CUSTOMER_DAMAGED.
    pub disposition: &'static str,
    /// Pieces before the period.
    pub opening: i64,
    /// Movements by kind.
    pub moved: BTreeMap<&'static str, i64>,
}

impl LedgerBalance {
    /// Pieces after the period.
    pub fn closing(&self) -> i64 {
        self.opening + self.moved.values().sum::<i64>()
    }
}

impl SellerAccount {
    /// The ledger summed up by day, or by month, for periods with movements.
    pub fn ledger_balances(&self, monthly: bool) -> Vec<LedgerBalance> {
        let mut stock: BTreeMap<(usize, &str, &'static str), i64> = BTreeMap::new();
        let mut rows: BTreeMap<(NaiveDate, usize, &str, &'static str), LedgerBalance> = BTreeMap::new();
        let mut events: Vec<_> = self.ledger.iter().collect();
        events.sort_by_key(|event| event.at);
        for event in events {
            let day = event.at.date_naive();
            let day = if monthly { day.with_day(1).unwrap_or(day) } else { day };
            let on_hand = stock.entry((event.market, &event.fn_sku, event.disposition)).or_default();
            let row = rows.entry((day, event.market, &event.fn_sku, event.disposition));
            let row = row.or_insert_with(|| LedgerBalance {
                market: event.market,
                day,
                fn_sku: event.fn_sku.clone(),
                asin: event.asin.clone(),
                sku: event.sku.clone(),
                title: event.title.clone(),
                disposition: event.disposition,
                opening: *on_hand,
                moved: BTreeMap::new(),
            });
            *row.moved.entry(event.kind).or_default() += event.quantity;
            *on_hand += event.quantity;
        }
        rows.into_values().collect()
    }
}
