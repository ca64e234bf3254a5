//! FBA inventory summaries: one market a call, fifty rows, a page token of thirty seconds.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::fault::AmazonFault;
use super::operation::Operation;
use super::order_json::second;
use super::page::Read;
use super::params::Params;
use super::refusal::Refusal;
use super::state::{AmazonState, lock};
use crate::universe::FbaStock;

const PARAMETERS: [&str; 8] = [
    "details",
    "granularityType",
    "granularityId",
    "startDateTime",
    "sellerSkus",
    "sellerSku",
    "nextToken",
    "marketplaceIds",
];
const TOKEN_LIFE: TimeDelta = TimeDelta::seconds(30);
const EIGHTEEN_MONTHS: TimeDelta = TimeDelta::days(548);

pub(crate) fn summaries(
    state: &AmazonState,
    query: &str,
    fault: Option<AmazonFault>,
) -> Result<Value, Refusal> {
    let params = Params::parse(query, &PARAMETERS)?;
    let now = state.world.clock.now();
    if params.text("granularityType") != Some("Marketplace") {
        return Err(Refusal::invalid("granularityType must be Marketplace."));
    }
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let market = params.some_markets("marketplaceIds", account, 1)?[0];
    if params.text("granularityId") != Some(account.markets[market].id) {
        return Err(Refusal::invalid("granularityId must be the marketplace id."));
    }
    let since = params.moment("startDateTime")?;
    if since.is_some_and(|since| since < now - EIGHTEEN_MONTHS) {
        return Err(Refusal::invalid("startDateTime must be no earlier than 18 months ago."));
    }
    let skus = match params.text("sellerSku") {
        Some(sku) if params.text("sellerSkus").is_none() => vec![sku],
        _ => params.list("sellerSkus", 50)?,
    };
    let read = Read { operation: Operation::GetInventorySummaries, filters: params.filters("nextToken") };
    let turn = lock(&state.pages).open(&read, params.text("nextToken"), now, Some(TOKEN_LIFE), fault)?;
    let zero_rows = lock(&state.settings).zero_stock_rows;
    let found = |row: &FbaStock| {
        let asked = match since {
            // With a start the skus are ignored.
            Some(since) => row.updated_at >= since,
            None => skus.is_empty() || skus.contains(&row.sku.as_str()),
        };
        row.market == market && asked && (zero_rows || row.total() != 0)
    };
    let rows = account.stock.iter().enumerate().filter(|(_, row)| found(row));
    let mut rows: Vec<(String, usize)> =
        rows.map(|(at, row)| (format!("{}\u{1}{}\u{1}{}", row.sku, row.fn_sku, row.condition), at)).collect();
    rows.sort_unstable();
    let (shown, token) = lock(&state.pages).cut(read, &turn, &rows, state.page_size(50), now, fault);
    let details = params.is_true("details");
    let shown: Vec<Value> = shown.into_iter().map(|at| summary(&account.stock[at], details)).collect();
    let granularity = json!({"granularityType": "Marketplace", "granularityId": account.markets[market].id});
    let mut body = json!({"payload": {"granularity": granularity, "inventorySummaries": shown}});
    if let Some(token) = token {
        body["pagination"] = json!({"nextToken": token});
    }
    Ok(body)
}

fn summary(row: &FbaStock, details: bool) -> Value {
    let mut out = json!({
        "asin": row.asin,
        "fnSku": row.fn_sku,
        "sellerSku": row.sku,
        "condition": row.condition,
        "lastUpdatedTime": second(row.updated_at),
        "productName": row.title,
        "totalQuantity": row.total(),
    });
    if details {
        out["inventoryDetails"] = json!({
            "fulfillableQuantity": row.fulfillable,
            "inboundWorkingQuantity": row.inbound_working,
            "inboundShippedQuantity": row.inbound_shipped,
            "inboundReceivingQuantity": row.inbound_receiving,
            "reservedQuantity": {
                "totalReservedQuantity": row.reserved(),
                "pendingCustomerOrderQuantity": row.reserved_orders,
                "pendingTransshipmentQuantity": row.reserved_transfers,
                "fcProcessingQuantity": 0,
            },
            "researchingQuantity": {"totalResearchingQuantity": 0, "researchingQuantityBreakdown": []},
            "unfulfillableQuantity": {
                "totalUnfulfillableQuantity": row.unfulfillable,
                "customerDamagedQuantity": row.unfulfillable,
                "warehouseDamagedQuantity": 0,
                "distributorDamagedQuantity": 0,
                "carrierDamagedQuantity": 0,
                "defectiveQuantity": 0,
                "expiredQuantity": 0,
            },
        });
    }
    out
}
