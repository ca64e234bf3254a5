//! What can be seen of budgets: levels, forecasts, and what a claim waits for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    Claim,
    bucket::Bucket,
    estimator::Range,
    ledger::{self, Ledger},
    process::at,
    window::{Bounds, Millis},
};
use crate::transport::Limit;

/// How full a limit is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// What it bounds, for instance `calls per day`, `cost points`, `operation searchOrders`, `calls at once`.
    pub limit: String,
    /// Units taken: calls, points or bytes.
    pub used: f64,
    /// Units in all.
    pub of: f64,
    /// When a routine call may take the next one.
    pub next: DateTime<Utc>,
    /// When all will be taken at the pace of the window so far; none when more comes back than is used. For windows of a day and
    /// longer.
    pub spent_by: Option<DateTime<Utc>>,
}

/// What a claim waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The claim.
    pub claim: Claim,
    /// The limit, or `its turn` behind others.
    pub limit: String,
    /// Until when at least; none when another call's end decides it.
    pub until: Option<DateTime<Utc>>,
}

/// The shortest window that is forecast, in milliseconds.
const DAY: f64 = 86_400_000.0;

pub(super) fn of(ledger: &mut Ledger, limit: &Limit, busy: usize, now: Millis) -> Level {
    let name = ledger::name(limit);
    match *limit {
        Limit::Calls { calls, per } => window(ledger, limit, u64::from(calls), per, now),
        Limit::Bytes { bytes, per } => window(ledger, limit, bytes, per, now),
        Limit::Points { maximum, restore_per_second } => {
            bucket(name, ledger.bucket(limit, (maximum, restore_per_second), now), now)
        }
        Limit::Operation { per_second, burst, .. } => {
            bucket(name, ledger.bucket(limit, (burst.into(), per_second), now), now)
        }
        Limit::Learned { per_second, floor, ceiling } => {
            let learned = ledger.learned(per_second, Range { floor, ceiling }, now);
            let ((available, of), next) = (learned.level(now), at(learned.free_at(now)));
            Level { limit: name, used: of - available, of, next, spent_by: None }
        }
        Limit::Concurrent(most) => {
            let of = ledger.permits.limit(most) as f64;
            let used = ledger.permits.used().max(busy) as f64;
            Level { limit: name, used, of, next: at(now), spent_by: None }
        }
    }
}

fn bucket(limit: String, bucket: &mut Bucket, now: Millis) -> Level {
    let (available, maximum) = bucket.level(now);
    Level {
        limit,
        used: maximum - available,
        of: maximum,
        next: at(bucket.free_at(1.0, 0.0, now)),
        spent_by: None,
    }
}

fn window(ledger: &mut Ledger, limit: &Limit, most: u64, per: Duration, now: Millis) -> Level {
    let bounds = Bounds::new(most, per);
    let window = ledger.window(limit);
    let used = window.used(bounds, now);
    let next = at(window.free_at(bounds, false, now, now));
    let span = per.as_secs_f64() * 1000.0;
    // At a pace that the whole window bears, what comes back covers what is used.
    let sustained = most as f64 * DAY / span;
    let pace = window.pace(bounds, now).filter(|pace| span >= DAY && *pace > sustained);
    let left = most.saturating_sub(used) as f64;
    let spent_by = pace.map(|pace| at(now + (left / pace * DAY) as Millis));
    Level { limit: ledger::name(limit), used: used as f64, of: most as f64, next, spent_by }
}
