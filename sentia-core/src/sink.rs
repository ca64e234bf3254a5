//! Where records are committed.
//!
//! A pipeline needs four small ports of a store, which [`Ports`](crate::engine::Ports) sums up: it commits
//! ([`SyncSink`]), reads back keys ([`RecordReader`]), keeps the sync log ([`RunLog`]) and the states that processes
//! share ([`StateStore`](crate::StateStore)).

use std::fmt;

use async_trait::async_trait;

use crate::{
    Result,
    batch::{Batch, Receipt},
    cursor::Checkpoint,
    record::Key,
    report::RunReport,
    stream::StreamId,
    table::StreamTable,
};

/// Commits batches and owns checkpoints.
///
/// # Behavior
/// - `commit` writes records, manifest, quarantine, checkpoint and certificate in one transaction, or nothing.
/// - It locks its own checkpoint and refuses, with `Conflict`, an epoch lower than the stored one and a checkpoint
///   whose version is not one above the stored one.
/// - The newest version wins: order is (version, start of the fetch). An unchanged record writes no row.
/// - A batch may hold a key twice; the last one counts. Replaying a batch is a `Conflict` and changes nothing.
/// - With [`Batch::lease`], where it keeps jobs too, it makes sure in the same transaction that the job is still held
///   under that fence, and refuses with `Conflict` when it is not: a worker that was taken over writes no row.
/// - With [`Batch::closing`] it tallies the manifests of the window, lets [`settle`](crate::certificate::settle)
///   judge, and writes what follows: certificate, sweep and cursor, or the window to be read again.
#[async_trait]
#[diagnostic::on_unimplemented(note = "implement `checkpoint` and `commit`, then run `sink_suite!`")]
pub trait SyncSink: fmt::Debug + Send + Sync + 'static {
    /// Reads the checkpoint of a partition.
    ///
    /// `None` before its first commit.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn checkpoint(&self, stream: &StreamId) -> Result<Option<Checkpoint>>;

    /// Commits one batch.
    ///
    /// # Errors
    /// `Conflict` when another worker wrote first; `Store` when the database fails; nothing is written then.
    ///
    /// # Cancel safety
    /// A dropped future has written all or nothing; the checkpoint tells which.
    async fn commit(&self, batch: Batch) -> Result<Receipt>;
}

/// Reads what was committed.
#[async_trait]
pub trait RecordReader: fmt::Debug + Send + Sync + 'static {
    /// The keys of the live rows of all partitions of a stream, in key order: they are the partitions of the
    /// streams that depend on it.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn live_keys(&self, stream: &StreamId, table: &StreamTable) -> Result<Vec<Key>>;

    /// The partitions of a stream that hold live rows, in their order; the partition of `stream` is ignored.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn live_partitions(&self, stream: &StreamId, table: &StreamTable) -> Result<Vec<Key>>;
}

/// Keeps the sync log.
#[async_trait]
pub trait RunLog: fmt::Debug + Send + Sync + 'static {
    /// Writes a run as it stands: once when it begins, once when it ends.
    ///
    /// The second write replaces the first. A run without an end was killed or is still going.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have written; writing the same report again does no harm.
    async fn log(&self, run: &RunReport) -> Result<()>;
}
