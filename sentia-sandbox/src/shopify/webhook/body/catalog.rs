//! Products and stock.

use serde_json::{Value, json};

use super::{gid, local};
use crate::shopify::node::money;
use crate::universe::{InventoryLevel, Product, Shop, Variant};

pub(in super::super) fn product(shop: &Shop, product: &Product) -> Value {
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

pub(in super::super) fn item(shop: &Shop, variant: &Variant) -> Value {
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

pub(in super::super) fn level(shop: &Shop, item: u64, level: &InventoryLevel) -> Value {
    json!({
        "inventory_item_id": item,
        "location_id": level.location,
        "available": level.available,
        "updated_at": local(shop, level.stamp.updated_at),
        "admin_graphql_api_id": format!("gid://shopify/InventoryLevel/{}?inventory_item_id={item}", level.id),
    })
}
