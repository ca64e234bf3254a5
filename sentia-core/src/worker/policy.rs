//! How long leases last, and what becomes of a job whose attempt failed.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    Error, ErrorKind, Result, Status,
    job::{MAX_LEASE, Outcome},
    report::Failure,
    transport::RetryPolicy,
};

/// How a worker works.
///
/// What an error means for its job:
///
/// | error | the job |
/// | --- | --- |
/// | `RateLimited`, `QuotaExhausted`, or any other temporary one that says how long to wait | snoozes so long, and spends no attempt |
/// | other temporary ones, those that spent their retries, `Store`, `Unexpected`, a panic | is tried again after a growing delay |
/// | permanent ones: `Unauthenticated`, `ConfigInvalid`, ... | is a dead letter at once |
///
/// ```
/// use sentia_core::worker::WorkerPolicy;
///
/// let policy = WorkerPolicy { slots: 4, ..WorkerPolicy::default() };
/// assert!(policy.validate().is_ok());
/// ```
#[derive(Debug, Clone)]
pub struct WorkerPolicy {
    /// How many jobs it runs at once. Default 16: syncs mostly wait for their vendors.
    pub slots: u32,
    /// How long a lease lasts without a heartbeat: so long a job waits whose worker was killed. It is renewed four times
    /// as often. Default 60 s, at most [`MAX_LEASE`].
    pub lease: Duration,
    /// How long a worker that hears nothing waits before it looks all the same. Default 15 s.
    pub poll: Duration,
    /// How long a handler may take to heed its cancellation before it is dropped. Default 10 s.
    pub patience: Duration,
    /// How long a failed job waits: `base`, doubling up to `cap`, spread by `jitter`. Default 30 s to an hour; how many
    /// attempts there are says the job.
    pub retry: RetryPolicy,
}

impl Default for WorkerPolicy {
    fn default() -> Self {
        WorkerPolicy {
            slots: 16,
            lease: Duration::from_secs(60),
            poll: Duration::from_secs(15),
            patience: Duration::from_secs(10),
            retry: RetryPolicy {
                base: Duration::from_secs(30),
                cap: Duration::from_secs(60 * 60),
                ..RetryPolicy::default()
            },
        }
    }
}

/// How long a job snoozes where the vendor refused and did not say for how long.
const RATE_PAUSE: Duration = Duration::from_secs(60);
const QUOTA_PAUSE: Duration = Duration::from_secs(15 * 60);

impl WorkerPolicy {
    /// Checks what would never work.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting: no slot, a lease below a second or beyond [`MAX_LEASE`], no pause between two
    /// looks.
    pub fn validate(&self) -> Result<()> {
        let refused = if self.slots == 0 {
            ("slots", "a worker without a slot runs nothing; give it one at least")
        } else if self.lease < Duration::from_secs(1) || self.lease > MAX_LEASE {
            ("lease", "a lease lasts from a second to 15 minutes")
        } else if self.poll.is_zero() {
            ("poll", "a worker that looks without a pause would keep the database busy; use a second or more")
        } else {
            return Ok(());
        };
        let (setting, message) = refused;
        Err(Error::new(ErrorKind::ConfigInvalid, message)
            .operation("worker.start")
            .context("setting", setting))
    }

    /// The time between two heartbeats.
    pub(super) fn heartbeat(&self) -> Duration {
        self.lease / 4
    }

    /// When the lease ends that is taken or renewed now.
    pub(super) fn until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.lease
    }

    /// What becomes of a job whose attempt ended with this error.
    pub(super) fn judge(&self, error: &Error, attempt: u32, now: DateTime<Utc>) -> Outcome {
        let said = Failure::from(error);
        let why = format!("{}; {}", said.message, said.remedy);
        let pause = match error.kind() {
            ErrorKind::RateLimited => Some(error.wait().unwrap_or(RATE_PAUSE)),
            ErrorKind::QuotaExhausted => Some(error.wait().unwrap_or(QUOTA_PAUSE)),
            _ if error.status() != Status::Permanent => error.wait(),
            _ => None,
        };
        if let Some(pause) = pause {
            return Outcome::Snooze { until: now + pause, reason: why };
        }
        let may_pass = matches!(error.kind(), ErrorKind::Store | ErrorKind::Unexpected);
        if error.status() == Status::Permanent && !may_pass {
            return Outcome::Dead { error: why };
        }
        Outcome::Retry { at: now + self.retry.delay(attempt), error: why }
    }
}
