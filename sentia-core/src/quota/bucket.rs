//! A level that comes back steadily: cost points, or calls of one operation.

use serde::{Deserialize, Serialize};

use super::window::{FURTHEST, Millis};
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
    /// What was taken ahead of its time and is not due yet, in order; `available` is without it.
    #[serde(default)]
    ahead: Vec<(Millis, f64)>,
    /// When the answer came that was taken over last.
    #[serde(default)]
    told: Millis,
}

impl Bucket {
    /// A full one.
    pub(super) fn full(maximum: f64, per_second: f64, now: Millis) -> Self {
        Bucket { available: maximum, maximum, per_second, at: now, ahead: Vec::new(), told: Millis::MIN }
    }

    fn refill(&mut self, now: Millis) {
        // A clock that was set back gives nothing, and counts from its new time on.
        let seconds = (now - self.at).max(0) as f64 / 1000.0;
        self.available = (self.available + seconds * self.per_second).min(self.maximum);
        self.at = now;
        self.ahead.retain(|(due, _)| (now + 1..=now + FURTHEST).contains(due));
    }

    /// What is in it.
    pub(super) fn level(&mut self, now: Millis) -> (f64, f64) {
        self.refill(now);
        (self.available, self.maximum)
    }

    /// When `cost` may be taken and leave `headroom`, behind all that was taken ahead; what is dearer than that waits for a full
    /// bucket.
    pub(super) fn free_at(&mut self, cost: f64, headroom: f64, now: Millis) -> Millis {
        self.refill(now);
        now + self.restores((cost + headroom).min(self.maximum) - self.available)
    }

    /// When `cost` may be taken, from `at` on, before what was taken ahead and is met all the same.
    pub(super) fn between(&mut self, cost: f64, at: Millis, now: Millis) -> Millis {
        let behind = self.free_at(cost, 0.0, now);
        let cost = cost.min(self.maximum);
        let level = |when: Millis| {
            let due = self.ahead.iter().filter(|(due, _)| *due > when).map(|(_, cost)| cost).sum::<f64>();
            self.available + due + (when - now) as f64 / 1000.0 * self.per_second
        };
        let candidates = std::iter::once(at).chain(self.ahead.iter().map(|(due, _)| *due).filter(|due| *due > at));
        for from in candidates {
            let free = from + self.restores(cost - level(from));
            let mut later = self.ahead.iter().map(|(due, _)| *due).filter(|due| *due > from);
            if later.all(|due| due > free && level(due) >= cost) {
                return free.min(behind.max(at));
            }
        }
        behind
    }

    /// Milliseconds until `missing` is restored.
    fn restores(&self, missing: f64) -> Millis {
        (missing.max(0.0) / self.per_second.max(SLOWEST) * 1000.0).ceil() as Millis
    }

    /// Takes at `at`, which may be ahead of `now`.
    pub(super) fn take(&mut self, cost: f64, at: Millis, now: Millis) {
        self.available -= cost;
        if at > now {
            self.ahead.push((at, cost));
            self.ahead.sort_by_key(|(due, _)| *due);
        }
    }

    /// Gives back what was taken for `then` and not used.
    pub(super) fn give_back(&mut self, cost: f64, then: Millis) {
        self.available = (self.available + cost).min(self.maximum);
        if let Some(place) = self.ahead.iter().position(|ahead| *ahead == (then, cost)) {
            self.ahead.remove(place);
        }
    }

    /// Takes over the level that an answer stated at `now`, less what the vendor had not seen: what is on its way, and what was
    /// taken ahead.
    pub(super) fn correct(&mut self, told: Quota, unseen: f64, now: Millis) {
        if (now + 1..=now + FURTHEST).contains(&self.told) {
            // Another process has told a later one.
            return;
        }
        (self.available, self.at, self.told) = (told.available - unseen, now, now);
        (self.maximum, self.per_second) = (told.maximum, told.restore_per_second);
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
