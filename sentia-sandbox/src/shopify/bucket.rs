//! The bucket of cost points: one for each app and shop.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// How big the bucket is and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostLimits {
    /// Points it holds at most (2,000 on a standard plan).
    pub maximum: f64,
    /// Points that come back each second (100 on a standard plan).
    pub restore_per_second: f64,
    /// Points a single query may ask for (1,000 on every plan).
    pub single_query: u64,
}

impl Default for CostLimits {
    fn default() -> Self {
        Self { maximum: 2_000.0, restore_per_second: 100.0, single_query: 1_000 }
    }
}

#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) limits: CostLimits,
    available: f64,
    at: DateTime<Utc>,
}

impl Bucket {
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        let limits = CostLimits::default();
        Self { limits, available: limits.maximum, at: now }
    }

    pub(crate) fn set_limits(&mut self, limits: CostLimits) {
        self.limits = limits;
        self.available = limits.maximum;
    }

    /// Takes points out; false when there are too few, and then none are taken.
    pub(crate) fn take(&mut self, points: u64, now: DateTime<Utc>) -> bool {
        let elapsed = (now - self.at).num_milliseconds().max(0) as f64 / 1_000.0;
        self.available = (self.available + elapsed * self.limits.restore_per_second).min(self.limits.maximum);
        self.at = self.at.max(now);
        let enough = self.available >= points as f64;
        if enough {
            self.available -= points as f64;
        }
        enough
    }

    /// Puts points back that were asked for and not spent.
    pub(crate) fn refund(&mut self, points: u64) {
        self.available = (self.available + points as f64).min(self.limits.maximum);
    }

    pub(crate) fn available(&self) -> f64 {
        self.available
    }

    pub(crate) fn empty(&mut self) {
        self.available = 0.0;
    }

    /// `extensions.cost`; the maximum is written as a float and the rest as ints, as old and new answers mix them.
    pub(crate) fn report(&self, requested: u64, actual: Option<u64>) -> Value {
        json!({
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": self.limits.maximum,
                "currentlyAvailable": self.available.floor() as i64,
                "restoreRate": self.limits.restore_per_second,
            },
        })
    }
}
