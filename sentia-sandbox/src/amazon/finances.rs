//! Finances 2024-06-19: transactions by posting date, in numbers that are numbers.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::fault::AmazonFault;
use super::operation::Operation;
use super::page::Read;
use super::params::{Params, market};
use super::refusal::Refusal;
use super::state::{AmazonState, lock};
use super::transaction_json::row;
use crate::universe::{FulfilledBy, MarketTransaction, Region};

const DELAY: TimeDelta = TimeDelta::minutes(2);
const LONGEST: TimeDelta = TimeDelta::days(180);
const STATUSES: [&str; 3] = ["DEFERRED", "RELEASED", "DEFERRED_RELEASED"];

type Window = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

pub(crate) fn transactions(
    state: &AmazonState,
    query: &str,
    fault: Option<AmazonFault>,
) -> Result<Value, Refusal> {
    let params = Params::parse(
        query,
        &[
            "postedAfter",
            "postedBefore",
            "marketplaceId",
            "transactionStatus",
            "relatedIdentifierName",
            "relatedIdentifierValue",
            "nextToken",
        ],
    )?;
    let now = state.world.clock.now();
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let wanted = params.text("marketplaceId").map(|id| market(account, id)).transpose()?;
    let status = params.choices("transactionStatus", &STATUSES)?.first().copied();
    let related = related(&params)?;
    let (after, before) = window(&params, related.is_some(), now)?;
    let latest = now - DELAY;
    let read = Read { operation: Operation::ListTransactions, filters: params.filters("nextToken") };
    let mut turn = lock(&state.pages).open(&read, params.text("nextToken"), now, None, fault)?;
    let before = *turn.bound.get_or_insert(before.unwrap_or_else(|| latest.trunc_subsecs(0)));
    // Longer windows are answered with nothing, and not with an error.
    let too_long = after.is_some_and(|after| before - after > LONGEST);
    let found = |t: &MarketTransaction| {
        // Orders that the seller ships vanish in the USA once a marketplace is named.
        let hidden = account.region == Region::Usa && t.by == FulfilledBy::Merchant;
        !too_long
            && t.visible_at <= now
            && after.is_none_or(|after| after <= t.posted_at && t.posted_at < before)
            && wanted.is_none_or(|market| t.market == market && !hidden)
            && status.is_none_or(|status| t.status.as_str() == status)
            && related.is_none_or(|related| is_related(t, related))
    };
    let rows = account.transactions.iter().enumerate().filter(|(_, t)| found(t));
    let mut rows: Vec<(String, usize)> =
        rows.map(|(at, t)| (format!("{:020}{}", t.posted_at.timestamp_millis(), t.id), at)).collect();
    rows.sort_unstable();
    let (shown, token) = lock(&state.pages).cut(read, &turn, &rows, state.page_size(500), now, fault);
    let shown: Vec<Value> = shown.into_iter().map(|at| row(account, &account.transactions[at])).collect();
    let mut payload = json!({"transactions": shown});
    if let Some(token) = token {
        payload["nextToken"] = json!(token);
    }
    Ok(json!({"payload": payload}))
}

/// The posting dates, where `related` says whether they may be left out.
fn window(params: &Params, related: bool, now: DateTime<Utc>) -> Result<Window, Refusal> {
    let (after, before) = (params.moment("postedAfter")?, params.moment("postedBefore")?);
    if after.is_none() && !related {
        return Err(Refusal::invalid("postedAfter is required unless a related identifier is given."));
    }
    let latest = now - DELAY;
    if after.is_some_and(|after| after >= latest) || before.is_some_and(|before| before > latest) {
        return Err(Refusal::invalid("Dates must be more than two minutes before the time of the request."));
    }
    if before.is_some_and(|before| after.is_some_and(|after| before <= after)) {
        return Err(Refusal::invalid("postedBefore must be later than postedAfter."));
    }
    Ok((after, before))
}

fn related(params: &Params) -> Result<Option<(&str, &str)>, Refusal> {
    match (params.text("relatedIdentifierName"), params.text("relatedIdentifierValue")) {
        (None, None) => Ok(None),
        (Some(name @ ("ORDER_ID" | "FINANCIAL_EVENT_GROUP_ID")), Some(value)) => Ok(Some((name, value))),
        _ => Err(Refusal::invalid(
            "relatedIdentifierName must be ORDER_ID or FINANCIAL_EVENT_GROUP_ID, and comes with a value.",
        )),
    }
}

fn is_related(transaction: &MarketTransaction, (name, value): (&str, &str)) -> bool {
    let known = if name == "ORDER_ID" { &transaction.order } else { &transaction.group };
    known.as_deref() == Some(value)
}
