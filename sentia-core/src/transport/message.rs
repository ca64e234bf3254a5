//! The request and the response that travel through the stack.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Extensions, HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{Error, ErrorKind, Result, quota::Urgency, spool::SpoolTo};

/// The vendor's table: turns a response that is not what was asked for into a classified error, and notes what
/// the response says about quota.
///
/// It runs for every response, also for those of status 200: some vendors report errors under it. What it found in the
/// body on its way it may leave in [`Response::extensions`], so that a connector need not look for it again.
pub type Classify = fn(&mut Response) -> Result<()>;

/// Whether a request may be sent again when its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Reading twice is harmless.
    Safe,
    /// A second sending could take effect twice.
    Once,
}

/// What a vendor said about a budget in points.
///
/// Set by the vendor's table on [`Response::quota`]; the rate limit then follows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// Points left now.
    pub available: f64,
    /// Points when full.
    pub maximum: f64,
    /// Points that come back each second.
    pub restore_per_second: f64,
}

/// One request. `Debug` shows neither headers nor body.
#[derive(Clone)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Full URL.
    pub url: Url,
    /// Headers; secrets among them are marked sensitive.
    pub headers: HeaderMap,
    /// Body, if any.
    pub body: Option<Bytes>,
    /// The vendor's table.
    pub classify: Classify,
    /// Whether it may be repeated.
    pub repeat: Repeat,
    /// What it costs where the vendor counts points; 1 elsewhere.
    pub cost: f64,
    /// The vendor's name for what is asked, where limits are per operation; empty elsewhere.
    pub operation: &'static str,
    /// How soon it is wanted, among the calls that wait for the same budgets.
    pub urgency: Urgency,
    /// Where the body goes instead of into memory.
    pub spool: Option<SpoolTo>,
}

impl Request {
    /// A request that may be repeated, without headers and body, judged by status alone.
    pub fn new(method: Method, url: Url) -> Self {
        Request {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            classify: by_status,
            repeat: Repeat::Safe,
            cost: 1.0,
            operation: "",
            urgency: Urgency::default(),
            spool: None,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may carry personal data or a signature; the path names the endpoint well enough.
        write!(f, "{} {}{}", self.method, self.url.host_str().unwrap_or_default(), self.url.path())
    }
}

/// One response with its whole body.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decompressed; empty where it was spooled.
    pub body: Bytes,
    /// Bytes of the body that were spooled.
    pub spooled: u64,
    /// What the vendor's table read about quota.
    pub quota: Option<Quota>,
    /// What the vendor's table read about the rate of this operation, in calls per second.
    pub rate: Option<f64>,
    /// What the vendor's table read about calls left, by the spans of their limits.
    pub left: Vec<(std::time::Duration, u64)>,
    /// The same for the limits of the app over all of its connections.
    pub left_of_app: Vec<(std::time::Duration, u64)>,
    /// How long the vendor took, the whole body included; waiting for one's turn is no part of it.
    pub took: std::time::Duration,
    /// What the vendor's table left for its connector, by type.
    pub extensions: Extensions,
}

impl Response {
    /// A response of these parts.
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Response {
            status,
            headers,
            body,
            spooled: 0,
            quota: None,
            rate: None,
            left: Vec::new(),
            left_of_app: Vec::new(),
            took: std::time::Duration::ZERO,
            extensions: Extensions::new(),
        }
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The vendor's clock, from the `Date` header.
    pub fn date(&self) -> Option<DateTime<Utc>> {
        let date = DateTime::parse_from_rfc2822(self.header("date")?).ok()?;
        Some(date.with_timezone(&Utc))
    }

    /// How long the vendor asks to wait: `Retry-After` in whole or decimal seconds, or as a date.
    ///
    /// A date is compared with the response's own `Date`, so a difference between the clocks does not matter. `None` for what
    /// reads as neither.
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::{Extensions, HeaderMap, StatusCode, header::RETRY_AFTER};
    /// use sentia_core::transport::Response;
    ///
    /// let headers = HeaderMap::from_iter([(RETRY_AFTER, "2.5".parse().expect("ASCII"))]);
    /// let response = Response::new(StatusCode::TOO_MANY_REQUESTS, headers, "".into());
    /// assert_eq!(response.retry_after(), Some(Duration::from_millis(2500)));
    /// ```
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return std::time::Duration::try_from_secs_f64(seconds).ok();
        }
        let until = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
        (until - self.date()?).to_std().ok()
    }

    /// Decodes the body.
    ///
    /// # Errors
    /// `InvalidResponse` with the first 512 bytes as context. It is temporary: a body cut off on its way is the
    /// usual reason, and a second read tells.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| self.invalid("the body is not the JSON expected").source(error))
    }

    /// An `InvalidResponse` about this response.
    ///
    /// It is temporary, with the status and the first 512 bytes of the body as context.
    pub fn invalid(&self, message: &'static str) -> Error {
        Error::new(ErrorKind::InvalidResponse, message)
            .temporary()
            .context("status", self.status.as_u16())
            .context("body", body_excerpt(&self.body))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// The first 512 bytes of a body, printable, for an error's context.
pub fn body_excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(512)]);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The table for vendors that mean by a status what HTTP means by it.
pub(super) fn by_status(response: &mut Response) -> Result<()> {
    let (kind, message) = match response.status.as_u16() {
        200..=299 => return Ok(()),
        300..=399 => (ErrorKind::InvalidResponse, "the vendor redirects; check the base URL"),
        401 => (ErrorKind::Unauthenticated, "the vendor does not accept the credentials"),
        403 => (ErrorKind::PermissionDenied, "the credentials do not reach this far"),
        404 => (ErrorKind::NotFound, "the vendor does not know this path"),
        408 | 504 => (ErrorKind::Timeout, "the vendor took too long"),
        429 => (ErrorKind::RateLimited, "too many calls"),
        500..=599 => (ErrorKind::Unavailable, "the vendor has a problem"),
        _ => (ErrorKind::InvalidResponse, "the vendor refused the request"),
    };
    let mut error = Error::new(kind, message)
        .context("status", response.status.as_u16())
        .context("body", body_excerpt(&response.body));
    if let Some(wait) = response.retry_after() {
        error = error.retry_after(wait);
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn response(headers: &[(&'static str, &'static str)]) -> Response {
        let mut map = HeaderMap::new();
        headers.iter().for_each(|(name, value)| {
            map.insert(*name, value.parse().expect("ascii"));
        });
        Response::new(StatusCode::TOO_MANY_REQUESTS, map, Bytes::new())
    }

    #[test]
    fn retry_after_in_all_its_spellings() {
        assert_eq!(response(&[("retry-after", "2.0")]).retry_after(), Some(Duration::from_secs(2)));
        let date = response(&[
            ("date", "Sun, 01 Mar 2026 10:00:00 GMT"),
            ("retry-after", "Sun, 01 Mar 2026 10:00:30 GMT"),
        ]);
        assert_eq!(date.retry_after(), Some(Duration::from_secs(30)));
        assert_eq!(response(&[("retry-after", "-1")]).retry_after(), None);
        assert_eq!(response(&[("retry-after", "soon")]).retry_after(), None);
    }

    #[test]
    fn a_request_prints_no_query_and_no_header() {
        let url = "https://api.example/orders?token=secret".parse().expect("valid");
        assert_eq!(format!("{:?}", Request::new(Method::GET, url)), "GET api.example/orders");
    }
}
