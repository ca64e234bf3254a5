//! What a stream is: its key, columns, child tables, and how it is read.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result, value::ColumnKind};

/// Where records come from and go to: a partition of a stream of a connection of a tenant.
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
    Full,
    /// What changed since the checkpoint, by the named vendor field; everything on the first run.
    Incremental {
        /// The vendor's updated-at field.
        cursor: &'static str,
    },
}

/// How a deletion at the vendor becomes visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// Rows are never deleted at the vendor, or this stream cannot tell.
    Never,
    /// A status or field of the document says so.
    Status,
    /// The row vanishes; a proved full read finds it missing.
    Sweep,
}

/// A stream as data: the engine, the store and the documentation read the same entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// The stream's name, for instance `orders`.
    pub name: &'static str,
    /// The fields that identify a record.
    pub key: Vec<&'static str>,
    /// The typed columns of its table.
    pub columns: Vec<Column>,
    /// Its child tables.
    pub children: Vec<ChildInfo>,
    /// How it is read.
    pub reading: Reading,
    /// How far behind a proved bound the next incremental read begins again.
    pub overlap: Duration,
    /// How deletions become visible.
    pub deletes: Deletes,
    /// The stream whose keys are this stream's partitions.
    pub partitioned_by: Option<&'static str>,
    /// The largest page the vendor grants, in records.
    pub max_page: Option<u32>,
}

impl StreamInfo {
    /// A stream that is read in full each time.
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
        }
    }

    /// Names the fields that identify a record.
    #[must_use]
    pub fn key(mut self, fields: &[&'static str]) -> Self {
        self.key = fields.to_vec();
        self
    }

    /// Reads what changed since the checkpoint, by the vendor's `cursor` field.
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

    /// Sets how deletions become visible.
    #[must_use]
    pub fn deletes(mut self, deletes: Deletes) -> Self {
        self.deletes = deletes;
        self
    }

    /// The vendor's updated-at field, for incremental streams.
    pub fn cursor_field(&self) -> Option<&'static str> {
        match self.reading {
            Reading::Full => None,
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
            || ["document_parts", "parent_key", "position"].contains(&column.name)
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
