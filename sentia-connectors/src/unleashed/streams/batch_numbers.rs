//! Batch numbers.

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::changing;
use crate::unleashed::wire::{Day, Guid, Instant, Maybe, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Batch {
    guid: Maybe<Guid>,
    number: Maybe<Text>,
    product_code: Maybe<Text>,
    warehouse_code: Maybe<Text>,
    expiry_date: Maybe<Day>,
    quantity: Maybe<Exact>,
    original_qty: Maybe<Exact>,
    status: Maybe<Text>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

impl Zoned for Batch {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        vec![&mut self.expiry_date]
    }
}

pub(super) fn stream() -> Stream<Batch> {
    changing(Stream::new("batch_numbers", "Guid", |b: &Batch| b.guid.key()))
        .version(|b| b.last_modified_on.version_or(&b.created_on))
        .describe("a batch of a product in a warehouse")
        .columns(columns())
}

fn columns() -> Fields<Batch> {
    Fields::new()
        .text("number", |b: &Batch| b.number.get())
        .text("product_code", |b| b.product_code.get())
        .text("warehouse_code", |b| b.warehouse_code.get())
        .date("expiry_date", |b| b.expiry_date.day())
        .timestamp("expiry_date_at", |b| b.expiry_date.at())
        .decimal("quantity", |b| b.quantity.get())
        .decimal("original_quantity", |b| b.original_qty.get())
        .text("status", |b| b.status.get())
        .timestamp("last_modified_on", |b| b.last_modified_on.at())
}
