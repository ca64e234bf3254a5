//! Leases: held, renewed, ended; each time only by the worker and fence that hold them.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};
use sentia_core::{
    Error, ErrorKind, Result,
    job::{Claimed, JobState, Lease, Outcome},
};

use super::{
    row,
    settle::{End, OWN, settling},
    statement,
};
use crate::connect::Store;

/// The job of a lease that is still held; its three parameters come after `before` others.
fn is_held(before: usize) -> String {
    let [id, worker, fence] = [1, 2, 3].map(|at| before + at);
    format!("id = ${id} AND worker = ${worker} AND fence = ${fence} AND state = 'running'")
}

fn held(lease: &Lease) -> Vec<Value> {
    vec![lease.job.to_string().into(), lease.worker.as_str().into(), (lease.fence as i64).into()]
}

pub(crate) fn lost(lease: &Lease) -> Error {
    let message = "the lease on the job is lost; stop its work and commit nothing, another worker does it";
    let error = Error::new(ErrorKind::Conflict, message).context("job", lease.job);
    error.context("worker", &lease.worker).context("fence", lease.fence)
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
    let sql = format!("SELECT id FROM sentia_jobs WHERE {} {{for_share}}", is_held(0));
    let located = |error: Error| error.operation("jobs.hold");
    let rows = statement::query(transaction, &sql, held(lease)).await.map_err(located)?;
    rows.first().map(drop).ok_or_else(|| located(lost(lease)))
}

pub(super) async fn renew(store: &Store, lease: &Lease, until: DateTime<Utc>) -> Result<Claimed> {
    let sql = format!("UPDATE sentia_jobs SET until_ms = $4 WHERE {} RETURNING *", is_held(0));
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
    let clause = format!("{} RETURNING state", is_held(OWN));
    let (sql, mut values) = settling(End::Said(outcome), now, &clause);
    values.extend(held(lease));
    let rows = statement::query(&store.0.writing_orm(), &sql, values).await?;
    row::state(&statement::column::<String>(rows.first().ok_or_else(|| lost(lease))?, "state")?)
}
