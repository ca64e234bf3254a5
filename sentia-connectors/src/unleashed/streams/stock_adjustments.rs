//! Stock adjustments.

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
pub(super) struct Adjustment {
    guid: Maybe<Guid>,
    adjustment_number: Maybe<Text>,
    adjustment_date: Maybe<Day>,
    adjustment_reason: Maybe<Text>,
    account_code: Maybe<Text>,
    status: Maybe<Text>,
    adjustment_status: Maybe<Text>,
    warehouse: Nested<Warehouse>,
    stock_adjustment_lines: List<Line>,
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
    new_quantity: Maybe<Exact>,
    new_actual_value: Maybe<Exact>,
    comments: Maybe<Text>,
}

impl Zoned for Adjustment {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        vec![&mut self.adjustment_date]
    }
}

impl Adjustment {
    fn is_deleted(&self) -> bool {
        self.status.or(&self.adjustment_status).is_some_and(|status| status.eq_ignore_ascii_case(DELETED))
    }
}

pub(super) fn stream() -> Stream<Adjustment> {
    changing(Stream::new("stock_adjustments", "Guid", |a: &Adjustment| a.guid.key()))
        .version(|a| a.last_modified_on.version_or(&a.created_on))
        .deleted_when(Adjustment::is_deleted)
        .describe("a stock adjustment; its lines hold the level after it")
        .columns(columns())
        .children("stock_adjustment_lines", |a| Cow::Borrowed(&a.stock_adjustment_lines), lines())
}

fn columns() -> Fields<Adjustment> {
    Fields::new()
        .text("adjustment_number", |a: &Adjustment| a.adjustment_number.get())
        .date("adjustment_date", |a| a.adjustment_date.day())
        .timestamp("adjustment_date_at", |a| a.adjustment_date.at())
        .text("adjustment_reason", |a| a.adjustment_reason.get())
        .text("account_code", |a| a.account_code.get())
        .text("status", |a| a.status.or(&a.adjustment_status))
        .text("warehouse_guid", |a| a.warehouse.guid.text())
        .text("warehouse_code", |a| a.warehouse.warehouse_code.get())
        .text("created_by", |a| a.created_by.get())
        .timestamp("created_on", |a| a.created_on.at())
        .timestamp("last_modified_on", |a| a.last_modified_on.at())
}

/// `new_quantity` is the level after the adjustment, not the difference.
fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .decimal("new_quantity", |l| l.new_quantity.get())
        .decimal("new_actual_value", |l| l.new_actual_value.get())
        .text("comments", |l| l.comments.get())
}
