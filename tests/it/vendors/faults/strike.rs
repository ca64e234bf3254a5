//! One fault, one database: how the run ended, whether it told the truth, and what mended it.

use std::{sync::Arc, time::Duration};

use sentia::{
    Certificate, Mode, Outcome, RunReport, Store,
    report::StreamReport,
    transport::{Jitter, RetryPolicy, TransportPolicy},
};
use sentia_sandbox::FaultPlan;

use super::{FALSE, NOT_MENDED, Strike, Struck, Subject};
use crate::{
    database::{Database, Kind},
    vendors::Scene,
};

/// Retries as by default, under a clock that never waits, but for a time-out short enough for a peer that falls silent.
fn policy() -> TransportPolicy {
    let retry = RetryPolicy { jitter: Jitter::None, ..RetryPolicy::default() };
    TransportPolicy { retry, timeout: Duration::from_millis(700), ..TransportPolicy::default() }
}

/// Whether the tables equal the truth.
async fn is_true<S: Subject>(scene: &Arc<Scene>, database: &Arc<Database>, fault: S::Fault) -> bool {
    tokio::spawn(S::is_true(scene.clone(), database.clone(), fault)).await.is_ok()
}

/// A run in a few words; a stream that failed names itself and a remedy, and proves nothing.
fn described(report: &sentia::Result<RunReport>) -> String {
    let report = match report {
        Err(error) => return format!("no run: {}", error.kind()),
        Ok(report) => report,
    };
    let failed = report.streams().iter().filter(|stream| stream.failure.is_some());
    let mut codes: Vec<&str> = failed.map(code).collect();
    codes.sort_unstable();
    codes.dedup();
    match report.outcome() {
        Outcome::Complete => "complete".to_owned(),
        Outcome::CompleteWithQuarantine => format!("complete, {} held", report.held()),
        _ => format!("incomplete: {}", codes.join(", ")),
    }
}

fn code(stream: &StreamReport) -> &str {
    let failure = stream.failure.as_ref().expect("it failed");
    assert_eq!(stream.outcome, Outcome::Incomplete, "{stream:#?}");
    // A certificate is what moves a cursor; of a stream in parts, some parts may have theirs.
    let is_a_part = |certificate: &Certificate| !certificate.stream.partition.is_empty();
    assert!(stream.certificates.iter().all(is_a_part), "nothing is proved: {stream:#?}");
    let is_placed = ["stream: ", "partitioned_by: "].iter().any(|place| failure.message.contains(place));
    assert!(is_placed && !failure.remedy.is_empty(), "{failure:#?}");
    &failure.code
}

/// Runs the subject's pipeline once.
pub(super) async fn run<S: Subject>(scene: &Scene, store: &Store, fault: S::Fault, mode: Mode) -> String {
    let pipeline = S::pipeline(scene, store, fault).transport(policy()).clock(scene.clock.clone());
    described(&pipeline.mode(mode).run().await)
}

/// Arms the fault, narrowed to what it is about.
pub(super) fn arm<S: Subject>(scene: &Scene, fault: S::Fault, plan: FaultPlan) {
    S::inject(scene, fault, S::mention(fault).into_iter().fold(plan, FaultPlan::mentioning));
}

/// How the struck run ended, and how what it left was mended; "not met" when the connector never asks for what is struck.
pub(super) async fn strike<S: Subject>(kind: Kind, fault: S::Fault, how: Strike) -> String {
    let struck = S::struck(fault);
    let met = match how {
        Strike::Once => match attempt::<S>(kind, fault, struck, FaultPlan::nth(2)).await {
            None => attempt::<S>(kind, fault, struck, FaultPlan::once()).await,
            met => met,
        },
        Strike::ForEver => attempt::<S>(kind, fault, struck, S::for_ever(fault)).await,
        // An increment may be one page long, so it is struck from the first on.
        Strike::InAnIncrement => attempt::<S>(kind, fault, Struck::Second, FaultPlan::always()).await,
    };
    met.unwrap_or_else(|| "not met".to_owned())
}

/// One fault by one plan; none when it had nothing to strike.
async fn attempt<S: Subject>(kind: Kind, fault: S::Fault, struck: Struck, plan: FaultPlan) -> Option<String> {
    let scene = Arc::new(Scene::new(57).await);
    let database = Arc::new(Database::fresh(kind).await.expect("a database"));
    let store = database.store().await;
    let run = async |mode| run::<S>(&scene, &store, fault, mode).await;
    if struck == Struck::Second {
        assert_eq!(run(Mode::Incremental).await, "complete", "before {fault:?}");
        S::change(&scene);
    }
    arm::<S>(&scene, fault, plan);
    let ended = run(Mode::Incremental).await;
    if !S::has_struck(&scene, fault) {
        return None;
    }
    let told = if ended == "complete" && !is_true::<S>(&scene, &database, fault).await { FALSE } else { "" };
    S::clear(&scene);
    // What was left open is mended by the next run; what was held, only by reading everything again.
    let mut mended = String::new();
    if !ended.starts_with("complete") {
        let next = run(Mode::Incremental).await;
        if next == "complete" && is_true::<S>(&scene, &database, fault).await {
            return Some(format!("{ended}{told}"));
        }
        mended = "; mended by a full read".to_owned();
    }
    let full = run(Mode::Full).await;
    if full != "complete" || !is_true::<S>(&scene, &database, fault).await {
        mended = format!("{NOT_MENDED}{full}");
    }
    Some(format!("{ended}{told}{mended}"))
}
