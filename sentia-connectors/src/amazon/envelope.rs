//! What Amazon wraps around a list, in the four ways that its APIs have.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sentia_core::{Error, Result, transport::Response};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{error::ApiError, wire::Moment};

/// The members of an answer that matter; each API fills some of them.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Answer<'a> {
    /// Older APIs put everything but the page token of FBA inventory in here.
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    orders: Option<&'a RawValue>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
    #[serde(borrow)]
    reports: Option<&'a RawValue>,
    #[serde(borrow)]
    inventory_summaries: Option<&'a RawValue>,
    #[serde(borrow)]
    transactions: Option<&'a RawValue>,
    pagination: Option<Pagination>,
    next_token: Option<String>,
    number_of_results: Option<u64>,
    last_updated_before: Moment,
    errors: Option<Vec<ApiError>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Pagination {
    next_token: Option<String>,
}

/// Where an API keeps its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// `payload`, itself the list.
    Payload,
    /// `orders`.
    Orders,
    /// `items`.
    Items,
    /// `reports`.
    Reports,
    /// `payload.inventorySummaries`, with the token beside the payload.
    Summaries,
    /// `payload.transactions`, which may be missing: empty pages are legal.
    Transactions,
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Listing {
    /// The records' own bytes.
    pub(super) documents: Vec<Bytes>,
    /// The vendor's token of the page that follows. `null`, `""` and absent all mean the end.
    pub(super) next: Option<String>,
    /// How many records the search found in all, where the API says so.
    pub(super) found: Option<u64>,
    /// Up to when the answer reaches, where the API says so.
    pub(super) before: Option<DateTime<Utc>>,
    /// The vendor's clock.
    pub(super) date: Option<DateTime<Utc>>,
}

impl Listing {
    /// Opens an answer.
    pub(super) fn of(response: &Response, list: List) -> Result<Self> {
        let mut answer: Answer<'_> = parse(response, &response.body)?;
        if let Some(error) = answer.errors.take().and_then(|errors| errors.into_iter().next()) {
            return Err(reported(response, error));
        }
        let mut next = answer.next_token.take().or_else(|| answer.pagination.take()?.next_token);
        let inner: Option<Answer<'_>> = match (list, answer.payload) {
            (List::Summaries | List::Transactions, Some(payload)) => {
                Some(parse(response, payload.get().as_bytes())?)
            }
            _ => None,
        };
        let raw = match list {
            List::Payload => answer.payload,
            List::Orders => answer.orders,
            List::Items => answer.items,
            List::Reports => answer.reports,
            List::Summaries => inner.as_ref().and_then(|inner| inner.inventory_summaries),
            List::Transactions => inner.as_ref().and_then(|inner| inner.transactions),
        };
        if let Some(inner) = inner.as_ref().filter(|_| next.is_none()) {
            next = inner.next_token.clone();
        }
        let empty = list == List::Transactions && inner.is_some();
        let documents = match raw.filter(|raw| raw.get() != "null") {
            Some(raw) => elements(response, raw)?,
            None if empty => Vec::new(),
            None => return Err(response.invalid("the answer does not hold the list asked for")),
        };
        Ok(Listing {
            documents,
            next: next.filter(|token| !token.is_empty()),
            found: answer.number_of_results,
            before: answer.last_updated_before.at(),
            date: response.date(),
        })
    }
}

fn parse<'a>(response: &Response, json: &'a [u8]) -> Result<Answer<'a>> {
    serde_json::from_slice(json)
        .map_err(|error| response.invalid("the answer is not the envelope expected").source(error))
}

fn elements(response: &Response, raw: &RawValue) -> Result<Vec<Bytes>> {
    let elements: Vec<&RawValue> = serde_json::from_str(raw.get())
        .map_err(|error| response.invalid("the answer's list is not a list").source(error))?;
    Ok(elements.into_iter().map(|element| response.body.slice_ref(element.get().as_bytes())).collect())
}

/// By its schema a 200 may hold both a payload and errors: what came with errors is not whole.
fn reported(response: &Response, error: ApiError) -> Error {
    let failure = response.invalid("amazon reports an error beside its answer").permanent();
    let failure = failure.context("code", error.code.unwrap_or_default());
    failure.context("message", error.message.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(list: List, body: &'static str) -> Result<(Vec<Bytes>, Option<String>), String> {
        let response = Response::new(http::StatusCode::OK, Default::default(), body.into());
        let listing = Listing::of(&response, list).map_err(|error| error.message().to_owned())?;
        Ok((listing.documents, listing.next))
    }

    #[test]
    fn each_api_keeps_list_and_token_elsewhere() {
        let one =
            |next: Option<&str>| Ok((vec![Bytes::from_static(br#"{"a": 1}"#)], next.map(str::to_owned)));
        for (list, body, next) in [
            (List::Payload, r#"{"payload":[{"a": 1}]}"#, None),
            (List::Orders, r#"{"orders":[ {"a": 1} ],"pagination":{"nextToken":"t+/="}}"#, Some("t+/=")),
            (List::Items, r#"{"items":[{"a": 1}],"pagination":{"nextToken":""}}"#, None),
            (List::Items, r#"{"items":[{"a": 1}],"pagination":null}"#, None),
            (List::Reports, r#"{"reports":[{"a": 1}],"nextToken":"n"}"#, Some("n")),
            (
                List::Summaries,
                r#"{"payload":{"inventorySummaries":[{"a": 1}]},"pagination":{"nextToken":"n"}}"#,
                Some("n"),
            ),
            (List::Transactions, r#"{"payload":{"transactions":[{"a": 1}],"nextToken":"n"}}"#, Some("n")),
            (List::Transactions, r#"{"payload":{"transactions":[{"a": 1}],"nextToken":null}}"#, None),
        ] {
            assert_eq!(open(list, body), one(next), "{body}");
        }
        let empty = open(List::Transactions, r#"{"payload":{"nextToken":"n"}}"#);
        assert_eq!(empty, Ok((Vec::new(), Some("n".to_owned()))), "an empty page may have a token");
    }

    #[test]
    fn what_is_not_the_list_is_an_error() {
        for (list, body, message) in [
            (List::Orders, r#"{"payload":[]}"#, "does not hold the list"),
            (List::Orders, r#"{"orders":null}"#, "does not hold the list"),
            (List::Transactions, r#"{"transactions":[]}"#, "does not hold the list"),
            (List::Orders, r#"{"orders":{}}"#, "not a list"),
            (List::Orders, "7", "not the envelope"),
            (List::Payload, r#"{"payload":[],"errors":[{"code":"E","message":"m"}]}"#, "reports an error"),
        ] {
            let told = open(list, body).expect_err(body);
            assert!(told.contains(message), "{told}");
        }
        open(List::Payload, r#"{"payload":[],"errors":[]}"#).expect("no error");
    }
}
