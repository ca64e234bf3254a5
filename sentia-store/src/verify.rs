//! Compares manifests, certificates and tables: a row deleted, altered or slipped in by hand is named.

use std::collections::{BTreeMap, HashMap};

use sentia_core::{
    Certificate, Key, Result, StreamId, Value,
    batch::{ManifestEntry, Seen},
    certificate::Tally,
    cursor::Mode,
    record::Digest,
    value::{ChildRows, row_check},
};
use serde::Serialize;

use crate::{
    cell::{Cell, CellKind},
    checkpoint::{self, Lock},
    connect::Store,
    dialect::{Dialect, quoted},
    error::corrupt,
    manifest::{self, Indexed, OF_PARTITION, Shard, Sighting, Sightings, partition_cells},
    rows::row_cells,
    sink::in_snapshot,
    strays,
    table::{self, TableShape},
    unit::Unit,
};

/// Rows read back in one query.
const VERIFY_PAGE_ROWS: i64 = 2_000;

/// One place where the tables are not what the manifests say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The record's key; for a certificate its id.
    pub key: String,
    /// What differs.
    pub what: String,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Partitions compared.
    pub partitions: u64,
    /// Rows compared.
    pub rows: u64,
    /// Certificates whose counts and digest were recomputed.
    pub certificates: u64,
    /// Everything that differs; empty when all holds.
    pub differences: Vec<Difference>,
}

impl VerifyReport {
    /// True when nothing differs.
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }

    pub(crate) fn differs(&mut self, table: &str, key: &str, what: impl Into<String>) {
        self.differences.push(Difference { table: table.to_owned(), key: key.to_owned(), what: what.into() });
    }
}

impl Store {
    /// Recomputes every certificate from manifests and tables, and compares every row with the manifest that wrote
    /// it: document, columns and child rows.
    ///
    /// Each partition is read in one transaction, so a sync may run beside it. Memory is bounded: keys are compared
    /// in parts.
    ///
    /// # Errors
    /// `Store` when the database fails or a manifest does not read back.
    pub async fn verify(&self) -> Result<VerifyReport> {
        let mut report = VerifyReport::default();
        let partitions = self.partitions().await?;
        let tables: BTreeMap<String, TableShape> =
            partitions.iter().map(|(_, shape)| (shape.name.clone(), shape.clone())).collect();
        let strangers = in_snapshot!(self, |unit| strays::rows(unit, tables.values()).await)?;
        report.differences.extend(strangers);
        for (stream, table) in partitions {
            let found = in_snapshot!(self, |unit| verify_partition(unit, &stream, &table).await)?;
            report.partitions += 1;
            report.rows += found.rows;
            report.certificates += found.certificates;
            report.differences.extend(found.differences);
        }
        Ok(report)
    }

    /// The certificates of a partition, oldest first.
    ///
    /// # Errors
    /// `Store` when the database fails.
    pub async fn certificates(&self, stream: &StreamId) -> Result<Vec<Certificate>> {
        let stream = stream.clone();
        in_snapshot!(self, |unit| read_certificates(unit, &stream).await)
    }

    /// Every partition that was ever committed to, with its table.
    async fn partitions(&self) -> Result<Vec<(StreamId, TableShape)>> {
        let (checkpoints, shapes) = in_snapshot!(self, |unit| partitions_and_tables(unit).await)?;
        let mut partitions = Vec::with_capacity(checkpoints.len());
        for (stream, table) in checkpoints {
            let shape = shapes.get(&table).cloned().ok_or_else(|| corrupt("table registry"))?;
            partitions.push((stream, shape));
        }
        Ok(partitions)
    }
}

async fn partitions_and_tables(
    unit: &mut impl Unit,
) -> Result<(Vec<(StreamId, String)>, HashMap<String, TableShape>)> {
    let sql = "SELECT tenant, connection, stream, partition, stream_table FROM sentia_checkpoints \
               ORDER BY tenant, connection, stream, partition";
    let rows = unit.query(sql, &[], &[CellKind::Text; 5]).await?;
    let text = |row: &Vec<Cell<'_>>, at: usize| row[at].as_str().map(str::to_owned);
    let parse = |row: &Vec<Cell<'_>>| {
        let stream = StreamId {
            tenant: text(row, 0)?,
            connection: text(row, 1)?,
            stream: text(row, 2)?,
            partition: text(row, 3)?,
        };
        Some((stream, text(row, 4)?))
    };
    let checkpoints: Vec<(StreamId, String)> =
        rows.iter().map(|row| parse(row).ok_or_else(|| corrupt("checkpoint"))).collect::<Result<_>>()?;
    let mut shapes = HashMap::new();
    for (_, name) in &checkpoints {
        if let Some(shape) = table::registered(unit, name).await? {
            shapes.insert(name.clone(), shape);
        }
    }
    Ok((checkpoints, shapes))
}

async fn verify_partition(
    unit: &mut impl Unit,
    stream: &StreamId,
    shape: &TableShape,
) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let proofs = read_certificates(unit, stream).await?;
    let index = manifest::index(unit, stream, 0).await?;
    check_chain(unit, stream, &index, shape, &mut report).await?;
    // A full read folds what came before it; the certificates of folded manifests cannot be recomputed any more.
    // Sequences order them; the clock that sealed them may have stepped back.
    let fulls = proofs.iter().filter(|proof| proof.mode == Mode::Full);
    let folded_before = fulls.map(|proof| proof.first_sequence).max().unwrap_or(0);
    let proofs: Vec<&Certificate> =
        proofs.iter().filter(|proof| proof.first_sequence >= folded_before).collect();
    let mut tallies = vec![Tally::default(); proofs.len()];
    for shard in manifest::shards(&index) {
        let mut state = Sightings::default();
        let mut windows: Vec<Sightings> = proofs.iter().map(|_| Sightings::default()).collect();
        for Indexed { place, .. } in &index {
            let entries = manifest::load(unit, stream, place.sequence).await?;
            for (proof, window) in proofs.iter().zip(&mut windows) {
                let spans = (proof.first_sequence..=proof.last_sequence).contains(&place.sequence);
                if spans && proof.slot == place.slot {
                    window.replay(entries.clone(), shard);
                }
            }
            state.replay(entries, shard);
        }
        let rows = compare_rows(unit, stream, shape, &state, shard, &mut report).await?;
        for (tally, window) in tallies.iter_mut().zip(&windows) {
            tally.join(tally_of_rows(window, &state, &rows));
        }
    }
    for child in &shape.children {
        strays::child_rows(unit, stream, &shape.name, child, &mut report).await?;
    }
    for (proof, tally) in proofs.iter().zip(&tallies) {
        report.certificates += 1;
        check_certificate(proof, tally, &mut report);
    }
    Ok(report)
}

async fn read_certificates(unit: &mut impl Unit, stream: &StreamId) -> Result<Vec<Certificate>> {
    let sql = format!("SELECT body FROM sentia_certificates WHERE {OF_PARTITION} ORDER BY sealed, id");
    let rows = unit.query(&sql, &partition_cells(stream), &[CellKind::Text]).await?;
    let parse = |row: &Vec<Cell<'_>>| serde_json::from_str(row[0].as_str()?).ok();
    rows.iter().map(|row| parse(row).ok_or_else(|| corrupt("certificate"))).collect()
}

/// The manifests of a partition follow each other without a gap, up to the checkpoint's own.
async fn check_chain(
    unit: &mut impl Unit,
    stream: &StreamId,
    index: &[Indexed],
    shape: &TableShape,
    report: &mut VerifyReport,
) -> Result<()> {
    let checkpoint = checkpoint::read(unit, stream, Lock::Shared).await?.unwrap_or_default();
    let key = stream.to_string();
    let sequences: Vec<u64> = index.iter().map(|manifest| manifest.place.sequence).collect();
    for pair in sequences.windows(2).filter(|pair| pair[1] != pair[0] + 1) {
        report.differs(
            &shape.name,
            &key,
            format!("manifests between {} and {} are missing", pair[0], pair[1]),
        );
    }
    if sequences.last().copied().unwrap_or(0) != checkpoint.sequence {
        report.differs(&shape.name, &key, format!("the last manifest is not {}", checkpoint.sequence));
    }
    Ok(())
}

/// A row as the table has it, its digests recomputed.
struct Row {
    version: i64,
    digest: Digest,
}

async fn compare_rows(
    unit: &mut impl Unit,
    stream: &StreamId,
    shape: &TableShape,
    state: &Sightings,
    shard: Shard,
    report: &mut VerifyReport,
) -> Result<HashMap<Key, Row>> {
    let mut rows = HashMap::new();
    let mut after = String::new();
    loop {
        let page = read_page(unit, stream, shape, &after).await?;
        let Some(last) = page.last() else { break };
        after = last.entry.key.to_string();
        for found in page.into_iter().filter(|found| shard.holds(&found.entry.key)) {
            report.rows += 1;
            let key = found.entry.key.clone();
            match state.0.get(&key).filter(|known| manifest::speaks_of_row(known.last.seen)) {
                None => report.differs(&shape.name, &key, "the row is in no manifest: slipped in"),
                Some(known) => {
                    for what in found.altered(&known.last) {
                        report.differs(&shape.name, &key, what);
                    }
                }
            }
            rows.insert(key, Row { version: found.entry.version, digest: found.entry.digest });
        }
    }
    let of_rows = state.0.values().map(|known| &known.last).filter(|last| manifest::speaks_of_row(last.seen));
    for gone in of_rows.filter(|last| !rows.contains_key(&last.key)) {
        report.differs(&shape.name, &gone.key, "the row is missing");
    }
    Ok(rows)
}

/// A row as a manifest would name it, and whether its own bookkeeping agrees with its contents.
struct Found {
    entry: ManifestEntry,
    stored_digest: Digest,
}

impl Found {
    fn altered(&self, expected: &ManifestEntry) -> Vec<&'static str> {
        let checks = [
            (self.entry.digest != expected.digest, "the document was altered"),
            (self.entry.row_check != expected.row_check, "a column or child row was altered"),
            (self.entry.version != expected.version, "the version was altered"),
            (self.entry.seen != expected.seen, "the deletion mark was altered"),
            (self.stored_digest != self.entry.digest, "the digest column was altered"),
        ];
        checks.into_iter().filter_map(|(differs, what)| differs.then_some(what)).collect()
    }
}

async fn read_page(
    unit: &mut impl Unit,
    stream: &StreamId,
    shape: &TableShape,
    after: &str,
) -> Result<Vec<Found>> {
    use CellKind::{Boolean, Bytes, Integer, Text};
    let typed = shape.kinds()?;
    let names: Vec<String> = typed.iter().map(|(name, _)| format!(", {}", quoted(name))).collect();
    let sql = format!(
        "SELECT key, version_order, digest, deleted IS NOT NULL, document, document_parts{} FROM {} \
         WHERE tenant = $1 AND connection = $2 AND key > $3 AND partition = $4 ORDER BY key LIMIT {VERIFY_PAGE_ROWS}",
        names.concat(),
        quoted(&shape.name)
    );
    let cells = [
        Cell::text(&stream.tenant),
        Cell::text(&stream.connection),
        Cell::text(after),
        Cell::text(&stream.partition),
    ];
    let mut kinds = vec![Text, Integer, Bytes, Boolean, Text, Text];
    kinds.extend(typed.iter().map(|(_, kind)| *kind));
    let rows = unit.query(&sql, &cells, &kinds).await?;
    let keys: Vec<&str> = rows.iter().filter_map(|row| row[0].as_str()).collect();
    let mut children = Vec::new();
    for child in &shape.children {
        children.push(read_children(unit, stream, &shape.name, child, &keys).await?);
    }
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let key = row[0].as_str().unwrap_or_default();
        let children: Vec<ChildRows> =
            children.iter().map(|of_key| of_key.get(key).cloned().unwrap_or_default()).collect();
        found.push(recompute(row, &children).ok_or_else(|| corrupt("bookkeeping"))?);
    }
    Ok(found)
}

fn recompute(row: &[Cell<'static>], children: &[ChildRows]) -> Option<Found> {
    let text = |at: usize| row[at].as_str().unwrap_or_default().as_bytes();
    let values: Vec<Value> = row[6..].iter().cloned().map(Cell::into_value).collect();
    let deleted = row[3].as_integer()? != 0;
    let entry = ManifestEntry {
        key: Key::from(row[0].as_str()?),
        version: row[1].as_integer()?,
        digest: Digest::of_parts(&[text(4), text(5)]),
        row_check: row_check(&values, children),
        seen: if deleted { Seen::Deleted } else { Seen::Live },
    };
    Some(Found { entry, stored_digest: Digest::from_bytes(row[2].as_bytes()?)? })
}

async fn read_children(
    unit: &mut impl Unit,
    stream: &StreamId,
    table: &str,
    child: &TableShape,
    keys: &[&str],
) -> Result<HashMap<String, ChildRows>> {
    let typed = child.kinds()?;
    let names: Vec<String> = typed.iter().map(|(name, _)| format!(", child.{}", quoted(name))).collect();
    let sql = format!(
        "SELECT parent.key{} FROM {} parent JOIN {} child ON child.parent_row_id = parent.row_id \
         WHERE parent.tenant = $1 AND parent.connection = $2 AND parent.partition = $3 AND parent.key {{in_keys}} \
         ORDER BY parent.key, child.position",
        names.concat(),
        quoted(table),
        quoted(&child.name)
    );
    let cells = row_cells(stream);
    let mut kinds = vec![CellKind::Text];
    kinds.extend(typed.iter().map(|(_, kind)| *kind));
    let mut of_key: HashMap<String, ChildRows> = HashMap::new();
    for mut row in unit.query_keys(&sql, &cells, keys, &kinds).await? {
        let values = row.split_off(1).into_iter().map(Cell::into_value).collect();
        of_key.entry(row[0].as_str().unwrap_or_default().to_owned()).or_default().push(values);
    }
    Ok(of_key)
}

/// The window's tally with the tables' own contents in place of what the manifest says, wherever the window's
/// sighting is still the latest word on its row.
fn tally_of_rows(window: &Sightings, state: &Sightings, rows: &HashMap<Key, Row>) -> Tally {
    let mut tally = Tally::default();
    for (key, Sighting { last: seen, times, .. }) in &window.0 {
        let latest = state.0.get(key).is_some_and(|known| known.last == *seen);
        let current = manifest::speaks_of_row(seen.seen) && latest;
        match rows.get(key).filter(|_| current) {
            Some(row) => {
                tally
                    .add(&ManifestEntry { version: row.version, digest: row.digest, ..seen.clone() }, *times);
            }
            None if current => {}
            None => tally.add(seen, *times),
        }
    }
    tally
}

fn check_certificate(proof: &Certificate, tally: &Tally, report: &mut VerifyReport) {
    let key = proof.id.to_string();
    if (tally.distinct, tally.keyless) != (proof.distinct, proof.keyless) {
        let what = format!(
            "{}: certified {} keys and {} documents without one, found {} and {}",
            proof.stream, proof.distinct, proof.keyless, tally.distinct, tally.keyless
        );
        report.differs("sentia_certificates", &key, what);
    } else if tally.digest.to_string() != proof.digest {
        report.differs(
            "sentia_certificates",
            &key,
            format!("{}: the digest does not match the rows", proof.stream),
        );
    }
}
