//! From a request to a response, through a stack of small layers in one documented order.
//!
//! Outermost first: `Trace · Metrics · Deadline · Retry · CircuitBreaker · RateLimit · Timeout · send`.
//! The timeout is per attempt and innermost; waiting for a rate-limit token is not a timeout; retry sits outside
//! the limit, so that each attempt pays for itself; an open breaker fails fast and says when to come back.
//!
//! | layer | does | default |
//! | --- | --- | --- |
//! | trace | one line at level debug for a call: endpoint, status, bytes | |
//! | metrics | counts calls and bytes into a [`Meter`], and innermost what is sent | |
//! | deadline | bounds a call with all its attempts and waits | 15 minutes |
//! | retry | repeats what is temporary and safe to repeat | 5 attempts, from 500 ms, doubling to 30 s, full jitter, 100 retries in a row |
//! | circuit breaker | refuses while the vendor is down | when half of the last 10 to 20 calls failed, for 30 s |
//! | rate limit | waits below the vendor's limits, and for a place | the connector's limits, 64 calls at once |
//! | timeout | bounds one attempt | 60 s |
//! | send | the socket; no redirects, bodies up to 128 MiB | |
//!
//! The stack is made once per run. Budgets and breakers are shared with all stacks of the account through the store.

mod circuit_breaker;
mod deadline;
mod http;
mod limit;
mod message;
mod metrics;
mod observed;
mod rate_limit;
mod retry;
mod retry_budget;
mod send;
#[cfg(test)]
mod tests;
mod timeout;
mod trace;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use self::rate_limit::Budgets;
pub use self::{
    circuit_breaker::{
        BreakerCounts, BreakerPolicy, BreakerState, Breakers, Forced, Health, Outage, Over, Phase, Probe,
        Stopped,
    },
    http::{Http, QueryValue, RequestBuilder},
    limit::{AppLimits, Limit, Pacing},
    message::{Classify, Quota, Repeat, Request, Response, body_excerpt},
    metrics::{CallCounts, Meter, Usage},
    observed::{Held, METRICS},
    retry::{Jitter, RetryPolicy},
    retry_budget::RetryBudget,
};
use crate::{ConnectorInfo, Result, StateStore, clock::Clock, quota::Planner};

/// Sends one request. Layers wrap it; connectors never implement it.
///
/// A test implements it to answer from a script:
///
/// ```
/// use std::sync::Arc;
/// use async_trait::async_trait;
/// use sentia_core::{Result, transport::{Http, Request, Response, Transport}};
///
/// #[derive(Debug)]
/// struct Always(&'static str);
///
/// #[async_trait]
/// impl Transport for Always {
///     async fn call(&self, _: Request) -> Result<Response> {
///         Ok(Response::new(http::StatusCode::OK, http::HeaderMap::new(), self.0.into()))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let http = Http::new(Arc::new(Always(r#"{"name":"acme"}"#)));
/// let answer: serde_json::Value = http.get("https://api.example/shop").send().await?.json()?;
/// assert_eq!(answer["name"], "acme");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends `request` and returns a response that its vendor's table accepted.
    ///
    /// # Errors
    /// As classified by [`Request::classify`], or `Timeout` and `Unavailable` for what happened on the way.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the request; whether the vendor saw it is unknown.
    async fn call(&self, request: Request) -> Result<Response>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        (**self).call(request).await
    }
}

/// What each layer may do. A layer that is not wanted is given a policy that never acts.
#[derive(Debug, Clone)]
pub struct TransportPolicy {
    /// The longest a call may take with all its attempts and waits.
    /// Default 15 minutes. Beyond it: `Timeout`, exhausted.
    pub deadline: Duration,
    /// Attempts and delays.
    pub retry: RetryPolicy,
    /// When to stop asking for a while.
    pub breaker: BreakerPolicy,
    /// The vendor's limits.
    /// Default none. A pipeline puts its connector's here.
    pub limits: Vec<Limit>,
    /// The vendor's limits for the app over all of its connections. A pipeline puts its connector's here.
    pub app: Option<AppLimits>,
    /// The most calls of this stack that are on their way at once, whatever the vendor grants: a connection takes no more
    /// sockets of this process. Default 64. Further calls wait; a vendor's own limit on calls at once is among
    /// [`limits`](Self::limits).
    pub max_at_once: usize,
    /// The longest one attempt may take.
    /// Default 60 s, the whole body included. Beyond it: `Timeout`, temporary.
    pub timeout: Duration,
    /// The largest body accepted, in bytes.
    /// Default 128 MiB, decompressed. Beyond it: `InvalidResponse`.
    pub max_body_bytes: usize,
}

impl TransportPolicy {
    /// This policy under the limits of a connector, unless its pacing is off.
    pub(crate) fn limited_by(self, info: &ConnectorInfo) -> Self {
        let kept = (info.pacing == Pacing::Vendor).then(|| (info.limits.clone(), info.app.clone()));
        let (limits, app) = kept.unwrap_or_default();
        let named =
            |limits: AppLimits| AppLimits { app: format!("{}/{}", info.vendor, limits.app), ..limits };
        TransportPolicy { limits, app: app.map(named), ..self }
    }
}

impl Default for TransportPolicy {
    fn default() -> Self {
        TransportPolicy {
            deadline: Duration::from_secs(15 * 60),
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
            limits: Vec::new(),
            app: None,
            max_at_once: 64,
            timeout: Duration::from_secs(60),
            max_body_bytes: 128 << 20,
        }
    }
}

/// The whole stack, with what it counts and knows. Clones share it.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use sentia_core::{clock::SystemClock, transport::{Health, RetryPolicy, Stack, TransportPolicy}};
///
/// let policy = TransportPolicy {
///     timeout: Duration::from_secs(20),
///     retry: RetryPolicy { max_attempts: 3, ..RetryPolicy::default() },
///     ..TransportPolicy::default()
/// };
/// let stack = Stack::new(policy, Arc::new(SystemClock))?;
/// assert_eq!((stack.meter.usage().calls, stack.breakers.health()), (0, Health::Up));
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its outermost layer.
    pub transport: Arc<dyn Transport>,
    /// What was spent through it.
    pub meter: Meter,
    /// Which classes of calls pass.
    pub breakers: Breakers,
    /// What the account's budgets have left, and what waits for them.
    pub planner: Planner,
    /// What the app's budgets over all connections have left, where it has such.
    pub app: Option<Planner>,
}

impl Stack {
    /// Builds it, with budgets of its own.
    ///
    /// # Errors
    /// `ConfigInvalid` when the machine's TLS roots cannot be loaded.
    pub fn new(policy: TransportPolicy, clock: Arc<dyn Clock>) -> Result<Self> {
        let send = send::Send::new(policy.max_body_bytes)?;
        Ok(Self::around(send, policy, clock))
    }

    /// Builds it around what sends instead of the socket: another client, answers from a script, a bench's stub.
    pub fn around(innermost: impl Transport, policy: TransportPolicy, clock: Arc<dyn Clock>) -> Self {
        let budgets = Budgets {
            account: Planner::new(policy.limits.clone(), clock.clone()),
            app: policy.app.clone().map(|app| Planner::new(app.limits, clock.clone())),
        };
        let breakers = Breakers::new(policy.breaker.clone(), clock.clone());
        Self::over(innermost, policy, clock, budgets, breakers)
    }

    /// Builds it, with the budgets and breakers of `account`, which all stacks over the same store share.
    ///
    /// `account` names whose limits they are: a pipeline takes `TENANT/CONNECTION`. The states are kept as
    /// `quota/ACCOUNT` and `breaker/ACCOUNT/CLASS`, those of an app as `quota/app:VENDOR/APP`. While the store fails each stack goes on alone and warns once.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn shared(
        policy: TransportPolicy,
        clock: Arc<dyn Clock>,
        states: Arc<dyn StateStore>,
        account: &str,
    ) -> Result<Self> {
        let send = send::Send::new(policy.max_body_bytes)?;
        Ok(Self::shared_around(send, policy, clock, states, account))
    }

    /// As [`shared`](Self::shared), around what sends instead of the socket.
    pub fn shared_around(
        innermost: impl Transport,
        policy: TransportPolicy,
        clock: Arc<dyn Clock>,
        states: Arc<dyn StateStore>,
        account: &str,
    ) -> Self {
        let shared = |limits: Vec<Limit>, of: &str| {
            Planner::shared(limits, clock.clone(), states.clone(), &format!("quota/{of}"))
        };
        let budgets = Budgets {
            account: shared(policy.limits.clone(), account),
            app: policy.app.clone().map(|app| shared(app.limits, &format!("app:{}", app.app))),
        };
        let prefix = format!("breaker/{account}");
        let breakers = Breakers::shared(policy.breaker.clone(), clock.clone(), states.clone(), &prefix);
        Self::over(innermost, policy, clock, budgets, breakers)
    }

    /// The order is fixed here and nowhere else.
    fn over(
        innermost: impl Transport,
        policy: TransportPolicy,
        clock: Arc<dyn Clock>,
        budgets: Budgets,
        breakers: Breakers,
    ) -> Self {
        let meter = Meter::default();
        let counted = metrics::Sent::new(innermost, meter.clone());
        let timed = timeout::Timeout::new(counted, policy.timeout);
        let paced = rate_limit::RateLimit::new(timed, budgets.clone(), breakers.clone(), policy.max_at_once);
        let broken = circuit_breaker::CircuitBreaker::new(paced, breakers.clone());
        let retried = retry::Retry::new(broken, policy.retry, clock, meter.clone());
        let bounded = deadline::Deadline::new(retried, policy.deadline, meter.clone());
        let transport = Arc::new(trace::Trace::new(metrics::Metrics::new(bounded, meter.clone())));
        Stack { transport, meter, breakers, planner: budgets.account, app: budgets.app }
    }

    /// Gives back what this process holds of budgets and does not use; see [`Planner::release`].
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn release(&self) {
        self.planner.release().await;
        if let Some(app) = &self.app {
            app.release().await;
        }
    }

    /// What connectors type, through it.
    pub fn http(&self) -> Http {
        Http::new(self.transport.clone())
    }
}

/// A transport made of a closure, for the layers' own tests.
#[cfg(test)]
pub(crate) mod scripted {
    use std::sync::Mutex;

    use super::*;

    /// Answers from a script, one entry per call, and counts the calls.
    pub(crate) struct Scripted {
        answers: Mutex<std::collections::VecDeque<Result<Response>>>,
        pub(crate) calls: std::sync::atomic::AtomicUsize,
    }

    impl Scripted {
        pub(crate) fn new(answers: impl IntoIterator<Item = Result<Response>>) -> Arc<Self> {
            Arc::new(Scripted {
                answers: Mutex::new(answers.into_iter().collect()),
                calls: Default::default(),
            })
        }

        pub(crate) fn calls(&self) -> usize {
            self.calls.load(std::sync::atomic::Ordering::SeqCst)
        }
    }

    impl fmt::Debug for Scripted {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Scripted")
        }
    }

    #[async_trait]
    impl Transport for Scripted {
        async fn call(&self, _: Request) -> Result<Response> {
            self.calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            self.answers.lock().expect("one test").pop_front().expect("the script covers every call")
        }
    }

    pub(crate) fn request() -> Request {
        Request::new(::http::Method::GET, "http://127.0.0.1/".parse().expect("valid"))
    }

    pub(crate) fn ok() -> Result<Response> {
        Ok(Response::new(::http::StatusCode::OK, Default::default(), Default::default()))
    }
}
