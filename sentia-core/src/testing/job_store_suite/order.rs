//! Which job is next.

use std::collections::{BTreeSet, HashMap};

use super::{at, claim, claim_one, enqueue_one, ids, job, order};
use crate::{
    ErrorKind, JobStore,
    job::{Claim, Enqueued, JobCount, JobFilter, JobState, NewJob, Outcome, PRIORITY_STEP},
};

/// A job is listed and claimed as it was ordered, with the version of its payload.
pub async fn reads_back(store: impl JobStore) {
    let ordered = NewJob::new("acme", "sync", r#"{"ü":1}"#)
        .lane("shop/orders")
        .unique("orders")
        .priority(-7)
        .run_at(at(5))
        .max_attempts(3)
        .payload_version(2);
    let id = enqueue_one(&store, ordered.clone(), 0).await.id();
    let stored = job(&store, id).await;
    assert_eq!((&stored.order, stored.state, stored.attempt), (&ordered, JobState::Queued, 0));
    assert_eq!((stored.created, stored.finished, stored.note), (at(0), None, None));
    let claimed = claim_one(&store, "w", 5).await;
    assert_eq!(
        (&claimed.job.order, claimed.job.state, claimed.job.attempt),
        (&ordered, JobState::Running, 1)
    );
    assert_eq!((claimed.lease.job, claimed.lease.until), (id, at(65)));
    assert_eq!(claimed.lease.worker, "w");
}

/// An order that cannot be kept queues nothing, also none of those beside it.
pub async fn refuses_what_cannot_be_kept(store: impl JobStore) {
    let bad = [
        NewJob::new("", "sync", "{}"),
        NewJob::new("acme", "", "{}"),
        NewJob::new("acme", "sync", "{"),
        order("a\0cme"),
        order("acme").lane("\0"),
        order("acme").max_attempts(0),
    ];
    for bad in bad {
        let error = store.enqueue(&[order("acme"), bad.clone()], at(0)).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{bad:?}");
    }
    assert!(store.list(&JobFilter::default()).await.expect("list").is_empty());
}

/// A job is not run before its time.
pub async fn waits_for_its_time(store: impl JobStore) {
    let id = enqueue_one(&store, order("acme").run_at(at(100)).priority(127), 0).await.id();
    assert!(claim(&store, "w", 1, 99).await.is_empty());
    assert_eq!(claim_one(&store, "w", 100).await.job.id, id);
}

/// Higher priority goes first, until a job has waited for the difference of priorities times the step.
pub async fn an_old_job_passes_newer_better_ones(store: impl JobStore) {
    let bound = 5 * PRIORITY_STEP.as_secs() as i64;
    let old = enqueue_one(&store, order("acme"), 0).await.id();
    let better = enqueue_one(&store, order("acme").priority(5), bound - 1).await.id();
    let late = enqueue_one(&store, order("acme").priority(5), bound + 1).await.id();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(claim_one(&store, "w", bound + 10).await.job.id);
    }
    assert_eq!(seen, [better, old, late]);
}

/// Two jobs of one tenant and lane never run at once; another tenant's lane of that name is another lane.
pub async fn one_lane_runs_one_job(store: impl JobStore) {
    let jobs = [order("acme").lane("shop"), order("acme").lane("shop"), order("other").lane("shop")];
    let made = store.enqueue(&jobs, at(0)).await.expect("enqueue");
    let first = claim(&store, "w", 9, 1).await;
    assert_eq!(first.len(), 2, "one of each tenant");
    assert!(claim(&store, "w", 9, 2).await.is_empty());
    let acme = first.iter().find(|claimed| claimed.job.order.tenant == "acme").expect("acme's job");
    assert_eq!(acme.job.id, made[0].id());
    store.finish(&acme.lease, Outcome::Done, at(3)).await.expect("finish");
    assert_eq!(ids(&claim(&store, "w", 9, 3).await), [made[1].id()]);
}

/// Jobs that wait for their lane keep no other job waiting.
pub async fn lanes_leave_no_turn_unused(store: impl JobStore) {
    let mut jobs = vec![order("acme").lane("a").priority(9); 20];
    jobs.extend(["b", "c", "d"].map(|lane| order("acme").lane(lane)));
    jobs.push(order("acme"));
    let _ = store.enqueue(&jobs, at(0)).await.expect("enqueue");
    let claimed = claim(&store, "w", 10, 1).await;
    let lanes: BTreeSet<_> = claimed.iter().map(|claimed| claimed.job.order.lane.clone()).collect();
    assert_eq!((claimed.len(), lanes.len()), (5, 5), "one of each lane and the one without");
}

/// A tenant with many jobs keeps none with one job waiting, whatever its priorities.
pub async fn tenants_take_turns(store: impl JobStore) {
    let _ = store.enqueue(&vec![order("big").priority(100); 50], at(0)).await.expect("enqueue");
    let mut served = Vec::new();
    for second in 0..10 {
        if second == 3 {
            let small = [order("small-1"), order("small-2"), order("small-3")];
            let _ = store.enqueue(&small, at(second)).await.expect("enqueue");
        }
        served.push(claim_one(&store, "w", second).await.job.order.tenant);
    }
    let (before, after) = served.split_at(3);
    assert_eq!(before, ["big"; 3], "a turn nobody else wants is used");
    assert_eq!(after, ["small-1", "small-2", "small-3", "big", "big", "big", "big"]);
}

/// One claim is shared evenly, and what one tenant cannot use the others get.
pub async fn tenants_share_a_claim(store: impl JobStore) {
    let mut jobs = vec![order("big"); 50];
    jobs.extend(vec![order("even"); 50]);
    jobs.extend(vec![order("few"); 2]);
    let _ = store.enqueue(&jobs, at(0)).await.expect("enqueue");
    let mut counts = HashMap::new();
    for claimed in claim(&store, "w", 20, 1).await {
        *counts.entry(claimed.job.order.tenant).or_insert(0) += 1;
    }
    assert_eq!(counts, HashMap::from([("big".into(), 9), ("even".into(), 9), ("few".into(), 2)]));
}

/// Many workers that ask at once get each job once, and all of them.
pub async fn no_job_is_claimed_twice(store: impl JobStore) {
    let jobs: Vec<NewJob> = (0..60).map(|at| order(&format!("t{}", at % 3)).lane(format!("{at}"))).collect();
    let made = store.enqueue(&jobs, at(0)).await.expect("enqueue");
    let worker = async |name: String| {
        let mut mine = Vec::new();
        loop {
            let claimed = claim(&store, &name, 4, 1).await;
            if claimed.is_empty() {
                return mine;
            }
            mine.extend(ids(&claimed));
        }
    };
    let all = futures::future::join_all((0..6).map(|at| worker(format!("w{at}")))).await;
    let mut claimed = all.concat();
    claimed.extend(ids(&claim(&store, "last", 60, 1).await));
    claimed.sort();
    let mut expected: Vec<_> = made.into_iter().map(Enqueued::id).collect();
    expected.sort();
    assert_eq!(claimed, expected);
}

/// A kind that no worker handles is kept, fails not, and is reported with its age.
pub async fn other_kinds_stay(store: impl JobStore) {
    let strange = enqueue_one(&store, NewJob::new("acme", "strange", "{}"), 0).await.id();
    let handled = enqueue_one(&store, order("acme"), 1).await.id();
    assert_eq!(ids(&claim(&store, "w", 9, 90_000).await), [handled]);
    let kept = job(&store, strange).await;
    assert_eq!((kept.state, kept.attempt), (JobState::Queued, 0));
    let counts = store.census(at(90_000)).await.expect("census");
    let counted: Vec<_> = counts.iter().map(|c| (c.kind.as_str(), c.runnable, c.running, c.oldest)).collect();
    assert_eq!(counted, [("strange", 1, 0, Some(at(0))), ("sync", 0, 1, None)]);
    let kinds = vec!["sync".to_owned(), "strange".to_owned()];
    let both = Claim { worker: "v".into(), kinds, limit: 9, until: at(90_060) };
    assert_eq!(ids(&store.claim(&both, at(90_001)).await.expect("claim").jobs), [strange]);
}

/// A claim that was not filled says when the next job of its kinds falls due.
pub async fn a_claim_says_when_the_next_is_due(store: impl JobStore) {
    let due = |second| order("acme").run_at(at(second));
    for job in [due(50), due(40), NewJob::new("acme", "strange", "{}").run_at(at(30)), due(10)] {
        let _ = enqueue_one(&store, job, 0).await;
    }
    let claim = |limit, second: i64| Claim {
        worker: "w".into(),
        kinds: vec!["sync".into(), "deliver".into()],
        limit,
        until: at(second + 60),
    };
    let none = store.claim(&claim(9, 5), at(5)).await.expect("claim");
    assert_eq!((none.jobs.len(), none.next), (0, Some(at(10))));
    let one = store.claim(&claim(9, 10), at(10)).await.expect("claim");
    assert_eq!((one.jobs.len(), one.next), (1, Some(at(40))), "what is due now is not next");
    let filled = store.claim(&claim(1, 60), at(60)).await.expect("claim");
    assert_eq!((filled.jobs.len(), filled.next), (1, None));
}

/// The census tells what waits and for what, by tenant and kind.
pub async fn the_census_tells_what_waits(store: impl JobStore) {
    for lane in ["shop", "shop", "books"] {
        let _ = enqueue_one(&store, order("acme").lane(lane), 0).await;
    }
    let _ = enqueue_one(&store, order("acme").run_at(at(500)), 0).await;
    let _ = enqueue_one(&store, order("beta").lane("shop"), 3).await;
    let claimed = claim_one(&store, "w", 5).await;
    assert_eq!(claimed.job.order.lane.as_deref(), Some("shop"));
    let dead = claim_one(&store, "w", 5).await;
    assert_eq!(dead.job.order.tenant, "beta", "tenants take turns");
    let gone = Outcome::Dead { error: "x".into() };
    assert_eq!(store.finish(&dead.lease, gone, at(6)).await.expect("finish"), JobState::Dead);
    let counts = store.census(at(10)).await.expect("census");
    let acme = JobCount {
        tenant: "acme".into(),
        kind: "sync".into(),
        runnable: 1,
        later: 1,
        blocked: 1,
        running: 1,
        dead: 0,
        attempts: 1,
        oldest: Some(at(0)),
    };
    let beta =
        JobCount { tenant: "beta".into(), kind: "sync".into(), dead: 1, attempts: 1, ..JobCount::default() };
    assert_eq!(counts, [acme, beta]);
    let of_lane =
        JobFilter { lane: Some("shop".into()), tenant: Some("acme".into()), ..JobFilter::default() };
    assert_eq!(store.list(&of_lane).await.expect("list").len(), 2);
}
