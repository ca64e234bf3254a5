//! Vendors that tell nobody their limit, and that know nothing of who asks: buckets, sliding and fixed windows whose rate
//! changes at random.

use std::{collections::VecDeque, ops::Range};

use proptest::{prelude::*, test_runner::TestRng};

use crate::quota::window::Millis;

/// How a vendor counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counts {
    /// A token bucket that holds so many seconds of its rate, one call at least.
    Bucket(f64),
    /// Calls accepted within so many milliseconds before the call.
    Sliding(Millis),
    /// Calls accepted since the clock last passed a multiple of so many milliseconds.
    Fixed(Millis),
}

/// How its rate changes: every time by a factor between 1/4 and 4.
#[derive(Debug, Clone)]
pub(super) struct Moves {
    /// Calls per second.
    pub(super) between: (f64, f64),
    /// Milliseconds from change to change.
    pub(super) every: Range<Millis>,
}

pub(super) struct Vendor {
    counts: Counts,
    moves: Moves,
    rate: f64,
    at: Millis,
    changes: Millis,
    /// Changes that are given, and not at random: when, and to what rate.
    given: VecDeque<(Millis, f64)>,
    tokens: f64,
    accepted: VecDeque<Millis>,
    /// What its rate was worth so far, in calls.
    pub(super) granted: f64,
}

impl Vendor {
    /// It begins at ten a second.
    pub(super) fn new(counts: Counts, moves: Moves, random: &mut TestRng) -> Self {
        let changes = random.random_range(moves.every.clone());
        let (given, accepted) = (VecDeque::new(), VecDeque::new());
        Vendor { counts, moves, rate: 10.0, at: 0, changes, given, tokens: 0.0, accepted, granted: 0.0 }
    }

    /// One whose changes are given.
    pub(super) fn scripted(counts: Counts, rate: f64, given: &[(Millis, f64)]) -> Self {
        let moves = Moves { between: (rate, rate), every: 0..1 };
        let given: VecDeque<_> = given.iter().copied().collect();
        let changes = given.front().map_or(Millis::MAX, |(when, _)| *when);
        let accepted = VecDeque::new();
        Vendor { counts, moves, rate, at: 0, changes, given, tokens: 0.0, accepted, granted: 0.0 }
    }

    pub(super) fn advance(&mut self, random: &mut TestRng, now: Millis) {
        while self.at < now {
            let until = now.min(self.changes);
            let calls = (until - self.at) as f64 / 1000.0 * self.rate;
            self.granted += calls;
            if let Counts::Bucket(seconds) = self.counts {
                self.tokens = (self.tokens + calls).min((self.rate * seconds).max(1.0));
            }
            self.at = until;
            if until == self.changes {
                self.change(random);
            }
        }
    }

    fn change(&mut self, random: &mut TestRng) {
        if let Some((_, rate)) = self.given.pop_front() {
            self.rate = rate;
            self.changes = self.given.front().map_or(Millis::MAX, |(when, _)| *when);
            return;
        }
        let (low, high) = self.moves.between;
        self.changes += random.random_range(self.moves.every.clone());
        self.rate = (self.rate * 4f64.powf(random.random_range(-1.0..1.0))).clamp(low, high);
    }

    pub(super) fn accepts(&mut self, random: &mut TestRng, now: Millis) -> bool {
        self.advance(random, now);
        let (since, length) = match self.counts {
            Counts::Bucket(_) => {
                let accepts = self.tokens >= 1.0;
                self.tokens -= f64::from(u8::from(accepts));
                return accepts;
            }
            Counts::Sliding(length) => (now - length + 1, length),
            Counts::Fixed(length) => (now - now.rem_euclid(length), length),
        };
        while self.accepted.front().is_some_and(|then| *then < since) {
            self.accepted.pop_front();
        }
        let most = (self.rate * length as f64 / 1000.0).round();
        let accepts = (self.accepted.len() as f64) < most;
        self.accepted.extend(accepts.then_some(now));
        accepts
    }
}
