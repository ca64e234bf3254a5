//! The Microsoft Graph twin's one handler: from request to answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, header};

use super::answer::Answer;
use super::call::{Call, parse};
use super::fault::MicrosoftGraphFault as Fault;
use super::identity::{Caller, TokenDesk, Unwelcome};
use super::limit::{Limiter, Pass, Running, Service, throttled};
use super::link::Links;
use super::session::Sessions;
use super::settings::MicrosoftGraphSettings;
use super::subscription::{self, Subscriptions};
use super::{route, session};
use crate::fault::{Endpoint, Injector};
use crate::journal::{Journal, LoggedRequest, harmless};
use crate::pacing::Pacing;
use crate::reply::{Delivery, Reply};
use crate::rng::Rng;
use crate::world::World;

/// What the twin knows besides the universe.
#[derive(Debug)]
pub(crate) struct GraphState {
    pub(crate) world: Arc<World>,
    pub(crate) base_url: String,
    pub(crate) tokens: Mutex<TokenDesk>,
    pub(crate) limiter: Mutex<Limiter>,
    pub(crate) pacing: Mutex<Pacing>,
    pub(crate) settings: Mutex<MicrosoftGraphSettings>,
    pub(crate) faults: Injector<Fault>,
    pub(crate) journal: Journal,
    pub(crate) links: Mutex<Links>,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) subscriptions: Mutex<Subscriptions>,
    pub(crate) ids: Mutex<Rng>,
}

impl GraphState {
    pub(crate) fn fresh_id(&self) -> String {
        lock(&self.ids).guid().to_string()
    }

    /// A target below the version as the absolute URL that answers speak.
    pub(crate) fn absolute(&self, target: &str) -> String {
        format!("{}/v1.0{target}", self.base_url)
    }
}

/// Locks without fear of poison: nothing here is left half done by a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer, the fault that shaped it, and the call it belongs to.
struct Outcome {
    reply: Reply,
    fault: Option<Fault>,
    running: Option<Running>,
}

pub(crate) async fn answer(State(state): State<Arc<GraphState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let tenant = path.strip_suffix("/oauth2/v2.0/token").map(|tenant| tenant.trim_matches('/').to_owned());
    let is_token = tenant.is_some();
    let outcome = match tenant {
        Some(tenant) => token(&state, head.method.as_str(), &tenant, &body),
        None => data(&state, head.method.as_str(), &path, &query, &head.headers, &body).await,
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

fn token(state: &GraphState, method: &str, tenant: &str, body: &[u8]) -> Outcome {
    let fault = state.faults.strike(&state.world, Endpoint::Token, "");
    let now = state.world.clock.now();
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let mut desk = lock(&state.tokens);
    let reply = match fault {
        _ if method != "POST" => {
            desk.refusal(400, "invalid_request", 900_561, "The endpoint only accepts POST requests.", now)
        }
        Some(Fault::SecretExpired) => desk.refusal(
            401,
            "invalid_client",
            7_000_222,
            "The provided client secret keys for app are expired.",
            now,
        ),
        Some(Fault::InactiveRefreshToken) => desk.refusal(
            400,
            "invalid_grant",
            700_082,
            "The refresh token has expired due to inactivity.",
            now,
        ),
        Some(Fault::ConsentRequired) => {
            desk.refusal(400, "invalid_grant", 65_001, "The user or administrator has not consented.", now)
        }
        Some(Fault::TemporarilyUnavailable) => desk.refusal(
            503,
            "temporarily_unavailable",
            90_033,
            "A transient error has occurred. Please try again.",
            now,
        ),
        Some(Fault::TokenThrottled) => desk
            .refusal(429, "temporarily_unavailable", 90_055, "The server is busy: too many requests.", now)
            .header("retry-after", "7"),
        Some(Fault::TokenHtml) => Reply::html(502, "Bad Gateway"),
        Some(Fault::LostTokenResponse) => desk.answer(tenant, &form, now).delivered(Delivery::Cut),
        _ => desk.answer(tenant, &form, now),
    };
    Outcome { reply: reply.header("cache-control", "no-store, no-cache"), fault, running: None }
}

async fn data(
    state: &GraphState,
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Outcome {
    let mention = format!("{path}?{query} {}", String::from_utf8_lossy(body));
    let fault = state.faults.strike(&state.world, Endpoint::Data, &mention);
    let request_id = state.fresh_id();
    let client_id = headers.get("client-request-id").and_then(|value| value.to_str().ok());
    let client_id = client_id.map_or_else(|| request_id.clone(), str::to_owned);
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let (answer, pass) = match target.strip_prefix("/v1.0/") {
        Some(rest) => admit(state, method, &format!("/{rest}"), headers, body, fault).await,
        None if path.starts_with("/download/") => {
            (session::download(state, path, query, headers), Pass::default())
        }
        None => (Answer::error(404, "ResourceNotFound", "Invalid version or path."), Pass::default()),
    };
    let mut answer = answer.signed(&request_id, &client_id, state.world.clock.now());
    answer.headers.extend(pass.headers);
    let diagnostics = r#"{"ServerInfo":{"DataCenter":"UK South","Slice":"E","Ring":"5","ScaleUnit":"000"}}"#;
    let answer = answer
        .header("request-id", request_id)
        .header("client-request-id", client_id)
        .header("x-ms-ags-diagnostic", diagnostics);
    Outcome { reply: answer.reply(delivery(fault)), fault, running: pass.running }
}

/// Token, outage, limits, then the answer itself.
async fn admit(
    state: &GraphState,
    method: &str,
    target: &str,
    headers: &HeaderMap,
    body: &[u8],
    fault: Option<Fault>,
) -> (Answer, Pass) {
    let caller = match welcome(state, headers, fault) {
        Ok(caller) => caller,
        Err(refusal) => return (refusal, Pass::default()),
    };
    if let Some(answer) = fault.and_then(outage) {
        return (answer, Pass::default());
    }
    let segments = parse(target, &state.world.read().office).0;
    let pass = match begin(state, &Service::of(&segments), target) {
        Ok(pass) => pass,
        Err(refusal) => return (refusal, Pass::default()),
    };
    let settings = lock(&state.settings).clone();
    if method == "POST" && target == "/subscriptions" {
        let request = Incoming { method, target, headers, body };
        return (subscription::create(state, &caller, &request, fault).await, pass);
    }
    let request = Incoming { method, target, headers, body };
    (answer_call(state, &request, &caller, &settings, fault, 0), pass)
}

/// A request on its way in, alone or as an item of a batch.
pub(crate) struct Incoming<'r> {
    pub(crate) method: &'r str,
    pub(crate) target: &'r str,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r [u8],
}

/// Takes a request apart and answers it.
pub(crate) fn answer_call(
    state: &GraphState,
    request: &Incoming<'_>,
    caller: &Caller,
    settings: &MicrosoftGraphSettings,
    fault: Option<Fault>,
    skip: usize,
) -> Answer {
    let (segments, query) = parse(request.target, &state.world.read().office);
    let call = Call {
        state,
        method: request.method,
        target: request.target,
        segments,
        query,
        headers: request.headers,
        body: request.body,
        caller,
        now: state.world.clock.now(),
        fault,
        settings,
        skip,
    };
    route::dispatch(call)
}

/// Counts a call against the limits, unless they are lifted.
pub(crate) fn begin(state: &GraphState, service: &Service, target: &str) -> Result<Pass, Answer> {
    if *lock(&state.pacing) == Pacing::Lifted {
        return Ok(Pass::default());
    }
    lock(&state.limiter).begin(state.world.clock.now(), service, target)
}

fn welcome(state: &GraphState, headers: &HeaderMap, fault: Option<Fault>) -> Result<Caller, Answer> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer "));
    let caller = match fault {
        Some(Fault::Unauthorized) => Err(Unwelcome::Expired),
        _ => lock(&state.tokens).caller(token, state.world.clock.now()),
    };
    caller.map_err(|reason| {
        let words = match reason {
            Unwelcome::Missing => "Access token is empty.",
            Unwelcome::Unknown => "CompactToken validation failed: the token is malformed.",
            Unwelcome::Expired => "Lifetime validation failed, the token is expired.",
        };
        let challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
                         client_id=\"00000003-0000-0000-c000-000000000000\"";
        Answer::error(401, "InvalidAuthenticationToken", words).header("www-authenticate", challenge)
    })
}

/// The faults that stand in for the whole answer.
fn outage(fault: Fault) -> Option<Answer> {
    let too_many = || Answer::error(429, "TooManyRequests", "Please retry again later.");
    Some(match fault {
        Fault::HtmlGateway => Answer::html(502, "Bad Gateway"),
        Fault::ServiceUnavailable => {
            Answer::error(503, "serviceNotAvailable", "The service is not available.")
                .header("retry-after", "12")
        }
        Fault::GatewayTimeout => Answer::nested(
            504,
            "UnknownError",
            "gatewayTimeoutUncategorized",
            "The gateway did not receive a response in time.",
        ),
        Fault::EmptyErrorCode => Answer::error(500, "", "An error has occurred."),
        Fault::TooManyRequests => too_many().header("retry-after", "10"),
        Fault::BareTooManyRequests => too_many(),
        Fault::LongRetryAfter => too_many().header("retry-after", "600"),
        Fault::SharePointThrottled => throttled(&Service::Files, 30),
        Fault::Forbidden => Answer::error(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ),
        Fault::LaggingNotFound => {
            Answer::error(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        }
        Fault::NotImplemented => Answer::error(
            501,
            "NotImplemented",
            "The requested property is not stored in the main data store.",
        ),
        _ => return None,
    })
}

fn delivery(fault: Option<Fault>) -> Delivery {
    match fault {
        Some(Fault::TruncatedBody) => Delivery::Truncated,
        Some(Fault::ConnectionCut) => Delivery::Cut,
        Some(Fault::StalledBody) => Delivery::Stalled,
        _ => Delivery::Whole,
    }
}
