//! One value on its way into a row or out of one.

use std::borrow::Cow;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sentia_core::{ColumnKind, Value};

/// A value, borrowed from the batch where it can be.
#[derive(Debug, Clone)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Amount(Decimal),
    Decimal(Decimal),
    Date(NaiveDate),
    Timestamp(DateTime<Utc>),
}

impl<'a> Cell<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Cell::Text(Cow::Borrowed(text))
    }

    pub(crate) fn bytes(bytes: &'a [u8]) -> Self {
        Cell::Bytes(Cow::Borrowed(bytes))
    }

    /// A document's bytes as text. They were split out of decoded JSON, so they are UTF-8.
    pub(crate) fn document(bytes: &'a Bytes) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Cell::text(text),
            Err(_) => Cell::Text(String::from_utf8_lossy(bytes)),
        }
    }

    pub(crate) fn optional<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell<'a>) -> Self {
        value.map_or(Cell::Null, cell)
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Cell::Integer(number) => Some(*number),
            Cell::Boolean(truth) => Some(i64::from(*truth)),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Cell::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Cell::Null,
            Value::Text(text) => Cell::text(text),
            Value::Integer(number) => Cell::Integer(*number),
            Value::Boolean(truth) => Cell::Boolean(*truth),
            Value::Amount(amount) => Cell::Amount(*amount),
            Value::Decimal(number) => Cell::Decimal(*number),
            Value::Date(date) => Cell::Date(*date),
            Value::Timestamp(instant) => Cell::Timestamp(*instant),
        }
    }
}

/// What a query's column holds, for the databases that do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    Text,
    Integer,
    Boolean,
    Bytes,
    Amount,
    Decimal,
    Date,
    Timestamp,
}

impl From<ColumnKind> for CellKind {
    fn from(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Text => CellKind::Text,
            ColumnKind::Integer => CellKind::Integer,
            ColumnKind::Boolean => CellKind::Boolean,
            ColumnKind::Amount => CellKind::Amount,
            ColumnKind::Decimal => CellKind::Decimal,
            ColumnKind::Date => CellKind::Date,
            ColumnKind::Timestamp => CellKind::Timestamp,
        }
    }
}

impl Cell<'_> {
    /// The value as the connector declared it, to recompute a row's check; text that does not read back is told
    /// apart from every declared value by staying text.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Cell::Null | Cell::Bytes(_) => Value::Null,
            Cell::Integer(number) => Value::Integer(number),
            Cell::Boolean(truth) => Value::Boolean(truth),
            Cell::Text(text) => Value::Text(text.as_ref().into()),
            Cell::Amount(amount) => Value::Amount(amount),
            Cell::Decimal(number) => Value::Decimal(number),
            Cell::Date(date) => Value::Date(date),
            Cell::Timestamp(instant) => Value::Timestamp(instant),
        }
    }
}
