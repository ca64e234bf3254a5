//! Reads up to twenty records in one call. The call succeeds while its parts are throttled or gone: each part is judged
//! on its own [D:json-batching].

use std::{borrow::Cow, collections::HashMap, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sentia_core::{Context, Error, ErrorKind, Result, transport::Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    client::{Ask, Client},
    error::graph,
};

/// How many requests one batch may hold.
pub(super) const SIZE: usize = 20;
/// What a part is left alone for where Graph does not say.
const UNTOLD: Duration = Duration::from_secs(5);

/// What became of one part.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    /// The record, as its bytes stand in the answer.
    Found(Bytes),
    /// Graph does not know it any more.
    Gone,
    /// Not now: throttled, or its service is down.
    Later(Duration),
}

#[derive(Serialize)]
struct Requests<'a> {
    requests: Vec<Get<'a>>,
}

#[derive(Serialize)]
struct Get<'a> {
    id: String,
    method: &'static str,
    url: &'a str,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    headers: HashMap<&'static str, &'a str>,
}

#[derive(Deserialize)]
struct Answers<'a> {
    #[serde(borrow)]
    responses: Vec<Answer<'a>>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    status: u16,
    #[serde(borrow, default)]
    headers: HashMap<Cow<'a, str>, &'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

/// Reads `paths`, which are relative to the version, in one batch; the parts come back in their order.
///
/// # Errors
/// As Graph's table says for the call as a whole, and for a part that neither a wait nor a new token would heal.
pub(super) async fn read(
    client: &Client,
    cx: &Context,
    paths: &[String],
    prefer: Option<&str>,
) -> Result<Vec<Part>> {
    let mut requests = Vec::with_capacity(paths.len());
    for (at, url) in paths.iter().enumerate() {
        let headers = prefer.map(|prefer| ("Prefer", prefer)).into_iter().collect();
        requests.push(Get { id: at.to_string(), method: "GET", url, headers });
    }
    let body = Requests { requests };
    let (response, token) = client.post(cx, "/$batch", &body, Ask::default()).await?;
    match parts(&response, paths.len()) {
        // The token ended between the parts.
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            client.renew(cx, &token).await?;
            let (response, _) = client.post(cx, "/$batch", &body, Ask::default()).await?;
            parts(&response, paths.len())
        }
        parts => parts,
    }
}

/// Judges each part; they come in any order.
fn parts(response: &Response, asked: usize) -> Result<Vec<Part>> {
    let answers: Answers<'_> = serde_json::from_slice(&response.body)
        .map_err(|e| response.invalid("the answer is not one to a batch").source(e))?;
    let mut parts: Vec<Option<Part>> = Vec::new();
    parts.resize_with(asked, || None);
    for answer in answers.responses {
        let slot = answer.id.parse::<usize>().ok().and_then(|at| parts.get_mut(at));
        let slot = slot.ok_or_else(|| response.invalid("the batch answers a part that was not asked for"))?;
        *slot = Some(part(response, answer)?);
    }
    let missing = || response.invalid("the batch leaves a part unanswered");
    parts.into_iter().map(|part| part.ok_or_else(missing)).collect()
}

fn part(response: &Response, answer: Answer<'_>) -> Result<Part> {
    let status = StatusCode::from_u16(answer.status)
        .map_err(|e| response.invalid("a part of the batch has no HTTP status").source(e))?;
    let body = answer.body.map_or(Bytes::new(), |raw| response.body.slice_ref(raw.get().as_bytes()));
    let headers: HeaderMap = answer.headers.iter().filter_map(header).collect();
    let mut single = Response::new(status, headers, body);
    let Err(error) = graph(&mut single) else { return Ok(Part::Found(single.body)) };
    match answer.status {
        404 | 410 => Ok(Part::Gone),
        424 => Ok(Part::Later(error.wait().unwrap_or(UNTOLD))),
        200..=299 => Err(error),
        _ if error.is_temporary() => Ok(Part::Later(error.wait().unwrap_or(UNTOLD))),
        _ => Err(error.context("part_of", "$batch")),
    }
}

/// A header of a part; numbers may be written without quotes.
fn header((name, raw): (&Cow<'_, str>, &&RawValue)) -> Option<(HeaderName, HeaderValue)> {
    let text = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    Some((name.parse().ok()?, text.parse().ok()?))
}

/// An error for parts that were put off too often.
pub(super) fn put_off(wait: Duration) -> Error {
    let message = "microsoft graph keeps putting off single reads of a batch; the next run goes on with them";
    Error::new(ErrorKind::RateLimited, message).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(body: &'static str, asked: usize) -> Result<Vec<Part>> {
        parts(&Response::new(StatusCode::OK, HeaderMap::new(), body.into()), asked)
    }

    #[test]
    fn each_part_is_judged_on_its_own_in_any_order() {
        let body = r#"{"responses":[
            {"id":"2","status":429,"headers":{"Retry-After":"12"},"body":{"error":{"code":"TooManyRequests"}}},
            {"id":"0","status":200,"headers":{"Content-Type":"application/json"},"body":{ "id":"a" , "n":1.50}},
            {"id":"1","status":404,"body":{"error":{"code":"ErrorItemNotFound"}}},
            {"id":"3","status":424,"body":{"error":{"code":"failedDependency"}}},
            {"id":"4","status":503,"headers":{"Retry-After":3},"body":null}]}"#;
        let wait = |seconds| Part::Later(Duration::from_secs(seconds));
        let found = Part::Found(Bytes::from_static(br#"{ "id":"a" , "n":1.50}"#));
        assert_eq!(judged(body, 5).expect("judged"), [found, Part::Gone, wait(12), wait(5), wait(3)]);
    }

    #[test]
    fn a_part_that_nobody_can_heal_is_an_error() {
        let refused = |body, asked| judged(body, asked).expect_err("refused").kind();
        let denied =
            r#"{"responses":[{"id":"0","status":403,"body":{"error":{"code":"ErrorAccessDenied"}}}]}"#;
        assert_eq!(refused(denied, 1), ErrorKind::PermissionDenied);
        let ended = r#"{"responses":[{"id":"0","status":401,"body":{}}]}"#;
        assert_eq!(refused(ended, 1), ErrorKind::Unauthenticated);
        for body in [
            r#"{"responses":[]}"#,
            r#"{"responses":[{"id":"7","status":200,"body":{}}]}"#,
            r#"{"responses":[{"id":"0","status":200,"body":"cut"}]}"#,
            r#"{"responses":[{"id":"0","status":200}]}"#,
            r#"{"value":[]}"#,
        ] {
            assert_eq!(refused(body, 1), ErrorKind::InvalidResponse, "{body}");
        }
    }
}
