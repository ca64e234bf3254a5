//! Xero's answers, classified once: status, headers and body to a kind, a status and a wait.

use std::time::Duration;

use sentia_core::{
    Error, ErrorKind, Result,
    transport::{Response, body_excerpt},
};
use serde::Deserialize;

use crate::rotation::OAUTH_CODE;

/// What to wait when the daily budget is spent and Xero does not say until when.
const UNTOLD_DAY: Duration = Duration::from_secs(60 * 60);
/// What to wait when a budget of one minute is spent and Xero does not say until when.
const UNTOLD_MINUTE: Duration = Duration::from_secs(60);
/// What to wait when five calls are under way: Xero never says. The retry layer adds up to a second of jitter.
const CONCURRENT: Duration = Duration::from_secs(1);

/// The table of the Accounting API and of `/connections`.
pub(super) fn accounting(response: &mut Response) -> Result<()> {
    let status = response.status.as_u16();
    response.left = left(response, &[("x-minlimit-remaining", 60), ("x-daylimit-remaining", 24 * 60 * 60)]);
    response.left_of_app = left(response, &[("x-appminlimit-remaining", 60)]);
    let (kind, message) = match status {
        200..=299 => return json_or_invalid(response),
        300..=399 => (ErrorKind::InvalidResponse, "xero redirects; check base_url"),
        400 if mentions(response, &["highvolumeexception"]) => (
            ErrorKind::Unsupported,
            "the organisation is too large for an unfiltered read; read it incrementally",
        ),
        400 => (ErrorKind::InvalidResponse, "xero refused the request"),
        401 if lacks_scope(response) => (ErrorKind::PermissionDenied, MISSING_SCOPE),
        401 => (
            ErrorKind::Unauthenticated,
            "xero does not accept the access token; reconnect the organisation in Xero",
        ),
        403 if lacks_scope(response) => (ErrorKind::PermissionDenied, MISSING_SCOPE),
        403 => (ErrorKind::PermissionDenied, DISCONNECTED),
        404 => (ErrorKind::NotFound, "xero does not know this path; check base_url"),
        408 | 504 => (ErrorKind::Timeout, "xero took too long"),
        429 => return Err(limited(response)),
        501 => (ErrorKind::Unsupported, "xero does not have this method"),
        // A 503 is plain text: "The Organisation is offline" and kin. A 500 may be HTML.
        500..=599 => (ErrorKind::Unavailable, "xero has a problem or is offline"),
        _ => (ErrorKind::InvalidResponse, "xero refused the request"),
    };
    let error = located(Error::new(kind, message), response);
    Err(response.retry_after().into_iter().fold(error, Error::retry_after))
}

const MISSING_SCOPE: &str =
    "a scope is missing; add it to the app's scopes and reconnect the organisation in Xero";
const DISCONNECTED: &str = "the organisation is no longer connected, or tenant_id is another one's; reconnect it in Xero or correct tenant_id";

const INVALID_SCOPE: &str = "the app may not ask for one of the scopes, and xero does not say which; correct scopes or the app in Xero";

/// Whether the token lacks a scope, and not the organisation its connection.
pub(super) fn is_missing_scope(error: &Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied && error.message() == MISSING_SCOPE
}

/// The table of the token endpoint. Its bodies are never quoted: they may hold tokens.
pub(super) fn token_endpoint(response: &mut Response) -> Result<()> {
    let status = response.status.as_u16();
    if response.status.is_success() {
        return Ok(());
    }
    let code = serde_json::from_slice::<OAuthError>(&response.body).unwrap_or_default().error;
    let (kind, message) = match (status, code.as_str()) {
        // All are refused for one, and no stream can be read.
        (_, "invalid_scope") => (ErrorKind::ConfigInvalid, INVALID_SCOPE),
        (_, "invalid_grant") => (
            ErrorKind::Unauthenticated,
            "the refresh token is spent or revoked; reconnect the organisation in Xero",
        ),
        (_, "invalid_client" | "unauthorized_client") => {
            (ErrorKind::Unauthenticated, "xero does not accept client_id and client_secret; correct them")
        }
        (429, _) => return Err(limited(response)),
        (408 | 504, _) => (ErrorKind::Timeout, "the token endpoint took too long"),
        (500..=599, _) => (ErrorKind::Unavailable, "the token endpoint has a problem"),
        (300..=399 | 404, _) => (ErrorKind::NotFound, "no token endpoint there; check identity_url"),
        _ => (
            ErrorKind::Unauthenticated,
            "the token endpoint refused the grant; reconnect the organisation in Xero",
        ),
    };
    let error = Error::new(kind, message).context("status", status);
    let error = if code.is_empty() { error } else { error.context(OAUTH_CODE, code) };
    Err(response.retry_after().into_iter().fold(error, Error::retry_after))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OAuthError {
    error: String,
}

/// A proxy's error page may come with 200, and an answer may be cut off on its way: both are worth another try.
fn json_or_invalid(response: &Response) -> Result<()> {
    let declared =
        response.header("content-type").is_none_or(|kind| kind.to_ascii_lowercase().contains("json"));
    let body = response.body.trim_ascii();
    let delimited =
        matches!((body.first(), body.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')));
    match (declared, delimited) {
        (true, true) => Ok(()),
        (false, _) => Err(response.invalid("xero answered with something other than JSON")),
        (true, false) => Err(response.invalid("xero's answer is not whole JSON")),
    }
}

/// One of Xero's four budgets is spent; `X-Rate-Limit-Problem` names it, in several spellings.
fn limited(response: &Response) -> Error {
    let problem = response.header("x-rate-limit-problem").unwrap_or_default().to_ascii_lowercase();
    let day_is_spent = || response.header("x-daylimit-remaining") == Some("0");
    let told = response.retry_after();
    let (kind, message, wait) = if problem.contains("day") || (problem.is_empty() && day_is_spent()) {
        (ErrorKind::QuotaExhausted, "xero's calls for today are spent", Some(told.unwrap_or(UNTOLD_DAY)))
    } else if problem.contains("concurrent") {
        (ErrorKind::RateLimited, "too many calls at once", Some(told.unwrap_or(CONCURRENT)))
    } else if problem.contains("minute") {
        (ErrorKind::RateLimited, "too many calls within a minute", Some(told.unwrap_or(UNTOLD_MINUTE)))
    } else {
        (ErrorKind::RateLimited, "too many calls", told)
    };
    let error = Error::new(kind, message).context("status", response.status.as_u16());
    let error = if problem.is_empty() { error } else { error.context("limit", problem) };
    wait.into_iter().fold(error, Error::retry_after)
}

/// What Xero says is left of its budgets, in seconds: others who use the same app spend from them too.
fn left(response: &Response, spans: &[(&str, u64)]) -> Vec<(Duration, u64)> {
    let told = |name: &str| response.header(name)?.trim().parse().ok();
    spans.iter().filter_map(|(name, span)| Some((Duration::from_secs(*span), told(name)?))).collect()
}

/// Whether a refusal is about a scope. Xero's status for it is not settled: 401 and 403 are both seen.
fn lacks_scope(response: &Response) -> bool {
    let challenge = response.header("www-authenticate").unwrap_or_default().to_ascii_lowercase();
    challenge.contains("insufficient_scope")
        || mentions(response, &["authorizationunsuccessful", "insufficient"])
}

fn mentions(response: &Response, words: &[&str]) -> bool {
    let body = body_excerpt(&response.body).to_ascii_lowercase();
    words.iter().any(|word| body.contains(word))
}

fn located(error: Error, response: &Response) -> Error {
    error.context("status", response.status.as_u16()).context("body", body_excerpt(&response.body))
}

#[cfg(test)]
mod tests {
    use sentia_core::Status::{self, Permanent, Temporary};

    use super::*;

    type Headers = &'static [(&'static str, &'static str)];
    type Row = (u16, Headers, &'static str, ErrorKind, Status, Option<u64>);

    fn response(status: u16, headers: Headers, body: &'static str) -> Response {
        let status = http::StatusCode::from_u16(status).expect("a status");
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
        Response::new(status, headers.collect(), bytes::Bytes::from_static(body.as_bytes()))
    }

    fn check(table: fn(&mut Response) -> Result<()>, rows: &[Row]) {
        for (status, headers, body, kind, retry, wait) in rows {
            let error = table(&mut response(*status, headers, body)).expect_err(body);
            let row = format!("{status} {headers:?} {body}: {error:?}");
            assert_eq!((error.kind(), error.status()), (*kind, *retry), "{row}");
            assert_eq!(error.wait().map(|wait| wait.as_secs()), *wait, "{row}");
            assert_eq!(error.context_value("status"), Some(status.to_string().as_str()), "{row}");
        }
    }

    const JSON: Headers = &[("content-type", "application/json; charset=utf-8")];
    const HTML: Headers = &[("content-type", "text/html")];
    const QUERY: &str = r#"{"ErrorNumber":16,"Type":"QueryParseException"}"#;
    const UNAUTHENTIC: &str = r#"{"Type":null,"Title":"Unauthorized","Detail":"AuthenticationUnsuccessful"}"#;
    const UNSCOPED: &str = r#"{"title":"Unauthorized","detail":"AuthorizationUnsuccessful"}"#;

    #[test]
    fn the_accounting_table() {
        use ErrorKind::*;
        check(
            accounting,
            &[
                (200, HTML, "<html>sign in</html>", InvalidResponse, Temporary, None),
                (200, JSON, r#"{"Invoices":[{"InvoiceID":"a"#, InvalidResponse, Temporary, None),
                (200, JSON, "", InvalidResponse, Temporary, None),
                (302, &[], "", InvalidResponse, Permanent, None),
                (400, JSON, QUERY, InvalidResponse, Permanent, None),
                (400, JSON, r#"{"Type":"HighVolumeException"}"#, Unsupported, Permanent, None),
                (401, JSON, UNAUTHENTIC, Unauthenticated, Permanent, None),
                (401, JSON, UNSCOPED, PermissionDenied, Permanent, None),
                (403, JSON, UNAUTHENTIC, PermissionDenied, Permanent, None),
                (404, HTML, "<html>The resource cannot be found</html>", NotFound, Permanent, None),
                (412, &[], "", InvalidResponse, Permanent, None),
                (500, HTML, "<html/>", Unavailable, Temporary, None),
                (501, &[], "", Unsupported, Permanent, None),
                (503, HTML, "The Organisation is offline", Unavailable, Temporary, None),
                (503, &[("retry-after", "30")], "", Unavailable, Temporary, Some(30)),
                (504, &[], "", Timeout, Temporary, None),
            ],
        );
        assert!(accounting(&mut response(200, JSON, "{}\n")).is_ok());
        assert!(accounting(&mut response(200, &[], "[]")).is_ok());
    }

    #[test]
    fn the_budgets_of_a_429() {
        use ErrorKind::*;
        const MINUTE: Headers = &[("x-rate-limit-problem", "minute"), ("retry-after", "12")];
        const DAY: Headers = &[("x-rate-limit-problem", "day"), ("retry-after", "66975")];
        const APP: Headers = &[("x-rate-limit-problem", "appminute"), ("retry-after", "3")];
        check(
            accounting,
            &[
                (429, MINUTE, "", RateLimited, Temporary, Some(12)),
                (429, &[("x-rate-limit-problem", "Minute")], "", RateLimited, Temporary, Some(60)),
                (429, DAY, "", QuotaExhausted, Temporary, Some(66975)),
                (429, &[("x-rate-limit-problem", "Day")], "", QuotaExhausted, Temporary, Some(3600)),
                (429, &[("x-daylimit-remaining", "0")], "", QuotaExhausted, Temporary, Some(3600)),
                (429, &[("x-rate-limit-problem", "concurrent")], "", RateLimited, Temporary, Some(1)),
                (429, APP, "", RateLimited, Temporary, Some(3)),
                (429, &[("x-rate-limit-problem", "app-minute")], "", RateLimited, Temporary, Some(60)),
                (429, &[], "oops", RateLimited, Temporary, None),
            ],
        );
    }

    #[test]
    fn refusals_name_their_remedy_and_quote_the_body() {
        let refused =
            |status, body| accounting(&mut response(status, &[], body)).expect_err("refused").to_string();
        assert!(refused(403, "{}").contains("tenant_id"));
        assert!(refused(403, r#"{"Detail":"AuthorizationUnsuccessful"}"#).contains("scope"));
        assert!(refused(503, "The Organisation is offline").contains("body: The Organisation is offline"));
    }

    #[test]
    fn the_token_table() {
        use ErrorKind::*;
        check(
            token_endpoint,
            &[
                (400, &[], r#"{"error":"invalid_grant"}"#, Unauthenticated, Permanent, None),
                (400, &[], r#"{"error":"invalid_client"}"#, Unauthenticated, Permanent, None),
                (401, &[], r#"{"error":"unauthorized_client"}"#, Unauthenticated, Permanent, None),
                (400, &[], r#"{"error":"invalid_scope"}"#, ConfigInvalid, Permanent, None),
                (400, &[], "what?", Unauthenticated, Permanent, None),
                (404, &[], "", NotFound, Permanent, None),
                (429, &[("retry-after", "5")], "", RateLimited, Temporary, Some(5)),
                (503, &[], "down", Unavailable, Temporary, None),
            ],
        );
    }

    #[test]
    fn a_token_body_is_never_quoted() {
        let body = r#"{"error":"invalid_grant","refresh_token":"canary"}"#;
        let error = token_endpoint(&mut response(400, &[], body)).expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("canary"));
        assert_eq!(error.context_value(OAUTH_CODE), Some("invalid_grant"));
    }
}
