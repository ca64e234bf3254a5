//! Amazon's orders, with items and packages.

#![allow(dead_code, reason = "decoding them is what is measured")]

use chrono::{DateTime, Utc};
use sentia::Exact;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) orders: Vec<Order>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    order_id: String,
    order_aliases: Option<Vec<Alias>>,
    created_time: Option<DateTime<Utc>>,
    last_updated_time: Option<DateTime<Utc>>,
    programs: Option<Vec<String>>,
    associated_orders: Option<Vec<Associated>>,
    sales_channel: Option<Channel>,
    proceeds: Option<Proceeds>,
    fulfillment: Option<Fulfillment>,
    order_items: Option<Vec<Item>>,
    packages: Option<Vec<Package>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alias {
    alias_id: Option<String>,
    alias_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Associated {
    order_id: Option<String>,
    association_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Channel {
    channel_name: Option<String>,
    marketplace_id: Option<String>,
    marketplace_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money {
    amount: Option<Exact>,
    currency_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proceeds {
    grand_total: Option<Money>,
    proceeds_total: Option<Money>,
    breakdowns: Option<Vec<Breakdown>>,
}

#[derive(Deserialize)]
struct Breakdown {
    r#type: Option<String>,
    subtotal: Option<Money>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fulfillment {
    fulfillment_status: Option<String>,
    fulfilled_by: Option<String>,
    fulfillment_service_level: Option<String>,
    ship_by_window: Option<Window>,
    deliver_by_window: Option<Window>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Window {
    latest_date_time: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    order_item_id: String,
    quantity_ordered: Option<i64>,
    programs: Option<Vec<String>>,
    product: Option<Product>,
    proceeds: Option<Proceeds>,
    promotion: Option<Promotion>,
    cancellation: Option<Cancellation>,
    fulfillment: Option<ItemFulfillment>,
    tax: Option<Tax>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    asin: Option<String>,
    title: Option<String>,
    seller_sku: Option<String>,
    condition: Option<Condition>,
    price: Option<Price>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    condition_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    unit_price: Option<Money>,
    price_designation: Option<String>,
}

#[derive(Deserialize)]
struct Promotion {
    breakdowns: Option<Vec<PromotionId>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromotionId {
    promotion_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancellation {
    cancellation_request: Option<Cancelled>,
    cancellation_execution: Option<Cancelled>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    requester: Option<String>,
    cancelled_by: Option<String>,
    cancel_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFulfillment {
    quantity_fulfilled: Option<i64>,
    quantity_unfulfilled: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tax {
    tax_collections: Option<Vec<Collection>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collection {
    model: Option<String>,
    responsible_party: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    package_reference_id: String,
    created_time: Option<DateTime<Utc>>,
    package_status: Option<PackageStatus>,
    carrier: Option<String>,
    ship_time: Option<DateTime<Utc>>,
    shipping_service: Option<String>,
    tracking_number: Option<String>,
    package_items: Option<Vec<PackedItem>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackageStatus {
    status: Option<String>,
    detailed_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PackedItem {
    order_item_id: Option<String>,
    quantity: Option<i64>,
}
