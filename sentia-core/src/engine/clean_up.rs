//! The daily clean-up: jobs that ended long ago are removed.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    Error, ErrorKind, JobStore, Result,
    job::{JobState, NewJob, Outcome},
    worker::{Handler, Work},
};

#[cfg(test)]
mod tests;

/// Whose jobs those are that the engine orders for itself.
pub(super) const OWN_TENANT: &str = "sentia";

/// How long jobs are kept after they ended.
///
/// What a sync did is in the sync log, which this does not concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Those that did what they were for. Default 2 days.
    pub done: Duration,
    /// Those that were called off. Default 30 days.
    pub cancelled: Duration,
    /// Dead letters: so long they can be replayed. Default 90 days.
    pub dead: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Retention {
    fn default() -> Self {
        Retention { done: 2 * DAY, cancelled: 30 * DAY, dead: 90 * DAY }
    }
}

/// Removes what its retention lets go.
#[derive(Debug)]
pub(super) struct CleanUp {
    pub(super) jobs: Arc<dyn JobStore>,
    pub(super) retention: Retention,
}

impl CleanUp {
    pub(super) const KIND: &'static str = "sentia.clean_up";

    pub(super) fn order() -> NewJob {
        NewJob::new(OWN_TENANT, CleanUp::KIND, "{}").lane(CleanUp::KIND).unique(CleanUp::KIND)
    }
}

#[async_trait]
impl Handler for CleanUp {
    async fn run(&self, work: &Work) -> Result<Outcome> {
        let Retention { done, cancelled, dead } = self.retention;
        let kept = [(JobState::Done, done), (JobState::Cancelled, cancelled), (JobState::Dead, dead)];
        for (state, kept) in kept {
            let before = work.clock.now() - kept;
            let mut removed = 0;
            loop {
                if work.cancelled.is_cancelled() {
                    return Err(Error::new(
                        ErrorKind::Cancelled,
                        "stopped; the next clean-up removes the rest",
                    ));
                }
                match self.jobs.purge(state, before).await? {
                    0 => break,
                    some => removed += some,
                }
            }
            tracing::info!(state = state.code(), removed, "jobs were removed that ended long ago");
        }
        Ok(Outcome::Done)
    }
}
