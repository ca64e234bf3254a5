//! Catalog items 2022-04-01: search by identifiers, get by ASIN.

use serde_json::{Value, json};

use super::fault::AmazonFault;
use super::operation::Operation;
use super::page::Read;
use super::params::Params;
use super::refusal::Refusal;
use super::state::{AmazonState, lock};
use crate::universe::{CatalogEntry, SellerAccount};

const DATA_SETS: [&str; 10] = [
    "attributes",
    "classifications",
    "dimensions",
    "identifiers",
    "images",
    "productTypes",
    "relationships",
    "salesRanks",
    "summaries",
    "vendorDetails",
];
const IDENTIFIERS: [&str; 8] = ["ASIN", "EAN", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC"];

pub(crate) fn search(state: &AmazonState, query: &str, fault: Option<AmazonFault>) -> Result<Value, Refusal> {
    let params = Params::parse(
        query,
        &[
            "identifiers",
            "identifiersType",
            "marketplaceIds",
            "includedData",
            "locale",
            "sellerId",
            "keywords",
            "pageSize",
            "pageToken",
        ],
    )?;
    let now = state.world.clock.now();
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let market = params.some_markets("marketplaceIds", account, 1)?[0];
    let identifiers = params.list("identifiers", 20)?;
    let keywords = params.list("keywords", 20)?;
    if identifiers.is_empty() == keywords.is_empty() {
        return Err(Refusal::invalid("Exactly one of identifiers and keywords must be provided."));
    }
    let kind = params.choices("identifiersType", &IDENTIFIERS)?.first().copied();
    if !identifiers.is_empty() && kind.is_none() {
        return Err(Refusal::invalid("identifiersType is required when identifiers is in the request."));
    }
    if kind == Some("SKU") && params.text("sellerId") != Some(&account.seller_id) {
        return Err(Refusal::invalid("sellerId is required when identifiersType is SKU."));
    }
    let wanted = wanted(&params)?;
    let size = state.page_size(params.size("pageSize", 20, 10)?);
    let read = Read { operation: Operation::SearchCatalogItems, filters: params.filters("pageToken") };
    let turn = lock(&state.pages).open(&read, params.text("pageToken"), now, None, fault)?;
    let matches = |entry: &CatalogEntry| {
        let title = entry.title.to_lowercase();
        let named = match kind {
            Some("ASIN") => identifiers.contains(&entry.asin.as_str()),
            Some("SKU") => identifiers.contains(&entry.sku.as_str()),
            Some("EAN" | "GTIN") => entry.barcode.as_deref().is_some_and(|code| identifiers.contains(&code)),
            _ => keywords.iter().any(|word| title.contains(&word.to_lowercase())),
        };
        named && entry.markets.contains(&market)
    };
    let rows = account.catalog.iter().enumerate().filter(|(_, entry)| matches(entry));
    let mut rows: Vec<(String, usize)> = rows.map(|(at, entry)| (entry.asin.clone(), at)).collect();
    rows.sort_unstable();
    let (shown, token) = lock(&state.pages).cut(read, &turn, &rows, size, now, fault);
    let shown: Vec<Value> =
        shown.into_iter().map(|at| item(account, &account.catalog[at], &[market], &wanted)).collect();
    let mut body = json!({"numberOfResults": rows.len(), "items": shown});
    if let Some(token) = token {
        body["pagination"] = json!({"nextToken": token});
    }
    Ok(body)
}

pub(crate) fn get(state: &AmazonState, asin: &str, query: &str) -> Result<Value, Refusal> {
    let params = Params::parse(query, &["marketplaceIds", "includedData", "locale"])?;
    let wanted = wanted(&params)?;
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let markets = params.some_markets("marketplaceIds", account, 50)?;
    let known = |entry: &&CatalogEntry| {
        entry.asin == asin && markets.iter().any(|market| entry.markets.contains(market))
    };
    let entry = account.catalog.iter().find(known).ok_or_else(|| Refusal::not_found("Item"))?;
    Ok(item(account, entry, &markets, &wanted))
}

fn wanted(params: &Params) -> Result<Vec<&str>, Refusal> {
    let wanted = params.choices("includedData", &DATA_SETS)?;
    Ok(if wanted.is_empty() { vec!["summaries"] } else { wanted })
}

/// Every data set is a list with an entry per marketplace, but for the attributes, whose values name theirs.
fn item(account: &SellerAccount, entry: &CatalogEntry, markets: &[usize], wanted: &[&str]) -> Value {
    let mut out = json!({"asin": entry.asin});
    let there: Vec<usize> = markets.iter().copied().filter(|market| entry.markets.contains(market)).collect();
    for set in wanted {
        out[*set] = if *set == "attributes" {
            attributes(account, entry, &there)
        } else {
            there.iter().map(|market| data_set(set, entry, account.markets[*market].id)).collect()
        };
    }
    out
}

fn data_set(set: &str, entry: &CatalogEntry, id: &str) -> Value {
    let weight: f64 = entry.weight.to_string().parse().unwrap_or_default();
    match set {
        "summaries" => json!({
            "marketplaceId": id,
            "brand": "Hearth & Grain",
            "itemClassification": "BASE_PRODUCT",
            "itemName": entry.title,
            "manufacturer": "Hearth & Grain",
            "packageQuantity": 1,
            "partNumber": entry.sku,
            "adultProduct": false,
        }),
        "identifiers" => {
            let code = entry.barcode.iter().map(|code| json!({"identifierType": "EAN", "identifier": code}));
            let sku = json!({"identifierType": "SKU", "identifier": entry.sku});
            json!({"marketplaceId": id, "identifiers": code.chain([sku]).collect::<Vec<_>>()})
        }
        "dimensions" => {
            json!({"marketplaceId": id, "item": {"weight": {"unit": "kilograms", "value": weight}}})
        }
        "images" => {
            let link = format!("https://m.media-amazon.com/images/I/{}.jpg", entry.asin);
            let image = json!({"variant": "MAIN", "link": link, "height": 500, "width": 500});
            json!({"marketplaceId": id, "images": [image]})
        }
        "productTypes" => json!({"marketplaceId": id, "productType": entry.product_type}),
        "relationships" => json!({"marketplaceId": id, "relationships": []}),
        "classifications" => json!({"marketplaceId": id, "classifications": []}),
        "salesRanks" => json!({"marketplaceId": id, "classificationRanks": []}),
        _ => json!({"marketplaceId": id}),
    }
}

fn attributes(account: &SellerAccount, entry: &CatalogEntry, markets: &[usize]) -> Value {
    let texts = |text: &str| -> Vec<Value> {
        let markets = markets.iter().map(|market| &account.markets[*market]);
        markets.map(|m| json!({"value": text, "language_tag": m.language, "marketplace_id": m.id})).collect()
    };
    let list = |market: &usize| json!({"value": true, "marketplace_id": account.markets[*market].id});
    json!({
        "item_name": texts(&entry.title),
        "brand": texts("Hearth & Grain"),
        "is_assembly_required": markets.iter().map(list).collect::<Vec<_>>(),
    })
}
