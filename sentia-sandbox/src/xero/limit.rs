//! Xero's limits: calls a minute, calls a day, calls at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

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

/// Fixed windows that begin with the clock's minute and UTC day: one set for each organisation, one for the app.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) limits: XeroLimits,
    tenants: HashMap<Uuid, Windows>,
    app_minute: (i64, u32),
}

#[derive(Debug, Default)]
struct Windows {
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
    /// By the spans of the limits of one organisation.
    pub(crate) fn left(self) -> Vec<(Duration, u64)> {
        let of = |seconds, calls: u32| (Duration::from_secs(seconds), u64::from(calls));
        vec![of(60, self.minute), of(86_400, self.day)]
    }

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
    AppMinute,
    Concurrent,
}

impl Problem {
    /// The answer; `app_minute` is how the limit over all organisations is spelled. Only minute and day say when to
    /// come back.
    pub(crate) fn reply(self, app_minute: &'static str) -> Reply {
        let reply = Reply::new(429, "text/html; charset=utf-8", "");
        let (word, retry_after) = match self {
            Self::Minute { retry_after } => ("minute", Some(retry_after)),
            Self::Day { retry_after } => ("day", Some(retry_after)),
            Self::AppMinute => (app_minute, None),
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
    /// Counts a call to an organisation that begins now; a call over a limit is refused and not counted.
    pub(crate) fn begin(
        &mut self,
        tenant: Uuid,
        now: DateTime<Utc>,
        lifted: bool,
    ) -> (Result<Running, Problem>, Remaining) {
        let seconds = now.timestamp();
        let (minute, day) = (seconds.div_euclid(60), seconds.div_euclid(86_400));
        let (limits, app) = (self.limits, &mut self.app_minute);
        let windows = self.tenants.entry(tenant).or_default();
        if app.0 != minute {
            *app = (minute, 0);
        }
        if windows.minute.0 != minute {
            windows.minute = (minute, 0);
        }
        if windows.day.0 != day {
            windows.day = (day, 0);
        }
        let problem = if lifted { None } else { windows.problem(limits, app.1, seconds) };
        if problem.is_none() {
            app.1 += 1;
            windows.minute.1 += 1;
            windows.day.1 += 1;
            windows.running.fetch_add(1, Ordering::AcqRel);
        }
        let result = problem.map_or_else(|| Ok(Running(Arc::clone(&windows.running))), Err);
        let left = |limit: u32, used: u32| limit.saturating_sub(if lifted { 0 } else { used });
        let remaining = Remaining {
            minute: left(limits.minute, windows.minute.1),
            day: left(limits.day, windows.day.1),
            app_minute: left(limits.app_minute, app.1),
        };
        (result, remaining)
    }
}

impl Windows {
    fn problem(&self, limits: XeroLimits, app_minute: u32, seconds: i64) -> Option<Problem> {
        let (to_minute, to_day) = (60 - seconds.rem_euclid(60), 86_400 - seconds.rem_euclid(86_400));
        if self.day.1 >= limits.day {
            Some(Problem::Day { retry_after: to_day })
        } else if self.minute.1 >= limits.minute {
            Some(Problem::Minute { retry_after: to_minute })
        } else if app_minute >= limits.app_minute {
            Some(Problem::AppMinute)
        } else if self.running.load(Ordering::Acquire) >= limits.concurrent {
            Some(Problem::Concurrent)
        } else {
            None
        }
    }
}
