//! What is for sale on Amazon: the catalog, offers, and stock in Amazon's warehouses.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

/// A product in Amazon's catalog.
#[derive(Clone, Debug)]
pub struct CatalogEntry {
    /// Amazon's number, the same in every region.
    pub asin: String,
    /// The seller's number, the one of the shops and of the books.
    pub sku: String,
    /// Name.
    pub title: String,
    /// Kind of product.
    pub product_type: &'static str,
    /// EAN.
    pub barcode: Option<String>,
    /// Weight in kilograms.
    pub weight: Decimal,
    /// Positions of the markets whose catalogs hold it.
    pub markets: Vec<usize>,
    /// When it came in.
    pub created_at: DateTime<Utc>,
}

/// Who ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FulfilledBy {
    /// Amazon, from its warehouses.
    Amazon,
    /// The seller.
    Merchant,
}

impl FulfilledBy {
    /// As Orders 2026-01-01 writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amazon => "AMAZON",
            Self::Merchant => "MERCHANT",
        }
    }

    /// As reports, finances and notifications write it.
    pub fn network(self) -> &'static str {
        match self {
            Self::Amazon => "AFN",
            Self::Merchant => "MFN",
        }
    }
}

/// An offer of a sku in one market.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Position of the market.
    pub market: usize,
    /// Seller's sku.
    pub sku: String,
    /// Amazon's number.
    pub asin: String,
    /// Label of the goods in Amazon's warehouses; none for what the seller ships.
    pub fn_sku: Option<String>,
    /// Name.
    pub title: String,
    /// Kind of product.
    pub product_type: &'static str,
    /// Who ships.
    pub by: FulfilledBy,
    /// Price in the market's currency.
    pub price: Decimal,
    /// Whether it can be bought; otherwise it can only be found.
    pub buyable: bool,
    /// What the seller ships from; nothing for Amazon's stock.
    pub quantity: i64,
    /// Whether an image is missing, which Amazon complains about.
    pub image_missing: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// Stock of one label and condition in one market's view.
#[derive(Clone, Debug)]
pub struct FbaStock {
    /// Position of the market.
    pub market: usize,
    /// Seller's sku.
    pub sku: String,
    /// Amazon's number.
    pub asin: String,
    /// Label of the goods.
    pub fn_sku: String,
    /// `NewItem`, `UsedLikeNew`.
    pub condition: &'static str,
    /// Name.
    pub title: String,
    /// Can be sold.
    pub fulfillable: i64,
    /// Planned to be sent in.
    pub inbound_working: i64,
    /// On its way in.
    pub inbound_shipped: i64,
    /// Being unpacked.
    pub inbound_receiving: i64,
    /// Sold and not shipped.
    pub reserved_orders: i64,
    /// Moving between warehouses.
    pub reserved_transfers: i64,
    /// Broken or come back.
    pub unfulfillable: i64,
    /// Last change that Amazon counts as one: changes of the three inbound quantities do not.
    pub updated_at: DateTime<Utc>,
}

impl FbaStock {
    /// Sold, or moving.
    pub fn reserved(&self) -> i64 {
        self.reserved_orders + self.reserved_transfers
    }

    /// Everything, what is on its way in included.
    pub fn total(&self) -> i64 {
        self.fulfillable
            + self.reserved()
            + self.unfulfillable
            + self.inbound_working
            + self.inbound_shipped
            + self.inbound_receiving
    }
}
