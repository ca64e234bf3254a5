//! One error type for every crate: what happened, whether to try again, where, why, and the remedy.
//!
//! An [`Error`] has a [kind](ErrorKind), which is a closed list, and a [status](Status), which says whether trying
//! again can help. Kinds have a stable [code](ErrorKind::code) for programs and a [remedy](ErrorKind::remedy) for
//! people. An error is classified once, where the vendor's answer or the database's code is known; what passes it on
//! adds context and never changes the kind.

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

/// A result whose error is [`Error`].
///
/// The second parameter lets the alias stand in for [`std::result::Result`] where another error is meant.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. The registry is closed on purpose: every vendor status maps onto one of these.
///
/// A kind has a usual [`Status`]; [`Error::temporary`] and [`Error::permanent`] say otherwise for one error. More kinds
/// may come, so a `match` needs a wildcard.
///
/// ```
/// use sentia_core::{Error, ErrorKind, Owner, Status};
///
/// assert_eq!(ErrorKind::RateLimited.code(), "rate_limited");
/// assert_eq!(ErrorKind::RateLimited.owner(), Owner::Vendor);
/// assert_eq!(Error::new(ErrorKind::RateLimited, "slow down").status(), Status::Temporary);
/// assert_eq!(Error::new(ErrorKind::NotFound, "no such shop").status(), Status::Permanent);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing, malformed or contradicts another.
    /// Raised before the first call where that is possible. Permanent. It stops the whole run.
    ConfigInvalid,
    /// The vendor does not accept the credentials.
    /// A token that could be renewed was renewed once before. Permanent. It stops the whole run.
    Unauthenticated,
    /// The credentials are good but do not reach this far: a missing scope, a disconnected tenant.
    /// Permanent. Only the stream that met it ends; the others are read.
    PermissionDenied,
    /// The vendor does not know the path, shop or item.
    /// Permanent.
    NotFound,
    /// This connector, store or vendor plan cannot do what was asked.
    /// Permanent.
    Unsupported,
    /// Too many calls for now; the wait is short.
    /// Temporary. It is repeated even for requests that may take effect only once: a refused one had no effect.
    RateLimited,
    /// A daily or monthly budget is spent; the wait is long.
    /// Temporary, but no retry sleeps that long: it ends the run, and [`Error::wait`] says when to come back.
    QuotaExhausted,
    /// No answer within the time allowed.
    /// Temporary. Counts against the circuit breaker.
    Timeout,
    /// The vendor or the network is down.
    /// Temporary. Counts against the circuit breaker, whose own refusals are of this kind too.
    Unavailable,
    /// Somebody else wrote first: a stale lease, a changed checkpoint, a newer key version.
    /// Temporary: who reads again sees what the other wrote.
    Conflict,
    /// The vendor's answer is not what its documentation promises.
    /// Permanent, unless the answer may have been cut off on its way; then it is asked for again.
    InvalidResponse,
    /// A page or resume token is too old for the vendor, or the job it names came to nothing.
    /// Permanent for that token: the engine opens the window anew, after the wait that the error names, or turns it into a
    /// full read.
    PositionExpired,
    /// A signature or a sealed secret does not verify.
    /// Permanent.
    SignatureInvalid,
    /// The database refused or failed.
    /// Permanent, unless the driver's code says otherwise: a full disk, a lost connection, a deadlock. It stops the run.
    Store,
    /// The caller asked to stop.
    /// Temporary. Nothing that was committed is lost.
    Cancelled,
    /// A defect in Sentia; please report it.
    /// Permanent.
    Unexpected,
}

/// Who can do something about an error.
///
/// It decides whom to tell: a user can reconnect an account, nobody but the vendor can bring its service back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The person who connected the account or configured the host.
    User,
    /// The vendor; waiting is the remedy.
    Vendor,
    /// Sentia or the host application.
    Us,
}

/// Whether trying again can help.
///
/// The retry layer repeats [`Temporary`](Status::Temporary) errors and, when it gives up, makes them
/// [`Exhausted`](Status::Exhausted), so that no loop around it multiplies the attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The same request fails the same way until somebody changes something.
    Permanent,
    /// The same request may succeed later.
    Temporary,
    /// It was temporary and the retries are spent; no outer loop multiplies them.
    Exhausted,
}

impl ErrorKind {
    /// Every kind, in the order of the documentation table.
    pub const ALL: [ErrorKind; 16] = [
        ErrorKind::ConfigInvalid,
        ErrorKind::Unauthenticated,
        ErrorKind::PermissionDenied,
        ErrorKind::NotFound,
        ErrorKind::Unsupported,
        ErrorKind::RateLimited,
        ErrorKind::QuotaExhausted,
        ErrorKind::Timeout,
        ErrorKind::Unavailable,
        ErrorKind::Conflict,
        ErrorKind::InvalidResponse,
        ErrorKind::PositionExpired,
        ErrorKind::SignatureInvalid,
        ErrorKind::Store,
        ErrorKind::Cancelled,
        ErrorKind::Unexpected,
    ];

    /// The stable code used in reports, HTTP problem bodies and metric labels.
    ///
    /// It is the variant's name in snake_case and does not change; messages may.
    pub const fn code(self) -> &'static str {
        match self {
            ErrorKind::ConfigInvalid => "config_invalid",
            ErrorKind::Unauthenticated => "unauthenticated",
            ErrorKind::PermissionDenied => "permission_denied",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::RateLimited => "rate_limited",
            ErrorKind::QuotaExhausted => "quota_exhausted",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Conflict => "conflict",
            ErrorKind::InvalidResponse => "invalid_response",
            ErrorKind::PositionExpired => "position_expired",
            ErrorKind::SignatureInvalid => "signature_invalid",
            ErrorKind::Store => "store",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::Unexpected => "unexpected",
        }
    }

    /// The kind of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        ErrorKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Who can act on it.
    ///
    /// Configuration and credentials are the user's; limits, outages and broken answers the vendor's; conflicts,
    /// signatures, the database and defects ours or the host application's.
    pub const fn owner(self) -> Owner {
        match self {
            ErrorKind::ConfigInvalid | ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => {
                Owner::User
            }
            ErrorKind::NotFound | ErrorKind::Unsupported | ErrorKind::Cancelled => Owner::User,
            ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Timeout => Owner::Vendor,
            ErrorKind::Unavailable | ErrorKind::InvalidResponse | ErrorKind::PositionExpired => Owner::Vendor,
            ErrorKind::Conflict | ErrorKind::SignatureInvalid => Owner::Us,
            ErrorKind::Store | ErrorKind::Unexpected => Owner::Us,
        }
    }

    /// What that owner can do, in one clause.
    ///
    /// It is general; an error's own message names the setting, scope or file.
    pub const fn remedy(self) -> &'static str {
        match self {
            ErrorKind::ConfigInvalid => "correct the named setting",
            ErrorKind::Unauthenticated => "reconnect the account at the vendor",
            ErrorKind::PermissionDenied => "grant the named scope or reconnect the tenant",
            ErrorKind::NotFound => "check the shop, tenant or base URL",
            ErrorKind::Unsupported => "choose another stream, version or plan",
            ErrorKind::RateLimited => "wait; the next run resumes by itself",
            ErrorKind::QuotaExhausted => "wait for the budget to reset or raise the plan",
            ErrorKind::Timeout => "wait; if it persists, ask for smaller pages",
            ErrorKind::Unavailable => "wait for the vendor or the network to come back",
            ErrorKind::Conflict => "run again; another worker wrote first",
            ErrorKind::InvalidResponse => "run again; if it persists, report the context to the vendor",
            ErrorKind::PositionExpired => "run again; what the token stood for is read from its start",
            ErrorKind::SignatureInvalid => "check the signing secret or master key",
            ErrorKind::Store => "check the database, its disk space and its permissions",
            ErrorKind::Cancelled => "run again; the next run resumes by itself",
            ErrorKind::Unexpected => "report a defect with the error's context",
        }
    }

    const fn default_status(self) -> Status {
        match self {
            ErrorKind::RateLimited
            | ErrorKind::QuotaExhausted
            | ErrorKind::Timeout
            | ErrorKind::Unavailable
            | ErrorKind::Conflict
            | ErrorKind::Cancelled => Status::Temporary,
            _ => Status::Permanent,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An error: kind, status, operation, context and source. One word wide.
///
/// Wording is not part of the interface: match on [`kind`](Error::kind), and read details by
/// [`context_value`](Error::context_value).
///
/// `Display` prints this level only; the chain is in [`source`](StdError::source):
///
/// ```
/// use sentia_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Timeout, "no answer within 30 s")
///     .operation("xero.fetch")
///     .context("stream", "invoices")
///     .context("page", 3);
/// assert_eq!(error.to_string(), "timeout in xero.fetch (stream: invoices, page: 3): no answer within 30 s");
/// ```
///
/// `Debug` adds status, remedy and the chain, for a log or a terminal:
///
/// ```
/// use sentia_core::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Store, "commit failed").source(std::io::Error::other("disk full"));
/// assert_eq!(
///     format!("{error:?}"),
///     "store: commit failed [Permanent; check the database, its disk space and its permissions]\n  \
///      caused by: disk full"
/// );
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    status: Status,
    message: Cow<'static, str>,
    operation: Cow<'static, str>,
    context: Vec<(&'static str, String)>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with its usual status. The message is lower case, without a full stop, never a secret.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner {
            kind,
            status: kind.default_status(),
            message: message.into(),
            operation: Cow::Borrowed(""),
            context: Vec::new(),
            retry_after: None,
            source: None,
        }))
    }

    /// Names the operation that failed, `vendor.verb`; the innermost name stays.
    ///
    /// So each level may name itself on the way out, and the one nearest to the failure is shown.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        if self.0.operation.is_empty() {
            self.0.operation = operation.into();
        }
        self
    }

    /// Adds a piece of where; the first value for a name stays.
    ///
    /// Values are shown to people and kept in reports: never a secret, and of a vendor's body at most 512 bytes
    /// ([`body_excerpt`](crate::transport::body_excerpt)).
    #[must_use]
    pub fn context(mut self, name: &'static str, value: impl ToString) -> Self {
        if self.context_value(name).is_none() {
            self.0.context.push((name, value.to_string()));
        }
        self
    }

    /// Adds the reason.
    ///
    /// It is returned by [`std::error::Error::source`] and not repeated in `Display`, so printing a chain shows it once.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says how long the vendor asked to wait.
    ///
    /// The retry layer waits that long if it is at most
    /// [`RetryPolicy::max_vendor_wait`](crate::transport::RetryPolicy::max_vendor_wait); beyond it the error is returned.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Marks the error as worth another try.
    #[must_use]
    pub fn temporary(mut self) -> Self {
        self.0.status = Status::Temporary;
        self
    }

    /// Marks the error as not worth another try.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.0.status = Status::Permanent;
        self
    }

    /// Marks a temporary error as tried often enough.
    ///
    /// A permanent error stays permanent.
    #[must_use]
    pub fn exhausted(mut self) -> Self {
        if self.0.status == Status::Temporary {
            self.0.status = Status::Exhausted;
        }
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether trying again can help.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// True while another try may succeed.
    pub fn is_temporary(&self) -> bool {
        self.0.status == Status::Temporary
    }

    /// How long the vendor asked to wait, if it said so.
    ///
    /// A host that schedules runs itself adds it to the present time.
    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The message alone, without operation and context.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The value noted under `name`.
    ///
    /// Common names are `stream`, `partition`, `page`, `status`, `body`, `attempts`, `setting` and `connector`.
    pub fn context_value(&self, name: &str) -> Option<&str> {
        self.0.context.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        if !self.0.operation.is_empty() {
            write!(f, " in {}", self.0.operation)?;
        }
        if !self.0.context.is_empty() {
            let context: Vec<_> =
                self.0.context.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            write!(f, " ({})", context.join(", "))?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} [{:?}; {}]", self.0.status, self.0.kind.remedy())?;
        let mut source = self.0.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(cause) = source {
            write!(f, "\n  caused by: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_status_remedy_and_chain() {
        let error = Error::new(ErrorKind::Store, "commit failed")
            .operation("store.commit")
            .context("stream", "orders")
            .source(std::io::Error::other("disk full"));
        assert_eq!(
            format!("{error:?}"),
            "store in store.commit (stream: orders): commit failed [Permanent; check the database, its disk \
             space and its permissions]\n  caused by: disk full"
        );
    }

    #[test]
    fn the_innermost_operation_and_context_stay() {
        let error = Error::new(ErrorKind::Timeout, "slow").operation("a").operation("b").context("page", 1);
        assert_eq!(error.context("page", 2).to_string(), "timeout in a (page: 1): slow");
    }

    #[test]
    fn only_temporary_errors_exhaust() {
        assert_eq!(Error::new(ErrorKind::Timeout, "x").exhausted().status(), Status::Exhausted);
        assert_eq!(Error::new(ErrorKind::NotFound, "x").exhausted().status(), Status::Permanent);
    }

    #[test]
    fn codes_are_unique() {
        let codes: std::collections::BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
    }
}
