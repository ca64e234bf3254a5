//! Reads pages as the engine would, without the engine.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use super::ConnectorFixture;
use crate::{
    ColumnKind, Connector, Context, Record, Result, Value,
    clock::SystemClock,
    page::{Fetch, Next, Page, PageToken},
    record::Operation,
    stream::{Column, StreamInfo},
    transport::{Jitter, RetryPolicy, Stack, TransportPolicy},
};

/// One connector, its surroundings and the stream under test.
pub(super) struct Reader {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) cx: Context,
    info: Arc<StreamInfo>,
    partition: String,
    page_size: u32,
}

/// What a page holds, in a form that can be compared.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) records: Vec<Record>,
    /// Why documents could not become records.
    pub(super) rejected: Vec<String>,
    pub(super) next: Next,
    /// Where the next incremental read goes on, by the vendor's own token.
    pub(super) resume: Option<PageToken>,
}

/// The same page read twice: tokens are the vendor's own and may be other ones each time.
impl PartialEq for Contents {
    fn eq(&self, other: &Self) -> bool {
        let ends = |page: &Contents| (page.next == Next::Last, page.resume.is_some());
        self.records == other.records && self.rejected == other.rejected && ends(self) == ends(other)
    }
}

impl Contents {
    /// What is there: a read of everything may name what is gone.
    pub(super) fn live(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| record.operation == Operation::Upsert)
    }
}

impl From<&Page> for Contents {
    fn from(page: &Page) -> Self {
        let rejected = page.rejected().iter().map(|rejected| rejected.reason.clone()).collect();
        let resume = page.resume().cloned();
        Contents { records: page.records().to_vec(), rejected, next: page.next().clone(), resume }
    }
}

impl Reader {
    /// Over the whole stack, one attempt a call: what the connector says of a failure is what is told.
    pub(super) fn new(fixture: &impl ConnectorFixture) -> Self {
        Reader::of(fixture, fixture.connector(), fixture.stream())
    }

    /// As [`new`](Self::new), by this connector and of this stream.
    pub(super) fn of(fixture: &impl ConnectorFixture, connector: Arc<dyn Connector>, stream: &str) -> Self {
        let retry = RetryPolicy { max_attempts: 1, jitter: Jitter::None, ..RetryPolicy::default() };
        let policy = TransportPolicy { retry, ..TransportPolicy::default() };
        let clock = Arc::new(SystemClock);
        let stack = Stack::new(policy, clock.clone()).expect("TLS roots");
        let cx = Context::new(stack.http(), clock, "suite", "suite").with_vault(fixture.vault());
        let streams = connector.info().streams;
        let info = streams.into_iter().find(|info| info.name == stream).expect("it has the stream");
        let (partition, page_size) = (String::new(), fixture.page_size());
        Reader { connector, cx: cx.for_stream(&info), info, partition, page_size }
    }

    pub(super) fn of_partition(self, partition: impl Into<String>) -> Self {
        Reader { partition: partition.into(), ..self }
    }

    pub(super) fn request<'a>(&'a self, token: Option<&'a PageToken>) -> Fetch<'a> {
        Fetch::new(&self.info).of_partition(&self.partition).at(token).sized(Some(self.page_size))
    }

    pub(super) async fn fetch(&self, token: Option<&PageToken>) -> Result<Page> {
        self.connector.fetch(&self.cx, self.request(token)).await
    }

    pub(super) async fn contents(&self, token: Option<&PageToken>) -> Contents {
        Contents::from(&self.fetch(token).await.expect("a page"))
    }

    /// Every page from the first, as (token asked for, contents).
    pub(super) async fn walk(&self) -> Vec<(Option<PageToken>, Contents)> {
        let mut pages = Vec::new();
        let mut token = None;
        loop {
            let contents = self.contents(token.as_ref()).await;
            let next = contents.next.clone();
            pages.push((token, contents));
            assert!(pages.len() < 10_000, "it never ends");
            token = match next {
                Next::Last => return pages,
                Next::More(token) | Next::Wait(token, _) => Some(token),
            };
        }
    }
}

/// Polls `future` at most `polls` times, then drops it. None when it was not done by then.
pub(super) async fn poll_at_most<F: Future>(polls: u32, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|cx| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        let outcome = future.as_mut().poll(cx).map(Some);
        if outcome.is_pending() && polled == polls { Poll::Ready(None) } else { outcome }
    })
    .await
}

fn fits(value: &Value, column: &Column) -> bool {
    match value {
        Value::Null => true,
        Value::Text(_) => column.kind == ColumnKind::Text,
        Value::Integer(_) => column.kind == ColumnKind::Integer,
        Value::Boolean(_) => column.kind == ColumnKind::Boolean,
        Value::Amount(_) => column.kind == ColumnKind::Amount,
        Value::Decimal(_) => column.kind == ColumnKind::Decimal,
        Value::Date(_) => column.kind == ColumnKind::Date,
        Value::Timestamp(_) => column.kind == ColumnKind::Timestamp,
    }
}

fn row_fits(values: &[Value], columns: &[Column]) -> bool {
    values.len() == columns.len() && values.iter().zip(columns).all(|(value, column)| fits(value, column))
}

/// Panics where a record has no key or document, or other columns or children than its stream declares.
pub(super) fn assert_fits(record: &Record, info: &StreamInfo) {
    let bare = record.operation == Operation::Tombstone && record.document.is_empty();
    assert!(!record.key.is_empty() && (bare || !record.document.is_empty()), "{}: {record:?}", info.name);
    assert!(row_fits(&record.values, &info.columns), "{}: {:?}", info.name, record.values);
    assert_eq!(record.children.len(), info.children.len(), "{}", info.name);
    for (rows, child) in record.children.iter().zip(&info.children) {
        assert!(rows.iter().all(|row| row_fits(row, &child.columns)), "{}: {rows:?}", child.name);
    }
}
