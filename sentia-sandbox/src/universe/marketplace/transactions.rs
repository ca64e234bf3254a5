//! Movements of money on Amazon.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::FulfilledBy;

/// Whether the money of a transaction can be paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseStatus {
    /// Held back.
    Deferred,
    /// Never held back.
    Released,
    /// Was held back.
    DeferredReleased,
}

impl ReleaseStatus {
    /// As the vendor writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deferred => "DEFERRED",
            Self::Released => "RELEASED",
            Self::DeferredReleased => "DEFERRED_RELEASED",
        }
    }
}

/// A movement of money.
#[derive(Clone, Debug)]
pub struct MarketTransaction {
    /// Opaque, 43 characters.
    pub id: String,
    /// Position of the market.
    pub market: usize,
    /// Shipment, Refund or ServiceFee.
    pub kind: &'static str,
    /// Why.
    pub description: &'static str,
    /// The order it is about.
    pub order: Option<String>,
    /// The shipment it is about: of an order, or into a warehouse (`FBA...`).
    pub shipment: Option<String>,
    /// Who shipped.
    pub by: FulfilledBy,
    /// When it was posted; never changes.
    pub posted_at: DateTime<Utc>,
    /// From when on the API shows it, up to 48 hours later.
    pub visible_at: DateTime<Utc>,
    /// Whether the money can be paid out; changes without a new posting date.
    pub status: ReleaseStatus,
    /// When a held back amount will be released.
    pub matures_at: Option<DateTime<Utc>>,
    /// The financial event group, none while held back.
    pub group: Option<String>,
    /// What it is made of.
    pub items: Vec<TransactionItem>,
}

impl MarketTransaction {
    /// The sum of all charges.
    pub fn total(&self) -> Decimal {
        self.items.iter().map(TransactionItem::total).sum()
    }
}

/// The part of a transaction that one order line, or one fee, makes.
#[derive(Clone, Debug)]
pub struct TransactionItem {
    /// Id of the order item.
    pub order_item: Option<String>,
    /// Seller's sku.
    pub sku: Option<String>,
    /// Amazon's number.
    pub asin: Option<String>,
    /// Name of the product or of the fee.
    pub title: String,
    /// How many pieces.
    pub quantity: i64,
    /// The promotion behind a discount.
    pub promotion: Option<String>,
    /// Charges, fees negative.
    pub charges: Vec<MarketCharge>,
}

impl TransactionItem {
    /// The sum of its charges.
    pub fn total(&self) -> Decimal {
        self.charges.iter().map(|charge| charge.amount).sum()
    }
}

/// One charge in the words of the settlement file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketCharge {
    /// ItemPrice, Promotion, ItemFees, ItemWithheldTax or other-transaction.
    pub kind: &'static str,
    /// Principal, Commission ...
    pub description: &'static str,
    /// Signed amount in the market's currency.
    pub amount: Decimal,
}

impl MarketCharge {
    /// Whether Amazon takes it.
    pub fn is_fee(&self) -> bool {
        matches!(self.kind, "ItemFees" | "other-transaction")
    }
}
