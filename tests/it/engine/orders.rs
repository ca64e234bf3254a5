//! One engine in this process: what it orders by itself, and what it is asked for.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sentia::{
    Engine, ErrorKind, Outcome,
    engine::{Connection, EngineBuilder, Notice, SyncOrder},
    job::{JobFilter, JobState},
    worker::WorkerPolicy,
};
use sentia_sandbox::{Sandbox, ShopifyTwin, Size};

use crate::{
    database::{Database, on_both},
    truth::{Vanished, impatient, shop_is_true, unpaced_shop},
};

fn shop(twin: &ShopifyTwin, connection: &str) -> Connection {
    Connection::new(connection, unpaced_shop(twin)).transport(impatient())
}

/// What an engine said.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Notice>>>);

impl Heard {
    fn by(&self, builder: EngineBuilder) -> EngineBuilder {
        let heard = self.0.clone();
        builder.observe(move |notice| heard.lock().expect("whole").push(notice.clone()))
    }

    /// Waits for a notice; a test that waits for what never comes is ended by the test command.
    async fn first<T>(&self, wanted: impl Fn(&Notice) -> Option<T>) -> T {
        loop {
            if let Some(found) = self.0.lock().expect("whole").iter().find_map(&wanted) {
                return found;
            }
            pause().await;
        }
    }

    /// Waits until a connection was read so often.
    async fn reads(&self, of: &str, times: usize) {
        while self.runs(of).len() < times {
            pause().await;
        }
    }

    fn runs(&self, of: &str) -> Vec<Outcome> {
        let ran = |notice: &Notice| match notice {
            Notice::Ran(report) if report.connection == of => Some(report.outcome()),
            _ => None,
        };
        self.0.lock().expect("whole").iter().filter_map(ran).collect()
    }
}

#[allow(clippy::disallowed_methods, reason = "the engine works in real time")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

async fn keeps_current(database: Database) {
    let sandbox = Sandbox::start(51, Size::tiny()).await.expect("the twins start");
    let (uk, usa) = (sandbox.shopify_uk(), sandbox.shopify_usa());
    let (store, heard) = (database.store().await, Heard::default());
    let every = Duration::from_secs(1);
    let engine = heard
        .by(Engine::builder(store.clone()).every(every))
        .connection(shop(uk, "shopify-uk"))
        .connection(shop(usa, "shopify-usa"))
        .start()
        .expect("starts");
    // Both are read at once, and again when they are due.
    for connection in ["shopify-uk", "shopify-usa"] {
        heard.reads(connection, 2).await;
    }
    sandbox.evolve();
    for connection in ["shopify-uk", "shopify-usa"] {
        // The one that runs just now may have passed by what changed.
        heard.reads(connection, heard.runs(connection).len() + 2).await;
    }
    let drained = engine.stop(Duration::from_secs(20)).await;
    assert_eq!(drained.given_back, 0, "reads of a second need no more");
    shop_is_true(&database, uk, "shopify-uk", Vanished::NotYetKnown).await;
    shop_is_true(&database, usa, "shopify-usa", Vanished::NotYetKnown).await;
    for connection in ["shopify-uk", "shopify-usa"] {
        assert!(heard.runs(connection).iter().all(|outcome| *outcome == Outcome::Complete));
    }
    let jobs = engine.jobs().list(&JobFilter::default()).await.expect("list");
    assert!(jobs.iter().all(|job| job.state == JobState::Done || job.state == JobState::Queued), "{jobs:#?}");
    let status = engine.status().await.expect("status");
    let schedules: Vec<_> = status.schedules.iter().map(|schedule| schedule.schedule.name()).collect();
    assert!(
        schedules.contains(&"default/shopify-uk") && schedules.contains(&"sentia/clean-up"),
        "{schedules:?}"
    );
    let shown = status.schedules.iter().find(|of| of.schedule.name() == "default/shopify-uk").expect("shown");
    assert_eq!(shown.next.len(), 3, "its next runs are shown");
    drop(engine);
    assert!(store.verify().await.expect("verifies").holds());
    store.close().await;
}

on_both!(
    /// Two shops are read at once and then each second; what changed meanwhile is there.
    an_engine_keeps_connections_current,
    super::keeps_current
);

async fn is_asked(database: Database) {
    let sandbox = Sandbox::start(52, Size::tiny()).await.expect("the twins start");
    let uk = sandbox.shopify_uk();
    let (store, heard) = (database.store().await, Heard::default());
    let engine = heard
        .by(Engine::builder(store.clone()).worker(WorkerPolicy { slots: 2, ..WorkerPolicy::default() }))
        .connection(shop(uk, "shopify-uk").unscheduled())
        .start()
        .expect("starts");
    let ordered = engine.sync("default", &SyncOrder::changes("shopify-uk")).await.expect("ordered").id();
    let ended = heard.first(|notice| match notice {
        Notice::Ended(ended) if ended.job.id == ordered => Some(ended.state),
        _ => None,
    });
    assert_eq!(ended.await, Some(JobState::Done));
    shop_is_true(&database, uk, "shopify-uk", Vanished::NeverSeen).await;

    let elsewhere = engine.sync("default", &SyncOrder::changes("books")).await.expect("ordered").id();
    heard
        .first(|notice| match notice {
            Notice::Ended(ended) if ended.job.id == elsewhere => Some(()),
            _ => None,
        })
        .await;
    let explained = engine.explain(elsewhere).await.expect("explained").to_string();
    assert!(
        explained.contains("waits for its time") && explained.contains("connection books"),
        "{explained}"
    );
    let strange = sentia::job::NewJob::new("default", "strange", "{}");
    let strange = engine.enqueue(strange).await.expect("enqueued").id();
    let explained = engine.explain(strange).await.expect("explained").to_string();
    assert!(explained.contains("a process that handles its kind"), "{explained}");
    let status = engine.status().await.expect("status");
    assert_eq!(status.unhandled.iter().map(|kind| kind.kind.as_str()).collect::<Vec<_>>(), ["strange"]);
    let metrics = sentia::metric::exposition(engine.metrics().await.expect("metrics"));
    assert!(metrics.contains("sentia_jobs_unhandled{kind=\"strange\"} 1"), "{metrics}");

    engine.pause("sentia/clean-up", "olga", "an audit looks at old jobs").await.expect("paused");
    let paused = |status: &sentia::engine::EngineStatus| {
        let daily =
            status.schedules.iter().find(|of| of.schedule.name() == "sentia/clean-up").expect("shown");
        daily.state.as_ref().is_some_and(|state| state.paused.is_some()) && daily.next.is_empty()
    };
    assert!(paused(&engine.status().await.expect("status")));
    engine.resume("sentia/clean-up").await.expect("resumed");
    assert!(!paused(&engine.status().await.expect("status")));
    assert_eq!(engine.pause("nightly", "olga", "").await.expect_err("unknown").kind(), ErrorKind::NotFound);

    let twice = engine.connect(shop(uk, "shopify-uk")).expect_err("it has that one");
    assert_eq!(twice.kind(), ErrorKind::ConfigInvalid);
    engine.disconnect("default", "shopify-uk").expect("disconnected");
    assert!(engine.reader("default", "shopify-uk").is_err());
    let _ = engine.stop(Duration::from_secs(20)).await;
    drop(engine);
    store.close().await;
}

on_both!(
    /// A read somebody orders is made at once; what waits says for what; schedules pause and resume by hand.
    an_engine_is_asked,
    super::is_asked
);

async fn gives_way(database: Database) {
    let sandbox = Sandbox::start(55, Size::tiny()).await.expect("the twins start");
    let uk = sandbox.shopify_uk();
    let (store, heard) = (database.store().await, Heard::default());
    let engine = heard
        .by(Engine::builder(store.clone()))
        .background_slice(Duration::from_millis(1))
        .connection(shop(uk, "shopify-uk").page_size(5).every(Duration::from_secs(1)).expect("a second"))
        .start()
        .expect("starts");
    heard.reads("shopify-uk", 1).await;
    sandbox.evolve();
    let cursors = "SELECT stream || ' ' || CAST(cursor AS text) FROM sentia_checkpoints WHERE cursor IS NOT NULL \
                   AND stream = 'orders'";
    let full = engine.sync("default", &SyncOrder::everything("shopify-uk")).await.expect("ordered").id();
    // Ordered beside it, for one of its streams: the older one is read to its end first.
    let since = "2020-01-01T00:00:00Z".parse().expect("an instant");
    let beside = SyncOrder::window("shopify-uk", "orders", since, Some(since + chrono::Duration::days(900)));
    let beside = engine.sync("default", &beside).await.expect("ordered").id();
    let done = |id| {
        heard.first(move |notice| match notice {
            Notice::Ended(ended) if ended.job.id == id && ended.state == Some(JobState::Done) => Some(()),
            _ => None,
        })
    };
    done(full).await;
    done(beside).await;
    let slices = |of: sentia::Mode| {
        let heard = heard.0.lock().expect("whole");
        heard.iter().filter(|notice| matches!(notice, Notice::Ran(report) if report.mode == of)).count()
    };
    assert!(slices(sentia::Mode::Full) > 10, "one page at a time");

    let _ = engine.stop(Duration::from_secs(20)).await;
    drop(engine);
    shop_is_true(&database, uk, "shopify-uk", Vanished::MarkedWhereSeen).await;
    let before = database.rows(cursors).await;
    let engine = heard.by(Engine::builder(store.clone())).connection(shop(uk, "shopify-uk").unscheduled());
    let engine = engine.start().expect("starts");
    let before_it = slices(sentia::Mode::Backfill);
    let old = SyncOrder::window("shopify-uk", "orders", since, None);
    done(engine.sync("default", &old).await.expect("ordered").id()).await;
    assert_eq!(slices(sentia::Mode::Backfill), before_it + 1);
    assert_eq!(database.rows(cursors).await, before, "the increments' cursor is where it was");
    let _ = engine.stop(Duration::from_secs(20)).await;
    drop(engine);
    assert!(store.verify().await.expect("verifies").holds());
    store.close().await;
}

on_both!(
    /// A full pass is read page by page between increments, and sweeps at its end; a backfill leaves the cursor alone.
    what_is_read_in_the_background_gives_way,
    super::gives_way
);
