//! Walks one list, page by page, and cuts it before Shopify would.

use chrono::{DateTime, Duration, Utc};
use sentia_core::{Context, Decoded, Error, ErrorKind, Fetch, Page, Result, decode::Walk};

use super::{
    client::{Answer, Client, Variables},
    query::Query,
    scope::Hidden,
    search::Search,
    wire::{Connection, PageInfo},
};

/// Shopify ends every list here, without a word [shopify.dev "Shopify API limits"].
const WALL: u64 = 25_000;

/// From here on a list that can be cut is begun anew behind what was read.
const CUT: u64 = 20_000;

/// The search index lags behind the records, so a new cut begins this much before the old one ended.
pub(super) const OVERLAP: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// One list of the API.
#[derive(Debug)]
pub(super) struct List {
    /// The query that reads it.
    pub(super) query: &'static Query,
    /// Records a page, where the caller names no number.
    pub(super) size: u32,
    /// How it is narrowed.
    pub(super) search: Search,
    /// What it does not show, without a word, where a scope is missing.
    pub(super) hidden: &'static [Hidden],
    /// What it means when an object on the way to it is null.
    pub(super) absent: Absent,
}

/// What a null on the way to a list means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// Its owner is gone: what it held is not known.
    Unknown,
    /// There is nothing to list: a shop without Shopify Payments has no payments account.
    Nothing,
}

/// One page of a list: where it stood and how it ended.
#[derive(Debug)]
pub(super) struct Listed {
    found: u64,
    answer: Answer,
    info: PageInfo,
    place: Place,
    list: &'static List,
}

impl List {
    /// A list in which nothing is hidden and whose owner exists.
    pub(super) const fn new(query: &'static Query, size: u32, search: Search) -> Self {
        List { query, size, search, hidden: &[], absent: Absent::Unknown }
    }

    /// Reads the page that `request` asks for, each record by `item` as it stands in the answer.
    pub(super) async fn read<T>(
        &'static self,
        client: &Client,
        cx: &Context,
        request: &Fetch<'_>,
        mut item: impl FnMut(&mut Walk<'_>) -> serde_json::Result<T>,
    ) -> Result<(Vec<T>, Listed)> {
        let place = Place::of(request)?;
        let search = self.search.text(place.since, request.until(), place.first_id);
        let variables = Variables {
            id: Some(request.partition()).filter(|partition| !partition.is_empty()),
            first: Some(request.page_size(self.size)),
            after: place.after.as_deref(),
            query: search.as_deref(),
            ..Variables::default()
        };
        let (mut answer, _) = client.ask(cx, self.query, variables).await?;
        let connection = answer
            .walk(self.query.path, |walk| Connection::walk(walk, &mut item))
            .map_err(|error| answer.misshapen(error))?;
        let (items, info) = match connection {
            Some(connection) => {
                let is_circle = connection.page.end_cursor == place.after;
                if connection.is_short && !is_circle {
                    // Worth asking once more: the next page begins behind the records that are missing here.
                    let message = "records are missing at the end of the page: its last cursor is not the one it \
                                   ends with";
                    return Err(answer.invalid(message).temporary());
                }
                (connection.nodes, connection.page)
            }
            // What was there a page ago is not nothing.
            None if self.absent == Absent::Nothing && request.page().is_none() => {
                (Vec::new(), PageInfo::end())
            }
            None => return Err(self.gone()),
        };
        let found = items.len() as u64;
        Ok((items, Listed { found, info, place, list: self, answer }))
    }

    fn gone(&self) -> Error {
        let message = "shopify does not know the list; it may have been deleted a moment ago";
        Error::new(ErrorKind::NotFound, message).context("path", self.query.path.join("."))
    }
}

impl Listed {
    /// The page, with where the list goes on.
    pub(super) fn page(self, decoded: Decoded) -> Result<Page> {
        let oldest = decoded.records.iter().map(|record| record.version.order).min();
        let oldest = oldest.and_then(DateTime::from_timestamp_micros);
        self.page_since(decoded, oldest)
    }

    /// The page of a list whose records are not what it is ordered by: `oldest` is the oldest time on it.
    pub(super) fn page_since(mut self, decoded: Decoded, oldest: Option<DateTime<Utc>>) -> Result<Page> {
        let scope = self.answer.scope()?;
        let page = match self.next(&decoded, oldest)? {
            Some(next) => Page::more(decoded, next.token()),
            None => Page::last(decoded),
        };
        Ok(page.read_scope(scope.text()).findings(scope.findings(self.list.hidden)))
    }

    fn next(&self, decoded: &Decoded, oldest: Option<DateTime<Utc>>) -> Result<Option<Place>> {
        let seen = self.place.seen + self.found;
        if !self.info.has_next_page {
            if seen >= WALL {
                let message = "shopify ends a list after 25,000 records and this one cannot be cut any finer";
                return Err(Error::new(ErrorKind::Unsupported, message).context("records", seen));
            }
            return Ok(None);
        }
        // An empty page that others follow is not the end.
        let Some(cursor) = self.info.end_cursor.clone() else {
            return Err(self.answer.invalid("more pages follow but the answer names no cursor"));
        };
        if self.place.after.as_ref() == Some(&cursor) {
            let message = "the cursor of the next page is the one just used; the list would never end";
            return Err(self.answer.invalid(message));
        }
        let cut = if seen < CUT { None } else { self.cut(decoded, oldest) };
        Ok(Some(cut.unwrap_or(Place { seen, after: Some(cursor), ..self.place.clone() })))
    }

    /// Where to begin the list anew, once it is long: never at the same filter again, that would walk in a circle.
    fn cut(&self, decoded: &Decoded, oldest: Option<DateTime<Utc>>) -> Option<Place> {
        let anew = Place { seen: 0, after: None, ..self.place.clone() };
        match self.list.search {
            Search::Nothing | Search::Unordered(_) => None,
            Search::Seconds(_) | Search::Days(_) => {
                // A record's own time may be newer than its place in the list, whose index lags; the oldest time of
                // the page is the safe one.
                let oldest = oldest?;
                let overlap = Duration::from_std(OVERLAP).ok()?;
                let moves = |since: &DateTime<Utc>| {
                    self.place.since.is_none_or(|before| *since > before)
                        && self.list.search.text(Some(*since), None, None)
                            != self.list.search.text(self.place.since, None, None)
                };
                let since = [oldest - overlap, oldest].into_iter().find(moves)?;
                Some(Place { since: Some(since), ..anew })
            }
            Search::Ids(_) => {
                let last = last_of_ascending(decoded)?;
                let moves = self.place.first_id.is_none_or(|before| last > before);
                moves.then_some(Place { first_id: Some(last), ..anew })
            }
        }
    }
}

/// The last number of a page that is in the order of its ids, as such a list comes; none where it is not, for then a
/// cut there would lose what is out of order.
fn last_of_ascending(decoded: &Decoded) -> Option<u64> {
    let number = |key: &str| key.rsplit('/').next()?.parse::<u64>().ok();
    let numbers: Vec<u64> =
        decoded.records.iter().map(|record| number(&record.key)).collect::<Option<_>>()?;
    numbers.is_sorted().then(|| numbers.last().copied()).flatten()
}

/// A place in a list: how many records this cut gave so far, where it begins by time and by id, and the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    seen: u64,
    since: Option<DateTime<Utc>>,
    first_id: Option<u64>,
    after: Option<String>,
}

impl Place {
    fn of(request: &Fetch<'_>) -> Result<Self> {
        match request.page() {
            None => Ok(Place { seen: 0, since: request.since(), first_id: None, after: None }),
            Some(token) => Place::parse(token).ok_or_else(|| {
                Error::new(ErrorKind::Unexpected, "the page token is not one of this connector")
            }),
        }
    }

    fn token(&self) -> String {
        let since = self.since.map_or("-".to_owned(), |since| since.timestamp_micros().to_string());
        let first_id = self.first_id.map(|id| format!("#{id}")).unwrap_or_default();
        format!("{} {since}{first_id} {}", self.seen, self.after.as_deref().unwrap_or_default())
    }

    fn parse(token: &str) -> Option<Self> {
        let mut parts = token.splitn(3, ' ');
        let seen = parts.next()?.parse().ok()?;
        let start = parts.next()?;
        let (since, first_id) = match start.split_once('#') {
            Some((since, id)) => (since, Some(id.parse().ok()?)),
            None => (start, None),
        };
        let since = match since {
            "-" => None,
            micros => Some(DateTime::from_timestamp_micros(micros.parse().ok()?)?),
        };
        let after = parts.next().filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        Some(Place { seen, since, first_id, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_place_survives_its_token() {
        let start = Place { seen: 0, since: None, first_id: None, after: None };
        for place in [
            Place { seen: 50, after: Some("eyJ sdf == ".to_owned()), ..start.clone() },
            Place { since: Some(at("2026-11-01T00:00:00.123456Z")), ..start.clone() },
            Place { first_id: Some(820_982_911_946_154_508), ..start.clone() },
            Place {
                since: Some(at("1969-11-01T00:00:00Z")),
                first_id: Some(7),
                after: Some("x".to_owned()),
                seen: 24_999,
            },
        ] {
            assert_eq!(Place::parse(&place.token()), Some(place));
        }
        assert!(
            ["", "x", "1", "1 x y", "-1 - y", "1 -#x y"]
                .into_iter()
                .all(|token| Place::parse(token).is_none())
        );
    }
}
