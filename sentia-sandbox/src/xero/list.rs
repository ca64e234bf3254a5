//! Lists of the Accounting API: which rows, in which order, on which page.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::blemish;
use super::fault::XeroFault;
use super::query::{Order, Query};
use super::resource::{Paging, Resource};
use super::rows::Form;
use super::wire::Object;
use crate::universe::Universe;
use crate::world::World;

/// The revision it was made at, and the positions.
type Sorted = (u64, Arc<Vec<usize>>);

/// Positions in the order of their updates, kept until the universe changes.
#[derive(Debug, Default)]
pub(crate) struct UpdateIndex {
    sorted: Mutex<HashMap<Resource, Sorted>>,
}

impl UpdateIndex {
    fn positions(&self, resource: Resource, universe: &Universe, revision: u64) -> Arc<Vec<usize>> {
        let mut sorted = self.sorted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, positions)) = sorted.get(&resource)
            && *known == revision
        {
            return Arc::clone(positions);
        }
        let mut positions: Vec<usize> = (0..resource.len(universe)).collect();
        positions.sort_by_key(|at| resource.updated(universe, *at));
        let positions = Arc::new(positions);
        sorted.insert(resource, (revision, Arc::clone(&positions)));
        positions
    }
}

/// Answers a list call; `fault` may be one that spoils pages or rows.
pub(crate) fn list(
    world: &World,
    index: &UpdateIndex,
    resource: Resource,
    query: &Query,
    ordered: bool,
    fault: Option<XeroFault>,
) -> Listing {
    let universe = world.read();
    // Read under the lock, so that it belongs to this universe and no other.
    let revision = world.revision();
    let positions = matching(&universe, index, resource, query, revision);
    let total = positions.len();
    let size = query.page_size;
    let page = match resource.paging() {
        Paging::Whole | Paging::Offset => None,
        // Asked for an order, this list comes whole (singer-io/tap-xero 104).
        Paging::Asked if resource == Resource::ManualJournals && ordered => None,
        Paging::Asked => query.page,
        Paging::Always | Paging::Hundreds => Some(query.page.unwrap_or(1)),
    };
    let whole = page.is_some() || (resource == Resource::ManualJournals && ordered);
    let form = Form {
        full: !query.summary_only && (whole || !resource.summarises()),
        unit_places: query.unit_places,
        alone: false,
        include_hidden: query.include_hidden,
    };
    let mut rows: Vec<usize> = match page {
        Some(page) => {
            let page =
                if fault == Some(XeroFault::PageRepeated) { page.saturating_sub(1).max(1) } else { page };
            positions.into_iter().skip((page - 1) * size).take(size).collect()
        }
        None => positions,
    };
    match fault {
        Some(XeroFault::EmptyPage) => rows.clear(),
        Some(XeroFault::DroppedRow) => drop(rows.pop()),
        _ => {}
    }
    let told = page.filter(|_| resource.paging() != Paging::Hundreds);
    let pagination = told.filter(|_| fault != Some(XeroFault::MissingPagination)).map(|page| Pagination {
        page,
        size,
        pages: total.div_ceil(size),
        items: total + usize::from(fault == Some(XeroFault::LyingItemCount)),
    });
    let body = write_rows(&universe, resource, &rows, form, fault);
    Listing { name: resource.plural(), pagination, rows: body }
}

/// Answers a call for one row by id or number: a list of one.
pub(crate) fn single(
    world: &World,
    resource: Resource,
    wanted: &str,
    query: &Query,
    fault: Option<XeroFault>,
) -> Option<Listing> {
    let universe = world.read();
    let id = Uuid::parse_str(wanted).ok();
    let at = (0..resource.len(&universe)).find(|at| match id {
        Some(id) => resource.id(&universe, *at) == id,
        None => resource.is_called(&universe, *at, wanted),
    })?;
    let form = Form { full: true, unit_places: query.unit_places, alone: true, include_hidden: true };
    let rows = write_rows(&universe, resource, &[at], form, fault);
    Some(Listing { name: resource.plural(), pagination: None, rows })
}

/// The list of an organisation that has nothing in it yet.
pub(crate) fn nothing(resource: Resource, query: &Query) -> Listing {
    let size = query.page_size;
    let told = match resource.paging() {
        Paging::Asked => query.page,
        Paging::Always => Some(query.page.unwrap_or(1)),
        _ => None,
    };
    let pagination = told.map(|page| Pagination { page, size, pages: 0, items: 0 });
    Listing { name: resource.plural(), pagination, rows: String::new() }
}

fn matching(
    universe: &Universe,
    index: &UpdateIndex,
    resource: Resource,
    query: &Query,
    revision: u64,
) -> Vec<usize> {
    let since = query.since;
    let updated = |at: usize| resource.updated(universe, at);
    if resource == Resource::Journals {
        // Numbers and times of posting grow together, so both bounds cut off a beginning.
        let journals = &universe.ledger.journals;
        let first = journals.partition_point(|journal| journal.number <= query.offset);
        let late = |at: &usize| since.is_none_or(|since| updated(*at) >= since);
        return (first..journals.len()).filter(late).take(100).collect();
    }
    let mut positions: Vec<usize> = match query.order {
        Order::Updated { descending } => {
            let sorted = index.positions(resource, universe, revision);
            let first = since.map_or(0, |since| sorted.partition_point(|at| updated(*at) < since));
            let mut positions = sorted[first..].to_vec();
            if descending {
                positions.reverse();
            }
            positions
        }
        Order::Unordered => {
            (0..resource.len(universe)).filter(|at| since.is_none_or(|since| updated(*at) >= since)).collect()
        }
    };
    if !query.keeps_all(resource) {
        positions.retain(|at| query.keeps(universe, resource, *at));
    }
    positions
}

fn write_rows(
    universe: &Universe,
    resource: Resource,
    rows: &[usize],
    form: Form,
    fault: Option<XeroFault>,
) -> String {
    let mut out = String::with_capacity(rows.len() * if form.full { 2_048 } else { 768 } + 64);
    for (ordinal, at) in rows.iter().enumerate() {
        if ordinal > 0 {
            out.push(',');
        }
        let start = out.len();
        let mut row = Object::begin(&mut out);
        resource.write(&mut row, universe, *at, form);
        row.end();
        let spoilt = fault.filter(|fault| ordinal == 0 || *fault == XeroFault::QuotedNumbers);
        if let Some(fault) = spoilt {
            let row = blemish::spoil(fault, resource, &out[start..]);
            out.replace_range(start.., &row);
        }
    }
    out
}

#[derive(Clone, Copy, Debug)]
struct Pagination {
    page: usize,
    size: usize,
    pages: usize,
    items: usize,
}

/// A list that only needs its envelope.
#[derive(Debug)]
pub(crate) struct Listing {
    name: &'static str,
    pagination: Option<Pagination>,
    rows: String,
}

impl Listing {
    /// A list of rows that are written already.
    pub(crate) fn of(name: &'static str, rows: String) -> Self {
        Self { name, pagination: None, rows }
    }

    /// The whole answer, keys in the vendor's order.
    pub(crate) fn envelope(self, id: Uuid, now: DateTime<Utc>) -> String {
        let mut out = String::with_capacity(self.rows.len() + 256);
        let _ = write!(out, r#"{{"Id":"{id}","Status":"OK","ProviderName":"Sentia Sandbox","#);
        let _ = write!(out, r#""DateTimeUTC":"\/Date({})\/","#, now.timestamp_millis());
        if let Some(Pagination { page, size, pages, items }) = self.pagination {
            let _ = write!(out, r#""pagination":{{"page":{page},"pageSize":{size},"#);
            let _ = write!(out, r#""pageCount":{pages},"itemCount":{items}}},"#);
        }
        let _ = write!(out, r#""{}":[{}]}}"#, self.name, self.rows);
        out
    }
}
