//! `settlements` and `settlement_lines`: what Amazon paid out, and what it is made of.
//!
//! A settlement report cannot be ordered. Amazon makes one about every two weeks; they are listed, and each file is read
//! twice from one download: its totals for the one stream, its lines for the other.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sentia_core::{
    Context, Decoded, Error, ErrorKind, Exact, Fetch, Fields, Page, Result, Stream, Text, page::PageToken,
};
use serde::{Deserialize, Serialize};

use super::{orders::instant, settlement_audit::Audit};
use crate::amazon::{
    client::{Client, Query},
    envelope::{List, Listing},
    error::expired,
    operation::{FINANCE, GET_REPORTS},
    report::{Cells, Fetched, Layout, Place, ReportRow, Rows},
};

/// The only form left: the older flat file and XML were removed on 2026-11-11.
pub(in crate::amazon) const REPORT_TYPE: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";
/// A report is listed when it is done, which is later than its time says.
const OVERLAP: Duration = Duration::from_secs(2 * 86_400);
/// Amazon keeps reports for 90 days; a day less, so that none vanishes between its listing and its download.
const KEPT: TimeDelta = TimeDelta::days(89);
pub(super) const PAGE_ROWS: u32 = 2000;

pub(super) const LAYOUT: Layout = Layout {
    required: &["settlement-id", "total-amount", "currency", "transaction-type", "amount"],
    identity: &[],
};

/// A row of the file: the totals, or a line.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Cells")]
pub(super) struct Row {
    line: u64,
    pub(super) settlement_id: Text,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    deposited_at: Option<DateTime<Utc>>,
    pub(super) total: Option<Exact>,
    currency: Option<Text>,
    pub(super) amount: Option<Exact>,
    quantity: Option<i64>,
    posted_on: Option<NaiveDate>,
    posted_at: Option<DateTime<Utc>>,
    texts: [Option<Text>; 14],
}

/// Headers of text columns; the columns have their names with underscores.
const TEXTS: [&str; 14] = [
    "transaction-type",
    "order-id",
    "merchant-order-id",
    "adjustment-id",
    "shipment-id",
    "marketplace-name",
    "amount-type",
    "amount-description",
    "fulfillment-id",
    "order-item-code",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
    "sku",
    "promotion-id",
];

impl TryFrom<Cells> for Row {
    type Error = String;

    fn try_from(cells: Cells) -> Result<Self, String> {
        Ok(Row {
            line: 0,
            settlement_id: cells.text("settlement-id").ok_or("settlement-id: is empty")?,
            started_at: cells.instant("settlement-start-date")?,
            ended_at: cells.instant("settlement-end-date")?,
            deposited_at: cells.instant("deposit-date")?,
            total: cells.decimal("total-amount")?,
            currency: cells.text("currency"),
            amount: cells.decimal("amount")?,
            quantity: cells.integer("quantity-purchased")?,
            posted_on: cells.day("posted-date")?,
            posted_at: cells.instant("posted-date-time")?,
            texts: TEXTS.map(|name| cells.text(name)),
        })
    }
}

impl ReportRow for Row {
    fn placed(&mut self, row: u64, _: u32) {
        self.line = row;
    }
}

impl Row {
    /// The first row of a file holds the totals and no transaction.
    pub(super) fn is_totals(&self) -> bool {
        self.total.is_some() && self.amount.is_none()
    }
}

/// The lines' `amount` adds up to `total`, or the settlement is held back: see the audit.
pub(super) fn settlements() -> Stream<Row> {
    Stream::new("settlements", "settlement-id", |row: &Row| row.settlement_id.clone())
        .describe("a period that Amazon settled and paid out")
        .incremental("createdTime", OVERLAP)
        .scopes(&[FINANCE])
        .columns(
            Fields::<Row>::new()
                .timestamp("started_at", |row| row.started_at)
                .timestamp("ended_at", |row| row.ended_at)
                .timestamp("deposited_at", |row| row.deposited_at)
                .amount("total", |row| row.total)
                .text("currency_code", |row| row.currency.clone()),
        )
}

/// The currency is the settlement's.
pub(super) fn lines() -> Stream<Row> {
    let key = |row: &Row| Text::from(format!("{}/{}", row.settlement_id, row.line));
    Stream::new("settlement_lines", "settlement-id", key)
        .describe("an amount of a settlement")
        .incremental("createdTime", OVERLAP)
        .scopes(&[FINANCE])
        .columns(
            Fields::<Row>::new()
                .text("settlement_id", |row| Some(row.settlement_id.clone()))
                .integer("line", |row| i64::try_from(row.line).ok())
                .text("transaction_type", |row| row.texts[0].clone())
                .text("order_id", |row| row.texts[1].clone())
                .text("merchant_order_id", |row| row.texts[2].clone())
                .text("adjustment_id", |row| row.texts[3].clone())
                .text("shipment_id", |row| row.texts[4].clone())
                .text("marketplace_name", |row| row.texts[5].clone())
                .text("amount_type", |row| row.texts[6].clone())
                .text("amount_description", |row| row.texts[7].clone())
                .amount("amount", |row| row.amount)
                .text("fulfillment_id", |row| row.texts[8].clone())
                .date("posted_on", |row| row.posted_on)
                .timestamp("posted_at", |row| row.posted_at)
                .text("order_item_code", |row| row.texts[9].clone())
                .text("merchant_order_item_id", |row| row.texts[10].clone())
                .text("merchant_adjustment_item_id", |row| row.texts[11].clone())
                .text("sku", |row| row.texts[12].clone())
                .integer("quantity_purchased", |row| row.quantity)
                .text("promotion_id", |row| row.texts[13].clone()),
        )
}

/// What is still to be read. It is the page token, as JSON: the reports of a listing stand in it, so that a listing is
/// asked for once.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Plan {
    /// Documents, in the order they are read.
    documents: Vec<String>,
    /// The listing's own token of its next page.
    next: Option<String>,
    /// The place in the first document.
    row: u64,
    byte: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(default)]
    report_document_id: Option<String>,
}

impl Plan {
    fn of(token: Option<&str>) -> Result<Option<Self>> {
        let plan = token.map(serde_json::from_str).transpose();
        plan.map_err(|error| {
            let message = "the stored page token is not a list of settlements; run a full read";
            Error::new(ErrorKind::InvalidResponse, message).source(error)
        })
    }

    /// The token of what is left; none when nothing is.
    fn token(self) -> Option<PageToken> {
        let is_left = !self.documents.is_empty() || self.next.is_some();
        // Serializing texts and numbers cannot fail; an empty token would be refused when it is read.
        is_left.then(|| PageToken(serde_json::to_string(&self).unwrap_or_default()))
    }

    /// Without the first document.
    fn behind_first(self) -> Self {
        Plan { documents: self.documents.into_iter().skip(1).collect(), row: 0, byte: 0, ..self }
    }
}

/// Which of the two streams a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The totals.
    Totals,
    /// The lines.
    Lines,
}

pub(super) async fn page(
    client: &Client,
    cx: &Context,
    stream: &Stream<Row>,
    part: Part,
    request: &Fetch<'_>,
) -> Result<Page> {
    let plan = Plan::of(request.page())?;
    let page = match plan {
        Some(plan) if !plan.documents.is_empty() => read(client, cx, stream, part, plan, request).await?,
        plan => {
            let plan = list(client, cx, request, plan.and_then(|plan| plan.next)).await?;
            Page::chained(Decoded::default(), plan.token())
        }
    };
    Ok(page.read_scope(format!("{REPORT_TYPE}; {}", client.account.marketplaces.join(","))))
}

/// Lists the reports that are done. A listing's own token must be the only parameter.
async fn list(client: &Client, cx: &Context, request: &Fetch<'_>, next: Option<String>) -> Result<Plan> {
    let path = "/reports/2021-06-30/reports";
    let query: Query = match &next {
        Some(next) => vec![("nextToken", next.clone())],
        None => {
            let kept = cx.clock().now() - KEPT;
            let since = request.since().map_or(kept, |since| since.max(kept));
            let mut query = vec![
                ("reportTypes", REPORT_TYPE.to_owned()),
                ("processingStatuses", "DONE".to_owned()),
                ("createdSince", instant(since)),
                ("pageSize", "100".to_owned()),
            ];
            // As many marketplaces as the filter takes; the account's other settlements do no harm.
            if client.account.marketplaces.len() <= 10 {
                query.push(("marketplaceIds", client.account.marketplaces.join(",")));
            }
            query
        }
    };
    let answer = client.get(cx, &GET_REPORTS, path, &query).await;
    let response = answer.map_err(|error| expired(error, next.as_deref()))?;
    let listing = Listing::of(&response, List::Reports)?;
    let mut documents = Vec::new();
    for report in &listing.list {
        let listed: Listed = serde_json::from_slice(report)
            .map_err(|error| response.invalid("a report of the list cannot be read").source(error))?;
        documents.extend(listed.report_document_id);
    }
    Ok(Plan { documents, next: listing.next, ..Plan::default() })
}

async fn read(
    client: &Client,
    cx: &Context,
    stream: &Stream<Row>,
    part: Part,
    plan: Plan,
    request: &Fetch<'_>,
) -> Result<Page> {
    // The plan has a first document: `page` lists where it has none.
    let document = plan.documents.first().cloned().unwrap_or_default();
    let mut decoded = Decoded::default();
    if plan.row == 0 {
        let audit = Audit::of(client, cx, stream, &document).await?;
        match part {
            Part::Totals => return Ok(Page::chained(audit.totals(&document), plan.behind_first().token())),
            Part::Lines => decoded.rejected.extend(audit.doubt(&document)),
        }
    }
    let file = Fetched::rows(client, cx, &document, LAYOUT).await?;
    let place = Place { row: plan.row, byte: plan.byte };
    let mut rows = Rows::read(cx.spool(), &file.name, place, request.page_size(PAGE_ROWS)).await?;
    let next = match rows.next.take() {
        Some(Place { row, byte }) => Plan { row, byte, ..plan },
        None => plan.behind_first(),
    };
    let lines = rows.decode(stream, |row| !row.is_totals());
    decoded.records.extend(lines.records);
    decoded.rejected.extend(lines.rejected);
    Ok(Page::chained(decoded, next.token()))
}
