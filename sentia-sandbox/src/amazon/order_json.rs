//! Orders of the version 2026-01-01: only what was asked for is told.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::universe::{FulfilledBy, Market, MarketOrder, MarketOrderItem, MarketOrderStatus, MarketPackage};

/// The data sets of the parameter `includedData`.
pub(crate) const DATA_SETS: [&str; 11] = [
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
];

/// `2026-11-22T19:00:00Z`.
pub(crate) fn second(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Money as text of two places.
pub(crate) fn money(amount: Decimal, currency: &str) -> Value {
    json!({"amount": two_places(amount), "currencyCode": currency})
}

pub(crate) fn two_places(mut amount: Decimal) -> String {
    amount.rescale(2);
    amount.to_string()
}

/// An order as it is shown to somebody who asked for `wanted`.
pub(crate) fn order(order: &MarketOrder, market: &Market, wanted: &[&str]) -> Value {
    let asked = |set: &str| wanted.contains(&set);
    let mut out = Map::new();
    out.insert("orderId".to_owned(), json!(order.id));
    out.insert("createdTime".to_owned(), json!(second(order.created_at)));
    out.insert("lastUpdatedTime".to_owned(), json!(second(order.updated_at)));
    out.insert("salesChannel".to_owned(), sales_channel(order, market));
    out.insert("programs".to_owned(), json!(order.programs));
    if let Some(original) = &order.replaces {
        let link = json!({"orderId": original, "associationType": "REPLACEMENT_ORIGINAL_ID"});
        out.insert("associatedOrders".to_owned(), json!([link]));
    }
    if asked("BUYER") {
        out.insert("buyer".to_owned(), buyer(order));
    }
    if asked("RECIPIENT") {
        out.insert("recipient".to_owned(), recipient(order));
    }
    if asked("PROCEEDS")
        && let Some(total) = order.grand_total(market.taxes_included)
    {
        let breakdowns = breakdowns(&order.items.iter().collect::<Vec<_>>(), market, false);
        let proceeds = json!({"grandTotal": money(total, market.currency), "breakdowns": breakdowns});
        out.insert("proceeds".to_owned(), proceeds);
    }
    if asked("FULFILLMENT") {
        out.insert("fulfillment".to_owned(), fulfillment(order));
    }
    if asked("PAYMENT")
        && let Some(total) = order.grand_total(market.taxes_included)
    {
        let execution = json!({"paymentMethod": "Standard", "paymentAmount": money(total, market.currency)});
        out.insert("payment".to_owned(), json!({"paymentExecutions": [execution]}));
    }
    if asked("PACKAGES") && !order.packages.is_empty() {
        let packages: Vec<Value> = order.packages.iter().map(|parcel| package(order, parcel)).collect();
        out.insert("packages".to_owned(), json!(packages));
    }
    let items: Vec<Value> = order.items.iter().map(|line| item(order, line, market, wanted)).collect();
    out.insert("orderItems".to_owned(), json!(items));
    Value::Object(out)
}

fn sales_channel(order: &MarketOrder, market: &Market) -> Value {
    if order.on_amazon {
        json!({"channelName": "AMAZON", "marketplaceId": market.id, "marketplaceName": market.name})
    } else {
        json!({"channelName": "NON_AMAZON", "marketplaceId": market.id})
    }
}

fn buyer(order: &MarketOrder) -> Value {
    let mut out = json!({"buyerName": order.buyer.name});
    // The address is told for what the seller ships.
    if order.by == FulfilledBy::Merchant {
        out["buyerEmail"] = json!(order.buyer.email);
    }
    if let Some(number) = &order.buyer.po_number {
        out["buyerPurchaseOrderNumber"] = json!(number);
    }
    out
}

fn recipient(order: &MarketOrder) -> Value {
    let mut address = json!({
        "name": order.buyer.name,
        "addressLine1": "1 High Street",
        "city": order.buyer.city,
        "postalCode": order.buyer.postal_code,
        "countryCode": order.buyer.country,
        "addressType": "RESIDENTIAL",
    });
    if let Some(state) = order.buyer.state {
        address["stateOrRegion"] = json!(state);
    }
    json!({"deliveryAddress": address})
}

fn fulfillment(order: &MarketOrder) -> Value {
    let days = |days| second(order.created_at + TimeDelta::days(days));
    json!({
        "fulfillmentStatus": order.status.as_str(),
        "fulfilledBy": order.by.as_str(),
        "fulfillmentServiceLevel": "STANDARD",
        "shipByWindow": {"earliestDateTime": days(0), "latestDateTime": days(2)},
        "deliverByWindow": {"earliestDateTime": days(2), "latestDateTime": days(5)},
    })
}

fn item(order: &MarketOrder, item: &MarketOrderItem, market: &Market, wanted: &[&str]) -> Value {
    let asked = |set: &str| wanted.contains(&set);
    let mut product = json!({
        "asin": item.asin,
        "title": item.title,
        "sellerSku": item.sku,
        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
    });
    let mut out = json!({"orderItemId": item.id, "quantityOrdered": item.quantity});
    if asked("PROCEEDS") && order.is_priced() {
        product["price"] = json!({"unitPrice": money(item.unit_price, market.currency)});
        out["proceeds"] = json!({
            "proceedsTotal": money(item.total(market.taxes_included), market.currency),
            "breakdowns": breakdowns(&[item], market, true),
        });
    }
    out["product"] = product;
    if asked("PROMOTION")
        && let Some(promotion) = &item.promotion
    {
        out["promotion"] = json!({"breakdowns": [{"promotionId": promotion}]});
    }
    let cancelled = order.status == MarketOrderStatus::Cancelled;
    if asked("CANCELLATION") && cancelled {
        let execution = json!({"cancelledBy": "BUYER", "cancelReason": "Buyer requested cancellation"});
        out["cancellation"] = json!({"cancellationExecution": execution});
    }
    if asked("FULFILLMENT") {
        let open = if cancelled { 0 } else { item.quantity - item.shipped };
        out["fulfillment"] = json!({"quantityFulfilled": item.shipped, "quantityUnfulfilled": open});
    }
    if asked("TAX") && !market.taxes_included && order.is_priced() {
        let collection =
            json!({"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."});
        out["tax"] = json!({"taxCollections": [collection]});
    }
    out
}

/// Categories that add up to the total; discounts are negative, and tax appears only where prices lack it.
fn breakdowns(items: &[&MarketOrderItem], market: &Market, detailed: bool) -> Vec<Value> {
    let sum = |part: fn(&MarketOrderItem) -> Decimal| items.iter().map(|item| part(item)).sum::<Decimal>();
    let mut out =
        vec![json!({"type": "ITEM", "subtotal": money(sum(MarketOrderItem::principal), market.currency)})];
    let mut add = |kind: &str, amount: Decimal, details: bool| {
        if amount.is_zero() {
            return;
        }
        let subtotal = money(amount, market.currency);
        let mut row = json!({"type": kind, "subtotal": subtotal.clone()});
        if details {
            row["detailedBreakdowns"] = json!([{"subtype": "ITEM", "value": subtotal}]);
        }
        out.push(row);
    };
    add("SHIPPING", sum(|item| item.shipping), false);
    add("DISCOUNT", -sum(|item| item.discount), detailed);
    if !market.taxes_included {
        add("TAX", sum(|item| item.tax), detailed);
    }
    out
}

fn package(order: &MarketOrder, parcel: &MarketPackage) -> Value {
    let items: Vec<Value> = parcel
        .items
        .iter()
        .map(|(line, quantity)| json!({"orderItemId": order.items[*line].id, "quantity": quantity}))
        .collect();
    json!({
        "packageReferenceId": parcel.id,
        "createdTime": second(parcel.shipped_at),
        "packageStatus": {"status": "SHIPPED"},
        "carrier": parcel.carrier,
        "shipTime": second(parcel.shipped_at),
        "shippingService": "Standard",
        "trackingNumber": parcel.tracking,
        "packageItems": items,
    })
}
