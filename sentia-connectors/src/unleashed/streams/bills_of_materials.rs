//! Bills of materials: what a product is assembled of.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{MAX_PAGE, references::Product};
use crate::unleashed::wire::{Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Bill {
    guid: Maybe<Guid>,
    bill_number: Maybe<Text>,
    product: Nested<Product>,
    can_auto_assemble: Maybe<bool>,
    can_auto_disassemble: Maybe<bool>,
    total_cost: Maybe<Exact>,
    duration_type: Maybe<Text>,
    expected_duration: Maybe<Text>,
    obsolete: Maybe<bool>,
    bill_of_materials_lines: List<Line>,
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
    wastage: Maybe<Exact>,
    line_total_cost: Maybe<Exact>,
}

impl Zoned for Bill {}

/// The list cannot be asked for changes, so it is read as a whole.
pub(super) fn stream() -> Stream<Bill> {
    Stream::new("bills_of_materials", "Guid", |b: &Bill| b.guid.key())
        .version(|b| b.last_modified_on.version_or(&b.created_on))
        .max_page(MAX_PAGE)
        .swept()
        .describe("what a product is assembled of, obsolete bills included")
        .columns(columns())
        .children("bill_of_materials_lines", |b| Cow::Borrowed(&b.bill_of_materials_lines), lines())
}

fn columns() -> Fields<Bill> {
    Fields::new()
        .text("bill_number", |b: &Bill| b.bill_number.get())
        .text("product_guid", |b| b.product.guid.text())
        .text("product_code", |b| b.product.product_code.get())
        .text("product_description", |b| b.product.product_description.get())
        .boolean("can_auto_assemble", |b| b.can_auto_assemble.get())
        .boolean("can_auto_disassemble", |b| b.can_auto_disassemble.get())
        .decimal("total_cost", |b| b.total_cost.get())
        .text("duration_type", |b| b.duration_type.get())
        .text("expected_duration", |b| b.expected_duration.get())
        .boolean("obsolete", |b| b.obsolete.get())
        .timestamp("created_on", |b| b.created_on.at())
        .timestamp("last_modified_on", |b| b.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .text("product_description", |l| l.product.product_description.get())
        .decimal("quantity", |l| l.quantity.get())
        .decimal("wastage", |l| l.wastage.get())
        .decimal("line_total_cost", |l| l.line_total_cost.get())
}
