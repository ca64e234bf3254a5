//! The Amazon twin's one handler: from request to answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;

use super::fault::{AmazonFault, Door};
use super::grant::Grant;
use super::operation::{Operation, Routed};
use super::refusal::Refusal;
use super::report_file::{self, Charset, Download};
use super::state::{AmazonState, Settings, lock};
use super::token::refusal as token_refusal;
use super::{blemish, catalog, finances, inventory, listings, orders, reports, sellers};
use crate::journal::{LoggedRequest, harmless};
use crate::pacing::Pacing;
use crate::reply::{Delivery, Reply};
use crate::universe::Region;

/// An answer and the fault that shaped it.
struct Outcome {
    answer: Answer,
    fault: Option<AmazonFault>,
}

enum Answer {
    Reply(Reply),
    File(Download, &'static str),
}

pub(crate) async fn answer(State(state): State<Arc<AmazonState>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let is_token = path == "/auth/o2/token";
    let outcome = if is_token {
        token(&state, &head.method, &head.headers, &body)
    } else if path.starts_with("/documents/") {
        download(&state, &path, &query, &head.headers)
    } else {
        call(&state, &head.method, &path, &query, &head.headers, &body)
    };
    let now = state.world.clock.now();
    let status = match &outcome.answer {
        Answer::Reply(reply) => reply.status.as_u16(),
        Answer::File(..) => 200,
    };
    let mut headers = harmless(&head.headers);
    headers.remove("x-amz-access-token");
    state.journal.add(LoggedRequest {
        at: now,
        method: head.method.to_string(),
        path,
        query,
        headers,
        body: if is_token { String::new() } else { String::from_utf8_lossy(&body).into_owned() },
        variables: Value::Null,
        status,
        fault: outcome.fault.map(|fault| format!("{fault:?}")),
    });
    match outcome.answer {
        Answer::Reply(reply) => reply.header("x-amzn-requestid", state.fresh_id()).send(now, ()),
        Answer::File(file, encoding) => {
            let mut response = Response::new(Body::from(file.bytes));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            response
        }
    }
}

fn token(state: &AmazonState, method: &Method, headers: &HeaderMap, body: &[u8]) -> Outcome {
    if method != Method::POST {
        return Outcome { answer: Answer::Reply(Reply::text(405, "Method Not Allowed")), fault: None };
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form: BTreeMap<String, String> = if kind.starts_with("application/x-www-form-urlencoded") {
        url::form_urlencoded::parse(body).into_owned().collect()
    } else {
        BTreeMap::new()
    };
    let fault = state.strike(Door::Token, "");
    let answer = || lock(&state.tokens).answer(&form, state.world.clock.now());
    let reply = match fault {
        Some(AmazonFault::InvalidGrant) => {
            token_refusal(400, "invalid_grant", "The request has an invalid grant parameter : refresh_token")
        }
        Some(AmazonFault::InvalidClient) => {
            token_refusal(401, "invalid_client", "Client authentication failed")
        }
        Some(AmazonFault::TokenUnavailable) => Reply::html(503, "Service Unavailable"),
        Some(AmazonFault::TokenThrottled) => {
            token_refusal(429, "too_many_requests", "The request rate is too high")
        }
        Some(AmazonFault::LostTokenResponse) => answer().delivered(Delivery::Cut),
        _ => answer(),
    };
    Outcome { answer: Answer::Reply(reply), fault }
}

/// The storage behind the pre-signed URL: a good signature, five minutes, and no header of ours.
fn download(state: &AmazonState, path: &str, query: &str, headers: &HeaderMap) -> Outcome {
    let now = state.world.clock.now();
    let fault = state.strike(Door::Download, &format!("{path}?{query}"));
    let denied = |code: &str, message: &str| {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Outcome { answer: Answer::Reply(Reply::new(403, "application/xml", body)), fault }
    };
    let unsigned = |name: &str| name.starts_with("x-amz-") || name == "authorization";
    if headers.keys().any(|name| unsigned(name.as_str())) {
        return denied("AccessDenied", "There were headers present in the request which were not signed");
    }
    let parameters: BTreeMap<String, String> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let signature = parameters.get("X-Amz-Signature").map_or("", String::as_str);
    let link = lock(&state.reports).link(signature).cloned();
    let Some(link) = link.filter(|link| path == format!("/documents/{}", link.document)) else {
        return denied("SignatureDoesNotMatch", "The request signature we calculated does not match");
    };
    if now - link.issued_at > TimeDelta::minutes(5) || fault == Some(AmazonFault::DocumentExpired) {
        return denied("AccessDenied", "Request has expired");
    }
    let Some((kind, table)) = reports::table_of(state, &link.document, now) else {
        return denied("AccessDenied", "Access Denied");
    };
    let charset = if state.region == Region::Uk { Charset::Cp1252 } else { Charset::Utf8 };
    let file = report_file::write(&table, charset, kind.is_compressed(), fault);
    let encoding = if link.says_gzip { "gzip" } else { "identity" };
    Outcome { answer: Answer::File(file, encoding), fault }
}

fn call(
    state: &AmazonState,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Outcome {
    let fault = state.strike(Door::Call, &format!("{path}?{query}{}", String::from_utf8_lossy(body)));
    let reply = admitted(state, method, path, headers, body, fault).map(|(operation, arguments)| {
        let reply = outage(fault).unwrap_or_else(|| {
            let answered = run(state, operation, &arguments, query, body, fault);
            answered.unwrap_or_else(|refusal| refusal.reply()).delivered(delivery(fault))
        });
        with_rate(reply, operation, fault)
    });
    Outcome { answer: Answer::Reply(reply.unwrap_or_else(|refusal| refusal.reply())), fault }
}

/// The rate is told on good answers and on those of the caller's fault, and not on the others.
fn with_rate(reply: Reply, operation: Operation, fault: Option<AmazonFault>) -> Reply {
    let status = reply.status.as_u16();
    if !matches!(status, 200..=299 | 400 | 404) {
        return reply;
    }
    let usual = operation.rate();
    let tenth = operation.rate_in_ten_thousandths() as f64 / 100_000.0;
    let told = if fault == Some(AmazonFault::OtherRate) { tenth.to_string() } else { usual.to_owned() };
    reply.header("x-amzn-ratelimit-limit", told)
}

/// Everything that is checked before the request is read: form, token, and the operation's bucket.
fn admitted(
    state: &AmazonState,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
    fault: Option<AmazonFault>,
) -> Result<(Operation, Vec<String>), Refusal> {
    let (operation, arguments) = match Operation::of(method, path) {
        Routed::To(operation, arguments) => (operation, arguments),
        Routed::WrongMethod => return Err(Refusal::method()),
        Routed::Unknown => return Err(Refusal::not_found("Resource")),
    };
    if method == Method::GET && (!body.is_empty() || headers.contains_key(header::CONTENT_LENGTH)) {
        return Err(Refusal::invalid("A GET request must have neither a body nor a Content-Length."));
    }
    if headers.get(header::USER_AGENT).is_some_and(|agent| agent.len() > 500) {
        return Err(Refusal::invalid("The user-agent header is longer than 500 bytes."));
    }
    let now = state.world.clock.now();
    let token = headers.get("x-amz-access-token").and_then(|value| value.to_str().ok());
    let grant = lock(&state.tokens).grant_of(token, now)?;
    match fault {
        Some(AmazonFault::ExpiredWave) => return Err(Refusal::expired()),
        Some(AmazonFault::RoleMissing) => return Err(Refusal::denied("")),
        _ if !grant.opens(method.as_str(), path) => return Err(Refusal::denied("")),
        _ => {}
    }
    let settings = lock(&state.settings).clone();
    if is_restricted(state, &settings, operation, &arguments, &grant) {
        return Err(Refusal::denied(""));
    }
    let lifted = settings.pacing == Pacing::Lifted;
    if !lifted && !lock(&state.buckets).take(operation, now) {
        return Err(Refusal::quota());
    }
    Ok((operation, arguments))
}

/// Whether a request needs a restricted role that the application lacks, or a restricted token in place of its own.
fn is_restricted(
    state: &AmazonState,
    settings: &Settings,
    operation: Operation,
    arguments: &[String],
    grant: &Grant,
) -> bool {
    match operation {
        Operation::CreateRestrictedDataToken => !settings.personal_data,
        Operation::GetReportDocument if *grant == Grant::Seller => {
            let table = reports::table_of(state, &arguments[0], state.world.clock.now());
            table.is_some_and(|(kind, _)| settings.restricted.contains(&kind))
        }
        _ => false,
    }
}

/// The faults that stand in for the whole answer.
fn outage(fault: Option<AmazonFault>) -> Option<Reply> {
    Some(match fault? {
        AmazonFault::HtmlUnavailable => Reply::html(503, "503 Service Temporarily Unavailable"),
        AmazonFault::GatewayTimeout => Reply::html(504, "504 Gateway Time-out"),
        AmazonFault::ServiceUnavailable => Refusal::unavailable().reply(),
        AmazonFault::InternalFailure => Refusal::internal().reply(),
        AmazonFault::QuotaExceeded => Refusal::quota().reply(),
        AmazonFault::BareQuota => Reply::new(429, "text/plain", ""),
        _ => return None,
    })
}

fn delivery(fault: Option<AmazonFault>) -> Delivery {
    match fault {
        Some(AmazonFault::TruncatedBody) => Delivery::Truncated,
        Some(AmazonFault::ConnectionCut) => Delivery::Cut,
        Some(AmazonFault::StalledBody) => Delivery::Stalled,
        _ => Delivery::Whole,
    }
}

fn run(
    state: &AmazonState,
    operation: Operation,
    arguments: &[String],
    query: &str,
    body: &[u8],
    fault: Option<AmazonFault>,
) -> Result<Reply, Refusal> {
    let mut value = match operation {
        Operation::SearchOrders => orders::search(state, query, fault)?,
        Operation::GetOrder => orders::get(state, &arguments[0], query)?,
        Operation::GetInventorySummaries => inventory::summaries(state, query, fault)?,
        Operation::SearchCatalogItems => catalog::search(state, query, fault)?,
        Operation::GetCatalogItem => catalog::get(state, &arguments[0], query)?,
        Operation::SearchListingsItems => listings::search(state, &arguments[0], query, fault)?,
        Operation::GetListingsItem => listings::get(state, &arguments[0], &arguments[1], query)?,
        Operation::ListTransactions => finances::transactions(state, query, fault)?,
        Operation::GetReports => reports::list(state, query, fault)?,
        Operation::GetReport => reports::get(state, &arguments[0])?,
        Operation::GetReportDocument => reports::document(state, &arguments[0], query)?,
        Operation::CreateRestrictedDataToken => {
            lock(&state.tokens).restrict(body, state.world.clock.now())?
        }
        Operation::GetMarketplaceParticipations => sellers::participations(state),
        Operation::CreateReport => {
            return Ok(Reply::new(202, "application/json", reports::create(state, body)?.to_string()));
        }
        Operation::CancelReport => {
            reports::cancel(state, &arguments[0])?;
            return Ok(Reply::new(200, "application/json", ""));
        }
    };
    if let Some(fault) = fault {
        blemish::spoil(fault, operation, &mut value);
    }
    Ok(Reply::new(200, "application/json", blemish::written(&value)))
}
