//! What a window's manifests add up to, which rows a full read found missing, and the folding of old manifests.

use std::collections::HashSet;

use sentia_core::{
    Checkpoint, Key, Result, StreamId,
    batch::{ManifestEntry, Seen},
    certificate::{Sweep, SweepPolicy, Tally},
    cursor::{Slot, Window},
    record::Digest,
};

use crate::{
    cell::{Cell, CellKind},
    dialect::quoted,
    error::corrupt,
    manifest::{self, OF_PARTITION, Place, Sightings, partition_cells},
    rows::{Stamp, row_cells},
    unit::Unit,
};

/// Rows looked at in one query while sweeping.
const SWEEP_PAGE_ROWS: i64 = 20_000;

/// Adds up the manifests from `first` on that belong to the window in `slot`.
pub(crate) async fn tally(unit: &mut impl Unit, stream: &StreamId, first: u64, slot: Slot) -> Result<Tally> {
    let mut index = manifest::index(unit, stream, first).await?;
    index.retain(|manifest| manifest.place.slot == slot);
    let mut tally = Tally::default();
    for shard in manifest::shards(&index) {
        let mut sightings = Sightings::default();
        for manifest in &index {
            sightings.replay(manifest::load(unit, stream, manifest.place.sequence).await?, shard);
        }
        tally.join(sightings.tally());
    }
    Ok(tally)
}

/// Marks the rows that a proved full read did not see, unless there are more of them than the policy lets go.
///
/// Rows written or seen since the read began stay, in whichever window: an increment may have brought them after their
/// page was read. Keys in quarantine were seen.
pub(crate) async fn sweep(
    unit: &mut impl Unit,
    stamp: &Stamp<'_>,
    window: &Window,
    policy: SweepPolicy,
    checkpoint: &mut Checkpoint,
) -> Result<Sweep> {
    let stream = &stamp.batch.stream;
    let index = manifest::index(unit, stream, window.first_sequence).await?;
    let (mut missing, mut live) = (Vec::new(), 0);
    for shard in manifest::shards(&index) {
        let mut seen: HashSet<Key> = HashSet::new();
        for manifest in &index {
            let entries = manifest::load(unit, stream, manifest.place.sequence).await?;
            seen.extend(entries.into_iter().map(|entry| entry.key).filter(|key| shard.holds(key)));
        }
        let mut after = String::new();
        loop {
            let rows = live_rows(unit, stamp, &after).await?;
            let Some((last, _)) = rows.last() else { break };
            after = last.to_string();
            for (key, sequence) in rows.into_iter().filter(|(key, _)| shard.holds(key)) {
                live += 1;
                if sequence < window.first_sequence && !seen.contains(&key) {
                    missing.push(key);
                }
            }
        }
    }
    let count = missing.len() as u64;
    if !policy.allows(count, live) {
        return Ok(Sweep::Held { missing: count, live });
    }
    if count > 0 {
        let keys: Vec<&str> = missing.iter().map(Key::as_str).collect();
        let swept = Stamp { batch: stamp.batch, run: stamp.run.clone(), sequence: stamp.sequence + 1 };
        let entries = tombstones(unit, stamp, &keys).await?;
        mark_deleted(unit, &swept, &keys).await?;
        let place = Place { sequence: swept.sequence, slot: stamp.batch.slot };
        manifest::write(unit, stream, place, &swept.run, &entries).await?;
        checkpoint.sequence = swept.sequence;
    }
    Ok(Sweep::Done { deleted: count })
}

async fn live_rows(unit: &mut impl Unit, stamp: &Stamp<'_>, after: &str) -> Result<Vec<(Key, u64)>> {
    let stream = &stamp.batch.stream;
    let sql = format!(
        "SELECT key, sequence FROM {} WHERE tenant = $1 AND connection = $2 AND key > $3 AND partition = $4 \
         AND deleted IS NULL ORDER BY key LIMIT {SWEEP_PAGE_ROWS}",
        quoted(&stamp.batch.table.name())
    );
    let cells = [
        Cell::text(&stream.tenant),
        Cell::text(&stream.connection),
        Cell::text(after),
        Cell::text(&stream.partition),
    ];
    let rows = unit.query(&sql, &cells, &[CellKind::Text, CellKind::Integer]).await?;
    let parse = |row: &Vec<Cell<'_>>| Some((Key::from(row[0].as_str()?), row[1].as_integer()? as u64));
    rows.iter().map(|row| parse(row).ok_or_else(|| corrupt("bookkeeping"))).collect()
}

/// Manifest lines for rows that are about to be marked deleted: their version and digest stay.
async fn tombstones(unit: &mut impl Unit, stamp: &Stamp<'_>, keys: &[&str]) -> Result<Vec<ManifestEntry>> {
    use CellKind::{Bytes, Integer, Text};
    let stream = &stamp.batch.stream;
    let sql = format!(
        "SELECT key, version_order, digest, row_check FROM {} WHERE tenant = $1 AND connection = $2 AND partition = $3 AND key {{in_keys}}",
        quoted(&stamp.batch.table.name())
    );
    let cells = row_cells(stream);
    let rows = unit.query_keys(&sql, &cells, keys, &[Text, Integer, Bytes, Integer]).await?;
    let parse = |row: &Vec<Cell<'_>>| {
        Some(ManifestEntry {
            key: Key::from(row[0].as_str()?),
            version: row[1].as_integer()?,
            digest: Digest::from_bytes(row[2].as_bytes()?)?,
            row_check: row[3].as_integer()?,
            seen: Seen::Deleted,
        })
    };
    rows.iter().map(|row| parse(row).ok_or_else(|| corrupt("bookkeeping"))).collect()
}

/// Marks rows as deleted at the source; their documents stay.
pub(crate) async fn mark_deleted(unit: &mut impl Unit, stamp: &Stamp<'_>, keys: &[&str]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let stream = &stamp.batch.stream;
    let sql = format!(
        "UPDATE {} SET deleted = $1, changed = $2, run = $3, sequence = $4 \
         WHERE tenant = $5 AND connection = $6 AND partition = $7 AND key {{in_keys}}",
        quoted(&stamp.batch.table.name())
    );
    let cells = [
        Cell::Timestamp(stamp.batch.fetched),
        Cell::Timestamp(stamp.batch.fetched),
        Cell::text(&stamp.run),
        Cell::Integer(stamp.sequence as i64),
        Cell::text(&stream.tenant),
        Cell::text(&stream.connection),
        Cell::text(&stream.partition),
    ];
    unit.execute_keys(&sql, &cells, keys).await.map(drop)
}

/// Folds what was known before manifest `before` into one manifest of the keys that nothing since speaks of: they are
/// deleted, or were held back from the sweep. What a proved full read brought says the rest; `before` is its first
/// manifest, or an earlier one that a window in progress still rests on.
pub(crate) async fn fold(unit: &mut impl Unit, stamp: &Stamp<'_>, before: u64) -> Result<()> {
    let stream = &stamp.batch.stream;
    let index = manifest::index(unit, stream, 0).await?;
    let Some(newest_old) =
        index.iter().rev().map(|manifest| manifest.place).find(|old| old.sequence < before)
    else {
        return Ok(());
    };
    let mut left = Vec::new();
    for shard in manifest::shards(&index) {
        let mut sightings = Sightings::default();
        let mut spoken: HashSet<Key> = HashSet::new();
        for manifest in &index {
            let sequence = manifest.place.sequence;
            let entries = manifest::load(unit, stream, sequence).await?;
            if sequence < before {
                sightings.replay(entries, shard);
            } else {
                let of_rows = entries.into_iter().filter(|entry| manifest::speaks_of_row(entry.seen));
                spoken.extend(of_rows.map(|entry| entry.key).filter(|key| shard.holds(key)));
            }
        }
        let kept = sightings.0.into_values().map(|sighting| sighting.last);
        left.extend(kept.filter(|entry| manifest::speaks_of_row(entry.seen) && !spoken.contains(&entry.key)));
    }
    left.sort_by(|a, b| a.key.cmp(&b.key));
    let mut cells = partition_cells(stream);
    cells.push(Cell::Integer(before as i64));
    let sql = format!("DELETE FROM sentia_manifests WHERE {OF_PARTITION} AND sequence < $5");
    unit.execute(&sql, &cells).await?;
    manifest::write(unit, stream, newest_old, &stamp.run, &left).await
}
