//! Due times found by walking: every minute (or second) of UTC is asked what the wall clock shows and whether the line names it.
//!
//! It shares nothing with what it judges but the time zone database: a grammar of its own, no stretches, no search. The rule
//! about changed clocks is put in other words: a fixed line fires when the wall clock shows, for the first time, a time at or
//! after one that it names and that was not shown yet; a repeating line whenever it shows one.

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Numbers that a field names.
type Field = Vec<bool>;

/// A cron line without `L`, `W` and `#`.
pub(super) struct Line {
    seconds: Field,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    /// Day of the month and day of the week as written.
    day_fields: [String; 2],
    repeats: bool,
}

impl Line {
    /// Five fields, or six with seconds first.
    pub(super) fn parse(line: &str) -> Self {
        let mut fields: Vec<&str> = line.split(' ').collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let [seconds, minutes, hours] = [(0, 60), (1, 60), (2, 24)].map(|(at, size)| field(fields[at], size));
        let times = [&seconds, &minutes, &hours];
        let repeats = fields[..3].iter().any(|text| text.contains('*'))
            || times.iter().any(|field| field.iter().all(|named| *named));
        let mut weekdays = field(fields[5], 8);
        weekdays[0] |= weekdays[7];
        Line {
            days: field(fields[3], 32),
            months: field(fields[4], 13),
            weekdays,
            day_fields: [fields[3].to_owned(), fields[5].to_owned()],
            repeats,
            seconds,
            minutes,
            hours,
        }
    }

    fn names(&self, wall: i64) -> bool {
        let time = wall.rem_euclid(DAY);
        let [hour, minute, second] = [time / 3_600, time / 60 % 60, time % 60].map(index);
        self.hours[hour]
            && self.minutes[minute]
            && self.seconds[second]
            && self.names_day(wall.div_euclid(DAY))
    }

    fn names_day(&self, day: i64) -> bool {
        let date = NaiveDate::from_epoch_days(i32::try_from(day).expect("a near day")).expect("a near day");
        // 1970-01-01 was a Thursday.
        let weekday = self.weekdays[index((day + 4).rem_euclid(7))];
        let day = self.days[date.day() as usize];
        let is_day = match [self.day_fields[0] == "*", self.day_fields[1] == "*"] {
            [true, true] => true,
            [false, true] => day,
            [true, false] => weekday,
            [false, false] => day || weekday,
        };
        is_day && self.months[date.month() as usize]
    }

    /// False when no second of a quarter of an hour, of which this is the first, can be named.
    fn may_name_quarter(&self, wall: i64) -> bool {
        self.hours[index(wall.rem_euclid(DAY) / 3_600)] && self.names_day(wall.div_euclid(DAY))
    }
}

/// How finely time is walked, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From one look at the line to the next.
    pub(super) tick: i64,
    /// From one look at the zone to the next; a quarter of an hour at most, as no zone's clock is changed between.
    pub(super) look: i64,
}

impl Pace {
    /// A minute at a time; the zone is asked each quarter of an hour.
    pub(super) const MINUTES: Pace = Pace { tick: 60, look: 900 };
    /// The zone is asked every minute.
    pub(super) const EVERY_MINUTE: Pace = Pace { tick: 60, look: 60 };
    /// A second at a time.
    pub(super) const SECONDS: Pace = Pace { tick: 1, look: 60 };
}

/// Due times after `from`, up to and with `until`, in seconds since 1970.
pub(super) fn walk(zone: Tz, line: &Line, (from, until): (i64, i64), pace: Pace) -> Vec<i64> {
    let mut due = Vec::new();
    let mut at = (from - DAY).div_euclid(900) * 900;
    let mut shown = at + offset(zone, at) - pace.tick;
    while at <= until {
        let ahead = offset(zone, at);
        let (first, last) = (at + ahead, at + ahead + pace.look - pace.tick);
        if shown == first - pace.tick && !line.may_name_quarter(first.div_euclid(900) * 900) {
            (shown, at) = (last, at + pace.look);
            continue;
        }
        for now in (at..at + pace.look).step_by(usize::try_from(pace.tick).expect("positive")) {
            let wall = now + ahead;
            let unseen = (shown + pace.tick..=wall).step_by(usize::try_from(pace.tick).expect("positive"));
            let fires =
                if line.repeats { line.names(wall) } else { unseen.into_iter().any(|wall| line.names(wall)) };
            if fires && now > from && now <= until {
                due.push(now);
            }
            shown = shown.max(wall);
        }
        at += pace.look;
    }
    due
}

/// What the zone's clock is ahead of UTC, in seconds.
pub(super) fn offset(zone: Tz, at: i64) -> i64 {
    let utc = DateTime::from_timestamp(at, 0).expect("a near instant").naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// Lists of numbers and ranges, each with a step or none.
fn field(text: &str, size: usize) -> Field {
    let mut named = vec![false; size];
    for part in text.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let number = |text: &str| text.parse::<usize>().expect("a number");
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, size - 1),
            Some((first, last)) => (number(first), number(last)),
            None => (number(range), number(range)),
        };
        // Days and months are counted from one.
        let first = if range == "*" && matches!(size, 13 | 32) { 1 } else { first };
        (first..=last).step_by(number(step)).for_each(|value| named[value] = true);
    }
    named
}

fn index(value: i64) -> usize {
    usize::try_from(value).expect("not negative")
}
