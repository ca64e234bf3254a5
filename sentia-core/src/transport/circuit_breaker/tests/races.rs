//! Processes over a store that is slow, fails, or is contended: what no schedule may do.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

use super::super::{super::scripted::ok, *};
use crate::{
    clock::ManualClock,
    state_store::{SharedState, StateVersion, Swap},
    testing::MemoryStateStore,
};

const CLASS: &str = "api.example";

/// Holds a load after it has read, or a swap before it writes, until a permit is given; or fails; or always loses.
#[derive(Debug)]
struct Slow {
    inner: MemoryStateStore,
    hold_load: AtomicBool,
    hold_swap: AtomicBool,
    fails: AtomicBool,
    loses: AtomicBool,
    gate: Semaphore,
}

impl Slow {
    fn new() -> Arc<Self> {
        Arc::new(Slow {
            inner: MemoryStateStore::default(),
            hold_load: AtomicBool::new(false),
            hold_swap: AtomicBool::new(false),
            fails: AtomicBool::new(false),
            loses: AtomicBool::new(false),
            gate: Semaphore::new(0),
        })
    }

    async fn wait(&self) {
        self.gate.acquire().await.expect("never closed").forget();
    }

    fn judged(&self) -> Result<()> {
        match self.fails.load(Ordering::SeqCst) {
            true => Err(Error::new(ErrorKind::Store, "down")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl StateStore for Slow {
    async fn load(&self, key: &str) -> Result<Option<SharedState>> {
        self.judged()?;
        let read = self.inner.load(key).await;
        if self.hold_load.swap(false, Ordering::SeqCst) {
            self.wait().await;
        }
        read
    }

    async fn swap(&self, key: &str, expected: Option<StateVersion>, body: &str) -> Result<Swap> {
        self.judged()?;
        if self.hold_swap.swap(false, Ordering::SeqCst) {
            self.wait().await;
        }
        if self.loses.load(Ordering::SeqCst) {
            return Ok(Swap::Lost(self.inner.load(key).await?));
        }
        self.inner.swap(key, expected, body).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, SharedState)>> {
        self.inner.list(prefix).await
    }
}

fn process(policy: BreakerPolicy) -> (Breakers, Arc<Slow>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
    let store = Slow::new();
    let policy = BreakerPolicy { minimum_calls: 2, ..policy };
    (Breakers::shared(policy, clock.clone(), store.clone(), "breaker/t/c"), store, clock)
}

async fn admitted(breakers: &Breakers) -> Pass {
    breakers.admit(CLASS.into()).await.expect("admitted")
}

async fn failed(pass: Pass) {
    pass.settle(&Err(Error::new(ErrorKind::Unavailable, "down"))).await;
}

/// Leaves a closed state in the store.
async fn stored_closed(breakers: &Breakers) {
    breakers.force(CLASS, Forced::Closed).await.expect("stored");
    breakers.release(CLASS).await.expect("stored");
}

#[tokio::test]
async fn a_look_that_was_slow_does_not_close_what_opened_meanwhile() {
    let (breakers, store, clock) = process(BreakerPolicy::default());
    stored_closed(&breakers).await;
    let (first, second) = (admitted(&breakers).await, admitted(&breakers).await);
    clock.advance(Duration::from_secs(5));
    store.hold_load.store(true, Ordering::SeqCst);
    let mut slow = Box::pin(breakers.admit(CLASS.into()));
    assert!(futures::poll!(&mut slow).is_pending(), "it has read the closed state");
    failed(first).await;
    failed(second).await;
    assert_eq!(breakers.health(), Health::Down);
    store.gate.add_permits(1);
    let late = slow.await;
    assert_eq!((breakers.health(), late.is_err()), (Health::Down, true), "{breakers:?}");
}

#[tokio::test]
async fn what_opened_while_the_store_failed_stays_open_when_it_is_back() {
    let (breakers, store, clock) = process(BreakerPolicy::default());
    stored_closed(&breakers).await;
    store.fails.store(true, Ordering::SeqCst);
    failed(admitted(&breakers).await).await;
    failed(admitted(&breakers).await).await;
    assert_eq!(breakers.health(), Health::Down);
    store.fails.store(false, Ordering::SeqCst);
    clock.advance(Duration::from_secs(6));
    let refused = breakers.admit(CLASS.into()).await.is_err();
    assert!(refused, "{breakers:?}");
}

#[tokio::test]
async fn a_swap_lost_late_brings_no_old_fence_back() {
    let (breakers, store, _) = process(BreakerPolicy::default());
    stored_closed(&breakers).await;
    failed(admitted(&breakers).await).await;
    let second = admitted(&breakers).await;
    store.hold_swap.store(true, Ordering::SeqCst);
    let mut opening = Box::pin(failed(second));
    assert!(futures::poll!(&mut opening).is_pending(), "its swap is on its way");
    stored_closed(&breakers).await;
    // These are sent now, and answered two generations later.
    let (old, older) = (admitted(&breakers).await, admitted(&breakers).await);
    store.gate.add_permits(1);
    opening.await;
    stored_closed(&breakers).await;
    failed(old).await;
    failed(older).await;
    assert_eq!(breakers.health(), Health::Up, "old answers opened it: {breakers:?}");
}

#[tokio::test]
async fn two_probes_reserved_at_once_leave_no_place_behind() {
    let (breakers, store, clock) =
        process(BreakerPolicy { probes: 2, good_probes: 2, ..BreakerPolicy::default() });
    failed(admitted(&breakers).await).await;
    failed(admitted(&breakers).await).await;
    clock.advance(Duration::from_secs(30));
    store.hold_swap.store(true, Ordering::SeqCst);
    let mut first = Box::pin(breakers.admit(CLASS.into()));
    assert!(futures::poll!(&mut first).is_pending());
    let second = breakers.admit(CLASS.into()).await;
    store.gate.add_permits(1);
    let first = first.await;
    let out = usize::from(first.is_ok()) + usize::from(second.is_ok());
    let Phase::HalfOpen { probes, .. } = &breakers.states()[CLASS].phase else { panic!("{breakers:?}") };
    assert_eq!(probes.len(), out, "places taken, and calls that hold them");
}

#[tokio::test]
async fn an_admission_dropped_on_its_way_to_the_store_holds_no_place() {
    let (breakers, store, clock) = process(BreakerPolicy::default());
    failed(admitted(&breakers).await).await;
    failed(admitted(&breakers).await).await;
    clock.advance(Duration::from_secs(30));
    store.hold_swap.store(true, Ordering::SeqCst);
    let mut dropped = Box::pin(breakers.admit(CLASS.into()));
    assert!(futures::poll!(&mut dropped).is_pending());
    drop(dropped);
    assert!(breakers.admit(CLASS.into()).await.is_ok(), "{breakers:?}");
}

#[tokio::test]
async fn a_contended_store_makes_no_refusal_permanent() {
    let (breakers, store, clock) = process(BreakerPolicy::default());
    failed(admitted(&breakers).await).await;
    failed(admitted(&breakers).await).await;
    clock.advance(Duration::from_secs(30));
    store.loses.store(true, Ordering::SeqCst);
    let refused = breakers.admit(CLASS.into()).await.err().expect("every swap is lost");
    assert!(refused.is_temporary(), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_no_call() {
    let (breakers, store, clock) = process(BreakerPolicy::default());
    stored_closed(&breakers).await;
    clock.advance(Duration::from_secs(5));
    store.hold_load.store(true, Ordering::SeqCst);
    let passes = tokio::time::timeout(Duration::from_secs(60), breakers.admit(CLASS.into())).await;
    failed(passes.expect("it goes on without").expect("closed")).await;
    store.hold_swap.store(true, Ordering::SeqCst);
    let last = admitted(&breakers).await;
    tokio::time::timeout(Duration::from_secs(60), failed(last)).await.expect("it goes on without");
    assert_eq!(breakers.health(), Health::Down, "judged alone");
}

#[tokio::test]
async fn a_probe_whose_answer_is_dropped_on_its_way_to_the_store_counts_here() {
    let (breakers, store, clock) = process(BreakerPolicy::default());
    failed(admitted(&breakers).await).await;
    failed(admitted(&breakers).await).await;
    clock.advance(Duration::from_secs(30));
    let probe = admitted(&breakers).await;
    store.hold_swap.store(true, Ordering::SeqCst);
    let good = ok();
    let mut settled = Box::pin(probe.settle(&good));
    assert!(futures::poll!(&mut settled).is_pending());
    drop(settled);
    assert_eq!(breakers.health(), Health::Up, "{breakers:?}");
    clock.advance(Duration::from_secs(6));
    assert!(breakers.admit(CLASS.into()).await.is_ok(), "and a look does not undo it");
}

mod interleaved {
    use std::{future::Future, pin::Pin};

    use futures::{FutureExt, poll};
    use proptest::prelude::*;

    use super::*;

    /// Answers each question only when it is polled again, so that every step of every call may fall between two others.
    #[derive(Debug, Default)]
    struct Stepwise(MemoryStateStore);

    #[async_trait]
    impl StateStore for Stepwise {
        async fn load(&self, key: &str) -> Result<Option<SharedState>> {
            futures::pending!();
            let read = self.0.load(key).await;
            futures::pending!();
            read
        }

        async fn swap(&self, key: &str, expected: Option<StateVersion>, body: &str) -> Result<Swap> {
            futures::pending!();
            let swapped = self.0.swap(key, expected, body).await;
            futures::pending!();
            swapped
        }

        async fn list(&self, prefix: &str) -> Result<Vec<(String, SharedState)>> {
            self.0.list(prefix).await
        }
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Call(usize),
        Settle(usize, bool),
        Poll(usize),
        Drop(usize),
        Wait(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0usize..3).prop_map(Step::Call),
            3 => (0usize..6, prop::bool::weighted(0.3)).prop_map(|(which, is_good)| Step::Settle(which, is_good)),
            8 => (0usize..6).prop_map(Step::Poll),
            1 => (0usize..6).prop_map(Step::Drop),
            1 => (1u64..40).prop_map(Step::Wait),
        ]
    }

    type Going = Pin<Box<dyn Future<Output = Option<(Pass, DateTime<Utc>)>>>>;

    fn settling(pass: Pass, is_good: bool) -> Going {
        let outcome = if is_good { ok() } else { Err(Error::new(ErrorKind::Unavailable, "down")) };
        Box::pin(async move {
            pass.settle(&outcome).await;
            None
        })
    }

    /// Plays `steps`; what went wrong, if anything did.
    async fn play(steps: Vec<Step>, probes: u32) -> std::result::Result<(), TestCaseError> {
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
        let store = Arc::new(Stepwise::default());
        let policy = BreakerPolicy { minimum_calls: 2, probes, ..BreakerPolicy::default() };
        let fleet: Vec<_> = (0..3)
            .map(|_| Breakers::shared(policy.clone(), clock.clone(), store.clone(), "breaker/t/c"))
            .collect();
        let (mut going, mut sent): (Vec<Going>, Vec<(Pass, DateTime<Utc>)>) = Default::default();
        for step in steps {
            match step {
                Step::Call(process) => {
                    let breakers = fleet[process].clone();
                    // A lease begins before the store has heard of it.
                    going.push(Box::pin(async move {
                        let asked = breakers.clock.now();
                        Some((breakers.admit(CLASS.into()).await.ok()?, asked))
                    }));
                }
                Step::Settle(which, is_good) if which < sent.len() => {
                    going.push(settling(sent.swap_remove(which).0, is_good));
                }
                Step::Poll(which) if which < going.len() => {
                    if let std::task::Poll::Ready(pass) = poll!(&mut going[which]) {
                        drop(going.swap_remove(which));
                        sent.extend(pass);
                    }
                }
                Step::Drop(which) if which < going.len() => drop(going.swap_remove(which)),
                Step::Wait(seconds) => clock.advance(Duration::from_secs(seconds)),
                _ => {}
            }
            let stored = store
                .0
                .load("breaker/t/c/api.example")
                .now_or_never()
                .expect("in memory")
                .expect("in memory");
            let Some(stored) = stored else { continue };
            let state: BreakerState = serde_json::from_str(&stored.body).expect("reads");
            let Phase::HalfOpen { probes: places, .. } = &state.phase else { continue };
            prop_assert!(places.len() <= probes as usize, "{state:?}");
            let lease = chrono::Duration::seconds(90);
            let held = sent.iter().filter(|(pass, at)| {
                // A process that has not heard of a newer generation has its probe of the older one out.
                let here = &pass.breakers.states()[CLASS];
                here.generation == state.generation
                    && pass.ticket.is_some_and(|ticket| ticket.is_probe())
                    && clock.now() - *at < lease
                    && pass.is_live()
            });
            prop_assert!(held.count() <= probes as usize, "more probes out than places: {state:?}");
        }
        drop((going, sent));
        for _ in 0..4 {
            clock.advance(Duration::from_secs(95));
            for breakers in &fleet {
                if let Some(pass) = finish(breakers).await {
                    let mut settled = settling(pass, true);
                    while poll!(&mut settled).is_pending() {}
                }
            }
        }
        for breakers in &fleet {
            prop_assert!(finish(breakers).await.is_some(), "stuck: {breakers:?}");
        }
        Ok(())
    }

    async fn finish(breakers: &Breakers) -> Option<Pass> {
        let mut call = Box::pin(breakers.admit(CLASS.into()));
        loop {
            if let std::task::Poll::Ready(pass) = poll!(&mut call) {
                return pass.ok();
            }
        }
    }

    proptest! {
        /// Three processes whose calls are cut anywhere by each other: never more probes than places, never stuck.
        #[test]
        fn no_order_of_steps_lets_more_probes_out_or_gets_stuck(
            steps in proptest::collection::vec(step(), 0..160), probes in 1u32..3,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            runtime.expect("a runtime").block_on(play(steps, probes))?;
        }
    }
}
