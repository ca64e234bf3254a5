//! One event per call: endpoint, outcome, bytes. Never a header, query or body.
//!
//! A call that was repeated is one event here; the retry layer tells of each repetition.

use async_trait::async_trait;

use super::{Request, Response, Transport};
use crate::Result;

#[derive(Debug)]
pub(super) struct Trace<T>(T);

impl<T> Trace<T> {
    pub(super) fn new(inner: T) -> Self {
        Trace(inner)
    }
}

#[async_trait]
impl<T: Transport> Transport for Trace<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        let endpoint = format!("{request:?}");
        let outcome = self.0.call(request).await;
        match &outcome {
            Ok(response) => {
                tracing::debug!(
                    endpoint,
                    status = response.status.as_u16(),
                    bytes = response.body.len(),
                    "answered"
                );
            }
            Err(error) => tracing::debug!(endpoint, kind = error.kind().code(), "failed"),
        }
        outcome
    }
}
