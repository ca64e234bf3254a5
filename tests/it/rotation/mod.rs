//! Two processes refresh one rotating token on one database, and are killed at every step of it.
//!
//! Where the vendor grants grace the connection survives all of it. Where it grants none, a token that was lost between
//! the vendor's answer and the end of its storing is told once, and healed by a new consent.
//!
//! The test command runs one plan for each stage; SENTIA_SOAK=1 runs the full number, SENTIA_CRASH_SEED begins elsewhere.

mod fleet;
mod gate;
mod worker;

use std::{collections::BTreeMap, time::Instant};

use sentia::ErrorKind;
use sentia_sandbox::XeroGrace;

use self::{
    fleet::{End, Fates, Fleet},
    worker::Refusal,
};
use crate::database::{Database, on_both, variable};

/// Every place to be killed at, in the order a refresh passes them; the last two are a death's.
const STAGES: [&str; 15] = [
    "look",
    "intent.before",
    "intent.after",
    "call.before",
    "call.after",
    "store.before",
    "store.written",
    "store.after",
    "publish.before",
    "publish.written",
    "publish.after",
    "release.before",
    "release.after",
    "burial.before",
    "burial.after",
];
const GRACES: [XeroGrace; 3] = [XeroGrace::FreshPair, XeroGrace::SamePair, XeroGrace::None];

/// What a kill there loses where the vendor grants no grace: it has answered, and nothing is durable.
fn loses(stage: &&str) -> bool {
    matches!(*stage, "call.after" | "store.before" | "store.written")
}

/// A generator whose whole state is its seed.
struct Dice(u64);

impl Dice {
    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        choices[usize::try_from(self.0 >> 33).expect("31 bits") % choices.len()]
    }
}

/// Who is to be killed in one run, and under which vendor.
#[derive(Debug)]
struct Plan {
    grace: XeroGrace,
    /// The first must be hit; what comes after it must not keep anybody from it.
    stages: Vec<&'static str>,
}

impl Plan {
    /// The stages come round in turn, and with each round under another grace; the dice add a second kill.
    fn nth(run: usize, dice: &mut Dice) -> Self {
        let stage = STAGES[run % STAGES.len()];
        if stage.starts_with("burial") {
            // Only a loss leads there.
            let lost = dice.one_of(&["call.after", "store.before"]);
            return Plan { grace: XeroGrace::None, stages: vec![stage, lost] };
        }
        let grace = GRACES[(run + run / STAGES.len()) % GRACES.len()];
        // A second kill that loses the token would leave nothing to do at the stages after it.
        let seconds = ["look", "intent.after", "call.before", "store.after", "call.after"];
        let seconds = if grace == XeroGrace::None { &seconds[..4] } else { &seconds };
        let second = dice.one_of(seconds);
        let has_second = dice.one_of(&[true, false, false]) && !stage.ends_with("written");
        let stages = std::iter::once(stage).chain(has_second.then_some(second)).collect();
        Plan { grace, stages }
    }
}

fn refusals<'e>(ends: &'e [End]) -> Vec<&'e Refusal> {
    let refused = |end: &'e End| match end {
        End::Refused(refusal) => Some(refusal),
        End::Works | End::Killed => None,
    };
    ends.iter().filter_map(refused).collect()
}

/// One refresh with kills, then one more call of both posts. Gives the stages that were hit, and whether the token was
/// lost.
async fn run(fleet: &mut Fleet, plan: &Plan) -> (Vec<&'static str>, bool) {
    fleet.begin(plan.grace);
    let (grants, told) = (fleet.grants(), fleet.told());
    let fates = Fates::at(&plan.stages);
    let mut ends = Vec::from(fleet.call(&fates).await);
    let hits = fates.hits();
    assert!(hits.contains(&plan.stages[0]), "{plan:?}: its stage was never hit: {hits:?}");
    // Nobody is killed any more; who was is started again.
    let healed = fleet.call(&Fates::default()).await;
    let lost = plan.grace == XeroGrace::None && hits.iter().any(loses);
    let when = format!("{plan:?}, killed at {hits:?}, {ends:?}, then {healed:?}");
    let granted = fleet.grants() - grants;
    assert!(granted <= 1 + hits.len(), "{when}: {granted} calls");
    assert_eq!(fleet.keeps_the_newest().await, !lost, "{when}");
    if lost {
        assert!(healed.iter().all(|end| matches!(end, End::Refused(_))), "{when}");
        ends.extend(healed);
        is_told_once(fleet, told, &ends, hits.contains(&"burial.after"), &when).await;
    } else {
        assert!(healed.iter().all(|end| matches!(end, End::Works)), "{when}");
        assert!(refusals(&ends).is_empty(), "{when}");
        assert_eq!(fleet.told(), told, "{when}: no reconnect is told");
    }
    (hits, lost)
}

/// The loss is told once, by the log and by the error of whom the vendor refused; whoever else asks is refused here.
/// A new consent heals it.
async fn is_told_once(fleet: &mut Fleet, told: u64, ends: &[End], dies_with_it: bool, when: &str) {
    // Who dies between the note and the log takes the message along; the errors of all others still say it.
    let times = u64::from(!dies_with_it);
    assert_eq!(fleet.told() - told, times, "{when}");
    let (first, later): (Vec<_>, Vec<_>) =
        refusals(ends).into_iter().partition(|refusal| refusal.dead_since.is_none());
    assert_eq!(first.len() as u64, times, "{when}");
    for refusal in first {
        assert!(refusal.message.contains("reconnect"), "{when}");
        assert!(refusal.cause.is_some(), "{when}: a process was killed");
    }
    let asked = fleet.grants();
    let again = fleet.call(&Fates::default()).await;
    let again = refusals(&again);
    assert!(
        again.len() == 2 && again.iter().all(|refusal| refusal.dead_since.is_some()),
        "{when}: {again:?}"
    );
    for refusal in later.into_iter().chain(again) {
        assert_eq!(refusal.code, ErrorKind::Unauthenticated.code(), "{when}");
        assert_eq!(refusal.connection.as_deref(), Some("default/xero"), "{when}");
    }
    assert_eq!((fleet.grants(), fleet.told() - told), (asked, times), "{when}: the vendor is not asked");
    fleet.consent().await;
    let connected = fleet.call(&Fates::default()).await;
    assert!(connected.iter().all(|end| matches!(end, End::Works)), "{when}: connected again, {connected:?}");
    assert!(fleet.keeps_the_newest().await, "{when}");
}

async fn every_stage(database: Database) {
    let runs = if variable("SENTIA_SOAK").is_some() { 200 } else { STAGES.len() };
    let seed = variable("SENTIA_CRASH_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_u64);
    let (begun, mut dice) = (Instant::now(), Dice(seed));
    let (mut killed, mut lost) = (BTreeMap::new(), 0);
    let mut fleet = Fleet::new(database).await;
    for nth in 0..runs {
        let (hits, is_lost) = run(&mut fleet, &Plan::nth(nth, &mut dice)).await;
        hits.into_iter().for_each(|stage| *killed.entry(stage).or_insert(0_u64) += 1);
        lost += u64::from(is_lost);
    }
    for stage in STAGES {
        assert!(killed.contains_key(stage), "stage {stage} was never hit: {killed:?}");
    }
    assert!(lost > 0, "no token was lost");
    let kills: u64 = killed.values().sum();
    eprintln!("SENTIA_CRASH_SEED={seed}, {runs} runs in {:?}: {lost} tokens lost", begun.elapsed());
    eprintln!("{kills} processes killed: {killed:?}");
}

on_both!(
    /// Killed at each step, by SIGKILL, on either database.
    killed_at_every_step_of_a_refresh,
    super::every_stage
);
