//! The unit of everything: one keyed item of a stream, with the vendor's bytes.

use std::{fmt, sync::OnceLock};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Text,
    value::{ChildRows, Value, row_check},
};

/// The fields that identify a record, joined by `/` where there are several.
///
/// A key is never empty. It is compared byte for byte, as the vendor writes it.
pub type Key = Text;

/// A SHA-256 digest.
///
/// ```
/// use sentia_core::record::Digest;
///
/// let digest = Digest::of(b"abc");
/// assert_eq!(digest, Digest::of_parts(&[b"a", b"bc"]));
/// assert!(digest.to_string().starts_with("ba7816bf"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Digest::from_sum(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
    }

    /// The digest of several pieces, one after the other.
    ///
    /// The pieces' borders do not count. Where they matter, put a length before each.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        parts.iter().for_each(|part| context.update(part));
        Digest::from_sum(context.finish())
    }

    fn from_sum(sum: aws_lc_rs::digest::Digest) -> Self {
        Digest(std::array::from_fn(|at| sum.as_ref()[at]))
    }

    /// A digest read back from a database.
    ///
    /// `None` unless there are exactly 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Digest)
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The vendor's document, byte for byte as received.
///
/// It is a slice of the page it came in, so a page's documents share one allocation and live as long as the longest
/// held of them. Nothing parses and writes it again: the digest is over these bytes.
///
/// ```
/// use sentia_core::record::{Digest, Document};
///
/// let document = Document::new(r#"{ "id":1 }"#.into()).with_parts(&["{}".into(), "[]".into()]);
/// assert_eq!(document.parts().map(|parts| &parts[..]), Some(&b"[{},[]]"[..]));
/// assert_eq!(document.digest(), Digest::of(br#"{ "id":1 }[{},[]]"#));
/// assert_eq!(format!("{document:?}"), "Document(17 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Document {
    body: Bytes,
    parts: Option<Bytes>,
}

impl Document {
    /// A document of `body` alone. The bytes are UTF-8: they were split out of decoded JSON.
    pub fn new(body: Bytes) -> Self {
        Document { body, parts: None }
    }

    /// Adds the documents that later calls brought to complete this one, as a JSON array of their exact bytes.
    #[must_use]
    pub fn with_parts(mut self, parts: &[Bytes]) -> Self {
        if !parts.is_empty() {
            let mut array = Vec::with_capacity(parts.iter().map(|part| part.len() + 1).sum::<usize>() + 1);
            for (at, part) in parts.iter().enumerate() {
                array.push(if at == 0 { b'[' } else { b',' });
                array.extend_from_slice(part);
            }
            array.push(b']');
            self.parts = Some(array.into());
        }
        self
    }

    /// The document as the page had it.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The JSON array of completing documents.
    pub fn parts(&self) -> Option<&Bytes> {
        self.parts.as_ref()
    }

    /// Every byte: the body, and after a line feed the parts where there are some.
    pub fn whole(&self) -> Bytes {
        match &self.parts {
            None => self.body.clone(),
            Some(parts) => [&self.body, b"\n".as_slice(), parts].concat().into(),
        }
    }

    /// True where the vendor sent none, as with a deletion event.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// SHA-256 over the bytes; with parts, over body and parts one after the other.
    pub fn digest(&self) -> Digest {
        match &self.parts {
            None => Digest::of(&self.body),
            Some(parts) => Digest::of_parts(&[&self.body, parts]),
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Documents hold personal data: their size is enough for a log.
        write!(f, "Document({} bytes)", self.body.len() + self.parts.as_ref().map_or(0, Bytes::len))
    }
}

/// The vendor's updated-at: the raw text and an integer that orders it.
///
/// Versions of one stream are compared by `order` alone. The raw text is kept because vendors write more, or less,
/// than an instant.
///
/// ```
/// use sentia_core::Version;
///
/// let at = "2026-03-01T10:00:00Z".parse().expect("an instant");
/// let version = Version::at("/Date(1772359200000+0000)/".into(), at);
/// assert_eq!(version.order, 1_772_359_200_000_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Version {
    /// As the vendor wrote it.
    pub raw: Text,
    /// Microseconds since 1970 or a counter; 0 for streams without a version order.
    pub order: i64,
}

impl Version {
    /// A version for streams that have no order of their own: the later fetch wins.
    pub fn none() -> Self {
        Version::default()
    }

    /// A version from an instant, with the vendor's own text for it.
    pub fn at(raw: Text, instant: DateTime<Utc>) -> Self {
        Version { raw, order: instant.timestamp_micros() }
    }
}

/// What a record does to its row.
///
/// A tombstone whose document is empty leaves document, columns and child rows as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Operation {
    /// Insert or replace by key; the newest version wins.
    Upsert,
    /// Deleted at the source: the row stays, marked.
    Tombstone,
}

/// One keyed item of a stream.
///
/// Connectors make records through [`Stream`](crate::Stream) or
/// [`json_record`](crate::json_record::json_record), which fill key, version and columns alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What identifies it in its stream.
    pub key: Key,
    /// The vendor's updated-at.
    pub version: Version,
    /// Upsert or tombstone.
    pub operation: Operation,
    /// The vendor's bytes.
    pub document: Document,
    /// One value per declared column.
    /// In the order of [`StreamInfo::columns`](crate::StreamInfo::columns); the engine refuses another number.
    pub values: Vec<Value>,
    /// One set of rows per declared child table.
    /// In the order of [`StreamInfo::children`](crate::StreamInfo::children); the rows in the vendor's order.
    pub children: Vec<ChildRows>,
    seal: Seal,
}

/// What follows from the rest of a record: computed once, when it is asked for.
#[derive(Debug, Clone, Default)]
struct Seal(OnceLock<(Digest, i64)>);

impl PartialEq for Seal {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Record {
    /// An upsert.
    pub fn new(
        key: Key,
        version: Version,
        document: Document,
        values: Vec<Value>,
        children: Vec<ChildRows>,
    ) -> Self {
        Record {
            key,
            version,
            operation: Operation::Upsert,
            document,
            values,
            children,
            seal: Seal::default(),
        }
    }

    /// A deletion that comes without a document: the row is marked and keeps document, columns and children.
    ///
    /// ```
    /// use sentia_core::{Record, StreamInfo, Version, record::Operation};
    ///
    /// let gone = Record::gone(&StreamInfo::new("users").key(&["id"]), "7".into(), Version::none());
    /// assert!(gone.document.is_empty() && gone.operation == Operation::Tombstone);
    /// ```
    pub fn gone(stream: &crate::StreamInfo, key: Key, version: Version) -> Self {
        let values = vec![Value::Null; stream.columns.len()];
        let children = vec![ChildRows::new(); stream.children.len()];
        Record::new(key, version, Document::default(), values, children).tombstone()
    }

    /// Marks the record as deleted at the source.
    ///
    /// The row stays, with the time of the fetch in its column `deleted`.
    #[must_use]
    pub fn tombstone(mut self) -> Self {
        self.operation = Operation::Tombstone;
        self
    }

    /// Reads a member of the document.
    ///
    /// The document is parsed for this one member, so it is meant for rules and small connectors. For numbers use
    /// [`Exact`](crate::Exact): serde reads other decimals through binary floats.
    ///
    /// ```
    /// use sentia_core::{Exact, Record, Version, record::Document};
    ///
    /// let document = Document::new(r#"{"total": 19.90, "lines": [1, 2]}"#.into());
    /// let record = Record::new("1001".into(), Version::none(), document, Vec::new(), Vec::new());
    /// assert_eq!(record.get::<Exact>("total")?.to_string(), "19.90");
    /// assert_eq!(record.get::<Vec<u32>>("lines")?, [1, 2]);
    /// assert!(record.get::<String>("name").is_err());
    /// # Ok::<(), sentia_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidResponse` when it is missing or of another type.
    pub fn get<T: serde::de::DeserializeOwned>(&self, member: &str) -> crate::Result<T> {
        let invalid = |message: &'static str| {
            crate::Error::new(crate::ErrorKind::InvalidResponse, message)
                .context("key", &self.key)
                .context("member", member)
        };
        let members: std::collections::HashMap<std::borrow::Cow<'_, str>, &serde_json::value::RawValue> =
            serde_json::from_slice(self.document.body())
                .map_err(|e| invalid("the document is not an object").source(e))?;
        let raw = members.get(member).ok_or_else(|| invalid("the document has no such member"))?;
        serde_json::from_str(raw.get()).map_err(|e| invalid("the member is of another type").source(e))
    }

    /// SHA-256 over the document's bytes.
    ///
    /// Computed when it is first asked for; changing `document` afterwards does not change it. The engine asks on the task
    /// that fetched the page, beside the commit of the page before; a host that reads without a sync pays for none.
    pub fn digest(&self) -> Digest {
        self.sealed().0
    }

    /// The check over columns and child rows; see [`row_check`]. Computed with the [`digest`](Self::digest).
    pub fn row_check(&self) -> i64 {
        self.sealed().1
    }

    fn sealed(&self) -> &(Digest, i64) {
        self.seal.0.get_or_init(|| (self.document.digest(), row_check(&self.values, &self.children)))
    }
}

/// A document that could not become a record: kept with its bytes, never dropped.
///
/// A rejected document with a key counts as seen, so the sweep spares its row. Without a key it forbids the sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its key, where that much could be read.
    pub key: Option<Key>,
    /// The rule that held it back; `decode` where it could not be read at all.
    pub rule: Text,
    /// Why, naming the field.
    pub reason: String,
    /// The vendor's bytes.
    pub document: Bytes,
}
