//! Bodies in the REST shape: snake_case, numeric ids, money as strings, times in the shop's zone.

use chrono::{DateTime, FixedOffset, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::shopify::bulk::BulkView;
use crate::shopify::node::money;
use crate::shopify::order_fields::{financial_status, fulfillment_status};
use crate::universe::{
    Customer, DraftOrder, Fulfillment, InventoryLevel, Order, Product, Redaction, Refund, Region, Return,
    Shop, Transaction, Variant,
};

/// A time in the shop's zone; the twin takes its winter offset.
pub(super) fn local(shop: &Shop, at: DateTime<Utc>) -> Value {
    let west = if shop.region == Region::Usa { 5 * 3_600 } else { 0 };
    let offset = FixedOffset::west_opt(west).expect("five hours are less than a day");
    json!(at.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

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

pub(super) fn order(shop: &Shop, order: &Order) -> Value {
    let customer = shop.customers.iter().find(|customer| Some(customer.id) == order.customer);
    let lines: Vec<Value> = (0..order.lines.len()).map(|at| line(shop, order, at)).collect();
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
        "customer": customer.map_or(Value::Null, |known| self::customer(shop, known)),
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
        "current_quantity": line.quantity - order.refunded_quantity(at),
        "fulfillable_quantity": order.open_quantity(at),
        "price": money(line.unit_price),
        "total_discount": money(line.discount),
        "requires_shipping": true,
        "taxable": true,
        "gift_card": false,
    })
}

pub(super) fn refund(shop: &Shop, order: &Order, refund: &Refund) -> Value {
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

pub(super) fn fulfillment(shop: &Shop, order: &Order, sent: &Fulfillment) -> Value {
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

pub(super) fn transaction(shop: &Shop, order: &Order, transaction: &Transaction) -> Value {
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

pub(super) fn product(shop: &Shop, product: &Product) -> Value {
    let variants = product.variants.iter().enumerate().map(|(at, variant)| {
        let stock: i64 = variant.item.levels.iter().map(|level| level.available).sum();
        json!({
            "id": variant.id,
            "admin_graphql_api_id": gid("ProductVariant", variant.id),
            "product_id": product.id,
            "inventory_item_id": variant.item.id,
            "sku": variant.sku,
            "barcode": variant.barcode,
            "title": variant.title,
            "price": money(variant.price),
            "compare_at_price": variant.compare_at.map_or(Value::Null, money),
            "position": at + 1,
            "taxable": true,
            "inventory_quantity": stock,
            "created_at": local(shop, variant.stamp.created_at),
            "updated_at": local(shop, variant.stamp.updated_at),
        })
    });
    json!({
        "id": product.id,
        "admin_graphql_api_id": gid("Product", product.id),
        "title": product.title,
        "handle": product.handle,
        "status": product.status.to_lowercase(),
        "vendor": product.vendor,
        "product_type": product.product_type,
        "tags": product.tags.join(", "),
        "created_at": local(shop, product.stamp.created_at),
        "updated_at": local(shop, product.stamp.updated_at),
        "variants": variants.collect::<Vec<Value>>(),
    })
}

pub(super) fn item(shop: &Shop, variant: &Variant) -> Value {
    let item = &variant.item;
    json!({
        "id": item.id,
        "admin_graphql_api_id": gid("InventoryItem", item.id),
        "sku": variant.sku,
        "cost": item.unit_cost.map_or(Value::Null, money),
        "tracked": item.tracked,
        "requires_shipping": true,
        "country_code_of_origin": "GB",
        "harmonized_system_code": item.hs_code,
        "created_at": local(shop, item.stamp.created_at),
        "updated_at": local(shop, item.stamp.updated_at),
    })
}

pub(super) fn level(shop: &Shop, item: u64, level: &InventoryLevel) -> Value {
    json!({
        "inventory_item_id": item,
        "location_id": level.location,
        "available": level.available,
        "updated_at": local(shop, level.stamp.updated_at),
        "admin_graphql_api_id": format!("gid://shopify/InventoryLevel/{}?inventory_item_id={item}", level.id),
    })
}

pub(super) fn customer(shop: &Shop, customer: &Customer) -> Value {
    json!({
        "id": customer.id,
        "admin_graphql_api_id": gid("Customer", customer.id),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "state": "enabled",
        "currency": shop.currency,
        "verified_email": true,
        "tax_exempt": false,
        "created_at": local(shop, customer.stamp.created_at),
        "updated_at": local(shop, customer.stamp.updated_at),
        "default_address": {
            "customer_id": customer.id, "country_code": customer.country, "province_code": customer.province,
            "zip": customer.zip, "default": true,
        },
    })
}

pub(super) fn draft(shop: &Shop, draft: &DraftOrder) -> Value {
    let lines = draft.lines.iter().map(|line| {
        json!({
            "id": line.id,
            "admin_graphql_api_id": gid("DraftOrderLineItem", line.id),
            "variant_id": line.variant,
            "title": line.title,
            "variant_title": line.variant_title,
            "sku": line.sku,
            "quantity": line.quantity,
            "price": money(line.unit_price),
            "custom": line.sku.is_none(),
        })
    });
    json!({
        "id": draft.id,
        "admin_graphql_api_id": gid("DraftOrder", draft.id),
        "name": draft.name(),
        "status": draft.status.to_lowercase(),
        "currency": shop.currency,
        "taxes_included": draft.taxes_included,
        "order_id": draft.order,
        "created_at": local(shop, draft.stamp.created_at),
        "updated_at": local(shop, draft.stamp.updated_at),
        "completed_at": draft.completed_at.map_or(Value::Null, |at| local(shop, at)),
        "invoice_sent_at": draft.invoice_sent_at.map_or(Value::Null, |at| local(shop, at)),
        "subtotal_price": money(draft.subtotal()),
        "total_price": money(draft.total()),
        "total_tax": money(draft.total_tax()),
        "line_items": lines.collect::<Vec<Value>>(),
    })
}

/// A return; a closed one is told in fewer words than the others.
pub(super) fn parcel_back(r: &Return) -> Value {
    let id = gid("Return", r.id);
    if r.status == "CLOSED" {
        return json!({"id": r.id, "admin_graphql_api_id": id, "order_id": r.order, "status": "closed"});
    }
    json!({
        "id": r.id,
        "admin_graphql_api_id": id,
        "status": r.status.to_lowercase(),
        "order": {"id": r.order, "admin_graphql_api_id": gid("Order", r.order)},
        "name": r.name,
        "total_return_line_items": r.lines.len(),
    })
}

pub(super) fn redaction(shop: &Shop, redaction: &Redaction) -> Value {
    json!({
        "shop_id": shop.id,
        "shop_domain": shop.domain,
        "customer": {"id": redaction.customer, "email": redaction.email, "phone": null},
        "orders_to_redact": redaction.orders,
    })
}

pub(super) fn bulk(shop: &Shop, bulk: &BulkView) -> Value {
    json!({
        "admin_graphql_api_id": gid("BulkOperation", bulk.id),
        "completed_at": bulk.completed_at.map_or(Value::Null, |at| local(shop, at)),
        "created_at": local(shop, bulk.created_at),
        "error_code": bulk.error_code.map(str::to_lowercase),
        "status": bulk.status.to_lowercase(),
        "type": "query",
    })
}
