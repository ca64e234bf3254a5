//! Unleashed's answers, classified once: status, headers and body to a kind, a status and a wait.
//!
//! Of its error bodies one is recorded, that of an unknown id or a wrong signature. How a call beyond the month's quota
//! is refused is not documented: 403 and 429 are both possible, so either may say so here.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sentia_core::{
    Error, ErrorKind, Result,
    transport::{Response, body_excerpt},
};

/// When to ask again after a refusal that may be the spent quota, or is it without a date.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(6 * 60 * 60);

/// Where a 403 keeps what its body says; see [`after_success`].
const REFUSAL: &str = "refusal";
const UNKNOWN: &str = "unknown organization";
const UNSTATED: &str = "no reason given";

/// The table of the lists.
pub(super) fn lists(response: &mut Response) -> Result<()> {
    if response.status.is_success() {
        return whole_json(response);
    }
    Err(refused(response))
}

/// The table of webhook subscriptions. A good answer may hold a signature key, so none is ever quoted.
pub(super) fn subscriptions(response: &mut Response) -> Result<()> {
    if response.status.is_success() { Ok(()) } else { Err(refused(response)) }
}

fn refused(response: &Response) -> Error {
    let status = response.status.as_u16();
    let (kind, message) = match status {
        403 => return forbidden(response),
        429 => return limited(response),
        300..=399 => (ErrorKind::InvalidResponse, "unleashed redirects; check base_url"),
        400 => (ErrorKind::InvalidResponse, "unleashed refused the request"),
        401 => (ErrorKind::Unauthenticated, "unleashed does not accept api_id and api_key; correct them"),
        404 => (ErrorKind::NotFound, "unleashed does not know this path; check base_url"),
        405 | 501 => (ErrorKind::Unsupported, "unleashed does not have this method here"),
        408 | 504 => (ErrorKind::Timeout, "unleashed took too long; ask for smaller pages"),
        500..=599 => (ErrorKind::Unavailable, "unleashed has a problem or is offline"),
        _ => (ErrorKind::InvalidResponse, "unleashed refused the request"),
    };
    let error =
        Error::new(kind, message).context("status", status).context("body", body_excerpt(&response.body));
    response.retry_after().into_iter().fold(error, Error::retry_after)
}

/// The body of a 403 repeats the API id, so it is told and not quoted.
fn forbidden(response: &Response) -> Error {
    if speaks_of_quota(response) {
        return spent(response);
    }
    let refusal = if mentions(response, &["is not found"]) { UNKNOWN } else { UNSTATED };
    let message = "unleashed does not accept api_id and signature; correct api_id and api_key. \
                   If they are unchanged and were good before, the month's calls may be spent";
    Error::new(ErrorKind::Unauthenticated, message).context("status", 403).context(REFUSAL, refusal)
}

fn limited(response: &Response) -> Error {
    if speaks_of_quota(response) {
        return spent(response);
    }
    let error = Error::new(ErrorKind::RateLimited, "too many calls").context("status", 429);
    response.retry_after().into_iter().fold(error, Error::retry_after)
}

fn spent(response: &Response) -> Error {
    let message =
        "the month's calls are spent; they come back on the 1st at 00:00 UTC, or buy more from Unleashed";
    let reset = response.date().and_then(|now| (next_month(now)? - now).to_std().ok());
    Error::new(ErrorKind::QuotaExhausted, message)
        .context("status", response.status.as_u16())
        .retry_after(response.retry_after().or(reset).unwrap_or(ASK_AGAIN))
}

/// What a 403 means after the same credentials were accepted: they cannot be revoked or changed at Unleashed, so a
/// refusal without a reason is the month's quota. The recorded body of a wrong signature keeps its meaning.
pub(super) fn after_success(error: Error) -> Error {
    if error.context_value(REFUSAL) != Some(UNSTATED) {
        return error;
    }
    let message = "unleashed refuses credentials that it accepted before: the month's calls are probably spent; \
                   see the account's API usage";
    Error::new(ErrorKind::QuotaExhausted, message).context("status", 403).retry_after(ASK_AGAIN).source(error)
}

/// The first of the next month, when the quota comes back.
pub(super) fn next_month(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (year, month) = if now.month() == 12 { (now.year() + 1, 1) } else { (now.year(), now.month() + 1) };
    Some(NaiveDate::from_ymd_opt(year, month, 1)?.and_time(chrono::NaiveTime::MIN).and_utc())
}

fn speaks_of_quota(response: &Response) -> bool {
    mentions(response, &["quota", "monthly", "usage limit", "limit exceeded", "api limit", "call limit"])
}

fn mentions(response: &Response, words: &[&str]) -> bool {
    let body = body_excerpt(&response.body).to_ascii_lowercase();
    words.iter().any(|word| body.contains(word))
}

/// A proxy's page or the XML form may come with 200, and an answer may be cut off on its way: another try tells.
fn whole_json(response: &Response) -> Result<()> {
    let body = response.body.trim_ascii();
    match (body.first(), body.last()) {
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => Ok(()),
        (Some(b'{' | b'['), _) | (None, _) => Err(response.invalid("unleashed's answer is not whole JSON")),
        _ => Err(response.invalid("unleashed answered with something other than JSON")),
    }
}

#[cfg(test)]
mod tests {
    use sentia_core::Status::{self, Permanent, Temporary};

    use super::*;

    type Headers = &'static [(&'static str, &'static str)];
    type Row = (u16, Headers, &'static str, ErrorKind, Status, Option<u64>);

    const NOT_FOUND: &str =
        r#"{"description":"(403) Forbidden.: The organization with Api Id 'CANARY' is not found."}"#;
    const NOON: Headers = &[("date", "Mon, 30 Nov 2026 12:00:00 GMT")];

    fn response(status: u16, headers: Headers, body: &'static str) -> Response {
        let status = http::StatusCode::from_u16(status).expect("a status");
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
        Response::new(status, headers.collect(), body.into())
    }

    #[test]
    fn the_table() {
        use ErrorKind::*;
        let rows: &[Row] = &[
            (200, &[], "<html>sign in</html>", InvalidResponse, Temporary, None),
            (200, &[], "<?xml version=\"1.0\"?><StockOnHandList/>", InvalidResponse, Temporary, None),
            (200, &[], r#"{"Pagination":{},"Items":[{"Guid":"a"#, InvalidResponse, Temporary, None),
            (200, &[], "", InvalidResponse, Temporary, None),
            (302, &[], "", InvalidResponse, Permanent, None),
            (400, &[], r#"{"description":"bad filter"}"#, InvalidResponse, Permanent, None),
            (401, &[], "", Unauthenticated, Permanent, None),
            (403, &[], NOT_FOUND, Unauthenticated, Permanent, None),
            (403, &[], "", Unauthenticated, Permanent, None),
            (403, NOON, r#"{"description":"API quota"}"#, QuotaExhausted, Temporary, Some(12 * 3600)),
            (403, &[], "monthly limit reached", QuotaExhausted, Temporary, Some(6 * 3600)),
            (404, &[], "", NotFound, Permanent, None),
            (405, &[], "", Unsupported, Permanent, None),
            (429, &[("retry-after", "12")], "", RateLimited, Temporary, Some(12)),
            (429, &[], "oops", RateLimited, Temporary, None),
            (429, NOON, "usage limit exceeded", QuotaExhausted, Temporary, Some(12 * 3600)),
            (500, &[], "<html/>", Unavailable, Temporary, None),
            (503, &[("retry-after", "30")], "", Unavailable, Temporary, Some(30)),
            (504, &[], "", Timeout, Temporary, None),
        ];
        for (status, headers, body, kind, retry, wait) in rows {
            let error = lists(&mut response(*status, headers, body)).expect_err(body);
            let row = format!("{status} {headers:?} {body}: {error:?}");
            assert_eq!((error.kind(), error.status()), (*kind, *retry), "{row}");
            assert_eq!(error.wait().map(|wait| wait.as_secs()), *wait, "{row}");
            assert_eq!(error.context_value("status"), Some(status.to_string().as_str()), "{row}");
        }
        assert!(lists(&mut response(200, &[], "{}\r\n")).is_ok());
        assert!(lists(&mut response(200, &[], "[]")).is_ok());
    }

    #[test]
    fn a_403_says_that_it_may_be_the_quota_and_does_not_repeat_the_id() {
        let error = lists(&mut response(403, &[], NOT_FOUND)).expect_err("refused");
        assert!(error.message().contains("month's calls may be spent"), "{error}");
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }

    #[test]
    fn after_a_success_a_refusal_without_a_reason_is_the_quota() {
        let refused = |body| lists(&mut response(403, &[], body)).expect_err("refused");
        let spent = after_success(refused("{}"));
        assert_eq!((spent.kind(), spent.wait()), (ErrorKind::QuotaExhausted, Some(ASK_AGAIN)));
        assert_eq!(after_success(refused(NOT_FOUND)).kind(), ErrorKind::Unauthenticated);
        let down = lists(&mut response(503, &[], "")).expect_err("down");
        assert_eq!(after_success(down).kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn an_answer_that_may_hold_a_signature_key_is_never_quoted() {
        assert!(subscriptions(&mut response(200, &[], r#"{"signatureKey":"CANARY"#)).is_ok());
    }

    #[test]
    fn a_month_ends_with_the_year_too() {
        let next = |text: &str| next_month(text.parse().expect("an instant")).map(|at| at.to_string());
        assert_eq!(next("2026-12-31T23:59:59Z").as_deref(), Some("2027-01-01 00:00:00 UTC"));
        assert_eq!(next("2026-01-31T00:00:00Z").as_deref(), Some("2026-02-01 00:00:00 UTC"));
    }
}
