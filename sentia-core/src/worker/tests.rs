//! Workers over a store in memory, in the runtime's own paused time.

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::{Notify, oneshot};

use super::*;
use crate::{
    Error, ErrorKind, JobStore, Result,
    clock::Clock,
    job::{Change, Claim, Effect, Job, JobFilter, JobId, JobState, NewJob, Outcome},
    sync::AbortOnDropHandle,
    testing::{MemoryJobStore, RuntimeClock},
    transport::{Jitter, RetryPolicy},
};

type Act = dyn Fn(&Work) -> std::pin::Pin<Box<dyn Future<Output = Result<Outcome>> + Send>> + Send + Sync;

/// A handler made of a closure, for versions 2 and 3 of its payload.
struct Acting(Box<Act>);

impl std::fmt::Debug for Acting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acting")
    }
}

#[async_trait]
impl Handler for Acting {
    async fn run(&self, work: &Work) -> Result<Outcome> {
        (self.0)(work).await
    }

    fn versions(&self) -> RangeInclusive<u32> {
        2..=3
    }
}

fn acting<F>(act: impl Fn(Work) -> F + Send + Sync + 'static) -> Acting
where
    F: Future<Output = Result<Outcome>> + Send + 'static,
{
    Acting(Box::new(move |work| Box::pin(act(work.clone()))))
}

fn order(payload: &str) -> NewJob {
    NewJob::new("acme", "act", payload).payload_version(2)
}

struct Running {
    store: MemoryJobStore,
    clock: Arc<RuntimeClock>,
    stop: Option<oneshot::Sender<Duration>>,
    worker: AbortOnDropHandle<Result<Drained>>,
}

fn policy() -> WorkerPolicy {
    let retry =
        RetryPolicy { base: Duration::from_secs(30), jitter: Jitter::None, ..WorkerPolicy::default().retry };
    WorkerPolicy { slots: 2, retry, ..WorkerPolicy::default() }
}

fn start_with(store: MemoryJobStore, policy: WorkerPolicy, handler: impl Handler) -> Running {
    let clock = Arc::new(RuntimeClock::default());
    let worker =
        Worker::new(store.clone()).handle("act", handler).policy(policy).clock(clock.clone()).named("w");
    let (stop, stopped) = oneshot::channel();
    let stopped = async { stopped.await.expect("a bound") };
    Running {
        store,
        clock,
        stop: Some(stop),
        worker: AbortOnDropHandle::new(tokio::spawn(worker.run(stopped))),
    }
}

fn start(handler: impl Handler) -> Running {
    start_with(MemoryJobStore::default(), policy(), handler)
}

impl Running {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    async fn order(&self, order: NewJob) -> JobId {
        self.store.enqueue(&[order], self.now()).await.expect("enqueue")[0].id()
    }

    async fn job(&self, id: JobId) -> Job {
        let filter = JobFilter { id: Some(id), ..JobFilter::default() };
        self.store.list(&filter).await.expect("list").pop().expect("the job")
    }

    async fn after(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    async fn stop(mut self, bound: u64) -> Drained {
        let stop = self.stop.take().expect("stopped once");
        stop.send(Duration::from_secs(bound)).expect("it runs");
        self.worker.await.expect("no panic").expect("it had started")
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_is_done_as_soon_as_it_is_enqueued() {
    let running = start(acting(|work| async move {
        assert_eq!(work.read::<u32>()?, 7);
        Ok(Outcome::Done)
    }));
    running.after(3).await;
    let id = running.order(order("7")).await;
    running.after(0).await;
    tokio::task::yield_now().await;
    running.clock.sleep(Duration::from_millis(1)).await;
    let job = running.job(id).await;
    assert_eq!((job.state, job.attempt), (JobState::Done, 1));
    assert!(
        job.finished.expect("done") - job.created < chrono::Duration::seconds(1),
        "not by the poll of 15 s"
    );
    assert_eq!(running.stop(1).await, Drained::default());
}

#[tokio::test(start_paused = true)]
async fn a_job_for_later_is_begun_in_time_and_not_by_the_poll() {
    let running = start(acting(|_| async { Ok(Outcome::Done) }));
    let due = running.now() + chrono::Duration::milliseconds(4_200);
    let id = running.order(order("1").run_at(due)).await;
    running.after(5).await;
    assert_eq!(running.job(id).await.finished, Some(due));
}

#[tokio::test(start_paused = true)]
async fn errors_are_judged_by_their_kind() {
    let running = start(acting(|work| async move {
        let kind: String = work.read()?;
        let error = Error::new(ErrorKind::from_code(&kind).expect("a kind"), "so it is");
        Err(if kind == "quota_exhausted" { error.retry_after(Duration::from_secs(3_600)) } else { error })
    }));
    let mut ids = Vec::new();
    for kind in ["unauthenticated", "timeout", "quota_exhausted", "store", "rate_limited"] {
        ids.push(running.order(order(&format!("{kind:?}")).max_attempts(2)).await);
    }
    running.after(1).await;
    let mut seen = Vec::new();
    for id in &ids {
        let job = running.job(*id).await;
        let pause = job.order.run_at.map_or(0, |due| (due - job.created).num_seconds());
        seen.push((job.state, job.attempt, pause));
    }
    assert_eq!(
        seen,
        [
            (JobState::Dead, 1, 0),
            (JobState::Queued, 1, 30),
            (JobState::Queued, 0, 3_600),
            (JobState::Queued, 1, 30),
            (JobState::Queued, 0, 60),
        ]
    );
    let dead = running.job(ids[0]).await;
    assert!(dead.explain().contains("so it is; "), "the remedy stands behind it: {}", dead.explain());
    running.after(40).await;
    assert_eq!(running.job(ids[1]).await.state, JobState::Dead, "its two attempts are spent");
    assert_eq!(running.job(ids[4]).await.attempt, 0, "a snooze spends none");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_attempt_and_no_more() {
    let running = start(acting(|work| async move {
        assert!(work.job.attempt > 1, "the first one panics");
        Ok(Outcome::Done)
    }));
    let id = running.order(order("1")).await;
    running.after(1).await;
    let job = running.job(id).await;
    assert_eq!(job.state, JobState::Queued);
    assert!(job.note.expect("said").contains("panicked"));
    running.after(31).await;
    assert_eq!(running.job(id).await.state, JobState::Done);
}

#[tokio::test(start_paused = true)]
async fn payloads_of_other_versions_wait_or_are_dead_letters() {
    let running = start(acting(|_| async { Ok(Outcome::Done) }));
    let older = running.order(order("1").payload_version(1)).await;
    let known = running.order(order("1").payload_version(3)).await;
    let newer = running.order(order("1").payload_version(4)).await;
    running.after(3_600).await;
    assert_eq!(running.job(known).await.state, JobState::Done);
    let older = running.job(older).await;
    assert_eq!(older.state, JobState::Dead);
    assert!(older.note.expect("said").contains("version 1 and is no longer read, 2 is the oldest"));
    let newer = running.job(newer).await;
    assert_eq!((newer.state, newer.attempt), (JobState::Queued, 0));
    assert!(newer.note.expect("said").contains("a newer worker takes it"));
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_keeps_a_long_job_and_no_more_run_than_there_are_slots() {
    let (most, running_now) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (high, busy) = (most.clone(), running_now.clone());
    let running = start(acting(move |work| {
        let (high, busy) = (high.clone(), busy.clone());
        async move {
            high.fetch_max(busy.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            work.clock.sleep(Duration::from_secs(600)).await;
            busy.fetch_sub(1, Ordering::Relaxed);
            Ok(Outcome::Done)
        }
    }));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(running.order(order("1")).await);
    }
    running.after(1_300).await;
    for id in ids {
        let job = running.job(id).await;
        assert_eq!((job.state, job.attempt), (JobState::Done, 1), "ten leases long, and one attempt");
    }
    assert_eq!(most.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_heeds_its_cancellation_ends_the_job() {
    let running = start(acting(|work| async move {
        work.cancelled.cancelled().await;
        Err(Error::new(ErrorKind::Cancelled, "stopped"))
    }));
    let id = running.order(order("1")).await;
    running.after(5).await;
    let filter = JobFilter { id: Some(id), ..JobFilter::default() };
    let _ =
        running.store.change(&filter, Change::Cancel, Effect::Apply, running.now()).await.expect("cancel");
    running.after(20).await;
    assert_eq!(running.job(id).await.state, JobState::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_heeds_nothing_is_dropped() {
    let running = start(acting(|_| std::future::pending()));
    let id = running.order(order("1")).await;
    running.after(5).await;
    let filter = JobFilter { id: Some(id), ..JobFilter::default() };
    let _ =
        running.store.change(&filter, Change::Cancel, Effect::Apply, running.now()).await.expect("cancel");
    running.after(30).await;
    assert_eq!(running.job(id).await.state, JobState::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_ends_the_work_without_a_word() {
    let ended = Arc::new(AtomicU64::new(0));
    let count = ended.clone();
    let running = start(acting(move |work| {
        let count = count.clone();
        async move {
            work.clock.sleep(Duration::from_secs(300)).await;
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Outcome::Done)
        }
    }));
    let id = running.order(order("1")).await;
    running.after(1).await;
    // Another worker's clock is ten minutes ahead: to it the lease has ended.
    let ahead = running.now() + chrono::Duration::minutes(10);
    let kinds = vec!["act".to_owned()];
    let claim =
        Claim { worker: "ahead".into(), kinds, limit: 1, until: ahead + chrono::Duration::seconds(60) };
    let taken = running.store.claim(&claim, ahead).await.expect("claim").jobs;
    assert_eq!(taken[0].job.attempt, 2);
    running.after(299).await;
    assert_eq!(ended.load(Ordering::Relaxed), 0, "the first attempt was dropped at its next heartbeat");
    let done =
        running.store.finish(&taken[0].lease, Outcome::Done, running.now()).await.expect("it holds the job");
    assert_eq!(done, JobState::Done);
    assert_eq!(running.job(id).await.attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_what_ends_and_gives_the_rest_back() {
    let running = start(acting(|work| async move {
        let seconds = work.read::<u64>()?;
        tokio::select! {
            () = work.clock.sleep(Duration::from_secs(seconds)) => Ok(Outcome::Done),
            () = work.cancelled.cancelled(), if seconds == 600 => {
                Err(Error::new(ErrorKind::Cancelled, "stopped; the next attempt goes on"))
            }
        }
    }));
    let (short, long) = (running.order(order("10")).await, running.order(order("600")).await);
    let late = running.order(order("1")).await;
    running.after(2).await;
    let store = running.store.clone();
    let began = tokio::time::Instant::now();
    let drained = running.stop(30).await;
    assert_eq!(drained, Drained { ended: 1, given_back: 1 });
    assert_eq!(began.elapsed().as_secs(), 30);
    let jobs = store.list(&JobFilter::default()).await.expect("list");
    let state =
        |id| jobs.iter().find(|job| job.id == id).map(|job| (job.state, job.attempt)).expect("the job");
    assert_eq!(state(short), (JobState::Done, 1));
    assert_eq!(state(long), (JobState::Queued, 0), "its attempt was given back");
    assert_eq!(state(late), (JobState::Queued, 0), "nothing was claimed any more");
}

#[tokio::test(start_paused = true)]
async fn a_drain_is_bounded_whatever_handlers_do() {
    let running = start(acting(|_| std::future::pending()));
    let id = running.order(order("1")).await;
    running.after(2).await;
    let (store, began) = (running.store.clone(), tokio::time::Instant::now());
    assert_eq!(running.stop(30).await, Drained { ended: 0, given_back: 1 });
    assert_eq!(began.elapsed().as_secs(), 40, "the bound, and ten seconds to heed it");
    let filter = JobFilter { id: Some(id), ..JobFilter::default() };
    assert_eq!(store.list(&filter).await.expect("list")[0].state, JobState::Queued);
}

/// A store that fails while it is told to.
#[derive(Debug, Clone)]
struct Failing(MemoryJobStore, Arc<std::sync::atomic::AtomicBool>);

impl Failing {
    fn look(&self) -> Result<()> {
        let is_down = self.1.load(Ordering::Relaxed);
        (!is_down).then_some(()).ok_or_else(|| Error::new(ErrorKind::Store, "the database is restarting"))
    }
}

#[async_trait]
impl JobStore for Failing {
    async fn enqueue(&self, jobs: &[NewJob], now: DateTime<Utc>) -> Result<Vec<crate::job::Enqueued>> {
        self.look()?;
        self.0.enqueue(jobs, now).await
    }
    async fn claim(&self, claim: &Claim, now: DateTime<Utc>) -> Result<crate::job::Taken> {
        self.look()?;
        self.0.claim(claim, now).await
    }
    async fn renew(&self, lease: &crate::job::Lease, until: DateTime<Utc>) -> Result<crate::job::Claimed> {
        self.look()?;
        self.0.renew(lease, until).await
    }
    async fn finish(
        &self,
        lease: &crate::job::Lease,
        outcome: Outcome,
        now: DateTime<Utc>,
    ) -> Result<JobState> {
        self.look()?;
        self.0.finish(lease, outcome, now).await
    }
    async fn list(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        self.look()?;
        self.0.list(filter).await
    }
    async fn change(
        &self,
        filter: &JobFilter,
        change: Change,
        effect: Effect,
        now: DateTime<Utc>,
    ) -> Result<Vec<JobId>> {
        self.look()?;
        self.0.change(filter, change, effect, now).await
    }
    async fn purge(&self, state: JobState, before: DateTime<Utc>) -> Result<u64> {
        self.look()?;
        self.0.purge(state, before).await
    }
    async fn census(&self, now: DateTime<Utc>) -> Result<Vec<crate::job::JobCount>> {
        self.look()?;
        self.0.census(now).await
    }
    async fn signal(&self) -> Result<Box<dyn crate::job::JobSignal>> {
        self.look()?;
        self.0.signal().await
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_database_is_away_work_goes_on_and_its_end_is_said_afterwards() {
    let runs = Arc::new(AtomicU32::new(0));
    let (memory, down) = (MemoryJobStore::default(), Arc::default());
    let store = Failing(memory.clone(), down);
    let (clock, count) = (Arc::new(RuntimeClock::default()), runs.clone());
    let handler = acting(move |work| {
        let count = count.clone();
        async move {
            count.fetch_add(1, Ordering::Relaxed);
            work.clock.sleep(Duration::from_secs(10)).await;
            Ok(Outcome::Done)
        }
    });
    let worker = Worker::new(store.clone()).handle("act", handler).policy(policy()).clock(clock.clone());
    let _working = AbortOnDropHandle::new(tokio::spawn(worker.run(std::future::pending())));
    let _ = memory.enqueue(&[order("1"), order("2"), order("3")], clock.now()).await.expect("enqueue");
    clock.sleep(Duration::from_secs(1)).await;
    store.1.store(true, Ordering::Relaxed);
    clock.sleep(Duration::from_secs(30)).await;
    store.1.store(false, Ordering::Relaxed);
    clock.sleep(Duration::from_secs(30)).await;
    let jobs = memory.list(&JobFilter::default()).await.expect("list");
    assert!(jobs.iter().all(|job| job.state == JobState::Done && job.attempt == 1), "{jobs:#?}");
    assert_eq!(runs.load(Ordering::Relaxed), 3, "nothing was done twice");
}

/// A clock that a test sets apart from the runtime's.
#[derive(Debug)]
struct Leaping(RuntimeClock, std::sync::atomic::AtomicI64);

#[async_trait]
impl Clock for Leaping {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + chrono::Duration::seconds(self.1.load(Ordering::Relaxed))
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_leaps_neither_doubles_a_job_nor_lets_one_wait_for_hours() {
    let hours = chrono::Duration::hours(5).num_seconds();
    let clock = Arc::new(Leaping(RuntimeClock::default(), hours.into()));
    let (store, gate, runs) =
        (MemoryJobStore::default(), Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let (wait, count) = (gate.clone(), runs.clone());
    let handler = acting(move |work| {
        let (wait, count) = (wait.clone(), count.clone());
        async move {
            if work.read::<u32>()? == 1 {
                count.fetch_add(1, Ordering::Relaxed);
                wait.notified().await;
            }
            Ok(Outcome::Done)
        }
    });
    let worker = Worker::new(store.clone()).handle("act", handler).policy(policy()).clock(clock.clone());
    let _working = AbortOnDropHandle::new(tokio::spawn(worker.run(std::future::pending())));
    let long = store.enqueue(&[order("1")], clock.now()).await.expect("enqueue")[0].id();
    clock.sleep(Duration::from_secs(1)).await;
    // Forward by hours, and every lease seems to have ended.
    clock.1.store(2 * hours, Ordering::Relaxed);
    clock.sleep(Duration::from_secs(120)).await;
    assert_eq!(runs.load(Ordering::Relaxed), 1, "the worker knows its own");
    // Back by hours: what had been put off by the earlier reading would wait for that to come again.
    let soon = order("2").run_at(clock.now() + chrono::Duration::seconds(90));
    let late = store.enqueue(&[soon], clock.now()).await.expect("enqueue")[0].id();
    clock.1.store(0, Ordering::Relaxed);
    clock.sleep(Duration::from_secs(120)).await;
    gate.notify_one();
    clock.sleep(Duration::from_secs(1)).await;
    for id in [long, late] {
        let filter = JobFilter { id: Some(id), ..JobFilter::default() };
        let job = store.list(&filter).await.expect("list").pop().expect("the job");
        assert_eq!((job.state, job.attempt), (JobState::Done, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_cannot_work_is_refused() {
    let store = MemoryJobStore::default();
    let idle = Worker::new(store.clone()).run(std::future::ready(Duration::ZERO)).await;
    assert_eq!(idle.expect_err("no handler").kind(), ErrorKind::ConfigInvalid);
    let policies = [
        WorkerPolicy { slots: 0, ..policy() },
        WorkerPolicy { lease: Duration::from_secs(3_600), ..policy() },
        WorkerPolicy { poll: Duration::ZERO, ..policy() },
    ];
    for policy in policies {
        let worker = Worker::new(store.clone()).handle("act", acting(|_| async { Ok(Outcome::Done) }));
        let refused = worker.policy(policy).run(std::future::ready(Duration::ZERO)).await;
        assert!(refused.expect_err("cannot work").context_value("setting").is_some());
    }
}
