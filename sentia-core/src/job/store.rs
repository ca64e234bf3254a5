//! The port to where jobs are kept.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Claimed, Enqueued, Job, JobId, JobState, Lease, NewJob, Outcome};
use crate::Result;

/// What a worker asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who asks; unique among all workers that run.
    pub worker: String,
    /// The kinds this worker handles. Jobs of other kinds stay where they are.
    pub kinds: Vec<String>,
    /// How many jobs at most.
    pub limit: u32,
    /// When the leases end unless they are renewed: at most [`MAX_LEASE`](super::MAX_LEASE) from now.
    pub until: DateTime<Utc>,
}

/// What a claim gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The jobs, each with its lease.
    pub jobs: Vec<Claimed>,
    /// When the next job of these kinds falls due that is not due yet; none where none waits for its time, and where
    /// the claim was filled.
    pub next: Option<DateTime<Utc>>,
}

/// Which jobs are meant. The default means all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this tenant.
    pub tenant: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// In this state.
    pub state: Option<JobState>,
    /// In this lane.
    pub lane: Option<String>,
    /// This one.
    pub id: Option<JobId>,
    /// So many at most, oldest first. None for all.
    pub limit: Option<u32>,
}

/// What an operator does to jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Calls jobs off: queued ones at once, running ones when their worker hears of it.
    Cancel,
    /// Queues dead and cancelled jobs again, with all their attempts.
    Replay,
    /// Makes queued jobs due at once that wait for a later time: after a vendor's outage, or after a clock was set back
    /// that had put them off.
    Hasten,
}

/// Whether a change takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Only say what it would touch.
    DryRun,
    /// Do it.
    Apply,
}

/// How the jobs of one tenant and kind stand, finished ones left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobCount {
    /// Whose jobs.
    pub tenant: String,
    /// Of which kind.
    pub kind: String,
    /// Jobs that are due and that nothing but a worker keeps from running.
    pub runnable: u64,
    /// Jobs that wait for their time.
    pub later: u64,
    /// Jobs that are due and wait for a running one of their lane.
    pub blocked: u64,
    /// Jobs that run.
    pub running: u64,
    /// Dead letters.
    pub dead: u64,
    /// Attempts begun by the queued, running and dead ones.
    pub attempts: u64,
    /// When the oldest runnable job was due. A kind that nobody handles shows here as ever older.
    pub oldest: Option<DateTime<Utc>>,
}

/// Says when there may be jobs to claim, so that a worker need not ask again and again.
#[async_trait]
pub trait JobSignal: fmt::Debug + Send {
    /// Waits until jobs may have been enqueued, replayed or hastened since the last call. It may wake for nothing; after
    /// a connection was lost it does, because a call may have been missed.
    ///
    /// # Errors
    /// `Store` when the database cannot be heard at present; ask on a timer meanwhile, and call again.
    ///
    /// # Cancel safety
    /// Dropping the future loses no call.
    async fn woken(&mut self) -> Result<()>;
}

/// Keeps jobs, and says who runs which.
///
/// # Behavior
/// - Time is what the caller says. Instants are kept to the millisecond. A clock that goes back makes jobs wait longer;
///   one that goes forward ends leases early, which costs a second attempt and never a double result, because the
///   fence has moved on.
/// - Within a tenant jobs go by priority with aging; see [`PRIORITY_STEP`](super::PRIORITY_STEP).
/// - A tenant's turn comes once in a round of all tenants that have a job to run. Turns that others leave are used.
/// - Every claim of a job raises its fence.
/// - A power loss may undo the last calls, whole ones; a job then runs again.
#[async_trait]
#[diagnostic::on_unimplemented(note = "implement its nine methods, then run `job_store_suite!`")]
pub trait JobStore: fmt::Debug + Send + Sync + 'static {
    /// Queues jobs, all of them or none, and says of each in order which job does the work.
    ///
    /// # Behavior
    /// - Of one tenant, kind and `unique` key one job at most waits or runs; see [`Enqueued`] for the others.
    /// - An order that meets a waiting job changes nothing in it, neither its time nor its payload.
    /// - An order that meets a running job makes it run once more after it ended, with all its attempts, also when it
    ///   ended as a dead letter or cancelled.
    ///
    /// # Errors
    /// `ConfigInvalid` for an order that [`NewJob::validate`] refuses; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have queued all or none; with a `unique` key doing it again is harmless.
    async fn enqueue(&self, jobs: &[NewJob], now: DateTime<Utc>) -> Result<Vec<Enqueued>>;

    /// Takes jobs that are due, at most `limit`, for this worker.
    ///
    /// # Behavior
    /// - No two claims get one job, and no two jobs of one tenant and lane run at once.
    /// - It gives as many as there are, up to the limit, whichever tenants they belong to.
    /// - A running job whose lease has ended (`until <= now`) is taken back first: it is claimed again as the next
    ///   attempt; with none left it becomes a dead letter that says its worker ended without a word.
    ///
    /// - So is one whose lease ends later than twice [`MAX_LEASE`](super::MAX_LEASE) from now: a clock that was far ahead
    ///   and set back made it.
    ///
    /// # Errors
    /// `ConfigInvalid` for a lease longer than [`MAX_LEASE`](super::MAX_LEASE); `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have claimed jobs; they come back when their leases end.
    async fn claim(&self, claim: &Claim, now: DateTime<Utc>) -> Result<Taken>;

    /// Moves the end of a lease, and tells the worker about its job: see [`Job::cancel_requested`].
    ///
    /// A lease that has ended and was claimed by nobody can still be renewed.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost: stop the work and commit nothing. `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have renewed.
    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<Claimed>;

    /// Ends an attempt, and says where the job stands now.
    ///
    /// # Behavior
    /// - A retry after the last attempt is a dead letter.
    /// - A retry or snooze of a job that was asked to stop is cancelled.
    /// - A job that was ordered again while it ran is queued.
    ///
    /// # Errors
    /// `Conflict` when the lease was lost: nothing is changed. `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have ended the attempt; then doing it again is a `Conflict`.
    async fn finish(&self, lease: &Lease, outcome: Outcome, now: DateTime<Utc>) -> Result<JobState>;

    /// The jobs of a filter, oldest first.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn list(&self, filter: &JobFilter) -> Result<Vec<Job>>;

    /// Cancels, replays or hastens the jobs of a filter, and names those it touched or would touch.
    ///
    /// # Behavior
    /// - Jobs that a change does not apply to are left out.
    /// - A job whose work waits or runs in another job is not replayed; of several with one key the oldest is.
    /// - A dry run changes nothing and names the same jobs.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future has changed all or none.
    async fn change(
        &self,
        filter: &JobFilter,
        change: Change,
        effect: Effect,
        now: DateTime<Utc>,
    ) -> Result<Vec<JobId>>;

    /// Removes jobs of a final state that ended before a time, and says how many: ten thousand at most, so that no
    /// call takes long. Call it again until it says 0.
    ///
    /// # Errors
    /// `ConfigInvalid` for a state that is not final; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have removed them.
    async fn purge(&self, state: JobState, before: DateTime<Utc>) -> Result<u64>;

    /// How the jobs that are not finished, and the dead letters, stand: by tenant and kind, in their order.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn census(&self, now: DateTime<Utc>) -> Result<Vec<JobCount>>;

    /// What tells a worker of new jobs, whichever process enqueues them; on SQLite of those that this store's clones
    /// enqueue.
    ///
    /// # Errors
    /// `Store` when the database cannot be listened to.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn signal(&self) -> Result<Box<dyn JobSignal>>;
}
