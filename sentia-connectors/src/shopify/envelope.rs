//! What surrounds every GraphQL answer: errors, cost and remarks about the search.

use std::time::Duration;

use bytes::Bytes;
use memchr::memmem;
use sentia_core::{Result, decode::Walk, transport::Response};
use serde::{Deserialize, de::Error as _};

/// One answer, taken apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Envelope {
    /// An object; whether it is whole JSON is found by who decodes it.
    pub(super) data: Option<Bytes>,
    errors: Option<Bytes>,
    extensions: Option<Extensions>,
}

#[derive(Debug, Clone, Default, Deserialize)]
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

#[derive(Debug, Clone, Deserialize)]
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

impl Envelope {
    /// Reads the envelope of a response.
    ///
    /// # Errors
    /// `InvalidResponse`, temporary, when the body is not one: it was cut off on its way.
    pub(super) fn of(response: &Response) -> Result<Self> {
        match Envelope::at_its_ends(&response.body) {
            Some(envelope) => Ok(envelope),
            None => Envelope::walked(response),
        }
    }

    /// Reads an answer from its two ends, in the form that nearly all have: `{"data":{...},"extensions":{...}}`.
    ///
    /// A page is megabytes of data, and walking over them to find the members is a tenth of what decoding them costs. In
    /// valid JSON a quote within a string is escaped, so `"extensions":` is a member's name wherever it stands, and it is
    /// the answer's own where one brace follows its value. What lies before it is one object or is found broken when
    /// it is decoded.
    fn at_its_ends(body: &Bytes) -> Option<Self> {
        const BEFORE: &[u8] = br#"{"data":"#;
        const BETWEEN: &[u8] = br#","extensions":"#;
        if !body.starts_with(BEFORE) || memmem::find(body, br#""errors""#).is_some() {
            return None;
        }
        let end = memmem::rfind(body, BETWEEN)?;
        let data =
            body.get(BEFORE.len()..end).filter(|data| data.starts_with(b"{") && data.ends_with(b"}"))?;
        let extensions = body[end + BETWEEN.len()..].trim_ascii_end().strip_suffix(b"}")?;
        let extensions = serde_json::from_slice(extensions).ok()?;
        Some(Envelope { data: Some(body.slice_ref(data)), errors: None, extensions })
    }

    fn walked(response: &Response) -> Result<Self> {
        let mut envelope = Envelope::default();
        let members = |walk: &mut Walk<'_>| {
            walk.object(|walk, name| {
                match name {
                    "data" if !walk.take_null() => envelope.data = Some(object(walk)?),
                    "errors" if !walk.take_null() => envelope.errors = Some(walk.document()?),
                    "extensions" => envelope.extensions = walk.read()?,
                    _ => {}
                }
                Ok(())
            })
        };
        Walk::whole(&response.body, members)
            .map_err(|error| response.invalid("the body is not an answer to a query").source(error))?;
        Ok(envelope)
    }

    /// The errors in the order given; none where there is no list.
    pub(super) fn errors(&self) -> Vec<QueryError> {
        let Some(raw) = &self.errors else { return Vec::new() };
        serde_json::from_slice(raw).unwrap_or_else(|_| {
            // REST-style bodies say {"errors": "..."}.
            let message = serde_json::from_slice(raw);
            let message = message.unwrap_or_else(|_| String::from_utf8_lossy(raw).into_owned());
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

fn object(walk: &mut Walk<'_>) -> serde_json::Result<Bytes> {
    let document = walk.document()?;
    let other = || serde_json::Error::custom("`data` is not an object");
    Some(document).filter(|document| document.starts_with(b"{")).ok_or_else(other)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn both(body: &str) -> (Option<Envelope>, Option<Envelope>) {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let response = Response::new(StatusCode::OK, HeaderMap::new(), body.clone());
        (Envelope::at_its_ends(&body), Envelope::walked(&response).ok())
    }

    fn parts(envelope: Option<Envelope>) -> Option<(Option<Bytes>, Option<f64>)> {
        let envelope = envelope?;
        let points = envelope.cost().map(|cost| cost.requested_query_cost);
        Some((envelope.data, points))
    }

    #[test]
    fn an_answer_read_from_its_ends_is_as_one_that_was_walked() {
        let cost = r#"{"cost":{"requestedQueryCost":7,"throttleStatus":
            {"maximumAvailable":9,"currentlyAvailable":2,"restoreRate":1}}}"#;
        for data in ["{}", r#"{"a":{"extensions":{"b":1}}}"#, r#"{"a":"\",\"extensions\":"}"#] {
            let (ends, walked) = both(&format!("{{\"data\":{data},\"extensions\":{cost}}} \n"));
            let ends = parts(ends).expect("its form");
            assert_eq!(Some(&ends), parts(walked).as_ref(), "{data}");
            assert_eq!(ends, (Some(Bytes::from(data)), Some(7.0)));
        }
    }

    #[test]
    fn what_has_another_form_is_walked() {
        for body in [
            r#"{"data":{},"errors":[],"extensions":{}}"#,
            r#"{"data":{"x":"errors"},"extensions":{}}"#,
            r#"{"data":{"a":1,"extensions":{}}}"#,
            r#"{"data":{},"extensions":{},"more":1}"#,
            r#"{"data":null,"extensions":{}}"#,
            r#"{ "data":{},"extensions":{}}"#,
            r#"{"data":{},"extensions":{"cost":7}}"#,
        ] {
            assert!(both(body).0.is_none(), "{body}");
        }
    }
}
