//! When a run stops, so that others have their turn.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};

/// The end of a run's time. Each run reads one page at least, or a short time would lead nowhere.
#[derive(Debug)]
pub(super) struct Pause {
    at: Option<DateTime<Utc>>,
    has_read: AtomicBool,
}

impl Pause {
    /// After `limit` from `started` on; never where there is none.
    pub(super) fn after(limit: Option<Duration>, started: DateTime<Utc>) -> Self {
        // A limit beyond the calendar is none.
        let limit = limit.and_then(|limit| chrono::Duration::from_std(limit).ok());
        let at = limit.and_then(|limit| started.checked_add_signed(limit));
        Pause { at, has_read: AtomicBool::new(false) }
    }

    /// Whether the run stops behind the page it has.
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.at.is_some_and(|at| now >= at)
    }

    /// Whether nothing more is begun.
    pub(super) fn bars(&self, now: DateTime<Utc>) -> bool {
        self.is_over(now) && self.has_read.load(Ordering::Relaxed)
    }

    /// Whether a wait that ends at `end` is longer than the run's time.
    pub(super) fn ends_before(&self, end: DateTime<Utc>) -> bool {
        self.at.is_some_and(|at| end >= at)
    }

    /// Takes note of a page that was committed.
    pub(super) fn read(&self) {
        self.has_read.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_time_still_reads_one_page() {
        let start = DateTime::UNIX_EPOCH;
        let pause = Pause::after(Some(Duration::ZERO), start);
        assert!(pause.is_over(start) && !pause.bars(start));
        pause.read();
        assert!(pause.bars(start));
    }

    #[test]
    fn without_a_limit_it_never_ends() {
        for limit in [None, Some(Duration::MAX)] {
            let pause = Pause::after(limit, DateTime::UNIX_EPOCH);
            pause.read();
            assert!(!pause.bars(DateTime::<Utc>::MAX_UTC) && !pause.ends_before(DateTime::<Utc>::MAX_UTC));
        }
    }
}
