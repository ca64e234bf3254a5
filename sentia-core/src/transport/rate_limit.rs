//! Paces calls below the vendor's limits, before the vendor has to refuse.
//!
//! A call takes from all limits at once or from none, and waits for the slowest of them. The state is in memory: it
//! begins full with each stack, and an answer that states a bucket's level corrects it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use url::{Host, Url};

use super::{Quota, Request, Response, Transport};
use crate::{Error, ErrorKind, Result, clock::Clock};

/// The longest wait for a budget that is slept here; a longer one is the caller's to schedule.
const MAX_PACED_WAIT: Duration = Duration::from_secs(5 * 60);

/// What is left after rounding is still waited for, so that no wait is a hot loop.
const MIN_PACED_WAIT: Duration = Duration::from_millis(1);

/// One of a vendor's limits.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::transport::Limit;
///
/// let minute = Limit::Calls { calls: 60, per: Duration::from_secs(60) };
/// let bucket = Limit::Points { maximum: 2000.0, restore_per_second: 100.0 };
/// let at_once = Limit::Concurrent(5);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// At most `calls` within any span of `per`. It keeps below fixed windows wherever they begin.
    Calls {
        /// How many calls.
        calls: u32,
        /// Within which span.
        per: Duration,
    },
    /// A bucket of points, corrected by every answer that states its level.
    /// A request's cost is [`RequestBuilder::cost`](super::RequestBuilder::cost); one dearer than the bucket waits
    /// until the bucket is full.
    Points {
        /// Points when full.
        maximum: f64,
        /// Points that come back each second.
        restore_per_second: f64,
    },
    /// At most so many calls at once.
    /// Counted from the end of pacing to the end of the answer's body.
    Concurrent(usize),
}

/// Whether the vendor's limits are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pacing {
    /// Kept, always, for a vendor.
    #[default]
    Vendor,
    /// Not kept: for servers on this machine, in tests and benchmarks.
    Off,
}

impl Pacing {
    /// Checks that pacing is only off where it can harm nobody.
    ///
    /// ```
    /// use sentia_core::transport::Pacing;
    ///
    /// let check = |url: &str| Pacing::Off.check(&url.parse().expect("a URL"));
    /// assert!(check("http://127.0.0.1:8080/").is_ok());
    /// assert!(check("https://api.example/").is_err());
    /// ```
    ///
    /// # Errors
    /// `ConfigInvalid` when it is off for an address that is not loopback.
    pub fn check(self, base_url: &Url) -> Result<Self> {
        let loopback = match base_url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if self == Pacing::Off && !loopback {
            let message = "pacing can be off for loopback addresses only; leave it on for a vendor";
            return Err(Error::new(ErrorKind::ConfigInvalid, message)
                .context("host", base_url.host_str().unwrap_or_default()));
        }
        Ok(self)
    }
}

#[derive(Debug)]
enum Meter {
    Calls { calls: usize, per: Duration, starts: VecDeque<DateTime<Utc>> },
    Points { quota: Quota, at: DateTime<Utc> },
}

impl Meter {
    /// How long until `cost` may be spent; `None` when now.
    ///
    /// Calls that left the window are forgotten, points that came back are added.
    fn wait(&mut self, cost: f64, now: DateTime<Utc>) -> Option<Duration> {
        match self {
            Meter::Calls { calls, per, starts } => {
                while starts.front().is_some_and(|start| now - *start >= span(*per)) {
                    starts.pop_front();
                }
                let first = starts.front().filter(|_| starts.len() >= *calls)?;
                (*first + span(*per) - now).to_std().ok()
            }
            Meter::Points { quota, at } => {
                let elapsed = (now - *at).to_std().unwrap_or_default().as_secs_f64();
                quota.available = (quota.available + elapsed * quota.restore_per_second).min(quota.maximum);
                *at = now;
                let missing = cost.min(quota.maximum) - quota.available;
                (missing > 0.0)
                    .then(|| Duration::from_secs_f64(missing / quota.restore_per_second.max(0.001)))
            }
        }
    }

    fn spend(&mut self, cost: f64, now: DateTime<Utc>) {
        match self {
            Meter::Calls { starts, .. } => starts.push_back(now),
            Meter::Points { quota, .. } => quota.available -= cost,
        }
    }

    fn observe(&mut self, seen: Quota, now: DateTime<Utc>) {
        if let Meter::Points { quota, at } = self {
            *quota = seen;
            *at = now;
        }
    }
}

fn span(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}

#[derive(Debug)]
pub(super) struct RateLimit<T> {
    inner: T,
    clock: Arc<dyn Clock>,
    concurrent: Option<Semaphore>,
    meters: Mutex<Vec<Meter>>,
}

impl<T> RateLimit<T> {
    pub(super) fn new(inner: T, limits: Vec<Limit>, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        let mut concurrent = None;
        let mut meters = Vec::new();
        for limit in limits {
            match limit {
                Limit::Concurrent(calls) => concurrent = Some(Semaphore::new(calls)),
                Limit::Calls { calls, per } => {
                    meters.push(Meter::Calls { calls: calls as usize, per, starts: VecDeque::new() });
                }
                Limit::Points { maximum, restore_per_second } => meters.push(Meter::Points {
                    quota: Quota { available: maximum, maximum, restore_per_second },
                    at: now,
                }),
            }
        }
        RateLimit { inner, clock, concurrent, meters: Mutex::new(meters) }
    }

    /// Takes from every meter at once, or says how long to wait for the slowest.
    fn reserve(&self, cost: f64) -> Option<Duration> {
        let now = self.clock.now();
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = meters.iter_mut().filter_map(|meter| meter.wait(cost, now)).max();
        if wait.is_none() {
            meters.iter_mut().for_each(|meter| meter.spend(cost, now));
        }
        wait
    }
}

#[async_trait]
impl<T: Transport> Transport for RateLimit<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        while let Some(wait) = self.reserve(request.cost) {
            if wait > MAX_PACED_WAIT {
                let message = "the vendor's budget is spent; the next run goes on when it is restored";
                return Err(Error::new(ErrorKind::QuotaExhausted, message).retry_after(wait));
            }
            let wait = wait.max(MIN_PACED_WAIT);
            tracing::debug!(?request, wait_ms = wait.as_millis() as u64, "paced");
            self.clock.sleep(wait).await;
        }
        let _permit = match &self.concurrent {
            Some(semaphore) => semaphore.acquire().await.ok(),
            None => None,
        };
        let outcome = self.inner.call(request).await;
        if let Ok(Response { quota: Some(seen), .. }) = &outcome {
            let now = self.clock.now();
            let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
            meters.iter_mut().for_each(|meter| meter.observe(*seen, now));
        }
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
    async fn never_more_than_the_limit_within_any_span() {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let limits = vec![Limit::Calls { calls: 60, per: Duration::from_secs(60) }];
        let layer = RateLimit::new(Scripted::new((0..150).map(|_| ok())), limits, clock.clone());
        let mut starts = Vec::new();
        for _ in 0..150 {
            layer.call(request()).await.expect("paced");
            starts.push(clock.now());
        }
        assert!(starts.windows(61).all(|w| w[60] - w[0] >= chrono::Duration::seconds(60)));
        assert_eq!(clock.now().timestamp(), 120, "and not slower than needed");
    }

    #[tokio::test]
    async fn points_follow_the_vendors_answer() {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let mut told = Response::new(http::StatusCode::OK, Default::default(), Default::default());
        told.quota = Some(Quota { available: 50.0, maximum: 2000.0, restore_per_second: 100.0 });
        let limits = vec![Limit::Points { maximum: 1000.0, restore_per_second: 50.0 }];
        let layer = RateLimit::new(Scripted::new([Ok(told), ok()]), limits, clock.clone());
        let dear = || Request { cost: 350.0, ..request() };
        layer.call(dear()).await.expect("full bucket");
        layer.call(dear()).await.expect("waits for 300 points");
        assert_eq!(clock.now().timestamp_millis(), 3000);
    }

    #[test]
    fn pacing_off_is_for_loopback() {
        let check = |url: &str| Pacing::Off.check(&url.parse().expect("url")).is_ok();
        assert!(check("http://127.0.0.1:1/") && check("http://[::1]/") && check("http://localhost:9/"));
        assert!(!check("https://api.xero.com/") && !check("http://10.0.0.1/"));
    }
}
