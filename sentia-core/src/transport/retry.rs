//! Tries again what is worth it, after a delay that `backoff` computes and the vendor may override.
//!
//! Only what is [`Temporary`](crate::Status::Temporary) is repeated, and only if the request is [`Repeat::Safe`] or was
//! refused before it could take effect: for its rate, or by an open breaker. All calls of a stack share one budget of
//! retries. What a breaker refused was not sent, so coming back when it says costs nothing of the budget; it is one of the
//! attempts all the same, so that no call waits for ever.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use backoff::{ExponentialBackoff, backoff::Backoff};

use super::{
    Meter, Repeat, Request, Response, Transport,
    circuit_breaker::is_refusal,
    retry_budget::{RetryBudget, Tokens},
};
use crate::{Error, ErrorKind, Result, clock::Clock};

/// How delays are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Anywhere between nothing and the delay, so that many callers do not return at once.
    Full,
    /// The delay itself, for tests.
    None,
}

/// Attempts and delays of the retry layer.
///
/// The delay before attempt `n + 1` is `base * 2^(n-1)`, at most `cap`, spread by `jitter`. Where the vendor says how
/// long to wait, that counts instead, plus at most a second of ours so that callers do not return at once.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::transport::{Jitter, RetryPolicy};
///
/// let patient = RetryPolicy { max_attempts: 8, cap: Duration::from_secs(60), ..RetryPolicy::default() };
/// assert_eq!((patient.base, patient.jitter), (Duration::from_millis(500), Jitter::Full));
/// let never = RetryPolicy { max_attempts: 1, ..RetryPolicy::default() };
/// ```
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. Default 5.
    pub max_attempts: u32,
    /// The first delay. Default 500 ms; each further one doubles.
    pub base: Duration,
    /// The longest delay of ours. Default 30 s.
    pub cap: Duration,
    /// The longest wait a vendor or an open breaker may ask for here; beyond it the error goes to the caller, who
    /// reschedules (Xero's daily limit asks for up to a day). Default 90 s.
    pub max_vendor_wait: Duration,
    /// How delays are spread. Default full.
    pub jitter: Jitter,
    /// How many retries all calls of the stack may spend together. Where it is spent an error is exhausted at once.
    pub budget: RetryBudget,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_attempts: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            max_vendor_wait: Duration::from_secs(90),
            jitter: Jitter::Full,
            budget: RetryBudget::default(),
        }
    }
}

impl RetryPolicy {
    fn delays(&self) -> ExponentialBackoff {
        // The crate computes; counting, jitter and the clock are ours, so that paused time stays deterministic.
        ExponentialBackoff {
            current_interval: self.base,
            initial_interval: self.base,
            randomization_factor: 0.0,
            multiplier: 2.0,
            max_interval: self.cap,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        }
    }

    /// How long to wait after the attempt of this number, from 1.
    pub(crate) fn delay(&self, attempt: u32) -> Duration {
        let mut delays = self.delays();
        // Beyond so many doublings every delay is the cap.
        let doublings = (0..attempt.min(64)).filter_map(|_| delays.next_backoff());
        self.spread(doublings.last().unwrap_or(self.base))
    }

    fn spread(&self, delay: Duration) -> Duration {
        match self.jitter {
            Jitter::None => delay,
            Jitter::Full => delay.mul_f64(fraction()),
        }
    }
}

fn fraction() -> f64 {
    let mut bytes = [0; 8];
    // Without random bytes the delay is simply not spread.
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes) as f64 / u64::MAX as f64,
        Err(_) => 1.0,
    }
}

#[derive(Debug)]
pub(super) struct Retry<T> {
    inner: T,
    policy: RetryPolicy,
    clock: Arc<dyn Clock>,
    meter: Meter,
    tokens: Tokens,
}

impl<T> Retry<T> {
    pub(super) fn new(inner: T, policy: RetryPolicy, clock: Arc<dyn Clock>, meter: Meter) -> Self {
        let tokens = Tokens::new(policy.budget);
        Retry { inner, policy, clock, meter, tokens }
    }
}

#[async_trait]
impl<T: Transport> Transport for Retry<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        let mut delays = self.policy.delays();
        let (mut attempt, mut paid) = (1, None);
        loop {
            let error = match self.inner.call(request.clone()).await {
                Ok(response) => {
                    self.tokens.succeeded(paid);
                    return Ok(response);
                }
                Err(error) => error.context("attempts", attempt),
            };
            if !worth_another(&error, request.repeat) {
                return Err(error);
            }
            let ours = self.policy.spread(delays.next_backoff().unwrap_or(self.policy.cap));
            let wait = error.wait().map_or(ours, |vendor| vendor + ours.min(Duration::from_secs(1)));
            if attempt >= self.policy.max_attempts || error.wait() > Some(self.policy.max_vendor_wait) {
                self.meter.gave_up();
                tracing::info!(?request, attempt, kind = error.kind().code(), "no more attempts");
                return Err(error.exhausted());
            }
            let Some(cost) = self.tokens.spend(&error) else {
                self.meter.retry_denied();
                tracing::info!(?request, attempt, kind = error.kind().code(), "retry budget spent");
                return Err(error.context("retries", "the budget of this connection is spent").exhausted());
            };
            if cost > 0 {
                paid = Some(cost);
            }
            self.meter.retry();
            tracing::info!(
                ?request,
                attempt,
                kind = error.kind().code(),
                wait_ms = wait.as_millis() as u64,
                "retry"
            );
            self.clock.sleep(wait).await;
            attempt += 1;
        }
    }
}

fn worth_another(error: &Error, repeat: Repeat) -> bool {
    // A request that was refused before it took effect may be repeated even if it may take effect only once.
    let was_not_done = error.kind() == ErrorKind::RateLimited || is_refusal(error);
    error.is_temporary() && (repeat == Repeat::Safe || was_not_done)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{
        super::scripted::{Scripted, ok, request},
        *,
    };
    use crate::{Status, clock::ManualClock};

    fn unavailable() -> Result<Response> {
        Err(Error::new(ErrorKind::Unavailable, "down"))
    }

    fn layer(script: Arc<Scripted>) -> (Retry<Arc<Scripted>>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let policy = RetryPolicy { jitter: Jitter::None, ..RetryPolicy::default() };
        (Retry::new(script, policy, clock.clone(), Meter::default()), clock)
    }

    #[tokio::test]
    async fn delays_double_and_success_ends_them() {
        let (retry, clock) = layer(Scripted::new([unavailable(), unavailable(), ok()]));
        retry.call(request()).await.expect("third time lucky");
        assert_eq!(clock.now().timestamp_millis(), 500 + 1000);
    }

    #[tokio::test]
    async fn spent_retries_are_exhausted() {
        let script = Scripted::new((0..5).map(|_| unavailable()));
        let (retry, _) = layer(script.clone());
        let error = retry.call(request()).await.expect_err("always down");
        assert_eq!((error.status(), script.calls()), (Status::Exhausted, 5));
    }

    #[tokio::test]
    async fn in_an_outage_the_budget_ends_what_retries_would_multiply() {
        let script = Scripted::new((0..2000).map(|_| unavailable()));
        let (retry, _) = layer(script.clone());
        for _ in 0..1000 {
            let error = retry.call(request()).await.expect_err("always down");
            assert_eq!(error.status(), Status::Exhausted);
        }
        assert_eq!(script.calls(), 1000 + 100, "500 tokens are 100 retries");
        let error = retry.call(request()).await.expect_err("always down");
        assert_eq!(
            (error.context_value("attempts"), error.context_value("retries").is_some()),
            (Some("1"), true)
        );
    }

    fn refused(seconds: u64) -> Result<Response> {
        let error = Error::new(ErrorKind::Unavailable, "the circuit breaker is open").context("breaker", "x");
        Err(error.retry_after(Duration::from_secs(seconds)))
    }

    #[tokio::test]
    async fn what_a_breaker_refuses_costs_no_tokens_and_is_asked_again_when_it_says() {
        let script = Scripted::new((0..500).map(|_| refused(30)).chain([unavailable(), ok()]));
        let (retry, clock) = layer(script.clone());
        for _ in 0..100 {
            let error = retry.call(request()).await.expect_err("refused five times");
            assert_eq!((error.status(), error.context_value("retries")), (Status::Exhausted, None));
        }
        // Four waits a call, none of them shorter than the breaker asked for.
        assert!(clock.now().timestamp() >= 100 * 4 * 30, "{}", clock.now());
        assert_eq!(retry.tokens.left(), RetryBudget::default().capacity);
        retry.call(request()).await.expect("a retry of what failed is paid as before");
        assert_eq!(script.calls(), 502);
    }

    #[tokio::test]
    async fn a_breaker_that_stays_open_for_longer_than_the_policy_waits_is_told_at_once() {
        let script = Scripted::new([refused(91)]);
        let (retry, clock) = layer(script.clone());
        let error = retry.call(request()).await.expect_err("refused");
        assert_eq!((error.status(), clock.now().timestamp(), script.calls()), (Status::Exhausted, 0, 1));
    }

    #[tokio::test]
    async fn what_may_take_effect_once_is_sent_when_the_breaker_lets_it() {
        let script = Scripted::new([refused(30), ok()]);
        let (retry, _) = layer(script.clone());
        let once = Request { repeat: Repeat::Once, ..request() };
        retry.call(once).await.expect("nothing had been sent");
        assert_eq!(script.calls(), 2);
    }

    #[tokio::test]
    async fn the_vendors_wait_wins_and_a_long_one_is_not_slept() {
        let limited =
            |seconds| Err(Error::new(ErrorKind::RateLimited, "x").retry_after(Duration::from_secs(seconds)));
        let (retry, clock) = layer(Scripted::new([limited(20), ok()]));
        retry.call(request()).await.expect("after the wait");
        assert_eq!(clock.now().timestamp_millis(), 20_500);

        let (retry, clock) = layer(Scripted::new([limited(66_975)]));
        let error = retry.call(request()).await.expect_err("reschedule instead");
        assert_eq!((error.wait(), clock.now().timestamp()), (Some(Duration::from_secs(66_975)), 0));
    }

    #[tokio::test]
    async fn what_may_take_effect_once_is_not_repeated() {
        let script = Scripted::new([unavailable()]);
        let (retry, _) = layer(script.clone());
        let once = Request { repeat: Repeat::Once, ..request() };
        assert!(retry.call(once).await.is_err());
        assert_eq!(script.calls(), 1);
    }

    #[tokio::test]
    async fn a_write_with_a_key_is_repeated_with_the_same_key() {
        #[derive(Debug, Default)]
        struct Lossy(std::sync::Mutex<Vec<String>>);
        #[async_trait]
        impl Transport for Lossy {
            async fn call(&self, request: Request) -> Result<Response> {
                let key = request.headers["idempotency-key"].to_str().expect("ASCII").to_owned();
                let mut keys = self.0.lock().expect("one test");
                keys.push(key);
                if keys.len() < 3 { Err(Error::new(ErrorKind::Timeout, "no answer")) } else { ok() }
            }
        }
        let (lossy, clock) =
            (Arc::new(Lossy::default()), Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH)));
        let retry = Retry::new(lossy.clone(), RetryPolicy::default(), clock, Meter::default());
        let http = super::super::Http::new(Arc::new(retry));
        let write = http.post("http://127.0.0.1/").idempotent_by("idempotency-key", "order-7");
        write.send().await.expect("the third time");
        assert_eq!(*lossy.0.lock().expect("one test"), ["order-7"; 3]);
    }

    #[test]
    fn full_jitter_stays_within_the_delay() {
        let policy = RetryPolicy::default();
        assert!((0..1000).all(|_| policy.spread(Duration::from_secs(1)) <= Duration::from_secs(1)));
    }
}
