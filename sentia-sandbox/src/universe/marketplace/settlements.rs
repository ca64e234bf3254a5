//! Settlements of Amazon with the seller.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{FulfilledBy, MarketCharge};

/// A closed settlement with all lines of its file.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Eleven digits.
    pub id: String,
    /// Position of the market.
    pub market: usize,
    /// First moment.
    pub start: DateTime<Utc>,
    /// Last moment.
    pub end: DateTime<Utc>,
    /// Id of the report that Amazon made of it.
    pub report_id: String,
    /// When that report was made.
    pub reported_at: DateTime<Utc>,
    /// Lines, without the first one that holds the totals.
    pub lines: Vec<SettlementLine>,
}

impl Settlement {
    /// When the money arrives.
    pub fn deposit_at(&self) -> DateTime<Utc> {
        self.end + TimeDelta::days(2)
    }

    /// The sum of the lines.
    pub fn total(&self) -> Decimal {
        self.lines.iter().map(|line| line.charge.amount).sum()
    }
}

/// One line of a settlement file.
#[derive(Clone, Debug)]
pub struct SettlementLine {
    /// Order, Refund, ServiceFee or FBAFees.
    pub kind: &'static str,
    /// Not always an order's id: for FBAFees it is a shipment's, for other-transaction it is empty.
    pub order: Option<String>,
    /// Shipment's id.
    pub shipment: Option<String>,
    /// Who shipped.
    pub by: FulfilledBy,
    /// When it was posted.
    pub posted_at: DateTime<Utc>,
    /// Id of the order item.
    pub order_item: Option<String>,
    /// Seller's sku.
    pub sku: Option<String>,
    /// How many pieces, told with the principal only.
    pub quantity: Option<i64>,
    /// The promotion behind a discount.
    pub promotion: Option<String>,
    /// What it is about, and how much.
    pub charge: MarketCharge,
}
