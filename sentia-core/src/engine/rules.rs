//! Which rules judge which stream, and what a violation does to a page.

use std::sync::Arc;

use crate::{
    Result,
    decode::Decoded,
    quality::{Columns, Findings, QualityRule, Severity},
    record::Rejected,
    stream::StreamInfo,
};

/// The rules of a pipeline.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules(Vec<(String, Arc<dyn QualityRule>)>);

impl Rules {
    pub(super) fn add(&mut self, stream: &str, rule: impl QualityRule) {
        self.0.push((stream.to_owned(), Arc::new(rule)));
    }

    pub(super) fn streams(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(stream, _)| stream.as_str())
    }

    /// Judges a page: what a rule of severity error refuses moves to the rejected, with its bytes.
    ///
    /// # Errors
    /// The rule's own, with its name: a rule that cannot judge stops the stream.
    pub(super) fn judge(&self, info: &StreamInfo, decoded: &mut Decoded) -> Result<()> {
        for (_, rule) in self.0.iter().filter(|(stream, _)| stream == info.name) {
            let about = rule.info();
            let mut findings = Findings::default();
            let columns = Columns::new(info, &decoded.records);
            rule.check(&columns, &mut findings)
                .map_err(|e| e.operation("rule.check").context("rule", &about.name))?;
            match about.severity {
                Severity::Warning => {
                    let found = findings.iter().count();
                    if found > 0 {
                        tracing::warn!(rule = about.name, found, "rule violated");
                    }
                }
                Severity::Error => hold(decoded, &about.name, &findings),
            }
        }
        Ok(())
    }
}

fn hold(decoded: &mut Decoded, rule: &str, findings: &Findings) {
    let mut reasons: Vec<Vec<&str>> = vec![Vec::new(); decoded.records.len()];
    for (row, reason) in findings.iter() {
        if let Some(reasons) = reasons.get_mut(row) {
            reasons.push(reason);
        }
    }
    let records = std::mem::take(&mut decoded.records);
    for (record, reasons) in records.into_iter().zip(reasons) {
        if reasons.is_empty() {
            decoded.records.push(record);
        } else {
            decoded.rejected.push(Rejected {
                key: Some(record.key),
                rule: rule.into(),
                reason: reasons.join("; "),
                document: record.document.whole(),
            });
        }
    }
}
