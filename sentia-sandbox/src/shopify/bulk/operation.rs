//! One bulk operation and where it stands at a moment.

use chrono::{DateTime, TimeDelta, Utc};

use super::{LONGEST_RUN, URL_LIFE};

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Completed,
    /// It breaks off; what was read so far shows up some seconds later.
    Failed {
        code: &'static str,
        partial_after: i64,
    },
    /// A scope is missing: it breaks off with nothing.
    Denied,
    /// Its result cannot be had by the time it is done.
    Expired,
    /// It runs until the vendor's patience ends.
    Stuck,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: u64,
    pub(super) query: String,
    /// The unguessable part of the address of the result.
    pub(super) token: String,
    pub(super) signature: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) starts_at: DateTime<Utc>,
    pub(super) ends_at: DateTime<Utc>,
    /// Lines of the file, in the file's order.
    pub(super) lines: Vec<String>,
    pub(super) objects: usize,
    pub(super) roots: usize,
    pub(super) fate: Fate,
    /// When it was told to stop, and when it has stopped.
    pub(super) stops_at: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// An operation as a request sees it.
#[derive(Clone, Debug)]
pub(crate) struct BulkView {
    pub(crate) id: u64,
    pub(crate) query: String,
    pub(crate) status: &'static str,
    pub(crate) error_code: Option<&'static str>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) objects: usize,
    pub(crate) roots: usize,
    pub(crate) file_size: Option<usize>,
    pub(crate) url: Option<String>,
    pub(crate) partial_url: Option<String>,
}

impl BulkView {
    /// Whether nothing more will happen to it but expiry.
    pub(crate) fn ended(&self) -> bool {
        !matches!(self.status, "CREATED" | "RUNNING" | "CANCELING")
    }
}

impl Operation {
    pub(super) fn ended(&self, now: DateTime<Utc>) -> bool {
        !matches!(self.status(now).0, "CREATED" | "RUNNING" | "CANCELING")
    }

    /// The word, and the error code that goes with it.
    fn status(&self, now: DateTime<Utc>) -> (&'static str, Option<&'static str>) {
        if let Some((asked_at, stopped_at)) = self.stops_at
            && now >= asked_at
        {
            return (if now >= stopped_at { "CANCELED" } else { "CANCELING" }, None);
        }
        let ends_at = self.ends_at();
        match self.fate {
            _ if now < self.starts_at => ("CREATED", None),
            _ if now < ends_at => ("RUNNING", None),
            Fate::Stuck => ("FAILED", Some("TIMEOUT")),
            Fate::Failed { code, .. } => ("FAILED", Some(code)),
            Fate::Denied => ("FAILED", Some("ACCESS_DENIED")),
            Fate::Expired => ("EXPIRED", None),
            Fate::Completed if now >= ends_at + URL_LIFE => ("EXPIRED", None),
            Fate::Completed => ("COMPLETED", None),
        }
    }

    fn ends_at(&self) -> DateTime<Utc> {
        if self.fate == Fate::Stuck { self.created_at + LONGEST_RUN } else { self.ends_at }
    }

    /// How many lines the file has: all, or the first half of what was read before it broke off.
    pub(super) fn file_lines(&self) -> usize {
        match self.fate {
            Fate::Completed | Fate::Expired => self.lines.len(),
            Fate::Failed { .. } | Fate::Stuck => self.lines.len() / 2,
            Fate::Denied => 0,
        }
    }

    /// The file: one object a line.
    pub(super) fn file(&self) -> String {
        let mut text = String::new();
        for line in &self.lines[..self.file_lines()] {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// When the address of the file stops working; none while there is no file.
    pub(super) fn expires_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (status, _) = self.status(now);
        let there = match self.fate {
            Fate::Completed => matches!(status, "COMPLETED" | "EXPIRED"),
            Fate::Failed { partial_after, .. } => {
                status == "FAILED" && now >= self.ends_at + TimeDelta::seconds(partial_after)
            }
            Fate::Stuck => status == "FAILED",
            Fate::Denied | Fate::Expired => false,
        };
        (there && self.file_lines() > 0).then(|| self.ends_at() + URL_LIFE)
    }

    pub(super) fn view(&self, now: DateTime<Utc>, base_url: &str) -> BulkView {
        let (status, error_code) = self.status(now);
        let expires_at = self.expires_at(now).filter(|expires_at| now < *expires_at);
        let url = expires_at.map(|expires_at| super::file::address(base_url, self, expires_at));
        let completed = status == "COMPLETED" || (status == "EXPIRED" && error_code.is_none());
        let share = self.share(now, status);
        let counted = |all: usize| (all as f64 * share).floor() as usize;
        BulkView {
            id: self.id,
            query: self.query.clone(),
            status,
            error_code,
            created_at: self.created_at,
            completed_at: completed.then_some(self.ends_at),
            objects: counted(self.objects),
            roots: counted(self.roots),
            file_size: (status == "COMPLETED" && url.is_some()).then(|| self.file().len()),
            url: url.clone().filter(|_| status == "COMPLETED"),
            partial_url: url.filter(|_| status == "FAILED"),
        }
    }

    /// How much of the work is done.
    fn share(&self, now: DateTime<Utc>, status: &str) -> f64 {
        let until = self.stops_at.map_or(now, |(asked_at, _)| now.min(asked_at));
        let (done, all) = (until - self.starts_at, self.ends_at - self.starts_at);
        match (self.fate, status) {
            (Fate::Denied, _) | (_, "CREATED") => 0.0,
            (Fate::Completed | Fate::Expired, "COMPLETED" | "EXPIRED") => 1.0,
            (Fate::Failed { .. } | Fate::Stuck, "FAILED") => 0.5,
            (Fate::Stuck, _) => 0.5,
            _ if all <= TimeDelta::zero() => 1.0,
            _ => (done.num_milliseconds() as f64 / all.num_milliseconds() as f64).clamp(0.0, 1.0),
        }
    }
}
