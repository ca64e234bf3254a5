//! Shopify's orders, with the lists nested in them.

#![allow(dead_code, reason = "decoding them is what is measured")]

use chrono::{DateTime, Utc};
use sentia::Exact;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) data: Data,
}

#[derive(Deserialize)]
pub(crate) struct Data {
    pub(crate) orders: Connection<Order>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection<T> {
    page_info: PageInfo,
    pub(crate) edges: Vec<Edge<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Edge<T> {
    cursor: Option<String>,
    node: T,
}

#[derive(Deserialize)]
struct Ref {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MoneyBag {
    shop_money: Money,
    presentment_money: Option<Money>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money {
    amount: Exact,
    currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    country_code_v2: Option<String>,
    province_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    id: String,
    legacy_resource_id: Option<String>,
    name: Option<String>,
    created_at: Option<DateTime<Utc>>,
    processed_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    cancelled_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
    display_financial_status: Option<String>,
    display_fulfillment_status: Option<String>,
    return_status: Option<String>,
    currency_code: Option<String>,
    presentment_currency_code: Option<String>,
    taxes_included: Option<bool>,
    test: Option<bool>,
    source_name: Option<String>,
    po_number: Option<String>,
    tags: Vec<String>,
    customer: Option<Ref>,
    shipping_address: Option<Address>,
    subtotal_price_set: Option<MoneyBag>,
    total_price_set: Option<MoneyBag>,
    total_tax_set: Option<MoneyBag>,
    total_discounts_set: Option<MoneyBag>,
    total_shipping_price_set: Option<MoneyBag>,
    total_refunded_set: Option<MoneyBag>,
    current_total_price_set: Option<MoneyBag>,
    line_items: Connection<Line>,
    refunds: Vec<Refund>,
    fulfillments: Vec<Fulfillment>,
    transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: String,
    sku: Option<String>,
    title: Option<String>,
    variant_title: Option<String>,
    vendor: Option<String>,
    quantity: Option<i64>,
    current_quantity: Option<i64>,
    unfulfilled_quantity: Option<i64>,
    requires_shipping: Option<bool>,
    taxable: Option<bool>,
    variant: Option<Ref>,
    original_unit_price_set: Option<MoneyBag>,
    discounted_total_set: Option<MoneyBag>,
    total_discount_set: Option<MoneyBag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refund {
    id: String,
    legacy_resource_id: Option<String>,
    created_at: Option<DateTime<Utc>>,
    processed_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    total_refunded_set: Option<MoneyBag>,
    refund_line_items: Connection<RefundLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundLine {
    id: Option<String>,
    quantity: Option<i64>,
    restock_type: Option<String>,
    location: Option<Ref>,
    line_item: Option<LineRef>,
    subtotal_set: Option<MoneyBag>,
    total_tax_set: Option<MoneyBag>,
}

#[derive(Deserialize)]
struct LineRef {
    id: String,
    sku: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fulfillment {
    id: String,
    legacy_resource_id: Option<String>,
    name: Option<String>,
    status: Option<String>,
    display_status: Option<String>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    total_quantity: Option<i64>,
    location: Option<Ref>,
    fulfillment_line_items: Connection<FulfillmentLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FulfillmentLine {
    id: Option<String>,
    quantity: Option<i64>,
    line_item: Option<LineRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    id: String,
    kind: Option<String>,
    status: Option<String>,
    gateway: Option<String>,
    processed_at: Option<DateTime<Utc>>,
    test: Option<bool>,
    amount_set: Option<MoneyBag>,
}
