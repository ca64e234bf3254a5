//! Documents of sales: orders, invoices, credit notes, shipments.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Part, Record};

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
