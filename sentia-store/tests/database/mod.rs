//! A database of its own for each test, on both databases.

use sentia_store::Store;
use sqlx::{Connection, PgConnection};

/// A fresh SQLite file that lives as long as the process.
pub(crate) async fn sqlite() -> Option<Store> {
    let folder = Box::leak(Box::new(tempfile::tempdir().expect("a temporary folder")));
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
    Some(Store::connect(&url).await.expect("a fresh SQLite database"))
}

/// A fresh database on the server that the test command started.
pub(crate) async fn postgres() -> Option<Store> {
    Some(Store::connect(&fresh_postgres_url().await?).await.expect("a fresh PostgreSQL database"))
}

/// The URL of a fresh database, or a printed reason to skip.
#[allow(clippy::disallowed_methods, reason = "the test command says where its server is")]
pub(crate) async fn fresh_postgres_url() -> Option<String> {
    let Ok(server) = std::env::var("SENTIA_TEST_POSTGRES_URL") else {
        assert!(
            std::env::var("SENTIA_REQUIRE_SPECS").is_err(),
            "PostgreSQL is required here; run `cargo xtask test`"
        );
        eprintln!("skipped: SENTIA_TEST_POSTGRES_URL is not set; run `cargo xtask test`");
        return None;
    };
    let name = format!("t_{}", sentia_core::cursor::RunId::now_v7().simple());
    let mut connection = PgConnection::connect(&server).await.expect("the test server");
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut connection).await.expect("a database of its own");
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    Some(format!("{base}/{name}"))
}
