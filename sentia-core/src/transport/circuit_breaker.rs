//! Stops asking a vendor that is down, and lets one probe through after a while.
//!
//! Closed: calls pass and failures in a row are counted. Open: calls fail at once with `Unavailable` and the rest of the
//! time as their wait. Half open: one call passes; if it succeeds the breaker closes, if it fails it opens again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Request, Response, Transport};
use crate::{Error, ErrorKind, Result, clock::Clock};

/// When the breaker opens and for how long.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::transport::BreakerPolicy;
///
/// let never = BreakerPolicy { failures: u32::MAX, ..BreakerPolicy::default() };
/// assert_eq!(BreakerPolicy::default().open, Duration::from_secs(30));
/// ```
#[derive(Debug, Clone)]
pub struct BreakerPolicy {
    /// Failures in a row that open it. Default 10. Only `Timeout` and `Unavailable` count: an authentication
    /// error or a refused request says nothing about the vendor's health.
    pub failures: u32,
    /// How long it stays open before one probe. Default 30 s. A probe that never returns loses its turn after
    /// the same time.
    pub open: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        BreakerPolicy { failures: 10, open: Duration::from_secs(30) }
    }
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub(super) struct CircuitBreaker<T> {
    inner: T,
    policy: BreakerPolicy,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl<T> CircuitBreaker<T> {
    pub(super) fn new(inner: T, policy: BreakerPolicy, clock: Arc<dyn Clock>) -> Self {
        CircuitBreaker { inner, policy, clock, state: Mutex::default() }
    }

    fn admit(&self) -> Result<()> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            Some(until) if now < until => {
                let wait = (until - now).to_std().unwrap_or_default();
                let message = "the circuit breaker is open after repeated failures";
                Err(Error::new(ErrorKind::Unavailable, message).retry_after(wait))
            }
            Some(_) => {
                // Half open: this caller probes; others wait until it returned or its turn is over.
                state.open_until = Some(now + self.policy.open);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn observe(&self, outcome: &Result<Response>) {
        let failed =
            matches!(outcome, Err(e) if matches!(e.kind(), ErrorKind::Timeout | ErrorKind::Unavailable));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !failed {
            *state = State::default();
            return;
        }
        state.failures += 1;
        if state.failures >= self.policy.failures {
            state.open_until = Some(self.clock.now() + self.policy.open);
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for CircuitBreaker<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        self.admit()?;
        let outcome = self.inner.call(request).await;
        self.observe(&outcome);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::scripted::{Scripted, ok, request},
        *,
    };
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn opens_after_failures_and_closes_after_a_good_probe() {
        let down = || Err(Error::new(ErrorKind::Unavailable, "down"));
        let script = Scripted::new([down(), down(), ok(), ok()]);
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let policy = BreakerPolicy { failures: 2, open: Duration::from_secs(30) };
        let breaker = CircuitBreaker::new(script.clone(), policy, clock.clone());
        for _ in 0..3 {
            assert!(breaker.call(request()).await.is_err());
        }
        assert_eq!(script.calls(), 2, "the third call failed fast");
        clock.advance(Duration::from_secs(30));
        breaker.call(request()).await.expect("the probe");
        breaker.call(request()).await.expect("closed again");
    }

    #[tokio::test]
    async fn refusals_never_open_it() {
        let refused = || Err(Error::new(ErrorKind::Unauthenticated, "no"));
        let script = Scripted::new((0..20).map(|_| refused()));
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let breaker = CircuitBreaker::new(script.clone(), BreakerPolicy::default(), clock);
        for _ in 0..20 {
            assert_eq!(
                breaker.call(request()).await.expect_err("refused").kind(),
                ErrorKind::Unauthenticated
            );
        }
        assert_eq!(script.calls(), 20);
    }
}
