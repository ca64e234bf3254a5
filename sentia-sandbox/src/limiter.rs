//! The twins' limiters without their servers: for simulations of days in virtual time.
//!
//! It is the twins' own code that grants and refuses here. What a vendor grants at most is told by closed formulas, for
//! comparison.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::Method;
use uuid::Uuid;

use crate::{
    amazon::{
        bucket::Buckets,
        operation::{Operation, Routed},
    },
    shopify::bucket::{Bucket, CostLimits},
    xero::limit::{Meter, Problem, Running, XeroLimits},
};

/// One account's limits at its vendor.
#[derive(Debug)]
pub struct Limiter(Kind);

#[derive(Debug)]
enum Kind {
    Xero(Meter),
    Shopify(Bucket),
    Amazon(Buckets, Operation),
}

/// A call that a vendor has begun; dropping it ends it.
#[derive(Debug)]
pub struct Granted {
    _running: Option<Running>,
    /// Calls left of the minute and of the day, where the vendor says so.
    pub left: Vec<(Duration, u64)>,
    /// Points left, where the vendor says so.
    pub points: Option<f64>,
}

/// Why a vendor refuses a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Too many calls are going on.
    AtOnce,
    /// Too many calls; where the vendor says for how long.
    TooMany(Option<Duration>),
}

impl Limiter {
    /// An organisation at Xero.
    pub fn xero(limits: XeroLimits) -> Self {
        let mut meter = Meter::default();
        meter.limits = limits;
        Limiter(Kind::Xero(meter))
    }

    /// A Shopify shop.
    pub fn shopify(limits: CostLimits, now: DateTime<Utc>) -> Self {
        let mut bucket = Bucket::new(now);
        bucket.set_limits(limits);
        Limiter(Kind::Shopify(bucket))
    }

    /// The operation of Amazon's that a GET of `path` is; none when there is no such operation.
    pub fn amazon(path: &str) -> Option<Self> {
        match Operation::of(&Method::GET, path) {
            Routed::To(operation, _) => Some(Limiter(Kind::Amazon(Buckets::default(), operation))),
            Routed::WrongMethod | Routed::Unknown => None,
        }
    }

    /// A call arrives. `points` is what it asks for where points are counted, `actual` what it then costs.
    ///
    /// # Errors
    /// The vendor's refusal.
    pub fn begin(&mut self, (points, actual): (u64, u64), now: DateTime<Utc>) -> Result<Granted, Refusal> {
        match &mut self.0 {
            Kind::Xero(meter) => {
                let (begun, remaining) = meter.begin(Uuid::nil(), now, false);
                let running = begun.map_err(|problem| match problem {
                    Problem::Minute { retry_after } | Problem::Day { retry_after } => {
                        Refusal::TooMany(Some(Duration::from_secs(retry_after.unsigned_abs())))
                    }
                    Problem::AppMinute => Refusal::TooMany(None),
                    Problem::Concurrent => Refusal::AtOnce,
                })?;
                Ok(Granted { _running: Some(running), left: remaining.left(), points: None })
            }
            Kind::Shopify(bucket) => {
                if !bucket.take(points, now) {
                    return Err(Refusal::TooMany(None));
                }
                bucket.refund(points.saturating_sub(actual));
                Ok(Granted { _running: None, left: Vec::new(), points: Some(bucket.available().floor()) })
            }
            Kind::Amazon(buckets, operation) => match buckets.take(*operation, now) {
                true => Ok(Granted { _running: None, left: Vec::new(), points: None }),
                false => Err(Refusal::TooMany(None)),
            },
        }
    }

    /// What is granted at most within `span` from a fresh start at the beginning of a day: calls, or points at Shopify.
    pub fn theoretical(&self, span: Duration) -> f64 {
        let seconds = span.as_secs_f64();
        match &self.0 {
            // Fixed windows: each day grants its calls, as far as its minutes do.
            Kind::Xero(meter) => {
                let per_minute = f64::from(meter.limits.minute.min(meter.limits.app_minute));
                let of_day = |seconds: f64| (seconds / 60.0).ceil() * per_minute;
                let day = f64::from(meter.limits.day);
                let days = (seconds / 86_400.0).floor();
                days * day.min(of_day(86_400.0)) + day.min(of_day(seconds - days * 86_400.0))
            }
            Kind::Shopify(bucket) => bucket.limits.maximum + bucket.limits.restore_per_second * seconds,
            Kind::Amazon(_, operation) => {
                operation.burst() as f64 + operation.rate_in_ten_thousandths() as f64 / 10_000.0 * seconds
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    /// What a caller gets who asks at every tenth of a second.
    fn greedy(mut limiter: Limiter, span: Duration) -> (f64, f64) {
        let (mut got, theoretical) = (0.0, limiter.theoretical(span));
        for tick in 0..span.as_millis() as i64 / 100 {
            let now = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(tick * 100);
            while limiter.begin((10, 10), now).is_ok() {
                got += if matches!(limiter.0, Kind::Shopify(_)) { 10.0 } else { 1.0 };
            }
        }
        (got, theoretical)
    }

    #[test]
    fn the_formulas_are_what_a_greedy_caller_gets() {
        let hour = Duration::from_secs(3600);
        let small = XeroLimits { day: 1000, ..XeroLimits::default() };
        let limiters = [
            (Limiter::xero(XeroLimits::default()), hour),
            (Limiter::xero(small), Duration::from_secs(90_000)),
            (Limiter::shopify(CostLimits::default(), DateTime::UNIX_EPOCH), hour),
            (Limiter::amazon("/catalog/2022-04-01/items").expect("known"), hour),
            (Limiter::amazon("/orders/2026-01-01/orders").expect("known"), hour),
        ];
        for (limiter, span) in limiters {
            let name = format!("{limiter:?}");
            let (got, theoretical) = greedy(limiter, span);
            // The last tick's refill is not taken any more.
            assert!(got <= theoretical && got >= theoretical - 15.0, "{got} of {theoretical}: {name}");
        }
    }
}
