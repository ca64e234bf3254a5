//! Fields of the query root: the lists, and single objects by id.

use serde_json::{Map, Value, json};

use super::catalog_fields::{VERSIONS, level_row};
use super::node::{Node, Resolved, Row, Scene};
use super::{desk, office, search};
use crate::universe::Stamp;

/// The scopes of which a field needs one; none when it is open to everybody.
pub(crate) fn required_scopes(on: &str, field: &str) -> &'static [&'static str] {
    match (on, field) {
        ("Order", "returns") | ("QueryRoot", "return") => &["read_returns"],
        ("Order" | "QueryRoot", "fulfillmentOrders") | ("QueryRoot", "fulfillmentOrder") => &[
            "read_assigned_fulfillment_orders",
            "read_merchant_managed_fulfillment_orders",
            "read_third_party_fulfillment_orders",
        ],
        ("ShopifyPaymentsAccount", "payouts" | "balanceTransactions") => &["read_shopify_payments_payouts"],
        ("QueryRoot", _) => root_scopes(field),
        _ => &[],
    }
}

fn root_scopes(field: &str) -> &'static [&'static str] {
    match field {
        "order" | "orders" | "ordersCount" | "refund" => &["read_orders"],
        "fulfillment" => &["read_fulfillments"],
        "product"
        | "products"
        | "productsCount"
        | "productVariant"
        | "productVariants"
        | "productVariantsCount" => &["read_products"],
        "customer" | "customers" | "customersCount" => &["read_customers"],
        "location" | "locations" => &["read_locations"],
        "inventoryItem" | "inventoryItems" | "inventoryLevel" => &["read_inventory"],
        "draftOrder" | "draftOrders" | "draftOrdersCount" => &["read_draft_orders"],
        "shopifyPaymentsAccount" => &["read_shopify_payments", "read_shopify_payments_accounts"],
        _ => &[],
    }
}

pub(crate) fn root<'u>(scene: Scene<'u>, field: &str, arguments: &Map<String, Value>) -> Resolved<'u> {
    let list = |rows: Vec<Row<'u>>| listed(scene, field, rows, arguments);
    let id = arguments.get("id").and_then(Value::as_str);
    match field {
        "shop" => Resolved::Object(Node::Shop),
        "currentAppInstallation" => Resolved::Object(Node::Installation),
        "publicApiVersions" => Resolved::list((0..VERSIONS.len()).map(Node::Version)),
        "orders" => list(order_rows(scene)),
        "products" => list(product_rows(scene)),
        "productVariants" => list(variant_rows(scene)),
        "customers" => list(customer_rows(scene)),
        "inventoryItems" => {
            list(scene.shop.variants().map(|(p, v)| plain(Node::Item(p, v), v.item.id)).collect())
        }
        "locations" => list(location_rows(scene, arguments)),
        "shopifyPaymentsAccount" | "fulfillmentOrders" | "draftOrders" => {
            office::root(scene, field, arguments)
        }
        "bulkOperations" | "currentBulkOperation" | "webhookSubscriptions" => {
            desk::root(scene, field, arguments)
        }
        "location" => Resolved::maybe(match id {
            Some(id) => by_gid(scene, id, Some("Location")),
            None => scene.shop.locations.first().map(Node::Location),
        }),
        "nodes" => {
            let ids = arguments.get("ids").and_then(Value::as_array).into_iter().flatten();
            Resolved::List(ids.filter_map(Value::as_str).map(|id| by_gid(scene, id, None)).collect())
        }
        "node" => Resolved::maybe(id.and_then(|id| by_gid(scene, id, None))),
        _ => match counted(scene, field, arguments) {
            Some(rows) => {
                let query = arguments.get("query").and_then(Value::as_str);
                Resolved::Object(Node::Count(search::find(scene, field, rows, query).len()))
            }
            None => Resolved::maybe(id.and_then(|id| by_gid(scene, id, type_of(field)))),
        },
    }
}

/// Rows as a list shows them: searched and sorted.
pub(crate) fn listed<'u>(
    scene: Scene<'u>,
    list: &str,
    rows: Vec<Row<'u>>,
    arguments: &Map<String, Value>,
) -> Resolved<'u> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let found = search::find(scene, list, rows, text("query"));
    Resolved::Connection(sort_rows(scene, found, text("sortKey").unwrap_or("ID")))
}

/// The rows that a count counts.
fn counted<'u>(scene: Scene<'u>, field: &str, arguments: &Map<String, Value>) -> Option<Vec<Row<'u>>> {
    Some(match field {
        "ordersCount" => order_rows(scene),
        "productsCount" => product_rows(scene),
        "productVariantsCount" => variant_rows(scene),
        "customersCount" => customer_rows(scene),
        "draftOrdersCount" => office::draft_rows(scene),
        "webhookSubscriptionsCount" => desk::subscription_rows(scene, arguments),
        _ => return None,
    })
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
        "fulfillmentOrder" => "FulfillmentOrder",
        "return" => "Return",
        "draftOrder" => "DraftOrder",
        "bulkOperation" => "BulkOperation",
        "webhookSubscription" => "WebhookSubscription",
        _ => "Nothing",
    })
}

fn plain(node: Node<'_>, id: u64) -> Row<'_> {
    Row { node, id, at: None }
}

fn order_rows<'u>(scene: Scene<'u>) -> Vec<Row<'u>> {
    scene.orders().map(|order| plain(Node::Order(order), order.id)).collect()
}

fn variant_rows<'u>(scene: Scene<'u>) -> Vec<Row<'u>> {
    scene.shop.variants().map(|(p, v)| plain(Node::Variant(p, v), v.id)).collect()
}

fn customer_rows<'u>(scene: Scene<'u>) -> Vec<Row<'u>> {
    scene.shop.customers.iter().map(|c| plain(Node::Customer(c), c.id)).collect()
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
            "CREATED_AT" | "PROCESSED_AT" | "PUBLISHED_AT" | "ISSUED_AT" => Some(stamp.created_at),
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
        Node::Office(office) => office.stamp(),
        Node::Desk(desk) => desk.stamp(),
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
    let orders = || scene.orders();
    match kind {
        "Shop" => (shop.id == id).then_some(Node::Shop),
        "Order" => scene.order(id).map(Node::Order),
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
        _ => office::by_id(scene, kind, id).or_else(|| desk::by_id(scene, kind, id)),
    }
}

/// `Count`: exact up to 10,000, "at least" beyond.
pub(crate) fn count<'u>(count: usize, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "count" => json!(count.min(10_000)),
        _ => json!(if count > 10_000 { "AT_LEAST" } else { "EXACT" }),
    })
}
