//! What a stream is: its key, columns, child tables, and how it is read.
//!
//! A stream is data. The engine reads from it whether to ask for changes, whether to sweep and how far to overlap; the
//! store makes its tables from it; nothing branches on a stream's name.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result, value::ColumnKind};

/// Where records come from and go to: a partition of a stream of a connection of a tenant.
///
/// Checkpoint, manifests, certificates and sweep are per `StreamId`.
///
/// ```
/// use sentia_core::StreamId;
///
/// let id = StreamId {
///     tenant: "acme".into(),
///     connection: "shopify-uk".into(),
///     stream: "inventory_levels".into(),
///     partition: "gid://shopify/Location/1".into(),
/// };
/// assert_eq!(id.to_string(), "acme/shopify-uk/inventory_levels/gid://shopify/Location/1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StreamId {
    /// Whose data it is.
    pub tenant: String,
    /// The connection's name, for instance `shopify-uk`.
    pub connection: String,
    /// The stream's name, for instance `orders`.
    pub stream: String,
    /// The part that is read on its own; empty for streams without parts.
    pub partition: String,
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.connection, self.stream)?;
        if !self.partition.is_empty() {
            write!(f, "/{}", self.partition)?;
        }
        Ok(())
    }
}

/// A typed column of a stream's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, in snake_case.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnKind,
}

/// A child collection with a table of its own, replaced as a set with its parent.
///
/// Its rows have no key of their own: `(tenant, connection, parent_key, position)` identifies one, and position counts
/// from 0 in the vendor's order. A parent that is marked deleted keeps its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildInfo {
    /// Its name, for instance `invoice_lines`.
    pub name: &'static str,
    /// Its columns; the store adds the parent's key and the position.
    pub columns: Vec<Column>,
}

/// How a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Everything, each time.
    /// Each run is then a full read, and sweeps where the stream says so.
    Full,
    /// What changed since the checkpoint, by the named vendor field; everything on the first run.
    Incremental {
        /// The vendor's updated-at field.
        cursor: &'static str,
    },
    /// What changed since the vendor's own resume token; everything where there is none or it expired.
    /// The last page of a read hands out the next one: [`Page::resume_at`](crate::Page::resume_at).
    Resumable,
}

/// How a deletion at the vendor becomes visible.
///
/// Rows are marked in their column `deleted` and never removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// Rows are never deleted at the vendor, or this stream cannot tell.
    Never,
    /// A status or field of the document says so.
    Status,
    /// The row vanishes; a proved full read finds it missing.
    Sweep,
}

/// A stream that the vendor exports whole, as a job of its own: a file is ordered, waited for and downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// From how many records on the export is the better way to read everything.
    /// The engine compares it with [`Connector::size`](crate::Connector::size).
    pub from_records: u64,
}

/// A stream as data: the engine, the store and the documentation read the same entry.
///
/// ```
/// use sentia_core::{ColumnKind, StreamInfo, stream::Deletes};
///
/// let rates = StreamInfo::new("daily")
///     .key(&["date", "currency"])
///     .incremental("date")
///     .column("rate", ColumnKind::Decimal)
///     .deletes(Deletes::Sweep);
/// rates.validate()?;
/// assert_eq!(rates.cursor_field(), Some("date"));
///
/// let taken = StreamInfo::new("daily").key(&["date"]).column("digest", ColumnKind::Text);
/// assert!(taken.validate().is_err(), "bookkeeping has a column of that name");
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// The stream's name, for instance `orders`.
    pub name: &'static str,
    /// The fields that identify a record.
    /// Their values are joined by `/` where there are several. At least one.
    pub key: Vec<&'static str>,
    /// The typed columns of its table.
    pub columns: Vec<Column>,
    /// Its child tables.
    pub children: Vec<ChildInfo>,
    /// How it is read.
    pub reading: Reading,
    /// How far behind a proved bound the next incremental read begins again.
    /// Default two minutes. It covers a vendor that shows a change later than its time says, and clocks of several
    /// servers that differ.
    pub overlap: Duration,
    /// How deletions become visible.
    pub deletes: Deletes,
    /// The stream whose keys are this stream's partitions.
    /// One partition is read per live key of it; it must stand before this stream in the connector's list. Default
    /// none.
    pub partitioned_by: Option<&'static str>,
    /// The largest page the vendor grants, in records.
    /// Default none: what the caller or the connector asks for is asked for.
    pub max_page: Option<u32>,
    /// How long increments may follow each other before everything is read again.
    /// Default none. For vendors whose changes do not all move the updated-at, and for rows that vanish.
    pub full_every: Option<Duration>,
    /// How far back an increment reaches once a day.
    /// Default none. For vendors that change old records without saying so.
    pub reread_window: Option<Duration>,
    /// The longest span the vendor answers for in one question.
    /// Default none. The connector cuts longer ones by [`Slice`](crate::slice::Slice).
    pub max_window: Option<Duration>,
    /// Whether the vendor exports it whole.
    /// Default none: everything is read page by page.
    pub export: Option<Export>,
    /// What the vendor must grant: scopes, permissions or roles in its own words.
    pub scopes: Vec<&'static str>,
    /// What a record of it is, in one clause; for the documentation.
    pub description: &'static str,
}

impl StreamInfo {
    /// A stream that is read in full each time.
    ///
    /// Without key and columns yet; the overlap is two minutes, and deletions are not seen.
    pub fn new(name: &'static str) -> Self {
        StreamInfo {
            name,
            key: Vec::new(),
            columns: Vec::new(),
            children: Vec::new(),
            reading: Reading::Full,
            overlap: Duration::from_secs(120),
            deletes: Deletes::Never,
            partitioned_by: None,
            max_page: None,
            full_every: None,
            reread_window: None,
            max_window: None,
            export: None,
            scopes: Vec::new(),
            description: "",
        }
    }

    /// Names the fields that identify a record.
    #[must_use]
    pub fn key(mut self, fields: &[&'static str]) -> Self {
        self.key = fields.to_vec();
        self
    }

    /// Reads what changed since the checkpoint, by the vendor's `cursor` field.
    ///
    /// The connector is given the lower bound in [`Fetch::since`](crate::Fetch::since), inclusive, and hands it to the
    /// vendor. The field is also the record's version where records are made by
    /// [`json_record`](crate::json_record::json_record).
    #[must_use]
    pub fn incremental(mut self, cursor: &'static str) -> Self {
        self.reading = Reading::Incremental { cursor };
        self
    }

    /// Adds a typed column filled from the member of the same name.
    #[must_use]
    pub fn column(mut self, name: &'static str, kind: ColumnKind) -> Self {
        self.columns.push(Column { name, kind });
        self
    }

    /// Reads what changed since the vendor's own resume token.
    #[must_use]
    pub fn resumable(mut self) -> Self {
        self.reading = Reading::Resumable;
        self
    }

    /// Reads everything again after so long; see [`full_every`](Self::full_every).
    #[must_use]
    pub fn full_every(mut self, every: Duration) -> Self {
        self.full_every = Some(every);
        self
    }

    /// Reaches so far back once a day; see [`reread_window`](Self::reread_window).
    #[must_use]
    pub fn reread_window(mut self, window: Duration) -> Self {
        self.reread_window = Some(window);
        self
    }

    /// Names the longest span the vendor answers for; see [`max_window`](Self::max_window).
    #[must_use]
    pub fn max_window(mut self, window: Duration) -> Self {
        self.max_window = Some(window);
        self
    }

    /// Says that the vendor exports it whole, and from how many records on that is the better way; see
    /// [`export`](Self::export).
    #[must_use]
    pub fn exported_from(mut self, records: u64) -> Self {
        self.export = Some(Export { from_records: records });
        self
    }

    /// Names what the vendor must grant.
    #[must_use]
    pub fn scopes(mut self, scopes: &[&'static str]) -> Self {
        self.scopes = scopes.to_vec();
        self
    }

    /// Says in one clause what a record is.
    #[must_use]
    pub fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Sets how deletions become visible.
    #[must_use]
    pub fn deletes(mut self, deletes: Deletes) -> Self {
        self.deletes = deletes;
        self
    }

    /// The vendor's updated-at field, for incremental streams.
    pub fn cursor_field(&self) -> Option<&'static str> {
        match self.reading {
            Reading::Full | Reading::Resumable => None,
            Reading::Incremental { cursor } => Some(cursor),
        }
    }

    /// Checks names before they become SQL identifiers.
    ///
    /// # Errors
    /// `ConfigInvalid` when a name is not `[a-z][a-z0-9_]{0,47}`, is repeated, or is reserved for bookkeeping.
    pub fn validate(&self) -> Result<()> {
        identifier(self.name)?;
        columns(self.name, &self.columns)?;
        for child in &self.children {
            identifier(child.name)?;
            columns(child.name, &child.columns)?;
        }
        if self.key.is_empty() {
            return Err(Error::new(ErrorKind::ConfigInvalid, "a stream needs a key; name its fields")
                .context("stream", self.name));
        }
        Ok(())
    }
}

/// Columns that every stream table has; a declared column may not take their names.
///
/// `document_parts`, and the columns of child tables, `parent_key` and `position`, are reserved too.
pub const BOOKKEEPING: [&str; 14] = [
    "tenant",
    "connection",
    "partition",
    "key",
    "version",
    "version_order",
    "digest",
    "row_check",
    "run",
    "sequence",
    "first_seen",
    "changed",
    "deleted",
    "document",
];

fn columns(stream: &'static str, columns: &[Column]) -> Result<()> {
    for (at, column) in columns.iter().enumerate() {
        identifier(column.name)?;
        let taken = BOOKKEEPING.contains(&column.name)
            || ["row_id", "document_parts", "parent_row_id", "parent_key", "position"].contains(&column.name)
            || columns[..at].iter().any(|earlier| earlier.name == column.name);
        if taken {
            return Err(Error::new(ErrorKind::ConfigInvalid, "column name is taken; choose another")
                .context("stream", stream)
                .context("column", column.name));
        }
    }
    Ok(())
}

/// Checks that `name` can stand in SQL unescaped: `[a-z][a-z0-9_]{0,47}`.
///
/// A table is named vendor, underscore, stream. Keep that within 63 bytes, where PostgreSQL cuts names.
///
/// # Errors
/// `ConfigInvalid`, naming it.
pub fn identifier(name: &str) -> Result<()> {
    let valid = name.len() <= 48
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if valid {
        return Ok(());
    }
    let message = "names are lower-case letters, digits and underscores, at most 48, beginning with a letter";
    Err(Error::new(ErrorKind::ConfigInvalid, message).context("name", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_harm_sql_are_refused() {
        for bad in ["", "Orders", "1st", "a\"b", "a b", "drop;", &"x".repeat(49)] {
            assert!(identifier(bad).is_err(), "{bad:?}");
        }
        assert!(identifier("order_lines2").is_ok());
    }

    #[test]
    fn bookkeeping_names_are_reserved() {
        let info = StreamInfo::new("s").key(&["id"]).column("digest", ColumnKind::Text);
        assert_eq!(info.validate().map_err(|e| e.kind()), Err(ErrorKind::ConfigInvalid));
    }
}
