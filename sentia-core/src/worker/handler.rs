//! What a host implements to have work done by jobs.

use std::{fmt, ops::RangeInclusive, sync::Arc};

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::{
    Error, ErrorKind, Result,
    clock::Clock,
    job::{Job, Lease, Outcome},
};

/// Does one kind of work.
///
/// ```
/// use async_trait::async_trait;
/// use sentia_core::{Result, job::Outcome, worker::{Handler, Work}};
///
/// #[derive(Debug)]
/// struct Greet;
///
/// #[async_trait]
/// impl Handler for Greet {
///     async fn run(&self, work: &Work) -> Result<Outcome> {
///         let name: String = work.read()?;
///         tracing::info!(name, attempt = work.job.attempt, "hello");
///         Ok(Outcome::Done)
///     }
/// }
/// ```
///
/// # Behavior
/// - A job may be run more than once: after a crash, or when its lease was lost. What it does must bear that, or be written
///   in one transaction that holds the [lease](Work::lease).
/// - An error is judged by its kind: see [`WorkerPolicy`](super::WorkerPolicy).
/// - Dropping the future at any await MUST lose nothing that the next attempt cannot do again.
#[async_trait]
#[diagnostic::on_unimplemented(note = "implement `run`; the payload is read by `Work::read`")]
pub trait Handler: fmt::Debug + Send + Sync + 'static {
    /// Makes one attempt.
    ///
    /// # Errors
    /// Whatever went wrong; the worker decides by its kind whether and when the job is tried again.
    ///
    /// # Cancel safety
    /// It is dropped when the lease was lost, and when it does not heed [`Work::cancelled`] in time.
    async fn run(&self, work: &Work) -> Result<Outcome>;

    /// The versions of the payload that it reads. Default: 1 alone.
    ///
    /// A job of a newer version waits for a worker that knows it, as while a fleet is being replaced. One of an older
    /// version than any becomes a dead letter.
    fn versions(&self) -> RangeInclusive<u32> {
        1..=1
    }
}

/// A job that is being run, as its handler sees it.
#[derive(Debug, Clone)]
pub struct Work {
    /// The job, as it was claimed.
    pub job: Job,
    /// The right to run it. What is written in its name holds it in the same transaction.
    pub lease: Lease,
    /// Cancelled when the handler should come to an end: somebody called the job off, or the worker drains. Then answer
    /// [`ErrorKind::Cancelled`]; the worker knows which of the two it was.
    pub cancelled: CancellationToken,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Work {
    /// The payload as a struct.
    ///
    /// # Errors
    /// `ConfigInvalid` when it does not fit: the job becomes a dead letter with the place that did not.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.job.order.payload).map_err(|misfit| {
            let message = "the payload does not fit what its handler reads; enqueue the job anew";
            Error::new(ErrorKind::ConfigInvalid, message)
                .context("kind", &self.job.order.kind)
                .context("payload_version", self.job.order.payload_version)
                .source(misfit)
        })
    }
}
