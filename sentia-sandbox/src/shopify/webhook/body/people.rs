//! Customers, drafts, returns, and what the vendor tells of itself.

use serde_json::{Value, json};

use super::{gid, local};
use crate::shopify::bulk::BulkView;
use crate::shopify::node::money;
use crate::universe::{Customer, DraftOrder, Redaction, Return, Shop};

pub(in super::super) fn customer(shop: &Shop, customer: &Customer) -> Value {
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

pub(in super::super) fn draft(shop: &Shop, draft: &DraftOrder) -> Value {
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
pub(in super::super) fn parcel_back(r: &Return) -> Value {
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

pub(in super::super) fn redaction(shop: &Shop, redaction: &Redaction) -> Value {
    json!({
        "shop_id": shop.id,
        "shop_domain": shop.domain,
        "customer": {"id": redaction.customer, "email": redaction.email, "phone": null},
        "orders_to_redact": redaction.orders,
    })
}

pub(in super::super) fn bulk(shop: &Shop, bulk: &BulkView) -> Value {
    json!({
        "admin_graphql_api_id": gid("BulkOperation", bulk.id),
        "completed_at": bulk.completed_at.map_or(Value::Null, |at| local(shop, at)),
        "created_at": local(shop, bulk.created_at),
        "error_code": bulk.error_code.map(str::to_lowercase),
        "status": bulk.status.to_lowercase(),
        "type": "query",
    })
}
