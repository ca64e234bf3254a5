//! Runs at even distances of real time.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::zone::Instant;
use crate::{Error, ErrorKind, Result};

/// A distance, and the instant that it is measured from.
///
/// Runs are due at the anchor and after every whole distance from it. The anchor is midnight UTC of 1970-01-01 unless another
/// is given, so every process computes the same times, and 15 minutes are at :00, :15, :30 and :45. Real time passes evenly,
/// so daylight saving does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    every: i64,
    anchor: Instant,
}

impl Interval {
    /// Runs every so often.
    ///
    /// # Errors
    /// `ConfigInvalid` for less than a second, fractions of seconds, and more than 100 years.
    pub fn new(every: Duration) -> Result<Self> {
        let seconds = i64::try_from(every.as_secs()).unwrap_or(i64::MAX);
        let remedy = match seconds {
            _ if every.subsec_nanos() != 0 => "use whole seconds",
            0 => "use at least one second",
            3_155_760_001.. => "use at most 100 years",
            _ => return Ok(Interval { every: seconds, anchor: 0 }),
        };
        let message = format!("a schedule cannot run every {every:?}; {remedy}");
        let error = Error::new(ErrorKind::ConfigInvalid, message).operation("schedule.interval");
        Err(error.context("setting", "every"))
    }

    /// Measures from `anchor`, whose fraction of a second is dropped. Nothing is due before it.
    #[must_use]
    pub fn anchored(self, anchor: DateTime<Utc>) -> Self {
        Interval { anchor: anchor.timestamp(), ..self }
    }

    /// The distance between two runs.
    pub fn every(self) -> Duration {
        Duration::from_secs(self.every.unsigned_abs())
    }

    pub(super) fn next(self, after: Instant) -> Option<Instant> {
        let steps = self.steps(after) + 1;
        self.anchor.checked_add(self.every.checked_mul(steps)?)
    }

    pub(super) fn count(self, after: Instant, until: Instant) -> u64 {
        u64::try_from(self.steps(until) - self.steps(after)).unwrap_or(0)
    }

    /// The number of the last run at or before `at`, the anchor's own being zero; before the anchor, one less.
    fn steps(self, at: Instant) -> i64 {
        at.saturating_sub(self.anchor).div_euclid(self.every).max(-1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_due_before_the_anchor() {
        let anchor = DateTime::from_timestamp(10_000, 999).expect("an instant");
        let interval = Interval::new(Duration::from_secs(60)).expect("a minute").anchored(anchor);
        assert_eq!(interval.next(-5_000), Some(10_000), "the anchor itself is the first");
        assert_eq!(interval.next(10_000), Some(10_060));
        assert_eq!(interval.count(-5_000, 9_999), 0);
        assert_eq!(interval.count(-5_000, 10_119), 2);
        let unanchored = Interval::new(Duration::from_secs(900)).expect("a quarter of an hour");
        assert_eq!(unanchored.next(1_795_694_401), Some(1_795_695_300), "12:00:01 is followed by 12:15");
    }
}
