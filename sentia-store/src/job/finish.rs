//! Leases: held, renewed, ended; each time only by the worker and fence that hold them.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};
use sentia_core::{
    Error, ErrorKind, Result,
    job::{Claimed, JobState, Lease, Outcome},
};

use super::{
    row,
    settle::{End, settle},
    statement,
};
use crate::{connect::Store, entity::job::Model, error::orm_error};

const HELD: &str = "id = $1 AND worker = $2 AND fence = $3 AND state = 'running'";

fn held(lease: &Lease) -> Vec<Value> {
    vec![lease.job.to_string().into(), lease.worker.as_str().into(), (lease.fence as i64).into()]
}

pub(crate) fn lost(lease: &Lease) -> Error {
    let message = "the lease on the job is lost; stop its work and commit nothing, another worker does it";
    let error = Error::new(ErrorKind::Conflict, message).context("job", lease.job);
    error.context("worker", &lease.worker).context("fence", lease.fence)
}

async fn locked<C: ConnectionTrait>(transaction: &C, lease: &Lease, lock: &str) -> Result<Model> {
    let sql = format!("SELECT * FROM sentia_jobs WHERE {HELD} {lock}");
    let rows = statement::jobs(transaction, &sql, held(lease)).await?;
    rows.into_iter().next().ok_or_else(|| lost(lease))
}

/// Makes sure, in the transaction that writes a job's results, that the job is still ours: nobody takes it over before
/// that transaction ends. So a stale worker commits no rows.
///
/// # Errors
/// `Conflict` when the lease was lost: roll back. `Store` when the database fails.
///
/// # Cancel safety
/// Roll the transaction back when the future was dropped.
pub async fn hold<C: ConnectionTrait>(transaction: &C, lease: &Lease) -> Result<()> {
    let held = locked(transaction, lease, "{for_share}").await;
    held.map(drop).map_err(|error| error.operation("jobs.hold"))
}

pub(super) async fn renew(store: &Store, lease: &Lease, until: DateTime<Utc>) -> Result<Claimed> {
    let sql = format!("UPDATE sentia_jobs SET until_ms = $4 WHERE {HELD} RETURNING *");
    let mut values = held(lease);
    values.push(until.timestamp_millis().into());
    let rows = statement::jobs(&store.0.writing_orm(), &sql, values).await?;
    row::claimed(rows.into_iter().next().ok_or_else(|| lost(lease))?)
}

pub(super) async fn finish(
    store: &Store,
    lease: &Lease,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<JobState> {
    let transaction = statement::begin(store).await?;
    let running = locked(&transaction, lease, "{for_update}").await?;
    let state = settle(&transaction, running, End::Said(outcome), now).await?;
    transaction.commit().await.map_err(orm_error)?;
    Ok(state)
}
