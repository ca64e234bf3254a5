//! Listings as the listings API writes them: arrays with an entry per marketplace.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::order_json::two_places;
use crate::universe::{FulfilledBy, Listing, Region, SellerAccount};

/// The offers of one sku in the markets asked for.
pub(crate) type Offers<'a> = Vec<&'a Listing>;

pub(crate) fn statuses(listing: &Listing) -> Vec<&'static str> {
    if listing.buyable { vec!["BUYABLE", "DISCOVERABLE"] } else { vec!["DISCOVERABLE"] }
}

pub(crate) fn item(account: &SellerAccount, sku: &str, offers: &Offers<'_>, wanted: &[&str]) -> Value {
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
