//! `catalog_items`: the catalogue's own words about the products that the account offers.
//!
//! The catalogue has no feed of changes and millions of products, so it is asked for those of the account: each page
//! takes a page of the account's listings (or, without `seller_id`, of its FBA stock) and looks its products up, twenty a
//! call. An increment looks up what was listed or changed since; once a week all are looked up again.

use std::time::Duration;

use bytes::Bytes;
use sentia_core::{
    Context, Error, ErrorKind, Exact, Fetch, Fields, Page, Result, Stream, Text, page::PageToken,
};
use serde::Deserialize;

use super::{fba_inventory, listing_walk, listings};
use crate::amazon::{
    client::{Client, Query},
    envelope,
    operation::{LISTING, SEARCH_CATALOG},
    wire::{List, Nested},
};

const OVERLAP: Duration = Duration::from_secs(15 * 60);
const FULL_EVERY: Duration = Duration::from_secs(7 * 86_400);
/// As many identifiers as a search takes.
const AT_ONCE: usize = 20;
/// All but the sales ranks, which change by the hour, and what only vendors get.
const INCLUDED: &str =
    "attributes,classifications,dimensions,identifiers,images,productTypes,relationships,summaries";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    asin: Text,
    #[serde(default)]
    summaries: List<Summary>,
    #[serde(default)]
    identifiers: List<Identifiers>,
    #[serde(default)]
    product_types: List<ProductType>,
    #[serde(default)]
    images: List<Images>,
    #[serde(default)]
    dimensions: List<Dimensions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Summary {
    brand: Option<Text>,
    browse_classification: Nested<Classification>,
    color: Option<Text>,
    item_classification: Option<Text>,
    item_name: Option<Text>,
    manufacturer: Option<Text>,
    model_number: Option<Text>,
    package_quantity: Option<i64>,
    part_number: Option<Text>,
    size: Option<Text>,
    style: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Classification {
    display_name: Option<Text>,
    classification_id: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Identifiers {
    identifiers: List<Identifier>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Identifier {
    identifier_type: Option<Text>,
    identifier: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProductType {
    product_type: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Images {
    images: List<Image>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Image {
    variant: Option<Text>,
    link: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dimensions {
    item: Nested<Sizes>,
    package: Nested<Sizes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sizes {
    weight: Nested<Measure>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Measure {
    unit: Option<Text>,
    value: Option<Exact>,
}

impl Item {
    fn summary(&self) -> Option<&Summary> {
        self.summaries.first()
    }

    fn identifier(&self, kind: &str) -> Option<Text> {
        let all = self.identifiers.iter().flat_map(|of| of.identifiers.iter());
        all.filter(|one| one.identifier_type.as_deref() == Some(kind)).find_map(|one| one.identifier.clone())
    }

    fn main_image(&self) -> Option<Text> {
        let mut all = self.images.iter().flat_map(|of| of.images.iter());
        all.find(|image| image.variant.as_deref() == Some("MAIN"))?.link.clone()
    }
}

pub(super) fn stream() -> Stream<Item> {
    Stream::new("catalog_items", "asin", |i: &Item| i.asin.clone())
        .describe("a product of the catalogue that the account offers in one marketplace")
        .incremental("the listing's lastUpdatedDate", OVERLAP)
        .full_every(FULL_EVERY)
        .partitioned_by("marketplaces")
        .swept()
        .scopes(&[LISTING])
        .columns(columns())
}

fn columns() -> Fields<Item> {
    Fields::new()
        .text("asin", |i: &Item| Some(i.asin.clone()))
        .text("item_name", |i| i.summary()?.item_name.clone())
        .text("brand", |i| i.summary()?.brand.clone())
        .text("manufacturer", |i| i.summary()?.manufacturer.clone())
        .text("model_number", |i| i.summary()?.model_number.clone())
        .text("part_number", |i| i.summary()?.part_number.clone())
        .text("color", |i| i.summary()?.color.clone())
        .text("size", |i| i.summary()?.size.clone())
        .text("style", |i| i.summary()?.style.clone())
        .integer("package_quantity", |i| i.summary()?.package_quantity)
        .text("item_classification", |i| i.summary()?.item_classification.clone())
        .text("browse_node_id", |i| i.summary()?.browse_classification.classification_id.clone())
        .text("browse_node_name", |i| i.summary()?.browse_classification.display_name.clone())
        .text("product_type", |i| i.product_types.first()?.product_type.clone())
        .text("ean", |i| i.identifier("EAN"))
        .text("upc", |i| i.identifier("UPC"))
        .text("gtin", |i| i.identifier("GTIN"))
        .text("main_image", Item::main_image)
        .decimal("item_weight", |i| i.dimensions.first()?.item.weight.value)
        .text("item_weight_unit", |i| i.dimensions.first()?.item.weight.unit.clone())
        .decimal("package_weight", |i| i.dimensions.first()?.package.weight.value)
        .text("package_weight_unit", |i| i.dimensions.first()?.package.weight.unit.clone())
}

/// What the products are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Listings,
    Inventory,
}

impl Source {
    const fn name(self) -> &'static str {
        match self {
            Source::Listings => "listings",
            Source::Inventory => "inventory",
        }
    }
}

/// A place in the list that products are taken from: the page token, as `<list> <products of the page before> <place>`.
///
/// Many SKUs may offer one product: those of the page before are not looked up once more.
struct Place<'a> {
    source: Source,
    before: Vec<&'a str>,
    place: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(client: &Client, token: Option<&'a str>) -> Result<Self> {
        let Some(token) = token else {
            let is_seller = client.account.seller_id.is_some();
            let source = if is_seller { Source::Listings } else { Source::Inventory };
            return Ok(Place { source, before: Vec::new(), place: None });
        };
        let mut parts = token.splitn(3, ' ');
        let source = match parts.next() {
            Some("listings") => Some(Source::Listings),
            Some("inventory") => Some(Source::Inventory),
            _ => None,
        };
        match (source, parts.next(), parts.next()) {
            (Some(source), Some(before), Some(place)) => {
                Ok(Place { source, before: before.split(',').collect(), place: Some(place) })
            }
            _ => {
                let message = "the stored page token is not a place of the catalogue; run a full read";
                Err(Error::new(ErrorKind::InvalidResponse, message).context("token", token))
            }
        }
    }

    fn next(&self, asins: &[Text], place: &str) -> PageToken {
        let asins: Vec<&str> = asins.iter().map(Text::as_str).collect();
        PageToken(format!("{} {} {place}", self.source.name(), asins.join(",")))
    }
}

pub(super) async fn page(
    client: &Client,
    cx: &Context,
    stream: &Stream<Item>,
    request: &Fetch<'_>,
) -> Result<Page> {
    let place = Place::of(client, request.page())?;
    let (asins, next) = match place.source {
        Source::Listings => {
            let step = listing_walk::step(client, cx, request, place.place, "summaries").await?;
            let asins = asins(step.listing.list, &listings::stream(), listings::asin);
            (asins, step.next.map(|place| PageToken::from(place).0))
        }
        Source::Inventory => {
            let (marketplace, since) = (request.partition(), request.since());
            let response = fba_inventory::read(client, cx, marketplace, since, place.place).await?;
            let listing = envelope::Listing::of(&response, envelope::List::Summaries)?;
            let asins = asins(listing.list, &fba_inventory::stream(), |summary| summary.asin.clone());
            (asins, listing.next)
        }
    };
    let fresh: Vec<&str> =
        asins.iter().map(Text::as_str).filter(|asin| !place.before.contains(asin)).collect();
    let mut documents = Vec::new();
    for some in fresh.chunks(AT_ONCE) {
        documents.extend(look_up(client, cx, request.partition(), some).await?);
    }
    let next = next.map(|next| place.next(&asins, &next));
    let source = place.source.name();
    let scope = format!("catalog 2022-04-01; marketplace {}; products of {source}", request.partition());
    Ok(Page::chained(stream.decode_all(documents), next).read_scope(scope))
}

/// The products named on a page, each once. A document that cannot be read is rejected by its own stream.
fn asins<W: serde::de::DeserializeOwned + 'static>(
    documents: Vec<Bytes>,
    stream: &Stream<W>,
    asin: impl Fn(&W) -> Option<Text>,
) -> Vec<Text> {
    let mut asins: Vec<Text> = documents
        .iter()
        .filter_map(|document| asin(&stream.wire(document).ok()?))
        .filter(|asin| !asin.is_empty() && !asin.contains([' ', ',']))
        .collect();
    asins.sort_unstable();
    asins.dedup();
    asins
}

/// A product that the catalogue does not know in this marketplace is left out by Amazon.
async fn look_up(client: &Client, cx: &Context, marketplace: &str, asins: &[&str]) -> Result<Vec<Bytes>> {
    let query: Query = vec![
        ("identifiers", asins.join(",")),
        ("identifiersType", "ASIN".to_owned()),
        ("marketplaceIds", marketplace.to_owned()),
        ("includedData", INCLUDED.to_owned()),
        ("pageSize", AT_ONCE.to_string()),
    ];
    let response = client.get(cx, &SEARCH_CATALOG, "/catalog/2022-04-01/items", &query).await?;
    let listing = envelope::Listing::of(&response, envelope::List::Items)?;
    // Twenty identifiers find twenty products at most, which fit on a page.
    if listing.found.is_some_and(|found| found > listing.list.len() as u64) {
        return Err(response.invalid("amazon found more products than it answered with"));
    }
    Ok(listing.list)
}
