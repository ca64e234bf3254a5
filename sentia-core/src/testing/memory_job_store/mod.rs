//! A job store for tests, written from the port's words alone: it keeps schedules, too.

mod claiming;
mod operating;
mod orders;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::{
    Error, ErrorKind, JobStore, Result,
    job::{
        Change, Claim, Claimed, Effect, Enqueued, Job, JobCount, JobFilter, JobId, JobSignal, JobState,
        Lease, NewJob, Outcome, Taken,
    },
    schedule::{Advance, ScheduleStore, Step, StoredSchedule},
    sync::{Mutex, MutexGuard},
};

/// Keeps jobs and schedules in memory; clones share them.
///
/// For tests: a host's handlers and schedules can be run through a year in a moment. It scans all jobs at every call.
#[derive(Debug, Clone)]
pub struct MemoryJobStore {
    held: Arc<Mutex<Held>>,
    woken: watch::Sender<u64>,
}

impl Default for MemoryJobStore {
    fn default() -> Self {
        MemoryJobStore { held: Arc::default(), woken: watch::channel(0).0 }
    }
}

#[derive(Debug, Default, Clone)]
struct Held {
    /// By id, which is the order of their making.
    jobs: BTreeMap<JobId, Row>,
    /// When each tenant had its last turn, counted.
    served: BTreeMap<String, u64>,
    schedules: BTreeMap<String, StoredSchedule>,
    last_id: u128,
}

#[derive(Debug, Clone)]
struct Row {
    job: Job,
    dirty: bool,
    fence: u64,
    rank: i64,
}

impl Row {
    fn due(&self) -> DateTime<Utc> {
        self.job.order.run_at.unwrap_or(self.job.created)
    }

    fn put_off(&mut self, until: DateTime<Utc>) {
        let until = whole(until);
        self.job.order.run_at = Some(until);
        self.rank = self.job.order.rank(until);
    }

    fn is_active(&self) -> bool {
        matches!(self.job.state, JobState::Queued | JobState::Running)
    }

    fn is(&self, order: &NewJob) -> bool {
        let mine = &self.job.order;
        order.unique.is_some()
            && (&mine.tenant, &mine.kind, &mine.unique) == (&order.tenant, &order.kind, &order.unique)
    }
}

/// Instants are kept to the millisecond.
fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}

impl MemoryJobStore {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        self.woken.send_modify(|calls| *calls += 1);
    }
}

impl Held {
    /// The row that a lease holds.
    fn leased(&mut self, lease: &Lease) -> Result<&mut Row> {
        let row = self.jobs.get_mut(&lease.job).filter(|row| {
            row.job
                .lease
                .as_ref()
                .is_some_and(|held| (held.fence, &held.worker) == (lease.fence, &lease.worker))
        });
        row.ok_or_else(|| {
            Error::new(ErrorKind::Conflict, "the lease on the job is lost").context("job", lease.job)
        })
    }
}

/// Wakes when the count of calls has moved.
#[derive(Debug)]
struct Signal(watch::Receiver<u64>);

#[async_trait]
impl JobSignal for Signal {
    async fn woken(&mut self) -> Result<()> {
        // The sender lives as long as any clone of the store.
        self.0.changed().await.map_err(|_| Error::new(ErrorKind::Store, "the store is gone"))
    }
}

#[async_trait]
impl JobStore for MemoryJobStore {
    async fn enqueue(&self, jobs: &[NewJob], now: DateTime<Utc>) -> Result<Vec<Enqueued>> {
        let enqueued = self.held().enqueue(jobs, now)?;
        if enqueued.iter().any(|enqueued| matches!(enqueued, Enqueued::New(_))) {
            self.wake();
        }
        Ok(enqueued)
    }

    async fn claim(&self, claim: &Claim, now: DateTime<Utc>) -> Result<Taken> {
        self.held().claim(claim, now)
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<Claimed> {
        let mut held = self.held();
        let row = held.leased(lease)?;
        let lease = Lease { until: whole(until), ..lease.clone() };
        row.job.lease = Some(lease.clone());
        Ok(Claimed { job: row.job.clone(), lease })
    }

    async fn finish(&self, lease: &Lease, outcome: Outcome, now: DateTime<Utc>) -> Result<JobState> {
        let mut held = self.held();
        let row = held.leased(lease)?;
        claiming::end(row, Some(outcome), now);
        Ok(row.job.state)
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        Ok(self.held().matching(filter).map(|row| row.job.clone()).collect())
    }

    async fn change(
        &self,
        filter: &JobFilter,
        change: Change,
        effect: Effect,
        now: DateTime<Utc>,
    ) -> Result<Vec<JobId>> {
        let mut held = self.held();
        let mut changed = held.clone();
        let touched = changed.change(filter, change, now);
        if effect == Effect::Apply && !touched.is_empty() {
            *held = changed;
            drop(held);
            self.wake();
        }
        Ok(touched)
    }

    async fn purge(&self, state: JobState, before: DateTime<Utc>) -> Result<u64> {
        self.held().purge(state, before)
    }

    async fn census(&self, now: DateTime<Utc>) -> Result<Vec<JobCount>> {
        Ok(self.held().census(now))
    }

    async fn signal(&self) -> Result<Box<dyn JobSignal>> {
        Ok(Box::new(Signal(self.woken.subscribe())))
    }
}

#[async_trait]
impl ScheduleStore for MemoryJobStore {
    async fn schedules(&self) -> Result<Vec<StoredSchedule>> {
        Ok(self.held().schedules.values().cloned().collect())
    }

    async fn advance(&self, step: &Step, now: DateTime<Utc>) -> Result<Advance> {
        let mut held = self.held();
        let stored = held.schedules.get(&step.name);
        if stored.map(|stored| stored.version) != step.expected {
            return Ok(Advance::Lost(stored.cloned()));
        }
        let jobs = held.enqueue(&step.jobs, now)?;
        let version = step.expected.unwrap_or(0) + 1;
        let Step { name, definition, state, .. } = step.clone();
        held.schedules.insert(name.clone(), StoredSchedule { name, version, definition, state });
        drop(held);
        if jobs.iter().any(|enqueued| matches!(enqueued, Enqueued::New(_))) {
            self.wake();
        }
        Ok(Advance::Done { version, jobs })
    }
}
