//! Microsoft Graph's limits: resource units and requests in fixed windows, calls at once to a mailbox.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::answer::Answer;
use super::settings::MicrosoftGraphLimits;

/// Who answers behind the gateway: each has its own limits and its own words for refusals.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    Directory,
    /// The mailbox as the path names it.
    Outlook(String),
    Files,
    Excel,
    Gateway,
}

impl Service {
    pub(crate) fn of(segments: &[String]) -> Self {
        let names: Vec<&str> = segments.iter().map(String::as_str).collect();
        match names[..] {
            _ if names.contains(&"workbook") => Self::Excel,
            ["sites" | "drives", ..] | ["users", _, "drive" | "drives", ..] => Self::Files,
            ["users", user, _, ..] => Self::Outlook(user.to_owned()),
            ["users", ..] => Self::Directory,
            _ => Self::Gateway,
        }
    }

    /// The code of a 403.
    pub(crate) fn denial(&self) -> &'static str {
        match self {
            Self::Directory | Self::Gateway => "Authorization_RequestDenied",
            Self::Outlook(_) => "ErrorAccessDenied",
            Self::Files | Self::Excel => "accessDenied",
        }
    }
}

/// A call to a mailbox in flight; dropping it ends the call.
#[derive(Debug)]
pub(crate) struct Running(Arc<AtomicU32>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[derive(Debug, Default)]
struct Window {
    index: i64,
    used: u32,
    refused: u32,
}

impl Window {
    /// Counts a call. Refused calls count too: in the next window.
    fn charge(&mut self, seconds: i64, length: i64, cost: u32, limit: u32) -> Result<u32, i64> {
        let index = seconds.div_euclid(length);
        if self.index != index {
            let carried = if index == self.index + 1 { self.refused.min(limit) } else { 0 };
            *self = Self { index, used: carried, refused: 0 };
        }
        if self.used + cost > limit {
            self.refused += cost;
            return Err(length - seconds.rem_euclid(length));
        }
        self.used += cost;
        Ok(self.used)
    }
}

/// All windows.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    pub(crate) limits: MicrosoftGraphLimits,
    windows: HashMap<Service, Window>,
    running: HashMap<String, Arc<AtomicU32>>,
}

/// What a call that may proceed holds and says.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    pub(crate) running: Option<Running>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Limiter {
    /// Admits a call, or answers 429.
    pub(crate) fn begin(
        &mut self,
        now: DateTime<Utc>,
        service: &Service,
        target: &str,
    ) -> Result<Pass, Answer> {
        let seconds = now.timestamp();
        let (length, cost, limit) = match service {
            Service::Directory => (10, directory_cost(target), self.limits.directory_units),
            Service::Files => (60, files_cost(target), self.limits.sharepoint_units),
            Service::Excel => (10, 1, self.limits.excel_requests),
            Service::Outlook(_) => (600, 1, self.limits.mailbox_requests),
            Service::Gateway => return Ok(Pass::default()),
        };
        let window = self.windows.entry(service.clone()).or_default();
        let used = window.charge(seconds, length, cost, limit).map_err(|wait| throttled(service, wait))?;
        let mut pass = Pass::default();
        let near = used * 5 >= limit * 4;
        match service {
            Service::Directory => {
                pass.headers.push(("x-ms-resource-unit", cost.to_string()));
                if near {
                    let share = f64::from(used) / f64::from(limit);
                    pass.headers.push(("x-ms-throttle-limit-percentage", format!("{share:.2}")));
                    pass.headers.push(("x-ms-throttle-scope", "Tenant_Application/ReadWrite".to_owned()));
                }
            }
            Service::Files if near => {
                pass.headers.push(("ratelimit-limit", limit.to_string()));
                pass.headers.push(("ratelimit-remaining", (limit - used).to_string()));
                pass.headers.push(("ratelimit-reset", (length - seconds.rem_euclid(length)).to_string()));
            }
            Service::Outlook(mailbox) => {
                let running = Arc::clone(self.running.entry(mailbox.clone()).or_default());
                if running.load(Ordering::Acquire) >= self.limits.mailbox_concurrent {
                    let words = "Application is over its MailboxConcurrency limit.";
                    return Err(Answer::error(429, "ApplicationThrottled", words));
                }
                running.fetch_add(1, Ordering::AcqRel);
                pass.running = Some(Running(running));
            }
            _ => {}
        }
        Ok(pass)
    }
}

fn directory_cost(target: &str) -> u32 {
    let listing = target.starts_with("/users?") || target == "/users";
    let mut cost: u32 = if listing { 2 } else { 1 };
    if target.contains("$select=") && cost > 1 {
        cost -= 1;
    }
    if target.contains("$expand=") {
        cost += 1;
    }
    cost
}

fn files_cost(target: &str) -> u32 {
    let with_token = target.contains("token=");
    let many = ["/delta", "/items", "/lists", "/drives", "/columns", "/children"];
    let listing = many.iter().any(|tail| target.split('?').next().is_some_and(|path| path.ends_with(tail)));
    if listing && !with_token { 2 } else { 1 }
}

/// 429 in the words of the service.
pub(crate) fn throttled(service: &Service, wait: i64) -> Answer {
    let answer = match service {
        Service::Files => {
            let body = json!({"error": {
                "code": "activityLimitReached", "message": "The request has been throttled",
                "innererror": {"code": "throttledRequest", "innererror": {"code": "quota"}},
            }});
            Answer::json(429, body)
        }
        Service::Excel => {
            let words = "We have received too many requests. Please try again later.";
            Answer::nested(429, "TooManyRequests", "tooManyRequestsUncategorized", words)
        }
        Service::Outlook(_) => {
            Answer::error(429, "ApplicationThrottled", "Application is over its RequestLimit limit.")
        }
        Service::Directory | Service::Gateway => {
            Answer::error(429, "TooManyRequests", "Too many requests. Please wait and try again.")
        }
    };
    answer.header("retry-after", wait.max(1).to_string())
}
