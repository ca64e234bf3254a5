//! Units that a process has taken of the shared ledger and not used yet.

use std::collections::VecDeque;

use super::{
    Claim,
    window::{FURTHEST, Millis},
};

/// How long a unit that was taken ahead may wait to be used.
pub(super) const FRESH: Millis = 500;

/// A unit at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spare {
    pub(super) claim: Claim,
    /// From when on it may be used.
    pub(super) from: Millis,
    /// For when it was taken.
    pub(super) taken: Millis,
    pub(super) usable: bool,
}

impl Spare {
    /// Whether it may be used at `now`: a unit counts from the time it was taken for.
    pub(super) fn is_fresh(&self, now: Millis) -> bool {
        self.is_kept(now) && self.from <= now
    }

    /// Whether it may be used now or later.
    pub(super) fn is_kept(&self, now: Millis) -> bool {
        self.usable && (-FURTHEST..=FRESH).contains(&(now - self.taken))
    }

    /// Whether it is what `claim` needs.
    pub(super) fn fits(&self, claim: &Claim) -> bool {
        self.claim.operation == claim.operation && self.claim.cost >= claim.cost
    }
}

/// When a unit that is at hand may be used by `claim`, if there is one.
pub(super) fn due(spares: &VecDeque<Spare>, claim: &Claim, now: Millis) -> Option<Millis> {
    let fitting = spares.iter().filter(|spare| spare.fits(claim) && spare.is_kept(now));
    fitting.map(|spare| spare.from.max(now)).min()
}
