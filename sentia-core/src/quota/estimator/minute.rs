//! How many calls were answered within the last minute.
//!
//! Times are milliseconds of the host's clock. A clock that is set back a little counts on in the slot it had reached; one that
//! is set back by more than a minute begins anew.

use serde::{Deserialize, Serialize};

use crate::quota::window::Millis;

/// A minute in milliseconds.
pub(super) const MINUTE: Millis = 60_000;
/// Whole slots of a minute.
const WHOLE: usize = 24;
const SLOT: Millis = MINUTE / WHOLE as Millis;
/// And the one that is leaving it.
const SLOTS: usize = WHOLE + 1;

/// Calls answered, by slots of 2.5 s. A call leaves evenly over its slot, so the count is right to what one slot holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Minute {
    /// The newest first.
    calls: [u32; SLOTS],
    /// The number of the newest, counted from the epoch.
    slot: Millis,
}

impl Minute {
    /// One more was answered.
    pub(super) fn add(&mut self, now: Millis) {
        match self.age(now) {
            Some(age) => {
                self.calls.rotate_right(age);
                self.calls[..age].fill(0);
                self.slot += age as Millis;
            }
            None => *self = Minute { calls: [0; SLOTS], slot: now.div_euclid(SLOT) },
        }
        self.calls[0] = self.calls[0].saturating_add(1);
    }

    /// Calls of the last minute.
    pub(super) fn count(&self, now: Millis) -> f64 {
        self.leaving(now).map(|(calls, _)| calls).sum()
    }

    /// When no more than `most` of them are left, if no other is answered; `now` when that is so already.
    pub(super) fn falls_to(&self, most: f64, now: Millis) -> Millis {
        // All that is kept is at least what is left of it.
        if self.calls.iter().map(|calls| f64::from(*calls)).sum::<f64>() <= most {
            return now;
        }
        let mut over = self.count(now) - most.max(0.0);
        if over <= 0.0 {
            return now;
        }
        let mut slots = 0.0;
        for (calls, part) in self.leaving(now) {
            if calls >= over {
                slots += part * over / calls;
                break;
            }
            over -= calls;
            slots += part;
        }
        now + ((slots * SLOT as f64).ceil() as Millis).max(1)
    }

    /// Slots since the newest; `None` when nothing that is kept is of the last minute.
    fn age(&self, now: Millis) -> Option<usize> {
        let age = now.div_euclid(SLOT).saturating_sub(self.slot);
        let whole = WHOLE as Millis;
        // What is a little ahead is of a clock that was set back, or of another process.
        (-whole..=whole).contains(&age).then_some(age.max(0) as usize)
    }

    /// What is left of each slot, the oldest first: calls, and the part of a slot's time in which they leave.
    fn leaving(&self, now: Millis) -> impl Iterator<Item = (f64, f64)> {
        let left = 1.0 - now.rem_euclid(SLOT) as f64 / SLOT as f64;
        let kept = self.age(now).map_or(0, |age| SLOTS - age);
        (0..kept).rev().map(move |index| {
            let part = if index + 1 == kept { left } else { 1.0 };
            (f64::from(self.calls[index]) * part, part)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_leave_after_a_minute_in_the_order_they_came() {
        let mut minute = Minute::default();
        (0..120).for_each(|half| minute.add(1_000_000 + half * 500));
        let now = 1_000_000 + 60_000 - 1;
        assert!((minute.count(now) - 120.0).abs() <= 5.0, "{}", minute.count(now));
        assert_eq!(minute.falls_to(120.0, now), now);
        let half = minute.falls_to(60.0, now) - now;
        assert!((27_500..=32_500).contains(&half), "half of them leave in {half} ms");
        assert!((minute.count(now + half) - 60.0).abs() < 0.01, "what is told comes true");
        assert_eq!(minute.count(now + 63_000), 0.0);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_a_minute_at_most() {
        let mut minute = Minute::default();
        (0..10).for_each(|_| minute.add(10_000_000));
        minute.add(9_990_000);
        assert_eq!(minute.count(9_990_000).round(), 11.0, "a little: it counts on");
        assert!(minute.falls_to(0.0, 9_990_000) <= 9_990_000 + 75_000);
        minute.add(1_000_000);
        assert_eq!(minute.count(1_000_000).round(), 1.0, "much: it begins anew");
    }
}
