//! Waits until the account's budgets let a call go, and tells them what its answer says.
//!
//! What decides is the [`Planner`]; this layer speaks to it for a call.

use async_trait::async_trait;

use super::{Request, Response, Transport};
use crate::{
    ErrorKind, Result,
    quota::{Claim, Planner, Refused, Seen},
};

/// What an error's context `limit` says when too many calls were going on at once.
const AT_ONCE: &str = "concurrent";

#[derive(Debug)]
pub(super) struct RateLimit<T> {
    inner: T,
    planner: Planner,
}

impl<T> RateLimit<T> {
    pub(super) fn new(inner: T, planner: Planner) -> Self {
        RateLimit { inner, planner }
    }
}

/// What an outcome says about budgets.
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
        let permit = self.planner.acquire(claim).await?;
        let outcome = self.inner.call(request).await;
        permit.answered(seen(&outcome));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Limit, Quota,
            scripted::{Scripted, ok, request},
        },
        *,
    };
    use std::{sync::Arc, time::Duration};

    use chrono::{DateTime, Utc};

    use crate::{
        Error,
        clock::{Clock, ManualClock},
    };

    fn limited(
        answers: Arc<Scripted>,
        limits: Vec<Limit>,
        clock: &Arc<ManualClock>,
    ) -> RateLimit<Arc<Scripted>> {
        RateLimit::new(answers, Planner::new(limits, clock.clone()))
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
