//! Documents that could not become rows, kept with their bytes.

use chrono::{DateTime, Utc};
use sentia_core::{Batch, Result, record::Digest};

use crate::{
    cell::{Cell, CellKind},
    error::corrupt,
    manifest::{OF_PARTITION, partition_cells},
    unit::Unit,
};

/// One document in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineEntry {
    /// Its key, where that much could be read.
    pub key: Option<String>,
    /// The rule that held it back.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// The vendor's bytes.
    pub document: Vec<u8>,
    /// When it was first held back.
    pub first_seen: DateTime<Utc>,
}

/// Holds the batch's rejected documents; one that is held already is only seen again.
pub(crate) async fn hold(unit: &mut impl Unit, batch: &Batch, sequence: u64) -> Result<()> {
    let sql = "INSERT INTO sentia_quarantine (tenant, connection, stream, partition, digest, key, rule, reason, \
               document, run, sequence, first_seen, last_seen) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
               ON CONFLICT (tenant, connection, stream, partition, digest) DO UPDATE SET \
               rule = excluded.rule, reason = excluded.reason, run = excluded.run, sequence = excluded.sequence, \
               last_seen = excluded.last_seen";
    let run = batch.run.to_string();
    for rejected in &batch.rejected {
        let digest = Digest::of(&rejected.document);
        let mut cells = partition_cells(&batch.stream);
        cells.extend([
            Cell::bytes(digest.as_bytes()),
            Cell::optional(rejected.key.as_ref(), |key| Cell::text(key)),
            Cell::text(&rejected.rule),
            Cell::text(&rejected.reason),
            Cell::bytes(&rejected.document),
            Cell::text(&run),
            Cell::Integer(sequence as i64),
            Cell::Timestamp(batch.fetched),
            Cell::Timestamp(batch.fetched),
        ]);
        unit.execute(sql, &cells).await?;
    }
    Ok(())
}

/// Lets go what is held under keys that have become rows: the vendor sent a readable document since.
pub(crate) async fn release(unit: &mut impl Unit, batch: &Batch, keys: &[&str]) -> Result<()> {
    let any = format!("SELECT 1 FROM sentia_quarantine WHERE {OF_PARTITION} AND key IS NOT NULL LIMIT 1");
    let cells = partition_cells(&batch.stream);
    if keys.is_empty() || unit.query(&any, &cells, &[]).await?.is_empty() {
        return Ok(());
    }
    let sql = format!("DELETE FROM sentia_quarantine WHERE {OF_PARTITION} AND key {{in_keys}}");
    unit.execute_keys(&sql, &cells, keys).await.map(drop)
}

/// Lets go what a proved full read, from manifest `first` on, did not bring again: the vendor no longer has it so.
pub(crate) async fn forget(unit: &mut impl Unit, stream: &sentia_core::StreamId, first: u64) -> Result<()> {
    let mut cells = partition_cells(stream);
    cells.push(Cell::Integer(first as i64));
    let sql = format!("DELETE FROM sentia_quarantine WHERE {OF_PARTITION} AND sequence < $5");
    unit.execute(&sql, &cells).await.map(drop)
}

/// How many documents of one partition are held.
pub(crate) async fn held(unit: &mut impl Unit, stream: &sentia_core::StreamId) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM sentia_quarantine WHERE {OF_PARTITION}");
    let rows = unit.query(&sql, &partition_cells(stream), &[CellKind::Integer]).await?;
    Ok(rows.first().and_then(|row| row[0].as_integer()).unwrap_or_default() as u64)
}

/// Lists what is held of one partition, oldest first.
pub(crate) async fn list(
    unit: &mut impl Unit,
    stream: &sentia_core::StreamId,
) -> Result<Vec<QuarantineEntry>> {
    use CellKind::{Bytes, Text, Timestamp};
    let sql = format!(
        "SELECT key, rule, reason, document, first_seen FROM sentia_quarantine WHERE {OF_PARTITION} \
         ORDER BY first_seen, digest"
    );
    let rows = unit.query(&sql, &partition_cells(stream), &[Text, Text, Text, Bytes, Timestamp]).await?;
    rows.iter().map(|row| entry(row).ok_or_else(|| corrupt("quarantine"))).collect()
}

fn entry(row: &[Cell<'_>]) -> Option<QuarantineEntry> {
    let text = |at: usize| row[at].as_str().map(str::to_owned);
    let Cell::Timestamp(first_seen) = row[4] else { return None };
    Some(QuarantineEntry {
        key: text(0),
        rule: text(1)?,
        reason: text(2)?,
        document: row[3].as_bytes()?.to_vec(),
        first_seen,
    })
}
