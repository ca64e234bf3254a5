//! The checkpoint's row: read under lock at the start of a commit, written at its end.

use chrono::{DateTime, Utc};
use sentia_core::{
    Checkpoint, Result, StreamId,
    cursor::{Backfilled, FullRead, Window},
    page::PageToken,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    cell::{Cell, CellKind},
    error::corrupt,
    manifest::{OF_PARTITION, partition_cells},
    unit::Unit,
};

const KINDS: [CellKind; 10] = [
    CellKind::Integer,
    CellKind::Integer,
    CellKind::Integer,
    CellKind::Timestamp,
    CellKind::Text,
    CellKind::Text,
    CellKind::Text,
    CellKind::Timestamp,
    CellKind::Text,
    CellKind::Text,
];

/// Reads a checkpoint; with `lock` nobody else writes it before the unit ends.
pub(crate) async fn read<U: Unit>(unit: &mut U, stream: &StreamId, lock: Lock) -> Result<Option<Checkpoint>> {
    let lock = if lock == Lock::ForUpdate { U::FOR_UPDATE } else { "" };
    let sql = format!(
        "SELECT version, epoch, sequence, cursor, window_json, full_json, resume, reread, background_json, \
         backfilled_json FROM sentia_checkpoints WHERE {OF_PARTITION}{lock}"
    );
    let rows = unit.query(&sql, &partition_cells(stream), &KINDS).await?;
    rows.first().map(|row| parse(row).ok_or_else(|| corrupt("checkpoint"))).transpose()
}

/// Whether a read locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    Shared,
    ForUpdate,
}

fn parse(row: &[Cell<'_>]) -> Option<Checkpoint> {
    let number = |at: usize| row[at].as_integer().map(|number| number as u64);
    fn json<T: DeserializeOwned>(cell: &Cell<'_>) -> Option<Option<T>> {
        match cell.as_str() {
            None => Some(None),
            Some(text) => serde_json::from_str(text).ok(),
        }
    }
    Some(Checkpoint {
        version: number(0)?,
        epoch: number(1)?,
        sequence: number(2)?,
        cursor: instant(&row[3]),
        window: json::<Window>(&row[4])?,
        full: json::<FullRead>(&row[5])?,
        resume: row[6].as_str().map(PageToken::from),
        reread: instant(&row[7]),
        background: json::<Window>(&row[8])?,
        backfilled: json::<Backfilled>(&row[9])?,
    })
}

fn instant(cell: &Cell<'_>) -> Option<DateTime<Utc>> {
    match cell {
        Cell::Timestamp(instant) => Some(*instant),
        _ => None,
    }
}

fn json<T: Serialize>(value: Option<&T>) -> Result<Cell<'static>> {
    let text = value.map(serde_json::to_string).transpose().map_err(|_| corrupt("checkpoint"))?;
    Ok(Cell::optional(text, |text| Cell::Text(text.into())))
}

/// Makes the row, so that it can be locked; harmless where it is.
pub(crate) async fn create(unit: &mut impl Unit, stream: &StreamId, table: &str) -> Result<()> {
    let sql = "INSERT INTO sentia_checkpoints (tenant, connection, stream, partition, stream_table, version, epoch, \
               sequence) VALUES ($1, $2, $3, $4, $5, 0, 0, 0) ON CONFLICT DO NOTHING";
    let mut cells = partition_cells(stream);
    cells.push(Cell::text(table));
    unit.execute(sql, &cells).await.map(drop)
}

pub(crate) async fn write(unit: &mut impl Unit, stream: &StreamId, checkpoint: &Checkpoint) -> Result<()> {
    let mut cells = partition_cells(stream);
    cells.extend([
        Cell::Integer(checkpoint.version as i64),
        Cell::Integer(checkpoint.epoch as i64),
        Cell::Integer(checkpoint.sequence as i64),
        Cell::optional(checkpoint.cursor, Cell::Timestamp),
        json(checkpoint.window.as_ref())?,
        json(checkpoint.full.as_ref())?,
        Cell::optional(checkpoint.resume.as_ref(), |token| Cell::text(&token.0)),
        Cell::optional(checkpoint.reread, Cell::Timestamp),
        json(checkpoint.background.as_ref())?,
        json(checkpoint.backfilled.as_ref())?,
    ]);
    let sql = format!(
        "UPDATE sentia_checkpoints SET version = $5, epoch = $6, sequence = $7, cursor = $8, window_json = $9, \
         full_json = $10, resume = $11, reread = $12, background_json = $13, backfilled_json = $14 WHERE {OF_PARTITION}"
    );
    unit.execute(&sql, &cells).await.map(drop)
}
