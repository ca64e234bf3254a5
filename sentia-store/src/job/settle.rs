//! What becomes of a job when an attempt ends. Pure: the database is told the result.

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use sentia_core::{
    Result,
    job::{Job, JobState, Outcome},
};

use super::{row, statement};
use crate::entity::job::Model;

/// How an attempt came to its end.
#[derive(Debug)]
pub(super) enum End {
    /// Its worker said so.
    Said(Outcome),
    /// Its lease ended first.
    Lost,
}

/// Where a job goes, and what is noted.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    state: JobState,
    /// Attempts counted from here on.
    attempt: u32,
    /// When it is due; none to leave it as it was.
    due: Option<DateTime<Utc>>,
    note: Option<String>,
}

/// The first word of those that look at a lease.
const LOST: &str = "its worker ended without a word";

fn next(job: &Job, dirty: bool, end: End, now: DateTime<Utc>) -> Next {
    let spent = job.attempt >= job.order.max_attempts;
    let go = |state, note| Next { state, attempt: job.attempt, due: None, note };
    let again =
        |at, attempt, note| Next { state: JobState::Queued, attempt, due: Some(at), note: Some(note) };
    let wanted = match end {
        End::Said(Outcome::Done) => go(JobState::Done, None),
        End::Said(Outcome::Cancelled) => go(JobState::Cancelled, job.note.clone()),
        End::Said(Outcome::Dead { error }) => go(JobState::Dead, Some(error)),
        End::Said(Outcome::Retry { error, .. }) if job.cancel_requested => {
            go(JobState::Cancelled, Some(error))
        }
        End::Said(Outcome::Retry { error, .. }) if spent => go(JobState::Dead, Some(error)),
        End::Said(Outcome::Retry { at, error }) => again(at, job.attempt, error),
        End::Said(Outcome::Snooze { reason, .. }) if job.cancel_requested => {
            go(JobState::Cancelled, Some(reason))
        }
        End::Said(Outcome::Snooze { until, reason }) => again(until, job.attempt.saturating_sub(1), reason),
        End::Lost if job.cancel_requested => go(JobState::Cancelled, Some(LOST.to_owned())),
        End::Lost if spent => go(JobState::Dead, Some(LOST.to_owned())),
        // It keeps its place: it was due before.
        End::Lost => go(JobState::Queued, Some(LOST.to_owned())),
    };
    // Ordered again while it ran: that order is owed all its attempts.
    if dirty && wanted.state.is_final() {
        return Next { state: JobState::Queued, attempt: 0, due: Some(now), note: wanted.note };
    }
    wanted
}

/// Ends the attempt of a running row that this transaction holds.
pub(super) async fn settle<C: ConnectionTrait>(
    transaction: &C,
    running: Model,
    end: End,
    now: DateTime<Utc>,
) -> Result<JobState> {
    let (dirty, id, rank, run_at_ms) = (running.dirty, running.id.clone(), running.rank, running.run_at_ms);
    let job = row::job(running)?;
    let next = next(&job, dirty, end, now);
    let (rank, run_at_ms) =
        next.due.map_or((rank, run_at_ms), |at| (job.order.rank(at), at.timestamp_millis()));
    let finished = next.state.is_final().then(|| now.timestamp_millis());
    let sql = "UPDATE sentia_jobs SET state = $1, attempt = $2, run_at_ms = $3, rank = $4, note = $5, \
               finished_ms = $6, dirty = FALSE, cancel = FALSE, worker = NULL, until_ms = NULL WHERE id = $7";
    let values = vec![
        next.state.code().into(),
        i64::from(next.attempt).into(),
        run_at_ms.into(),
        rank.into(),
        next.note.into(),
        finished.into(),
        id.into(),
    ];
    statement::execute(transaction, sql, values).await?;
    Ok(next.state)
}
