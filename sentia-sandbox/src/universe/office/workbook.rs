//! Excel workbooks: sheets of cells, and tables that cover a sheet.

use chrono::{NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;

/// An Excel workbook.
#[derive(Clone, Debug)]
pub struct Workbook {
    /// Id of the file.
    pub item: String,
    /// Sheets in their order.
    pub sheets: Vec<Sheet>,
    /// Tables.
    pub tables: Vec<Table>,
}

/// A worksheet: a rectangle of cells that begins at some cell.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// `{GUID}`.
    pub id: String,
    /// Name.
    pub name: &'static str,
    /// Row of the first cell, from zero.
    pub top: usize,
    /// Column of the first cell, from zero.
    pub left: usize,
    /// Rows of equal length.
    pub cells: Vec<Vec<Cell>>,
}

/// A table that covers all cells of its sheet, the first row being its header.
#[derive(Clone, Debug)]
pub struct Table {
    /// `{GUID}`.
    pub id: String,
    /// Name.
    pub name: &'static str,
    /// Position of the sheet.
    pub sheet: usize,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What it holds.
    pub value: CellValue,
    /// How it is shown; dates are only told by this.
    pub format: &'static str,
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellValue {
    /// Nothing; `""` on the wire.
    Empty,
    /// Text.
    Text(String),
    /// A number, or the serial number of a date.
    Number(Decimal),
    /// TRUE or FALSE.
    Flag(bool),
    /// `#N/A`, `#DIV/0!` ...
    Error(&'static str),
}

/// Format of calendar days.
pub const DAY_FORMAT: &str = "dd/mm/yyyy";
/// Format of moments.
pub const MOMENT_FORMAT: &str = "dd/mm/yyyy hh:mm";
const GENERAL: &str = "General";

impl Cell {
    /// Nothing.
    pub fn empty() -> Self {
        Self { value: CellValue::Empty, format: GENERAL }
    }

    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { value: CellValue::Text(text.into()), format: GENERAL }
    }

    /// A number.
    pub fn number(number: Decimal) -> Self {
        Self { value: CellValue::Number(number), format: "0.00" }
    }

    /// TRUE or FALSE.
    pub fn flag(flag: bool) -> Self {
        Self { value: CellValue::Flag(flag), format: GENERAL }
    }

    /// An error.
    pub fn error(error: &'static str) -> Self {
        Self { value: CellValue::Error(error), format: GENERAL }
    }

    /// A calendar day as its serial number.
    pub fn day(day: NaiveDate) -> Self {
        Self { value: CellValue::Number(Decimal::from(serial_of_day(day))), format: DAY_FORMAT }
    }

    /// A moment as its serial number with a fraction, rounded to ten places as Excel shows at most.
    pub fn moment(moment: NaiveDateTime) -> Self {
        let seconds = (moment - moment.date().and_time(chrono::NaiveTime::MIN)).num_seconds();
        let fraction = (Decimal::from(seconds) / Decimal::from(86_400)).round_dp(10);
        let serial = Decimal::from(serial_of_day(moment.date())) + fraction;
        Self { value: CellValue::Number(serial), format: MOMENT_FORMAT }
    }
}

/// Days since 1899-12-30, which is right from 1900-03-01 on.
fn serial_of_day(day: NaiveDate) -> i64 {
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30).expect("the thirtieth of December 1899 is a date");
    (day - zero).num_days()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::serial_of_day;

    #[test]
    fn serials_are_excels() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        assert_eq!(serial_of_day(day(1900, 3, 1)), 61);
        assert_eq!(serial_of_day(day(2026, 1, 1)), 46_023);
    }
}
