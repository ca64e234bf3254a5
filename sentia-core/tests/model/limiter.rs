//! The quota planner: no order of steps grants more than the limits, loses a wake-up or leaks a permit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use sentia_core::{
    clock::Clock,
    quota::{Claim, Planner, Seen, Urgency},
    testing::MemoryStateStore,
    transport::Limit,
};
use shuttle_tokio::task::{JoinHandle, spawn, yield_now};

use super::{check, time::Jumping};

const AT_ONCE: usize = 2;
const MINUTE: Duration = Duration::from_secs(60);

/// A vendor that counts for itself. Its own numbers are no steps of the checker.
#[derive(Debug, Default)]
struct Vendor {
    busy: AtomicUsize,
    most: AtomicUsize,
    calls: AtomicUsize,
    last: AtomicI64,
}

impl Vendor {
    async fn serve(&self, clock: &Jumping) {
        self.calls.fetch_add(1, SeqCst);
        self.last.fetch_max(clock.now().timestamp(), SeqCst);
        self.most.fetch_max(self.busy.fetch_add(1, SeqCst) + 1, SeqCst);
        yield_now().await;
        self.busy.fetch_sub(1, SeqCst);
    }
}

/// An account: what its limits are, who counts, and the planners of its processes.
struct Account {
    clock: Arc<Jumping>,
    vendor: Arc<Vendor>,
    processes: Vec<Planner>,
}

impl Account {
    fn alone(limits: Vec<Limit>) -> Self {
        let clock = Arc::new(Jumping::default());
        let processes = vec![Planner::new(limits, clock.clone())];
        Account { clock, vendor: Arc::default(), processes }
    }

    fn shared(limits: Vec<Limit>, processes: usize) -> Self {
        let (clock, store) = (Arc::new(Jumping::default()), Arc::new(MemoryStateStore::default()));
        let planner = || Planner::shared(limits.clone(), clock.clone(), store.clone(), "quota/acme/xero");
        let processes = (0..processes).map(|_| planner()).collect();
        Account { clock, vendor: Arc::default(), processes }
    }

    /// A caller of one of the processes.
    fn call(&self, at: usize, urgency: Urgency) -> JoinHandle<()> {
        let planner = self.processes[at % self.processes.len()].clone();
        let (clock, vendor) = (self.clock.clone(), self.vendor.clone());
        spawn(async move {
            let permit = planner.acquire(Claim { urgency, ..Claim::default() }).await.expect("in time");
            vendor.serve(&clock).await;
            permit.answered(Seen::default());
        })
    }

    fn calls(&self) -> usize {
        self.vendor.calls.load(SeqCst)
    }
}

async fn all(callers: Vec<JoinHandle<()>>) {
    for caller in callers {
        caller.await.expect("its call was made");
    }
}

/// Of so many calls a minute none is more, at whichever minute one looks, and all are made in the end.
async fn hungry(account: Account, per_minute: usize) {
    let urgency = |at| if at % 3 == 0 { Urgency::Immediate } else { Urgency::Routine };
    let calls = 3 * per_minute;
    all((0..calls).map(|at| account.call(at, urgency(at))).collect()).await;
    assert_eq!(account.calls(), calls);
    let minutes = account.vendor.last.load(SeqCst) as usize / 60;
    assert!(calls <= per_minute * (minutes + 1), "{calls} calls within {minutes} whole minutes");
}

fn minute(calls: u32) -> Limit {
    Limit::Calls { calls, per: MINUTE }
}

#[test]
fn no_minute_holds_more_than_its_calls() {
    check(async || hungry(Account::alone(vec![minute(3)]), 3).await);
}

#[test]
fn no_minute_of_two_processes_holds_more_than_its_calls() {
    check(async || hungry(Account::shared(vec![minute(2)], 2), 2).await);
}

async fn crowd(account: Account) {
    all((0..6).map(|at| account.call(at, Urgency::Routine)).collect()).await;
    assert_eq!(account.calls(), 6);
    assert!(account.vendor.most.load(SeqCst) <= AT_ONCE, "{:?}", account.vendor);
}

#[test]
fn no_more_are_under_way_than_may_be_at_once() {
    check(async || crowd(Account::alone(vec![Limit::Concurrent(AT_ONCE)])).await);
}

#[test]
fn no_more_of_two_processes_are_under_way_than_may_be_at_once() {
    check(async || crowd(Account::shared(vec![Limit::Concurrent(AT_ONCE)], 2)).await);
}

/// Callers leave wherever they stand: before they wait, while they wait, with their permit. The others still go, and
/// afterwards everything is free.
async fn leaving(account: Account) {
    let (stay, leave): (Vec<_>, Vec<_>) =
        (0..6).map(|at| (at % 2 == 0, account.call(at, Urgency::Routine))).partition(|(stays, _)| *stays);
    for (_, caller) in &leave {
        yield_now().await;
        caller.abort();
    }
    for (_, caller) in leave {
        let _ = caller.await;
    }
    all(stay.into_iter().map(|(_, caller)| caller).collect()).await;
    for planner in &account.processes {
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(planner.acquire(Claim::default()).await.expect("a permit is free"));
        }
        drop(held);
        planner.release().await;
        assert!(planner.waiting().is_empty());
    }
}

#[test]
fn who_leaves_takes_no_permit_along() {
    check(async || leaving(Account::alone(vec![Limit::Concurrent(AT_ONCE), minute(60)])).await);
}

#[test]
fn who_leaves_one_of_two_processes_takes_no_permit_along() {
    check(async || leaving(Account::shared(vec![Limit::Concurrent(AT_ONCE)], 2)).await);
}
