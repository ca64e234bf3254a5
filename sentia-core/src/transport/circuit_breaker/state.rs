//! What a breaker is in, as it is stored and shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a breaker lets through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// Every call.
    Closed,
    /// None before a time.
    Open {
        /// Until then.
        until: DateTime<Utc>,
        /// Why it opened.
        reason: String,
    },
    /// A few calls that find out whether the vendor is back.
    HalfOpen {
        /// Who is finding out.
        probes: Vec<Probe>,
        /// Good answers so far.
        good: u32,
    },
    /// What an operator decided, until it is [released](crate::transport::Breakers::release).
    Forced(Forced),
}

/// What an operator may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "forced")]
pub enum Forced {
    /// No call passes.
    Open,
    /// Every call passes.
    Closed,
}

/// One call that probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Its number; unique within a breaker.
    pub number: u64,
    /// When its place is free at the latest.
    pub until: DateTime<Utc>,
}

/// A breaker's state. It reads and writes as text, which is what processes share.
///
/// Texts of earlier builds have neither `since` nor `stopped` and read all the same:
///
/// ```
/// use sentia_core::transport::{BreakerState, Phase};
///
/// let state: BreakerState = serde_json::from_str(r#"{"revision":4,"generation":2,"phase":"closed"}"#)?;
/// assert_eq!((state.phase, state.since, state.stopped), (Phase::Closed, None, None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerState {
    /// Counts every change.
    pub revision: u64,
    /// Counts the changes of phase.
    pub generation: u64,
    /// When its phase began; none before the first change, and of a state that an earlier build stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Since when not every call passes, and what that came to; none while every call passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// What it lets through.
    #[serde(flatten)]
    pub phase: Phase,
}

impl Default for BreakerState {
    fn default() -> Self {
        BreakerState { revision: 0, generation: 0, since: None, stopped: None, phase: Phase::Closed }
    }
}

/// An outage as a whole: from the time a closed breaker opened, through probes that failed, until it closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// When calls stopped passing.
    pub since: DateTime<Utc>,
    /// Why they did.
    pub reason: String,
    /// Calls refused without being sent. Other processes' are counted up to the last change of phase.
    #[serde(default)]
    pub refused: u64,
    /// Probes that found the vendor still down.
    #[serde(default)]
    pub failed_probes: u64,
}

impl BreakerState {
    /// Whether every call passes.
    pub fn passes(&self) -> bool {
        matches!(self.phase, Phase::Closed | Phase::Forced(Forced::Closed))
    }
}
