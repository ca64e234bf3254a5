//! The time the twins live in: real by default, or moved by hand in tests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The clock that every timestamp, rate-limit window and token expiry of the twins reads.
///
/// Clones share the same time, so a test can hold one and move the twins with it.
#[derive(Clone, Debug, Default)]
pub struct SandboxClock {
    manual: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl SandboxClock {
    /// A clock that shows the machine's time.
    pub fn real() -> Self {
        Self::default()
    }

    /// A clock that stands at `start` until it is moved with [`advance`](Self::advance) or [`set`](Self::set).
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self { manual: Some(Arc::new(Mutex::new(start))) }
    }

    /// The present moment.
    #[allow(clippy::disallowed_methods)] // the one place of this crate that reads the machine's clock
    pub fn now(&self) -> DateTime<Utc> {
        match &self.manual {
            Some(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
            None => Utc::now(),
        }
    }

    /// True when the clock only moves by hand.
    pub fn is_manual(&self) -> bool {
        self.manual.is_some()
    }

    /// Moves a manual clock forward; a real clock cannot be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Some(time) = &self.manual {
            let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
            *time += TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        }
    }

    /// Sets a manual clock; a real clock stays as it is.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Some(time) = &self.manual {
            *time.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }
}
