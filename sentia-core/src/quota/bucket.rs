//! A level that comes back steadily: cost points, or calls of one operation.

use serde::{Deserialize, Serialize};

use super::window::Millis;
use crate::transport::Quota;

/// The slowest rate that is believed, per second: nothing at all would wait for ever.
const SLOWEST: f64 = 0.000_1;

/// A bucket as far as it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Bucket {
    available: f64,
    maximum: f64,
    per_second: f64,
    at: Millis,
}

impl Bucket {
    /// A full one.
    pub(super) fn full(maximum: f64, per_second: f64, now: Millis) -> Self {
        Bucket { available: maximum, maximum, per_second, at: now }
    }

    fn refill(&mut self, now: Millis) {
        // A clock that was set back gives nothing, and counts from its new time on.
        let seconds = (now - self.at).max(0) as f64 / 1000.0;
        self.available = (self.available + seconds * self.per_second).min(self.maximum);
        self.at = now;
    }

    /// What is in it.
    pub(super) fn level(&mut self, now: Millis) -> (f64, f64) {
        self.refill(now);
        (self.available, self.maximum)
    }

    /// When `cost` may be taken and leave `headroom`; what is dearer than that waits for a full bucket.
    pub(super) fn free_at(&mut self, cost: f64, headroom: f64, now: Millis) -> Millis {
        self.refill(now);
        let missing = (cost + headroom).min(self.maximum) - self.available;
        if missing <= 0.0 {
            return now;
        }
        now + (missing / self.per_second.max(SLOWEST) * 1000.0).ceil() as Millis
    }

    /// Takes, or with a negative cost gives back.
    pub(super) fn take(&mut self, cost: f64) {
        self.available = (self.available - cost).min(self.maximum);
    }

    /// Takes over the level that an answer states, less what is on its way and the vendor had not seen.
    pub(super) fn correct(&mut self, told: Quota, unseen: f64, now: Millis) {
        *self = Bucket {
            available: told.available - unseen,
            maximum: told.maximum,
            per_second: told.restore_per_second,
            at: now,
        };
    }

    /// Takes over a rate; a vendor that means nothing by none refuses instead.
    pub(super) fn restore(&mut self, per_second: f64, now: Millis) {
        self.refill(now);
        if per_second > 0.0 {
            self.per_second = per_second;
        }
    }

    /// Takes over a rate and a size that were learned.
    pub(super) fn resize(&mut self, maximum: f64, per_second: f64, now: Millis) {
        self.refill(now);
        (self.maximum, self.per_second) = (maximum, per_second);
        self.available = self.available.min(maximum);
    }

    /// The vendor says it is empty.
    pub(super) fn empty(&mut self, now: Millis) {
        self.refill(now);
        self.available = self.available.min(0.0);
    }
}
