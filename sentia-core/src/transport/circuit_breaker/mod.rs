//! Stops asking a vendor that is down, and finds out with few calls when it is back.
//!
//! Each class of calls has a breaker: the operation where requests name one, else the host, so that a broken report
//! endpoint stops no order and a broken token endpoint is told apart. Closed: calls pass and their rates are watched.
//! Open: calls fail at once with `Unavailable` and the rest of the time as their wait. Half open: a few leased probes
//! pass; good ones close it, a failed one opens it again.

mod machine;
mod outage;
mod pass;
mod policy;
mod sharing;
mod state;
#[cfg(test)]
mod tests;
mod window;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::{Notify, OnceCell};

use self::{
    machine::{Machine, Mark, Refused, Ticket, Verdict},
    pass::Pass,
    sharing::{Change, Known, Sharing},
};
pub use self::{
    outage::{Health, Outage},
    policy::{BreakerPolicy, Over},
    state::{BreakerState, Forced, Phase, Probe, Stopped},
};
use super::{Request, Response, Transport};
use crate::{
    Error, ErrorKind, Result, StateStore,
    clock::Clock,
    sync::{Mutex, MutexGuard},
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
    /// Wakes the calls that passed and still wait for their turn.
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Class {
    machine: Machine,
    known: Known,
    /// Whether the store has been looked at at all.
    heard: Arc<OnceCell<()>>,
    counts: BreakerCounts,
}

/// What breakers of this process have done since they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BreakerCounts {
    /// Times one opened, also after a failed probe.
    pub opened: u64,
    /// Times one began to let probes through.
    pub half_opened: u64,
    /// Times one closed.
    pub closed: u64,
    /// Probes sent.
    pub probed: u64,
    /// Probes that ended without a verdict: their callers went away, or their leases ran out.
    pub lost_probes: u64,
    /// Calls refused without being sent.
    pub refused: u64,
}

impl fmt::Debug for Breakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.states()).finish()
    }
}

impl Breakers {
    /// Closed breakers of this process.
    pub fn new(policy: BreakerPolicy, clock: Arc<dyn Clock>) -> Self {
        Breakers { policy, clock, classes: Arc::default(), sharing: None, changed: Arc::default() }
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
        self.classes().iter().map(|(name, class)| (name.clone(), class.machine.told())).collect()
    }

    /// What they have done so far, all classes together.
    pub fn counts(&self) -> BreakerCounts {
        let mut sum = BreakerCounts::default();
        for counts in self.counts_by_class().values() {
            sum.opened += counts.opened;
            sum.half_opened += counts.half_opened;
            sum.closed += counts.closed;
            sum.probed += counts.probed;
            sum.lost_probes += counts.lost_probes;
            sum.refused += counts.refused;
        }
        sum
    }

    /// What they have done so far, by the names of their classes.
    pub fn counts_by_class(&self) -> BTreeMap<String, BreakerCounts> {
        self.classes().iter().map(|(name, class)| (name.clone(), class.counts)).collect()
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
                self.change(class, change);
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
            None => self.admit_here(&class),
        };
        match admitted {
            Ok(ticket) => {
                if ticket.is_probe() {
                    self.classes().entry(class.clone()).or_default().counts.probed += 1;
                    tracing::info!(class, "a probe finds out whether the vendor is back");
                }
                Ok(Pass::new(self.clone(), class, ticket))
            }
            Err(refused) => Err(self.refuse(class, refused)),
        }
    }

    /// Admits a call by what this process knows.
    fn admit_here(&self, class: &str) -> std::result::Result<Ticket, Refused> {
        let now = self.clock.now();
        let mut classes = self.classes();
        let entry = classes.entry(class.to_owned()).or_default();
        let mark = entry.machine.mark();
        let admitted = entry.machine.admit(&self.policy, now);
        self.tell(class, entry, mark);
        admitted
    }

    fn refuse(&self, class: String, Refused { until, back, reason }: Refused) -> Error {
        let state = {
            let mut classes = self.classes();
            let entry = classes.entry(class.clone()).or_default();
            entry.machine.refuse();
            entry.counts.refused += 1;
            entry.machine.told()
        };
        tracing::debug!(class, reason, ?until, "refused by the circuit breaker");
        let message = format!("the circuit breaker is open: {reason}");
        let mut error = Error::new(ErrorKind::Unavailable, message).context(REFUSED_BY, class);
        if let Some(stopped) = state.stopped {
            error = error.context("since", stopped.since).context("refused", stopped.refused);
        }
        if let Some(until) = until {
            error = error.context("until", until);
        }
        match back {
            Some(back) => error.retry_after((back - self.clock.now()).to_std().unwrap_or_default()),
            None => error.permanent(),
        }
    }

    /// Does a change to a state, and tells of the phase it leads to.
    fn change(&self, class: &str, change: Change) {
        let mut classes = self.classes();
        let entry = classes.entry(class.to_owned()).or_default();
        let mark = entry.machine.mark();
        self.apply(&mut entry.machine, change);
        self.tell(class, entry, mark);
    }

    fn tell(&self, class: &str, entry: &mut Class, before: Mark) {
        entry.tell(class, before);
        self.wake(entry, before);
    }

    /// Who waits for a turn looks again when a phase has changed, and only then: calls end far more often.
    fn wake(&self, entry: &Class, before: Mark) {
        if entry.machine.mark().fence != before.fence {
            self.changed.notify_waiters();
        }
    }

    /// Waits for `turn`, as long as calls of the request's class pass: a call that was admitted and then waits, perhaps for
    /// minutes, is not sent to a vendor that is known to be down by then.
    pub(super) async fn while_open_to<T>(
        &self,
        class: String,
        turn: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::pin!(turn);
        let admitted = self.fence(&class);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(refused) = self.turned_away(&class, admitted) {
                return Err(self.refuse(class, refused));
            }
            tokio::select! {
                biased;
                () = self.news(&class, changed.as_mut()) => {}
                taken = &mut turn => return taken,
            }
        }
    }

    fn fence(&self, class: &str) -> u64 {
        self.classes().get(class).map_or(0, |class| class.machine.fence())
    }

    /// A probe keeps its turn while its phase lasts, so what counts is that the phase changed to one that lets no call pass.
    fn turned_away(&self, class: &str, admitted: u64) -> Option<Refused> {
        let classes = self.classes();
        let machine = &classes.get(class)?.machine;
        let is_cut = machine.fence() != admitted && !machine.passes();
        is_cut.then(|| machine.refusal(&self.policy, self.clock.now()))
    }

    fn apply(&self, machine: &mut Machine, change: Change) {
        let now = self.clock.now();
        match change {
            Change::Settle(ticket, verdict, took) => {
                machine.settle(ticket, verdict, took, &self.policy, now);
            }
            Change::Force(forced) => machine.force(forced, now),
            Change::Release => machine.release(now),
        }
    }
}

impl Class {
    /// Counts and logs what has changed since `before`.
    fn tell(&mut self, class: &str, before: Mark) {
        let now = self.machine.mark();
        if now.lost > before.lost {
            self.counts.lost_probes += now.lost - before.lost;
            tracing::warn!(class, "a probe was lost without an answer; another takes its place");
        }
        if now.generation == before.generation {
            return;
        }
        let phase = &self.machine.state().phase;
        match phase {
            Phase::Open { .. } => self.counts.opened += 1,
            Phase::HalfOpen { .. } => self.counts.half_opened += 1,
            Phase::Closed => self.counts.closed += 1,
            Phase::Forced(_) => {}
        }
        tracing::warn!(class, state = ?phase, "the circuit breaker changed");
    }
}

/// The name under which a refusal's context tells the class.
const REFUSED_BY: &str = "breaker";

/// Whether a breaker refused a call: nothing was sent.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && error.context_value(REFUSED_BY).is_some()
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
pub(super) fn class_of(request: &Request) -> String {
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
