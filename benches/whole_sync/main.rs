//! A whole sync of 100,000 Xero invoices with three lines each, beside a minimal hand-written pipeline.
//!
//! ```text
//! cargo bench --bench whole_sync
//! cargo xtask postgres -- cargo bench --bench whole_sync
//! ```
//!
//! The vendor's twin runs in a process of its own, and so does each reader, so that memory and CPU time are the
//! reader's alone. PostgreSQL takes part where SENTIA_TEST_POSTGRES_URL names a server. SENTIA_BENCH_INVOICES
//! changes the size. Read the ratios: the machines are shared.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time and prints")]

mod yardstick;

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::Instant,
};

use sentia::{Outcome, Pipeline, Store, connectors::Xero, transport::Pacing};
use sentia_sandbox::{Sandbox, Size};
use serde::{Deserialize, Serialize};

/// Where the twin is and how to enter.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Books {
    base_url: String,
    client_id: String,
    client_secret: String,
    tenant_id: String,
}

/// What a reader spent.
#[derive(Debug, Serialize, Deserialize)]
struct Spent {
    seconds: f64,
    cpu_seconds: f64,
    peak_memory_bytes: u64,
    records: u64,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::main]
async fn main() {
    match variable("SENTIA_BENCH_ROLE").as_deref() {
        Some("twin") => serve().await,
        Some("sentia") => print(read_by_sentia().await),
        Some("yardstick") => print(yardstick::read(&books(), &target()).await),
        _ => compare(),
    }
}

fn print(spent: Spent) {
    println!("{}", serde_json::to_string(&spent).expect("plain numbers"));
}

fn books() -> Books {
    serde_json::from_str(&variable("SENTIA_BENCH_BOOKS").expect("set by the parent"))
        .expect("set by the parent")
}

fn target() -> String {
    variable("SENTIA_BENCH_DATABASE").expect("set by the parent")
}

async fn serve() {
    let invoices = variable("SENTIA_BENCH_INVOICES").and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let sandbox = Sandbox::start(1, Size::books(invoices)).await.expect("the twin starts");
    let twin = sandbox.xero();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let books = Books {
        base_url: twin.base_url().to_owned(),
        client_id: twin.client_id().to_owned(),
        client_secret: twin.client_secret().to_owned(),
        tenant_id: twin.tenant_id().to_owned(),
    };
    println!("{}", serde_json::to_string(&books).expect("plain text"));
    // The parent's end of the pipe closes with the parent.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.ok();
}

fn connector(books: &Books) -> Xero {
    Xero::builder()
        .client_id(&books.client_id)
        .client_secret(books.client_secret.as_str())
        .tenant_id(&books.tenant_id)
        .base_url(&books.base_url)
        .pacing(Pacing::Off)
        .build()
        .expect("valid settings")
}

async fn read_by_sentia() -> Spent {
    let store = Store::connect(&target()).await.expect("the database opens");
    let started = Instant::now();
    let report = Pipeline::new(connector(&books()), store).streams(["invoices"]).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    spent(started, report.counts().read)
}

fn spent(started: Instant, records: u64) -> Spent {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    let peak = peak.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or(0) << 10;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    let cpu_seconds = (ticks(11) + ticks(12)) / 100.0;
    Spent { seconds: started.elapsed().as_secs_f64(), cpu_seconds, peak_memory_bytes: peak, records }
}

fn child(role: &str, books: Option<&Books>, database: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env("SENTIA_BENCH_ROLE", role).stdin(Stdio::piped()).stdout(Stdio::piped());
    if let (Some(books), Some(database)) = (books, database) {
        command.env("SENTIA_BENCH_BOOKS", serde_json::to_string(books).expect("plain text"));
        command.env("SENTIA_BENCH_DATABASE", database);
    }
    command.spawn().expect("a child of this program")
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    line
}

fn compare() {
    let mut twin = child("twin", None, None);
    let books: Books = serde_json::from_str(&first_line(&mut twin)).expect("the twin's address");
    println!(
        "{:<12}{:<12}{:>10}{:>10}{:>12}{:>12}",
        "database", "reader", "seconds", "CPU s", "peak MB", "records/s"
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut databases = vec!["sqlite"];
    databases.extend(variable("SENTIA_TEST_POSTGRES_URL").map(|_| "postgres"));
    for database in databases {
        let mut best = [f64::MAX; 2];
        for round in 0..3 {
            for (at, role) in ["yardstick", "sentia"].into_iter().enumerate() {
                let url = match database {
                    "sqlite" => format!(
                        "sqlite://{}?mode=rwc",
                        folder.path().join(format!("{role}{round}.db")).display()
                    ),
                    _ => fresh_postgres(&format!("bench_{role}_{round}")),
                };
                let mut reader = child(role, Some(&books), Some(&url));
                let spent: Spent =
                    serde_json::from_str(&first_line(&mut reader)).expect("the reader's report");
                reader.wait().expect("ends");
                best[at] = best[at].min(spent.seconds);
                println!(
                    "{database:<12}{role:<12}{:>10.2}{:>10.2}{:>12.1}{:>12.0}",
                    spent.seconds,
                    spent.cpu_seconds,
                    spent.peak_memory_bytes as f64 / 1e6,
                    spent.records as f64 / spent.seconds
                );
            }
        }
        println!(
            "{database}: best of three, sentia reaches {:.0} % of the yardstick's speed",
            100.0 * best[0] / best[1]
        );
    }
    twin.kill().ok();
    twin.wait().ok();
}

fn fresh_postgres(name: &str) -> String {
    let server = variable("SENTIA_TEST_POSTGRES_URL").expect("checked before");
    let run = |sql: &str| {
        let status = Command::new("psql").args([&server, "-q", "-c", sql]).stderr(Stdio::null()).status();
        assert!(status.is_ok_and(|status| status.success()), "psql is needed to make a database");
    };
    run(&format!("DROP DATABASE IF EXISTS {name}"));
    run(&format!("CREATE DATABASE {name}"));
    format!("{}/{name}", server.rsplit_once('/').expect("a URL with a database").0)
}
