//! Transactions as the finances API writes them: trees of amounts that are numbers.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::order_json::second;
use crate::universe::{
    Market, MarketCharge, MarketTransaction, ReleaseStatus, SellerAccount, TransactionItem,
};

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
