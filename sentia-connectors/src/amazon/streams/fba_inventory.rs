//! `fba_inventory`: what Amazon's warehouses hold, marketplace by marketplace.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sentia_core::{Context, Fetch, Fields, Page, Result, Stream, Text, transport::Response};
use serde::Deserialize;

use super::orders::instant;
use crate::amazon::{
    client::{Client, Query},
    envelope::{List, Listing},
    operation::{INVENTORY, LISTING},
    wire::{Moment, Nested},
};

const OVERLAP: Duration = Duration::from_secs(15 * 60);
/// Changes of inbound quantities are not detected by `startDateTime`: a full read finds them.
const FULL_EVERY: Duration = Duration::from_secs(86_400);
/// `startDateTime` reaches 18 months back at most; beyond that everything is read.
const REACH: chrono::Duration = chrono::Duration::days(540);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    seller_sku: Text,
    #[serde(default)]
    fn_sku: Option<Text>,
    #[serde(default)]
    pub(super) asin: Option<Text>,
    #[serde(default)]
    condition: Option<Text>,
    #[serde(default)]
    product_name: Option<Text>,
    #[serde(default)]
    total_quantity: Option<i64>,
    #[serde(default)]
    last_updated_time: Moment,
    #[serde(default)]
    inventory_details: Nested<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    fulfillable_quantity: Option<i64>,
    inbound_working_quantity: Option<i64>,
    inbound_shipped_quantity: Option<i64>,
    inbound_receiving_quantity: Option<i64>,
    reserved_quantity: Nested<Reserved>,
    researching_quantity: Nested<Researching>,
    unfulfillable_quantity: Nested<Unfulfillable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reserved {
    total_reserved_quantity: Option<i64>,
    pending_customer_order_quantity: Option<i64>,
    pending_transshipment_quantity: Option<i64>,
    fc_processing_quantity: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Researching {
    total_researching_quantity: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Unfulfillable {
    total_unfulfillable_quantity: Option<i64>,
    customer_damaged_quantity: Option<i64>,
    warehouse_damaged_quantity: Option<i64>,
    distributor_damaged_quantity: Option<i64>,
    carrier_damaged_quantity: Option<i64>,
    defective_quantity: Option<i64>,
    expired_quantity: Option<i64>,
}

impl Summary {
    /// A SKU may hold a slash, the other two do not: the key reads back from its end.
    fn key(&self) -> Text {
        let part = |part: &Option<Text>| part.clone().unwrap_or_default();
        Text::from(format!("{}/{}/{}", self.seller_sku, part(&self.fn_sku), part(&self.condition)))
    }
}

/// Without a version, although there is `lastUpdatedTime`: inbound quantities change without moving it, so what was
/// read later counts.
pub(super) fn stream() -> Stream<Summary> {
    Stream::new("fba_inventory", "sellerSku", Summary::key)
        .describe("the stock of one SKU, in one condition, as one marketplace sees it")
        .incremental("lastUpdatedTime", OVERLAP)
        .full_every(FULL_EVERY)
        .partitioned_by("marketplaces")
        .swept()
        .scopes(&[LISTING])
        .columns(columns())
}

fn columns() -> Fields<Summary> {
    Fields::new()
        .text("seller_sku", |s: &Summary| Some(s.seller_sku.clone()))
        .text("fn_sku", |s| s.fn_sku.clone())
        .text("asin", |s| s.asin.clone())
        .text("condition", |s| s.condition.clone())
        .text("product_name", |s| s.product_name.clone())
        .integer("total", |s| s.total_quantity)
        .integer("fulfillable", |s| s.inventory_details.fulfillable_quantity)
        .integer("inbound_working", |s| s.inventory_details.inbound_working_quantity)
        .integer("inbound_shipped", |s| s.inventory_details.inbound_shipped_quantity)
        .integer("inbound_receiving", |s| s.inventory_details.inbound_receiving_quantity)
        .integer("reserved", |s| s.inventory_details.reserved_quantity.total_reserved_quantity)
        .integer("reserved_orders", |s| s.inventory_details.reserved_quantity.pending_customer_order_quantity)
        .integer("reserved_transfer", |s| {
            s.inventory_details.reserved_quantity.pending_transshipment_quantity
        })
        .integer("reserved_processing", |s| s.inventory_details.reserved_quantity.fc_processing_quantity)
        .integer("researching", |s| s.inventory_details.researching_quantity.total_researching_quantity)
        .integer("unfulfillable", |s| s.inventory_details.unfulfillable_quantity.total_unfulfillable_quantity)
        .integer("customer_damaged", |s| s.inventory_details.unfulfillable_quantity.customer_damaged_quantity)
        .integer("warehouse_damaged", |s| {
            s.inventory_details.unfulfillable_quantity.warehouse_damaged_quantity
        })
        .integer("distributor_damaged", |s| {
            s.inventory_details.unfulfillable_quantity.distributor_damaged_quantity
        })
        .integer("carrier_damaged", |s| s.inventory_details.unfulfillable_quantity.carrier_damaged_quantity)
        .integer("defective", |s| s.inventory_details.unfulfillable_quantity.defective_quantity)
        .integer("expired", |s| s.inventory_details.unfulfillable_quantity.expired_quantity)
        .timestamp("updated_at", |s| s.last_updated_time.at())
}

pub(super) async fn page(
    client: &Client,
    cx: &Context,
    stream: &Stream<Summary>,
    request: &Fetch<'_>,
) -> Result<Page> {
    let response = read(client, cx, request.partition(), request.since(), request.page()).await?;
    let listing = Listing::open(&response, List::Summaries, |walk| walk.records(stream))?;
    let scope = format!("fba inventory v1; marketplace {}", request.partition());
    Ok(Page::chained(listing.list, listing.next).read_scope(scope))
}

/// One page of 50, which is Amazon's own choice.
///
/// A page token lives 30 seconds and means another list without the parameters that it was made with, `startDateTime`
/// among them.
pub(super) async fn read(
    client: &Client,
    cx: &Context,
    marketplace: &str,
    since: Option<DateTime<Utc>>,
    token: Option<&str>,
) -> Result<Response> {
    let mut query: Query = vec![
        ("details", "true".to_owned()),
        ("granularityType", "Marketplace".to_owned()),
        ("granularityId", marketplace.to_owned()),
        ("marketplaceIds", marketplace.to_owned()),
    ];
    let since = since.filter(|since| *since > cx.clock().now() - REACH);
    query.extend(since.map(|since| ("startDateTime", instant(since))));
    let path = "/fba/inventory/v1/summaries";
    client.page(cx, &INVENTORY, path, query, ("nextToken", token)).await
}
