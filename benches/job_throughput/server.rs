//! The server under test: databases of our own on it, and the CPU time of its processes.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A server that runs on this machine, or else whose CPU time is shown as none.
pub(crate) struct Server {
    url: String,
    /// The process that the others are children of.
    postmaster: String,
    databases: AtomicUsize,
}

impl Server {
    /// The server that the environment names.
    pub(crate) async fn named() -> Option<Self> {
        let url = std::env::var("SENTIA_TEST_POSTGRES_URL").ok()?;
        let mut connection = PgConnection::connect(&url).await.expect("the server");
        let sql = "SELECT pg_backend_pid()";
        let own: i32 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("a process");
        let stat = std::fs::read_to_string(format!("/proc/{own}/stat")).unwrap_or_default();
        let postmaster =
            fields(&stat).get(1).map_or_else(|| "none".to_owned(), |parent| (*parent).to_owned());
        Some(Server { url, postmaster, databases: AtomicUsize::new(0) })
    }

    async fn execute(&self, sql: String) {
        let mut connection = PgConnection::connect(&self.url).await.expect("the server");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the server obeys");
        connection.close().await.expect("closes");
    }

    /// The URL of a new database.
    pub(crate) async fn fresh_database(&self) -> String {
        let at = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench_jobs_{}_{at}", std::process::id());
        self.execute(format!("CREATE DATABASE {name}")).await;
        format!("{}/{name}", self.url.rsplit_once('/').expect("a URL with a database").0)
    }

    pub(crate) async fn drop_database(&self, url: &str) {
        let (_, name) = url.rsplit_once('/').expect("a URL with a database");
        self.execute(format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }

    /// CPU time of the server's processes, of those that ended too.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let Ok(processes) = std::fs::read_dir("/proc") else { return 0.0 };
        let stats = processes
            .flatten()
            .filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
        let ours = stats.filter(|stat| {
            stat.starts_with(&format!("{} ", self.postmaster))
                || fields(stat).get(1) == Some(&&*self.postmaster)
        });
        // Its own time, and that of its children that ended.
        let ticks = ours.flat_map(|stat| {
            let ticks = (11..15).map(|at| fields(&stat).get(at).and_then(|field| field.parse::<f64>().ok()));
            ticks.flatten().collect::<Vec<_>>()
        });
        ticks.sum::<f64>() / 100.0
    }
}

/// What follows a process's name in its `stat`: its state, its parent and so on.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect()
}
