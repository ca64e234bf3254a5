//! Amazon's answers, classified once: status and body to a kind, a status and a wait.

use std::time::Duration;

use sentia_core::{
    Error, ErrorKind, Result,
    transport::{Response, body_excerpt},
};
use serde::Deserialize;

use super::operation::Operation;

/// The header that states an operation's rate for this account and application, in calls per second. It tells neither
/// the burst nor what is left, and is often missing on errors.
const RATE: &str = "x-amzn-ratelimit-limit";

/// What to wait when the token endpoint limits and does not say until when.
const TOKEN_WAIT: Duration = Duration::from_secs(5);

/// One of the `errors` of an answer. `details` is what tells an expired token from a missing role.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ApiError {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) details: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Errors {
    errors: Option<Vec<ApiError>>,
}

fn errors(response: &Response) -> Vec<ApiError> {
    let Errors { errors } = serde_json::from_slice(&response.body).unwrap_or_default();
    errors.unwrap_or_default()
}

/// The table of every operation of the API.
pub(super) fn judge(operation: &'static Operation, response: &mut Response) -> Result<()> {
    response.rate = response.header(RATE).and_then(|rate| rate.trim().parse().ok());
    let status = response.status.as_u16();
    let (kind, message) = match status {
        200..=299 => return json_or_invalid(response).map_err(|error| located(error, operation, response)),
        300..=399 => (ErrorKind::InvalidResponse, "amazon redirects; check base_url".to_owned()),
        400 => (ErrorKind::InvalidResponse, REFUSED.to_owned()),
        // An expired token is refused with 403, not 401 (issue 646 of the models' repository).
        401 | 403 if speaks_of_the_token(response) => (ErrorKind::Unauthenticated, TOKEN_REFUSED.to_owned()),
        401 | 403 => (ErrorKind::PermissionDenied, denied(operation)),
        404 => (ErrorKind::NotFound, "amazon does not know it, or it is another seller's".to_owned()),
        413 => (ErrorKind::InvalidResponse, "the request is too large for amazon".to_owned()),
        429 => return Err(limited(operation, response)),
        408 | 504 => (ErrorKind::Timeout, "amazon took too long".to_owned()),
        500..=599 => (ErrorKind::Unavailable, "amazon has a problem".to_owned()),
        _ => (ErrorKind::InvalidResponse, REFUSED.to_owned()),
    };
    Err(located(Error::new(kind, message), operation, response))
}

/// As [`judge`], for an operation whose good answer is a secret: it is never quoted, whole or not.
pub(super) fn judge_secret(operation: &'static Operation, response: &mut Response) -> Result<()> {
    if response.status.is_success() {
        response.rate = response.header(RATE).and_then(|rate| rate.trim().parse().ok());
        return Ok(());
    }
    judge(operation, response)
}

const REFUSED: &str = "amazon refused the request; its reason is in the context";
const TOKEN_REFUSED: &str = "amazon does not accept the access token; if it persists, authorise the application again \
                             in Seller Central and set refresh_token";

fn denied(operation: &Operation) -> String {
    let (name, role) = (operation.name, operation.role);
    format!(
        "amazon denies {name}: grant the application the role {role} and authorise it again, or correct marketplaces \
         if they are another region's"
    )
}

/// The wait is what one call takes to come back: Amazon sends no `Retry-After`, and a second's backoff would only be
/// refused again.
fn limited(operation: &'static Operation, response: &Response) -> Error {
    let rate =
        response.rate.filter(|rate| rate.is_finite() && *rate > 0.000_1).unwrap_or(operation.per_second);
    let ours = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::from_secs(60));
    let wait = response.retry_after().map_or(ours, |told| told.max(ours));
    let error = Error::new(ErrorKind::RateLimited, "too many calls of this operation").retry_after(wait);
    located(error, operation, response)
}

fn speaks_of_the_token(response: &Response) -> bool {
    let tells = |text: &Option<String>| {
        text.as_deref().is_some_and(|text| text.to_ascii_lowercase().contains("token"))
    };
    errors(response).iter().any(|error| tells(&error.details) || tells(&error.message))
}

/// An edge's page may come with 200, and an answer may be cut off on its way: both are worth another try.
fn json_or_invalid(response: &Response) -> Result<()> {
    let declared =
        response.header("content-type").is_none_or(|kind| kind.to_ascii_lowercase().contains("json"));
    let body = response.body.trim_ascii();
    match (declared, body.first(), body.last()) {
        (true, Some(b'{'), Some(b'}')) => Ok(()),
        (false, ..) => Err(response.invalid("amazon answered with something other than JSON")),
        _ => Err(response.invalid("amazon's answer is not whole JSON")),
    }
}

fn located(error: Error, operation: &Operation, response: &Response) -> Error {
    let error = error.context("operation", operation.name).context("status", response.status.as_u16());
    let error = match response.header("x-amzn-requestid") {
        Some(id) => error.context("request_id", id),
        None => error,
    };
    error.context("body", body_excerpt(&response.body))
}

/// A request with a page token was refused although the same request without it was not: the token is too old, or
/// altered. Amazon has no code of its own for it.
pub(super) fn expired(error: Error, token: Option<&str>) -> Error {
    let refused = error.kind() == ErrorKind::InvalidResponse && error.context_value("status") == Some("400");
    if token.is_none() || !refused {
        return error;
    }
    Error::new(ErrorKind::PositionExpired, "amazon no longer takes the page token").source(error)
}

/// The table of the token endpoint. Its bodies are never quoted: they may hold tokens.
pub(super) fn token_endpoint(response: &mut Response) -> Result<()> {
    let status = response.status.as_u16();
    if response.status.is_success() {
        return Ok(());
    }
    let code = serde_json::from_slice::<OAuthError>(&response.body).unwrap_or_default().error;
    let (kind, message) = match (status, code.as_str()) {
        (_, "invalid_grant") => (
            ErrorKind::Unauthenticated,
            "the refresh token is revoked, lapsed or another application's; authorise the application again in Seller \
             Central and set refresh_token",
        ),
        (_, "invalid_client" | "unauthorized_client") => (
            ErrorKind::Unauthenticated,
            "amazon does not accept client_id and client_secret; a secret lapses after 180 days: rotate it in the \
             developer console and set client_secret",
        ),
        (_, "invalid_scope") => {
            (ErrorKind::PermissionDenied, "the application may not ask for this scope; correct its roles")
        }
        (429, _) => (ErrorKind::RateLimited, "too many calls of the token endpoint"),
        (408 | 504, _) => (ErrorKind::Timeout, "the token endpoint took too long"),
        (500..=599, _) => (ErrorKind::Unavailable, "the token endpoint has a problem"),
        (300..=399 | 404, _) => (ErrorKind::NotFound, "no token endpoint there; check base_url"),
        _ => (
            ErrorKind::Unauthenticated,
            "the token endpoint refused the grant; check client_id, client_secret and refresh_token",
        ),
    };
    let error = Error::new(kind, message).context("status", status);
    let error = if code.is_empty() { error } else { error.context("oauth_error", code) };
    let wait = response.retry_after().or((kind == ErrorKind::RateLimited).then_some(TOKEN_WAIT));
    Err(wait.into_iter().fold(error, Error::retry_after))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OAuthError {
    error: String,
}

/// Set on the error of a download whose link no longer opens: a new link is worth asking for.
pub(super) const LINK: &str = "link";

/// The table of the storage that report documents lie in: it speaks XML, and a link lives five minutes.
pub(super) fn storage(response: &mut Response) -> Result<()> {
    let (kind, message) = match response.status.as_u16() {
        200..=299 => return Ok(()),
        403 => {
            let error = Error::new(ErrorKind::PermissionDenied, "the link to the report has expired");
            return Err(error.context("status", 403).context(LINK, "expired"));
        }
        404 => (ErrorKind::NotFound, "the report is no longer stored"),
        408 | 504 => (ErrorKind::Timeout, "the storage took too long"),
        429 | 500..=599 => (ErrorKind::Unavailable, "the storage has a problem"),
        _ => (ErrorKind::InvalidResponse, "the storage refused the download"),
    };
    // The body is not quoted: it repeats parts of the signed link.
    Err(Error::new(kind, message).context("status", response.status.as_u16()))
}

#[cfg(test)]
mod tests {
    use sentia_core::Status::{self, Permanent, Temporary};

    use super::*;
    use crate::amazon::operation::{INVENTORY, SEARCH_ORDERS};

    type Headers = &'static [(&'static str, &'static str)];
    type Row = (u16, Headers, &'static str, ErrorKind, Status, Option<u64>);

    fn response(status: u16, headers: Headers, body: &'static str) -> Response {
        let status = http::StatusCode::from_u16(status).expect("a status");
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
        Response::new(status, headers.collect(), bytes::Bytes::from_static(body.as_bytes()))
    }

    const JSON: Headers = &[("content-type", "application/json")];
    const EXPIRED: &str = r#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.",
        "details":"The access token you provided has expired."}]}"#;
    const REVOKED: &str = r#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.",
        "details":"The access token you provided is either invalid, revoked, malformed or unauthorised."}]}"#;
    const DENIED: &str = r#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.","details":""}]}"#;
    const QUOTA: &str = r#"{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota."}]}"#;

    #[test]
    fn the_table() {
        use ErrorKind::*;
        let rows: &[Row] = &[
            (200, &[("content-type", "text/html")], "<html>", InvalidResponse, Temporary, None),
            (200, JSON, r#"{"orders":[{"orderId":"1"#, InvalidResponse, Temporary, None),
            (200, JSON, "", InvalidResponse, Temporary, None),
            (301, &[], "", InvalidResponse, Permanent, None),
            (400, JSON, r#"{"errors":[{"code":"InvalidInput"}]}"#, InvalidResponse, Permanent, None),
            (401, JSON, EXPIRED, Unauthenticated, Permanent, None),
            (403, JSON, EXPIRED, Unauthenticated, Permanent, None),
            (403, JSON, REVOKED, Unauthenticated, Permanent, None),
            (403, JSON, DENIED, PermissionDenied, Permanent, None),
            (403, &[("content-type", "text/html")], "<html>", PermissionDenied, Permanent, None),
            (404, JSON, "{}", NotFound, Permanent, None),
            (413, JSON, "{}", InvalidResponse, Permanent, None),
            (415, JSON, "{}", InvalidResponse, Permanent, None),
            (429, JSON, QUOTA, RateLimited, Temporary, Some(178)),
            (429, &[(RATE, "0.5")], QUOTA, RateLimited, Temporary, Some(2)),
            (429, &[(RATE, "string")], "oops", RateLimited, Temporary, Some(178)),
            (429, &[(RATE, "0")], "oops", RateLimited, Temporary, Some(178)),
            (500, JSON, r#"{"errors":[{"code":"InternalFailure"}]}"#, Unavailable, Temporary, None),
            (503, &[("content-type", "text/html")], "<html>", Unavailable, Temporary, None),
            (504, &[], "", Timeout, Temporary, None),
        ];
        for (status, headers, body, kind, retry, wait) in rows {
            let error = judge(&SEARCH_ORDERS, &mut response(*status, headers, body)).expect_err(body);
            let row = format!("{status} {headers:?} {body}: {error:?}");
            assert_eq!((error.kind(), error.status()), (*kind, *retry), "{row}");
            assert_eq!(error.wait().map(|wait| wait.as_secs()), *wait, "{row}");
            assert_eq!(error.context_value("operation"), Some("searchOrders"), "{row}");
        }
    }

    #[test]
    fn a_denial_names_the_role_and_a_good_answer_tells_the_rate() {
        let error = judge(&INVENTORY, &mut response(403, JSON, DENIED)).expect_err("denied");
        assert!(error.message().contains("role Product Listing"), "{error}");
        let mut good = response(200, &[(RATE, " 4.0 ")], "{}");
        judge(&INVENTORY, &mut good).expect("good");
        assert_eq!(good.rate, Some(4.0));
    }

    #[test]
    fn the_request_is_named_for_amazons_support() {
        let error =
            judge(&INVENTORY, &mut response(500, &[("x-amzn-requestid", "r-1")], "")).expect_err("down");
        assert_eq!(error.context_value("request_id"), Some("r-1"));
    }

    #[test]
    fn only_a_refusal_of_a_token_is_its_end() {
        let refusal = |status| judge(&INVENTORY, &mut response(status, JSON, "{}")).expect_err("refused");
        assert_eq!(expired(refusal(400), Some("t")).kind(), ErrorKind::PositionExpired);
        assert_eq!(expired(refusal(400), None).kind(), ErrorKind::InvalidResponse);
        assert_eq!(expired(refusal(503), Some("t")).kind(), ErrorKind::Unavailable);
        let broken = judge(&INVENTORY, &mut response(200, JSON, "{")).expect_err("cut off");
        assert_eq!(expired(broken, Some("t")).kind(), ErrorKind::InvalidResponse);
    }

    #[test]
    fn the_token_table_names_what_to_set_and_quotes_nothing() {
        use ErrorKind::*;
        for (status, body, kind, setting) in [
            (
                400,
                r#"{"error":"invalid_grant","error_description":"canary"}"#,
                Unauthenticated,
                "refresh_token",
            ),
            (401, r#"{"error":"invalid_client"}"#, Unauthenticated, "client_secret"),
            (400, r#"{"error":"unauthorized_client"}"#, Unauthenticated, "client_secret"),
            (400, r#"{"error":"invalid_scope"}"#, PermissionDenied, "roles"),
            (400, r#"{"error":"invalid_request"}"#, Unauthenticated, "client_id"),
            (429, "", RateLimited, "too many"),
            (503, "<html>", Unavailable, "problem"),
            (404, "", NotFound, "base_url"),
        ] {
            let error = token_endpoint(&mut response(status, &[], body)).expect_err(body);
            assert_eq!(error.kind(), kind, "{error:?}");
            assert!(error.message().contains(setting), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn the_storage_tells_an_old_link_from_an_outage() {
        let of = |status| storage(&mut response(status, &[], "<Error>canary</Error>")).expect_err("refused");
        assert_eq!(of(403).context_value(LINK), Some("expired"));
        assert_eq!((of(503).kind(), of(503).is_temporary()), (ErrorKind::Unavailable, true));
        assert_eq!(of(404).kind(), ErrorKind::NotFound);
        assert!(!format!("{:?}", of(400)).contains("canary"));
    }
}
