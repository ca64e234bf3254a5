//! Reads Xero's dates: `/Date(1541176290160+0000)/`.
//!
//! The number is milliseconds since 1970, UTC, and may be negative. The offset is information only and is never
//! added. A business date is a day at 00:00 without a zone: its UTC day is the day meant.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// .NET's `DateTime.MinValue`, 0001-01-01, which Xero writes for "no date".
const NET_MIN_VALUE_MS: i64 = -62_135_596_800_000;

/// The instant that `text` names; none for .NET's smallest date, which means "no date".
///
/// ISO 8601 is read too, as the twin fields (`DateString`) and `/connections` write it; without a zone it is UTC.
pub(super) fn instant(text: &str) -> Result<Option<DateTime<Utc>>, String> {
    let refused = || format!("{:?} is not a date of Xero", text.chars().take(64).collect::<String>());
    let at = match milliseconds(text) {
        Some(ms) => ms.ok().and_then(DateTime::from_timestamp_millis),
        None => iso(text),
    };
    let at = at.ok_or_else(refused)?;
    Ok(Some(at).filter(|at| at.timestamp_millis() != NET_MIN_VALUE_MS))
}

/// The calendar day that `text` names.
pub(super) fn day(text: &str) -> Result<Option<NaiveDate>, String> {
    Ok(instant(text)?.map(|at| at.date_naive()))
}

/// The number inside `/Date(...)/`; none when the text has another form.
fn milliseconds(text: &str) -> Option<Result<i64, std::num::ParseIntError>> {
    let inside = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let number =
        inside.get(1..).and_then(|rest| rest.find(['+', '-'])).map_or(inside, |sign| &inside[..=sign]);
    Some(number.parse())
}

fn iso(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    let local = local.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let midnight = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(chrono::NaiveTime::MIN));
    local.or_else(midnight).map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        instant(text).expect(text).map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }

    #[test]
    fn known_answers() {
        assert_eq!(day("/Date(1539993600000+0000)/"), Ok(NaiveDate::from_ymd_opt(2018, 10, 20)));
        assert_eq!(read("/Date(1541176290160+0000)/").as_deref(), Some("2018-11-02T16:31:30.160Z"));
        assert_eq!(day("/Date(0+0000)/"), Ok(NaiveDate::from_ymd_opt(1970, 1, 1)));
        assert_eq!(day("/Date(-2208988800000)/"), Ok(NaiveDate::from_ymd_opt(1900, 1, 1)));
        assert_eq!(read("/Date(-62135596800000)/"), None);
        assert_eq!(read("/Date(-62135596800000+0000)/"), None);
    }

    #[test]
    fn the_slashes_may_have_been_escaped() {
        let text: String = serde_json::from_str(r#""\/Date(1552326816230)\/""#).expect("json");
        assert_eq!(read(&text).as_deref(), Some("2019-03-11T17:53:36.230Z"));
    }

    #[test]
    fn the_offset_is_not_added() {
        assert_eq!(instant("/Date(1419937200000-0800)/"), instant("/Date(1419937200000+1300)/"));
        assert_eq!(instant("/Date(-1000+0000)/"), instant("/Date(-1000)/"));
    }

    #[test]
    fn iso_forms_are_utc() {
        for text in ["2018-10-20T00:00:00", "2018-10-20", "2018-10-20T00:00:00Z", "2018-10-20 00:00:00"] {
            assert_eq!(read(text).as_deref(), Some("2018-10-20T00:00:00Z"), "{text}");
        }
        assert_eq!(read("2019-12-07T18:46:19.5165400").as_deref(), Some("2019-12-07T18:46:19.516540Z"));
    }

    #[test]
    fn what_is_no_date_is_said_so() {
        for text in [
            "/Date()/",
            "/Date(x)/",
            "/Date(99999999999999999999)/",
            "/Date(9223372036854775807)/",
            "12 April",
        ] {
            assert!(instant(text).expect_err(text).contains("is not a date"), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", inside in "[-+0-9é]{0,24}") {
            let _ = (instant(&text), instant(&format!("/Date({inside})/")));
        }
    }
}
