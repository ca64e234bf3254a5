//! Orders: new ones, and those that meet the same work.

use chrono::{DateTime, Utc};

use super::{Held, Row, whole};
use crate::{
    Result,
    job::{Enqueued, Job, JobId, JobState, NewJob, WhileRunning},
};

impl Held {
    pub(super) fn enqueue(&mut self, orders: &[NewJob], now: DateTime<Utc>) -> Result<Vec<Enqueued>> {
        orders.iter().try_for_each(NewJob::validate)?;
        Ok(orders.iter().map(|order| self.enqueue_one(order, whole(now))).collect())
    }

    fn enqueue_one(&mut self, order: &NewJob, now: DateTime<Utc>) -> Enqueued {
        let met = self.jobs.values_mut().find(|row| row.is_active() && row.is(order));
        if let Some(met) = met {
            let id = met.job.id;
            return match (met.job.state, order.while_running) {
                (JobState::Running, WhileRunning::LeaveOut) => Enqueued::LeftOut(id),
                (JobState::Running, WhileRunning::RunAgain) => {
                    met.dirty = true;
                    Enqueued::Dirty(id)
                }
                _ => Enqueued::Queued(id),
            };
        }
        self.last_id += 1;
        let id = JobId::from_u128(self.last_id);
        let due = whole(order.run_at.unwrap_or(now));
        let (order, rank) =
            (order.clone().run_at(due).while_running(WhileRunning::RunAgain), order.rank(due));
        let job = Job {
            id,
            state: JobState::Queued,
            attempt: 0,
            cancel_requested: false,
            lease: None,
            note: None,
            created: now,
            finished: None,
            order,
        };
        self.served.entry(job.order.tenant.clone()).or_default();
        self.jobs.insert(id, Row { job, dirty: false, fence: 0, rank });
        Enqueued::New(id)
    }
}
