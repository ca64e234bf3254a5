//! Called off, replayed, removed.

use super::{at, claim, claim_one, enqueue_one, ids, job, order};
use crate::{
    ErrorKind, JobStore,
    job::{Change, Effect, Enqueued, JobFilter, JobId, JobState, NewJob, Outcome},
};

fn of(id: JobId) -> JobFilter {
    JobFilter { id: Some(id), ..JobFilter::default() }
}

/// Makes a dead letter.
async fn dead(store: &impl JobStore, ordered: NewJob, second: i64) -> JobId {
    let id = enqueue_one(store, ordered, second).await.id();
    let claimed = claim_one(store, "w", second).await;
    assert_eq!(claimed.job.id, id);
    let outcome = Outcome::Dead { error: "no such shop".into() };
    store.finish(&claimed.lease, outcome, at(second)).await.expect("finish");
    id
}

/// A waiting job is cancelled at once; a running one hears of it, and ends cancelled instead of trying again.
pub async fn cancels_at_once_or_when_heard(store: impl JobStore) {
    let running = enqueue_one(&store, order("acme").unique("a"), 0).await.id();
    let claimed = claim_one(&store, "w", 0).await;
    let waiting = enqueue_one(&store, order("acme"), 1).await.id();
    let all = JobFilter::default();
    let touched = store.change(&all, Change::Cancel, Effect::Apply, at(2)).await.expect("cancel");
    assert_eq!(touched.len(), 2);
    assert_eq!(job(&store, waiting).await.state, JobState::Cancelled);
    assert!(store.renew(&claimed.lease, at(90)).await.expect("renew").job.cancel_requested);
    let retry = Outcome::Retry { at: at(4), error: "stopped".into() };
    let state = store.finish(&claimed.lease, retry, at(3)).await.expect("finish");
    assert_eq!((state, job(&store, running).await.finished), (JobState::Cancelled, Some(at(3))));
    assert!(claim(&store, "w", 9, 100).await.is_empty());
    let again = store.change(&all, Change::Cancel, Effect::Apply, at(5)).await.expect("cancel");
    assert!(again.is_empty(), "what has ended is left alone: {again:?}");
}

/// Dead letters are listed and replayed, one or many, and a dry run names the same ones and changes nothing.
pub async fn replays_dead_letters(store: impl JobStore) {
    let first = dead(&store, order("acme").max_attempts(1), 0).await;
    let second = dead(&store, order("acme"), 1).await;
    let foreign = dead(&store, order("other"), 2).await;
    let letters = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    let listed = store.list(&letters).await.expect("list");
    assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [first, second, foreign]);
    assert!(listed.iter().all(|job| job.explain().contains("no such shop")));
    let acme = JobFilter { tenant: Some("acme".into()), ..letters.clone() };
    let dry = store.change(&acme, Change::Replay, Effect::DryRun, at(3)).await.expect("dry run");
    assert_eq!(dry, [first, second]);
    assert!(claim(&store, "w", 9, 3).await.is_empty());
    let one = store.change(&of(first), Change::Replay, Effect::Apply, at(4)).await.expect("replay");
    assert_eq!(one, [first]);
    let many = store.change(&acme, Change::Replay, Effect::Apply, at(4)).await.expect("replay");
    assert_eq!(many, [second]);
    let claimed = claim(&store, "w", 9, 4).await;
    assert_eq!(ids(&claimed), [first, second]);
    assert!(claimed.iter().all(|claimed| claimed.job.attempt == 1));
    assert_eq!(job(&store, foreign).await.state, JobState::Dead);
}

/// A dead letter whose work waits elsewhere is not replayed, and of two with one key one is.
pub async fn replays_work_once(store: impl JobStore) {
    let older = dead(&store, order("acme").unique("a"), 0).await;
    let _ = dead(&store, order("acme").unique("a"), 1).await;
    let covered = dead(&store, order("acme").unique("b"), 2).await;
    let live = enqueue_one(&store, order("acme").unique("b"), 3).await.id();
    let all = JobFilter::default();
    for effect in [Effect::DryRun, Effect::Apply] {
        let touched = store.change(&all, Change::Replay, effect, at(4)).await.expect("replay");
        assert_eq!(touched, [older]);
    }
    assert_eq!(job(&store, covered).await.state, JobState::Dead);
    assert_eq!(enqueue_one(&store, order("acme").unique("a"), 5).await, Enqueued::Queued(older));
    assert_eq!(ids(&claim(&store, "w", 9, 5).await), [live, older]);
}

/// Jobs of a final state are removed once they are old enough; others stay whatever their age.
pub async fn purges_what_ended(store: impl JobStore) {
    let letter = dead(&store, order("acme"), 0).await;
    let ended = enqueue_one(&store, order("acme"), 0).await.id();
    let claimed = claim_one(&store, "w", 0).await;
    store.finish(&claimed.lease, Outcome::Done, at(10)).await.expect("finish");
    let waiting = enqueue_one(&store, order("acme"), 0).await.id();
    assert_eq!(store.purge(JobState::Done, at(10)).await.expect("purge"), 0);
    assert_eq!(store.purge(JobState::Done, at(11)).await.expect("purge"), 1);
    assert!(store.list(&of(ended)).await.expect("list").is_empty());
    let error = store.purge(JobState::Queued, at(99)).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    let left: Vec<_> =
        store.list(&JobFilter::default()).await.expect("list").iter().map(|job| job.id).collect();
    assert_eq!(left, [letter, waiting]);
}

/// Hastened jobs are due now and keep their attempts; only those that wait for a later time are touched.
pub async fn hastened_jobs_are_due_now(store: impl JobStore) {
    let later = enqueue_one(&store, order("acme").run_at(at(500)).schedule("nightly"), 0).await.id();
    let due = enqueue_one(&store, order("acme"), 0).await.id();
    let running = claim_one(&store, "w", 1).await;
    assert_eq!(running.job.id, due);
    let all = JobFilter::default();
    let dry = store.change(&all, Change::Hasten, Effect::DryRun, at(2)).await.expect("dry run");
    assert!(claim(&store, "w", 9, 2).await.is_empty());
    let touched = store.change(&all, Change::Hasten, Effect::Apply, at(2)).await.expect("hasten");
    assert_eq!((&dry, &touched), (&vec![later], &vec![later]));
    let claimed = claim_one(&store, "w", 2).await;
    assert_eq!((claimed.job.id, claimed.job.order.run_at), (later, Some(at(2))));
    assert_eq!(claimed.job.order.schedule.as_deref(), Some("nightly"), "its schedule is kept");
}

/// Workers are called when there is something new to claim, and not for what changes nothing.
pub async fn workers_are_called(store: impl JobStore) {
    let mut signal = store.signal().await.expect("signal");
    let mut called = async || {
        let wait = tokio::time::timeout(std::time::Duration::from_millis(2_000), signal.woken());
        wait.await.map(|woken| woken.expect("woken")).is_ok()
    };
    let id = enqueue_one(&store, order("acme").unique("shop"), 0).await.id();
    assert!(called().await, "a new job");
    let claimed = claim_one(&store, "w", 1).await;
    assert_eq!(
        store.finish(&claimed.lease, Outcome::Dead { error: "x".into() }, at(2)).await.expect("ends"),
        JobState::Dead
    );
    let only = JobFilter { id: Some(id), ..JobFilter::default() };
    let _ = store.change(&only, Change::Replay, Effect::Apply, at(3)).await.expect("replay");
    assert!(called().await, "a replayed job");
    let claimed = claim_one(&store, "w", 4).await;
    let later = Outcome::Snooze { until: at(90), reason: "x".into() };
    let _ = store.finish(&claimed.lease, later, at(5)).await.expect("ends");
    let _ = store.change(&only, Change::Hasten, Effect::Apply, at(6)).await.expect("hasten");
    assert!(called().await, "a hastened job");
}
