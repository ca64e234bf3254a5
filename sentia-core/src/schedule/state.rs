//! What a schedule has behind it: the last due time, failures in a row, a pause. Small, and stored by the host.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::definition::Schedule;

/// What is remembered of a schedule between two looks and across restarts.
///
/// A value, to be stored after [`Schedule::due`] together with the runs it answered, in one transaction and under one lease,
/// so that two processes do not run the same due time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// The newest due time that was handled, or when the schedule was begun or resumed. It never goes back.
    pub handled: DateTime<Utc>,
    /// Where a clock that was set back far goes on, until it has passed [`handled`](ScheduleState::handled) again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_back_to: Option<DateTime<Utc>>,
    /// Why it does not run at present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
    /// Failures since the last success.
    #[serde(default)]
    pub failures: u32,
    /// Due times that passed unseen, all in all.
    #[serde(default)]
    pub missed: u64,
}

/// Why, since when and by whom a schedule stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Who did it.
    pub by: PausedBy,
    /// When.
    pub since: DateTime<Utc>,
    /// For people; never a secret.
    pub why: String,
}

/// Who paused a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PausedBy {
    /// A user of the host application, by the name that it knows.
    User(String),
    /// The schedule itself, after so many failures in a row.
    Failures(u32),
}

/// How a run ended, as far as its schedule cares.
///
/// A run that was cancelled or left out is neither, and not reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Succeeded,
    /// It did not.
    Failed,
}

impl ScheduleState {
    /// A schedule that begins now. Nothing before is due.
    pub fn new(now: DateTime<Utc>) -> Self {
        ScheduleState { handled: now, set_back_to: None, paused: None, failures: 0, missed: 0 }
    }

    /// The due times up to here are done with.
    pub(super) fn mark(&self) -> DateTime<Utc> {
        self.set_back_to.unwrap_or(self.handled)
    }

    /// Stands still until [`resume`](ScheduleState::resume). A pause that is already there stays, with its reason.
    pub fn pause(&mut self, by: PausedBy, why: impl Into<String>, now: DateTime<Utc>) {
        self.paused.get_or_insert_with(|| Pause { by, since: now, why: why.into() });
    }

    /// Goes on, and forgets the failures. What was due during the pause is not made up for: it was meant not to run, and is
    /// not missed. Without a pause nothing happens.
    pub fn resume(&mut self, now: DateTime<Utc>) {
        if self.paused.take().is_some() {
            self.failures = 0;
            self.begin_anew(now);
        }
    }

    /// Goes on from now under another trigger. Without it, times of the new line since the last due time of the old one would
    /// look missed.
    pub fn begin_anew(&mut self, now: DateTime<Utc>) {
        let is_behind = now < self.handled;
        self.set_back_to = is_behind.then_some(now);
        self.handled = self.handled.max(now);
    }

    /// Takes note of a run's end. Enough failures in a row pause the schedule; `why` is what the pause then shows, usually the
    /// last error.
    ///
    /// Answers true when this failure paused it, which is worth an alert with the schedule's name.
    pub fn finished(
        &mut self,
        schedule: &Schedule,
        outcome: Outcome,
        why: impl Into<String>,
        now: DateTime<Utc>,
    ) -> bool {
        if outcome == Outcome::Succeeded {
            self.failures = 0;
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        let is_enough = schedule.pause_after_failures().is_some_and(|most| self.failures >= most);
        let is_news = is_enough && self.paused.is_none();
        if is_news {
            self.pause(PausedBy::Failures(self.failures), why, now);
        }
        is_news
    }
}
