//! A vendor's limits, as its connector declares them.

use std::time::Duration;

use url::{Host, Url};

use crate::{Error, ErrorKind, Result};

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
    /// At most `calls` within any span of `per`, so also within fixed windows wherever they begin.
    Calls {
        /// How many calls.
        calls: u32,
        /// Within which span.
        per: Duration,
    },
    /// At most so many bytes of answers within any span of `per`, where the vendor counts them or bills them.
    /// Known only when an answer has come, so one answer may go beyond it.
    Bytes {
        /// How many bytes.
        bytes: u64,
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
    /// A rate that no document tells, or that moves: found from answers, and followed.
    Learned {
        /// The guess to begin with, calls per second.
        per_second: f64,
        /// It is never slower than this.
        floor: f64,
        /// It is never faster than this.
        ceiling: f64,
    },
    /// At most so many calls at once.
    /// Counted from the end of pacing to the end of the answer's body.
    Concurrent(usize),
}

/// Limits that a vendor keeps for an app over all accounts that it is connected to.
///
/// All connections of the app that share a store share these budgets, whichever tenants they belong to. A call waits for
/// its account's budgets first and for the app's then.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::{ConnectorInfo, transport::{AppLimits, Limit}};
///
/// let minute = Limit::Calls { calls: 10_000, per: Duration::from_secs(60) };
/// let info = ConnectorInfo::new("books").app(AppLimits { app: "client-7".into(), limits: vec![minute] });
/// assert_eq!(info.app.expect("given").limits.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AppLimits {
    /// The vendor's public name of the app: a client id, never a secret.
    pub app: String,
    /// Its limits.
    pub limits: Vec<Limit>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pacing_off_is_for_loopback() {
        let check = |url: &str| Pacing::Off.check(&url.parse().expect("url")).is_ok();
        assert!(check("http://127.0.0.1:1/") && check("http://[::1]/") && check("http://localhost:9/"));
        assert!(!check("https://api.xero.com/") && !check("http://10.0.0.1/"));
    }
}
