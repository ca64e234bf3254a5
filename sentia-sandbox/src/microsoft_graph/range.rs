//! Ranges of cells: parallel arrays of values, texts, formulas, formats and types.

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use crate::universe::office::{Cell, CellValue, DAY_FORMAT, MOMENT_FORMAT, Sheet};

/// More cells than one answer holds.
const MOST_CELLS: usize = 5_000_000;

/// A rectangle of cells, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Block {
    /// All that a sheet uses.
    pub(crate) fn of(sheet: &Sheet) -> Self {
        let columns = sheet.cells.first().map_or(0, Vec::len);
        Self { top: sheet.top, left: sheet.left, rows: sheet.cells.len(), columns }
    }

    /// `A1:H500`, with or without the sheet's name before it.
    pub(crate) fn parse(address: &str) -> Result<Self, Answer> {
        let words = "The argument is invalid or missing or has an incorrect format.";
        let wrong = || Answer::nested(400, "BadRequest", "invalidArgument", words);
        let local = address.rsplit('!').next().unwrap_or_default().replace('$', "");
        let (from, to) = local.split_once(':').unwrap_or((&local, &local));
        let ((left, top), (right, bottom)) = (cell(from).ok_or_else(wrong)?, cell(to).ok_or_else(wrong)?);
        if right < left || bottom < top {
            return Err(wrong());
        }
        let block = Self { top, left, rows: bottom - top + 1, columns: right - left + 1 };
        if block.rows.saturating_mul(block.columns) > MOST_CELLS {
            let words = "The requested range is too large.";
            return Err(Answer::nested(400, "BadRequest", "rangeExceedsLimit", words));
        }
        Ok(block)
    }

    fn address(self, sheet: &str) -> String {
        let corner = |column: usize, row: usize| format!("{}{}", letters(column), row + 1);
        let from = corner(self.left, self.top);
        let to = corner(self.left + self.columns.saturating_sub(1), self.top + self.rows.saturating_sub(1));
        if from == to { format!("{sheet}!{from}") } else { format!("{sheet}!{from}:{to}") }
    }
}

/// Column and row of `AB12`, from zero.
fn cell(name: &str) -> Option<(usize, usize)> {
    let split = name.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = name.split_at(split);
    let row: usize = digits.parse().ok()?;
    if letters.is_empty() || letters.len() > 3 || row == 0 {
        return None;
    }
    let mut column = 0;
    for letter in letters.bytes() {
        if !letter.is_ascii_alphabetic() {
            return None;
        }
        column = column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
    }
    Some((column - 1, row - 1))
}

fn letters(column: usize) -> String {
    let (mut left, mut name) = (column + 1, String::new());
    while left > 0 {
        left -= 1;
        name.insert(0, char::from(b'A' + u8::try_from(left % 26).unwrap_or(0)));
        left /= 26;
    }
    name
}

/// A value as Excel gives it: doubles, `""` for nothing, errors as text. Whole numbers may bear a `.0`.
pub(crate) fn value(cell: &Cell) -> Value {
    match &cell.value {
        CellValue::Empty => "".into(),
        CellValue::Text(text) => text.as_str().into(),
        CellValue::Number(number) if number.fract().is_zero() && cell.format != "0.00" => {
            number.to_i64().map_or_else(|| json!(number.to_f64()), Value::from)
        }
        CellValue::Number(number) => json!(number.to_f64()),
        CellValue::Flag(flag) => (*flag).into(),
        CellValue::Error(error) => (*error).into(),
    }
}

/// What a person sees.
fn text(cell: &Cell) -> String {
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default();
    match &cell.value {
        CellValue::Empty => String::new(),
        CellValue::Text(text) => text.clone(),
        CellValue::Flag(flag) => if *flag { "TRUE" } else { "FALSE" }.to_owned(),
        CellValue::Error(error) => (*error).to_owned(),
        CellValue::Number(number) if cell.format == DAY_FORMAT || cell.format == MOMENT_FORMAT => {
            let seconds = (number.fract() * Decimal::from(86_400)).round().to_i64().unwrap_or(0);
            let day = zero + TimeDelta::days(number.trunc().to_i64().unwrap_or(0));
            let at = day.and_time(chrono::NaiveTime::MIN) + TimeDelta::seconds(seconds);
            let shape = if cell.format == DAY_FORMAT { "%d/%m/%Y" } else { "%d/%m/%Y %H:%M" };
            at.format(shape).to_string()
        }
        CellValue::Number(number) if cell.format == "0.00" => format!("{:.2}", number.round_dp(2)),
        CellValue::Number(number) => number.normalize().to_string(),
    }
}

fn kind(cell: &Cell) -> &'static str {
    match &cell.value {
        CellValue::Empty => "Empty",
        CellValue::Text(_) => "String",
        CellValue::Number(_) => "Double",
        CellValue::Flag(_) => "Boolean",
        CellValue::Error(_) => "Error",
    }
}

/// The range of a block, empty cells where the sheet has none.
pub(crate) fn answer(call: &Call<'_>, sheet: &Sheet, block: Block) -> Answer {
    let empty = Cell::empty();
    let at = |row: usize, column: usize| {
        let row = row.checked_sub(sheet.top).and_then(|row| sheet.cells.get(row));
        let column = column.checked_sub(sheet.left);
        row.zip(column).and_then(|(row, column)| row.get(column)).unwrap_or(&empty)
    };
    let grid = |show: &dyn Fn(&Cell) -> Value| {
        let rows = (block.top..block.top + block.rows).map(|row| {
            let columns = block.left..block.left + block.columns;
            Value::Array(columns.map(|column| show(at(row, column))).collect())
        });
        Value::Array(rows.collect())
    };
    let address = block.address(sheet.name);
    let (values, formulas) = (grid(&value), grid(&value));
    let id = call.target.split('?').next().unwrap_or_default();
    Answer::json(
        200,
        json!({
            "@odata.context": call.state.absolute("/$metadata#workbookRange"),
            "@odata.id": id,
            "@odata.type": "#microsoft.graph.workbookRange",
            "address": address, "addressLocal": address,
            "cellCount": block.rows * block.columns,
            "columnCount": block.columns, "columnHidden": false, "columnIndex": block.left,
            "formulas": formulas, "formulasLocal": values.clone(), "formulasR1C1": values.clone(), "hidden": false,
            "numberFormat": grid(&|cell| cell.format.into()),
            "rowCount": block.rows, "rowHidden": false, "rowIndex": block.top,
            "text": grid(&|cell| text(cell).into()),
            "valueTypes": grid(&|cell| kind(cell).into()),
            "values": values,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::{Block, cell, letters};

    #[test]
    fn addresses_are_read_and_written() {
        assert_eq!(cell("A1"), Some((0, 0)));
        assert_eq!(cell("ab12"), Some((27, 11)));
        assert_eq!((cell("12"), cell("A0"), cell("A")), (None, None, None));
        assert_eq!((letters(0), letters(27), letters(701)), ("A".into(), "AB".into(), "ZZ".into()));
        let block = Block::parse("Prices!$B$3:C4").expect("an address");
        assert_eq!(block.address("Prices"), "Prices!B3:C4");
        assert!(Block::parse("A1:XFD1048576").is_err() && Block::parse("B2:A1").is_err());
    }
}
