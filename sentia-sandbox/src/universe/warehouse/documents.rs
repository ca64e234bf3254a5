//! Documents of the warehouses: orders, invoices, assemblies, movements of stock.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Record;

/// One line of a sale or purchase. Prices are without tax.
#[derive(Clone, Debug)]
pub struct Line {
    /// Id.
    pub id: Uuid,
    /// Position of the product.
    pub product: usize,
    /// Quantity, up to four places.
    pub quantity: Decimal,
    /// Price before discount, up to four places.
    pub unit_price: Decimal,
    /// What one cost, in base currency.
    pub unit_cost: Decimal,
    /// Fraction taken off.
    pub discount_rate: Decimal,
    /// Line total without tax.
    pub total: Decimal,
    /// Tax on the line.
    pub tax: Decimal,
}

/// A quantity of a product within a bill, an assembly or a transfer.
#[derive(Clone, Debug)]
pub struct Part {
    /// Id.
    pub id: Uuid,
    /// Position of the product.
    pub product: usize,
    /// Quantity, up to four places.
    pub quantity: Decimal,
}

/// A sales order: a shop's order, or one by a trade customer.
#[derive(Clone, Debug)]
pub struct SalesOrder {
    /// Id and times.
    pub record: Record,
    /// `SO-00000001`.
    pub number: String,
    /// The day it was placed.
    pub date: NaiveDate,
    /// The day it should leave.
    pub required: NaiveDate,
    /// The day it was completed.
    pub completed: Option<NaiveDate>,
    /// Parked, Placed, Backordered, Completed or Deleted.
    pub status: &'static str,
    /// The account's own status.
    pub custom_status: Option<&'static str>,
    /// Position of the customer.
    pub customer: usize,
    /// The shop's name of the order (`#1001`), or the books' invoice number.
    pub reference: Option<String>,
    /// The shop's id of the order.
    pub source: Option<String>,
    /// Position of the warehouse.
    pub warehouse: usize,
    /// ISO 4217.
    pub currency: &'static str,
    /// Foreign units for one unit of base currency.
    pub rate: Decimal,
    /// Fraction.
    pub tax_rate: Decimal,
    /// Lines.
    pub lines: Vec<Line>,
    /// How many of the shop's refunds are credit notes here.
    pub(crate) refunds: usize,
    /// How many of the shop's parcels are shipments here.
    pub(crate) parcels: usize,
}

impl SalesOrder {
    /// Without tax.
    pub fn sub_total(&self) -> Decimal {
        self.lines.iter().map(|line| line.total).sum()
    }

    /// The tax.
    pub fn tax_total(&self) -> Decimal {
        self.lines.iter().map(|line| line.tax).sum()
    }

    /// With tax.
    pub fn total(&self) -> Decimal {
        self.sub_total() + self.tax_total()
    }

    /// An amount in base currency, unrounded but for the fourteenth place.
    pub fn in_base(&self, amount: Decimal) -> Decimal {
        (amount / self.rate).round_dp(14)
    }
}

/// The invoice of a completed sales order; its number is that of the books.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// Id and times.
    pub record: Record,
    /// `SH-UK-1001`, `INV-000001`.
    pub number: String,
    /// Position of the sales order.
    pub order: usize,
    /// Day.
    pub date: NaiveDate,
    /// Due day.
    pub due: NaiveDate,
    /// Completed or Deleted.
    pub status: &'static str,
    /// Whether the books have the money.
    pub paid: bool,
    /// Lines, with ids of their own.
    pub lines: Vec<Line>,
}

/// Money owed back for an invoice; its number is that of the books.
#[derive(Clone, Debug)]
pub struct CreditNote {
    /// Id and times.
    pub record: Record,
    /// `CN-UK-1001-1`.
    pub number: String,
    /// Position of the sales order.
    pub order: usize,
    /// Day.
    pub date: NaiveDate,
    /// Completed.
    pub status: &'static str,
    /// Lines.
    pub lines: Vec<Line>,
}

/// A parcel of a sales order.
#[derive(Clone, Debug)]
pub struct Shipment {
    /// Id and times.
    pub record: Record,
    /// `SS-00000001`.
    pub number: String,
    /// Position of the sales order.
    pub order: usize,
    /// Day of dispatch.
    pub date: NaiveDate,
    /// Dispatched.
    pub status: &'static str,
    /// Carrier.
    pub company: &'static str,
    /// Parcel number.
    pub tracking: Option<String>,
    /// What was sent.
    pub lines: Vec<Part>,
}

/// An order to a supplier.
#[derive(Clone, Debug)]
pub struct PurchaseOrder {
    /// Id and times.
    pub record: Record,
    /// `PO-00000001`.
    pub number: String,
    /// Day.
    pub date: NaiveDate,
    /// The day it was completed.
    pub completed: Option<NaiveDate>,
    /// Parked, Placed or Completed.
    pub status: &'static str,
    /// Position of the supplier.
    pub supplier: usize,
    /// Position of the warehouse.
    pub warehouse: usize,
    /// The supplier's bill in the books.
    pub comments: Option<String>,
    /// Lines.
    pub lines: Vec<Line>,
}

/// What a product is made of.
#[derive(Clone, Debug)]
pub struct Bill {
    /// Id and times.
    pub record: Record,
    /// `B00000001`.
    pub number: String,
    /// Position of the product.
    pub product: usize,
    /// What goes into one.
    pub parts: Vec<Part>,
    /// Hidden from plain lists.
    pub obsolete: bool,
}

/// A production order.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// Id and times.
    pub record: Record,
    /// `ASM-00000001`.
    pub number: String,
    /// Day.
    pub date: NaiveDate,
    /// Day by which it should be done.
    pub by: NaiveDate,
    /// Parked or Completed.
    pub status: &'static str,
    /// How many.
    pub quantity: Decimal,
    /// Position of the product.
    pub product: usize,
    /// What goes into all of them.
    pub parts: Vec<Part>,
    /// Cost of the parts in base currency.
    pub cost: Decimal,
}

/// Levels set by hand.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// Id and times.
    pub record: Record,
    /// `SA-00000001`.
    pub number: String,
    /// Day.
    pub date: NaiveDate,
    /// Why.
    pub reason: &'static str,
    /// Position of the warehouse.
    pub warehouse: usize,
    /// Lines.
    pub lines: Vec<AdjustmentLine>,
}

/// One line of an adjustment.
#[derive(Clone, Debug)]
pub struct AdjustmentLine {
    /// Id.
    pub id: Uuid,
    /// Position of the product.
    pub product: usize,
    /// The level afterwards, not the difference.
    pub quantity: Decimal,
    /// The value afterwards.
    pub value: Decimal,
}

/// Stock on its way between two warehouses.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Id and times.
    pub record: Record,
    /// `WT-00000001`.
    pub number: String,
    /// Day.
    pub date: NaiveDate,
    /// Completed.
    pub status: &'static str,
    /// Position of the warehouse it leaves.
    pub source: usize,
    /// Position of the warehouse it reaches.
    pub destination: usize,
    /// What moves.
    pub parts: Vec<Part>,
}

/// A stock count.
#[derive(Clone, Debug)]
pub struct Count {
    /// Id and times; the vendor shows no times.
    pub record: Record,
    /// `ST-00000001`.
    pub code: String,
    /// Day.
    pub date: NaiveDate,
    /// When it was completed.
    pub completed: Option<DateTime<Utc>>,
    /// Position of the warehouse.
    pub warehouse: usize,
    /// Lines.
    pub lines: Vec<CountLine>,
}

/// One line of a count.
#[derive(Clone, Debug)]
pub struct CountLine {
    /// Id.
    pub id: Uuid,
    /// Position of the product.
    pub product: usize,
    /// What should be there.
    pub on_hand: Decimal,
    /// What was there.
    pub counted: Decimal,
}
