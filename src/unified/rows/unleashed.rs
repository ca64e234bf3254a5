//! What answers of Unleashed hold.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

/// What one warehouse has of one product.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedStock {
    /// The product's and the warehouse's keys.
    pub key: String,
    /// The product's code.
    pub product_code: Option<String>,
    /// The warehouse's code.
    pub warehouse_code: Option<String>,
    /// In the house.
    pub qty_on_hand: Option<Decimal>,
    /// For sale; may count what could be assembled.
    pub available_qty: Option<Decimal>,
}

/// A sales order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedSalesOrder {
    /// `Guid`.
    pub key: String,
    /// The number on paper.
    pub order_number: Option<String>,
    /// `Parked`, `Placed`, `Completed`, ... or a status of the account's own.
    pub order_status: Option<String>,
    /// Its day, in the account's time zone.
    pub order_date: Option<NaiveDate>,
    /// The total, in `currency_code`.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedProduct {
    /// `Guid`.
    pub key: String,
    /// Its code.
    pub product_code: Option<String>,
    /// Its name.
    pub product_description: Option<String>,
    /// Its group.
    pub product_group: Option<String>,
    /// What it is sold for, in base currency.
    pub default_sell_price: Option<Decimal>,
    /// What it costs on average, in base currency.
    pub average_land_price: Option<Decimal>,
    /// When to order more.
    pub reorder_point: Option<Decimal>,
    /// Whether it is made here.
    pub is_assembled: Option<bool>,
    /// Whether it is no longer used.
    pub obsolete: Option<bool>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedCustomer {
    /// `Guid`.
    pub key: String,
    /// Its code.
    pub customer_code: Option<String>,
    /// Its name.
    pub customer_name: Option<String>,
    /// Where mail goes.
    pub email: Option<String>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// Whether nothing more is sold on credit.
    pub stop_credit: Option<bool>,
    /// Whether it is no longer used.
    pub obsolete: Option<bool>,
}

/// A supplier.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedSupplier {
    /// `Guid`.
    pub key: String,
    /// Its code.
    pub supplier_code: Option<String>,
    /// Its name.
    pub supplier_name: Option<String>,
    /// Where mail goes.
    pub email: Option<String>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// From order to receipt, in days.
    pub lead_time_days: Option<i64>,
}

/// A purchase order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedPurchaseOrder {
    /// `Guid`.
    pub key: String,
    /// The number on paper.
    pub order_number: Option<String>,
    /// `Parked`, `Placed`, `Complete`, ...
    pub order_status: Option<String>,
    /// Who delivers.
    pub supplier_name: Option<String>,
    /// Its day, in the account's time zone.
    pub order_date: Option<NaiveDate>,
    /// When it is expected.
    pub delivery_date: Option<NaiveDate>,
    /// Where to.
    pub warehouse_code: Option<String>,
    /// The total, in `currency_code`.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}

/// A sales invoice.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedSalesInvoice {
    /// `Guid`.
    pub key: String,
    /// The number on paper.
    pub invoice_number: Option<String>,
    /// The order it is for.
    pub order_number: Option<String>,
    /// `Parked`, `Completed`, ...
    pub invoice_status: Option<String>,
    /// Who pays.
    pub customer_name: Option<String>,
    /// Its day, in the account's time zone.
    pub invoice_date: Option<NaiveDate>,
    /// When it is due.
    pub due_date: Option<NaiveDate>,
    /// Whether it was paid.
    pub payment_received: Option<bool>,
    /// The total, in `currency_code`.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}

/// A production order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedAssembly {
    /// `Guid`.
    pub key: String,
    /// The number on paper.
    pub assembly_number: Option<String>,
    /// `Parked`, `Completed`, ...
    pub assembly_status: Option<String>,
    /// What is made.
    pub product_code: Option<String>,
    /// How much of it.
    pub quantity: Option<Decimal>,
    /// When it is to be ready.
    pub assemble_by: Option<NaiveDate>,
    /// Where to.
    pub destination_warehouse_code: Option<String>,
}
