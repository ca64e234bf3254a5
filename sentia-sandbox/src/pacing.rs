//! Whether the twins hold callers back.

/// Whether a twin's rate limits are in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pacing {
    /// As at the vendor.
    #[default]
    Real,
    /// Nobody is held back: for benchmarks.
    Lifted,
}
