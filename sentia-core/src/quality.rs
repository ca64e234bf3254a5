//! What judges records before they are committed.
//!
//! Rules run on each page, after decoding and before the commit. What a rule of severity error refuses goes to
//! quarantine with its bytes and the reasons; the run is then complete with quarantine. A refused record whose row
//! exists leaves that row as it was.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Result, record::Record, stream::StreamInfo, value::Value};

/// What a rule measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Nothing is missing.
    Completeness,
    /// It is true to the world.
    Accuracy,
    /// It agrees with itself.
    Consistency,
    /// It is fresh.
    Timeliness,
    /// It has the form it should have.
    Validity,
    /// It is there once.
    Uniqueness,
}

/// What a violation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It is reported.
    /// As a line of the log, at level warn, with the number of violations; the records are committed.
    Warning,
    /// The record is held in quarantine.
    Error,
}

/// What a rule is, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name, `stream.what`, for instance `orders.lines_add_up`.
    pub name: String,
    /// What it measures.
    pub dimension: Dimension,
    /// What a violation leads to.
    pub severity: Severity,
}

/// A batch by columns.
///
/// A rule sees one page, never the table: what needs the whole set is asked in SQL.
///
/// ```
/// use sentia_core::{ColumnKind, Record, StreamInfo, Value, Version, quality::Columns, record::Document};
///
/// let info = StreamInfo::new("orders").key(&["id"]).column("total", ColumnKind::Integer);
/// let order = |total| {
///     Record::new("1".into(), Version::none(), Document::default(), vec![Value::Integer(total)], vec![])
/// };
/// let orders = [order(5), order(7)];
/// let columns = Columns::new(&info, &orders);
/// let totals: Vec<&Value> = columns.column("total").expect("declared").collect();
/// assert_eq!(totals, [&Value::Integer(5), &Value::Integer(7)]);
/// assert!(columns.column("tax").is_none());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    info: &'a StreamInfo,
    records: &'a [Record],
}

impl<'a> Columns<'a> {
    /// The records of one page of `info`.
    pub fn new(info: &'a StreamInfo, records: &'a [Record]) -> Self {
        Columns { info, records }
    }

    /// The records, in page order; their places are the rows that findings name.
    pub fn records(&self) -> &'a [Record] {
        self.records
    }

    /// The values of one column, in page order.
    ///
    /// `None` where the stream declares no such column.
    pub fn column(&self, name: &str) -> Option<impl Iterator<Item = &'a Value> + use<'a>> {
        let at = self.info.columns.iter().position(|column| column.name == name)?;
        Some(self.records.iter().map(move |record| &record.values[at]))
    }
}

/// What a rule found: a row of the batch and why.
#[derive(Debug, Default)]
pub struct Findings(Vec<(usize, String)>);

impl Findings {
    /// Notes a violation by the record at `row`.
    ///
    /// A row may be named several times; its reasons are joined. A row that is not there is ignored.
    pub fn violation(&mut self, row: usize, reason: impl Into<String>) {
        self.0.push((row, reason.into()));
    }

    /// The violations, in the order they were noted.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.0.iter().map(|(row, reason)| (*row, reason.as_str()))
    }
}

/// Judges a batch.
///
/// # Behavior
/// - Rules are synchronous and pure: the same batch, the same findings.
/// - A rule that fails with an error holds back the whole page; it never lets records pass unjudged.
#[diagnostic::on_unimplemented(
    note = "for a rule over one record, `sentia_quality::record_rule` makes one of a closure"
)]
pub trait QualityRule: fmt::Debug + Send + Sync + 'static {
    /// Name, dimension and severity.
    fn info(&self) -> RuleInfo;

    /// Judges `batch`.
    ///
    /// # Errors
    /// `ConfigInvalid` when the rule names a column the stream does not have.
    fn check(&self, batch: &Columns<'_>, findings: &mut Findings) -> Result<()>;
}
