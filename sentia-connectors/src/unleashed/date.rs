//! Reads Unleashed's dates: `/Date(1583240449473)/`, milliseconds since 1970, UTC.
//!
//! A calendar day arrives as an instant too: midnight in the account's own zone. In British summer time 16 July comes
//! as 15 July 23:00 UTC, so a day means something in a time zone only.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// .NET's `DateTime.MinValue`, 0001-01-01, which .NET services write for "no date".
const NET_MIN_VALUE_MS: i64 = -62_135_596_800_000;

/// The instant that `text` names; none for .NET's smallest date.
///
/// An offset as in `+0000` is information and not added. ISO 8601, as the XML form and webhooks write it, is read too;
/// without a zone it is UTC.
pub(super) fn instant(text: &str) -> Result<Option<DateTime<Utc>>, String> {
    let refused = || format!("{:?} is not a date of Unleashed", text.chars().take(64).collect::<String>());
    let at = match milliseconds(text) {
        Some(ms) => ms.ok().and_then(DateTime::from_timestamp_millis),
        None => iso(text),
    };
    let at = at.ok_or_else(refused)?;
    Ok(Some(at).filter(|at| at.timestamp_millis() != NET_MIN_VALUE_MS))
}

/// The day it is in `zone` at `instant`.
pub(super) fn day_in(zone: Tz, instant: DateTime<Utc>) -> NaiveDate {
    zone.from_utc_datetime(&instant.naive_utc()).date_naive()
}

/// The bound as `modifiedSince` takes it: UTC without a zone, cut to the millisecond and so never later than asked.
pub(super) fn bound(since: DateTime<Utc>) -> String {
    since.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

/// The number inside `/Date(...)/`; none when the text has another form.
fn milliseconds(text: &str) -> Option<Result<i64, std::num::ParseIntError>> {
    let inside = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    // The sign of the number itself is no offset.
    let number =
        inside.get(1..).and_then(|rest| rest.find(['+', '-'])).map_or(inside, |sign| &inside[..=sign]);
    Some(number.parse())
}

fn iso(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.with_timezone(&Utc));
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let midnight = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(chrono::NaiveTime::MIN));
    local.or_else(midnight).map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use chrono::SecondsFormat;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        instant(text).expect(text).map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    #[test]
    fn known_answers() {
        assert_eq!(read("/Date(1583240449473)/").as_deref(), Some("2020-03-03T13:00:49.473Z"));
        assert_eq!(read("/Date(1784156400000)/").as_deref(), Some("2026-07-15T23:00:00Z"));
        assert_eq!(read("/Date(1784156400000+0000)/").as_deref(), Some("2026-07-15T23:00:00Z"));
        assert_eq!(read("/Date(-2208988800000)/").as_deref(), Some("1900-01-01T00:00:00Z"));
        assert_eq!(read("2016-10-08T20:31:25.963").as_deref(), Some("2016-10-08T20:31:25.963Z"));
        assert_eq!(read("2026-03-01T01:15:39Z").as_deref(), Some("2026-03-01T01:15:39Z"));
        assert_eq!(read("2026-03-01").as_deref(), Some("2026-03-01T00:00:00Z"));
        assert_eq!(read("/Date(-62135596800000)/"), None);
        assert_eq!(instant("/Date(1000-0800)/"), instant("/Date(1000+1300)/"));
    }

    #[test]
    fn a_day_is_a_day_of_the_accounts_zone() {
        let midnight = instant("/Date(1784156400000)/").expect("a date").expect("some");
        let day = |zone: Tz| day_in(zone, midnight).to_string();
        assert_eq!(day(Tz::Europe__London), "2026-07-16", "British summer time");
        assert_eq!(day(Tz::UTC), "2026-07-15");
        assert_eq!(day(Tz::Pacific__Auckland), "2026-07-16");
        let winter = instant("/Date(1768435200000)/").expect("a date").expect("some");
        assert_eq!(day_in(Tz::Europe__London, winter).to_string(), "2026-01-15", "no shift in winter");
    }

    #[test]
    fn a_bound_is_never_later_than_asked() {
        let at = "2026-03-01T10:00:00.123999Z".parse().expect("an instant");
        assert_eq!(bound(at), "2026-03-01T10:00:00.123");
        assert_eq!(bound(DateTime::UNIX_EPOCH), "1970-01-01T00:00:00.000");
    }

    #[test]
    fn what_is_no_date_is_said_so() {
        for text in ["/Date()/", "/Date(x)/", "/Date(9223372036854775807)/", "12 April", "", "/Date(é)/"] {
            assert!(instant(text).expect_err(text).contains("is not a date"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", inside in "[-+0-9é]{0,24}") {
            let _ = (instant(&text), instant(&format!("/Date({inside})/")));
        }

        #[test]
        fn what_dot_net_writes_is_read(ms in -2_000_000_000_000_i64..4_000_000_000_000) {
            let read = instant(&format!("/Date({ms})/")).expect("a date").expect("some");
            prop_assert_eq!(read.timestamp_millis(), ms);
        }
    }
}
