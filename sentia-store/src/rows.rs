//! Writes a commit's rows: new ones, changed ones, and the child rows of both.

use sentia_core::{Batch, Record, Result, StreamId, record::Operation, stream::ChildInfo};

use crate::{
    cell::{Cell, CellKind},
    dialect::quoted,
    sweep,
    table::{CHILD_COLUMNS, STREAM_COLUMNS},
    unit::{Rows, Unit},
};

/// What every row of a commit has in common.
pub(crate) struct Stamp<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) run: String,
    pub(crate) sequence: u64,
}

/// A record and the row it goes to.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub(crate) record: &'a Record,
    pub(crate) row_id: i64,
}

/// The parameters that narrow a stream's table to one partition, `$1` to `$3` of the statements that use them.
pub(crate) fn row_cells(stream: &StreamId) -> [Cell<'_>; 3] {
    [Cell::text(&stream.tenant), Cell::text(&stream.connection), Cell::text(&stream.partition)]
}

/// Columns that are written once.
const WRITTEN_ONCE: [&str; 2] = ["row_id", "first_seen"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Insert,
    Update,
}

pub(crate) async fn write(
    unit: &mut impl Unit,
    stamp: &Stamp<'_>,
    new: &[Placed<'_>],
    changed: &[Placed<'_>],
) -> Result<()> {
    let table = stamp.batch.table.name();
    unit.insert(&stream_rows(stamp, &table, new, Writing::Insert)).await?;
    // A tombstone without a document leaves the row's document, columns and children as they are.
    let (bare, full): (Vec<Placed<'_>>, Vec<Placed<'_>>) =
        changed.iter().partition(|placed| placed.record.document.is_empty());
    unit.update(&stream_rows(stamp, &table, &full, Writing::Update), 4).await?;
    let bare: Vec<&str> = bare.iter().map(|placed| placed.record.key.as_str()).collect();
    sweep::mark_deleted(unit, stamp, &bare).await?;
    for (at, child) in stamp.batch.table.info().children.iter().enumerate() {
        let name = stamp.batch.table.child_name(child);
        remove_children(unit, stamp, &name, &full).await?;
        let parents = new.iter().chain(&full);
        unit.insert(&child_rows(stamp, &name, child, at, parents)).await?;
    }
    Ok(())
}

fn stream_rows<'a>(
    stamp: &'a Stamp<'_>,
    table: &'a str,
    records: &[Placed<'a>],
    writing: Writing,
) -> Rows<'a> {
    let batch = stamp.batch;
    let written = |name: &str| writing == Writing::Insert || !WRITTEN_ONCE.contains(&name);
    let mut columns: Vec<_> = STREAM_COLUMNS.into_iter().filter(|(name, _)| written(name)).collect();
    let typed = &batch.table.info().columns;
    columns.extend(typed.iter().map(|column| (column.name, CellKind::from(column.kind))));
    let mut cells = Vec::with_capacity(records.len() * columns.len());
    for Placed { record, row_id } in records {
        if writing == Writing::Insert {
            cells.push(Cell::Integer(*row_id));
        }
        cells.extend([
            Cell::text(&batch.stream.tenant),
            Cell::text(&batch.stream.connection),
            Cell::text(&batch.stream.partition),
            Cell::text(&record.key),
            Cell::text(&record.version.raw),
            Cell::Integer(record.version.order),
            Cell::Bytes(record.digest().as_bytes().to_vec().into()),
            Cell::Integer(record.row_check()),
            Cell::text(&stamp.run),
            Cell::Integer(stamp.sequence as i64),
        ]);
        if writing == Writing::Insert {
            cells.push(Cell::Timestamp(batch.fetched));
        }
        let deleted = (record.operation == Operation::Tombstone).then_some(batch.fetched);
        cells.extend([
            Cell::Timestamp(batch.fetched),
            Cell::optional(deleted, Cell::Timestamp),
            Cell::optional(Some(record.document.body()).filter(|body| !body.is_empty()), Cell::document),
            Cell::optional(record.document.parts(), Cell::document),
        ]);
        cells.extend(record.values.iter().map(Cell::from));
    }
    Rows { table, columns, cells }
}

async fn remove_children(
    unit: &mut impl Unit,
    stamp: &Stamp<'_>,
    child: &str,
    parents: &[Placed<'_>],
) -> Result<()> {
    if parents.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "DELETE FROM {} WHERE parent_row_id IN \
         (SELECT row_id FROM {} WHERE tenant = $1 AND connection = $2 AND partition = $3 AND key {{in_keys}})",
        quoted(child),
        quoted(&stamp.batch.table.name())
    );
    let stream = &stamp.batch.stream;
    let cells = row_cells(stream);
    let keys: Vec<&str> = parents.iter().map(|placed| placed.record.key.as_str()).collect();
    unit.execute_keys(&sql, &cells, &keys).await.map(drop)
}

fn child_rows<'a>(
    stamp: &'a Stamp<'_>,
    table: &'a str,
    child: &ChildInfo,
    at: usize,
    parents: impl Iterator<Item = &'a Placed<'a>>,
) -> Rows<'a> {
    let stream = &stamp.batch.stream;
    let mut columns = CHILD_COLUMNS.to_vec();
    columns.extend(child.columns.iter().map(|column| (column.name, CellKind::from(column.kind))));
    let mut cells = Vec::new();
    for Placed { record, row_id } in parents {
        for (position, row) in record.children[at].iter().enumerate() {
            cells.extend([
                Cell::Integer(*row_id),
                Cell::Integer(position as i64),
                Cell::text(&stream.tenant),
                Cell::text(&stream.connection),
                Cell::text(&record.key),
            ]);
            cells.extend(row.iter().map(Cell::from));
        }
    }
    Rows { table, columns, cells }
}
