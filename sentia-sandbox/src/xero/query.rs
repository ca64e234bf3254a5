//! What a list call asks for, read from its query string.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Utc};
use uuid::Uuid;

use super::resource::{Facts, Paging, Resource};
use crate::universe::Universe;

/// A list call.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) page: Option<usize>,
    pub(crate) page_size: usize,
    pub(crate) offset: u64,
    pub(crate) order: Order,
    pub(crate) include_hidden: bool,
    pub(crate) summary_only: bool,
    pub(crate) unit_places: u32,
    ids: Vec<String>,
    numbers: Vec<String>,
    contacts: Vec<String>,
    statuses: Vec<String>,
    days: Span,
    expiry: Span,
    conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Unordered,
    Updated { descending: bool },
}

/// Two days, both included.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

impl Span {
    fn holds(self, day: Option<NaiveDate>) -> bool {
        let after = self.from.is_none_or(|from| day.is_some_and(|day| day >= from));
        after && self.to.is_none_or(|to| day.is_some_and(|day| day <= to))
    }
}

/// One comparison of `where`.
#[derive(Clone, Debug)]
struct Condition {
    field: String,
    operator: &'static str,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Value {
    Text(String),
    Moment(DateTime<Utc>),
}

impl Query {
    /// Reads the query string; the error is the message of a `QueryParseException`.
    pub(crate) fn parse(
        resource: Resource,
        params: &BTreeMap<String, String>,
        since: Option<&str>,
    ) -> Result<Self, String> {
        let number = |name: &str| params.get(name).and_then(|value| value.parse::<usize>().ok());
        let is_true = |name: &str| params.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let hidden = if resource == Resource::BankTransfers { "includeDeleted" } else { "includeArchived" };
        let (hundreds, order) = (resource.paging() == Paging::Hundreds, params.get("order"));
        let page = number("page").map(|page| page.max(1));
        // The page size counts together with a page only.
        let size = number("pageSize").filter(|_| page.is_some() && !hundreds).unwrap_or(100);
        let orders = resource == Resource::PurchaseOrders || resource == Resource::Quotes;
        let day = |name: &str| parse_day(params.get(name).filter(|_| orders), name);
        let conditions = params.get("where").filter(|_| resource.heeds_where());
        Ok(Self {
            since: since.filter(|_| resource.heeds_since()).and_then(parse_since),
            page,
            page_size: size.clamp(1, 1_000),
            offset: number("offset").unwrap_or(0) as u64,
            order: parse_order(resource, order.map(String::as_str))?,
            include_hidden: is_true(hidden),
            summary_only: is_true("summaryOnly"),
            unit_places: if number("unitdp") == Some(4) { 4 } else { 2 },
            ids: words(params, &["IDs", "ids"]),
            numbers: words(params, &["InvoiceNumbers", "QuoteNumber"]),
            contacts: words(params, &["ContactIDs", "ContactID"]),
            statuses: words(params, if orders { &["Status"] } else { &["Statuses", "statuses"] }),
            days: Span { from: day("DateFrom")?, to: day("DateTo")? },
            expiry: Span { from: day("ExpiryDateFrom")?, to: day("ExpiryDateTo")? },
            conditions: conditions.map_or(Ok(vec![]), |text| parse_where(text))?,
        })
    }

    /// Whether every row is asked for, so that nobody need look at each.
    pub(crate) fn keeps_all(&self, resource: Resource) -> bool {
        use Resource::{BankTransfers, Contacts, TrackingCategories};
        let spans = [self.days.from, self.days.to, self.expiry.from, self.expiry.to];
        let hides = matches!(resource, BankTransfers | Contacts | TrackingCategories);
        [&self.ids, &self.numbers, &self.contacts, &self.statuses].iter().all(|list| list.is_empty())
            && spans.iter().all(Option::is_none)
            && self.conditions.is_empty()
            && (self.include_hidden || !hides)
    }

    /// Whether a row is asked for.
    pub(crate) fn keeps(&self, universe: &Universe, resource: Resource, at: usize) -> bool {
        let facts = resource.facts(universe, at);
        let named = |wanted: &[String], known: &str| {
            wanted.is_empty() || wanted.iter().any(|word| word.eq_ignore_ascii_case(known))
        };
        let id = || resource.id(universe, at).to_string();
        let contact = || facts.contact.map(|id| id.to_string()).unwrap_or_default();
        (self.include_hidden || !facts.hidden)
            && (self.ids.is_empty() || named(&self.ids, &id()))
            && named(&self.statuses, facts.status)
            && named(&self.numbers, facts.number)
            && (self.contacts.is_empty() || named(&self.contacts, &contact()))
            && self.days.holds(facts.date)
            && self.expiry.holds(facts.expiry)
            && self.conditions.iter().all(|c| c.holds(&facts, resource.updated(universe, at)))
    }
}

impl Condition {
    fn holds(&self, facts: &Facts<'_>, updated: DateTime<Utc>) -> bool {
        let text = |text: &str| Some(Value::Text(text.to_lowercase()));
        let known = match self.field.as_str() {
            "Type" | "TaxType" => text(facts.kind),
            "Status" | "ContactStatus" => text(facts.status),
            "Code" | "InvoiceNumber" | "CreditNoteNumber" => text(facts.number),
            "Contact.ContactID" => facts.contact.and_then(|id| text(&id.to_string())),
            "Date" => facts.date.map(|day| Value::Moment(day.and_time(NaiveTime::MIN).and_utc())),
            _ => Some(Value::Moment(updated)),
        };
        known.is_some_and(|known| match self.operator {
            "==" => known == self.value,
            "!=" => known != self.value,
            ">=" => known >= self.value,
            "<=" => known <= self.value,
            ">" => known > self.value,
            _ => known < self.value,
        })
    }
}

fn words(params: &BTreeMap<String, String>, names: &[&str]) -> Vec<String> {
    let lists = names.iter().filter_map(|name| params.get(*name));
    lists.flat_map(|list| list.split(',').map(|word| word.trim().to_lowercase())).collect()
}

/// The header is accurate to the second and comes with or without a zone, which is UTC either way.
fn parse_since(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    let plain = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|at| at.and_utc());
    zoned.or_else(|_| plain()).ok().map(|at| at.trunc_subsecs(0))
}

fn parse_day(text: Option<&String>, name: &str) -> Result<Option<NaiveDate>, String> {
    let Some(text) = text else { return Ok(None) };
    let day = NaiveDate::parse_from_str(text.get(..10).unwrap_or(text), "%Y-%m-%d");
    day.map(Some).map_err(|_| format!("Invalid date supplied for {name}"))
}

fn parse_order(resource: Resource, text: Option<&str>) -> Result<Order, String> {
    let Some(text) = text else {
        // The one list whose own order is that of its changes.
        let by_change = resource == Resource::ManualJournals;
        return Ok(if by_change { Order::Updated { descending: false } } else { Order::Unordered });
    };
    let mut words = text.split_whitespace();
    let (field, direction) = (words.next().unwrap_or_default(), words.next().unwrap_or("ASC"));
    let time = if resource == Resource::BankTransfers { "CreatedDateUTC" } else { "UpdatedDateUTC" };
    if !field.eq_ignore_ascii_case(time) {
        return Err(format!("No property or field '{field}' exists in the orderable type"));
    }
    Ok(Order::Updated { descending: direction.eq_ignore_ascii_case("DESC") })
}

/// The part of `where` that the twin knows: comparisons joined by AND.
fn parse_where(text: &str) -> Result<Vec<Condition>, String> {
    let text = text.replace("&&", " AND ");
    text.split(" AND ").map(|part| parse_condition(part.trim())).collect()
}

fn parse_condition(part: &str) -> Result<Condition, String> {
    const OPERATORS: [&str; 7] = ["==", "!=", ">=", "<=", ">", "<", "="];
    const FIELDS: [&str; 10] = [
        "Type",
        "TaxType",
        "Status",
        "ContactStatus",
        "Code",
        "InvoiceNumber",
        "CreditNoteNumber",
        "Contact.ContactID",
        "Date",
        "UpdatedDateUTC",
    ];
    let failure = || format!("The sandbox cannot evaluate the expression '{part}'");
    let found = OPERATORS.iter().find_map(|known| part.split_once(*known).map(|sides| (*known, sides)));
    let (operator, (field, value)) = found.ok_or_else(failure)?;
    let field = field.trim();
    if !FIELDS.contains(&field) {
        return Err(format!("No property or field '{field}' exists in the filtered type"));
    }
    let value = parse_value(value.trim()).ok_or_else(failure)?;
    if matches!(value, Value::Moment(_)) != (field == "Date" || field == "UpdatedDateUTC") {
        return Err(failure());
    }
    let operator = if operator == "=" { "==" } else { operator };
    Ok(Condition { field: field.to_owned(), operator, value })
}

/// A string in double quotes, `Guid("...")`, or `DateTime(2026,3,1)`.
fn parse_value(text: &str) -> Option<Value> {
    let quoted = |text: &str| text.strip_prefix('"')?.strip_suffix('"').map(str::to_lowercase);
    if let Some(inner) = text.strip_prefix("Guid(").and_then(|rest| rest.strip_suffix(')')) {
        return quoted(inner).filter(|id| Uuid::parse_str(id).is_ok()).map(Value::Text);
    }
    if let Some(inner) = text.strip_prefix("DateTime(").and_then(|rest| rest.strip_suffix(')')) {
        let parts: Option<Vec<u32>> = inner.split(',').map(|part| part.trim().parse().ok()).collect();
        let parts = parts?;
        let part = |at: usize| parts.get(at).copied();
        let day = NaiveDate::from_ymd_opt(i32::try_from(part(0)?).ok()?, part(1)?, part(2)?)?;
        let time = |at| part(at).unwrap_or(0);
        return Some(Value::Moment(day.and_hms_opt(time(3), time(4), time(5))?.and_utc()));
    }
    quoted(text).map(Value::Text)
}
