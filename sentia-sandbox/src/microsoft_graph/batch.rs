//! `$batch`: up to twenty calls in one, each with an answer of its own.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, parse};
use super::fault::MicrosoftGraphFault as Fault;
use super::limit::Service;
use super::server::{Incoming, answer_call, begin};

const MOST: usize = 20;

struct Item<'b> {
    id: &'b str,
    method: String,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
    depends_on: Vec<&'b str>,
}

fn bad(words: &str) -> Answer {
    Answer::error(400, "BadRequest", words)
}

pub(crate) fn answer(call: &Call<'_>) -> Result<Answer, Answer> {
    let body: Value = serde_json::from_slice(call.body).map_err(|_| bad("Invalid batch payload format."))?;
    let requests = body["requests"].as_array().ok_or_else(|| bad("Invalid batch payload format."))?;
    if requests.len() > MOST {
        return Err(bad("Number of batch request steps exceeds the maximum value of 20."));
    }
    let items = requests.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let ids: BTreeSet<String> = items.iter().map(|item| item.id.to_lowercase()).collect();
    if ids.len() < items.len() {
        return Err(bad("Duplicate request id found in batch."));
    }
    ordered(&items)?;
    let mut statuses: BTreeMap<String, u16> = BTreeMap::new();
    let mut responses = vec![];
    for (place, item) in items.iter().enumerate() {
        let failed = |id: &&str| statuses.get(&id.to_lowercase()).is_none_or(|status| *status >= 400);
        let answer = if item.depends_on.iter().any(failed) {
            Answer::error(424, "FailedDependency", "The request depended on another request that failed.")
        } else {
            run(call, item, place)
        };
        let (request, now) = (call.state.fresh_id(), call.now);
        let answer = answer.signed(&request, &request, now);
        statuses.insert(item.id.to_lowercase(), answer.status);
        responses.push(answer.item(item.id));
    }
    // Answers come in any order; the twin's is the one that nobody expects.
    responses.reverse();
    Ok(Answer::json(200, json!({"responses": responses})))
}

fn item(request: &Value) -> Result<Item<'_>, Answer> {
    let text = |name: &str| request[name].as_str().filter(|text| !text.is_empty());
    let id = text("id").ok_or_else(|| bad("Every request of a batch needs an id."))?;
    let method =
        text("method").ok_or_else(|| bad("Every request of a batch needs a method."))?.to_uppercase();
    let url = text("url").ok_or_else(|| bad("Every request of a batch needs a url."))?;
    if url.contains("://") {
        return Err(bad("The url of a request must be relative to the version."));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::try_from(name.as_str()).ok();
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let body = &request["body"];
    if !body.is_null() && !headers.contains_key("content-type") {
        return Err(bad("Write request id : Content-Type header is required when the body is present."));
    }
    let depends_on =
        request["dependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Ok(Item {
        id,
        method,
        target: format!("/{}", url.trim_start_matches('/')),
        headers,
        body: if body.is_null() { vec![] } else { body.to_string().into_bytes() },
        depends_on,
    })
}

/// Fully parallel, one after the other, or all after the same one: nothing else is taken.
fn ordered(items: &[Item<'_>]) -> Result<(), Answer> {
    if items.iter().all(|item| item.depends_on.is_empty()) {
        return Ok(());
    }
    let follows = |place: usize, before: usize| matches!(items[place].depends_on[..], [one] if one.eq_ignore_ascii_case(items[before].id));
    let serial = (1..items.len()).all(|place| follows(place, place - 1));
    let same = (1..items.len()).all(|place| follows(place, 0));
    if items[0].depends_on.is_empty() && (serial || same) {
        Ok(())
    } else {
        Err(bad("Invalid 'dependsOn': requests must be fully parallel or fully sequential."))
    }
}

fn run(call: &Call<'_>, item: &Item<'_>, place: usize) -> Answer {
    match call.fault {
        Some(Fault::BatchItemThrottled) if place == 0 => {
            return Answer::error(429, "TooManyRequests", "Too many requests.").header("retry-after", "8");
        }
        Some(Fault::BatchItemUnavailable) if place == 0 => return Answer::nothing(503),
        _ => {}
    }
    if item.target.starts_with("/$batch")
        || item.target.starts_with("/subscriptions") && item.method == "POST"
    {
        return bad("The request cannot be part of a batch here.");
    }
    let segments = parse(&item.target, &call.state.world.read().office).0;
    let pass = match begin(call.state, &Service::of(&segments), &item.target) {
        Ok(pass) => pass,
        Err(refusal) => return refusal,
    };
    let request =
        Incoming { method: &item.method, target: &item.target, headers: &item.headers, body: &item.body };
    let mut answer = answer_call(call.state, &request, call.caller, call.settings, call.fault, 0);
    answer.headers.extend(pass.headers);
    answer
}
