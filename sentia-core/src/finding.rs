//! What a read noticed about the account, beside its records.
//!
//! A lost scope, a list that ends early, a version that ran out: vendors say so in passing or not at all, and the rows
//! look the same. A connector hands such a thing out with the page it saw it on; the engine keeps it in the certificate
//! and in the report.

use serde::{Deserialize, Serialize};

/// What a finding means for the records that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: all that was asked for was seen.
    Notice,
    /// Records exist that the vendor does not show. Nothing is swept: what is hidden is not gone.
    Hides,
}

/// Something that somebody should know although every record seen is stored.
///
/// ```
/// use sentia_core::finding::{Effect, Finding};
///
/// let finding = Finding::hides("orders_60_days", "shopify shows the last 60 days; grant read_all_orders");
/// assert_eq!((finding.effect, finding.code.as_str()), (Effect::Hides, "orders_60_days"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable code in snake_case.
    pub code: String,
    /// What it means for the records.
    pub effect: Effect,
    /// What was noticed and what can be done, in a sentence without a secret.
    pub message: String,
}

impl Finding {
    /// A finding that changes nothing about the records.
    pub fn notice(code: &str, message: impl Into<String>) -> Self {
        Finding { code: code.to_owned(), effect: Effect::Notice, message: message.into() }
    }

    /// A finding that records exist which the vendor does not show.
    pub fn hides(code: &str, message: impl Into<String>) -> Self {
        Finding { code: code.to_owned(), effect: Effect::Hides, message: message.into() }
    }
}

/// Adds to `known` what it does not hold yet.
pub(crate) fn add(known: &mut Vec<Finding>, more: &[Finding]) {
    for finding in more {
        if !known.contains(finding) {
            known.push(finding.clone());
        }
    }
}
