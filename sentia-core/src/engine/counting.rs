//! How schedules' jobs end, told to the schedules: enough failures in a row pause one.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::schedules::Schedules;
use crate::{
    clock::Clock,
    job::{JobState, Outcome},
    schedule,
    worker::Ended,
};

/// How a schedule's job ended.
pub(super) struct Count {
    schedule: String,
    outcome: schedule::Outcome,
    why: String,
}

impl Count {
    /// None for what says nothing yet about the schedule: attempts that are followed by others, and jobs called off.
    pub(super) fn of(ended: &Ended) -> Option<Self> {
        let schedule = ended.job.order.schedule.clone()?;
        let was_last = ended.job.attempt >= ended.job.order.max_attempts;
        let (outcome, why) = match (ended.outcome.as_ref()?, ended.state?) {
            (Outcome::Done, _) => (schedule::Outcome::Succeeded, String::new()),
            (_, JobState::Cancelled) => return None,
            (Outcome::Dead { error }, _) => (schedule::Outcome::Failed, error.clone()),
            (Outcome::Retry { error, .. }, _) if was_last => (schedule::Outcome::Failed, error.clone()),
            _ => return None,
        };
        Some(Count { schedule, outcome, why })
    }
}

/// Tells schedules how their jobs ended, until the worker has ended.
pub(super) async fn count(
    schedules: Arc<Schedules>,
    clock: Arc<dyn Clock>,
    mut endings: mpsc::UnboundedReceiver<Count>,
) {
    while let Some(Count { schedule, outcome, why }) = endings.recv().await {
        if let Err(error) = schedules.count(&schedule, outcome, &why).await {
            tracing::warn!(schedule, %error, "how a job ended is not counted by its schedule");
            clock.sleep(Duration::from_secs(1)).await;
        }
    }
}
