//! Bounds a call with all its attempts and waits.
//!
//! It stands outside retry and rate limit: without it a call could wait as long as a limit's span, a day for some.

use std::time::Duration;

use async_trait::async_trait;

use super::{Meter, Request, Response, Transport};
use crate::{Error, ErrorKind, Result};

#[derive(Debug)]
pub(super) struct Deadline<T> {
    inner: T,
    limit: Duration,
    meter: Meter,
}

impl<T> Deadline<T> {
    pub(super) fn new(inner: T, limit: Duration, meter: Meter) -> Self {
        Deadline { inner, limit, meter }
    }
}

#[async_trait]
impl<T: Transport> Transport for Deadline<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        match tokio::time::timeout(self.limit, self.inner.call(request)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.meter.deadline();
                tracing::info!(limit_ms = self.limit.as_millis() as u64, "deadline");
                let message = format!("gave up after {:?} of attempts and waits", self.limit);
                Err(Error::new(ErrorKind::Timeout, message).exhausted())
            }
        }
    }
}
