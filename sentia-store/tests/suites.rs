//! The public behavior suites against both databases.

mod database;

mod sink {
    use super::database::{postgres, sqlite};

    sentia_core::sink_suite!(sqlite, postgres);
}

mod keys {
    use super::database::{postgres, sqlite};

    sentia_core::key_store_suite!(sqlite, postgres);
}

/// Workers of a fleet start together on a fresh database: each opens it, one migrates it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_open_a_fresh_database_at_once() {
    let Some(url) = database::fresh_postgres_url().await else { return };
    let opened = futures::future::join_all((0..8).map(|_| sentia_store::Store::connect(&url))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}
