//! A shop as it really is: products, stock, customers and orders.

use chrono::{DateTime, SubsecRound, Utc};
use rust_decimal::Decimal;

/// Which of the two shops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// United Kingdom: GBP, prices include VAT.
    Uk,
    /// USA: USD, sales tax is added.
    Usa,
}

/// When an object was created and last changed, and what the search index still believes while it lags behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Creation, to the second.
    pub created_at: DateTime<Utc>,
    /// Last change, to the second.
    pub updated_at: DateTime<Utc>,
    /// The last change before that; none for an object that never changed.
    pub previous: Option<DateTime<Utc>>,
}

impl Stamp {
    /// The stamp of an object made at `at`.
    pub fn new(at: DateTime<Utc>) -> Self {
        let at = at.trunc_subsecs(0);
        Self { created_at: at, updated_at: at, previous: None }
    }

    /// Notes a change at `at`.
    pub fn touch(&mut self, at: DateTime<Utc>) {
        self.previous = Some(self.updated_at);
        self.updated_at = self.updated_at.max(at.trunc_subsecs(0));
    }
}

/// One Shopify store.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Which one.
    pub region: Region,
    /// Numeric id of the store.
    pub id: u64,
    /// Display name.
    pub name: &'static str,
    /// `x.myshopify.com`.
    pub domain: &'static str,
    /// ISO 4217 code of the shop's currency.
    pub currency: &'static str,
    /// Name of the time zone in the tz database.
    pub timezone: &'static str,
    /// Whether prices include tax.
    pub taxes_included: bool,
    /// Places that hold stock; the last one is inactive.
    pub locations: Vec<Location>,
    /// Products that exist; a deleted one is gone from here and noted in [`deleted`](Self::deleted).
    pub products: Vec<Product>,
    /// Customers.
    pub customers: Vec<Customer>,
    /// Orders, by ascending id.
    pub orders: Vec<Order>,
    /// GIDs that vanished without a tombstone, and when.
    pub deleted: Vec<(String, DateTime<Utc>)>,
    /// Payouts, drafts and returns.
    pub back_office: super::BackOffice,
    pub(crate) next_id: u64,
    pub(crate) next_number: u32,
}

impl Shop {
    /// A fresh id: odd and above 2^53, so that a client that reads it through a double gets another one.
    pub(crate) fn fresh_id(&mut self, spread: u64) -> u64 {
        self.next_id += 2 + (spread % 32_768) * 2;
        self.next_id
    }

    /// The order of that id.
    pub fn order(&self, id: u64) -> Option<&Order> {
        self.orders.binary_search_by_key(&id, |order| order.id).ok().map(|at| &self.orders[at])
    }

    /// The order of that id, to be changed.
    pub fn order_mut(&mut self, id: u64) -> Option<&mut Order> {
        self.orders.binary_search_by_key(&id, |order| order.id).ok().map(|at| &mut self.orders[at])
    }

    /// All variants with their products.
    pub fn variants(&self) -> impl Iterator<Item = (&Product, &Variant)> {
        self.products
            .iter()
            .flat_map(|product| product.variants.iter().map(move |variant| (product, variant)))
    }

    /// The location of that id.
    pub fn location(&self, id: u64) -> Option<&Location> {
        self.locations.iter().find(|location| location.id == id)
    }
}

/// A place that holds stock.
#[derive(Clone, Debug)]
pub struct Location {
    /// Numeric id.
    pub id: u64,
    /// Display name.
    pub name: &'static str,
    /// Whether it is in use; inactive ones hide from plain lists.
    pub active: bool,
    /// ISO 3166 country.
    pub country: &'static str,
    /// Province code, if the country has them.
    pub province: Option<&'static str>,
    /// City.
    pub city: &'static str,
    /// Postal code.
    pub zip: &'static str,
    /// Times.
    pub stamp: Stamp,
}

/// A product with its variants.
#[derive(Clone, Debug)]
pub struct Product {
    /// Numeric id.
    pub id: u64,
    /// Display name.
    pub title: String,
    /// Name in URLs.
    pub handle: String,
    /// ACTIVE, DRAFT or ARCHIVED.
    pub status: &'static str,
    /// Brand.
    pub vendor: &'static str,
    /// Kind of product.
    pub product_type: &'static str,
    /// Tags.
    pub tags: Vec<&'static str>,
    /// Variants, in order of position; at least one.
    pub variants: Vec<Variant>,
    /// Times.
    pub stamp: Stamp,
}

/// One sellable form of a product.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Numeric id.
    pub id: u64,
    /// Display name.
    pub title: String,
    /// Stock keeping unit; the item code in the books.
    pub sku: String,
    /// EAN.
    pub barcode: Option<String>,
    /// Price in the shop's currency.
    pub price: Decimal,
    /// Former price.
    pub compare_at: Option<Decimal>,
    /// What is stocked.
    pub item: InventoryItem,
    /// Times.
    pub stamp: Stamp,
}

/// The stocked thing behind a variant.
#[derive(Clone, Debug)]
pub struct InventoryItem {
    /// Numeric id.
    pub id: u64,
    /// Whether stock is counted.
    pub tracked: bool,
    /// Cost price; some are unknown.
    pub unit_cost: Option<Decimal>,
    /// Customs code.
    pub hs_code: Option<&'static str>,
    /// Weight in kilograms.
    pub weight: Decimal,
    /// Stock by location.
    pub levels: Vec<InventoryLevel>,
    /// Times; a stock change does not move them.
    pub stamp: Stamp,
}

/// Stock of one item at one location.
#[derive(Clone, Debug)]
pub struct InventoryLevel {
    /// Numeric part of the level's id.
    pub id: u64,
    /// Where.
    pub location: u64,
    /// Sellable; negative is legal.
    pub available: i64,
    /// Sold and not shipped.
    pub committed: i64,
    /// On its way in.
    pub incoming: i64,
    /// Set aside.
    pub reserved: i64,
    /// Broken.
    pub damaged: i64,
    /// Times.
    pub stamp: Stamp,
}

impl InventoryLevel {
    /// The sum of all states that lie on the shelf.
    pub fn on_hand(&self) -> i64 {
        self.available + self.committed + self.reserved + self.damaged
    }
}

/// Somebody who buys.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Numeric id.
    pub id: u64,
    /// Given name.
    pub first_name: &'static str,
    /// Family name.
    pub last_name: &'static str,
    /// Mail address.
    pub email: String,
    /// ISO 3166 country.
    pub country: &'static str,
    /// Province code.
    pub province: Option<&'static str>,
    /// Postal code.
    pub zip: String,
    /// Number of orders.
    pub orders: u32,
    /// Sum of the orders' totals.
    pub spent: Decimal,
    /// Times.
    pub stamp: Stamp,
}

/// An order with everything under it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Numeric id.
    pub id: u64,
    /// Running number; the name is `#` and this.
    pub number: u32,
    /// ISO 4217 code of what the buyer saw.
    pub presentment_currency: &'static str,
    /// Presentment units for one unit of the shop's currency.
    pub presentment_rate: Decimal,
    /// Whether prices include tax.
    pub taxes_included: bool,
    /// Whether it was placed to try the shop out.
    pub test: bool,
    /// `web`, `pos` ...
    pub source: &'static str,
    /// The buyer's own number.
    pub po_number: Option<String>,
    /// Tags.
    pub tags: Vec<&'static str>,
    /// Customer id; none for an order over the counter.
    pub customer: Option<u64>,
    /// Whether it is paid.
    pub paid: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Lines; some orders have more than fifty.
    pub lines: Vec<OrderLine>,
    /// Shipping as charged.
    pub shipping: Decimal,
    /// Tax on or in shipping.
    pub shipping_tax: Decimal,
    /// Refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Fulfillments, oldest first.
    pub fulfillments: Vec<Fulfillment>,
    /// Payments taken and given back.
    pub transactions: Vec<Transaction>,
    /// Times.
    pub stamp: Stamp,
}

impl Order {
    /// `#1001`.
    pub fn name(&self) -> String {
        format!("#{}", self.number)
    }

    /// Lines after discounts, before shipping.
    pub fn subtotal(&self) -> Decimal {
        self.lines.iter().map(OrderLine::discounted_total).sum()
    }

    /// Taxes on lines and shipping.
    pub fn total_tax(&self) -> Decimal {
        self.lines.iter().map(|line| line.tax).sum::<Decimal>() + self.shipping_tax
    }

    /// Discounts on lines.
    pub fn total_discounts(&self) -> Decimal {
        self.lines.iter().map(|line| line.discount).sum()
    }

    /// What the buyer was charged.
    pub fn total(&self) -> Decimal {
        let gross = self.subtotal() + self.shipping;
        if self.taxes_included { gross } else { gross + self.total_tax() }
    }

    /// What was given back.
    pub fn total_refunded(&self) -> Decimal {
        self.refunds.iter().map(|refund| refund.amount(self.taxes_included)).sum()
    }

    /// The total after refunds.
    pub fn current_total(&self) -> Decimal {
        self.total() - self.total_refunded()
    }

    /// How many of a line were given back.
    pub fn refunded_quantity(&self, line: usize) -> i64 {
        self.refunds.iter().flat_map(|r| &r.lines).filter(|l| l.line == line).map(|l| l.quantity).sum()
    }

    /// How many of a line were shipped.
    pub fn fulfilled_quantity(&self, line: usize) -> i64 {
        let shipped = self.fulfillments.iter().filter(|f| f.status == "SUCCESS");
        shipped.flat_map(|f| &f.lines).filter(|l| l.line == line).map(|l| l.quantity).sum()
    }
}

/// One line of an order.
#[derive(Clone, Debug)]
pub struct OrderLine {
    /// Numeric id.
    pub id: u64,
    /// Variant id; none once the product is deleted.
    pub variant: Option<u64>,
    /// Stock keeping unit at the time of the order.
    pub sku: String,
    /// Product title at the time of the order.
    pub title: String,
    /// Variant title at the time of the order.
    pub variant_title: String,
    /// Ordered quantity.
    pub quantity: i64,
    /// Price of one, before discounts.
    pub unit_price: Decimal,
    /// Discount on the line.
    pub discount: Decimal,
    /// Tax on or in the line.
    pub tax: Decimal,
}

impl OrderLine {
    /// Quantity times price less discount.
    pub fn discounted_total(&self) -> Decimal {
        self.unit_price * Decimal::from(self.quantity) - self.discount
    }
}

/// Money and goods given back.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Numeric id.
    pub id: u64,
    /// Why.
    pub note: Option<&'static str>,
    /// What was given back.
    pub lines: Vec<RefundLine>,
    /// The payment back.
    pub transactions: Vec<Transaction>,
    /// Times.
    pub stamp: Stamp,
}

impl Refund {
    /// The money given back.
    pub fn amount(&self, taxes_included: bool) -> Decimal {
        let subtotal: Decimal = self.lines.iter().map(|line| line.subtotal).sum();
        if taxes_included {
            subtotal
        } else {
            subtotal + self.lines.iter().map(|line| line.tax).sum::<Decimal>()
        }
    }
}

/// One line of a refund.
#[derive(Clone, Debug)]
pub struct RefundLine {
    /// Numeric id; null on some old refunds.
    pub id: Option<u64>,
    /// Position of the order line.
    pub line: usize,
    /// How many.
    pub quantity: i64,
    /// RETURN, CANCEL or NO_RESTOCK.
    pub restock: &'static str,
    /// Where the goods went.
    pub location: Option<u64>,
    /// Money for the line.
    pub subtotal: Decimal,
    /// Tax on or in it.
    pub tax: Decimal,
}

/// Goods sent out.
#[derive(Clone, Debug)]
pub struct Fulfillment {
    /// Numeric id.
    pub id: u64,
    /// `#1001-F1`.
    pub name: String,
    /// SUCCESS or CANCELLED.
    pub status: &'static str,
    /// FULFILLED, IN_TRANSIT, DELIVERED or CANCELED.
    pub display_status: &'static str,
    /// When it arrived.
    pub delivered_at: Option<DateTime<Utc>>,
    /// From where.
    pub location: u64,
    /// Parcels.
    pub tracking: Vec<Tracking>,
    /// What was sent.
    pub lines: Vec<FulfillmentLine>,
    /// Times.
    pub stamp: Stamp,
}

/// A parcel.
#[derive(Clone, Debug)]
pub struct Tracking {
    /// Carrier.
    pub company: &'static str,
    /// Parcel number.
    pub number: String,
}

/// One line of a fulfillment.
#[derive(Clone, Debug)]
pub struct FulfillmentLine {
    /// Numeric id.
    pub id: u64,
    /// Position of the order line.
    pub line: usize,
    /// How many.
    pub quantity: i64,
}

/// A payment taken or given back.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Numeric id.
    pub id: u64,
    /// SALE or REFUND.
    pub kind: &'static str,
    /// SUCCESS or FAILURE.
    pub status: &'static str,
    /// Payment service.
    pub gateway: &'static str,
    /// Amount in the shop's currency, always positive.
    pub amount: Decimal,
    /// When.
    pub processed_at: DateTime<Utc>,
}
