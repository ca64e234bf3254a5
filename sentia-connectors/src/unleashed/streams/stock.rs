//! Stock levels: per warehouse, and per product over all warehouses.
//!
//! The two are series of their own: the totals name no warehouse, and adding them to the rows of the warehouses counts
//! everything twice. Costs are in base currency and change backwards when they are worked out anew.

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{CURSOR, DAY, MAX_PAGE, OVERLAP};
use crate::unleashed::wire::{Guid, Instant, Maybe, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Stock {
    product_guid: Maybe<Guid>,
    product_code: Maybe<Text>,
    product_description: Maybe<Text>,
    product_group_name: Maybe<Text>,
    product_source_id: Maybe<Text>,
    warehouse_id: Maybe<Guid>,
    warehouse: Maybe<Text>,
    warehouse_code: Maybe<Text>,
    days_since_last_sale: Maybe<i64>,
    on_purchase: Maybe<Exact>,
    allocated_qty: Maybe<Exact>,
    available_qty: Maybe<Exact>,
    qty_on_hand: Maybe<Exact>,
    avg_cost: Maybe<Exact>,
    total_cost: Maybe<Exact>,
    last_modified_on: Maybe<Instant>,
}

impl Zoned for Stock {}

/// The key of a row of one warehouse; empty without a product, which the stream rejects.
fn of_warehouse(stock: &Stock) -> Text {
    match stock.product_guid.text() {
        Some(product) => format!("{product}/{}", stock.warehouse_code.as_str()).into(),
        None => Text::default(),
    }
}

/// One read per warehouse: without a warehouse Unleashed sums them up.
pub(super) fn on_hand() -> Stream<Stock> {
    nightly(Stream::new("stock_on_hand", "ProductGuid", of_warehouse))
        .partitioned_by("warehouses")
        .describe("a product's stock in one warehouse")
        .columns(
            levels()
                .text("warehouse_guid", |s| s.warehouse_id.text())
                .text("warehouse_code", |s| s.warehouse_code.get())
                .text("warehouse_name", |s| s.warehouse.get()),
        )
}

/// The list without a warehouse.
pub(super) fn totals() -> Stream<Stock> {
    nightly(Stream::new("stock_totals", "ProductGuid", |s: &Stock| s.product_guid.key()))
        .describe("a product's stock over all warehouses; not to be added to stock_on_hand")
        .columns(levels())
}

fn nightly(stream: Stream<Stock>) -> Stream<Stock> {
    stream
        .version(|s| s.last_modified_on.version_or(&Maybe::default()))
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .full_every(DAY)
        .swept()
}

/// `available_qty` may exceed `qty_on_hand`: it adds what could be assembled.
fn levels() -> Fields<Stock> {
    Fields::new()
        .text("product_guid", |s: &Stock| s.product_guid.text())
        .text("product_code", |s| s.product_code.get())
        .text("product_description", |s| s.product_description.get())
        .text("product_group", |s| s.product_group_name.get())
        .text("product_source_id", |s| s.product_source_id.get())
        .integer("days_since_last_sale", |s| s.days_since_last_sale.get())
        .decimal("on_purchase", |s| s.on_purchase.get())
        .decimal("allocated_qty", |s| s.allocated_qty.get())
        .decimal("available_qty", |s| s.available_qty.get())
        .decimal("qty_on_hand", |s| s.qty_on_hand.get())
        .decimal("avg_cost", |s| s.avg_cost.get())
        .decimal("total_cost", |s| s.total_cost.get())
        .timestamp("last_modified_on", |s| s.last_modified_on.at())
}
