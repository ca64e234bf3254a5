//! One pass over the tenants: whose turn it is, and which of their jobs.
//!
//! A pass locks its tenants and leaves those that another pass holds, so that no two choose from one lane. On PostgreSQL
//! it is one statement. SQLite, which has one writer and nobody to ask over a network, takes a statement for the turns
//! and one for each tenant. Their parameters are the same: [`values`].

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use sentia_core::{
    Result,
    job::{Claim, Claimed, MAX_LEASE, PRIORITY_STEP},
};

use super::{row, statement};
use crate::entity::job::Model;

/// Which leases a pass minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leases {
    /// It takes nothing when one has ended: that job comes first.
    Run,
    /// It takes what is queued.
    AsTheyAre,
}

/// The running jobs whose lease has ended by `now`, which is a parameter, or was given by a clock that was far ahead and
/// has been set back: no lease is longer.
pub(super) fn ended(now: &str) -> String {
    let longest = 2 * MAX_LEASE.as_millis();
    format!(
        "SELECT id FROM sentia_jobs WHERE state = 'running' AND (until_ms <= {now} OR until_ms > {now} + {longest})"
    )
}

/// The jobs of `j` that may run now. A rank tells how long to look: none that is due has a higher one.
const RUNNABLE: &str = "j.state = 'queued' AND j.rank <= $1 AND j.run_at_ms <= $2 AND (j.lane IS NULL OR NOT EXISTS \
                        (SELECT 1 FROM sentia_jobs r WHERE r.tenant = j.tenant AND r.lane = j.lane \
                        AND r.state = 'running'))";

/// Of the jobs that are `due` the best of each lane, and of those a tenant's share; then takes them.
///
/// Jobs of one lane may fill a kind's list and keep its others out of it: of other kinds nothing goes before those that
/// follow its last one. The next pass finds that lane taken. Without MATERIALIZED PostgreSQL may run the locking query
/// again for each row.
const TAKE: &str = "listed AS MATERIALIZED (SELECT tenant, kind, rank, id FROM (SELECT *, \
                    row_number() OVER (PARTITION BY tenant, kind ORDER BY rank DESC, id DESC) AS back, \
                    count(*) OVER (PARTITION BY tenant, kind) AS many FROM due) l WHERE back = 1 AND many >= share), \
                    best AS MATERIALIZED (SELECT id FROM (SELECT id, share, row_number() OVER \
                    (PARTITION BY tenant ORDER BY rank, id) AS place FROM (SELECT *, row_number() OVER \
                    (PARTITION BY tenant, coalesce('lane ' || lane, id) ORDER BY rank, id) AS in_lane FROM due) lanes \
                    WHERE in_lane = 1 AND NOT EXISTS (SELECT 1 FROM listed WHERE listed.tenant = lanes.tenant \
                    AND listed.kind <> lanes.kind AND (listed.rank, listed.id) < (lanes.rank, lanes.id))) placed \
                    WHERE place <= share) \
                    UPDATE sentia_jobs SET state = 'running', attempt = attempt + 1, fence = fence + 1, worker = $4, \
                    until_ms = $5, dirty = FALSE WHERE id IN (SELECT id FROM best) RETURNING *";

/// Parameters before the kinds.
const OWN: usize = 5;

/// `$1` the last rank that can be due, `$2` now, `$3` how many jobs, `$4` the worker, `$5` when its leases end; then the
/// kinds.
pub(super) fn values(claim: &Claim, jobs: u32, now: DateTime<Utc>) -> Vec<Value> {
    let (now, until) = (now.timestamp_millis(), claim.until.timestamp_millis());
    // The lowest priority ranks a job last.
    let last = now - i64::from(i8::MIN) * PRIORITY_STEP.as_millis() as i64;
    let own: [Value; OWN] =
        [last.into(), now.into(), i64::from(jobs).into(), claim.worker.as_str().into(), until.into()];
    own.into_iter().chain(claim.kinds.iter().map(|kind| kind.as_str().into())).collect()
}

fn kinds(claim: &Claim) -> std::ops::RangeInclusive<usize> {
    OWN + 1..=OWN + claim.kinds.len()
}

/// Whether a tenant `t` has a job to run.
pub(super) fn has_work(claim: &Claim) -> String {
    // A value per tenant and kind, not EXISTS: PostgreSQL without statistics would join all jobs for that.
    let has = |kind: usize| {
        format!(
            "(SELECT 1 FROM sentia_jobs j WHERE j.tenant = t.tenant AND j.kind = ${kind} AND {RUNNABLE} \
             ORDER BY j.rank, j.id LIMIT 1) IS NOT NULL"
        )
    };
    format!("({})", kinds(claim).map(has).collect::<Vec<_>>().join(" OR "))
}

/// The jobs that are due of a tenant `t`, `t.share` of each kind. Each kind has an order of its own in the index; a list
/// of kinds would have all of them read and sorted.
fn due(claim: &Claim, tenant: &str, share: &str, from: &str) -> String {
    let of_kind = |kind: usize| {
        format!(
            "SELECT {tenant} AS tenant, {share} AS share, id, lane, rank, kind FROM {from} (SELECT id, lane, \
             rank, kind FROM sentia_jobs j WHERE j.tenant = {tenant} AND j.kind = ${kind} AND {RUNNABLE} \
             ORDER BY rank, id LIMIT {share} {{skip_locked}}) k{kind}"
        )
    };
    format!("due AS MATERIALIZED ({})", kinds(claim).map(of_kind).collect::<Vec<_>>().join(" UNION ALL "))
}

/// Takes jobs of the tenants whose turn it is, and puts those tenants last; best jobs first.
pub(super) async fn pass<C: ConnectionTrait>(
    connection: &C,
    claim: &Claim,
    jobs: u32,
    leases: Leases,
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let mut rows = match connection.get_database_backend() {
        DbBackend::Postgres => {
            let sql = at_once(claim, jobs, leases);
            statement::jobs(connection, &sql, values(claim, jobs, now)).await?
        }
        _ => by_turns(connection, claim, jobs, now).await?,
    };
    rows.sort_by(|left, right| (left.rank, &left.id).cmp(&(right.rank, &right.id)));
    rows.into_iter().map(row::claimed).collect()
}

/// PostgreSQL's pass.
///
/// A statement sees one moment. A tenant that another pass served after it has lanes this one knows nothing of: what
/// was read of its row before it was locked is no longer true, and the tenant is left out as if it was still held.
fn at_once(claim: &Claim, jobs: u32, leases: Leases) -> String {
    let unless = match leases {
        Leases::Run => format!("AND NOT EXISTS ({})", ended("$2")),
        Leases::AsTheyAre => String::new(),
    };
    // A limit it can read lets PostgreSQL keep its plan: it takes a parameter for a tenth of all rows.
    let at_most = jobs.next_power_of_two();
    format!(
        "WITH turns AS MATERIALIZED (SELECT * FROM (SELECT tenant, served FROM sentia_job_tenants t WHERE {} {unless} \
         AND served = (SELECT served FROM sentia_job_tenants s WHERE s.tenant = t.tenant) \
         ORDER BY served, tenant LIMIT {at_most} {{skip_locked}}) first LIMIT $3), \
         placed AS MATERIALIZED (SELECT tenant, place, $3 / tenants + CASE WHEN place <= $3 % tenants THEN 1 ELSE 0 END \
         AS share FROM (SELECT tenant, row_number() OVER (ORDER BY served, tenant) AS place, count(*) OVER () AS tenants \
         FROM turns) counted), \
         served AS (UPDATE sentia_job_tenants t SET served = place + (SELECT max(served) FROM sentia_job_tenants) \
         FROM placed WHERE placed.tenant = t.tenant), {}, {TAKE}",
        has_work(claim),
        due(claim, "t.tenant", "t.share", "placed t CROSS JOIN LATERAL")
    )
}

/// SQLite's pass.
async fn by_turns<C: ConnectionTrait>(
    transaction: &C,
    claim: &Claim,
    jobs: u32,
    now: DateTime<Utc>,
) -> Result<Vec<Model>> {
    let sql = format!(
        "WITH turns AS (SELECT tenant AS name, row_number() OVER (ORDER BY served, tenant) AS place FROM \
         (SELECT tenant, served FROM sentia_job_tenants t WHERE {} ORDER BY served, tenant LIMIT $3) first) \
         UPDATE sentia_job_tenants SET served = place + (SELECT max(served) FROM sentia_job_tenants) \
         FROM turns WHERE tenant = name RETURNING served, tenant",
        has_work(claim)
    );
    let mut turns: Vec<(i64, String)> = Vec::new();
    for row in statement::query(transaction, &sql, values(claim, jobs, now)).await? {
        turns.push((statement::column(&row, "served")?, statement::column(&row, "tenant")?));
    }
    turns.sort();
    let tenants = turns.len() as u32;
    let tenant = format!("${}", OWN + claim.kinds.len() + 1);
    let sql = format!("WITH {}, {TAKE}", due(claim, &tenant, "$3", ""));
    let mut rows = Vec::new();
    for (place, (_, tenant)) in (1..).zip(turns) {
        let share = jobs / tenants + u32::from(place <= jobs % tenants);
        let mut values = values(claim, share, now);
        values.push(tenant.into());
        rows.extend(statement::jobs(transaction, &sql, values).await?);
    }
    Ok(rows)
}
