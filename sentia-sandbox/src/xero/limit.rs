//! Xero's limits: calls a minute, calls a day, calls at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};

use crate::reply::Reply;

/// How many calls an app may make to one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XeroLimits {
    /// Calls in one minute (60).
    pub minute: u32,
    /// Calls in one day (5,000; 1,000 on the Starter tier).
    pub day: u32,
    /// Calls at once (5).
    pub concurrent: u32,
    /// Calls of the app in one minute over all organisations (10,000).
    pub app_minute: u32,
}

impl Default for XeroLimits {
    fn default() -> Self {
        Self { minute: 60, day: 5_000, concurrent: 5, app_minute: 10_000 }
    }
}

/// Fixed windows that begin with the clock's minute and UTC day.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) limits: XeroLimits,
    minute: (i64, u32),
    day: (i64, u32),
    running: Arc<AtomicU32>,
}

/// A call in flight; dropping it ends the call.
#[derive(Debug)]
pub(crate) struct Running(Arc<AtomicU32>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What is left after a call, as the three headers tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remaining {
    minute: u32,
    day: u32,
    app_minute: u32,
}

impl Remaining {
    pub(crate) fn onto(self, reply: Reply) -> Reply {
        reply
            .header("x-minlimit-remaining", self.minute.to_string())
            .header("x-daylimit-remaining", self.day.to_string())
            .header("x-appminlimit-remaining", self.app_minute.to_string())
    }
}

/// A limit that was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    Minute { retry_after: i64 },
    Day { retry_after: i64 },
    AppMinute { retry_after: i64 },
    Concurrent,
}

impl Problem {
    pub(crate) fn reply(self) -> Reply {
        let reply = Reply::new(429, "text/html; charset=utf-8", "");
        let (word, retry_after) = match self {
            Self::Minute { retry_after } => ("minute", Some(retry_after)),
            Self::Day { retry_after } => ("day", Some(retry_after)),
            Self::AppMinute { retry_after } => ("appminute", Some(retry_after)),
            Self::Concurrent => ("concurrent", None),
        };
        let reply = reply.header("x-rate-limit-problem", word);
        match retry_after {
            Some(seconds) => reply.header("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}

impl Meter {
    /// Counts a call that begins now; a call over a limit is refused and not counted.
    pub(crate) fn begin(
        &mut self,
        now: DateTime<Utc>,
        lifted: bool,
    ) -> (Result<Running, Problem>, Remaining) {
        let seconds = now.timestamp();
        let (minute, day) = (seconds.div_euclid(60), seconds.div_euclid(86_400));
        if self.minute.0 != minute {
            self.minute = (minute, 0);
        }
        if self.day.0 != day {
            self.day = (day, 0);
        }
        let problem = if lifted { None } else { self.problem(seconds) };
        if problem.is_none() {
            self.minute.1 += 1;
            self.day.1 += 1;
            self.running.fetch_add(1, Ordering::AcqRel);
        }
        let result = problem.map_or_else(|| Ok(Running(Arc::clone(&self.running))), Err);
        let left = |limit: u32, used: u32| limit.saturating_sub(if lifted { 0 } else { used });
        let remaining = Remaining {
            minute: left(self.limits.minute, self.minute.1),
            day: left(self.limits.day, self.day.1),
            app_minute: left(self.limits.app_minute, self.minute.1),
        };
        (result, remaining)
    }

    fn problem(&self, seconds: i64) -> Option<Problem> {
        let (to_minute, to_day) = (60 - seconds.rem_euclid(60), 86_400 - seconds.rem_euclid(86_400));
        if self.day.1 >= self.limits.day {
            Some(Problem::Day { retry_after: to_day })
        } else if self.minute.1 >= self.limits.minute {
            Some(Problem::Minute { retry_after: to_minute })
        } else if self.minute.1 >= self.limits.app_minute {
            Some(Problem::AppMinute { retry_after: to_minute })
        } else if self.running.load(Ordering::Acquire) >= self.limits.concurrent {
            Some(Problem::Concurrent)
        } else {
            None
        }
    }
}
