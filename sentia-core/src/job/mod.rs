//! Jobs: units of work that outlive the process that ordered them.
//!
//! A [`NewJob`] is put into a [`JobStore`], claimed under a [`Lease`], and ended with an [`Outcome`]. Every method is
//! told the time, so a test of a week takes none.

mod new_job;
mod store;

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use self::{
    new_job::{NewJob, WhileRunning},
    store::{Change, Claim, Effect, JobCount, JobFilter, JobSignal, JobStore, Taken},
};

/// Names a job. A UUID of version 7, so jobs sort by their making.
pub type JobId = Uuid;

/// By how much one step of priority puts a job before others: as if it had been due this much earlier.
///
/// So a job's place is fixed when it is queued and no row is rewritten to age it, and this is the bound: a job that is
/// due waits behind no job that became due later than (difference of priorities) x `PRIORITY_STEP` after it.
pub const PRIORITY_STEP: Duration = Duration::from_secs(60);

/// The longest lease that a worker may ask for: a job whose worker ended waits so long for another.
pub const MAX_LEASE: Duration = Duration::from_secs(15 * 60);

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobState {
    /// Waits for its time or for a worker.
    Queued,
    /// A worker holds its lease.
    Running,
    /// It did what it was for.
    Done,
    /// A dead letter: its attempts are spent or it failed for good. It can be replayed.
    Dead,
    /// Somebody called it off.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [JobState; 5] =
        [JobState::Queued, JobState::Running, JobState::Done, JobState::Dead, JobState::Cancelled];

    /// The stable code that stores keep and reports show.
    pub const fn code(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Dead => "dead",
            JobState::Cancelled => "cancelled",
        }
    }

    /// The state of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// True when nothing happens to the job any more unless it is replayed.
    pub const fn is_final(self) -> bool {
        matches!(self, JobState::Done | JobState::Dead | JobState::Cancelled)
    }
}

/// A job as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What was ordered. `run_at` is when it is or was due.
    pub order: NewJob,
    /// Where it stands.
    pub state: JobState,
    /// Attempts begun, this one included; a snooze gives its attempt back.
    pub attempt: u32,
    /// True when somebody asked to call it off while it runs.
    pub cancel_requested: bool,
    /// Who runs it at present, and until when unless it is renewed.
    pub lease: Option<Lease>,
    /// What was said last: an attempt's error, or why it was put off.
    pub note: Option<String>,
    /// When it was enqueued.
    pub created: DateTime<Utc>,
    /// When it reached a final state.
    pub finished: Option<DateTime<Utc>>,
}

impl Job {
    /// What happened to the job and what can be done, in one sentence for an operator.
    pub fn explain(&self) -> String {
        let note = self.note.as_deref().unwrap_or("nothing was noted");
        let tries = format!("{} of {} attempts", self.attempt, self.order.max_attempts);
        match self.state {
            JobState::Queued => format!("waits after {tries}; last word: {note}"),
            JobState::Running => {
                let asked = if self.cancel_requested { "; asked to stop" } else { "" };
                let by = self.lease.as_ref().map_or(String::new(), |lease| {
                    format!(" by {}, whose lease lasts until {} unless renewed", lease.worker, lease.until)
                });
                format!("runs, {tries}{by}{asked}")
            }
            JobState::Done => format!("done after {tries}"),
            JobState::Dead => format!("dead after {tries}: {note}; remove the cause, then replay it"),
            JobState::Cancelled => format!("cancelled after {tries}; replay it to have it run all the same"),
        }
    }
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Enqueued {
    /// A job of its own waits.
    New(JobId),
    /// The same work waits already, in this job; it stays as it was ordered first.
    Queued(JobId),
    /// The same work runs just now, in this job; when it ends it runs once more.
    Dirty(JobId),
    /// The same work runs just now, in this job, and the order wanted nothing more: [`WhileRunning::LeaveOut`].
    LeftOut(JobId),
}

impl Enqueued {
    /// The job that does the work.
    pub fn id(self) -> JobId {
        match self {
            Enqueued::New(id) | Enqueued::Queued(id) | Enqueued::Dirty(id) | Enqueued::LeftOut(id) => id,
        }
    }
}

/// The right to run a job until a time. It is lost when it ends and another worker claims the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Who holds it.
    pub worker: String,
    /// Counts the claims of the job: a lower fence is a stale one.
    pub fence: u64,
    /// When it ends.
    pub until: DateTime<Utc>,
}

/// A job together with the right to run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The job.
    pub job: Job,
    /// The right.
    pub lease: Lease,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done.
    Done,
    /// It failed and may succeed later. With the last attempt it becomes a dead letter.
    Retry {
        /// When to try again.
        at: DateTime<Utc>,
        /// What went wrong.
        error: String,
    },
    /// It is too early: the attempt is given back.
    Snooze {
        /// When to try again.
        until: DateTime<Utc>,
        /// What is waited for.
        reason: String,
    },
    /// It fails the same way until somebody changes something.
    Dead {
        /// What went wrong.
        error: String,
    },
    /// The worker stopped because it was asked to.
    Cancelled,
}
