//! Stops asking a vendor that is down, and finds out with few calls when it is back.
//!
//! Each class of calls has a breaker: the operation where requests name one, else the host, so that a broken report
//! endpoint stops no order and a broken token endpoint is told apart. Closed: calls pass and their rates are watched.
//! Open: calls fail at once with `Unavailable` and the rest of the time as their wait. Half open: a few leased probes
//! pass; good ones close it, a failed one opens it again.

mod machine;
mod policy;
mod sharing;
#[cfg(test)]
mod tests;
mod window;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::OnceCell;

pub use self::{
    machine::{BreakerState, Forced, Phase, Probe},
    policy::{BreakerPolicy, Over},
};
use self::{
    machine::{Machine, Refused, Ticket, Verdict},
    sharing::{Change, Known, Sharing},
};
use super::{Request, Response, Transport};
use crate::{
    Error, ErrorKind, Result, StateStore,
    clock::Clock,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// The breakers of one connection. Clones share them.
///
/// ```
/// use std::sync::Arc;
/// use sentia_core::{clock::SystemClock, transport::{BreakerPolicy, Breakers, Forced, Health, Phase}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> sentia_core::Result<()> {
/// let breakers = Breakers::new(BreakerPolicy::default(), Arc::new(SystemClock));
/// breakers.force("api.xero.com", Forced::Open).await?;
/// assert_eq!(breakers.states()["api.xero.com"].phase, Phase::Forced(Forced::Open));
/// assert_eq!(breakers.health(), Health::Down);
/// breakers.release("api.xero.com").await?;
/// assert_eq!(breakers.health(), Health::Up);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Breakers {
    policy: BreakerPolicy,
    clock: Arc<dyn Clock>,
    classes: Arc<Mutex<BTreeMap<String, Class>>>,
    sharing: Option<Arc<Sharing>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Class {
    machine: Machine,
    known: Known,
    /// Whether the store has been looked at at all.
    heard: Arc<OnceCell<()>>,
}

#[derive(Debug, Default)]
struct Counts {
    opened: AtomicU64,
    closed: AtomicU64,
    probed: AtomicU64,
    refused: AtomicU64,
}

/// What breakers of this process have done since they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BreakerCounts {
    /// Times one opened, also after a failed probe.
    pub opened: u64,
    /// Times one closed.
    pub closed: u64,
    /// Probes sent.
    pub probed: u64,
    /// Calls refused without being sent.
    pub refused: u64,
}

/// What a connection's breakers say of its vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Calls of every class pass.
    Up,
    /// Calls of some classes pass.
    Impaired,
    /// Calls of no class pass.
    Down,
}

impl fmt::Debug for Breakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.states()).finish()
    }
}

impl Breakers {
    /// Closed breakers of this process.
    pub fn new(policy: BreakerPolicy, clock: Arc<dyn Clock>) -> Self {
        Breakers { policy, clock, classes: Arc::default(), sharing: None, counts: Arc::default() }
    }

    /// Breakers whose states are stored under `prefix`, shared with all processes that name the same.
    ///
    /// A restart finds an open breaker open. In the closed state a class costs one look at the store every five seconds.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use sentia_core::{clock::SystemClock, testing::MemoryStateStore, transport::{BreakerPolicy, Breakers, Forced}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> sentia_core::Result<()> {
    /// let (store, clock) = (Arc::new(MemoryStateStore::default()), Arc::new(SystemClock));
    /// let breakers = Breakers::shared(BreakerPolicy::default(), clock, store, "breaker/acme/xero");
    /// breakers.force("api.xero.com", Forced::Open).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// While the store fails each process judges alone, and warns once.
    pub fn shared(
        policy: BreakerPolicy,
        clock: Arc<dyn Clock>,
        store: Arc<dyn StateStore>,
        prefix: &str,
    ) -> Self {
        Breakers { sharing: Some(Arc::new(Sharing::new(store, prefix))), ..Breakers::new(policy, clock) }
    }

    /// The state of every class that was called or forced, by its name.
    pub fn states(&self) -> BTreeMap<String, BreakerState> {
        let classes = self.classes();
        classes.iter().map(|(name, class)| (name.clone(), class.machine.state().clone())).collect()
    }

    /// What they have done so far.
    pub fn counts(&self) -> BreakerCounts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        BreakerCounts {
            opened: count(&self.counts.opened),
            closed: count(&self.counts.closed),
            probed: count(&self.counts.probed),
            refused: count(&self.counts.refused),
        }
    }

    /// All classes together.
    pub fn health(&self) -> Health {
        let classes = self.classes();
        let passes = |class: &Class| {
            matches!(class.machine.state().phase, Phase::Closed | Phase::Forced(Forced::Closed))
        };
        match classes.values().filter(|class| passes(class)).count() {
            passing if passing == classes.len() => Health::Up,
            0 => Health::Down,
            _ => Health::Impaired,
        }
    }

    /// Holds a class open or closed until it is released, whatever its calls come to.
    ///
    /// # Errors
    /// `Store` when it could not be stored; it then holds in this process only.
    ///
    /// # Cancel safety
    /// A dropped future may have done it.
    pub async fn force(&self, class: &str, forced: Forced) -> Result<()> {
        self.decide(class, Change::Force(forced)).await
    }

    /// Ends what was forced; calls pass and are judged anew.
    ///
    /// # Errors
    /// As [`force`](Self::force).
    ///
    /// # Cancel safety
    /// A dropped future may have done it.
    pub async fn release(&self, class: &str) -> Result<()> {
        self.decide(class, Change::Release).await
    }

    async fn decide(&self, class: &str, change: Change) -> Result<()> {
        match &self.sharing {
            Some(sharing) if !self.change_shared(sharing, class, change).await => {
                Err(sharing::told_alone(class))
            }
            Some(_) => Ok(()),
            None => {
                self.change(&mut self.classes().entry(class.to_owned()).or_default().machine, class, change);
                Ok(())
            }
        }
    }

    /// A poisoned lock is taken over: what it guards is changed in one step.
    fn classes(&self) -> MutexGuard<'_, BTreeMap<String, Class>> {
        self.classes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn admit(&self, class: String) -> Result<Pass> {
        let admitted = match &self.sharing {
            Some(sharing) => self.admit_shared(sharing, &class).await,
            None => {
                let now = self.clock.now();
                self.classes().entry(class.clone()).or_default().machine.admit(&self.policy, now)
            }
        };
        match admitted {
            Ok(ticket) => {
                if ticket.is_probe() {
                    self.counts.probed.fetch_add(1, Ordering::Relaxed);
                    tracing::info!(class, "a probe finds out whether the vendor is back");
                }
                let (verdict, took) = (Verdict::None, Duration::ZERO);
                Ok(Pass { breakers: self.clone(), class, ticket: Some(ticket), verdict, took })
            }
            Err(refused) => Err(self.refuse(class, refused)),
        }
    }

    fn refuse(&self, class: String, Refused { until, reason }: Refused) -> Error {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        let message = format!("the circuit breaker is open: {reason}");
        let error = Error::new(ErrorKind::Unavailable, message).context("breaker", class);
        match until {
            Some(until) => {
                let wait = (until - self.clock.now()).to_std().unwrap_or_default();
                error.context("until", until).retry_after(wait)
            }
            None => error.permanent(),
        }
    }

    /// Does a change to a state, and tells of the phase it leads to.
    fn change(&self, machine: &mut Machine, class: &str, change: Change) {
        let before = machine.state().generation;
        self.apply(machine, change);
        self.tell(class, before, machine.state());
    }

    fn apply(&self, machine: &mut Machine, change: Change) {
        match change {
            Change::Settle(ticket, verdict, took) => {
                machine.settle(ticket, verdict, took, &self.policy, self.clock.now());
            }
            Change::Force(forced) => machine.force(forced),
            Change::Release => machine.release(),
        }
    }

    /// Counts and logs a state that is of another generation than `before`.
    fn tell(&self, class: &str, before: u64, state: &BreakerState) {
        if state.generation == before {
            return;
        }
        let phase = &state.phase;
        match phase {
            Phase::Open { .. } => self.counts.opened.fetch_add(1, Ordering::Relaxed),
            Phase::Closed => self.counts.closed.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        tracing::warn!(class, state = ?phase, "the circuit breaker changed");
    }

    fn settle(&self, class: &str, ticket: Ticket, verdict: Verdict, took: Duration) {
        if let Some(class_of) = self.classes().get_mut(class) {
            self.change(&mut class_of.machine, class, Change::Settle(ticket, verdict, took));
        }
    }
}

/// An admitted call. Dropped without a verdict it gives its place back: a caller that went away says nothing of the vendor.
struct Pass {
    breakers: Breakers,
    class: String,
    ticket: Option<Ticket>,
    verdict: Verdict,
    took: Duration,
}

impl Pass {
    async fn settle(mut self, outcome: &Result<Response>) {
        let (verdict, took) = match outcome {
            Ok(response) => (Verdict::Good, response.took),
            Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable) => {
                (Verdict::Failed, Duration::ZERO)
            }
            // Waiting for a budget, or stopping: nothing was sent.
            Err(error) if matches!(error.kind(), ErrorKind::QuotaExhausted | ErrorKind::Cancelled) => {
                (Verdict::None, Duration::ZERO)
            }
            // The vendor answered, if only to refuse.
            Err(_) => (Verdict::Good, Duration::ZERO),
        };
        (self.verdict, self.took) = (verdict, took);
        if let (Some(sharing), Some(ticket)) = (&self.breakers.sharing, self.ticket) {
            // A caller that goes away here is settled by the drop, for this process; the next change tells the others.
            let change = Change::Settle(ticket, verdict, took);
            self.breakers.change_shared(sharing, &self.class, change).await;
            self.ticket = None;
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.breakers.settle(&self.class, ticket, self.verdict, self.took);
        }
    }
}

#[derive(Debug)]
pub(super) struct CircuitBreaker<T> {
    inner: T,
    breakers: Breakers,
}

impl<T> CircuitBreaker<T> {
    pub(super) fn new(inner: T, breakers: Breakers) -> Self {
        CircuitBreaker { inner, breakers }
    }
}

/// Calls that fail together: of one operation, where the request names one, else of one host.
fn class_of(request: &Request) -> String {
    let host = request.url.host_str().unwrap_or_default();
    match request.operation {
        "" => host.to_owned(),
        operation => format!("{host} {operation}"),
    }
}

#[async_trait]
impl<T: Transport> Transport for CircuitBreaker<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        let pass = self.breakers.admit(class_of(&request)).await?;
        let outcome = self.inner.call(request).await;
        pass.settle(&outcome).await;
        outcome
    }
}
