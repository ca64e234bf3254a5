//! The breaker's state machine: no lock, no clock, no I/O.
//!
//! Three ways are known in which breakers stay half open for ever, and none is possible here. A probe that never answers
//! holds its place by a lease, and the place is free when the lease ends. A probe that is dropped gives its place back at
//! once. An answer counts only in the generation it was admitted in, and each change of phase begins a new one: what
//! left before the breaker opened cannot close it, and cannot open it again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    policy::BreakerPolicy,
    window::{Call, Unhealthy, Window},
};

/// What a breaker lets through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// Every call.
    Closed,
    /// None before a time.
    Open {
        /// Until then.
        until: DateTime<Utc>,
        /// Why it opened.
        reason: String,
    },
    /// A few calls that find out whether the vendor is back.
    HalfOpen {
        /// Who is finding out.
        probes: Vec<Probe>,
        /// Good answers so far.
        good: u32,
    },
    /// What an operator decided, until it is [released](crate::transport::Breakers::release).
    Forced(Forced),
}

/// What an operator may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "forced")]
pub enum Forced {
    /// No call passes.
    Open,
    /// Every call passes.
    Closed,
}

/// One call that probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Its number; unique within a breaker.
    pub number: u64,
    /// When its place is free at the latest.
    pub until: DateTime<Utc>,
}

/// A breaker's state. It reads and writes as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerState {
    /// Counts every change.
    pub revision: u64,
    /// Counts the changes of phase.
    pub generation: u64,
    /// What it lets through.
    #[serde(flatten)]
    pub phase: Phase,
}

impl Default for BreakerState {
    fn default() -> Self {
        BreakerState { revision: 0, generation: 0, phase: Phase::Closed }
    }
}

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
    /// When to come back; none while an operator holds it open.
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) reason: String,
}

/// A breaker of one class of calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Machine {
    state: BreakerState,
    window: Window,
    /// Counts what this process saw of phases, its own changes and those it adopted: two processes may begin a generation
    /// of the same number, but a ticket is of one process.
    fence: u64,
}

impl Machine {
    pub(super) fn state(&self) -> &BreakerState {
        &self.state
    }

    /// Counts the phases this process saw; it never goes back.
    pub(super) fn fence(&self) -> u64 {
        self.fence
    }

    /// Goes on as `next`, which was made of this machine at `fence`; if it has moved since, what is out is fenced off.
    pub(super) fn advance(&mut self, next: Machine, fence: u64) {
        if self.fence == fence {
            *self = next;
        } else {
            self.replace(next.state, false);
        }
    }

    /// Whether every call passes.
    pub(super) fn passes(&self) -> bool {
        matches!(self.state.phase, Phase::Closed | Phase::Forced(Forced::Closed))
    }

    /// Admits a call, or says when to come back.
    pub(super) fn admit(&mut self, policy: &BreakerPolicy, now: DateTime<Utc>) -> Result<Ticket, Refused> {
        if matches!(&self.state.phase, Phase::Open { until, .. } if now >= *until) {
            self.enter(Phase::HalfOpen { probes: Vec::new(), good: 0 });
        }
        let fence = self.fence;
        match &mut self.state.phase {
            Phase::Closed | Phase::Forced(Forced::Closed) => Ok(Ticket { fence, probe: None }),
            Phase::Forced(Forced::Open) => {
                Err(Refused { until: None, reason: "an operator holds it open".into() })
            }
            Phase::Open { until, reason } => Err(Refused { until: Some(*until), reason: reason.clone() }),
            Phase::HalfOpen { probes, .. } => {
                probes.retain(|probe| now < probe.until);
                if probes.len() >= policy.probes.max(1) as usize {
                    let until = probes.iter().map(|probe| probe.until).min();
                    return Err(Refused {
                        until,
                        reason: "a probe is finding out whether the vendor is back".into(),
                    });
                }
                self.state.revision += 1;
                let number = self.state.revision;
                probes.push(Probe { number, until: after(now, policy.probe_lease) });
                Ok(Ticket { fence, probe: Some(number) })
            }
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
                    Verdict::None => {}
                    Verdict::Failed => self.open("the probe failed".into(), policy, now),
                    Verdict::Good => {
                        *good += 1;
                        if *good >= policy.good_probes.max(1) {
                            self.enter(Phase::Closed);
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
    pub(super) fn force(&mut self, forced: Forced) {
        self.enter(Phase::Forced(forced));
    }

    /// Ends what an operator decided; calls pass and are judged anew.
    pub(super) fn release(&mut self) {
        if matches!(self.state.phase, Phase::Forced(_)) {
            self.enter(Phase::Closed);
        }
    }

    fn open(&mut self, reason: String, policy: &BreakerPolicy, now: DateTime<Utc>) {
        self.enter(Phase::Open { until: after(now, policy.open), reason });
    }

    fn enter(&mut self, phase: Phase) {
        self.state.generation += 1;
        self.state.revision += 1;
        self.state.phase = phase;
        self.window = Window::default();
        self.fence += 1;
    }

    /// Puts another state in the place of this one; `same` says that it is of the same generation and phase.
    pub(super) fn replace(&mut self, state: BreakerState, same: bool) {
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::Duration::seconds(second)
    }

    const QUICK: Duration = Duration::from_millis(20);

    fn policy() -> BreakerPolicy {
        BreakerPolicy { minimum_calls: 2, probe_lease: Duration::from_secs(60), ..BreakerPolicy::default() }
    }

    fn call(machine: &mut Machine, verdict: Verdict, second: i64) -> Result<(), Refused> {
        let ticket = machine.admit(&policy(), at(second))?;
        machine.settle(ticket, verdict, QUICK, &policy(), at(second));
        Ok(())
    }

    /// Open from second 0 to 30.
    fn opened() -> Machine {
        let mut machine = Machine::default();
        call(&mut machine, Verdict::Failed, 0).expect("closed");
        call(&mut machine, Verdict::Failed, 0).expect("closed");
        assert!(matches!(machine.state().phase, Phase::Open { .. }));
        machine
    }

    #[test]
    fn it_opens_by_rate_and_closes_by_a_good_probe() {
        let mut machine = opened();
        let refused = call(&mut machine, Verdict::Good, 29).expect_err("open");
        assert_eq!((refused.until, refused.reason.as_str()), (Some(at(30)), "100 % of its calls failed"));
        call(&mut machine, Verdict::Good, 30).expect("the probe");
        assert_eq!(machine.state().phase, Phase::Closed);
    }

    #[test]
    fn a_lost_probe_gives_its_place_up() {
        let mut machine = opened();
        let lost = machine.admit(&policy(), at(30)).expect("the probe");
        let refused = machine.admit(&policy(), at(89)).expect_err("its place is taken");
        assert_eq!(refused.until, Some(at(90)));
        call(&mut machine, Verdict::Good, 90).expect("the next probe");
        assert_eq!(machine.state().phase, Phase::Closed);
        machine.settle(lost, Verdict::Failed, QUICK, &policy(), at(91));
        assert_eq!(machine.state().phase, Phase::Closed, "it speaks of an earlier generation");
    }

    #[test]
    fn a_probe_that_is_dropped_frees_its_place_at_once() {
        let mut machine = opened();
        call(&mut machine, Verdict::None, 31).expect("the probe");
        call(&mut machine, Verdict::Good, 31).expect("the next");
        assert_eq!(machine.state().phase, Phase::Closed);
    }

    #[test]
    fn an_old_answer_moves_no_new_state() {
        let mut machine = Machine::default();
        let early = machine.admit(&policy(), at(0)).expect("closed");
        call(&mut machine, Verdict::Failed, 1).expect("closed");
        call(&mut machine, Verdict::Failed, 1).expect("closed");
        machine.settle(early, Verdict::Good, QUICK, &policy(), at(2));
        assert!(
            matches!(machine.state().phase, Phase::Open { .. }),
            "a good answer from before closes nothing"
        );
        let probe = machine.admit(&policy(), at(31)).expect("the probe");
        machine.settle(early, Verdict::Failed, QUICK, &policy(), at(31));
        assert!(matches!(machine.state().phase, Phase::HalfOpen { .. }), "nor does a bad one open it");
        machine.settle(probe, Verdict::Good, QUICK, &policy(), at(32));
        assert_eq!(machine.state().phase, Phase::Closed);
    }

    #[test]
    fn a_failed_probe_opens_it_for_the_whole_time_again() {
        let mut machine = opened();
        call(&mut machine, Verdict::Failed, 40).expect("the probe");
        assert_eq!(call(&mut machine, Verdict::Good, 69).map_err(|refused| refused.until), Err(Some(at(70))));
    }

    #[test]
    fn an_operator_decides_until_it_is_released() {
        let mut machine = Machine::default();
        machine.force(Forced::Open);
        assert_eq!(call(&mut machine, Verdict::Good, 1_000_000).map_err(|refused| refused.until), Err(None));
        machine.force(Forced::Closed);
        (0..50).for_each(|second| call(&mut machine, Verdict::Failed, second).expect("held closed"));
        machine.release();
        call(&mut machine, Verdict::Failed, 60).expect("judged anew");
        call(&mut machine, Verdict::Failed, 60).expect("judged anew");
        call(&mut machine, Verdict::Failed, 60).expect_err("open by its own rates");
    }

    #[test]
    fn a_state_survives_its_text() {
        let mut half = opened();
        half.admit(&policy(), at(30)).expect("the probe");
        let mut forced = opened();
        forced.force(Forced::Closed);
        for machine in [Machine::default(), opened(), half, forced] {
            let text = serde_json::to_string(machine.state()).expect("writes");
            assert_eq!(
                &serde_json::from_str::<BreakerState>(&text).expect("reads"),
                machine.state(),
                "{text}"
            );
        }
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Admit,
        Settle(usize, Verdict),
        Wait(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Admit),
            (0usize..8, prop_oneof![Just(Verdict::Good), Just(Verdict::Failed), Just(Verdict::None)])
                .prop_map(|(which, verdict)| Step::Settle(which, verdict)),
            (1i64..100).prop_map(Step::Wait),
        ]
    }

    proptest! {
        /// Whatever happens, and whatever is lost: never more probes than places, and after the longest wait good calls
        /// pass again.
        #[test]
        fn it_is_never_stuck(steps in proptest::collection::vec(step(), 0..60), probes in 1u32..4) {
            let policy = BreakerPolicy { probes, ..policy() };
            let (mut machine, mut tickets, mut second) = (Machine::default(), Vec::new(), 0);
            for step in steps {
                match step {
                    Step::Admit => tickets.extend(machine.admit(&policy, at(second))),
                    Step::Settle(which, verdict) if which < tickets.len() => {
                        let ticket = tickets.swap_remove(which);
                        machine.settle(ticket, verdict, QUICK, &policy, at(second));
                    }
                    Step::Settle(..) => {}
                    Step::Wait(seconds) => second += seconds,
                }
                if let Phase::HalfOpen { probes: held, .. } = &machine.state().phase {
                    prop_assert!(held.len() <= probes as usize);
                }
            }
            // What failed before may still open it once more; what comes after that is good.
            for _ in 0..2 {
                second += 90;
                let ticket = machine.admit(&policy, at(second));
                prop_assert!(ticket.is_ok(), "{:?}", machine.state());
                machine.settle(ticket.expect("checked"), Verdict::Good, QUICK, &policy, at(second));
            }
            prop_assert!(machine.admit(&policy, at(second)).is_ok());
        }
    }
}
