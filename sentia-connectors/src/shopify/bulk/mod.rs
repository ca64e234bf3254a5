//! Bulk operations: Shopify runs a query over everything and leaves the result in a file.
//!
//! A position carries what stands now: `ask`, then `running <operation>`, then `rows <operation> <place>`. Each is durable
//! before what follows it is done, so a restart goes on with the running operation instead of ordering another; an order
//! whose answer was lost is found again by its query. A result is immutable and what is made of it is the same each time, so
//! that a restart without the file downloads it again and reads on.

mod assembly;
mod gaps;
mod members;
mod operation;
mod phase;
mod query;
mod rows;

use std::time::Duration;

use sentia_core::{Context, Error, ErrorKind, Fetch, Page, Result, StreamInfo};

pub(super) use self::{assembly::Child, gaps::Gaps, query::bulk_text, rows::Rows};
use self::{
    operation::{Operation, Operations, Ordered},
    phase::{Phase, Place},
};
use super::{
    client::{Client, Variables},
    query::Query,
    scope::ReadScope,
    walk::List,
};

/// The first wait; the next ones double up to the longest.
const FIRST_POLL: Duration = Duration::from_secs(5);
const LONGEST_POLL: Duration = Duration::from_secs(300);
/// A day of the longest waits: nobody waits longer for one operation within a run. Shopify itself gives one ten days.
const MOST_POLLS: u32 = 288;
/// How often a place among the app's operations is asked for within a run: some two hours.
const MOST_TRIES: u32 = 30;
/// The wait that makes a position durable before what it announces is done.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How long Shopify is left alone after an operation failed.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
/// How often an order whose answer was lost is looked for.
const LOST_ANSWERS: u32 = 3;
/// Records on a page.
const PAGE_ROWS: u32 = 250;
/// From here on an export is the better way. Counts stop here too [schema, `ordersCount`], so they just reach it.
pub(super) const LARGE: u64 = 10_000;

/// A stream that is also read by bulk operations.
#[derive(Debug)]
pub(super) struct Export {
    /// The list that pages read, whose query the operation's is made of.
    pub(super) list: &'static List,
    /// What counts its records.
    pub(super) count: &'static Query,
    /// The connections within a record.
    pub(super) children: &'static [Child],
    /// What a bulk operation cannot give.
    pub(super) gaps: Option<&'static Gaps>,
}

/// What an export has to say.
#[derive(Debug)]
pub(super) enum Exported {
    /// Not ready yet.
    Wait(Page),
    /// Documents, not yet decoded.
    Rows(Rows),
}

impl Export {
    /// How many records the list shows, at least. Whether a count stops at 60 days where the list does is not known, so a
    /// list that is cut there has none.
    pub(super) async fn size(&self, client: &Client, cx: &Context) -> Result<Option<u64>> {
        let (mut answer, _) = client.ask(cx, self.count, Variables::default()).await?;
        let scope = answer.scope()?;
        if self.list.hidden.iter().any(|hidden| !scope.has(hidden.without)) {
            return Ok(None);
        }
        answer.read(self.count.path)
    }

    /// Reads what `request` asks for.
    ///
    /// # Errors
    /// `PositionExpired` when the operation came to nothing and another is to be ordered.
    pub(super) async fn read(
        &'static self,
        client: &Client,
        cx: &Context,
        request: &Fetch<'_>,
    ) -> Result<Exported> {
        let operations = Operations { client, cx };
        let size = request.page_size(PAGE_ROWS);
        let reader = Reader { export: self, client, cx, operations, stream: request.stream(), size };
        let Some(token) = request.page() else { return reader.begin().await };
        let place = Place::parse(token).ok_or_else(|| {
            lost("the place is not one that this version of the connector knows").context("token", token)
        })?;
        match &place.phase {
            Phase::Ask { tries, opened } => reader.ask(&place, *tries, *opened).await,
            Phase::Running { operation, polls } => reader.poll(&place, operation, *polls).await,
            Phase::Rows { operation, .. } if cx.spool().contains(&rows::file(operation)) => {
                reader.rows(place.clone()).await
            }
            Phase::Rows { operation, roots, .. } => reader.fetch_again(&place, operation, *roots).await,
        }
    }
}

/// What the position stood for is gone, and the window begins anew.
fn lost(message: &'static str) -> Error {
    Error::new(ErrorKind::PositionExpired, message)
}

/// One reading of a place.
struct Reader<'a> {
    export: &'static Export,
    client: &'a Client,
    cx: &'a Context,
    operations: Operations<'a>,
    stream: &'a StreamInfo,
    size: u32,
}

impl Reader<'_> {
    fn wait(&self, phase: Phase, scope: &str, wait: Duration) -> Result<Exported> {
        let place = Place { phase, scope: scope.to_owned() };
        Ok(Exported::Wait(Page::wait(place.token(), wait)))
    }

    /// Notes the vendor's time and what can be seen; nothing is ordered before that is durable.
    async fn begin(&self) -> Result<Exported> {
        let (scope, opened) = self.operations.scope().await?;
        self.wait(Phase::Ask { tries: 0, opened }, &scope.text(), AT_ONCE)
    }

    /// Adopts the operation of this window where there is one, and orders it where there is none.
    async fn ask(&self, place: &Place, tries: u32, opened: Option<phase::Instant>) -> Result<Exported> {
        let query = bulk_text(self.export.list.query);
        let found = match opened {
            Some(opened) => self.operations.find(&query, opened).await?,
            None => None,
        };
        let running = |operation| self.wait(Phase::Running { operation, polls: 0 }, &place.scope, FIRST_POLL);
        if let Some(operation) = found {
            return running(operation);
        }
        let again = || self.wait(Phase::Ask { tries: tries + 1, opened }, &place.scope, backoff(tries));
        match self.operations.order(&query).await {
            Ok(Ordered::Running(operation)) => running(operation),
            Ok(Ordered::Busy) if tries < MOST_TRIES => again(),
            Ok(Ordered::Busy) => {
                let message =
                    "other bulk operations of the app take every place; the next run asks for one again";
                Err(Error::new(ErrorKind::RateLimited, message).exhausted())
            }
            // Whether the operation was made is not known: it is looked for before another is ordered.
            Err(error)
                if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable)
                    && opened.is_some()
                    && tries < LOST_ANSWERS =>
            {
                again()
            }
            Err(error) => Err(error),
        }
    }

    async fn poll(&self, place: &Place, operation: &str, polls: u32) -> Result<Exported> {
        let (state, scope) = self.operations.poll(operation).await?;
        match state.status.as_str() {
            "CREATED" | "RUNNING" | "CANCELING" if polls >= MOST_POLLS => {
                let message =
                    "shopify has not made the export within a day; the next run looks after it again";
                Err(state.about(Error::new(ErrorKind::Timeout, message)).exhausted())
            }
            "CREATED" | "RUNNING" | "CANCELING" => {
                let next = Phase::Running { operation: operation.to_owned(), polls: polls + 1 };
                self.wait(next, &place.scope, backoff(polls))
            }
            "COMPLETED" => self.completed(place, &state, &scope).await,
            _ => Err(self.ended(&state, &scope)),
        }
    }

    /// The first rows of a result, or the empty one.
    async fn completed(&self, place: &Place, state: &Operation, scope: &ReadScope) -> Result<Exported> {
        if scope.text() != place.scope {
            // Nobody knows which part of it was read under which scopes.
            let message = "access scopes or API version changed while the export ran; it is ordered again";
            return Err(state.about(lost(message)));
        }
        let roots = state.root_object_count;
        if state.url.is_none() && state.object_count == 0 {
            return Ok(Exported::Rows(self.told(Rows::none(&place.scope))));
        }
        self.bring(state).await?;
        let operation = state.id.to_string();
        let phase = Phase::Rows { operation, roots, row: 0, byte: 0 };
        self.rows(Place { phase, scope: place.scope.clone() }).await
    }

    /// Goes on within a result whose file went with an earlier run.
    async fn fetch_again(&self, place: &Place, operation: &str, roots: u64) -> Result<Exported> {
        let (state, scope) = self.operations.poll(operation).await?;
        if state.status != "COMPLETED" {
            return Err(self.ended(&state, &scope));
        }
        if state.root_object_count != roots {
            return Err(state.about(lost("the export is not what it was; it is ordered again")));
        }
        self.bring(&state).await?;
        self.rows(place.clone()).await
    }

    /// Downloads and assembles a result. A file that is damaged and a link that no longer opens get one more try; then
    /// the operation is given up.
    async fn bring(&self, state: &Operation) -> Result<()> {
        let first = match rows::bring(self.client, self.cx, state, self.export.children).await {
            Err(error) if rows::is_worth_another_try(&error) => error,
            outcome => return outcome,
        };
        tracing::info!(stream = self.stream.name, error = %first, "the export's file is of no use; fetching it again");
        let (state, _) = self.operations.poll(&state.id).await?;
        match rows::bring(self.client, self.cx, &state, self.export.children).await {
            Err(error) if rows::is_worth_another_try(&error) => {
                let message = "the export's file cannot be used; another is ordered";
                Err(state.about(lost(message)).context("reason", error.message().to_owned()).source(error))
            }
            outcome => outcome,
        }
    }

    async fn rows(&self, place: Place) -> Result<Exported> {
        let mut rows = Rows::read(self.cx.spool(), place, self.size).await?;
        if let Some(gaps) = self.export.gaps {
            gaps.fill(self.client, self.cx, &mut rows).await?;
        }
        Ok(Exported::Rows(self.told(rows)))
    }

    /// The rows with what somebody should know about what they could not see.
    fn told(&self, mut rows: Rows) -> Rows {
        let scope = ReadScope::parse(&rows.scope, self.client.pinned());
        rows.findings = scope.map(|scope| scope.findings(self.export.list.hidden)).unwrap_or_default();
        rows
    }

    /// What an operation that has no result means. Data of a part are never taken for the whole.
    fn ended(&self, state: &Operation, scope: &ReadScope) -> Error {
        let code = state.error_code.as_deref().unwrap_or("none");
        let error = match (state.status.as_str(), code) {
            ("EXPIRED", _) => lost("shopify keeps a result for seven days; the export is ordered again"),
            ("CANCELED", _) => {
                lost("somebody canceled the export; it is ordered again").retry_after(AFTER_FAILURE)
            }
            ("FAILED", "ACCESS_DENIED") => {
                let message = "the app lacks an access scope for the export; grant it and install again";
                Error::new(ErrorKind::PermissionDenied, message).context("scope", self.missing(scope))
            }
            ("FAILED", _) => {
                lost("shopify could not make the export; it is ordered again").retry_after(AFTER_FAILURE)
            }
            _ => Error::new(
                ErrorKind::InvalidResponse,
                "shopify names a state of the export that is not known",
            ),
        };
        state.about(error).context("code", code)
    }

    /// The scopes that the stream needs and the app has not; all that it needs where none is missing.
    fn missing(&self, scope: &ReadScope) -> String {
        let needed = &self.stream.scopes;
        let missing: Vec<&str> = needed.iter().copied().filter(|needed| !scope.has(needed)).collect();
        if missing.is_empty() { needed.join(" or ") } else { missing.join(" or ") }
    }
}

fn backoff(tries: u32) -> Duration {
    FIRST_POLL.saturating_mul(1 << tries.min(8)).min(LONGEST_POLL)
}
