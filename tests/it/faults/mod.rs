//! Every fault of Shopify's twin has one asserted end, and none of them is green while data is missing; and what happens
//! to a run from within or from its database.

mod books;
mod database;
mod exports;
mod runs;
mod secrets;
mod shopify;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use sentia::{
    Checkpoint, ErrorKind, Mode, Outcome, Pipeline, RunReport, Store, StreamId, SyncSink,
    report::StreamReport,
    security::Vault,
    testing::ManualClock,
    transport::{Jitter, RetryPolicy, TransportPolicy},
};
use sentia_sandbox::{Endpoint, FaultPlan, Pacing, Sandbox, Size};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    database::{Database, Kind},
    truth::{Vanished, vault},
};

/// How a run ends under a fault. The fault strikes the second page of one stream, or the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    /// Complete, and the tables equal the truth.
    Recovers,
    /// Complete with quarantine: so many documents are held, and each holds these bytes.
    Held(u64, &'static str),
    /// Incomplete: the stream says at which page and why, and its cursor stays.
    Stops(ErrorKind),
    /// Incomplete: the window was read four times and never added up, and the cursor stays.
    Unexplained,
    /// No run at all.
    Refused(ErrorKind),
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Strike {
    Once,
    Always,
}

/// One line of a vendor's table: the fault, its end when it strikes once, and when it strikes for ever.
type Line<F> = (F, Ending, Ending);

/// A vendor's twin, the pipeline that reads it, and the stream whose second page is struck.
trait Target: Sized + 'static {
    type Fault: Copy + fmt::Debug + PartialEq + Send + Sync + 'static;
    const TABLE: &'static [Line<Self::Fault>] = &[];
    /// Faults that nothing in an increment shows, with a test of their own.
    const UNSEEN: &'static [Self::Fault] = &[];
    const CONNECTION: &'static str;
    const STREAM: &'static str;
    /// What requests for pages of the struck stream mention.
    const MENTION: &'static str;

    fn pipeline(scene: &Scene) -> Pipeline;
    fn inject(scene: &Scene, fault: Self::Fault, plan: FaultPlan);
    fn clear(scene: &Scene);
    fn endpoint(fault: Self::Fault) -> Endpoint;
    fn has_struck(scene: &Scene, fault: Self::Fault) -> bool;
    /// Empties the twin's log.
    fn forget(scene: &Scene);
    /// Whether each request for the struck stream since the log was cleared asked for a later page than the first.
    fn read_later_pages_only(scene: &Scene) -> bool;
    fn is_true(scene: &Scene, vanished: Vanished) -> impl Future<Output = ()> + Send;
}

/// Twins, a database and a clock that never makes a test wait.
struct Scene {
    sandbox: Sandbox,
    database: Database,
    store: Store,
    vault: Vault,
    clock: Arc<ManualClock>,
}

impl Scene {
    async fn new(seed: u64, kind: Kind) -> Option<Self> {
        let database = Database::fresh(kind).await?;
        Some(Scene::on(seed, database).await)
    }

    async fn on(seed: u64, database: Database) -> Self {
        let sandbox = Sandbox::start(seed, Size::tiny()).await.expect("the twins start");
        sandbox.xero().set_pacing(Pacing::Lifted);
        sandbox.shopify_uk().set_pacing(Pacing::Lifted);
        let store = database.store().await;
        let clock = Arc::new(ManualClock::new(sandbox.clock().now()));
        Scene { vault: vault(&store), sandbox, database, store, clock }
    }

    fn later(&self) {
        self.clock.advance(Duration::from_secs(600));
    }

    async fn checkpoint<T: Target>(&self) -> Checkpoint {
        let checkpoint = self.store.checkpoint(&stream_id::<T>()).await;
        checkpoint.expect("reads").unwrap_or_default()
    }

    async fn held<T: Target>(&self) -> Vec<String> {
        let entries = self.store.quarantined(&stream_id::<T>()).await.expect("reads");
        entries.into_iter().map(|entry| String::from_utf8_lossy(&entry.document).into_owned()).collect()
    }
}

fn stream_id<T: Target>() -> StreamId {
    StreamId {
        tenant: "default".to_owned(),
        connection: T::CONNECTION.to_owned(),
        stream: T::STREAM.to_owned(),
        partition: String::new(),
    }
}

/// The default policy under a clock that never waits, but for a time-out short enough for a peer that falls silent.
fn policy() -> TransportPolicy {
    let retry = RetryPolicy { jitter: Jitter::None, ..RetryPolicy::default() };
    TransportPolicy { retry, timeout: Duration::from_millis(700), ..TransportPolicy::default() }
}

fn struck<T: Target>(report: &RunReport) -> &StreamReport {
    report.streams().iter().find(|stream| stream.name == T::STREAM).expect("the stream")
}

/// A first run under the fault, then one without it, and where documents were held a full one.
async fn first_run<T: Target>(scene: Scene, fault: T::Fault, strike: Strike, ending: Ending) {
    let door = T::endpoint(fault);
    let plan = match (strike, door) {
        (Strike::Once, Endpoint::Token) => FaultPlan::once(),
        (Strike::Always, Endpoint::Token) => FaultPlan::always(),
        (Strike::Once, Endpoint::Data) => FaultPlan::nth(2).mentioning(T::MENTION),
        (Strike::Always, Endpoint::Data) => FaultPlan::always().after(1).mentioning(T::MENTION),
    };
    T::inject(&scene, fault, plan);
    let outcome = T::pipeline(&scene).run().await;
    assert!(T::has_struck(&scene, fault), "it never struck");
    let page = if door == Endpoint::Token { 1 } else { 2 };
    check::<T>(&scene, ending, page, outcome).await;

    T::clear(&scene);
    T::forget(&scene);
    scene.later();
    let report = T::pipeline(&scene).run().await.expect("runs once the fault is gone");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    match ending {
        Ending::Held(documents, _) => {
            assert_eq!(scene.held::<T>().await.len() as u64, documents, "held until it can be read");
            full_run::<T>(&scene, Vanished::NeverSeen).await;
        }
        _ => T::is_true(&scene, Vanished::NeverSeen).await,
    }
    if matches!(ending, Ending::Stops(_)) && door == Endpoint::Data {
        assert!(T::read_later_pages_only(&scene), "it resumes behind the last committed page");
    }
}

async fn check<T: Target>(scene: &Scene, ending: Ending, page: u64, outcome: sentia::Result<RunReport>) {
    let report = match (ending, outcome) {
        (Ending::Refused(kind), outcome) => {
            let error = outcome.expect_err("refused");
            assert_eq!(error.kind(), kind, "{error:?}");
            return;
        }
        (_, outcome) => outcome.expect("a report"),
    };
    let stream = struck::<T>(&report);
    match ending {
        Ending::Refused(_) => {}
        Ending::Recovers => {
            assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
            T::is_true(scene, Vanished::NeverSeen).await;
        }
        Ending::Held(documents, bytes) => {
            assert_eq!(report.outcome(), Outcome::CompleteWithQuarantine, "{report:#?}");
            assert_eq!(stream.counts.quarantined, documents, "{stream:#?}");
            let held = scene.held::<T>().await;
            assert_eq!(held.len() as u64, documents);
            assert!(held.iter().all(|document| document.contains(bytes)), "{held:?}");
        }
        Ending::Stops(kind) => {
            let named = format!("stream: {}", T::STREAM);
            incomplete::<T>(scene, stream, kind, &[&named, &format!("page: {page}")]).await;
        }
        Ending::Unexplained => {
            let named = format!("stream: {}", T::STREAM);
            incomplete::<T>(scene, stream, ErrorKind::InvalidResponse, &[&named, "page: ", "attempts: 4"])
                .await;
        }
    }
}

async fn incomplete<T: Target>(scene: &Scene, stream: &StreamReport, kind: ErrorKind, where_: &[&str]) {
    assert_eq!(stream.outcome, Outcome::Incomplete, "{stream:#?}");
    let failure = stream.failure.as_ref().expect("a reason");
    assert_eq!(
        (failure.code.as_str(), failure.remedy.as_str()),
        (kind.code(), kind.remedy()),
        "{failure:#?}"
    );
    for part in where_ {
        assert!(failure.message.contains(part), "{part}: {}", failure.message);
    }
    assert!(stream.certificates.is_empty(), "nothing is proved: {stream:#?}");
    assert_eq!(scene.checkpoint::<T>().await.cursor, None, "the cursor stays");
}

/// Reads everything without a fault: all is there, whatever went wrong before.
async fn full_run<T: Target>(scene: &Scene, vanished: Vanished) {
    scene.later();
    let report = T::pipeline(scene).mode(Mode::Full).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    T::is_true(scene, vanished).await;
}

/// A fault that never stops, in an increment: green means true, incomplete means that the cursor stays, and once the
/// fault is gone nothing is missing.
async fn increment<T: Target>(scene: Scene, fault: T::Fault) {
    let report = T::pipeline(&scene).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    let before = scene.checkpoint::<T>().await.cursor;
    assert!(before.is_some());
    for _ in 0..3 {
        scene.sandbox.evolve();
    }
    scene.later();
    let mention = if T::endpoint(fault) == Endpoint::Token { "" } else { T::MENTION };
    T::inject(&scene, fault, FaultPlan::always().mentioning(mention));
    let outcome = T::pipeline(&scene).run().await;
    assert!(T::has_struck(&scene, fault), "it never struck");
    let after = scene.checkpoint::<T>().await.cursor;
    match outcome.as_ref().map(RunReport::outcome) {
        Ok(Outcome::Complete) => T::is_true(&scene, Vanished::NotYetKnown).await,
        Ok(Outcome::CompleteWithQuarantine) => assert!(!scene.held::<T>().await.is_empty()),
        Ok(Outcome::Incomplete) | Err(_) => assert_eq!(after, before, "the cursor stays: {outcome:#?}"),
    }
    T::clear(&scene);
    scene.later();
    let report = T::pipeline(&scene).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    if scene.held::<T>().await.is_empty() {
        T::is_true(&scene, Vanished::NotYetKnown).await;
    }
    full_run::<T>(&scene, Vanished::Marked).await;
}

/// Runs `check` for every fault, a few at a time, and names all that fail.
async fn each<F, T>(faults: Vec<F>, check: impl Fn(F) -> T)
where
    F: Copy + fmt::Debug,
    T: Future<Output = ()> + Send + 'static,
{
    let turns = Arc::new(Semaphore::new(4));
    let mut tasks = JoinSet::new();
    let mut names = std::collections::HashMap::new();
    for fault in faults {
        let (turns, check) = (turns.clone(), check(fault));
        let task = tasks.spawn(async move {
            let _turn = turns.acquire().await;
            // None of them may hang.
            tokio::time::timeout(Duration::from_secs(60), check).await.expect("it hangs");
        });
        names.insert(task.id(), format!("{fault:?}"));
    }
    let mut failed = Vec::new();
    while let Some(outcome) = tasks.join_next_with_id().await {
        if let Err(error) = outcome {
            let why = error.id();
            let panic = error.into_panic();
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("panicked");
            failed.push(format!("{}: {text}", names[&why]));
        }
    }
    assert!(failed.is_empty(), "{} of the faults end otherwise:\n{}", failed.len(), failed.join("\n\n"));
}

/// Every line of the table, or those of some faults, on one database.
async fn table_on<T: Target>(kind: Kind, strike: Strike, only: Option<&[T::Fault]>) {
    let lines = T::TABLE.iter().filter(|line| only.is_none_or(|only| only.contains(&line.0)));
    let lines: Vec<Line<T::Fault>> = lines.copied().collect();
    each(lines, move |(fault, once, always)| async move {
        let ending = if strike == Strike::Once { once } else { always };
        if let Some(scene) = Scene::new(31, kind).await {
            first_run::<T>(scene, fault, strike, ending).await;
        }
    })
    .await;
}

async fn increments_on<T: Target>(kind: Kind) {
    let faults = T::TABLE.iter().map(|line| line.0).filter(|fault| !T::UNSEEN.contains(fault)).collect();
    each(faults, move |fault| async move {
        if let Some(scene) = Scene::new(32, kind).await {
            increment::<T>(scene, fault).await;
        }
    })
    .await;
}
