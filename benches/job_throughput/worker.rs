//! The loop that drives both queues: it takes jobs for its free slots and ends each of them.

use std::{
    io::BufRead,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::{Keeper, bare::Bare, ours::Ours};

/// Jobs that a worker runs at once.
pub(crate) const SLOTS: usize = 16;

/// How long an idle worker waits before it looks again.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// How often a worker looks again before it takes the queue for empty: jobs may wait for another worker's lanes.
const LOOKS: usize = 20;

/// Where jobs come from.
pub(crate) trait Queue: Clone + Send + 'static {
    /// A job that was taken.
    type Taken: Send + 'static;

    /// Takes jobs, so many at most.
    fn claim(&self, limit: usize) -> impl Future<Output = Vec<Self::Taken>> + Send;

    /// Ends a job.
    fn finish(&self, taken: Self::Taken) -> impl Future<Output = ()> + Send;

    /// Which job it is, as its producer counts.
    fn number(taken: &Self::Taken) -> usize;

    /// Waits until there may be jobs. Both queues look again after a while; a queue that tells of new jobs is waited for
    /// here.
    fn wait(&self) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(POLL)
    }
}

/// What a worker is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) keeper: Keeper,
    pub(crate) url: String,
    pub(crate) name: String,
    /// Until it is told to stop, not until the queue is empty.
    pub(crate) stays: bool,
}

/// What a worker says at its end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) done: usize,
    /// When the last job ended: microseconds of the machine's clock.
    pub(crate) ended: u64,
    pub(crate) cpu_seconds: f64,
    /// Which job was taken when, of a worker that stays.
    pub(crate) taken: Vec<(usize, u64)>,
}

pub(crate) fn micros() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_micros() as u64
}

pub(crate) async fn run(order: &str) {
    let order: Order = serde_json::from_str(order).expect("set by the parent");
    match order.keeper {
        Keeper::Ours => work(Ours::connect(&order).await, order).await,
        Keeper::Bare => work(Bare::connect(&order).await, order).await,
    }
}

async fn work<Q: Queue>(queue: Q, order: Order) {
    // Connections and plans as after a while of work.
    take_all(&queue, false, &AtomicBool::new(true)).await;
    println!("ready");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).expect("the parent's word");
    let stopped = Arc::new(AtomicBool::new(!order.stays));
    let stop = stopped.clone();
    std::thread::spawn(move || {
        // The next word, or the end of the parent.
        let _ = std::io::stdin().lock().read_line(&mut String::new());
        stop.store(true, Ordering::Relaxed);
    });
    let before = cpu_seconds("self");
    let mut report = take_all(&queue, order.stays, &stopped).await;
    report.cpu_seconds = cpu_seconds("self") - before;
    println!("{}", serde_json::to_string(&report).expect("plain numbers"));
}

async fn take_all<Q: Queue>(queue: &Q, stays: bool, stopped: &AtomicBool) -> Report {
    let mut report = Report { done: 0, ended: 0, cpu_seconds: 0.0, taken: Vec::new() };
    let mut running = JoinSet::new();
    let mut empty = 0;
    while empty < LOOKS || !stopped.load(Ordering::Relaxed) {
        let claimed = queue.claim(SLOTS - running.len()).await;
        let now = micros();
        empty = if claimed.is_empty() { empty + 1 } else { 0 };
        for taken in claimed {
            if stays {
                report.taken.push((Q::number(&taken), now));
            }
            let queue = queue.clone();
            running.spawn(async move { queue.finish(taken).await });
        }
        if running.is_empty() {
            queue.wait().await;
        }
        // A claim costs several jobs' worth, so it waits for half the slots.
        while running.len() > SLOTS / 2 || (empty > 0 && !running.is_empty()) {
            running.join_next().await.expect("one runs").expect("a job that ends");
            report.done += 1;
            report.ended = micros();
        }
    }
    report
}

/// CPU time of a process so far.
pub(crate) fn cpu_seconds(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
