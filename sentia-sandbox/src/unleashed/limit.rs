//! Unleashed's limits: calls a calendar month, and calls a minute.

use chrono::{DateTime, Datelike, Utc};

use super::habits::UnleashedHabits;
use super::server::description;
use crate::reply::Reply;

/// How many calls an account may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnleashedLimits {
    /// Calls in one month of UTC, by plan (125,000, 250,000 or 500,000). After that every call is blocked until the
    /// first of the next month.
    pub month: u32,
    /// Calls in one minute (120, which is a guess: the vendor documents none).
    pub minute: u32,
}

impl Default for UnleashedLimits {
    fn default() -> Self {
        Self { month: 125_000, minute: 120 }
    }
}

/// Fixed windows that begin with the clock's month and minute.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) limits: UnleashedLimits,
    month: ((i32, u32), u32),
    minute: (i64, u32),
}

impl Meter {
    /// Calls of the present month so far.
    pub(crate) fn this_month(&mut self, now: DateTime<Utc>) -> u32 {
        let month = (now.year(), now.month());
        if self.month.0 != month {
            self.month = (month, 0);
        }
        self.month.1
    }

    pub(crate) fn set_this_month(&mut self, now: DateTime<Utc>, calls: u32) {
        self.month = ((now.year(), now.month()), calls);
    }

    /// Counts a call; one over a limit is refused and not counted.
    pub(crate) fn begin(
        &mut self,
        now: DateTime<Utc>,
        lifted: bool,
        habits: &UnleashedHabits,
    ) -> Result<(), Reply> {
        let used = self.this_month(now);
        let minute = now.timestamp().div_euclid(60);
        if self.minute.0 != minute {
            self.minute = (minute, 0);
        }
        if !lifted && used >= self.limits.month {
            return Err(quota(habits));
        }
        if !lifted && self.minute.1 >= self.limits.minute {
            return Err(throttle(Some(60 - now.timestamp().rem_euclid(60))));
        }
        self.month.1 += 1;
        self.minute.1 += 1;
        Ok(())
    }
}

/// The month is used up. Nothing says when it ends.
pub(crate) fn quota(habits: &UnleashedHabits) -> Reply {
    let status = habits.quota_status;
    description(status, &format!("({status}) The API usage limit of this account has been reached."))
}

pub(crate) fn throttle(retry_after: Option<i64>) -> Reply {
    let reply = description(429, "(429) Too Many Requests.");
    match retry_after {
        Some(seconds) => reply.header("retry-after", seconds.to_string()),
        None => reply,
    }
}
