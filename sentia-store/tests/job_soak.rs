//! Ten minutes of jobs on PostgreSQL: what finished ones leave behind is cleared away as fast as it comes.

#[allow(dead_code, reason = "SQLite leaves no dead rows")]
mod database;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sentia_core::{
    JobStore,
    clock::{Clock, SystemClock},
    job::{Claim, JobState, NewJob, Outcome},
};
use sentia_store::Store;
use sqlx::{Connection, PgConnection, Row};

const MINUTES: u64 = 10;

/// Jobs that a worker orders, takes and ends in a turn.
const JOBS: usize = 20;

#[allow(clippy::disallowed_methods, reason = "a soak takes its time")]
async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

async fn work(store: Store, name: String, until: Instant) -> u64 {
    let mut done = 0;
    while Instant::now() < until {
        let orders: Vec<NewJob> =
            (0..JOBS).map(|at| NewJob::new(format!("t{}", at % 5), "act", "{}")).collect();
        let now = SystemClock.now();
        let _ = store.enqueue(&orders, now).await.expect("enqueue");
        let until = now + TimeDelta::seconds(60);
        let claim = Claim { worker: name.clone(), kinds: vec!["act".into()], limit: JOBS as u32, until };
        for taken in store.claim(&claim, now).await.expect("claim").jobs {
            let state = store.finish(&taken.lease, Outcome::Done, SystemClock.now()).await.expect("finish");
            assert_eq!(state, JobState::Done);
            done += 1;
        }
        pause(100).await;
    }
    done
}

/// Bytes of the tables of jobs with their indexes, and rows that are dead in them.
async fn sizes(connection: &mut PgConnection) -> (i64, i64) {
    let sql = "SELECT sum(pg_total_relation_size(relid))::bigint AS bytes, sum(n_dead_tup)::bigint AS dead \
               FROM pg_stat_user_tables WHERE relname IN ('sentia_jobs', 'sentia_job_tenants')";
    let row = sqlx::query(sql).fetch_one(connection).await.expect("statistics");
    (row.get("bytes"), row.get("dead"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes ten minutes; `cargo xtask soak` runs it"]
async fn dead_rows_stay_bounded_for_long() {
    let Some(url) = database::fresh_postgres_url().await else { return };
    let until = Instant::now() + Duration::from_secs(MINUTES * 60);
    let mut workers = Vec::new();
    for worker in 0..3 {
        let store = Store::connect(&url).await.expect("opens");
        workers.push(tokio::spawn(work(store, format!("w{worker}"), until)));
    }
    let keeper = Store::connect(&url).await.expect("opens");
    let mut connection = PgConnection::connect(&url).await.expect("opens");
    let mut samples = Vec::new();
    while Instant::now() < until {
        pause(5_000).await;
        // Jobs are kept for half a minute, so that there is as much to keep from then on.
        keeper.purge(JobState::Done, SystemClock.now() - TimeDelta::seconds(30)).await.expect("purge");
        samples.push(sizes(&mut connection).await);
    }
    let mut done = 0;
    for worker in workers {
        done += worker.await.expect("no panic");
    }
    let (early, late) = samples.split_at(samples.len() / 2);
    let most = |samples: &[(i64, i64)]| {
        let bytes = samples.iter().map(|(bytes, _)| *bytes).max().expect("samples");
        (bytes, samples.iter().map(|(_, dead)| *dead).max().expect("samples"))
    };
    let ((bytes, dead), (late_bytes, late_dead)) = (most(early), most(late));
    println!("{done} jobs; at most {bytes} then {late_bytes} bytes, {dead} then {late_dead} dead rows");
    assert!(done > 10_000, "{done}");
    assert!(late_bytes <= bytes + bytes / 4, "the tables grow: {bytes} bytes, then {late_bytes}");
    assert!(late_dead <= dead + dead / 2 + 1_000, "dead rows pile up: {dead}, then {late_dead}");
}
