//! Lists of the Accounting API: which rows, in which order, on which page.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use uuid::Uuid;

use super::blemish;
use super::fault::XeroFault;
use super::rows::{self, Form};
use super::wire::Object;
use crate::universe::{Books, ContactStatus, Side, Universe};
use crate::world::World;

/// The endpoints the twin serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resource {
    Organisation,
    Contacts,
    Accounts,
    Items,
    Invoices,
    CreditNotes,
    Payments,
}

impl Resource {
    pub(crate) fn of_path(segment: &str) -> Option<Self> {
        Some(match segment {
            "Organisation" | "Organisations" => Self::Organisation,
            "Contacts" => Self::Contacts,
            "Accounts" => Self::Accounts,
            "Items" => Self::Items,
            "Invoices" => Self::Invoices,
            "CreditNotes" => Self::CreditNotes,
            "Payments" => Self::Payments,
            _ => return None,
        })
    }

    /// The name of the array in the envelope.
    fn plural(self) -> &'static str {
        match self {
            Self::Organisation => "Organisations",
            Self::Contacts => "Contacts",
            Self::Accounts => "Accounts",
            Self::Items => "Items",
            Self::Invoices => "Invoices",
            Self::CreditNotes => "CreditNotes",
            Self::Payments => "Payments",
        }
    }

    /// The member that is the key.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Organisation => "OrganisationID",
            Self::Contacts => "ContactID",
            Self::Accounts => "AccountID",
            Self::Items => "ItemID",
            Self::Invoices => "InvoiceID",
            Self::CreditNotes => "CreditNoteID",
            Self::Payments => "PaymentID",
        }
    }

    /// A member whose type faults may spoil.
    pub(crate) fn amount(self) -> &'static str {
        match self {
            Self::Invoices | Self::CreditNotes => "Total",
            Self::Payments => "Amount",
            Self::Contacts => "IsSupplier",
            Self::Organisation => "FinancialYearEndDay",
            Self::Accounts | Self::Items => "Name",
        }
    }

    /// A member whose date faults may spoil.
    pub(crate) fn date(self) -> &'static str {
        match self {
            Self::Invoices | Self::CreditNotes | Self::Payments => "Date",
            Self::Organisation => "CreatedDateUTC",
            _ => "UpdatedDateUTC",
        }
    }

    /// The scope family that opens it.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Organisation | Self::Accounts => &["accounting.settings"],
            Self::Items => &["accounting.settings", "accounting.invoices", "accounting.transactions"],
            Self::Contacts => &["accounting.contacts"],
            Self::Invoices | Self::CreditNotes => &["accounting.invoices", "accounting.transactions"],
            Self::Payments => &["accounting.payments", "accounting.transactions"],
        }
    }

    fn pages(self) -> bool {
        matches!(self, Self::Contacts | Self::Invoices | Self::CreditNotes | Self::Payments)
    }

    fn len(self, books: &Books) -> usize {
        match self {
            Self::Organisation => 1,
            Self::Contacts => books.contacts.len(),
            Self::Accounts => books.accounts.len(),
            Self::Items => books.items.len(),
            Self::Invoices => books.invoices.len(),
            Self::CreditNotes => books.credit_notes.len(),
            Self::Payments => books.payments.len(),
        }
    }

    fn id(self, books: &Books, at: usize) -> Uuid {
        match self {
            Self::Organisation => books.organisation_id,
            Self::Contacts => books.contacts[at].id,
            Self::Accounts => books.accounts[at].id,
            Self::Items => books.items[at].id,
            Self::Invoices => books.invoices[at].document.id,
            Self::CreditNotes => books.credit_notes[at].document.id,
            Self::Payments => books.payments[at].id,
        }
    }

    fn updated(self, books: &Books, at: usize) -> DateTime<Utc> {
        match self {
            Self::Organisation => books.created_at,
            Self::Contacts => books.contacts[at].updated_at,
            Self::Accounts => books.accounts[at].updated_at,
            Self::Items => books.items[at].updated_at,
            Self::Invoices => books.invoices[at].document.updated_at,
            Self::CreditNotes => books.credit_notes[at].document.updated_at,
            Self::Payments => books.payments[at].updated_at,
        }
    }

    /// The number or code by which a row may be asked for as well as by its id.
    fn number(self, books: &Books, at: usize) -> Option<&str> {
        match self {
            Self::Invoices => Some(&books.invoices[at].document.number),
            Self::CreditNotes => Some(&books.credit_notes[at].document.number),
            Self::Items => Some(&books.items[at].code),
            Self::Contacts => books.contacts[at].number.as_deref(),
            _ => None,
        }
    }

    fn write(self, o: &mut Object<'_>, universe: &Universe, at: usize, form: Form) {
        let books = &universe.books;
        match self {
            Self::Organisation => rows::organisation(o, universe),
            Self::Contacts => rows::contact(o, &books.contacts[at]),
            Self::Accounts => rows::account(o, &books.accounts[at]),
            Self::Items => rows::item(o, &books.items[at], form),
            Self::Invoices => rows::invoice(o, universe, &books.invoices[at], form),
            Self::CreditNotes => rows::credit_note(o, universe, &books.credit_notes[at], form),
            Self::Payments => rows::payment(o, universe, &books.payments[at]),
        }
    }
}

/// What a list call asks for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) since: Option<DateTime<Utc>>,
    page: Option<usize>,
    page_size: usize,
    order: Order,
    include_archived: bool,
    summary_only: bool,
    unit_places: u32,
    ids: Vec<String>,
    statuses: Vec<String>,
    conditions: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Unordered,
    Updated { descending: bool },
}

impl Query {
    /// Reads the query string; the error is the message of a `QueryParseException`.
    pub(crate) fn parse(params: &BTreeMap<String, String>, since: Option<&str>) -> Result<Self, String> {
        let number = |name: &str| params.get(name).and_then(|value| value.parse::<usize>().ok());
        let list = |name: &str| -> Vec<String> {
            params
                .get(name)
                .map(|v| v.split(',').map(|id| id.trim().to_lowercase()).collect())
                .unwrap_or_default()
        };
        let is_true = |name: &str| params.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(Self {
            since: since.and_then(parse_since),
            page: number("page").map(|page| page.max(1)),
            page_size: number("pageSize").unwrap_or(100).clamp(1, 1_000),
            order: parse_order(params.get("order").map(String::as_str))?,
            include_archived: is_true("includeArchived"),
            summary_only: is_true("summaryOnly"),
            unit_places: if number("unitdp") == Some(4) { 4 } else { 2 },
            ids: list("IDs").into_iter().chain(list("ids")).collect(),
            statuses: list("Statuses").into_iter().chain(list("statuses")).collect(),
            conditions: params.get("where").map_or(Ok(vec![]), |text| parse_where(text))?,
        })
    }

    fn filters_rows(&self) -> bool {
        !self.ids.is_empty() || !self.statuses.is_empty() || !self.conditions.is_empty()
    }
}

/// The header is accurate to the second and comes with or without a zone, which is UTC either way.
fn parse_since(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    let plain = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|at| at.and_utc());
    zoned.or_else(|_| plain()).ok().map(|at| at.trunc_subsecs(0))
}

fn parse_order(text: Option<&str>) -> Result<Order, String> {
    let Some(text) = text else { return Ok(Order::Unordered) };
    let mut words = text.split_whitespace();
    let (field, direction) = (words.next().unwrap_or_default(), words.next().unwrap_or("ASC"));
    if !field.eq_ignore_ascii_case("UpdatedDateUTC") {
        return Err(format!("No property or field '{field}' exists in the orderable type"));
    }
    Ok(Order::Updated { descending: direction.eq_ignore_ascii_case("DESC") })
}

/// The part of `where` that the twin knows: `Field=="value"` joined by AND.
fn parse_where(text: &str) -> Result<Vec<(String, String)>, String> {
    let parts = text.replace("&&", " AND ");
    let parts = parts.split(" AND ").map(str::trim);
    parts
        .map(|part| {
            let (field, value) =
                part.split_once("==").or_else(|| part.split_once('=')).ok_or_else(|| parse_failure(part))?;
            let value = value.trim().strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = value.ok_or_else(|| parse_failure(part))?;
            Ok((field.trim().to_owned(), value.to_owned()))
        })
        .collect()
}

fn parse_failure(part: &str) -> String {
    format!("The sandbox cannot evaluate the expression '{part}'")
}

/// The revision it was made at, and the positions.
type Sorted = (u64, Arc<Vec<usize>>);

/// Positions in the order of their updates, kept until the universe changes.
#[derive(Debug, Default)]
pub(crate) struct UpdateIndex {
    sorted: Mutex<HashMap<Resource, Sorted>>,
}

impl UpdateIndex {
    fn positions(&self, resource: Resource, books: &Books, revision: u64) -> Arc<Vec<usize>> {
        let mut sorted = self.sorted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, positions)) = sorted.get(&resource)
            && *known == revision
        {
            return Arc::clone(positions);
        }
        let mut positions: Vec<usize> = (0..resource.len(books)).collect();
        positions.sort_by_key(|at| resource.updated(books, *at));
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
    fault: Option<XeroFault>,
) -> Listing {
    let universe = world.read();
    // Read under the lock, so that it belongs to this universe and no other.
    let revision = world.revision();
    let positions = matching(&universe, index, resource, query, revision);
    let total = positions.len();
    let size = query.page_size;
    let paged = resource.pages().then_some(query.page).flatten();
    let form = Form {
        full: !query.summary_only
            && (paged.is_some() || !matches!(resource, Resource::Invoices | Resource::CreditNotes)),
        unit_places: query.unit_places,
    };
    let mut rows: Vec<usize> = match paged {
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
    let pagination = paged.filter(|_| fault != Some(XeroFault::MissingPagination)).map(|page| Pagination {
        page,
        size,
        pages: total.div_ceil(size),
        items: total + usize::from(fault == Some(XeroFault::LyingItemCount)),
    });
    let body = write_rows(&universe, resource, &rows, form, fault);
    Listing { resource, pagination, rows: body }
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
    let books = &universe.books;
    let id = Uuid::parse_str(wanted).ok();
    let at = (0..resource.len(books)).find(|at| match id {
        Some(id) => resource.id(books, *at) == id,
        None => resource.number(books, *at) == Some(wanted),
    })?;
    let form = Form { full: true, unit_places: query.unit_places };
    let rows = write_rows(&universe, resource, &[at], form, fault);
    Some(Listing { resource, pagination: None, rows })
}

fn matching(
    universe: &Universe,
    index: &UpdateIndex,
    resource: Resource,
    query: &Query,
    revision: u64,
) -> Vec<usize> {
    let books = &universe.books;
    // The organisation has no update time to be asked by.
    let since = query.since.filter(|_| resource != Resource::Organisation);
    let mut positions: Vec<usize> = match query.order {
        Order::Updated { descending } => {
            let sorted = index.positions(resource, books, revision);
            let first =
                since.map_or(0, |since| sorted.partition_point(|at| resource.updated(books, *at) < since));
            let mut positions = sorted[first..].to_vec();
            if descending {
                positions.reverse();
            }
            positions
        }
        Order::Unordered => (0..resource.len(books))
            .filter(|at| since.is_none_or(|since| resource.updated(books, *at) >= since))
            .collect(),
    };
    if resource == Resource::Contacts && !query.include_archived {
        positions.retain(|at| books.contacts[*at].status == ContactStatus::Active);
    }
    if query.filters_rows() {
        positions.retain(|at| keeps(books, resource, *at, query));
    }
    positions
}

fn keeps(books: &Books, resource: Resource, at: usize, query: &Query) -> bool {
    let (kind, status) = match resource {
        Resource::Invoices => {
            let document = &books.invoices[at].document;
            (if document.side == Side::Receivable { "ACCREC" } else { "ACCPAY" }, document.status.as_str())
        }
        Resource::CreditNotes => ("", books.credit_notes[at].document.status.as_str()),
        _ => ("", ""),
    };
    let id = resource.id(books, at).to_string();
    let wanted = query.ids.is_empty() || query.ids.contains(&id);
    let in_status =
        query.statuses.is_empty() || query.statuses.iter().any(|known| known.eq_ignore_ascii_case(status));
    let holds = |(field, value): &(String, String)| match field.as_str() {
        "Type" => kind == value,
        "Status" => status == value,
        _ => false,
    };
    wanted && in_status && query.conditions.iter().all(holds)
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
    resource: Resource,
    pagination: Option<Pagination>,
    rows: String,
}

impl Listing {
    /// The whole answer, keys in the vendor's order.
    pub(crate) fn envelope(self, id: Uuid, now: DateTime<Utc>) -> String {
        let mut out = String::with_capacity(self.rows.len() + 256);
        let _ = write!(out, r#"{{"Id":"{id}","Status":"OK","ProviderName":"Sentia Sandbox","#);
        let _ = write!(out, r#""DateTimeUTC":"\/Date({})\/","#, now.timestamp_millis());
        if let Some(Pagination { page, size, pages, items }) = self.pagination {
            let _ = write!(out, r#""pagination":{{"page":{page},"pageSize":{size},"#);
            let _ = write!(out, r#""pageCount":{pages},"itemCount":{items}}},"#);
        }
        let _ = write!(out, r#""{}":[{}]}}"#, self.resource.plural(), self.rows);
        out
    }
}
