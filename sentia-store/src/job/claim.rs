//! Whose turn it is, and which of their jobs.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};
use sentia_core::{
    Error, ErrorKind, Result,
    job::{Claim, Claimed, MAX_LEASE, PRIORITY_STEP, Taken},
};

use super::{
    row,
    settle::{End, settle},
    statement,
};
use crate::{connect::Store, error::orm_error};

/// Ended leases that one claim takes back.
const RESCUES: i64 = 1_000;

/// The jobs of `j` that may run now. A rank tells how long to look: none that is due has a higher one.
const RUNNABLE: &str = "j.state = 'queued' AND j.rank <= $1 AND j.run_at_ms <= $2 AND (j.lane IS NULL OR NOT EXISTS \
                        (SELECT 1 FROM sentia_jobs r WHERE r.tenant = j.tenant AND r.lane = j.lane \
                        AND r.state = 'running'))";

fn runnable(now: DateTime<Utc>) -> Vec<Value> {
    let now = now.timestamp_millis();
    // The lowest priority ranks a job last.
    let last = now - i64::from(i8::MIN) * PRIORITY_STEP.as_millis() as i64;
    vec![last.into(), now.into()]
}

/// How a claim takes tenants that another claim holds.
#[derive(Debug, Clone, Copy)]
enum Busy {
    /// Leaves them to it.
    Skip,
    /// Waits for one of them: there may be work left.
    Wait,
}

pub(super) async fn claim(store: &Store, claim: &Claim, now: DateTime<Utc>) -> Result<Taken> {
    if claim.until - now > chrono::Duration::seconds(MAX_LEASE.as_secs() as i64) {
        let message = "a lease lasts 15 minutes at most; ask for less and renew it";
        return Err(Error::new(ErrorKind::ConfigInvalid, message).context("until", claim.until));
    }
    if claim.kinds.is_empty() || claim.limit == 0 {
        return Ok(Taken::default());
    }
    let transaction = statement::begin(store).await?;
    rescue(&transaction, now).await?;
    let mut taken = Vec::new();
    // Each pass gives every tenant with work its share, and at least one job to one of them.
    while taken.len() < claim.limit as usize {
        let left = i64::from(claim.limit) - taken.len() as i64;
        let mut tenants = turns(&transaction, claim, left, now, Busy::Skip).await?;
        if tenants.is_empty() && taken.is_empty() {
            tenants = turns(&transaction, claim, 1, now, Busy::Wait).await?;
        }
        let share = left / tenants.len().max(1) as i64;
        let before = taken.len();
        for tenant in &tenants {
            taken.extend(take(&transaction, claim, tenant, share, now).await?);
        }
        if taken.len() == before {
            break;
        }
        serve(&transaction, &tenants).await?;
    }
    let next = match taken.len() < claim.limit as usize {
        true => next_due(&transaction, claim, now).await?,
        false => None,
    };
    transaction.commit().await.map_err(orm_error)?;
    Ok(Taken { jobs: taken, next })
}

/// Takes back jobs whose leases have ended, whatever their kind.
async fn rescue<C: ConnectionTrait>(transaction: &C, now: DateTime<Utc>) -> Result<()> {
    let sql = "SELECT * FROM sentia_jobs WHERE state = 'running' AND (until_ms <= $1 OR until_ms > $2) ORDER BY until_ms LIMIT $3 \
               {skip_locked}";
    // No lease is longer: one that ends later was given by a clock that was far ahead, and has been set back.
    let latest = now + 2 * MAX_LEASE;
    let values = vec![now.timestamp_millis().into(), latest.timestamp_millis().into(), RESCUES.into()];
    let ended = statement::jobs(transaction, sql, values).await?;
    for running in ended {
        let (id, kind, attempt) = (running.id.clone(), running.kind.clone(), running.attempt);
        let state = settle(transaction, running, End::Lost, now).await?;
        tracing::warn!(job = %id, %kind, attempt, state = state.code(), "a job's worker ended without a word");
    }
    Ok(())
}

/// The tenants that have a job to run, least recently served first.
async fn turns<C: ConnectionTrait>(
    transaction: &C,
    claim: &Claim,
    limit: i64,
    now: DateTime<Utc>,
    busy: Busy,
) -> Result<Vec<String>> {
    let mut values = runnable(now);
    values.push(limit.into());
    // A value per tenant and kind, not EXISTS: PostgreSQL without statistics would join all jobs for that.
    let has = |at: usize| {
        format!(
            "(SELECT 1 FROM sentia_jobs j WHERE j.tenant = t.tenant AND j.kind = ${at} AND {RUNNABLE} \
             ORDER BY j.rank, j.id LIMIT 1) IS NOT NULL"
        )
    };
    let kinds: Vec<String> = (4..4 + claim.kinds.len()).map(has).collect();
    values.extend(claim.kinds.iter().map(|kind| kind.as_str().into()));
    let lock = match busy {
        Busy::Skip => "{skip_locked}",
        Busy::Wait => "{for_update}",
    };
    let sql = format!(
        "SELECT tenant FROM sentia_job_tenants t WHERE {} ORDER BY served, tenant LIMIT $3 {lock}",
        kinds.join(" OR ")
    );
    let rows = statement::query(transaction, &sql, values).await?;
    rows.iter().map(|row| statement::column(row, "tenant")).collect()
}

/// Takes a tenant's best jobs, of each lane the best one.
async fn take<C: ConnectionTrait>(
    transaction: &C,
    claim: &Claim,
    tenant: &str,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let mut values = runnable(now);
    let until = claim.until.timestamp_millis();
    values.extend([tenant.into(), limit.into(), claim.worker.as_str().into(), until.into()]);
    values.extend(claim.kinds.iter().map(|kind| Value::from(kind.as_str())));
    // Each kind has an order of its own in the index; a list of kinds would have all of them read and sorted.
    let of_kind = |at: usize| {
        format!(
            "SELECT * FROM (SELECT id, lane, rank, kind FROM sentia_jobs j WHERE j.tenant = $3 AND j.kind = ${at} \
             AND {RUNNABLE} ORDER BY rank, id LIMIT $4 {{skip_locked}}) k{at}"
        )
    };
    let due: Vec<String> = (7..7 + claim.kinds.len()).map(of_kind).collect();
    // Jobs of one lane may fill a kind's list and keep its others out of it: of other kinds nothing goes before those that
    // follow its last one. The next pass finds that lane taken.
    // Without MATERIALIZED PostgreSQL may run the locking query again for each row.
    let sql = format!(
        "WITH due AS MATERIALIZED ({}), seen AS MATERIALIZED (SELECT kind, rank, id FROM (SELECT kind, rank, id, \
         row_number() OVER (PARTITION BY kind ORDER BY rank DESC, id DESC) AS back, \
         count(*) OVER (PARTITION BY kind) AS many FROM due) listed WHERE back = 1 AND many >= $4 \
         ORDER BY rank, id LIMIT 1), \
         best AS MATERIALIZED (SELECT id FROM (SELECT id, rank, kind, row_number() OVER \
         (PARTITION BY coalesce('lane ' || lane, id) ORDER BY rank, id) AS place FROM due) placed \
         WHERE place = 1 AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.kind <> placed.kind \
         AND (seen.rank, seen.id) < (placed.rank, placed.id)) \
         ORDER BY rank, id LIMIT $4) \
         UPDATE sentia_jobs SET state = 'running', attempt = attempt + 1, fence = fence + 1, worker = $5, \
         until_ms = $6, dirty = FALSE WHERE id IN (SELECT id FROM best) RETURNING *",
        due.join(" UNION ALL ")
    );
    let mut rows = statement::jobs(transaction, &sql, values).await?;
    rows.sort_by(|left, right| (left.rank, &left.id).cmp(&(right.rank, &right.id)));
    rows.into_iter().map(row::claimed).collect()
}

/// When the next job of these kinds falls due that is not due yet.
async fn next_due<C: ConnectionTrait>(
    transaction: &C,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let of_kind = |at: usize| {
        format!(
            "SELECT min(run_at_ms) AS due FROM sentia_jobs WHERE state = 'queued' AND kind = ${at} AND run_at_ms > $1"
        )
    };
    let kinds: Vec<String> = (2..2 + claim.kinds.len()).map(of_kind).collect();
    let sql = format!("SELECT min(due) AS due FROM ({}) kinds", kinds.join(" UNION ALL "));
    let mut values = vec![Value::from(now.timestamp_millis())];
    values.extend(claim.kinds.iter().map(|kind| Value::from(kind.as_str())));
    let rows = statement::query(transaction, &sql, values).await?;
    let due: Option<i64> = rows.first().map_or(Ok(None), |row| statement::column(row, "due"))?;
    due.map(row::instant).transpose()
}

/// Puts tenants last, in the order in which they were served.
async fn serve<C: ConnectionTrait>(transaction: &C, tenants: &[String]) -> Result<()> {
    let sql = "SELECT coalesce(max(served), 0) AS served FROM sentia_job_tenants";
    let last = statement::query(transaction, sql, Vec::new()).await?;
    let last: i64 = last.first().map_or(Ok(0), |row| statement::column(row, "served"))?;
    let names: Vec<String> = (2..2 + tenants.len()).map(|at| format!("${at}")).collect();
    let sql = format!("UPDATE sentia_job_tenants SET served = $1 WHERE tenant IN ({})", names.join(", "));
    let mut values = vec![Value::from(last + 1)];
    values.extend(tenants.iter().map(|tenant| Value::from(tenant.as_str())));
    statement::execute(transaction, &sql, values).await.map(drop)
}
