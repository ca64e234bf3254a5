//! Two workers, one rotating token, and kills at every stage of a refresh.
//!
//! The test command runs a share; SENTIA_SOAK=1 runs the full number, SENTIA_CRASH_SEED begins elsewhere.

use std::collections::BTreeMap;

use sentia_core::{Error, ErrorKind, optional_from_env};

use super::scene::{Grace, Process, STAGES, Scene};

/// A generator whose whole state is its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

fn is_dead(error: &Error) -> bool {
    error.kind() == ErrorKind::Unauthenticated
}

/// What is lost by a kill there when the vendor revokes at once: it has answered, and nothing is stored.
fn loses(stage: &str) -> bool {
    matches!(stage, "call.after" | "store.before")
}

/// Refreshes once with kills, then starts what was killed again; what was hit is counted.
async fn round(scene: &Scene, grace: Grace, dice: &mut Dice, hits: &mut BTreeMap<&str, u64>) {
    scene.age();
    let before = scene.vendor.calls();
    let mut stage = || STAGES[dice.below(STAGES.len())];
    let (first, second) = (stage(), stage());
    let fates = [Some(first), (dice.below(4) == 0).then_some(second)];
    let workers = fates.map(|stage| scene.doomed(stage));
    let told_before = scene.told();
    let outcomes =
        futures::future::join(workers[0].token_unless_killed(), workers[1].token_unless_killed()).await;
    let hit: Vec<_> = workers.iter().filter_map(|worker| worker.fate.hit()).collect();
    hit.iter().for_each(|stage| *hits.entry(stage).or_default() += 1);
    let lost = grace == Grace::None && hit.iter().any(|stage| loses(stage));
    let when = format!("{grace:?}, killed at {hit:?} of {fates:?}, {outcomes:?}");

    let fresh: [Process; 2] = [scene.start(), scene.start()];
    let (first, second) = futures::future::join(fresh[0].token(), fresh[1].token()).await;
    // The vendor's own books, not our note, say whether the stored token can work.
    let is_honoured = scene.vendor.honours(&scene.stored().await, scene.now());
    let calls = scene.vendor.calls() - before;
    assert!(calls <= 1 + hit.len() as u64, "{when}: {calls} calls");
    let live = [&first, &second];
    if let (Ok(first), Ok(second)) = (&first, &second) {
        assert!(is_honoured && !lost, "{when}");
        assert_eq!(first, second, "{when}");
        assert_eq!(scene.told(), told_before, "{when}");
        return;
    }
    assert!(lost && !is_honoured, "{when}: {live:#?}");
    assert!(live.iter().all(|outcome| outcome.as_ref().is_err_and(is_dead)), "{when}: {live:#?}");
    // Who dies between the note and the log takes the message along; the errors of all others still say it.
    let silent = u64::from(hit.contains(&"burial.after"));
    assert_eq!(scene.told() - told_before, 1 - silent, "{when}");
    let asked = scene.vendor.calls();
    for process in &fresh {
        let error = process.token().await.expect_err("dead");
        assert!(error.context_value("dead_since").is_some(), "{when}: {error:?}");
    }
    assert_eq!(scene.vendor.calls(), asked, "{when}: a dead connection costs no call");
    scene.consent().await;
    assert!(fresh[0].token().await.is_ok() && fresh[1].token().await.is_ok(), "{when}: connected again");
}

/// With grace every kill leaves a usable connection; without, a token that was lost is told once.
#[tokio::test]
async fn killed_at_every_stage_of_a_refresh() {
    let runs = if optional_from_env("SENTIA_SOAK").is_some() { 10_000 } else { 500 };
    let begin =
        optional_from_env("SENTIA_CRASH_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_u64);
    let mut hits = BTreeMap::new();
    for run in 0..runs {
        let mut dice = Dice(begin.wrapping_add(run * 0x9e37_79b9));
        let grace = if dice.below(2) == 0 { Grace::HalfAnHour } else { Grace::None };
        let scene = Scene::new(grace).await;
        for _ in 0..3 {
            round(&scene, grace, &mut dice, &mut hits).await;
        }
    }
    for stage in STAGES {
        assert!(hits.contains_key(stage), "stage {stage} was never hit: {hits:?}");
    }
    eprintln!("SENTIA_CRASH_SEED={begin}, {runs} runs: {hits:?}");
}
