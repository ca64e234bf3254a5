//! Stops asking a vendor that is down, and finds out with few calls when it is back.
//!
//! Each class of calls has a breaker: the operation where requests name one, else the host, so that a broken report
//! endpoint stops no order and a broken token endpoint is told apart. Closed: calls pass and their rates are watched.
//! Open: calls fail at once with `Unavailable` and the rest of the time as their wait. Half open: a few leased probes
//! pass; good ones close it, a failed one opens it again.

mod machine;
mod policy;
mod window;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use self::machine::{Machine, Refused, Ticket, Verdict};
pub use self::{
    machine::{BreakerState, Forced, Phase, Probe},
    policy::{BreakerPolicy, Over},
};
use super::{Request, Response, Transport};
use crate::{Error, ErrorKind, Result, clock::Clock};

/// The breakers of one connection. Clones share them.
///
/// ```
/// use std::sync::Arc;
/// use sentia_core::{clock::SystemClock, transport::{BreakerPolicy, Breakers, Forced, Health, Phase}};
///
/// let breakers = Breakers::new(BreakerPolicy::default(), Arc::new(SystemClock));
/// breakers.force("api.xero.com", Forced::Open);
/// assert_eq!(breakers.states()["api.xero.com"].phase, Phase::Forced(Forced::Open));
/// assert_eq!(breakers.health(), Health::Down);
/// breakers.release("api.xero.com");
/// assert_eq!(breakers.health(), Health::Up);
/// ```
#[derive(Clone)]
pub struct Breakers {
    policy: BreakerPolicy,
    clock: Arc<dyn Clock>,
    classes: Arc<Mutex<BTreeMap<String, Machine>>>,
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
    /// Closed breakers.
    pub fn new(policy: BreakerPolicy, clock: Arc<dyn Clock>) -> Self {
        Breakers { policy, clock, classes: Arc::default() }
    }

    /// The state of every class that was called or forced, by its name.
    pub fn states(&self) -> BTreeMap<String, BreakerState> {
        let classes = self.classes();
        classes.iter().map(|(class, machine)| (class.clone(), machine.state().clone())).collect()
    }

    /// All classes together.
    pub fn health(&self) -> Health {
        let classes = self.classes();
        let passes = |machine: &Machine| {
            matches!(machine.state().phase, Phase::Closed | Phase::Forced(Forced::Closed))
        };
        match classes.values().filter(|machine| passes(machine)).count() {
            passing if passing == classes.len() => Health::Up,
            0 => Health::Down,
            _ => Health::Impaired,
        }
    }

    /// Holds a class open or closed until it is released, whatever its calls come to.
    pub fn force(&self, class: &str, forced: Forced) {
        self.classes().entry(class.to_owned()).or_default().force(forced);
    }

    /// Ends what was forced; calls pass and are judged anew.
    pub fn release(&self, class: &str) {
        if let Some(machine) = self.classes().get_mut(class) {
            machine.release();
        }
    }

    /// A poisoned lock is taken over: what it guards is changed in one step.
    fn classes(&self) -> MutexGuard<'_, BTreeMap<String, Machine>> {
        self.classes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, class: String) -> Result<Pass> {
        let now = self.clock.now();
        let admitted = self.classes().entry(class.clone()).or_default().admit(&self.policy, now);
        match admitted {
            Ok(ticket) => Ok(Pass { breakers: self.clone(), class, ticket: Some(ticket) }),
            Err(Refused { until, reason }) => {
                let message = format!("the circuit breaker is open: {reason}");
                let error = Error::new(ErrorKind::Unavailable, message).context("breaker", class);
                Err(match until.map(|until| (until - now).to_std().unwrap_or_default()) {
                    Some(wait) => error.retry_after(wait),
                    None => error.permanent(),
                })
            }
        }
    }

    fn settle(&self, class: &str, ticket: Ticket, verdict: Verdict, took: Duration) {
        let now = self.clock.now();
        let mut classes = self.classes();
        let Some(machine) = classes.get_mut(class) else { return };
        let before = machine.state().generation;
        machine.settle(ticket, verdict, took, &self.policy, now);
        if machine.state().generation != before {
            tracing::warn!(class, state = ?machine.state().phase, "the circuit breaker changed");
        }
    }
}

/// An admitted call. Dropped without a verdict it gives its place back: a caller that went away says nothing of the vendor.
struct Pass {
    breakers: Breakers,
    class: String,
    ticket: Option<Ticket>,
}

impl Pass {
    fn settle(mut self, outcome: &Result<Response>) {
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
        if let Some(ticket) = self.ticket.take() {
            self.breakers.settle(&self.class, ticket, verdict, took);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.breakers.settle(&self.class, ticket, Verdict::None, Duration::ZERO);
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
        let pass = self.breakers.admit(class_of(&request))?;
        let outcome = self.inner.call(request).await;
        pass.settle(&outcome);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{
        super::scripted::{Scripted, ok, request},
        *,
    };
    use crate::clock::ManualClock;

    fn breakers(policy: BreakerPolicy) -> (Breakers, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        (Breakers::new(policy, clock.clone()), clock)
    }

    fn down() -> Result<Response> {
        Err(Error::new(ErrorKind::Unavailable, "down"))
    }

    #[tokio::test]
    async fn opens_after_failures_and_closes_after_a_good_probe() {
        let script = Scripted::new([down(), down(), ok(), ok()]);
        let (breakers, clock) = breakers(BreakerPolicy { minimum_calls: 2, ..BreakerPolicy::default() });
        let breaker = CircuitBreaker::new(script.clone(), breakers.clone());
        for _ in 0..2 {
            assert!(breaker.call(request()).await.is_err());
        }
        let refused = breaker.call(request()).await.expect_err("the third call fails fast");
        assert_eq!(
            (refused.wait(), refused.context_value("breaker")),
            (Some(Duration::from_secs(30)), Some("127.0.0.1"))
        );
        assert_eq!((script.calls(), breakers.health()), (2, Health::Down));
        clock.advance(Duration::from_secs(30));
        breaker.call(request()).await.expect("the probe");
        breaker.call(request()).await.expect("closed again");
        assert_eq!(breakers.health(), Health::Up);
    }

    #[tokio::test]
    async fn refusals_never_open_it() {
        let kinds = [
            ErrorKind::Unauthenticated,
            ErrorKind::RateLimited,
            ErrorKind::NotFound,
            ErrorKind::InvalidResponse,
        ];
        let script = Scripted::new(kinds.iter().cycle().take(40).map(|kind| Err(Error::new(*kind, "no"))));
        let breaker = CircuitBreaker::new(script.clone(), breakers(BreakerPolicy::default()).0);
        for kind in kinds.iter().cycle().take(40) {
            assert_eq!(breaker.call(request()).await.expect_err("refused").kind(), *kind);
        }
        assert_eq!(script.calls(), 40);
    }

    #[tokio::test]
    async fn one_operation_stops_no_other() {
        let script = Scripted::new([down(), down(), ok()]);
        let (breakers, _) = breakers(BreakerPolicy { minimum_calls: 2, ..BreakerPolicy::default() });
        let breaker = CircuitBreaker::new(script, breakers.clone());
        let reports = || Request { operation: "reports", ..request() };
        for _ in 0..3 {
            assert!(breaker.call(reports()).await.is_err());
        }
        breaker.call(request()).await.expect("another class");
        assert_eq!(breakers.health(), Health::Impaired);
    }

    #[tokio::test]
    async fn a_dropped_probe_gives_its_place_back() {
        #[derive(Debug)]
        struct Silent;
        #[async_trait]
        impl Transport for Silent {
            async fn call(&self, _: Request) -> Result<Response> {
                std::future::pending().await
            }
        }
        let (breakers, clock) = breakers(BreakerPolicy { minimum_calls: 1, ..BreakerPolicy::default() });
        let failing = CircuitBreaker::new(Scripted::new([down()]), breakers.clone());
        assert!(failing.call(request()).await.is_err());
        clock.advance(Duration::from_secs(30));
        let silent = CircuitBreaker::new(Silent, breakers.clone());
        let mut probe = Box::pin(silent.call(request()));
        assert!(futures::poll!(&mut probe).is_pending());
        assert!(silent.breakers.admit("127.0.0.1".into()).is_err(), "its place is taken");
        drop(probe);
        let good = CircuitBreaker::new(Scripted::new([ok()]), breakers.clone());
        good.call(request()).await.expect("the next probe");
        assert_eq!(breakers.health(), Health::Up);
    }
}
