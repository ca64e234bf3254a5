//! What surrounds every GraphQL answer: errors, cost and remarks about the search.

use std::time::Duration;

use sentia_core::{Result, transport::Response};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One answer. `data` stays raw here, or is taken apart into its members (`D`).
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "D: Deserialize<'de>"))]
pub(super) struct Envelope<'a, D> {
    pub(super) data: Option<D>,
    #[serde(borrow, default)]
    errors: Option<&'a RawValue>,
    #[serde(default)]
    extensions: Option<Extensions>,
}

#[derive(Debug, Default, Deserialize)]
struct Extensions {
    #[serde(default)]
    cost: Option<Cost>,
    #[serde(default)]
    search: Option<Vec<Search>>,
}

/// What a query cost. Shopify writes the numbers as `1000` or `1000.0`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cost {
    pub(super) requested_query_cost: f64,
    pub(super) throttle_status: ThrottleStatus,
}

/// The level of the bucket.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThrottleStatus {
    pub(super) maximum_available: f64,
    pub(super) currently_available: f64,
    pub(super) restore_rate: f64,
}

impl Cost {
    /// How long until the bucket holds what the query asked for.
    pub(super) fn wait(&self) -> Option<Duration> {
        let bucket = &self.throttle_status;
        let missing = self.requested_query_cost.min(bucket.maximum_available) - bucket.currently_available;
        Duration::try_from_secs_f64(missing.max(0.0) / bucket.restore_rate.max(0.001)).ok()
    }
}

#[derive(Debug, Deserialize)]
struct Search {
    #[serde(default)]
    warnings: Option<Vec<SearchWarning>>,
}

/// A remark that part of a search was ignored.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SearchWarning {
    #[serde(default)]
    pub(super) field: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

/// One of `errors`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct QueryError {
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    path: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

impl QueryError {
    /// A text among the error's extensions.
    pub(super) fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.as_ref()?.get(name)?.as_str()
    }

    /// The stable code, where there is one.
    pub(super) fn code(&self) -> Option<&str> {
        self.extension("code")
    }

    /// Which field it is about: `orders.edges.0.node.customer`.
    pub(super) fn field(&self) -> Option<String> {
        let step = |step: &serde_json::Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
        self.path.as_ref().map(|path| path.iter().map(step).collect::<Vec<_>>().join("."))
    }
}

impl<'a, D: Deserialize<'a>> Envelope<'a, D> {
    /// Reads the envelope of a response.
    ///
    /// # Errors
    /// `InvalidResponse`, temporary, when the body is not one: it was cut off on its way.
    pub(super) fn of(response: &'a Response) -> Result<Self> {
        serde_json::from_slice(&response.body)
            .map_err(|error| response.invalid("the body is not an answer to a query").source(error))
    }

    /// The errors in the order given; none where there is no list.
    pub(super) fn errors(&self) -> Vec<QueryError> {
        let Some(raw) = self.errors.map(RawValue::get) else { return Vec::new() };
        serde_json::from_str(raw).unwrap_or_else(|_| {
            // REST-style bodies say {"errors": "..."}.
            let message = serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned());
            vec![QueryError { message, ..QueryError::default() }]
        })
    }

    /// What the query cost, where the answer says so.
    pub(super) fn cost(&self) -> Option<Cost> {
        self.extensions.as_ref()?.cost
    }

    /// The first remark that part of a search was ignored.
    pub(super) fn search_warning(&self) -> Option<&SearchWarning> {
        self.extensions.as_ref()?.search.as_ref()?.iter().find_map(|search| search.warnings.as_ref()?.first())
    }
}
