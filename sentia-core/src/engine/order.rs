//! What a sync job is ordered to read.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result, job::NewJob};

/// The priority of everything that is not an increment: it goes behind increments that became due up to an hour later.
pub const BACKFILL_PRIORITY: i8 = -60;

/// The priority of what a person waits for, or a vendor's notification: as if it had been due ten minutes earlier.
pub const URGENT_PRIORITY: i8 = 10;

/// How often a sync is tried before it becomes a dead letter; the next due time orders another.
const MAX_ATTEMPTS: u32 = 10;

/// An order to read a connection: which streams, and what of them.
///
/// It is the payload of jobs of the kind [`SyncOrder::KIND`]. Its jobs of one connection never run at the same time.
///
/// ```
/// use sentia_core::engine::SyncOrder;
///
/// let now = SyncOrder::changes("shop").job("acme")?;
/// assert_eq!((now.unique.as_deref(), now.lane.as_deref()), (Some("shop//changes"), Some("shop")));
///
/// let old = SyncOrder::window("shop", "orders", "2024-01-01T00:00:00Z".parse().expect("an instant"), None).job("acme")?;
/// assert!(old.priority < now.priority);
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncOrder {
    /// The connection's name.
    pub connection: String,
    /// The streams; all where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<String>,
    /// What of them.
    pub reads: Reads,
}

/// What of a stream is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reads {
    /// What changed since the cursor; everything where nothing was read yet.
    Changes,
    /// Everything, in the background, with the sweep at its end.
    Everything,
    /// The stream's `reread_window` once more, in the background.
    Again,
    /// What changed in a window, in the background.
    Window {
        /// From here, inclusive.
        since: DateTime<Utc>,
        /// Up to here; to the present where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
}

impl Reads {
    /// What defines the work beside connection and streams.
    fn key(&self) -> String {
        match self {
            Reads::Changes => "changes".to_owned(),
            Reads::Everything => "everything".to_owned(),
            Reads::Again => "again".to_owned(),
            Reads::Window { since, until } => {
                let until = until.map(|until| until.timestamp().to_string()).unwrap_or_default();
                format!("window {}-{until}", since.timestamp())
            }
        }
    }
}

impl SyncOrder {
    /// The kind of its jobs.
    pub const KIND: &'static str = "sentia.sync";

    /// The newest version of the payload.
    pub const VERSION: u32 = 1;

    fn new(connection: impl Into<String>, reads: Reads) -> Self {
        SyncOrder { connection: connection.into(), streams: Vec::new(), reads }
    }

    /// What changed in a connection, over all its streams.
    pub fn changes(connection: impl Into<String>) -> Self {
        SyncOrder::new(connection, Reads::Changes)
    }

    /// Everything in a connection, without keeping its increments waiting.
    pub fn everything(connection: impl Into<String>) -> Self {
        SyncOrder::new(connection, Reads::Everything)
    }

    /// What a vendor may have changed without saying so: each stream's `reread_window`.
    pub fn again(connection: impl Into<String>) -> Self {
        SyncOrder::new(connection, Reads::Again)
    }

    /// A backfill: what changed in one stream from `since` until `until`, the cursor left where it is.
    pub fn window(
        connection: impl Into<String>,
        stream: impl Into<String>,
        since: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Self {
        SyncOrder::new(connection, Reads::Window { since, until }).streams([stream])
    }

    /// Only these streams.
    #[must_use]
    pub fn streams(self, streams: impl IntoIterator<Item = impl Into<String>>) -> Self {
        SyncOrder { streams: streams.into_iter().map(Into::into).collect(), ..self }
    }

    /// Whether both read a stream.
    pub(super) fn concerns(&self, other: &SyncOrder) -> bool {
        let is_of_all = self.streams.is_empty() || other.streams.is_empty();
        is_of_all || self.streams.iter().any(|stream| other.streams.contains(stream))
    }

    /// The job that does it: unique by connection, streams and what is read of them; one at a time of a connection.
    ///
    /// # Errors
    /// `ConfigInvalid` for a window that ends before it begins.
    pub fn job(&self, tenant: impl Into<String>) -> Result<NewJob> {
        if let Reads::Window { since, until: Some(until) } = &self.reads
            && until <= since
        {
            let message = "the window of a backfill ends before it begins; give a later end";
            return Err(Error::new(ErrorKind::ConfigInvalid, message).context("since", since));
        }
        let payload = serde_json::to_string(self)
            .map_err(|e| Error::new(ErrorKind::Unexpected, "an order could not be written").source(e))?;
        let priority = if self.reads == Reads::Changes { 0 } else { BACKFILL_PRIORITY };
        Ok(NewJob::new(tenant, SyncOrder::KIND, payload)
            .payload_version(SyncOrder::VERSION)
            .lane(&self.connection)
            .unique(format!("{}/{}/{}", self.connection, self.streams.join(","), self.reads.key()))
            .priority(priority)
            .max_attempts(MAX_ATTEMPTS))
    }
}
