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
    /// Attempts sent, retries included.
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
pub struct Meter(Arc<(AtomicU64, AtomicU64)>);

impl Meter {
    /// What was spent so far.
    pub fn usage(&self) -> Usage {
        Usage { calls: self.0.0.load(Ordering::Relaxed), bytes: self.0.1.load(Ordering::Relaxed) }
    }

    pub(super) fn attempt(&self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

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
        let response = self.inner.call(request).await?;
        let bytes = response.body.len() as u64 + response.spooled;
        self.meter.0.1.fetch_add(bytes, Ordering::Relaxed);
        Ok(response)
    }
}
