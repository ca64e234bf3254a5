//! A worker that was taken over commits nothing more, and neither ends the job.

use chrono::Duration;
use sentia::{
    ErrorKind, JobStore, Outcome,
    clock::{Clock, SystemClock},
    job::{Claim, Claimed, JobState, NewJob},
};
use sentia_sandbox::{Sandbox, Size};

use crate::{
    database::{Database, on_both},
    truth::{Vanished, shop, shop_is_true},
};

async fn claim(store: &sentia::Store, worker: &str, later: i64) -> Claimed {
    let now = SystemClock.now() + Duration::seconds(later);
    let kinds = vec!["sync".to_owned()];
    let claim = Claim { worker: worker.into(), kinds, limit: 1, until: now + Duration::seconds(60) };
    store.claim(&claim, now).await.expect("claim").jobs.pop().expect("a job")
}

async fn is_fenced(database: Database) {
    let sandbox = Sandbox::start(53, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.shopify_uk();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let store = database.store().await;
    let _ = store.enqueue(&[NewJob::new("default", "sync", "{}")], SystemClock.now()).await.expect("enqueue");
    let stale = claim(&store, "stale", 0).await;
    // Its lease is over, and another worker has the job.
    let fresh = claim(&store, "fresh", 61).await;
    assert_eq!(fresh.job.id, stale.job.id);

    let report = shop(twin, "shopify-uk", &store).held_by(stale.lease.clone()).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Incomplete);
    let codes: Vec<_> = report.streams().iter().filter_map(|stream| stream.failure.as_ref()).collect();
    // A stream whose partitions another one would have brought says so; all others were refused.
    assert!(codes.iter().filter(|failure| failure.code == "conflict").count() > 5, "{codes:#?}");
    assert_eq!(codes.len(), report.streams().len());
    for table in ["sentia_manifests", "sentia_certificates", "sentia_checkpoints"] {
        assert_eq!(database.count(table).await, 0, "{table}");
    }
    let ended = store.finish(&stale.lease, sentia::job::Outcome::Done, SystemClock.now()).await;
    assert_eq!(ended.expect_err("not its own").kind(), ErrorKind::Conflict);

    let report = shop(twin, "shopify-uk", &store).held_by(fresh.lease.clone()).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    shop_is_true(&database, twin, "shopify-uk", Vanished::NeverSeen).await;
    let state = store.finish(&fresh.lease, sentia::job::Outcome::Done, SystemClock.now()).await;
    assert_eq!(state.expect("its own"), JobState::Done);
    // The job has ended, and with it the right to write for it.
    sandbox.evolve();
    let report = shop(twin, "shopify-uk", &store).held_by(fresh.lease).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Incomplete);
    store.close().await;
}

on_both!(
    /// The fence reaches the commit: of two workers with one job only the one that holds it writes.
    a_stale_worker_commits_nothing,
    super::is_fenced
);
