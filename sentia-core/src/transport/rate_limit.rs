//! Waits until the account's budgets let a call go and a place is free, and tells the budgets what its answer says.
//!
//! What decides is the [`Planner`]; this layer speaks to it for a call. Places bound what one connection holds of this
//! process, sockets first of all, so that a vendor that hangs takes none of another's. A call that still waits when the
//! breaker opens is turned away: it was admitted by what was known then.

use async_trait::async_trait;

use std::{pin::pin, task::Poll};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Breakers, Request, Response, Transport, circuit_breaker::class_of};
use crate::{
    Error, ErrorKind, Result,
    quota::{Claim, Permit, Planner, Refused, Seen},
};

/// What an error's context `limit` says when too many calls were going on at once.
const AT_ONCE: &str = "concurrent";

/// What an error's context `limit` begins with when it was the app that made too many calls, over all accounts.
const OF_APP: &str = "app";

/// Who is asked before a call.
#[derive(Debug, Clone)]
pub(super) struct Budgets {
    pub(super) account: Planner,
    pub(super) app: Option<Planner>,
}

#[derive(Debug)]
pub(super) struct RateLimit<T> {
    inner: T,
    budgets: Budgets,
    breakers: Breakers,
    places: Semaphore,
}

impl<T> RateLimit<T> {
    pub(super) fn new(inner: T, budgets: Budgets, breakers: Breakers, places: usize) -> Self {
        let places = Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS));
        RateLimit { inner, budgets, breakers, places }
    }

    /// The budgets' permits and a place, in this order: who is urgent overtakes at the budgets.
    async fn turn(&self, claim: Claim) -> Result<(Permit, Option<Permit>, SemaphorePermit<'_>)> {
        let permit = self.budgets.account.acquire(claim).await?;
        let of_app = match &self.budgets.app {
            Some(app) => Some(app.acquire(claim).await?),
            None => None,
        };
        let closed = |error| Error::new(ErrorKind::Unexpected, "the places were closed").source(error);
        Ok((permit, of_app, self.places.acquire().await.map_err(closed)?))
    }
}

/// What an outcome says about the app's budgets.
fn seen_of_app(outcome: &Result<Response>) -> Seen {
    match outcome {
        Ok(response) => Seen { left: response.left_of_app.clone(), ..Seen::default() },
        Err(error) => {
            Seen { refused: is_of_app(error).then(|| Refused::Rate(error.wait())), ..Seen::default() }
        }
    }
}

fn is_of_app(error: &Error) -> bool {
    error.kind() == ErrorKind::RateLimited
        && error.context_value("limit").is_some_and(|limit| limit.starts_with(OF_APP))
}

/// What an outcome says about the account's budgets.
fn seen(outcome: &Result<Response>) -> Seen {
    match outcome {
        Ok(response) => Seen {
            quota: response.quota,
            rate: response.rate,
            left: response.left.clone(),
            bytes: response.body.len() as u64 + response.spooled,
            refused: None,
        },
        Err(error) => {
            let refused = match error.kind() {
                _ if is_of_app(error) => None,
                ErrorKind::RateLimited if error.context_value("limit") == Some(AT_ONCE) => {
                    Some(Refused::AtOnce)
                }
                ErrorKind::RateLimited | ErrorKind::QuotaExhausted => Some(Refused::Rate(error.wait())),
                _ => None,
            };
            Seen { refused, ..Seen::default() }
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for RateLimit<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        let claim = Claim { cost: request.cost, operation: request.operation, urgency: request.urgency };
        let mut turn = pin!(self.turn(claim));
        let (permit, of_app, _place) = match futures::poll!(turn.as_mut()) {
            Poll::Ready(taken) => taken?,
            Poll::Pending => self.breakers.while_open_to(class_of(&request), turn).await?,
        };
        let outcome = self.inner.call(request).await;
        permit.answered(seen(&outcome));
        if let Some(permit) = of_app {
            permit.answered(seen_of_app(&outcome));
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            AppLimits, BreakerPolicy, Limit, Quota, Stack, TransportPolicy,
            scripted::{Scripted, ok, request},
        },
        *,
    };
    use std::{sync::Arc, time::Duration};

    use chrono::{DateTime, Utc};

    use crate::{
        Error,
        clock::{Clock, ManualClock},
        testing::MemoryStateStore,
    };

    fn limited(
        answers: Arc<Scripted>,
        limits: Vec<Limit>,
        clock: &Arc<ManualClock>,
    ) -> RateLimit<Arc<Scripted>> {
        let breakers = Breakers::new(BreakerPolicy::never(), clock.clone());
        let budgets = Budgets { account: Planner::new(limits, clock.clone()), app: None };
        RateLimit::new(answers, budgets, breakers, 64)
    }

    fn refused(limit: &str) -> Error {
        Error::new(ErrorKind::RateLimited, "too many calls")
            .context("limit", limit)
            .retry_after(Duration::from_secs(30))
    }

    /// Three organisations of one app: what the app may call in a minute they share, and a refusal for it is no account's.
    #[tokio::test]
    async fn an_apps_minute_is_one_for_all_accounts() {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let states = Arc::new(MemoryStateStore::default());
        let minute = |calls| vec![Limit::Calls { calls, per: Duration::from_secs(60) }];
        let policy = || TransportPolicy {
            limits: minute(60),
            app: Some(AppLimits { app: "books/client".into(), limits: minute(3) }),
            ..TransportPolicy::default()
        };
        let account = |name: &str, answers: Vec<Result<Response>>| {
            Stack::shared_around(Scripted::new(answers), policy(), clock.clone(), states.clone(), name)
        };
        let accounts = [
            account("acme/one", vec![ok(), ok()]),
            account("acme/two", vec![ok(), ok()]),
            account("other/three", vec![Err(refused("appminute")), ok()]),
        ];
        for at in [0, 1, 0] {
            accounts[at].transport.call(request()).await.expect("there is room");
        }
        assert!(clock.now().timestamp() < 60, "{:?}", clock.now());
        accounts[1].transport.call(request()).await.expect("the fourth, a minute later");
        assert!(clock.now().timestamp() >= 60, "{:?}", clock.now());
        let before = clock.now();
        accounts[2].transport.call(request()).await.expect("asked again");
        assert!(clock.now() - before >= chrono::Duration::seconds(30), "{:?}", clock.now());
        let used: Vec<f64> = accounts.iter().map(|stack| stack.planner.levels()[0].used).collect();
        assert!(used.iter().all(|used| *used <= 2.0), "the accounts' own minutes have room: {used:?}");
    }

    /// What the vendor says is left to the app corrects the app's budget and no account's.
    #[tokio::test]
    async fn what_is_left_to_the_app_is_the_apps() {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let minute = |calls| vec![Limit::Calls { calls, per: Duration::from_secs(60) }];
        let app = Some(AppLimits { app: "books/client".into(), limits: minute(100) });
        let policy = TransportPolicy { limits: minute(10), app, ..TransportPolicy::default() };
        let told = Response { left_of_app: vec![(Duration::from_secs(60), 0)], ..ok().expect("a response") };
        let stack = Stack::around(Scripted::new([Ok(told), ok()]), policy, clock.clone());
        stack.transport.call(request()).await.expect("there is room");
        assert_eq!(stack.planner.levels()[0].used, 1.0);
        assert_eq!(stack.app.as_ref().expect("it has one").levels()[0].used, 100.0);
        stack.transport.call(request()).await.expect("a minute later");
        assert!(clock.now().timestamp() >= 60, "{:?}", clock.now());
    }

    #[tokio::test]
    async fn never_more_than_the_limit_within_any_span() {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let limits = vec![Limit::Calls { calls: 60, per: Duration::from_secs(60) }];
        let layer = limited(Scripted::new((0..150).map(|_| ok())), limits, &clock);
        let mut starts = Vec::new();
        for _ in 0..150 {
            layer.call(request()).await.expect("paced");
            starts.push(clock.now());
        }
        assert!(starts.windows(61).all(|w| w[60] - w[0] >= chrono::Duration::seconds(60)));
        let seconds = clock.now().timestamp();
        assert!((120..=155).contains(&seconds), "{seconds} s: at most half a minute later than in bursts");
    }

    #[tokio::test]
    async fn points_follow_the_vendors_answer() {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let mut told = Response::new(http::StatusCode::OK, Default::default(), Default::default());
        told.quota = Some(Quota { available: 50.0, maximum: 2000.0, restore_per_second: 100.0 });
        let limits = vec![Limit::Points { maximum: 1000.0, restore_per_second: 50.0 }];
        let layer = limited(Scripted::new([Ok(told), ok()]), limits, &clock);
        let dear = || Request { cost: 350.0, ..request() };
        layer.call(dear()).await.expect("full bucket");
        layer.call(dear()).await.expect("waits for 300 points");
        assert_eq!(
            clock.now().timestamp_millis(),
            3500,
            "300 points, and 50 that are kept for who is urgent"
        );
    }

    #[tokio::test]
    async fn an_operation_has_its_own_bucket_and_learns_its_rate() {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let mut faster = Response::new(http::StatusCode::OK, Default::default(), Default::default());
        faster.rate = Some(2.0);
        let refused = Error::new(ErrorKind::RateLimited, "too many");
        let answers = [ok(), Ok(faster), ok(), ok(), Err(refused), ok()];
        let limits = vec![Limit::Operation { operation: "search", per_second: 0.1, burst: 2 }];
        let layer = limited(Scripted::new(answers), limits, &clock);
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
}
