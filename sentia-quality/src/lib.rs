//! Quality rules: they judge records before they are committed; what fails is held in quarantine with its bytes.
//!
//! Semantic versioning is promised by the facade `sentia` only.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod record_rule;
mod rules;

pub use self::{
    record_rule::{RecordRule, Verdict, record_rule},
    rules::{allowed, in_range, required},
};
