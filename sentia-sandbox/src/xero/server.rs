//! The Xero twin's one handler: from request to answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, header};
use serde_json::json;
use uuid::Uuid;

use super::fault::XeroFault;
use super::limit::{Meter, Problem, Remaining, Running};
use super::list::{self, Query, Resource, UpdateIndex};
use super::token::TokenDesk;
use crate::fault::{Endpoint, Injector};
use crate::journal::{Journal, LoggedRequest, harmless};
use crate::pacing::Pacing;
use crate::reply::{Delivery, Reply};
use crate::rng::Rng;
use crate::world::World;

/// What the twin knows besides the universe.
#[derive(Debug)]
pub(crate) struct XeroState {
    pub(crate) world: Arc<World>,
    pub(crate) tokens: Mutex<TokenDesk>,
    pub(crate) meter: Mutex<Meter>,
    pub(crate) pacing: Mutex<Pacing>,
    pub(crate) faults: Injector<XeroFault>,
    pub(crate) journal: Journal,
    pub(crate) index: UpdateIndex,
    pub(crate) connected: Mutex<bool>,
    pub(crate) ids: Mutex<Rng>,
}

impl XeroState {
    pub(crate) fn fresh_id(&self) -> Uuid {
        lock(&self.ids).guid()
    }
}

/// Locks without fear of poison: nothing here is left half done by a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer, the fault that shaped it, and the call it belongs to.
struct Outcome {
    reply: Reply,
    fault: Option<XeroFault>,
    running: Option<Running>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self { reply, fault: None, running: None }
    }
}

pub(crate) async fn answer(State(state): State<Arc<XeroState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let is_token = path.eq_ignore_ascii_case("/connect/token");
    let outcome = if is_token {
        token(&state, &head.method, &head.headers, &body)
    } else if path.eq_ignore_ascii_case("/connections") {
        connections(&state, &head.headers).into()
    } else {
        data(&state, &head.method, &path, &query, &head.headers)
    };
    let now = state.world.clock.now();
    state.journal.add(LoggedRequest {
        at: now,
        method: head.method.to_string(),
        path,
        query,
        headers: harmless(&head.headers),
        body: if is_token { String::new() } else { String::from_utf8_lossy(&body).into_owned() },
        variables: serde_json::Value::Null,
        status: outcome.reply.status.as_u16(),
        fault: outcome.fault.map(|fault| format!("{fault:?}")),
    });
    outcome.reply.send(now, outcome.running)
}

fn token(state: &XeroState, method: &Method, headers: &HeaderMap, body: &[u8]) -> Outcome {
    if method != Method::POST {
        return Reply::text(405, "Method Not Allowed").into();
    }
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let fault = state.faults.strike(&state.world, Endpoint::Token, "");
    let answer = || lock(&state.tokens).answer(headers, &form, state.world.clock.now());
    let reply = match fault {
        Some(XeroFault::InvalidGrant) => super::token::refusal("invalid_grant"),
        Some(XeroFault::TokenUnavailable) => Reply::html(503, "Service Unavailable"),
        // The rotation has happened; only its answer does not arrive.
        Some(XeroFault::LostTokenResponse) => answer().delivered(Delivery::Cut),
        _ => answer(),
    };
    Outcome { reply, fault, running: None }
}

/// The bare array of organisations the token may read; the other lists of paths match by case, this one does not.
fn connections(state: &XeroState, headers: &HeaderMap) -> Reply {
    let now = state.world.clock.now();
    if lock(&state.tokens).scopes_of(headers, now).is_none() {
        return problem(state, 401, "Unauthorized", "AuthenticationUnsuccessful");
    }
    if !*lock(&state.connected) {
        return Reply::json(200, "[]");
    }
    let universe = state.world.read();
    let since = universe.books.created_at.format("%Y-%m-%dT%H:%M:%S.5165400").to_string();
    let body = json!([{
        "id": "e1eede29-f875-4a5d-8470-17f6a29a88b1",
        "authEventId": "d99ecdfe-391d-43d2-b834-17636ba90e8d",
        "tenantId": universe.books.organisation_id,
        "tenantType": "ORGANISATION",
        "tenantName": universe.books.name,
        "createdDateUtc": since,
        "updatedDateUtc": since,
    }]);
    Reply::json(200, body.to_string())
}

fn data(state: &XeroState, method: &Method, path: &str, query: &str, headers: &HeaderMap) -> Outcome {
    let fault = state.faults.strike(&state.world, Endpoint::Data, &format!("{path}?{query}"));
    let scopes = match authorize(state, headers, fault) {
        Ok(scopes) => scopes,
        Err(reply) => return Outcome { reply, fault, running: None },
    };
    let lifted = *lock(&state.pacing) == Pacing::Lifted;
    let (running, remaining) = lock(&state.meter).begin(state.world.clock.now(), lifted);
    let running = match running.map_err(Problem::reply) {
        Ok(running) => running,
        Err(reply) => return Outcome { reply: remaining.onto(reply), fault: None, running: None },
    };
    let reply = match fault.and_then(|fault| outage(state, fault, remaining)) {
        Some(reply) => reply,
        None => {
            let reply = read(state, method, path, query, headers, &scopes, fault);
            remaining.onto(reply.delivered(delivery(fault)))
        }
    };
    Outcome { reply, fault, running: Some(running) }
}

/// Token and tenant; gives the token's scopes.
fn authorize(state: &XeroState, headers: &HeaderMap, fault: Option<XeroFault>) -> Result<String, Reply> {
    let scopes = lock(&state.tokens).scopes_of(headers, state.world.clock.now()).map(str::to_owned);
    let scopes = scopes.filter(|_| fault != Some(XeroFault::Unauthorized));
    let scopes = scopes.ok_or_else(|| problem(state, 401, "Unauthorized", "AuthenticationUnsuccessful"))?;
    let tenant = headers.get("xero-tenant-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A custom connection knows its one tenant; the code flow has to name it. The twin cannot tell the two apart
    // by the token, so it accepts an absent header and refuses a wrong one.
    let right = tenant.is_empty()
        || tenant.eq_ignore_ascii_case(&state.world.read().books.organisation_id.to_string());
    if !right || !*lock(&state.connected) || fault == Some(XeroFault::TenantDisconnected) {
        return Err(problem(state, 403, "Forbidden", "AuthenticationUnsuccessful"));
    }
    Ok(scopes)
}

fn problem(state: &XeroState, status: u16, title: &str, detail: &str) -> Reply {
    let (id, kind) = (state.fresh_id(), serde_json::Value::Null);
    let body = json!({"Type": kind, "Title": title, "Status": status, "Detail": detail, "Instance": id});
    Reply::json(status, body.to_string())
}

/// The faults that stand in for the whole answer.
fn outage(state: &XeroState, fault: XeroFault, remaining: Remaining) -> Option<Reply> {
    let now = state.world.clock.now();
    let reply = match fault {
        XeroFault::OrganisationOffline => Reply::text(503, "The Organisation is offline"),
        XeroFault::HtmlUnavailable => Reply::html(503, "Service Unavailable"),
        XeroFault::HtmlNotFound => Reply::html(404, "404 - File or directory not found."),
        XeroFault::InternalError => Reply::html(500, "Server Error"),
        XeroFault::MinuteLimit => {
            Problem::Minute { retry_after: 60 - now.timestamp().rem_euclid(60) }.reply()
        }
        XeroFault::DayLimit => Problem::Day { retry_after: 66_975 }.reply(),
        XeroFault::ConcurrentLimit => Problem::Concurrent.reply(),
        XeroFault::BareLimit => return Some(Reply::new(429, "text/plain", "")),
        XeroFault::HighVolume => Reply::json(400, high_volume()),
        XeroFault::XmlBody => Reply::new(200, "text/xml; charset=utf-8", xml(state)),
        _ => return None,
    };
    Some(remaining.onto(reply))
}

fn delivery(fault: Option<XeroFault>) -> Delivery {
    match fault {
        Some(XeroFault::TruncatedBody) => Delivery::Truncated,
        Some(XeroFault::ConnectionCut) => Delivery::Cut,
        Some(XeroFault::StalledBody) => Delivery::Stalled,
        _ => Delivery::Whole,
    }
}

fn read(
    state: &XeroState,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    scopes: &str,
    fault: Option<XeroFault>,
) -> Reply {
    let mut segments = path.strip_prefix("/api.xro/2.0/").unwrap_or_default().splitn(2, '/');
    let Some(resource) = segments.next().and_then(Resource::of_path) else {
        return Reply::text(404, "The resource you're looking for cannot be found");
    };
    if method != Method::GET {
        return Reply::text(501, "The sandbox does not implement this method");
    }
    let opens =
        |scope: &str| resource.scopes().iter().any(|family| scope.trim_end_matches(".read") == *family);
    if !scopes.split(' ').any(opens) {
        return problem(state, 403, "Forbidden", "AuthorizationUnsuccessful");
    }
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.contains("json") {
        return Reply::new(200, "text/xml; charset=utf-8", xml(state));
    }
    let params: BTreeMap<String, String> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.filter(|_| fault != Some(XeroFault::IgnoredSince));
    let query = match Query::parse(&params, since) {
        Ok(query) => query,
        Err(message) => return Reply::json(400, exception(16, "QueryParseException", &message)),
    };
    let listing = match segments.next().filter(|segment| !segment.is_empty()) {
        Some(id) => list::single(&state.world, resource, id, &query, fault),
        None => Some(list::list(&state.world, &state.index, resource, &query, fault)),
    };
    match listing {
        Some(listing) => Reply::json(200, listing.envelope(state.fresh_id(), state.world.clock.now())),
        None => Reply::text(404, "The resource you're looking for cannot be found"),
    }
}

fn exception(number: u32, kind: &str, message: &str) -> String {
    json!({"ErrorNumber": number, "Type": kind, "Message": message}).to_string()
}

fn high_volume() -> String {
    let message = "Your request is not filtering Invoices efficiently, given the extremely high volume for this \
                   organisation. Please use optimised filters.";
    // The number that goes with this type is not in the sources.
    exception(0, "HighVolumeException", message)
}

/// The default format of the API. The twin does not fill it: nobody should read it.
fn xml(state: &XeroState) -> String {
    format!(
        "<Response xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Id>{}</Id><Status>OK</Status>\
         <ProviderName>Sentia Sandbox</ProviderName></Response>",
        state.fresh_id()
    )
}
