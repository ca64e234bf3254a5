//! Documents of reports: tab-delimited text in the charset of the region, quotes being data, maybe compressed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::fault::AmazonFault;

/// The cells of a row by their columns.
pub(crate) type Row = Vec<(&'static str, String)>;

/// A report before it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    note: Option<String>,
}

impl Table {
    /// Puts cells under their columns; what a row does not name is empty.
    pub(crate) fn of(columns: &[&'static str], rows: Vec<Row>) -> Self {
        let filled = |row: Row| {
            let mut cells = vec![String::new(); columns.len()];
            for (name, cell) in row {
                let at = columns.iter().position(|column| *column == name);
                cells[at.expect("rows name only columns of their report")] = cell;
            }
            cells
        };
        Self { columns: columns.to_vec(), rows: rows.into_iter().map(filled).collect(), note: None }
    }

    /// The document of a report that failed.
    pub(crate) fn note(text: &str) -> Self {
        Self { note: Some(text.to_owned()), ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn text(&self, fault: Option<AmazonFault>, line_end: &str) -> String {
        if let Some(note) = &self.note {
            return note.clone();
        }
        let mut lines: Vec<Vec<&str>> = vec![self.columns.clone()];
        lines.extend(self.rows.iter().map(|row| row.iter().map(String::as_str).collect()));
        match fault {
            Some(AmazonFault::NewColumn) => {
                let cells = std::iter::once("new-column").chain(std::iter::repeat("?"));
                lines.iter_mut().zip(cells).for_each(|(line, cell)| line.insert(0, cell));
            }
            Some(AmazonFault::MissingColumn) => {
                for line in &mut lines {
                    line.remove(0);
                }
            }
            Some(AmazonFault::MissingLine) if lines.len() > 1 => drop(lines.pop()),
            Some(AmazonFault::ShortRows) => {
                for line in &mut lines {
                    while line.last().is_some_and(|cell| cell.is_empty()) {
                        line.pop();
                    }
                }
            }
            _ => {}
        }
        lines.into_iter().map(|line| line.join("\t") + line_end).collect()
    }
}

/// How the region writes its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// Europe.
    Cp1252,
    /// North America.
    Utf8,
}

/// What the storage sends.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Writes a table out.
pub(crate) fn write(
    table: &Table,
    charset: Charset,
    compressed: bool,
    fault: Option<AmazonFault>,
) -> Download {
    let european = charset == Charset::Cp1252;
    let text = table.text(fault, if european { "\r\n" } else { "\n" });
    let marked = fault == Some(AmazonFault::ByteOrderMark);
    let lying = fault == Some(AmazonFault::WrongCharset);
    // A mark makes sense in UTF-8 only, so the file is in UTF-8 then.
    let mut bytes = if (european || lying) && !marked { code_page_1252(&text) } else { text.into_bytes() };
    if marked {
        bytes.splice(0..0, [0xEF, 0xBB, 0xBF]);
    }
    let mut bytes = if compressed { gzip(&bytes) } else { bytes };
    if fault == Some(AmazonFault::DocumentTruncated) {
        bytes.truncate(bytes.len() / 2);
    }
    let content_type = match fault {
        Some(AmazonFault::MissingCharset) => "text/plain",
        Some(AmazonFault::WrongCharset | AmazonFault::ByteOrderMark) => "text/plain; charset=UTF-8",
        _ if european => "text/plain; charset=Cp1252",
        _ => "text/plain; charset=UTF-8",
    };
    Download { content_type, bytes }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing into memory does not fail")
}

/// Windows' code page of Western Europe; what it does not hold is already a question mark at the source.
fn code_page_1252(text: &str) -> Vec<u8> {
    const HIGH: [(char, u8); 12] = [
        ('€', 0x80),
        ('…', 0x85),
        ('Š', 0x8A),
        ('‘', 0x91),
        ('’', 0x92),
        ('“', 0x93),
        ('”', 0x94),
        ('•', 0x95),
        ('–', 0x96),
        ('—', 0x97),
        ('™', 0x99),
        ('œ', 0x9C),
    ];
    let byte = |c: char| match u32::from(c) {
        code @ (0..=0x7F | 0xA0..=0xFF) => u8::try_from(code).unwrap_or(b'?'),
        _ => HIGH.iter().find(|(known, _)| *known == c).map_or(b'?', |(_, byte)| *byte),
    };
    text.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::{Charset, Table, write};
    use crate::amazon::fault::AmazonFault;

    #[test]
    fn europe_writes_code_page_1252_and_quotes_are_data() {
        let table = Table::of(
            &["sku", "note", "tail"],
            vec![vec![("sku", "A".into()), ("note", "12\" “£5”".into())]],
        );
        let file = write(&table, Charset::Cp1252, false, None);
        assert_eq!(file.bytes, b"sku\tnote\ttail\r\nA\t12\" \x93\xA35\x94\t\r\n");
        let short = write(&table, Charset::Utf8, false, Some(AmazonFault::ShortRows));
        assert_eq!(short.bytes, "sku\tnote\ttail\nA\t12\" “£5”\n".as_bytes());
    }
}
