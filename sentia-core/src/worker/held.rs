//! The leases that a worker holds at present.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    job::{JobId, Lease},
    sync::{Mutex, MutexGuard},
};

/// The leases of the attempts that run.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<JobId, Lease>>);

impl Held {
    fn leases(&self) -> MutexGuard<'_, HashMap<JobId, Lease>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn note(&self, lease: &Lease) {
        self.leases().insert(lease.job, lease.clone());
    }

    pub(super) fn forget(&self, lease: &Lease) {
        let mut leases = self.leases();
        if leases.get(&lease.job).is_some_and(|held| held.fence == lease.fence) {
            leases.remove(&lease.job);
        }
    }

    /// Those that have ended by this reading of the clock, and those that end later than one taken now would: the clock leapt.
    pub(super) fn astray(&self, now: DateTime<Utc>, latest: DateTime<Utc>) -> Vec<Lease> {
        let is_astray = |lease: &&Lease| lease.until <= now || lease.until > latest;
        self.leases().values().filter(is_astray).cloned().collect()
    }
}
