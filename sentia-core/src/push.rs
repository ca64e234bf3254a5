//! What vendors push: a delivery is verified by its connector and becomes hints.
//!
//! A hint says what may have changed. It is never data: it makes the engine read the record, or the stream's increment,
//! the usual way, and every pushed stream keeps its reconciling read.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;

use crate::{Context, Key, Result, Text};

/// One delivery as it came in.
///
/// Signatures are over the raw bytes: parse nothing before they are verified.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's query, without `?`; empty where there is none.
    pub query: &'a str,
    /// The request's body.
    pub body: &'a [u8],
    /// When it came in.
    pub received: DateTime<Utc>,
}

impl Delivery<'_> {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What is said to have happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new or other than before.
    Upserted,
    /// It is gone.
    Deleted,
    /// Something happened; read to know.
    Unknown,
}

/// Something that may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The vendor's id of the event: the same event delivered again has the same. Hints of one event may share it, so
    /// what was done already is known by it together with stream, partition and key.
    pub id: Text,
    /// The stream.
    pub stream: &'static str,
    /// Its partition; empty where it has none or the event does not say.
    pub partition: Text,
    /// The record; none where the event does not say.
    pub key: Option<Key>,
    /// What happened.
    pub change: Change,
    /// When, by the vendor.
    pub at: Option<DateTime<Utc>>,
}

/// What the host itself must act on: no stream tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The account took the connection away. Confirm it with [`Connector::check`](crate::Connector::check), then tell the
    /// user; erase nothing.
    Disconnected,
    /// The connection may do more or less than before.
    ScopesChanged,
    /// A person asked which data about them are kept; somebody must answer.
    PersonalDataRequested,
    /// The data of a person must be erased.
    PersonalDataErasure,
    /// The data of the whole account must be erased.
    AccountErasure,
    /// A subscription ends unless it is renewed now.
    SubscriptionEnding,
    /// A job at the vendor ended: run the pipeline, and the stream whose place waits for it goes on.
    JobFinished,
}

/// Something that the host must act on, once.
///
/// The delivery holds what it needs for that. What a vendor leaves out of its signature may have been altered, so confirm
/// before anything is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The vendor's id of the event: the same event delivered again has the same.
    pub id: Text,
    /// What it asks for.
    pub kind: NoticeKind,
    /// Whom or what it concerns, by the vendor's id: a customer, a subscription, a job.
    pub subject: Option<Text>,
    /// When, by the vendor.
    pub at: Option<DateTime<Utc>>,
}

/// What a verified delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// Hints; none for an event that concerns no stream.
    Hints(Vec<Hint>),
    /// The host must act.
    Notice(Notice),
    /// The vendor proves the address: answer 200 with these bytes.
    Handshake {
        /// The answer's `Content-Type`.
        content_type: &'static str,
        /// The answer's body.
        body: Bytes,
    },
    /// An event of a type this connector does not know, by its name.
    Unknown(String),
}

/// Verifies and reads what a vendor pushes.
#[async_trait]
pub trait Webhooks: fmt::Debug + Send + Sync {
    /// Verifies a delivery and says what it means.
    ///
    /// # Errors
    /// `SignatureInvalid` for a signature that is missing, wrong or too old: answer 401 and keep nothing.
    /// `InvalidResponse` for a genuine delivery that cannot be read: keep it, somebody must look.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn receive(&self, cx: &Context, delivery: &Delivery<'_>) -> Result<Pushed>;
}
