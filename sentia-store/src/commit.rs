//! One commit: records, manifest, quarantine, checkpoint and certificate in one transaction. The same on both
//! databases.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use chrono::{DateTime, Utc};
use sentia_core::{
    Batch, Checkpoint, Error, ErrorKind, Key, Receipt, Record, Result,
    batch::{Counts, ManifestEntry, Seen, Settlement},
    certificate::{Certificate, Sweep, settle},
    cursor::{Mode, Window},
    job::Lease,
    record::{Digest, Operation},
};

use crate::{
    cell::{Cell, CellKind},
    checkpoint::{self, Lock},
    dialect::quoted,
    error::corrupt,
    manifest::{self, Place},
    quarantine,
    rows::{self, Placed, Stamp, row_cells},
    sweep,
    unit::Unit,
};

/// Stages at which a kill test may end the process; nothing without the feature of the tests.
pub(crate) fn stage(name: &str) {
    #[cfg(feature = "testing")]
    sentia_core::testing::crash::point(name);
    #[cfg(not(feature = "testing"))]
    let _ = name;
}

/// Commits `batch`; the caller begins and ends the transaction.
pub(crate) async fn commit(unit: &mut impl Unit, batch: Batch) -> Result<Receipt> {
    if let Some(lease) = &batch.lease {
        held(unit, lease).await?;
    }
    let stored = locked(unit, &batch).await?;
    stage("commit.begun");
    let Sorted { entries, counts, new, changed } = sort(unit, &batch).await?;
    let sequence = stored.sequence + 1;
    let stamp = Stamp { batch: &batch, run: batch.run.to_string(), sequence };
    rows::write(unit, &stamp, &new, &changed).await?;
    stage("commit.rows_written");
    quarantine::hold(unit, &batch, sequence).await?;
    quarantine::release(unit, &batch, &readable(&batch, &entries)).await?;
    let place = Place { sequence, slot: batch.slot };
    manifest::write(unit, &batch.stream, place, &stamp.run, &entries).await?;

    let mut receipt = Receipt { checkpoint: batch.checkpoint.clone(), counts, settlement: None };
    receipt.checkpoint.sequence = sequence;
    receipt.checkpoint.epoch = batch.epoch;
    if let Some(window) = receipt.checkpoint.slot_mut(batch.slot) {
        window.counts += counts;
    }
    stage("commit.before_seal");
    close(unit, &stamp, &mut receipt).await?;
    checkpoint::write(unit, &batch.stream, &receipt.checkpoint).await?;
    stage("commit.before_commit");
    Ok(receipt)
}

/// Keys whose latest document became a row: what is held under them has been replaced by the vendor.
fn readable<'a>(batch: &Batch, entries: &'a [ManifestEntry]) -> Vec<&'a str> {
    let rejected: HashSet<&str> =
        batch.rejected.iter().filter_map(|rejected| rejected.key.as_deref()).collect();
    let of_rows = entries.iter().filter(|entry| manifest::speaks_of_row(entry.seen));
    of_rows.map(|entry| entry.key.as_str()).filter(|key| !rejected.contains(key)).collect()
}

/// Refuses a batch whose job is held by another worker, or by none; until the unit ends nobody takes the job over.
async fn held<U: Unit>(unit: &mut U, lease: &Lease) -> Result<()> {
    let sql = format!(
        "SELECT fence FROM sentia_jobs WHERE id = $1 AND worker = $2 AND fence = $3 AND state = 'running'{}",
        U::FOR_SHARE
    );
    let id = lease.job.to_string();
    let cells = [Cell::text(&id), Cell::text(&lease.worker), Cell::Integer(lease.fence as i64)];
    match unit.query(&sql, &cells, &[CellKind::Integer]).await?.is_empty() {
        true => Err(crate::job::lost(lease)),
        false => Ok(()),
    }
}

/// Locks the checkpoint and refuses a writer that is not next.
async fn locked(unit: &mut impl Unit, batch: &Batch) -> Result<Checkpoint> {
    let mut stored = checkpoint::read(unit, &batch.stream, Lock::ForUpdate).await?;
    if stored.is_none() {
        checkpoint::create(unit, &batch.stream, &batch.table.name()).await?;
        stored = checkpoint::read(unit, &batch.stream, Lock::ForUpdate).await?;
    }
    let stored = stored.ok_or_else(|| corrupt("checkpoint"))?;
    let conflict = |message: &'static str| {
        let conflict = Error::new(ErrorKind::Conflict, message).context("stream", &batch.stream);
        Err(conflict.context("epoch", batch.epoch).context("stored_epoch", stored.epoch))
    };
    if batch.epoch < stored.epoch {
        return conflict("another worker has taken this stream over");
    }
    if batch.checkpoint.version != stored.version + 1 {
        return conflict("another commit came first; the checkpoint is not the one this batch follows");
    }
    Ok(stored)
}

/// A row as it stands.
struct Existing {
    version: i64,
    digest: Digest,
    row_check: i64,
    changed: DateTime<Utc>,
    deleted: bool,
    row_id: i64,
}

/// A batch's records by what is to be done with them.
struct Sorted<'a> {
    entries: Vec<ManifestEntry>,
    counts: Counts,
    new: Vec<Placed<'a>>,
    changed: Vec<Placed<'a>>,
}

async fn sort<'a>(unit: &mut impl Unit, batch: &'a Batch) -> Result<Sorted<'a>> {
    let mut entries = batch.manifest();
    let last = last_of_each(&batch.records);
    let existing = existing(unit, batch, &last).await?;
    let mut counts =
        Counts { read: entries.len() as u64, quarantined: batch.rejected.len() as u64, ..Counts::default() };
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for (at, record) in batch.records.iter().enumerate() {
        let entry = &mut entries[at];
        if last[&record.key] != at {
            // The same key again on this page: only its last sighting speaks of the row.
            entry.seen = Seen::Stale;
            continue;
        }
        let deletes = record.operation == Operation::Tombstone;
        let row = existing.get(&record.key);
        if let Some(row) = row.filter(|_| record.document.is_empty()) {
            // A bare tombstone brings no document: the row keeps its own, and the manifest says so.
            (entry.version, entry.digest, entry.row_check) = (row.version, row.digest, row.row_check);
        }
        match row {
            // The deletion of what is not here: there is nothing to mark, and no document to keep.
            None if deletes && record.document.is_empty() => {
                entry.seen = Seen::Stale;
                counts.unchanged += 1;
            }
            None => {
                new.push(Placed { record, row_id: 0 });
                *if deletes { &mut counts.deleted } else { &mut counts.inserted } += 1;
            }
            Some(row) if same(record, row) => {
                entry.version = row.version;
                counts.unchanged += 1;
            }
            Some(row) if older(batch, record, row) => {
                entry.seen = Seen::Stale;
                counts.stale += 1;
            }
            Some(row) => {
                changed.push(Placed { record, row_id: row.row_id });
                *if deletes && !row.deleted { &mut counts.deleted } else { &mut counts.updated } += 1;
            }
        }
    }
    let ids = match new.len() {
        0 => Vec::new(),
        count => {
            let children: Vec<String> =
                batch.table.info().children.iter().map(|child| batch.table.child_name(child)).collect();
            unit.row_ids(&batch.table.name(), &children, count).await?
        }
    };
    new.iter_mut().zip(ids).for_each(|(placed, row_id)| placed.row_id = row_id);
    Ok(Sorted { entries, counts, new, changed })
}

/// PostgreSQL refuses a key twice in one statement and SQLite silently takes the last: every batch is made unique.
fn last_of_each(records: &[Record]) -> HashMap<Key, usize> {
    let mut last: HashMap<Key, usize> = HashMap::with_capacity(records.len());
    for (at, record) in records.iter().enumerate() {
        match last.entry(record.key.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(at);
            }
            Entry::Occupied(mut known) => {
                let newer = record.version.order >= records[*known.get()].version.order;
                if newer || record.document.is_empty() {
                    known.insert(at);
                }
            }
        }
    }
    last
}

fn same(record: &Record, row: &Existing) -> bool {
    let deletes = record.operation == Operation::Tombstone;
    let empty = deletes && record.document.is_empty();
    row.deleted == deletes
        && (empty || (record.digest() == row.digest && record.row_check() == row.row_check))
}

/// Order is (version, start of the fetch). Where either side has no version the fetch alone decides, and a bare
/// deletion event is the latest word.
fn older(batch: &Batch, record: &Record, row: &Existing) -> bool {
    if record.version.order == 0 || row.version == 0 {
        return !record.document.is_empty() && batch.fetched < row.changed;
    }
    (record.version.order, batch.fetched) < (row.version, row.changed)
}

async fn existing(
    unit: &mut impl Unit,
    batch: &Batch,
    keys: &HashMap<Key, usize>,
) -> Result<HashMap<Key, Existing>> {
    use CellKind::{Boolean, Bytes, Integer, Text, Timestamp};
    let sql = format!(
        "SELECT key, version_order, digest, row_check, changed, deleted IS NOT NULL, row_id FROM {} \
         WHERE tenant = $1 AND connection = $2 AND partition = $3 AND key {{in_keys}}",
        quoted(&batch.table.name())
    );
    let keys: Vec<&str> = keys.keys().map(Key::as_str).collect();
    let cells = row_cells(&batch.stream);
    let rows = unit
        .query_keys(&sql, &cells, &keys, &[Text, Integer, Bytes, Integer, Timestamp, Boolean, Integer])
        .await?;
    rows.iter().map(|row| parse_existing(row).ok_or_else(|| corrupt("bookkeeping"))).collect()
}

fn parse_existing(row: &[Cell<'_>]) -> Option<(Key, Existing)> {
    let Cell::Timestamp(changed) = row[4] else { return None };
    let existing = Existing {
        version: row[1].as_integer()?,
        digest: Digest::from_bytes(row[2].as_bytes()?)?,
        row_check: row[3].as_integer()?,
        changed,
        deleted: row[5].as_integer()? != 0,
        row_id: row[6].as_integer()?,
    };
    Some((Key::from(row[0].as_str()?), existing))
}

/// Settles the window where the batch asks for it.
async fn close(unit: &mut impl Unit, stamp: &Stamp<'_>, receipt: &mut Receipt) -> Result<()> {
    let batch = stamp.batch;
    let window = receipt.checkpoint.slot(batch.slot).cloned();
    let (Some(closing), Some(window)) = (&batch.closing, window) else {
        return Ok(());
    };
    let tally = sweep::tally(unit, &batch.stream, window.first_sequence, batch.slot).await?;
    let settlement = match settle(batch, &window, closing, &tally, stamp.sequence) {
        Settlement::Proved(certificate) => {
            Settlement::Proved(Box::new(seal(unit, stamp, &window, *certificate, receipt).await?))
        }
        Settlement::Reread { reason } => {
            *receipt.checkpoint.slot_mut(batch.slot) = Some(window.reread(stamp.sequence + 1));
            Settlement::Reread { reason }
        }
        Settlement::Unexplained { reason } => {
            *receipt.checkpoint.slot_mut(batch.slot) = None;
            Settlement::Unexplained { reason }
        }
    };
    receipt.settlement = Some(settlement);
    Ok(())
}

async fn seal(
    unit: &mut impl Unit,
    stamp: &Stamp<'_>,
    window: &Window,
    mut certificate: Certificate,
    receipt: &mut Receipt,
) -> Result<Certificate> {
    let policy = stamp.batch.closing.as_ref().and_then(|closing| closing.sweep);
    if let (Sweep::Done { .. }, Some(policy)) = (&certificate.sweep, policy) {
        certificate.sweep = sweep::sweep(unit, stamp, window, policy, &mut receipt.checkpoint).await?;
        if let Sweep::Done { deleted } = certificate.sweep {
            receipt.counts.deleted += deleted;
            certificate.counts.deleted += deleted;
        }
    }
    stage("commit.swept");
    receipt.checkpoint.prove(window, &certificate);
    if window.mode == Mode::Full {
        // A window that is still open in the other slot is tallied from its own first manifest on.
        let open = receipt.checkpoint.oldest_open().unwrap_or(window.first_sequence);
        sweep::fold(unit, stamp, window.first_sequence.min(open)).await?;
        quarantine::forget(unit, &stamp.batch.stream, window.first_sequence).await?;
    }
    certificate.held = quarantine::held(unit, &stamp.batch.stream).await?;
    certify(unit, &certificate).await?;
    Ok(certificate)
}

async fn certify(unit: &mut impl Unit, certificate: &Certificate) -> Result<()> {
    let id = certificate.id.to_string();
    let run = certificate.run.to_string();
    let outcome = certificate.outcome.to_string();
    let body = serde_json::to_string(certificate).map_err(|_| corrupt("certificate"))?;
    let mut cells = vec![Cell::text(&id)];
    cells.extend(manifest::partition_cells(&certificate.stream));
    cells.extend([
        Cell::text(&run),
        Cell::text(&outcome),
        Cell::Integer(certificate.distinct as i64),
        Cell::text(&certificate.digest),
        Cell::Timestamp(certificate.sealed),
        Cell::text(&body),
    ]);
    let sql = "INSERT INTO sentia_certificates (id, tenant, connection, stream, partition, run, outcome, distinct_keys, \
               digest, sealed, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    unit.execute(sql, &cells).await.map(drop)
}
