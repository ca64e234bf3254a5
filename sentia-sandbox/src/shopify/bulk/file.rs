//! The storage host: results behind signed addresses, without the access token.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};

use super::Operation;
use crate::reply::Reply;
use crate::shopify::fault::ShopifyFault;
use crate::shopify::server::{ShopifyState, lock};

/// Under which path results lie.
pub(crate) const PREFIX: &str = "/bulk-operation-outputs/";

pub(super) fn address(base_url: &str, operation: &Operation, expires_at: DateTime<Utc>) -> String {
    format!(
        "{base_url}{PREFIX}{}-final?GoogleAccessId=assets-us-prod%40shopify-tiers.iam.gserviceaccount.com&Expires={}&Signature={}&response-content-disposition=attachment%3B+filename%3D%22bulk-{id}.jsonl%22%3B+filename%2A%3DUTF-8%27%27bulk-{id}.jsonl&response-content-type=application%2Fjsonl",
        operation.token,
        expires_at.timestamp(),
        operation.signature,
        id = operation.id,
    )
}

/// Answers `GET` of a signed address, or nothing for another path.
pub(crate) fn download(
    state: &ShopifyState,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    fault: Option<ShopifyFault>,
) -> Option<Reply> {
    let name = path.strip_prefix(PREFIX)?;
    if headers.contains_key("x-shopify-access-token") || headers.contains_key("authorization") {
        lock(&state.settings).leaked_tokens += 1;
    }
    Some(match fault {
        Some(ShopifyFault::BulkUrlForbidden) => {
            refusal(403, "ExpiredToken", "The provided token has expired.")
        }
        Some(ShopifyFault::BulkUrlGone) => refusal(404, "NoSuchKey", "The specified key does not exist."),
        _ if method != Method::GET => refusal(405, "MethodNotAllowed", "The method is not allowed."),
        _ => signed(state, name, query, fault),
    })
}

fn signed(state: &ShopifyState, name: &str, query: &str, fault: Option<ShopifyFault>) -> Reply {
    let now = state.world.clock.now();
    let desk = lock(&state.bulk);
    let operation = name.strip_suffix("-final").and_then(|token| desk.by_token(token));
    let Some((operation, expires_at)) =
        operation.and_then(|operation| Some((operation, operation.expires_at(now)?)))
    else {
        return refusal(404, "NoSuchKey", "The specified key does not exist.");
    };
    let asked: BTreeMap<String, String> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let holds = |name: &str, value: &str| asked.get(name).is_some_and(|given| given == value);
    if !holds("Signature", &operation.signature) || !holds("Expires", &expires_at.timestamp().to_string()) {
        return refusal(403, "SignatureDoesNotMatch", "Access denied.");
    }
    if now >= expires_at {
        return refusal(403, "ExpiredToken", "The provided token has expired.");
    }
    let mut body = operation.file();
    if fault == Some(ShopifyFault::BulkTruncated) {
        // In the middle of a line; what comes before reads well.
        let last = operation.lines[operation.file_lines() - 1].len();
        let mut cut = body.len() - 1 - last / 2;
        while !body.is_char_boundary(cut) {
            cut -= 1;
        }
        body.truncate(cut);
    }
    Reply::new(200, "application/jsonl", body)
        .header("content-disposition", format!("attachment; filename=\"bulk-{}.jsonl\"", operation.id))
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Reply::new(status, "application/xml; charset=UTF-8", body)
}
