//! What the connector is, and how it reads one page.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sentia_core::{
    Connector, ConnectorInfo, Context, Decoded, Error, ErrorKind, Fetch, Page, Result, RunReport,
    push::Webhooks,
    transport::{Limit, Pacing},
};

use super::{
    budget::CallBudget,
    client::Client,
    config::{MONTHLY_CALLS, UnleashedConfig},
    date,
    directory::Directory,
    envelope::{Asked, Listing},
    place::Place,
    query::Query,
    streams::{Shape, Source, is_deleted, sources, warehouse_code},
    webhook::Receiver,
};

/// Records on a page unless the caller asks for another number: of the 200 to 500 that Unleashed advises, the more,
/// because it counts calls.
const PAGE_SIZE: u32 = 500;

/// How long the list of warehouses serves the increments of a run.
const DIRECTORY_AGE: Duration = Duration::from_secs(10 * 60);

/// The longest month. The limit guards one run; [`Unleashed::call_budget`] counts the month over all of them.
const MONTH: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Reads one account's stock, orders and production.
///
/// ```
/// use sentia_connectors::unleashed::Unleashed;
/// use sentia_core::Connector;
///
/// # fn main() -> sentia_core::Result<()> {
/// let warehouse = Unleashed::builder().api_id("id").api_key("key").time_zone("Europe/London").build()?;
/// assert_eq!(warehouse.info().vendor, "unleashed");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Unleashed {
    pub(super) client: Client,
    receiver: Receiver,
    sources: Vec<Source>,
    directory: Directory,
    zone: Tz,
    monthly_calls: u32,
    pacing: Pacing,
}

impl Unleashed {
    pub(super) fn over(client: Client, zone: Tz, pacing: Pacing, config: &UnleashedConfig) -> Self {
        Unleashed {
            client,
            receiver: Receiver::new(config.webhook_key.clone()),
            sources: sources(),
            directory: Directory::default(),
            zone,
            monthly_calls: config.monthly_calls,
            pacing,
        }
    }

    /// What is left of this month's calls, by the reports of the connection's runs.
    ///
    /// Calls of other programs with the same account are not among them; see [`CallBudget::of_runs`].
    pub fn call_budget<'a>(
        &self,
        runs: impl IntoIterator<Item = &'a RunReport>,
        now: DateTime<Utc>,
    ) -> CallBudget {
        CallBudget::of_runs(self.monthly_calls, runs, now)
    }

    async fn page(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        let stream = request.stream().name;
        let source = self.sources.iter().find(|source| source.info().name == stream).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "unleashed has no such stream; its README lists them")
                .context("stream", stream)
        })?;
        let place = request.page().map_or(Ok(Place::first()), str::parse)?;
        let since = request.since().filter(|_| source.info().cursor_field().is_some());
        let place = match source.shape {
            Shape::PerWarehouse => match self.in_warehouse(cx, &request, since, place).await? {
                Some(place) => place,
                // A warehouse that is gone holds nothing.
                None => return Ok(Page::last(Vec::new()).numbered().declared(Some(0))),
            },
            _ => place,
        };
        let size = request.page_size(PAGE_SIZE);
        let path = format!("{}/{}", source.path, place.page);
        let response = self.client.get(cx, &path, &query(source, &place, since, size)).await?;
        let mut sieve = Sieve::of(source.shape, &place);
        let listing = Listing::open(&response, Asked { page: place.page, size }, |walk| {
            source.decode(walk, self.zone, &mut |document| sieve.keeps(document))
        })?;
        let place = Place { others: place.others + sieve.others()?, ..place };
        let step = step(source, place, &listing)?;
        let page = Page::chained(listing.records, step.next.map(|next| next.to_string()));
        let scope = format!("account {}; list {}", self.client.account(), source.described());
        Ok(page.numbered().declared(step.declared).read_scope(scope))
    }

    /// The place with the warehouse's code; none where the warehouse is gone. The code of the first page stays for the
    /// others: the list's count tells whether it was renamed between them.
    async fn in_warehouse(
        &self,
        cx: &Context,
        request: &Fetch<'_>,
        since: Option<DateTime<Utc>>,
        place: Place,
    ) -> Result<Option<Place>> {
        if place.warehouse.is_some() {
            return Ok(Some(place));
        }
        let max_age = since.map(|_| DIRECTORY_AGE);
        let code = self.directory.code(cx, &self.client, request.partition(), max_age).await?;
        Ok(code.map(|code| Place { warehouse: Some(code), ..place }))
    }
}

/// The query of one page. It does not hold the page's number, which stands in the path.
fn query(source: &Source, place: &Place, since: Option<DateTime<Utc>>, size: u32) -> Query {
    let query = Query::default().with("pageSize", &size.to_string());
    let query = since.map(date::bound).iter().fold(query, |query, at| query.with("modifiedSince", at));
    let query = source.filters.iter().fold(query, |query, (name, value)| query.with(name, value));
    let query = match source.shape {
        Shape::WithDeleted { filter, .. } if place.part == 1 => query.with(filter, "Deleted"),
        _ => query,
    };
    place.warehouse.iter().fold(query, |query, code| query.with("warehouseCode", code))
}

/// Tells the rows that were asked for from others that stand among them, and counts the others.
#[derive(Debug)]
struct Sieve {
    asked: Rows,
    others: u64,
    foreign: Option<String>,
}

/// Which rows of a list were asked for.
#[derive(Debug)]
enum Rows {
    All,
    /// Those of the warehouse with this code in lower case: `A1` finds `A10` too.
    Own(String),
    /// Those whose status, in this member, says that they were deleted. There are no others as long as the filter is
    /// understood; those were read with the first list.
    Deleted(&'static str),
}

impl Sieve {
    fn of(shape: Shape, place: &Place) -> Self {
        let asked = match (shape, &place.warehouse) {
            (Shape::PerWarehouse, Some(code)) => Rows::Own(code.to_lowercase()),
            (Shape::WithDeleted { member, .. }, _) if place.part == 1 => Rows::Deleted(member),
            _ => Rows::All,
        };
        Sieve { asked, others: 0, foreign: None }
    }

    /// What cannot be read is kept: it is the decoder's to reject.
    fn keeps(&mut self, document: &[u8]) -> bool {
        let keeps = match &self.asked {
            Rows::All => true,
            Rows::Deleted(member) => is_deleted(document, member).unwrap_or(true),
            Rows::Own(code) => warehouse_code(document).is_none_or(|found| {
                let own = found.to_lowercase() == *code;
                if !own && (found.is_empty() || !found.to_lowercase().starts_with(code)) {
                    self.foreign = Some(found);
                }
                own
            }),
        };
        self.others += u64::from(!keeps);
        keeps
    }

    /// How many others there were.
    ///
    /// # Errors
    /// `InvalidResponse` for a row that the filter should not have let through at all. Without its filter the list has
    /// one row per product and names no warehouse; taking it for empty would sweep the warehouse.
    fn others(self) -> Result<u64> {
        match (self.foreign, self.asked) {
            (Some(found), Rows::Own(code)) => {
                let message = "unleashed did not filter its stock by warehouse";
                Err(Error::new(ErrorKind::InvalidResponse, message)
                    .context("asked", code)
                    .context("found", found))
            }
            _ => Ok(self.others),
        }
    }
}

/// Where the read goes on, and what the vendor declares for the whole of it.
struct Step {
    next: Option<Place>,
    declared: Option<u64>,
}

/// Steps to the next page, the next list, or the end.
///
/// One plain list declares its count with every page, and the engine sees it move. A stream of several lists, or of a
/// list with rows to leave out, has its count at the end alone; there a count that moves is told from here.
///
/// # Errors
/// `PositionExpired` when it moved: the window is read again.
fn step(source: &Source, place: Place, listing: &Listing<Decoded>) -> Result<Step> {
    let on = |place: Place| Some(Place { page: place.page + 1, ..place });
    if matches!(source.shape, Shape::Plain) {
        return Ok(Step { next: listing.goes_on.then(|| on(place)).flatten(), declared: listing.items });
    }
    if let (Some(before), Some(now)) = (place.items, listing.items)
        && before != now
    {
        let message = "the list's count moved between its pages; it is read again";
        return Err(Error::new(ErrorKind::PositionExpired, message)
            .context("before", before)
            .context("now", now));
    }
    if listing.goes_on {
        let next = on(Place { items: listing.items, ..place });
        return Ok(Step { next, declared: None });
    }
    let read = place.before.zip(listing.items).map(|(before, items)| before + items);
    if place.part + 1 < source.shape.parts() {
        let next = Place { page: 1, part: place.part + 1, items: None, before: read, ..place };
        return Ok(Step { next: Some(next), declared: None });
    }
    Ok(Step { next: None, declared: read.map(|read| read.saturating_sub(place.others)) })
}

/// What the connector is, without credentials.
///
/// ```
/// let info = sentia_connectors::unleashed::catalog();
/// info.validate()?;
/// assert!(info.streams.iter().any(|stream| stream.name == "stock_on_hand"));
/// # Ok::<(), sentia_core::Error>(())
/// ```
pub fn catalog() -> ConnectorInfo {
    described(&sources(), MONTHLY_CALLS)
}

/// The short-term limit is not documented. Two calls a second, one at a time, is what public clients survive with: from there
/// on it is learned.
fn described(sources: &[Source], monthly_calls: u32) -> ConnectorInfo {
    let info = ConnectorInfo::new("unleashed")
        .limit(Limit::Concurrent(1))
        .limit(Limit::Learned { per_second: 2.0, floor: 0.1, ceiling: 20.0 })
        .limit(Limit::Calls { calls: monthly_calls, per: MONTH });
    sources.iter().fold(info, |info, source| info.stream(Arc::clone(source.info())))
}

#[async_trait]
impl Connector for Unleashed {
    fn info(&self) -> ConnectorInfo {
        described(&self.sources, self.monthly_calls).pacing(self.pacing)
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        self.page(cx, request).await.map_err(|error| error.operation("unleashed.fetch"))
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(&self.receiver)
    }
}
