//! Warehouses: the partitions of stock.

use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use super::MAX_PAGE;
use crate::unleashed::wire::{Guid, Instant, Maybe, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Warehouse {
    guid: Maybe<Guid>,
    warehouse_code: Maybe<Text>,
    warehouse_name: Maybe<Text>,
    is_default: Maybe<bool>,
    obsolete: Maybe<bool>,
    contact_name: Maybe<Text>,
    address_line1: Maybe<Text>,
    address_line2: Maybe<Text>,
    suburb: Maybe<Text>,
    city: Maybe<Text>,
    region: Maybe<Text>,
    country: Maybe<Text>,
    post_code: Maybe<Text>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

impl Zoned for Warehouse {}

/// A short list, read as a whole each time: an increment would cost the same one call, and stock is read by it.
pub(super) fn stream() -> Stream<Warehouse> {
    Stream::new("warehouses", "Guid", |w: &Warehouse| w.guid.key())
        .version(|w| w.last_modified_on.version_or(&w.created_on))
        .max_page(MAX_PAGE)
        .swept()
        .describe("a warehouse, obsolete ones included")
        .columns(columns())
}

fn columns() -> Fields<Warehouse> {
    Fields::new()
        .text("warehouse_code", |w: &Warehouse| w.warehouse_code.get())
        .text("warehouse_name", |w| w.warehouse_name.get())
        .boolean("is_default", |w| w.is_default.get())
        .boolean("obsolete", |w| w.obsolete.get())
        .text("contact_name", |w| w.contact_name.get())
        .text("address_line_1", |w| w.address_line1.get())
        .text("address_line_2", |w| w.address_line2.get())
        .text("suburb", |w| w.suburb.get())
        .text("city", |w| w.city.get())
        .text("region", |w| w.region.get())
        .text("country", |w| w.country.get())
        .text("post_code", |w| w.post_code.get())
        .timestamp("last_modified_on", |w| w.last_modified_on.at())
}
