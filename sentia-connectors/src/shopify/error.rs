//! Shopify's table of errors: HTTP status and GraphQL code on the left, kind on the right.

use std::time::Duration;

use sentia_core::{
    Error, ErrorKind, Result,
    transport::{Quota, Response, body_excerpt},
};
use url::Url;

use super::envelope::{Cost, Envelope, QueryError};

/// How long Shopify's edge is left alone after it took us for an attacker or had no way to the shop.
const SLOW: Duration = Duration::from_secs(60);

const TOO_DEAR: &str = "MAX_COST_EXCEEDED";

/// Judges an answer: the transport calls it for every response to a query. A good one keeps its [`Envelope`].
pub(super) fn classify(response: &mut Response) -> Result<()> {
    if !response.status.is_success() {
        return Err(by_status(response));
    }
    let envelope = Envelope::of(response)?;
    let cost = envelope.cost();
    let errors = envelope.errors();
    // A permanent error is the one to act on; a temporary one beside it would come back with it.
    let error = |error: &QueryError| by_code(error, cost.as_ref());
    let told = errors.iter().map(error).reduce(|first, next| if first.is_temporary() { next } else { first });
    if let Some(error) = told {
        return Err(error);
    }
    if let Some(warning) = envelope.search_warning() {
        // An unknown search field is ignored and everything comes back.
        let message = "shopify ignored part of the search, so the answer holds more than was asked for";
        return Err(Error::new(ErrorKind::InvalidResponse, message)
            .context("field", warning.field.as_deref().unwrap_or("unknown"))
            .context("vendor", excerpt(warning.message.as_deref().unwrap_or_default())));
    }
    if envelope.data.is_none() {
        return Err(response.invalid("the answer holds neither data nor errors"));
    }
    response.quota = cost.map(|cost| Quota {
        available: cost.throttle_status.currently_available,
        maximum: cost.throttle_status.maximum_available,
        restore_per_second: cost.throttle_status.restore_rate,
    });
    response.extensions.insert(envelope);
    Ok(())
}

/// Judges an answer of the token endpoint.
pub(super) fn classify_grant(response: &mut Response) -> Result<()> {
    match response.status.as_u16() {
        200..=299 => Ok(()),
        400 | 401 | 403 => {
            let message = "shopify does not accept the client id and secret; check both, and that the app is \
                           installed on this shop and belongs to the same organization";
            Err(Error::new(ErrorKind::Unauthenticated, message).context("status", response.status.as_u16()))
        }
        _ => Err(by_status(response)),
    }
}

/// Set on the error of a download whose address does not open: a new one may.
pub(super) const LINK: &str = "link";

/// The table of the storage that results of bulk operations lie in: it speaks XML, and an address lives seven days. The body
/// is not quoted: it repeats parts of the signed address.
pub(super) fn storage(response: &mut Response) -> Result<()> {
    let status = response.status.as_u16();
    let (kind, message) = match status {
        200..=299 => return Ok(()),
        401 | 403 => (ErrorKind::PermissionDenied, "the address of the export has expired"),
        404 | 410 => (ErrorKind::NotFound, "the export is no longer stored"),
        408 | 504 => (ErrorKind::Timeout, "the storage took too long"),
        429 | 500..=599 => (ErrorKind::Unavailable, "the storage has a problem"),
        _ => (ErrorKind::InvalidResponse, "the storage refused the download"),
    };
    let error = Error::new(kind, message).context("status", status);
    let is_dead = matches!(status, 401 | 403 | 404 | 410);
    Err(if is_dead { error.context(LINK, "closed") } else { error })
}

/// True where the query asked for more points than one query may: a smaller page is the remedy.
pub(super) fn is_too_dear(error: &Error) -> bool {
    error.context_value("code") == Some(TOO_DEAR)
}

/// [shopify.dev "API response status and error codes"]
fn status_row(status: u16) -> (ErrorKind, &'static str) {
    use ErrorKind::*;
    match status {
        // A renamed or managed store redirects to another shop; following would read the wrong store, with the
        // token attached (airbyte pull request 42095).
        300..=399 => {
            (ConfigInvalid, "the shop redirects to another address; configure its own myshopify.com domain")
        }
        401 => (Unauthenticated, "shopify does not accept the access token; issue a new one"),
        402 => (PermissionDenied, "the shop is frozen for an unpaid bill; its owner can settle it"),
        403 => (PermissionDenied, "the app may not do this; grant the scope it needs"),
        404 => (NotFound, "shopify knows no such shop or API version; check both"),
        408 | 504 => (Timeout, "shopify took too long; smaller pages may help"),
        423 => (PermissionDenied, "the shop is locked; its owner can ask shopify why"),
        429 => (RateLimited, "too many points spent"),
        430 => (RateLimited, "shopify took the requests for an attack; slow down"),
        501 => (Unsupported, "this is not available on this shop"),
        500..=599 | 783 => (Unavailable, "shopify has a problem"),
        _ => (InvalidResponse, "shopify refused the request"),
    }
}

fn by_status(response: &Response) -> Error {
    let status = response.status.as_u16();
    let (kind, message) = status_row(status);
    let mut error = Error::new(kind, message).context("status", status);
    if let Some(target) = response.header("location").and_then(|target| Url::parse(target).ok()) {
        error = error.context("target", target.host_str().unwrap_or_default());
    }
    if let Some(request) = response.header("x-request-id") {
        error = error.context("request_id", request);
    }
    let stated = response.retry_after();
    let wait = match status {
        // The throttle comes as 429 with Retry-After, as 429 with the body of the 200 form, or as both.
        429 => {
            stated.max(Envelope::of(response).ok().and_then(|body| body.cost()).and_then(|cost| cost.wait()))
        }
        430 | 530 | 540 | 783 => Some(stated.unwrap_or(SLOW)),
        _ => stated,
    };
    if let Some(wait) = wait {
        error = error.retry_after(wait);
    }
    error.context("body", body_excerpt(&response.body))
}

/// Codes as captured; the camelCase ones come from the static validation of the query.
fn code_row(code: Option<&str>) -> (ErrorKind, &'static str) {
    use ErrorKind::*;
    match code {
        Some("THROTTLED") => (RateLimited, "too many points spent"),
        Some(TOO_DEAR) => (Unsupported, "one query may not ask for so many points; ask for smaller pages"),
        Some("MAX_INPUT_SIZE_EXCEEDED") => (Unsupported, "shopify takes at most 250 items at once"),
        Some("ACCESS_DENIED") => {
            (PermissionDenied, "the app lacks an access scope; grant it and install again")
        }
        Some("SHOP_INACTIVE") => (PermissionDenied, "the shop is inactive; its owner can reopen it"),
        Some("INTERNAL_SERVER_ERROR") => (Unavailable, "shopify has a problem"),
        Some("TIMEOUT") => (Timeout, "shopify took too long; smaller pages may help"),
        Some("RESOURCE_NOT_FOUND") => (NotFound, "shopify does not know the id"),
        Some("INVALID_VARIABLE") => (InvalidResponse, "shopify does not take an id or cursor that it gave"),
        Some(
            "undefinedField"
            | "undefinedType"
            | "selectionMismatch"
            | "missingRequiredArguments"
            | "argumentLiteralsIncompatible"
            | "argumentNotAccepted"
            | "variableNotUsed"
            | "variableMismatch"
            | "BAD_REQUEST"
            | "PARSE_ERROR",
        ) => (Unsupported, "schema drift: this API version does not take the query; pin a supported version"),
        _ => (InvalidResponse, "shopify reports an error it has no known code for"),
    }
}

fn by_code(error: &QueryError, cost: Option<&Cost>) -> Error {
    let (kind, message) = code_row(error.code());
    let mut told = Error::new(kind, message).context("code", error.code().unwrap_or("none"));
    if kind == ErrorKind::PermissionDenied {
        told = told.context("scope", scope(error));
    }
    if let Some(wait) = cost.filter(|_| kind == ErrorKind::RateLimited).and_then(Cost::wait) {
        told = told.retry_after(wait);
    }
    if let (Some(name), Some(field)) = (error.extension("typeName"), error.extension("fieldName")) {
        told = told.context("field", format!("{name}.{field}"));
    }
    if let Some(field) = error.field() {
        told = told.context("field", field);
    }
    if let Some(request) = error.extension("requestId") {
        told = told.context("request_id", request);
    }
    told.context("vendor", excerpt(&error.message))
}

/// The scopes an ACCESS_DENIED asks for: the words in backticks.
fn scope(error: &QueryError) -> String {
    let text = error.extension("requiredAccess").unwrap_or(&error.message);
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    if quoted.is_empty() { excerpt(text) } else { quoted.join(" or ") }
}

fn excerpt(text: &str) -> String {
    body_excerpt(text.as_bytes())
}

#[cfg(test)]
mod tests {
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
        assert_eq!(
            error.context_value("scope"),
            Some("read_shopify_payments or read_shopify_payments_accounts")
        );
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
    fn the_storage_tells_a_dead_address_from_an_outage() {
        let of = |status| {
            let status = StatusCode::from_u16(status).expect("status");
            let mut response =
                Response::new(status, HeaderMap::new(), Bytes::from_static(b"<Error>canary</Error>"));
            storage(&mut response).expect_err("refused")
        };
        for status in [401, 403, 404, 410] {
            assert_eq!(of(status).context_value(LINK), Some("closed"), "{status}");
        }
        assert_eq!((of(503).kind(), of(503).is_temporary()), (ErrorKind::Unavailable, true));
        assert_eq!((of(504).kind(), of(504).context_value(LINK)), (ErrorKind::Timeout, None));
        assert!([400, 403, 503].iter().all(|status| !format!("{:?}", of(*status)).contains("canary")));
    }

    #[test]
    fn a_refused_grant_is_about_the_credentials() {
        for (status, kind) in [
            (400, ErrorKind::Unauthenticated),
            (401, ErrorKind::Unauthenticated),
            (503, ErrorKind::Unavailable),
        ] {
            let status = StatusCode::from_u16(status).expect("status");
            let mut response = Response::new(status, HeaderMap::new(), Bytes::new());
            assert_eq!(classify_grant(&mut response).map_err(|error| error.kind()), Err(kind));
        }
    }
}
