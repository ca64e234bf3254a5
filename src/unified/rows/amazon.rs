//! What answers of Amazon hold.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

/// An order at Amazon.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonOrder {
    /// Its id.
    pub key: String,
    /// `UNSHIPPED`, `SHIPPED`, `CANCELLED`, ...
    pub status: Option<String>,
    /// Where it was placed.
    pub marketplace_id: Option<String>,
    /// When it was placed.
    pub created_at: Option<DateTime<Utc>>,
    /// Its total, in `currency_code`; none while it is pending.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}

/// What Amazon holds of one SKU in one condition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonInventory {
    /// SKU, Amazon's own code and condition.
    pub key: String,
    /// The seller's code.
    pub seller_sku: Option<String>,
    /// The product.
    pub asin: Option<String>,
    /// For sale now.
    pub fulfillable: Option<i64>,
}

/// An offer in one marketplace.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonListing {
    /// The seller's code.
    pub key: String,
    /// The product.
    pub asin: Option<String>,
    /// Its title.
    pub item_name: Option<String>,
    /// Whether it can be bought now.
    pub is_buyable: Option<bool>,
    /// What it costs, in `currency_code`.
    pub price: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// For sale, where the seller ships it.
    pub quantity: Option<i64>,
    /// Problems that keep it from being sold.
    pub errors: Option<i64>,
}

/// A movement of money.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonTransaction {
    /// Its id, or what stands for one.
    pub key: String,
    /// `Shipment`, `Refund`, `ServiceFee`, ...
    pub transaction_type: Option<String>,
    /// `DEFERRED`, `RELEASED` or `DEFERRED_RELEASED`.
    pub status: Option<String>,
    /// When it was booked.
    pub posted_at: Option<DateTime<Utc>>,
    /// What it comes to, in `currency_code`.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// The order it belongs to.
    pub order_id: Option<String>,
    /// The marketplace it was made in.
    pub marketplace_id: Option<String>,
}

/// A period that was settled and paid out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonSettlement {
    /// Its id.
    pub key: String,
    /// Its first moment.
    pub started_at: Option<DateTime<Utc>>,
    /// Its end.
    pub ended_at: Option<DateTime<Utc>>,
    /// When the money goes out.
    pub deposited_at: Option<DateTime<Utc>>,
    /// What is paid, in `currency_code`: the sum of its lines.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}
