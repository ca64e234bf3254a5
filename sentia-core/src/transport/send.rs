//! The only place that opens a socket.
//!
//! TLS is rustls with the system's roots. Redirects are not followed, bodies are read whole up to a bound or spooled to
//! a file, and the vendor's table is asked last, so that every layer above sees a classified error or a good response.

use async_trait::async_trait;
use bytes::BytesMut;

use super::{Request, Response, Transport};
use crate::{Error, ErrorKind, Result};

#[derive(Debug)]
pub(super) struct Send {
    client: reqwest::Client,
    max_body_bytes: usize,
}

impl Send {
    #[allow(clippy::disallowed_methods, reason = "this is the module that owns the HTTP client")]
    pub(super) fn new(max_body_bytes: usize) -> Result<Self> {
        // Redirects are refused: a vendor that redirects a renamed shop would receive the token of another
        // (airbyte pull request 42095). Retries of the client are off, so that our policy counts every attempt.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("sentia/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| {
                Error::new(ErrorKind::ConfigInvalid, "no HTTP client; check the TLS roots").source(e)
            })?;
        Ok(Send { client, max_body_bytes })
    }

    async fn exchange(&self, request: Request) -> Result<Response> {
        let is_post = request.method == http::Method::POST;
        let mut outgoing = self.client.request(request.method, request.url).headers(request.headers);
        outgoing = match request.body {
            Some(body) => outgoing.body(body),
            // The client leaves the length out where there is no body, and servers answer that with 411.
            None if is_post => outgoing.header(http::header::CONTENT_LENGTH, 0),
            None => outgoing,
        };
        let mut incoming = outgoing.send().await.map_err(unreachable)?;
        if let Some(target) = request.spool.filter(|_| incoming.status().is_success()) {
            let mut file = target.create()?;
            while let Some(chunk) = incoming.chunk().await.map_err(unreachable)? {
                file.append(&chunk)?;
            }
            let spooled = file.finish()?;
            let headers = std::mem::take(incoming.headers_mut());
            return Ok(Response {
                spooled,
                ..Response::new(incoming.status(), headers, bytes::Bytes::new())
            });
        }
        let expected = incoming.content_length().map_or(0, |length| length as usize);
        let mut body = BytesMut::with_capacity(expected.min(self.max_body_bytes));
        while let Some(chunk) = incoming.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > self.max_body_bytes {
                return Err(Error::new(
                    ErrorKind::InvalidResponse,
                    "body larger than allowed; ask for smaller pages",
                )
                .context("max_body_bytes", self.max_body_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response::new(incoming.status(), std::mem::take(incoming.headers_mut()), body.freeze()))
    }
}

#[async_trait]
impl Transport for Send {
    async fn call(&self, request: Request) -> Result<Response> {
        let classify = request.classify;
        let mut response = self.exchange(request).await?;
        classify(&mut response)?;
        Ok(response)
    }
}

fn unreachable(error: reqwest::Error) -> Error {
    let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Unavailable };
    let message = if error.is_connect() { "no connection to the vendor" } else { "the connection broke" };
    // The URL may carry a signature or personal data in its query.
    Error::new(kind, message).source(error.without_url())
}
