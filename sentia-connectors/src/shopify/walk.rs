//! Walks one list, page by page, and cuts it before Shopify would.

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use sentia_core::{Context, Decoded, Error, ErrorKind, Fetch, Page, Result};
use serde_json::value::RawValue;

use super::{
    client::{Answer, Client, ReadScope, Variables},
    query::Query,
    wire::{Connection, PageInfo},
};

/// Shopify ends every list here, without a word [shopify.dev "Shopify API limits"].
const WALL: u64 = 25_000;

/// From here on a list that can be cut is begun anew behind what was read.
const CUT: u64 = 20_000;

/// The search index lags behind the records, so a new cut begins this much before the old one ended.
pub(super) const OVERLAP: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// How a list can be narrowed to what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// Not at all.
    Nothing,
    /// By second, in the order of change.
    Seconds,
    /// By whole day, in the order of change.
    Days,
    /// By second, in another order: such a list cannot be cut.
    Unordered,
}

impl Search {
    /// The filter. It never rounds up, and always names the zone: times without one are the shop's.
    fn text(self, since: Option<DateTime<Utc>>) -> Option<String> {
        let format = match self {
            Search::Nothing => return None,
            Search::Seconds | Search::Unordered => "updated_at:>='%Y-%m-%dT%H:%M:%SZ'",
            Search::Days => "updated_at:>='%Y-%m-%dT00:00:00Z'",
        };
        since.map(|since| since.format(format).to_string())
    }

    fn can_cut(self) -> bool {
        matches!(self, Search::Seconds | Search::Days)
    }
}

/// One list of the API.
#[derive(Debug)]
pub(super) struct List {
    /// The query that reads it.
    pub(super) query: &'static Query,
    /// Records a page, where the caller names no number.
    pub(super) size: u32,
    /// How it is narrowed.
    pub(super) search: Search,
    /// The scope without which it shows the last 60 days only, without a word.
    pub(super) whole_with: Option<&'static str>,
}

/// One page of a list, not yet decoded.
#[derive(Debug)]
pub(super) struct Listed {
    /// The records' own bytes.
    pub(super) documents: Vec<Bytes>,
    found: u64,
    answer: Answer,
    info: PageInfo,
    place: Place,
    list: &'static List,
}

impl List {
    /// Reads the page that `request` asks for.
    pub(super) async fn read(
        &'static self,
        client: &Client,
        cx: &Context,
        request: &Fetch<'_>,
    ) -> Result<Listed> {
        let place = Place::of(request)?;
        let search = self.search.text(place.since);
        let variables = Variables {
            id: Some(request.partition()).filter(|partition| !partition.is_empty()),
            first: Some(request.page_size(self.size)),
            after: place.after.as_deref(),
            query: search.as_deref(),
            ..Variables::default()
        };
        let (answer, _) = client.ask(cx, self.query, variables).await?;
        let raw = answer.at(self.query.path)?.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                "shopify does not know the list; it may have been deleted a moment ago",
            )
            .context("path", self.query.path.join("."))
        })?;
        let connection: Connection<&RawValue> = answer.read(raw)?;
        let is_circle = connection.page.end_cursor == place.after;
        if connection.is_short && !is_circle {
            // Worth asking once more: the next page begins behind the records that are missing here.
            let message =
                "records are missing at the end of the page: its last cursor is not the one it ends with";
            return Err(answer.invalid(message).temporary());
        }
        let documents: Vec<Bytes> = connection.nodes.iter().map(|node| answer.bytes(node)).collect();
        let found = documents.len() as u64;
        Ok(Listed { documents, found, info: connection.page, place, list: self, answer })
    }
}

impl List {
    /// What can be seen of the list, as text that is equal exactly when that is.
    pub(super) fn scope(&self, scope: &ReadScope) -> String {
        let shortened = self.whole_with.is_some_and(|needed| !scope.has(needed));
        if shortened { format!("{} last_60_days_only", scope.text()) } else { scope.text() }
    }
}

impl Listed {
    /// The page, with where the list goes on.
    pub(super) fn page(self, decoded: Decoded) -> Result<Page> {
        let scope = self.list.scope(&self.answer.scope()?);
        self.page_of(decoded, scope)
    }

    fn page_of(self, decoded: Decoded, scope: String) -> Result<Page> {
        let seen = self.place.seen + self.found;
        if !self.info.has_next_page {
            if seen >= WALL {
                let message = "shopify ends a list after 25,000 records and this one cannot be cut any finer";
                return Err(Error::new(ErrorKind::Unsupported, message).context("records", seen));
            }
            return Ok(Page::last(decoded).read_scope(scope));
        }
        // An empty page that others follow is not the end.
        let Some(cursor) = self.info.end_cursor.clone() else {
            return Err(self.answer.invalid("more pages follow but the answer names no cursor"));
        };
        if self.place.after.as_ref() == Some(&cursor) {
            return Err(self
                .answer
                .invalid("the cursor of the next page is the one just used; the list would never end"));
        }
        let next = match self.cut(seen, &decoded) {
            Some(since) => Place { seen: 0, since: Some(since), after: None },
            None => Place { seen, since: self.place.since, after: Some(cursor) },
        };
        Ok(Page::more(decoded, next.token()).read_scope(scope))
    }

    /// Where to begin the list anew, once it is long. A record's own time may be newer than its place in the
    /// list, whose index lags; the oldest time of the page is the safe one.
    fn cut(&self, seen: u64, decoded: &Decoded) -> Option<DateTime<Utc>> {
        if !self.list.search.can_cut() || seen < CUT {
            return None;
        }
        let oldest = decoded.records.iter().map(|record| record.version.order).min()?;
        let oldest = DateTime::from_timestamp_micros(oldest)?;
        let begun = self.list.search.text(self.place.since);
        // Never at the same filter again: that would walk in a circle.
        let moves = |since: &DateTime<Utc>| {
            self.place.since.is_none_or(|before| *since > before)
                && self.list.search.text(Some(*since)) != begun
        };
        [oldest - Duration::from_std(OVERLAP).ok()?, oldest].into_iter().find(moves)
    }
}

/// A place in a list: how many records this cut gave so far, where it begins, and the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    seen: u64,
    since: Option<DateTime<Utc>>,
    after: Option<String>,
}

impl Place {
    fn of(request: &Fetch<'_>) -> Result<Self> {
        match request.page() {
            None => Ok(Place { seen: 0, since: request.since(), after: None }),
            Some(token) => Place::parse(token).ok_or_else(|| {
                Error::new(ErrorKind::Unexpected, "the page token is not one of this connector")
            }),
        }
    }

    fn token(&self) -> String {
        let since = self.since.map_or("-".to_owned(), |since| since.timestamp_micros().to_string());
        format!("{} {since} {}", self.seen, self.after.as_deref().unwrap_or_default())
    }

    fn parse(token: &str) -> Option<Self> {
        let mut parts = token.splitn(3, ' ');
        let seen = parts.next()?.parse().ok()?;
        let since = match parts.next()? {
            "-" => None,
            micros => Some(DateTime::from_timestamp_micros(micros.parse().ok()?)?),
        };
        let after = parts.next().filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        Some(Place { seen, since, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn the_filter_is_quoted_zoned_and_never_rounded_up() {
        let since = Some(at("2026-11-01T23:59:59.999999Z"));
        assert_eq!(Search::Seconds.text(since).as_deref(), Some("updated_at:>='2026-11-01T23:59:59Z'"));
        assert_eq!(Search::Unordered.text(since), Search::Seconds.text(since));
        assert_eq!(Search::Days.text(since).as_deref(), Some("updated_at:>='2026-11-01T00:00:00Z'"));
        assert_eq!(Search::Nothing.text(since), None);
        assert_eq!(Search::Seconds.text(None), None);
    }

    #[test]
    fn a_place_survives_its_token() {
        for place in [
            Place { seen: 50, since: None, after: Some("eyJ sdf == ".to_owned()) },
            Place { seen: 0, since: Some(at("2026-11-01T00:00:00.123456Z")), after: None },
            Place { seen: 24_999, since: Some(at("1969-11-01T00:00:00Z")), after: Some("x".to_owned()) },
        ] {
            assert_eq!(Place::parse(&place.token()), Some(place));
        }
        assert!(["", "x", "1", "1 x y", "-1 - y"].into_iter().all(|token| Place::parse(token).is_none()));
    }
}
