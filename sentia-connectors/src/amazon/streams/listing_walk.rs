//! Walks the listings of a marketplace without meeting the wall: a search pages through 1,000 items and no further.
//!
//! The walk goes up in time, slice by slice, because a listing that changes meanwhile moves ahead of the reader and is
//! met again. A slice that finds 1,000 or more is cut in half before anything of it is used. Within a slice the items
//! seen must be as many as were found, or it is read again: an item that left it may have pulled another over the page's
//! border. The last question has no end, and its answer must fit on one page, so that nothing can hide behind it.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sentia_core::{Context, Error, ErrorKind, Fetch, Result, page::PageToken};
use serde::{Deserialize, Serialize};

use super::orders::instant;
use crate::amazon::{
    client::{Client, Query},
    envelope::{List, Listing},
    operation::SEARCH_LISTINGS,
};

/// Where Amazon stops paging. Whether a search that found more says so or says 1,000 is not documented, so 1,000 found
/// are too many as well.
const WALL: u64 = 1000;
/// The shortest slice: times have seconds.
const SHORTEST: TimeDelta = TimeDelta::seconds(1);
/// How often a slice that does not add up is read again.
const ATTEMPTS: u32 = 4;
/// Before the first listing.
const BEGINNING: DateTime<Utc> = match DateTime::from_timestamp(788_918_400, 0) {
    Some(at) => at,
    None => DateTime::UNIX_EPOCH,
};

/// A place in the walk. It is the page token, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    from: DateTime<Utc>,
    /// The end of the slice; none for the last question.
    to: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
    page: Option<String>,
    /// How many the slice holds, as its first page said.
    found: u64,
    seen: u64,
    attempt: u32,
}

/// What one question brought.
#[derive(Debug)]
pub(super) struct Step {
    /// The listings.
    pub(super) listing: Listing,
    /// Where the walk goes on; none at its end.
    pub(super) next: Option<Place>,
}

impl From<Place> for PageToken {
    fn from(place: Place) -> Self {
        // Serializing times, numbers and text cannot fail; an empty token would be refused when it is read.
        PageToken(serde_json::to_string(&place).unwrap_or_default())
    }
}

impl Place {
    /// The place that `token` names, or the beginning of what changed since `since`.
    pub(super) fn of(cx: &Context, since: Option<DateTime<Utc>>, token: Option<&str>) -> Result<Self> {
        let Some(token) = token else {
            let now = cx.clock().now();
            let until = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
            let from = since.unwrap_or(BEGINNING);
            return Ok(Place::slice(from, until.max(from + SHORTEST), until.max(from + SHORTEST)));
        };
        serde_json::from_str(token).map_err(|error| {
            let message = "the stored page token is not a place among the listings; run a full read";
            Error::new(ErrorKind::InvalidResponse, message).context("token", token).source(error)
        })
    }

    fn slice(from: DateTime<Utc>, to: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Place { from, to: Some(to), until, page: None, found: 0, seen: 0, attempt: 1 }
    }

    /// The question without an end.
    fn open(from: DateTime<Utc>) -> Self {
        Place { to: None, ..Place::slice(from, from, from) }
    }

    /// The first half, or an error where there is none.
    fn cut(&self, to: DateTime<Utc>) -> Result<Self> {
        let span = to - self.from;
        if span <= SHORTEST {
            let message = "amazon pages through 1000 listings and no further, and more than that changed within one \
                           second; read this marketplace's listings by the report GET_MERCHANT_LISTINGS_ALL_DATA";
            return Err(Error::new(ErrorKind::Unsupported, message)
                .context("from", instant(self.from))
                .context("found", self.found));
        }
        let middle = self.from + (span / 2).max(SHORTEST);
        Ok(Place::slice(
            self.from,
            middle.duration_trunc(SHORTEST).unwrap_or(middle).max(self.from + SHORTEST),
            self.until,
        ))
    }

    /// The slice after this one, twice as long: empty years are passed quickly.
    fn following(&self, to: DateTime<Utc>) -> Self {
        if to >= self.until {
            return Place::open(to);
        }
        let end = to.checked_add_signed((to - self.from) * 2).unwrap_or(self.until);
        Place::slice(to, end.min(self.until), self.until)
    }

    /// The same slice from its first page, because it changed while it was read.
    fn again(&self) -> Result<Self> {
        if self.attempt >= ATTEMPTS {
            // The place is of no more use: a later run begins the window anew instead of meeting the same count again.
            let message = "the listings keep changing while they are read; the next run reads them again";
            return Err(Error::new(ErrorKind::PositionExpired, message)
                .context("found", self.found)
                .context("seen", self.seen));
        }
        let attempt = self.attempt + 1;
        Ok(Place { page: None, found: 0, seen: 0, attempt, ..self.clone() })
    }
}

/// Asks one question of the walk.
pub(super) async fn step(
    client: &Client,
    cx: &Context,
    request: &Fetch<'_>,
    token: Option<&str>,
    included: &str,
) -> Result<Step> {
    let place = Place::of(cx, request.since(), token)?;
    let size = request.page_size(20).min(20);
    let mut listing = search(client, cx, request.partition(), &place, included, size).await?;
    let next = advance(cx, &place, &mut listing)?;
    Ok(Step { listing, next })
}

fn advance(cx: &Context, place: &Place, listing: &mut Listing) -> Result<Option<Place>> {
    let seen = place.seen + listing.list.len() as u64;
    let Some(to) = place.to else {
        return Ok(listing.next.is_some().then(|| {
            let now = listing.date.unwrap_or_else(|| cx.clock().now()).max(place.from + SHORTEST);
            Place::slice(place.from, now, now)
        }));
    };
    let found = listing.found.unwrap_or(seen);
    let known = Place { found, seen, ..place.clone() };
    if found >= WALL {
        listing.list.clear();
        return known.cut(to).map(Some);
    }
    let moved = place.page.is_some() && found != place.found;
    if moved || (listing.next.is_none() && seen < found) {
        // They come again; the engine takes the same page twice in a row for a vendor that does not move on.
        listing.list.clear();
        return known.again().map(Some);
    }
    Ok(Some(match listing.next.clone() {
        Some(page) => Place { page: Some(page), ..known },
        None => place.following(to),
    }))
}

async fn search(
    client: &Client,
    cx: &Context,
    marketplace: &str,
    place: &Place,
    included: &str,
    size: u32,
) -> Result<Listing> {
    let seller = client.account.seller_id.as_deref().ok_or_else(seller_needed)?;
    let mut query: Query = vec![
        ("marketplaceIds", marketplace.to_owned()),
        ("includedData", included.to_owned()),
        ("lastUpdatedAfter", instant(place.from)),
        ("sortBy", "lastUpdatedDate".to_owned()),
        ("sortOrder", "ASC".to_owned()),
        ("pageSize", size.to_string()),
    ];
    query.extend(place.to.map(|to| ("lastUpdatedBefore", instant(to))));
    let token = ("pageToken", place.page.as_deref());
    // A merchant token is letters and digits; anything else must not change the path.
    let path: String = url::form_urlencoded::byte_serialize(seller.as_bytes()).collect();
    let path = format!("/listings/2021-08-01/items/{path}");
    Listing::of(&client.page(cx, &SEARCH_LISTINGS, &path, query, token).await?, List::Items)
}

fn seller_needed() -> Error {
    let message =
        "listings need seller_id; set it to the merchant token that Seller Central shows under account info";
    Error::new(ErrorKind::Unsupported, message).context("setting", "seller_id")
}
