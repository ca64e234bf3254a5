//! `locations`: all of them, inactive and legacy ones too, for stock and orders name them.

use chrono::{DateTime, Utc};
use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use crate::shopify::{
    query::LOCATIONS,
    search::Search,
    walk::List,
    wire::{Stamp, Whole},
};

/// There is no filter by update time.
pub(super) static LIST: List = List::new(&LOCATIONS, 100, Search::Nothing);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    id: Text,
    legacy_resource_id: Option<Whole>,
    name: Option<Text>,
    is_active: Option<bool>,
    fulfills_online_orders: Option<bool>,
    ships_inventory: Option<bool>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Stamp,
    address: Option<Address>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    country_code: Option<Text>,
    province_code: Option<Text>,
    city: Option<Text>,
    zip: Option<Text>,
}

pub(super) fn stream() -> Stream<Location> {
    Stream::new("locations", "id", |location: &Location| location.id.clone())
        .describe("a place that holds stock, inactive ones included")
        .scopes(&["read_locations"])
        .version(|location| Some(location.updated_at.version()))
        .swept()
        .max_page(250)
        .columns(
            Fields::<Location>::new()
                .integer("legacy_id", |location| location.legacy_resource_id.map(|id| id.0))
                .text("name", |location| location.name.clone())
                .boolean("active", |location| location.is_active)
                .boolean("fulfills_online_orders", |location| location.fulfills_online_orders)
                .boolean("ships_inventory", |location| location.ships_inventory)
                .timestamp("created_at", |location| location.created_at)
                .timestamp("updated_at", |location| Some(location.updated_at.at))
                .text("country", |location| location.address.as_ref()?.country_code.clone())
                .text("province", |location| location.address.as_ref()?.province_code.clone())
                .text("city", |location| location.address.as_ref()?.city.clone())
                .text("postal_code", |location| location.address.as_ref()?.zip.clone()),
        )
}
