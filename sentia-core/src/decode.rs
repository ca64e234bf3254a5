//! From a page's bytes to records: each element of a list is decoded by its struct where it stands, and keeps its bytes.
//!
//! A page never becomes a tree of JSON values, and one element that cannot be read costs itself and no other.
//! [`Stream::decode_list`] takes a list that was found already, a [`Walk`] finds and decodes it on one pass; [`split`]
//! leaves the elements undecoded.

mod walk;

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use self::walk::Walk;
use crate::{
    Error, ErrorKind, Exact, Result, Text,
    record::{Document, Key, Record, Rejected, Version},
    stream::{ChildInfo, Column, Deletes, Export, Reading, StreamInfo},
    value::{ChildRows, ColumnKind, Value, storable},
};

/// Splits a JSON array into its elements without copying them out of `body`.
///
/// `raw` must point into `body`. White space around an element is not part of it.
///
/// ```
/// use bytes::Bytes;
/// use sentia_core::decode::split;
///
/// let body = Bytes::from_static(br#"[ {"id": 1}, {"id":2} ]"#);
/// let documents = split(&body, serde_json::from_slice(&body).expect("JSON"))?;
/// assert_eq!(documents, [&br#"{"id": 1}"#[..], br#"{"id":2}"#]);
/// # Ok::<(), sentia_core::Error>(())
/// ```
///
/// # Errors
/// `InvalidResponse` when `raw` is not an array.
pub fn split(body: &Bytes, raw: &RawValue) -> Result<Vec<Bytes>> {
    Walk::over(body, raw.get(), Walk::documents).map_err(not_an_array)
}

fn not_an_array(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::InvalidResponse, "the list of records is not an array").source(error)
}

/// Records and the documents that could not become one.
///
/// What a page holds. Both kinds are seen: the manifest names them all, and a declared count is compared with both.
#[derive(Debug, Default)]
pub struct Decoded {
    /// What could be read.
    pub records: Vec<Record>,
    /// What goes to quarantine.
    pub rejected: Vec<Rejected>,
}

impl Decoded {
    /// Files one outcome under records or rejected.
    pub fn push(&mut self, outcome: Result<Record, Rejected>) {
        match outcome {
            Ok(record) => self.records.push(record),
            Err(rejected) => self.rejected.push(rejected),
        }
    }

    /// Files the vendor's word that the record of `key` is gone, where it sends no document with it.
    pub fn push_gone(&mut self, stream: &StreamInfo, key: Key, version: Version) {
        self.records.push(Record::gone(stream, key, version));
    }
}

enum Get<W> {
    Text(fn(&W) -> Option<Text>),
    Integer(fn(&W) -> Option<i64>),
    Boolean(fn(&W) -> Option<bool>),
    Amount(fn(&W) -> Option<Exact>),
    Decimal(fn(&W) -> Option<Exact>),
    Date(fn(&W) -> Option<NaiveDate>),
    Timestamp(fn(&W) -> Option<DateTime<Utc>>),
}

impl<W> Get<W> {
    fn kind(&self) -> ColumnKind {
        match self {
            Get::Text(_) => ColumnKind::Text,
            Get::Integer(_) => ColumnKind::Integer,
            Get::Boolean(_) => ColumnKind::Boolean,
            Get::Amount(_) => ColumnKind::Amount,
            Get::Decimal(_) => ColumnKind::Decimal,
            Get::Date(_) => ColumnKind::Date,
            Get::Timestamp(_) => ColumnKind::Timestamp,
        }
    }

    fn value(&self, wire: &W) -> Result<Value, String> {
        let value = match self {
            Get::Text(get) => get(wire).map(Value::text).transpose()?,
            Get::Integer(get) => get(wire).map(Value::Integer),
            Get::Boolean(get) => get(wire).map(Value::Boolean),
            Get::Amount(get) => get(wire).map(|amount| Value::amount(amount.0)).transpose()?,
            Get::Decimal(get) => get(wire).map(|number| Value::Decimal(number.0)),
            Get::Date(get) => get(wire).map(Value::date).transpose()?,
            Get::Timestamp(get) => get(wire).map(Value::timestamp).transpose()?,
        };
        Ok(value.unwrap_or(Value::Null))
    }
}

/// The columns of one table: each name stands once, beside the function that fills it.
///
/// A getter that returns `None` leaves the column null. Getters are plain functions: they can neither fail nor look
/// anywhere but at the wire struct. Columns stand in the table in the order they are added.
///
/// ```
/// use sentia_core::{Exact, Fields, Text};
///
/// struct Line { sku: Option<Text>, price: Option<Exact> }
///
/// let columns = Fields::<Line>::new()
///     .text("sku", |line| line.sku.clone())
///     .decimal("unit_price", |line| line.price);
/// ```
pub struct Fields<W> {
    columns: Vec<Column>,
    getters: Vec<Get<W>>,
}

impl<W> Default for Fields<W> {
    fn default() -> Self {
        Fields { columns: Vec::new(), getters: Vec::new() }
    }
}

impl<W> fmt::Debug for Fields<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.columns.fmt(f)
    }
}

impl<W> Fields<W> {
    /// No columns yet.
    pub fn new() -> Self {
        Fields::default()
    }

    fn add(mut self, name: &'static str, get: Get<W>) -> Self {
        self.columns.push(Column { name, kind: get.kind() });
        self.getters.push(get);
        self
    }

    /// Adds a text column.
    #[must_use]
    pub fn text(self, name: &'static str, get: fn(&W) -> Option<Text>) -> Self {
        self.add(name, Get::Text(get))
    }

    /// Adds an integer column.
    #[must_use]
    pub fn integer(self, name: &'static str, get: fn(&W) -> Option<i64>) -> Self {
        self.add(name, Get::Integer(get))
    }

    /// Adds a boolean column.
    #[must_use]
    pub fn boolean(self, name: &'static str, get: fn(&W) -> Option<bool>) -> Self {
        self.add(name, Get::Boolean(get))
    }

    /// Adds a money column: at most four decimals.
    ///
    /// More decimals send the record to quarantine, with the column named.
    #[must_use]
    pub fn amount(self, name: &'static str, get: fn(&W) -> Option<Exact>) -> Self {
        self.add(name, Get::Amount(get))
    }

    /// Adds a column for a price, rate or quantity.
    ///
    /// Up to 28 digits, exact on both databases.
    #[must_use]
    pub fn decimal(self, name: &'static str, get: fn(&W) -> Option<Exact>) -> Self {
        self.add(name, Get::Decimal(get))
    }

    /// Adds a calendar day.
    #[must_use]
    pub fn date(self, name: &'static str, get: fn(&W) -> Option<NaiveDate>) -> Self {
        self.add(name, Get::Date(get))
    }

    /// Adds an instant.
    ///
    /// Kept to the microsecond.
    #[must_use]
    pub fn timestamp(self, name: &'static str, get: fn(&W) -> Option<DateTime<Utc>>) -> Self {
        self.add(name, Get::Timestamp(get))
    }

    fn row(&self, wire: &W) -> Result<Vec<Value>, String> {
        let value = |(column, get): (&Column, &Get<W>)| {
            get.value(wire).map_err(|reason| format!("{}: {reason}", column.name))
        };
        let mut row = Vec::with_capacity(self.columns.len());
        for pair in self.columns.iter().zip(&self.getters) {
            row.push(value(pair)?);
        }
        Ok(row)
    }
}

/// Fills one child table from a parent.
///
/// The item's type is forgotten here, so that one stream may have children of several types.
trait Child<W>: Send + Sync {
    fn rows(&self, wire: &W) -> Result<ChildRows, String>;
}

struct ChildOf<W, C: 'static + Clone> {
    items: fn(&W) -> Cow<'_, [C]>,
    columns: Fields<C>,
}

impl<W, C: Clone> Child<W> for ChildOf<W, C> {
    fn rows(&self, wire: &W) -> Result<ChildRows, String> {
        (self.items)(wire).iter().map(|item| self.columns.row(item)).collect()
    }
}

/// A catalog entry whose records are decoded by the wire struct `W`.
///
/// `W` names the members that key, version, columns and children need, and tolerates all others: the whole document is
/// stored anyway. A member that a vendor leaves out at times is an `Option` or has a default.
///
/// It is the one declaration of a stream's table: DDL, bulk upsert and documentation read its [`StreamInfo`].
///
/// ```
/// use sentia_core::{Fields, Exact, Stream, Text};
///
/// #[derive(serde::Deserialize)]
/// struct Rate { currency: Text, rate: Option<Exact> }
///
/// let rates = Stream::<Rate>::new("rates", "currency", |rate| rate.currency.clone())
///     .columns(Fields::new().decimal("rate", |rate| rate.rate));
/// let record = rates.decode(r#"{"currency":"EUR","rate":1.0842}"#.into()).expect("readable");
/// assert_eq!(record.key.as_str(), "EUR");
/// ```
///
/// With a version, tombstones and a child table:
///
/// ```
/// use std::{borrow::Cow, time::Duration};
/// use sentia_core::{Exact, Fields, Stream, Text, Version};
///
/// #[derive(serde::Deserialize)]
/// struct Order { id: Text, updated: Text, cancelled: bool, lines: Vec<Line> }
///
/// #[derive(serde::Deserialize, Clone)]
/// struct Line { quantity: Option<Exact> }
///
/// let orders = Stream::<Order>::new("orders", "id", |order| order.id.clone())
///     .version(|order| Some(Version::at(order.updated.clone(), order.updated.parse().ok()?)))
///     .incremental("updated", Duration::from_secs(900))
///     .deleted_when(|order| order.cancelled)
///     .children("order_lines", |order| Cow::Borrowed(&order.lines),
///         Fields::new().decimal("quantity", |line: &Line| line.quantity));
/// let decoded = orders.decode_all(vec![
///     r#"{"id":"1","updated":"2026-03-01T10:00:00Z","cancelled":false,"lines":[{"quantity":2}]}"#.into(),
///     r#"{"id":"2"}"#.into(),
/// ]);
/// assert_eq!(decoded.records[0].children[0].len(), 1);
/// assert_eq!(decoded.rejected[0].key.as_deref(), Some("2"), "held under its key");
/// ```
pub struct Stream<W> {
    info: Arc<StreamInfo>,
    key: fn(&W) -> Text,
    version: fn(&W) -> Option<Version>,
    deleted: fn(&W) -> bool,
    columns: Fields<W>,
    children: Vec<Box<dyn Child<W>>>,
}

impl<W> fmt::Debug for Stream<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.fmt(f)
    }
}

impl<W: DeserializeOwned + 'static> Stream<W> {
    /// A stream whose records are identified by the vendor's field `key_field`.
    ///
    /// `key` reads it from the wire struct; `key_field` names it in the document, so that a document that does not fit the
    /// struct is still quarantined under its key. The stream is read in full until
    /// [`incremental`](Self::incremental) is called.
    pub fn new(name: &'static str, key_field: &'static str, key: fn(&W) -> Text) -> Self {
        Stream {
            info: Arc::new(StreamInfo::new(name).key(&[key_field])),
            key,
            version: |_| None,
            deleted: |_| false,
            columns: Fields::new(),
            children: Vec::new(),
        }
    }

    fn declare(mut self, change: impl FnOnce(&mut StreamInfo)) -> Self {
        change(Arc::make_mut(&mut self.info));
        self
    }

    /// Reads the record's version; records without one are ordered by the start of their fetch.
    ///
    /// An older version never overwrites a newer one, whichever arrives first.
    #[must_use]
    pub fn version(mut self, version: fn(&W) -> Option<Version>) -> Self {
        self.version = version;
        self
    }

    /// Reads incrementally by the vendor's `cursor` field, re-reading `overlap` behind each proved bound.
    #[must_use]
    pub fn incremental(self, cursor: &'static str, overlap: std::time::Duration) -> Self {
        self.declare(|info| {
            info.reading = Reading::Incremental { cursor };
            info.overlap = overlap;
        })
    }

    /// Reads what changed since the vendor's own resume token.
    #[must_use]
    pub fn resumable(self) -> Self {
        self.declare(|info| info.reading = Reading::Resumable)
    }

    /// Reads everything again after so long; see [`StreamInfo::full_every`].
    #[must_use]
    pub fn full_every(self, every: std::time::Duration) -> Self {
        self.declare(|info| info.full_every = Some(every))
    }

    /// Reaches so far back once a day; see [`StreamInfo::reread_window`].
    #[must_use]
    pub fn reread_window(self, window: std::time::Duration) -> Self {
        self.declare(|info| info.reread_window = Some(window))
    }

    /// Names the longest span the vendor answers for; see [`StreamInfo::max_window`].
    #[must_use]
    pub fn max_window(self, window: std::time::Duration) -> Self {
        self.declare(|info| info.max_window = Some(window))
    }

    /// Says that the vendor exports it whole; see [`StreamInfo::export`].
    #[must_use]
    pub fn exported_from(self, records: u64) -> Self {
        self.declare(|info| info.export = Some(Export { from_records: records }))
    }

    /// Names what the vendor must grant.
    #[must_use]
    pub fn scopes(self, scopes: &[&'static str]) -> Self {
        self.declare(|info| info.scopes = scopes.to_vec())
    }

    /// Says in one clause what a record is.
    #[must_use]
    pub fn describe(self, description: &'static str) -> Self {
        self.declare(|info| info.description = description)
    }

    /// Says that rows vanish at the vendor, so that a proved full read sweeps.
    ///
    /// Only for streams whose full list holds every row that exists: what is missing there is marked deleted.
    #[must_use]
    pub fn swept(self) -> Self {
        self.declare(|info| info.deletes = Deletes::Sweep)
    }

    /// Says which documents mean "deleted".
    ///
    /// Such a record is a tombstone: its row keeps the document and is marked.
    #[must_use]
    pub fn deleted_when(mut self, deleted: fn(&W) -> bool) -> Self {
        self.deleted = deleted;
        self.declare(|info| {
            info.deletes = if info.deletes == Deletes::Sweep { Deletes::Sweep } else { Deletes::Status }
        })
    }

    /// Reads one partition per live key of `stream`.
    ///
    /// The keys are read from the store when this stream's turn comes, so `stream` must stand before it.
    #[must_use]
    pub fn partitioned_by(self, stream: &'static str) -> Self {
        self.declare(|info| info.partitioned_by = Some(stream))
    }

    /// Names the largest page the vendor grants.
    #[must_use]
    pub fn max_page(self, records: u32) -> Self {
        self.declare(|info| info.max_page = Some(records))
    }

    /// Declares the typed columns.
    #[must_use]
    pub fn columns(mut self, columns: Fields<W>) -> Self {
        self.columns = columns;
        let declared = self.columns.columns.clone();
        self.declare(|info| info.columns = declared)
    }

    /// Declares a child table, filled from the items of each parent in their order.
    ///
    /// The items may be borrowed from the wire struct or made of several of its lists. May be called several times.
    #[must_use]
    pub fn children<C: Clone + 'static>(
        mut self,
        name: &'static str,
        items: fn(&W) -> Cow<'_, [C]>,
        columns: Fields<C>,
    ) -> Self {
        let declared = ChildInfo { name, columns: columns.columns.clone() };
        self.children.push(Box::new(ChildOf { items, columns }));
        self.declare(|info| info.children.push(declared))
    }

    /// The stream as data.
    pub fn info(&self) -> &Arc<StreamInfo> {
        &self.info
    }

    /// Reads the wire struct out of one document.
    ///
    /// For connectors that complete a record by further calls before it is made; others use
    /// [`decode_all`](Self::decode_all).
    ///
    /// # Errors
    /// The document with the reason, for quarantine.
    pub fn wire(&self, document: &Bytes) -> Result<W, Rejected> {
        // Checking UTF-8 once for the whole document is a fifth faster than once for every string in it.
        let wire = match std::str::from_utf8(document) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(document),
        };
        wire.map_err(|error| Rejected {
            key: self.key_of(document),
            rule: "decode".into(),
            reason: error.to_string(),
            document: document.clone(),
        })
    }

    /// Makes a record of a wire struct and the bytes it came from.
    ///
    /// An empty key and a number that does not fit its column exactly are reasons to reject.
    ///
    /// # Errors
    /// The document with the reason, for quarantine.
    pub fn record(&self, wire: &W, document: Document) -> Result<Record, Rejected> {
        let key = (self.key)(wire);
        let rows = || -> Result<_, String> {
            if key.is_empty() {
                return Err(format!("{}: the key is empty", self.info.key[0]));
            }
            storable(&key).map_err(|reason| format!("{}: {reason}", self.info.key[0]))?;
            let version = (self.version)(wire).unwrap_or_default();
            storable(&version.raw).map_err(|reason| format!("version: {reason}"))?;
            let children = self.children.iter().map(|child| child.rows(wire)).collect::<Result<_, _>>()?;
            Ok((version, self.columns.row(wire)?, children))
        };
        match rows() {
            Ok((version, values, children)) => {
                let record = Record::new(key, version, document, values, children);
                Ok(if (self.deleted)(wire) { record.tombstone() } else { record })
            }
            Err(reason) => {
                let key = Some(key).filter(|key| !key.is_empty() && storable(key).is_ok());
                Err(Rejected { key, rule: "decode".into(), reason, document: document.whole() })
            }
        }
    }

    /// Decodes one document.
    ///
    /// # Errors
    /// The document with the reason, for quarantine.
    pub fn decode(&self, document: Bytes) -> Result<Record, Rejected> {
        let wire = self.wire(&document)?;
        self.record(&wire, Document::new(document))
    }

    /// Decodes a page's list of records, a JSON array within `body`; those that cannot be read never stop the others.
    ///
    /// Every record keeps its bytes, which are shared with `body`. `list` must point into it.
    ///
    /// # Errors
    /// `InvalidResponse` when `list` is not an array.
    pub fn decode_list(&self, body: &Bytes, list: &RawValue) -> Result<Decoded> {
        Walk::over(body, list.get(), |walk| walk.records(self)).map_err(not_an_array)
    }

    /// Decodes documents; those that cannot be read never stop the others.
    pub fn decode_all(&self, documents: Vec<Bytes>) -> Decoded {
        let mut decoded = Decoded { records: Vec::with_capacity(documents.len()), ..Decoded::default() };
        documents.into_iter().for_each(|document| decoded.push(self.decode(document)));
        decoded
    }

    /// The key alone, so that even an unreadable document is quarantined under its name.
    fn key_of(&self, document: &Bytes) -> Option<Key> {
        member(document, self.info.key[0])
    }
}

/// A string or number member of an object, as text.
pub(crate) fn member(document: &[u8], name: &str) -> Option<Text> {
    let members: std::collections::HashMap<Cow<'_, str>, &RawValue> =
        serde_json::from_slice(document).ok()?;
    let raw = members.get(name)?.get();
    match raw.as_bytes().first()? {
        b'"' => {
            serde_json::from_str::<Text>(raw).ok().filter(|text| !text.is_empty() && storable(text).is_ok())
        }
        b'-' | b'0'..=b'9' => Some(Text::from(raw)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Item {
        id: Text,
        total: Option<Exact>,
        #[serde(default)]
        lines: Vec<Line>,
    }

    #[derive(Deserialize, Clone)]
    struct Line {
        quantity: Option<Exact>,
    }

    fn items() -> Stream<Item> {
        Stream::new("items", "id", |item: &Item| item.id.clone())
            .columns(Fields::new().amount("total", |item| item.total))
            .children(
                "item_lines",
                |item| Cow::Borrowed(&item.lines),
                Fields::new().decimal("quantity", |line: &Line| line.quantity),
            )
    }

    #[test]
    fn one_bad_document_never_stops_the_others() {
        let body = Bytes::from_static(
            br#"[{"id":"a","total":1.10,"lines":[{"quantity":"2"}]},{"id":"b","total":1.00001},{"id":null},{"id":"d","total":[]}]"#,
        );
        let raw: &RawValue = serde_json::from_slice(&body).expect("json");
        let decoded = items().decode_all(split(&body, raw).expect("array"));
        assert_eq!(decoded.records.len(), 1);
        assert_eq!(decoded.records[0].document.body(), &body[1..51]);
        assert_eq!(decoded.records[0].children[0].len(), 1);
        let rejected: Vec<_> =
            decoded.rejected.iter().map(|r| (r.key.as_deref(), r.reason.as_str())).collect();
        assert_eq!(
            rejected[0],
            (Some("b"), "total: amount 1.00001 has more than four decimals or does not fit")
        );
        assert_eq!(rejected[1].0, None);
        assert_eq!(rejected[2].0, Some("d"));
    }
}
