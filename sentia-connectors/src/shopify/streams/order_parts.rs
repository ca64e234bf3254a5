//! What an order is made of: lines, refunds, fulfillments and transactions, with the columns of their tables.

use chrono::{DateTime, Utc};
use sentia_core::{Fields, Text};
use serde::Deserialize;

use crate::shopify::wire::{Connection, MoneyBag, Ref, Whole, id_of, shop_amount, shop_currency};

/// One position of an order. The variant is gone once it is deleted; the sku stays.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    id: Text,
    sku: Option<Text>,
    title: Option<Text>,
    variant_title: Option<Text>,
    vendor: Option<Text>,
    quantity: Option<Whole>,
    /// After edits; zero once removed.
    current_quantity: Option<Whole>,
    unfulfilled_quantity: Option<Whole>,
    requires_shipping: Option<bool>,
    taxable: Option<bool>,
    variant: Option<Ref>,
    original_unit_price_set: Option<MoneyBag>,
    discounted_total_set: Option<MoneyBag>,
    total_discount_set: Option<MoneyBag>,
}

pub(super) fn line_columns() -> Fields<Line> {
    Fields::<Line>::new()
        .text("line_id", |line| Some(line.id.clone()))
        .text("sku", |line| line.sku.clone())
        .text("vendor", |line| line.vendor.clone())
        .text("title", |line| line.title.clone())
        .text("variant_title", |line| line.variant_title.clone())
        .integer("quantity", |line| line.quantity.map(|number| number.0))
        .integer("current_quantity", |line| line.current_quantity.map(|number| number.0))
        .integer("unfulfilled_quantity", |line| line.unfulfilled_quantity.map(|number| number.0))
        .boolean("requires_shipping", |line| line.requires_shipping)
        .boolean("taxable", |line| line.taxable)
        .text("variant_id", |line| id_of(&line.variant))
        .decimal("unit_price", |line| shop_amount(&line.original_unit_price_set))
        .amount("discounted_total", |line| shop_amount(&line.discounted_total_set))
        .amount("total_discount", |line| shop_amount(&line.total_discount_set))
        .text("currency", |line| shop_currency(&line.original_unit_price_set))
}

/// Money that went back, with the goods it was for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund {
    pub(super) id: Text,
    legacy_resource_id: Option<Whole>,
    created_at: Option<DateTime<Utc>>,
    processed_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    total_refunded_set: Option<MoneyBag>,
    pub(super) refund_line_items: Connection<RefundedItem>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundedItem {
    /// Null for refunds made before lines had ids.
    id: Option<Text>,
    quantity: Option<Whole>,
    /// Decides whether the goods went back into stock.
    restock_type: Option<Text>,
    location: Option<Ref>,
    line_item: Option<LineRef>,
    subtotal_set: Option<MoneyBag>,
    total_tax_set: Option<MoneyBag>,
}

#[derive(Debug, Clone, Deserialize)]
struct LineRef {
    id: Text,
    sku: Option<Text>,
}

/// One row of `refund_lines`.
#[derive(Debug, Clone)]
pub(super) struct RefundLine {
    refund: Text,
    item: RefundedItem,
}

impl Refund {
    pub(super) fn lines(&self) -> impl Iterator<Item = RefundLine> {
        self.refund_line_items
            .nodes
            .iter()
            .map(|item| RefundLine { refund: self.id.clone(), item: item.clone() })
    }
}

pub(super) fn refund_columns() -> Fields<Refund> {
    Fields::<Refund>::new()
        .text("refund_id", |refund| Some(refund.id.clone()))
        .integer("legacy_id", |refund| refund.legacy_resource_id.map(|id| id.0))
        .timestamp("created_at", |refund| refund.created_at)
        .timestamp("processed_at", |refund| refund.processed_at)
        .timestamp("updated_at", |refund| refund.updated_at)
        .amount("total_refunded", |refund| shop_amount(&refund.total_refunded_set))
        .text("currency", |refund| shop_currency(&refund.total_refunded_set))
}

pub(super) fn refund_line_columns() -> Fields<RefundLine> {
    Fields::<RefundLine>::new()
        .text("refund_id", |line| Some(line.refund.clone()))
        .text("refund_line_id", |line| line.item.id.clone())
        .text("line_id", |line| line.item.line_item.as_ref().map(|item| item.id.clone()))
        .text("sku", |line| line.item.line_item.as_ref()?.sku.clone())
        .integer("quantity", |line| line.item.quantity.map(|number| number.0))
        .text("restock_type", |line| line.item.restock_type.clone())
        .text("location_id", |line| id_of(&line.item.location))
        .amount("subtotal", |line| shop_amount(&line.item.subtotal_set))
        .amount("total_tax", |line| shop_amount(&line.item.total_tax_set))
        .text("currency", |line| shop_currency(&line.item.subtotal_set))
}

/// A shipment. Only those with status SUCCESS left the house.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fulfillment {
    pub(super) id: Text,
    legacy_resource_id: Option<Whole>,
    name: Option<Text>,
    status: Option<Text>,
    display_status: Option<Text>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    total_quantity: Option<Whole>,
    location: Option<Ref>,
    pub(super) fulfillment_line_items: Connection<FulfilledItem>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfilledItem {
    id: Option<Text>,
    quantity: Option<Whole>,
    line_item: Option<LineRef>,
}

/// One row of `fulfillment_lines`.
#[derive(Debug, Clone)]
pub(super) struct FulfillmentLine {
    fulfillment: Text,
    item: FulfilledItem,
}

impl Fulfillment {
    pub(super) fn lines(&self) -> impl Iterator<Item = FulfillmentLine> {
        let items = self.fulfillment_line_items.nodes.iter();
        items.map(|item| FulfillmentLine { fulfillment: self.id.clone(), item: item.clone() })
    }
}

pub(super) fn fulfillment_columns() -> Fields<Fulfillment> {
    Fields::<Fulfillment>::new()
        .text("fulfillment_id", |fulfillment| Some(fulfillment.id.clone()))
        .integer("legacy_id", |fulfillment| fulfillment.legacy_resource_id.map(|id| id.0))
        .text("name", |fulfillment| fulfillment.name.clone())
        .text("status", |fulfillment| fulfillment.status.clone())
        .text("display_status", |fulfillment| fulfillment.display_status.clone())
        .timestamp("created_at", |fulfillment| fulfillment.created_at)
        .timestamp("updated_at", |fulfillment| fulfillment.updated_at)
        .timestamp("delivered_at", |fulfillment| fulfillment.delivered_at)
        .integer("total_quantity", |fulfillment| fulfillment.total_quantity.map(|number| number.0))
        .text("location_id", |fulfillment| id_of(&fulfillment.location))
}

pub(super) fn fulfillment_line_columns() -> Fields<FulfillmentLine> {
    Fields::<FulfillmentLine>::new()
        .text("fulfillment_id", |line| Some(line.fulfillment.clone()))
        .text("fulfillment_line_id", |line| line.item.id.clone())
        .text("line_id", |line| line.item.line_item.as_ref().map(|item| item.id.clone()))
        .text("sku", |line| line.item.line_item.as_ref()?.sku.clone())
        .integer("quantity", |line| line.item.quantity.map(|number| number.0))
}

/// A movement of money at a gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction {
    id: Text,
    kind: Option<Text>,
    status: Option<Text>,
    gateway: Option<Text>,
    processed_at: Option<DateTime<Utc>>,
    test: Option<bool>,
    amount_set: Option<MoneyBag>,
}

pub(super) fn transaction_columns() -> Fields<Transaction> {
    Fields::<Transaction>::new()
        .text("transaction_id", |transaction| Some(transaction.id.clone()))
        .text("kind", |transaction| transaction.kind.clone())
        .text("status", |transaction| transaction.status.clone())
        .text("gateway", |transaction| transaction.gateway.clone())
        .timestamp("processed_at", |transaction| transaction.processed_at)
        .boolean("test", |transaction| transaction.test)
        .amount("amount", |transaction| shop_amount(&transaction.amount_set))
        .text("currency", |transaction| shop_currency(&transaction.amount_set))
}
