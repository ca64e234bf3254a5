//! `products`, drafts and archived ones too, with every variant.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use crate::shopify::{
    bulk::{Child, Export, LARGE},
    nested::{Completion, Nested, Stop},
    query::{PRODUCT_VARIANTS, PRODUCTS, PRODUCTS_COUNT},
    search::Search,
    walk::{List, OVERLAP},
    wire::{Connection, Measurement, Money, Stamp, Weight, Whole, joined},
};

/// How often everything is read again: variants and products vanish without a word.
const WEEK: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);

pub(super) static LIST: List = List::new(&PRODUCTS, 50, Search::Seconds("updated_at"));

pub(super) static EXPORT: Export = Export {
    list: &LIST,
    count: &PRODUCTS_COUNT,
    children: &[Child { member: "variants", kind: "ProductVariant" }],
    gaps: None,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    id: Text,
    legacy_resource_id: Option<Whole>,
    title: Option<Text>,
    handle: Option<Text>,
    status: Option<Text>,
    vendor: Option<Text>,
    product_type: Option<Text>,
    #[serde(default)]
    tags: Vec<Text>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Stamp,
    published_at: Option<DateTime<Utc>>,
    total_inventory: Option<Whole>,
    tracks_inventory: Option<bool>,
    variants: Connection<Variant>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    id: Text,
    legacy_resource_id: Option<Whole>,
    title: Option<Text>,
    sku: Option<Text>,
    barcode: Option<Text>,
    /// In the shop's currency, which the wire does not repeat here.
    price: Option<Exact>,
    compare_at_price: Option<Exact>,
    position: Option<Whole>,
    inventory_quantity: Option<Whole>,
    /// CONTINUE sells beyond what is in stock, DENY does not.
    inventory_policy: Option<Text>,
    available_for_sale: Option<bool>,
    taxable: Option<bool>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    inventory_item: Option<Item>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: Text,
    tracked: Option<bool>,
    unit_cost: Option<Money>,
    measurement: Option<Measurement>,
}

impl Variant {
    fn unit_cost(&self) -> Option<&Money> {
        self.inventory_item.as_ref()?.unit_cost.as_ref()
    }

    fn weight(&self) -> Option<&Weight> {
        self.inventory_item.as_ref()?.measurement.as_ref()?.weight.as_ref()
    }
}

impl Nested for Product {
    fn id(&self) -> &Text {
        &self.id
    }

    async fn complete(&mut self, completion: &mut Completion<'_>) -> Result<(), Stop> {
        completion.drain(&PRODUCT_VARIANTS, &self.id, &mut self.variants).await
    }
}

pub(super) fn stream() -> Stream<Product> {
    Stream::new("products", "id", |product: &Product| product.id.clone())
        .describe("a product with its variants")
        .scopes(&["read_products"])
        .full_every(WEEK)
        .version(|product| Some(product.updated_at.version()))
        .incremental("updatedAt", OVERLAP)
        .swept()
        .max_page(250)
        .exported_from(LARGE)
        .columns(
            Fields::<Product>::new()
                .integer("legacy_id", |product| product.legacy_resource_id.map(|id| id.0))
                .text("title", |product| product.title.clone())
                .text("handle", |product| product.handle.clone())
                .text("status", |product| product.status.clone())
                .text("vendor", |product| product.vendor.clone())
                .text("product_type", |product| product.product_type.clone())
                .text("tags", |product| joined(&product.tags))
                .timestamp("created_at", |product| product.created_at)
                .timestamp("updated_at", |product| Some(product.updated_at.at))
                .timestamp("published_at", |product| product.published_at)
                .integer("total_inventory", |product| product.total_inventory.map(|number| number.0))
                .boolean("tracks_inventory", |product| product.tracks_inventory),
        )
        .children("product_variants", |product| Cow::Borrowed(&product.variants.nodes), variants())
}

fn variants() -> Fields<Variant> {
    Fields::<Variant>::new()
        .text("variant_id", |variant| Some(variant.id.clone()))
        .integer("legacy_id", |variant| variant.legacy_resource_id.map(|id| id.0))
        .text("title", |variant| variant.title.clone())
        .text("sku", |variant| variant.sku.clone())
        .text("barcode", |variant| variant.barcode.clone())
        .decimal("price", |variant| variant.price)
        .decimal("compare_at_price", |variant| variant.compare_at_price)
        .integer("variant_position", |variant| variant.position.map(|number| number.0))
        .integer("inventory_quantity", |variant| variant.inventory_quantity.map(|number| number.0))
        .boolean("taxable", |variant| variant.taxable)
        .timestamp("updated_at", |variant| variant.updated_at)
        .text("inventory_item_id", |variant| variant.inventory_item.as_ref().map(|item| item.id.clone()))
        .boolean("tracked", |variant| variant.inventory_item.as_ref()?.tracked)
        .decimal("unit_cost", |variant| variant.unit_cost().map(|money| money.amount))
        .text("unit_cost_currency", |variant| variant.unit_cost().map(|money| money.currency_code.clone()))
        .decimal("weight", |variant| variant.weight()?.value)
        .text("weight_unit", |variant| variant.weight()?.unit.clone())
        .text("inventory_policy", |variant| variant.inventory_policy.clone())
        .boolean("available_for_sale", |variant| variant.available_for_sale)
        .timestamp("created_at", |variant| variant.created_at)
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn variants_keep_ids_prices_and_weights_exactly() {
        let document = include_str!("../fixtures/product.json");
        let record = stream().decode(document.into()).expect("readable");
        assert_eq!(record.values[0], Value::Integer(788_032_119_674_292_922));
        assert_eq!(record.values[6], Value::Text("fixings, steel".into()));
        let decimal = |text: &str| Value::Decimal(text.parse().expect("decimal"));
        let variant = &record.children[0][0];
        assert_eq!(variant[1], Value::Integer(642_667_041_472_713_922));
        assert_eq!(variant[5], decimal("0.12345"));
        assert_eq!((&variant[13], &variant[14]), (&decimal("0.0725"), &Value::Text("GBP".into())));
        assert_eq!(variant[15], decimal("0.011"));
        assert_eq!(record.children[0][1][13], Value::Null);
    }
}
