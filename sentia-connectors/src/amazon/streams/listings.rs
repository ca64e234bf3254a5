//! `listings`: what the seller offers, marketplace by marketplace.

use std::{borrow::Cow, time::Duration};

use sentia_core::{Context, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use super::listing_walk::step;
use crate::amazon::{
    client::Client,
    operation::LISTING,
    wire::{List, Moment, Money, Nested},
};

const OVERLAP: Duration = Duration::from_secs(10 * 60);
/// Listings disappear from the search without a word: a full read finds them missing.
const FULL_EVERY: Duration = Duration::from_secs(86_400);
const INCLUDED: &str = "summaries,offers,fulfillmentAvailability,issues";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    sku: Text,
    #[serde(default)]
    summaries: List<Summary>,
    #[serde(default)]
    offers: List<Offer>,
    #[serde(default)]
    fulfillment_availability: List<Availability>,
    #[serde(default)]
    issues: List<Issue>,
}

/// One marketplace is asked for at a time, so there is one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Summary {
    asin: Option<Text>,
    product_type: Option<Text>,
    condition_type: Option<Text>,
    status: List<Text>,
    fn_sku: Option<Text>,
    item_name: Option<Text>,
    created_date: Moment,
    last_updated_date: Moment,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Offer {
    offer_type: Option<Text>,
    price: Nested<Money>,
    audience: Nested<Audience>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Audience {
    value: Option<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Availability {
    fulfillment_channel_code: Option<Text>,
    quantity: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Issue {
    code: Option<Text>,
    message: Option<Text>,
    severity: Option<Text>,
    attribute_names: List<Text>,
    categories: List<Text>,
}

impl Listing {
    fn summary(&self) -> Option<&Summary> {
        self.summaries.first()
    }

    /// What a consumer pays; the business price is in the child table.
    fn consumer_offer(&self) -> Option<&Offer> {
        let consumer = |offer: &&Offer| offer.offer_type.as_deref() == Some("B2C");
        self.offers.iter().find(consumer).or_else(|| self.offers.first())
    }

    fn issues(&self, severity: &str) -> Option<i64> {
        let count = self.issues.iter().filter(|issue| issue.severity.as_deref() == Some(severity)).count();
        i64::try_from(count).ok()
    }
}

/// The product that a listing offers.
pub(super) fn asin(listing: &Listing) -> Option<Text> {
    listing.summary()?.asin.clone()
}

/// Without a version: prices and quantities are not known to move `lastUpdatedDate`, so what was read later counts.
pub(super) fn stream() -> Stream<Listing> {
    Stream::new("listings", "sku", |l: &Listing| l.sku.clone())
        .describe("a SKU that the seller offers in one marketplace")
        .incremental("lastUpdatedDate", OVERLAP)
        .full_every(FULL_EVERY)
        .partitioned_by("marketplaces")
        .swept()
        .max_page(20)
        .scopes(&[LISTING])
        .columns(columns())
        .children(
            "listing_offers",
            |l| Cow::Borrowed(&l.offers),
            Fields::new()
                .text("offer_type", |o: &Offer| o.offer_type.clone())
                .text("audience", |o| o.audience.value.clone())
                .decimal("price", |o| o.price.amount)
                .text("currency_code", |o| o.price.currency_code.clone()),
        )
        .children(
            "listing_availability",
            |l| Cow::Borrowed(&l.fulfillment_availability),
            Fields::new()
                .text("channel_code", |a: &Availability| a.fulfillment_channel_code.clone())
                .integer("quantity", |a| a.quantity),
        )
        .children(
            "listing_issues",
            |l| Cow::Borrowed(&l.issues),
            Fields::new()
                .text("code", |i: &Issue| i.code.clone())
                .text("severity", |i| i.severity.clone())
                .text("message", |i| i.message.clone())
                .text("attribute_names", |i| i.attribute_names.joined())
                .text("categories", |i| i.categories.joined()),
        )
}

fn columns() -> Fields<Listing> {
    Fields::new()
        .text("sku", |l: &Listing| Some(l.sku.clone()))
        .text("asin", asin)
        .text("fn_sku", |l| l.summary()?.fn_sku.clone())
        .text("item_name", |l| l.summary()?.item_name.clone())
        .text("product_type", |l| l.summary()?.product_type.clone())
        .text("condition_type", |l| l.summary()?.condition_type.clone())
        .text("status", |l| l.summary()?.status.joined())
        .boolean("is_buyable", |l| Some(l.summary()?.status.has("BUYABLE")))
        .decimal("price", |l| l.consumer_offer()?.price.amount)
        .text("currency_code", |l| l.consumer_offer()?.price.currency_code.clone())
        .text("channel_code", |l| l.fulfillment_availability.first()?.fulfillment_channel_code.clone())
        .integer("quantity", |l| l.fulfillment_availability.first()?.quantity)
        .integer("errors", |l| l.issues("ERROR"))
        .integer("warnings", |l| l.issues("WARNING"))
        .timestamp("created_at", |l| l.summary()?.created_date.at())
        .timestamp("updated_at", |l| l.summary()?.last_updated_date.at())
}

pub(super) async fn page(
    client: &Client,
    cx: &Context,
    stream: &Stream<Listing>,
    request: &Fetch<'_>,
) -> Result<Page> {
    let step = step(client, cx, request, request.page(), INCLUDED).await?;
    let scope = format!("listings 2021-08-01; marketplace {}; {INCLUDED}", request.partition());
    Ok(Page::chained(stream.decode_all(step.listing.list), step.next).read_scope(scope))
}
