//! Reports that are ordered: a position that carries phase and id, so that a restart goes on with the running report
//! instead of ordering another.
//!
//! The window is cut into slices, one report each. Within a slice the position is `ask`, then `running <report>`, then
//! `rows <report> <document> <place>`. Nothing is ordered before the slice is durable: an order whose answer was lost is
//! found again by its span.

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sentia_core::{
    Context, Decoded, Error, ErrorKind, Fetch, Page, Result, Stream, page::PageToken, slice::Slice,
};
use serde::{Deserialize, Serialize};

use super::{
    document::{Fetched, gone, reason, segment},
    rows::{Place, ReportRow, Rows},
    table::Layout,
};
use crate::amazon::{
    client::{Client, Query},
    envelope::{List, Listing},
    operation::{CREATE_REPORT, GET_REPORT, GET_REPORTS},
    wire::Moment,
};

const PATH: &str = "/reports/2021-06-30/reports";
/// The first wait; the next ones double up to the longest.
const FIRST_POLL: Duration = Duration::from_secs(5);
const LONGEST_POLL: Duration = Duration::from_secs(300);
/// A report that is not made by then never will be: it is ordered anew.
const PATIENCE: TimeDelta = TimeDelta::hours(6);
/// As many of the longest waits, for a report that does not say when it was ordered.
const MOST_POLLS: u32 = 72;
/// Amazon cancels or fails a report that is ordered again sooner than this.
const REPEAT: TimeDelta = TimeDelta::minutes(30);
/// How often a report that failed or got stuck is ordered again within a run; then only by a later one.
const ORDERS: u32 = 3;
const OLD: TimeDelta = TimeDelta::hours(4);
/// The end of a window stays behind the clock.
const DELAY: TimeDelta = TimeDelta::minutes(5);
/// Rows on a page.
const PAGE_ROWS: u32 = 2000;
/// The wait that makes a position durable before what it announces is done.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A type of report that is ordered.
#[derive(Debug, Clone, Copy)]
pub(in crate::amazon) struct Kind {
    /// Amazon's name of it.
    pub(in crate::amazon) report_type: &'static str,
    /// What else is asked for.
    pub(in crate::amazon) options: &'static [(&'static str, &'static str)],
    /// What its file holds.
    pub(in crate::amazon) layout: Layout,
    /// How far back Amazon keeps what it is made of.
    pub(in crate::amazon) reach: Duration,
    /// The border that a window ends at: a day for reports of days.
    pub(in crate::amazon) grain: TimeDelta,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// The slice is durable; look for the report or order it. Counts the orders that failed.
    Ask(u32),
    /// It is being made. Counts the polls, and the orders that failed.
    Running { report: String, polls: u32, failed: u32 },
    /// It is read.
    Rows { document: String, place: Place },
}

impl Phase {
    fn of(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let phase = parts.next()?;
        let mut text = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
        match phase {
            "ask" => Some(Phase::Ask(text()?.parse().ok()?)),
            "running" => Some(Phase::Running {
                report: text()?,
                polls: text()?.parse().ok()?,
                failed: text()?.parse().ok()?,
            }),
            "rows" => {
                let document = text()?;
                let place = Place { row: text()?.parse().ok()?, byte: text()?.parse().ok()? };
                Some(Phase::Rows { document, place })
            }
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Phase::Ask(failed) => format!("ask {failed}"),
            Phase::Running { report, polls, failed } => format!("running {report} {polls} {failed}"),
            Phase::Rows { document, place } => format!("rows {document} {place}"),
        }
    }
}

/// What Amazon says of a report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    report_id: String,
    processing_status: String,
    #[serde(default)]
    report_document_id: Option<String>,
    #[serde(default)]
    created_time: Moment,
    #[serde(default)]
    data_start_time: Moment,
    #[serde(default)]
    data_end_time: Moment,
    #[serde(default)]
    marketplace_ids: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Order<'a> {
    report_type: &'a str,
    marketplace_ids: &'a [String],
    data_start_time: DateTime<Utc>,
    data_end_time: DateTime<Utc>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    report_options: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ordered {
    report_id: String,
}

/// One reading of a slice.
struct Reader<'a> {
    client: &'a Client,
    cx: &'a Context,
    kind: Kind,
    slice: Slice,
    size: u32,
}

/// Reads one page of a stream that comes by ordered reports.
pub(in crate::amazon) async fn page<W: ReportRow>(
    client: &Client,
    cx: &Context,
    stream: &Stream<W>,
    kind: Kind,
    request: &Fetch<'_>,
) -> Result<Page> {
    let now = cx.clock().now() - DELAY;
    let until = now.duration_trunc(kind.grain).unwrap_or(now);
    // A report is of whole grains, so the end that a backfill asks for moves on to the next one.
    let asked = request.until().and_then(|asked| asked.checked_add_signed(kind.grain));
    let asked = asked.map(|asked| asked.duration_trunc(kind.grain).unwrap_or(asked));
    let request = &request.changed_until(asked);
    let slice = Slice::of(request, until, client.account.history.min(kind.reach))?;
    let reader = Reader { client, cx, kind, slice, size: request.page_size(PAGE_ROWS) };
    let page = reader.read(stream).await?;
    let account = &client.account;
    let options: Vec<String> = kind.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let scope = format!("{}; {}; {}", kind.report_type, account.marketplaces.join(","), options.join(","));
    Ok(page.read_scope(scope.trim_end_matches("; ").to_owned()))
}

impl Reader<'_> {
    async fn read<W: ReportRow>(&self, stream: &Stream<W>) -> Result<Page> {
        if self.slice.from >= self.slice.to {
            return Ok(self.ended(Decoded::default()));
        }
        let phase = match self.slice.page.as_deref() {
            None => return Ok(self.wait(&Phase::Ask(0), AT_ONCE)),
            Some(text) => Phase::of(text).ok_or_else(|| {
                let message = "the stored page token is not a place in a report; run a full read";
                Error::new(ErrorKind::InvalidResponse, message).context("token", text)
            })?,
        };
        match phase {
            Phase::Ask(failed) => self.ask(failed).await,
            Phase::Running { report, polls, failed } => self.poll(stream, report, polls, failed).await,
            Phase::Rows { document, place } => self.rows(stream, document, place).await,
        }
    }

    fn token(&self, phase: &Phase) -> PageToken {
        // A slice with a place in it always goes on.
        self.slice.next(Some(&phase.text())).unwrap_or_else(|| PageToken(phase.text()))
    }

    fn wait(&self, phase: &Phase, wait: Duration) -> Page {
        Page::wait(self.token(phase), wait)
    }

    /// The slice is done: the window goes on with the next one, or ends.
    fn ended(&self, decoded: Decoded) -> Page {
        Page::chained(decoded, self.slice.next(None)).bounded_by(self.slice.until)
    }

    /// Adopts the report of this very slice where there is one, and orders it where there is none.
    async fn ask(&self, failed: u32) -> Result<Page> {
        let running = match self.find().await? {
            Some(report) => report.report_id,
            None => self.order().await?,
        };
        Ok(self.wait(&Phase::Running { report: running, polls: 0, failed }, FIRST_POLL))
    }

    async fn find(&self) -> Result<Option<Report>> {
        let account = &self.client.account;
        let mut query: Query = vec![
            ("reportTypes", self.kind.report_type.to_owned()),
            // One that is older got stuck or is not this order's; it is never adopted.
            ("createdSince", text(self.cx.clock().now() - PATIENCE)),
            ("pageSize", "100".to_owned()),
        ];
        if account.marketplaces.len() <= 10 {
            query.push(("marketplaceIds", account.marketplaces.join(",")));
        }
        let response = self.client.get(self.cx, &GET_REPORTS, PATH, &query).await?;
        let listing = Listing::of(&response, List::Reports)?;
        let reports = listing.list.iter().filter_map(|report| serde_json::from_slice::<Report>(report).ok());
        let mut alike: Vec<Report> = reports.filter(|report| self.is_this(report)).collect();
        alike.sort_by_key(|report| report.created_time.at());
        Ok(alike.pop())
    }

    /// A report of the same span and marketplaces; one that failed is not adopted, it would fail again.
    fn is_this(&self, report: &Report) -> bool {
        let sorted = |ids: &[String]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        report.processing_status != "FATAL"
            && report.data_start_time.at() == Some(self.slice.from)
            && report.data_end_time.at() == Some(self.slice.to)
            && report
                .marketplace_ids
                .as_deref()
                .is_some_and(|ids| sorted(ids) == sorted(&self.client.account.marketplaces))
    }

    async fn order(&self) -> Result<String> {
        let options = self.kind.options.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        let order = Order {
            report_type: self.kind.report_type,
            marketplace_ids: &self.client.account.marketplaces,
            data_start_time: self.slice.from,
            data_end_time: self.slice.to,
            report_options: options.collect(),
        };
        let response = self.client.post(self.cx, &CREATE_REPORT, PATH, &order).await?;
        Ok(response.json::<Ordered>()?.report_id)
    }

    async fn poll<W: ReportRow>(
        &self,
        stream: &Stream<W>,
        report: String,
        polls: u32,
        failed: u32,
    ) -> Result<Page> {
        let path = format!("{PATH}/{}", segment(&report));
        let response = self.client.get(self.cx, &GET_REPORT, &path, &Query::new()).await.map_err(gone)?;
        let state: Report = response.json()?;
        match (state.processing_status.as_str(), &state.report_document_id) {
            ("IN_QUEUE" | "IN_PROGRESS", _) if self.age(&state, polls) >= PATIENCE => {
                self.stuck(report, self.age(&state, polls), failed)
            }
            ("IN_QUEUE" | "IN_PROGRESS", _) => {
                let wait = FIRST_POLL.saturating_mul(1 << polls.min(8)).min(LONGEST_POLL);
                Ok(self.wait(&Phase::Running { report, polls: polls + 1, failed }, wait))
            }
            ("DONE", Some(document)) => self.rows(stream, document.clone(), Place::default()).await,
            // Amazon cancels a report by itself when there is nothing to report; nobody here cancels any.
            ("CANCELLED", _) => Ok(self.ended(Decoded::default())),
            ("FATAL", document) => self.failed(report, &state, document.as_deref(), failed).await,
            _ => Err(response
                .invalid("amazon names a state of the report that is not known, or a done one without its document")
                .permanent()
                .context("state", state.processing_status)),
        }
    }

    /// How long ago a report was ordered.
    fn age(&self, report: &Report, polls: u32) -> TimeDelta {
        let unsaid = if polls >= MOST_POLLS { PATIENCE } else { TimeDelta::zero() };
        report.created_time.at().map_or(unsaid, |created| self.cx.clock().now() - created)
    }

    /// A report that is never made is ordered anew, a few times within a run. Then the run ends with an error, and the
    /// next one, which comes later, begins with another order.
    fn stuck(&self, report: String, age: TimeDelta, failed: u32) -> Result<Page> {
        tracing::warn!(report, report_type = self.kind.report_type, "amazon does not make the report");
        if failed < ORDERS {
            return Ok(self.wait(&Phase::Ask(failed + 1), AT_ONCE));
        }
        if age >= PATIENCE + REPEAT {
            return Ok(self.wait(&Phase::Ask(0), AT_ONCE));
        }
        let message =
            "amazon did not make the report, however often it was ordered; a later run orders it again";
        Err(Error::new(ErrorKind::Timeout, message)
            .context("report", report)
            .context("report_type", self.kind.report_type)
            .exhausted())
    }

    /// A failed report is ordered again when that is not too soon; until then it is an error, which says why it failed.
    async fn failed(
        &self,
        report: String,
        state: &Report,
        document: Option<&str>,
        failed: u32,
    ) -> Result<Page> {
        let age = state.created_time.at().map_or(OLD, |created| self.cx.clock().now() - created);
        if age >= OLD || (age >= REPEAT && failed < ORDERS) {
            let again = if age >= OLD { 0 } else { failed + 1 };
            return Ok(self.wait(&Phase::Ask(again), AT_ONCE));
        }
        let message = "amazon could not make the report; a later run orders it again";
        let mut error = Error::new(ErrorKind::InvalidResponse, message)
            .context("report", report)
            .context("report_type", self.kind.report_type);
        if let Some(document) = document {
            let reason = reason(self.client, self.cx, document).await;
            error = error.context("reason", reason.unwrap_or_else(|| "not readable".to_owned()));
        }
        let rest = if failed < ORDERS { REPEAT } else { OLD } - age;
        Err(error.retry_after(rest.to_std().unwrap_or_default()))
    }

    async fn rows<W: ReportRow>(&self, stream: &Stream<W>, document: String, place: Place) -> Result<Page> {
        let file = Fetched::rows(self.client, self.cx, &document, self.kind.layout).await?;
        let mut rows = Rows::read(self.cx.spool(), &file.name, place, self.size).await?;
        let next = rows.next.take();
        let decoded = rows.decode(stream, |_| true);
        Ok(match next {
            Some(place) => Page::more(decoded, self.token(&Phase::Rows { document, place })),
            None => self.ended(decoded),
        })
    }
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_phase_reads_back(report in "[0-9]{1,12}", document in "amzn1[.a-zA-Z0-9-]{1,60}", a in 0u32..99, b in 0u32..99) {
            let place = Place { row: a.into(), byte: b.into() };
            for phase in [
                Phase::Ask(a),
                Phase::Running { report: report.clone(), polls: a, failed: b },
                Phase::Rows { document: document.clone(), place },
            ] {
                prop_assert_eq!(Phase::of(&phase.text()), Some(phase));
            }
        }

        #[test]
        fn nothing_else_does(text in "\\PC{0,30}") {
            if let Some(phase) = Phase::of(&text) {
                prop_assert!(text.starts_with(phase.text().split(' ').next().unwrap_or("?")));
            }
        }
    }
}
