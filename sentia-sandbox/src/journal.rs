//! The log of what each twin was asked and what it answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use http::HeaderMap;

/// One request as a twin saw it. Tokens and secrets are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedRequest {
    /// When it came.
    pub at: DateTime<Utc>,
    /// GET, POST ...
    pub method: String,
    /// Path without the query string.
    pub path: String,
    /// Query string, empty for none.
    pub query: String,
    /// Request headers by lower-case name, without credentials.
    pub headers: BTreeMap<String, String>,
    /// Body of a data request; empty for requests to a token endpoint.
    pub body: String,
    /// GraphQL variables, or null.
    pub variables: serde_json::Value,
    /// Status answered.
    pub status: u16,
    /// The fault that struck it.
    pub fault: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Mutex<Vec<LoggedRequest>>,
}

impl Journal {
    pub(crate) fn add(&self, entry: LoggedRequest) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    pub(crate) fn all(&self) -> Vec<LoggedRequest> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The headers worth asserting on.
pub(crate) fn harmless(headers: &HeaderMap) -> BTreeMap<String, String> {
    const SECRET: [&str; 2] = ["authorization", "x-shopify-access-token"];
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let shown = headers.iter().filter(|(name, _)| !SECRET.contains(&name.as_str()));
    shown.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}
