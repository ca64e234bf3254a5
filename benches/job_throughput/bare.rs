//! The yardstick: a table with an id, a payload and a state, and the loop that everybody writes first. It has no
//! tenants, no priorities, no times, no lanes, no keys, no leases and no attempts: what a worker took when it was killed
//! stays taken.

use sqlx::{PgPool, Row, postgres::PgPoolOptions};

use crate::{
    PAYLOAD,
    fleet::Produce,
    worker::{Order, Queue},
};

const TABLE: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS bare_jobs (id bigserial PRIMARY KEY, payload text NOT NULL, state text NOT NULL)",
    "CREATE INDEX IF NOT EXISTS bare_jobs_queue ON bare_jobs (id) WHERE state = 'queued'",
];

async fn pool(url: &str, connections: u32) -> PgPool {
    // As many as the store has.
    let options = PgPoolOptions::new().max_connections(connections).min_connections(connections);
    options.connect(url).await.expect("the database opens")
}

#[derive(Clone)]
pub(crate) struct Bare(PgPool);

impl Bare {
    pub(crate) async fn connect(order: &Order) -> Self {
        Bare(pool(&order.url, 8).await)
    }
}

impl Queue for Bare {
    type Taken = (i64, String);

    async fn claim(&self, limit: usize) -> Vec<(i64, String)> {
        let sql = "UPDATE bare_jobs SET state = 'running' WHERE id = ANY(ARRAY(SELECT id FROM bare_jobs \
                   WHERE state = 'queued' ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING id, payload";
        let rows = sqlx::query(sql).bind(limit as i64).fetch_all(&self.0).await.expect("claims");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    async fn finish(&self, taken: (i64, String)) {
        let sql = "UPDATE bare_jobs SET state = 'done' WHERE id = $1";
        sqlx::query(sql).bind(taken.0).execute(&self.0).await.expect("ends");
    }

    fn number(taken: &(i64, String)) -> usize {
        taken.1.parse().expect("the producer's number")
    }
}

/// Makes the table and so many jobs.
pub(crate) async fn fill(url: &str, jobs: usize) {
    let pool = pool(url, 1).await;
    for sql in TABLE {
        sqlx::query(sql).execute(&pool).await.expect("a table");
    }
    let sql = "INSERT INTO bare_jobs (payload, state) SELECT $1, 'queued' FROM generate_series(1, $2)";
    sqlx::query(sql).bind(PAYLOAD).bind(jobs as i64).execute(&pool).await.expect("enqueues");
    pool.close().await;
}

pub(crate) struct Producer(PgPool);

impl Producer {
    pub(crate) async fn connect(url: &str) -> Self {
        Producer(pool(url, 1).await)
    }
}

impl Produce for Producer {
    async fn enqueue(&self, at: usize) {
        let sql = "INSERT INTO bare_jobs (payload, state) VALUES ($1, 'queued')";
        sqlx::query(sql).bind(at.to_string()).execute(&self.0).await.expect("enqueues");
    }
}
