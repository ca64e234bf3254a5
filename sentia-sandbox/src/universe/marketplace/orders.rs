//! Orders on Amazon.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::FulfilledBy;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketOrderStatus {
    /// The payment is not authorised: no prices are told.
    Pending,
    /// To be shipped.
    Unshipped,
    /// Shipped in part.
    PartiallyShipped,
    /// Shipped.
    Shipped,
    /// Called off.
    Cancelled,
}

impl MarketOrderStatus {
    /// As Orders 2026-01-01 writes it, `CANCELLED` with two L.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Unshipped => "UNSHIPPED",
            Self::PartiallyShipped => "PARTIALLY_SHIPPED",
            Self::Shipped => "SHIPPED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// As Orders v0, reports and notifications write it, `Canceled` with one.
    pub fn as_old_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Unshipped => "Unshipped",
            Self::PartiallyShipped => "PartiallyShipped",
            Self::Shipped => "Shipped",
            Self::Cancelled => "Canceled",
        }
    }
}

/// An order.
#[derive(Clone, Debug)]
pub struct MarketOrder {
    /// Three, seven and seven digits.
    pub id: String,
    /// Position of the market.
    pub market: usize,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// Where it stands.
    pub status: MarketOrderStatus,
    /// Who ships.
    pub by: FulfilledBy,
    /// False for an order from elsewhere that Amazon only ships: not Amazon's revenue, no proceeds.
    pub on_amazon: bool,
    /// PRIME, AMAZON_BUSINESS.
    pub programs: Vec<&'static str>,
    /// The order it replaces free of charge.
    pub replaces: Option<String>,
    /// The buyer.
    pub buyer: MarketBuyer,
    /// What was ordered.
    pub items: Vec<MarketOrderItem>,
    /// Parcels of the seller; Amazon's own are not told.
    pub packages: Vec<MarketPackage>,
}

impl MarketOrder {
    /// Whether Amazon tells prices: not while pending, not once cancelled, not for orders from elsewhere.
    pub fn is_priced(&self) -> bool {
        self.on_amazon && !matches!(self.status, MarketOrderStatus::Pending | MarketOrderStatus::Cancelled)
    }

    /// What the buyer pays, if it is told.
    pub fn grand_total(&self, taxes_included: bool) -> Option<Decimal> {
        self.is_priced().then(|| self.items.iter().map(|item| item.total(taxes_included)).sum())
    }
}

/// Who bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketBuyer {
    /// Full name.
    pub name: String,
    /// Mail address that Amazon made up for the order.
    pub email: String,
    /// Number of the buyer's own purchase order.
    pub po_number: Option<String>,
    /// City.
    pub city: &'static str,
    /// State, where there are states.
    pub state: Option<&'static str>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166 country.
    pub country: &'static str,
}

/// One line of an order.
#[derive(Clone, Debug)]
pub struct MarketOrderItem {
    /// Fourteen digits.
    pub id: String,
    /// Seller's sku.
    pub sku: String,
    /// Amazon's number.
    pub asin: String,
    /// Name at the time of the order.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// How many were shipped.
    pub shipped: i64,
    /// Price of one.
    pub unit_price: Decimal,
    /// Discount on the line, positive.
    pub discount: Decimal,
    /// Shipping as charged.
    pub shipping: Decimal,
    /// Tax on line and shipping; inside of the prices where they include it.
    pub tax: Decimal,
    /// The promotion behind the discount.
    pub promotion: Option<String>,
}

impl MarketOrderItem {
    /// Price of all pieces before discount.
    pub fn principal(&self) -> Decimal {
        self.unit_price * Decimal::from(self.quantity)
    }

    /// What the buyer pays for the line.
    pub fn total(&self, taxes_included: bool) -> Decimal {
        let net = self.principal() + self.shipping - self.discount;
        if taxes_included { net } else { net + self.tax }
    }
}

/// A parcel of the seller.
#[derive(Clone, Debug)]
pub struct MarketPackage {
    /// Unique within the order.
    pub id: String,
    /// When it left.
    pub shipped_at: DateTime<Utc>,
    /// Who carries it.
    pub carrier: &'static str,
    /// Parcel number.
    pub tracking: String,
    /// Positions of the order's items, and how many of each.
    pub items: Vec<(usize, i64)>,
}
