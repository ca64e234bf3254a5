//! One job for one piece of work.

use super::{at, claim, claim_one, enqueue_one, ids, job, order};
use crate::{
    JobStore,
    job::{Enqueued, JobFilter, JobState, Outcome, WhileRunning},
};

/// Ten thousand jobs ordered twice are ten thousand jobs, and each second order is told the first one's job.
pub async fn same_work_is_queued_once(store: impl JobStore) {
    let jobs: Vec<_> = (0..10_000).map(|at| order("acme").unique(format!("{at}"))).collect();
    let first = store.enqueue(&jobs, at(0)).await.expect("enqueue");
    assert!(first.iter().all(|answer| matches!(answer, Enqueued::New(_))));
    let again = store.enqueue(&jobs, at(1)).await.expect("enqueue");
    let expected: Vec<_> = first.iter().map(|answer| Enqueued::Queued(answer.id())).collect();
    assert_eq!(again, expected);
    assert_eq!(store.census(at(0)).await.expect("census")[0].runnable, 10_000);
    let other = store.enqueue(&[order("other").unique("0"), order("acme")], at(2)).await.expect("enqueue");
    assert!(
        other.iter().all(|answer| matches!(answer, Enqueued::New(_))),
        "another tenant, no key: {other:?}"
    );
    let twice = vec![order("acme").unique("twice"); 2];
    let twice = store.enqueue(&twice, at(3)).await.expect("enqueue");
    assert_eq!(twice[0].id(), twice[1].id());
}

/// A push while the work runs is told so, and the job runs once more, once for all pushes.
pub async fn a_push_while_it_runs_runs_it_again(store: impl JobStore) {
    let ordered = order("acme").unique("orders").max_attempts(2);
    let id = enqueue_one(&store, ordered.clone(), 0).await.id();
    let first = claim_one(&store, "w", 1).await;
    for second in [2, 3] {
        assert_eq!(enqueue_one(&store, ordered.clone(), second).await, Enqueued::Dirty(id));
    }
    assert_eq!(store.finish(&first.lease, Outcome::Done, at(4)).await.expect("finish"), JobState::Queued);
    let second = claim_one(&store, "w", 5).await;
    assert_eq!((second.job.id, second.job.attempt), (id, 1));
    assert_eq!(store.finish(&second.lease, Outcome::Done, at(6)).await.expect("finish"), JobState::Done);
    assert!(matches!(enqueue_one(&store, ordered, 7).await, Enqueued::New(other) if other != id));
}

/// What was pushed while the job ran and failed for good, is still done; the error is not forgotten.
pub async fn a_dead_job_that_was_pushed_runs_again(store: impl JobStore) {
    let ordered = order("acme").unique("orders");
    let id = enqueue_one(&store, ordered.clone(), 0).await.id();
    let first = claim_one(&store, "w", 1).await;
    let _ = enqueue_one(&store, ordered, 2).await;
    let dead = Outcome::Dead { error: "no such shop".into() };
    assert_eq!(store.finish(&first.lease, dead.clone(), at(3)).await.expect("finish"), JobState::Queued);
    let second = claim_one(&store, "w", 3).await;
    assert_eq!((second.job.id, second.job.attempt), (id, 1));
    assert_eq!(second.job.note.as_deref(), Some("no such shop"));
    assert_eq!(store.finish(&second.lease, dead, at(4)).await.expect("finish"), JobState::Dead);
    assert_eq!(job(&store, id).await.finished, Some(at(4)));
}

/// Of sixteen callers who order the same work at once one makes the job, and all are told of it.
pub async fn pushed_at_once_is_queued_once(store: impl JobStore) {
    let push = || enqueue_one(&store, order("acme").unique("orders"), 0);
    let answers = futures::future::join_all((0..16).map(|_| push())).await;
    let new: Vec<_> = answers.iter().filter(|answer| matches!(answer, Enqueued::New(_))).collect();
    assert_eq!(new.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.id() == new[0].id()));
    assert_eq!(store.list(&JobFilter::default()).await.expect("list").len(), 1);
    assert_eq!(ids(&claim(&store, "w", 9, 1).await), [new[0].id()]);
}

/// An order that wants no second run says so, and leaves what runs as it is.
pub async fn an_order_may_be_left_out_while_the_work_runs(store: impl JobStore) {
    let once = || order("acme").unique("shop").while_running(WhileRunning::LeaveOut);
    let id = enqueue_one(&store, once(), 0).await.id();
    assert_eq!(enqueue_one(&store, once(), 0).await, Enqueued::Queued(id));
    let claimed = claim_one(&store, "w", 1).await;
    assert_eq!(enqueue_one(&store, once(), 2).await, Enqueued::LeftOut(id));
    assert_eq!(store.finish(&claimed.lease, Outcome::Done, at(3)).await.expect("finish"), JobState::Done);

    let next = enqueue_one(&store, once(), 4).await.id();
    let claimed = claim_one(&store, "w", 4).await;
    let both = store.enqueue(&[once(), order("acme").unique("shop"), once()], at(5)).await.expect("enqueue");
    assert_eq!(both, [Enqueued::LeftOut(next), Enqueued::Dirty(next), Enqueued::LeftOut(next)]);
    let state = store.finish(&claimed.lease, Outcome::Done, at(6)).await.expect("finish");
    assert_eq!(state, JobState::Queued, "one of them wanted another run");
}
