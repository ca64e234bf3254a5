//! The hosts that know who is who: consent page, tokens, revocation, organisations.

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use serde_json::json;

use super::consent::{self, CodeDesk, Wish};
use super::fault::{Door, XeroFault};
use super::server::{Outcome, XeroState, lock, problem};
use super::switches::XeroConsent;
use super::token::refusal;
use crate::fault::Endpoint;
use crate::reply::{Delivery, Reply};

type Form = BTreeMap<String, String>;

/// Answers what is not a read of data; none for other paths.
pub(crate) fn answer(
    state: &XeroState,
    method: &Method,
    (path, query): (&str, &str),
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Outcome> {
    let form: Form = url::form_urlencoded::parse(body).into_owned().collect();
    let params: Form = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let path = path.to_ascii_lowercase();
    Some(match path.as_str() {
        "/connect/token" => token(state, method, headers, &form),
        "/connect/revocation" => revocation(state, method, headers, &form).into(),
        "/identity/connect/authorize" if method == Method::GET => authorize(state, &params).into(),
        "/identity/connect/authorize" => decide(state, &form).into(),
        "/.well-known/openid-configuration" => discovery(headers).into(),
        "/connections" => connections(state, method, headers, &params),
        _ => disconnect(state, method, headers, path.strip_prefix("/connections/")?).into(),
    })
}

fn token(state: &XeroState, method: &Method, headers: &HeaderMap, form: &Form) -> Outcome {
    if method != Method::POST {
        return Reply::text(405, "Method Not Allowed").into();
    }
    let fault = state.faults.at(Door::Any).strike(&state.world, Endpoint::Token, "");
    let (now, switches) = (state.world.clock.now(), *lock(&state.switches));
    let answer = || lock(&state.tokens).answer(headers, form, switches, now);
    let reply = match fault {
        Some(XeroFault::InvalidGrant) => refusal("invalid_grant"),
        Some(XeroFault::InvalidScope) => refusal("invalid_scope"),
        Some(XeroFault::TokenUnavailable) => Reply::html(503, "Service Unavailable"),
        // The rotation has happened; only its answer does not arrive.
        Some(XeroFault::LostTokenResponse) => answer().delivered(Delivery::Cut),
        Some(XeroFault::RefreshTokenReused) => {
            let token = form.get("refresh_token").map(String::as_str).unwrap_or_default();
            lock(&state.tokens).end_grace(token, now);
            refusal("invalid_grant")
        }
        _ => answer(),
    };
    Outcome { reply, fault, running: None }
}

/// Ending a refresh token ends its consent, and with it the connections.
fn revocation(state: &XeroState, method: &Method, headers: &HeaderMap, form: &Form) -> Reply {
    if method != Method::POST {
        return Reply::text(405, "Method Not Allowed");
    }
    let revoked = lock(&state.tokens).revoke(headers, form);
    match revoked {
        Ok(ended) => {
            if ended {
                lock(&state.connections).set_all(false);
            }
            Reply::new(200, "text/plain; charset=utf-8", "")
        }
        Err(refusal) => refusal,
    }
}

fn authorize(state: &XeroState, params: &Form) -> Reply {
    let switches = *lock(&state.switches);
    let mut tokens = lock(&state.tokens);
    let client = params.get("client_id").and_then(|id| tokens.client(id));
    let wish = match tokens.codes.check(client, params, switches) {
        Ok(wish) => wish,
        Err(error) => return consent::mistake(error),
    };
    if switches.consent != XeroConsent::Ask {
        drop(tokens);
        return settle(state, wish, switches.consent == XeroConsent::Allow);
    }
    let ticket = tokens.codes.ask(wish);
    let names: Vec<String> =
        lock(&state.connections).list.iter().map(|connection| connection.name.clone()).collect();
    consent::page(&ticket, &names)
}

/// The consent page's form.
fn decide(state: &XeroState, form: &Form) -> Reply {
    let ticket = form.get("ticket").map(String::as_str).unwrap_or_default();
    let wish = lock(&state.tokens).codes.asked(ticket);
    match wish {
        Some(wish) => settle(state, wish, form.get("decision").is_some_and(|word| word == "allow")),
        None => consent::mistake("invalid_request"),
    }
}

fn settle(state: &XeroState, wish: Wish, allowed: bool) -> Reply {
    let target = if allowed {
        let now = state.world.clock.now();
        let (target, event) = lock(&state.tokens).codes.allow(wish, now);
        lock(&state.connections).consented(event, now);
        target
    } else {
        CodeDesk::deny(wish)
    };
    Reply::new(302, "text/html; charset=utf-8", "").header("location", target)
}

fn discovery(headers: &HeaderMap) -> Reply {
    let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let at = |path: &str| format!("http://{host}{path}");
    let body = json!({
        "issuer": "https://identity.xero.com",
        "authorization_endpoint": at("/identity/connect/authorize"),
        "token_endpoint": at("/connect/token"),
        "revocation_endpoint": at("/connect/revocation"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    Reply::json(200, body.to_string())
}

/// The bare array of organisations the app may read.
fn connections(state: &XeroState, method: &Method, headers: &HeaderMap, params: &Form) -> Outcome {
    if method != Method::GET {
        return Reply::text(405, "Method Not Allowed").into();
    }
    if lock(&state.tokens).grant_of(headers, state.world.clock.now()).is_none() {
        return problem(state, 401, "Unauthorized", "AuthenticationUnsuccessful").into();
    }
    let fault = state.faults.at(Door::Connections).strike(&state.world, Endpoint::Data, "/connections");
    if fault.is_some() {
        return Outcome { reply: Reply::json(200, "[]"), fault, running: None };
    }
    let event = params.get("authEventId").map(|event| event.to_ascii_lowercase());
    Reply::json(200, lock(&state.connections).rows(event.as_deref()).to_string()).into()
}

fn disconnect(state: &XeroState, method: &Method, headers: &HeaderMap, id: &str) -> Reply {
    if method != Method::DELETE {
        return Reply::text(405, "Method Not Allowed");
    }
    if lock(&state.tokens).grant_of(headers, state.world.clock.now()).is_none() {
        return problem(state, 401, "Unauthorized", "AuthenticationUnsuccessful");
    }
    if lock(&state.connections).remove(id) {
        Reply::new(204, "application/json; charset=utf-8", "")
    } else {
        problem(state, 404, "NotFound", "Connection not found")
    }
}
