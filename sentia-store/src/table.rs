//! Tables of vendor streams, made from the stream's column declaration and from nothing else.

use sentia_core::{
    Error, ErrorKind, Result, StreamTable,
    stream::{ChildInfo, Column},
};
use serde::{Deserialize, Serialize};

use crate::{
    cell::{Cell, CellKind},
    dialect::{Dialect, TableKeys, quoted},
    error::corrupt,
    unit::Unit,
};

/// The bookkeeping columns of a stream's table, in the order they are written.
///
/// `row_id` counts rows in the order they came. Child rows are keyed by it: keys of vendors come in no order, and an
/// index of them costs a page of writing for nearly every row; the parent bears that once, its children not at all.
pub(crate) const STREAM_COLUMNS: [(&str, CellKind); 16] = [
    ("row_id", CellKind::Integer),
    ("tenant", CellKind::Text),
    ("connection", CellKind::Text),
    ("partition", CellKind::Text),
    ("key", CellKind::Text),
    ("version", CellKind::Text),
    ("version_order", CellKind::Integer),
    ("digest", CellKind::Bytes),
    ("row_check", CellKind::Integer),
    ("run", CellKind::Text),
    ("sequence", CellKind::Integer),
    ("first_seen", CellKind::Timestamp),
    ("changed", CellKind::Timestamp),
    ("deleted", CellKind::Timestamp),
    ("document", CellKind::Text),
    ("document_parts", CellKind::Text),
];

/// The bookkeeping columns of a child table.
pub(crate) const CHILD_COLUMNS: [(&str, CellKind); 5] = [
    ("parent_row_id", CellKind::Integer),
    ("position", CellKind::Integer),
    ("tenant", CellKind::Text),
    ("connection", CellKind::Text),
    ("parent_key", CellKind::Text),
];

const NULLABLE: [&str; 3] = ["deleted", "document", "document_parts"];

/// A table as the registry remembers it: enough to read it back without its connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableShape {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, String)>,
    pub(crate) children: Vec<TableShape>,
}

impl TableShape {
    pub(crate) fn of(table: &StreamTable) -> Self {
        let child = |child: &ChildInfo| TableShape {
            name: table.child_name(child),
            columns: names(&child.columns),
            children: Vec::new(),
        };
        TableShape {
            name: table.name(),
            columns: names(&table.info().columns),
            children: table.info().children.iter().map(child).collect(),
        }
    }

    pub(crate) fn kinds(&self) -> Result<Vec<(&str, CellKind)>> {
        let mut kinds = Vec::with_capacity(self.columns.len());
        for (name, kind) in &self.columns {
            kinds.push((name.as_str(), kind_of(kind).ok_or_else(|| corrupt("table shape"))?));
        }
        Ok(kinds)
    }
}

fn names(columns: &[Column]) -> Vec<(String, String)> {
    let pair = |column: &Column| (column.name.to_owned(), format!("{:?}", CellKind::from(column.kind)));
    columns.iter().map(pair).collect()
}

fn kind_of(name: &str) -> Option<CellKind> {
    use CellKind::{Amount, Boolean, Bytes, Date, Decimal, Integer, Text, Timestamp};
    [Amount, Boolean, Bytes, Date, Decimal, Integer, Text, Timestamp]
        .into_iter()
        .find(|kind| format!("{kind:?}") == name)
}

/// Makes the table and its children where they are missing, and adds columns that were declared since.
///
/// # Errors
/// `ConfigInvalid` when a table of that name belongs to somebody else: it is never taken over.
pub(crate) async fn ensure(unit: &mut impl Unit, dialect: Dialect, table: &StreamTable) -> Result<()> {
    let shape = TableShape::of(table);
    let known = registered(unit, &shape.name).await?;
    if known.as_ref() == Some(&shape) {
        return Ok(());
    }
    ensure_one(unit, dialect, &shape, &STREAM_COLUMNS, dialect.stream_keys()).await?;
    for child in &shape.children {
        ensure_one(unit, dialect, child, &CHILD_COLUMNS, dialect.child_keys()).await?;
    }
    register(unit, &shape, known.is_some()).await
}

async fn ensure_one(
    unit: &mut impl Unit,
    dialect: Dialect,
    shape: &TableShape,
    bookkeeping: &[(&str, CellKind)],
    keys: TableKeys,
) -> Result<()> {
    let existing = existing_columns(unit, dialect, &shape.name).await?;
    let ours = bookkeeping.iter().all(|(name, _)| existing.iter().any(|known| known == name));
    if !existing.is_empty() && !ours {
        let message =
            "a table of this name exists and is not Sentia's; rename it or choose a PostgreSQL schema";
        return Err(Error::new(ErrorKind::ConfigInvalid, message).context("table", &shape.name));
    }
    let declared = shape.kinds()?;
    let is_stream = bookkeeping.len() == STREAM_COLUMNS.len();
    if existing.is_empty() {
        let bookkeeping = bookkeeping.iter().map(|(name, kind)| {
            let null = if NULLABLE.contains(name) { "" } else { " NOT NULL" };
            format!("{} {}{null}", quoted(name), dialect.column_type(*kind))
        });
        let typed =
            declared.iter().map(|(name, kind)| format!("{} {}", quoted(name), dialect.column_type(*kind)));
        let columns: Vec<String> = bookkeeping.chain(typed).collect();
        let TableKeys { constraints, options } = keys;
        let sql =
            format!("CREATE TABLE {} ({}, {constraints}){options}", quoted(&shape.name), columns.join(", "));
        unit.execute(&sql, &[]).await?;
        return if is_stream { tune(unit, dialect, &shape.name).await } else { Ok(()) };
    }
    for (name, kind) in declared.iter().filter(|(name, _)| !existing.iter().any(|known| known == name)) {
        let column = format!("{} {}", quoted(name), dialect.column_type(*kind));
        unit.execute(&format!("ALTER TABLE {} ADD COLUMN {column}", quoted(&shape.name)), &[]).await?;
    }
    Ok(())
}

/// What a fresh stream table needs besides its columns.
///
/// Documents of a few kilobytes stay in their row on PostgreSQL: moving each out of line costs more than the row they
/// bloat.
async fn tune(unit: &mut impl Unit, dialect: Dialect, table: &str) -> Result<()> {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => {
            let _ = (unit, table);
            Ok(())
        }
        #[cfg(feature = "postgres")]
        Dialect::Postgres => {
            let table_name = quoted(table);
            let sequence = quoted(&crate::postgres::row_id_sequence(table));
            unit.execute(&format!("ALTER TABLE {table_name} SET (toast_tuple_target = 8160)"), &[]).await?;
            unit.execute(&format!("CREATE SEQUENCE {sequence} AS bigint CACHE 1000"), &[]).await?;
            let default = format!("nextval('{sequence}'::regclass)");
            let sql = format!("ALTER TABLE {table_name} ALTER COLUMN row_id SET DEFAULT {default}");
            unit.execute(&sql, &[]).await.map(drop)
        }
    }
}

async fn existing_columns(unit: &mut impl Unit, dialect: Dialect, table: &str) -> Result<Vec<String>> {
    let sql = match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => "SELECT name FROM pragma_table_info($1)",
        #[cfg(feature = "postgres")]
        Dialect::Postgres => {
            "SELECT column_name::text FROM information_schema.columns \
             WHERE table_name = $1 AND table_schema = current_schema()"
        }
    };
    let rows = unit.query(sql, &[Cell::text(table)], &[CellKind::Text]).await?;
    Ok(rows.iter().filter_map(|row| row[0].as_str().map(str::to_owned)).collect())
}

/// The registered shape of a table.
pub(crate) async fn registered(unit: &mut impl Unit, name: &str) -> Result<Option<TableShape>> {
    let sql = "SELECT shape FROM sentia_tables WHERE name = $1";
    let rows = unit.query(sql, &[Cell::text(name)], &[CellKind::Text]).await?;
    let parse = |row: &Vec<Cell<'_>>| {
        row[0].as_str().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| corrupt("table shape"))
    };
    rows.first().map(parse).transpose()
}

async fn register(unit: &mut impl Unit, shape: &TableShape, known: bool) -> Result<()> {
    let json = serde_json::to_string(shape).map_err(|_| corrupt("table shape"))?;
    let (sql, cells) = if known {
        (
            "UPDATE sentia_tables SET shape = $1 WHERE name = $2",
            [Cell::Text(json.into()), Cell::text(&shape.name)],
        )
    } else {
        (
            "INSERT INTO sentia_tables (name, shape) VALUES ($1, $2)",
            [Cell::text(&shape.name), Cell::Text(json.into())],
        )
    };
    unit.execute(sql, &cells).await.map(drop)
}
