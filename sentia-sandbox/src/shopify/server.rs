//! A Shopify twin's one handler: from request to answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, header};
use serde_json::{Map, Value, json};

use super::blemish::spoil;
use super::bucket::Bucket;
use super::bulk::{self, BulkDesk};
use super::catalog_fields::VERSIONS;
use super::execute::{Answer, Executor};
use super::fault::ShopifyFault;
use super::graphql::ast::{Document, Operation};
use super::graphql::error::GraphqlError;
use super::graphql::schema::Schema;
use super::graphql::{cost, parser, validate, variables};
use super::mutation::{self, Call};
use super::settings::{Settings, ThrottleForm};
use super::token::TokenDesk;
use super::webhook::WebhookDesk;
use crate::fault::{Endpoint, Injector};
use crate::journal::{Journal, LoggedRequest, harmless};
use crate::pacing::Pacing;
use crate::reply::{Delivery, Reply};
use crate::rng::Rng;
use crate::universe::Region;
use crate::world::World;

/// What the twin knows besides the universe.
#[derive(Debug)]
pub(crate) struct ShopifyState {
    pub(crate) world: Arc<World>,
    pub(crate) region: Region,
    pub(crate) schema: Schema,
    /// Where the other shop listens, for the redirect fault.
    pub(crate) neighbour: String,
    pub(crate) tokens: Mutex<TokenDesk>,
    pub(crate) bucket: Mutex<Bucket>,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) faults: Injector<ShopifyFault>,
    pub(crate) journal: Journal,
    pub(crate) ids: Mutex<Rng>,
    /// As 2026-01 has it, which lacks a field.
    pub(crate) early_schema: Schema,
    pub(crate) base_url: String,
    pub(crate) bulk: Mutex<BulkDesk>,
    pub(crate) webhooks: Mutex<WebhookDesk>,
}

/// Locks without fear of poison: nothing here is left half done by a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) async fn answer(State(state): State<Arc<ShopifyState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let is_token = path == "/admin/oauth/access_token";
    let text = String::from_utf8_lossy(&body).into_owned();
    let endpoint = if is_token { Endpoint::Token } else { Endpoint::Data };
    let mention = if is_token { path.clone() } else { format!("{path}?{query}\n{text}") };
    let fault = state.faults.strike(&state.world, endpoint, &mention);
    let request_id = lock(&state.ids).guid();
    let file = bulk::download(&state, &head.method, &path, &query, &head.headers, fault);
    let reply = if let Some(file) = file {
        file_or_outage(&state, file, fault, &path)
    } else if is_token {
        token(&state, &head.method, &body, fault)
    } else {
        data(&state, &head.method, &path, &head.headers, &text, fault)
    };
    let now = state.world.clock.now();
    let variables = serde_json::from_str::<Value>(&text).ok().and_then(|json| json.get("variables").cloned());
    state.journal.add(LoggedRequest {
        at: now,
        method: head.method.to_string(),
        path,
        query,
        headers: harmless(&head.headers),
        body: if is_token { String::new() } else { text },
        variables: variables.unwrap_or_default(),
        status: reply.status.as_u16(),
        fault: fault.map(|fault| format!("{fault:?}")),
    });
    reply.header("x-request-id", request_id.to_string()).send(now, ())
}

/// A download from the storage host, which has outages of its own but knows no tokens.
fn file_or_outage(state: &ShopifyState, file: Reply, fault: Option<ShopifyFault>, path: &str) -> Reply {
    let reply = fault.and_then(|fault| outage(state, fault, path)).unwrap_or(file);
    reply.delivered(delivery(fault))
}

fn token(state: &ShopifyState, method: &Method, body: &[u8], fault: Option<ShopifyFault>) -> Reply {
    if method != Method::POST {
        return Reply::html(404, "Not Found");
    }
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let scopes = lock(&state.settings).scopes.clone();
    let mint = || lock(&state.tokens).answer(&form, &scopes, state.world.clock.now());
    match fault {
        Some(ShopifyFault::InvalidClient) => super::token::refusal(401, "invalid_client"),
        Some(ShopifyFault::TokenUnavailable) => Reply::html(503, "Service Unavailable"),
        Some(ShopifyFault::LostTokenResponse) => mint().delivered(Delivery::Cut),
        _ => mint(),
    }
}

fn data(
    state: &ShopifyState,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &str,
    fault: Option<ShopifyFault>,
) -> Reply {
    let asked = path.strip_prefix("/admin/api/").and_then(|rest| rest.strip_suffix("/graphql.json"));
    let oldest = lock(&state.settings).oldest_version;
    let Some(served) =
        asked.and_then(|asked| served_version(asked, oldest)).filter(|_| method == Method::POST)
    else {
        return Reply::html(404, "Not Found");
    };
    let served = match fault {
        Some(ShopifyFault::WrongVersion) => "2026-01",
        Some(ShopifyFault::FellForward) => "2026-10",
        _ => served,
    };
    let reply = match fault.and_then(|fault| outage(state, fault, path)) {
        Some(reply) => reply,
        None if !lock(&state.tokens).admits(headers, state.world.clock.now()) => unauthorized(),
        None => graphql(state, headers, body, served, fault),
    };
    reply.delivered(delivery(fault)).header("x-shopify-api-version", served)
}

/// A version that has run out falls forward to the oldest that is served; anything else unknown is not found.
fn served_version(asked: &str, oldest: &'static str) -> Option<&'static str> {
    let known = VERSIONS.iter().map(|(handle, ..)| *handle).find(|handle| *handle == asked);
    let known = known.map(|known| known.max(oldest));
    let well_formed =
        asked.len() == 7 && asked.is_ascii() && asked.as_bytes()[4] == b'-' && asked.starts_with("20");
    known.or_else(|| (well_formed && asked < oldest).then_some(oldest))
}

fn unauthorized() -> Reply {
    let message = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    Reply::json(401, json!({"errors": message}).to_string())
}

/// The faults that stand in for the whole answer.
fn outage(state: &ShopifyState, fault: ShopifyFault, path: &str) -> Option<Reply> {
    let errors = |status: u16, message: &str| Reply::json(status, json!({"errors": message}).to_string());
    Some(match fault {
        ShopifyFault::Throttled200 => throttled(state, ThrottleForm::Status200, 752),
        ShopifyFault::Throttled429 => throttled(state, ThrottleForm::Status429, 752),
        ShopifyFault::InternalServerError => {
            let id = lock(&state.ids).guid();
            let message = format!(
                "Internal error. Looks like something went wrong on our end.\nRequest ID: {id} (include this in support requests)."
            );
            let extensions = json!({"code": "INTERNAL_SERVER_ERROR", "requestId": id});
            Reply::json(
                200,
                json!({"errors": [{"message": message, "extensions": extensions}], "data": null}).to_string(),
            )
        }
        ShopifyFault::RedirectToOtherShop => {
            Reply::html(301, "Moved Permanently").header("location", format!("{}{path}", state.neighbour))
        }
        ShopifyFault::Unauthorized => unauthorized(),
        ShopifyFault::PaymentRequired => errors(402, "Unavailable Shop"),
        ShopifyFault::Forbidden => errors(403, "[API] This action requires merchant approval."),
        ShopifyFault::Locked => errors(423, "Locked"),
        ShopifyFault::SecurityRejection => errors(430, "Shopify Security Rejection"),
        ShopifyFault::BadGateway => Reply::html(502, "Bad Gateway"),
        ShopifyFault::ServiceUnavailable => errors(503, "Service Unavailable").header("retry-after", "2.0"),
        ShopifyFault::GatewayTimeout => errors(504, "Gateway Timeout"),
        ShopifyFault::NotFound => Reply::html(404, "Not Found"),
        _ => return None,
    })
}

fn delivery(fault: Option<ShopifyFault>) -> Delivery {
    match fault {
        Some(ShopifyFault::TruncatedBody) => Delivery::Truncated,
        Some(ShopifyFault::ConnectionCut) => Delivery::Cut,
        Some(ShopifyFault::StalledBody) => Delivery::Stalled,
        _ => Delivery::Whole,
    }
}

fn graphql(
    state: &ShopifyState,
    headers: &HeaderMap,
    body: &str,
    served: &str,
    fault: Option<ShopifyFault>,
) -> Reply {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Reply::json(
            400,
            json!({"errors": {"query": "Required parameter missing or invalid"}}).to_string(),
        );
    }
    let Ok(Value::Object(request)) = serde_json::from_str::<Value>(body) else {
        return Reply::json(400, json!({"errors": "The request body is not valid JSON"}).to_string());
    };
    let Some(query) = request.get("query").and_then(Value::as_str) else {
        return Reply::json(
            400,
            json!({"errors": {"query": "Required parameter missing or invalid"}}).to_string(),
        );
    };
    let document = match parser::parse(query) {
        Ok(document) => document,
        Err(error) => {
            let error = GraphqlError::new(error.message)
                .at(error.position)
                .extensions(json!({"code": "PARSE_ERROR"}));
            return mistakes(&[error]);
        }
    };
    let operation = match choose(&document, request.get("operationName").and_then(Value::as_str)) {
        Ok(operation) => operation,
        Err(error) => return mistakes(&[error]),
    };
    let schema = if served == VERSIONS[0].0 { &state.early_schema } else { &state.schema };
    let errors = validate::validate(schema, &document, operation);
    if !errors.is_empty() {
        return mistakes(&errors);
    }
    let none = Map::new();
    let sent = request.get("variables").and_then(Value::as_object).unwrap_or(&none);
    match variables::coerce(&state.schema, operation, sent) {
        Ok(variables) => run(state, &document, operation, &variables, fault),
        Err(errors) => mistakes(&errors),
    }
}

/// Errors from before execution have neither `data` nor `extensions`.
fn mistakes(errors: &[GraphqlError]) -> Reply {
    let errors: Vec<Value> = errors.iter().map(GraphqlError::to_json).collect();
    Reply::json(200, json!({"errors": errors}).to_string())
}

fn choose<'d>(document: &'d Document, name: Option<&str>) -> Result<&'d Operation, GraphqlError> {
    let found = match name.filter(|name| !name.is_empty()) {
        Some(name) => {
            let operation =
                document.operations.iter().find(|operation| operation.name.as_deref() == Some(name));
            operation.ok_or_else(|| GraphqlError::new(format!("No operation named \"{name}\"")))
        }
        None if document.operations.len() == 1 => Ok(&document.operations[0]),
        None => Err(GraphqlError::new("An operation name is required")),
    }?;
    if found.kind == "subscription" {
        return Err(GraphqlError::new(format!("Schema is not configured for {}s", found.kind)));
    }
    Ok(found)
}

fn run(
    state: &ShopifyState,
    document: &Document,
    operation: &Operation,
    variables: &variables::Variables,
    fault: Option<ShopifyFault>,
) -> Reply {
    let requested = cost::requested(&state.schema, document, operation, variables);
    let mut settings = lock(&state.settings).clone();
    if fault == Some(ShopifyFault::AllOrdersLost) {
        settings.scopes.retain(|scope| scope != "read_all_orders");
    }
    let limit = lock(&state.bucket).limits.single_query;
    if requested > limit {
        return too_dear(requested, limit);
    }
    let now = state.world.clock.now();
    let paced = settings.pacing == Pacing::Real;
    if paced && !lock(&state.bucket).take(requested, now) {
        return throttled(state, settings.throttle_form, requested);
    }
    let warnings = RefCell::new(Vec::new());
    let call = Call { settings: &settings, fault, now };
    let desk = mutation::perform(state, &call, document, operation, variables);
    let answer = {
        let universe = state.world.read();
        let scene = call.scene(state, &universe, &warnings, &desk);
        if fault == Some(ShopifyFault::SearchWarning) {
            let warning = json!({"field": "updated", "message": "Invalid search field for this query.", "code": "invalid_field"});
            super::search::warn(scene, "orders", "updated:>0", &[warning]);
        }
        Executor { schema: &state.schema, document, variables, scene, fault }.run(operation)
    };
    let mut bucket = lock(&state.bucket);
    if paced {
        bucket.refund(requested.saturating_sub(answer.cost));
    }
    let mut extensions = json!({"cost": bucket.report(requested, Some(answer.cost))});
    if !warnings.borrow().is_empty() {
        extensions["search"] = Value::Array(warnings.take());
    }
    Reply::json(200, write(answer, &extensions, fault))
}

fn write(answer: Answer, extensions: &Value, fault: Option<ShopifyFault>) -> String {
    let data = spoil(fault, answer.data);
    if answer.errors.is_empty() {
        return format!("{{\"data\":{data},\"extensions\":{extensions}}}");
    }
    let errors: Vec<Value> = answer.errors.iter().map(GraphqlError::to_json).collect();
    format!("{{\"data\":{data},\"errors\":{},\"extensions\":{extensions}}}", Value::Array(errors))
}

fn too_dear(requested: u64, limit: u64) -> Reply {
    let message = format!(
        "Query cost is {requested}, which exceeds the single query max cost limit ({limit}).\n\nSee \
         https://shopify.dev/concepts/about-apis/rate-limits for more information on how the cost of a query is calculated."
    );
    let extensions = json!({"code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": limit});
    Reply::json(200, json!({"errors": [{"message": message, "extensions": extensions}]}).to_string())
}

fn throttled(state: &ShopifyState, form: ThrottleForm, requested: u64) -> Reply {
    let extensions =
        json!({"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"});
    let cost = lock(&state.bucket).report(requested, None);
    let body =
        json!({"errors": [{"message": "Throttled", "extensions": extensions}], "extensions": {"cost": cost}});
    match form {
        ThrottleForm::Status200 => Reply::json(200, body.to_string()),
        ThrottleForm::Status429 => Reply::json(429, body.to_string()).header("retry-after", "2.0"),
    }
}
