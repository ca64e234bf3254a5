//! All budgets of one account: what was taken of each, as processes share it.
//!
//! Pure: limits, claims and times come in. A claim takes from every limit it concerns at once, or from none.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Claim, Refused, Seen, Urgency,
    bucket::Bucket,
    estimator::{Estimator, Range},
    permits::Permits,
    turns::Turns,
    window::{Bounds, Millis, Window, headroom},
};
use crate::transport::Limit;

/// What was taken of an account's limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Ledger {
    windows: BTreeMap<String, Window>,
    buckets: BTreeMap<String, Bucket>,
    #[serde(default)]
    learned: Option<Learned>,
    pub(super) permits: Permits,
    /// Who comes when, by operation.
    #[serde(default)]
    pub(super) turns: BTreeMap<String, Turns>,
    /// Until when the vendor answers nothing, by operation; the empty one is all of them.
    blocked: BTreeMap<String, Millis>,
}

/// A rate that is learned, and a bucket that keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Learned {
    estimator: Estimator,
    bucket: Bucket,
    /// Until when a claim was held last.
    #[serde(default)]
    held: Millis,
}

impl Learned {
    fn new(per_second: f64, range: Range, now: Millis) -> Self {
        let estimator = Estimator::new(per_second, range);
        let bucket = Bucket::full(burst(estimator.rate()), estimator.rate(), now);
        Learned { estimator, bucket, held: Millis::MIN }
    }

    fn observe(&mut self, range: Range, seen: &Seen, began: Millis, now: Millis) {
        // One unit's time: a call that had to wait begins when its wait ends, or a little later.
        let unit = (1000.0 / self.estimator.rate()).ceil() as Millis;
        match seen.refused {
            Some(Refused::Rate(_)) => {
                self.estimator.refused(range, began, now);
                self.bucket.empty(now, now);
            }
            None => {
                self.estimator.answered(range, began, now);
                // While nobody has to wait for this rate, an answer says nothing about the limit.
                if self.held.saturating_add(unit) >= began {
                    self.estimator.waited(range, now);
                }
            }
            Some(Refused::AtOnce) => {}
        }
        seen.rate.into_iter().for_each(|rate| self.estimator.told(range, rate));
        let rate = self.estimator.rate();
        self.bucket.resize(burst(rate), rate, now);
    }

    /// Its level, and what it holds when full.
    pub(super) fn level(&mut self, now: Millis) -> (f64, f64) {
        self.bucket.level(now)
    }

    /// When a call may go: its bucket has one, and no refusal is waited out.
    pub(super) fn free_at(&mut self, now: Millis) -> Millis {
        self.bucket.free_at(1.0, 0.0, now).max(self.estimator.free_at(now))
    }

    fn take(&mut self, now: Millis) {
        self.bucket.take(1.0, now, now);
        self.estimator.sent(now);
    }
}

/// Half a second's calls may go at once, so that processes need not meet the instant.
fn burst(per_second: f64) -> f64 {
    (per_second / 2.0).max(1.0)
}

/// Why a claim cannot be met now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hold {
    /// The limit, as [`name`] spells it.
    pub(super) limit: String,
    /// When to try again.
    pub(super) until: Millis,
}

/// What a process has on its way while it reads an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Going<'a> {
    /// Which process; empty for one that is alone.
    pub(super) member: &'a str,
    /// Calls, the answered one included.
    pub(super) busy: usize,
    /// When the answered call began.
    pub(super) began: Millis,
    /// Points of the others, which the answer has not counted; where processes share a ledger, it knows them.
    pub(super) points: f64,
}

/// The name of a limit: what it bounds, without how much, so that a changed plan keeps its count.
pub(super) fn name(limit: &Limit) -> String {
    match limit {
        Limit::Calls { per, .. } => format!("calls per {}", span(*per)),
        Limit::Bytes { per, .. } => format!("bytes per {}", span(*per)),
        Limit::Points { .. } => "cost points".to_owned(),
        Limit::Operation { operation, .. } => format!("operation {operation}"),
        Limit::Learned { .. } => "learned rate".to_owned(),
        Limit::Concurrent(_) => AT_ONCE.to_owned(),
    }
}

/// How often a later time is looked for: each limit may move it on a few times.
const STEPS: usize = 32;

/// The name of the limit on concurrency.
pub(super) const AT_ONCE: &str = "calls at once";

fn span(per: Duration) -> String {
    match per.as_secs() {
        86_400 => "day".to_owned(),
        3_600 => "hour".to_owned(),
        60 => "minute".to_owned(),
        1 => "second".to_owned(),
        days if days % 86_400 == 0 => format!("{} days", days / 86_400),
        seconds => format!("{seconds} s"),
    }
}

/// A rolling window's numbers; `None` for other limits.
fn bounds(limit: &Limit) -> Option<Bounds> {
    let (limit, per) = match *limit {
        Limit::Calls { calls, per } => (u64::from(calls), per),
        Limit::Bytes { bytes, per } => (bytes, per),
        _ => return None,
    };
    Some(Bounds::new(limit, per))
}

/// A bucket's size, its rate and what the claim takes of it; `None` for other limits and other operations.
fn bucket(limit: &Limit, claim: &Claim) -> Option<(f64, f64, f64)> {
    match *limit {
        Limit::Points { maximum, restore_per_second } => Some((maximum, restore_per_second, claim.cost)),
        Limit::Operation { operation, per_second, burst } if operation == claim.operation => {
            Some((burst.into(), per_second, 1.0))
        }
        _ => None,
    }
}

/// What is left of a bucket for who is urgent: enough for one call like the one that waits, if that is no more than one part in
/// twenty.
fn kept(maximum: f64, cost: f64) -> f64 {
    match headroom(maximum as u64) {
        // A bucket so small is for whoever comes.
        0 => 0.0,
        units => cost.min(maximum / 20.0).max(units as f64),
    }
}

/// Whether a rate among them is learned.
pub(super) fn learns(limits: &[Limit]) -> bool {
    limits.iter().any(|limit| matches!(limit, Limit::Learned { .. }))
}

impl Ledger {
    /// The bucket of `limit`, full when it is new.
    pub(super) fn bucket(
        &mut self,
        limit: &Limit,
        (maximum, per_second): (f64, f64),
        now: Millis,
    ) -> &mut Bucket {
        self.buckets.entry(name(limit)).or_insert_with(|| Bucket::full(maximum, per_second, now))
    }

    /// What was learned of a rate, from `per_second` on.
    pub(super) fn learned(&mut self, per_second: f64, range: Range, now: Millis) -> &mut Learned {
        self.learned.get_or_insert_with(|| Learned::new(per_second, range, now))
    }

    /// Whether the learned rate waits for the answer to a probe: until it is heard, nothing goes.
    pub(super) fn is_probing(&self) -> bool {
        self.learned.as_ref().is_some_and(|learned| learned.estimator.is_probing())
    }

    /// The window of `limit`.
    pub(super) fn window(&mut self, limit: &Limit) -> &mut Window {
        self.windows.entry(name(limit)).or_default()
    }

    /// Whether every limit but the one on concurrency lets `claim` go now; the one it waits for longest.
    pub(super) fn ready(&mut self, limits: &[Limit], claim: &Claim, now: Millis) -> Result<(), Hold> {
        self.ready_at(limits, claim, now, now)
    }

    /// When all of them let it go, if that is not after `horizon`.
    pub(super) fn free_at(
        &mut self,
        limits: &[Limit],
        claim: &Claim,
        horizon: Millis,
        now: Millis,
    ) -> Result<Millis, Hold> {
        let mut at = now;
        let mut hold = None;
        for _ in 0..STEPS {
            match self.ready_at(limits, claim, at, now) {
                Ok(()) => break,
                Err(later) => {
                    at = later.until;
                    hold = Some(later);
                }
            }
            // A learned rate is told by each answer what comes next.
            if learns(limits) {
                break;
            }
        }
        match hold {
            Some(hold) if hold.until > horizon || learns(limits) => Err(hold),
            _ => Ok(at),
        }
    }

    /// Whether every limit lets `claim` go at `at`, as far as is known at `now`.
    fn ready_at(&mut self, limits: &[Limit], claim: &Claim, at: Millis, now: Millis) -> Result<(), Hold> {
        self.blocked.retain(|_, until| now < *until);
        let mut hold: Option<Hold> = None;
        let mut later = |limit: &dyn Fn() -> String, until: Millis| {
            if until > at && hold.as_ref().is_none_or(|hold| hold.until < until) {
                hold = Some(Hold { limit: limit(), until });
            }
        };
        for of in ["", claim.operation] {
            if let Some(until) = self.blocked.get(of) {
                later(&|| "the vendor's refusal".to_owned(), *until);
            }
        }
        let urgent = claim.urgency == Urgency::Immediate;
        for limit in limits {
            if let Some(bounds) = bounds(limit) {
                let free_at = self.window(limit).free_at(bounds, urgent, at, now);
                later(&|| name(limit), free_at);
            } else if let Some((maximum, per_second, cost)) = bucket(limit, claim) {
                let bucket = self.bucket(limit, (maximum, per_second), now);
                let free_at = match urgent {
                    true => bucket.between(cost, at, now),
                    false => bucket.free_at(cost, kept(maximum, cost), now),
                };
                later(&|| name(limit), free_at);
            } else if let Limit::Learned { per_second, floor, ceiling } = *limit {
                let learned = self.learned(per_second, Range { floor, ceiling }, now);
                let free_at = learned.free_at(now);
                if free_at > now {
                    learned.held = free_at;
                }
                later(&|| name(limit), free_at);
            }
        }
        hold.map_or(Ok(()), Err)
    }

    /// Takes what [`ready`](Self::ready) allowed.
    pub(super) fn take(&mut self, limits: &[Limit], claim: &Claim, now: Millis) {
        self.take_for(limits, claim, now, now);
    }

    /// Takes for `at` what [`free_at`](Self::free_at) allowed then.
    pub(super) fn take_for(&mut self, limits: &[Limit], claim: &Claim, at: Millis, now: Millis) {
        for limit in limits {
            if let (Some(bounds), Limit::Calls { .. }) = (bounds(limit), limit) {
                self.window(limit).take(bounds, 1, at, now);
            } else if let Some((maximum, per_second, cost)) = bucket(limit, claim) {
                self.bucket(limit, (maximum, per_second), now).take(cost, at, now);
            } else if let Limit::Learned { per_second, floor, ceiling } = *limit {
                self.learned(per_second, Range { floor, ceiling }, now).take(now);
            }
        }
    }

    /// Whether each limit that `claim` takes of keeps something for who is urgent.
    pub(super) fn keeps_headroom(&self, limits: &[Limit], claim: &Claim) -> bool {
        limits.iter().all(|limit| match bounds(limit) {
            Some(bounds) => bounds.headroom > 0,
            None => bucket(limit, claim).is_none_or(|(maximum, _, cost)| kept(maximum, cost) >= cost),
        })
    }

    /// Gives back what was taken for `then` and never sent.
    pub(super) fn give_back(&mut self, limits: &[Limit], claim: &Claim, then: Millis, now: Millis) {
        for limit in limits {
            if let (Some(bounds), Limit::Calls { .. }) = (bounds(limit), limit) {
                self.window(limit).give_back(bounds, then);
            } else if let Some((maximum, per_second, cost)) = bucket(limit, claim) {
                self.bucket(limit, (maximum, per_second), now).give_back(cost, then);
            } else if let Limit::Learned { per_second, floor, ceiling } = *limit {
                self.learned(per_second, Range { floor, ceiling }, now).bucket.give_back(1.0, then);
            }
        }
    }

    /// Takes over what an answer said at `now`.
    pub(super) fn observe(
        &mut self,
        limits: &[Limit],
        claim: &Claim,
        seen: &Seen,
        going: Going<'_>,
        now: Millis,
    ) {
        self.hear(limits, claim, seen, going, (now, now));
    }

    /// Takes over at `now` what an answer said at `then`.
    pub(super) fn hear(
        &mut self,
        limits: &[Limit],
        claim: &Claim,
        seen: &Seen,
        going: Going<'_>,
        (then, now): (Millis, Millis),
    ) {
        let is_rate = matches!(seen.refused, Some(Refused::Rate(_)));
        for limit in limits {
            match limit {
                Limit::Points { maximum, restore_per_second } => {
                    if let Some(told) = seen.quota {
                        let bucket = self.bucket(limit, (*maximum, *restore_per_second), now);
                        let unseen = match going.member {
                            "" => going.points,
                            _ => bucket.unseen(claim.cost, going.began, then),
                        };
                        bucket.correct(told, unseen, then, now);
                    }
                }
                Limit::Operation { operation, per_second, burst } if *operation == claim.operation => {
                    let bucket = self.bucket(limit, (f64::from(*burst), *per_second), now);
                    seen.rate.into_iter().for_each(|rate| bucket.restore(rate, now));
                    if is_rate {
                        bucket.empty(then, now);
                    }
                }
                Limit::Concurrent(most) => match seen.refused {
                    Some(Refused::AtOnce) => self.permits.refused(*most, going.busy),
                    Some(Refused::Rate(_)) => {}
                    None => self.permits.answered(*most),
                },
                Limit::Bytes { .. } => {
                    bounds(limit)
                        .into_iter()
                        .for_each(|bounds| self.window(limit).take(bounds, seen.bytes, then.min(now), now));
                }
                Limit::Calls { per, .. } => {
                    let during = (going.began.min(then), then.min(now));
                    for (_, left) in seen.left.iter().filter(|(span, _)| span == per) {
                        bounds(limit)
                            .into_iter()
                            .for_each(|b| self.window(limit).correct(b, *left, during, now));
                    }
                }
                Limit::Learned { per_second, floor, ceiling } => {
                    let range = Range { floor: *floor, ceiling: *ceiling };
                    self.learned(*per_second, range, then).observe(range, seen, going.began, then);
                }
                Limit::Operation { .. } => {}
            }
        }
        if let Some(Refused::Rate(Some(wait))) = seen.refused {
            let until = then + Millis::try_from(wait.as_millis()).unwrap_or(Millis::MAX / 4);
            let block = self.blocked.entry(claim.operation.to_owned()).or_default();
            *block = until.max(*block);
        }
    }
}
