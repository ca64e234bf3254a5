//! A row's cells, read by header name: in files of Amazon's, dates and decimals depend on the region.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use sentia_core::{Exact, Text};
use serde::{Deserialize, Deserializer};

/// The cells of a row under their headers' plain names.
///
/// A header is `Starting Warehouse Balance` in one type and `starting-warehouse-balance` in another; the plain name is
/// in lower case, with hyphens.
#[derive(Debug, Default)]
pub(in crate::amazon) struct Cells(HashMap<String, String>);

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cells = HashMap::<String, String>::deserialize(deserializer)?;
        Ok(Cells(cells.into_iter().map(|(name, cell)| (plain(&name), cell)).collect()))
    }
}

/// The plain name of a header.
pub(super) fn plain(header: &str) -> String {
    let header = header.trim().trim_matches('"').trim();
    header.chars().map(|c| if c == ' ' || c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
}

type Read<T> = Result<Option<T>, String>;

impl Cells {
    fn cell(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    fn read<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Read<T> {
        let wrong =
            |cell: &str| format!("{name}: {:?} cannot be read", cell.chars().take(64).collect::<String>());
        self.cell(name).map(|cell| read(cell).ok_or_else(|| wrong(cell))).transpose()
    }

    /// A cell as it is; none where it is empty or the row is too short.
    pub(in crate::amazon) fn text(&self, name: &str) -> Option<Text> {
        self.cell(name).map(Text::from)
    }

    /// A whole number.
    pub(in crate::amazon) fn integer(&self, name: &str) -> Read<i64> {
        self.read(name, |cell| cell.parse().ok())
    }

    /// A decimal with a point or, in Europe, a comma.
    pub(in crate::amazon) fn decimal(&self, name: &str) -> Read<Exact> {
        self.read(name, decimal)
    }

    /// An instant.
    pub(in crate::amazon) fn instant(&self, name: &str) -> Read<DateTime<Utc>> {
        self.read(name, instant)
    }

    /// A day.
    pub(in crate::amazon) fn day(&self, name: &str) -> Read<NaiveDate> {
        self.read(name, day)
    }

    /// A day that may be written month first, as the stock ledger does in every region.
    pub(in crate::amazon) fn american_day(&self, name: &str) -> Read<NaiveDate> {
        self.read(name, |cell| day(cell).or_else(|| NaiveDate::parse_from_str(cell, "%m/%d/%Y").ok()))
    }
}

/// Reads `1234.56`, `1234,56`, `1.234,56` and `1,234.56`. A comma alone before three digits may be either of the two,
/// so it is refused; nothing is guessed where money is concerned.
fn decimal(cell: &str) -> Option<Exact> {
    let (last_comma, last_point) = (cell.rfind(','), cell.rfind('.'));
    let without = |separator: char, cell: &str| cell.replace(separator, "");
    let plain = match (last_comma, last_point) {
        (None, _) => cell.to_owned(),
        (Some(comma), Some(point)) if comma > point => without('.', cell).replace(',', "."),
        (Some(_), Some(_)) => without(',', cell),
        (Some(comma), None) if cell.matches(',').count() == 1 && cell.len() - comma - 1 != 3 => {
            cell.replace(',', ".")
        }
        (Some(_), None) => return None,
    };
    plain.parse().ok()
}

/// Instants without a zone are UTC, which the files say in their own words where they say it.
const INSTANTS: [&str; 4] =
    ["%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S"];

fn instant(cell: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(cell) {
        return Some(at.with_timezone(&Utc));
    }
    let bare = cell.strip_suffix("UTC").or_else(|| cell.strip_suffix("GMT")).unwrap_or(cell).trim_end();
    let read = |format: &&str| NaiveDateTime::parse_from_str(bare, format).ok();
    INSTANTS.iter().find_map(read).map(|at| at.and_utc())
}

fn day(cell: &str) -> Option<NaiveDate> {
    let read = |format| NaiveDate::parse_from_str(cell, format).ok();
    read("%Y-%m-%d").or_else(|| read("%d.%m.%Y")).or_else(|| instant(cell).map(|at| at.date_naive()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_of_both_regions() {
        for (cell, expected) in [
            ("1234.56", Some("1234.56")),
            ("-12,34", Some("-12.34")),
            ("1.234,56", Some("1234.56")),
            ("1,234.56", Some("1234.56")),
            ("1.234.567,8", Some("1234567.8")),
            ("0", Some("0")),
            ("1,2345", Some("1.2345")),
            ("1,234", None),
            ("1,234,567", None),
            ("12 EUR", None),
        ] {
            assert_eq!(decimal(cell).map(|number| number.to_string()).as_deref(), expected, "{cell}");
        }
    }

    #[test]
    fn instants_and_days_of_both_regions() {
        for cell in ["2026-02-01 03:04:05 UTC", "01.02.2026 03:04:05 UTC", "2026-02-01T03:04:05+00:00"] {
            assert_eq!(
                instant(cell).map(|at| at.to_string()).as_deref(),
                Some("2026-02-01 03:04:05 UTC"),
                "{cell}"
            );
        }
        for cell in ["2026-02-01", "01.02.2026", "2026-02-01T23:04:05+00:00"] {
            assert_eq!(day(cell).map(|day| day.to_string()).as_deref(), Some("2026-02-01"), "{cell}");
        }
        assert_eq!(instant("02/01/2026 03:04:05"), None, "month or day first is not known");
        let cells: Cells =
            serde_json::from_str(r#"{"Date":"08/14/2026","Bad":"14/08/2026"}"#).expect("cells");
        assert_eq!(
            cells.american_day("date").map(|day| day.map(|d| d.to_string())),
            Ok(Some("2026-08-14".to_owned()))
        );
        assert!(cells.american_day("bad").is_err());
    }

    #[test]
    fn headers_are_known_by_their_plain_names() {
        for header in
            ["Starting Warehouse Balance", "\"Starting Warehouse Balance\"", "starting_warehouse_balance "]
        {
            assert_eq!(plain(header), "starting-warehouse-balance");
        }
    }

    proptest! {
        #[test]
        fn a_number_reads_alike_in_both_regions(whole in 0u32..1_000_000, cents in 0u32..100) {
            let (point, comma) = (format!("{whole}.{cents:02}"), format!("{whole},{cents:02}"));
            prop_assert_eq!(decimal(&point), decimal(&comma));
            prop_assert!(decimal(&point).is_some());
        }

        #[test]
        fn nothing_panics(cell in "\\PC{0,24}") {
            let _ = (decimal(&cell), instant(&cell), day(&cell));
        }

        #[test]
        fn every_instant_reads_back(seconds in 0i64..4_000_000_000) {
            let at = DateTime::from_timestamp(seconds, 0).expect("in range");
            for format in ["%Y-%m-%d %H:%M:%S UTC", "%d.%m.%Y %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%S+00:00"] {
                prop_assert_eq!(instant(&at.format(format).to_string()), Some(at));
            }
        }
    }
}
