//! Keeps an account current by schedule, together with every other worker on the same database.
//!
//! ```text
//! cargo run --release --example worker -- --vendor xero --database-url postgres://me@localhost/acme
//! cargo run --release --example worker -- --vendor shopify --prefix SHOPIFY_UK --connection shopify-uk --every 60 ...
//! ```
//!
//! Start it as often as you like, on one machine or many: the database knows who does what, and a worker that is killed is
//! replaced by the others. On SQLite one machine runs it. Settings and credentials come from the environment, as in
//! `examples/sync`.
//!
//! What happens is written as JSON lines. An interrupt (Ctrl-C) or SIGTERM drains it: running reads come to their end or are
//! given back within the bound, and the exit code is 0.

#[path = "../sync/account.rs"]
mod account;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use sentia::{
    Engine, Result, Store,
    engine::{Connection, Notice},
    optional_from_env,
    security::{MasterKeyset, Vault},
    worker::{Ended, WorkerPolicy},
};
use serde_json::{Value, json};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    account: account::Account,
    /// `sqlite://PATH?mode=rwc` or `postgres://USER@HOST/DATABASE`.
    #[arg(long)]
    database_url: String,
    /// Seconds between two reads of what changed. Default: the vendor's.
    #[arg(long)]
    every: Option<u64>,
    /// The connection's name. Default: the vendor's.
    #[arg(long)]
    connection: Option<String>,
    /// Whose data it is.
    #[arg(long, default_value = "default")]
    tenant: String,
    /// How many jobs run at once.
    #[arg(long, default_value_t = 16)]
    slots: u32,
    /// Seconds that running reads have to end once it is stopped.
    #[arg(long, default_value_t = 20)]
    drain: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    match work(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn work(arguments: Arguments) -> Result<()> {
    let connector = arguments.account.connector()?;
    let name = arguments.connection.unwrap_or_else(|| connector.info().vendor.to_owned());
    let store = Store::connect(&arguments.database_url).await?;
    let mut connection = Connection::new(name, connector).tenant(arguments.tenant);
    if let Some(seconds) = arguments.every {
        connection = connection.every(Duration::from_secs(seconds))?;
    }
    let mut engine = Engine::builder(store.clone())
        .connection(connection)
        .worker(WorkerPolicy { slots: arguments.slots, ..WorkerPolicy::default() })
        .observe(print_line);
    if optional_from_env("SENTIA_MASTER_KEY").is_some() {
        engine = engine.vault(Vault::new(store.clone(), MasterKeyset::from_env("SENTIA_MASTER_KEY")?));
    }
    let engine = engine.start()?;
    println!("{}", json!({ "event": "started" }));
    stopped().await;
    let drained = engine.stop(Duration::from_secs(arguments.drain)).await;
    println!("{}", json!({ "event": "stopped", "ended": drained.ended, "given_back": drained.given_back }));
    drop(engine);
    store.close().await;
    Ok(())
}

/// An interrupt, or what a supervisor sends.
async fn stopped() {
    let interrupt = async { tokio::signal::ctrl_c().await.expect("signals can be heard") };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).expect("signals can be heard");
        tokio::select! {
            () = interrupt => (),
            _ = terminate.recv() => (),
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}

fn print_line(notice: &Notice) {
    if let Some(line) = line(notice) {
        println!("{line}");
    }
}

fn line(notice: &Notice) -> Option<Value> {
    Some(match notice {
        Notice::Missed { schedule, missed, total } => {
            json!({ "event": "missed", "schedule": schedule, "missed": missed, "total": total })
        }
        Notice::SetBack { schedule, by } => {
            json!({ "event": "clock_set_back", "schedule": schedule, "seconds": by.as_secs() })
        }
        Notice::Paused { schedule, why } => json!({ "event": "paused", "schedule": schedule, "why": why }),
        Notice::Unhandled { kind, jobs, oldest } => {
            json!({ "event": "unhandled", "kind": kind, "jobs": jobs, "oldest": oldest })
        }
        Notice::Ended(ended) => ended_line(ended),
        Notice::Ran(report) => json!({
            "event": "ran", "connection": report.connection, "run": report.run, "outcome": report.outcome(),
            "counts": report.counts(), "calls": report.usage().calls,
        }),
        _ => return None,
    })
}

fn ended_line(ended: &Ended) -> Value {
    json!({
        "event": "ended", "job": ended.job.id, "kind": ended.job.order.kind, "attempt": ended.job.attempt,
        "state": ended.state.map(|state| state.code()),
    })
}
