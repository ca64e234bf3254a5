//! Purchase orders.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    DELETED, changing,
    references::{Currency, Product, Supplier, Warehouse},
};
use crate::unleashed::wire::{Day, Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct PurchaseOrder {
    guid: Maybe<Guid>,
    order_number: Maybe<Text>,
    order_status: Maybe<Text>,
    custom_order_status: Maybe<Text>,
    order_date: Maybe<Day>,
    delivery_date: Maybe<Day>,
    received_date: Maybe<Day>,
    completed_date: Maybe<Day>,
    supplier: Nested<Supplier>,
    supplier_ref: Maybe<Text>,
    warehouse: Nested<Warehouse>,
    currency: Nested<Currency>,
    exchange_rate: Maybe<Exact>,
    discount_rate: Maybe<Exact>,
    sub_total: Maybe<Exact>,
    tax_total: Maybe<Exact>,
    total: Maybe<Exact>,
    #[serde(rename = "BCSubTotal")]
    bc_sub_total: Maybe<Exact>,
    #[serde(rename = "BCTaxTotal")]
    bc_tax_total: Maybe<Exact>,
    #[serde(rename = "BCTotal")]
    bc_total: Maybe<Exact>,
    printed: Maybe<bool>,
    purchase_order_lines: List<Line>,
    created_by: Maybe<Text>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Line {
    guid: Maybe<Guid>,
    line_number: Maybe<i64>,
    product: Nested<Product>,
    delivery_date: Maybe<Day>,
    due_date: Maybe<Day>,
    order_quantity: Maybe<Exact>,
    receipt_quantity: Maybe<Exact>,
    received_quantity: Maybe<Exact>,
    unit_price: Maybe<Exact>,
    discounted_unit_price: Maybe<Exact>,
    discount_rate: Maybe<Exact>,
    line_total: Maybe<Exact>,
    line_tax: Maybe<Exact>,
    line_tax_code: Maybe<Text>,
    line_tax_rate: Maybe<Exact>,
    #[serde(rename = "BCSubTotal")]
    bc_sub_total: Maybe<Exact>,
}

impl Zoned for PurchaseOrder {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        let lines = self.purchase_order_lines.iter_mut();
        lines
            .flat_map(|line| [&mut line.delivery_date, &mut line.due_date])
            .chain([
                &mut self.order_date,
                &mut self.delivery_date,
                &mut self.received_date,
                &mut self.completed_date,
            ])
            .collect()
    }
}

/// A parked order can really be deleted, so orders are swept.
pub(super) fn stream() -> Stream<PurchaseOrder> {
    changing(Stream::new("purchase_orders", "Guid", |o: &PurchaseOrder| o.guid.key()))
        .version(|o| o.last_modified_on.version_or(&o.created_on))
        .deleted_when(|o| o.order_status.as_str().eq_ignore_ascii_case(DELETED))
        .describe("a purchase order")
        .columns(columns())
        .children("purchase_order_lines", |o| Cow::Borrowed(&o.purchase_order_lines), lines())
}

fn columns() -> Fields<PurchaseOrder> {
    Fields::new()
        .text("order_number", |o: &PurchaseOrder| o.order_number.get())
        .text("order_status", |o| o.order_status.get())
        .text("custom_order_status", |o| o.custom_order_status.get())
        .date("order_date", |o| o.order_date.day())
        .timestamp("order_date_at", |o| o.order_date.at())
        .date("delivery_date", |o| o.delivery_date.day())
        .timestamp("delivery_date_at", |o| o.delivery_date.at())
        .date("received_date", |o| o.received_date.day())
        .timestamp("received_date_at", |o| o.received_date.at())
        .date("completed_date", |o| o.completed_date.day())
        .timestamp("completed_date_at", |o| o.completed_date.at())
        .text("supplier_guid", |o| o.supplier.guid.text())
        .text("supplier_code", |o| o.supplier.supplier_code.get())
        .text("supplier_name", |o| o.supplier.supplier_name.get())
        .text("supplier_ref", |o| o.supplier_ref.get())
        .text("warehouse_guid", |o| o.warehouse.guid.text())
        .text("warehouse_code", |o| o.warehouse.warehouse_code.get())
        .text("currency_code", |o| o.currency.currency_code.get())
        .decimal("exchange_rate", |o| o.exchange_rate.get())
        .decimal("discount_rate", |o| o.discount_rate.get())
        .amount("sub_total", |o| o.sub_total.get())
        .amount("tax_total", |o| o.tax_total.get())
        .amount("total", |o| o.total.get())
        .decimal("bc_sub_total", |o| o.bc_sub_total.get())
        .decimal("bc_tax_total", |o| o.bc_tax_total.get())
        .decimal("bc_total", |o| o.bc_total.get())
        .boolean("printed", |o| o.printed.get())
        .text("created_by", |o| o.created_by.get())
        .timestamp("created_on", |o| o.created_on.at())
        .timestamp("last_modified_on", |o| o.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .text("product_description", |l| l.product.product_description.get())
        .date("delivery_date", |l| l.delivery_date.day().or_else(|| l.due_date.day()))
        .timestamp("delivery_date_at", |l| l.delivery_date.at().or_else(|| l.due_date.at()))
        .decimal("order_quantity", |l| l.order_quantity.get())
        .decimal("receipt_quantity", |l| l.receipt_quantity.or(&l.received_quantity))
        .decimal("unit_price", |l| l.unit_price.get())
        .decimal("discounted_unit_price", |l| l.discounted_unit_price.get())
        .decimal("discount_rate", |l| l.discount_rate.get())
        .amount("line_total", |l| l.line_total.get())
        .amount("line_tax", |l| l.line_tax.get())
        .text("line_tax_code", |l| l.line_tax_code.get())
        .decimal("line_tax_rate", |l| l.line_tax_rate.get())
        .decimal("bc_sub_total", |l| l.bc_sub_total.get())
}
