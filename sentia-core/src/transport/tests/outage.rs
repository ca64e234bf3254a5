//! A total outage under many callers, in virtual time, through the layers that meet it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use super::super::{
    BreakerPolicy, Breakers, Meter, Request, Response, RetryPolicy, Transport,
    circuit_breaker::CircuitBreaker,
    retry::Retry,
    scripted::{ok, request},
};
use crate::{
    Error, ErrorKind, Result,
    clock::{Clock, RuntimeClock},
};
use async_trait::async_trait;

const CALLERS: u64 = 50;
/// How long an answer takes, and how long a caller then pauses.
const ANSWER: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(900);
const HEALTHY: Duration = Duration::from_secs(60);
const OUTAGE: Duration = Duration::from_secs(600);

/// Answers, or is down.
#[derive(Debug)]
struct Vendor {
    clock: Arc<RuntimeClock>,
    is_down: AtomicBool,
    reached: AtomicU64,
}

#[async_trait]
impl Transport for Vendor {
    async fn call(&self, _: Request) -> Result<Response> {
        self.reached.fetch_add(1, SeqCst);
        self.clock.sleep(ANSWER).await;
        match self.is_down.load(SeqCst) {
            true => Err(Error::new(ErrorKind::Unavailable, "down")),
            false => ok(),
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

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied_and_its_end_is_found_soon() {
    let clock = Arc::new(RuntimeClock::default());
    let vendor = Arc::new(Vendor {
        clock: clock.clone(),
        is_down: AtomicBool::new(false),
        reached: AtomicU64::new(0),
    });
    let policy = BreakerPolicy::default();
    let probe_interval = policy.open;
    let breaker = CircuitBreaker::new(vendor.clone(), Breakers::new(policy, clock.clone()));
    let stack = Arc::new(Retry::new(breaker, RetryPolicy::default(), clock.clone(), Meter::default()));
    let callers = Arc::new(Callers::default());
    for caller in 0..CALLERS {
        let (stack, callers, clock) = (stack.clone(), callers.clone(), clock.clone());
        tokio::spawn(async move {
            clock.sleep(PAUSE.mul_f64(caller as f64 / CALLERS as f64)).await;
            loop {
                callers.made.fetch_add(1, SeqCst);
                let answer = stack.call(request()).await;
                callers.answered.fetch_add(u64::from(answer.is_ok()), SeqCst);
                clock.sleep(PAUSE).await;
            }
        });
    }
    clock.sleep(HEALTHY).await;
    let healthy = callers.take().1 as f64 / HEALTHY.as_secs_f64();

    vendor.is_down.store(true, SeqCst);
    vendor.reached.store(0, SeqCst);
    clock.sleep(OUTAGE).await;
    let (made, reached) = (callers.take().0, vendor.reached.load(SeqCst));
    let amplification = reached as f64 / made as f64;

    vendor.is_down.store(false, SeqCst);
    clock.sleep(2 * probe_interval).await;
    callers.take();
    clock.sleep(HEALTHY).await;
    let recovered = callers.take().1 as f64 / HEALTHY.as_secs_f64();
    println!(
        "healthy {healthy:.1} answers/s; outage: {made} calls made, {reached} reached the vendor ({amplification:.3}); after two \
         probe intervals {recovered:.1} answers/s"
    );
    assert!(amplification <= 1.05, "{reached} calls for {made}");
    assert!(recovered >= 0.9 * healthy, "{recovered} of {healthy} answers a second");
}
