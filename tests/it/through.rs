//! A screen and a sync through one stack: they share the vendor's budget and the breaker.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, extract::State, http::StatusCode, routing::get};
use chrono::DateTime;
use sentia::{
    Connector, ConnectorInfo, Context, ErrorKind, Fetch, Outcome, Page, Pipeline, Record, Result, RunReport,
    Store, StreamInfo, Version,
    clock::Clock,
    engine::{Question, Reader},
    record::Document,
    testing::ManualClock,
    transport::{BreakerPolicy, Health, Jitter, Limit, RetryPolicy, TransportPolicy},
};

/// Answers with a status that can be changed, and counts the calls.
#[derive(Debug, Default)]
struct Vendor {
    calls: AtomicUsize,
    status: AtomicU16,
}

async fn answer(State(vendor): State<Arc<Vendor>>) -> (StatusCode, &'static str) {
    vendor.calls.fetch_add(1, Ordering::SeqCst);
    (StatusCode::from_u16(vendor.status.load(Ordering::SeqCst)).expect("a status"), "{}")
}

impl Vendor {
    async fn serve() -> (Arc<Self>, Parcels) {
        let vendor = Arc::new(Vendor { status: AtomicU16::new(200), ..Vendor::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/parcels", listener.local_addr().expect("bound"));
        let router = Router::new().route("/parcels", get(answer)).with_state(vendor.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (vendor, Parcels(url))
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A vendor that grants two calls a minute; a read costs one.
#[derive(Debug, Clone)]
struct Parcels(String);

#[async_trait]
impl Connector for Parcels {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("parcels")
            .stream(StreamInfo::new("parcels").key(&["id"]))
            .limit(Limit::Calls { calls: 2, per: Duration::from_secs(60) })
    }

    async fn fetch(&self, cx: &Context, _: Fetch<'_>) -> Result<Page> {
        cx.http().get(&self.0).send().await?;
        let document = Document::new(r#"{"id":"1"}"#.into());
        Ok(Page::last(vec![Record::new("1".into(), Version::none(), document, vec![], vec![])]))
    }
}

struct Scene {
    vendor: Arc<Vendor>,
    parcels: Parcels,
    clock: Arc<ManualClock>,
    store: Store,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let (vendor, parcels) = Vendor::serve().await;
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("t.db").display());
        let store = Store::connect(&url).await.expect("opens");
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        Scene { vendor, parcels, clock, store, _folder: folder }
    }

    fn policy() -> TransportPolicy {
        let retry = RetryPolicy { max_attempts: 1, jitter: Jitter::None, ..RetryPolicy::default() };
        let breaker = BreakerPolicy { minimum_calls: 2, ..BreakerPolicy::default() };
        TransportPolicy { retry, breaker, ..TransportPolicy::default() }
    }

    fn reader(&self) -> Reader {
        let reader = Reader::new(self.parcels.clone()).clock(self.clock.clone()).transport(Scene::policy());
        reader.connect().expect("connects")
    }

    fn pipeline(&self) -> Pipeline {
        let pipeline = Pipeline::new(self.parcels.clone(), self.store.clone());
        pipeline.clock(self.clock.clone()).transport(Scene::policy())
    }

    /// Runs, and says how long it had to wait.
    async fn run(&self, pipeline: Pipeline) -> (RunReport, Duration) {
        let before = self.clock.now();
        let report = pipeline.run().await.expect("runs");
        (report, (self.clock.now() - before).to_std().expect("forwards"))
    }
}

#[tokio::test]
async fn a_screen_and_a_sync_share_the_vendors_budget() {
    let scene = Scene::new().await;
    let screen = scene.reader();
    for _ in 0..2 {
        drop(screen.ask(&Question::of("parcels")).await.expect("an answer"));
    }
    assert_eq!(scene.clock.now(), DateTime::UNIX_EPOCH, "the minute's two calls waited for nothing");
    let (alone, waited) = scene.run(scene.pipeline()).await;
    assert_eq!((alone.outcome(), waited), (Outcome::Complete, Duration::ZERO), "a stack of its own");
    let (shared, waited) = scene.run(scene.pipeline().through(&screen)).await;
    assert_eq!(shared.outcome(), Outcome::Complete);
    assert!(waited >= Duration::from_secs(59), "the screen had spent the minute's calls: {waited:?}");
    assert_eq!((screen.usage().calls, shared.usage().calls), (3, 1), "counted for both");
    assert_eq!(scene.vendor.calls(), 4);
}

#[tokio::test]
async fn a_breaker_that_a_screen_opened_spares_the_sync() {
    let scene = Scene::new().await;
    let screen = scene.reader();
    scene.vendor.status.store(503, Ordering::SeqCst);
    for _ in 0..2 {
        let down = screen.ask(&Question::of("parcels")).await.expect_err("down");
        assert_eq!(down.kind(), ErrorKind::Unavailable);
    }
    assert_eq!(scene.vendor.calls(), 2);
    assert_eq!(screen.breakers().expect("connected").health(), Health::Down);
    let (spared, _) = scene.run(scene.pipeline().through(&screen)).await;
    let failure = spared.streams()[0].failure.clone().expect("not read");
    assert_eq!((spared.outcome(), failure.code.as_str()), (Outcome::Incomplete, "unavailable"));
    assert!(failure.message.contains("circuit breaker"), "{failure:?}");
    assert_eq!(scene.vendor.calls(), 2, "the vendor was not asked");
    let (alone, _) = scene.run(scene.pipeline()).await;
    assert_eq!(
        (alone.outcome(), scene.vendor.calls()),
        (Outcome::Incomplete, 3),
        "a breaker of its own is closed"
    );

    scene.vendor.status.store(200, Ordering::SeqCst);
    scene.clock.advance(Duration::from_secs(60));
    let (probed, _) = scene.run(scene.pipeline().through(&screen)).await;
    assert_eq!(probed.outcome(), Outcome::Complete, "the sync was the probe");
    drop(screen.ask(&Question::of("parcels")).await.expect("closed for the screen too"));
}

#[tokio::test]
async fn a_reader_that_is_not_connected_changes_nothing() {
    let scene = Scene::new().await;
    let (report, _) = scene.run(scene.pipeline().through(&Reader::new(scene.parcels.clone()))).await;
    assert_eq!(report.outcome(), Outcome::Complete);
}
