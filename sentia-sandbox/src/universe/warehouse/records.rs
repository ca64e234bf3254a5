//! What stays: places, goods, people, and the stock between them.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

/// Id and times that every record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Id.
    pub id: Uuid,
    /// When it was made, to the millisecond.
    pub created: DateTime<Utc>,
    /// When it was last changed; none for one that never was.
    pub modified: Option<DateTime<Utc>>,
    /// When it was deleted for good: no list shows it any more.
    pub gone: Option<DateTime<Utc>>,
}

impl Record {
    pub(crate) fn new(id: Uuid, at: DateTime<Utc>) -> Self {
        Self { id, created: at.trunc_subsecs(3), modified: None, gone: None }
    }

    /// The last change, or the making of one that never changed.
    pub fn stamp(&self) -> DateTime<Utc> {
        self.modified.unwrap_or(self.created)
    }

    pub(crate) fn touch(&mut self, at: DateTime<Utc>) {
        self.modified = Some(self.stamp().max(at.trunc_subsecs(3)));
    }
}

/// A place that holds stock.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // an address
pub struct Warehouse {
    pub record: Record,
    /// Code; one may begin with another's.
    pub code: &'static str,
    pub name: &'static str,
    pub street: &'static str,
    pub city: &'static str,
    pub postcode: &'static str,
    pub country: &'static str,
    pub is_default: bool,
    /// Hidden from plain lists.
    pub obsolete: bool,
}

/// A finished good, a component, or freight.
#[derive(Clone, Debug)]
pub struct Product {
    /// Id and times.
    pub record: Record,
    /// Code, which users can change; at first the shops' sku.
    pub code: String,
    /// Name.
    pub description: String,
    /// EAN.
    pub barcode: Option<String>,
    /// Product group.
    pub group: &'static str,
    /// Unit of measure.
    pub unit: &'static str,
    /// Average landed cost in base currency, fourteen places.
    pub cost: Decimal,
    /// Price paid last, in base currency.
    pub last_cost: Option<Decimal>,
    /// Sales price without tax; none for what is not sold.
    pub sell_price: Option<Decimal>,
    /// Weight in kilograms.
    pub weight: Option<Decimal>,
    /// Goes into other products.
    pub component: bool,
    /// Is made by a bill of materials.
    pub assembled: bool,
    /// Has no stock, such as freight.
    pub never_diminishing: bool,
    /// Stock is told apart by batch.
    pub batch_tracked: bool,
    /// Hidden from plain lists.
    pub obsolete: bool,
    /// Position of the usual supplier.
    pub supplier: Option<usize>,
}

/// Somebody who buys: a contact of the books or a shop's customer.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // name and address
pub struct Customer {
    pub record: Record,
    /// Code, not padded: one may begin with another's.
    pub code: String,
    pub name: String,
    pub first_name: Option<&'static str>,
    pub last_name: Option<&'static str>,
    pub email: Option<String>,
    pub currency: &'static str,
    pub country: &'static str,
    pub postcode: String,
    /// A trade customer, not a shop's.
    pub trade: bool,
    /// Hidden from plain lists.
    pub obsolete: bool,
}

/// Somebody who sells to the manufacturer: a contact of the books.
#[derive(Clone, Debug)]
pub struct Supplier {
    /// Id and times.
    pub record: Record,
    /// Code, not padded.
    pub code: String,
    /// The contact's name.
    pub name: String,
    /// Currency.
    pub currency: &'static str,
    /// Put away; shown in lists all the same.
    pub obsolete: bool,
}

/// Stock of a product in a warehouse. The record's id is never shown: the vendor shows the product's.
#[derive(Clone, Debug)]
pub struct Stock {
    /// Times.
    pub record: Record,
    /// Position of the product.
    pub product: usize,
    /// Position of the warehouse.
    pub warehouse: usize,
    /// On the shelf.
    pub on_hand: Decimal,
    /// Promised to orders.
    pub allocated: Decimal,
    /// Ordered from suppliers.
    pub on_purchase: Decimal,
    /// What could be assembled from components at hand; counts as available.
    pub assemblable: Decimal,
    /// The last sale.
    pub last_sale: Option<DateTime<Utc>>,
}

impl Stock {
    /// What can be sold; may exceed what is on the shelf.
    pub fn available(&self) -> Decimal {
        self.on_hand - self.allocated + self.assemblable
    }
}

/// Stock of a batch.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the names are the vendor's
pub struct Batch {
    pub record: Record,
    pub number: String,
    pub expiry: Option<NaiveDate>,
    pub quantity: Decimal,
    pub original: Decimal,
    pub product: usize,
    pub warehouse: usize,
    pub status: &'static str,
}
