//! Finances 2024-06-19: transactions by posting date, in numbers that are numbers.

use chrono::{SubsecRound, TimeDelta};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::fault::AmazonFault;
use super::operation::Operation;
use super::order_json::second;
use super::page::Read;
use super::params::{Params, market};
use super::refusal::Refusal;
use super::server::{AmazonState, lock};
use crate::universe::{
    FulfilledBy, Market, MarketCharge, MarketTransaction, Region, ReleaseStatus, SellerAccount,
    TransactionItem,
};

const DELAY: TimeDelta = TimeDelta::minutes(2);
const LONGEST: TimeDelta = TimeDelta::days(180);
const STATUSES: [&str; 3] = ["DEFERRED", "RELEASED", "DEFERRED_RELEASED"];

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
    let (after, before) = (params.moment("postedAfter")?, params.moment("postedBefore")?);
    if after.is_none() && related.is_none() {
        return Err(Refusal::invalid("postedAfter is required unless a related identifier is given."));
    }
    let latest = now - DELAY;
    if after.is_some_and(|after| after >= latest) || before.is_some_and(|before| before > latest) {
        return Err(Refusal::invalid("Dates must be more than two minutes before the time of the request."));
    }
    if before.is_some_and(|before| after.is_some_and(|after| before <= after)) {
        return Err(Refusal::invalid("postedBefore must be later than postedAfter."));
    }
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

pub(crate) fn row(account: &SellerAccount, transaction: &MarketTransaction) -> Value {
    let market = &account.markets[transaction.market];
    let related = [
        ("ORDER_ID", &transaction.order),
        ("SHIPMENT_ID", &transaction.shipment),
        ("FINANCIAL_EVENT_GROUP_ID", &transaction.group),
    ];
    let related: Vec<Value> = related
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| (name, value)))
        .map(|(name, value)| json!({"relatedIdentifierName": name, "relatedIdentifierValue": value}))
        .collect();
    let deferred = transaction.matures_at.filter(|_| transaction.status == ReleaseStatus::Deferred);
    let contexts: Vec<Value> = deferred
        .map(|at| json!({"contextType": "DeferredContext", "deferralReason": "DD7", "maturityDate": second(at)}))
        .into_iter()
        .collect();
    let charges: Vec<&MarketCharge> = transaction.items.iter().flat_map(|item| &item.charges).collect();
    json!({
        "sellingPartnerMetadata": {
            "sellingPartnerId": account.seller_id,
            "accountType": "Standard Orders",
            "marketplaceId": market.id,
        },
        "relatedIdentifiers": related,
        "transactionType": transaction.kind,
        "transactionId": transaction.id,
        "transactionStatus": transaction.status.as_str(),
        "description": transaction.description,
        "postedDate": second(transaction.posted_at),
        "totalAmount": amount(transaction.total(), market),
        "marketplaceDetails": {"marketplaceId": market.id, "marketplaceName": market.name},
        "items": transaction.items.iter().map(|line| item(transaction, line, market)).collect::<Vec<_>>(),
        "contexts": contexts,
        "breakdowns": sides(&charges, market, false),
    })
}

fn item(transaction: &MarketTransaction, item: &TransactionItem, market: &Market) -> Value {
    let mut contexts = Vec::new();
    if let (Some(sku), Some(asin)) = (&item.sku, &item.asin) {
        contexts.push(json!({
            "contextType": "ProductContext",
            "asin": asin,
            "sku": sku,
            "quantityShipped": item.quantity,
            "fulfillmentNetwork": transaction.by.network(),
        }));
    }
    json!({
        "description": item.title,
        "relatedIdentifiers": [],
        "totalAmount": amount(item.total(), market),
        "breakdowns": sides(&item.charges.iter().collect::<Vec<_>>(), market, true),
        "contexts": contexts,
    })
}

/// What was sold and what it cost, each as the root of a tree.
fn sides(charges: &[&MarketCharge], market: &Market, deep: bool) -> Vec<Value> {
    let sum = |charges: &[&MarketCharge]| charges.iter().map(|charge| charge.amount).sum::<Decimal>();
    let (fees, sales): (Vec<&MarketCharge>, Vec<&MarketCharge>) =
        charges.iter().partition(|charge| charge.is_fee());
    let mut out = Vec::new();
    for (name, group, charges) in [("Sales", "ProductCharges", sales), ("Expenses", "AmazonFees", fees)] {
        if charges.is_empty() {
            continue;
        }
        let leaves = charges.iter().map(|charge| node(leaf_name(charge), charge.amount, vec![], market));
        let children = if deep { vec![node(group, sum(&charges), leaves.collect(), market)] } else { vec![] };
        out.push(node(name, sum(&charges), children, market));
    }
    out
}

fn leaf_name(charge: &MarketCharge) -> &'static str {
    match (charge.kind, charge.description) {
        ("ItemPrice", "Principal") => "OurPricePrincipal",
        ("Promotion", _) => "PromoRebates",
        (_, name) => name,
    }
}

fn node(kind: &str, value: Decimal, children: Vec<Value>, market: &Market) -> Value {
    json!({"breakdownType": kind, "breakdownAmount": amount(value, market), "breakdowns": children})
}

/// A number in JSON: the shortest text that is the amount.
fn amount(value: Decimal, market: &Market) -> Value {
    let number: f64 = if value.is_zero() { 0.0 } else { value.to_string().parse().unwrap_or_default() };
    json!({"currencyCode": market.currency, "currencyAmount": number})
}
