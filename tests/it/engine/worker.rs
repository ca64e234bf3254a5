//! The worker: a process with an engine over the parent's shops, which does its part of the queue until it is killed.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use async_trait::async_trait;
use sentia::{
    Engine, Error, ErrorKind, Result, Store,
    connectors::Shopify,
    engine::Connection,
    job::Outcome,
    transport::Pacing,
    worker::{Handler, Work, WorkerPolicy},
};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use crate::{database::variable, truth::impatient};

/// What a worker needs to know.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) database_url: String,
    pub(super) shops: Vec<Shop>,
}

/// A shop's twin in the parent.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Shop {
    pub(super) connection: String,
    pub(super) domain: String,
    pub(super) token: String,
    pub(super) base_url: String,
}

/// Starts a worker, which ends itself at a stage where one is named.
pub(super) fn start(task: &Task, crash_at: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this test binary"));
    command.args(["engine::worker::a_worker", "--exact", "--nocapture"]);
    command.env("SENTIA_ENGINE_TASK", serde_json::to_string(task).expect("plain text"));
    let out = || if variable("SENTIA_SHOW_WORKERS").is_some() { Stdio::inherit() } else { Stdio::null() };
    command.stdout(out()).stderr(out());
    if let Some(stage) = crash_at {
        command.env("SENTIA_CRASH_AT", stage);
    }
    command.spawn().expect("a child of this test")
}

/// Not a test by itself: the body of the process, which does nothing where it is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker() {
    let Some(task) = variable("SENTIA_ENGINE_TASK") else { return };
    let task: Task = serde_json::from_str(&task).expect("written by the parent");
    if variable("SENTIA_SHOW_WORKERS").is_some() {
        tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
    }
    let store = Store::connect(&task.database_url).await.expect("the database opens");
    // Short leases, so that what a killed worker held comes back while the test looks.
    let policy = WorkerPolicy {
        slots: 4,
        lease: Duration::from_secs(3),
        poll: Duration::from_secs(1),
        ..WorkerPolicy::default()
    };
    let ledger = Ledger::open(&task.database_url).await;
    let mut engine = Engine::builder(store).worker(policy).handle("post", ledger);
    for shop in task.shops {
        let connector = Shopify::builder()
            .shop(shop.domain)
            .access_token(shop.token.as_str())
            .base_url(shop.base_url)
            .pacing(Pacing::Off)
            .build()
            .expect("valid settings");
        let connection = Connection::new(shop.connection, connector).page_size(20).transport(impatient());
        engine = engine.connection(connection.every(Duration::from_secs(1)).expect("a second"));
    }
    let _engine = engine.start().expect("starts");
    std::future::pending::<()>().await;
}

/// A handler of a host's own: it posts an amount to an account, once for each job.
#[derive(Debug)]
pub(super) enum Ledger {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// The accounts, and what was posted to them by which job.
pub(super) const TABLES: [&str; 3] = [
    "CREATE TABLE accounts (name text PRIMARY KEY, balance bigint NOT NULL)",
    "CREATE TABLE postings (job text PRIMARY KEY)",
    "INSERT INTO accounts VALUES ('cash', 0)",
];

impl Ledger {
    pub(super) async fn open(url: &str) -> Self {
        match url.starts_with("sqlite:") {
            true => Ledger::Sqlite(SqlitePool::connect(url).await.expect("opens")),
            false => Ledger::Postgres(PgPool::connect(url).await.expect("opens")),
        }
    }

    async fn post(&self, job: &str, amount: i64) -> sqlx::Result<()> {
        let posting = format!("INSERT INTO postings (job) VALUES ('{job}') ON CONFLICT DO NOTHING");
        let balance = format!("UPDATE accounts SET balance = balance + {amount} WHERE name = 'cash'");
        // The two statements are one transaction; a job that is tried again finds its posting.
        match self {
            Ledger::Sqlite(pool) => {
                let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
                let posted = sqlx::query(AssertSqlSafe(posting)).execute(&mut *transaction).await?;
                if posted.rows_affected() == 1 {
                    sqlx::query(AssertSqlSafe(balance)).execute(&mut *transaction).await?;
                }
                transaction.commit().await
            }
            Ledger::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let posted = sqlx::query(AssertSqlSafe(posting)).execute(&mut *transaction).await?;
                if posted.rows_affected() == 1 {
                    sqlx::query(AssertSqlSafe(balance)).execute(&mut *transaction).await?;
                }
                transaction.commit().await
            }
        }
    }
}

#[async_trait]
impl Handler for Ledger {
    async fn run(&self, work: &Work) -> Result<Outcome> {
        let amount: i64 = work.read()?;
        let posted = self.post(&work.job.id.to_string(), amount).await;
        posted.map_err(|e| Error::new(ErrorKind::Store, "the posting failed").source(e).temporary())?;
        Ok(Outcome::Done)
    }
}
