//! Every row of the tables.

use sentia_core::Status::{self, Exhausted, Permanent, Temporary};

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

const HTML: Headers = &[("content-type", "text/html")];
const AFTER: Headers = &[("retry-after", "7")];

#[test]
fn the_table_of_graph() {
    use ErrorKind::*;
    check(
        graph,
        &[
            (200, HTML, "<html>", InvalidResponse, Temporary, None),
            (200, &[], r#"{"value":[{"id":1"#, InvalidResponse, Temporary, None),
            (200, &[], "", InvalidResponse, Temporary, None),
            (302, &[], "", InvalidResponse, Permanent, None),
            (400, &[], r#"{"error":{"code":"BadRequest"}}"#, InvalidResponse, Permanent, None),
            (
                401,
                &[],
                r#"{"error":{"code":"InvalidAuthenticationToken"}}"#,
                Unauthenticated,
                Permanent,
                None,
            ),
            (
                403,
                &[],
                r#"{"error":{"code":"Authorization_RequestDenied"}}"#,
                PermissionDenied,
                Permanent,
                None,
            ),
            (404, &[], r#"{"error":{"code":"itemNotFound"}}"#, NotFound, Permanent, None),
            (404, &[], r#"{"error":{"code":"MailboxNotEnabledForRESTAPI"}}"#, NotFound, Permanent, None),
            (408, &[], "", Timeout, Temporary, None),
            (409, &[], r#"{"error":{"code":"conflict"}}"#, Conflict, Exhausted, None),
            (423, &[], "", Conflict, Exhausted, None),
            (429, AFTER, r#"{"error":{"code":"TooManyRequests"}}"#, RateLimited, Temporary, Some(7)),
            (429, &[], "", RateLimited, Temporary, None),
            (500, &[], "<html>oops", Unavailable, Temporary, None),
            (501, &[], r#"{"error":{"code":"NotImplemented"}}"#, Unsupported, Permanent, None),
            (503, AFTER, "", Unavailable, Temporary, Some(7)),
            (503, AFTER, r#"{"error":{"code":"activityLimitReached"}}"#, RateLimited, Temporary, Some(7)),
            (504, &[], "", Timeout, Temporary, None),
            (507, &[], "", InvalidResponse, Permanent, None),
            (509, &[], "", Unavailable, Temporary, None),
        ],
    );
}

#[test]
fn a_lost_place_is_told_by_status_or_by_code_in_any_spelling() {
    use ErrorKind::PositionExpired;
    check(
        graph,
        &[
            (410, &[("location", "https://graph.microsoft.com/x")], "", PositionExpired, Permanent, None),
            (410, &[], r#"{"error":{"code":"resyncRequired"}}"#, PositionExpired, Permanent, None),
            (400, &[], r#"{"error":{"code":"SyncStateNotFound"}}"#, PositionExpired, Permanent, None),
            (404, &[], r#"{"error":{"code":"syncStateNotFound"}}"#, PositionExpired, Permanent, None),
            (
                409,
                &[],
                r#"{"error":{"code":"","innererror":{"code":"resyncApplyDifferences"}}}"#,
                PositionExpired,
                Permanent,
                None,
            ),
        ],
    );
}

#[test]
fn the_table_of_workbooks_looks_at_the_inner_code_first() {
    use ErrorKind::*;
    let inner = |code: &str| {
        let body = format!(r#"{{"error":{{"code":"conflict","innerError":{{"code":"{code}"}}}}}}"#);
        let mut response = response(409, &[], "");
        response.body = body.into();
        workbook(&mut response).expect_err("refused")
    };
    for (code, kind, status) in [
        ("tooManyRequestsUncategorized", RateLimited, Temporary),
        ("transientFailure", Unavailable, Temporary),
        ("gatewayTimeoutUncategorized", Timeout, Temporary),
        ("accessConflict", Conflict, Exhausted),
        ("invalidSessionReCreatable", Conflict, Exhausted),
        ("invalidSessionAccessConflict", Conflict, Exhausted),
        ("editModeAccessDenied", PermissionDenied, Permanent),
        ("unsupportedWorkbook", Unsupported, Permanent),
        ("rangeExceedsLimit", Unsupported, Permanent),
        ("internalServerErrorUncategorized", Unavailable, Exhausted),
        ("somethingNew", Conflict, Exhausted),
    ] {
        let error = inner(code);
        assert_eq!((error.kind(), error.status()), (kind, status), "{code}");
    }
    assert!(is_lost_session(&inner("invalidSessionReCreatable")));
    assert!(is_too_large(&inner("RangeExceedsLimit")));
    assert!(inner("EditModeAccessDenied").to_string().contains("delegated"));
}

#[test]
fn a_refusal_keeps_its_ids() {
    let body = r#"{"error":{"code":"accessDenied","message":"x","innerError":{"date":"2026-03-01T10:00:00","request-id":"r-1"}}}"#;
    let error = graph(&mut response(403, &[], body)).expect_err("refused");
    assert_eq!(error.context_value("request_id"), Some("r-1"));
    let error = graph(&mut response(403, &[("request-id", "r-2")], body)).expect_err("refused");
    assert_eq!(
        (error.context_value("request_id"), error.context_value(CODE)),
        (Some("r-2"), Some("accessdenied"))
    );
}

#[test]
fn the_table_of_tokens() {
    use ErrorKind::*;
    check(
        token_endpoint,
        &[
            (
                401,
                &[],
                r#"{"error":"invalid_client","error_codes":[7000215]}"#,
                Unauthenticated,
                Permanent,
                None,
            ),
            (
                400,
                &[],
                r#"{"error":"unauthorized_client","error_codes":[700016]}"#,
                Unauthenticated,
                Permanent,
                None,
            ),
            (
                400,
                &[],
                r#"{"error":"invalid_grant","error_codes":[700082]}"#,
                Unauthenticated,
                Permanent,
                None,
            ),
            (400, &[], r#"{"error":"invalid_scope"}"#, ConfigInvalid, Permanent, None),
            (400, &[], r#"{"error":"temporarily_unavailable"}"#, Unavailable, Temporary, None),
            (400, &[], "what?", Unauthenticated, Permanent, None),
            (404, &[], "", NotFound, Permanent, None),
            (429, AFTER, "", RateLimited, Temporary, Some(7)),
            (503, &[], "down", Unavailable, Temporary, None),
        ],
    );
}

#[test]
fn a_token_refusal_is_explained_and_never_quoted() {
    let refused = |body| token_endpoint(&mut response(401, &[], body)).expect_err("refused");
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: canary","error_codes":[7000222],"trace_id":"t"}"#;
    let error = refused(body);
    assert!(!format!("{error} {error:?}").contains("canary"));
    assert!(error.message().contains("expired"));
    assert_eq!(error.context_value("aadsts"), Some("7000222"));
    let skew = refused(r#"{"error":"invalid_client","error_codes":[700024]}"#);
    assert!(skew.message().contains("clock"));
}
