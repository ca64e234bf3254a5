//! What one commit writes, and what it answers.
//!
//! The engine makes batches and sinks take them; a connector sees neither.

use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    certificate::{Certificate, SweepPolicy},
    cursor::{Checkpoint, RunId, Slot},
    job::Lease,
    record::{Digest, Key, Operation, Record, Rejected},
    stream::StreamId,
    table::StreamTable,
};

/// What commits did to the records they were given.
///
/// `read` is the sum of `inserted`, `updated`, `unchanged`, `stale`, `quarantined`, tombstones among `deleted`, and
/// keys that stood twice on one page. Rows marked by a sweep are in `deleted` and were not read.
///
/// ```
/// use sentia_core::batch::Counts;
///
/// let mut sum = Counts { read: 2, inserted: 2, ..Counts::default() };
/// sum += Counts { read: 1, unchanged: 1, ..Counts::default() };
/// assert_eq!((sum.read, sum.inserted, sum.unchanged), (3, 2, 1));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Documents received.
    pub read: u64,
    /// Rows that were new.
    pub inserted: u64,
    /// Rows that changed.
    pub updated: u64,
    /// Rows that were already so.
    pub unchanged: u64,
    /// Documents older than their row, kept out.
    pub stale: u64,
    /// Rows marked deleted, by tombstone or sweep.
    pub deleted: u64,
    /// Documents held in quarantine.
    pub quarantined: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.read += other.read;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.deleted += other.deleted;
        self.quarantined += other.quarantined;
    }
}

/// What a manifest says about one document seen.
///
/// `Live` and `Deleted` speak of the row; the others say that a document was seen and the row is not it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Seen {
    /// Its row is live with this version and digest, whether it was written or already so.
    Live = 0,
    /// Its row is marked deleted.
    Deleted = 1,
    /// It was older than its row, or it says without a document that something is gone which has no row.
    Stale = 2,
    /// It is in quarantine under its key.
    Quarantined = 3,
    /// It is in quarantine and has no key.
    Keyless = 4,
}

/// One line of a manifest.
///
/// ```
/// use sentia_core::{Record, Rejected, Version, batch::{ManifestEntry, Seen}, record::Document};
///
/// let document = Document::new(r#"{"id":"1"}"#.into());
/// let record = Record::new("1".into(), Version::none(), document, Vec::new(), Vec::new());
/// assert_eq!(ManifestEntry::of(&record).seen, Seen::Live);
/// assert_eq!(ManifestEntry::of(&record.tombstone()).seen, Seen::Deleted);
///
/// let nameless = Rejected { key: None, rule: "decode".into(), reason: "no key".into(), document: "{}".into() };
/// let entry = ManifestEntry::of_rejected(&nameless);
/// assert_eq!((entry.seen, entry.key.len()), (Seen::Keyless, 64), "its digest stands in for the key");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// The record's key; for a keyless document its digest in hexadecimal.
    pub key: Key,
    /// The version's order.
    pub version: i64,
    /// The document's digest.
    pub digest: Digest,
    /// The check over its columns.
    pub row_check: i64,
    /// What became of it.
    pub seen: Seen,
}

impl ManifestEntry {
    /// The line for a record that is written as it stands.
    pub fn of(record: &Record) -> Self {
        ManifestEntry {
            key: record.key.clone(),
            version: record.version.order,
            digest: record.digest(),
            row_check: record.row_check(),
            seen: match record.operation {
                Operation::Upsert => Seen::Live,
                Operation::Tombstone => Seen::Deleted,
            },
        }
    }

    /// The line for a document in quarantine.
    pub fn of_rejected(rejected: &Rejected) -> Self {
        let digest = Digest::of(&rejected.document);
        let (key, seen) = match &rejected.key {
            Some(key) => (key.clone(), Seen::Quarantined),
            None => (digest.to_string().into(), Seen::Keyless),
        };
        ManifestEntry { key, version: 0, digest, row_check: 0, seen }
    }
}

/// Asks the commit to settle the window: to prove it, or to say why it cannot be proved.
#[derive(Debug, Clone)]
pub struct Closing {
    /// How often a window may be read before it is left open.
    /// The engine asks for 4.
    pub max_attempts: u32,
    /// How far the cursor stays behind the proved bound.
    /// From the stream's catalog entry.
    pub overlap: chrono::Duration,
    /// Whether and how to sweep.
    /// Present for streams whose rows vanish; whether one is due depends on the window too.
    pub sweep: Option<SweepPolicy>,
}

/// What one commit writes: records, checkpoint and manifest in one transaction, or nothing.
///
/// A sink may be given the same batch again after an error whose outcome is unknown: the checkpoint's version tells
/// whether it was written, and a second commit of it is a `Conflict`.
#[derive(Debug)]
pub struct Batch {
    /// Where the records belong.
    pub stream: StreamId,
    /// The table they go to.
    pub table: StreamTable,
    /// The run that read them.
    pub run: RunId,
    /// The lease epoch of the writer; a lower one than stored is refused.
    /// Each run takes the stored epoch plus one, so a run that was taken over is refused from then on.
    pub epoch: u64,
    /// The checkpoint as it shall be, its version one above the stored one. The sink adds this commit's counts and
    /// sequence to it, and what settling changes.
    pub checkpoint: Checkpoint,
    /// Which of the checkpoint's windows the page belongs to; the other one stays as it is.
    pub slot: Slot,
    /// The records of the page.
    /// A key may stand twice; the newest version counts, the later one among equals.
    pub records: Vec<Record>,
    /// The documents for quarantine.
    pub rejected: Vec<Rejected>,
    /// When the page's fetch began; between equal versions the later fetch wins.
    pub fetched: DateTime<Utc>,
    /// Present with the last page of a window.
    pub closing: Option<Closing>,
    /// The job that the batch is written for. A sink that keeps jobs too refuses it when the lease was lost.
    pub lease: Option<Lease>,
}

impl Batch {
    /// What was seen, in the order of the page, before the sink decides what is stale or unchanged.
    pub fn manifest(&self) -> Vec<ManifestEntry> {
        let records = self.records.iter().map(ManifestEntry::of);
        records.chain(self.rejected.iter().map(ManifestEntry::of_rejected)).collect()
    }
}

/// What became of a window at its last page.
///
/// Only [`Proved`](Settlement::Proved) makes a stream complete.
#[derive(Debug, Clone, PartialEq)]
pub enum Settlement {
    /// It is proved; the cursor moved.
    Proved(Box<Certificate>),
    /// The ground shifted under the reader; it is to be read again from its first page.
    Reread {
        /// What did not add up.
        reason: String,
    },
    /// What did not add up stayed so; the window is left open and the cursor where it was.
    Unexplained {
        /// What did not add up.
        reason: String,
    },
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// The checkpoint as stored.
    pub checkpoint: Checkpoint,
    /// What happened to this batch's records.
    pub counts: Counts,
    /// What became of the window, where the batch asked.
    pub settlement: Option<Settlement>,
}
