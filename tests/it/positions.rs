//! Where a read goes on: resume tokens and their end, re-reads, and bounds that the vendor states.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sentia::{
    Connector, ConnectorInfo, Context, Decoded, Error, ErrorKind, Fetch, Mode, Outcome, Page, Pipeline,
    Record, Result, StreamInfo, Version, record::Document, report::RunReport, stream::Deletes,
    testing::ManualClock,
};

use crate::database::{Database, on_both};

const DAY: Duration = Duration::from_secs(86_400);

/// A vendor that keeps a log of its changes: a key and whether it is there.
#[derive(Debug, Default)]
struct Log {
    changes: Vec<(&'static str, bool)>,
    /// Resume tokens before this place are refused.
    oldest: usize,
    /// How many page tokens are refused yet.
    expired_pages: usize,
    /// What was asked, as `resume/page`.
    asked: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Feed(Arc<Mutex<Log>>);

impl Feed {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().expect("one test")
    }

    fn change(&self, changes: &[(&'static str, bool)]) {
        self.log().changes.extend(changes);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.log().asked)
    }
}

fn record(key: &str) -> Record {
    let document = Document::new(format!("{{\"id\":\"{key}\"}}").into());
    Record::new(key.into(), Version::none(), document, vec![], vec![])
}

#[async_trait]
impl Connector for Feed {
    fn info(&self) -> ConnectorInfo {
        let users = StreamInfo::new("users").key(&["id"]).resumable().deletes(Deletes::Sweep);
        ConnectorInfo::new("feed").stream(users)
    }

    /// Two changes a page. A read of everything leaves out what is gone, as the vendors do.
    async fn fetch(&self, _: &Context, request: Fetch<'_>) -> Result<Page> {
        let mut log = self.log();
        let question = format!("{}/{}", request.resume().unwrap_or("-"), request.page().unwrap_or("-"));
        log.asked.push(question);
        let expired = || Err(Error::new(ErrorKind::PositionExpired, "too old"));
        if request.page().is_some() && log.expired_pages > 0 {
            log.expired_pages -= 1;
            return expired();
        }
        let since: usize = request.resume().map_or(0, |token| token.parse().expect("ours"));
        if request.resume().is_some() && since < log.oldest {
            return expired();
        }
        let from: usize = request.page().map_or(since, |token| token.parse().expect("ours"));
        let to = (from + 2).min(log.changes.len());
        let mut decoded = Decoded::default();
        for (key, there) in &log.changes[from..to] {
            let later_gone = log.changes[from..].iter().any(|(other, there)| other == key && !there);
            match (there, request.resume()) {
                (true, None) if later_gone => {}
                (true, _) => decoded.push(Ok(record(key))),
                (false, Some(_)) => decoded.push_gone(request.stream(), (*key).into(), Version::none()),
                (false, None) => {}
            }
        }
        let page = Page::chained(decoded, (to < log.changes.len()).then(|| to.to_string()));
        Ok(if to < log.changes.len() { page } else { page.resume_at(to.to_string()) })
    }
}

fn complete(report: &RunReport) -> (u64, u64) {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    (report.counts().inserted, report.counts().deleted)
}

async fn live(database: &Database) -> Vec<String> {
    let rows = database.rows("SELECT key FROM feed_users WHERE deleted IS NULL ORDER BY 1").await;
    rows.into_iter().map(|row| row[0].clone()).collect()
}

async fn resume(database: Database) {
    let (feed, store) = (Feed::default(), database.store().await);
    let pipeline = || Pipeline::new(feed.clone(), store.clone());
    feed.change(&[("a", true), ("b", true), ("c", true), ("d", true), ("e", true)]);
    assert_eq!(complete(&pipeline().run().await.expect("runs")), (5, 0));
    assert_eq!(feed.asked(), ["-/-", "-/2", "-/4"]);

    feed.change(&[("f", true), ("b", false), ("a", true)]);
    assert_eq!(complete(&pipeline().run().await.expect("runs")), (1, 1));
    assert_eq!(feed.asked(), ["5/-", "5/7"], "only what changed is asked for");
    assert_eq!(live(&database).await, ["a", "c", "d", "e", "f"]);
    let document = database.rows("SELECT CAST(document AS text) FROM feed_users WHERE key = 'b'").await;
    assert_eq!(document, [[r#"{"id":"b"}"#]], "a bare deletion keeps the document");

    assert_eq!(complete(&pipeline().run().await.expect("runs")), (0, 0));
    assert_eq!(feed.asked(), ["8/-"], "nothing new, and the token stays good");
    let verified = store.verify().await.expect("verifies");
    assert!(verified.holds(), "{verified:#?}");
}

async fn expiry(database: Database) {
    let (feed, store) = (Feed::default(), database.store().await);
    let pipeline = || Pipeline::new(feed.clone(), store.clone());
    feed.change(&[("a", true), ("b", true), ("c", true)]);
    complete(&pipeline().run().await.expect("runs"));
    feed.asked();

    // A page token that expires costs one more reading of the same window, from its resume token.
    feed.change(&[("d", true), ("e", true), ("f", true)]);
    feed.log().expired_pages = 1;
    complete(&pipeline().run().await.expect("runs"));
    assert_eq!(feed.asked(), ["3/-", "3/5", "3/-", "3/5"]);

    // A resume token that expires costs a full read, which sweeps what the vendor no longer tells.
    feed.change(&[("b", false), ("g", true)]);
    feed.log().oldest = 7;
    assert_eq!(complete(&pipeline().run().await.expect("runs")), (1, 1));
    assert_eq!(feed.asked(), ["6/-", "-/-", "-/2", "-/4", "-/6"]);
    assert_eq!(live(&database).await, ["a", "c", "d", "e", "f", "g"]);

    // Page tokens that keep expiring end the stream; the next run starts over by itself.
    feed.log().expired_pages = 9;
    let report = pipeline().mode(Mode::Full).run().await.expect("runs");
    assert_eq!(report.outcome(), Outcome::Incomplete, "{report:#?}");
    feed.log().expired_pages = 1;
    complete(&pipeline().mode(Mode::Full).run().await.expect("runs"));
    let verified = store.verify().await.expect("verifies");
    assert!(verified.holds(), "{verified:#?}");
}

/// A vendor of bookings, read by time; it remembers the lower bounds it was asked for.
#[derive(Debug, Clone, Default)]
struct Bookings {
    asked: Arc<Mutex<Vec<Option<DateTime<Utc>>>>>,
}

#[async_trait]
impl Connector for Bookings {
    fn info(&self) -> ConnectorInfo {
        let bookings = StreamInfo::new("bookings").key(&["id"]).incremental("booked");
        let bookings = StreamInfo { overlap: Duration::from_secs(60), ..bookings };
        ConnectorInfo::new("bank").stream(bookings.reread_window(45 * DAY).full_every(7 * DAY))
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        self.asked.lock().expect("one test").push(request.since());
        // It answers up to two minutes ago.
        Ok(Page::last(Decoded::default()).bounded_by(cx.clock().now() - Duration::from_secs(120)))
    }
}

async fn rereads(database: Database) {
    let (bank, store) = (Bookings::default(), database.store().await);
    let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().expect("an instant");
    let clock = Arc::new(ManualClock::new(start));
    // Each step is the time that passes before a run.
    for hours in [0, 1, 24, 1, 24 * 7, 1] {
        clock.advance(Duration::from_secs(hours * 3600));
        let pipeline = Pipeline::new(bank.clone(), store.clone()).clock(clock.clone());
        complete(&pipeline.run().await.expect("runs"));
    }
    let hour = |hours: i64| start + chrono::Duration::hours(hours);
    let behind = chrono::Duration::seconds(180);
    let asked = bank.asked.lock().expect("one test").clone();
    let expected = [
        None,
        Some(hour(0) - behind),
        Some(hour(25) - chrono::Duration::days(45)),
        Some(hour(25) - behind),
        None,
        Some(hour(194) - behind),
    ];
    assert_eq!(asked, expected, "everything, increments, once a day far back, once a week everything");
}

on_both!(
    /// What changed is read by the vendor's own token; a bare deletion marks the row and keeps its document.
    a_resume_token_is_handed_back,
    super::resume
);
on_both!(
    /// An expired token is never the end of a stream, and never a gap.
    an_expired_token_starts_over,
    super::expiry
);
on_both!(
    /// The stream's own intervals are kept by incremental runs, and the cursor stays behind the vendor's stated bound.
    declared_rereads_are_made,
    super::rereads
);
