//! `returns`: what customers sent back to Amazon's warehouses.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sentia_core::{Context, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use crate::amazon::{
    client::Client,
    operation::FULFILLMENT,
    report::{self, Cells, Kind, Layout, ReportRow},
};

const OVERLAP: Duration = Duration::from_secs(2 * 86_400);
/// Rows appear late.
const REREAD: Duration = Duration::from_secs(30 * 86_400);
const SLICE: Duration = Duration::from_secs(60 * 86_400);

const KIND: Kind = Kind {
    report_type: "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
    options: &[],
    layout: Layout {
        required: &["return-date", "order-id", "sku", "quantity"],
        identity: &["order-id", "sku", "return-date", "license-plate-number"],
    },
    reach: Duration::from_secs(540 * 86_400),
    grain: TimeDelta::minutes(1),
};

#[derive(Debug, Deserialize)]
#[serde(try_from = "Cells")]
pub(super) struct Return {
    key: String,
    nth: u32,
    returned_at: Option<DateTime<Utc>>,
    order_id: Option<Text>,
    sku: Option<Text>,
    asin: Option<Text>,
    fnsku: Option<Text>,
    product_name: Option<Text>,
    quantity: Option<i64>,
    fulfillment_center: Option<Text>,
    disposition: Option<Text>,
    reason: Option<Text>,
    status: Option<Text>,
    license_plate_number: Option<Text>,
}

impl TryFrom<Cells> for Return {
    type Error = String;

    fn try_from(cells: Cells) -> Result<Self, String> {
        let raw = |name| cells.text(name).unwrap_or_default();
        let key = ["order-id", "sku", "return-date", "license-plate-number"].map(raw);
        if key[0].is_empty() {
            return Err("order-id: is empty".to_owned());
        }
        Ok(Return {
            key: key.each_ref().map(Text::as_str).join("/"),
            nth: 1,
            returned_at: cells.instant("return-date")?,
            order_id: cells.text("order-id"),
            sku: cells.text("sku"),
            asin: cells.text("asin"),
            fnsku: cells.text("fnsku"),
            product_name: cells.text("product-name"),
            quantity: cells.integer("quantity")?,
            fulfillment_center: cells.text("fulfillment-center-id"),
            disposition: cells.text("detailed-disposition"),
            reason: cells.text("reason"),
            status: cells.text("status"),
            license_plate_number: cells.text("license-plate-number"),
        })
    }
}

impl ReportRow for Return {
    fn placed(&mut self, _: u64, nth: u32) {
        self.nth = nth;
    }
}

/// The key of a row; rows that nothing tells apart are numbered in the file's order.
pub(super) fn numbered(key: &str, nth: u32) -> Text {
    Text::from(if nth <= 1 { key.to_owned() } else { format!("{key}#{nth}") })
}

/// The customer's comment stays in the document: it is personal.
pub(super) fn stream() -> Stream<Return> {
    Stream::new("returns", "order-id", |r: &Return| numbered(&r.key, r.nth))
        .describe("a unit that a customer returned to Amazon's warehouse")
        .incremental("return-date", OVERLAP)
        .reread_window(REREAD)
        .max_window(SLICE)
        .scopes(&[FULFILLMENT])
        .columns(
            Fields::<Return>::new()
                .timestamp("returned_at", |r| r.returned_at)
                .text("order_id", |r| r.order_id.clone())
                .text("sku", |r| r.sku.clone())
                .text("asin", |r| r.asin.clone())
                .text("fnsku", |r| r.fnsku.clone())
                .text("product_name", |r| r.product_name.clone())
                .integer("quantity", |r| r.quantity)
                .text("fulfillment_center", |r| r.fulfillment_center.clone())
                .text("disposition", |r| r.disposition.clone())
                .text("reason", |r| r.reason.clone())
                .text("status", |r| r.status.clone())
                .text("license_plate_number", |r| r.license_plate_number.clone()),
        )
}

pub(super) async fn page(
    client: &Client,
    cx: &Context,
    stream: &Stream<Return>,
    request: &Fetch<'_>,
) -> Result<Page> {
    report::page(client, cx, stream, KIND, request).await
}
