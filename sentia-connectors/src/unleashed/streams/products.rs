//! Products, with their stock alert levels per warehouse and their ten sell prices.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    changing,
    references::{Supplier, Warehouse},
};
use crate::unleashed::wire::{Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Product {
    guid: Maybe<Guid>,
    product_code: Maybe<Text>,
    product_description: Maybe<Text>,
    barcode: Maybe<Text>,
    unit_of_measure: Nested<Unit>,
    product_group: Nested<Group>,
    product_brand: Nested<Brand>,
    supplier: Nested<Supplier>,
    pack_size: Maybe<Exact>,
    weight: Maybe<Exact>,
    width: Maybe<Exact>,
    height: Maybe<Exact>,
    depth: Maybe<Exact>,
    min_stock_alert_level: Maybe<Exact>,
    max_stock_alert_level: Maybe<Exact>,
    re_order_point: Maybe<Exact>,
    minimum_order_quantity: Maybe<Exact>,
    minimum_sale_quantity: Maybe<Exact>,
    minimum_sell_price: Maybe<Exact>,
    default_purchase_price: Maybe<Exact>,
    default_sell_price: Maybe<Exact>,
    average_land_price: Maybe<Exact>,
    last_cost: Maybe<Exact>,
    is_component: Maybe<bool>,
    is_assembled_product: Maybe<bool>,
    is_sellable: Maybe<bool>,
    is_purchasable: Maybe<bool>,
    is_serialized: Maybe<bool>,
    is_batch_tracked: Maybe<bool>,
    never_diminishing: Maybe<bool>,
    obsolete: Maybe<bool>,
    inventory_details: List<Level>,
    source_id: Maybe<Text>,
    source_variant_parent_id: Maybe<Text>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
    sell_price_tier1: Nested<Tier>,
    sell_price_tier2: Nested<Tier>,
    sell_price_tier3: Nested<Tier>,
    sell_price_tier4: Nested<Tier>,
    sell_price_tier5: Nested<Tier>,
    sell_price_tier6: Nested<Tier>,
    sell_price_tier7: Nested<Tier>,
    sell_price_tier8: Nested<Tier>,
    sell_price_tier9: Nested<Tier>,
    sell_price_tier10: Nested<Tier>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Unit {
    name: Maybe<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Group {
    group_name: Maybe<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Brand {
    brand_name: Maybe<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Tier {
    name: Maybe<Text>,
    value: Maybe<Exact>,
}

/// The warehouse is written in lower case by the one source that types it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Level {
    warehouse: Nested<Warehouse>,
    #[serde(rename = "warehouse")]
    warehouse_in_lower_case: Nested<Warehouse>,
    warehouse_min_stock_alert_level: Maybe<Exact>,
    warehouse_max_stock_alert_level: Maybe<Exact>,
}

/// A sell price with the number of its tier.
#[derive(Debug, Clone)]
struct Price {
    tier: i64,
    of: Tier,
}

impl Zoned for Product {}

/// An obsolete product is no deleted one: its stock and its orders stay.
pub(super) fn stream() -> Stream<Product> {
    changing(Stream::new("products", "Guid", |p: &Product| p.guid.key()))
        .version(|p| p.last_modified_on.version_or(&p.created_on))
        .describe("a product, obsolete ones included")
        .columns(columns())
        .children("product_stock_levels", |p| Cow::Borrowed(&p.inventory_details), levels())
        .children("product_sell_prices", |p| Cow::Owned(p.prices()), prices())
}

impl Product {
    /// The tiers that have a price.
    fn prices(&self) -> Vec<Price> {
        let tiers = [
            &self.sell_price_tier1,
            &self.sell_price_tier2,
            &self.sell_price_tier3,
            &self.sell_price_tier4,
            &self.sell_price_tier5,
            &self.sell_price_tier6,
            &self.sell_price_tier7,
            &self.sell_price_tier8,
            &self.sell_price_tier9,
            &self.sell_price_tier10,
        ];
        let priced = (1..).zip(tiers).filter(|(_, tier)| tier.value.get().is_some());
        priced.map(|(tier, of)| Price { tier, of: Tier::clone(of) }).collect()
    }
}

fn columns() -> Fields<Product> {
    Fields::new()
        .text("product_code", |p: &Product| p.product_code.get())
        .text("product_description", |p| p.product_description.get())
        .text("barcode", |p| p.barcode.get())
        .text("unit_of_measure", |p| p.unit_of_measure.name.get())
        .text("product_group", |p| p.product_group.group_name.get())
        .text("product_brand", |p| p.product_brand.brand_name.get())
        .text("supplier_guid", |p| p.supplier.guid.text())
        .text("supplier_code", |p| p.supplier.supplier_code.get())
        .decimal("pack_size", |p| p.pack_size.get())
        .decimal("weight", |p| p.weight.get())
        .decimal("width", |p| p.width.get())
        .decimal("height", |p| p.height.get())
        .decimal("depth", |p| p.depth.get())
        .decimal("min_stock_alert_level", |p| p.min_stock_alert_level.get())
        .decimal("max_stock_alert_level", |p| p.max_stock_alert_level.get())
        .decimal("reorder_point", |p| p.re_order_point.get())
        .decimal("minimum_order_quantity", |p| p.minimum_order_quantity.get())
        .decimal("minimum_sale_quantity", |p| p.minimum_sale_quantity.get())
        .decimal("minimum_sell_price", |p| p.minimum_sell_price.get())
        .decimal("default_purchase_price", |p| p.default_purchase_price.get())
        .decimal("default_sell_price", |p| p.default_sell_price.get())
        .decimal("average_land_price", |p| p.average_land_price.get())
        .decimal("last_cost", |p| p.last_cost.get())
        .boolean("is_component", |p| p.is_component.get())
        .boolean("is_assembled", |p| p.is_assembled_product.get())
        .boolean("is_sellable", |p| p.is_sellable.get())
        .boolean("is_purchasable", |p| p.is_purchasable.get())
        .boolean("is_serialized", |p| p.is_serialized.get())
        .boolean("is_batch_tracked", |p| p.is_batch_tracked.get())
        .boolean("never_diminishing", |p| p.never_diminishing.get())
        .boolean("obsolete", |p| p.obsolete.get())
        .text("source_id", |p| p.source_id.get())
        .text("source_variant_parent_id", |p| p.source_variant_parent_id.get())
        .timestamp("created_on", |p| p.created_on.at())
        .timestamp("last_modified_on", |p| p.last_modified_on.at())
}

fn levels() -> Fields<Level> {
    Fields::new()
        .text("warehouse_guid", |l: &Level| {
            l.warehouse.guid.text().or_else(|| l.warehouse_in_lower_case.guid.text())
        })
        .text("warehouse_code", |l| l.warehouse.warehouse_code.or(&l.warehouse_in_lower_case.warehouse_code))
        .decimal("min_stock_alert_level", |l| l.warehouse_min_stock_alert_level.get())
        .decimal("max_stock_alert_level", |l| l.warehouse_max_stock_alert_level.get())
}

fn prices() -> Fields<Price> {
    Fields::new()
        .integer("tier", |p: &Price| Some(p.tier))
        .text("tier_name", |p| p.of.name.get())
        .decimal("price", |p| p.of.value.get())
}
