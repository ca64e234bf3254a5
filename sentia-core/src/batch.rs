//! What one commit writes, and what it answers.

use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    certificate::{Certificate, SweepPolicy},
    cursor::{Checkpoint, RunId},
    record::{Digest, Key, Operation, Record, Rejected},
    stream::StreamId,
    table::StreamTable,
};

/// What commits did to the records they were given.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Seen {
    /// Its row is live with this version and digest, whether it was written or already so.
    Live = 0,
    /// Its row is marked deleted.
    Deleted = 1,
    /// It was older than its row.
    Stale = 2,
    /// It is in quarantine under its key.
    Quarantined = 3,
    /// It is in quarantine and has no key.
    Keyless = 4,
}

/// One line of a manifest.
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
    pub max_attempts: u32,
    /// How far the cursor stays behind the proved bound.
    pub overlap: chrono::Duration,
    /// Whether and how to sweep.
    pub sweep: Option<SweepPolicy>,
}

/// What one commit writes: records, checkpoint and manifest in one transaction, or nothing.
#[derive(Debug)]
pub struct Batch {
    /// Where the records belong.
    pub stream: StreamId,
    /// The table they go to.
    pub table: StreamTable,
    /// The run that read them.
    pub run: RunId,
    /// The lease epoch of the writer; a lower one than stored is refused.
    pub epoch: u64,
    /// The checkpoint as it shall be, its version one above the stored one. The sink adds this commit's counts and
    /// sequence to it, and what settling changes.
    pub checkpoint: Checkpoint,
    /// The records of the page.
    pub records: Vec<Record>,
    /// The documents for quarantine.
    pub rejected: Vec<Rejected>,
    /// When the page's fetch began; between equal versions the later fetch wins.
    pub fetched: DateTime<Utc>,
    /// Present with the last page of a window.
    pub closing: Option<Closing>,
}

impl Batch {
    /// What was seen, in the order of the page, before the sink decides what is stale or unchanged.
    pub fn manifest(&self) -> Vec<ManifestEntry> {
        let records = self.records.iter().map(ManifestEntry::of);
        records.chain(self.rejected.iter().map(ManifestEntry::of_rejected)).collect()
    }
}

/// What became of a window at its last page.
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
