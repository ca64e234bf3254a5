//! A schedule: a name, what makes it due, and its policies.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    jitter,
    policy::{CatchUp, Overlap},
    trigger::Trigger,
    zone::Instant,
};
use crate::{Error, ErrorKind, Result};

/// The default of [`Schedule::grace`].
const GRACE: Duration = Duration::from_secs(60);
/// The most of [`ScheduleBuilder::jitter`].
const MAX_JITTER: Duration = Duration::from_secs(86_400);
/// The most of [`CatchUp::All`]'s cap.
const MAX_CAP: u32 = 10_000;
/// Characters of the longest name.
const MAX_NAME: usize = 200;

/// When something runs, and what happens when it could not.
///
/// It is plain data and computes; it keeps no state, reads no clock and starts nothing. What has been is in
/// [`ScheduleState`](super::ScheduleState).
///
/// ```
/// use std::time::Duration;
/// use sentia_core::schedule::{CatchUp, Schedule, Trigger};
///
/// let nightly = Schedule::builder("acme/clean-up", Trigger::cron("0 2 * * *", "Europe/London")?)
///     .catch_up(CatchUp::Once)
///     .jitter(Duration::from_secs(300))
///     .pause_after_failures(5)
///     .build()?;
/// let shown = nightly.next_runs("2026-10-24T12:00:00Z".parse().expect("an instant"), 2);
/// // London's clock is set back that night: 02:00 is at 02:00 UTC from then on.
/// assert_eq!(shown[0].due_at.to_rfc3339(), "2026-10-25T02:00:00+00:00");
/// assert!(shown[0].start_at - shown[0].due_at < chrono::Duration::minutes(5));
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    name: String,
    trigger: Trigger,
    jitter: Duration,
    grace: Duration,
    catch_up: CatchUp,
    overlap: Overlap,
    pause_after_failures: Option<u32>,
}

/// A due time, and when its run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueTime {
    /// What the cron line or the interval says. It names the run.
    pub due_at: DateTime<Utc>,
    /// That, put off by the jitter: never as late as the next due time.
    pub start_at: DateTime<Utc>,
}

impl Schedule {
    /// Begins a schedule; the name is what alerts show and what the jitter is computed from.
    pub fn builder(name: impl Into<String>, trigger: Trigger) -> ScheduleBuilder {
        ScheduleBuilder(Schedule {
            name: name.into(),
            trigger,
            jitter: Duration::ZERO,
            grace: GRACE,
            catch_up: CatchUp::Latest,
            overlap: Overlap::Skip,
            pause_after_failures: None,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What makes it due.
    pub fn trigger(&self) -> &Trigger {
        &self.trigger
    }

    /// The longest delay by which runs are spread; each run has its own, always the same.
    pub fn jitter(&self) -> Duration {
        self.jitter
    }

    /// How late a run may begin and still be on time. A minute unless set.
    pub fn grace(&self) -> Duration {
        self.grace
    }

    /// What is done about due times that passed unseen.
    pub fn catch_up(&self) -> CatchUp {
        self.catch_up
    }

    /// What is done when a run falls due while another goes on.
    pub fn overlap(&self) -> Overlap {
        self.overlap
    }

    /// After how many failures in a row it is paused; none: never.
    pub fn pause_after_failures(&self) -> Option<u32> {
        self.pause_after_failures
    }

    /// The next `most` due times after an instant. Fewer only at the end of the calendar.
    pub fn next_runs(&self, after: DateTime<Utc>, most: usize) -> Vec<DueTime> {
        let due = |at: &Instant| self.trigger.next(*at);
        std::iter::successors(due(&after.timestamp()), due).take(most).map(|at| self.due_time(at)).collect()
    }

    /// The due time with its delay.
    pub(super) fn due_time(&self, at: Instant) -> DueTime {
        let due_at = instant(at);
        if self.jitter.is_zero() {
            return DueTime { due_at, start_at: due_at };
        }
        let until_next = self.trigger.next(at).map_or(Duration::MAX, |next| {
            // The next due time is later, so the distance is not negative.
            Duration::from_secs((next - at).unsigned_abs())
        });
        let delay = jitter::delay(&self.name, at, self.jitter.min(until_next));
        DueTime { due_at, start_at: due_at.checked_add_signed(signed(delay)).unwrap_or(due_at) }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trigger {
            Trigger::Cron(cron) => write!(f, "{}: {} ({})", self.name, cron.line(), cron.zone()),
            Trigger::Every(interval) => write!(f, "{}: every {:?}", self.name, interval.every()),
        }
    }
}

/// Sets a schedule's policies and checks them.
#[derive(Debug, Clone)]
#[must_use]
pub struct ScheduleBuilder(Schedule);

impl ScheduleBuilder {
    /// Replaces the name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Spreads runs by up to so long; at most a day. None unless set. A run is never put off to the next due time or beyond.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.0.jitter = jitter;
        self
    }

    /// How late a run may begin and still be on time: more than the host's pauses between two looks. A minute unless set.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.0.grace = grace;
        self
    }

    /// What is done about due times that passed unseen; [`CatchUp::Latest`] unless set.
    pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.0.catch_up = catch_up;
        self
    }

    /// What is done when a run falls due while another goes on; [`Overlap::Skip`] unless set.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.0.overlap = overlap;
        self
    }

    /// Pauses the schedule after so many failures in a row. Never unless set.
    pub fn pause_after_failures(mut self, failures: u32) -> Self {
        self.0.pause_after_failures = Some(failures);
        self
    }

    /// Checks the whole.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting: an empty name or one beyond 200 characters, a jitter beyond a day, a pause after no
    /// failure at all, a cap of more than 10,000 runs.
    pub fn build(self) -> Result<Schedule> {
        let schedule = self.0;
        let refused = if schedule.name.trim().is_empty() || schedule.name.chars().count() > MAX_NAME {
            Some(("name", "a schedule needs a name of at most 200 characters"))
        } else if schedule.jitter > MAX_JITTER {
            Some(("jitter", "a jitter of more than a day hides when a run is due; use at most 24 hours"))
        } else if schedule.pause_after_failures == Some(0) {
            Some((
                "pause_after_failures",
                "zero failures would pause it at once; use one or more, or leave it out",
            ))
        } else if matches!(schedule.catch_up, CatchUp::All { cap } if cap > MAX_CAP) {
            Some(("catch_up", "more than 10000 runs made up for at once; use a smaller cap, or `latest`"))
        } else {
            None
        };
        let Some((setting, message)) = refused else { return Ok(schedule) };
        Err(Error::new(ErrorKind::ConfigInvalid, message)
            .operation("schedule.build")
            .context("schedule", &schedule.name)
            .context("setting", setting))
    }
}

/// The instant of a second, the calendar's end when it is beyond.
pub(super) fn instant(at: Instant) -> DateTime<Utc> {
    DateTime::from_timestamp(at, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The duration as the calendar's arithmetic has it.
pub(super) fn signed(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}
