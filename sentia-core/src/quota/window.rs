//! Calls, or bytes, within any span of a length: a rolling window kept in slots.
//!
//! A unit counts from when it was taken to a whole span after its slot's end, so the window is never fuller at the vendor
//! than here, and a request may travel for as long as what is left of its slot. With 120 slots a span the caution costs at most
//! 1 / 121 of the limit.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};

/// Slots a span is cut into.
const SLOTS: i64 = 120;
/// The shortest slot, in milliseconds.
const MIN_SLOT: i64 = 10;
/// Windows of at most this length, in milliseconds, are spread: what waits behind a spent minute waits for a minute, what
/// waits behind a spent day waits for tomorrow either way.
const LONGEST_SPREAD: i64 = 60_000;
/// Windows of fewer units are not spread: one of them would wait for a noticeable part of the span.
const LEAST_SPREAD: u64 = 20;

/// How far ahead of its time a unit may be taken, in milliseconds. What is dated further was written by a clock ahead of this one.
pub(super) const FURTHEST: Millis = 30_000;

/// By how much a spread unit may be late without delaying the next ones.
const LATE: Millis = 3_000;

/// The part of a limit that is kept for urgent claims, as one in so many.
const HEADROOM: u64 = 50;
/// A limit smaller than this has no headroom: a unit of it would be more than a fifth.
const WORTH_HEADROOM: u64 = 5;

/// The units of a limit that only urgent claims may take.
pub(super) fn headroom(limit: u64) -> u64 {
    if limit < WORTH_HEADROOM { 0 } else { (limit / HEADROOM).max(1) }
}

/// Milliseconds since 1970.
pub(super) type Millis = i64;

/// What was taken of one window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Window {
    /// Slot number and units, oldest first.
    slots: VecDeque<(i64, u64)>,
    /// When the latest spread unit was due.
    #[serde(default)]
    latest: Millis,
}

/// The bounds of a window; they are configured, not stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    /// Units within the span.
    pub(super) limit: u64,
    /// The span.
    pub(super) per: Duration,
    /// Units that only urgent claims may take.
    pub(super) headroom: u64,
}

impl Bounds {
    /// `limit` units, at least one, within `per`.
    pub(super) fn new(limit: u64, per: Duration) -> Self {
        Bounds { limit: limit.max(1), per, headroom: headroom(limit) }
    }

    fn span(self) -> Millis {
        Millis::try_from(self.per.as_millis()).unwrap_or(Millis::MAX / 4).max(1)
    }

    fn slot(self) -> Millis {
        (self.span() / SLOTS).max(MIN_SLOT)
    }

    fn is_spread(self) -> bool {
        self.span() <= LONGEST_SPREAD && self.limit >= LEAST_SPREAD
    }

    /// How long what came back is remembered, for answers that are told late.
    fn memory(self) -> Millis {
        FURTHEST.min(self.span() / 4)
    }

    /// When the units of `slot` come back.
    fn back(self, slot: i64) -> Millis {
        (slot + 1) * self.slot() + self.span()
    }
}

impl Window {
    /// Forgets what came back. A clock that was set back far finds its future units as taken now.
    fn settle(&mut self, bounds: Bounds, now: Millis) {
        while self.slots.front().is_some_and(|(slot, _)| bounds.back(*slot) + bounds.memory() <= now) {
            self.slots.pop_front();
        }
        let (present, furthest) = (now.div_euclid(bounds.slot()), now + FURTHEST);
        let mut future = 0;
        let beyond = |(slot, _): &mut (i64, u64)| *slot > present && *slot * bounds.slot() > furthest;
        while let Some((_, units)) = self.slots.pop_back_if(beyond) {
            future += units;
        }
        self.add(present, future);
        self.latest = self.latest.min(furthest);
    }

    fn add(&mut self, slot: i64, units: u64) {
        if units == 0 {
            return;
        }
        let later = self.slots.iter().rev().take_while(|(held, _)| *held > slot).count();
        let place = self.slots.len() - later;
        match place.checked_sub(1).and_then(|before| self.slots.get_mut(before)) {
            Some((held, before)) if *held == slot => *before += units,
            _ => self.slots.insert(place, (slot, units)),
        }
    }

    /// Units in the window, those dated ahead included.
    pub(super) fn used(&mut self, bounds: Bounds, now: Millis) -> u64 {
        self.settle(bounds, now);
        self.held(bounds, now)
    }

    /// Units that are not back at `at`.
    fn held(&self, bounds: Bounds, at: Millis) -> u64 {
        self.slots.iter().filter(|(slot, _)| bounds.back(*slot) > at).map(|(_, units)| units).sum()
    }

    /// When a unit may be taken, from `at` on: `at` or earlier when there is one then. A routine one goes behind all that are
    /// dated ahead, an urgent one between them.
    pub(super) fn free_at(&mut self, bounds: Bounds, urgent: bool, at: Millis, now: Millis) -> Millis {
        self.settle(bounds, now);
        let limit = if urgent { bounds.limit } else { bounds.limit - bounds.headroom.min(bounds.limit - 1) };
        if urgent {
            return self.between(bounds, at).unwrap_or(at + bounds.span());
        }
        let at = if bounds.is_spread() { at.max(self.latest) } else { at };
        let used = self.held(bounds, at);
        let mut left = i128::from(limit) - i128::from(used);
        if left > 0 {
            let spread = bounds.is_spread() && used * 2 >= limit;
            return if spread { self.spread(bounds, limit, at) } else { at };
        }
        for (slot, units) in self.slots.iter().filter(|(slot, _)| bounds.back(*slot) > at) {
            left += i128::from(*units);
            if left > 0 {
                return bounds.back(*slot);
            }
        }
        at + bounds.span()
    }

    /// The first time from `at` on at which one more unit leaves the window within its limit, then and when each of those dated
    /// ahead is due.
    fn between(&self, bounds: Bounds, at: Millis) -> Option<Millis> {
        let present = |from: Millis| from.div_euclid(bounds.slot());
        let held = |slot: i64, from: Millis| -> u64 {
            let live = self.slots.iter().filter(|(held, _)| *held <= slot && bounds.back(*held) > from);
            live.map(|(_, units)| units).sum()
        };
        let fits = |from: &Millis| {
            let ahead = self.slots.iter().filter(|(slot, _)| *slot > present(*from));
            held(present(*from), *from) < bounds.limit
                && ahead.into_iter().all(|(slot, _)| held(*slot, *slot * bounds.slot()) < bounds.limit)
        };
        let backs = self.slots.iter().map(|(slot, _)| bounds.back(*slot)).filter(|back| *back > at);
        std::iter::once(at).chain(backs).find(fits)
    }

    /// When the next of `limit` units goes, if they are spread from `at` on: sooner when some come back meanwhile.
    fn spread(&self, bounds: Bounds, limit: u64, at: Millis) -> Millis {
        let after = |at: Millis| {
            let left = i128::from(limit) - i128::from(self.held(bounds, at));
            self.latest + self.interval(bounds, left, at)
        };
        let mut free = after(at);
        for back in self.slots.iter().map(|(slot, _)| bounds.back(*slot)).filter(|back| *back > at) {
            if back >= free {
                break;
            }
            free = free.min(back.max(after(back)));
        }
        free
    }

    /// The least distance between two units at which the window, with `left` units at `at`, never runs dry before more comes
    /// back, so that there is always one soon for who is urgent.
    fn interval(&self, bounds: Bounds, left: i128, at: Millis) -> Millis {
        // What is free beyond that is used within half a span, so only what comes back within it counts.
        let (mut units, mut widest, near) = (left, 0, self.latest + bounds.span() / 2);
        for (slot, held) in self.slots.iter().filter(|(slot, _)| bounds.back(*slot) > at) {
            let back = bounds.back(*slot);
            if widest > 0 && back > near {
                break;
            }
            // The last of them goes before more is back, the next one as it comes back.
            widest = widest.max(i128::from(back - self.latest) / (units + 1));
            units += i128::from(*held);
        }
        Millis::try_from(widest).unwrap_or(Millis::MAX / 4)
    }

    /// Takes units that [`free_at`](Self::free_at) allowed at `at`.
    pub(super) fn take(&mut self, bounds: Bounds, units: u64, at: Millis, now: Millis) {
        // A unit that is taken late was due earlier, and so is the next one: otherwise each delay would be lost.
        let due = self.free_at(bounds, false, at, now).clamp(at - LATE, at);
        self.add(at.div_euclid(bounds.slot()), units);
        self.latest = self.latest.max(due);
    }

    /// Gives back a unit that was taken at `then` and not used.
    pub(super) fn give_back(&mut self, bounds: Bounds, then: Millis) {
        let slot = then.div_euclid(bounds.slot());
        if let Some((_, units)) = self.slots.iter_mut().find(|(held, _)| *held == slot) {
            *units = units.saturating_sub(1);
        }
    }

    /// Takes over what the vendor said was left, in the answer that came at `then` to a call that began at `began`: others may use
    /// the same account. The vendor counts a unit from when it arrives, so some that are back here may not be back there.
    pub(super) fn correct(
        &mut self,
        bounds: Bounds,
        left: u64,
        (began, then): (Millis, Millis),
        now: Millis,
    ) {
        self.settle(bounds, now);
        if now - then > bounds.memory() {
            // What has come back since then is forgotten here, so nothing can be compared.
            return;
        }
        let (theirs, slot) = (bounds.limit.saturating_sub(left), then.div_euclid(bounds.slot()));
        let counted = began - (then - began);
        let live = self.slots.iter().filter(|(held, _)| *held <= slot && bounds.back(*held) > counted);
        let ours: u64 = live.map(|(_, units)| units).sum();
        self.add(slot, theirs.saturating_sub(ours));
    }

    /// Units a day, over the time the window looks back on; none before a hundredth of it has passed.
    pub(super) fn pace(&self, bounds: Bounds, now: Millis) -> Option<f64> {
        let since = self.slots.front()?.0 * bounds.slot();
        let passed = now - since;
        let units: u64 = self.slots.iter().map(|(_, units)| units).sum();
        (passed > bounds.span() / 100).then(|| units as f64 * 86_400_000.0 / passed as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Bounds = Bounds { limit: 60, per: Duration::from_secs(60), headroom: 1 };

    /// Takes as early as the window lets, up to `until`; the times.
    fn greedy(bounds: Bounds, until: Millis) -> Vec<Millis> {
        let (mut window, mut now, mut taken) = (Window::default(), 0, Vec::new());
        while now < until {
            match window.free_at(bounds, false, now, now) {
                at if at <= now => {
                    window.take(bounds, 1, now, now);
                    taken.push(now);
                }
                at => now = at,
            }
        }
        taken
    }

    #[test]
    fn no_span_holds_more_than_the_limit_and_nearly_all_of_it_is_used() {
        for (limit, seconds) in [(60, 60), (2, 1), (5000, 3600), (1, 10)] {
            let bounds = Bounds { limit, per: Duration::from_secs(seconds), headroom: 0 };
            let span = bounds.span();
            let taken = greedy(bounds, 100 * span);
            let crowded = taken.windows(limit as usize + 1).find(|w| w[limit as usize] - w[0] < span);
            assert_eq!(crowded, None, "{limit} per {seconds} s");
            let used = taken.len() as f64 / (100 * limit) as f64;
            assert!(used > 0.97, "{limit} per {seconds} s: {used}");
        }
    }

    #[test]
    fn an_urgent_claim_never_waits_for_long_behind_a_backfill() {
        let (mut window, mut now, mut worst) = (Window::default(), 0, 0);
        while now < 3_600_000 {
            let urgent = window.free_at(MINUTE, true, now, now);
            worst = worst.max(urgent - now);
            match window.free_at(MINUTE, false, now, now) {
                at if at <= now => window.take(MINUTE, 1, now, now),
                at => now = at.min(now + 100),
            }
        }
        assert!(worst <= 2_000, "{worst} ms");
    }

    #[test]
    fn a_clock_set_back_frees_nothing_early_and_blocks_for_one_span_at_most() {
        let mut window = Window::default();
        window.take(MINUTE, 59, 10_000_000, 10_000_000);
        assert_eq!(window.used(MINUTE, 0), 59);
        assert!(window.free_at(MINUTE, false, 0, 0) <= 61_000);
        assert_eq!(window.used(MINUTE, 61_000), 0);
    }

    #[test]
    fn what_others_use_is_counted_when_the_vendor_says_so() {
        let mut window = Window::default();
        window.take(MINUTE, 10, 0, 0);
        window.correct(MINUTE, 20, (900, 1_000), 1_000);
        assert_eq!(window.used(MINUTE, 1_000), 40);
        window.correct(MINUTE, 55, (1_900, 2_000), 2_000);
        assert_eq!(window.used(MINUTE, 2_000), 40, "more left than counted here is no reason to hurry");
    }
}
