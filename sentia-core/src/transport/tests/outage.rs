//! Total outages under many callers of three processes, in virtual time, through whole stacks that share one store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;

use super::super::{
    Request, Response, Stack, Transport, TransportPolicy,
    scripted::{ok, request},
};
use crate::{
    Error, ErrorKind, Result,
    clock::{Clock, RuntimeClock},
    sync::Mutex,
    testing::MemoryStateStore,
};

const PROCESSES: usize = 3;
/// Of each process.
const CALLERS: u64 = 50;
/// How long an answer takes, and how long a caller then pauses.
const ANSWER: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(900);
const HEALTHY: Duration = Duration::from_secs(60);
const OUTAGE: Duration = Duration::from_secs(600);

/// How a vendor is down.
#[derive(Debug, Clone, Copy)]
enum Down {
    /// It answers that it is.
    Refuses,
    /// It never answers.
    Hangs,
    /// Every other call hangs.
    Both,
}

/// Answers, or is down.
#[derive(Debug)]
struct Vendor {
    clock: Arc<RuntimeClock>,
    down: Mutex<Option<Down>>,
    reached: AtomicU64,
}

impl Vendor {
    fn is(&self, down: Option<Down>) {
        *self.down.lock().expect("one thread") = down;
    }
}

#[async_trait]
impl Transport for Vendor {
    async fn call(&self, _: Request) -> Result<Response> {
        let call = self.reached.fetch_add(1, SeqCst);
        let down = *self.down.lock().expect("one thread");
        self.clock.sleep(ANSWER).await;
        match down {
            None => ok(),
            Some(Down::Hangs) => std::future::pending().await,
            Some(Down::Both) if call.is_multiple_of(2) => std::future::pending().await,
            Some(_) => Err(Error::new(ErrorKind::Unavailable, "down")),
        }
    }
}

#[derive(Debug, Default)]
struct Callers {
    made: AtomicU64,
    answered: AtomicU64,
}

impl Callers {
    fn take(&self) -> (u64, u64) {
        (self.made.swap(0, SeqCst), self.answered.swap(0, SeqCst))
    }
}

/// Many callers of three processes that share their breakers, at one vendor.
struct Fleet {
    clock: Arc<RuntimeClock>,
    vendor: Arc<Vendor>,
    callers: Arc<Callers>,
    stacks: Vec<Stack>,
}

impl Fleet {
    fn start() -> Self {
        let clock = Arc::new(RuntimeClock::default());
        let vendor =
            Arc::new(Vendor { clock: clock.clone(), down: Mutex::new(None), reached: AtomicU64::new(0) });
        let (callers, states) = (Arc::new(Callers::default()), MemoryStateStore::default());
        let stack = |_| {
            let policy = TransportPolicy::default();
            Stack::shared_around(vendor.clone(), policy, clock.clone(), Arc::new(states.clone()), "t/c")
        };
        let stacks: Vec<Stack> = (0..PROCESSES).map(stack).collect();
        for stack in &stacks {
            for caller in 0..CALLERS {
                let (stack, callers, clock) = (stack.clone(), callers.clone(), clock.clone());
                tokio::spawn(async move {
                    clock.sleep(PAUSE.mul_f64(caller as f64 / CALLERS as f64)).await;
                    loop {
                        callers.made.fetch_add(1, SeqCst);
                        let answer = stack.transport.call(request()).await;
                        callers.answered.fetch_add(u64::from(answer.is_ok()), SeqCst);
                        clock.sleep(PAUSE).await;
                    }
                });
            }
        }
        Fleet { clock, vendor, callers, stacks }
    }

    /// Answers a second, over the time of a healthy phase.
    async fn throughput(&self) -> f64 {
        self.callers.take();
        self.clock.sleep(HEALTHY).await;
        self.callers.take().1 as f64 / HEALTHY.as_secs_f64()
    }
}

/// Plays an outage, whose probes take from `quickest` to `slowest` to fail. From one probe to the next it takes that and what
/// the breaker stays open for.
async fn outage(down: Down, quickest: Duration, slowest: Duration) {
    let fleet = Fleet::start();
    let healthy = fleet.throughput().await;

    fleet.vendor.is(Some(down));
    fleet.vendor.reached.store(0, SeqCst);
    fleet.callers.take();
    fleet.clock.sleep(OUTAGE).await;
    let (made, reached) = (fleet.callers.take().0, fleet.vendor.reached.load(SeqCst));
    let amplification = reached as f64 / made as f64;
    let sum = |count: fn(&Stack) -> u64| fleet.stacks.iter().map(count).sum::<u64>();
    let (opened, probed) =
        (sum(|stack| stack.breakers.counts().opened), sum(|stack| stack.breakers.counts().probed));

    fleet.vendor.is(None);
    let open = TransportPolicy::default().breaker.open;
    let interval = open + slowest;
    fleet.clock.sleep(2 * interval).await;
    let recovered = fleet.throughput().await;
    println!(
        "{down:?}: healthy {healthy:.1} answers/s; outage: {made} calls made, {reached} reached the vendor \
         ({amplification:.3}), {probed} of them probes, opened {opened} times; after two probe intervals of {interval:?} \
         {recovered:.1} answers/s"
    );
    assert!(amplification <= 1.05, "{reached} calls for {made}");
    assert!(recovered >= 0.9 * healthy, "{recovered} of {healthy} answers a second");
    // Were breakers not shared, each process would probe for itself.
    let most = OUTAGE.as_secs_f64() / (open + quickest).as_secs_f64() + 2.0;
    assert!(probed as f64 <= most, "{probed} probes in {OUTAGE:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied_and_its_end_is_found_soon() {
    outage(Down::Refuses, ANSWER, ANSWER).await;
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_hangs_is_not_called_more_often() {
    let timeout = TransportPolicy::default().timeout;
    outage(Down::Hangs, timeout, timeout).await;
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_hangs_or_refuses_is_not_called_more_often() {
    outage(Down::Both, ANSWER, TransportPolicy::default().timeout).await;
}
