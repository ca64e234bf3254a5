//! Reports 2021-06-30: asked for, queued, made, and downloaded from a URL of five minutes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::fault::{AmazonFault, Door};
use super::operation::Operation;
use super::page::Read;
use super::params::{self, Params, market};
use super::refusal::Refusal;
use super::report_desk::{Fate, Link, Requested, Shown, Wish, report_of, shown_settlement};
use super::report_file::Table;
use super::report_kind::ReportKind;
use super::report_rows::{self, Scope};
use super::settlement_file;
use super::state::{AmazonState, lock};
use crate::universe::SellerAccount;

const RETENTION: TimeDelta = TimeDelta::days(90);
const LONGEST_ORDERS: TimeDelta = TimeDelta::days(30);
const STATUSES: [&str; 5] = ["CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE"];

/// Everything the account has reports of, the latest first.
fn all(state: &AmazonState, account: &SellerAccount, now: DateTime<Utc>) -> Vec<Shown> {
    let settings = lock(&state.settings).clone();
    let desk = lock(&state.reports);
    let requested = desk.reports.iter().map(|report| report.shown(now, &settings));
    let settled = account.settlements.iter().filter(|s| s.reported_at <= now).map(shown_settlement);
    let mut all: Vec<Shown> =
        requested.chain(settled).filter(|report| now - report.created_at <= RETENTION).collect();
    all.sort_by_key(|report| (std::cmp::Reverse(report.created_at), report.id.clone()));
    all
}

fn read_wish(body: &[u8], account: &SellerAccount, now: DateTime<Utc>) -> Result<Wish, Refusal> {
    const KNOWN: [&str; 5] =
        ["reportType", "marketplaceIds", "dataStartTime", "dataEndTime", "reportOptions"];
    let body: Value =
        serde_json::from_slice(body).map_err(|_| Refusal::invalid("The body is not valid JSON."))?;
    let members = body.as_object().ok_or_else(|| Refusal::invalid("The body is not an object."))?;
    if let Some(name) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Refusal::invalid(format!("Unsupported member: {name}.")));
    }
    let kind = body["reportType"].as_str().and_then(ReportKind::of);
    let kind = kind.ok_or_else(|| Refusal::invalid("Invalid report type."))?;
    if kind == ReportKind::Settlement {
        return Err(Refusal::invalid("Reports of this type are made by Amazon and cannot be requested."));
    }
    let ids = body["marketplaceIds"].as_array().map(Vec::as_slice).unwrap_or_default();
    if ids.is_empty() || ids.len() > 25 {
        return Err(Refusal::invalid("marketplaceIds must hold 1 to 25 marketplaces."));
    }
    let markets: Result<Vec<usize>, Refusal> =
        ids.iter().map(|id| market(account, id.as_str().unwrap_or_default())).collect();
    let moment = |name: &str| match &body[name] {
        Value::Null => Ok(None),
        value => {
            let at = value.as_str().and_then(params::moment).filter(|at| *at <= now);
            at.map(Some).ok_or_else(|| Refusal::invalid(format!("{name} is not a date before now.")))
        }
    };
    let (start, end) = (moment("dataStartTime")?, moment("dataEndTime")?);
    if start.unwrap_or(now) > end.unwrap_or(now) {
        return Err(Refusal::invalid("dataStartTime must be before dataEndTime."));
    }
    let options = body["reportOptions"].as_object().into_iter().flatten();
    let options = options.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    Ok(Wish { kind, markets: markets?, start, end, options: options.collect() })
}

pub(crate) fn create(state: &AmazonState, body: &[u8]) -> Result<Value, Refusal> {
    let now = state.world.clock.now();
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let wish = read_wish(body, account, now)?;
    let (start, end) = (wish.start.unwrap_or(now), wish.end.unwrap_or(now));
    let scope = Scope { markets: &wish.markets, start, end, now, options: &wish.options };
    let table = report_rows::requested(account, wish.kind, &scope);
    drop(universe);
    let fault = state.strike(Door::NewReport, wish.kind.name());
    let repeat = lock(&state.settings).repeat_interval;
    let mut desk = lock(&state.reports);
    let equal =
        |report: &Requested| report.wish == wish && now - report.created_at < repeat && !report.called_off;
    let fate = match fault {
        Some(AmazonFault::ReportFatal) => Fate::Fatal,
        Some(AmazonFault::ReportCancelled) => Fate::Cancelled,
        Some(AmazonFault::ReportStuck) => Fate::Stuck,
        _ if wish.kind.has_short_window() && end - start > LONGEST_ORDERS => Fate::Fatal,
        // No data, or the same once more too soon: cancelled without a file either way.
        _ if table.is_empty() || desk.reports.iter().any(equal) => Fate::Cancelled,
        _ => Fate::Done,
    };
    let reason =
        "Your report could not be created: the requested date range or an internal dependency failed.";
    let table = if fate == Fate::Fatal { Table::note(reason) } else { table };
    let id = format!("{:011}", 60_000_000_000 + desk.rng.next() % 9_000_000_000);
    let report = Requested { id: id.clone(), wish, created_at: now, fate, called_off: false, table };
    desk.reports.push(report);
    Ok(json!({"reportId": id}))
}

pub(crate) fn get(state: &AmazonState, id: &str) -> Result<Value, Refusal> {
    let now = state.world.clock.now();
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let found = all(state, account, now).into_iter().find(|report| report.id == id);
    found.map(|report| report.json(account)).ok_or_else(|| Refusal::not_found("Report"))
}

pub(crate) fn cancel(state: &AmazonState, id: &str) -> Result<(), Refusal> {
    let now = state.world.clock.now();
    let settings = lock(&state.settings).clone();
    let mut desk = lock(&state.reports);
    let found = desk.reports.iter_mut().find(|report| report.id == id);
    let report = found.ok_or_else(|| Refusal::not_found("Report"))?;
    if report.shown(now, &settings).status != "IN_QUEUE" {
        return Err(Refusal::invalid("Only reports with processingStatus=IN_QUEUE can be cancelled."));
    }
    report.called_off = true;
    Ok(())
}

pub(crate) fn list(state: &AmazonState, query: &str, fault: Option<AmazonFault>) -> Result<Value, Refusal> {
    const KNOWN: [&str; 7] = [
        "reportTypes",
        "processingStatuses",
        "marketplaceIds",
        "pageSize",
        "createdSince",
        "createdUntil",
        "nextToken",
    ];
    let now = state.world.clock.now();
    let asked = Params::parse(query, &KNOWN)?;
    let token = asked.text("nextToken");
    let mut filters = asked.filters("nextToken");
    if let Some(token) = token {
        if !filters.is_empty() {
            return Err(Refusal::invalid("nextToken must be the only parameter."));
        }
        let known = lock(&state.pages).filters_of(token).cloned();
        filters = known.ok_or_else(|| Refusal::invalid("The nextToken is invalid."))?;
    }
    let params = Params::remembered(filters.clone());
    let read = Read { operation: Operation::GetReports, filters };
    let mut turn = lock(&state.pages).open(&read, token, now, None, fault)?;
    let types = params.list("reportTypes", 10)?;
    if types.is_empty() {
        return Err(Refusal::invalid("Either reportTypes or nextToken is required."));
    }
    if types.iter().any(|name| ReportKind::of(name).is_none()) {
        return Err(Refusal::invalid("Invalid report type."));
    }
    let statuses = params.choices("processingStatuses", &STATUSES)?;
    let since = params.moment("createdSince")?.unwrap_or(now - RETENTION);
    let until = *turn.bound.get_or_insert(params.moment("createdUntil")?.unwrap_or(now));
    let size = state.page_size(params.size("pageSize", 100, 10)?);
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let markets = params.markets("marketplaceIds", account, 10)?;
    let found: Vec<Shown> = all(state, account, now)
        .into_iter()
        .filter(|report| types.contains(&report.kind.name()))
        .filter(|report| statuses.is_empty() || statuses.contains(&report.status))
        .filter(|report| markets.is_empty() || report.markets.iter().any(|market| markets.contains(market)))
        .filter(|report| since <= report.created_at && report.created_at <= until)
        .collect();
    let key = |report: &Shown| {
        format!("{:020}{}", 9_999_999_999_999 - report.created_at.timestamp_millis(), report.id)
    };
    let rows: Vec<(String, usize)> = found.iter().enumerate().map(|(at, report)| (key(report), at)).collect();
    let (shown, token) = lock(&state.pages).cut(read, &turn, &rows, size, now, fault);
    let shown: Vec<Value> = shown.into_iter().map(|at| found[at].json(account)).collect();
    let mut body = json!({"reports": shown});
    if let Some(token) = token {
        body["nextToken"] = json!(token);
    }
    Ok(body)
}

pub(crate) fn document(state: &AmazonState, id: &str, query: &str) -> Result<Value, Refusal> {
    let params = Params::parse(query, &["enableContentEncodingUrlHeader"])?;
    let now = state.world.clock.now();
    let (kind, _) = table_of(state, id, now).ok_or_else(|| Refusal::not_found("Report document"))?;
    let mut desk = lock(&state.reports);
    let signature = format!("{}{}", desk.rng.guid().simple(), desk.rng.guid().simple());
    let says_gzip = params.is_true("enableContentEncodingUrlHeader") && kind.is_compressed();
    let link = Link { document: id.to_owned(), issued_at: now, says_gzip };
    desk.links.insert(signature.clone(), link);
    let stamp = now.format("%Y%m%dT%H%M%SZ");
    let algorithm = "X-Amz-Algorithm=AWS4-HMAC-SHA256";
    let url = format!(
        "{}/documents/{id}?{algorithm}&X-Amz-Date={stamp}&X-Amz-Expires=300&X-Amz-Signature={signature}",
        state.base_url
    );
    let mut out = json!({"reportDocumentId": id, "url": url});
    if kind.is_compressed() {
        out["compressionAlgorithm"] = json!("GZIP");
    }
    Ok(out)
}

/// The table behind a document, once its report is over.
pub(crate) fn table_of(
    state: &AmazonState,
    document: &str,
    now: DateTime<Utc>,
) -> Option<(ReportKind, Table)> {
    let id = report_of(document)?;
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let shown = all(state, account, now).into_iter().find(|report| report.id == id && report.document)?;
    if shown.kind == ReportKind::Settlement {
        let settlement = account.settlements.iter().find(|settlement| settlement.report_id == id)?;
        return Some((shown.kind, settlement_file::settlement(account, settlement)));
    }
    let desk = lock(&state.reports);
    let report = desk.reports.iter().find(|report| report.id == id)?;
    Some((shown.kind, report.table.clone()))
}
