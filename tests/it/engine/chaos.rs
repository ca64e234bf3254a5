//! Kill them and see: workers on one database are killed at named stages and at random, while the universe moves on.
//!
//! In the end every job has had its effect exactly once, none is stuck, and the tables equal the universe's own truth.
//! The test command kills a seeded share; SENTIA_SOAK=1 kills the full number.

use std::{process::Child, time::Duration};

use sentia::{
    JobStore, Store,
    clock::{Clock, SystemClock},
    engine::SyncOrder,
    job::{Job, JobFilter, JobState, NewJob},
    testing::crash::{JOB_STAGES, STAGES},
};
use sentia_sandbox::{Sandbox, Size};

use super::worker::{self, Shop, TABLES, Task};
use crate::{
    database::{Database, on_both, variable},
    truth::{Vanished, shop_is_true},
};

const SHOPS: [&str; 2] = ["shopify-uk", "shopify-usa"];

/// How often each stage's worker is started before it counts as never hit.
const STARTS: u32 = 5;

/// A number generator whose seed is printed: SplitMix64, by its published constants.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

struct Scene {
    sandbox: Sandbox,
    database: Database,
    store: Store,
    task: Task,
    workers: Vec<Child>,
    posted: i64,
    orders: u64,
}

impl Drop for Scene {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

impl Scene {
    async fn new(database: Database) -> Self {
        let sandbox = Sandbox::start(61, Size::tiny()).await.expect("the twins start");
        let shops = [(SHOPS[0], sandbox.shopify_uk()), (SHOPS[1], sandbox.shopify_usa())];
        let shops = shops.map(|(connection, twin)| {
            twin.set_pacing(sentia_sandbox::Pacing::Lifted);
            Shop {
                connection: connection.to_owned(),
                domain: twin.shop_domain().to_owned(),
                token: twin.access_token().to_owned(),
                base_url: twin.base_url().to_owned(),
            }
        });
        let store = database.store().await;
        for table in TABLES {
            database.execute(table).await;
        }
        let task = Task { database_url: database.url.clone(), shops: shops.into() };
        Scene { sandbox, database, store, task, workers: Vec::new(), posted: 0, orders: 0 }
    }

    /// Orders postings of several tenants, some of them one after the other in a lane.
    async fn order(&mut self, jobs: u64) {
        let order = |at: u64| {
            let job = NewJob::new(format!("t{}", at % 7), "post", at.to_string());
            if at.is_multiple_of(3) { job.lane("books") } else { job }
        };
        let orders: Vec<NewJob> = (self.orders..self.orders + jobs).map(order).collect();
        self.posted += (self.orders..self.orders + jobs).sum::<u64>() as i64;
        self.orders += jobs;
        let enqueued = self.store.enqueue(&orders, SystemClock.now()).await.expect("enqueue");
        assert_eq!(enqueued.len() as u64, jobs);
    }

    /// Orders a full pass of each shop, which sweeps what vanished.
    async fn order_full(&self) {
        let order = |shop: &str| SyncOrder::everything(shop).job("default").expect("an order");
        let enqueued = self.store.enqueue(&SHOPS.map(order), SystemClock.now()).await.expect("enqueue");
        assert_eq!(enqueued.len(), SHOPS.len());
    }

    /// Waits for a worker to end itself; none where it does not within half a minute.
    async fn ends(&self, worker: &mut Child) -> bool {
        for _ in 0..300 {
            if worker.try_wait().expect("a child").is_some() {
                return true;
            }
            pause(100).await;
        }
        false
    }

    /// A worker that ends itself at this stage, and is replaced.
    async fn kill_at(&mut self, stage: &str) {
        for nth in 1..=STARTS {
            self.order(10).await;
            self.order_full().await;
            self.sandbox.evolve();
            let mut worker = worker::start(&self.task, Some(&format!("{stage}:{nth}")));
            let has_ended = self.ends(&mut worker).await;
            let _ = worker.kill();
            let status = worker.wait().expect("a child");
            if has_ended {
                use std::os::unix::process::ExitStatusExt;
                assert_eq!(status.signal(), Some(9), "it was killed and did not fail: {stage}");
                return;
            }
        }
        panic!("the stage {stage} was never hit");
    }

    async fn kill_one(&mut self, random: &mut Seeded) {
        pause(50 + random.below(400)).await;
        let at = random.below(self.workers.len() as u64) as usize;
        self.workers[at].kill().expect("it ran");
        self.workers[at].wait().expect("a child");
        self.workers[at] = worker::start(&self.task, None);
    }

    /// Waits until nothing is left to do but what falls due again and again.
    async fn settles(&self) {
        let filter =
            |state| JobFilter { kind: Some("post".into()), state: Some(state), ..JobFilter::default() };
        for _ in 0..1_200 {
            let mut left = 0;
            for state in [JobState::Queued, JobState::Running] {
                left += self.store.list(&filter(state)).await.expect("list").len();
            }
            if left == 0 {
                return;
            }
            pause(100).await;
        }
        let stuck = self.store.list(&filter(JobState::Queued)).await.expect("list");
        panic!("jobs are stuck after two minutes: {:#?}", stuck.iter().take(3).collect::<Vec<_>>());
    }

    /// Waits until each shop was read whole after now.
    async fn is_read(&self, connection: &str) {
        let runs = format!(
            "SELECT CAST(count(*) AS text) FROM sentia_runs WHERE connection = '{connection}' AND outcome = 'complete'"
        );
        let count = async || self.database.rows(&runs).await[0][0].parse::<u64>().expect("a number");
        let before = count().await;
        for _ in 0..600 {
            if count().await >= before + 2 {
                return;
            }
            pause(100).await;
        }
        panic!("{connection} was not read again within a minute");
    }

    async fn holds(mut self) {
        self.settles().await;
        self.order_full().await;
        self.settles().await;
        for shop in SHOPS {
            self.is_read(shop).await;
        }
        for mut worker in std::mem::take(&mut self.workers) {
            worker.kill().expect("it ran");
            worker.wait().expect("a child");
        }
        let balance = self.database.rows("SELECT CAST(balance AS text) FROM accounts").await;
        assert_eq!(balance[0][0], self.posted.to_string(), "every effect exactly once");
        let postings = self.database.rows("SELECT CAST(count(*) AS text) FROM postings").await;
        assert_eq!(postings[0][0], self.orders.to_string());
        let posts = JobFilter { kind: Some("post".into()), ..JobFilter::default() };
        let posts = self.store.list(&posts).await.expect("list");
        assert!(posts.iter().all(|job| job.state == JobState::Done), "{posts:#?}");
        let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
        // A sync that was killed as often as it may be tried is a dead letter, and the schedule orders another.
        let is_killed = |job: &Job| job.note.as_deref() == Some("its worker ended without a word");
        let dead = self.store.list(&dead).await.expect("list");
        assert!(dead.iter().all(is_killed), "no sync failed of itself: {dead:#?}");
        let twins = [self.sandbox.shopify_uk(), self.sandbox.shopify_usa()];
        for (twin, shop) in twins.into_iter().zip(SHOPS) {
            shop_is_true(&self.database, twin, shop, Vanished::MarkedWhereSeen).await;
        }
        let verified = self.store.verify().await.expect("verifies");
        assert!(verified.holds(), "{:#?}", verified.differences);
    }
}

#[allow(clippy::disallowed_methods, reason = "other processes work in real time")]
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

async fn kills(database: Database) {
    let is_soak = variable("SENTIA_SOAK").is_some();
    let random_kills = if is_soak { 500 } else { 15 };
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut random = Seeded(seed);
    let mut scene = Scene::new(database).await;
    for stage in JOB_STAGES.iter().chain(&STAGES) {
        scene.kill_at(stage).await;
    }
    scene.workers = (0..3).map(|_| worker::start(&scene.task, None)).collect();
    for kill in 0..random_kills {
        if kill % 5 == 0 {
            scene.order(20).await;
            scene.order_full().await;
            scene.sandbox.evolve();
        }
        scene.kill_one(&mut random).await;
    }
    scene.holds().await;
}

on_both!(
    /// Three workers are killed again and again over a queue of syncs and postings.
    every_effect_exactly_once_through_kills,
    super::kills
);
