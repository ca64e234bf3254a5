//! Who refreshes a token now, over all processes: a lease and an intent in a shared state.
//!
//! The note is written before the vendor is called, so that whoever comes after a crash knows what may have been sent.
//! It outlives neither a power loss nor a lost database, and need not: without it a token is at worst sent twice.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{
    Context, Error, ErrorKind, Result, StateStore,
    key_store::KeyVersion,
    state_store::{StateVersion, Swap},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::REFRESH_TOKEN;

/// How long a refresh may take before another process takes over.
pub(super) const LEASE: chrono::Duration = chrono::Duration::seconds(120);
/// How often a dead connection's vendor is asked again: a refusal may have been the vendor's mistake, and nobody should have to
/// log in for it.
const ASK_AGAIN: chrono::Duration = chrono::Duration::days(1);
/// How many refused tokens are remembered.
const REMEMBERED: usize = 8;

/// What is going on with a refresh token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// Somebody is about to send the stored token, or has sent it.
    Refreshing { holder: String, until: DateTime<Utc>, version: KeyVersion },
    /// The vendor refused every token there is.
    Dead(Death),
}

/// When a connection died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Death {
    since: DateTime<Utc>,
    /// When the vendor said so last; at first where it is not noted.
    asked: Option<DateTime<Utc>>,
}

/// The shared state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Note {
    #[serde(flatten)]
    pub(super) phase: Phase,
    /// Digests of the tokens that the vendor does not know any more.
    #[serde(default)]
    pub(super) refused: Vec<String>,
    /// The death that a refresh under way may undo.
    #[serde(default)]
    doubted: Option<Death>,
}

/// A note as it was read.
pub(super) struct Seen {
    version: Option<StateVersion>,
    pub(super) note: Note,
}

/// The right to refresh, until it ends or another process sees that it has ended.
pub(super) struct Lease {
    version: StateVersion,
    refused: Vec<String>,
    doubted: Option<Death>,
    /// Whether a refresh of the same token was begun and not ended.
    follows_a_crash: bool,
}

/// A death that this process is the first to tell.
pub(super) struct FirstToKnow {
    connection: String,
    follows_a_crash: bool,
}

/// What a burial came to.
pub(super) enum Burial {
    First(FirstToKnow),
    /// The vendor refuses what it refused before.
    Again(Death),
    /// Another process took the lease over meanwhile.
    Overtaken,
}

/// The processes that share one refresh token.
pub(super) struct Fleet<'a> {
    states: &'a Arc<dyn StateStore>,
    cx: &'a Context,
    holder: &'a str,
    key: String,
}

impl<'a> Fleet<'a> {
    /// The fleet of the connection of `cx`, in which we are `holder`.
    pub(super) fn new(states: &'a Arc<dyn StateStore>, cx: &'a Context, holder: &'a str) -> Self {
        Fleet { states, cx, holder, key: format!("token/{}", cx.key_name(REFRESH_TOKEN)) }
    }

    /// Reads the note.
    pub(super) async fn look(&self) -> Result<Seen> {
        let Some(state) = self.states.load(&self.key).await? else {
            return Ok(Seen { version: None, note: Note::default() });
        };
        let note = serde_json::from_str(&state.body).unwrap_or_else(|error| {
            // Of another build, or written by a hand. At worst a token is sent twice.
            tracing::warn!(key = self.key, %error, "the note about a refresh does not read back; it begins anew");
            Note::default()
        });
        Ok(Seen { version: Some(state.version), note })
    }

    /// Whether another process is refreshing. A lease of our own is one whose call came to nothing.
    pub(super) fn is_busy(&self, seen: &Seen) -> bool {
        match &seen.note.phase {
            Phase::Refreshing { holder, until, .. } => {
                holder != self.holder && self.cx.clock().now() < *until
            }
            Phase::Idle | Phase::Dead(_) => false,
        }
    }

    /// Whether the vendor's last word on a death is old enough to ask once more.
    pub(super) fn is_doubtful(&self, death: Death) -> bool {
        let asked = death.asked.unwrap_or(death.since);
        self.cx.clock().now() - asked >= ASK_AGAIN
    }

    /// Notes that we are about to send the token stored as `version`. None when another process was first.
    pub(super) async fn take(&self, seen: Seen, version: KeyVersion) -> Result<Option<Lease>> {
        let follows_a_crash =
            matches!(seen.note.phase, Phase::Refreshing { version: before, .. } if before == version);
        let until = self.cx.clock().now() + LEASE;
        let doubted = match seen.note.phase {
            Phase::Dead(death) => Some(death),
            _ => seen.note.doubted,
        };
        let phase = Phase::Refreshing { holder: self.holder.to_owned(), until, version };
        let note = Note { phase, doubted, ..seen.note };
        let swapped = self.swap(seen.version, &note).await?;
        Ok(swapped.map(|version| Lease { version, refused: note.refused, doubted, follows_a_crash }))
    }

    /// The lease that we still have from a call that could not store its token.
    pub(super) fn own(&self, seen: Seen) -> Option<Lease> {
        let is_ours = matches!(&seen.note.phase, Phase::Refreshing { holder, .. } if holder == self.holder);
        let version = seen.version.filter(|_| is_ours)?;
        let Note { refused, doubted, .. } = seen.note;
        Some(Lease { version, refused, doubted, follows_a_crash: false })
    }

    /// Ends the lease after a token was given.
    pub(super) async fn leave(&self, lease: Lease) {
        self.end(lease, Phase::Idle).await;
    }

    /// Ends the lease after a refresh that came to nothing: a death that was in doubt still is one.
    pub(super) async fn give_up(&self, lease: Lease) {
        let phase = lease.doubted.map_or(Phase::Idle, Phase::Dead);
        self.end(lease, phase).await;
    }

    /// If it cannot be told, a lease ends by itself.
    async fn end(&self, lease: Lease, phase: Phase) {
        let note = Note { phase, refused: lease.refused, doubted: None };
        if let Err(error) = self.swap(Some(lease.version), &note).await {
            tracing::warn!(key = self.key, %error, "a lease is not given back; others wait until it ends");
        }
    }

    /// Notes that the connection is dead.
    pub(super) async fn bury(&self, lease: Lease, refused: Vec<String>) -> Result<Burial> {
        let is_news = refused.iter().any(|token| !lease.refused.contains(token));
        let mut all = lease.refused;
        all.retain(|known| !refused.contains(known));
        all.extend(refused);
        all.drain(..all.len().saturating_sub(REMEMBERED));
        let now = self.cx.clock().now();
        // A new token that is refused as well is a death of its own.
        let known = lease.doubted.filter(|_| !is_news);
        let death = Death { since: known.map_or(now, |death| death.since), asked: Some(now) };
        let note = Note { phase: Phase::Dead(death), refused: all, doubted: None };
        if self.swap(Some(lease.version), &note).await?.is_none() {
            return Ok(Burial::Overtaken);
        }
        if known.is_some() {
            return Ok(Burial::Again(death));
        }
        let connection = self.connection();
        tracing::error!(
            connection,
            follows_a_crash = lease.follows_a_crash,
            "the vendor refuses the refresh token; connect the account again, until then its calls are refused here"
        );
        Ok(Burial::First(FirstToKnow { connection, follows_a_crash: lease.follows_a_crash }))
    }

    /// The answer to every call after the first that was refused.
    pub(super) fn buried(&self, death: Death) -> Error {
        let message = "the connection is dead and the vendor is not asked; connect the account again, or configure \
                       its new refresh token";
        let error =
            Error::new(ErrorKind::Unauthenticated, message).context("dead_since", death.since.to_rfc3339());
        self.named(error)
    }

    /// `error`, of this connection.
    pub(super) fn named(&self, error: Error) -> Error {
        error.context("connection", self.connection())
    }

    /// Waits for a moment that differs from process to process.
    pub(super) async fn pause(&self) {
        let spread = u64::from(Uuid::new_v4().as_bytes()[0]);
        self.cx.clock().sleep(Duration::from_millis(100 + spread)).await;
    }

    async fn swap(&self, expected: Option<StateVersion>, note: &Note) -> Result<Option<StateVersion>> {
        let body = serde_json::to_string(note)
            .map_err(|e| Error::new(ErrorKind::Unexpected, "a note cannot be written").source(e))?;
        Ok(match self.states.swap(&self.key, expected, &body).await? {
            Swap::Done(version) => Some(version),
            Swap::Lost(_) => None,
        })
    }

    fn connection(&self) -> String {
        let name = self.cx.key_name(REFRESH_TOKEN);
        format!("{}/{}", name.tenant, name.connection)
    }
}

impl FirstToKnow {
    /// The vendor's refusal, with what is known here.
    pub(super) fn of(self, error: Error) -> Error {
        let error = error.context("connection", self.connection);
        if !self.follows_a_crash {
            return error;
        }
        error.context("cause", "a process ended between the vendor's answer and its storing")
    }
}

/// Knows a token again without keeping it. Bound to its connection, so that two of them cannot be compared.
pub(super) fn digest(cx: &Context, token: &SecretString) -> String {
    let text = format!("{}\n{}", cx.key_name(REFRESH_TOKEN), token.expose_secret());
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}
