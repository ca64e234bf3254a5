//! `marketplaces`: where the account sells, of those that are configured.

use bytes::Bytes;
use sentia_core::{Context, Error, ErrorKind, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use crate::amazon::{
    client::{Client, Query},
    envelope::{List, Listing},
    marketplace::shown,
    operation::MARKETPLACES,
    wire::Nested,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Participation {
    marketplace: Marketplace,
    #[serde(default)]
    store_name: Option<Text>,
    #[serde(default)]
    participation: Nested<Flags>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marketplace {
    id: Text,
    name: Option<Text>,
    country_code: Option<Text>,
    default_currency_code: Option<Text>,
    default_language_code: Option<Text>,
    domain_name: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Flags {
    is_participating: Option<bool>,
    has_suspended_listings: Option<bool>,
}

/// Swept, because its keys are the partitions of other streams: a marketplace that is no longer configured must not be
/// read on.
pub(super) fn stream() -> Stream<Participation> {
    Stream::new("marketplaces", "id", |p: &Participation| p.marketplace.id.clone())
        .describe("a marketplace that the account sells in")
        .swept()
        .columns(
            Fields::<Participation>::new()
                .text("name", |p| p.marketplace.name.clone())
                .text("country_code", |p| p.marketplace.country_code.clone())
                .text("currency_code", |p| p.marketplace.default_currency_code.clone())
                .text("language_code", |p| p.marketplace.default_language_code.clone())
                .text("domain_name", |p| p.marketplace.domain_name.clone())
                .text("store_name", |p| p.store_name.clone())
                .boolean("is_participating", |p| p.participation.is_participating)
                .boolean("has_suspended_listings", |p| p.participation.has_suspended_listings),
        )
}

/// The whole list, cut to what is configured. A configured marketplace that the account does not sell in is an error:
/// its streams would otherwise be empty without a word.
pub(super) async fn page(client: &Client, cx: &Context, stream: &Stream<Participation>) -> Result<Page> {
    let path = "/sellers/v1/marketplaceParticipations";
    let response = client.get(cx, &MARKETPLACES, path, &Query::new()).await?;
    let documents = Listing::of(&response, List::Payload)?.list;
    let configured = &client.account.marketplaces;
    let mut sold_in = Vec::new();
    let mut kept: Vec<Bytes> = Vec::new();
    for document in documents {
        match stream.wire(&document) {
            Ok(wire) if configured.iter().any(|id| *id == *wire.marketplace.id) => {
                if wire.participation.is_participating != Some(false) {
                    sold_in.push(wire.marketplace.id.clone());
                }
                kept.push(document);
            }
            Ok(_) => {}
            // What cannot be read may be one that is configured.
            Err(_) => kept.push(document),
        }
    }
    let missing = |id: &&String| !sold_in.iter().any(|known| **known == ***id);
    let decoded = stream.decode_all(kept);
    if let Some(id) = configured.iter().find(missing).filter(|_| decoded.rejected.is_empty()) {
        return Err(not_sold_in(id));
    }
    Ok(Page::last(decoded).read_scope(format!("marketplaces {}", configured.join(","))))
}

fn not_sold_in(id: &str) -> Error {
    let message = format!(
        "the account does not sell in marketplace {}; take it out of marketplaces, or register for it in Seller Central",
        shown(id)
    );
    Error::new(ErrorKind::ConfigInvalid, message)
        .context("setting", "marketplaces")
        .context("marketplace", id)
}
