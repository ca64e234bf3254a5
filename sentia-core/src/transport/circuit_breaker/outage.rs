//! What breakers say of their vendor: which classes of calls do not pass, why, since when and until when.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Breakers,
    state::{BreakerState, Forced, Phase},
};

/// What a connection's breakers say of its vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Calls of every class pass.
    Up,
    /// Calls of some classes pass.
    Impaired,
    /// Calls of no class pass.
    Down,
}

/// A class of calls that does not pass.
///
/// It writes as JSON for status pages, the phase by its name: `{"class":"api.xero.com","phase":"open","until":...}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outage {
    /// The class: a host, or a host and an operation.
    pub class: String,
    /// What its breaker lets through: nothing, or probes.
    #[serde(flatten)]
    pub phase: Phase,
    /// Since when calls do not pass, through all probes that failed. None of a state that an earlier build stored.
    pub since: Option<DateTime<Utc>>,
    /// When the next probe may go at the latest; none while an operator holds it open, or where one may go at once.
    pub next: Option<DateTime<Utc>>,
    /// Why they stopped passing.
    pub why: String,
    /// Calls refused since then: by this process, and by others up to the last change of phase that they made.
    pub refused: u64,
    /// Probes that found the vendor still down.
    pub failed_probes: u64,
}

impl Outage {
    /// None where every call passes.
    fn of(class: &str, state: BreakerState) -> Option<Self> {
        if state.passes() {
            return None;
        }
        let next = match &state.phase {
            Phase::Open { until, .. } => Some(*until),
            Phase::HalfOpen { probes, .. } => probes.iter().map(|probe| probe.until).min(),
            _ => None,
        };
        let by_phase = match &state.phase {
            Phase::Open { reason, .. } => reason.as_str(),
            Phase::Forced(Forced::Open) => "an operator holds it open",
            _ => "it was down",
        };
        let stopped = state.stopped;
        let why = match (&state.phase, &stopped) {
            (Phase::Forced(_), _) | (_, None) => by_phase.to_owned(),
            (_, Some(stopped)) => stopped.reason.clone(),
        };
        let count = stopped.as_ref().map_or((0, 0), |stopped| (stopped.refused, stopped.failed_probes));
        Some(Outage {
            class: class.to_owned(),
            since: stopped.map(|stopped| stopped.since).or(state.since),
            phase: state.phase,
            next,
            why,
            refused: count.0,
            failed_probes: count.1,
        })
    }
}

impl Breakers {
    /// All classes together.
    pub fn health(&self) -> Health {
        let classes = self.classes();
        match classes.values().filter(|class| class.machine.passes()).count() {
            passing if passing == classes.len() => Health::Up,
            0 => Health::Down,
            _ => Health::Impaired,
        }
    }

    /// The classes whose calls do not pass, each with why, since when and until when; empty when all pass.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use sentia_core::{clock::SystemClock, transport::{BreakerPolicy, Breakers, Forced}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> sentia_core::Result<()> {
    /// let breakers = Breakers::new(BreakerPolicy::default(), Arc::new(SystemClock));
    /// breakers.force("api.xero.com", Forced::Open).await?;
    /// let down = breakers.down();
    /// assert_eq!((down[0].class.as_str(), down[0].why.as_str()), ("api.xero.com", "an operator holds it open"));
    /// assert!(down[0].since.is_some() && down[0].next.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn down(&self) -> Vec<Outage> {
        self.states().into_iter().filter_map(|(class, state)| Outage::of(&class, state)).collect()
    }

    /// What a call of this class would be refused for; none when it would pass, or would be the next probe.
    ///
    /// It judges by what this process knows: where breakers are shared that is at most five seconds old.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use sentia_core::{clock::SystemClock, transport::{BreakerPolicy, Breakers, Forced}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> sentia_core::Result<()> {
    /// let breakers = Breakers::new(BreakerPolicy::default(), Arc::new(SystemClock));
    /// breakers.force("api.xero.com", Forced::Open).await?;
    /// assert!(breakers.explain("api.xero.com").is_some() && breakers.explain("identity.xero.com").is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn explain(&self, class: &str) -> Option<Outage> {
        let state = self.classes().get(class).map(|class| class.machine.told())?;
        let outage = Outage::of(class, state)?;
        let places = self.policy.probes.max(1) as usize;
        let now = self.clock.now();
        let is_open_to_probes = match &outage.phase {
            Phase::Open { until, .. } => now >= *until,
            Phase::HalfOpen { probes, .. } => {
                probes.iter().filter(|probe| now < probe.until).count() < places
            }
            _ => false,
        };
        (!is_open_to_probes).then_some(outage)
    }
}
