//! The circuit breaker: no order of steps sends a second probe, keeps it half open, or lets an old answer move it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use http::{HeaderMap, Method, StatusCode};
use sentia_core::{
    Error, ErrorKind, Result,
    clock::Clock,
    testing::MemoryStateStore,
    transport::{
        BreakerPolicy, Over, Phase, Request, Response, RetryPolicy, Stack, Transport, TransportPolicy,
    },
};
use shuttle::rand::Rng;
use shuttle_tokio::{
    sync::Semaphore,
    task::{JoinHandle, spawn, yield_now},
};

use super::{check, time::Jumping};

const CLASS: &str = "api.example";
const OPEN: Duration = Duration::from_secs(30);
const LEASE: Duration = Duration::from_secs(90);

/// A vendor that is up or down, whose answers come when they are let go.
#[derive(Debug)]
struct Vendor {
    is_up: AtomicBool,
    calls: AtomicUsize,
    answers: Semaphore,
    /// For `/slow` alone.
    slow: Semaphore,
}

#[derive(Debug, Clone)]
struct Line(Arc<Vendor>);

#[async_trait]
impl Transport for Line {
    async fn call(&self, request: Request) -> Result<Response> {
        self.0.calls.fetch_add(1, SeqCst);
        // What it answers is settled when the call arrives.
        let is_up = self.0.is_up.load(SeqCst);
        let answers = if request.url.path() == "/slow" { &self.0.slow } else { &self.0.answers };
        answers.acquire().await.expect("never closed").forget();
        match is_up {
            true => Ok(Response::new(StatusCode::OK, HeaderMap::new(), "{}".into())),
            false => Err(Error::new(ErrorKind::Unavailable, "down")),
        }
    }
}

/// Two processes that share their breakers.
struct Fleet {
    clock: Arc<Jumping>,
    vendor: Arc<Vendor>,
    processes: Vec<Stack>,
}

fn policy() -> TransportPolicy {
    let breaker = BreakerPolicy {
        over: Over::Calls(2),
        minimum_calls: 1,
        open: OPEN,
        probe_lease: LEASE,
        ..BreakerPolicy::default()
    };
    let retry = RetryPolicy { max_attempts: 1, ..RetryPolicy::default() };
    TransportPolicy { breaker, retry, ..TransportPolicy::default() }
}

impl Fleet {
    fn start() -> Self {
        let (clock, states) = (Arc::new(Jumping::default()), Arc::new(MemoryStateStore::default()));
        let (answers, slow) = (Semaphore::new(0), Semaphore::new(0));
        let vendor = Arc::new(Vendor { is_up: true.into(), calls: 0.into(), answers, slow });
        let line = Line(vendor.clone());
        let process =
            || Stack::shared_around(line.clone(), policy(), clock.clone(), states.clone(), "acme/x");
        let processes = vec![process(), process()];
        Fleet { clock, vendor, processes }
    }

    /// A vendor that is down, and breakers that have heard of it.
    async fn down() -> Self {
        let fleet = Fleet::start();
        fleet.vendor.is_up.store(false, SeqCst);
        fleet.vendor.answers.add_permits(1);
        fleet.call(0).await.expect("joins").expect_err("down");
        assert!(matches!(fleet.phase(0), Phase::Open { .. }));
        fleet
    }

    fn call(&self, process: usize) -> JoinHandle<Result<Response>> {
        self.call_for(process, "orders")
    }

    fn call_for(&self, process: usize, path: &str) -> JoinHandle<Result<Response>> {
        let stack = self.processes[process].clone();
        let url = format!("https://{CLASS}/{path}").parse().expect("a URL");
        spawn(async move { stack.transport.call(Request::new(Method::GET, url)).await })
    }

    fn phase(&self, process: usize) -> Phase {
        self.processes[process].breakers.states()[CLASS].phase.clone()
    }

    fn later(&self, wait: Duration) {
        self.clock.to(self.clock.now() + wait);
    }

    fn calls(&self) -> usize {
        self.vendor.calls.load(SeqCst)
    }

    /// Calls pass again, by both processes.
    async fn works(&self) {
        // What is known of the other process's state may be five seconds old.
        self.later(Duration::from_secs(6));
        for process in [0, 1] {
            self.vendor.answers.add_permits(1);
            self.call(process).await.expect("joins").expect("the vendor is back");
        }
    }
}

/// Four callers of two processes meet a breaker that may probe: one call is sent.
#[test]
fn one_probe_is_sent_over_all_processes() {
    check(async || {
        let fleet = Fleet::down().await;
        fleet.vendor.is_up.store(true, SeqCst);
        fleet.later(OPEN);
        let before = fleet.calls();
        let callers: Vec<_> = (0..4).map(|at| fleet.call(at % 2)).collect();
        // The probe's answer is kept back until the others have been told.
        while callers.iter().filter(|caller| caller.is_finished()).count() < 3 {
            assert!(fleet.calls() - before <= 1, "a second probe was sent");
            yield_now().await;
        }
        fleet.vendor.answers.add_permits(1);
        let mut answered = 0;
        for caller in callers {
            answered += usize::from(caller.await.expect("joins").is_ok());
        }
        assert_eq!(answered, 1, "the probe's");
        fleet.works().await;
    });
}

/// The caller of a probe leaves, wherever it stands: the place is free when the lease ends at the latest.
#[test]
fn a_probe_that_is_lost_keeps_nothing_half_open() {
    check(async || {
        let fleet = Fleet::down().await;
        fleet.vendor.is_up.store(true, SeqCst);
        fleet.later(OPEN);
        let probe = fleet.call(0);
        yield_now().await;
        probe.abort();
        let _ = probe.await;
        fleet.later(LEASE);
        fleet.vendor.answers.add_permits(1);
        fleet.call(1).await.expect("joins").expect("it is the probe");
        fleet.works().await;
    });
}

/// An answer to a call from before it opened arrives while a probe finds out: the probe alone decides.
#[test]
fn an_old_answer_moves_no_new_state() {
    check(async || {
        let fleet = Fleet::start();
        let is_up = shuttle::rand::thread_rng().gen_bool(0.5);
        let prober = usize::from(shuttle::rand::thread_rng().gen_bool(0.5));
        // The old answer says the opposite of what the probe will find.
        fleet.vendor.is_up.store(!is_up, SeqCst);
        let old = fleet.call_for(0, "slow");
        while fleet.calls() < 1 {
            yield_now().await;
        }
        fleet.vendor.is_up.store(false, SeqCst);
        fleet.vendor.answers.add_permits(1);
        fleet.call(0).await.expect("joins").expect_err("down");
        fleet.later(OPEN);
        fleet.vendor.is_up.store(is_up, SeqCst);
        let probe = fleet.call(prober);
        fleet.vendor.slow.add_permits(1);
        fleet.vendor.answers.add_permits(1);
        assert_eq!(probe.await.expect("joins").is_ok(), is_up);
        assert_eq!(old.await.expect("joins").is_ok(), !is_up);
        assert_eq!(fleet.phase(prober) == Phase::Closed, is_up, "{:?}", fleet.phase(prober));
        // The other process hears the same, from the store or by its next call.
        fleet.later(Duration::from_secs(6));
        for process in [0, 1] {
            fleet.vendor.answers.add_permits(1);
            assert_eq!(fleet.call(process).await.expect("joins").is_ok(), is_up, "{process}");
        }
    });
}
