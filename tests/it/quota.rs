//! Days of a backfill with pushes in between, in virtual time, against the twins' own limiters: how much of what a vendor
//! grants is used, how often it has to refuse, and how long who is urgent waits.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sentia::{
    clock::Clock,
    quota::{Claim, Planner, Refused, Seen, Urgency},
    testing::{MemoryStateStore, RuntimeClock},
    transport::{Limit, Quota},
};
use sentia_sandbox::{CostLimits, Limiter, Refusal, XeroLimits};

/// Numbers of the same sequence for the same seed (SplitMix64 of Steele, Lea and Flood).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What an account's calls are.
#[derive(Clone, Copy)]
struct Calls {
    operation: &'static str,
    /// Points asked for; what they then cost is a little less.
    points: u64,
    /// Milliseconds to the vendor, and back.
    travel: (u64, u64),
}

const PLAIN: Calls = Calls { operation: "", points: 1, travel: (20, 180) };

#[derive(Default)]
struct Tally {
    answered: u64,
    refused: u64,
    used: f64,
    worst_push: Duration,
    pushes: u64,
}

/// One account with the processes that read it.
struct Scene {
    clock: Arc<RuntimeClock>,
    limiter: Mutex<Limiter>,
    planners: Vec<Planner>,
    store: MemoryStateStore,
    calls: Calls,
    tally: Mutex<Tally>,
    end: DateTime<Utc>,
}

impl Scene {
    fn new(limiter: Limiter, limits: &[Limit], processes: usize, calls: Calls, span: Duration) -> Arc<Self> {
        let clock = Arc::new(RuntimeClock::default());
        let store = MemoryStateStore::default();
        let planner = |_| match processes {
            1 => Planner::new(limits.to_vec(), clock.clone()),
            _ => Planner::shared(limits.to_vec(), clock.clone(), Arc::new(store.clone()), "quota/account"),
        };
        Arc::new(Scene {
            planners: (0..processes).map(planner).collect(),
            limiter: Mutex::new(limiter),
            store,
            calls,
            tally: Mutex::default(),
            end: clock.now() + span,
            clock,
        })
    }

    fn is_over(&self) -> bool {
        self.clock.now() >= self.end
    }

    /// One call with its way to the vendor and back. False when its budget is not there for long.
    async fn call(&self, planner: &Planner, urgency: Urgency, random: &mut Random) -> bool {
        let Calls { operation, points, travel } = self.calls;
        let claim = Claim { cost: points as f64, operation, urgency };
        let asked = self.clock.now();
        let permit = match planner.acquire(claim).await {
            Ok(permit) => permit,
            Err(spent) => {
                self.clock.sleep(spent.wait().expect("it says until when")).await;
                return false;
            }
        };
        if urgency == Urgency::Immediate {
            let waited = (self.clock.now() - asked).to_std().expect("forwards");
            let mut tally = self.tally.lock().expect("not poisoned");
            tally.worst_push = tally.worst_push.max(waited);
            tally.pushes += 1;
        }
        let way = |random: &mut Random| Duration::from_millis(travel.0 + random.below(travel.1));
        self.clock.sleep(way(random)).await;
        let actual = points - random.below(points / 10 + 1);
        if self.is_over() {
            // What arrives later is of no figure.
            return true;
        }
        let begun = self.limiter.lock().expect("not poisoned").begin((points, actual), self.clock.now());
        let seen = {
            let mut tally = self.tally.lock().expect("not poisoned");
            match &begun {
                Ok(granted) => {
                    tally.answered += 1;
                    tally.used += if granted.points.is_some() { actual as f64 } else { 1.0 };
                    let CostLimits { maximum, restore_per_second, .. } = CostLimits::default();
                    let quota =
                        granted.points.map(|available| Quota { available, maximum, restore_per_second });
                    Seen { quota, left: granted.left.clone(), ..Seen::default() }
                }
                Err(refusal) => {
                    tally.refused += 1;
                    let refused = match refusal {
                        Refusal::AtOnce => Refused::AtOnce,
                        Refusal::TooMany(wait) => Refused::Rate(*wait),
                    };
                    Seen { refused: Some(refused), ..Seen::default() }
                }
            }
        };
        self.clock.sleep(way(random)).await;
        drop(begun);
        permit.answered(seen);
        true
    }

    /// Runs hungry readers in every process, and pushes that take one part in `every` of what is granted.
    async fn run(self: &Arc<Self>, readers: usize, push_every: Duration) {
        let mut tasks = Vec::new();
        for (at, planner) in self.planners.iter().enumerate() {
            for reader in 0..readers {
                let (scene, planner) = (self.clone(), planner.clone());
                let mut random = Random((at * readers + reader) as u64);
                tasks.push(tokio::spawn(async move {
                    while !scene.is_over() {
                        scene.call(&planner, Urgency::Backfill, &mut random).await;
                    }
                }));
            }
        }
        let (scene, planner) = (self.clone(), self.planners[0].clone());
        tasks.push(tokio::spawn(async move {
            let mut random = Random(7);
            while !scene.is_over() {
                let pause = random.below(2 * push_every.as_millis() as u64);
                scene.clock.sleep(Duration::from_millis(pause)).await;
                scene.call(&planner, Urgency::Immediate, &mut random).await;
            }
        }));
        for task in tasks {
            task.await.expect("no panic");
        }
    }

    /// The part of the theoretical quota that was used, and of calls that was refused; printed.
    fn result(&self, name: &str, span: Duration) -> (f64, f64, Duration) {
        let tally = self.tally.lock().expect("not poisoned");
        let theoretical = self.limiter.lock().expect("not poisoned").theoretical(span);
        let (used, calls) = (tally.used / theoretical, tally.answered + tally.refused);
        let refused = tally.refused as f64 / calls as f64;
        println!(
            "{name}: {:.0} of {theoretical:.0} used ({:.2} %), {} of {calls} calls refused ({:.3} %), {} pushes waited {:?} at \
             most, {} round trips",
            tally.used,
            used * 100.0,
            tally.refused,
            refused * 100.0,
            tally.pushes,
            tally.worst_push,
            self.store.calls(),
        );
        (used, refused, tally.worst_push)
    }
}

fn xero() -> [Limit; 3] {
    let minute = Limit::Calls { calls: 60, per: Duration::from_secs(60) };
    let day = Limit::Calls { calls: 5000, per: Duration::from_secs(86_400) };
    [minute, day, Limit::Concurrent(5)]
}

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn all_of_xeros_limits_at_once() {
    for (name, processes, span) in
        [("xero, an hour", 1, HOUR), ("xero, two days", 1, 48 * HOUR), ("xero, three processes", 3, HOUR)]
    {
        let scene = Scene::new(Limiter::xero(XeroLimits::default()), &xero(), processes, PLAIN, span);
        let per_push = if span > HOUR { 864 } else { 50 };
        scene.run(8, Duration::from_secs(per_push)).await;
        let (used, refused, push) = scene.result(name, span);
        assert!(used >= 0.97, "{name}: {used:.4} used");
        assert!(refused <= 0.001, "{name}: {refused:.5} refused");
        assert!(push <= Duration::from_secs(2), "{name}: a push waited {push:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn shopifys_points() {
    let calls = Calls { points: 100, ..PLAIN };
    let limits = [Limit::Points { maximum: 2000.0, restore_per_second: 100.0 }];
    for processes in [1, 3] {
        let limiter = Limiter::shopify(CostLimits::default(), DateTime::UNIX_EPOCH);
        let scene = Scene::new(limiter, &limits, processes, calls, HOUR);
        scene.run(8, Duration::from_secs(50)).await;
        let (used, refused, push) = scene.result("shopify", HOUR);
        assert!(used >= 0.97 && refused <= 0.001, "{used:.4} used, {refused:.5} refused");
        assert!(push <= Duration::from_secs(2), "a push waited {push:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn amazons_operations() {
    for (operation, path, per_second, burst) in [
        ("searchCatalogItems", "/catalog/2022-04-01/items", 2.0, 2),
        ("getInventorySummaries", "/fba/inventory/v1/summaries", 2.0, 2),
        ("searchListingsItems", "/listings/2021-08-01/items/A1", 5.0, 5),
    ] {
        let calls = Calls { operation, ..PLAIN };
        let limits = [Limit::Operation { operation, per_second, burst }];
        let scene = Scene::new(Limiter::amazon(path).expect("served"), &limits, 1, calls, HOUR);
        scene.run(8, Duration::from_secs(25)).await;
        let (used, refused, push) = scene.result(operation, HOUR);
        assert!(used >= 0.97 && refused <= 0.001, "{operation}: {used:.4} used, {refused:.5} refused");
        assert!(push <= Duration::from_secs(2), "{operation}: a push waited {push:?}");
    }
}

/// One call in three minutes: a push cannot be served by what comes back, so a call of the burst is kept for it.
#[tokio::test(start_paused = true)]
async fn the_orders_search_keeps_one_call_of_its_burst() {
    let calls = Calls { operation: "searchOrders", ..PLAIN };
    let limits = [Limit::Operation { operation: "searchOrders", per_second: 0.0056, burst: 20 }];
    let limiter = Limiter::amazon("/orders/2026-01-01/orders").expect("served");
    let scene = Scene::new(limiter, &limits, 1, calls, 24 * HOUR);
    scene.run(2, 2 * HOUR).await;
    let (used, refused, push) = scene.result("searchOrders", 24 * HOUR);
    assert!(used >= 0.95 && refused <= 0.002, "{used:.4} used, {refused:.5} refused");
    assert!(push <= Duration::from_secs(2), "a push waited {push:?}");
}
