//! Three processes that want more than their account grants, in virtual time: what they get of it, how evenly, how long who is
//! urgent waits, and what it costs in round trips to the shared state.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::super::{Claim, Planner, Refused, Seen, Urgency};
use crate::{
    Result, StateStore,
    clock::Clock,
    state_store::{SharedState, StateVersion, Swap},
    testing::{MemoryStateStore, RuntimeClock},
    transport::{Limit, Quota},
};

const PROCESSES: usize = 3;
const MINUTE: Limit = Limit::Calls { calls: 60, per: Duration::from_secs(60) };
const FIVE: Limit = Limit::Concurrent(5);
const POINTS: Limit = Limit::Points { maximum: 2000.0, restore_per_second: 100.0 };

/// Numbers of the same sequence for the same seed (SplitMix64 of Steele, Lea and Flood).
struct Random(u64);

impl Random {
    fn millis(&mut self, from: u64, below: u64) -> Duration {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Duration::from_millis(from + (mixed ^ (mixed >> 31)) % (below - from))
    }
}

/// A store some milliseconds away.
#[derive(Debug)]
struct Away {
    store: MemoryStateStore,
    clock: Arc<RuntimeClock>,
    millis: u64,
}

#[async_trait]
impl StateStore for Away {
    async fn load(&self, key: &str) -> Result<Option<SharedState>> {
        self.store.load(key).await
    }

    async fn swap(&self, key: &str, expected: Option<StateVersion>, body: &str) -> Result<Swap> {
        self.clock.sleep(Duration::from_millis(self.millis)).await;
        let swap = self.store.swap(key, expected, body).await;
        self.clock.sleep(Duration::from_millis(self.millis)).await;
        swap
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, SharedState)>> {
        self.store.list(prefix).await
    }
}

/// A vendor that refuses what is beyond its limits.
#[derive(Debug)]
struct Vendor {
    limits: Vec<Limit>,
    arrived: VecDeque<DateTime<Utc>>,
    going: usize,
    level: f64,
    at: DateTime<Utc>,
}

impl Vendor {
    fn new(limits: &[Limit]) -> Self {
        let full = limits.iter().map(|limit| match limit {
            Limit::Points { maximum, .. } => *maximum,
            Limit::Operation { burst, .. } => f64::from(*burst),
            _ => 0.0,
        });
        let level = full.sum();
        let (limits, arrived) = (limits.to_vec(), VecDeque::new());
        Vendor { limits, arrived, going: 0, level, at: DateTime::UNIX_EPOCH }
    }

    fn begin(&mut self, cost: f64, now: DateTime<Utc>) -> Seen {
        let seconds = (now - self.at).as_seconds_f64();
        self.at = now;
        let mut seen = Seen::default();
        for limit in &self.limits {
            seen.refused = seen.refused.or(match *limit {
                Limit::Calls { calls, per } => {
                    let since = now - TimeDelta::from_std(per).expect("short");
                    while self.arrived.front().is_some_and(|then| *then <= since) {
                        self.arrived.pop_front();
                    }
                    (self.arrived.len() >= calls as usize).then_some(Refused::Rate(None))
                }
                Limit::Concurrent(most) => (self.going >= most).then_some(Refused::AtOnce),
                Limit::Points { maximum, restore_per_second } => {
                    self.level = (self.level + seconds * restore_per_second).min(maximum);
                    (self.level < cost).then_some(Refused::Rate(None))
                }
                Limit::Operation { per_second, burst, .. } => {
                    self.level = (self.level + seconds * per_second).min(f64::from(burst));
                    (self.level < 1.0).then_some(Refused::Rate(None))
                }
                _ => None,
            });
        }
        if seen.refused.is_none() {
            self.going += 1;
            self.level -= cost;
            self.arrived.push_back(now);
            self.tell(&mut seen);
        }
        seen
    }

    fn tell(&self, seen: &mut Seen) {
        for limit in &self.limits {
            match *limit {
                Limit::Points { maximum, restore_per_second } => {
                    seen.quota = Some(Quota { available: self.level.floor(), maximum, restore_per_second });
                }
                Limit::Calls { calls, per } => {
                    seen.left.push((per, u64::from(calls) - self.arrived.len() as u64));
                }
                Limit::Operation { per_second, .. } => seen.rate = Some(per_second),
                _ => {}
            }
        }
    }
}

#[derive(Debug, Default)]
struct Tally {
    answered: [u64; PROCESSES],
    refused: u64,
    worst_push: TimeDelta,
    /// The longest that a process with hungry callers had no call granted, and since when.
    hungriest: TimeDelta,
    fed: [DateTime<Utc>; PROCESSES],
}

struct Scene {
    name: &'static str,
    clock: Arc<RuntimeClock>,
    vendor: Mutex<Vendor>,
    planners: Vec<Planner>,
    store: MemoryStateStore,
    claim: Claim,
    tally: Mutex<Tally>,
    end: DateTime<Utc>,
}

impl Scene {
    fn new(name: &'static str, limits: &[Limit], claim: Claim, span: Duration) -> Arc<Self> {
        let (clock, store) = (Arc::new(RuntimeClock::default()), MemoryStateStore::default());
        let planner = |at: usize| {
            let away = Away { store: store.clone(), clock: clock.clone(), millis: 1 + at as u64 };
            Planner::shared(limits.to_vec(), clock.clone(), Arc::new(away), "quota/account")
        };
        Arc::new(Scene {
            name,
            planners: (0..PROCESSES).map(planner).collect(),
            vendor: Mutex::new(Vendor::new(limits)),
            claim,
            tally: Mutex::default(),
            end: clock.now() + span,
            store,
            clock,
        })
    }

    async fn call(&self, process: usize, urgency: Urgency, random: &mut Random) {
        let asked = self.clock.now();
        let claim = Claim { urgency, ..self.claim };
        let permit = self.planners[process].acquire(claim).await.expect("no limit of a day");
        let granted = self.clock.now();
        {
            let mut tally = self.tally.lock().expect("not poisoned");
            if urgency == Urgency::Immediate {
                tally.worst_push = tally.worst_push.max(granted - asked);
            } else {
                tally.hungriest = tally.hungriest.max(granted - tally.fed[process]);
                tally.fed[process] = granted;
            }
        }
        self.clock.sleep(random.millis(20, 200)).await;
        let arrived = self.clock.now();
        let seen = self.vendor.lock().expect("not poisoned").begin(claim.cost, arrived);
        if arrived < self.end {
            let mut tally = self.tally.lock().expect("not poisoned");
            match seen.refused {
                None => tally.answered[process] += 1,
                Some(_) => tally.refused += 1,
            }
        }
        self.clock.sleep(random.millis(20, 200)).await;
        if seen.refused.is_none() {
            self.vendor.lock().expect("not poisoned").going -= 1;
        }
        permit.answered(seen);
    }

    /// Twenty hungry readers in every process, and pushes in one of them.
    async fn run(self: Arc<Self>) -> Outcome {
        let mut tasks = Vec::new();
        for reader in 0..PROCESSES * 20 {
            let scene = self.clone();
            tasks.push(tokio::spawn(async move {
                let mut random = Random(reader as u64);
                while scene.clock.now() < scene.end {
                    scene.call(reader % PROCESSES, Urgency::Backfill, &mut random).await;
                }
            }));
        }
        let scene = self.clone();
        tasks.push(tokio::spawn(async move {
            let mut random = Random(7);
            while scene.clock.now() < scene.end {
                scene.clock.sleep(random.millis(0, 100_000)).await;
                scene.call(0, Urgency::Immediate, &mut random).await;
            }
        }));
        for task in tasks {
            task.await.expect("no panic");
        }
        self.outcome()
    }

    fn outcome(&self) -> Outcome {
        let tally = self.tally.lock().expect("not poisoned");
        let answered: u64 = tally.answered.iter().sum();
        let granted: u64 = self.planners.iter().map(|planner| planner.decisions().granted).sum();
        let exchanges: u64 = self.planners.iter().map(|planner| planner.decisions().exchanges).sum();
        // One may be under way.
        assert!(exchanges - self.store.calls() <= PROCESSES as u64, "{}", self.name);
        let outcome = Outcome {
            answered: answered as f64,
            trips: exchanges as f64 / granted as f64,
            refused: tally.refused as f64 / (answered + tally.refused) as f64,
            push: tally.worst_push,
            hungriest: tally.hungriest,
            least: *tally.answered.iter().min().expect("three") as f64 * PROCESSES as f64 / answered as f64,
        };
        println!("{}: {outcome:.3?}", self.name);
        outcome
    }
}

#[derive(Debug)]
struct Outcome {
    answered: f64,
    /// Round trips for each call.
    trips: f64,
    refused: f64,
    push: TimeDelta,
    /// The longest that a process went without a call.
    hungriest: TimeDelta,
    /// What the process that got least got of its share.
    least: f64,
}

const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

async fn scene(name: &'static str, limits: &[Limit], claim: Claim, per_second: f64) -> (f64, Outcome) {
    let outcome = Scene::new(name, limits, claim, HALF_AN_HOUR).run().await;
    let used = outcome.answered / (per_second * HALF_AN_HOUR.as_secs_f64());
    println!("{name}: {used:.4} used");
    (used, outcome)
}

fn operation(per_second: f64, burst: u32) -> ([Limit; 1], Claim) {
    let operation = "searchListingsItems";
    ([Limit::Operation { operation, per_second, burst }], Claim { operation, ..Claim::default() })
}

/// What holds at every scarce limit: few round trips, hardly a refusal, and everybody has a turn.
fn is_sound(outcome: &Outcome, hungriest: i64) {
    assert!(outcome.trips <= 1.1, "{outcome:?}");
    assert!(outcome.refused <= 0.04, "{outcome:?}");
    assert!(outcome.push <= TimeDelta::seconds(2), "{outcome:?}");
    assert!(outcome.hungriest <= TimeDelta::seconds(hungriest), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_minutes_calls_cost_less_than_a_round_trip_each() {
    for (name, limits) in [("minute", &[MINUTE][..]), ("minute and five", &[MINUTE, FIVE][..])] {
        let (used, outcome) = scene(name, limits, Claim::default(), 1.0).await;
        is_sound(&outcome, 30);
        assert!(used >= 0.97 && outcome.least >= 0.9, "{name}: {used} used, {outcome:?}");
        assert_eq!(outcome.refused, 0.0, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn permits_at_once_are_all_used_and_cost_a_round_trip_for_several_calls() {
    let (used, outcome) = scene("five", &[FIVE], Claim::default(), 5.0 / 0.22).await;
    is_sound(&outcome, 2);
    assert!(used >= 0.97 && outcome.trips <= 0.7, "{used} used, {outcome:?}");
    // Of five permits two processes have two each, and the third has one.
    assert!(outcome.refused == 0.0 && outcome.least >= 0.55, "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn points_cost_less_than_a_round_trip_each() {
    let claim = Claim { cost: 100.0, ..Claim::default() };
    let (used, outcome) = scene("points", &[POINTS], claim, 1.0).await;
    is_sound(&outcome, 30);
    assert!(used >= 0.97 && outcome.refused <= 0.001 && outcome.least >= 0.9, "{used} used, {outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn an_operations_calls_cost_less_than_a_round_trip_each() {
    for (name, per_second, burst, least_used) in [("5 a second", 5.0, 5, 0.97), ("2 a second", 2.0, 2, 0.93)]
    {
        let (limits, claim) = operation(per_second, burst);
        let (used, outcome) = scene(name, &limits, claim, per_second).await;
        is_sound(&outcome, 15);
        assert!(used >= least_used && outcome.least >= 0.85, "{name}: {used} used, {outcome:?}");
        assert!(outcome.trips <= 0.9, "{name}: {outcome:?}");
    }
}
