//! What answers of Shopify hold.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

/// An order of a shop.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ShopifyOrder {
    /// Its GID.
    pub key: String,
    /// `#1001`.
    pub name: Option<String>,
    /// When it was placed.
    pub processed_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// `PAID`, `PARTIALLY_REFUNDED`, ...
    pub financial_status: Option<String>,
    /// `FULFILLED`, `UNFULFILLED`, ...
    pub fulfillment_status: Option<String>,
    /// The total when it was placed, in `currency`.
    pub total: Option<Decimal>,
    /// The total after edits and returns, in `currency`.
    pub current_total: Option<Decimal>,
    /// The shop's currency, ISO 4217.
    pub currency: Option<String>,
    /// True for a test order.
    pub test: Option<bool>,
}

/// A product of a shop.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ShopifyProduct {
    /// Its GID.
    pub key: String,
    /// Its title.
    pub title: Option<String>,
    /// `ACTIVE`, `DRAFT` or `ARCHIVED`.
    pub status: Option<String>,
    /// Its vendor.
    pub vendor: Option<String>,
    /// Pieces over all variants and locations.
    pub total_inventory: Option<i64>,
}

/// What one location has of one item.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ShopifyInventoryLevel {
    /// Its GID.
    pub key: String,
    /// The location's GID.
    pub location_id: Option<String>,
    /// The item's code.
    pub sku: Option<String>,
    /// For sale now; negative where more was sold than counted.
    pub available: Option<i64>,
    /// In the house.
    pub on_hand: Option<i64>,
    /// Sold and not sent.
    pub committed: Option<i64>,
    /// On its way in.
    pub incoming: Option<i64>,
}

/// A customer of a shop. Names and addresses of mail stay in the document: they are personal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ShopifyCustomer {
    /// Its GID.
    pub key: String,
    /// `ENABLED`, `DISABLED`, `INVITED` or `DECLINED`.
    pub state: Option<String>,
    /// Orders placed so far.
    pub number_of_orders: Option<i64>,
    /// What they came to, in `currency`.
    pub amount_spent: Option<Decimal>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Where to, by ISO 3166 code.
    pub country: Option<String>,
}
