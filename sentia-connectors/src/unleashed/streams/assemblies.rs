//! Assemblies: the production orders.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    DELETED, changing,
    references::{Product, Warehouse},
};
use crate::unleashed::wire::{Day, Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Assembly {
    guid: Maybe<Guid>,
    assembly_number: Maybe<Text>,
    assembly_status: Maybe<Text>,
    custom_assembly_status: Maybe<Text>,
    assembly_type: Maybe<Text>,
    assembly_date: Maybe<Day>,
    assemble_by: Maybe<Day>,
    estimated_start_date: Maybe<Day>,
    auto_assembly: Maybe<bool>,
    quantity: Maybe<Exact>,
    can_assemble_quantity: Maybe<Exact>,
    product: Nested<Product>,
    source_warehouse: Nested<Warehouse>,
    destination_warehouse: Nested<Warehouse>,
    total: Maybe<Exact>,
    total_cost: Maybe<Exact>,
    actual_duration: Maybe<Text>,
    expected_duration: Maybe<Text>,
    assembly_lines: List<Line>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

/// The names inside a line have no sure source; what has another name is in the document.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Line {
    guid: Maybe<Guid>,
    line_number: Maybe<i64>,
    product: Nested<Product>,
    quantity: Maybe<Exact>,
}

impl Zoned for Assembly {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        vec![&mut self.assembly_date, &mut self.assemble_by, &mut self.estimated_start_date]
    }
}

/// A parked assembly can really be deleted, so assemblies are swept.
pub(super) fn stream() -> Stream<Assembly> {
    changing(Stream::new("assemblies", "Guid", |a: &Assembly| a.guid.key()))
        .version(|a| a.last_modified_on.version_or(&a.created_on))
        .deleted_when(|a| a.assembly_status.as_str().eq_ignore_ascii_case(DELETED))
        .describe("a production order")
        .columns(columns())
        .children("assembly_lines", |a| Cow::Borrowed(&a.assembly_lines), lines())
}

fn columns() -> Fields<Assembly> {
    Fields::new()
        .text("assembly_number", |a: &Assembly| a.assembly_number.get())
        .text("assembly_status", |a| a.assembly_status.get())
        .text("custom_assembly_status", |a| a.custom_assembly_status.get())
        .text("assembly_type", |a| a.assembly_type.get())
        .date("assembly_date", |a| a.assembly_date.day())
        .timestamp("assembly_date_at", |a| a.assembly_date.at())
        .date("assemble_by", |a| a.assemble_by.day())
        .timestamp("assemble_by_at", |a| a.assemble_by.at())
        .date("estimated_start_date", |a| a.estimated_start_date.day())
        .timestamp("estimated_start_date_at", |a| a.estimated_start_date.at())
        .boolean("auto_assembly", |a| a.auto_assembly.get())
        .decimal("quantity", |a| a.quantity.get())
        .decimal("can_assemble_quantity", |a| a.can_assemble_quantity.get())
        .text("product_guid", |a| a.product.guid.text())
        .text("product_code", |a| a.product.product_code.get())
        .text("product_description", |a| a.product.product_description.get())
        .text("source_warehouse_guid", |a| a.source_warehouse.guid.text())
        .text("source_warehouse_code", |a| a.source_warehouse.warehouse_code.get())
        .text("destination_warehouse_guid", |a| a.destination_warehouse.guid.text())
        .text("destination_warehouse_code", |a| a.destination_warehouse.warehouse_code.get())
        .decimal("total", |a| a.total.get())
        .decimal("total_cost", |a| a.total_cost.get())
        .text("actual_duration", |a| a.actual_duration.get())
        .text("expected_duration", |a| a.expected_duration.get())
        .timestamp("created_on", |a| a.created_on.at())
        .timestamp("last_modified_on", |a| a.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .text("product_description", |l| l.product.product_description.get())
        .decimal("quantity", |l| l.quantity.get())
}
