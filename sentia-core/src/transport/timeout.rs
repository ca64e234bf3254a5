//! Bounds one attempt, and notes how long it took.
//!
//! It stands inside retry and rate limit: waiting for one's turn is no timeout.

use std::time::Duration;

use async_trait::async_trait;

use super::{Request, Response, Transport};
use crate::{Error, ErrorKind, Result};

#[derive(Debug)]
pub(super) struct Timeout<T> {
    inner: T,
    limit: Duration,
}

impl<T> Timeout<T> {
    pub(super) fn new(inner: T, limit: Duration) -> Self {
        Timeout { inner, limit }
    }
}

#[async_trait]
impl<T: Transport> Transport for Timeout<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        // A download is as long as its file.
        let limit = if request.spool.is_some() { self.limit * 10 } else { self.limit };
        let sent = tokio::time::Instant::now();
        match tokio::time::timeout(limit, self.inner.call(request)).await {
            Ok(outcome) => outcome.map(|response| Response { took: sent.elapsed(), ..response }),
            Err(_) => Err(Error::new(ErrorKind::Timeout, format!("no answer within {limit:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::scripted::request, *};

    #[derive(Debug)]
    struct Never;

    #[async_trait]
    impl Transport for Never {
        async fn call(&self, _: Request) -> Result<Response> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_hangs_is_a_timeout() {
        let error = Timeout::new(Never, Duration::from_secs(30)).call(request()).await.expect_err("hangs");
        assert_eq!(error.to_string(), "timeout: no answer within 30s");
        assert!(error.is_temporary());
    }
}
