//! The clean-up over a store in memory.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::{
    clock::Clock,
    engine::CancellationToken,
    job::{Claim, JobFilter},
    testing::{ManualClock, MemoryJobStore},
};

fn at(days: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(days)
}

async fn ended(store: &MemoryJobStore, outcome: Outcome, day: i64) {
    let job = NewJob::new("acme", "act", "{}").max_attempts(1);
    let _ = store.enqueue(&[job], at(day)).await.expect("enqueue");
    let until = at(day) + TimeDelta::seconds(60);
    let claim = Claim { worker: "w".into(), kinds: vec!["act".into()], limit: 1, until };
    let taken = store.claim(&claim, at(day)).await.expect("claim").jobs.pop().expect("a job");
    let _ = store.finish(&taken.lease, outcome, at(day)).await.expect("finish");
}

#[tokio::test]
async fn jobs_are_removed_when_their_time_is_over_and_no_earlier() {
    let store = MemoryJobStore::default();
    for day in [0, 59, 88, 89, 90] {
        ended(&store, Outcome::Done, day).await;
        ended(&store, Outcome::Cancelled, day).await;
        ended(&store, Outcome::Dead { error: "x".into() }, day).await;
    }
    let clock = ManualClock::new(at(90) + TimeDelta::hours(1));
    let _ = store.enqueue(&[CleanUp::order()], clock.now()).await.expect("enqueue");
    let until = clock.now() + TimeDelta::seconds(60);
    let claim = Claim { worker: "w".into(), kinds: vec![CleanUp::KIND.into()], limit: 1, until };
    let taken = store.claim(&claim, clock.now()).await.expect("claim").jobs.pop().expect("the clean-up");
    let work = Work {
        job: taken.job,
        lease: taken.lease,
        cancelled: CancellationToken::new(),
        clock: std::sync::Arc::new(clock),
    };
    let clean_up = CleanUp { jobs: Arc::new(store.clone()), retention: Retention::default() };
    assert_eq!(clean_up.run(&work).await.expect("runs"), Outcome::Done);
    let mut kept = Vec::new();
    for state in [JobState::Done, JobState::Cancelled, JobState::Dead] {
        let filter = JobFilter { state: Some(state), kind: Some("act".into()), ..JobFilter::default() };
        let days =
            store.list(&filter).await.expect("list").into_iter().map(|job| (job.created - at(0)).num_days());
        kept.push(days.collect::<Vec<_>>());
    }
    // Two, thirty and ninety days.
    assert_eq!(kept, [vec![89, 90], vec![88, 89, 90], vec![59, 88, 89, 90]]);

    work.cancelled.cancel();
    assert_eq!(clean_up.run(&work).await.expect_err("asked to stop").kind(), ErrorKind::Cancelled);
}
