//! `inventory_items`: the stocked thing behind a variant, with its cost and what customs want to know.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use crate::shopify::{
    query::INVENTORY_ITEMS,
    search::Search,
    walk::{List, OVERLAP},
    wire::{Measurement, Money, Stamp, Weight, Whole},
};

/// How often everything is read again: an item goes with its variant, without a word.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The list has no sort key and comes in the order of ids: the cursor moves when the whole window is read.
pub(super) static LIST: List = List::new(&INVENTORY_ITEMS, 250, Search::Ids("updated_at"));

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    id: Text,
    legacy_resource_id: Option<Whole>,
    sku: Option<Text>,
    tracked: Option<bool>,
    requires_shipping: Option<bool>,
    created_at: Option<DateTime<Utc>>,
    /// A stock change does not move it.
    updated_at: Stamp,
    country_code_of_origin: Option<Text>,
    province_code_of_origin: Option<Text>,
    harmonized_system_code: Option<Text>,
    /// Null too where the app's user may not see costs (schema, `InventoryItem.unitCost`).
    unit_cost: Option<Money>,
    measurement: Option<Measurement>,
}

impl Item {
    fn weight(&self) -> Option<&Weight> {
        self.measurement.as_ref()?.weight.as_ref()
    }

    fn cost(&self) -> Option<Exact> {
        self.unit_cost.as_ref().map(|cost| cost.amount)
    }
}

pub(super) fn stream() -> Stream<Item> {
    Stream::new("inventory_items", "id", |item: &Item| item.id.clone())
        .describe("the stocked thing behind a variant, with its cost")
        .scopes(&["read_inventory"])
        .full_every(WEEK)
        .version(|item| Some(item.updated_at.version()))
        .incremental("updatedAt", OVERLAP)
        .swept()
        .max_page(250)
        .columns(
            Fields::<Item>::new()
                .integer("legacy_id", |item| item.legacy_resource_id.map(|id| id.0))
                .text("sku", |item| item.sku.clone())
                .boolean("tracked", |item| item.tracked)
                .boolean("requires_shipping", |item| item.requires_shipping)
                .timestamp("created_at", |item| item.created_at)
                .timestamp("updated_at", |item| Some(item.updated_at.at))
                .decimal("unit_cost", Item::cost)
                .text("unit_cost_currency", |item| {
                    item.unit_cost.as_ref().map(|cost| cost.currency_code.clone())
                })
                .text("country_of_origin", |item| item.country_code_of_origin.clone())
                .text("province_of_origin", |item| item.province_code_of_origin.clone())
                .text("hs_code", |item| item.harmonized_system_code.clone())
                .decimal("weight", |item| item.weight()?.value)
                .text("weight_unit", |item| item.weight()?.unit.clone()),
        )
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn cost_and_weight_are_exact_and_a_code_keeps_its_zeros() {
        let record =
            stream().decode(include_str!("../fixtures/inventory_item.json").into()).expect("readable");
        let decimal = |text: &str| Value::Decimal(text.parse().expect("decimal"));
        assert_eq!(record.key, "gid://shopify/InventoryItem/808950810146154508");
        assert_eq!(record.values[0], Value::Integer(808_950_810_146_154_508));
        assert_eq!((&record.values[6], &record.values[7]), (&decimal("0.0725"), &Value::Text("GBP".into())));
        assert_eq!(record.values[10], Value::Text("0073181500".into()));
        assert_eq!(record.values[11], decimal("0.011"));
        assert_eq!(record.version.raw, "2026-11-01T10:00:00Z");
    }
}
