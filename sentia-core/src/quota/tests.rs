//! Planners alone and together, under a clock of their own.

mod fleet;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::DateTime;

use super::{Claim, Permit, Planner, Refused, Seen, Urgency};
use crate::{
    Error, ErrorKind, Result, StateStore,
    clock::{Clock, ManualClock},
    state_store::{SharedState, StateVersion, Swap},
    testing::{MemoryStateStore, RuntimeClock},
    transport::{Limit, Quota},
};

const MINUTE: Limit = Limit::Calls { calls: 60, per: Duration::from_secs(60) };

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(DateTime::UNIX_EPOCH))
}

fn fleet(count: usize, limits: &[Limit], clock: &Arc<ManualClock>) -> (Vec<Planner>, MemoryStateStore) {
    let store = MemoryStateStore::default();
    let planner = |_| Planner::shared(limits.to_vec(), clock.clone(), Arc::new(store.clone()), "quota/acme");
    ((0..count).map(planner).collect(), store)
}

async fn call(planner: &Planner) {
    planner.acquire(Claim::default()).await.expect("granted").answered(Seen::default());
}

#[tokio::test]
async fn processes_keep_one_limit_together() {
    let clock = clock();
    let (planners, store) = fleet(3, &[MINUTE], &clock);
    let mut starts = Vec::new();
    for round in 0..600 {
        call(&planners[round % 3]).await;
        starts.push(clock.now());
    }
    let span = chrono::Duration::seconds(60);
    assert!(starts.windows(61).all(|w| w[60] - w[0] >= span), "never more than 60 in a minute");
    let minutes = (clock.now() - DateTime::UNIX_EPOCH).num_seconds() as f64 / 60.0;
    assert!(600.0 / (60.0 * minutes) > 0.97, "{minutes} minutes for 600 calls");
    assert!(store.calls() <= 2 * 600, "{} round trips", store.calls());
}

#[tokio::test]
async fn a_steady_caller_pays_one_round_trip_for_several_calls() {
    let clock = clock();
    let roomy = Limit::Calls { calls: 100_000, per: Duration::from_secs(60) };
    let (planners, store) = fleet(1, &[roomy], &clock);
    for _ in 0..1000 {
        clock.advance(Duration::from_millis(20));
        call(&planners[0]).await;
    }
    assert!(store.calls() < 200, "{} round trips for 1000 calls", store.calls());
    assert_eq!(planners[0].decisions().exchanges, store.calls());
}

#[tokio::test]
async fn callers_at_once_share_a_round_trip() {
    let clock = clock();
    let (planners, store) = fleet(1, &[MINUTE], &clock);
    let permits = futures::future::join_all((0..30).map(|_| planners[0].acquire(Claim::default()))).await;
    assert!(permits.iter().all(Result::is_ok));
    assert!(store.calls() <= 3, "{} round trips for 30 calls", store.calls());
}

#[tokio::test]
async fn a_restart_remembers_what_was_spent() {
    let clock = clock();
    let day = Limit::Calls { calls: 10, per: Duration::from_secs(86_400) };
    let (planners, _store) = fleet(2, &[day], &clock);
    for _ in 0..10 {
        planners[0]
            .acquire(Claim { urgency: Urgency::Immediate, ..Claim::default() })
            .await
            .expect("granted")
            .answered(Seen::default());
    }
    let error = planners[1].acquire(Claim::default()).await.expect_err("a day is not slept");
    assert_eq!(
        (error.kind(), error.context_value("limit")),
        (ErrorKind::QuotaExhausted, Some("calls per day"))
    );
    assert!(error.wait() > Some(Duration::from_secs(86_000)), "{error}");
    assert_eq!(planners[1].decisions().refused, 1);
}

#[tokio::test]
async fn who_is_urgent_goes_first_and_has_something_left() {
    let clock = clock();
    let limit = Limit::Calls { calls: 50, per: Duration::from_secs(3600) };
    let planner = Planner::new(vec![limit], clock.clone());
    for _ in 0..49 {
        call(&planner).await;
    }
    let told = planner.explain(Claim::default()).expect("routine calls wait");
    assert_eq!(told.limit, "calls per hour");
    let urgent = Claim { urgency: Urgency::Immediate, ..Claim::default() };
    assert_eq!(planner.explain(urgent), None, "one unit is kept");
    planner.acquire(urgent).await.expect("at once").answered(Seen::default());
    assert_eq!(clock.now(), DateTime::UNIX_EPOCH, "and nobody waited");
}

#[tokio::test]
async fn permits_at_once_are_kept_over_processes_and_come_back() {
    let clock = clock();
    let (planners, _store) = fleet(2, &[Limit::Concurrent(3)], &clock);
    let mut held: Vec<Permit> = Vec::new();
    for planner in [&planners[0], &planners[0], &planners[1]] {
        held.push(planner.acquire(Claim::default()).await.expect("three at once"));
    }
    let mut fourth = Box::pin(planners[1].acquire(Claim::default()));
    assert!(polled(&mut fourth).await.is_none(), "three is all");
    drop(fourth);
    held.clear();
    for _ in 0..3 {
        held.push(planners[1].acquire(Claim::default()).await.expect("what the other gave back"));
    }
}

/// Lets others run for a while, then says whether the future has ended.
async fn polled<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    for _ in 0..50 {
        if let std::task::Poll::Ready(output) = futures::poll!(&mut *future) {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

#[tokio::test]
async fn a_process_that_is_killed_gives_its_permits_back_by_its_lease() {
    let clock = clock();
    let (mut planners, _store) = fleet(2, &[Limit::Concurrent(1)], &clock);
    let killed = planners.remove(0);
    let permit = killed.acquire(Claim::default()).await.expect("free");
    std::mem::forget(permit);
    let before = clock.now();
    call(&planners[0]).await;
    let waited = (clock.now() - before).num_seconds();
    assert!((29..=32).contains(&waited), "{waited} s");
}

#[tokio::test]
async fn a_refusal_is_known_to_all() {
    let clock = clock();
    let (planners, _store) = fleet(2, &[MINUTE], &clock);
    let permit = planners[0].acquire(Claim::default()).await.expect("granted");
    let refused = Some(Refused::Rate(Some(Duration::from_secs(40))));
    permit.answered(Seen { refused, ..Seen::default() });
    // Another process that had nothing yet asks, and hears of it as soon as the first one has told.
    let first = planners[0].acquire(Claim::default());
    let second = planners[1].acquire(Claim::default());
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok() && second.is_ok());
    assert!((clock.now() - DateTime::UNIX_EPOCH).num_seconds() >= 40);
}

/// While a learned rate is refused one call goes at a time, of all processes; its answer lets the next ones go.
#[tokio::test]
async fn the_answer_to_a_probe_is_heard_at_once() {
    let clock = clock();
    let learned = Limit::Learned { per_second: 10.0, floor: 0.1, ceiling: 50.0 };
    let (planners, _store) = fleet(2, &[learned], &clock);
    let mut waits = Vec::new();
    for _ in 0..6 {
        let before = clock.now();
        let probe = planners[0].acquire(Claim::default()).await.expect("granted");
        waits.push((clock.now() - before).num_milliseconds());
        clock.advance(Duration::from_millis(100));
        probe.answered(Seen { refused: Some(Refused::Rate(None)), ..Seen::default() });
    }
    assert!(waits[3..].windows(2).all(|w| w[1] > w[0]), "each pause is longer: {waits:?}");
    call(&planners[0]).await;
    let answered = clock.now();
    call(&planners[0]).await;
    call(&planners[1]).await;
    let waited = (clock.now() - answered).num_milliseconds();
    assert!(waited < 1_000, "two calls, and no pause of {} ms: {waited} ms", waits[5]);
}

#[tokio::test]
async fn points_follow_answers_over_processes() {
    let clock = clock();
    let (planners, _store) = fleet(2, &[Limit::Points { maximum: 1000.0, restore_per_second: 50.0 }], &clock);
    let dear = Claim { cost: 600.0, ..Claim::default() };
    let told = Quota { available: 100.0, maximum: 1000.0, restore_per_second: 50.0 };
    planners[0].acquire(dear).await.expect("full").answered(Seen { quota: Some(told), ..Seen::default() });
    planners[0].acquire(dear).await.expect("restored").answered(Seen::default());
    let restored = (clock.now() - DateTime::UNIX_EPOCH).num_seconds();
    assert!((10..=11).contains(&restored), "{restored} s for 500 points and the headroom");
    planners[1].acquire(dear).await.expect("restored").answered(Seen::default());
    assert!((clock.now() - DateTime::UNIX_EPOCH).num_seconds() >= 20, "the other one knows");
}

#[tokio::test]
async fn cancelling_at_every_await_leaks_nothing() {
    for polls in 0..12 {
        let clock = clock();
        let (planners, _store) = fleet(1, &[MINUTE, Limit::Concurrent(1)], &clock);
        let planner = &planners[0];
        for _ in 0..5 {
            let mut call = Box::pin(planner.acquire(Claim::default()));
            for _ in 0..polls {
                if futures::poll!(&mut call).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        clock.advance(Duration::from_secs(1));
        call(planner).await;
        assert!(planner.waiting().is_empty(), "after {polls} polls");
        let (used, granted) = (planner.levels()[0].used, planner.decisions().granted);
        assert_eq!(used, granted as f64, "what no call began with was given back, after {polls} polls");
    }
}

#[derive(Debug)]
struct Broken;

#[async_trait]
impl StateStore for Broken {
    async fn load(&self, _: &str) -> Result<Option<SharedState>> {
        Err(Error::new(ErrorKind::Store, "gone"))
    }

    async fn swap(&self, _: &str, _: Option<StateVersion>, _: &str) -> Result<Swap> {
        Err(Error::new(ErrorKind::Store, "gone"))
    }

    async fn list(&self, _: &str) -> Result<Vec<(String, SharedState)>> {
        Err(Error::new(ErrorKind::Store, "gone"))
    }
}

#[tokio::test]
async fn without_its_store_a_process_goes_on_alone_within_the_limit() {
    let clock = clock();
    let planner = Planner::shared(vec![MINUTE, Limit::Concurrent(2)], clock.clone(), Arc::new(Broken), "k");
    for _ in 0..130 {
        call(&planner).await;
    }
    assert!((clock.now() - DateTime::UNIX_EPOCH).num_seconds() >= 120);
}

#[tokio::test]
async fn a_month_is_forecast_and_stopped() {
    let clock = clock();
    let month = Limit::Calls { calls: 3000, per: Duration::from_secs(30 * 86_400) };
    let planner = Planner::new(vec![month], clock.clone());
    for _ in 0..1000 {
        clock.advance(Duration::from_secs(432));
        call(&planner).await;
    }
    let level = planner.levels().remove(0);
    assert_eq!((level.limit.as_str(), level.used), ("calls per 30 days", 1000.0));
    let spent_by = level.spent_by.expect("200 a day is more than 100");
    let days = (spent_by - clock.now()).num_hours() as f64 / 24.0;
    assert!((9.0..=11.0).contains(&days), "{days} days for the other 2000");
    for _ in 0..1940 {
        call(&planner).await;
    }
    let error = planner.acquire(Claim::default()).await.expect_err("the month is spent but for the headroom");
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
}

#[tokio::test]
async fn bytes_that_came_are_counted_and_waited_for() {
    let clock = clock();
    let egress = Limit::Bytes { bytes: 1000, per: Duration::from_secs(60) };
    let planner = Planner::new(vec![egress], clock.clone());
    for _ in 0..2 {
        let permit = planner.acquire(Claim::default()).await.expect("granted");
        permit.answered(Seen { bytes: 600, ..Seen::default() });
    }
    call(&planner).await;
    assert!((clock.now() - DateTime::UNIX_EPOCH).num_seconds() >= 60);
}

/// A caller that always has more to ask, at a vendor without a limit: whatever the latency, the rate grows.
#[tokio::test]
async fn a_learned_rate_grows_while_it_is_waited_for_and_not_otherwise() {
    let learned = Limit::Learned { per_second: 1.0, floor: 0.1, ceiling: 50.0 };
    // Two calls at a time ask for more than two a second at each of these.
    for latency in [100, 300, 600] {
        let clock = clock();
        let planner = Planner::new(vec![learned.clone()], clock.clone());
        let start = clock.now();
        while clock.now() - start < chrono::Duration::hours(6) {
            let permits = [planner.acquire(Claim::default()).await, planner.acquire(Claim::default()).await];
            clock.advance(Duration::from_millis(latency));
            permits.into_iter().for_each(|permit| permit.expect("granted").answered(Seen::default()));
        }
        let granted = planner.decisions().granted;
        assert!(granted > 2 * 6 * 3600, "{granted} calls in six hours at {latency} ms");
    }
    let clock = clock();
    let idle = Planner::new(vec![learned], clock.clone());
    for _ in 0..2_000 {
        clock.advance(Duration::from_secs(3));
        call(&idle).await;
    }
    assert_eq!(idle.levels()[0].of, 1.0, "nobody waited, so nothing was learned");
}

/// Answers no question.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl StateStore for Silent {
    async fn load(&self, _: &str) -> Result<Option<SharedState>> {
        std::future::pending().await
    }

    async fn swap(&self, _: &str, _: Option<StateVersion>, _: &str) -> Result<Swap> {
        std::future::pending().await
    }

    async fn list(&self, _: &str) -> Result<Vec<(String, SharedState)>> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_holds_no_call_for_ever() {
    let planner = Planner::shared(vec![MINUTE], Arc::new(RuntimeClock::default()), Arc::new(Silent), "k");
    let acquired = tokio::time::timeout(Duration::from_secs(60), planner.acquire(Claim::default())).await;
    acquired.expect("it goes on alone").expect("granted").answered(Seen::default());
}

#[test]
fn a_permit_may_outlive_its_runtime() {
    let (planners, _store) = fleet(1, &[Limit::Concurrent(3)], &clock());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let permits = runtime.block_on(async {
        let both = [planners[0].acquire(Claim::default()), planners[0].acquire(Claim::default())];
        futures::future::join_all(both).await
    });
    drop(runtime);
    drop(permits);
}
