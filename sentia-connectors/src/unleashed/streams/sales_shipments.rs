//! Sales shipments.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    DELETED, changing,
    references::{Customer, Product, Warehouse},
};
use crate::unleashed::wire::{Day, Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Shipment {
    guid: Maybe<Guid>,
    shipment_number: Maybe<Text>,
    shipment_status: Maybe<Text>,
    order_number: Maybe<Text>,
    dispatch_date: Maybe<Day>,
    tracking_number: Maybe<Text>,
    shipping_company: Nested<Company>,
    customer: Nested<Customer>,
    warehouse: Nested<Warehouse>,
    sales_shipment_lines: List<Line>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Company {
    guid: Maybe<Guid>,
    name: Maybe<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Line {
    guid: Maybe<Guid>,
    line_number: Maybe<i64>,
    product: Nested<Product>,
    shipment_quantity: Maybe<Exact>,
    quantity: Maybe<Exact>,
}

impl Zoned for Shipment {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        vec![&mut self.dispatch_date]
    }
}

/// The fields have one source, those of the lines none: what has another name is in the document.
pub(super) fn stream() -> Stream<Shipment> {
    changing(Stream::new("sales_shipments", "Guid", |s: &Shipment| s.guid.key()))
        .version(|s| s.last_modified_on.version_or(&s.created_on))
        .deleted_when(|s| s.shipment_status.as_str().eq_ignore_ascii_case(DELETED))
        .describe("a shipment of a sales order")
        .columns(columns())
        .children("sales_shipment_lines", |s| Cow::Borrowed(&s.sales_shipment_lines), lines())
}

fn columns() -> Fields<Shipment> {
    Fields::new()
        .text("shipment_number", |s: &Shipment| s.shipment_number.get())
        .text("shipment_status", |s| s.shipment_status.get())
        .text("order_number", |s| s.order_number.get())
        .date("dispatch_date", |s| s.dispatch_date.day())
        .timestamp("dispatch_date_at", |s| s.dispatch_date.at())
        .text("tracking_number", |s| s.tracking_number.get())
        .text("shipping_company_guid", |s| s.shipping_company.guid.text())
        .text("shipping_company", |s| s.shipping_company.name.get())
        .text("customer_guid", |s| s.customer.guid.text())
        .text("customer_code", |s| s.customer.customer_code.get())
        .text("warehouse_guid", |s| s.warehouse.guid.text())
        .text("warehouse_code", |s| s.warehouse.warehouse_code.get())
        .timestamp("created_on", |s| s.created_on.at())
        .timestamp("last_modified_on", |s| s.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .decimal("quantity", |l| l.shipment_quantity.or(&l.quantity))
}
