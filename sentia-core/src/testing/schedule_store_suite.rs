//! What every schedule store must do.
//!
//! Each behavior is a public async function that takes a store of its own, fresh and empty. A schedule store is a job store
//! too: a step orders jobs.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    ErrorKind, JobStore,
    job::{Enqueued, JobFilter, NewJob},
    schedule::{Advance, PausedBy, ScheduleState, ScheduleStore, Step},
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

fn step(name: &str, expected: Option<u64>, state: ScheduleState, jobs: Vec<NewJob>) -> Step {
    Step { name: name.to_owned(), expected, definition: format!("{name}: every 60s"), state, jobs }
}

fn order() -> NewJob {
    NewJob::new("acme", "sync", "{}").schedule("acme/shop")
}

async fn jobs(store: &impl JobStore) -> usize {
    store.list(&JobFilter::default()).await.expect("list").len()
}

/// A step's state is read back as it was written, and its jobs are there.
pub async fn steps_are_read_back(store: impl JobStore + ScheduleStore) {
    assert_eq!(store.schedules().await.expect("schedules"), []);
    let mut state = ScheduleState::new(at(0));
    state.missed = 7;
    state.pause(PausedBy::User("olga".into()), "stock-taking", at(1));
    let first = step("acme/shop", None, state.clone(), vec![order().unique("shop"), order().unique("shop")]);
    let Advance::Done { version, jobs } = store.advance(&first, at(2)).await.expect("advance") else {
        panic!("nobody else was there");
    };
    assert_eq!((version, jobs.len(), jobs[1]), (1, 2, Enqueued::Queued(jobs[0].id())));
    let _ = store
        .advance(&step("acme/books", None, ScheduleState::new(at(3)), Vec::new()), at(3))
        .await
        .expect("advance");
    let stored = store.schedules().await.expect("schedules");
    let names: Vec<_> = stored.iter().map(|stored| (stored.name.as_str(), stored.version)).collect();
    assert_eq!(names, [("acme/books", 1), ("acme/shop", 1)]);
    assert_eq!((&stored[1].definition, &stored[1].state), (&first.definition, &state));
    let listed = store.list(&JobFilter::default()).await.expect("list");
    assert_eq!(listed[0].order.schedule.as_deref(), Some("acme/shop"));
}

/// Of several steps with one expectation one is done, and the others learn what stands there and order nothing.
pub async fn a_due_time_is_answered_once(store: impl JobStore + ScheduleStore) {
    for (round, expected) in [None, Some(1), Some(2)].into_iter().enumerate() {
        let state = ScheduleState::new(at(round as i64));
        let drivers = (0..10).map(|_| {
            let step = step("acme/shop", expected, state.clone(), vec![order()]);
            let store = &store;
            async move { store.advance(&step, at(9)).await.expect("advance") }
        });
        let answers = futures::future::join_all(drivers).await;
        let done = answers.iter().filter(|answer| matches!(answer, Advance::Done { .. })).count();
        assert_eq!(done, 1);
        let told = answers.iter().filter_map(|answer| match answer {
            Advance::Lost(there) => Some(there.as_ref().expect("something stands there")),
            Advance::Done { .. } => None,
        });
        assert!(told.into_iter().all(|there| there.version == round as u64 + 1 && there.state == state));
        assert_eq!(jobs(&store).await, round + 1);
    }
}

/// A step whose order is refused writes nothing, its state neither.
pub async fn a_refused_step_writes_nothing(store: impl JobStore + ScheduleStore) {
    let broken = NewJob::new("acme", "sync", "no JSON");
    let refused = step("acme/shop", None, ScheduleState::new(at(0)), vec![order(), broken]);
    assert_eq!(store.advance(&refused, at(0)).await.expect_err("refused").kind(), ErrorKind::ConfigInvalid);
    assert_eq!((store.schedules().await.expect("schedules").len(), jobs(&store).await), (0, 0));
}

/// A step behind one that is not there is lost, and so is a first step behind another.
pub async fn what_is_not_expected_is_lost(store: impl JobStore + ScheduleStore) {
    let behind = step("acme/shop", Some(4), ScheduleState::new(at(0)), vec![order()]);
    assert_eq!(store.advance(&behind, at(0)).await.expect("advance"), Advance::Lost(None));
    let first = step("acme/shop", None, ScheduleState::new(at(0)), Vec::new());
    assert!(matches!(store.advance(&first, at(0)).await.expect("advance"), Advance::Done { version: 1, .. }));
    let again = step("acme/shop", None, ScheduleState::new(at(9)), vec![order()]);
    let Advance::Lost(Some(there)) = store.advance(&again, at(9)).await.expect("advance") else {
        panic!("another stands there");
    };
    assert_eq!((there.version, there.state, jobs(&store).await), (1, ScheduleState::new(at(0)), 0));
}

/// Runs every behavior against each backend: an async function without arguments that gives a fresh store, or `None`
/// to skip. The caller needs `tokio` with its macros.
#[macro_export]
macro_rules! schedule_store_suite {
    ($($backend:ident),+ $(,)?) => {$(
        mod $backend {
            $crate::suite_tests!(super::$backend, schedule_store_suite:
                steps_are_read_back a_due_time_is_answered_once a_refused_step_writes_nothing
                what_is_not_expected_is_lost);
        }
    )+};
}
