//! When each process of a fleet comes back for more of a scarce budget, so that they do not meet.
//!
//! A turn is told and kept by nobody but its member: who comes at another time takes what is free all the same. So a member that
//! died costs its turn and no more, and one that comes for an urgent call waits for none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::window::Millis;

/// How long a turn that nobody came for stands, in milliseconds.
const GRACE: Millis = 1_000;
/// The furthest turn: who waits for longer comes when its budget is back.
const FURTHEST: Millis = 60_000;

/// The members that wait for one operation's units, each with the time it comes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Turns {
    next: BTreeMap<String, Millis>,
    /// About how long what is taken at a turn lasts.
    stride: Millis,
}

impl Turns {
    /// When `member` comes.
    pub(super) fn of(&self, member: &str) -> Option<Millis> {
        self.next.get(member).copied()
    }

    /// `member` waits on: the next unit is free at `free`, and what it took last, if anything, is spread over `batch`. Its next
    /// turn is behind those of all others. One that came in its turn and found nothing comes as soon as there is something.
    pub(super) fn follow(&mut self, member: &str, batch: Option<Millis>, free: Millis, now: Millis) {
        let previous = self.next.remove(member);
        self.next.retain(|_, turn| (now - GRACE..=now + FURTHEST).contains(turn));
        if let Some(batch) = batch.map(|batch| batch.max(0)) {
            self.stride = if self.stride == 0 { batch } else { (3 * self.stride + batch) / 4 };
        }
        let last = self.next.values().max().map_or(free, |last| free.max(last + self.stride));
        let behind = free.max(now) + self.next.len() as Millis * self.stride;
        let is_taken = |at: Millis| self.next.values().any(|turn| (turn - at).abs() < self.stride / 2);
        let turn = match previous {
            Some(turn) if batch.is_none() && turn > now => turn.max(free),
            Some(_) if batch.is_none() && !is_taken(free) => free,
            _ if !is_taken(behind) => behind,
            _ => last,
        };
        if turn <= now + FURTHEST {
            self.next.insert(member.to_owned(), turn);
        }
    }

    /// `member` waits no more.
    pub(super) fn leave(&mut self, member: &str) {
        self.next.remove(member);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.next.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comes_behind_the_others() {
        let mut turns = Turns::default();
        turns.follow("a", Some(2_000), 2_000, 0);
        turns.follow("b", None, 2_000, 10);
        turns.follow("c", None, 2_000, 20);
        assert_eq!([turns.of("a"), turns.of("b"), turns.of("c")], [Some(2_000), Some(4_000), Some(6_000)]);
        turns.follow("a", Some(2_000), 4_000, 2_000);
        assert_eq!(turns.of("a"), Some(8_000));
        turns.follow("b", None, 5_000, 4_000);
        assert_eq!(turns.of("b"), Some(5_000), "its turn was another's, so it is the next");
    }

    #[test]
    fn who_does_not_come_is_forgotten() {
        let mut turns = Turns::default();
        turns.follow("killed", Some(2_000), 2_000, 0);
        turns.follow("a", Some(2_000), 4_000, 2_000 + GRACE + 1);
        assert_eq!((turns.of("killed"), turns.of("a")), (None, Some(4_000)));
        turns.follow("a", None, 10 * FURTHEST, 5_000);
        assert!(turns.is_empty(), "who waits for a day has no turn");
    }
}
