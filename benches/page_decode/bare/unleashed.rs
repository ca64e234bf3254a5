//! Unleashed's sales orders.

#![allow(dead_code, reason = "decoding them is what is measured")]

use sentia::Exact;
use serde::Deserialize;

use super::NetDate;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    pub(crate) items: Vec<SalesOrder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SalesOrder {
    guid: String,
    order_number: Option<String>,
    order_status: Option<String>,
    custom_order_status: Option<String>,
    order_date: Option<NetDate>,
    required_date: Option<NetDate>,
    completed_date: Option<NetDate>,
    received_date: Option<NetDate>,
    payment_due_date: Option<NetDate>,
    customer: Option<Customer>,
    customer_ref: Option<String>,
    warehouse: Option<Warehouse>,
    currency: Option<Currency>,
    exchange_rate: Option<Exact>,
    discount_rate: Option<Exact>,
    tax: Option<Tax>,
    tax_rate: Option<Exact>,
    sub_total: Option<Exact>,
    tax_total: Option<Exact>,
    total: Option<Exact>,
    #[serde(rename = "BCSubTotal")]
    bc_sub_total: Option<Exact>,
    #[serde(rename = "BCTaxTotal")]
    bc_tax_total: Option<Exact>,
    #[serde(rename = "BCTotal")]
    bc_total: Option<Exact>,
    delivery_name: Option<String>,
    delivery_city: Option<String>,
    delivery_region: Option<String>,
    delivery_country: Option<String>,
    delivery_post_code: Option<String>,
    delivery_method: Option<String>,
    sales_order_group: Option<String>,
    source_id: Option<String>,
    #[serde(default)]
    sales_order_lines: Vec<Line>,
    created_by: Option<String>,
    created_on: Option<NetDate>,
    last_modified_on: Option<NetDate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Customer {
    guid: Option<String>,
    customer_code: Option<String>,
    customer_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Warehouse {
    guid: Option<String>,
    warehouse_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Currency {
    currency_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tax {
    tax_code: Option<String>,
    tax_rate: Option<Exact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    guid: Option<String>,
    line_number: Option<i64>,
    line_type: Option<String>,
    product: Option<Product>,
    assembly: Option<Assembly>,
    due_date: Option<NetDate>,
    order_quantity: Option<Exact>,
    unit_price: Option<Exact>,
    unit_cost: Option<Exact>,
    average_landed_price_at_time_of_sale: Option<Exact>,
    discount_rate: Option<Exact>,
    line_total: Option<Exact>,
    tax_rate: Option<Exact>,
    line_tax: Option<Exact>,
    line_tax_code: Option<String>,
    #[serde(rename = "BCUnitPrice")]
    bc_unit_price: Option<Exact>,
    #[serde(rename = "BCLineTotal")]
    bc_line_total: Option<Exact>,
    #[serde(rename = "BCLineTax")]
    bc_line_tax: Option<Exact>,
    weight: Option<Exact>,
    volume: Option<Exact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Product {
    guid: Option<String>,
    product_code: Option<String>,
    product_description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Assembly {
    guid: Option<String>,
}
