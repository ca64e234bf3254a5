//! Transfers between warehouses. Their fields are not in the sheet's sources: names that Unleashed's other documents
//! suggest stand side by side.

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
pub(super) struct Transfer {
    guid: Maybe<Guid>,
    transfer_number: Maybe<Text>,
    warehouse_transfer_number: Maybe<Text>,
    transfer_status: Maybe<Text>,
    status: Maybe<Text>,
    transfer_date: Maybe<Day>,
    order_date: Maybe<Day>,
    source_warehouse: Nested<Warehouse>,
    destination_warehouse: Nested<Warehouse>,
    transfer_details: List<Line>,
    transfer_lines: List<Line>,
    warehouse_stock_transfer_lines: List<Line>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Line {
    guid: Maybe<Guid>,
    line_number: Maybe<i64>,
    product: Nested<Product>,
    transfer_quantity: Maybe<Exact>,
    quantity: Maybe<Exact>,
}

impl Zoned for Transfer {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        vec![&mut self.transfer_date, &mut self.order_date]
    }
}

impl Transfer {
    fn is_deleted(&self) -> bool {
        self.transfer_status.or(&self.status).is_some_and(|status| status.eq_ignore_ascii_case(DELETED))
    }

    fn lines(&self) -> Vec<Line> {
        [&*self.transfer_details, &*self.transfer_lines, &*self.warehouse_stock_transfer_lines].concat()
    }
}

/// Without a filter by status the list has deleted transfers too, by Unleashed's own page.
pub(super) fn stream() -> Stream<Transfer> {
    changing(Stream::new("warehouse_transfers", "Guid", |t: &Transfer| t.guid.key()))
        .version(|t| t.last_modified_on.version_or(&t.created_on))
        .deleted_when(Transfer::is_deleted)
        .describe("a transfer of stock between two warehouses")
        .columns(columns())
        .children("warehouse_transfer_lines", |t| Cow::Owned(t.lines()), lines())
}

fn columns() -> Fields<Transfer> {
    Fields::new()
        .text("transfer_number", |t: &Transfer| t.transfer_number.or(&t.warehouse_transfer_number))
        .text("transfer_status", |t| t.transfer_status.or(&t.status))
        .date("transfer_date", |t| t.transfer_date.day().or_else(|| t.order_date.day()))
        .timestamp("transfer_date_at", |t| t.transfer_date.at().or_else(|| t.order_date.at()))
        .text("source_warehouse_guid", |t| t.source_warehouse.guid.text())
        .text("source_warehouse_code", |t| t.source_warehouse.warehouse_code.get())
        .text("destination_warehouse_guid", |t| t.destination_warehouse.guid.text())
        .text("destination_warehouse_code", |t| t.destination_warehouse.warehouse_code.get())
        .timestamp("created_on", |t| t.created_on.at())
        .timestamp("last_modified_on", |t| t.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .decimal("quantity", |l| l.transfer_quantity.or(&l.quantity))
}
