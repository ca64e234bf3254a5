//! A rule made of a closure over one record.

use std::{borrow::Cow, fmt};

use sentia_core::{
    QualityRule, Record, Result,
    quality::{Columns, Dimension, Findings, RuleInfo, Severity},
};

/// What a closure says of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to say.
    Pass,
    /// Something is wrong.
    Violation {
        /// What.
        reason: Cow<'static, str>,
        /// In which field.
        field: Option<&'static str>,
    },
}

impl Verdict {
    /// Something is wrong.
    pub fn violation(reason: impl Into<Cow<'static, str>>) -> Self {
        Verdict::Violation { reason: reason.into(), field: None }
    }

    /// Names the field.
    #[must_use]
    pub fn field(self, name: &'static str) -> Self {
        match self {
            Verdict::Pass => Verdict::Pass,
            Verdict::Violation { reason, .. } => Verdict::Violation { reason, field: Some(name) },
        }
    }
}

/// A rule over one record at a time; see [`record_rule`].
pub struct RecordRule<F> {
    info: RuleInfo,
    judge: F,
}

impl<F> RecordRule<F> {
    /// Reports violations instead of holding the record back.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.info.severity = Severity::Warning;
        self
    }
}

impl<F> fmt::Debug for RecordRule<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.fmt(f)
    }
}

/// Makes a rule of a closure over one record; a record it fails goes to quarantine.
///
/// A closure that returns an error, as for a field that is not there, finds a violation: a rule that cannot judge
/// never lets a record pass.
///
/// ```
/// use sentia_core::{Record, Result, quality::Dimension};
/// use sentia_quality::{Verdict, record_rule};
///
/// fn has_lines(order: &Record) -> Result<Verdict> {
///     let lines: Vec<serde_json::Value> = order.get("lines")?;
///     Ok(if lines.is_empty() { Verdict::violation("an order without lines").field("lines") } else { Verdict::Pass })
/// }
/// let rule = record_rule("orders.has_lines", Dimension::Completeness, has_lines);
/// ```
pub fn record_rule<F>(name: impl Into<String>, dimension: Dimension, judge: F) -> RecordRule<F>
where
    F: Fn(&Record) -> Result<Verdict> + Send + Sync + 'static,
{
    RecordRule { info: RuleInfo { name: name.into(), dimension, severity: Severity::Error }, judge }
}

impl<F> QualityRule for RecordRule<F>
where
    F: Fn(&Record) -> Result<Verdict> + Send + Sync + 'static,
{
    fn info(&self) -> RuleInfo {
        self.info.clone()
    }

    fn check(&self, batch: &Columns<'_>, findings: &mut Findings) -> Result<()> {
        for (row, record) in batch.records().iter().enumerate() {
            match (self.judge)(record) {
                Ok(Verdict::Pass) => {}
                Ok(Verdict::Violation { reason, field: None }) => findings.violation(row, reason),
                Ok(Verdict::Violation { reason, field: Some(field) }) => {
                    findings.violation(row, format!("{field}: {reason}"));
                }
                Err(error) => findings.violation(row, format!("could not be judged: {error}")),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sentia_core::{
        StreamInfo,
        record::{Document, Version},
    };

    use super::*;

    fn record(json: &'static str) -> Record {
        Record::new("k".into(), Version::none(), Document::new(json.into()), Vec::new(), Vec::new())
    }

    #[test]
    fn a_rule_that_cannot_judge_lets_nothing_pass() {
        let rule = record_rule("s.positive", Dimension::Validity, |record: &Record| {
            let total: i64 = record.get("total")?;
            Ok(if total > 0 { Verdict::Pass } else { Verdict::violation("not positive").field("total") })
        });
        let records =
            [record(r#"{"total":1}"#), record(r#"{"total":0}"#), record(r#"{"total":"x"}"#), record("{}")];
        let mut findings = Findings::default();
        let info = StreamInfo::new("s");
        rule.check(&Columns::new(&info, &records), &mut findings).expect("judged");
        let rows: Vec<usize> = findings.iter().map(|(row, _)| row).collect();
        assert_eq!(rows, [1, 2, 3]);
        assert_eq!(findings.iter().next(), Some((1, "total: not positive")));
    }
}
