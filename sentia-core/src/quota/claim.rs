//! What a call takes of its account's budgets, and how much it matters.

use serde::{Deserialize, Serialize};

/// How soon a call is wanted. A more urgent one goes first; only [`Urgency::Immediate`] may use the headroom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// A read of what is old: it may wait for everything else.
    Backfill,
    /// A scheduled read.
    #[default]
    Routine,
    /// A vendor said that something changed, or a person waits for the answer.
    Immediate,
}

/// What one call takes.
///
/// ```
/// use sentia_core::quota::{Claim, Urgency};
///
/// let query = Claim { cost: 350.0, ..Claim::default() };
/// let push = Claim { operation: "searchOrders", urgency: Urgency::Immediate, ..Claim::default() };
/// assert!(push.urgency > query.urgency);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Claim {
    /// Cost points where the vendor counts them; 1 elsewhere.
    pub cost: f64,
    /// The vendor's operation where limits are per operation; empty elsewhere.
    pub operation: &'static str,
    /// How soon it is wanted.
    pub urgency: Urgency,
}

impl Default for Claim {
    fn default() -> Self {
        Claim { cost: 1.0, operation: "", urgency: Urgency::Routine }
    }
}

/// What an answer says about budgets.
///
/// A connector's table of answers notes it on the [`Response`](crate::transport::Response); the rate limit layer tells the
/// planner. What is not said is left as it is counted here.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::quota::Seen;
///
/// let minute = Seen { left: vec![(Duration::from_secs(60), 41)], bytes: 18_204, ..Seen::default() };
/// assert!(minute.refused.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// The level of a bucket of points.
    pub quota: Option<crate::transport::Quota>,
    /// The rate of the call's operation, per second.
    pub rate: Option<f64>,
    /// Calls left of the limits with these spans.
    pub left: Vec<(std::time::Duration, u64)>,
    /// Bytes received.
    pub bytes: u64,
    /// That the call was refused for a budget.
    pub refused: Option<Refused>,
}

/// For which budget a vendor refused a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refused {
    /// Too many calls were going on at once.
    AtOnce,
    /// Too many calls; where the vendor says so, nothing is answered for as long.
    Rate(Option<std::time::Duration>),
}
