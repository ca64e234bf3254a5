//! A vendor of entries that are read by time, two a page, in the order of their keys.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sentia::{
    Checkpoint, Connector, ConnectorInfo, Context, Fetch, Outcome, Page, Pipeline, Record, Result, RunReport,
    Store, StreamId, StreamInfo, SyncSink, Version, clock::Clock, record::Document, stream::Deletes,
    testing::ManualClock,
};

use crate::database::Database;

pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn start() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().expect("an instant")
}

/// A question that the vendor was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
    pub(super) page: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) entries: BTreeMap<String, DateTime<Utc>>,
    pub(super) asked: Vec<Asked>,
    /// How often a first page is still answered with "wait an hour".
    pub(super) waits: u32,
}

/// The vendor and what reads it.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    book: Arc<Mutex<Book>>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: Store,
}

impl Ledger {
    /// A ledger with entries `a` to `f`, at the start of time.
    pub(super) async fn open(database: &Database) -> Self {
        let clock = Arc::new(ManualClock::new(start()));
        let ledger = Ledger { book: Arc::default(), clock, store: database.store().await };
        for key in ["a", "b", "c", "d", "e", "f"] {
            ledger.write(key);
        }
        ledger
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("one test")
    }

    /// Writes an entry now.
    pub(super) fn write(&self, key: &str) {
        self.book().entries.insert(key.to_owned(), self.clock.now());
    }

    pub(super) fn remove(&self, key: &str) {
        self.book().entries.remove(key).expect("an entry");
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.book().asked)
    }

    pub(super) fn pipeline(&self) -> Pipeline {
        Pipeline::new(self.clone(), self.store.clone()).clock(self.clock.clone())
    }

    /// Runs an increment that is nothing else, to its proof.
    pub(super) async fn increment(&self) -> RunReport {
        proved(self.pipeline().increments_only().run().await.expect("runs"))
    }

    pub(super) async fn checkpoint(&self) -> Checkpoint {
        let id = StreamId {
            tenant: "default".to_owned(),
            connection: "bank".to_owned(),
            stream: "entries".to_owned(),
            partition: String::new(),
        };
        self.store.checkpoint(&id).await.expect("reads").expect("committed")
    }

    /// The table is what the manifests say.
    pub(super) async fn holds(&self) {
        let verified = self.store.verify().await.expect("verifies");
        assert!(verified.holds(), "{verified:#?}");
    }
}

pub(super) fn proved(report: RunReport) -> RunReport {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    report
}

/// It stopped between two pages, and nothing failed.
pub(super) fn paused(report: RunReport) -> RunReport {
    assert!(report.is_paused() && report.outcome() == Outcome::Incomplete, "{report:#?}");
    assert!(report.streams().iter().all(|stream| stream.failure.is_none()), "{report:#?}");
    report
}

/// The live keys of the table.
pub(super) async fn live(database: &Database) -> String {
    let rows = database.rows("SELECT key FROM bank_entries WHERE deleted IS NULL ORDER BY 1").await;
    rows.concat().concat()
}

fn record(key: &str, at: DateTime<Utc>) -> Record {
    let document = Document::new(format!("{{\"id\":\"{key}\",\"at\":\"{at}\"}}").into());
    let version = Version { raw: at.to_rfc3339().as_str().into(), order: at.timestamp_micros() };
    Record::new(key.into(), version, document, vec![], vec![])
}

#[async_trait]
impl Connector for Ledger {
    fn info(&self) -> ConnectorInfo {
        let entries = StreamInfo::new("entries").key(&["id"]).incremental("at").deletes(Deletes::Sweep);
        let entries = StreamInfo { overlap: Duration::from_secs(60), ..entries };
        let entries = entries.reread_window(10 * DAY).full_every(7 * DAY);
        ConnectorInfo::new("bank").stream(entries).stream(StreamInfo::new("branches").key(&["id"]))
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        if request.stream().name == "branches" {
            return Ok(Page::last(vec![record("north", start())]));
        }
        let mut book = self.book();
        let (since, until) = (request.since(), request.until());
        book.asked.push(Asked { since, until, page: request.page().map(str::to_owned) });
        let now = cx.clock().now();
        if book.waits > 0 {
            book.waits -= 1;
            return Ok(Page::wait("w", HOUR).bounded_by(now));
        }
        let after = request.page().filter(|token| *token != "w").unwrap_or_default();
        let matching: Vec<(&String, &DateTime<Utc>)> = (book.entries.iter())
            .filter(|(key, at)| {
                key.as_str() > after
                    && since.is_none_or(|since| **at >= since)
                    && until.is_none_or(|until| **at <= until)
            })
            .collect();
        let records: Vec<Record> = matching.iter().take(2).map(|(key, at)| record(key, **at)).collect();
        let next = matching.get(2).map(|_| matching[1].0.clone());
        Ok(Page::chained(records, next).bounded_by(now).read_scope("all"))
    }
}
