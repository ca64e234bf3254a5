//! The Unleashed twin's one handler: from request to answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, header};
use serde_json::json;

use super::fault::UnleashedFault;
use super::habits::UnleashedHabits;
use super::limit::{self, Meter};
use super::query::Query;
use super::read::read;
use super::signature::unleashed_signature;
use super::webhook::Desk;
use crate::fault::{Endpoint, Injector};
use crate::journal::{Journal, LoggedRequest, harmless};
use crate::pacing::Pacing;
use crate::reply::{Delivery, Reply};
use crate::world::World;

/// What the twin knows besides the universe.
#[derive(Debug)]
pub(crate) struct UnleashedState {
    pub(crate) world: Arc<World>,
    pub(crate) api_id: String,
    pub(crate) api_key: Mutex<String>,
    pub(crate) meter: Mutex<Meter>,
    pub(crate) pacing: Mutex<Pacing>,
    pub(crate) habits: Mutex<UnleashedHabits>,
    pub(crate) faults: Injector<UnleashedFault>,
    pub(crate) journal: Journal,
    pub(crate) desk: Mutex<Desk>,
}

/// Locks without fear of poison: nothing here is left half done by a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error as the one recorded body has it.
pub(crate) fn description(status: u16, text: &str) -> Reply {
    Reply::json(status, json!({"description": text}).to_string())
}

pub(crate) fn not_found() -> Reply {
    description(404, "(404) Not Found.")
}

/// A request without its body.
struct Call<'r> {
    method: &'r Method,
    path: &'r str,
    query: &'r str,
    headers: &'r HeaderMap,
}

impl Call<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

pub(crate) async fn answer(State(state): State<Arc<UnleashedState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let fault = state.faults.strike(&state.world, Endpoint::Data, &format!("{path}?{query}"));
    let call = Call { method: &head.method, path, query, headers: &head.headers };
    let reply = respond(&state, &call, &body, fault);
    let now = state.world.clock.now();
    let mut headers = harmless(&head.headers);
    headers.retain(|name, _| !name.starts_with("api-auth"));
    state.journal.add(LoggedRequest {
        at: now,
        method: head.method.to_string(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        variables: serde_json::Value::Null,
        status: reply.status.as_u16(),
        fault: fault.map(|fault| format!("{fault:?}")),
    });
    reply.send(now, ())
}

fn respond(state: &UnleashedState, call: &Call<'_>, body: &[u8], fault: Option<UnleashedFault>) -> Reply {
    let habits = *lock(&state.habits);
    if let Err(reply) = authorize(state, call, &habits, fault) {
        return reply;
    }
    let lifted = *lock(&state.pacing) == Pacing::Lifted;
    if let Err(reply) = lock(&state.meter).begin(state.world.clock.now(), lifted, &habits) {
        return reply;
    }
    if let Some(reply) = fault.and_then(|fault| outage(fault, &habits)) {
        return reply;
    }
    let segments: Vec<&str> = call.path.split('/').filter(|segment| !segment.is_empty()).collect();
    if let [first, second] = segments[..]
        && first.eq_ignore_ascii_case("webhooks")
        && second.eq_ignore_ascii_case("subscriptions")
    {
        return subscriptions(state, call.method, body);
    }
    if call.method != Method::GET {
        return description(405, "(405) Method Not Allowed.");
    }
    if !call.header(header::ACCEPT.as_str()).contains("application/json") {
        return xml(&segments);
    }
    let query = match Query::parse(call.query) {
        Ok(query) => query,
        Err(problem) => return description(400, &problem),
    };
    match read(state, &segments, &query, &habits, fault) {
        Ok(reply) => reply.delivered(delivery(fault)),
        Err(problem) => description(400, &problem),
    }
}

/// Id and signature over the raw query bytes; then the headers that every request has.
fn authorize(
    state: &UnleashedState,
    call: &Call<'_>,
    habits: &UnleashedHabits,
    fault: Option<UnleashedFault>,
) -> Result<(), Reply> {
    let id = call.header("api-auth-id");
    let signature = unleashed_signature(&lock(&state.api_key), call.query.as_bytes());
    let right = id.eq_ignore_ascii_case(&state.api_id) && call.header("api-auth-signature") == signature;
    if !right || fault == Some(UnleashedFault::UnknownOrganization) {
        let text = format!("(403) Forbidden.: The organization with Api Id '{id}' is not found.");
        return Err(description(403, &text));
    }
    let client = call.header("client-type");
    let named = client.contains('/') && !client.contains(|c: char| c.is_whitespace() || c.is_uppercase());
    if habits.headers_enforced && !named {
        return Err(description(400, "The client-type header must be company/app in lower case."));
    }
    if habits.headers_enforced && call.header(header::CONTENT_TYPE.as_str()).is_empty() {
        return Err(description(400, "The Content-Type header is missing."));
    }
    Ok(())
}

/// The faults that stand in for the whole answer.
fn outage(fault: UnleashedFault, habits: &UnleashedHabits) -> Option<Reply> {
    Some(match fault {
        UnleashedFault::GatewayTimeout => Reply::html(504, "504 Gateway Time-out"),
        UnleashedFault::HtmlUnavailable => Reply::html(503, "Service Unavailable"),
        UnleashedFault::InternalError => description(500, "(500) Internal Server Error."),
        UnleashedFault::QuotaBlocked => limit::quota(habits),
        UnleashedFault::Throttled => limit::throttle(Some(7)),
        UnleashedFault::BareThrottle => limit::throttle(None),
        UnleashedFault::XmlBody => xml(&["Products"]),
        _ => return None,
    })
}

fn delivery(fault: Option<UnleashedFault>) -> Delivery {
    match fault {
        Some(UnleashedFault::TruncatedBody) => Delivery::Truncated,
        Some(UnleashedFault::ConnectionCut) => Delivery::Cut,
        Some(UnleashedFault::StalledBody) => Delivery::Stalled,
        _ => Delivery::Whole,
    }
}

/// The other format. The twin does not fill it: nobody should read it.
fn xml(segments: &[&str]) -> Reply {
    let name = segments.first().copied().unwrap_or("Error").replace(|c: char| !c.is_ascii_alphanumeric(), "");
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{name}List xmlns=\"http://api.unleashedsoftware.com/version/1\"/>"
    );
    Reply::new(200, "application/xml; charset=utf-8", body)
}

fn subscriptions(state: &UnleashedState, method: &Method, body: &[u8]) -> Reply {
    let mut desk = lock(&state.desk);
    if method == Method::GET {
        return Reply::json(200, desk.list().to_string());
    }
    if method != Method::POST {
        return description(405, "(405) Method Not Allowed.");
    }
    match desk.subscribe(body, &state.world.read().warehouse) {
        Ok(subscription) => Reply::json(201, subscription.to_string()),
        Err(problem) => description(400, &problem),
    }
}
