//! What a connector is asked for, and what it answers: one page.
//!
//! A request names a stream, a partition, a lower bound and a place; the answer holds records and the next place. Both
//! are plain data, so that a read can be resumed by another process.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    decode::Decoded,
    finding::Finding,
    record::{Record, Rejected},
    stream::StreamInfo,
};

/// The vendor's place in a read: a page number, an opaque cursor, the id of a running report.
///
/// It is stored with the checkpoint and may come back days later, to another version of the connector: keep it
/// readable, and never put a secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageToken(pub String);

impl From<&str> for PageToken {
    fn from(token: &str) -> Self {
        PageToken(token.to_owned())
    }
}

impl From<String> for PageToken {
    fn from(token: String) -> Self {
        PageToken(token)
    }
}

/// A request for one page.
///
/// ```
/// use sentia_core::{Fetch, StreamInfo, page::PageToken};
///
/// let stream = StreamInfo { max_page: Some(250), ..StreamInfo::new("orders").key(&["id"]) };
/// let token = PageToken::from("2");
/// let request = Fetch::new(&stream).at(Some(&token)).sized(Some(1000));
/// assert_eq!((request.page(), request.since()), (Some("2"), None));
/// assert_eq!(request.page_size(50), 250, "the vendor's largest bounds what was asked for");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Fetch<'a> {
    pub(crate) stream: &'a StreamInfo,
    pub(crate) partition: &'a str,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) resume: Option<&'a PageToken>,
    pub(crate) page: Option<&'a PageToken>,
    pub(crate) page_size: Option<u32>,
    pub(crate) route: Route,
}

impl<'a> Fetch<'a> {
    /// A request for the first page of everything in `stream`.
    pub fn new(stream: &'a StreamInfo) -> Self {
        Fetch {
            stream,
            partition: "",
            since: None,
            until: None,
            resume: None,
            page: None,
            page_size: None,
            route: Route::Pages,
        }
    }

    /// Asks for what changed since `bound`, inclusive.
    ///
    /// A record whose time equals the bound must come again; it is absorbed by its digest.
    #[must_use]
    pub fn changed_since(self, bound: Option<DateTime<Utc>>) -> Self {
        Fetch { since: bound, ..self }
    }

    /// Asks for nothing that changed after `bound`; see [`until`](Self::until).
    #[must_use]
    pub fn changed_until(self, bound: Option<DateTime<Utc>>) -> Self {
        Fetch { until: bound, ..self }
    }

    /// Asks for what changed since the vendor's own resume token; see [`Page::resume_at`].
    #[must_use]
    pub fn resumed_from(self, token: Option<&'a PageToken>) -> Self {
        Fetch { resume: token, ..self }
    }

    /// Asks for the page at `token`.
    #[must_use]
    pub fn at(self, token: Option<&'a PageToken>) -> Self {
        Fetch { page: token, ..self }
    }

    /// Asks for one partition.
    #[must_use]
    pub fn of_partition(self, partition: &'a str) -> Self {
        Fetch { partition, ..self }
    }

    /// Asks for pages of so many records.
    ///
    /// None leaves the choice to the connector.
    #[must_use]
    pub fn sized(self, records: Option<u32>) -> Self {
        Fetch { page_size: records, ..self }
    }

    /// Asks for the records by `route`; by pages unless it is said.
    #[must_use]
    pub fn by(self, route: Route) -> Self {
        Fetch { route, ..self }
    }

    /// The stream's entry.
    pub fn stream(&self) -> &'a StreamInfo {
        self.stream
    }

    /// The partition's name; empty for streams without parts.
    pub fn partition(&self) -> &'a str {
        self.partition
    }

    /// The lower bound, inclusive; none for everything.
    ///
    /// A vendor that compares whole seconds or days is given the bound rounded down, never up. Note that `Display` of an
    /// instant writes `2026-03-01 10:00:00 UTC`; most vendors want `to_rfc3339`.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.since
    }

    /// The upper bound, inclusive; none for the present.
    ///
    /// Only backfills have one. A connector whose vendor has such a filter hands it on, rounded up, never down; one whose
    /// vendor has none leaves it out: then more records come than were asked for, which costs calls and does no harm. The
    /// certificate's bound is never later than this one either way.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.until
    }

    /// The resume token of the last proved read; none for everything.
    ///
    /// Only streams that are [resumable](crate::stream::Reading::Resumable) have one.
    pub fn resume(&self) -> Option<&'a str> {
        self.resume.map(|token| token.0.as_str())
    }

    /// The token of the page before; none for the first page.
    pub fn page(&self) -> Option<&'a str> {
        self.page.map(|token| token.0.as_str())
    }

    /// How the records come. Only a stream that declares an [`Export`](crate::stream::Export) is ever asked for by it, and
    /// only for everything it holds.
    pub fn route(&self) -> Route {
        self.route
    }

    /// How many records a page should hold: what the caller asked for, or `default`, at most the vendor's largest.
    pub fn page_size(&self, default: u32) -> u32 {
        let wanted = self.page_size.unwrap_or(default).max(1);
        self.stream.max_page.map_or(wanted, |largest| wanted.min(largest))
    }
}

/// Where the read goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// At this token.
    /// The same token twice in one reading of a window is refused: it would lead round in a circle.
    More(PageToken),
    /// The window is exhausted, by the vendor's own end mark.
    /// A missing page, an empty list where there should be none or a limit that was reached is no end mark: it is
    /// an error.
    Last,
    /// At this token, not before the time is over: a report is being made.
    /// The wait is by the engine's clock, and ends early when the run is cancelled.
    Wait(PageToken, Duration),
}

/// How the records of a window come.
///
/// The engine chooses it when it opens the window, and the window keeps it, so that a restart goes on the same way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Page after page of the vendor's list.
    #[default]
    Pages,
    /// Out of a file that a job of the vendor's makes of the whole stream.
    Export,
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Route::Pages => "pages",
            Route::Export => "export",
        })
    }
}

/// How pages follow each other.
///
/// It decides what a repeated key means; see [`settle`](crate::certificate::settle).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paging {
    /// By tokens of the vendor: a record that moves may be seen twice and is never skipped.
    Chained,
    /// By numbers: a record that moves shifts the others, so a key seen twice means that one may be missing.
    Numbered,
}

/// One page of a stream.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::{Page, page::Next};
///
/// let page = Page::more(Vec::new(), "3").numbered().declared(Some(1200)).read_scope("read_orders; 2026-07");
/// assert_eq!((page.next(), page.count()), (&Next::More("3".into()), Some(1200)));
/// assert_eq!(Page::last(Vec::new()).next(), &Next::Last);
///
/// let running = Page::wait("report-17", Duration::from_secs(30));
/// assert!(running.records().is_empty());
/// ```
#[derive(Debug)]
#[must_use]
pub struct Page {
    pub(crate) decoded: Decoded,
    pub(crate) next: Next,
    pub(crate) paging: Paging,
    pub(crate) declared: Option<u64>,
    pub(crate) read_scope: Option<String>,
    pub(crate) resume_at: Option<PageToken>,
    pub(crate) bound: Option<DateTime<Utc>>,
    pub(crate) findings: Vec<Finding>,
}

impl Page {
    fn new(decoded: impl Into<Decoded>, next: Next) -> Self {
        Page {
            decoded: decoded.into(),
            next,
            paging: Paging::Chained,
            declared: None,
            read_scope: None,
            resume_at: None,
            bound: None,
            findings: Vec::new(),
        }
    }

    /// A page that others follow where there is a token, and the last one where there is none.
    pub fn chained(decoded: impl Into<Decoded>, next: Option<impl Into<PageToken>>) -> Self {
        match next {
            Some(token) => Page::more(decoded, token),
            None => Page::last(decoded),
        }
    }

    /// A page that others follow.
    ///
    /// It may be empty: some vendors filter after they cut pages.
    pub fn more(decoded: impl Into<Decoded>, token: impl Into<PageToken>) -> Self {
        Page::new(decoded, Next::More(token.into()))
    }

    /// The last page, by the vendor's own end mark.
    pub fn last(decoded: impl Into<Decoded>) -> Self {
        Page::new(decoded, Next::Last)
    }

    /// Nothing yet: ask again with `token` after `wait`.
    ///
    /// The token is durable before the wait begins, so that a restart adopts the running report instead of ordering
    /// another.
    pub fn wait(token: impl Into<PageToken>, wait: Duration) -> Self {
        Page::new(Decoded::default(), Next::Wait(token.into(), wait))
    }

    /// The count the vendor declares for exactly this window.
    ///
    /// Only a count over the same filter and partition as the pages: with it the window is proved by count, and fails if it
    /// does not match. A count of anything else is left out.
    pub fn declared(self, count: Option<u64>) -> Self {
        Page { declared: count, ..self }
    }

    /// Says that pages are numbered.
    ///
    /// Then a key seen twice, or a count that moves, makes the window be read again.
    pub fn numbered(self) -> Self {
        Page { paging: Paging::Numbered, ..self }
    }

    /// Scopes, filters and API version in force. Rows are swept only when they are what they were at the last
    /// full read: a lost scope shortens lists silently and must never delete.
    pub fn read_scope(self, scope: impl Into<String>) -> Self {
        Page { read_scope: Some(scope.into()), ..self }
    }

    /// Hands out the vendor's own place from which the next incremental read goes on.
    ///
    /// It is given with the last page, becomes durable with the proof of the window, and comes back in
    /// [`Fetch::resume`]. A token the vendor no longer takes is [`PositionExpired`](crate::ErrorKind::PositionExpired):
    /// then everything is read again.
    pub fn resume_at(self, token: impl Into<PageToken>) -> Self {
        Page { resume_at: Some(token.into()), ..self }
    }

    /// Says up to when the vendor answered, where that is before the time of its first answer.
    ///
    /// The cursor never moves past it. An `updated before` that the vendor echoes is such a bound.
    pub fn bounded_by(self, bound: DateTime<Utc>) -> Self {
        Page { bound: Some(bound), ..self }
    }

    /// Hands out what this page's answer tells about the account. It reaches the certificate and the report.
    pub fn findings(self, findings: impl IntoIterator<Item = Finding>) -> Self {
        Page { findings: findings.into_iter().collect(), ..self }
    }

    /// What was noticed.
    pub fn found(&self) -> &[Finding] {
        &self.findings
    }

    /// The records.
    pub fn records(&self) -> &[Record] {
        &self.decoded.records
    }

    /// The documents that could not become records.
    pub fn rejected(&self) -> &[Rejected] {
        &self.decoded.rejected
    }

    /// Where the read goes on.
    pub fn next(&self) -> &Next {
        &self.next
    }

    /// The vendor's place for the next incremental read.
    pub fn resume(&self) -> Option<&PageToken> {
        self.resume_at.as_ref()
    }

    /// Up to when the vendor answered.
    pub fn bound(&self) -> Option<DateTime<Utc>> {
        self.bound
    }

    /// The count the vendor declared.
    pub fn count(&self) -> Option<u64> {
        self.declared
    }
}

impl From<Vec<Record>> for Decoded {
    fn from(records: Vec<Record>) -> Self {
        Decoded { records, rejected: Vec::new() }
    }
}
