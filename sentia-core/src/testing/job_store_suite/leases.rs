//! Who may run a job, and what becomes of it.

use super::{at, claim, claim_one, enqueue_one, job, order};
use crate::{
    ErrorKind, JobStore,
    job::{Claim, JobState, Lease, Outcome},
};

async fn conflicts(store: &impl JobStore, lease: &Lease, second: i64) {
    let error = store.renew(lease, at(second + 60)).await.expect_err("a lost lease");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let outcomes = [
        Outcome::Done,
        Outcome::Cancelled,
        Outcome::Dead { error: "x".into() },
        Outcome::Retry { at: at(second), error: "x".into() },
        Outcome::Snooze { until: at(second), reason: "x".into() },
    ];
    for outcome in outcomes {
        let error = store.finish(lease, outcome.clone(), at(second)).await.expect_err("a lost lease");
        assert_eq!(error.kind(), ErrorKind::Conflict, "{outcome:?}");
    }
}

/// Once another worker took the job over, its first worker can neither renew nor end it, not even under its own name.
pub async fn a_stale_worker_changes_nothing(store: impl JobStore) {
    let id = enqueue_one(&store, order("acme"), 0).await.id();
    let stale = claim_one(&store, "w", 1).await;
    assert!(claim(&store, "w", 1, 60).await.is_empty(), "the lease ends at 61");
    let fresh = claim_one(&store, "w", 61).await;
    assert_eq!((fresh.job.id, fresh.job.attempt), (id, 2));
    assert!(fresh.lease.fence > stale.lease.fence);
    conflicts(&store, &stale.lease, 62).await;
    let stranger = Lease { worker: "other".into(), ..fresh.lease.clone() };
    conflicts(&store, &stranger, 62).await;
    assert_eq!(job(&store, id).await.state, JobState::Running);
    assert_eq!(store.finish(&fresh.lease, Outcome::Done, at(63)).await.expect("finish"), JobState::Done);
    conflicts(&store, &fresh.lease, 64).await;
    assert_eq!(job(&store, id).await.finished, Some(at(63)));
}

/// A renewed lease keeps the job, and renewing says what was asked of it.
pub async fn a_renewed_lease_lasts(store: impl JobStore) {
    let _ = enqueue_one(&store, order("acme"), 0).await;
    let claimed = claim_one(&store, "w", 0).await;
    let renewed = store.renew(&claimed.lease, at(200)).await.expect("renew");
    assert_eq!(renewed.lease, Lease { until: at(200), ..claimed.lease.clone() });
    assert!(!renewed.job.cancel_requested);
    assert!(claim(&store, "v", 1, 199).await.is_empty());
    assert_eq!(store.finish(&claimed.lease, Outcome::Done, at(199)).await.expect("finish"), JobState::Done);
}

/// A job that ends its worker each time is a dead letter at last, and says why.
pub async fn a_job_without_attempts_is_dead(store: impl JobStore) {
    let id = enqueue_one(&store, order("acme").max_attempts(2).lane("shop"), 0).await.id();
    for attempt in 1..=2 {
        assert_eq!(claim_one(&store, "w", i64::from(attempt) * 100).await.job.attempt, attempt);
    }
    assert!(claim(&store, "w", 1, 300).await.is_empty());
    let dead = job(&store, id).await;
    assert_eq!((dead.state, dead.attempt, dead.finished), (JobState::Dead, 2, Some(at(300))));
    assert_eq!(
        dead.explain(),
        "dead after 2 of 2 attempts: its worker ended without a word; remove the cause, then replay it"
    );
}

/// A retry waits for its time, counts, and with the last attempt the job is dead.
pub async fn a_retry_spends_attempts(store: impl JobStore) {
    let id = enqueue_one(&store, order("acme").max_attempts(2), 0).await.id();
    let again = |second| Outcome::Retry { at: at(second), error: "no answer".into() };
    let first = claim_one(&store, "w", 1).await;
    assert_eq!(store.finish(&first.lease, again(30), at(2)).await.expect("finish"), JobState::Queued);
    assert_eq!(job(&store, id).await.note.as_deref(), Some("no answer"));
    assert!(claim(&store, "w", 1, 29).await.is_empty());
    let second = claim_one(&store, "w", 30).await;
    assert_eq!(second.job.attempt, 2);
    assert_eq!(store.finish(&second.lease, again(60), at(31)).await.expect("finish"), JobState::Dead);
    assert!(claim(&store, "w", 1, 1_000).await.is_empty());
}

/// A job that is put off a hundred times still has all its attempts.
pub async fn a_snooze_spends_none(store: impl JobStore) {
    let _ = enqueue_one(&store, order("acme").max_attempts(1), 0).await;
    for minute in 0..100 {
        let claimed = claim_one(&store, "w", minute * 60).await;
        assert_eq!(claimed.job.attempt, 1);
        let later = Outcome::Snooze { until: at((minute + 1) * 60), reason: "quota".into() };
        let state = store.finish(&claimed.lease, later, at(minute * 60)).await.expect("finish");
        assert_eq!(state, JobState::Queued);
        assert!(claim(&store, "w", 1, minute * 60 + 59).await.is_empty());
    }
}

/// A clock that is minutes ahead takes a job over, one that is behind leaves it alone; the result counts once.
pub async fn a_clock_that_jumps_loses_nothing(store: impl JobStore) {
    let id = enqueue_one(&store, order("acme"), 0).await.id();
    let first = claim_one(&store, "w", 0).await;
    assert!(claim(&store, "behind", 1, -1_200).await.is_empty());
    let ahead = claim_one(&store, "ahead", 1_200).await;
    assert_eq!(ahead.job.id, id);
    let error = store.finish(&first.lease, Outcome::Done, at(5)).await.expect_err("taken over");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        claim(&store, "w", 1, 10).await.is_empty(),
        "the lease lasts until the clock that gave it says so"
    );
    assert_eq!(store.finish(&ahead.lease, Outcome::Done, at(11)).await.expect("finish"), JobState::Done);
    let _ = enqueue_one(&store, order("acme"), 1_200).await;
    assert!(claim(&store, "w", 1, 20).await.is_empty(), "ordered by a clock ahead, it waits");
    let _ = enqueue_one(&store, order("acme"), 21).await;
    assert_eq!(claim(&store, "w", 9, 21).await.len(), 1, "and keeps no other waiting");
}

/// A clock that was hours ahead leaves no lease that lasts for hours: no worker asks for so long a one.
pub async fn a_lease_from_a_far_future_is_taken_back(store: impl JobStore) {
    let id = enqueue_one(&store, order("acme"), 0).await.id();
    let ahead = claim_one(&store, "ahead", 36_000).await;
    assert_eq!(ahead.job.id, id);
    let again = claim_one(&store, "w", 10).await;
    assert_eq!((again.job.id, again.job.attempt), (id, 2));
    conflicts(&store, &ahead.lease, 11).await;
}

/// A lease that would keep a killed worker's job for hours is refused.
pub async fn an_overlong_lease_is_refused(store: impl JobStore) {
    let _ = enqueue_one(&store, order("acme"), 0).await;
    let claim = Claim { worker: "w".into(), kinds: vec!["sync".into()], limit: 1, until: at(901) };
    assert_eq!(store.claim(&claim, at(0)).await.expect_err("too long").kind(), ErrorKind::ConfigInvalid);
    assert_eq!(store.claim(&claim, at(1)).await.expect("a quarter of an hour").jobs.len(), 1);
}
