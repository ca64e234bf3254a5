//! Who runs what, and how attempts end.

use chrono::{DateTime, Utc};

use super::{Held, Row, whole};
use crate::{
    Error, ErrorKind, Result,
    job::{Claim, Claimed, JobId, JobState, Lease, MAX_LEASE, Outcome, Taken},
};

const LOST: &str = "its worker ended without a word";

impl Held {
    pub(super) fn claim(&mut self, claim: &Claim, now: DateTime<Utc>) -> Result<Taken> {
        if claim.until - now > chrono::Duration::from_std(MAX_LEASE).unwrap_or_default() {
            let message = "a lease lasts 15 minutes at most; ask for less and renew it";
            return Err(Error::new(ErrorKind::ConfigInvalid, message));
        }
        self.rescue(now);
        let mut taken = Taken::default();
        // A round gives each tenant with work a turn, least recently served first.
        while taken.jobs.len() < claim.limit as usize {
            let mut turns: Vec<String> = self
                .served
                .keys()
                .filter(|tenant| self.best(tenant, claim, now).is_some())
                .cloned()
                .collect();
            turns.sort_by_key(|tenant| (self.served[tenant], tenant.clone()));
            turns.truncate(claim.limit as usize - taken.jobs.len());
            if turns.is_empty() {
                break;
            }
            let turn = self.served.values().max().unwrap_or(&0) + 1;
            for tenant in turns {
                if let Some(id) = self.best(&tenant, claim, now) {
                    taken.jobs.extend(self.take(id, claim));
                    self.served.insert(tenant, turn);
                }
            }
        }
        if taken.jobs.len() < claim.limit as usize {
            let waiting =
                self.jobs.values().filter(|row| row.job.state == JobState::Queued && row.due() > now);
            taken.next = waiting.filter(|row| claim.kinds.contains(&row.job.order.kind)).map(Row::due).min();
        }
        Ok(taken)
    }

    fn rescue(&mut self, now: DateTime<Utc>) {
        let far = now + 2 * MAX_LEASE;
        for row in self.jobs.values_mut() {
            if row.job.lease.as_ref().is_some_and(|lease| lease.until <= now || lease.until > far) {
                end(row, None, now);
            }
        }
    }

    /// A tenant's best job that may run.
    fn best(&self, tenant: &str, claim: &Claim, now: DateTime<Utc>) -> Option<JobId> {
        let mine = self.jobs.values().filter(|row| row.job.order.tenant == tenant);
        let runnable = mine.filter(|row| {
            row.job.state == JobState::Queued
                && row.due() <= now
                && claim.kinds.contains(&row.job.order.kind)
                && !self.is_blocked(row)
        });
        runnable.min_by_key(|row| (row.rank, row.job.id)).map(|row| row.job.id)
    }

    /// Whether another job of its lane runs.
    pub(super) fn is_blocked(&self, row: &Row) -> bool {
        let order = &row.job.order;
        order.lane.is_some()
            && self.jobs.values().any(|other| {
                other.job.state == JobState::Running
                    && (&other.job.order.tenant, &other.job.order.lane) == (&order.tenant, &order.lane)
            })
    }

    fn take(&mut self, id: JobId, claim: &Claim) -> Option<Claimed> {
        let row = self.jobs.get_mut(&id)?;
        row.fence += 1;
        row.dirty = false;
        row.job.attempt += 1;
        row.job.state = JobState::Running;
        let (worker, until) = (claim.worker.clone(), whole(claim.until));
        let lease = Lease { job: id, worker, fence: row.fence, until };
        row.job.lease = Some(lease.clone());
        Some(Claimed { job: row.job.clone(), lease })
    }
}

/// Ends the attempt of a running job; without an outcome its lease ended first.
pub(super) fn end(row: &mut Row, outcome: Option<Outcome>, now: DateTime<Utc>) {
    let (called_off, spent) = (row.job.cancel_requested, row.job.attempt >= row.job.order.max_attempts);
    let (state, note, due) = match outcome {
        Some(Outcome::Done) => (JobState::Done, None, None),
        Some(Outcome::Cancelled) => (JobState::Cancelled, row.job.note.clone(), None),
        Some(Outcome::Dead { error }) => (JobState::Dead, Some(error), None),
        Some(Outcome::Retry { error, .. }) if called_off => (JobState::Cancelled, Some(error), None),
        Some(Outcome::Retry { error, .. }) if spent => (JobState::Dead, Some(error), None),
        Some(Outcome::Retry { at, error }) => (JobState::Queued, Some(error), Some(at)),
        Some(Outcome::Snooze { reason, .. }) if called_off => (JobState::Cancelled, Some(reason), None),
        Some(Outcome::Snooze { until, reason }) => {
            row.job.attempt = row.job.attempt.saturating_sub(1);
            (JobState::Queued, Some(reason), Some(until))
        }
        None if called_off => (JobState::Cancelled, Some(LOST.to_owned()), None),
        None if spent => (JobState::Dead, Some(LOST.to_owned()), None),
        None => (JobState::Queued, Some(LOST.to_owned()), None),
    };
    let ordered_again = row.dirty && state.is_final();
    row.job.state = if ordered_again { JobState::Queued } else { state };
    if ordered_again {
        row.job.attempt = 0;
    }
    if let Some(due) = due.or(ordered_again.then_some(now)) {
        row.put_off(due);
    }
    row.job.note = note;
    row.job.finished = row.job.state.is_final().then(|| whole(now));
    row.job.cancel_requested = false;
    row.dirty = false;
    row.job.lease = None;
}
