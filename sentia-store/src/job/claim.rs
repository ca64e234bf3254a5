//! Who gets jobs, and what comes before that: leases that have ended.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use sentia_core::{
    Error, ErrorKind, Result,
    job::{Claim, Claimed, MAX_LEASE, Taken},
};

use super::{
    pass::{self, Leases},
    row,
    settle::{End, settling},
    statement,
};
use crate::{connect::Store, error::orm_error};

/// Ended leases that one claim takes back.
const RESCUES: i64 = 1_000;

const LONGEST: TimeDelta = TimeDelta::seconds(MAX_LEASE.as_secs() as i64);

pub(super) async fn claim(store: &Store, claim: &Claim, now: DateTime<Utc>) -> Result<Taken> {
    if claim.until - now > LONGEST {
        let message = "a lease lasts 15 minutes at most; ask for less and renew it";
        return Err(Error::new(ErrorKind::ConfigInvalid, message).context("until", claim.until));
    }
    if claim.kinds.is_empty() || claim.limit == 0 {
        return Ok(Taken::default());
    }
    let jobs = jobs(store, claim, now).await?;
    let next = match jobs.len() < claim.limit as usize {
        true => next_due(&store.0.orm, claim, now).await?,
        false => None,
    };
    Ok(Taken { jobs, next })
}

async fn jobs(store: &Store, claim: &Claim, now: DateTime<Utc>) -> Result<Vec<Claimed>> {
    let orm = &store.0.orm;
    let mut taken = Vec::new();
    // A pass of PostgreSQL's is a transaction of its own, which is all that most claims take.
    if orm.get_database_backend() == DbBackend::Postgres {
        let passed = passes(orm, claim, Leases::Run, now, &mut taken).await;
        match passed {
            Err(error) if !taken.is_empty() => tracing::warn!(%error, "a claim gives less than there is"),
            passed => passed?,
        }
    }
    if !taken.is_empty() || !is_work_left(orm, claim, now).await? {
        return Ok(taken);
    }
    let transaction = statement::begin(store).await?;
    rescue(&transaction, now).await?;
    await_turn(&transaction, claim, now).await?;
    passes(&transaction, claim, Leases::AsTheyAre, now, &mut taken).await?;
    transaction.commit().await.map_err(orm_error)?;
    Ok(taken)
}

/// Takes jobs until there are enough or no more. Each pass gives every tenant with work its share.
async fn passes<C: ConnectionTrait>(
    connection: &C,
    claim: &Claim,
    leases: Leases,
    now: DateTime<Utc>,
    taken: &mut Vec<Claimed>,
) -> Result<()> {
    while taken.len() < claim.limit as usize {
        let left = claim.limit - taken.len() as u32;
        let more = pass::pass(connection, claim, left, leases, now).await?;
        if more.is_empty() {
            break;
        }
        taken.extend(more);
    }
    Ok(())
}

/// Whether there is something to take or to take back, also where another claim is about to.
async fn is_work_left<C: ConnectionTrait>(connection: &C, claim: &Claim, now: DateTime<Utc>) -> Result<bool> {
    let sql = format!(
        "SELECT 1 AS one WHERE EXISTS ({}) OR EXISTS (SELECT 1 FROM sentia_job_tenants t WHERE {})",
        pass::ended("$2"),
        pass::has_work(claim)
    );
    let rows = statement::query(connection, &sql, pass::values(claim, 0, now)).await?;
    Ok(!rows.is_empty())
}

/// Takes back jobs whose leases have ended, whatever their kind.
async fn rescue<C: ConnectionTrait>(transaction: &C, now: DateTime<Utc>) -> Result<()> {
    // Without MATERIALIZED PostgreSQL may run the locking query again for each row.
    let clause = format!(
        "id IN (WITH ended AS MATERIALIZED ({} ORDER BY until_ms LIMIT $4 {{skip_locked}}) SELECT id FROM ended) \
         RETURNING id, kind, attempt, state",
        pass::ended("$1")
    );
    let (sql, mut values) = settling(End::Lost, now, &clause);
    values.push(RESCUES.into());
    for row in statement::query(transaction, &sql, values).await? {
        let text = |name| statement::column::<String>(&row, name);
        let (job, kind, state) = (text("id")?, text("kind")?, text("state")?);
        let attempt: i64 = statement::column(&row, "attempt")?;
        tracing::warn!(%job, %kind, attempt, %state, "a job's worker ended without a word");
    }
    Ok(())
}

/// Waits until no other claim holds the next tenant that has a job to run: it may leave some of its work.
async fn await_turn<C: ConnectionTrait>(transaction: &C, claim: &Claim, now: DateTime<Utc>) -> Result<()> {
    let sql = format!(
        "SELECT tenant FROM sentia_job_tenants t WHERE {} ORDER BY served, tenant LIMIT 1 {{for_update}}",
        pass::has_work(claim)
    );
    statement::query(transaction, &sql, pass::values(claim, 1, now)).await.map(drop)
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
