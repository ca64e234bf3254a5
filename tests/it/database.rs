//! A database of its own for each test, read back by plain SQL and without our code.

use sentia::Store;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row, SqlitePool};

/// A variable of the test command.
#[allow(clippy::disallowed_methods, reason = "the test command says where its servers are")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// True where a skip is a failure.
pub(crate) fn strict() -> bool {
    variable("SENTIA_REQUIRE_SPECS").is_some()
}

/// Says why a test does not run; fails where it must.
pub(crate) fn skip(why: &str) {
    assert!(!strict(), "required here: {why}");
    eprintln!("skipped: {why}");
}

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A fresh database.
pub(crate) struct Database {
    pub(crate) url: String,
    kind: Kind,
    folder: Option<tempfile::TempDir>,
}

impl Database {
    /// A fresh database, or `None` with a printed reason.
    pub(crate) async fn fresh(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
                Some(Database { url, kind, folder: Some(folder) })
            }
            Kind::Postgres => {
                let Some(server) = variable("SENTIA_TEST_POSTGRES_URL") else {
                    skip("SENTIA_TEST_POSTGRES_URL is not set; run `cargo xtask test`");
                    return None;
                };
                let name = format!("t_{}", sentia::cursor::RunId::now_v7().simple());
                let mut connection = PgConnection::connect(&server).await.expect("the test server");
                let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
                sqlx::query(create).execute(&mut connection).await.expect("a database of its own");
                let (base, _) = server.rsplit_once('/').expect("a URL with a database");
                Some(Database { url: format!("{base}/{name}"), kind, folder: None })
            }
        }
    }

    /// Everything that a file database has on disk; nothing of one on a server.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let folder = self.folder.iter().flat_map(|folder| std::fs::read_dir(folder).expect("the folder"));
        folder.flat_map(|file| std::fs::read(file.expect("a file").path()).expect("readable")).collect()
    }

    pub(crate) async fn store(&self) -> Store {
        Store::connect(&self.url).await.expect("the database opens")
    }

    /// Runs statements, as a person with a database shell would.
    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.kind {
            Kind::Sqlite => {
                let pool = SqlitePool::connect(&self.url).await.expect("opens");
                sqlx::query(sql).execute(&pool).await.expect("runs").rows_affected()
            }
            Kind::Postgres => {
                let pool = PgPool::connect(&self.url).await.expect("opens");
                sqlx::query(sql).execute(&pool).await.expect("runs").rows_affected()
            }
        }
    }

    /// Reads text columns; null is the empty string.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let sql = AssertSqlSafe(sql.to_owned());
        macro_rules! read {
            ($pool:ty) => {{
                let pool = <$pool>::connect(&self.url).await.expect("opens");
                let rows = sqlx::query(sql).fetch_all(&pool).await.expect("reads");
                pool.close().await;
                let text = |row: &_, at| Row::get::<Option<String>, _>(row, at).unwrap_or_default();
                rows.iter().map(|row| (0..row.len()).map(|at| text(row, at)).collect()).collect()
            }};
        }
        match self.kind {
            Kind::Sqlite => read!(SqlitePool),
            Kind::Postgres => read!(PgPool),
        }
    }

    /// The SQL that shows an amount column as canonical text.
    pub(crate) fn amount(&self, column: &str) -> String {
        match self.kind {
            Kind::Sqlite => format!("CAST({column} AS TEXT)"),
            Kind::Postgres => format!("CAST(CAST({column} * 10000 AS bigint) AS text)"),
        }
    }

    pub(crate) async fn count(&self, table: &str) -> u64 {
        let rows = self.rows(&format!("SELECT CAST(count(*) AS text) FROM {table}")).await;
        rows[0][0].parse().expect("a number")
    }
}

/// Runs an async test on both databases: `on_both!(name, |database| async { ... })`.
macro_rules! on_both {
    ($(#[doc = $doc:literal])* $name:ident, $test:path) => {
        $(#[doc = $doc])*
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                if let Some(database) = crate::database::Database::fresh(crate::database::Kind::Sqlite).await {
                    $test(database).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = crate::database::Database::fresh(crate::database::Kind::Postgres).await {
                    $test(database).await;
                }
            }
        }
    };
}
pub(crate) use on_both;
