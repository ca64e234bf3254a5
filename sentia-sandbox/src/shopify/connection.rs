//! Which rows of a connection are on the page asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::node::{Row, time};

/// The rows of one page.
#[derive(Debug)]
pub(crate) struct Window<'u> {
    pub(crate) rows: Vec<Row<'u>>,
    pub(crate) has_next: bool,
    pub(crate) has_previous: bool,
}

/// Why a connection cannot be paged as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Neither `first` nor `last`.
    NoSize,
    /// More than 250.
    TooMany(u64),
    /// Below zero.
    Negative,
    /// Not one of the twin's cursors.
    BadCursor,
}

type Key = (Option<DateTime<Utc>>, u64);

/// The cursor of a row: base64 of what it is sorted by, so that a row that moves is found at its new place.
pub(crate) fn cursor(row: &Row<'_>) -> String {
    let last_value = row.at.map_or_else(|| json!(row.id.to_string()), time);
    STANDARD.encode(json!({"last_id": row.id, "last_value": last_value}).to_string())
}

/// A cursor that stands before all rows sorted as this one is.
pub(crate) fn before(row: &Row<'_>) -> String {
    cursor(&Row { id: 0, at: row.at.map(|_| DateTime::UNIX_EPOCH), node: row.node })
}

fn key_of(cursor: &str) -> Option<Key> {
    let json: Value = serde_json::from_slice(&STANDARD.decode(cursor).ok()?).ok()?;
    let at = DateTime::parse_from_rfc3339(json["last_value"].as_str()?).ok().map(|at| at.with_timezone(&Utc));
    Some((at, json["last_id"].as_u64()?))
}

/// Cuts the page out of rows that are sorted ascending.
pub(crate) fn window<'u>(
    mut rows: Vec<Row<'u>>,
    arguments: &Map<String, Value>,
    wall: usize,
) -> Result<Window<'u>, Refusal> {
    let size = |name: &str| arguments.get(name).and_then(Value::as_i64);
    let (first, last) = (size("first"), size("last"));
    let Some(wanted) = first.or(last) else { return Err(Refusal::NoSize) };
    let wanted = u64::try_from(wanted).map_err(|_| Refusal::Negative)?;
    if wanted > 250 {
        return Err(Refusal::TooMany(wanted));
    }
    let reverse = arguments.get("reverse").and_then(Value::as_bool).unwrap_or(false);
    if reverse {
        rows.reverse();
    }
    rows.truncate(wall);
    let key = |name: &str| match arguments.get(name).and_then(Value::as_str) {
        Some(cursor) => key_of(cursor).map(Some).ok_or(Refusal::BadCursor),
        None => Ok(None),
    };
    let (after, before) = (key("after")?, key("before")?);
    let before_or_at =
        |row: &Row<'_>, key: Key| if reverse { (row.at, row.id) >= key } else { (row.at, row.id) <= key };
    let start = after.map_or(0, |key| rows.partition_point(|row| before_or_at(row, key)));
    let end = before.map_or(rows.len(), |key| {
        rows.partition_point(|row| before_or_at(row, key) && (row.at, row.id) != key)
    });
    let end = end.max(start);
    let wanted = wanted as usize;
    let (from, to) = if first.is_some() {
        (start, end.min(start + wanted))
    } else {
        (start.max(end.saturating_sub(wanted)), end)
    };
    Ok(Window {
        has_next: to < rows.len(),
        has_previous: from > 0 && from < rows.len(),
        rows: rows[from..to].to_vec(),
    })
}
