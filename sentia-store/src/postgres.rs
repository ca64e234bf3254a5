//! A unit of work on PostgreSQL: COPY for new rows, arrays for changed ones.

use std::fmt::Write;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use rust_decimal::Decimal;
use sentia_core::Result;
use sqlx::{
    AssertSqlSafe, PgPool, Postgres, Row, Transaction,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo, types::Oid},
    query::Query,
};

use crate::{
    cell::{Cell, CellKind},
    dialect::{Dialect, quoted},
    error::store_error,
    unit::{Rows, Unit},
};

/// A transaction.
pub(crate) struct PostgresUnit {
    transaction: Transaction<'static, Postgres>,
}

impl PostgresUnit {
    pub(crate) async fn begin(pool: &PgPool) -> Result<Self> {
        Ok(PostgresUnit { transaction: pool.begin().await.map_err(store_error)? })
    }

    /// Begins to read one state of the database, whatever others commit meanwhile.
    pub(crate) async fn snapshot(pool: &PgPool) -> Result<Self> {
        let mut unit = PostgresUnit::begin(pool).await?;
        unit.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", &[]).await?;
        Ok(unit)
    }

    pub(crate) async fn commit(self) -> Result<()> {
        self.transaction.commit().await.map_err(store_error)
    }
}

/// A null whose type the server infers from where it stands.
struct Untyped;

impl sqlx::Type<Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl sqlx::Encode<'_, Postgres> for Untyped {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

// Statements are assembled from constants and quoted identifiers; values only ever travel as parameters.
fn statement<'q>(sql: &str, parameters: &[Cell<'_>]) -> PgQuery<'q> {
    parameters.iter().fold(sqlx::query(AssertSqlSafe(sql.to_owned())), bind)
}

fn bind<'q>(query: PgQuery<'q>, cell: &Cell<'_>) -> PgQuery<'q> {
    match cell {
        Cell::Null => query.bind(Untyped),
        Cell::Integer(number) => query.bind(*number),
        Cell::Boolean(truth) => query.bind(*truth),
        Cell::Text(text) => query.bind(text.to_string()),
        Cell::Bytes(bytes) => query.bind(bytes.to_vec()),
        Cell::Amount(number) | Cell::Decimal(number) => query.bind(*number),
        Cell::Date(date) => query.bind(*date),
        Cell::Timestamp(instant) => query.bind(*instant),
    }
}

fn read(row: &PgRow, kinds: &[CellKind]) -> Result<Vec<Cell<'static>>> {
    kinds.iter().enumerate().map(|(at, kind)| cell_of(row, at, *kind).map_err(store_error)).collect()
}

fn cell_of(row: &PgRow, at: usize, kind: CellKind) -> sqlx::Result<Cell<'static>> {
    fn some<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell<'static>) -> Cell<'static> {
        value.map_or(Cell::Null, cell)
    }
    Ok(match kind {
        CellKind::Integer => some(row.try_get::<Option<i64>, _>(at)?, Cell::Integer),
        CellKind::Boolean => some(row.try_get::<Option<bool>, _>(at)?, Cell::Boolean),
        CellKind::Text => some(row.try_get::<Option<String>, _>(at)?, |text| Cell::Text(text.into())),
        CellKind::Bytes => some(row.try_get::<Option<Vec<u8>>, _>(at)?, |bytes| Cell::Bytes(bytes.into())),
        CellKind::Amount => some(row.try_get::<Option<Decimal>, _>(at)?, Cell::Amount),
        CellKind::Decimal => some(row.try_get::<Option<Decimal>, _>(at)?, Cell::Decimal),
        CellKind::Date => some(row.try_get::<Option<NaiveDate>, _>(at)?, Cell::Date),
        CellKind::Timestamp => some(row.try_get::<Option<DateTime<Utc>>, _>(at)?, Cell::Timestamp),
    })
}

/// A cell in PostgreSQL's text form; `None` for null.
fn text_form(cell: &Cell<'_>, into: &mut String) -> bool {
    // Writing to a string cannot fail.
    let _ = match cell {
        Cell::Null => return false,
        Cell::Integer(number) => write!(into, "{number}"),
        Cell::Boolean(truth) => into.write_str(if *truth { "t" } else { "f" }),
        Cell::Text(text) => into.write_str(text),
        Cell::Bytes(bytes) => {
            into.push_str("\\x");
            bytes.iter().try_for_each(|byte| {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                into.push(HEX[usize::from(byte >> 4)] as char);
                into.write_char(HEX[usize::from(byte & 15)] as char)
            })
        }
        Cell::Amount(number) | Cell::Decimal(number) => write!(into, "{number}"),
        Cell::Date(date) => write!(into, "{date}"),
        Cell::Timestamp(at) => write!(
            into,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.timestamp_subsec_micros()
        ),
    };
    true
}

/// Appends a field of COPY's text format: backslash, tab and line ends are escaped, null is `\N`.
fn copy_field(cell: &Cell<'_>, scratch: &mut String, into: &mut Vec<u8>) {
    let text = match cell {
        Cell::Text(text) => text.as_ref(),
        other => {
            scratch.clear();
            if !text_form(other, scratch) {
                into.extend_from_slice(b"\\N");
                return;
            }
            scratch.as_str()
        }
    };
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            _ => continue,
        };
        into.extend_from_slice(&bytes[from..at]);
        into.extend_from_slice(escape);
        from = at + 1;
    }
    into.extend_from_slice(&bytes[from..]);
}

/// The sequence that a stream table's row ids come from.
pub(crate) fn row_id_sequence(table: &str) -> String {
    format!("{table}_row_id")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Documents are sent in pieces of this size, so that a page never stands in memory twice.
const COPY_BUFFER_BYTES: usize = 256 << 10;

impl Unit for PostgresUnit {
    const FOR_UPDATE: &'static str = " FOR UPDATE";
    const FOR_SHARE: &'static str = " FOR SHARE";

    async fn execute(&mut self, sql: &str, parameters: &[Cell<'_>]) -> Result<u64> {
        let done = statement(sql, parameters).execute(&mut *self.transaction).await.map_err(store_error)?;
        Ok(done.rows_affected())
    }

    async fn query(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        kinds: &[CellKind],
    ) -> Result<Vec<Vec<Cell<'static>>>> {
        let rows = statement(sql, parameters).fetch_all(&mut *self.transaction).await.map_err(store_error)?;
        rows.iter().map(|row| read(row, kinds)).collect()
    }

    async fn query_keys(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        keys: &[&str],
        kinds: &[CellKind],
    ) -> Result<Vec<Vec<Cell<'static>>>> {
        let sql = sql.replace("{in_keys}", &format!("= ANY(${})", parameters.len() + 1));
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let query = statement(&sql, parameters).bind(keys);
        let rows = query.fetch_all(&mut *self.transaction).await.map_err(store_error)?;
        rows.iter().map(|row| read(row, kinds)).collect()
    }

    async fn execute_keys(&mut self, sql: &str, parameters: &[Cell<'_>], keys: &[&str]) -> Result<u64> {
        let sql = sql.replace("{in_keys}", &format!("= ANY(${})", parameters.len() + 1));
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let done = statement(&sql, parameters)
            .bind(keys)
            .execute(&mut *self.transaction)
            .await
            .map_err(store_error)?;
        Ok(done.rows_affected())
    }

    async fn row_ids(&mut self, table: &str, _: &[String], count: usize) -> Result<Vec<i64>> {
        let sql = format!(
            "SELECT nextval({}::regclass) FROM generate_series(1, $1)",
            literal(&quoted(&row_id_sequence(table)))
        );
        let rows = self.query(&sql, &[Cell::Integer(count as i64)], &[CellKind::Integer]).await?;
        Ok(rows.iter().filter_map(|row| row[0].as_integer()).collect())
    }

    async fn insert(&mut self, rows: &Rows<'_>) -> Result<()> {
        if rows.len() == 0 {
            return Ok(());
        }
        let names: Vec<String> = rows.columns.iter().map(|(name, _)| quoted(name)).collect();
        let sql = format!("COPY {} ({}) FROM STDIN", quoted(rows.table), names.join(", "));
        let mut copy = self.transaction.copy_in_raw(&sql).await.map_err(store_error)?;
        let mut buffer = Vec::with_capacity(COPY_BUFFER_BYTES + (64 << 10));
        let mut scratch = String::new();
        for row in rows.iter() {
            for (at, cell) in row.iter().enumerate() {
                if at > 0 {
                    buffer.push(b'\t');
                }
                copy_field(cell, &mut scratch, &mut buffer);
            }
            buffer.push(b'\n');
            if buffer.len() >= COPY_BUFFER_BYTES {
                copy.send(buffer.as_slice()).await.map_err(store_error)?;
                buffer.clear();
            }
        }
        copy.send(buffer.as_slice()).await.map_err(store_error)?;
        copy.finish().await.map_err(store_error)?;
        Ok(())
    }

    async fn update(&mut self, rows: &Rows<'_>, key_columns: usize) -> Result<()> {
        if rows.len() == 0 {
            return Ok(());
        }
        let cast = |(at, (name, kind)): (usize, &(&str, CellKind))| {
            format!("{} = s.c{at}::{}", quoted(name), Dialect::Postgres.column_type(*kind))
        };
        let places: Vec<String> = rows.columns.iter().enumerate().map(cast).collect();
        let (_, values) = places.split_at(key_columns);
        let key = |(at, (name, _)): (usize, &(&str, CellKind))| format!("t.{} = s.c{at}", quoted(name));
        let keys: Vec<String> = rows.columns[..key_columns].iter().enumerate().map(key).collect();
        let arrays: Vec<String> = (1..=rows.columns.len()).map(|at| format!("${at}::text[]")).collect();
        let names: Vec<String> = (0..rows.columns.len()).map(|at| format!("c{at}")).collect();
        let sql = format!(
            "UPDATE {} t SET {} FROM unnest({}) AS s({}) WHERE {}",
            quoted(rows.table),
            values.join(", "),
            arrays.join(", "),
            names.join(", "),
            keys.join(" AND ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for at in 0..rows.columns.len() {
            let text = |row: &[Cell<'_>]| {
                let mut text = String::new();
                text_form(&row[at], &mut text).then_some(text)
            };
            query = query.bind(rows.iter().map(text).collect::<Vec<Option<String>>>());
        }
        query.execute(&mut *self.transaction).await.map_err(store_error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(cell: Cell<'_>) -> String {
        let mut bytes = Vec::new();
        copy_field(&cell, &mut String::new(), &mut bytes);
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn fields_are_escaped_and_null_is_no_text() {
        assert_eq!(field(Cell::text("a\\b\tc\nd\re")), "a\\\\b\\tc\\nd\\re");
        assert_eq!(field(Cell::Null), "\\N");
        assert_eq!(field(Cell::text("\\N")), "\\\\N", "text that looks like null stays text");
        assert_eq!(field(Cell::bytes(&[0, 255])), "\\\\x00ff");
        assert_eq!(field(Cell::Timestamp(DateTime::UNIX_EPOCH)), "1970-01-01 00:00:00.000000+00");
    }
}
