//! One vendor or account that hangs, beside others that do not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, extract::State, http::HeaderMap, routing::get};
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};

use super::super::{
    BreakerPolicy, Limit, Request, Response, RetryPolicy, Stack, Transport, TransportPolicy,
    scripted::{ok, request},
};
use crate::{
    Error, ErrorKind, Result,
    clock::{RuntimeClock, SystemClock},
    testing::MemoryStateStore,
};

/// What the slow account may call at once, and who would like to.
const AT_ONCE: u64 = 4;
const CALLERS: usize = 40;
/// Calls of each of those who are not slow.
const SERVED: usize = 200;
/// No test waits for it unless something hangs that must not.
const TOO_LONG: Duration = Duration::from_secs(60);

/// A vendor on a socket that never answers an account named `slow` while it hangs.
#[derive(Debug, Default)]
struct Vendor {
    hangs: AtomicBool,
    /// Requests of the slow account that came, and those that have not been given up.
    came: AtomicU64,
    held: AtomicU64,
    arrived: Notify,
}

/// Counts a request until its connection is given up.
struct Holding(Arc<Vendor>);

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, SeqCst);
    }
}

async fn answer(State(vendor): State<Arc<Vendor>>, headers: HeaderMap) -> &'static str {
    if headers["account"] != "slow" {
        return "{}";
    }
    vendor.came.fetch_add(1, SeqCst);
    vendor.held.fetch_add(1, SeqCst);
    let _holding = Holding(vendor.clone());
    vendor.arrived.notify_one();
    if vendor.hangs.load(SeqCst) {
        std::future::pending::<()>().await;
    }
    "{}"
}

impl Vendor {
    async fn serve() -> (Arc<Self>, String) {
        let vendor = Arc::new(Vendor { hangs: AtomicBool::new(true), ..Vendor::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let app = Router::new().route("/", get(answer)).with_state(vendor.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (vendor, url)
    }

    async fn has_come(&self, requests: u64) {
        while self.came.load(SeqCst) < requests {
            tokio::time::timeout(TOO_LONG, self.arrived.notified()).await.expect("the slow calls arrive");
        }
    }
}

fn stack(account: &str, states: &MemoryStateStore, policy: TransportPolicy) -> Stack {
    Stack::shared(policy, Arc::new(SystemClock), Arc::new(states.clone()), account).expect("TLS roots")
}

async fn ask(stack: &Stack, url: &str, account: &'static str) -> Result<()> {
    stack.http().get(url).header("account", account).send().await.map(drop)
}

fn callers(stack: &Stack, url: &str, count: usize) -> JoinSet<Result<()>> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let (stack, url) = (stack.clone(), url.to_owned());
        calls.spawn(async move { ask(&stack, &url, "slow").await });
    }
    calls
}

fn at_once() -> TransportPolicy {
    TransportPolicy { limits: vec![Limit::Concurrent(AT_ONCE as usize)], ..TransportPolicy::default() }
}

/// Permits that calls hold, once what no call holds was given back.
async fn permits(stack: &Stack) -> f64 {
    stack.planner.release().await;
    stack.planner.levels().iter().map(|level| level.used).sum()
}

#[tokio::test]
async fn an_account_that_hangs_takes_nothing_of_another_account_or_vendor() {
    let ((vendor, url), (_, other_vendor)) = (Vendor::serve().await, Vendor::serve().await);
    let states = MemoryStateStore::default();
    let patient = stack("slow/c", &states, at_once());
    let mut hanging = callers(&patient, &url, CALLERS);
    vendor.has_come(AT_ONCE).await;

    // A second account at the slow vendor, and one at another, one call after the other: each has its own permits.
    let healthy =
        [(stack("quick/c", &states, at_once()), &url), (stack("slow/d", &states, at_once()), &other_vendor)];
    for (stack, url) in &healthy {
        for _ in 0..SERVED {
            ask(stack, url, "quick").await.expect("served");
        }
        assert_eq!((stack.meter.usage().calls, permits(stack).await), (SERVED as u64, 0.0));
    }

    assert!(hanging.try_join_next().is_none(), "all of them hang meanwhile");
    assert_eq!(
        (vendor.came.load(SeqCst), vendor.held.load(SeqCst)),
        (AT_ONCE, AT_ONCE),
        "each place is taken"
    );
    hanging.shutdown().await;
    assert_eq!(permits(&patient).await, 0.0, "all permits are back");

    let policy = TransportPolicy { deadline: Duration::from_secs(1), ..at_once() };
    let slow = stack("slow/c", &states, policy);
    let mut hanging = callers(&slow, &url, CALLERS);
    for _ in 0..CALLERS {
        let ended = tokio::time::timeout(TOO_LONG, hanging.join_next()).await.expect("by its deadline");
        let error = ended.expect("a caller").expect("no panic").expect_err("never answered");
        assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Timeout, false), "{error}");
    }
    assert_eq!(
        (slow.meter.counts().deadlines, permits(&slow).await),
        (CALLERS as u64, 0.0),
        "all permits are back"
    );

    vendor.hangs.store(false, SeqCst);
    let mut again = callers(&slow, &url, CALLERS);
    while let Some(ended) = again.join_next().await {
        ended.expect("no panic").expect("served");
    }
}

#[tokio::test]
async fn without_a_limit_of_the_vendors_a_connection_is_bounded_all_the_same() {
    let (vendor, url) = Vendor::serve().await;
    let states = MemoryStateStore::default();
    let slow = stack("slow/c", &states, TransportPolicy { max_at_once: 8, ..TransportPolicy::default() });
    let mut hanging = callers(&slow, &url, CALLERS);
    vendor.has_come(8).await;
    let other = stack("quick/c", &states, TransportPolicy { max_at_once: 1, ..TransportPolicy::default() });
    for _ in 0..SERVED {
        ask(&other, &url, "quick").await.expect("served");
    }
    assert_eq!((vendor.came.load(SeqCst), vendor.held.load(SeqCst)), (8, 8));
    assert!(hanging.try_join_next().is_none(), "all of them hang meanwhile");
    hanging.shutdown().await;
    vendor.hangs.store(false, SeqCst);
    ask(&slow, &url, "slow").await.expect("the places are free");
}

#[tokio::test]
async fn callers_that_go_away_leave_no_permit_and_no_probe_behind() {
    let (vendor, url) = Vendor::serve().await;
    // One call that times out opens it, and its probes have leases that outlive the test.
    let breaker = BreakerPolicy {
        minimum_calls: 1,
        open: Duration::from_millis(50),
        probe_lease: Duration::from_secs(3600),
        ..BreakerPolicy::default()
    };
    let policy =
        TransportPolicy { timeout: Duration::from_millis(100), breaker: breaker.clone(), ..at_once() };
    let states = MemoryStateStore::default();
    let opening = stack("slow/c", &states, policy);
    let mut first = callers(&opening, &url, 1);
    vendor.has_come(1).await;
    first.shutdown().await;
    assert_eq!(permits(&opening).await, 0.0, "a caller that went away");

    let mut failing = callers(&opening, &url, 1);
    while opening.breakers.counts().opened == 0 {
        tokio::task::yield_now().await;
    }
    failing.shutdown().await;

    let patient = stack("slow/c", &states, TransportPolicy { breaker, ..at_once() });
    let mut probing = callers(&patient, &url, CALLERS);
    while patient.breakers.counts().probed == 0 {
        tokio::task::yield_now().await;
    }
    probing.shutdown().await;
    // One process after the other gives back what its calls held.
    permits(&patient).await;
    assert_eq!(permits(&opening).await, 0.0, "callers that went away");

    vendor.hangs.store(false, SeqCst);
    let answered = tokio::time::timeout(TOO_LONG, ask(&patient, &url, "slow")).await;
    answered.expect("no probe's place is left taken").expect("served");
    assert!(patient.breakers.down().is_empty(), "{:?}", patient.breakers);
}

/// Never answers, and counts.
#[derive(Debug, Default)]
struct Silent(AtomicU64);

#[async_trait]
impl Transport for Silent {
    async fn call(&self, _: Request) -> Result<Response> {
        self.0.fetch_add(1, SeqCst);
        std::future::pending().await
    }
}

/// Callers at a vendor that never answers, two at once, over these stacks; how many reached it.
async fn silence(vendor: &Silent, stacks: &[Stack], callers: usize) -> u64 {
    let mut calls = JoinSet::new();
    for call in 0..callers {
        let stack = stacks[call % stacks.len()].clone();
        calls.spawn(async move { stack.transport.call(request()).await });
    }
    let mut refused = 0;
    while let Some(ended) = calls.join_next().await {
        let error = ended.expect("no panic").expect_err("the vendor is silent");
        refused += u64::from(error.context_value("breaker").is_some());
    }
    let told: u64 = stacks.iter().map(|stack| stack.breakers.counts().refused).sum();
    let reached = vendor.0.load(SeqCst);
    assert_eq!((reached + refused, told), (callers as u64, refused));
    reached
}

fn two_at_once() -> TransportPolicy {
    TransportPolicy {
        limits: vec![Limit::Concurrent(2)],
        retry: RetryPolicy { max_attempts: 1, ..RetryPolicy::default() },
        ..TransportPolicy::default()
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_when_the_breaker_opens_is_not_sent() {
    let vendor = Arc::new(Silent::default());
    let stack = Stack::around(vendor.clone(), two_at_once(), Arc::new(RuntimeClock::default()));
    let reached = silence(&vendor, std::slice::from_ref(&stack), 500).await;
    // Ten timeouts open it; two calls are on their way meanwhile.
    assert!(reached <= 12, "{reached} of 500 calls reached a vendor that is down");
    assert_eq!(permits(&stack).await, 0.0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_hears_of_what_another_process_opened() {
    let vendor = Arc::new(Silent::default());
    let (clock, states) = (Arc::new(RuntimeClock::default()), Arc::new(MemoryStateStore::default()));
    let process = |breaker| {
        let policy = TransportPolicy { breaker, ..two_at_once() };
        Stack::shared_around(vendor.clone(), policy, clock.clone(), states.clone(), "t/c")
    };
    // The second never opens one itself, and nobody calls it anew.
    let processes = [process(BreakerPolicy::default()), process(BreakerPolicy::never())];
    let reached = silence(&vendor, &processes, 100).await;
    assert!(reached <= 40, "{reached} of 100 calls reached a vendor that is down");
    assert!(processes[1].breakers.counts().refused > 0, "{processes:?}");
}

/// Answers late, and counts how many calls are on their way.
#[derive(Debug, Default)]
struct Busy {
    now: AtomicU64,
    most: AtomicU64,
}

#[async_trait]
impl Transport for Busy {
    async fn call(&self, _: Request) -> Result<Response> {
        let now = self.now.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, SeqCst);
        match now % 7 {
            0 => Err(Error::new(ErrorKind::NotFound, "no")),
            _ => ok(),
        }
    }
}

#[tokio::test]
async fn by_default_no_more_than_64_calls_are_on_their_way() {
    let vendor = Arc::new(Busy::default());
    let stack = Stack::around(vendor.clone(), TransportPolicy::default(), Arc::new(SystemClock));
    let calls = (0..1000).map(|_| stack.transport.call(request()));
    let ended = futures::future::join_all(calls).await;
    assert_eq!((ended.len(), vendor.most.load(SeqCst)), (1000, 64));
}
