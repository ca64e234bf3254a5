//! What operators do, and what they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Held, Row, whole};
use crate::{
    Error, ErrorKind, Result,
    job::{Change, JobCount, JobFilter, JobId, JobState},
};

impl Held {
    pub(super) fn matching(&self, filter: &JobFilter) -> impl Iterator<Item = &Row> {
        let is_meant = |row: &&Row| {
            let order = &row.job.order;
            filter.tenant.as_ref().is_none_or(|tenant| order.tenant == *tenant)
                && filter.kind.as_ref().is_none_or(|kind| order.kind == *kind)
                && filter.state.is_none_or(|state| row.job.state == state)
                && filter.lane.as_ref().is_none_or(|lane| order.lane.as_ref() == Some(lane))
                && filter.id.is_none_or(|id| row.job.id == id)
        };
        self.jobs.values().filter(is_meant).take(filter.limit.map_or(usize::MAX, |limit| limit as usize))
    }

    pub(super) fn change(&mut self, filter: &JobFilter, change: Change, now: DateTime<Utc>) -> Vec<JobId> {
        let unlimited = JobFilter { limit: None, ..filter.clone() };
        let meant: Vec<JobId> = self.matching(&unlimited).map(|row| row.job.id).collect();
        let most = filter.limit.map_or(usize::MAX, |limit| limit as usize);
        let touched = meant.into_iter().filter(|id| match change {
            Change::Cancel => self.cancel(*id, now),
            Change::Replay => self.replay(*id, now),
            Change::Hasten => self.hasten(*id, now),
        });
        touched.take(most).collect()
    }

    fn cancel(&mut self, id: JobId, now: DateTime<Utc>) -> bool {
        let Some(row) = self.jobs.get_mut(&id).filter(|row| row.is_active()) else { return false };
        row.dirty = false;
        if row.job.state == JobState::Running {
            row.job.cancel_requested = true;
        } else {
            row.job.state = JobState::Cancelled;
            row.job.finished = Some(whole(now));
        }
        true
    }

    fn replay(&mut self, id: JobId, now: DateTime<Utc>) -> bool {
        let Some(row) = self.jobs.get(&id) else { return false };
        let is_ended = matches!(row.job.state, JobState::Dead | JobState::Cancelled);
        if !is_ended || self.jobs.values().any(|other| other.is_active() && other.is(&row.job.order)) {
            return false;
        }
        let Some(row) = self.jobs.get_mut(&id) else { return false };
        row.job.state = JobState::Queued;
        row.job.attempt = 0;
        row.job.finished = None;
        row.put_off(now);
        true
    }

    fn hasten(&mut self, id: JobId, now: DateTime<Utc>) -> bool {
        let row = self.jobs.get_mut(&id);
        let Some(row) = row.filter(|row| row.job.state == JobState::Queued && row.due() > now) else {
            return false;
        };
        row.put_off(now);
        true
    }

    pub(super) fn purge(&mut self, state: JobState, before: DateTime<Utc>) -> Result<u64> {
        if !state.is_final() {
            let message = "only jobs that ended are removed; name the state done, dead or cancelled";
            return Err(Error::new(ErrorKind::ConfigInvalid, message).context("state", state.code()));
        }
        let known = self.jobs.len();
        let is_kept = |row: &Row| row.job.state != state || row.job.finished.is_none_or(|at| at >= before);
        self.jobs.retain(|_, row| is_kept(row));
        Ok((known - self.jobs.len()) as u64)
    }

    pub(super) fn census(&self, now: DateTime<Utc>) -> Vec<JobCount> {
        let mut counts: BTreeMap<(String, String), JobCount> = BTreeMap::new();
        for row in self.jobs.values() {
            let order = &row.job.order;
            if matches!(row.job.state, JobState::Done | JobState::Cancelled) {
                continue;
            }
            let key = (order.tenant.clone(), order.kind.clone());
            let count = counts.entry(key).or_insert_with(|| JobCount {
                tenant: order.tenant.clone(),
                kind: order.kind.clone(),
                ..JobCount::default()
            });
            count.attempts += u64::from(row.job.attempt);
            match row.job.state {
                JobState::Running => count.running += 1,
                JobState::Dead => count.dead += 1,
                _ if row.due() > now => count.later += 1,
                _ if self.is_blocked(row) => count.blocked += 1,
                _ => {
                    count.runnable += 1;
                    count.oldest = Some(count.oldest.map_or(row.due(), |oldest| oldest.min(row.due())));
                }
            }
        }
        counts.into_values().collect()
    }
}
