//! Fields of the query root: the lists, and single objects by id.

use serde_json::{Map, Value, json};

use super::catalog_fields::{VERSIONS, level_row};
use super::node::{Node, Resolved, Row, Scene};
use super::search;
use crate::universe::{Order, Stamp};

/// The scope that a root field needs.
pub(crate) fn required_scope(field: &str) -> Option<&'static str> {
    match field {
        "order" | "orders" | "ordersCount" | "refund" => Some("read_orders"),
        "fulfillment" => Some("read_fulfillments"),
        "product" | "products" | "productsCount" | "productVariant" | "productVariants" => {
            Some("read_products")
        }
        "customer" | "customers" => Some("read_customers"),
        "location" | "locations" => Some("read_locations"),
        "inventoryItem" | "inventoryItems" | "inventoryLevel" => Some("read_inventory"),
        _ => None,
    }
}

pub(crate) fn root<'u>(scene: Scene<'u>, field: &str, arguments: &Map<String, Value>) -> Resolved<'u> {
    let query = arguments.get("query").and_then(Value::as_str);
    let sort = arguments.get("sortKey").and_then(Value::as_str).unwrap_or("ID");
    let sorted = |rows: Vec<Row<'u>>| {
        Resolved::Connection(sort_rows(scene, search::find(scene, field, rows, query), sort))
    };
    let id = arguments.get("id").and_then(Value::as_str);
    match field {
        "shop" => Resolved::Object(Node::Shop),
        "currentAppInstallation" => Resolved::Object(Node::Installation),
        "publicApiVersions" => Resolved::list((0..VERSIONS.len()).map(Node::Version)),
        "orders" => sorted(order_rows(scene)),
        "ordersCount" => {
            Resolved::Object(Node::Count(search::find(scene, field, order_rows(scene), query).len()))
        }
        "products" => sorted(product_rows(scene)),
        "productsCount" => {
            Resolved::Object(Node::Count(search::find(scene, field, product_rows(scene), query).len()))
        }
        "productVariants" => {
            sorted(scene.shop.variants().map(|(p, v)| plain(Node::Variant(p, v), v.id)).collect())
        }
        "customers" => sorted(scene.shop.customers.iter().map(|c| plain(Node::Customer(c), c.id)).collect()),
        "inventoryItems" => {
            sorted(scene.shop.variants().map(|(p, v)| plain(Node::Item(p, v), v.item.id)).collect())
        }
        "locations" => sorted(location_rows(scene, arguments)),
        "location" => Resolved::maybe(match id {
            Some(id) => by_gid(scene, id, Some("Location")),
            None => scene.shop.locations.first().map(Node::Location),
        }),
        "nodes" => {
            let ids = arguments
                .get("ids")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            Resolved::List(ids.map(|id| by_gid(scene, id, None)).collect())
        }
        "node" => Resolved::maybe(id.and_then(|id| by_gid(scene, id, None))),
        _ => Resolved::maybe(id.and_then(|id| by_gid(scene, id, type_of(field)))),
    }
}

fn type_of(field: &str) -> Option<&'static str> {
    Some(match field {
        "order" => "Order",
        "product" => "Product",
        "productVariant" => "ProductVariant",
        "customer" => "Customer",
        "inventoryItem" => "InventoryItem",
        "inventoryLevel" => "InventoryLevel",
        "refund" => "Refund",
        "fulfillment" => "Fulfillment",
        _ => "Nothing",
    })
}

fn plain(node: Node<'_>, id: u64) -> Row<'_> {
    Row { node, id, at: None }
}

fn order_rows<'u>(scene: Scene<'u>) -> Vec<Row<'u>> {
    scene
        .shop
        .orders
        .iter()
        .filter(|order| visible(scene, order))
        .map(|order| plain(Node::Order(order), order.id))
        .collect()
}

/// The 60-day wall: without `read_all_orders` older orders are not there, and nothing says so.
fn visible(scene: Scene<'_>, order: &Order) -> bool {
    scene.has_scope("read_all_orders") || order.stamp.created_at >= scene.now - chrono::TimeDelta::days(60)
}

fn product_rows<'u>(scene: Scene<'u>) -> Vec<Row<'u>> {
    scene.shop.products.iter().map(|product| plain(Node::Product(product), product.id)).collect()
}

fn location_rows<'u>(scene: Scene<'u>, arguments: &Map<String, Value>) -> Vec<Row<'u>> {
    let inactive = arguments.get("includeInactive").and_then(Value::as_bool).unwrap_or(false);
    let shown = scene.shop.locations.iter().filter(|location| inactive || location.active);
    shown.map(|location| plain(Node::Location(location), location.id)).collect()
}

/// Sorts by the key asked for, ties by id; keys that the twin does not know sort by id.
fn sort_rows<'u>(scene: Scene<'u>, mut rows: Vec<Row<'u>>, key: &str) -> Vec<Row<'u>> {
    for row in &mut rows {
        row.at = stamp(row.node).and_then(|stamp| match key {
            "UPDATED_AT" => Some(search::indexed(scene, stamp).unwrap_or(stamp.updated_at)),
            "CREATED_AT" | "PROCESSED_AT" | "PUBLISHED_AT" => Some(stamp.created_at),
            _ => None,
        });
    }
    rows.sort_by_key(|row| (row.at, row.id));
    rows
}

fn stamp(node: Node<'_>) -> Option<Stamp> {
    match node {
        Node::Order(order) => Some(order.stamp),
        Node::Product(product) => Some(product.stamp),
        Node::Customer(customer) => Some(customer.stamp),
        _ => None,
    }
}

/// The object of a GID; none when the id is unknown, of another type than wanted, or out of sight.
fn by_gid<'u>(scene: Scene<'u>, gid: &str, wanted: Option<&str>) -> Option<Node<'u>> {
    let (kind, rest) = gid.strip_prefix("gid://shopify/")?.split_once('/')?;
    if wanted.is_some_and(|wanted| wanted != kind) {
        return None;
    }
    let id: u64 = rest.split('?').next()?.parse().ok()?;
    let shop = scene.shop;
    let orders = || shop.orders.iter().filter(|order| visible(scene, order));
    match kind {
        "Shop" => (shop.id == id).then_some(Node::Shop),
        "Order" => shop.order(id).filter(|order| visible(scene, order)).map(Node::Order),
        "Product" => shop.products.iter().find(|product| product.id == id).map(Node::Product),
        "ProductVariant" => shop.variants().find(|(_, v)| v.id == id).map(|(p, v)| Node::Variant(p, v)),
        "InventoryItem" => shop.variants().find(|(_, v)| v.item.id == id).map(|(p, v)| Node::Item(p, v)),
        "InventoryLevel" => {
            let mut levels = shop
                .variants()
                .flat_map(|(p, v)| v.item.levels.iter().map(move |level| level_row(p, v, level)));
            levels.find(|row| row.id == id).map(|row| row.node)
        }
        "Customer" => shop.customers.iter().find(|customer| customer.id == id).map(Node::Customer),
        "Location" => shop.location(id).map(Node::Location),
        "Refund" => orders().find_map(|o| o.refunds.iter().find(|r| r.id == id).map(|r| Node::Refund(o, r))),
        "Fulfillment" => {
            orders().find_map(|o| o.fulfillments.iter().find(|f| f.id == id).map(|f| Node::Fulfillment(o, f)))
        }
        _ => None,
    }
}

/// `Count`: exact up to 10,000, "at least" beyond.
pub(crate) fn count<'u>(count: usize, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "count" => json!(count.min(10_000)),
        _ => json!(if count > 10_000 { "AT_LEAST" } else { "EXACT" }),
    })
}
