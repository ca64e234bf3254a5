//! Compares manifests with tables: a row deleted, altered or slipped in by hand is named.

/// Placeholder.
#[derive(Debug)]
pub struct Difference;
/// Placeholder.
#[derive(Debug)]
pub struct VerifyReport;
