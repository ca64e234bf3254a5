//! Counts calls and bytes, for reports and for vendors that bill for egress.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Request, Response, Transport};
use crate::Result;

/// What was spent at a vendor.
///
/// ```
/// use sentia_core::transport::Usage;
///
/// let (before, now) = (Usage { calls: 2, bytes: 100 }, Usage { calls: 5, bytes: 900 });
/// assert_eq!(now.since(before), Usage { calls: 3, bytes: 800 });
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Attempts sent, retries included. What a breaker or a budget refused was not sent.
    pub calls: u64,
    /// Bytes of response bodies, decompressed; spooled ones as they came.
    pub bytes: u64,
}

impl Usage {
    /// What was spent since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Usage) -> Usage {
        Usage { calls: self.calls - earlier.calls, bytes: self.bytes - earlier.bytes }
    }
}

/// A counter shared by a transport and its owner.
///
/// A clone counts into the same place. It only ever grows.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    bytes: AtomicU64,
    asked: AtomicU64,
    answered: AtomicU64,
    retries: AtomicU64,
    gave_up: AtomicU64,
    denied: AtomicU64,
    late: AtomicU64,
}

/// What became of the calls that connectors asked for, and of their attempts.
///
/// ```
/// use std::sync::Arc;
/// use sentia_core::{clock::SystemClock, transport::{CallCounts, Stack, TransportPolicy}};
///
/// let stack = Stack::new(TransportPolicy::default(), Arc::new(SystemClock))?;
/// assert_eq!(stack.meter.counts(), CallCounts::default());
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// Calls asked for.
    pub asked: u64,
    /// Those that ended in an answer the vendor's table accepts. The others failed, go on, or were abandoned.
    pub answered: u64,
    /// Attempts after the first, those that a breaker refused included.
    pub retries: u64,
    /// Calls that failed with their attempts spent, or with a wait longer than the policy's.
    pub gave_up: u64,
    /// Calls that failed because the budget of retries was spent.
    pub retries_denied: u64,
    /// Calls that were ended by their deadline.
    pub deadlines: u64,
}

impl Meter {
    /// What was spent so far.
    pub fn usage(&self) -> Usage {
        Usage { calls: read(&self.0.calls), bytes: read(&self.0.bytes) }
    }

    /// What became of calls so far.
    pub fn counts(&self) -> CallCounts {
        let counters = &self.0;
        CallCounts {
            asked: read(&counters.asked),
            answered: read(&counters.answered),
            retries: read(&counters.retries),
            gave_up: read(&counters.gave_up),
            retries_denied: read(&counters.denied),
            deadlines: read(&counters.late),
        }
    }

    pub(super) fn retry(&self) {
        add(&self.0.retries, 1);
    }

    pub(super) fn gave_up(&self) {
        add(&self.0.gave_up, 1);
    }

    pub(super) fn retry_denied(&self) {
        add(&self.0.denied, 1);
    }

    pub(super) fn deadline(&self) {
        add(&self.0.late, 1);
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// Outermost: counts calls as they are asked for and answered.
#[derive(Debug)]
pub(super) struct Metrics<T> {
    inner: T,
    meter: Meter,
}

impl<T> Metrics<T> {
    pub(super) fn new(inner: T, meter: Meter) -> Self {
        Metrics { inner, meter }
    }
}

#[async_trait]
impl<T: Transport> Transport for Metrics<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        add(&self.meter.0.asked, 1);
        let response = self.inner.call(request).await?;
        add(&self.meter.0.answered, 1);
        add(&self.meter.0.bytes, response.body.len() as u64 + response.spooled);
        Ok(response)
    }
}

/// Innermost: counts what is sent. A call that a breaker or a budget refused is not.
#[derive(Debug)]
pub(super) struct Sent<T> {
    inner: T,
    meter: Meter,
}

impl<T> Sent<T> {
    pub(super) fn new(inner: T, meter: Meter) -> Self {
        Sent { inner, meter }
    }
}

#[async_trait]
impl<T: Transport> Transport for Sent<T> {
    async fn call(&self, request: Request) -> Result<Response> {
        add(&self.meter.0.calls, 1);
        self.inner.call(request).await
    }
}
