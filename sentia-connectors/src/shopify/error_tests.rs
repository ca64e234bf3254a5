//! The table of errors, row by row.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use sentia_core::Status::{Permanent, Temporary};

use super::*;

fn judge(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Result<Response> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")))
        .collect();
    let mut response =
        Response::new(StatusCode::from_u16(status).expect("status"), headers, Bytes::from(body));
    classify(&mut response).map(|()| response)
}

fn refused(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Error {
    judge(status, headers, body).expect_err("refused")
}

#[test]
fn every_status_has_its_kind() {
    use ErrorKind::*;
    let rows = [
        (301, ConfigInvalid, Permanent),
        (303, ConfigInvalid, Permanent),
        (307, ConfigInvalid, Permanent),
        (400, InvalidResponse, Permanent),
        (401, Unauthenticated, Permanent),
        (402, PermissionDenied, Permanent),
        (403, PermissionDenied, Permanent),
        (404, NotFound, Permanent),
        (406, InvalidResponse, Permanent),
        (408, Timeout, Temporary),
        (414, InvalidResponse, Permanent),
        (415, InvalidResponse, Permanent),
        (422, InvalidResponse, Permanent),
        (423, PermissionDenied, Permanent),
        (429, RateLimited, Temporary),
        (430, RateLimited, Temporary),
        (500, Unavailable, Temporary),
        (501, Unsupported, Permanent),
        (502, Unavailable, Temporary),
        (503, Unavailable, Temporary),
        (504, Timeout, Temporary),
        (530, Unavailable, Temporary),
        (540, Unavailable, Temporary),
        (783, Unavailable, Temporary),
    ];
    for (status, kind, expected) in rows {
        let error = refused(status, &[], r#"{"errors":"told"}"#);
        assert_eq!((error.kind(), error.status()), (kind, expected), "{status}");
        assert_eq!(error.context_value("body"), Some(r#"{"errors":"told"}"#), "{status}");
    }
}

#[test]
fn every_code_has_its_kind() {
    use ErrorKind::*;
    let rows = [
        ("THROTTLED", RateLimited, Temporary),
        ("MAX_COST_EXCEEDED", Unsupported, Permanent),
        ("MAX_INPUT_SIZE_EXCEEDED", Unsupported, Permanent),
        ("ACCESS_DENIED", PermissionDenied, Permanent),
        ("SHOP_INACTIVE", PermissionDenied, Permanent),
        ("INTERNAL_SERVER_ERROR", Unavailable, Temporary),
        ("TIMEOUT", Timeout, Temporary),
        ("RESOURCE_NOT_FOUND", NotFound, Permanent),
        ("INVALID_VARIABLE", InvalidResponse, Permanent),
        ("undefinedField", Unsupported, Permanent),
        ("undefinedType", Unsupported, Permanent),
        ("selectionMismatch", Unsupported, Permanent),
        ("missingRequiredArguments", Unsupported, Permanent),
        ("argumentLiteralsIncompatible", Unsupported, Permanent),
        ("argumentNotAccepted", Unsupported, Permanent),
        ("variableNotUsed", Unsupported, Permanent),
        ("BAD_REQUEST", Unsupported, Permanent),
        ("PARSE_ERROR", Unsupported, Permanent),
        ("SOMETHING_NEW", InvalidResponse, Permanent),
    ];
    for (code, kind, expected) in rows {
        let body =
            format!(r#"{{"data":null,"errors":[{{"message":"m","extensions":{{"code":"{code}"}}}}]}}"#);
        let error = refused(200, &[], String::leak(body));
        assert_eq!((error.kind(), error.status()), (kind, expected), "{code}");
        assert_eq!(is_too_dear(&error), code == TOO_DEAR, "{code}");
    }
    assert_eq!(
        refused(200, &[], r#"{"errors":[{"message":"An operation name is required"}]}"#).kind(),
        InvalidResponse
    );
    assert_eq!(refused(200, &[], r#"{"errors":"in the style of REST"}"#).kind(), InvalidResponse);
}

const THROTTLED: &str = r#"{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],
    "extensions":{"cost":{"requestedQueryCost":752,"actualQueryCost":null,
    "throttleStatus":{"maximumAvailable":1000.0,"currentlyAvailable":666,"restoreRate":50.0}}}}"#;

#[test]
fn both_throttle_forms_wait_for_the_points_that_are_missing() {
    let missing = Duration::from_millis(86 * 1000 / 50);
    assert_eq!(refused(200, &[], THROTTLED).wait(), Some(missing));
    assert_eq!(refused(429, &[], THROTTLED).wait(), Some(missing));
    assert_eq!(refused(429, &[("retry-after", "2.0")], THROTTLED).wait(), Some(Duration::from_secs(2)));
    assert_eq!(refused(429, &[("retry-after", "2.0")], "").wait(), Some(Duration::from_secs(2)));
    assert_eq!(refused(429, &[], "").wait(), None);
    assert_eq!(refused(430, &[], "").wait(), Some(SLOW));
}

#[test]
fn a_denied_field_fails_the_page_although_the_rest_is_filled() {
    let error = refused(
        200,
        &[],
        r#"{"data":{"orders":{"edges":[]},"shopifyPaymentsAccount":null},"errors":[
        {"message":"Internal error","extensions":{"code":"INTERNAL_SERVER_ERROR"}},
        {"message":"Access denied for shopifyPaymentsAccount field.","path":["orders","edges",0,"node"],"extensions":
        {"code":"ACCESS_DENIED","requiredAccess":"`read_shopify_payments` or `read_shopify_payments_accounts` access scope."}}]}"#,
    );
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(error.context_value("scope"), Some("read_shopify_payments or read_shopify_payments_accounts"));
    assert_eq!(error.context_value("field"), Some("orders.edges.0.node"));
}

#[test]
fn schema_drift_names_type_and_field() {
    let error = refused(
        200,
        &[],
        r#"{"errors":[{"message":"Field 'x' doesn't exist on type 'Order'","path":["query","orders"],
        "extensions":{"code":"undefinedField","typeName":"Order","fieldName":"x"}}]}"#,
    );
    assert_eq!(error.context_value("field"), Some("Order.x"));
    assert!(error.message().contains("schema drift"));
}

#[test]
fn an_ignored_search_field_is_an_error() {
    let error = refused(
        200,
        &[],
        r#"{"data":{"orders":{}},"extensions":{"search":[{"path":["orders"],"query":"updatedat:>1","warnings":[
        {"field":"updatedat","message":"Invalid search field for this query.","code":"invalid_field"}]}]}}"#,
    );
    assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Permanent));
    assert_eq!(error.context_value("field"), Some("updatedat"));
    let silent = r#"{"data":{},"extensions":{"search":[{"path":["orders"],"query":"updated_at:>1"}]}}"#;
    assert!(judge(200, &[], silent).is_ok());
}

#[test]
fn the_bucket_is_read_from_every_answer() {
    let body = r#"{"data":{"shop":{}},"extensions":{"cost":{"requestedQueryCost":13,"actualQueryCost":11,
        "throttleStatus":{"maximumAvailable":2000,"currentlyAvailable":1989.0,"restoreRate":100}}}}"#;
    let quota = judge(200, &[], body).expect("good").quota;
    assert_eq!(quota, Some(Quota { available: 1989.0, maximum: 2000.0, restore_per_second: 100.0 }));
}

#[test]
fn a_body_cut_off_is_worth_another_try() {
    for body in [r#"{"data":{"orders":{"edges":[{"no"#, "", r#"{"extensions":{}}"#] {
        let error = refused(200, &[], body);
        assert_eq!((error.kind(), error.status()), (ErrorKind::InvalidResponse, Temporary), "{body}");
    }
}

#[test]
fn a_redirect_names_its_target_without_its_query() {
    let error = refused(301, &[("location", "https://other.myshopify.com/admin?signature=secret")], "");
    assert_eq!(error.context_value("target"), Some("other.myshopify.com"));
    assert!(!format!("{error:?}").contains("secret"));
}

#[test]
fn a_refused_grant_is_about_the_credentials() {
    for (status, kind) in
        [(400, ErrorKind::Unauthenticated), (401, ErrorKind::Unauthenticated), (503, ErrorKind::Unavailable)]
    {
        let status = StatusCode::from_u16(status).expect("status");
        let mut response = Response::new(status, HeaderMap::new(), Bytes::new());
        assert_eq!(classify_grant(&mut response).map_err(|error| error.kind()), Err(kind));
    }
}
