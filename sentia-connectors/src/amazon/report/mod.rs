//! Reports: ordered or found, waited for, downloaded once, and read row by row.
//!
//! A report is a tab-delimited file, gzipped, in the character set of its region. It is downloaded into the spool and
//! rewritten there as one JSON object per line; pages are then so many lines of it. A restart that finds the file gone
//! downloads it again: the file behind a document's id does not change.

mod cells;
mod document;
mod order;
mod rows;
mod table;

pub(super) use self::{
    cells::Cells,
    document::Fetched,
    order::{Kind, page},
    rows::{Place, ReportRow, Rows},
    table::Layout,
};
