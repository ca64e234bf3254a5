//! Rows of an Excel table: what identifies them.

use std::collections::HashSet;

use bytes::Bytes;
use sentia_core::{Decoded, Exact, Rejected, Text};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::streams::Source;

/// A row as Graph writes it: its cells in a list of one list.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(default)]
    index: Option<i64>,
    #[serde(borrow)]
    values: Vec<Vec<&'a RawValue>>,
}

/// What a block of rows is decoded with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    /// The place of the first row in its table.
    pub(super) first: u64,
    /// The column that identifies a row; none where its position does.
    pub(super) key: Option<usize>,
    /// The headers, as they came, to complete each row's document.
    pub(super) header: &'a Bytes,
}

impl Block<'_> {
    /// Decodes rows. One without a key, or with the key of a row above it, is held back under its position.
    pub(super) fn decode(&self, source: &Source, documents: Vec<Bytes>) -> Decoded {
        let mut decoded = Decoded::default();
        let mut seen = HashSet::new();
        for (at, document) in (self.first..).zip(documents) {
            let key = self.key(&document, at).and_then(|key| {
                let is_new = seen.insert(key.clone());
                if is_new { Ok(key) } else { Err(format!("another row has the key {key:?}; make it unique")) }
            });
            match key {
                Ok(key) => decoded.push(source.decode_at(document, &key, std::slice::from_ref(self.header))),
                Err(reason) => decoded.push(Err(Rejected {
                    key: Some(Text::from(format!("#row {at}"))),
                    rule: "decode".into(),
                    reason,
                    document,
                })),
            }
        }
        decoded
    }

    fn key(&self, document: &[u8], at: u64) -> Result<Text, String> {
        let row: Row<'_> = serde_json::from_slice(document).map_err(|error| error.to_string())?;
        let [cells] = row.values.as_slice() else { return Err("values: not one list of cells".to_owned()) };
        let Some(column) = self.key else {
            let position = row.index.map_or_else(|| at.to_string(), |index| index.to_string());
            return Ok(Text::from(position));
        };
        let cell = cells.get(column).ok_or("values: the row has no cell in the key's column")?;
        let key = text(cell);
        if key.trim().is_empty() { Err("the cell in the key's column is empty".to_owned()) } else { Ok(key) }
    }
}

/// A cell as a key: numbers in one spelling, for Excel writes `5` as well as `5.0`.
fn text(cell: &RawValue) -> Text {
    let token = cell.get();
    match token.as_bytes().first() {
        Some(b'"') => serde_json::from_str(token).unwrap_or_default(),
        Some(b'n') => Text::default(),
        _ => token
            .parse::<Exact>()
            .map_or_else(|_| token.into(), |number| number.normalize().to_string().into()),
    }
}

/// True for the blank row that Excel keeps in a table without rows.
pub(super) fn is_blank(document: &[u8]) -> bool {
    serde_json::from_slice::<Row<'_>>(document)
        .is_ok_and(|row| row.values.iter().flatten().all(|cell| text(cell).trim().is_empty()))
}

/// The place of the column headed `name` in `header`: as written, else in another case or with other space around.
///
/// # Errors
/// The headers there are.
pub(super) fn column(header: &[u8], name: &str) -> Result<usize, String> {
    let cells: Vec<&RawValue> = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let names: Vec<Text> = cells.iter().map(|cell| text(cell)).collect();
    let exact = names.iter().position(|known| known.as_str() == name);
    let alike = || names.iter().position(|known| known.trim().eq_ignore_ascii_case(name.trim()));
    let all = || names.iter().map(Text::as_str).collect::<Vec<_>>().join(", ");
    exact.or_else(alike).ok_or_else(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(key: Option<usize>, rows: &[&'static str]) -> Vec<Result<Text, String>> {
        let header = Bytes::from_static(b"[]");
        let block = Block { first: 0, key, header: &header };
        rows.iter().zip(0..).map(|(row, at)| block.key(row.as_bytes(), at)).collect()
    }

    #[test]
    fn a_key_is_the_cell_in_one_spelling() {
        let rows = [
            r#"{"index":0,"values":[["A-1",5]]}"#,
            r#"{"index":1,"values":[[5.0,5]]}"#,
            r#"{"index":2,"values":[[5,5]]}"#,
            r#"{"index":3,"values":[[" ",5]]}"#,
            r#"{"index":4,"values":[[]]}"#,
            r#"{"index":5,"values":[[1],[2]]}"#,
            r#"{"index":6}"#,
        ];
        let keys = keys(Some(0), &rows);
        assert_eq!(
            (keys[0].as_deref(), keys[1].as_deref(), keys[2].as_deref()),
            (Ok("A-1"), Ok("5"), Ok("5"))
        );
        assert!(keys[3..].iter().all(Result::is_err), "{keys:?}");
    }

    #[test]
    fn without_a_column_the_position_is_the_key() {
        let keys = keys(None, &[r#"{"index":7,"values":[["a"]]}"#, r#"{"values":[["b"]]}"#]);
        assert_eq!(keys, [Ok("7".into()), Ok("1".into())]);
    }

    #[test]
    fn headers_are_found_by_their_text() {
        let header = br#"["Order No ","Qty","qty"]"#;
        assert_eq!((column(header, "qty"), column(header, "order no")), (Ok(2), Ok(0)));
        assert_eq!(column(header, "Price"), Err("Order No , Qty, qty".to_owned()));
    }

    #[test]
    fn only_a_row_of_empty_cells_is_blank() {
        assert!(is_blank(br#"{"index":0,"values":[["",null," "]]}"#));
        assert!(!is_blank(br#"{"index":0,"values":[["",0]]}"#) && !is_blank(b"{}"));
    }
}
