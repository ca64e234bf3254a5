//! The breaker's state machine: no lock, no clock, no I/O.
//!
//! Three ways are known in which breakers stay half open for ever, and none is possible here. A probe that never answers
//! holds its place by a lease, and the place is free when the lease ends. A probe that is dropped gives its place back at
//! once. An answer counts only in the generation it was admitted in, and each change of phase begins a new one: what
//! left before the breaker opened cannot close it, and cannot open it again.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    policy::BreakerPolicy,
    state::{BreakerState, Forced, Phase, Probe, Stopped},
    window::{Call, Unhealthy, Window},
};

/// An admitted call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    fence: u64,
    probe: Option<u64>,
}

impl Ticket {
    /// Whether its call finds out for the others.
    pub(super) fn is_probe(self) -> bool {
        self.probe.is_some()
    }

    /// Of a call that is sent behind this fence.
    pub(super) fn sent_at(self, fence: u64) -> Self {
        Ticket { fence, ..self }
    }
}

/// What an admitted call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Failed,
    /// It says nothing: the caller went away.
    None,
}

/// A call that was not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// Until when at the latest; none while an operator holds it open.
    pub(super) until: Option<DateTime<Utc>>,
    /// When to come back. While a probe is out that is sooner than `until`: its answer usually comes long before its lease
    /// ends, and who waited for the lease would stay away from a vendor that is back.
    pub(super) back: Option<DateTime<Utc>>,
    pub(super) reason: String,
}

/// Where a machine stood when something was begun with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) generation: u64,
    pub(super) lost: u64,
    pub(super) fence: u64,
    untold: u64,
}

/// Said of an operator's decision.
const HELD_OPEN: &str = "an operator holds it open";

/// A breaker of one class of calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Machine {
    state: BreakerState,
    window: Window,
    /// Counts what this process saw of phases, its own changes and those it adopted: two processes may begin a generation
    /// of the same number, but a ticket is of one process.
    fence: u64,
    /// Refusals by this process that its state does not count yet: a refusal is not worth a write.
    untold: u64,
    /// Probes whose lease ran out or whose callers went away, as far as this process saw.
    lost: u64,
}

impl Machine {
    pub(super) fn state(&self) -> &BreakerState {
        &self.state
    }

    /// Its state, with the refusals that are not stored yet.
    pub(super) fn told(&self) -> BreakerState {
        let mut state = self.state.clone();
        if let Some(stopped) = &mut state.stopped {
            stopped.refused += self.untold;
        }
        state
    }

    /// Counts a refusal.
    pub(super) fn refuse(&mut self) {
        self.untold += 1;
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { generation: self.state.generation, lost: self.lost, fence: self.fence, untold: self.untold }
    }

    /// Counts the phases this process saw; it never goes back.
    pub(super) fn fence(&self) -> u64 {
        self.fence
    }

    /// Goes on as `next`, which was made of this machine at `mark`; if it has moved since, what is out is fenced off.
    pub(super) fn advance(&mut self, next: Machine, mark: Mark) {
        let lost = self.lost.max(next.lost);
        if self.fence == mark.fence {
            // Calls were refused while `next` was on its way to the store.
            let untold = next.untold + self.untold.saturating_sub(mark.untold);
            *self = Machine { untold, ..next };
        } else {
            self.replace(next.state, false);
        }
        self.lost = lost;
    }

    /// Whether every call passes.
    pub(super) fn passes(&self) -> bool {
        self.state.passes()
    }

    /// Admits a call, or says when to come back.
    pub(super) fn admit(&mut self, policy: &BreakerPolicy, now: DateTime<Utc>) -> Result<Ticket, Refused> {
        if matches!(&self.state.phase, Phase::Open { until, .. } if now >= *until) {
            self.enter(Phase::HalfOpen { probes: Vec::new(), good: 0 }, now);
        }
        let fence = self.fence;
        match &mut self.state.phase {
            Phase::Closed | Phase::Forced(Forced::Closed) => Ok(Ticket { fence, probe: None }),
            Phase::HalfOpen { probes, .. } => {
                let held = probes.len();
                probes.retain(|probe| now < probe.until);
                self.lost += (held - probes.len()) as u64;
                if probes.len() >= policy.probes.max(1) as usize {
                    return Err(self.refusal(policy, now));
                }
                self.state.revision += 1;
                let number = self.state.revision;
                probes.push(Probe { number, until: after(now, policy.probe_lease) });
                Ok(Ticket { fence, probe: Some(number) })
            }
            Phase::Open { .. } | Phase::Forced(Forced::Open) => Err(self.refusal(policy, now)),
        }
    }

    /// What a call is told that does not pass.
    pub(super) fn refusal(&self, policy: &BreakerPolicy, now: DateTime<Utc>) -> Refused {
        match &self.state.phase {
            Phase::Open { until, reason } => {
                Refused { until: Some(*until), back: Some(*until), reason: reason.clone() }
            }
            Phase::HalfOpen { probes, .. } => {
                let until = probes.iter().map(|probe| probe.until).min();
                let soon = after(now, (policy.open / 10).max(Duration::from_secs(1)));
                let back = Some(until.map_or(soon, |until| until.min(soon)));
                Refused { until, back, reason: "a probe is finding out whether the vendor is back".into() }
            }
            _ => Refused { until: None, back: None, reason: HELD_OPEN.into() },
        }
    }

    /// Takes an admitted call's end into account. Of an earlier generation it changes nothing.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        verdict: Verdict,
        took: Duration,
        policy: &BreakerPolicy,
        now: DateTime<Utc>,
    ) {
        if ticket.fence != self.fence {
            return;
        }
        match (&mut self.state.phase, ticket.probe) {
            (Phase::Closed, _) if verdict != Verdict::None => {
                let call =
                    Call { at: now, failed: verdict == Verdict::Failed, slow: took >= policy.slow_call };
                if let Some(unhealthy) = self.window.add(call, policy) {
                    self.open(unhealthy.to_string(), policy, now);
                }
            }
            (Phase::HalfOpen { probes, good }, Some(number)) => {
                // A probe whose lease ran out has been replaced; what it says now is about a time gone by.
                let Some(at) = probes.iter().position(|probe| probe.number == number) else { return };
                probes.remove(at);
                self.state.revision += 1;
                match verdict {
                    Verdict::None => self.lost += 1,
                    Verdict::Failed => self.open("the probe failed".into(), policy, now),
                    Verdict::Good => {
                        *good += 1;
                        if *good >= policy.good_probes.max(1) {
                            self.enter(Phase::Closed, now);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a ticket is of this generation and, for a probe, still has its place.
    #[cfg(test)]
    pub(super) fn knows(&self, ticket: Ticket) -> bool {
        let place = |number| matches!(&self.state.phase, Phase::HalfOpen { probes, .. } if probes.iter().any(|probe| probe.number == number));
        ticket.fence == self.fence && ticket.probe.is_none_or(place)
    }

    /// Does what an operator decided.
    pub(super) fn force(&mut self, forced: Forced, now: DateTime<Utc>) {
        self.enter(Phase::Forced(forced), now);
    }

    /// Ends what an operator decided; calls pass and are judged anew.
    pub(super) fn release(&mut self, now: DateTime<Utc>) {
        if matches!(self.state.phase, Phase::Forced(_)) {
            self.enter(Phase::Closed, now);
        }
    }

    fn open(&mut self, reason: String, policy: &BreakerPolicy, now: DateTime<Utc>) {
        self.enter(Phase::Open { until: after(now, policy.open), reason }, now);
    }

    fn enter(&mut self, phase: Phase, now: DateTime<Utc>) {
        self.state.stopped = self.stopped_in(&phase, now);
        self.untold = 0;
        self.state.generation += 1;
        self.state.revision += 1;
        self.state.since = Some(now);
        self.state.phase = phase;
        self.window = Window::default();
        self.fence += 1;
    }

    /// The outage as a whole, once `phase` has begun.
    fn stopped_in(&self, phase: &Phase, now: DateTime<Utc>) -> Option<Stopped> {
        let reason = match phase {
            Phase::Closed | Phase::Forced(Forced::Closed) => return None,
            Phase::Open { reason, .. } => reason.clone(),
            Phase::Forced(Forced::Open) => HELD_OPEN.into(),
            Phase::HalfOpen { .. } => String::new(),
        };
        let begun =
            self.told().stopped.unwrap_or(Stopped { since: now, reason, refused: 0, failed_probes: 0 });
        let failed = matches!((&self.state.phase, phase), (Phase::HalfOpen { .. }, Phase::Open { .. }));
        Some(Stopped { failed_probes: begun.failed_probes + u64::from(failed), ..begun })
    }

    /// Puts another state in the place of this one; `same` says that it is of the same generation and phase.
    pub(super) fn replace(&mut self, state: BreakerState, same: bool) {
        let begun = |state: &BreakerState| state.stopped.as_ref().map(|stopped| stopped.since);
        if begun(&state) != begun(&self.state) {
            self.untold = 0;
        }
        self.state = state;
        if !same {
            self.window = Window::default();
            self.fence += 1;
        }
    }
}

fn after(now: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    chrono::Duration::from_std(wait)
        .ok()
        .and_then(|wait| now.checked_add_signed(wait))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl std::fmt::Display for Unhealthy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unhealthy::Failing { share } => write!(f, "{:.0} % of its calls failed", share * 100.0),
            Unhealthy::Slow { share } => write!(f, "{:.0} % of its answers were slow", share * 100.0),
        }
    }
}

#[cfg(test)]
mod tests;
