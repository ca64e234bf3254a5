//! What Amazon wraps around a list, in the four ways that its APIs have.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sentia_core::{Error, Result, decode::Walk, transport::Response};
use serde::Deserialize;

use super::{error::ApiError, wire::Moment};

/// The members of an answer that matter; each API fills some of them.
struct Answer<T> {
    list: Option<T>,
    /// Older APIs put everything but the page token of FBA inventory in `payload`.
    has_payload: bool,
    next: Option<String>,
    pagination: Option<Pagination>,
    next_in_payload: Option<String>,
    found: Option<u64>,
    before: Moment,
    errors: Option<Vec<ApiError>>,
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Answer {
            list: None,
            has_payload: false,
            next: None,
            pagination: None,
            next_in_payload: None,
            found: None,
            before: Moment::default(),
            errors: None,
        }
    }
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

impl List {
    fn member(self) -> &'static str {
        match self {
            List::Payload => "payload",
            List::Orders => "orders",
            List::Items => "items",
            List::Reports => "reports",
            List::Summaries => "inventorySummaries",
            List::Transactions => "transactions",
        }
    }

    fn is_in_payload(self) -> bool {
        matches!(self, List::Summaries | List::Transactions)
    }
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Listing<T = Vec<Bytes>> {
    /// The records, or their own bytes.
    pub(super) list: T,
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
    /// Opens an answer and leaves its records undecoded.
    pub(super) fn of(response: &Response, list: List) -> Result<Self> {
        Listing::open(response, list, |walk| walk.documents())
    }
}

impl<T: Default> Listing<T> {
    /// Opens an answer; `take` takes the list.
    pub(super) fn open(
        response: &Response,
        list: List,
        mut take: impl FnMut(&mut Walk<'_>) -> serde_json::Result<T>,
    ) -> Result<Self> {
        let mut at_list = false;
        let answer = Answer::read(&response.body, list, |walk| {
            at_list = true;
            let taken = take(walk)?;
            at_list = false;
            Ok(taken)
        });
        let mut answer = answer.map_err(|error| match at_list && error.is_data() {
            true => response.invalid("the answer's list is not a list").source(error),
            false => response.invalid("the answer is not the envelope expected").source(error),
        })?;
        if let Some(error) = answer.errors.take().and_then(|errors| errors.into_iter().next()) {
            return Err(reported(response, error));
        }
        let next = answer.next.take().or_else(|| answer.pagination.take()?.next_token);
        let next = next.or(answer.next_in_payload);
        let list = match answer.list {
            Some(list) => list,
            None if list == List::Transactions && answer.has_payload => T::default(),
            None => return Err(response.invalid("the answer does not hold the list asked for")),
        };
        Ok(Listing {
            list,
            next: next.filter(|token| !token.is_empty()),
            found: answer.found,
            before: answer.before.at(),
            date: response.date(),
        })
    }
}

impl<T> Answer<T> {
    fn read(
        body: &Bytes,
        list: List,
        mut take: impl FnMut(&mut Walk<'_>) -> serde_json::Result<T>,
    ) -> serde_json::Result<Self> {
        let mut answer = Answer::default();
        let mut take = |walk: &mut Walk<'_>| if walk.take_null() { Ok(None) } else { take(walk).map(Some) };
        let mut member = |walk: &mut Walk<'_>, name: &str| {
            match name {
                "payload" if list.is_in_payload() => {
                    answer.has_payload = !walk.take_null();
                    if answer.has_payload {
                        walk.object(|walk, name| {
                            match name {
                                "nextToken" => answer.next_in_payload = walk.read()?,
                                name if name == list.member() => answer.list = take(walk)?,
                                _ => {}
                            }
                            Ok(())
                        })?;
                    }
                }
                "pagination" => answer.pagination = walk.read()?,
                "nextToken" => answer.next = walk.read()?,
                "numberOfResults" => answer.found = walk.read()?,
                "lastUpdatedBefore" => answer.before = walk.read()?,
                "errors" => answer.errors = walk.read()?,
                name if name == list.member() && !list.is_in_payload() => answer.list = take(walk)?,
                _ => {}
            }
            Ok(())
        };
        Walk::whole(body, |walk| walk.object(&mut member))?;
        Ok(answer)
    }
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
        Ok((listing.list, listing.next))
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
