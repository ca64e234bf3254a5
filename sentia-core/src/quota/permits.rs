//! Calls at once, over all processes of a fleet.
//!
//! Each process holds permits by a lease, as many as it has use for, and at most its fair share while others wait. The sum of
//! what is held is never above the limit. A process that was killed loses its permits when its lease ends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::window::Millis;

/// How long permits are held without a word, in milliseconds.
const LEASE: Millis = 30_000;
/// How long a holder keeps the last permits while others have none, and how long it then leaves them alone.
const TURN: Millis = 1_000;
const REST: Millis = 600;
/// Answers without a refusal after which one more call at once is tried again.
const PATIENCE: u32 = 100;

/// Who holds how many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Permits {
    holders: BTreeMap<String, Holder>,
    /// What the vendor showed to be too many, where it refused below the limit.
    #[serde(default)]
    learned: Option<usize>,
    #[serde(default)]
    calm: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Holder {
    held: usize,
    /// How many of them may be used: fewer while what is beyond its share ends.
    #[serde(default)]
    may: usize,
    wanted: usize,
    until: Millis,
    /// Since when it has held any, or none.
    #[serde(default)]
    since: Millis,
    /// Until when it leaves them to others.
    #[serde(default)]
    rests: Millis,
}

impl Permits {
    /// How many may go on at once now.
    pub(super) fn limit(&self, configured: usize) -> usize {
        self.learned.unwrap_or(configured).min(configured).max(1)
    }

    /// Permits `member` holds.
    pub(super) fn held(&self, member: &str) -> usize {
        self.holders.get(member).map_or(0, |holder| holder.held)
    }

    /// Calls that `member` may have going on.
    pub(super) fn may(&self, member: &str) -> usize {
        self.holders.get(member).map_or(0, |holder| holder.may)
    }

    /// Whether anybody holds another number than in `before`, began or ceased to want more, or has used half of its lease.
    pub(super) fn differs(&self, before: &Permits) -> bool {
        let numbers = |permits: &Permits| -> Vec<_> {
            let holders = permits.holders.iter();
            let half = |until: Millis| until / (LEASE / 2);
            holders.map(|(name, h)| (name.clone(), h.held, h.may, h.wanted > h.may, half(h.until))).collect()
        };
        numbers(self) != numbers(before)
    }

    /// How many have waited for a permit for longer than `member`.
    pub(super) fn before(&self, member: &str) -> usize {
        let Some(own) = self.holders.get(member) else { return 0 };
        let waiting = self.holders.iter().filter(|(_, holder)| holder.held == 0 && holder.wanted > 0);
        waiting.filter(|(name, holder)| (holder.since, name.as_str()) < (own.since, member)).count()
    }

    /// When a member that may begin nothing asks again at the earliest: when the first of those who have a turn ends it, if they take turns.
    pub(super) fn turn_ends(&self, configured: usize, now: Millis) -> Millis {
        let hungry = self.holders.values().filter(|holder| holder.wanted > holder.may).count();
        let since = self.holders.values().filter(|holder| holder.held > 0).map(|holder| holder.since).min();
        let ends = since.filter(|_| hungry > self.limit(configured));
        ends.map_or(Millis::MIN, |since| since.min(now) + TURN)
    }

    /// Whether fewer than configured go on, since the vendor refused.
    pub(super) fn is_learning(&self) -> bool {
        self.learned.is_some()
    }

    /// Permits held by all.
    pub(super) fn used(&self) -> usize {
        self.holders.values().map(|holder| holder.held).sum()
    }

    /// Lets `member`, with `busy` calls going on and `begun` that go on or have their units, hold `wanted` permits or as many as
    /// there are. A turn goes on for a while with units at hand.
    pub(super) fn claim(
        &mut self,
        configured: usize,
        member: &str,
        (busy, begun): (usize, usize),
        wanted: usize,
        now: Millis,
    ) {
        // A lease that reaches further than any lease does was written by a clock ahead of this one.
        self.holders
            .retain(|name, holder| name == member || (now < holder.until && holder.until <= now + 2 * LEASE));
        let others = self.holders.iter().filter(|(name, _)| *name != member);
        let (mut taken, mut hungry, mut before_us) = (0, 1, 0);
        for (name, holder) in others {
            taken += holder.held;
            let is_hungry = holder.wanted > holder.may;
            hungry += usize::from(is_hungry);
            before_us += usize::from(is_hungry && name.as_str() < member);
        }
        let limit = self.limit(configured);
        let free = limit.saturating_sub(taken);
        // What does not divide goes to the first of them.
        let share = limit / hungry + usize::from(before_us < limit % hungry);
        let share = if hungry > 1 { share.max(1) } else { limit };
        let before = self.holders.get(member);
        let (had, since) = before.map_or((false, now), |own| (own.held > 0, own.since));
        // Where there are more members than permits they take turns.
        let turn = if busy == begun { TURN } else { 2 * TURN };
        let spent = hungry > limit && had && now - since > turn;
        let rests = if spent { now + REST } else { before.map_or(0, |own| own.rests.min(now + REST)) };
        let may = if now < rests { 0 } else { wanted.min(share).min(free) };
        // What is going on cannot be taken away; beyond it, no more than the share and no more than is free.
        let held = may.max(busy);
        if held == 0 && wanted == 0 {
            self.holders.remove(member);
            return;
        }
        let since = if had == (held > 0) { since } else { now };
        let holder = Holder { held, may, wanted, until: now + LEASE, since, rests };
        self.holders.insert(member.to_owned(), holder);
    }

    /// Whether another member waits for permits.
    pub(super) fn others_wait(&self, member: &str) -> bool {
        self.holders.iter().any(|(name, holder)| name != member && holder.wanted > holder.may)
    }

    /// The vendor refused a call because `busy` were going on.
    pub(super) fn refused(&mut self, configured: usize, busy: usize) {
        let limit = self.limit(configured).min(busy.max(1));
        self.learned = Some(limit.saturating_sub(1).max(1));
        self.calm = 0;
    }

    /// A call was answered.
    pub(super) fn answered(&mut self, configured: usize) {
        let Some(learned) = self.learned else { return };
        self.calm += 1;
        if self.calm >= PATIENCE {
            self.calm = 0;
            self.learned = (learned + 1 < configured).then_some(learned + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_what_is_held_is_never_above_the_limit() {
        let mut permits = Permits::default();
        permits.claim(5, "a", (0, 0), 9, 0);
        assert_eq!(permits.held("a"), 5, "alone it has all");
        permits.claim(5, "b", (0, 0), 3, 10);
        assert_eq!((permits.held("b"), permits.used()), (0, 5));
        permits.claim(5, "a", (4, 4), 9, 20);
        assert_eq!(permits.held("a"), 4, "what is going on goes on");
        permits.claim(5, "b", (0, 0), 3, 30);
        assert_eq!((permits.held("b"), permits.used()), (1, 5));
        permits.claim(5, "a", (1, 1), 9, 40);
        permits.claim(5, "b", (1, 1), 3, 50);
        assert_eq!((permits.held("a"), permits.held("b")), (3, 2), "each its share");
    }

    #[test]
    fn of_more_members_than_permits_each_has_its_turn() {
        let mut permits = Permits::default();
        let mut turns = [0; 3];
        for tick in 0..600 {
            for (member, turns) in ["a", "b", "c"].iter().zip(&mut turns) {
                permits.claim(1, member, (0, 0), 1, tick * 100);
                *turns += permits.held(member);
            }
            assert!(permits.used() <= 1);
        }
        assert!(turns.iter().all(|turns| *turns > 100), "{turns:?}");
    }

    #[test]
    fn a_killed_holder_loses_its_permits_and_a_clock_ahead_keeps_none() {
        let mut permits = Permits::default();
        permits.claim(2, "killed", (0, 0), 2, 0);
        permits.claim(2, "b", (0, 0), 2, LEASE + 1);
        assert_eq!(permits.held("b"), 2);
        permits.claim(2, "ahead", (0, 0), 2, 10 * LEASE);
        permits.claim(2, "b", (0, 0), 2, LEASE + 2);
        assert_eq!(permits.held("b"), 2);
    }

    #[test]
    fn a_refusal_lowers_and_calm_raises() {
        let mut permits = Permits::default();
        permits.refused(5, 4);
        assert_eq!(permits.limit(5), 3);
        (0..2 * PATIENCE).for_each(|_| permits.answered(5));
        assert_eq!((permits.limit(5), &permits.learned), (5, &None));
        permits.refused(1, 1);
        assert_eq!(permits.limit(1), 1, "one may always go on");
    }
}
