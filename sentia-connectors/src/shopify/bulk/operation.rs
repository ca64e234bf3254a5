//! The calls about bulk operations: order, find, ask after.

use chrono::{DateTime, Utc};
use sentia_core::{Context, Error, ErrorKind, Result, Text};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{lost, phase::Instant};
use crate::shopify::{
    client::{Answer, Client, Variables},
    query::{BULK_OPERATIONS, BULK_RUN, BULK_STATUS, Query, SCOPES},
    scope::ReadScope,
    wire::{Connection, Whole},
};

/// The bulk operations of one app and shop.
pub(super) struct Operations<'a> {
    pub(super) client: &'a Client,
    pub(super) cx: &'a Context,
}

/// What Shopify says of an operation. Its addresses are signed, so `Debug` is not for it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) id: Text,
    pub(super) status: String,
    #[serde(default)]
    pub(super) error_code: Option<String>,
    /// Lines of the file.
    #[serde(deserialize_with = "count")]
    pub(super) object_count: u64,
    /// Lines of the file that are records of the list.
    #[serde(deserialize_with = "count")]
    pub(super) root_object_count: u64,
    #[serde(default)]
    pub(super) url: Option<String>,
}

impl Operation {
    /// An error about this operation.
    pub(super) fn about(&self, error: Error) -> Error {
        error.context("operation", &self.id).context("objects", self.object_count)
    }
}

/// Counts are whole numbers of 64 bits in quotes.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let whole = Whole::deserialize(deserializer)?.0;
    u64::try_from(whole).map_err(|_| serde::de::Error::custom("a count is below zero"))
}

/// What became of an order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ordered {
    /// It runs under this id.
    Running(String),
    /// The app's other operations take every place.
    Busy,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submitted {
    bulk_operation: Option<Submission>,
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct Submission {
    id: String,
}

#[derive(Deserialize)]
struct UserError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    id: String,
    status: String,
    created_at: DateTime<Utc>,
    query: String,
}

impl Operations<'_> {
    /// What can be seen now, and the vendor's time of saying so.
    pub(super) async fn scope(&self) -> Result<(ReadScope, Option<Instant>)> {
        let (mut answer, _) = self.client.ask(self.cx, &SCOPES, Variables::default()).await?;
        Ok((answer.scope()?, answer.date()))
    }

    /// The newest operation with this very query that was made behind `opened` and did not fail: one made before shows a
    /// moment that the window's bound lies behind.
    pub(super) async fn find(&self, query: &str, opened: Instant) -> Result<Option<String>> {
        let search = opened.format("created_at:>='%Y-%m-%dT%H:%M:%SZ' operation_type:query").to_string();
        let variables = Variables { query: Some(&search), ..Variables::default() };
        let (mut answer, _) = self.client.ask(self.cx, &BULK_OPERATIONS, variables).await?;
        let connection: Connection<Known> = found(&mut answer, &BULK_OPERATIONS)?;
        let is_this = |known: &Known| {
            let is_alive = matches!(known.status.as_str(), "CREATED" | "RUNNING" | "COMPLETED");
            is_alive && known.created_at > opened && is_same(&known.query, query)
        };
        let alike = connection.nodes.into_iter().filter(is_this);
        Ok(alike.max_by_key(|known| known.created_at).map(|known| known.id))
    }

    /// Orders an operation. It is sent once: a second sending would order a second one.
    pub(super) async fn order(&self, query: &str) -> Result<Ordered> {
        let variables = Variables { query: Some(query), ..Variables::default() };
        let (mut answer, _) = self.client.ask(self.cx, &BULK_RUN, variables).await?;
        let submitted: Submitted = found(&mut answer, &BULK_RUN)?;
        if let Some(operation) = submitted.bulk_operation {
            return Ok(Ordered::Running(operation.id));
        }
        // Five at a time since 2026-01, one before; the reference says both, so only the refusal is believed.
        let is_busy = |error: &UserError| {
            matches!(error.code.as_deref(), Some("OPERATION_IN_PROGRESS" | "LIMIT_REACHED"))
        };
        if submitted.user_errors.iter().any(is_busy) {
            return Ok(Ordered::Busy);
        }
        let said: Vec<&str> = submitted.user_errors.iter().map(|error| error.message.as_str()).collect();
        let message = "shopify does not take the export's query; read the stream by pages";
        Err(Error::new(ErrorKind::Unsupported, message).context("vendor", said.join("; ")))
    }

    /// The operation as it stands, and what can be seen now. Always by its id: `currentBulkOperation` may show another.
    pub(super) async fn poll(&self, operation: &str) -> Result<(Operation, ReadScope)> {
        let variables = Variables { id: Some(operation), ..Variables::default() };
        let (mut answer, _) = self.client.ask(self.cx, &BULK_STATUS, variables).await?;
        if answer.read::<IgnoredAny>(BULK_STATUS.path)?.is_none() {
            let error = lost("shopify no longer knows the export; it is ordered again");
            return Err(error.context("operation", operation));
        }
        Ok((found(&mut answer, &BULK_STATUS)?, answer.scope()?))
    }
}

/// White space says nothing in a query.
fn is_same(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

/// What `query` was for. An answer that is otherwise is not quoted: it may hold a signed address.
fn found<T: DeserializeOwned>(answer: &mut Answer, query: &Query) -> Result<T> {
    answer.walk(query.path, |walk| walk.read()).ok().flatten().ok_or_else(|| {
        let message = "the answer about a bulk operation has another shape than asked for";
        Error::new(ErrorKind::InvalidResponse, message).context("query", query.name)
    })
}
