//! Manifests: one compact row per batch that names every document seen, and their replay.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    io::{Read, Write},
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use sentia_core::{
    Key, Result, StreamId,
    batch::{ManifestEntry, Seen},
    certificate::Tally,
    cursor::Slot,
    record::Digest,
};

use crate::{
    cell::{Cell, CellKind},
    error::corrupt,
    unit::Unit,
};

/// How many keys are held in memory at once while manifests are replayed; longer ones are replayed in shards.
const SHARD_KEYS: u64 = 250_000;

/// Encodes entries. Keys and versions are compressed; digests are not, they have nothing to give.
pub(crate) fn encode(entries: &[ManifestEntry]) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(entries.len() * 48);
    for entry in entries {
        plain.push(entry.seen as u8);
        plain.extend_from_slice(&entry.version.to_le_bytes());
        plain.extend_from_slice(&(entry.key.len() as u32).to_le_bytes());
        plain.extend_from_slice(entry.key.as_bytes());
    }
    let mut body = (entries.len() as u32).to_le_bytes().to_vec();
    body.reserve(entries.len() * 60);
    for entry in entries {
        body.extend_from_slice(entry.digest.as_bytes());
        body.extend_from_slice(&entry.row_check.to_le_bytes());
    }
    let mut encoder = DeflateEncoder::new(body, Compression::fast());
    encoder.write_all(&plain).map_err(|_| corrupt("manifest"))?;
    encoder.finish().map_err(|_| corrupt("manifest"))
}

/// Decodes what [`encode`] wrote.
pub(crate) fn decode(body: &[u8]) -> Result<Vec<ManifestEntry>> {
    read(body).ok_or_else(|| corrupt("manifest"))
}

fn read(body: &[u8]) -> Option<Vec<ManifestEntry>> {
    let (count, rest) = body.split_first_chunk::<4>()?;
    let count = u32::from_le_bytes(*count) as usize;
    let (fixed, packed) = rest.split_at_checked(count.checked_mul(40)?)?;
    let mut plain = Vec::with_capacity(packed.len() * 2);
    DeflateDecoder::new(packed).read_to_end(&mut plain).ok()?;
    let mut plain = plain.as_slice();
    let mut entries = Vec::with_capacity(count);
    for fixed in fixed.chunks_exact(40) {
        let (head, rest) = plain.split_first_chunk::<13>()?;
        let length = u32::from_le_bytes(head[9..].try_into().ok()?) as usize;
        let (key, rest) = rest.split_at_checked(length)?;
        plain = rest;
        entries.push(ManifestEntry {
            key: Key::from(std::str::from_utf8(key).ok()?),
            version: i64::from_le_bytes(head[1..9].try_into().ok()?),
            digest: Digest::from_bytes(&fixed[..32])?,
            row_check: i64::from_le_bytes(fixed[32..].try_into().ok()?),
            seen: seen(head[0])?,
        });
    }
    plain.is_empty().then_some(entries)
}

fn seen(code: u8) -> Option<Seen> {
    [Seen::Live, Seen::Deleted, Seen::Stale, Seen::Quarantined, Seen::Keyless]
        .into_iter()
        .find(|seen| *seen as u8 == code)
}

/// The parameters that name a partition, in the order of every engine table's key.
pub(crate) fn partition_cells(stream: &StreamId) -> Vec<Cell<'_>> {
    vec![
        Cell::text(&stream.tenant),
        Cell::text(&stream.connection),
        Cell::text(&stream.stream),
        Cell::text(&stream.partition),
    ]
}

/// The condition that goes with [`partition_cells`].
pub(crate) const OF_PARTITION: &str = "tenant = $1 AND connection = $2 AND stream = $3 AND partition = $4";

/// Which manifest is meant, and which of the partition's windows it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    pub(crate) slot: Slot,
}

/// A manifest that was not loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Indexed {
    pub(crate) place: Place,
    /// How many documents it names.
    pub(crate) entries: u64,
}

/// Parts of the keys of these manifests that fit memory.
pub(crate) fn shards(index: &[Indexed]) -> impl Iterator<Item = Shard> + use<> {
    Shards::for_entries(index.iter().map(|manifest| manifest.entries).sum()).each()
}

pub(crate) async fn write(
    unit: &mut impl Unit,
    stream: &StreamId,
    place: Place,
    run: &str,
    entries: &[ManifestEntry],
) -> Result<()> {
    let body = encode(entries)?;
    let slot = place.slot.to_string();
    let mut cells = partition_cells(stream);
    cells.extend([
        Cell::Integer(place.sequence as i64),
        Cell::text(run),
        Cell::Integer(entries.len() as i64),
        Cell::Bytes(body.into()),
        Cell::text(&slot),
    ]);
    unit.execute(
        "INSERT INTO sentia_manifests (tenant, connection, stream, partition, sequence, run, entries, body, slot) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &cells,
    )
    .await
    .map(drop)
}

/// The manifests of a partition from `first` on, in their order.
pub(crate) async fn index(unit: &mut impl Unit, stream: &StreamId, first: u64) -> Result<Vec<Indexed>> {
    let mut cells = partition_cells(stream);
    cells.push(Cell::Integer(first as i64));
    let sql = format!(
        "SELECT sequence, entries, slot FROM sentia_manifests WHERE {OF_PARTITION} AND sequence >= $5 ORDER BY sequence"
    );
    let rows = unit.query(&sql, &cells, &[CellKind::Integer, CellKind::Integer, CellKind::Text]).await?;
    rows.iter().map(|row| indexed(row).ok_or_else(|| corrupt("manifest"))).collect()
}

fn indexed(row: &[Cell<'_>]) -> Option<Indexed> {
    let name = row[2].as_str()?;
    let slot = [Slot::Front, Slot::Background].into_iter().find(|slot| slot.to_string() == name)?;
    let place = Place { sequence: row[0].as_integer()? as u64, slot };
    Some(Indexed { place, entries: row[1].as_integer()? as u64 })
}

pub(crate) async fn load(
    unit: &mut impl Unit,
    stream: &StreamId,
    sequence: u64,
) -> Result<Vec<ManifestEntry>> {
    let mut cells = partition_cells(stream);
    cells.push(Cell::Integer(sequence as i64));
    let sql = format!("SELECT body FROM sentia_manifests WHERE {OF_PARTITION} AND sequence = $5");
    let rows = unit.query(&sql, &cells, &[CellKind::Bytes]).await?;
    decode(rows.first().and_then(|row| row[0].as_bytes()).ok_or_else(|| corrupt("manifest"))?)
}

/// Splits a set of keys into parts that fit memory.
#[derive(Debug, Clone, Copy)]
struct Shards(u64);

impl Shards {
    fn for_entries(entries: u64) -> Self {
        Shards(entries.div_ceil(SHARD_KEYS).max(1))
    }

    fn each(self) -> impl Iterator<Item = Shard> {
        (0..self.0).map(move |at| Shard { at, of: self.0 })
    }
}

/// One part of a set of keys, by hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shard {
    at: u64,
    of: u64,
}

impl Shard {
    pub(crate) fn holds(self, key: &str) -> bool {
        self.of == 1 || {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hasher.finish() % self.of == self.at
        }
    }
}

/// What the manifests say of one key.
#[derive(Debug)]
pub(crate) struct Sighting {
    /// The latest word on its row; where there is none, the latest sighting.
    pub(crate) last: ManifestEntry,
    /// How often it was seen.
    pub(crate) times: u64,
    /// Whether the latest sighting went to quarantine, whatever the row says.
    pub(crate) held: bool,
}

/// The sightings of each key of a shard.
#[derive(Debug, Default)]
pub(crate) struct Sightings(pub(crate) HashMap<Key, Sighting>);

impl Sightings {
    /// Replays one manifest. A stale or quarantined sighting says nothing about the row, so it never takes the
    /// place of one that does.
    pub(crate) fn replay(&mut self, entries: Vec<ManifestEntry>, shard: Shard) {
        for entry in entries.into_iter().filter(|entry| shard.holds(&entry.key)) {
            let held = entry.seen == Seen::Quarantined;
            match self.0.entry(entry.key.clone()) {
                Entry::Vacant(vacant) => {
                    vacant.insert(Sighting { last: entry, times: 1, held });
                }
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.times += 1;
                    known.held = held;
                    if speaks_of_row(entry.seen) || !speaks_of_row(known.last.seen) {
                        known.last = entry;
                    }
                }
            }
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for sighting in self.0.values() {
            tally.add(&sighting.last, sighting.times);
            tally.quarantined += u64::from(sighting.held && sighting.last.seen != Seen::Quarantined);
        }
        tally
    }
}

pub(crate) fn speaks_of_row(seen: Seen) -> bool {
    matches!(seen, Seen::Live | Seen::Deleted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Vec<ManifestEntry>> {
        let entry = ("\\PC{0,20}", any::<i64>(), any::<[u8; 32]>(), any::<i64>(), 0u8..5);
        let make =
            |(key, version, digest, row_check, code): (String, i64, [u8; 32], i64, u8)| ManifestEntry {
                key: key.into(),
                version,
                digest: Digest::from_bytes(&digest).expect("32 bytes"),
                row_check,
                seen: seen(code).expect("known"),
            };
        prop::collection::vec(entry.prop_map(make), 0..50)
    }

    proptest! {
        #[test]
        fn a_manifest_survives_the_round_trip(entries in entries()) {
            let body = encode(&entries).expect("encodes");
            prop_assert_eq!(decode(&body).expect("decodes"), entries);
        }

        #[test]
        fn damaged_bytes_are_an_error_not_a_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&body);
        }

        #[test]
        fn shards_part_every_key_once(keys in prop::collection::vec("\\PC{0,8}", 1..50), of in 1u64..9) {
            for key in keys {
                let holding = Shards(of).each().filter(|shard| shard.holds(&key)).count();
                prop_assert_eq!(holding, 1);
            }
        }
    }
}
