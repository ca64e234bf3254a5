//! Pages of a rewritten file: so many lines from a place in it.

use std::fmt;

use bytes::Bytes;
use sentia_core::{Decoded, Rejected, Result, Stream, record::Document, spool::Spool};
use serde::de::DeserializeOwned;

use crate::lines::Lines;

/// A wire struct of a row, which learns where the row stood.
pub(in crate::amazon) trait ReportRow: DeserializeOwned + 'static {
    /// Takes the row's number, from 1, and which it is of those with the same identity, from 1.
    fn placed(&mut self, row: u64, nth: u32);
}

/// A place in a file. The byte is where the row begins, as this version wrote the file; the row counts where the two
/// do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::amazon) struct Place {
    /// Rows that were read.
    pub(in crate::amazon) row: u64,
    /// Where the next begins.
    pub(in crate::amazon) byte: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.row, self.byte)
    }
}

/// Some rows of a file.
#[derive(Debug)]
pub(in crate::amazon) struct Rows {
    lines: Vec<Line>,
    /// Where the next rows are; none at the end of the file.
    pub(in crate::amazon) next: Option<Place>,
}

#[derive(Debug)]
struct Line {
    row: u64,
    nth: u32,
    damaged: bool,
    document: Bytes,
}

impl Rows {
    /// Reads up to `count` rows of the file `name` behind `place`.
    pub(in crate::amazon) async fn read(spool: &Spool, name: &str, place: Place, count: u32) -> Result<Self> {
        let mut lines = Lines::at(spool, name, place.byte);
        let mut first = numbered(&mut lines).await?;
        if first.as_ref().is_some_and(|line| line.row != place.row + 1) || (first.is_none() && place.row > 0)
        {
            // Another version wrote the file otherwise: the row is found by its number.
            lines = Lines::at(spool, name, 0);
            first = loop {
                match numbered(&mut lines).await? {
                    Some(line) if line.row <= place.row => {}
                    found => break found,
                }
            };
        }
        let mut rows = Rows { lines: Vec::new(), next: None };
        let mut upcoming = first;
        while let Some(line) = upcoming {
            if rows.lines.len() >= count as usize {
                let row = line.row - 1;
                rows.next = Some(Place { row, byte: line.begins });
                break;
            }
            rows.lines.push(Line {
                row: line.row,
                nth: line.nth,
                damaged: line.damaged,
                document: line.document,
            });
            upcoming = numbered(&mut lines).await?;
        }
        Ok(rows)
    }

    /// Makes records of the rows that `wanted` keeps; the others belong to another stream.
    pub(in crate::amazon) fn decode<W: ReportRow>(
        self,
        stream: &Stream<W>,
        mut wanted: impl FnMut(&W) -> bool,
    ) -> Decoded {
        let mut decoded = Decoded::default();
        for line in self.lines {
            match stream.wire(&line.document) {
                Ok(mut wire) => {
                    wire.placed(line.row, line.nth);
                    if wanted(&wire) {
                        decoded.push(record(stream, &wire, line));
                    }
                }
                Err(rejected) => decoded.push(Err(Rejected { key: None, ..rejected })),
            }
        }
        decoded
    }
}

fn record<W: ReportRow>(stream: &Stream<W>, wire: &W, line: Line) -> Result<sentia_core::Record, Rejected> {
    let record = stream.record(wire, Document::new(line.document))?;
    if line.damaged {
        let reason = "the row holds bytes that are none in the report's character set".to_owned();
        let document = record.document.body().clone();
        return Err(Rejected { key: Some(record.key), rule: "decode".into(), reason, document });
    }
    Ok(record)
}

/// A line as it stands in the file.
struct Numbered {
    row: u64,
    nth: u32,
    damaged: bool,
    document: Bytes,
    begins: u64,
}

impl Numbered {
    fn of(line: &Bytes, begins: u64) -> Option<Self> {
        let mut parts = line.splitn(4, |byte| *byte == b' ');
        let mut text = || std::str::from_utf8(parts.next()?).ok();
        let (row, nth, state) = (text()?.parse().ok()?, text()?.parse().ok()?, text()? == "damaged");
        let document = line.slice_ref(parts.next()?);
        Some(Numbered { row, nth, damaged: state, document, begins })
    }
}

/// The next line; none at the end. A place that is no line's beginning reads as a row of number 0, which nobody asks for.
async fn numbered(lines: &mut Lines<'_>) -> Result<Option<Numbered>> {
    let Some(line) = lines.next().await? else { return Ok(None) };
    let nothing = Numbered { row: 0, nth: 0, damaged: false, document: Bytes::new(), begins: line.begins };
    Ok(Some(Numbered::of(&line.bytes, line.begins).unwrap_or(nothing)))
}
