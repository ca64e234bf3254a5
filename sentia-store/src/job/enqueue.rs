//! Orders: many rows in one statement, and a look at those that met the same work.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};
use sentia_core::{
    Error, ErrorKind, Result,
    job::{Enqueued, JobId, NewJob, WhileRunning},
};

use super::{row, signal, statement};

/// Rows of one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535.
const ROWS: usize = 500;

/// How often an order looks again when the job it met ended meanwhile.
const LOOKS: usize = 16;

/// Queues jobs in the caller's transaction, so that they are there with its rows or not at all.
///
/// It promises what [`JobStore::enqueue`](sentia_core::JobStore::enqueue) does. On SQLite begin the transaction as
/// `IMMEDIATE`, and after the commit call [`Store::wake_workers`](crate::Store::wake_workers); on PostgreSQL a worker sees a
/// job, and an order for the same work waits, until the caller commits, and the commit wakes workers.
///
/// # Errors
/// `ConfigInvalid` for an order that cannot be kept; `Store` when the database fails, then roll back.
///
/// # Cancel safety
/// Roll the transaction back when the future was dropped.
pub async fn enqueue<C: ConnectionTrait>(
    transaction: &C,
    jobs: &[NewJob],
    now: DateTime<Utc>,
) -> Result<Vec<Enqueued>> {
    jobs.iter().try_for_each(NewJob::validate)?;
    let located = |error: Error| error.operation("jobs.enqueue");
    take_turns(transaction, jobs).await.map_err(located)?;
    // Two callers with the same keys lock them in one order.
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|at| (&jobs[*at].tenant, &jobs[*at].kind, &jobs[*at].unique));
    // Jobs of one call stand in the order of their orders.
    let ids: Vec<JobId> = jobs.iter().map(|_| JobId::now_v7()).collect();
    let mut answers = vec![None; jobs.len()];
    for places in order.chunks(ROWS) {
        let chunk: Vec<(JobId, &NewJob)> = places.iter().map(|at| (ids[*at], &jobs[*at])).collect();
        let new = insert(transaction, &chunk, now).await.map_err(located)?;
        for (at, (id, job)) in places.iter().zip(chunk) {
            answers[*at] = Some(match new.contains(&id) {
                true => Enqueued::New(id),
                false => meet(transaction, id, job, now).await.map_err(located)?,
            });
        }
    }
    let answers: Vec<Enqueued> = answers.into_iter().flatten().collect();
    if answers.iter().any(|answer| matches!(answer, Enqueued::New(_))) {
        signal::call(transaction).await.map_err(located)?;
    }
    Ok(answers)
}

/// Gives each tenant a place in the order of turns; a new one is first.
async fn take_turns<C: ConnectionTrait>(transaction: &C, jobs: &[NewJob]) -> Result<()> {
    let tenants: Vec<&str> =
        jobs.iter().map(|job| job.tenant.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    for tenants in tenants.chunks(ROWS) {
        let places: Vec<String> =
            (1..=tenants.len()).map(|at| format!("({}, 0)", statement::places(transaction, at, 1))).collect();
        let sql = format!(
            "INSERT INTO sentia_job_tenants (tenant, served) VALUES {} ON CONFLICT DO NOTHING",
            places.join(", ")
        );
        statement::execute(transaction, &sql, tenants.iter().map(|tenant| (*tenant).into()).collect())
            .await?;
    }
    Ok(())
}

/// Inserts what meets no other work, and says which.
async fn insert<C: ConnectionTrait>(
    transaction: &C,
    jobs: &[(JobId, &NewJob)],
    now: DateTime<Utc>,
) -> Result<HashSet<JobId>> {
    const COLUMNS: usize = 13;
    let row = |row: usize| {
        let places = statement::places(transaction, row * COLUMNS + 1, COLUMNS);
        format!("({places}, 'queued', FALSE, FALSE, 0, 0)")
    };
    let sql = format!(
        "INSERT INTO sentia_jobs (id, tenant, kind, lane, payload, payload_version, priority, unique_key, run_at_ms, \
         rank, max_attempts, created_ms, schedule, state, dirty, cancel, attempt, fence) VALUES {} \
         ON CONFLICT DO NOTHING RETURNING id",
        (0..jobs.len()).map(row).collect::<Vec<_>>().join(", ")
    );
    let values = jobs.iter().flat_map(|(id, job)| values(*id, job, now)).collect();
    let rows = statement::query(transaction, &sql, values).await?;
    rows.iter().map(|row| row::id(&statement::column::<String>(row, "id")?)).collect()
}

fn values(id: JobId, job: &NewJob, now: DateTime<Utc>) -> [Value; 13] {
    let due = job.run_at.unwrap_or(now);
    [
        id.to_string().into(),
        job.tenant.as_str().into(),
        job.kind.as_str().into(),
        job.lane.clone().into(),
        job.payload.as_str().into(),
        i64::from(job.payload_version).into(),
        i64::from(job.priority).into(),
        job.unique.clone().into(),
        due.timestamp_millis().into(),
        job.rank(due).into(),
        i64::from(job.max_attempts).into(),
        now.timestamp_millis().into(),
        job.schedule.clone().into(),
    ]
}

/// Marks the job that does the work already. The mark also keeps that job as it is until the caller commits: a
/// worker that took it meanwhile might not see the caller's rows. On a waiting job the mark says nothing.
async fn meet<C: ConnectionTrait>(
    transaction: &C,
    id: JobId,
    job: &NewJob,
    now: DateTime<Utc>,
) -> Result<Enqueued> {
    let marked = match job.while_running {
        WhileRunning::RunAgain => "(state = 'running')",
        WhileRunning::LeaveOut => "dirty",
    };
    let sql = format!(
        "UPDATE sentia_jobs SET dirty = {marked} WHERE tenant = $1 AND kind = $2 AND unique_key = $3 \
         AND state IN ('queued', 'running') RETURNING id, state"
    );
    for _ in 0..LOOKS {
        let key = vec![job.tenant.as_str().into(), job.kind.as_str().into(), job.unique.clone().into()];
        if let Some(met) = statement::query(transaction, &sql, key).await?.first() {
            let id = row::id(&statement::column::<String>(met, "id")?)?;
            let running = statement::column::<String>(met, "state")? == "running";
            return Ok(match (running, job.while_running) {
                (false, _) => Enqueued::Queued(id),
                (true, WhileRunning::RunAgain) => Enqueued::Dirty(id),
                (true, WhileRunning::LeaveOut) => Enqueued::LeftOut(id),
            });
        }
        // It ended between the two statements.
        if insert(transaction, &[(id, job)], now).await?.contains(&id) {
            return Ok(Enqueued::New(id));
        }
    }
    let message = "the same work began and ended again and again meanwhile; enqueue it once more";
    Err(Error::new(ErrorKind::Conflict, message).context("kind", &job.kind))
}
