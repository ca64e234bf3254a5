//! What operators do: look, call off, replay, remove.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use sentia_core::{
    Error, ErrorKind, Result,
    job::{Change, Effect, Job, JobFilter, JobId, JobState},
};

use super::{row, signal, statement};
use crate::{connect::Store, entity::job::Model, error::orm_error};

/// Rows that one call removes.
const PURGED: i64 = 10_000;

/// The jobs of a filter that also satisfy `also`.
async fn matching<C: ConnectionTrait>(connection: &C, filter: &JobFilter, also: &str) -> Result<Vec<Model>> {
    let wanted: [(&str, Option<Value>); 5] = [
        ("tenant", filter.tenant.as_deref().map(Value::from)),
        ("kind", filter.kind.as_deref().map(Value::from)),
        ("state", filter.state.map(|state| state.code().into())),
        ("lane", filter.lane.as_deref().map(Value::from)),
        ("id", filter.id.map(|id| id.to_string().into())),
    ];
    let (mut clauses, mut values) = (vec![also.to_owned()], Vec::new());
    for (column, value) in wanted {
        if let Some(value) = value {
            values.push(value);
            clauses.push(format!("{column} = ${}", values.len()));
        }
    }
    values.push(filter.limit.map_or(i64::MAX, i64::from).into());
    let sql = format!(
        "SELECT * FROM sentia_jobs WHERE {} ORDER BY id LIMIT ${}",
        clauses.join(" AND "),
        values.len()
    );
    statement::jobs(connection, &sql, values).await
}

pub(super) async fn list(store: &Store, filter: &JobFilter) -> Result<Vec<Job>> {
    matching(&store.0.orm, filter, "TRUE").await?.into_iter().map(row::job).collect()
}

/// A dry run is the same transaction, rolled back: it cannot say anything else.
pub(super) async fn change(
    store: &Store,
    filter: &JobFilter,
    change: Change,
    effect: Effect,
    now: DateTime<Utc>,
) -> Result<Vec<JobId>> {
    let transaction = statement::begin(store).await?;
    let also = match change {
        Change::Cancel => "state IN ('queued', 'running')",
        Change::Replay => "state IN ('dead', 'cancelled')",
        Change::Hasten => "state = 'queued'",
    };
    let mut touched = Vec::new();
    for model in matching(&transaction, filter, also).await? {
        let job = row::job(model)?;
        let done = match change {
            Change::Cancel => cancel(&transaction, &job, now).await?,
            Change::Replay => replay(&transaction, &job, now).await?,
            Change::Hasten => hasten(&transaction, &job, now).await?,
        };
        touched.extend((done == 1).then_some(job.id));
    }
    if change != Change::Cancel && !touched.is_empty() {
        signal::call(&transaction).await?;
    }
    match effect {
        Effect::Apply => transaction.commit().await,
        Effect::DryRun => transaction.rollback().await,
    }
    .map_err(orm_error)?;
    Ok(touched)
}

/// What was ordered before is called off with the job; an order after this makes it run again.
async fn cancel<C: ConnectionTrait>(transaction: &C, job: &Job, now: DateTime<Utc>) -> Result<u64> {
    let sql = "UPDATE sentia_jobs SET cancel = (state = 'running'), dirty = FALSE, \
               finished_ms = CASE state WHEN 'queued' THEN $1 ELSE NULL END, \
               state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END \
               WHERE id = $2 AND state IN ('queued', 'running')";
    let values = vec![now.timestamp_millis().into(), job.id.to_string().into()];
    statement::execute(transaction, sql, values).await
}

async fn replay<C: ConnectionTrait>(transaction: &C, job: &Job, now: DateTime<Utc>) -> Result<u64> {
    let sql = "UPDATE sentia_jobs SET state = 'queued', attempt = 0, run_at_ms = $1, rank = $2, finished_ms = NULL \
               WHERE id = $3 AND state IN ('dead', 'cancelled') AND NOT EXISTS (SELECT 1 FROM sentia_jobs o \
               WHERE o.tenant = sentia_jobs.tenant AND o.kind = sentia_jobs.kind \
               AND o.unique_key = sentia_jobs.unique_key AND o.state IN ('queued', 'running'))";
    let values = vec![now.timestamp_millis().into(), job.order.rank(now).into(), job.id.to_string().into()];
    statement::execute(transaction, sql, values).await
}

async fn hasten<C: ConnectionTrait>(transaction: &C, job: &Job, now: DateTime<Utc>) -> Result<u64> {
    let sql = "UPDATE sentia_jobs SET run_at_ms = $1, rank = $2 WHERE id = $3 AND state = 'queued' AND run_at_ms > $1";
    let values = vec![now.timestamp_millis().into(), job.order.rank(now).into(), job.id.to_string().into()];
    statement::execute(transaction, sql, values).await
}

pub(super) async fn purge(store: &Store, state: JobState, before: DateTime<Utc>) -> Result<u64> {
    if !state.is_final() {
        let message = "only jobs that ended are removed; name the state done, dead or cancelled";
        return Err(Error::new(ErrorKind::ConfigInvalid, message).context("state", state.code()));
    }
    let sql = "DELETE FROM sentia_jobs WHERE id IN (SELECT id FROM sentia_jobs WHERE state = $1 \
               AND finished_ms < $2 ORDER BY finished_ms LIMIT $3) AND state = $1";
    let values = vec![state.code().into(), before.timestamp_millis().into(), PURGED.into()];
    let removed = statement::execute(&store.0.writing_orm(), sql, values).await?;
    if removed < PURGED as u64 {
        forget_idle(store).await?;
    }
    Ok(removed)
}

/// Removes the places of tenants that have no job any more.
///
/// An order that is under way has its tenant's place, and its job shows to nobody yet: on PostgreSQL the lock waits for all
/// such orders. Where that takes long the places stay until the next time.
async fn forget_idle(store: &Store) -> Result<()> {
    let transaction = statement::begin(store).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        let lock = "SET LOCAL lock_timeout = '2s'; LOCK TABLE sentia_job_tenants IN SHARE ROW EXCLUSIVE MODE";
        if let Err(error) = transaction.execute_unprepared(lock).await {
            tracing::debug!(%error, "idle tenants are kept: orders are under way");
            return transaction.rollback().await.map_err(orm_error);
        }
    }
    let sql = "DELETE FROM sentia_job_tenants WHERE NOT EXISTS \
               (SELECT 1 FROM sentia_jobs j WHERE j.tenant = sentia_job_tenants.tenant)";
    statement::execute(&transaction, sql, Vec::new()).await?;
    transaction.commit().await.map_err(orm_error)
}
