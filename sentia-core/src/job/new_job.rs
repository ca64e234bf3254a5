//! An order for a job.

use chrono::{DateTime, Utc};

use super::PRIORITY_STEP;
use crate::{Error, ErrorKind, Result};

/// What an order does that meets the same work while it runs. It is said with the order and not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhileRunning {
    /// The work is done once more when it ended: it may have passed by what the order is about.
    #[default]
    RunAgain,
    /// Nothing: what runs is enough.
    LeaveOut,
}

/// What is to be done, for whom, and when.
///
/// ```
/// use sentia_core::job::NewJob;
///
/// let job = NewJob::new("acme", "sync", r#"{"connection":"shop"}"#)
///     .lane("shop/orders")
///     .unique("shop/orders")
///     .priority(5);
/// assert!(job.validate().is_ok());
/// assert!(NewJob::new("acme", "sync", "no JSON").validate().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewJob {
    /// Whose work it is. Tenants take turns.
    pub tenant: String,
    /// What kind of work it is: workers say which kinds they handle.
    pub kind: String,
    /// Jobs of one tenant and lane never run at the same time. None for no such limit.
    pub lane: Option<String>,
    /// JSON text for the worker; the store does not look into it.
    pub payload: String,
    /// Which shape the payload has, from 1: a worker may meet one of an older version.
    pub payload_version: u32,
    /// Higher goes first; see [`PRIORITY_STEP`]. Default 0.
    pub priority: i8,
    /// What defines the work: of one tenant, kind and key one job at most waits or runs. None for no such limit.
    pub unique: Option<String>,
    /// What the order does while the same work runs.
    pub while_running: WhileRunning,
    /// The schedule that ordered it, by name: how the job ends is counted there.
    pub schedule: Option<String>,
    /// When it is due. None for at once.
    pub run_at: Option<DateTime<Utc>>,
    /// How often it is tried before it becomes a dead letter. Default 10.
    pub max_attempts: u32,
}

impl NewJob {
    /// A job that is due at once, without lane and key.
    pub fn new(tenant: impl Into<String>, kind: impl Into<String>, payload: impl Into<String>) -> Self {
        NewJob {
            tenant: tenant.into(),
            kind: kind.into(),
            lane: None,
            payload: payload.into(),
            payload_version: 1,
            priority: 0,
            unique: None,
            while_running: WhileRunning::RunAgain,
            schedule: None,
            run_at: None,
            max_attempts: 10,
        }
    }

    /// Sets the lane.
    #[must_use]
    pub fn lane(mut self, lane: impl Into<String>) -> Self {
        self.lane = Some(lane.into());
        self
    }

    /// Sets the key of the work.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique = Some(key.into());
        self
    }

    /// Sets what the order does while the same work runs.
    #[must_use]
    pub fn while_running(mut self, choice: WhileRunning) -> Self {
        self.while_running = choice;
        self
    }

    /// Names the schedule that orders it.
    #[must_use]
    pub fn schedule(mut self, name: impl Into<String>) -> Self {
        self.schedule = Some(name.into());
        self
    }

    /// Sets the priority.
    #[must_use]
    pub fn priority(mut self, priority: i8) -> Self {
        self.priority = priority;
        self
    }

    /// Sets when it is due.
    #[must_use]
    pub fn run_at(mut self, at: DateTime<Utc>) -> Self {
        self.run_at = Some(at);
        self
    }

    /// Sets how often it is tried.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the shape of the payload.
    #[must_use]
    pub fn payload_version(mut self, version: u32) -> Self {
        self.payload_version = version;
        self
    }

    /// A job's constant place in the order of its tenant: milliseconds, lower first.
    pub fn rank(&self, due: DateTime<Utc>) -> i64 {
        due.timestamp_millis() - i64::from(self.priority) * PRIORITY_STEP.as_millis() as i64
    }

    /// Checks what a database could not keep or a worker not run.
    ///
    /// # Errors
    /// `ConfigInvalid` for an empty tenant or kind, a NUL character in a name, a payload that is not JSON, or no
    /// attempt at all.
    pub fn validate(&self) -> Result<()> {
        let refused = |setting: &'static str, message: &'static str| {
            let error = Error::new(ErrorKind::ConfigInvalid, message).operation("jobs.enqueue");
            Err(error.context("setting", setting).context("kind", self.kind.escape_debug()))
        };
        let names = [
            Some(&self.tenant),
            Some(&self.kind),
            self.lane.as_ref(),
            self.unique.as_ref(),
            self.schedule.as_ref(),
        ];
        if names.into_iter().flatten().any(|name| name.contains('\0')) {
            return refused(
                "tenant, kind, lane, unique, schedule",
                "a name holds a NUL character; leave it out",
            );
        }
        if self.tenant.is_empty() || self.kind.is_empty() {
            return refused("tenant, kind", "a job needs a tenant and a kind; name both");
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(&self.payload).is_err() {
            return refused("payload", "the payload is not JSON; serialize it first");
        }
        if self.max_attempts == 0 {
            return refused("max_attempts", "a job needs one attempt at least; allow it");
        }
        Ok(())
    }
}
