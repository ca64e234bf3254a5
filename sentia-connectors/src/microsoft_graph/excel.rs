//! Cells of a workbook in other types than Excel hands them out in.
//!
//! Graph gives a cell's value as Excel holds it: a date is a number of days, an empty cell is `""`, an error is text
//! such as `"#N/A"`, and a whole number may be written `5` or `5.0`. Documents keep these values as they came. Which
//! number is a date is known by the column, never by its size.

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};
use rust_decimal::{Decimal, prelude::ToPrimitive};

/// From which day a workbook counts. It is a setting of the workbook (Advanced options, "Use 1904 date system").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateSystem {
    /// From 1900: nearly every workbook.
    #[default]
    From1900,
    /// From 1904: workbooks made on old Macs.
    From1904,
}

/// The wall-clock time that a date serial stands for, to the second. It has no zone.
///
/// ```
/// use sentia_connectors::microsoft_graph::excel::{DateSystem, date_time};
/// use sentia_core::Exact;
///
/// let serial: Exact = "46082.75".parse().expect("a number");
/// let at = date_time(serial.0, DateSystem::From1900).expect("a date");
/// assert_eq!(at.to_string(), "2026-03-01 18:00:00");
/// assert_eq!(date_time("60".parse().expect("a number"), DateSystem::From1900), None, "1900 had no February 29th");
/// ```
///
/// `None` for what is no date: less than a day, the day that Excel invented, and what a calendar cannot hold.
pub fn date_time(serial: Decimal, system: DateSystem) -> Option<NaiveDateTime> {
    let days = serial.trunc().to_u64()?;
    let epoch = match (system, days) {
        (DateSystem::From1904, _) => NaiveDate::from_ymd_opt(1904, 1, 1)?,
        (DateSystem::From1900, 0 | 60) => return None,
        // Excel keeps Lotus' mistake that 1900 was a leap year: before it, serials are a day off.
        (DateSystem::From1900, 1..60) => NaiveDate::from_ymd_opt(1899, 12, 31)?,
        (DateSystem::From1900, _) => NaiveDate::from_ymd_opt(1899, 12, 30)?,
    };
    let seconds = (serial.fract() * Decimal::from(86_400)).round().to_i64()?;
    let midnight = epoch.checked_add_days(Days::new(days))?.and_hms_opt(0, 0, 0)?;
    midnight.checked_add_signed(TimeDelta::seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(serial: &str, system: DateSystem) -> Option<String> {
        date_time(serial.parse().expect("a number"), system).map(|at| at.to_string())
    }

    #[test]
    fn serials_are_days_of_their_system() {
        use DateSystem::*;
        for (serial, system, expected) in [
            ("61", From1900, Some("1900-03-01 00:00:00")),
            ("59", From1900, Some("1900-02-28 00:00:00")),
            ("1", From1900, Some("1900-01-01 00:00:00")),
            ("60", From1900, None),
            ("0.5", From1900, None),
            ("-3", From1900, None),
            ("43831", From1900, Some("2020-01-01 00:00:00")),
            ("42369", From1904, Some("2020-01-01 00:00:00")),
            ("43831.999999", From1900, Some("2020-01-02 00:00:00")),
            ("43831.5000058", From1900, Some("2020-01-01 12:00:01")),
            ("79228162514264337593543950335", From1900, None),
        ] {
            assert_eq!(at(serial, system).as_deref(), expected, "{serial}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_systems_are_1462_days_apart(days in 1_500u32..2_000_000, thousandths in 0u32..1000) {
            let serial = Decimal::from(days) + Decimal::new(thousandths.into(), 3);
            let other = serial - Decimal::from(1462);
            proptest::prop_assert_eq!(date_time(serial, DateSystem::From1900), date_time(other, DateSystem::From1904));
        }

        #[test]
        fn no_number_panics(mantissa in proptest::num::i64::ANY, scale in 0u32..28) {
            let _ = date_time(Decimal::new(mantissa, scale), DateSystem::From1900);
        }
    }
}
