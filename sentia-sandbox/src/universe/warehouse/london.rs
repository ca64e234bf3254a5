//! The account's calendar: Europe/London, by the rule in force since 1996.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};

/// The last Sunday of a month of 31 days, on which the clocks change at 01:00 UTC.
fn last_sunday(year: i32, month: u32) -> NaiveDate {
    let last = NaiveDate::from_ymd_opt(year, month, 31).expect("March and October have 31 days");
    last - TimeDelta::days(i64::from(last.weekday().num_days_from_sunday()))
}

fn change(year: i32, month: u32) -> DateTime<Utc> {
    last_sunday(year, month).and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(1)
}

/// The calendar day in London at a moment.
pub(crate) fn day_of(at: DateTime<Utc>) -> NaiveDate {
    let summer = at >= change(at.year(), 3) && at < change(at.year(), 10);
    (at + TimeDelta::hours(i64::from(summer))).date_naive()
}

/// The moment at which a day begins in London.
pub(crate) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    let summer = day > last_sunday(day.year(), 3) && day <= last_sunday(day.year(), 10);
    day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(i64::from(summer))
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};

    use super::{day_of, midnight};

    #[test]
    fn sixteenth_of_july_begins_on_the_fifteenth_in_utc() {
        let day = NaiveDate::from_ymd_opt(2026, 7, 16).unwrap_or_default();
        assert_eq!(midnight(day).timestamp_millis(), 1_784_156_400_000);
    }

    #[test]
    fn every_day_begins_at_its_midnight() {
        let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default();
        for day in first.iter_days().take(800) {
            assert_eq!(day_of(midnight(day)), day);
            assert_eq!(day_of(midnight(day) - TimeDelta::milliseconds(1)), day - TimeDelta::days(1));
        }
    }
}
