//! Refusals in the vendor's form: a list of errors, each with code, message and details.

use serde_json::json;

use crate::reply::Reply;

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    code: &'static str,
    message: String,
    details: String,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: String::new() }
    }

    /// 400 `InvalidInput`.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    /// 400 in the words of the tokens API.
    pub(crate) fn invalid_request(details: &str) -> Self {
        let message = "Request is missing or has invalid parameters";
        Self { details: details.to_owned(), ..Self::new(400, "InvalidRequest", message) }
    }

    /// 403 `Unauthorized`; without details it is a missing role, or a marketplace of another region.
    pub(crate) fn denied(details: &str) -> Self {
        let message = "Access to requested resource is denied.";
        Self { details: details.to_owned(), ..Self::new(403, "Unauthorized", message) }
    }

    /// 403 for a token that was good once.
    pub(crate) fn expired() -> Self {
        Self::denied("The access token you provided has expired.")
    }

    /// 403 for a token that never was.
    pub(crate) fn bad_token() -> Self {
        Self::denied("The access token you provided is either invalid, revoked, malformed or unauthorised")
    }

    /// 404 `NotFound`.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(404, "NotFound", format!("{what} not found."))
    }

    /// 405.
    pub(crate) fn method() -> Self {
        Self::new(405, "MethodNotAllowed", "The HTTP method is not supported by the resource.")
    }

    /// 429 `QuotaExceeded`; no `Retry-After` comes with it.
    pub(crate) fn quota() -> Self {
        Self::new(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
    }

    /// 500 `InternalFailure`.
    pub(crate) fn internal() -> Self {
        Self::new(500, "InternalFailure", "We encountered an internal error. Please try again.")
    }

    /// 503 `ServiceUnavailable`.
    pub(crate) fn unavailable() -> Self {
        Self::new(503, "ServiceUnavailable", "Service is temporarily unavailable. Please try again.")
    }

    pub(crate) fn reply(&self) -> Reply {
        let body = json!({
            "errors": [{"code": self.code, "message": self.message, "details": self.details}],
        });
        let reply = Reply::new(self.status, "application/json", body.to_string());
        let kind = match self.status {
            400 => "InvalidParameterException",
            403 => "AccessDeniedException",
            404 => "ResourceNotFoundException",
            429 => "TooManyRequestsException",
            _ => return reply,
        };
        reply.header("x-amzn-errortype", kind)
    }
}
