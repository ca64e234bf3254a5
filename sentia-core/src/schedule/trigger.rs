//! When a schedule is due: by a cron line or an interval.

use std::time::Duration;

use super::{cron::CronLine, interval::Interval, zone::Instant};
use crate::Result;

/// The shortest look back for the newest due times, in seconds; it is doubled until it holds enough of them.
const LOOK_BACK: i64 = 60;

/// What makes a schedule due.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger {
    /// Times of a wall clock.
    Cron(CronLine),
    /// Even distances of real time.
    Every(Interval),
}

impl Trigger {
    /// A cron line, read in the zone of this name.
    ///
    /// ```
    /// use sentia_core::{ErrorKind, schedule::Trigger};
    ///
    /// Trigger::cron("0 2 * * *", "Europe/London")?;
    /// let never = Trigger::cron("0 0 30 2 *", "UTC").expect_err("February has no 30th");
    /// assert_eq!(never.kind(), ErrorKind::ConfigInvalid);
    /// # Ok::<(), sentia_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`CronLine::new`].
    pub fn cron(line: &str, zone: &str) -> Result<Self> {
        Ok(Trigger::Cron(CronLine::new(line, zone)?))
    }

    /// An interval from midnight UTC.
    ///
    /// # Errors
    /// As [`Interval::new`].
    pub fn every(every: Duration) -> Result<Self> {
        Ok(Trigger::Every(Interval::new(every)?))
    }

    /// The first due time after `after`; none at the end of the calendar.
    pub(super) fn next(&self, after: Instant) -> Option<Instant> {
        match self {
            Trigger::Cron(line) => line.next(after),
            Trigger::Every(interval) => interval.next(after),
        }
    }

    /// How many due times there are after `after`, up to and with `until`.
    pub(super) fn count(&self, after: Instant, until: Instant) -> u64 {
        match self {
            Trigger::Cron(line) => line.count(after, until),
            Trigger::Every(interval) => interval.count(after, until),
        }
    }

    /// The newest `most` due times after `after`, up to and with `until`, oldest first.
    ///
    /// It counts instead of stepping, so that a schedule of every second may have slept for years.
    pub(super) fn newest(&self, most: usize, after: Instant, until: Instant) -> Vec<Instant> {
        let is_enough = |from: Instant| self.count(from, until) >= most as u64;
        let (mut back, mut from) = (LOOK_BACK, until);
        let mut short = until;
        while from > after {
            from = until.saturating_sub(back).max(after);
            if is_enough(from) {
                // Now the latest start that still holds enough.
                while short - from > 1 {
                    let middle = from + (short - from) / 2;
                    if is_enough(middle) { from = middle } else { short = middle }
                }
                break;
            }
            short = from;
            back = back.saturating_mul(2);
        }
        let due = |at: &Instant| self.next(*at).filter(|next| *next <= until);
        std::iter::successors(due(&from), due).take(most).collect()
    }
}
