//! Xero's limits at once, held by the twin: calls a minute, a day, at once, and of the app over all organisations.

use std::{sync::Arc, time::Duration};

use sentia::{
    ErrorKind, Outcome, Pipeline, RunReport, Store,
    clock::Clock,
    connectors::xero::XeroBuilder,
    engine::{Question, Reader},
    transport::{Jitter, Pacing, RetryPolicy, TransportPolicy},
};
use sentia_sandbox::{XeroLimits, XeroSwitches};

use super::{Scene, app};
use crate::{
    database::{Database, Kind},
    truth::{Vanished, books_are_true},
};

/// A host's own policy; only the jitter is off.
fn patient() -> TransportPolicy {
    let retry = RetryPolicy { jitter: Jitter::None, ..RetryPolicy::default() };
    TransportPolicy { retry, ..TransportPolicy::default() }
}

/// The books under their limits, by the clock of both sides, in pages so small that the limits are met.
struct Bounded {
    scene: Scene,
    database: Database,
    store: Store,
}

impl Bounded {
    async fn by(limits: XeroLimits) -> Self {
        let (scene, database) = (Scene::new(59).await, Database::fresh(Kind::Sqlite).await.expect("a file"));
        scene.sandbox.xero().set_limits(limits);
        let store = database.store().await;
        Bounded { scene, database, store }
    }

    fn app(&self) -> XeroBuilder {
        let twin = self.scene.sandbox.xero();
        app(twin).tenant_id(twin.tenant_id())
    }

    async fn run(&self, builder: XeroBuilder) -> RunReport {
        let books = Pipeline::new(builder.build().expect("valid settings"), self.store.clone());
        let books = books.connection("xero").page_size(2).transport(patient());
        books.clock(self.scene.clock.clone()).run().await.expect("a report")
    }

    /// How many calls were answered, and how many refused for this reason.
    fn answered(&self) -> (usize, usize) {
        let requests = self.scene.sandbox.xero().requests();
        let data = requests.iter().filter(|request| request.path.starts_with("/api.xro/"));
        let refused = data.clone().filter(|request| request.status == 429).count();
        (data.count() - refused, refused)
    }

    async fn is_true(&self) {
        books_are_true(&self.database, &self.scene.sandbox, Vanished::NeverSeen).await;
    }
}

fn codes(report: &RunReport) -> Vec<&str> {
    let failures = report.streams().iter().filter_map(|stream| stream.failure.as_ref());
    failures.map(|failure| failure.code.as_str()).collect()
}

/// Sixty calls a minute: whoever keeps below is never refused, and waits by the clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paced_read_is_never_refused() {
    let bounded = Bounded::by(XeroLimits::default()).await;
    let begun = bounded.scene.clock.now();
    let report = bounded.run(bounded.app()).await;
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    let (calls, refused) = bounded.answered();
    assert!(calls > 100 && refused == 0, "{calls} calls, {refused} refused");
    let waited = (bounded.scene.clock.now() - begun).num_seconds();
    assert!(waited >= 60 * (calls as i64 / 60), "{calls} calls in {waited} s");
    bounded.is_true().await;
}

/// A plan's calls a day, alone and with the app's minute on top: what is left is read on the days that follow, and nothing
/// is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_day_is_known_before_it_is_refused() {
    for app_minute in [10_000, 25] {
        let bounded = Bounded::by(XeroLimits { day: 70, app_minute, ..XeroLimits::default() }).await;
        let mut days = 0;
        loop {
            let report = bounded.run(bounded.app().calls_per_day(70)).await;
            if report.outcome() == Outcome::Complete {
                break;
            }
            let spent = ErrorKind::QuotaExhausted.code();
            assert!(codes(&report).iter().all(|code| *code == spent), "{report:#?}");
            days += 1;
            assert!(days < 9, "each day reads on: {report:#?}");
            bounded.scene.later(25);
        }
        assert!(days > 0, "one day is not enough");
        assert_eq!(bounded.answered().1, 0, "calls were refused");
        bounded.is_true().await;
    }
}

/// A plan smaller than was configured: Xero's own count of what is left stops the read before Xero has to, with some calls
/// left for who is urgent. Nobody sleeps on it, and the next day goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_day_is_a_quota_and_the_next_one_goes_on() {
    let bounded = Bounded::by(XeroLimits { day: 130, ..XeroLimits::default() }).await;
    let begun = bounded.scene.clock.now();
    let report = bounded.run(bounded.app()).await;
    assert_eq!(report.outcome(), Outcome::Incomplete, "{report:#?}");
    assert!(codes(&report).iter().all(|code| *code == ErrorKind::QuotaExhausted.code()), "{report:#?}");
    let told = report.streams().iter().find_map(|stream| stream.failure.as_ref()).expect("a reason");
    assert!(told.message.contains("limit: calls per day"), "{told:#?}");
    assert_eq!(bounded.answered(), (30, 0), "one call in fifty of the 5000 is kept, and none is refused");
    assert!((bounded.scene.clock.now() - begun).num_minutes() < 5, "nobody waits for tomorrow here");

    bounded.scene.sandbox.xero().set_limits(XeroLimits::default());
    bounded.scene.later(25);
    let report = bounded.run(bounded.app()).await;
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    bounded.is_true().await;
}

/// The app's minute over all organisations is known by what Xero says is left of it. Only who comes when another host of
/// the same app has spent it is refused, once, in either spelling and with no time: the next minute is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_apps_minute_is_waited_for() {
    const APP_MINUTE: u32 = 25;
    for hyphenated_app_minute in [false, true] {
        let bounded = Bounded::by(XeroLimits { app_minute: APP_MINUTE, ..XeroLimits::default() }).await;
        let twin = bounded.scene.sandbox.xero();
        twin.set_switches(XeroSwitches { hyphenated_app_minute, ..twin.switches() });
        let other = bounded.app().pacing(Pacing::Off).build().expect("valid settings");
        let other = Reader::new(other);
        let other =
            other.transport(patient()).clock(bounded.scene.clock.clone()).connect().expect("connects");
        while bounded.answered().0 < APP_MINUTE as usize {
            other.ask(&Question::of("contacts")).await.expect("an answer");
        }
        let report = bounded.run(bounded.app()).await;
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
        let (calls, refused) = bounded.answered();
        assert_eq!(refused, 1, "of {calls} calls");
        bounded.is_true().await;
    }
}

/// Five calls at once: more callers wait for each other, and who is refused all the same comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_at_once_are_all_answered() {
    for (concurrent, may_refuse) in [(5, false), (1, true)] {
        let bounded = Bounded::by(XeroLimits { concurrent, minute: 1000, ..XeroLimits::default() }).await;
        let reader = Reader::new(bounded.app().build().expect("valid settings"));
        // Under a clock that never waits a refused call comes back at once, to find the same one call going on.
        let moment = Duration::from_millis(10);
        let retry = RetryPolicy { max_attempts: 10_000, base: moment, cap: moment, ..patient().retry };
        let stubborn = TransportPolicy { retry, ..patient() };
        let reader = reader.transport(stubborn).clock(bounded.scene.clock.clone()).connect();
        let reader = Arc::new(reader.expect("connects"));
        let callers: Vec<_> = (0..40)
            .map(|_| {
                let reader = reader.clone();
                tokio::spawn(async move { reader.ask(&Question::of("contacts")).await })
            })
            .collect();
        for caller in callers {
            let answer = caller.await.expect("no panic").expect("an answer");
            assert!(answer.whole && !answer.records.is_empty());
        }
        let (answered, refused) = bounded.answered();
        assert_eq!(answered, 40);
        assert!(may_refuse || refused == 0, "{refused} of 40 calls were refused");
    }
}
