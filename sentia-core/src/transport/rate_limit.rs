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
    /// A bucket of calls for one of the vendor's operations, corrected by every answer that states its rate.
    /// A call that the vendor refuses as too many empties it. Requests name their operation by
    /// [`RequestBuilder::operation`](super::RequestBuilder::operation).
    Operation {
        /// The vendor's name of it.
        operation: &'static str,
        /// Calls that come back each second.
        per_second: f64,
        /// Calls when full.
        burst: u32,
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
    Calls {
        calls: usize,
        per: Duration,
        starts: VecDeque<DateTime<Utc>>,
    },
    Points {
        quota: Quota,
        at: DateTime<Utc>,
    },
    /// A bucket as `Points`, of one operation, at one point a call.
    Operation {
        name: &'static str,
        quota: Quota,
        at: DateTime<Utc>,
    },
}

impl Meter {
    /// How long until `cost` may be spent; `None` when now.
    ///
    /// Calls that left the window are forgotten, points that came back are added.
    fn wait(&mut self, spend: Spend, now: DateTime<Utc>) -> Option<Duration> {
        match self {
            Meter::Calls { calls, per, starts } => {
                while starts.front().is_some_and(|start| now - *start >= span(*per)) {
                    starts.pop_front();
                }
                let first = starts.front().filter(|_| starts.len() >= *calls)?;
                (*first + span(*per) - now).to_std().ok()
            }
            Meter::Points { quota, at } => refill(quota, at, now).lacking(spend.cost),
            Meter::Operation { name, quota, at } if *name == spend.operation => {
                refill(quota, at, now).lacking(1.0)
            }
            Meter::Operation { .. } => None,
        }
    }

    fn spend(&mut self, spend: Spend, now: DateTime<Utc>) {
        match self {
            Meter::Calls { starts, .. } => starts.push_back(now),
            Meter::Points { quota, .. } => quota.available -= spend.cost,
            Meter::Operation { name, quota, .. } if *name == spend.operation => quota.available -= 1.0,
            Meter::Operation { .. } => {}
        }
    }

    /// Takes over what an answer says: a bucket's level, the rate of an operation, or that its bucket is empty.
    fn observe(&mut self, spend: Spend, outcome: &Result<Response>, now: DateTime<Utc>) {
        match (self, outcome) {
            (Meter::Points { quota, at }, Ok(Response { quota: Some(seen), .. })) => {
                *quota = *seen;
                *at = now;
            }
            (Meter::Operation { name, quota, .. }, outcome) if *name == spend.operation => match outcome {
                // A rate of nothing would wait for ever; a vendor that means it refuses.
                Ok(Response { rate: Some(rate), .. }) if *rate > 0.0 => quota.restore_per_second = *rate,
                Err(error) if error.kind() == ErrorKind::RateLimited => {
                    quota.available = quota.available.min(0.0)
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// What one request takes.
#[derive(Debug, Clone, Copy)]
struct Spend {
    cost: f64,
    operation: &'static str,
}

/// Adds what came back since `at`.
fn refill<'a>(quota: &'a mut Quota, at: &mut DateTime<Utc>, now: DateTime<Utc>) -> &'a Quota {
    let elapsed = (now - *at).to_std().unwrap_or_default().as_secs_f64();
    quota.available = (quota.available + elapsed * quota.restore_per_second).min(quota.maximum);
    *at = now;
    quota
}

impl Quota {
    /// How long until `cost` is there; `None` when it is.
    fn lacking(&self, cost: f64) -> Option<Duration> {
        let missing = cost.min(self.maximum) - self.available;
        (missing > 0.0).then(|| Duration::from_secs_f64(missing / self.restore_per_second.max(0.000_1)))
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
                Limit::Operation { operation, per_second, burst } => meters.push(Meter::Operation {
                    name: operation,
                    quota: Quota {
                        available: burst.into(),
                        maximum: burst.into(),
                        restore_per_second: per_second,
                    },
                    at: now,
                }),
            }
        }
        RateLimit { inner, clock, concurrent, meters: Mutex::new(meters) }
    }

    /// Takes from every meter at once, or says how long to wait for the slowest.
    fn reserve(&self, spend: Spend) -> Option<Duration> {
        let now = self.clock.now();
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = meters.iter_mut().filter_map(|meter| meter.wait(spend, now)).max();
        if wait.is_none() {
            meters.iter_mut().for_each(|meter| meter.spend(spend, now));
        }
        wait
    }
}

#[async_trait]
impl<T: Transport> Transport for RateLimit<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        let spend = Spend { cost: request.cost, operation: request.operation };
        while let Some(wait) = self.reserve(spend) {
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
        let now = self.clock.now();
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.iter_mut().for_each(|meter| meter.observe(spend, &outcome, now));
        drop(meters);
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

    #[tokio::test]
    async fn an_operation_has_its_own_bucket_and_learns_its_rate() {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let mut faster = Response::new(http::StatusCode::OK, Default::default(), Default::default());
        faster.rate = Some(2.0);
        let refused = Error::new(ErrorKind::RateLimited, "too many");
        let answers = [ok(), Ok(faster), ok(), ok(), Err(refused), ok()];
        let limits = vec![Limit::Operation { operation: "search", per_second: 0.1, burst: 2 }];
        let layer = RateLimit::new(Scripted::new(answers), limits, clock.clone());
        let search = || Request { operation: "search", ..request() };
        let seconds = || clock.now().timestamp_millis() as f64 / 1000.0;
        layer.call(search()).await.expect("burst");
        layer.call(search()).await.expect("burst");
        layer.call(request()).await.expect("another operation");
        assert_eq!(seconds(), 0.0);
        layer.call(search()).await.expect("paced");
        assert_eq!(seconds(), 0.5, "by the rate the vendor told");
        clock.advance(Duration::from_secs(60));
        assert!(layer.call(search()).await.is_err());
        layer.call(search()).await.expect("paced");
        assert_eq!(seconds(), 61.0, "a refusal empties the bucket");
    }

    #[test]
    fn pacing_off_is_for_loopback() {
        let check = |url: &str| Pacing::Off.check(&url.parse().expect("url")).is_ok();
        assert!(check("http://127.0.0.1:1/") && check("http://[::1]/") && check("http://localhost:9/"));
        assert!(!check("https://api.xero.com/") && !check("http://10.0.0.1/"));
    }
}
