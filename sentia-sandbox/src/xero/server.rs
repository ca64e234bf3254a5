//! The Xero twin's one handler: from request to answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::TimeDelta;
use http::{HeaderMap, Method, header};
use serde_json::json;
use uuid::Uuid;

use super::connection::{Connection, Connections};
use super::fault::{Doors, XeroFault};
use super::limit::{Meter, Problem, Remaining, Running};
use super::list::{self, Listing, UpdateIndex};
use super::query::Query;
use super::report;
use super::resource::Resource;
use super::switches::{XeroMissingScope, XeroSwitches};
use super::token::TokenDesk;
use super::webhook::WebhookDesk;
use super::wire::Object;
use super::{identity, rows, scope};
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
    pub(crate) faults: Doors,
    pub(crate) journal: Journal,
    pub(crate) index: UpdateIndex,
    pub(crate) connections: Mutex<Connections>,
    pub(crate) switches: Mutex<XeroSwitches>,
    pub(crate) webhook: Mutex<WebhookDesk>,
    pub(crate) ids: Mutex<Rng>,
}

impl XeroState {
    pub(crate) fn fresh_id(&self) -> Uuid {
        lock(&self.ids).guid()
    }

    fn app_minute(&self) -> &'static str {
        if lock(&self.switches).hyphenated_app_minute { "app-minute" } else { "appminute" }
    }
}

/// Locks without fear of poison: nothing here is left half done by a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer, the fault that shaped it, and the call it belongs to.
pub(crate) struct Outcome {
    pub(crate) reply: Reply,
    pub(crate) fault: Option<XeroFault>,
    pub(crate) running: Option<Running>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self { reply, fault: None, running: None }
    }
}

/// A read of data.
struct Read<'r> {
    method: &'r Method,
    path: &'r str,
    query: &'r str,
    headers: &'r HeaderMap,
    fault: Option<XeroFault>,
}

pub(crate) async fn answer(State(state): State<Arc<XeroState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let whose = identity::answer(&state, &head.method, (&path, &query), &head.headers, &body);
    let is_data = whose.is_none();
    let outcome = whose.unwrap_or_else(|| {
        let fault = state.faults.strike_read(&state.world, &path, &query);
        let (method, path, query, headers) = (&head.method, path.as_str(), query.as_str(), &head.headers);
        data(&state, &Read { method, path, query, headers, fault })
    });
    let now = state.world.clock.now();
    state.journal.add(LoggedRequest {
        at: now,
        method: head.method.to_string(),
        path,
        query,
        headers: harmless(&head.headers),
        // What goes to the identity hosts holds secrets.
        body: if is_data { String::from_utf8_lossy(&body).into_owned() } else { String::new() },
        variables: serde_json::Value::Null,
        status: outcome.reply.status.as_u16(),
        fault: outcome.fault.map(|fault| format!("{fault:?}")),
    });
    let skewed = outcome.fault == Some(XeroFault::ClockSkew);
    let shown = if skewed { now + TimeDelta::seconds(229) } else { now };
    outcome.reply.send(shown, outcome.running)
}

fn data(state: &XeroState, read: &Read<'_>) -> Outcome {
    let fault = read.fault;
    let (scopes, tenant) = match authorize(state, read) {
        Ok(authorized) => authorized,
        Err(reply) => return Outcome { reply, fault, running: None },
    };
    let lifted = *lock(&state.pacing) == Pacing::Lifted;
    let (running, remaining) = lock(&state.meter).begin(tenant.tenant_id, state.world.clock.now(), lifted);
    let running = match running.map_err(|problem| problem.reply(state.app_minute())) {
        Ok(running) => running,
        Err(reply) => return Outcome { reply: remaining.onto(reply), fault: None, running: None },
    };
    let reply = match fault.and_then(|fault| outage(state, fault, remaining)) {
        Some(reply) => reply,
        None => remaining.onto(answer_read(state, read, &scopes, &tenant).delivered(delivery(fault))),
    };
    Outcome { reply, fault, running: Some(running) }
}

/// Token and tenant; gives the token's scopes.
fn authorize(state: &XeroState, read: &Read<'_>) -> Result<(String, Connection), Reply> {
    let now = state.world.clock.now();
    let grant = lock(&state.tokens).grant_of(read.headers, now).cloned();
    let grant = grant.filter(|_| read.fault != Some(XeroFault::Unauthorized));
    let grant = grant.ok_or_else(|| problem(state, 401, "Unauthorized", "AuthenticationUnsuccessful"))?;
    let named = read.headers.get("xero-tenant-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let connections = lock(&state.connections);
    // A custom connection knows its one tenant; the code flow has to name it.
    let found = if named.is_empty() && grant.consent.is_none() {
        connections.list.first().filter(|connection| connection.open)
    } else {
        connections.open().find(|known| known.tenant_id.to_string().eq_ignore_ascii_case(named))
    };
    let found = found.filter(|_| read.fault != Some(XeroFault::TenantDisconnected)).cloned();
    drop(connections);
    match found {
        Some(tenant) => Ok((grant.scope, tenant)),
        None => Err(problem(state, 403, "Forbidden", "AuthenticationUnsuccessful")),
    }
}

pub(crate) fn problem(state: &XeroState, status: u16, title: &str, detail: &str) -> Reply {
    let (id, kind) = (state.fresh_id(), serde_json::Value::Null);
    let body = json!({"Type": kind, "Title": title, "Status": status, "Detail": detail, "Instance": id});
    Reply::json(status, body.to_string())
}

fn missing_scope(state: &XeroState, form: XeroMissingScope) -> Reply {
    match form {
        XeroMissingScope::Forbidden => problem(state, 403, "Forbidden", "AuthorizationUnsuccessful"),
        XeroMissingScope::Unauthorized => problem(state, 401, "Unauthorized", "AuthorizationUnsuccessful"),
    }
}

/// The faults that stand in for the whole answer.
fn outage(state: &XeroState, fault: XeroFault, remaining: Remaining) -> Option<Reply> {
    let now = state.world.clock.now();
    let app_minute = state.app_minute();
    let reply = match fault {
        XeroFault::OrganisationOffline => Reply::text(503, "The Organisation is offline"),
        XeroFault::HtmlUnavailable => Reply::html(503, "Service Unavailable"),
        XeroFault::HtmlNotFound => Reply::html(404, "404 - File or directory not found."),
        XeroFault::InternalError => Reply::html(500, "Server Error"),
        XeroFault::MinuteLimit => {
            Problem::Minute { retry_after: 60 - now.timestamp().rem_euclid(60) }.reply(app_minute)
        }
        XeroFault::DayLimit => Problem::Day { retry_after: 66_975 }.reply(app_minute),
        XeroFault::ConcurrentLimit => Problem::Concurrent.reply(app_minute),
        XeroFault::BareLimit => return Some(Reply::new(429, "text/plain", "")),
        XeroFault::HighVolume => Reply::json(400, high_volume()),
        XeroFault::XmlBody => Reply::new(200, "text/xml; charset=utf-8", xml(state)),
        XeroFault::MissingScopeForbidden => missing_scope(state, XeroMissingScope::Forbidden),
        XeroFault::MissingScopeUnauthorized => missing_scope(state, XeroMissingScope::Unauthorized),
        XeroFault::JournalsGate => gate(state),
        XeroFault::ReportsBroken => {
            problem(state, 500, "InternalServerError", "We are sorry, something has gone wrong")
        }
        _ => return None,
    };
    Some(remaining.onto(reply))
}

fn gate(state: &XeroState) -> Reply {
    problem(state, 403, "Forbidden", "AuthorizationUnsuccessful")
}

fn delivery(fault: Option<XeroFault>) -> Delivery {
    match fault {
        Some(XeroFault::TruncatedBody) => Delivery::Truncated,
        Some(XeroFault::ConnectionCut) => Delivery::Cut,
        Some(XeroFault::StalledBody) => Delivery::Stalled,
        _ => Delivery::Whole,
    }
}

/// What a path of the Accounting API leads to.
enum Target {
    List(Resource),
    Report(report::Kind),
}

impl Target {
    fn of_path(first: &str, rest: Option<&str>) -> Option<Self> {
        match first {
            "Reports" => report::Kind::of_path(rest?).map(Self::Report),
            _ => Resource::of_path(first).map(Self::List),
        }
    }

    fn scopes(&self) -> &'static [&'static str] {
        match self {
            Self::List(resource) => resource.scopes(),
            Self::Report(kind) => kind.scopes(),
        }
    }
}

fn answer_read(state: &XeroState, read: &Read<'_>, scopes: &str, tenant: &Connection) -> Reply {
    let mut segments = read.path.strip_prefix("/api.xro/2.0/").unwrap_or_default().splitn(2, '/');
    let (first, rest) = (segments.next().unwrap_or_default(), segments.next());
    let rest = rest.filter(|segment| !segment.is_empty());
    let Some(target) = Target::of_path(first, rest) else { return not_found() };
    if read.method != Method::GET {
        return Reply::text(501, "The sandbox does not implement this method");
    }
    let switches = *lock(&state.switches);
    if matches!(target, Target::List(Resource::Journals)) && !switches.journals {
        return gate(state);
    }
    if !scope::opens(scopes, target.scopes()) {
        return missing_scope(state, switches.missing_scope);
    }
    let accepts = read.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.contains("json") {
        return Reply::new(200, "text/xml; charset=utf-8", xml(state));
    }
    let params: BTreeMap<String, String> =
        url::form_urlencoded::parse(read.query.as_bytes()).into_owned().collect();
    match target {
        Target::List(resource) => answer_list(state, read, resource, rest, &params, tenant),
        Target::Report(kind) => answer_report(state, read, kind, &params, tenant),
    }
}

fn answer_list(
    state: &XeroState,
    read: &Read<'_>,
    resource: Resource,
    wanted: Option<&str>,
    params: &BTreeMap<String, String>,
    tenant: &Connection,
) -> Reply {
    let since = read.headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let since = since.filter(|_| read.fault != Some(XeroFault::IgnoredSince));
    let query = match Query::parse(resource, params, since) {
        Ok(query) => query,
        Err(message) => return Reply::json(400, exception(16, "QueryParseException", &message)),
    };
    let listing = if is_home(state, tenant) {
        match wanted {
            Some(id) => list::single(&state.world, resource, id, &query, read.fault),
            None => {
                let ordered = params.contains_key("order");
                Some(list::list(&state.world, &state.index, resource, &query, ordered, read.fault))
            }
        }
    } else if resource == Resource::Organisation {
        let mut row = String::new();
        let mut object = Object::begin(&mut row);
        rows::organisation_named(
            &mut object,
            &tenant.name,
            tenant.tenant_id,
            state.world.read().books.created_at,
        );
        object.end();
        Some(Listing::of(resource.plural(), row))
    } else {
        wanted.is_none().then(|| list::nothing(resource, &query))
    };
    match listing {
        Some(listing) => Reply::json(200, listing.envelope(state.fresh_id(), state.world.clock.now())),
        None => not_found(),
    }
}

fn answer_report(
    state: &XeroState,
    read: &Read<'_>,
    kind: report::Kind,
    params: &BTreeMap<String, String>,
    tenant: &Connection,
) -> Reply {
    if !is_home(state, tenant) {
        return Reply::json(
            200,
            Listing::of("Reports", String::new()).envelope(state.fresh_id(), state.world.clock.now()),
        );
    }
    let (now, switches) = (state.world.clock.now(), *lock(&state.switches));
    match report::write(&state.world.read(), kind, params, switches, now, read.fault) {
        Ok(rows) => Reply::json(200, Listing::of("Reports", rows).envelope(state.fresh_id(), now)),
        Err(report::Refusal::Invalid(message)) => {
            Reply::json(400, exception(10, "ValidationException", &message))
        }
        Err(report::Refusal::Unknown) => not_found(),
    }
}

fn is_home(state: &XeroState, tenant: &Connection) -> bool {
    state.world.read().books.organisation_id == tenant.tenant_id
}

fn not_found() -> Reply {
    Reply::text(404, "The resource you're looking for cannot be found")
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
