//! Fulfillment orders and their lines.

use serde_json::{Value, json};

use super::super::node::{Node, Resolved, Scene, gid, time};
use super::super::order_fields::sold;
use super::Office;
use crate::universe::{Location, Order};

pub(super) fn fulfillment_order<'u>(scene: Scene<'u>, order: &'u Order, field: &str) -> Resolved<'u> {
    let own = order.fulfillment_order();
    Resolved::Leaf(match field {
        "order" => return Resolved::Object(Node::Order(order)),
        "assignedLocation" => {
            let location = scene.shop.locations.first();
            return Resolved::maybe(location.map(|l| Node::Office(Office::AssignedLocation(l))));
        }
        "lineItems" => {
            let lines = 0..order.lines.len();
            return Resolved::children(lines.map(|at| Node::Office(Office::FulfillmentOrderLine(order, at))));
        }
        "id" => gid("FulfillmentOrder", own.id),
        "status" => json!(own.status),
        "requestStatus" => json!(if own.status == "CLOSED" { "CLOSED" } else { "UNSUBMITTED" }),
        "createdAt" | "fulfillAt" => time(own.stamp.created_at),
        "updatedAt" => time(own.stamp.updated_at),
        "orderId" => gid("Order", order.id),
        "orderName" => json!(order.name()),
        "orderProcessedAt" => time(order.stamp.created_at),
        _ => Value::Null,
    })
}

pub(super) fn line<'u>(scene: Scene<'u>, order: &'u Order, at: usize, field: &str) -> Resolved<'u> {
    let line = &order.lines[at];
    let variant = || sold(scene, line.variant);
    Resolved::Leaf(match field {
        "lineItem" => return Resolved::Object(Node::Line(order, at)),
        "variant" => {
            return Resolved::maybe(variant().map(|(product, variant)| Node::Variant(product, variant)));
        }
        "id" => gid("FulfillmentOrderLineItem", line.fulfillment_order_line_id()),
        "totalQuantity" => json!(line.quantity),
        "remainingQuantity" => json!(order.open_quantity(at)),
        "requiresShipping" => json!(true),
        "inventoryItemId" => variant().map_or(Value::Null, |(_, v)| gid("InventoryItem", v.item.id)),
        "productTitle" => json!(line.title),
        "variantTitle" => json!(line.variant_title),
        "sku" => json!(line.sku),
        "vendor" => json!("Hearth & Grain"),
        _ => Value::Null,
    })
}

pub(super) fn assigned<'u>(location: &'u Location, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "location" => return Resolved::Object(Node::Location(location)),
        "name" => json!(location.name),
        "countryCode" => json!(location.country),
        "province" => json!(location.province),
        "city" => json!(location.city),
        "zip" => json!(location.zip),
        _ => Value::Null,
    })
}
