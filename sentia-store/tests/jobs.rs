//! The job store's behavior suite on both databases, and what it is for many tenants and in a host's transaction.

mod database;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
use sentia_core::{
    ErrorKind, JobStore,
    job::{Claim, Claimed, Enqueued, JobFilter, JobState, NewJob, Outcome},
};
use sentia_store::{
    Store,
    job::{enqueue, hold},
};

mod suite {
    use super::database::{postgres, sqlite};

    sentia_core::job_store_suite!(sqlite, postgres);
}

mod schedules {
    use super::database::{postgres, sqlite};

    sentia_core::schedule_store_suite!(sqlite, postgres);
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

fn order(tenant: &str) -> NewJob {
    NewJob::new(tenant, "sync", "{}")
}

async fn claim(store: &Store, limit: u32, second: i64) -> Vec<Claimed> {
    let kinds = vec!["sync".to_owned(), "deliver".to_owned()];
    let claim = Claim { worker: "w".into(), kinds, limit, until: at(second + 900) };
    store.claim(&claim, at(second)).await.expect("claim").jobs
}

const TENANTS: usize = 1_000;
const BACKLOG: usize = 100_000;

/// One tenant has 100,000 jobs of the highest priority, 999 have one each. A service round is a turn for each tenant.
async fn a_thousand_tenants(store: Store) {
    let big = vec![order("big").priority(i8::MAX); BACKLOG];
    let _ = store.enqueue(&big, at(0)).await.expect("enqueue");
    // It was served alone for a while, and so may not profit from having been first.
    assert_eq!(claim(&store, 10, 0).await.len(), 10);
    let small: Vec<NewJob> = (1..TENANTS).map(|at| order(&format!("t{at}")).priority(i8::MIN)).collect();
    let _ = store.enqueue(&small, at(1)).await.expect("enqueue");

    let mut starts: HashMap<String, usize> = HashMap::new();
    let mut second = 2;
    while starts.values().sum::<usize>() < TENANTS {
        let claimed = claim(&store, 50, second).await;
        assert_eq!(claimed.len(), 50, "no turn is left unused");
        for claimed in claimed {
            *starts.entry(claimed.job.order.tenant).or_default() += 1;
        }
        second += 1;
    }
    assert_eq!(starts.len(), TENANTS, "within one round every tenant's job has started");
    assert_eq!(starts["big"], 1, "and the big one had one turn in it");

    assert_eq!(claim(&store, 50, second).await.len(), 50, "what nobody else wants, the big one gets");
    let _ = store.enqueue(&[order("late")], at(second)).await.expect("enqueue");
    let next = claim(&store, 2, second).await;
    assert!(next.iter().any(|claimed| claimed.job.order.tenant == "late"), "{next:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tenants_on_sqlite() {
    a_thousand_tenants(database::sqlite().await.expect("SQLite")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tenants_on_postgres() {
    let Some(store) = database::postgres().await else { return };
    a_thousand_tenants(store).await;
}

/// Each tenant's turn comes in every round, also while workers ask at once and the database locks tenants.
async fn workers_at_once(store: Store) {
    let mut jobs = vec![order("big"); 2_000];
    jobs.extend((0..40).map(|at| order(&format!("t{at}"))));
    let _ = store.enqueue(&jobs, at(0)).await.expect("enqueue");
    let ten = futures::future::join_all((0..8).map(|_| claim(&store, 10, 1))).await.concat();
    let mut started: HashSet<String> = ten.iter().map(|claimed| claimed.job.order.tenant.clone()).collect();
    let unique: HashSet<_> = ten.iter().map(|claimed| claimed.job.id).collect();
    assert_eq!(unique.len(), ten.len());
    started.extend(claim(&store, 41, 2).await.into_iter().map(|claimed| claimed.job.order.tenant));
    assert_eq!(started.len(), 41, "80 and 41 turns are two rounds of 41 tenants and more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_at_once_on_sqlite() {
    workers_at_once(database::sqlite().await.expect("SQLite")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_at_once_on_postgres() {
    let Some(store) = database::postgres().await else { return };
    workers_at_once(store).await;
}

/// A host orders jobs with its own rows: there with them, gone with them.
async fn a_hosts_transaction(url: &str) {
    let store = Store::connect(url).await.expect("a store");
    let host = Database::connect(url).await.expect("the host's own connection");
    host.execute_unprepared("CREATE TABLE deliveries (body text)").await.expect("the host's table");
    for keep in [false, true] {
        let transaction = host.begin().await.expect("begin");
        transaction.execute_unprepared("INSERT INTO deliveries VALUES ('order 7')").await.expect("a row");
        let made = enqueue(&transaction, &[order("acme").unique("7")], at(0)).await.expect("enqueue");
        assert!(matches!(made[..], [Enqueued::New(_)]), "nothing stayed of what was rolled back: {made:?}");
        if keep {
            transaction.commit().await.expect("commit");
        } else {
            transaction.rollback().await.expect("rollback");
            assert!(store.list(&JobFilter::default()).await.expect("list").is_empty());
            assert!(claim(&store, 1, 1).await.is_empty());
        }
    }
    let claimed = claim(&store, 9, 1).await;
    assert_eq!(claimed.len(), 1);
    stale_rows(&store, &host, &claimed[0]).await;
}

/// A worker that lost its lease commits no rows; one that holds it does.
async fn stale_rows(store: &Store, host: &sea_orm::DatabaseConnection, stale: &Claimed) {
    let fresh = claim(store, 1, 10_000).await.pop().expect("taken over");
    assert_eq!(fresh.job.id, stale.job.id);
    for (lease, holds) in [(&stale.lease, false), (&fresh.lease, true)] {
        let transaction = host.begin().await.expect("begin");
        transaction.execute_unprepared("INSERT INTO deliveries VALUES ('result')").await.expect("a row");
        match hold(&transaction, lease).await {
            Ok(()) => {
                assert!(holds, "a stale lease must not hold");
                transaction.commit().await.expect("commit");
            }
            Err(error) => {
                assert!(!holds, "{error}");
                assert_eq!(error.kind(), ErrorKind::Conflict);
                transaction.rollback().await.expect("rollback");
            }
        }
    }
    let sql = "SELECT count(*) AS n FROM deliveries WHERE body = 'result'";
    let counted = sea_orm::Statement::from_string(host.get_database_backend(), sql);
    let counted = host.query_one_raw(counted).await.expect("query").expect("a row");
    assert_eq!(counted.try_get::<i64>("", "n").expect("a count"), 1, "the holder's result alone");
    let state = store.finish(&fresh.lease, Outcome::Done, at(10_001)).await.expect("finish");
    assert_eq!(state, JobState::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hosts_transaction_on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    a_hosts_transaction(&format!("sqlite://{}?mode=rwc", folder.path().join("host.db").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hosts_transaction_on_postgres() {
    let Some(url) = database::fresh_postgres_url().await else { return };
    a_hosts_transaction(&url).await;
}

/// Eight workers at once on one tenant with four lanes: no claim fails, every job is done once, and no lane runs two.
async fn lanes_under_contention(store: Store) {
    const JOBS: usize = 200;
    let order = |at: usize| order("acme").lane(format!("lane {}", at % 4));
    let _ = store.enqueue(&(0..JOBS).map(order).collect::<Vec<_>>(), at(0)).await.expect("enqueue");
    let running = std::sync::Mutex::new(HashSet::new());
    let worker = async || {
        let mut done = 0;
        // A claim may find all lanes taken while others work.
        for _ in 0..2_000 {
            for claimed in claim(&store, 2, 1).await {
                let lane = claimed.job.order.lane.clone().expect("a lane");
                assert!(running.lock().expect("whole").insert(lane.clone()), "{lane} runs two");
                tokio::task::yield_now().await;
                running.lock().expect("whole").remove(&lane);
                assert_eq!(
                    store.finish(&claimed.lease, Outcome::Done, at(2)).await.expect("finish"),
                    JobState::Done
                );
                done += 1;
            }
            if store.census(at(2)).await.expect("census").is_empty() {
                break;
            }
        }
        done
    };
    let done = futures::future::join_all((0..8).map(|_| worker())).await;
    assert_eq!(done.into_iter().sum::<usize>(), JOBS);
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_under_contention_on_sqlite() {
    lanes_under_contention(database::sqlite().await.expect("a database")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_under_contention_on_postgres() {
    if let Some(store) = database::postgres().await {
        lanes_under_contention(store).await;
    }
}
