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

mod states {
    use super::database::{postgres, sqlite};

    sentia_core::state_store_suite!(sqlite, postgres);
}

/// Programs that share a file start together: nobody finds it locked, and its tables are made once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_programs_open_a_fresh_file_at_once() {
    for round in 0..20 {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("fresh.db").display());
        let opened = futures::future::join_all((0..8).map(|_| {
            let url = url.clone();
            tokio::spawn(async move { sentia_store::Store::connect(&url).await })
        }))
        .await;
        for store in opened {
            store.expect("no panic").unwrap_or_else(|error| panic!("round {round}: {error}")).close().await;
        }
    }
}

/// Workers of a fleet start together on a fresh database: each opens it, one migrates it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_open_a_fresh_database_at_once() {
    let Some(url) = database::fresh_postgres_url().await else { return };
    let opened = futures::future::join_all((0..8).map(|_| sentia_store::Store::connect(&url))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}
