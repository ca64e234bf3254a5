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
    /// What was taken lately, and ahead of its time, in the order in which it is due; `available` is without it.
    #[serde(default)]
    taken: Vec<(Millis, f64)>,
    /// When the answer came that was taken over last.
    #[serde(default)]
    told: Millis,
}

impl Bucket {
    /// A full one.
    pub(super) fn full(maximum: f64, per_second: f64, now: Millis) -> Self {
        Bucket { available: maximum, maximum, per_second, at: now, taken: Vec::new(), told: Millis::MIN }
    }

    fn refill(&mut self, now: Millis) {
        // A clock that was set back gives nothing, and counts from its new time on.
        let seconds = (now - self.at).max(0) as f64 / 1000.0;
        self.available = (self.available + seconds * self.per_second).min(self.maximum);
        self.at = now;
        self.taken.retain(|(due, _)| (now - FURTHEST..=now + FURTHEST).contains(due));
    }

    /// What was taken for times after `then`.
    fn since(&self, then: Millis) -> f64 {
        self.taken.iter().filter(|(due, _)| *due > then).map(|(_, cost)| cost).sum()
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
        let level =
            |when: Millis| self.available + self.since(when) + (when - now) as f64 / 1000.0 * self.per_second;
        let candidates =
            std::iter::once(at).chain(self.taken.iter().map(|(due, _)| *due).filter(|due| *due > at));
        for from in candidates {
            let free = from + self.restores(cost - level(from));
            let mut later = self.taken.iter().map(|(due, _)| *due).filter(|due| *due > from);
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
        match self.taken.last_mut() {
            // Of what is past, a second is told from the next one.
            Some((due, sum)) if *due <= now && at <= now && *due / 1000 == at / 1000 => {
                (*due, *sum) = (at.max(*due), *sum + cost);
            }
            _ => self.taken.push((at, cost)),
        }
        self.taken.sort_by_key(|(due, _)| *due);
    }

    /// Gives back what was taken for `then` and not used.
    pub(super) fn give_back(&mut self, cost: f64, then: Millis) {
        self.available = (self.available + cost).min(self.maximum);
        if let Some(place) = self.taken.iter().position(|taken| *taken == (then, cost)) {
            self.taken.remove(place);
        }
    }

    /// What was taken and an answer at `then`, to a call that began at `began`, may not have counted: what was to begin since, or
    /// half as long before as the call took.
    pub(super) fn unseen(&self, cost: f64, began: Millis, then: Millis) -> f64 {
        let travels = began - (then - began) / 2;
        (self.since(travels - 1) - cost).max(self.since(began))
    }

    /// Takes over the level that an answer stated at `then`, less what the vendor had not seen. Another process may have told a
    /// later one.
    pub(super) fn correct(&mut self, told: Quota, unseen: f64, then: Millis, now: Millis) {
        let is_late = (then + 1..=now + FURTHEST).contains(&self.told);
        if is_late || now - then > FURTHEST {
            return;
        }
        (self.available, self.at, self.told) = (told.available - unseen, then, then);
        (self.maximum, self.per_second) = (told.maximum, told.restore_per_second);
        self.refill(now);
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

    /// The vendor said at `then` that it was empty.
    pub(super) fn empty(&mut self, then: Millis, now: Millis) {
        self.refill(now);
        let restored = (now - then).max(0) as f64 / 1000.0 * self.per_second;
        self.available = self.available.min(restored - self.since(then));
    }
}
