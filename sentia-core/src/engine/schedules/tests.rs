//! Schedules of a fleet over a store in memory, in the runtime's own paused time.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;

use super::*;
use crate::{
    job::{Claim, Claimed, Job, JobState},
    schedule::Trigger,
    sync::AbortOnDropHandle,
    testing::{MemoryJobStore, RuntimeClock},
};

/// A clock that a test sets apart from the runtime's.
#[derive(Debug, Default)]
struct Settable(RuntimeClock, AtomicI64);

#[async_trait]
impl Clock for Settable {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + chrono::Duration::seconds(self.1.load(Ordering::Relaxed))
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

/// Processes that drive one schedule over one store.
struct Fleet {
    store: MemoryJobStore,
    clock: Arc<Settable>,
    planned: Planned,
    heard: Arc<Mutex<Vec<Notice>>>,
}

type Driver = (Arc<Schedules>, AbortOnDropHandle<()>);

impl Fleet {
    fn new(schedule: Schedule, beginning: Beginning) -> Self {
        let order = NewJob::new("acme", "act", "{}").unique("act").lane("act");
        let planned = Planned::new(schedule, order, beginning);
        Fleet { store: MemoryJobStore::default(), clock: Arc::default(), planned, heard: Arc::default() }
    }

    fn start(&self) -> Driver {
        let heard = self.heard.clone();
        let notices = Notices::to(move |notice| heard.lock().expect("whole").push(notice.clone()));
        let store = Arc::new(self.store.clone());
        let schedules = Arc::new(Schedules::new(store.clone(), store, self.clock.clone(), notices));
        schedules.add(vec![self.planned.clone()]);
        let driven = schedules.clone();
        (schedules, AbortOnDropHandle::new(tokio::spawn(async move { driven.drive().await })))
    }

    async fn after(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    async fn jobs(&self) -> Vec<Job> {
        self.store.list(&JobFilter::default()).await.expect("list")
    }

    async fn claim(&self) -> Claimed {
        let now = self.clock.now();
        let kinds = vec!["act".to_owned()];
        let claim =
            Claim { worker: "w".into(), kinds, limit: 1, until: now + chrono::Duration::seconds(600) };
        self.store.claim(&claim, now).await.expect("claim").jobs.pop().expect("a job")
    }

    fn missed(&self) -> Vec<u64> {
        let missed = |notice: &Notice| match notice {
            Notice::Missed { schedule, missed, .. } if schedule == "nightly" => Some(*missed),
            _ => None,
        };
        self.heard.lock().expect("whole").iter().filter_map(missed).collect()
    }
}

fn every(seconds: u64) -> crate::schedule::ScheduleBuilder {
    Schedule::builder("nightly", Trigger::every(Duration::from_secs(seconds)).expect("valid"))
}

/// Three processes come and go for a fortnight: each due time has one job, whoever was there, and those at which nobody was
/// are made up for.
#[tokio::test(start_paused = true)]
async fn a_fleet_answers_each_due_time_once() {
    const EVERY: i64 = 420;
    let schedule = every(EVERY as u64).catch_up(CatchUp::All { cap: 10_000 }).overlap(Overlap::Allow);
    let fleet = Fleet::new(schedule.build().expect("valid"), Beginning::WhenDue);
    let mut drivers: Vec<Option<Driver>> = vec![Some(fleet.start()), None, None];
    fleet.after(1).await;
    let mut random = 7u64;
    let mut below = move |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % bound
    };
    for _ in 0..400 {
        fleet.after(below(6_000)).await;
        let at = below(3) as usize;
        drivers[at] = match drivers[at].take() {
            Some(_) => None,
            None => Some(fleet.start()),
        };
    }
    drivers[0] = Some(fleet.start());
    fleet.after(1).await;
    let ended = fleet.clock.now().timestamp();
    let mut due: Vec<i64> =
        fleet.jobs().await.iter().filter_map(|job| job.order.run_at).map(|at| at.timestamp()).collect();
    due.sort_unstable();
    let truth: Vec<i64> = (1..=ended / EVERY).map(|at| at * EVERY).collect();
    assert!(truth.len() > 2_000);
    assert_eq!(due, truth);
    assert!(!fleet.missed().is_empty(), "at some of them nobody was there");
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_told_once_by_name() {
    let fleet = Fleet::new(every(60).build().expect("valid"), Beginning::WhenDue);
    let driver = fleet.start();
    fleet.after(90).await;
    assert_eq!(fleet.missed(), [0; 0]);
    drop(driver);
    fleet.after(3_600).await;
    let drivers = [fleet.start(), fleet.start(), fleet.start()];
    fleet.after(10).await;
    assert_eq!(fleet.missed(), [59], "once in a fleet; the one on time is not missed");
    let status = drivers[0].0.status();
    assert_eq!(status[0].state.as_ref().map(|state| state.missed), Some(59));
    assert_eq!(status[0].next.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_new_schedule_may_run_at_once() {
    let fleet = Fleet::new(every(900).build().expect("valid"), Beginning::AtOnce);
    let drivers = [fleet.start(), fleet.start()];
    fleet.after(1).await;
    assert_eq!(fleet.jobs().await.len(), 1);
    drop(drivers);
    let _again = fleet.start();
    fleet.after(1).await;
    assert_eq!(fleet.jobs().await.len(), 1, "it is known now");
}

#[tokio::test(start_paused = true)]
async fn a_changed_schedule_begins_anew() {
    let mut fleet = Fleet::new(every(60).build().expect("valid"), Beginning::WhenDue);
    drop(fleet.start());
    let driver = fleet.start();
    fleet.after(30).await;
    drop(driver);
    fleet.planned =
        Planned::new(every(7).build().expect("valid"), fleet.planned.order.clone(), Beginning::WhenDue);
    fleet.after(3_600).await;
    let _driver = fleet.start();
    fleet.after(5).await;
    assert_eq!(fleet.missed(), [0; 0], "times of the new line before it was there are not missed");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_left_out_or_waits_while_another_goes_on() {
    for (overlap, runs_again) in [(Overlap::Skip, false), (Overlap::Queue, true)] {
        let fleet = Fleet::new(every(60).overlap(overlap).build().expect("valid"), Beginning::WhenDue);
        let _driver = fleet.start();
        fleet.after(61).await;
        let running = fleet.claim().await;
        fleet.after(120).await;
        assert_eq!(fleet.jobs().await.len(), 1, "two due times came by");
        let now = fleet.clock.now();
        let state = fleet.store.finish(&running.lease, crate::job::Outcome::Done, now).await.expect("finish");
        assert_eq!(state == JobState::Queued, runs_again, "{overlap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_pause_it_and_somebody_is_told() {
    let schedule = every(60).pause_after_failures(3).build().expect("valid");
    let fleet = Fleet::new(schedule, Beginning::WhenDue);
    let (schedules, _driver) = fleet.start();
    let (others, _other) = fleet.start();
    fleet.after(1).await;
    for outcome in [Outcome::Failed, Outcome::Failed, Outcome::Succeeded, Outcome::Failed, Outcome::Failed] {
        others.count("nightly", outcome, "no such shop").await.expect("counted");
    }
    let paused = || {
        let heard = fleet.heard.lock().expect("whole");
        heard
            .iter()
            .filter(|notice| matches!(notice, Notice::Paused { why, .. } if why == "no such shop"))
            .count()
    };
    assert_eq!(paused(), 0);
    schedules.count("nightly", Outcome::Failed, "no such shop").await.expect("counted");
    assert_eq!(paused(), 1, "told once");
    fleet.after(600).await;
    assert_eq!(fleet.jobs().await.len(), 0, "no process orders anything");
    others.resume("nightly").await.expect("resumed");
    fleet.after(121).await;
    assert!(!fleet.jobs().await.is_empty());
    assert_eq!(fleet.missed(), [0; 0], "what was due in the pause was meant not to run");
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_lets_nothing_wait_for_the_time_it_had_shown() {
    let fleet = Fleet::new(every(60).build().expect("valid"), Beginning::WhenDue);
    fleet.clock.1.store(36_000, Ordering::Relaxed);
    let _driver = fleet.start();
    fleet.after(61).await;
    // It failed, and would be tried again a minute later by the wrong clock.
    let running = fleet.claim().await;
    let at = fleet.clock.now() + chrono::Duration::seconds(60);
    let again = crate::job::Outcome::Retry { at, error: "x".to_owned() };
    let _ = fleet.store.finish(&running.lease, again, fleet.clock.now()).await.expect("finish");
    fleet.clock.1.store(0, Ordering::Relaxed);
    fleet.after(61).await;
    let told = |notice: &Notice| matches!(notice, Notice::SetBack { by, .. } if by.as_secs() > 30_000);
    assert_eq!(fleet.heard.lock().expect("whole").iter().filter(|notice| told(notice)).count(), 1);
    assert_eq!(fleet.claim().await.job.id, running.job.id);
}
