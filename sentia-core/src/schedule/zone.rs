//! A time zone as stretches of one offset, and what happens to the wall clock between them.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::calendar::{DAY, WallClock};

/// Seconds since 1970-01-01 00:00 UTC.
pub(super) type Instant = i64;

/// Offsets are compared at both ends of so many seconds. No zone changes its offset and back within half a day.
const HOP: i64 = DAY / 2;

/// A piece of time in which a zone's offset stays the same; it may go on behind its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Its first second.
    pub(super) from: Instant,
    /// The second behind its last.
    pub(super) until: Instant,
    /// Seconds that the wall clock is ahead of UTC.
    pub(super) offset: i64,
    /// The offset a second before it; another one when the clock was changed with its first second.
    pub(super) before: i64,
}

impl Stretch {
    /// The stretch that begins with `from`.
    pub(super) fn at(zone: Tz, from: Instant) -> Self {
        Stretch::behind(zone, from, offset(zone, from - 1))
    }

    /// The stretch that follows.
    pub(super) fn following(self, zone: Tz) -> Self {
        Stretch::behind(zone, self.until, self.offset)
    }

    fn behind(zone: Tz, from: Instant, before: i64) -> Self {
        let offset = offset(zone, from);
        Stretch { from, until: change(zone, from, from + HOP).unwrap_or(from + HOP), offset, before }
    }

    /// What the wall clock shows in its first second.
    pub(super) fn begins(self) -> WallClock {
        self.from + self.offset
    }

    /// What the wall clock would have shown in its first second, had it not been changed.
    pub(super) fn expected(self) -> WallClock {
        self.from + self.before
    }
}

/// Where the wall clock shows what it has not shown before, at or after `at`; the past when no clock was set back within the
/// day.
pub(super) fn repeated_until(zone: Tz, at: Instant) -> WallClock {
    let from = at - DAY;
    let earlier = offset(zone, from);
    if earlier <= offset(zone, at) {
        return WallClock::MIN;
    }
    change(zone, from, at).map_or(WallClock::MIN, |change| change + earlier)
}

/// The first second in `(from, until]` with another offset than `from` has.
fn change(zone: Tz, from: Instant, until: Instant) -> Option<Instant> {
    let known = offset(zone, from);
    if offset(zone, until) == known {
        return None;
    }
    let (mut same, mut other) = (from, until);
    while other - same > 1 {
        let middle = same + (other - same) / 2;
        if offset(zone, middle) == known { same = middle } else { other = middle }
    }
    Some(other)
}

/// Seconds that the wall clock is ahead of UTC. Beyond the calendar's end it is UTC's.
fn offset(zone: Tz, at: Instant) -> i64 {
    let Some(at) = DateTime::from_timestamp(at, 0) else { return 0 };
    i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_end_where_the_clock_is_changed() {
        // 2026-03-29 01:00 UTC, when London goes from UTC to an hour ahead of it.
        let spring = 1_774_746_000;
        let before = Stretch::at(chrono_tz::Europe::London, spring - 5_000);
        assert_eq!((before.until, before.offset), (spring, 0));
        let after = before.following(chrono_tz::Europe::London);
        assert_eq!((after.from, after.before, after.offset), (spring, 0, 3_600));
        assert_eq!(after, Stretch::at(chrono_tz::Europe::London, spring), "however it is come by");
    }

    #[test]
    fn a_clock_that_was_set_back_repeats_itself_for_an_hour() {
        // 2026-10-25 01:00 UTC, when London shows 01:00 for the second time.
        let autumn = 1_792_890_000;
        let london = chrono_tz::Europe::London;
        assert_eq!(repeated_until(london, autumn - 1), WallClock::MIN);
        assert_eq!(repeated_until(london, autumn), autumn + 3_600);
        assert_eq!(repeated_until(london, autumn + 1_800), autumn + 3_600);
    }
}
