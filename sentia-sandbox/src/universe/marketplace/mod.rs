//! Amazon's seller accounts as they really are: listings, stock, orders, money and movements of goods.

mod evolve;
mod genesis;
mod history;
mod movements;
mod offers;
mod orders;
mod posting;
mod settlements;
mod stream;
mod trade;
mod transactions;
mod truth;

pub use movements::{FbaReturn, LedgerBalance, LedgerEvent};
pub use offers::{CatalogEntry, FbaStock, FulfilledBy, Listing};
pub use orders::{MarketBuyer, MarketOrder, MarketOrderItem, MarketOrderStatus, MarketPackage};
pub use settlements::{Settlement, SettlementLine};
pub use stream::AmazonStream;
pub use transactions::{MarketCharge, MarketTransaction, ReleaseStatus, TransactionItem};

use chrono::{DateTime, Utc};

use super::Region;
use crate::rng::Rng;

/// The manufacturer's two seller accounts: Europe and North America know nothing of each other.
#[derive(Clone, Debug)]
pub struct SellerAccounts {
    /// The account in the region Europe: sells in the United Kingdom (GBP) and in Germany (EUR).
    pub uk: SellerAccount,
    /// The account in the region North America: sells in the USA (USD).
    pub usa: SellerAccount,
}

impl SellerAccounts {
    /// The account of a region.
    pub fn of(&self, region: Region) -> &SellerAccount {
        match region {
            Region::Uk => &self.uk,
            Region::Usa => &self.usa,
        }
    }

    /// The account of a region, to be changed.
    pub fn of_mut(&mut self, region: Region) -> &mut SellerAccount {
        match region {
            Region::Uk => &mut self.uk,
            Region::Usa => &mut self.usa,
        }
    }
}

/// One seller account in one region.
#[derive(Clone, Debug)]
pub struct SellerAccount {
    /// Which one.
    pub region: Region,
    /// Merchant token.
    pub seller_id: String,
    /// Name of the shop front.
    pub store_name: &'static str,
    /// Where it sells; the first is its home. Everything else refers to a market by its position here.
    pub markets: Vec<Market>,
    /// Products that Amazon's catalog knows of.
    pub catalog: Vec<CatalogEntry>,
    /// Offers; a deleted one is gone from here and noted in [`deleted_listings`](Self::deleted_listings).
    pub listings: Vec<Listing>,
    /// Stock in Amazon's warehouses as each market sees it.
    pub stock: Vec<FbaStock>,
    /// Orders, in the order of their creation.
    pub orders: Vec<MarketOrder>,
    /// Movements of money, in the order of posting.
    pub transactions: Vec<MarketTransaction>,
    /// Closed settlements, oldest first.
    pub settlements: Vec<Settlement>,
    /// Returns of customers to Amazon's warehouses.
    pub returns: Vec<FbaReturn>,
    /// Movements of goods in Amazon's warehouses, oldest first.
    pub ledger: Vec<LedgerEvent>,
    /// Listings that vanished without a tombstone (`marketplaceId/sku`), and when.
    pub deleted_listings: Vec<(String, DateTime<Utc>)>,
    pub(crate) buyers: Vec<Vec<MarketBuyer>>,
    pub(crate) periods: Vec<Period>,
    pub(crate) rng: Rng,
    pub(crate) next_id: u64,
}

/// A settlement that is still open.
#[derive(Clone, Debug)]
pub(crate) struct Period {
    pub(crate) start: DateTime<Utc>,
    pub(crate) group: String,
}

impl SellerAccount {
    /// The order of that id.
    pub fn order(&self, id: &str) -> Option<&MarketOrder> {
        self.orders.iter().rev().find(|order| order.id == id)
    }

    /// The listing of a sku in a market.
    pub fn listing(&self, market: usize, sku: &str) -> Option<&Listing> {
        self.listings.iter().find(|listing| listing.market == market && listing.sku == sku)
    }

    /// The position of a marketplace id.
    pub fn market_of(&self, marketplace_id: &str) -> Option<usize> {
        self.markets.iter().position(|market| market.id == marketplace_id)
    }

    pub(crate) fn order_mut(&mut self, id: &str) -> Option<&mut MarketOrder> {
        self.orders.iter_mut().rev().find(|order| order.id == id)
    }

    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1 + self.rng.next() % 977;
        self.next_id
    }
}

/// A marketplace the account sells in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    /// Marketplace id.
    pub id: &'static str,
    /// `Amazon.co.uk`.
    pub name: &'static str,
    /// ISO 3166 country.
    pub country: &'static str,
    /// ISO 4217 currency.
    pub currency: &'static str,
    /// `en_GB`.
    pub language: &'static str,
    /// `www.amazon.co.uk`.
    pub domain: &'static str,
    /// Whether prices include tax.
    pub taxes_included: bool,
}
