//! Schedules against an oracle, in time zones that have been the trouble of others.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

mod clocks;
mod decades;
mod lines;
mod oracle;
mod outages;
mod pauses;
mod rules;

/// Zones with daylight saving of an hour, of half an hour and of two, by day and at midnight, around Ramadan, given up, and
/// never had; with offsets of quarters of an hour, and one that left out a day.
const ZONES: [&str; 36] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Juba",
    "America/Anchorage",
    "America/Asuncion",
    "America/Caracas",
    "America/Havana",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Nuuk",
    "America/Phoenix",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Dublin",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Moscow",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Tongatapu",
    "UTC",
];

/// Lines that meet changed clocks, and such as must not.
const LINES: [&str; 20] = [
    "0 2 * * *",
    "30 2 * * *",
    "0 2,14 * * *",
    "30 1 * * *",
    "0 0 * * *",
    "45 23 * * *",
    "30 23 * * 6",
    "30 0-3 * * 0",
    "5-59/20 2 * * *",
    "59 0-23/3 * * 1-5",
    "0 0 1 * *",
    "30 2 29 2 *",
    "10 2 13 * 5",
    "0 0 31 12 0",
    "0 */2 * * *",
    "*/15 2 * * *",
    "*/20 0-3 * 3,4,9-11 0",
    "0 0-23 * * *",
    "0 * * * *",
    "*/15 * * * *",
];

/// The lines of [`LINES`] that fire at least hourly; the test command runs them in fewer zones.
const FREQUENT: usize = 3;

fn zone(name: &str) -> Tz {
    name.parse().expect("a known zone")
}

/// An instant written as RFC 3339.
fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// True at full length.
fn is_soak() -> bool {
    crate::optional_from_env("SENTIA_SOAK").is_some()
}

/// SplitMix64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut hash = self.0;
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((hash ^ (hash >> 31)) % bound.unsigned_abs()).expect("below the bound")
    }
}
