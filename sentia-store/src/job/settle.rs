//! What becomes of jobs when their attempts end: one statement for all of them, because only the row knows what was
//! asked of its job meanwhile.

use chrono::{DateTime, Utc};
use sea_orm::Value;
use sentia_core::job::Outcome;

/// How an attempt came to its end.
#[derive(Debug)]
pub(super) enum End {
    /// Its worker said so.
    Said(Outcome),
    /// Its lease ended first.
    Lost,
}

/// Where an end leads, in words of SQL over the row as it was.
#[derive(Debug)]
struct Way {
    /// When the job is queued to be tried again.
    again: &'static str,
    /// Its attempts then.
    attempt: &'static str,
    /// Its state otherwise, and for good.
    last: &'static str,
    /// When it is due to be tried again; none to leave its time as it was.
    due: Option<DateTime<Utc>>,
    note: Option<String>,
}

/// Parameters of [`settling`]; those of its caller come after them.
pub(super) const OWN: usize = 3;

const LOST: &str = "its worker ended without a word";

fn way(end: End) -> Way {
    let last = |last, note| Way { again: "FALSE", attempt: "attempt", last, due: None, note };
    let retry = |due, note| Way {
        again: "NOT cancel AND attempt < max_attempts",
        attempt: "attempt",
        last: "CASE WHEN cancel THEN 'cancelled' ELSE 'dead' END",
        due,
        note: Some(note),
    };
    match end {
        End::Said(Outcome::Done) => last("'done'", None),
        End::Said(Outcome::Cancelled) => last("'cancelled'", None),
        End::Said(Outcome::Dead { error }) => last("'dead'", Some(error)),
        End::Said(Outcome::Retry { at, error }) => retry(Some(at), error),
        // It keeps its place: it was due before.
        End::Lost => retry(None, LOST.to_owned()),
        End::Said(Outcome::Snooze { until, reason }) => Way {
            again: "NOT cancel",
            attempt: "attempt - 1",
            last: "'cancelled'",
            due: Some(until),
            note: Some(reason),
        },
    }
}

/// Ends the attempts of the running jobs that `clause` names, and the parameters up to [`OWN`].
///
/// A job that would come to its end but was ordered again while it ran, is queued: that order is owed all its attempts.
pub(super) fn settling(end: End, now: DateTime<Utc>, clause: &str) -> (String, Vec<Value>) {
    // Nothing is left to say of a job that is done; who stops one has nothing new to say of it.
    let note = if matches!(end, End::Said(Outcome::Cancelled)) { "coalesce($3, note)" } else { "$3" };
    let Way { again, attempt, last, due, note: said } = way(end);
    let due_ms =
        format!("CASE WHEN {again} THEN coalesce($2, run_at_ms) WHEN dirty THEN $1 ELSE run_at_ms END");
    // A job's rank is as far from its time as ever.
    let sql = format!(
        "UPDATE sentia_jobs SET state = CASE WHEN {again} OR dirty THEN 'queued' ELSE {last} END, \
         attempt = CASE WHEN {again} THEN {attempt} WHEN dirty THEN 0 ELSE attempt END, run_at_ms = {due_ms}, \
         rank = rank - run_at_ms + {due_ms}, note = {note}, \
         finished_ms = CASE WHEN {again} OR dirty THEN NULL ELSE $1 END, \
         dirty = FALSE, cancel = FALSE, worker = NULL, until_ms = NULL WHERE {clause}"
    );
    let due = due.map(|at| at.timestamp_millis());
    (sql, vec![now.timestamp_millis().into(), due.into(), said.into()])
}
