//! When a breaker opens, for how long, and how it finds out that it may close.

use std::time::Duration;

/// Which calls rates are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The last so many calls.
    Calls(u32),
    /// The calls of the last so long; the newest thousand of them.
    Span(Duration),
}

/// When the breaker opens and for how long.
///
/// A call failed when it ended in `Timeout` or `Unavailable`. Whatever else the vendor answered, a refused token or too
/// many calls, shows that it is up.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::transport::BreakerPolicy;
///
/// let policy = BreakerPolicy::default();
/// assert_eq!((policy.minimum_calls, policy.failure_rate), (10, 0.5));
/// assert_eq!(BreakerPolicy::never().failure_rate, f64::INFINITY);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerPolicy {
    /// Which calls the rates are of. Default the last 20.
    pub over: Over,
    /// Fewer calls say nothing. Default 10.
    pub minimum_calls: u32,
    /// The share of failed calls that opens it. Default 0.5.
    pub failure_rate: f64,
    /// From when on an answered call is slow. Default 30 s.
    pub slow_call: Duration,
    /// The share of slow calls that opens it. Default infinite: slowness alone does not.
    pub slow_rate: f64,
    /// How long it stays open before probes. Default 30 s.
    pub open: Duration,
    /// How many calls may probe at the same time. Default 1.
    pub probes: u32,
    /// Good probes in a row that close it. Default 1.
    pub good_probes: u32,
    /// How long a probe holds its place. Default 90 s; longer than a call may take. A probe that was lost without an
    /// answer gives its place up then, so that it cannot keep the breaker half open for ever.
    pub probe_lease: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        BreakerPolicy {
            over: Over::Calls(20),
            minimum_calls: 10,
            failure_rate: 0.5,
            slow_call: Duration::from_secs(30),
            slow_rate: f64::INFINITY,
            open: Duration::from_secs(30),
            probes: 1,
            good_probes: 1,
            probe_lease: Duration::from_secs(90),
        }
    }
}

impl BreakerPolicy {
    /// A breaker that no call opens.
    pub fn never() -> Self {
        BreakerPolicy { failure_rate: f64::INFINITY, slow_rate: f64::INFINITY, ..BreakerPolicy::default() }
    }
}
