//! Cron lines in a time zone, and what they do when the clock is changed.
//!
//! The rule is that of Vixie cron's manual (`man 8 cron`: jobs at a particular time against those with `*` in the hour or
//! minute), made exact:
//!
//! - A **fixed** line, with neither `*` nor every value in hours, minutes and seconds, runs once for each wall-clock time it
//!   names. A time that the clock skips runs in the first second after the gap, several such times as one run; a time that
//!   occurs twice runs the first time.
//! - A **repeating** line (`*/15 * * * *`, `0 * * * *`, `0 */2 * * *`) runs whenever the wall clock shows a time it names:
//!   in a repeated hour twice, in a skipped one not at all, so hourly lines run every hour that really passes.
//!
//! Of the library only the grammar and the choice of days are used. Its own search calls a line fixed only when it has one
//! hour and one minute, so that `0 2,14 * * *` loses a run when 02:00 is skipped; it loses `30 23 * * 6` in Nuuk, where the
//! gap ends on a Sunday; and it gives up on gaps of more than two hours (Apia left out 30 December 2011).

use chrono_tz::Tz;

use super::{
    calendar::{Calendar, DAY, WallClock},
    zone::{self, Instant, Stretch},
};
use crate::{Error, ErrorKind, Result};

/// Seconds around a search's start and around a far match in which every stretch is looked at: more than two offsets can differ
/// by, so that a clock set back cannot show again, in what lies between, a time from before the start.
const NEAR: i64 = 2 * DAY;

/// A cron line and the zone whose wall clock it speaks of.
///
/// Five fields (minute, hour, day of the month, month, day of the week), six with leading seconds, or a nickname
/// (`@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`). Sunday is 0 or 7. `L`, `W` and `#` are understood. When day of
/// the month and day of the week are both given, either is enough, as POSIX has it; a `+` before the day of the week asks for
/// both. Only a bare `*` counts as not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronLine {
    line: String,
    zone: Tz,
    // Boxed, as it is ten times the size of an interval.
    calendar: Box<Calendar>,
}

impl CronLine {
    /// Parses `line`, to be read in the zone of this name, such as `Europe/London`.
    ///
    /// # Errors
    /// `ConfigInvalid` when the line is not understood or names no day that exists (30 February), and when the zone is not in
    /// the time zone database.
    pub fn new(line: &str, zone: &str) -> Result<Self> {
        let invalid = |setting, value: &str, message: String| {
            Error::new(ErrorKind::ConfigInvalid, message)
                .operation("schedule.cron")
                .context("setting", setting)
                .context("value", value)
        };
        let calendar = Calendar::parse(line).map_err(|reason| {
            let remedy = "write minute, hour, day, month and weekday, such as `0 2 * * *`";
            invalid("line", line, format!("the cron line cannot be used: {reason}; {remedy}"))
        })?;
        let known = zone.parse().map_err(|_| {
            let message =
                "no such time zone; name one of the time zone database, such as Europe/London or UTC";
            invalid("zone", zone, message.to_owned())
        })?;
        Ok(CronLine { line: line.trim().to_owned(), zone: known, calendar: Box::new(calendar) })
    }

    /// The line as it was written.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The zone's name in the time zone database.
    pub fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The first run after an instant; none when the calendar has come to its end.
    pub(super) fn next(&self, after: Instant) -> Option<Instant> {
        let mut stretch = Stretch::at(self.zone, after + 1);
        let mut fresh = zone::repeated_until(self.zone, after + 1);
        loop {
            if self.is_made_up(stretch, fresh) {
                return Some(stretch.from);
            }
            fresh = fresh.max(stretch.expected());
            let at = self.calendar.next(self.readable(stretch, fresh))? - stretch.offset;
            if at < stretch.until {
                return Some(at);
            }
            stretch = if stretch.until > after + NEAR && stretch.until < at - NEAR {
                fresh = zone::repeated_until(self.zone, at - NEAR);
                Stretch::at(self.zone, at - NEAR)
            } else {
                stretch.following(self.zone)
            };
        }
    }

    /// How many runs there are after `after`, up to and with `until`.
    pub(super) fn count(&self, after: Instant, until: Instant) -> u64 {
        if until <= after {
            return 0;
        }
        let mut stretch = Stretch::at(self.zone, after + 1);
        let mut fresh = zone::repeated_until(self.zone, after + 1);
        let mut runs = 0;
        while stretch.from <= until {
            let is_made_up = self.is_made_up(stretch, fresh);
            fresh = fresh.max(stretch.expected());
            let mut from = self.readable(stretch, fresh);
            if is_made_up {
                runs += 1;
                from = from.max(stretch.begins() + 1);
            }
            runs += self.calendar.count(from, stretch.until.min(until + 1) + stretch.offset);
            stretch = stretch.following(self.zone);
        }
        runs
    }

    /// True when a time of a fixed line was skipped right before this stretch. `fresh` is where the wall clock shows what it
    /// has not shown before.
    fn is_made_up(&self, stretch: Stretch, fresh: WallClock) -> bool {
        let skipped = stretch.expected().max(fresh);
        !self.calendar.repeats && self.calendar.count(skipped, stretch.begins()) > 0
    }

    /// The first time on the wall that counts in this stretch.
    fn readable(&self, stretch: Stretch, fresh: WallClock) -> WallClock {
        if self.calendar.repeats { stretch.begins() } else { stretch.begins().max(fresh) }
    }
}
