//! Orders and what stands under them.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{customer, gid, local};
use crate::shopify::node::money;
use crate::shopify::order_fields::{financial_status, fulfillment_status};
use crate::universe::{Fulfillment, Order, Refund, Shop, Transaction};

/// Some amounts are numbers here and strings everywhere else; the shortest text of the double is that of the decimal.
fn number(amount: Decimal) -> Value {
    serde_json::from_str(&amount.to_string()).unwrap_or(Value::Null)
}

fn set(shop: &Shop, order: &Order, amount: Decimal) -> Value {
    let presented = (amount * order.presentment_rate).round_dp(2);
    json!({
        "shop_money": {"amount": money(amount), "currency_code": shop.currency},
        "presentment_money": {"amount": money(presented), "currency_code": order.presentment_currency},
    })
}

pub(in super::super) fn order(shop: &Shop, order: &Order) -> Value {
    let buyer = shop.customers.iter().find(|customer| Some(customer.id) == order.customer);
    let lines = (0..order.lines.len()).map(|at| {
        let mut line = line(shop, order, at);
        // Only the order itself says how many are left of a line.
        line["current_quantity"] = json!(order.lines[at].quantity - order.refunded_quantity(at));
        line
    });
    let lines: Vec<Value> = lines.collect();
    let refunds: Vec<Value> = order.refunds.iter().map(|r| refund(shop, order, r)).collect();
    let sent: Vec<Value> = order.fulfillments.iter().map(|f| fulfillment(shop, order, f)).collect();
    let shipped = match fulfillment_status(order) {
        "FULFILLED" => json!("fulfilled"),
        "PARTIALLY_FULFILLED" => json!("partial"),
        _ => Value::Null,
    };
    let tags = order.tags.join(", ");
    json!({
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": order.name(),
        "number": order.number.saturating_sub(1_000),
        "order_number": order.number,
        "created_at": local(shop, order.stamp.created_at),
        "processed_at": local(shop, order.stamp.created_at),
        "updated_at": local(shop, order.stamp.updated_at),
        "cancelled_at": order.cancelled_at.map_or(Value::Null, |at| local(shop, at)),
        "closed_at": order.closed_at.map_or(Value::Null, |at| local(shop, at)),
        "currency": shop.currency,
        "presentment_currency": order.presentment_currency,
        "taxes_included": order.taxes_included,
        "test": order.test,
        "source_name": order.source,
        "po_number": order.po_number,
        "tags": tags,
        "financial_status": financial_status(order).to_lowercase(),
        "fulfillment_status": shipped,
        "subtotal_price": money(order.subtotal()),
        "subtotal_price_set": set(shop, order, order.subtotal()),
        "total_price": money(order.total()),
        "total_price_set": set(shop, order, order.total()),
        "total_tax": money(order.total_tax()),
        "total_tax_set": set(shop, order, order.total_tax()),
        "total_discounts": money(order.total_discounts()),
        "current_total_price": money(order.current_total()),
        "current_total_price_set": set(shop, order, order.current_total()),
        "total_shipping_price_set": set(shop, order, order.shipping),
        "customer": buyer.map_or(Value::Null, |known| customer(shop, known)),
        "line_items": lines,
        "refunds": refunds,
        "fulfillments": sent,
    })
}

fn line(shop: &Shop, order: &Order, at: usize) -> Value {
    let line = &order.lines[at];
    let product = shop.variants().find(|(_, v)| Some(v.id) == line.variant).map(|(product, _)| product.id);
    json!({
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "variant_id": line.variant,
        "product_id": product,
        "product_exists": product.is_some(),
        "sku": line.sku,
        "title": line.title,
        "variant_title": line.variant_title,
        "vendor": "Hearth & Grain",
        "quantity": line.quantity,
        "fulfillable_quantity": order.open_quantity(at),
        "price": money(line.unit_price),
        "total_discount": money(line.discount),
        "requires_shipping": true,
        "taxable": true,
        "gift_card": false,
    })
}

pub(in super::super) fn refund(shop: &Shop, order: &Order, refund: &Refund) -> Value {
    let lines = refund.lines.iter().map(|line| {
        let sold = &order.lines[line.line];
        json!({
            "id": line.id,
            "quantity": line.quantity,
            "line_item_id": sold.id,
            "location_id": line.location,
            "restock_type": line.restock.to_lowercase(),
            "subtotal": number(line.subtotal),
            "total_tax": number(line.tax),
            "subtotal_set": set(shop, order, line.subtotal),
            "total_tax_set": set(shop, order, line.tax),
            "line_item": self::line(shop, order, line.line),
        })
    });
    let transactions: Vec<Value> = refund.transactions.iter().map(|t| transaction(shop, order, t)).collect();
    json!({
        "id": refund.id,
        "admin_graphql_api_id": gid("Refund", refund.id),
        "order_id": order.id,
        "created_at": local(shop, refund.stamp.created_at),
        "processed_at": local(shop, refund.stamp.created_at),
        "note": refund.note,
        "refund_line_items": lines.collect::<Vec<Value>>(),
        "transactions": transactions,
    })
}

pub(in super::super) fn fulfillment(shop: &Shop, order: &Order, sent: &Fulfillment) -> Value {
    let lines: Vec<Value> = sent.lines.iter().map(|part| line(shop, order, part.line)).collect();
    let numbers: Vec<&str> = sent.tracking.iter().map(|parcel| parcel.number.as_str()).collect();
    json!({
        "id": sent.id,
        "admin_graphql_api_id": gid("Fulfillment", sent.id),
        "order_id": order.id,
        "name": sent.name,
        "status": sent.status.to_lowercase(),
        "created_at": local(shop, sent.stamp.created_at),
        "updated_at": local(shop, sent.stamp.updated_at),
        "location_id": sent.location,
        "tracking_company": sent.tracking.first().map(|parcel| parcel.company),
        "tracking_numbers": numbers,
        "line_items": lines,
    })
}

pub(in super::super) fn transaction(shop: &Shop, order: &Order, transaction: &Transaction) -> Value {
    json!({
        "id": transaction.id,
        "admin_graphql_api_id": gid("OrderTransaction", transaction.id),
        "order_id": order.id,
        "kind": transaction.kind.to_lowercase(),
        "status": transaction.status.to_lowercase(),
        "gateway": transaction.gateway,
        "amount": money(transaction.amount),
        "currency": shop.currency,
        "test": order.test,
        "created_at": local(shop, transaction.processed_at),
        "processed_at": local(shop, transaction.processed_at),
    })
}
