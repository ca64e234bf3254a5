//! Rules over one typed column.

use std::ops::RangeInclusive;

use rust_decimal::Decimal;
use sentia_core::{
    Error, ErrorKind, QualityRule, Result, Value,
    quality::{Columns, Dimension, Findings, RuleInfo, Severity},
};

/// What a column rule asks of each value: a reason where it is not met.
type Test = dyn Fn(&Value) -> Option<String> + Send + Sync;

struct ColumnRule {
    info: RuleInfo,
    column: &'static str,
    test: Box<Test>,
}

impl std::fmt::Debug for ColumnRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.info.fmt(f)
    }
}

fn rule(what: &str, column: &'static str, dimension: Dimension, test: Box<Test>) -> impl QualityRule + use<> {
    let info = RuleInfo { name: format!("{column}.{what}"), dimension, severity: Severity::Error };
    ColumnRule { info, column, test }
}

/// Holds back records whose `column` is null or empty.
pub fn required(column: &'static str) -> impl QualityRule {
    let missing = |value: &Value| match value {
        Value::Null => Some("is missing".to_owned()),
        Value::Text(text) if text.trim().is_empty() => Some("is empty".to_owned()),
        _ => None,
    };
    rule("required", column, Dimension::Completeness, Box::new(missing))
}

/// Holds back records whose `column` lies outside `range`; a null passes.
pub fn in_range(column: &'static str, range: RangeInclusive<Decimal>) -> impl QualityRule {
    let outside = move |value: &Value| {
        let number = match value {
            Value::Amount(number) | Value::Decimal(number) => *number,
            Value::Integer(number) => Decimal::from(*number),
            _ => return None,
        };
        (!range.contains(&number))
            .then(|| format!("{number} is not within {} to {}", range.start(), range.end()))
    };
    rule("in_range", column, Dimension::Validity, Box::new(outside))
}

/// Holds back records whose `column` is none of `values`; a null passes.
pub fn allowed(column: &'static str, values: &'static [&'static str]) -> impl QualityRule {
    let foreign = move |value: &Value| match value {
        Value::Text(text) if !values.contains(&text.as_str()) => {
            Some(format!("{text:?} is none of {values:?}"))
        }
        _ => None,
    };
    rule("allowed", column, Dimension::Validity, Box::new(foreign))
}

impl QualityRule for ColumnRule {
    fn info(&self) -> RuleInfo {
        self.info.clone()
    }

    fn check(&self, batch: &Columns<'_>, findings: &mut Findings) -> Result<()> {
        let values = batch.column(self.column).ok_or_else(|| {
            Error::new(ErrorKind::ConfigInvalid, "the stream has no such column; correct the rule")
                .context("column", self.column)
        })?;
        for (row, value) in values.enumerate() {
            if let Some(reason) = (self.test)(value) {
                findings.violation(row, format!("{} {reason}", self.column));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sentia_core::{
        ColumnKind, Record, StreamInfo,
        record::{Document, Version},
    };

    use super::*;

    fn found(rule: &impl QualityRule, values: &[Value]) -> Vec<usize> {
        let record = |value: &Value| {
            Record::new("k".into(), Version::none(), Document::default(), vec![value.clone()], vec![])
        };
        let records: Vec<Record> = values.iter().map(record).collect();
        let info = StreamInfo::new("s").column("total", ColumnKind::Amount);
        let mut findings = Findings::default();
        rule.check(&Columns::new(&info, &records), &mut findings).expect("the column is there");
        findings.iter().map(|(row, _)| row).collect()
    }

    #[test]
    fn each_rule_finds_what_it_names() {
        let amount = |cents| Value::Amount(Decimal::new(cents, 2));
        assert_eq!(found(&required("total"), &[Value::Null, Value::Text(" ".into()), amount(0)]), [0, 1]);
        let range = in_range("total", Decimal::ZERO..=Decimal::ONE);
        assert_eq!(found(&range, &[amount(-1), amount(100), amount(101), Value::Null]), [0, 2]);
        let known = allowed("total", &["PAID"]);
        assert_eq!(found(&known, &[Value::Text("PAID".into()), Value::Text("paid".into())]), [1]);
    }

    #[test]
    fn a_rule_for_a_column_that_is_not_there_is_a_mistake() {
        let info = StreamInfo::new("s");
        let error =
            required("x").check(&Columns::new(&info, &[]), &mut Findings::default()).expect_err("no column");
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    }
}
