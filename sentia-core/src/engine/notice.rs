//! What an engine tells its host: what somebody may have to act on, and how attempts ended.

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use crate::{
    report::{Event, RunReport},
    worker::Ended,
};

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notice {
    /// Due times of a schedule passed and nobody was there.
    Missed {
        /// Which.
        schedule: String,
        /// How many since the last look.
        missed: u64,
        /// How many all in all.
        total: u64,
    },
    /// The clock was found far behind a schedule's last due time.
    SetBack {
        /// Which.
        schedule: String,
        /// By how much.
        by: Duration,
    },
    /// A schedule failed again and again, and stands still until somebody resumes it.
    Paused {
        /// Which.
        schedule: String,
        /// The last error.
        why: String,
    },
    /// Jobs wait of a kind that this engine has no handler for.
    Unhandled {
        /// The kind.
        kind: String,
        /// How many wait.
        jobs: u64,
        /// Since when the oldest is due.
        oldest: DateTime<Utc>,
    },
    /// An attempt ended; a dead letter shows by its state.
    Ended(Box<Ended>),
    /// A connection is being read; made only where somebody listens.
    Reading {
        /// Whose.
        tenant: String,
        /// Which.
        connection: String,
        /// What happened.
        event: Event,
    },
    /// A connection was read.
    Ran(Box<RunReport>),
}

type Listener = dyn Fn(&Notice) + Send + Sync;

/// Who is told.
#[derive(Clone, Default)]
pub(super) struct Notices(Option<Arc<Listener>>);

impl Notices {
    pub(super) fn to(listener: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Notices(Some(Arc::new(listener)))
    }

    pub(super) fn are_heard(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn tell(&self, notice: impl FnOnce() -> Notice) {
        if let Some(listener) = &self.0 {
            listener(&notice());
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Notices" } else { "nobody" })
    }
}
