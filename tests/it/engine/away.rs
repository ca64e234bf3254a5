//! The database goes away under load and comes back: the workers go on by themselves.

use std::time::Duration;

use sentia::{
    Engine, JobStore,
    clock::{Clock, SystemClock},
    engine::Connection,
    job::{JobFilter, JobState, NewJob},
    worker::WorkerPolicy,
};
use sentia_sandbox::{Sandbox, Size};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::worker::{Ledger, TABLES};
use crate::{
    database::{Database, Kind, variable},
    truth::{Vanished, impatient, shop_is_true, unpaced_shop},
};

/// Ends every connection to a database and lets none in, as a server that restarts; or lets them in again.
async fn set_away(database: &Database, is_away: bool) {
    let server = variable("SENTIA_TEST_POSTGRES_URL").expect("the test server");
    let (_, name) = database.url.rsplit_once('/').expect("a URL with a database");
    let mut operator = PgConnection::connect(&server).await.expect("the test server");
    let allow = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {}", !is_away);
    sqlx::query(AssertSqlSafe(allow)).execute(&mut operator).await.expect("an operator may");
    if is_away {
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        sqlx::query(AssertSqlSafe(end)).execute(&mut operator).await.expect("an operator may");
    }
}

#[allow(clippy::disallowed_methods, reason = "a server works in real time")]
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_under_load_is_waited_for() {
    let Some(database) = Database::fresh(Kind::Postgres).await else { return };
    let sandbox = Sandbox::start(54, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.shopify_uk();
    for table in TABLES {
        database.execute(table).await;
    }
    let connection = Connection::new("shopify-uk", unpaced_shop(twin)).transport(impatient()).page_size(20);
    let policy = WorkerPolicy {
        lease: Duration::from_secs(4),
        poll: Duration::from_secs(1),
        ..WorkerPolicy::default()
    };
    let store = database.store().await;
    let engine = Engine::builder(store.clone())
        .worker(policy)
        .handle("post", Ledger::open(&database.url).await)
        .connection(connection.every(Duration::from_secs(1)).expect("a second"))
        .start()
        .expect("starts");
    let mut posted = 0;
    for round in 0..4_i64 {
        let order = |at: i64| NewJob::new(format!("t{}", at % 3), "post", (round * 100 + at).to_string());
        let _ = store
            .enqueue(&(0..100).map(order).collect::<Vec<_>>(), SystemClock.now())
            .await
            .expect("enqueue");
        posted += (0..100).map(|at| round * 100 + at).sum::<i64>();
        sandbox.evolve();
        pause(150).await;
        set_away(&database, true).await;
        pause(2_500).await;
        set_away(&database, false).await;
        pause(1_500).await;
    }
    let posts = JobFilter { kind: Some("post".into()), ..JobFilter::default() };
    let mut open = usize::MAX;
    for _ in 0..600 {
        let jobs = engine.jobs().list(&posts).await.expect("list");
        open = jobs.iter().filter(|job| job.state != JobState::Done).count();
        if open == 0 {
            break;
        }
        pause(100).await;
    }
    assert_eq!(open, 0, "no job is stuck");
    let _ =
        engine.sync("default", &sentia::engine::SyncOrder::everything("shopify-uk")).await.expect("ordered");
    let runs = "SELECT CAST(count(*) AS text) FROM sentia_runs WHERE outcome = 'complete' AND report LIKE '%\"full\"%'";
    for _ in 0..600 {
        if database.rows(runs).await[0][0] != "0" {
            break;
        }
        pause(100).await;
    }
    let _ = engine.stop(Duration::from_secs(20)).await;
    let balance = database.rows("SELECT CAST(balance AS text) FROM accounts").await;
    assert_eq!(balance[0][0], posted.to_string(), "every effect exactly once");
    shop_is_true(&database, twin, "shopify-uk", Vanished::MarkedWhereSeen).await;
    assert!(store.verify().await.expect("verifies").holds());
}
