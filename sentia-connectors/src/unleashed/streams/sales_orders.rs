//! Sales orders.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    CURSOR, DELETED, MAX_PAGE, OVERLAP,
    references::{Currency, Customer, Product, Tax, Warehouse},
};
use crate::unleashed::wire::{Day, Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct SalesOrder {
    guid: Maybe<Guid>,
    order_number: Maybe<Text>,
    order_status: Maybe<Text>,
    custom_order_status: Maybe<Text>,
    order_date: Maybe<Day>,
    required_date: Maybe<Day>,
    completed_date: Maybe<Day>,
    received_date: Maybe<Day>,
    payment_due_date: Maybe<Day>,
    customer: Nested<Customer>,
    customer_ref: Maybe<Text>,
    warehouse: Nested<Warehouse>,
    currency: Nested<Currency>,
    exchange_rate: Maybe<Exact>,
    discount_rate: Maybe<Exact>,
    tax: Nested<Tax>,
    tax_rate: Maybe<Exact>,
    sub_total: Maybe<Exact>,
    tax_total: Maybe<Exact>,
    total: Maybe<Exact>,
    #[serde(rename = "BCSubTotal")]
    bc_sub_total: Maybe<Exact>,
    #[serde(rename = "BCTaxTotal")]
    bc_tax_total: Maybe<Exact>,
    #[serde(rename = "BCTotal")]
    bc_total: Maybe<Exact>,
    delivery_name: Maybe<Text>,
    delivery_city: Maybe<Text>,
    delivery_region: Maybe<Text>,
    delivery_country: Maybe<Text>,
    delivery_post_code: Maybe<Text>,
    delivery_method: Maybe<Text>,
    sales_order_group: Maybe<Text>,
    source_id: Maybe<Text>,
    sales_order_lines: List<Line>,
    created_by: Maybe<Text>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Line {
    guid: Maybe<Guid>,
    line_number: Maybe<i64>,
    line_type: Maybe<Text>,
    product: Nested<Product>,
    assembly: Nested<Assembly>,
    due_date: Maybe<Day>,
    order_quantity: Maybe<Exact>,
    unit_price: Maybe<Exact>,
    unit_cost: Maybe<Exact>,
    average_landed_price_at_time_of_sale: Maybe<Exact>,
    discount_rate: Maybe<Exact>,
    line_total: Maybe<Exact>,
    tax_rate: Maybe<Exact>,
    line_tax: Maybe<Exact>,
    line_tax_code: Maybe<Text>,
    #[serde(rename = "BCUnitPrice")]
    bc_unit_price: Maybe<Exact>,
    #[serde(rename = "BCLineTotal")]
    bc_line_total: Maybe<Exact>,
    #[serde(rename = "BCLineTax")]
    bc_line_tax: Maybe<Exact>,
    weight: Maybe<Exact>,
    volume: Maybe<Exact>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Assembly {
    guid: Maybe<Guid>,
}

impl Zoned for SalesOrder {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        let lines = self.sales_order_lines.iter_mut().map(|line| &mut line.due_date);
        lines
            .chain([
                &mut self.order_date,
                &mut self.required_date,
                &mut self.completed_date,
                &mut self.received_date,
                &mut self.payment_due_date,
            ])
            .collect()
    }
}

/// Deleted orders stay in the list of deleted ones, so nothing is swept.
pub(super) fn stream() -> Stream<SalesOrder> {
    Stream::new("sales_orders", "Guid", |o: &SalesOrder| o.guid.key())
        .version(|o| o.last_modified_on.version_or(&o.created_on))
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .deleted_when(|o| o.order_status.as_str().eq_ignore_ascii_case(DELETED))
        .describe("a sales order in any status")
        .columns(columns())
        .children("sales_order_lines", |o| Cow::Borrowed(&o.sales_order_lines), lines())
}

fn columns() -> Fields<SalesOrder> {
    Fields::new()
        .text("order_number", |o: &SalesOrder| o.order_number.get())
        .text("order_status", |o| o.order_status.get())
        .text("custom_order_status", |o| o.custom_order_status.get())
        .date("order_date", |o| o.order_date.day())
        .timestamp("order_date_at", |o| o.order_date.at())
        .date("required_date", |o| o.required_date.day())
        .timestamp("required_date_at", |o| o.required_date.at())
        .date("completed_date", |o| o.completed_date.day())
        .timestamp("completed_date_at", |o| o.completed_date.at())
        .date("received_date", |o| o.received_date.day())
        .timestamp("received_date_at", |o| o.received_date.at())
        .date("payment_due_date", |o| o.payment_due_date.day())
        .timestamp("payment_due_date_at", |o| o.payment_due_date.at())
        .text("customer_guid", |o| o.customer.guid.text())
        .text("customer_code", |o| o.customer.customer_code.get())
        .text("customer_name", |o| o.customer.customer_name.get())
        .text("customer_ref", |o| o.customer_ref.get())
        .text("warehouse_guid", |o| o.warehouse.guid.text())
        .text("warehouse_code", |o| o.warehouse.warehouse_code.get())
        .text("currency_code", |o| o.currency.currency_code.get())
        .decimal("exchange_rate", |o| o.exchange_rate.get())
        .decimal("discount_rate", |o| o.discount_rate.get())
        .text("tax_code", |o| o.tax.tax_code.get())
        .decimal("tax_rate", |o| o.tax_rate.or(&o.tax.tax_rate))
        .amount("sub_total", |o| o.sub_total.get())
        .amount("tax_total", |o| o.tax_total.get())
        .amount("total", |o| o.total.get())
        .decimal("bc_sub_total", |o| o.bc_sub_total.get())
        .decimal("bc_tax_total", |o| o.bc_tax_total.get())
        .decimal("bc_total", |o| o.bc_total.get())
        .text("delivery_name", |o| o.delivery_name.get())
        .text("delivery_city", |o| o.delivery_city.get())
        .text("delivery_region", |o| o.delivery_region.get())
        .text("delivery_country", |o| o.delivery_country.get())
        .text("delivery_post_code", |o| o.delivery_post_code.get())
        .text("delivery_method", |o| o.delivery_method.get())
        .text("sales_order_group", |o| o.sales_order_group.get())
        .text("source_id", |o| o.source_id.get())
        .text("created_by", |o| o.created_by.get())
        .timestamp("created_on", |o| o.created_on.at())
        .timestamp("last_modified_on", |o| o.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("line_type", |l| l.line_type.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .text("product_description", |l| l.product.product_description.get())
        .text("assembly_guid", |l| l.assembly.guid.text())
        .date("due_date", |l| l.due_date.day())
        .timestamp("due_date_at", |l| l.due_date.at())
        .decimal("order_quantity", |l| l.order_quantity.get())
        .decimal("unit_price", |l| l.unit_price.get())
        .decimal("unit_cost", |l| l.unit_cost.or(&l.average_landed_price_at_time_of_sale))
        .decimal("discount_rate", |l| l.discount_rate.get())
        .amount("line_total", |l| l.line_total.get())
        .decimal("tax_rate", |l| l.tax_rate.get())
        .amount("line_tax", |l| l.line_tax.get())
        .text("line_tax_code", |l| l.line_tax_code.get())
        .decimal("bc_unit_price", |l| l.bc_unit_price.get())
        .decimal("bc_line_total", |l| l.bc_line_total.get())
        .decimal("bc_line_tax", |l| l.bc_line_tax.get())
        .decimal("weight", |l| l.weight.get())
        .decimal("volume", |l| l.volume.get())
}
