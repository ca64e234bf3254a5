//! Finds a rate that no document tells, or that moves, from answers alone.
//!
//! The shape is that of CUBIC (RFC 9438), the congestion control of most of the internet's traffic, over calls instead of
//! seconds: after a refusal the rate drops a little, comes back fast to near where it was refused, stays there for a while, and
//! then tries ever larger steps. One refusal lowers it once: those of calls that were under way say the same again. A refusal
//! soon after the last one says that the limit itself has fallen, and lowers it much.
//!
//! It is measured against buckets of one second's calls whose rate moves every quarter of an hour. Sliding windows of many
//! seconds refuse for as long as they drain, which it takes for further falls; there, and where a limit moves every few
//! minutes, it stays well below what is granted. It grows by answers and not by time, so from a rate near nothing it comes
//! back slowly. Where a vendor tells a rate or a wait, that is followed instead.
//!
//! Rates are calls per second, and times milliseconds of the host's clock.

use serde::{Deserialize, Serialize};

use super::window::Millis;

/// What is left of the rate after a refusal, and after one soon after another.
const LOWER: f64 = 0.92;
const MUCH_LOWER: f64 = 0.6;
/// A refusal within so many answers of the last one is soon.
const SOON: u32 = 20;
/// Answers until the rate is back where it was refused, after a refusal that lowered it a little.
const PLATEAU: f64 = 250.0;

/// The rates between which it looks, per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) floor: f64,
    pub(super) ceiling: f64,
}

/// What answers have taught so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Estimator {
    rate: f64,
    /// The rate at the last refusal.
    refused: f64,
    /// The rate right after it.
    lowered: f64,
    /// Answers since then, as far as they were waited for.
    answers: u32,
    /// When the rate was last lowered.
    at: Millis,
}

impl Estimator {
    /// Begins with a guess.
    pub(super) fn new(per_second: f64, range: Range) -> Self {
        let rate = range.clamp(per_second);
        Estimator { rate, refused: rate, lowered: rate, answers: 0, at: Millis::MIN }
    }

    /// Calls per second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// A call was answered that had had to wait for this rate. Others say nothing about it.
    pub(super) fn answered(&mut self, range: Range) {
        self.answers = self.answers.saturating_add(1);
        // From `lowered` at no answers through `refused` at the plateau and, ever faster, beyond.
        let scale = PLATEAU / (1.0 - LOWER).cbrt();
        let deficit = 1.0 - self.lowered / self.refused;
        let progress = f64::from(self.answers) / scale - deficit.max(0.0).cbrt();
        self.rate = range.clamp(self.refused * (1.0 + progress.powi(3)));
    }

    /// A call that had begun at `began` was refused.
    pub(super) fn refused(&mut self, range: Range, began: Millis, now: Millis) {
        // A time ahead is of a clock that has been set back since.
        if began < self.at && self.at <= now {
            return;
        }
        let part = if self.answers < SOON && self.at != Millis::MIN { MUCH_LOWER } else { LOWER };
        self.refused = self.rate;
        self.rate = range.clamp(self.rate * part);
        (self.lowered, self.answers, self.at) = (self.rate, 0, now);
    }

    /// The vendor told a rate.
    pub(super) fn told(&mut self, range: Range, per_second: f64) {
        self.rate = range.clamp(per_second);
        (self.refused, self.lowered, self.answers) = (self.rate, self.rate, 0);
    }
}

impl Range {
    fn clamp(self, rate: f64) -> f64 {
        // Not `clamp`, which panics where a host's ceiling is below its floor.
        rate.min(self.ceiling).max(self.floor)
    }
}

#[cfg(test)]
mod tests {
    use std::{cmp::Reverse, collections::BinaryHeap};

    use proptest::{
        prelude::*,
        test_runner::{RngAlgorithm, TestRng},
    };

    use super::*;

    /// Accounts of eight hours each.
    const SEEDS: u8 = 6;
    const RANGE: Range = Range { floor: 0.05, ceiling: 500.0 };

    /// A vendor whose limit nobody tells: a bucket of one second's calls, whose rate changes at random.
    struct Hidden {
        rate: f64,
        level: f64,
        at: Millis,
        changes: Millis,
        granted: f64,
    }

    impl Hidden {
        fn advance(&mut self, random: &mut TestRng, now: Millis) {
            while self.at < now {
                let until = now.min(self.changes);
                let seconds = (until - self.at) as f64 / 1000.0;
                self.granted += seconds * self.rate;
                self.level = (self.level + seconds * self.rate).min(self.rate.max(1.0));
                self.at = until;
                if until == self.changes {
                    self.changes += random.random_range(600_000..1_500_000);
                    self.rate = (self.rate * 4f64.powf(random.random_range(-1.0..1.0))).clamp(2.0, 60.0);
                }
            }
        }

        fn accepts(&mut self, random: &mut TestRng, now: Millis) -> bool {
            self.advance(random, now);
            let accepts = self.level >= 1.0;
            self.level -= f64::from(u8::from(accepts));
            accepts
        }
    }

    /// Hungry callers for `hours`: the part of the true limit that was used, and the part of calls that was refused.
    fn simulate(seed: u8, hours: i64) -> (f64, f64) {
        let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut vendor = Hidden { rate: 10.0, level: 10.0, at: 0, changes: 900_000, granted: 0.0 };
        let mut estimator = Estimator::new(2.0, RANGE);
        // Calls under way: arrival at the vendor, then the answer.
        let mut events = BinaryHeap::new();
        let (mut next, mut accepted, mut refused) = (0.0, 0u64, 0u64);
        let end = hours * 3_600_000;
        loop {
            let sends = next as Millis;
            match events.pop() {
                Some(Reverse((at, began, answer))) if at <= sends => match answer {
                    None => {
                        let is_accepted = vendor.accepts(&mut random, at);
                        let back = at + random.random_range(20..200);
                        events.push(Reverse((back, began, Some(is_accepted))));
                    }
                    Some(true) => {
                        accepted += 1;
                        estimator.answered(RANGE);
                    }
                    Some(false) => {
                        refused += 1;
                        estimator.refused(RANGE, began, at);
                    }
                },
                other => {
                    events.extend(other);
                    if sends >= end {
                        break;
                    }
                    events.push(Reverse((sends + random.random_range(20..200), sends, None)));
                    next += 1000.0 / estimator.rate();
                }
            }
        }
        vendor.advance(&mut random, end);
        (accepted as f64 / vendor.granted, refused as f64 / (accepted + refused) as f64)
    }

    #[test]
    fn a_hidden_limit_that_moves_is_followed() {
        let runs: Vec<(f64, f64)> = (0..SEEDS).map(|seed| simulate(seed, 8)).collect();
        let used = runs.iter().map(|run| run.0).sum::<f64>() / f64::from(SEEDS);
        let refused = runs.iter().map(|run| run.1).sum::<f64>() / f64::from(SEEDS);
        let worst = runs.iter().fold((f64::MAX, 0.0_f64), |w, run| (w.0.min(run.0), w.1.max(run.1)));
        println!("used {used:.4}, refused {refused:.4}; worst {worst:.4?}");
        assert!(used >= 0.90 && refused <= 0.01, "used {used:.4}, refused {refused:.4}");
        assert!(worst.0 >= 0.85 && worst.1 <= 0.015, "worst {worst:?}");
    }

    #[test]
    fn one_refusal_counts_once_and_a_second_one_soon_lowers_much() {
        let mut estimator = Estimator::new(10.0, RANGE);
        estimator.refused(RANGE, 0, 100);
        let lowered = estimator.rate();
        estimator.refused(RANGE, 50, 120);
        assert_eq!(estimator.rate(), lowered, "it was under way");
        estimator.refused(RANGE, 110, 200);
        assert!((estimator.rate() - lowered * MUCH_LOWER).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn it_stays_within_its_range(steps in proptest::collection::vec((0u8..4, -1_000i64..100_000, -1.0f64..1e9), 0..300)) {
            let mut estimator = Estimator::new(1.0, RANGE);
            for (what, at, rate) in steps {
                match what {
                    0 | 1 => estimator.answered(RANGE),
                    2 => estimator.refused(RANGE, at, at + 50),
                    _ => estimator.told(RANGE, rate),
                }
                prop_assert!((RANGE.floor..=RANGE.ceiling).contains(&estimator.rate()), "{estimator:?}");
            }
        }
    }
}
