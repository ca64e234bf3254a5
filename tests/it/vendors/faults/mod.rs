//! Every fault of the three twins' catalogs, once and for ever: what each ends in stands in a table beside this file.
//!
//! Whatever a fault does, a run is green only when the tables equal the truth, and the run after the fault has gone
//! mends what it left. `SENTIA_BLESS=1` writes the tables anew; read what it wrote.

mod amazon;
mod microsoft_graph;
mod unleashed;

use std::{fmt, future::Future, path::Path, sync::Arc, time::Duration};

use sentia::{
    Mode, Outcome, Pipeline, RunReport, Store,
    transport::{Jitter, RetryPolicy, TransportPolicy},
};
use sentia_sandbox::FaultPlan;
use tokio::{sync::Semaphore, task::JoinSet};

use super::Scene;
use crate::database::{Database, Kind, variable};

/// Retries as by default, under a clock that never waits, but for a time-out short enough for a peer that falls silent.
fn policy() -> TransportPolicy {
    let retry = RetryPolicy { jitter: Jitter::None, ..RetryPolicy::default() };
    TransportPolicy { retry, timeout: Duration::from_millis(700), ..TransportPolicy::default() }
}

/// A green run whose tables are not the truth.
const FALSE: &str = ", and not true";
/// A fault whose traces a full read leaves.
const NOT_MENDED: &str = "; not mended: ";

/// Which run a fault strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Struck {
    /// The first, of everything.
    First,
    /// An increment.
    Second,
}

/// One vendor's twin with its faults.
trait Subject: Copy + Send + Sync + 'static {
    type Fault: Copy + fmt::Debug + Send + Sync + 'static;
    const FAULTS: &'static [Self::Fault];
    const TABLE: &'static str;

    fn pipeline(scene: &Scene, store: &Store, fault: Self::Fault) -> Pipeline;
    fn inject(scene: &Scene, fault: Self::Fault, plan: FaultPlan);
    fn clear(scene: &Scene);
    fn has_struck(scene: &Scene, fault: Self::Fault) -> bool;
    /// Lets time pass and the vendor change.
    fn change(scene: &Scene);
    fn is_true(
        scene: Arc<Scene>,
        database: Arc<Database>,
        fault: Self::Fault,
    ) -> impl Future<Output = ()> + Send + 'static;
    fn struck(_: Self::Fault) -> Struck {
        Struck::First
    }
    /// What requests it is narrowed to mention.
    fn mention(_: Self::Fault) -> Option<&'static str> {
        None
    }
    /// Faults whose nature is to lose what nobody can miss: a green run may differ from the truth until a full read.
    fn is_silent(_: Self::Fault) -> bool {
        false
    }
    /// The plan of a fault that never ends; some would keep a run going for ever.
    fn for_ever(_: Self::Fault) -> FaultPlan {
        FaultPlan::always().after(1)
    }
}

/// Whether the tables equal the truth.
async fn is_true<S: Subject>(scene: &Arc<Scene>, database: &Arc<Database>, fault: S::Fault) -> bool {
    tokio::spawn(S::is_true(scene.clone(), database.clone(), fault)).await.is_ok()
}

fn described(report: &sentia::Result<RunReport>) -> String {
    let report = match report {
        Err(error) => return format!("no run: {}", error.kind()),
        Ok(report) => report,
    };
    let mut codes: Vec<&str> =
        report.streams().iter().filter_map(|stream| Some(stream.failure.as_ref()?.code.as_ref())).collect();
    codes.sort_unstable();
    codes.dedup();
    match report.outcome() {
        Outcome::Complete => "complete".to_owned(),
        Outcome::CompleteWithQuarantine => format!("complete, {} held", report.held()),
        _ => format!("incomplete: {}", codes.join(", ")),
    }
}

/// One fault by one plan: how the run ended, and that the next one mends it.
async fn strike<S: Subject>(fault: S::Fault, plan: FaultPlan) -> String {
    let scene = Arc::new(Scene::new(57).await);
    let database = Arc::new(Database::fresh(Kind::Sqlite).await.expect("a file"));
    let store = database.store().await;
    let run = async |mode| {
        S::pipeline(&scene, &store, fault)
            .transport(policy())
            .clock(scene.clock.clone())
            .mode(mode)
            .run()
            .await
    };
    if S::struck(fault) == Struck::Second {
        assert_eq!(described(&run(Mode::Incremental).await), "complete", "before {fault:?}");
        S::change(&scene);
    }
    let plan = S::mention(fault).into_iter().fold(plan, FaultPlan::mentioning);
    S::inject(&scene, fault, plan);
    let report = run(Mode::Incremental).await;
    if !S::has_struck(&scene, fault) {
        return "not met".to_owned();
    }
    let ended = described(&report);
    let told = if ended == "complete" && !is_true::<S>(&scene, &database, fault).await { FALSE } else { "" };
    S::clear(&scene);
    let mended = described(&run(Mode::Full).await);
    let mended = match mended == "complete" && is_true::<S>(&scene, &database, fault).await {
        true => String::new(),
        false => format!("{NOT_MENDED}{mended}"),
    };
    format!("{ended}{told}{mended}")
}

/// Strikes with every fault and compares what happened with the table.
async fn table<S: Subject>() {
    let turns = Arc::new(Semaphore::new(3));
    let mut lines = JoinSet::new();
    for (at, fault) in S::FAULTS.iter().copied().enumerate() {
        let turns = turns.clone();
        lines.spawn(async move {
            let _turn = turns.acquire().await.expect("open");
            let mut once = strike::<S>(fault, FaultPlan::nth(2)).await;
            if once == "not met" {
                once = strike::<S>(fault, FaultPlan::once()).await;
            }
            let always = strike::<S>(fault, S::for_ever(fault)).await;
            (at, format!("{fault:?}\n  once     {once}\n  for ever {always}\n"))
        });
    }
    let mut found: Vec<(usize, String)> = lines.join_all().await;
    found.sort();
    let found: String = found.into_iter().map(|(_, line)| line).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/vendors/faults").join(S::TABLE);
    if variable("SENTIA_BLESS").is_some() {
        std::fs::write(&path, &found).expect("the table is written");
    }
    let wrong = |line: &&str| line.contains(FALSE) || line.contains(NOT_MENDED);
    for fault in S::FAULTS.iter().filter(|fault| !S::is_silent(**fault)) {
        let ends = found.lines().skip_while(|line| *line != format!("{fault:?}")).skip(1).take(2);
        let wrong: Vec<_> = ends.filter(wrong).collect();
        assert!(wrong.is_empty(), "{fault:?}: {wrong:?}");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let pairs = found.lines().zip(expected.lines()).filter(|(found, expected)| found != expected);
    assert!(found == expected, "{}: {:#?}", S::TABLE, pairs.take(5).collect::<Vec<_>>());
}
