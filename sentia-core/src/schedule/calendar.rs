//! Which wall-clock times a cron line names, in a calendar without zones.
//!
//! The grammar (`L`, `W`, `#`, names of months and days, nicknames) and the choice of days are the library's; times of a
//! day are three sets. Wall-clock times are seconds since 1970 as a clock on the wall would count them, so that 02:00 is
//! 7,200 on the first day whatever the zone.

use chrono::{Datelike, NaiveDate};
use croner::{
    Cron, Weekday,
    parser::{CronParser, Year},
};

/// Seconds of a wall clock since 1970-01-01 00:00 on that clock.
pub(super) type WallClock = i64;

/// Seconds of a day on the wall.
pub(super) const DAY: i64 = 86_400;

/// Days after which the Gregorian calendar repeats, weekdays included: what does not fire in them never does.
const CYCLE: i64 = 146_097;

/// A cron line, parsed. Equal when the line is written alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calendar {
    cron: Cron,
    hours: u64,
    minutes: u64,
    seconds: u64,
    /// True when an hour or a minute is written as `*`, or all of them are named.
    pub(super) repeats: bool,
}

impl Calendar {
    /// Parses five fields, six with leading seconds, or a nickname such as `@daily`. The error says what is wrong.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let cron = parser.parse(line).map_err(|error| error.to_string())?;
        let set = |values: Vec<u16>| values.into_iter().fold(0_u64, |set, value| set | 1 << (value % 64));
        let pattern = &cron.pattern;
        let (hours, minutes, seconds) =
            (set(pattern.hours.values()), set(pattern.minutes.values()), set(pattern.seconds.values()));
        let has_star =
            pattern.hours.from_wildcard || pattern.minutes.from_wildcard || pattern.seconds.from_wildcard;
        let is_full = hours.count_ones() == 24 || minutes.count_ones() == 60 || seconds.count_ones() == 60;
        let calendar = Calendar { hours, minutes, seconds, repeats: has_star || is_full, cron };
        match calendar.next(0) {
            Some(_) => Ok(calendar),
            None => Err("no day of the calendar matches, so it never fires".to_owned()),
        }
    }

    /// The first named time at or after `from`; none when there is none within four centuries.
    pub(super) fn next(&self, from: WallClock) -> Option<WallClock> {
        let today = from.div_euclid(DAY);
        let later_today = self
            .has(today)
            .then(|| self.time_from(from.rem_euclid(DAY)))
            .flatten()
            .map(|time| today * DAY + time);
        later_today.or_else(|| {
            let day = (today + 1..=today + CYCLE).find(|day| self.has(*day))?;
            Some(day * DAY + self.time_from(0)?)
        })
    }

    /// How many named times lie at or after `from` and before `until`.
    pub(super) fn count(&self, from: WallClock, until: WallClock) -> u64 {
        if until <= from {
            return 0;
        }
        let (first, last) = (from.div_euclid(DAY), until.div_euclid(DAY));
        let days = (first..last).filter(|day| self.has(*day)).count() as u64;
        // Whole days, less what lies before the first time, more what lies before the end.
        let before = |day: i64, time: i64| if self.has(day) { self.times_before(time) } else { 0 };
        days * self.times_before(DAY) + before(last, until.rem_euclid(DAY))
            - before(first, from.rem_euclid(DAY))
    }

    /// True when the line fires on this day, counted from 1970.
    fn has(&self, day: i64) -> bool {
        let Some(date) = i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days) else {
            return false;
        };
        let weekday = Weekday::from_days_from_sunday(date.weekday().num_days_from_sunday());
        let pattern = &self.cron.pattern;
        // Both answer an error for dates that do not exist, which a `NaiveDate` cannot be.
        pattern.month_match(date.month()).unwrap_or(false)
            && pattern.day_match(date.year(), date.month(), date.day(), weekday).unwrap_or(false)
    }

    /// The first named time of a day at or after `time`, both in seconds since its midnight.
    fn time_from(&self, time: i64) -> Option<i64> {
        let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
        let first = (from(self.minutes, 0)?, from(self.seconds, 0)?);
        let in_minute = contains(self.hours, hour) && contains(self.minutes, minute);
        if let Some(second) = from(self.seconds, second).filter(|_| in_minute) {
            return Some(hour * 3_600 + minute * 60 + second);
        }
        if let Some(minute) = from(self.minutes, minute + 1).filter(|_| contains(self.hours, hour)) {
            return Some(hour * 3_600 + minute * 60 + first.1);
        }
        from(self.hours, hour + 1).map(|hour| hour * 3_600 + first.0 * 60 + first.1)
    }

    /// How many named times of a day lie before `time`.
    fn times_before(&self, time: i64) -> u64 {
        let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
        let (a_minute, an_hour) = (count(self.seconds), count(self.seconds) * count(self.minutes));
        let whole_hours = before(self.hours, hour) * an_hour;
        if !contains(self.hours, hour) {
            return whole_hours;
        }
        let whole_minutes = before(self.minutes, minute) * a_minute;
        let seconds = if contains(self.minutes, minute) { before(self.seconds, second) } else { 0 };
        whole_hours + whole_minutes + seconds
    }
}

fn contains(set: u64, value: i64) -> bool {
    set >> value & 1 == 1
}

fn count(set: u64) -> u64 {
    u64::from(set.count_ones())
}

/// How many members are less than `value`.
fn before(set: u64, value: i64) -> u64 {
    count(set & ((1 << value) - 1))
}

/// The least member that is `value` or more.
fn from(set: u64, value: i64) -> Option<i64> {
    let rest = set >> value << value;
    (rest != 0).then(|| i64::from(rest.trailing_zeros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(line: &str) -> Calendar {
        Calendar::parse(line).expect("a line that fires")
    }

    #[test]
    fn counting_agrees_with_stepping() {
        for line in ["*/15 * * * *", "7,9 3-5 * * 1", "*/20 0 22 1,15 * *", "0 0 L * *", "0 6 15W * 5#2"] {
            let calendar = calendar(line);
            let from = 1_700_000_123;
            let mut at = from;
            for steps in 0..40_u64 {
                let found = calendar.next(at).expect("it goes on");
                assert_eq!(calendar.count(from, found), steps, "{line} before {found}");
                assert_eq!(calendar.count(from, found + 1), steps + 1, "{line} up to {found}");
                at = found + 1;
            }
        }
    }

    #[test]
    fn a_line_repeats_when_hours_or_minutes_are_open() {
        for line in ["*/15 * * * *", "0 * * * *", "0 */2 * * *", "@hourly", "0 0-23 * * *", "* 30 2 * * *"] {
            assert!(calendar(line).repeats, "{line}");
        }
        for line in ["0 2 * * *", "0 2,14 * * *", "30 1-3 * * *", "@daily", "0-59/15 2 * * *", "5 0 2 * * *"]
        {
            assert!(!calendar(line).repeats, "{line}");
        }
    }

    #[test]
    fn lines_that_never_fire_are_told() {
        for line in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 30 FEB *", "0 0 30 2 +1"] {
            assert!(Calendar::parse(line).is_err_and(|error| error.contains("never fires")), "{line}");
        }
        // 29 February on a Monday comes 13 times in four centuries.
        assert_eq!(
            calendar("0 0 29 2 +1").next(1_577_836_800).map(|time| time / DAY),
            Some(19_782 + 365 * 20 + 5)
        );
    }
}
