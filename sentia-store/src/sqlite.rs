//! A unit of work on SQLite: prepared statements on the pool's own connection, on one blocking thread.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use rusqlite::{
    Connection, Statement, ToSql,
    types::{ToSqlOutput, Value as Sql, ValueRef},
};
use rust_decimal::Decimal;
use sentia_core::{
    Error, ErrorKind, Result,
    value::{AMOUNT_SCALE, ten_thousandths},
};
use sqlx::{Sqlite, pool::PoolConnection};

use crate::{
    cell::{Cell, CellKind},
    dialect::quoted,
    error::{sqlite_error, store_error},
    unit::{Rows, Unit},
};

/// A transaction on a connection borrowed from the pool.
pub(crate) struct SqliteUnit {
    connection: Connection,
    access: Access,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reading one state of the database, beside a writer.
    Read,
    /// Writing, as the only one. A power loss may undo the last commits, whole ones.
    Write,
    /// Writing what must survive a power loss from the moment the commit returned.
    WriteDurably,
}

impl Access {
    fn begin(self) -> &'static str {
        match self {
            Access::Read => "BEGIN DEFERRED",
            Access::Write => "BEGIN IMMEDIATE",
            Access::WriteDurably => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
        }
    }

    fn end(self) -> &'static str {
        match self {
            Access::Read | Access::Write => "",
            Access::WriteDurably => "PRAGMA synchronous = NORMAL",
        }
    }
}

impl Drop for SqliteUnit {
    /// After an error or a panic nothing of the unit stays, and the connection goes back to its pool without a
    /// transaction. After some errors SQLite has rolled back by itself.
    fn drop(&mut self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        let _ = self.connection.execute_batch(self.access.end());
    }
}

/// Runs `work` in a transaction, on a blocking thread, and commits if it succeeds.
pub(crate) async fn transaction<T, F>(
    connection: PoolConnection<Sqlite>,
    access: Access,
    work: F,
) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut SqliteUnit) -> Result<T> + Send + 'static,
{
    let outcome = tokio::task::spawn_blocking(move || blocking(connection, access, work)).await;
    outcome.map_err(|panic| Error::new(ErrorKind::Unexpected, "the commit panicked").source(panic))?
}

fn blocking<T>(
    mut pooled: PoolConnection<Sqlite>,
    access: Access,
    work: impl AsyncFnOnce(&mut SqliteUnit) -> Result<T>,
) -> Result<T> {
    let mut handle = futures::executor::block_on(pooled.lock_handle()).map_err(store_error)?;
    // SAFETY: the handle is open and locked for this scope, and the connection made here does not own it: dropping
    // it finalizes its statements and leaves the handle open.
    let connection =
        unsafe { Connection::from_handle(handle.as_raw_handle().as_ptr()) }.map_err(sqlite_error)?;
    connection.execute_batch(access.begin()).map_err(sqlite_error)?;
    let mut unit = SqliteUnit { connection, access };
    // The future never waits: every operation of the unit is done when it returns.
    futures::executor::block_on(work(&mut unit)).and_then(|value| {
        unit.connection.execute_batch("COMMIT").map_err(sqlite_error)?;
        Ok(value)
    })
}

/// Statements are written with `$1`; SQLite numbers its parameters `?1`.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn read(row: &rusqlite::Row<'_>, kinds: &[CellKind]) -> Result<Vec<Cell<'static>>> {
    let cell = |(at, kind): (usize, &CellKind)| {
        let value = row.get_ref(at).map_err(sqlite_error)?;
        // What a hand put there may be of another type: it stays text, which no declared value equals.
        Ok(cell_of(value, *kind).unwrap_or_else(|| Cell::Text(format!("{value:?}").into())))
    };
    kinds.iter().enumerate().map(cell).collect()
}

fn cell_of(value: ValueRef<'_>, kind: CellKind) -> Option<Cell<'static>> {
    let text = || value.as_str().ok();
    Some(match (kind, value) {
        (_, ValueRef::Null) => Cell::Null,
        (CellKind::Integer, _) => Cell::Integer(value.as_i64().ok()?),
        (CellKind::Boolean, _) => Cell::Boolean(value.as_i64().ok()? != 0),
        (CellKind::Text, _) => Cell::Text(text()?.to_owned().into()),
        (CellKind::Bytes, _) => Cell::Bytes(value.as_bytes().ok()?.to_vec().into()),
        (CellKind::Amount, _) => Cell::Amount(Decimal::new(value.as_i64().ok()?, AMOUNT_SCALE)),
        (CellKind::Decimal, _) => Cell::Decimal(text()?.parse().ok()?),
        (CellKind::Date, _) => Cell::Date(text()?.parse::<NaiveDate>().ok()?),
        (CellKind::Timestamp, _) => Cell::Timestamp(text()?.parse::<DateTime<Utc>>().ok()?),
    })
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let owned = |text: String| ToSqlOutput::Owned(Sql::Text(text));
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Sql::Null),
            Cell::Integer(number) => ToSqlOutput::Owned(Sql::Integer(*number)),
            Cell::Boolean(truth) => ToSqlOutput::Owned(Sql::Integer(i64::from(*truth))),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Cell::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            // Decoding refused amounts that do not fit, so the fallback is never taken.
            Cell::Amount(amount) => {
                ToSqlOutput::Owned(ten_thousandths(*amount).map_or(Sql::Null, Sql::Integer))
            }
            Cell::Decimal(number) => owned(number.normalize().to_string()),
            Cell::Date(date) => owned(date.to_string()),
            Cell::Timestamp(instant) => owned(instant.to_rfc3339_opts(SecondsFormat::Micros, true)),
        })
    }
}

fn bind(statement: &mut Statement<'_>, cells: &[Cell<'_>]) -> Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        statement.raw_bind_parameter(at + 1, cell).map_err(sqlite_error)?;
    }
    Ok(())
}

impl SqliteUnit {
    fn prepared(&self, sql: &str) -> Result<rusqlite::CachedStatement<'_>> {
        self.connection.prepare_cached(&numbered(sql)).map_err(sqlite_error)
    }

    fn rows(
        statement: &mut Statement<'_>,
        parameters: &[Cell<'_>],
        kinds: &[CellKind],
        into: &mut Vec<Vec<Cell<'static>>>,
    ) -> Result<()> {
        bind(statement, parameters)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(sqlite_error)? {
            into.push(read(row, kinds)?);
        }
        Ok(())
    }
}

impl Unit for SqliteUnit {
    // BEGIN IMMEDIATE locks the whole database against other writers.
    const FOR_UPDATE: &'static str = "";
    const FOR_SHARE: &'static str = "";

    async fn execute(&mut self, sql: &str, parameters: &[Cell<'_>]) -> Result<u64> {
        let mut statement = self.prepared(sql)?;
        bind(&mut statement, parameters)?;
        statement.raw_execute().map(|rows| rows as u64).map_err(sqlite_error)
    }

    async fn query(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        kinds: &[CellKind],
    ) -> Result<Vec<Vec<Cell<'static>>>> {
        let mut rows = Vec::new();
        Self::rows(&mut *self.prepared(sql)?, parameters, kinds, &mut rows)?;
        Ok(rows)
    }

    async fn query_keys(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        keys: &[&str],
        kinds: &[CellKind],
    ) -> Result<Vec<Vec<Cell<'static>>>> {
        let mut statement =
            self.prepared(&sql.replace("{in_keys}", &format!("= ${}", parameters.len() + 1)))?;
        let mut rows = Vec::new();
        let mut bound = parameters.to_vec();
        for key in keys {
            bound.push(Cell::text(key));
            Self::rows(&mut statement, &bound, kinds, &mut rows)?;
            bound.pop();
        }
        Ok(rows)
    }

    async fn execute_keys(&mut self, sql: &str, parameters: &[Cell<'_>], keys: &[&str]) -> Result<u64> {
        let mut statement =
            self.prepared(&sql.replace("{in_keys}", &format!("= ${}", parameters.len() + 1)))?;
        bind(&mut statement, parameters)?;
        let mut touched = 0;
        for key in keys {
            statement.raw_bind_parameter(parameters.len() + 1, *key).map_err(sqlite_error)?;
            touched += statement.raw_execute().map_err(sqlite_error)? as u64;
        }
        Ok(touched)
    }

    async fn row_ids(&mut self, table: &str, children: &[String], count: usize) -> Result<Vec<i64>> {
        // The transaction is the only writer, so the greatest id stays the greatest. Child rows whose parent was
        // deleted by hand keep their ids: those are not given again.
        let mut greatest: i64 = 0;
        let tables = std::iter::once((table, "row_id"));
        for (table, column) in tables.chain(children.iter().map(|child| (child.as_str(), "parent_row_id"))) {
            let sql = format!("SELECT coalesce(max({column}), 0) FROM {}", quoted(table));
            let here: i64 = self.prepared(&sql)?.query_row([], |row| row.get(0)).map_err(sqlite_error)?;
            greatest = greatest.max(here);
        }
        Ok((greatest + 1..).take(count).collect())
    }

    async fn insert(&mut self, rows: &Rows<'_>) -> Result<()> {
        let names: Vec<String> = rows.columns.iter().map(|(name, _)| quoted(name)).collect();
        let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quoted(rows.table),
            names.join(", "),
            places.join(", ")
        );
        let mut statement = self.prepared(&sql)?;
        for row in rows.iter() {
            bind(&mut statement, row)?;
            statement.raw_execute().map_err(sqlite_error)?;
        }
        Ok(())
    }

    async fn update(&mut self, rows: &Rows<'_>, key_columns: usize) -> Result<()> {
        let place = |(at, (name, _)): (usize, &(&str, CellKind))| format!("{} = ?{}", quoted(name), at + 1);
        let places: Vec<String> = rows.columns.iter().enumerate().map(place).collect();
        let (keys, values) = places.split_at(key_columns);
        let sql =
            format!("UPDATE {} SET {} WHERE {}", quoted(rows.table), values.join(", "), keys.join(" AND "));
        let mut statement = self.prepared(&sql)?;
        for row in rows.iter() {
            bind(&mut statement, row)?;
            statement.raw_execute().map_err(sqlite_error)?;
        }
        Ok(())
    }
}
