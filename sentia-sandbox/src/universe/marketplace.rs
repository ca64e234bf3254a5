//! Amazon's seller accounts as they really are: listings, stock, orders, money and movements of goods.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

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
