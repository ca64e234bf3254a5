//! Records of small connectors: columns filled from the members of the same name, without a catalog of getters.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{
    Exact, Text,
    decode::member,
    record::{Document, Record, Rejected, Version},
    stream::StreamInfo,
    value::{ColumnKind, Value},
};

/// Decodes one document of `stream`: it must fit `T`, and the stream's key, cursor and columns name its members.
///
/// The version is the cursor's member: ordered by time where it reads as RFC 3339 or as a date, by number where it is
/// one, and not at all otherwise. A column's member may be missing or null. `serde_json::Value` as `T` asks for nothing
/// but JSON. Child tables and tombstones need a [`Stream`](crate::Stream).
///
/// ```
/// use sentia_core::{ColumnKind, StreamInfo, json_record::json_record};
///
/// #[derive(serde::Deserialize)]
/// struct Rate { currency: String }
///
/// let daily = StreamInfo::new("daily")
///     .key(&["date", "currency"])
///     .incremental("date")
///     .column("rate", ColumnKind::Decimal);
/// let record = json_record::<Rate>(&daily, r#"{"date":"2026-03-01","currency":"EUR","rate":"1.0842"}"#.into());
/// assert_eq!(record.expect("it fits").key.as_str(), "2026-03-01/EUR");
///
/// let rejected = json_record::<Rate>(&daily, r#"{"date":"2026-03-01","currency":"EUR","rate":"soon"}"#.into());
/// assert!(rejected.expect_err("not a number").reason.starts_with("rate: "));
/// ```
///
/// # Errors
/// The document with the reason, for quarantine.
pub fn json_record<T: DeserializeOwned>(stream: &StreamInfo, document: Bytes) -> Result<Record, Rejected> {
    let key = key(stream, &document);
    let reject = |reason: String| Rejected {
        key: key.clone(),
        rule: "decode".into(),
        reason,
        document: document.clone(),
    };
    serde_json::from_slice::<T>(&document).map_err(|e| reject(e.to_string()))?;
    let members: HashMap<String, &RawValue> =
        serde_json::from_slice(&document).map_err(|e| reject(e.to_string()))?;
    let value = |column: &crate::stream::Column| {
        let raw = members.get(column.name).map_or("null", |raw| raw.get());
        value(column.kind, raw).map_err(|reason| reject(format!("{}: {reason}", column.name)))
    };
    let values = stream.columns.iter().map(value).collect::<Result<_, _>>()?;
    let version =
        stream.cursor_field().and_then(|field| member(&document, field)).map(version).unwrap_or_default();
    let key = key.clone().ok_or_else(|| reject(format!("{}: the key is missing", stream.key.join("/"))))?;
    Ok(Record::new(key, version, Document::new(document.clone()), values, Vec::new()))
}

fn key(stream: &StreamInfo, document: &[u8]) -> Option<Text> {
    let fields: Option<Vec<Text>> = stream.key.iter().map(|field| member(document, field)).collect();
    Some(Text::from(fields?.iter().map(Text::as_str).collect::<Vec<_>>().join("/")))
}

/// Orders a version by time where it reads as one, by number otherwise.
fn version(raw: Text) -> Version {
    let midnight = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
    let instant = DateTime::parse_from_rfc3339(&raw).map(|at| at.with_timezone(&Utc));
    match instant.or_else(|_| raw.parse::<NaiveDate>().map(midnight)) {
        Ok(instant) => Version::at(raw, instant),
        Err(_) => Version { order: raw.parse().unwrap_or_default(), raw },
    }
}

fn value(kind: ColumnKind, raw: &str) -> Result<Value, String> {
    fn read<T: DeserializeOwned>(raw: &str) -> Result<T, String> {
        serde_json::from_str(raw).map_err(|e| e.to_string())
    }
    if raw == "null" {
        return Ok(Value::Null);
    }
    Ok(match kind {
        ColumnKind::Text => Value::text(read(raw)?)?,
        ColumnKind::Integer => Value::Integer(read(raw)?),
        ColumnKind::Boolean => Value::Boolean(read(raw)?),
        ColumnKind::Amount => Value::amount(raw_number(raw)?.0)?,
        ColumnKind::Decimal => Value::Decimal(raw_number(raw)?.0),
        ColumnKind::Date => Value::date(read(raw)?)?,
        ColumnKind::Timestamp => Value::timestamp(read(raw)?)?,
    })
}

fn raw_number(raw: &str) -> Result<Exact, String> {
    serde_json::from_str(raw).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_from_members_of_the_same_name() {
        let stream = StreamInfo::new("daily")
            .key(&["date", "currency"])
            .incremental("date")
            .column("rate", ColumnKind::Decimal);
        let read = |json: &'static str| json_record::<serde_json::Value>(&stream, json.into());
        let record = read(r#"{"date":"2026-03-01","currency":"EUR","rate":1.0842}"#).expect("readable");
        assert_eq!((record.key.as_str(), record.version.order), ("2026-03-01/EUR", 1_772_323_200_000_000));
        assert_eq!(record.values, [Value::Decimal("1.0842".parse().expect("decimal"))]);
        assert_eq!(read(r#"{"date":"2026-03-01","rate":1}"#).expect_err("no key").key, None);
    }
}
