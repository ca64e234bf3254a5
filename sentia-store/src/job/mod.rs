//! Jobs: one text for each statement, spoken through SeaORM so that an order can join a host's own transaction.

mod claim;
mod enqueue;
mod finish;
mod operate;
mod pass;
mod row;
mod settle;
mod statement;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sentia_core::{
    Error, Result,
    job::{
        Change, Claim, Claimed, Effect, Enqueued, Job, JobFilter, JobId, JobState, JobStore, KindCount,
        Lease, NewJob, Outcome,
    },
};

pub use self::{enqueue::enqueue, finish::hold};
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
        Ok(enqueued)
    }

    async fn claim(&self, claim: &Claim, now: DateTime<Utc>) -> Result<Vec<Claimed>> {
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
        operate::change(self, filter, change, effect, now).await.map_err(at("jobs.change"))
    }

    async fn purge(&self, state: JobState, before: DateTime<Utc>) -> Result<u64> {
        operate::purge(self, state, before).await.map_err(at("jobs.purge"))
    }

    async fn kinds(&self) -> Result<Vec<KindCount>> {
        operate::kinds(self).await.map_err(at("jobs.kinds"))
    }
}
