//! Whose turn it is, and which of their jobs.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Value};
use sentia_core::{
    Error, ErrorKind, Result,
    job::{Claim, Claimed, MAX_LEASE, PRIORITY_STEP, Taken},
};
use serde_json::json;

use super::{
    row,
    settle::{End, settling},
    statement,
};
use crate::{connect::Store, error::orm_error};

const MAX_LEASE_SPAN: TimeDelta = TimeDelta::seconds(MAX_LEASE.as_secs() as i64);

/// Ended leases that one claim takes back.
const RESCUES: i64 = 1_000;

/// The jobs of `j` that may run now. A rank tells how long to look: none that is due has a higher one.
const RUNNABLE: &str = "j.state = 'queued' AND j.rank <= $1 AND j.run_at_ms <= $2 AND (j.lane IS NULL OR NOT EXISTS \
                        (SELECT 1 FROM sentia_jobs r WHERE r.tenant = j.tenant AND r.lane = j.lane \
                        AND r.state = 'running'))";

/// Running jobs whose lease has ended by `now`, which is a parameter, or was given by a clock that was far ahead and has
/// been set back: no lease is longer.
fn lease_ended(now: &str) -> String {
    let longest = 2 * MAX_LEASE.as_millis();
    format!("state = 'running' AND (until_ms <= {now} OR until_ms > {now} + {longest})")
}

fn runnable(now: DateTime<Utc>) -> Vec<Value> {
    let now = now.timestamp_millis();
    // The lowest priority ranks a job last.
    let last = now - i64::from(i8::MIN) * PRIORITY_STEP.as_millis() as i64;
    vec![last.into(), now.into()]
}

pub(super) async fn claim(store: &Store, claim: &Claim, now: DateTime<Utc>) -> Result<Taken> {
    if claim.until - now > MAX_LEASE_SPAN {
        let message = "a lease lasts 15 minutes at most; ask for less and renew it";
        return Err(Error::new(ErrorKind::ConfigInvalid, message).context("until", claim.until));
    }
    if claim.kinds.is_empty() || claim.limit == 0 {
        return Ok(Taken::default());
    }
    let transaction = statement::begin(store).await?;
    let (mut taken, mut looked) = (Vec::new(), false);
    // Each pass gives every tenant with work its share, and at least one job to one of them.
    while taken.len() < claim.limit as usize {
        let left = claim.limit - taken.len() as u32;
        let turns = turns(&transaction, claim, left, now).await?;
        let nobody = turns.tenants.is_empty();
        if !looked && (nobody || turns.leases_ended) {
            looked = true;
            let rescued = rescue(&transaction, now).await?;
            // Others may be about to take what there is, and leave some of it.
            if nobody && taken.is_empty() && (rescued > 0 || wait(&transaction, claim, now).await? > 0) {
                continue;
            }
        }
        let before = taken.len();
        taken.extend(take(&transaction, claim, &turns.shares(left), now).await?);
        if taken.len() == before {
            break;
        }
    }
    let next = match taken.len() < claim.limit as usize {
        true => next_due(&transaction, claim, now).await?,
        false => None,
    };
    transaction.commit().await.map_err(orm_error)?;
    Ok(Taken { jobs: taken, next })
}

/// Takes back jobs whose leases have ended, whatever their kind, and says how many.
async fn rescue<C: ConnectionTrait>(transaction: &C, now: DateTime<Utc>) -> Result<usize> {
    // Without MATERIALIZED PostgreSQL may run the locking query again for each row.
    let clause = format!(
        "id IN (WITH ended AS MATERIALIZED (SELECT id FROM sentia_jobs WHERE {} ORDER BY until_ms LIMIT $4 \
         {{skip_locked}}) SELECT id FROM ended) RETURNING id, kind, attempt, state",
        lease_ended("$1")
    );
    let (sql, mut values) = settling(End::Lost, now, &clause);
    values.push(RESCUES.into());
    let rows = statement::query(transaction, &sql, values).await?;
    for row in &rows {
        let text = |name| statement::column::<String>(row, name);
        let (job, kind, state) = (text("id")?, text("kind")?, text("state")?);
        let attempt: i64 = statement::column(row, "attempt")?;
        tracing::warn!(%job, %kind, attempt, %state, "a job's worker ended without a word");
    }
    Ok(rows.len())
}

/// The tenants whose turn it is.
#[derive(Debug, Default)]
struct Turns {
    /// Least recently served first.
    tenants: Vec<String>,
    /// Whether a lease has ended that nobody took back.
    leases_ended: bool,
}

impl Turns {
    /// What each gets of so many jobs: the first ones get what cannot be shared.
    fn shares(self, jobs: u32) -> Vec<(String, u32)> {
        let tenants = self.tenants.len().max(1) as u32;
        let share = |at| jobs / tenants + u32::from(at < jobs % tenants);
        (0..).zip(self.tenants).map(|(at, tenant)| (tenant, share(at))).collect()
    }
}

/// Whether a tenant `t` has a job to run, and the values of that question.
fn has_work(claim: &Claim, mut values: Vec<Value>) -> (String, Vec<Value>) {
    // A value per tenant and kind, not EXISTS: PostgreSQL without statistics would join all jobs for that.
    let has = |kind: &String| {
        values.push(kind.as_str().into());
        format!(
            "(SELECT 1 FROM sentia_jobs j WHERE j.tenant = t.tenant AND j.kind = ${} AND {RUNNABLE} \
             ORDER BY j.rank, j.id LIMIT 1) IS NOT NULL",
            values.len()
        )
    };
    let clauses: Vec<String> = claim.kinds.iter().map(has).collect();
    (clauses.join(" OR "), values)
}

/// Gives their turns to the tenants that have a job to run, least recently served first, and puts them last in that
/// order. It leaves out those that another claim holds.
async fn turns<C: ConnectionTrait>(
    transaction: &C,
    claim: &Claim,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<Turns> {
    let mut values = runnable(now);
    values.push(i64::from(limit).into());
    let (has_work, values) = has_work(claim, values);
    let sql = format!(
        "WITH turns AS MATERIALIZED (SELECT tenant, served FROM sentia_job_tenants t WHERE {has_work} \
         ORDER BY served, tenant LIMIT $3 {{skip_locked}}) \
         UPDATE sentia_job_tenants SET served = place + (SELECT max(served) FROM sentia_job_tenants) \
         FROM (SELECT tenant AS name, row_number() OVER (ORDER BY served, tenant) AS place FROM turns) placed \
         WHERE tenant = name RETURNING tenant, served, \
         EXISTS (SELECT 1 FROM sentia_jobs WHERE {}) AS leases_ended",
        lease_ended("$2")
    );
    let mut turns = Turns::default();
    let mut placed = Vec::new();
    for row in statement::query(transaction, &sql, values).await? {
        placed.push((statement::column::<i64>(&row, "served")?, statement::column(&row, "tenant")?));
        turns.leases_ended = statement::column(&row, "leases_ended")?;
    }
    placed.sort();
    turns.tenants = placed.into_iter().map(|(_, tenant)| tenant).collect();
    Ok(turns)
}

/// Waits until no other claim holds a tenant that has a job to run, and says whether there is one: 1 or 0.
async fn wait<C: ConnectionTrait>(transaction: &C, claim: &Claim, now: DateTime<Utc>) -> Result<usize> {
    let (has_work, values) = has_work(claim, runnable(now));
    let sql = format!(
        "SELECT tenant FROM sentia_job_tenants t WHERE {has_work} ORDER BY served, tenant LIMIT 1 {{for_update}}"
    );
    Ok(statement::query(transaction, &sql, values).await?.len())
}

/// Takes the best jobs of tenants, of each lane the best one.
async fn take<C: ConnectionTrait>(
    transaction: &C,
    claim: &Claim,
    shares: &[(String, u32)],
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let sql = taking(claim.kinds.len());
    let mut rows = Vec::new();
    for shares in shares.chunks(statement::tenants_at_once(transaction)) {
        let named = |(tenant, share): &(String, u32)| json!({ "tenant": tenant, "share": share });
        let mut values = runnable(now);
        values.push(Value::from(shares.iter().map(named).collect::<serde_json::Value>().to_string()));
        values.extend([claim.worker.as_str().into(), claim.until.timestamp_millis().into()]);
        values.extend(claim.kinds.iter().map(|kind| Value::from(kind.as_str())));
        rows.extend(statement::jobs(transaction, &sql, values).await?);
    }
    // The order of turns, and within a tenant that of ranks.
    let turn = |tenant: &str| shares.iter().position(|(name, _)| name == tenant);
    rows.sort_by_cached_key(|row| (turn(&row.tenant), row.rank, row.id.clone()));
    rows.into_iter().map(row::claimed).collect()
}

/// Takes what `$3` grants. Each kind has an order of its own in the index; a list of kinds would have all of them read
/// and sorted.
fn taking(kinds: usize) -> String {
    let of_kind = |at: usize| {
        format!(
            "SELECT {{tenant}} AS tenant, {{share}} AS share, id, lane, rank, kind FROM {{tenants}} (SELECT id, lane, rank, \
             kind FROM sentia_jobs j WHERE j.tenant = {{tenant}} AND j.kind = ${at} AND {RUNNABLE} \
             ORDER BY rank, id LIMIT {{share}} {{skip_locked}}) k{at}"
        )
    };
    let due: Vec<String> = (6..6 + kinds).map(of_kind).collect();
    // Jobs of one lane may fill a kind's list and keep its others out of it: of other kinds nothing goes before those that
    // follow its last one. The next pass finds that lane taken.
    // Without MATERIALIZED PostgreSQL may run the locking query again for each row.
    format!(
        "WITH due AS MATERIALIZED ({}), seen AS MATERIALIZED (SELECT tenant, kind, rank, id FROM (SELECT *, \
         row_number() OVER (PARTITION BY tenant, kind ORDER BY rank DESC, id DESC) AS back, \
         count(*) OVER (PARTITION BY tenant, kind) AS many FROM due) listed WHERE back = 1 AND many >= share), \
         best AS MATERIALIZED (SELECT id FROM (SELECT id, share, row_number() OVER \
         (PARTITION BY tenant ORDER BY rank, id) AS place FROM (SELECT *, row_number() OVER \
         (PARTITION BY tenant, coalesce('lane ' || lane, id) ORDER BY rank, id) AS in_lane FROM due) lanes \
         WHERE in_lane = 1 AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.tenant = lanes.tenant \
         AND seen.kind <> lanes.kind AND (seen.rank, seen.id) < (lanes.rank, lanes.id))) placed WHERE place <= share) \
         UPDATE sentia_jobs SET state = 'running', attempt = attempt + 1, fence = fence + 1, worker = $4, \
         until_ms = $5, dirty = FALSE WHERE id IN (SELECT id FROM best) RETURNING *",
        due.join(" UNION ALL ")
    )
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
