//! Sellers v1: where the seller takes part.

use serde_json::{Value, json};

use super::state::AmazonState;

pub(crate) fn participations(state: &AmazonState) -> Value {
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    let rows = account.markets.iter().map(|market| {
        json!({
            "marketplace": {
                "id": market.id,
                "name": market.name,
                "countryCode": market.country,
                "defaultCurrencyCode": market.currency,
                "defaultLanguageCode": market.language,
                "domainName": market.domain,
            },
            "participation": {"isParticipating": true, "hasSuspendedListings": false},
            "storeName": account.store_name,
        })
    });
    json!({"payload": rows.collect::<Vec<_>>()})
}
