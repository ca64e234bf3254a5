//! Jobs: one text for each statement, spoken through SeaORM so that an order can join a host's own transaction.

mod census;
mod claim;
mod enqueue;
mod finish;
mod operate;
mod pass;
mod row;
mod settle;
mod signal;
mod statement;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sentia_core::{
    Error, Result,
    job::{
        Change, Claim, Claimed, Effect, Enqueued, Job, JobCount, JobFilter, JobId, JobSignal, JobState,
        JobStore, Lease, NewJob, Outcome, Taken,
    },
};

pub use self::{enqueue::enqueue, finish::hold};
pub(crate) use self::{finish::lost, statement::begin};
use crate::{connect::Store, error::orm_error};

fn at(operation: &'static str) -> impl Fn(Error) -> Error {
    move |error| error.operation(operation)
}

#[async_trait]
impl JobStore for Store {
    async fn enqueue(&self, jobs: &[NewJob], now: DateTime<Utc>) -> Result<Vec<Enqueued>> {
        let transaction = statement::begin(self).await?;
        let enqueued = enqueue::enqueue(&transaction, jobs, now).await?;
        transaction.commit().await.map_err(orm_error).map_err(at("jobs.enqueue"))?;
        if enqueued.iter().any(|enqueued| matches!(enqueued, Enqueued::New(_))) {
            self.wake_workers();
        }
        Ok(enqueued)
    }

    async fn claim(&self, claim: &Claim, now: DateTime<Utc>) -> Result<Taken> {
        claim::claim(self, claim, now).await.map_err(at("jobs.claim"))
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<Claimed> {
        finish::renew(self, lease, until).await.map_err(at("jobs.renew"))
    }

    async fn finish(&self, lease: &Lease, outcome: Outcome, now: DateTime<Utc>) -> Result<JobState> {
        finish::finish(self, lease, outcome, now).await.map_err(at("jobs.finish"))
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        operate::list(self, filter).await.map_err(at("jobs.list"))
    }

    async fn change(
        &self,
        filter: &JobFilter,
        change: Change,
        effect: Effect,
        now: DateTime<Utc>,
    ) -> Result<Vec<JobId>> {
        let changed = operate::change(self, filter, change, effect, now).await.map_err(at("jobs.change"))?;
        self.wake_workers();
        Ok(changed)
    }

    async fn purge(&self, state: JobState, before: DateTime<Utc>) -> Result<u64> {
        operate::purge(self, state, before).await.map_err(at("jobs.purge"))
    }

    async fn census(&self, now: DateTime<Utc>) -> Result<Vec<JobCount>> {
        census::census(self, now).await.map_err(at("jobs.census"))
    }

    async fn signal(&self) -> Result<Box<dyn JobSignal>> {
        signal::signal(self).await.map_err(at("jobs.signal"))
    }
}
