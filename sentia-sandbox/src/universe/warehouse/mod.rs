//! The manufacturer's warehouses and works: what is stocked, made, bought and shipped, whichever shop sold it.
//!
//! Products are the goods of both shops plus what they are made of. Shop orders and the books' trade invoices are
//! sales orders here, the books' bills are purchase orders, and the stock of a warehouse is that of the shop location
//! it stands for. Records refer to each other by position; nothing is ever removed, what was deleted for good is
//! [`gone`](Record::gone).

mod catalog;
mod documents;
mod evolve;
mod life;
mod london;
mod mirror;
mod production;
mod trade;
mod truth;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

pub use documents::{
    Adjustment, AdjustmentLine, Assembly, Bill, Count, CountLine, CreditNote, Invoice, Line, Part,
    PurchaseOrder, SalesOrder, Shipment, Transfer,
};
pub use evolve::WarehouseChanges;
pub use truth::UnleashedStream;

pub(crate) use catalog::{LEEDS, WORKS};
pub(crate) use london::{day_of as london_day, midnight as london_midnight};

use super::Universe;
use crate::rng::Rng;

/// One Unleashed account: base currency GBP, time zone Europe/London.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the names are the vendor's
pub struct Warehousing {
    pub warehouses: Vec<Warehouse>,
    pub products: Vec<Product>,
    pub customers: Vec<Customer>,
    pub suppliers: Vec<Supplier>,
    /// One row for each product and warehouse with a transaction; others do not exist.
    pub stock: Vec<Stock>,
    pub sales_orders: Vec<SalesOrder>,
    pub invoices: Vec<Invoice>,
    pub credit_notes: Vec<CreditNote>,
    pub shipments: Vec<Shipment>,
    pub purchase_orders: Vec<PurchaseOrder>,
    pub bills: Vec<Bill>,
    pub assemblies: Vec<Assembly>,
    pub adjustments: Vec<Adjustment>,
    pub transfers: Vec<Transfer>,
    pub counts: Vec<Count>,
    pub batches: Vec<Batch>,
    pub(crate) index: Index,
    pub(crate) rng: Rng,
}

/// Where things are, by what other systems call them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    product_of_code: BTreeMap<String, usize>,
    customer_of_source: BTreeMap<String, usize>,
    supplier_of_contact: BTreeMap<usize, usize>,
    stock_of: BTreeMap<(usize, usize), usize>,
    sale_of_order: BTreeMap<u64, usize>,
    sale_of_invoice: BTreeMap<usize, usize>,
    purchase_of_bill: BTreeMap<usize, usize>,
    invoice_of_sale: BTreeMap<usize, usize>,
    numbers: BTreeMap<&'static str, u32>,
}

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

impl Warehousing {
    /// An empty account.
    pub(crate) fn new(rng: Rng) -> Self {
        Self {
            warehouses: vec![],
            products: vec![],
            customers: vec![],
            suppliers: vec![],
            stock: vec![],
            sales_orders: vec![],
            invoices: vec![],
            credit_notes: vec![],
            shipments: vec![],
            purchase_orders: vec![],
            bills: vec![],
            assemblies: vec![],
            adjustments: vec![],
            transfers: vec![],
            counts: vec![],
            batches: vec![],
            index: Index::default(),
            rng,
        }
    }

    /// Position of the product of that code.
    pub fn product_of_code(&self, code: &str) -> Option<usize> {
        self.index.product_of_code.get(code).copied()
    }

    /// Position of the warehouse of that code.
    pub fn warehouse_of_code(&self, code: &str) -> Option<usize> {
        self.warehouses.iter().position(|warehouse| warehouse.code == code)
    }

    /// The stock of a product in a warehouse, if it ever had any.
    pub fn stock_of(&self, product: usize, warehouse: usize) -> Option<&Stock> {
        self.index.stock_of.get(&(product, warehouse)).map(|at| &self.stock[*at])
    }

    fn record(&mut self, at: DateTime<Utc>) -> Record {
        Record::new(self.rng.guid(), at)
    }

    /// The next running number of a series.
    fn number(&mut self, series: &'static str) -> String {
        let next = self.index.numbers.entry(series).or_default();
        *next += 1;
        format!("{series}{next:08}")
    }

    fn stock_mut(&mut self, product: usize, warehouse: usize, at: DateTime<Utc>) -> &mut Stock {
        let position = match self.index.stock_of.get(&(product, warehouse)) {
            Some(&position) => position,
            None => {
                let record = self.record(at);
                self.stock.push(Stock {
                    record,
                    product,
                    warehouse,
                    on_hand: Decimal::ZERO,
                    allocated: Decimal::ZERO,
                    on_purchase: Decimal::ZERO,
                    assemblable: Decimal::ZERO,
                    last_sale: None,
                });
                self.index.stock_of.insert((product, warehouse), self.stock.len() - 1);
                self.stock.len() - 1
            }
        };
        &mut self.stock[position]
    }

    /// Moves stock on the shelf.
    fn move_stock(&mut self, product: usize, warehouse: usize, by: Decimal, at: DateTime<Utc>) {
        let stock = self.stock_mut(product, warehouse, at);
        stock.on_hand += by;
        stock.record.touch(at);
    }
}

impl Universe {
    /// Fills the warehouses of a universe whose shops and books have their history.
    pub(crate) fn open_warehouses(&mut self) {
        self.in_warehouses(catalog::open);
    }

    /// Works on the warehouses while looking at the rest of the universe.
    fn in_warehouses<T>(&mut self, work: impl FnOnce(&mut Warehousing, &Self) -> T) -> T {
        let placeholder = Warehousing::new(Rng::new(0));
        let mut warehouses = std::mem::replace(&mut self.warehouse, placeholder);
        let result = work(&mut warehouses, self);
        self.warehouse = warehouses;
        result
    }
}
