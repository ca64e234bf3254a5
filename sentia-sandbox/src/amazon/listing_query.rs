//! Which listings a search finds, and in which order.

use chrono::{DateTime, Utc};

use super::listing_json::{Offers, statuses};
use super::params::Params;
use super::refusal::Refusal;
use crate::universe::Listing;

const IDENTIFIERS: [&str; 9] = ["ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC"];

/// What a search is narrowed to.
pub(crate) struct Filter<'p> {
    created: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    updated: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    kind: Option<&'p str>,
    identifiers: Vec<&'p str>,
    statuses: Vec<&'p str>,
}

impl<'p> Filter<'p> {
    pub(crate) fn read(params: &'p Params) -> Result<Self, Refusal> {
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

    pub(crate) fn admits(&self, listing: &Listing) -> bool {
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
pub(crate) struct Order {
    by: &'static str,
    ascending: bool,
}

impl Order {
    pub(crate) fn read(params: &Params) -> Result<Self, Refusal> {
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
    pub(crate) fn key(&self, sku: &str, offers: &Offers<'_>) -> String {
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
