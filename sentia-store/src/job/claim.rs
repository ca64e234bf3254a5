//! Whose turn it is, and which of their jobs.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Value};
use sentia_core::{
    Result,
    job::{Claim, Claimed, PRIORITY_STEP},
};

use super::{
    row,
    settle::{End, settling},
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

pub(super) async fn claim(store: &Store, claim: &Claim, now: DateTime<Utc>) -> Result<Vec<Claimed>> {
    if claim.kinds.is_empty() || claim.limit == 0 {
        return Ok(Vec::new());
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
    transaction.commit().await.map_err(orm_error)?;
    Ok(taken)
}

/// Takes back jobs whose leases have ended, whatever their kind.
async fn rescue<C: ConnectionTrait>(transaction: &C, now: DateTime<Utc>) -> Result<()> {
    // Without MATERIALIZED PostgreSQL may run the locking query again for each row.
    let clause = "id IN (WITH ended AS MATERIALIZED (SELECT id FROM sentia_jobs WHERE state = 'running' \
                  AND until_ms <= $1 ORDER BY until_ms LIMIT $4 {skip_locked}) SELECT id FROM ended) \
                  RETURNING id, kind, attempt, state";
    let (sql, mut values) = settling(End::Lost, now, clause);
    values.push(RESCUES.into());
    for row in statement::query(transaction, &sql, values).await? {
        let text = |name| statement::column::<String>(&row, name);
        let (job, kind, state) = (text("id")?, text("kind")?, text("state")?);
        let attempt: i64 = statement::column(&row, "attempt")?;
        tracing::warn!(%job, %kind, attempt, %state, "a job's worker ended without a word");
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
            "SELECT * FROM (SELECT id, lane, rank FROM sentia_jobs j WHERE j.tenant = $3 AND j.kind = ${at} \
             AND {RUNNABLE} ORDER BY rank, id LIMIT $4 {{skip_locked}}) k{at}"
        )
    };
    let due: Vec<String> = (7..7 + claim.kinds.len()).map(of_kind).collect();
    // Without MATERIALIZED PostgreSQL may run the locking query again for each row.
    let sql = format!(
        "WITH due AS MATERIALIZED ({}), best AS MATERIALIZED (SELECT id FROM (SELECT id, rank, row_number() OVER \
         (PARTITION BY coalesce('lane ' || lane, id) ORDER BY rank, id) AS place FROM due) placed \
         WHERE place = 1 ORDER BY rank, id LIMIT $4) \
         UPDATE sentia_jobs SET state = 'running', attempt = attempt + 1, fence = fence + 1, worker = $5, \
         until_ms = $6, dirty = FALSE WHERE id IN (SELECT id FROM best) RETURNING *",
        due.join(" UNION ALL ")
    );
    let mut rows = statement::jobs(transaction, &sql, values).await?;
    rows.sort_by(|left, right| (left.rank, &left.id).cmp(&(right.rank, &right.id)));
    rows.into_iter().map(row::claimed).collect()
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
