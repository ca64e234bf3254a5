//! What judges records before they are committed.

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
#[diagnostic::on_unimplemented(note = "for a rule over one record, `sentia_quality::record_rule` makes one of a closure")]
pub trait QualityRule: fmt::Debug + Send + Sync + 'static {
    /// Name, dimension and severity.
    fn info(&self) -> RuleInfo;

    /// Judges `batch`.
    ///
    /// # Errors
    /// `ConfigInvalid` when the rule names a column the stream does not have.
    fn check(&self, batch: &Columns<'_>, findings: &mut Findings) -> Result<()>;
}
