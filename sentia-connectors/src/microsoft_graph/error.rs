//! Graph's answers, classified once: status and codes to a kind, a status and a wait. Messages of the vendor decide
//! nothing: they change and are translated [D:errors].

use sentia_core::{
    Error, ErrorKind, Result,
    transport::{Response, body_excerpt},
};
use serde::Deserialize;

use crate::rotation::OAUTH_CODE;

/// Where an error keeps the vendor's code, in lower case.
pub(super) const CODE: &str = "code";

/// Codes, at any status of 4xx, that mean: this delta token is no longer known, read anew. Outlook's status for it is
/// not settled, the spelling of SharePoint's neither.
const POSITION_EXPIRED: [&str; 7] = [
    "syncstatenotfound",
    "syncstateinvalid",
    "resyncrequired",
    "resyncapplydifferences",
    "resyncuploaddifferences",
    "resyncchangesapplydifferences",
    "resyncchangesuploaddifferences",
];

/// Codes of a user without a mailbox of Exchange Online.
const NO_MAILBOX: [&str; 3] =
    ["mailboxnotenabledforrestapi", "mailboxnotsupportedforrestapi", "errormailboxdisabled"];

/// The body of a refusal, read as far as it reads.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: Problem,
}

/// One level of it. Both spellings of the inner one occur, and it may nest.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: Option<String>,
    #[serde(rename = "innerError", alias = "innererror")]
    inner: Option<Box<Problem>>,
    #[serde(rename = "request-id")]
    request_id: Option<String>,
}

/// The codes of a refusal, innermost first, in lower case; some are empty at the vendor and left out here.
fn codes(response: &Response) -> (Vec<String>, Option<String>) {
    let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
    let (mut codes, mut request_id, mut level) = (Vec::new(), None, Some(Box::new(refusal.error)));
    while let Some(problem) = level {
        codes.extend(problem.code.filter(|code| !code.is_empty()).map(|code| code.to_ascii_lowercase()));
        request_id = request_id.or(problem.request_id);
        level = problem.inner;
    }
    codes.reverse();
    (codes, response.header("request-id").map(str::to_owned).or(request_id))
}

/// The table of every call but those on workbooks.
pub(super) fn graph(response: &mut Response) -> Result<()> {
    if response.status.is_success() {
        return whole_json(response);
    }
    let (codes, request_id) = codes(response);
    let has = |known: &[&str]| codes.iter().any(|code| known.contains(&code.as_str()));
    let status = response.status.as_u16();
    let (kind, message) = match status {
        410 => (ErrorKind::PositionExpired, EXPIRED),
        400..=499 if has(&POSITION_EXPIRED) => (ErrorKind::PositionExpired, EXPIRED),
        400..=404 if has(&NO_MAILBOX) => {
            (ErrorKind::NotFound, "this user has no mailbox in Exchange Online; take it out of mailboxes")
        }
        // SharePoint throttles with 503 as well as with 429.
        429 | 503
            if status == 429 || has(&["activitylimitreached", "throttledrequest", "toomanyrequests"]) =>
        {
            (ErrorKind::RateLimited, "too many calls")
        }
        _ => by_status(status),
    };
    Err(located(Error::new(kind, message), response, codes.first(), request_id))
}

const EXPIRED: &str = "microsoft graph no longer knows this place; reading anew";
const MISSING: &str = "microsoft graph refuses this read: the permission named under `needs` is missing, lacks an \
                       administrator's consent, or does not cover this site or mailbox; grant it in Entra";

fn by_status(status: u16) -> (ErrorKind, &'static str) {
    use ErrorKind::*;
    match status {
        300..=399 => (InvalidResponse, "microsoft graph redirects; check base_url"),
        401 => (Unauthenticated, "microsoft graph does not accept the access token; check tenant and cloud"),
        403 => (PermissionDenied, MISSING),
        404 => (NotFound, "microsoft graph does not know this user, site, list, drive or file"),
        405 | 501 => (Unsupported, "microsoft graph cannot do this for what was asked"),
        408 | 504 => (Timeout, "microsoft graph took too long; smaller pages may help"),
        // Somebody holds a lock: to be tried with the next run, not within this call.
        409 | 423 => (Conflict, "somebody else has it locked; the next run tries again"),
        500 | 502 | 503 | 509 | 520..=599 => (Unavailable, "microsoft graph has a problem"),
        _ => (InvalidResponse, "microsoft graph refused the request"),
    }
}

fn located(error: Error, response: &Response, code: Option<&String>, request_id: Option<String>) -> Error {
    let mut error = error.context("status", response.status.as_u16());
    if let Some(code) = code {
        error = error.context(CODE, code);
    }
    if let Some(id) = request_id {
        error = error.context("request_id", id);
    }
    error = error.context("body", body_excerpt(&response.body));
    if let Some(wait) = response.retry_after() {
        error = error.retry_after(wait);
    }
    if error.kind() == ErrorKind::Conflict { error.exhausted() } else { error }
}

/// The table of the workbook API, which decides by its own codes before the status [D:workbook-error-handling].
pub(super) fn workbook(response: &mut Response) -> Result<()> {
    if response.status.as_u16() == 202 {
        return Err(response.invalid("excel answered with a long-running operation that was not asked for"));
    }
    if response.status.is_success() {
        return whole_json(response);
    }
    let (codes, request_id) = codes(response);
    let Some((kind, message, retry)) = codes.iter().find_map(|code| workbook_row(code)) else {
        return graph(response);
    };
    let code = codes.iter().find(|code| workbook_row(code).is_some());
    let error = located(Error::new(kind, message), response, code, request_id);
    Err(match retry {
        Retry::InCall => error.temporary(),
        Retry::NextRun => error.temporary().exhausted(),
        Retry::Never => error.permanent(),
    })
}

#[derive(Clone, Copy)]
enum Retry {
    InCall,
    NextRun,
    Never,
}

/// Codes of sessions that can be made anew; see [`is_lost_session`].
const LOST_SESSION: &str = "invalidsessionrecreatable";
/// Codes of a range that is too large; see [`is_too_large`].
const TOO_LARGE: [&str; 2] = ["rangeexceedslimit", "responsepayloadsizelimitexceeded"];

fn workbook_row(code: &str) -> Option<(ErrorKind, &'static str, Retry)> {
    use ErrorKind::*;
    Some(match code {
        "toomanyrequestsuncategorized" => (RateLimited, "too many calls on this workbook", Retry::InCall),
        "serviceunavailableuncategorized" | "transientfailure" => {
            (Unavailable, "excel is not available", Retry::InCall)
        }
        "gatewaytimeoutuncategorized" => (Timeout, "excel took too long", Retry::InCall),
        LOST_SESSION => (Conflict, "the workbook session ended", Retry::NextRun),
        _ if code.starts_with("invalidsession") => {
            (Conflict, "the workbook session is not valid; the next run opens another", Retry::NextRun)
        }
        "accessconflict" | "conflictuncategorized" => {
            (Conflict, "somebody has the workbook locked; the next run tries again", Retry::NextRun)
        }
        "editmodeaccessdenied" => (PermissionDenied, EDIT_MODE, Retry::Never),
        "accessdenied" => (PermissionDenied, MISSING, Retry::Never),
        "unsupportedworkbook" => (
            Unsupported,
            "excel cannot open this workbook; save it as .xlsx without features it lacks",
            Retry::Never,
        ),
        _ if TOO_LARGE.contains(&code) => {
            (Unsupported, "the range is too large even in small parts; read fewer columns", Retry::Never)
        }
        "internalservererroruncategorized" | "requestaborted" | "generalexception" => {
            (Unavailable, "excel gave up on the workbook; the next run tries again", Retry::NextRun)
        }
        _ => return None,
    })
}

const EDIT_MODE: &str = "excel refuses to open this workbook for the app: the workbook API is documented for \
                         delegated access alone; connect with refresh_token, or set sessions to never";

/// True where a workbook session must be made anew.
pub(super) fn is_lost_session(error: &Error) -> bool {
    error.context_value(CODE) == Some(LOST_SESSION)
}

/// True where fewer rows at a time are the remedy.
pub(super) fn is_too_large(error: &Error) -> bool {
    error.context_value(CODE).is_some_and(|code| TOO_LARGE.contains(&code))
        || error.context_value("status") == Some("413")
}

/// A gateway's error page may come with 200, and an answer may be cut off on its way: both are worth another try.
fn whole_json(response: &Response) -> Result<()> {
    if response.status.as_u16() == 204 {
        return Ok(());
    }
    let declared =
        response.header("content-type").is_none_or(|kind| kind.to_ascii_lowercase().contains("json"));
    let body = response.body.trim_ascii();
    match (declared, body.first(), body.last()) {
        (true, Some(b'{'), Some(b'}')) => Ok(()),
        (false, ..) => Err(response.invalid("microsoft graph answered with something other than JSON")),
        _ => Err(response.invalid("microsoft graph's answer is not whole JSON")),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OAuthError {
    error: String,
    error_codes: Vec<u64>,
    trace_id: String,
}

/// The table of the token endpoint: `error` decides, the AADSTS number is kept for people. Its descriptions are never
/// quoted: they may hold what was sent.
pub(super) fn token_endpoint(response: &mut Response) -> Result<()> {
    use ErrorKind::*;
    if response.status.is_success() {
        return Ok(());
    }
    let status = response.status.as_u16();
    let told: OAuthError = serde_json::from_slice(&response.body).unwrap_or_default();
    let number = told.error_codes.first().copied();
    let (kind, message) = match (status, told.error.as_str()) {
        (429, _) => (RateLimited, "too many token requests"),
        (408 | 504, _) => (Timeout, "the token endpoint took too long"),
        (500..=599, _) | (_, "temporarily_unavailable") => (Unavailable, "the token endpoint has a problem"),
        (_, "invalid_client") => (Unauthenticated, client_advice(number)),
        (_, "unauthorized_client") => {
            (Unauthenticated, "the tenant does not know this app; check client_id, tenant and cloud")
        }
        (_, "invalid_grant" | "interaction_required" | "consent_required" | "login_required") => {
            (Unauthenticated, grant_advice(number))
        }
        (_, "invalid_scope" | "invalid_resource") => {
            (ConfigInvalid, "the token endpoint does not know what is asked for; check cloud")
        }
        (400, "invalid_request") if number == Some(90002) => {
            (ConfigInvalid, "there is no such tenant in this cloud; check tenant and cloud")
        }
        (300..=399 | 404, _) => (NotFound, "no token endpoint there; check tenant, cloud and identity_url"),
        _ => (Unauthenticated, "the token endpoint refused; check tenant, client_id and its credentials"),
    };
    let mut error = Error::new(kind, message).context("status", status);
    if !told.error.is_empty() {
        error = error.context(OAUTH_CODE, &told.error);
    }
    if let Some(number) = number {
        error = error.context("aadsts", number);
    }
    if !told.trace_id.is_empty() {
        error = error.context("trace_id", &told.trace_id);
    }
    Err(response.retry_after().into_iter().fold(error, Error::retry_after))
}

fn client_advice(number: Option<u64>) -> &'static str {
    match number {
        Some(7000222) => "the client secret has expired; make a new one in Entra and set client_secret",
        Some(7000215) => "entra does not accept the client secret; set its value, not its id",
        Some(700024) => "the client assertion is out of its time; set this machine's clock",
        Some(700027) => "entra does not know the certificate; upload it to the app, or correct it here",
        _ => "entra does not accept the app's secret or certificate; correct client_secret or certificate",
    }
}

fn grant_advice(number: Option<u64>) -> &'static str {
    match number {
        Some(65001) => "nobody consented to the app's permissions; grant them in Entra and connect again",
        Some(50076 | 50079) => "the sign-in needs a second factor; connect the account again",
        Some(50173) => "the refresh token was revoked, as by a changed password; connect the account again",
        Some(700082 | 700084) => "the refresh token was unused for too long; connect the account again",
        _ => "the refresh token is not accepted any more; connect the account again",
    }
}

#[cfg(test)]
mod tests;
