//! Documents of the works: purchases, assemblies, movements of stock.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Line, Record};

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
