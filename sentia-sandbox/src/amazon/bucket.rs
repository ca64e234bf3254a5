//! Token buckets, one per operation: every call takes a token, and tokens drip back by the twin's clock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::operation::Operation;

/// Parts of a token: ten-thousandths of a call per second, times a thousand milliseconds.
const PARTS: u64 = 10_000_000;

/// All buckets of one application and one seller.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    levels: HashMap<Operation, (u64, DateTime<Utc>)>,
}

impl Buckets {
    /// Takes a token; false when there is none, and then nothing is taken.
    pub(crate) fn take(&mut self, operation: Operation, now: DateTime<Utc>) -> bool {
        let full = operation.burst() * PARTS;
        let (level, since) = *self.levels.get(&operation).unwrap_or(&(full, now));
        let passed = u64::try_from((now - since).num_milliseconds()).unwrap_or(0);
        let level =
            level.saturating_add(passed.saturating_mul(operation.rate_in_ten_thousandths())).min(full);
        let taken = level >= PARTS;
        self.levels.insert(operation, (if taken { level - PARTS } else { level }, now.max(since)));
        taken
    }

    /// All buckets are full again.
    pub(crate) fn refill(&mut self) {
        self.levels.clear();
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::Buckets;
    use crate::amazon::operation::Operation;

    #[test]
    fn a_token_of_the_orders_search_takes_179_seconds() {
        let (mut buckets, now) = (Buckets::default(), DateTime::UNIX_EPOCH);
        let mut take =
            |millis: i64| buckets.take(Operation::SearchOrders, now + TimeDelta::milliseconds(millis));
        assert_eq!((0..25).filter(|_| take(0)).count(), 20);
        assert!(!take(178_571));
        assert!(take(178_572) && !take(178_572));
        assert!(take(10_000_000_000));
    }
}
