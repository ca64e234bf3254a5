//! Stock counts.

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
pub(super) struct Count {
    guid: Maybe<Guid>,
    stock_take_code: Maybe<Text>,
    stock_take_name: Maybe<Text>,
    count_type: Maybe<Text>,
    status: Maybe<Text>,
    count_date: Maybe<Day>,
    completed_date: Maybe<Day>,
    warehouse: Nested<Warehouse>,
    stock_count_lines: List<Line>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Line {
    guid: Maybe<Guid>,
    line_number: Maybe<i64>,
    product: Nested<Product>,
    available_quantity: Maybe<Exact>,
    on_hand_quantity: Maybe<Exact>,
    count_quantity: Maybe<Exact>,
    average_land_price_at_time_of_stock_take: Maybe<Exact>,
}

impl Zoned for Count {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        vec![&mut self.count_date, &mut self.completed_date]
    }
}

/// The page's field table names no time of change; without one the later fetch wins.
pub(super) fn stream() -> Stream<Count> {
    changing(Stream::new("stock_counts", "Guid", |c: &Count| c.guid.key()))
        .version(|c| c.last_modified_on.version_or(&c.created_on))
        .deleted_when(|c| c.status.as_str().eq_ignore_ascii_case(DELETED))
        .describe("a stock count")
        .columns(columns())
        .children("stock_count_lines", |c| Cow::Borrowed(&c.stock_count_lines), lines())
}

fn columns() -> Fields<Count> {
    Fields::new()
        .text("stock_take_code", |c: &Count| c.stock_take_code.get())
        .text("stock_take_name", |c| c.stock_take_name.get())
        .text("count_type", |c| c.count_type.get())
        .text("status", |c| c.status.get())
        .date("count_date", |c| c.count_date.day())
        .timestamp("count_date_at", |c| c.count_date.at())
        .date("completed_date", |c| c.completed_date.day())
        .timestamp("completed_date_at", |c| c.completed_date.at())
        .text("warehouse_guid", |c| c.warehouse.guid.text())
        .text("warehouse_code", |c| c.warehouse.warehouse_code.get())
        .timestamp("last_modified_on", |c| c.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .decimal("available_quantity", |l| l.available_quantity.get())
        .decimal("on_hand_quantity", |l| l.on_hand_quantity.get())
        .decimal("count_quantity", |l| l.count_quantity.get())
        .decimal("average_land_price", |l| l.average_land_price_at_time_of_stock_take.get())
}
