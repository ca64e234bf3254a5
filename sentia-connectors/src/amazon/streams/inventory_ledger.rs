//! `inventory_ledger`: how the stock of each day came about, by country.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use sentia_core::{Context, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use super::returns::numbered;
use crate::amazon::{
    client::Client,
    operation::FULFILLMENT,
    report::{self, Cells, Kind, Layout, ReportRow},
};

const OVERLAP: Duration = Duration::from_secs(2 * 86_400);
/// Days are restated.
const REREAD: Duration = Duration::from_secs(60 * 86_400);
const SLICE: Duration = Duration::from_secs(30 * 86_400);

/// The MSKU and the store stand in the identity beside what the ledger's own grain is: one FNSKU may belong to several
/// SKUs, and a row too many is better than one lost.
const IDENTITY: &[&str] = &["date", "fnsku", "msku", "disposition", "location", "store"];

const KIND: Kind = Kind {
    report_type: "GET_LEDGER_SUMMARY_VIEW_DATA",
    options: &[("aggregatedByTimePeriod", "DAILY"), ("aggregateByLocation", "COUNTRY")],
    layout: Layout {
        required: &["date", "fnsku", "disposition", "starting-warehouse-balance", "ending-warehouse-balance"],
        identity: IDENTITY,
    },
    reach: Duration::from_secs(540 * 86_400),
    grain: TimeDelta::days(1),
};

#[derive(Debug, Deserialize)]
#[serde(try_from = "Cells")]
pub(super) struct Day {
    key: String,
    nth: u32,
    date: Option<NaiveDate>,
    texts: [Option<Text>; 7],
    counts: [Option<i64>; 14],
}

/// Headers of text columns, in their plain form, beside the columns' names.
const TEXTS: [&str; 7] = ["fnsku", "asin", "msku", "title", "disposition", "location", "store"];

/// Headers of quantities. Each is signed: what leaves is negative.
const COUNTS: [&str; 14] = [
    "starting-warehouse-balance",
    "in-transit-between-warehouses",
    "receipts",
    "customer-shipments",
    "customer-returns",
    "vendor-returns",
    "warehouse-transfer-in/out",
    "found",
    "lost",
    "damaged",
    "disposed",
    "other-events",
    "ending-warehouse-balance",
    "unknown-events",
];

impl TryFrom<Cells> for Day {
    type Error = String;

    fn try_from(cells: Cells) -> Result<Self, String> {
        let raw = |name: &&str| cells.text(name).unwrap_or_default();
        let mut key: Vec<Text> = IDENTITY.iter().map(raw).collect();
        let date = cells.american_day("date")?.ok_or("date: is empty")?;
        // The day in one spelling, whatever the file's: a change of format must not make other rows.
        key[0] = Text::from(date.to_string());
        let mut counts = [None; 14];
        for (count, name) in counts.iter_mut().zip(COUNTS) {
            *count = cells.integer(name)?;
        }
        let key: Vec<&str> = key.iter().map(Text::as_str).collect();
        Ok(Day {
            key: key.join("/").trim_end_matches('/').to_owned(),
            nth: 1,
            date: Some(date),
            texts: TEXTS.map(|name| cells.text(name)),
            counts,
        })
    }
}

impl ReportRow for Day {
    fn placed(&mut self, _: u64, nth: u32) {
        self.nth = nth;
    }
}

pub(super) fn stream() -> Stream<Day> {
    Stream::new("inventory_ledger", "Date", |d: &Day| numbered(&d.key, d.nth))
        .describe("a day of one product's stock in one country, with what came and went")
        .incremental("Date", OVERLAP)
        .reread_window(REREAD)
        .max_window(SLICE)
        .scopes(&[FULFILLMENT])
        .columns(
            Fields::<Day>::new()
                .date("date", |d| d.date)
                .text("fnsku", |d| d.texts[0].clone())
                .text("asin", |d| d.texts[1].clone())
                .text("msku", |d| d.texts[2].clone())
                .text("title", |d| d.texts[3].clone())
                .text("disposition", |d| d.texts[4].clone())
                .text("location", |d| d.texts[5].clone())
                .text("store", |d| d.texts[6].clone())
                .integer("starting_balance", |d| d.counts[0])
                .integer("in_transit", |d| d.counts[1])
                .integer("receipts", |d| d.counts[2])
                .integer("customer_shipments", |d| d.counts[3])
                .integer("customer_returns", |d| d.counts[4])
                .integer("vendor_returns", |d| d.counts[5])
                .integer("warehouse_transfers", |d| d.counts[6])
                .integer("found", |d| d.counts[7])
                .integer("lost", |d| d.counts[8])
                .integer("damaged", |d| d.counts[9])
                .integer("disposed", |d| d.counts[10])
                .integer("other_events", |d| d.counts[11])
                .integer("ending_balance", |d| d.counts[12])
                .integer("unknown_events", |d| d.counts[13]),
        )
}

pub(super) async fn page(
    client: &Client,
    cx: &Context,
    stream: &Stream<Day>,
    request: &Fetch<'_>,
) -> Result<Page> {
    report::page(client, cx, stream, KIND, request).await
}
