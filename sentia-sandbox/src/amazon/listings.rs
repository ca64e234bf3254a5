//! Listings items 2021-08-01: offers by sku, each with arrays per marketplace, and a wall after a thousand.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fault::AmazonFault;
use super::listing_json::{Offers, item};
use super::listing_query::{Filter, Order};
use super::operation::Operation;
use super::page::Read;
use super::params::Params;
use super::refusal::Refusal;
use super::state::{AmazonState, lock};
use crate::universe::{Listing, SellerAccount};

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
