//! Workbook sessions and operations, and the download of files.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, header};
use serde_json::{Value, json};

use super::answer::{Answer, Content};
use super::server::GraphState;
use super::settings::MicrosoftGraphSettings;

/// A session on one workbook.
#[derive(Clone, Debug)]
struct Session {
    item: String,
    persistent: bool,
    used_at: DateTime<Utc>,
}

/// An asynchronous createSession.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) ready_at: DateTime<Utc>,
    pub(crate) fails: bool,
    pub(crate) persistent: bool,
    /// The session, once somebody fetched it.
    pub(crate) session: Option<String>,
}

/// All sessions and operations.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    live: HashMap<String, Session>,
    ended: HashMap<String, DateTime<Utc>>,
    pub(crate) operations: HashMap<String, Operation>,
}

impl Sessions {
    pub(crate) fn open(&mut self, id: String, item: &str, persistent: bool, now: DateTime<Utc>) -> Value {
        self.live.insert(id.clone(), Session { item: item.to_owned(), persistent, used_at: now });
        json!({"id": id, "persistChanges": persistent})
    }

    /// Uses a session; one that was idle for too long can be made again, one that was closed is not found.
    pub(crate) fn touch(
        &mut self,
        id: &str,
        item: &str,
        settings: &MicrosoftGraphSettings,
        now: DateTime<Utc>,
    ) -> Result<(), Answer> {
        let Some(session) = self.live.get_mut(id).filter(|session| session.item == item) else {
            return Err(not_found());
        };
        let minutes =
            if session.persistent { settings.persistent_session_minutes } else { settings.session_minutes };
        if now - session.used_at > TimeDelta::minutes(minutes) {
            self.live.remove(id);
            self.ended.insert(id.to_owned(), now);
            return Err(re_creatable());
        }
        session.used_at = now;
        Ok(())
    }

    pub(crate) fn close(&mut self, id: &str) -> bool {
        self.live.remove(id).is_some()
    }

    pub(crate) fn close_all(&mut self) {
        self.live.clear();
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.live.len()
    }
}

pub(crate) fn not_found() -> Answer {
    let words = "The session specified in the request does not exist.";
    Answer::nested(404, "ItemNotFound", "invalidSessionNotFound", words)
}

pub(crate) fn re_creatable() -> Answer {
    let words = "The session specified in the request does not exist or is invalid due to a transient error.";
    Answer::nested(404, "ItemNotFound", "invalidSessionReCreatable", words)
}

/// A file behind its pre-authenticated link: good for an hour, and not to be called with a token.
pub(crate) fn download(state: &GraphState, path: &str, query: &str, headers: &HeaderMap) -> Answer {
    if headers.contains_key(header::AUTHORIZATION) {
        return Answer::error(
            401,
            "unauthenticated",
            "A token must not be sent to a pre-authenticated link.",
        );
    }
    let id = path.trim_start_matches("/download/");
    let mut parts = query.trim_start_matches("tempauth=v1.").splitn(2, '.');
    let expires: i64 = parts.next().and_then(|at| at.parse().ok()).unwrap_or(0);
    let universe = state.world.read();
    let item = universe.office.drives.iter().find_map(|drive| drive.item(id));
    match item {
        Some(item) if parts.next() == Some(item.guid.simple().to_string().as_str()) => {
            if expires < state.world.clock.now().timestamp() {
                return Answer::error(401, "unauthenticated", "The link has expired.");
            }
            let text = format!("{} in version {}", item.name, item.content_version);
            Answer { status: 200, headers: vec![], content: Content::Bytes(text) }
        }
        _ => Answer::error(404, "itemNotFound", "The resource could not be found."),
    }
}
