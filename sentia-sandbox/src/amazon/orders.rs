//! Orders 2026-01-01: search by one kind of time, two minutes late.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::fault::AmazonFault;
use super::operation::Operation;
use super::order_json::{self, DATA_SETS};
use super::page::Read;
use super::params::Params;
use super::refusal::Refusal;
use super::state::{AmazonState, lock};
use crate::universe::MarketOrder;

const STATUSES: [&str; 7] = [
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
];
const PARAMETERS: [&str; 10] = [
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "fulfillmentStatuses",
    "marketplaceIds",
    "fulfilledBy",
    "maxResultsPerPage",
    "paginationToken",
    "includedData",
];
const DELAY: TimeDelta = TimeDelta::minutes(2);
const TWO_YEARS: TimeDelta = TimeDelta::days(730);
const TOKEN_LIFE: TimeDelta = TimeDelta::hours(24);

/// Which time a search goes by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Created,
    Updated,
}

impl By {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Created => ("createdAfter", "createdBefore"),
            Self::Updated => ("lastUpdatedAfter", "lastUpdatedBefore"),
        }
    }

    fn time(self, order: &MarketOrder) -> DateTime<Utc> {
        match self {
            Self::Created => order.created_at,
            Self::Updated => order.updated_at,
        }
    }
}

pub(crate) fn search(state: &AmazonState, query: &str, fault: Option<AmazonFault>) -> Result<Value, Refusal> {
    let params = Params::parse(query, &PARAMETERS)?;
    let now = state.world.clock.now();
    let by = kind_of(&params)?;
    let read = Read { operation: Operation::SearchOrders, filters: params.filters("paginationToken") };
    let mut turn =
        lock(&state.pages).open(&read, params.text("paginationToken"), now, Some(TOKEN_LIFE), fault)?;
    let (after, before) = window(&params, by, now)?;
    let before = *turn.bound.get_or_insert(before);
    let size = state.page_size(params.size("maxResultsPerPage", 100, 100)?);
    let statuses = params.choices("fulfillmentStatuses", &STATUSES)?;
    let shippers = params.choices("fulfilledBy", &["MERCHANT", "AMAZON"])?;
    let wanted = data_sets(state, &params)?;
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let markets = params.markets("marketplaceIds", account, 50)?;
    let found = |order: &MarketOrder| {
        let late =
            fault == Some(AmazonFault::LateOrders) && order.updated_at > before - TimeDelta::minutes(30);
        let at = by.time(order);
        after <= at
            && at <= before
            && !late
            && order.created_at >= now - TWO_YEARS
            && (markets.is_empty() || markets.contains(&order.market))
            && (statuses.is_empty() || statuses.contains(&order.status.as_str()))
            && (shippers.is_empty() || shippers.contains(&order.by.as_str()))
    };
    let mut rows: Vec<(String, usize)> = account
        .orders
        .iter()
        .enumerate()
        .filter(|(_, order)| found(order))
        .map(|(at, order)| (format!("{:020}{}", by.time(order).timestamp(), order.id), at))
        .collect();
    rows.sort_unstable();
    let (shown, token) = lock(&state.pages).cut(read, &turn, &rows, size, now, fault);
    let shown: Vec<Value> = shown
        .into_iter()
        .map(|at| &account.orders[at])
        .map(|order| order_json::order(order, &account.markets[order.market], &wanted))
        .collect();
    let mut body = json!({"orders": shown});
    body[by.names().1] = json!(order_json::second(before));
    if let Some(token) = token {
        body["pagination"] = json!({"nextToken": token});
    }
    Ok(body)
}

pub(crate) fn get(state: &AmazonState, id: &str, query: &str) -> Result<Value, Refusal> {
    let params = Params::parse(query, &["includedData"])?;
    let wanted = data_sets(state, &params)?;
    let now = state.world.clock.now();
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let found = account.order(id).filter(|order| order.created_at <= now - DELAY);
    let order = found.ok_or_else(|| Refusal::not_found("Order"))?;
    Ok(json!({"order": order_json::order(order, &account.markets[order.market], &wanted)}))
}

/// Exactly one of the two kinds of time.
fn kind_of(params: &Params) -> Result<By, Refusal> {
    let given = |name: &str| params.text(name).is_some();
    let created = given("createdAfter") || given("createdBefore");
    let updated = given("lastUpdatedAfter") || given("lastUpdatedBefore");
    match (given("createdAfter"), given("lastUpdatedAfter")) {
        (true, false) if !updated => Ok(By::Created),
        (false, true) if !created => Ok(By::Updated),
        _ => Err(Refusal::invalid(
            "Exactly one of createdAfter and lastUpdatedAfter must be provided, and no filter of the other kind.",
        )),
    }
}

fn window(params: &Params, by: By, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), Refusal> {
    let (after, before) = by.names();
    let latest = now - DELAY;
    let start = params.moment(after)?.unwrap_or(DateTime::UNIX_EPOCH);
    let end = params.moment(before)?;
    if end.is_some_and(|end| end > latest) {
        let text = format!("{before} must be at least two minutes before the time of the request.");
        return Err(Refusal::invalid(text));
    }
    let end = end.unwrap_or_else(|| latest.trunc_subsecs(0));
    if start > end {
        return Err(Refusal::invalid(format!(
            "{after} must be at least two minutes before now and before {before}."
        )));
    }
    Ok((start, end))
}

/// The data sets asked for; personal ones only for who may see them.
fn data_sets<'p>(state: &AmazonState, params: &'p Params) -> Result<Vec<&'p str>, Refusal> {
    let wanted = params.choices("includedData", &DATA_SETS)?;
    let personal = wanted.iter().any(|set| ["BUYER", "RECIPIENT"].contains(set));
    if personal && !lock(&state.settings).personal_data {
        return Err(Refusal::denied(""));
    }
    Ok(wanted)
}
