//! Looks now and then for jobs that nobody here handles.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{
    notice::{Notice, Notices},
    service::Inner,
    status,
};
use crate::{JobStore, clock::Clock, job::JobCount};

/// How often they are looked for.
const EVERY: Duration = Duration::from_secs(5 * 60);

/// What it needs.
pub(super) struct Census {
    jobs: Arc<dyn JobStore>,
    handled: BTreeSet<String>,
    clock: Arc<dyn Clock>,
    notices: Notices,
}

impl Census {
    pub(super) fn of(inner: &Inner) -> Self {
        let (handled, clock) = (inner.handled.clone(), inner.clock.clone());
        Census { jobs: inner.ports.clone(), handled, clock, notices: inner.notices.clone() }
    }

    /// Looks until it is dropped.
    pub(super) async fn repeat(self) {
        let mut told: HashSet<String> = HashSet::new();
        loop {
            match self.jobs.census(self.clock.now()).await {
                Ok(counts) => self.tell(&counts, &mut told),
                Err(error) => tracing::warn!(%error, "the jobs could not be counted"),
            }
            self.clock.sleep(EVERY).await;
        }
    }

    /// Each kind is told once, and again when it had been gone.
    fn tell(&self, counts: &[JobCount], told: &mut HashSet<String>) {
        let found = status::unhandled(counts, &self.handled);
        told.retain(|kind| found.iter().any(|found| found.kind == *kind));
        for found in found {
            if told.insert(found.kind.clone()) {
                tracing::warn!(
                    kind = found.kind,
                    jobs = found.jobs,
                    "jobs wait of a kind that nobody here handles"
                );
                let (kind, jobs, oldest) = (found.kind, found.jobs, found.oldest);
                self.notices.tell(|| Notice::Unhandled { kind, jobs, oldest });
            }
        }
    }
}
