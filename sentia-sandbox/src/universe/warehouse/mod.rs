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
mod orders;
mod people;
mod production;
mod records;
mod sales;
mod trade;
mod truth;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

pub use documents::{
    Adjustment, AdjustmentLine, Assembly, Bill, Count, CountLine, Part, PurchaseOrder, Transfer,
};
pub use evolve::WarehouseChanges;
pub use records::{Batch, Customer, Product, Record, Stock, Supplier, Warehouse};
pub use sales::{CreditNote, Invoice, Line, SalesOrder, Shipment};
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
