//! Listings items 2021-08-01: offers by sku, each with arrays per marketplace, and a wall after a thousand.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::fault::AmazonFault;
use super::operation::Operation;
use super::order_json::two_places;
use super::page::Read;
use super::params::Params;
use super::refusal::Refusal;
use super::server::{AmazonState, lock};
use crate::universe::{FulfilledBy, Listing, Region, SellerAccount};

const DATA_SETS: [&str; 8] = [
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
];
const IDENTIFIERS: [&str; 9] = ["ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC"];

/// The offers of one sku in the markets asked for.
type Offers<'a> = Vec<&'a Listing>;

pub(crate) fn search(
    state: &AmazonState,
    seller: &str,
    query: &str,
    fault: Option<AmazonFault>,
) -> Result<Value, Refusal> {
    let params = Params::parse(
        query,
        &[
            "marketplaceIds",
            "issueLocale",
            "includedData",
            "identifiers",
            "identifiersType",
            "createdAfter",
            "createdBefore",
            "lastUpdatedAfter",
            "lastUpdatedBefore",
            "withStatus",
            "sortBy",
            "sortOrder",
            "pageSize",
            "pageToken",
        ],
    )?;
    let now = state.world.clock.now();
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let markets = params.some_markets("marketplaceIds", account, 50)?;
    known_seller(account, seller)?;
    let wanted = wanted(&params)?;
    let size = state.page_size(params.size("pageSize", 20, 10)?);
    let read = Read { operation: Operation::SearchListingsItems, filters: params.filters("pageToken") };
    let turn = lock(&state.pages).open(&read, params.text("pageToken"), now, None, fault)?;
    let filter = Filter::read(&params)?;
    let order = Order::read(&params)?;
    let mut skus: BTreeMap<&str, Offers<'_>> = BTreeMap::new();
    for listing in account.listings.iter().filter(|listing| markets.contains(&listing.market)) {
        skus.entry(&listing.sku).or_default().push(listing);
    }
    skus.retain(|_, offers| offers.iter().any(|offer| filter.admits(offer)));
    let items: Vec<(&str, Offers<'_>)> = skus.into_iter().collect();
    let mut rows: Vec<(String, usize)> =
        items.iter().enumerate().map(|(at, (sku, offers))| (order.key(sku, offers), at)).collect();
    rows.sort_unstable();
    let wall = lock(&state.settings).search_wall;
    let size = size.min(wall.saturating_sub(turn.served));
    let (shown, token) = lock(&state.pages).cut(read, &turn, &rows, size, now, fault);
    let token = token.filter(|_| turn.served + size < wall);
    let shown: Vec<Value> =
        shown.into_iter().map(|at| item(account, items[at].0, &items[at].1, &wanted)).collect();
    let mut body = json!({"numberOfResults": rows.len(), "items": shown});
    if let Some(token) = token {
        body["pagination"] = json!({"nextToken": token});
    }
    Ok(body)
}

pub(crate) fn get(state: &AmazonState, seller: &str, sku: &str, query: &str) -> Result<Value, Refusal> {
    let params = Params::parse(query, &["marketplaceIds", "issueLocale", "includedData"])?;
    let wanted = wanted(&params)?;
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let markets = params.some_markets("marketplaceIds", account, 50)?;
    known_seller(account, seller)?;
    let asked = |listing: &&Listing| listing.sku == sku && markets.contains(&listing.market);
    let offers: Offers<'_> = account.listings.iter().filter(asked).collect();
    if offers.is_empty() {
        return Err(Refusal::not_found("SKU"));
    }
    Ok(item(account, sku, &offers, &wanted))
}

fn known_seller(account: &SellerAccount, seller: &str) -> Result<(), Refusal> {
    if account.seller_id == seller { Ok(()) } else { Err(Refusal::not_found("Seller")) }
}

fn wanted(params: &Params) -> Result<Vec<&str>, Refusal> {
    let wanted = params.choices("includedData", &DATA_SETS)?;
    Ok(if wanted.is_empty() { vec!["summaries"] } else { wanted })
}

/// What a search is narrowed to.
struct Filter<'p> {
    created: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    updated: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    kind: Option<&'p str>,
    identifiers: Vec<&'p str>,
    statuses: Vec<&'p str>,
}

impl<'p> Filter<'p> {
    fn read(params: &'p Params) -> Result<Self, Refusal> {
        let filter = Self {
            created: (params.moment("createdAfter")?, params.moment("createdBefore")?),
            updated: (params.moment("lastUpdatedAfter")?, params.moment("lastUpdatedBefore")?),
            kind: params.choices("identifiersType", &IDENTIFIERS)?.first().copied(),
            identifiers: params.list("identifiers", 20)?,
            statuses: params.choices("withStatus", &["BUYABLE", "DISCOVERABLE"])?,
        };
        if filter.kind.is_some() == filter.identifiers.is_empty() {
            return Err(Refusal::invalid("identifiers and identifiersType must be provided together."));
        }
        Ok(filter)
    }

    fn admits(&self, listing: &Listing) -> bool {
        let within = |at: DateTime<Utc>, (after, before): (Option<DateTime<Utc>>, Option<DateTime<Utc>>)| {
            after.is_none_or(|after| after <= at) && before.is_none_or(|before| at <= before)
        };
        let named = match self.kind {
            Some("ASIN") => self.identifiers.contains(&listing.asin.as_str()),
            Some("SKU") => self.identifiers.contains(&listing.sku.as_str()),
            Some("FNSKU") => listing.fn_sku.as_deref().is_some_and(|label| self.identifiers.contains(&label)),
            Some(_) => false,
            None => true,
        };
        let statuses = statuses(listing);
        named
            && within(listing.created_at, self.created)
            && within(listing.updated_at, self.updated)
            && (self.statuses.is_empty() || self.statuses.iter().any(|status| statuses.contains(status)))
    }
}

/// How a search is sorted; the default is the latest change first.
struct Order {
    by: &'static str,
    ascending: bool,
}

impl Order {
    fn read(params: &Params) -> Result<Self, Refusal> {
        let by = params.choices("sortBy", &["sku", "createdDate", "lastUpdatedDate"])?;
        let by = match by.first() {
            Some(&"sku") => "sku",
            Some(&"createdDate") => "createdDate",
            _ => "lastUpdatedDate",
        };
        let order = params.choices("sortOrder", &["ASC", "DESC"])?;
        Ok(Self { by, ascending: order.first() == Some(&"ASC") })
    }

    /// A text that sorts as asked for. Skus sort backwards letter by letter when descending.
    fn key(&self, sku: &str, offers: &Offers<'_>) -> String {
        let latest = |time: fn(&Listing) -> DateTime<Utc>| {
            let millis = offers.iter().map(|offer| time(offer).timestamp_millis()).max().unwrap_or(0);
            if self.ascending { millis } else { 9_999_999_999_999 - millis }
        };
        match self.by {
            "sku" if self.ascending => sku.to_owned(),
            "sku" => sku.chars().map(|c| char::from_u32(0xFFFF - u32::from(c)).unwrap_or(c)).collect(),
            "createdDate" => format!("{:020}{sku}", latest(|offer| offer.created_at)),
            _ => format!("{:020}{sku}", latest(|offer| offer.updated_at)),
        }
    }
}

fn statuses(listing: &Listing) -> Vec<&'static str> {
    if listing.buyable { vec!["BUYABLE", "DISCOVERABLE"] } else { vec!["DISCOVERABLE"] }
}

fn item(account: &SellerAccount, sku: &str, offers: &Offers<'_>, wanted: &[&str]) -> Value {
    let mut out = json!({"sku": sku});
    for set in wanted {
        out[*set] = match *set {
            "summaries" => offers.iter().map(|offer| summary(account, offer)).collect(),
            "offers" => offers.iter().map(|offer| price(account, offer)).collect(),
            "issues" => {
                let spoilt = offers.iter().filter(|offer| offer.image_missing);
                spoilt.map(|offer| issue(account.markets[offer.market].id)).collect()
            }
            "fulfillmentAvailability" => json!([availability(account, offers[0])]),
            "productTypes" => offers
                .iter()
                .map(
                    |o| json!({"marketplaceId": account.markets[o.market].id, "productType": o.product_type}),
                )
                .collect(),
            "attributes" => {
                let value = json!([{"value": offers[0].title, "marketplace_id": account.markets[offers[0].market].id}]);
                json!({"item_name": value})
            }
            _ => json!([]),
        };
    }
    out
}

fn summary(account: &SellerAccount, listing: &Listing) -> Value {
    let milli = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut out = json!({
        "marketplaceId": account.markets[listing.market].id,
        "asin": listing.asin,
        "productType": listing.product_type,
        "conditionType": "new_new",
        "status": statuses(listing),
        "itemName": listing.title,
        "createdDate": milli(listing.created_at),
        "lastUpdatedDate": milli(listing.updated_at),
    });
    if let Some(label) = &listing.fn_sku {
        out["fnSku"] = json!(label);
    }
    if !listing.image_missing {
        let link = format!("https://m.media-amazon.com/images/I/{}.jpg", listing.asin);
        out["mainImage"] = json!({"link": link, "height": 500, "width": 500});
    }
    out
}

fn price(account: &SellerAccount, listing: &Listing) -> Value {
    let market = &account.markets[listing.market];
    let price = json!({"currencyCode": market.currency, "amount": two_places(listing.price)});
    json!({"marketplaceId": market.id, "offerType": "B2C", "price": price})
}

fn issue(marketplace: &str) -> Value {
    json!({
        "code": "18742",
        "message": "The main image is missing.",
        "severity": "WARNING",
        "attributeNames": ["main_product_image_locator"],
        "categories": ["INVALID_IMAGE"],
        "marketplaceIds": [marketplace],
    })
}

/// The seller's own stock has a quantity; Amazon's has only the name of its network.
fn availability(account: &SellerAccount, listing: &Listing) -> Value {
    match (listing.by, account.region) {
        (FulfilledBy::Merchant, _) => {
            json!({"fulfillmentChannelCode": "DEFAULT", "quantity": listing.quantity})
        }
        (FulfilledBy::Amazon, Region::Uk) => json!({"fulfillmentChannelCode": "AMAZON_EU"}),
        (FulfilledBy::Amazon, Region::Usa) => json!({"fulfillmentChannelCode": "AMAZON_NA"}),
    }
}
