//! `inventory_levels`: what each location has of each item, location by location.

use chrono::{DateTime, Utc};
use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use crate::shopify::{
    query::INVENTORY_LEVELS,
    search::Search,
    walk::{List, OVERLAP},
    wire::{Ref, Stamp, Whole, id_of},
};

/// How often everything is read again: the search index may leave a change out (practice of connectors).
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// A stock change moves the level's time, not the item's, so levels are read on their own. The list has no sort
/// key: the cursor moves when the whole window is read.
pub(super) static LIST: List = List::new(&INVENTORY_LEVELS, 250, Search::Unordered("updated_at"));

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Level {
    id: Text,
    created_at: Option<DateTime<Utc>>,
    updated_at: Stamp,
    location: Option<Ref>,
    item: Option<Item>,
    quantities: Vec<Quantity>,
}

#[derive(Debug, Deserialize)]
struct Item {
    id: Text,
    sku: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Quantity {
    name: Text,
    quantity: Option<Whole>,
}

impl Level {
    /// Negative is legal: sold before it was counted.
    fn quantity(&self, name: &str) -> Option<i64> {
        self.quantities.iter().find(|quantity| quantity.name == name)?.quantity.map(|quantity| quantity.0)
    }
}

pub(super) fn stream() -> Stream<Level> {
    Stream::new("inventory_levels", "id", |level: &Level| level.id.clone())
        .describe("what one location has of one item")
        .scopes(&["read_inventory"])
        .full_every(DAY)
        .version(|level| Some(level.updated_at.version()))
        .incremental("updatedAt", OVERLAP)
        .partitioned_by("locations")
        .swept()
        .max_page(250)
        .columns(
            Fields::<Level>::new()
                .text("location_id", |level| id_of(&level.location))
                .text("item_id", |level| level.item.as_ref().map(|item| item.id.clone()))
                .text("sku", |level| level.item.as_ref()?.sku.clone())
                .timestamp("created_at", |level| level.created_at)
                .timestamp("updated_at", |level| Some(level.updated_at.at))
                .integer("available", |level| level.quantity("available"))
                .integer("on_hand", |level| level.quantity("on_hand"))
                .integer("committed", |level| level.quantity("committed"))
                .integer("incoming", |level| level.quantity("incoming"))
                .integer("reserved", |level| level.quantity("reserved"))
                .integer("damaged", |level| level.quantity("damaged"))
                .integer("quality_control", |level| level.quantity("quality_control"))
                .integer("safety_stock", |level| level.quantity("safety_stock")),
        )
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn quantities_are_found_by_name_and_may_be_negative() {
        let document = include_str!("../fixtures/inventory_level.json");
        let record = stream().decode(document.into()).expect("readable");
        assert_eq!(record.key, "gid://shopify/InventoryLevel/10961?inventory_item_id=820982911946154508");
        assert_eq!(record.values[2], Value::Text("BOLT-M8".into()));
        assert_eq!(record.values[5..9], [-3, 7, 10, 120].map(Value::Integer));
        assert_eq!(record.values[12], Value::Null, "a quantity that is not stated is not zero");
    }
}
