//! The cells of a workbook's row under their headers, for who wants values and not a document.

use rust_decimal::Decimal;
use sentia_core::{Error, ErrorKind, Exact, Record, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One cell.
///
/// A day is a number here: Excel tells the two apart by the cell's format alone. An error is its text, `#N/A`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A number, as Excel wrote it.
    Number(Decimal),
    /// True or false.
    Boolean(bool),
}

/// A row of a table in a workbook: its cells in the order of the columns, each under its header.
///
/// ```
/// use sentia_connectors::microsoft_graph::{Cell, WorkbookRow};
/// use sentia_core::{Record, Version, record::Document};
///
/// let document = Document::new(r#"{"index":0,"values":[["BOLT",0.12,""]]}"#.into());
/// let document = document.with_parts(&[r#"["SKU","Price","Note"]"#.into()]);
/// let record = Record::new("BOLT".into(), Version::none(), document, vec![], vec![]);
/// let row = WorkbookRow::of(&record)?;
/// assert_eq!(row.cell("SKU"), Some(&Cell::Text("BOLT".to_owned())));
/// assert_eq!(row.cell("Price"), Some(&Cell::Number("0.12".parse().expect("a number"))));
/// assert_eq!((row.cell("Note"), row.cell("Weight")), (Some(&Cell::Empty), None));
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkbookRow {
    /// The cell of the table's key, or the row's position.
    pub key: String,
    /// Header and cell. Headers that repeat stand as often as they do.
    pub cells: Vec<(String, Cell)>,
}

impl WorkbookRow {
    /// Reads a record of the stream `workbook_rows`.
    ///
    /// # Errors
    /// `InvalidResponse` for a record of another stream.
    pub fn of(record: &Record) -> Result<Self> {
        #[derive(Deserialize)]
        struct Row<'a> {
            #[serde(borrow)]
            values: [Vec<&'a RawValue>; 1],
        }
        let wrong = |error: serde_json::Error| {
            let message = "the record is no row of a workbook under its headers";
            Error::new(ErrorKind::InvalidResponse, message).context("key", &record.key).source(error)
        };
        let parts = record.document.parts().map_or(&b"[]"[..], |parts| parts);
        let [headers]: [Vec<&RawValue>; 1] = serde_json::from_slice(parts).map_err(wrong)?;
        let Row { values: [cells] } = serde_json::from_slice(record.document.body()).map_err(wrong)?;
        let headers = headers.into_iter().map(|header| match cell(header) {
            Cell::Text(name) => name,
            _ => header.get().to_owned(),
        });
        Ok(WorkbookRow {
            key: record.key.to_string(),
            cells: headers.zip(cells.into_iter().map(cell)).collect(),
        })
    }

    /// The cell under `header`; of several the first.
    pub fn cell(&self, header: &str) -> Option<&Cell> {
        self.cells.iter().find(|(name, _)| name == header).map(|(_, cell)| cell)
    }
}

fn cell(token: &RawValue) -> Cell {
    let token = token.get();
    match token {
        "null" | "\"\"" => Cell::Empty,
        "true" => Cell::Boolean(true),
        "false" => Cell::Boolean(false),
        text if text.starts_with('"') => Cell::Text(serde_json::from_str(text).unwrap_or_default()),
        number => match number.parse::<Exact>() {
            Ok(number) => Cell::Number(number.0),
            // More digits, or a larger exponent, than a number here can hold: shown as Excel wrote it.
            Err(_) => Cell::Text(number.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use sentia_core::{Version, record::Document};

    use super::*;

    fn row(body: &'static str, header: Option<&'static str>) -> Result<WorkbookRow> {
        let document = Document::new(body.into());
        let document = match header {
            Some(header) => document.with_parts(&[header.into()]),
            None => document,
        };
        WorkbookRow::of(&Record::new("k".into(), Version::none(), document, vec![], vec![]))
    }

    #[test]
    fn every_kind_of_cell() {
        let body =
            r##"{"values":[[5.0,-1.5E-7,"#N/A",true,null,"a\"b",123456789012345678901234567890123]]}"##;
        let found = row(body, Some(r#"["a","b","c","d",2026,"f","g"]"#)).expect("a row");
        let number = |text: &str| Cell::Number(text.parse().expect("a number"));
        let expected = [
            ("a", number("5.0")),
            ("b", number("-0.00000015")),
            ("c", Cell::Text("#N/A".to_owned())),
            ("d", Cell::Boolean(true)),
            ("2026", Cell::Empty),
            ("f", Cell::Text("a\"b".to_owned())),
            ("g", Cell::Text("123456789012345678901234567890123".to_owned())),
        ];
        assert_eq!(found.cells, expected.map(|(header, cell)| (header.to_owned(), cell)));
    }

    #[test]
    fn no_digit_is_lost() {
        let body = r#"{"values":[[123456789012345678,1774.93449333333333,"820982911946154508"]]}"#;
        let found = row(body, Some(r#"["id","cost","text"]"#)).expect("a row");
        let number = |text: &str| Cell::Number(text.parse().expect("a number"));
        assert_eq!(found.cell("id"), Some(&number("123456789012345678")));
        assert_eq!(found.cell("cost"), Some(&number("1774.93449333333333")));
        assert_eq!(found.cell("text"), Some(&Cell::Text("820982911946154508".to_owned())));
    }

    #[test]
    fn a_record_of_another_stream_is_refused() {
        for (body, header) in [(r#"{"id":"1"}"#, Some("[]")), (r#"{"values":[[1]]}"#, None), ("", None)] {
            assert_eq!(row(body, header).expect_err(body).kind(), ErrorKind::InvalidResponse);
        }
    }
}
