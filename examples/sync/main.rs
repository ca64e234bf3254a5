//! Syncs an account of any vendor at any base URL into any database.
//!
//! ```text
//! cargo run --release --example sync -- --vendor xero --database-url sqlite://acme.db?mode=rwc
//! cargo run --release --example sync -- --vendor shopify --prefix SHOPIFY_UK --connection shopify-uk --database-url ...
//! ```
//!
//! Settings and credentials come from the environment; docs/operations.md lists the variables of each vendor. A refresh
//! token that rotates needs SENTIA_MASTER_KEY, 32 random bytes in base64, to be kept sealed.
//!
//! Progress is shown as bars on a terminal and written as JSON lines elsewhere; the last line of standard output is the
//! report as JSON. The exit code is 0 when the run is complete, with or without quarantine, 3 when it is incomplete, and
//! 1 when it failed.

mod account;
#[path = "../progress/mod.rs"]
mod progress;

use std::{io::IsTerminal, process::ExitCode, time::Instant};

use clap::Parser;
use sentia::{
    Connector, Error, ErrorKind, Mode, Outcome, Pipeline, Result, RunReport, Store,
    certificate::SweepPolicy,
    optional_from_env,
    report::{Event, Failure},
    security::{MasterKeyset, Vault},
};
use serde_json::{Value, json};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    account: account::Account,
    /// `sqlite://PATH?mode=rwc` or `postgres://USER@HOST/DATABASE`.
    #[arg(long)]
    database_url: String,
    /// Read this stream only; may be given several times.
    #[arg(long)]
    stream: Vec<String>,
    /// Records a page.
    #[arg(long)]
    page_size: Option<u32>,
    /// Read everything, and sweep what vanished.
    #[arg(long)]
    full: bool,
    /// Let a full read mark any number of missing rows as deleted: for a held sweep that was looked at.
    #[arg(long)]
    confirm_sweep: bool,
    /// The connection's name. Default: the vendor's.
    #[arg(long)]
    connection: Option<String>,
    /// Whose data it is.
    #[arg(long, default_value = "default")]
    tenant: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let arguments = Arguments::parse();
    let started = Instant::now();
    match sync(arguments).await {
        Ok(report) => {
            println!("{}", summary(&report, started));
            if report.outcome() == Outcome::Incomplete { ExitCode::from(3) } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("{error:?}");
            println!("{}", json!({ "outcome": "failed", "failure": Failure::from(&error) }));
            ExitCode::FAILURE
        }
    }
}

async fn sync(arguments: Arguments) -> Result<RunReport> {
    if arguments.page_size == Some(0) {
        return Err(Error::new(ErrorKind::ConfigInvalid, "--page-size is at least 1"));
    }
    let connector = arguments.account.connector()?;
    let store = Store::connect(&arguments.database_url).await?;
    let name = arguments.connection.clone().unwrap_or_else(|| connector.info().vendor.to_owned());
    let mut pipeline = Pipeline::new(connector, store.clone())
        .tenant(&arguments.tenant)
        .connection(&name)
        .mode(if arguments.full { Mode::Full } else { Mode::Incremental })
        .observe(listener(&name));
    if !arguments.stream.is_empty() {
        pipeline = pipeline.streams(&arguments.stream);
    }
    if let Some(records) = arguments.page_size {
        pipeline = pipeline.page_size(records);
    }
    if arguments.confirm_sweep {
        pipeline = pipeline.sweep_policy(SweepPolicy::confirmed());
    }
    if optional_from_env("SENTIA_MASTER_KEY").is_some() {
        pipeline = pipeline.vault(Vault::new(store.clone(), MasterKeyset::from_env("SENTIA_MASTER_KEY")?));
    }
    let report = pipeline.run().await?;
    drop(pipeline);
    store.close().await;
    Ok(report)
}

fn listener(connection: &str) -> Box<dyn Fn(&Event) + Send + Sync> {
    if std::io::stderr().is_terminal() {
        return Box::new(progress::bars(connection));
    }
    let connection = connection.to_owned();
    Box::new(move |event| print_line(&connection, event))
}

fn print_line(connection: &str, event: &Event) {
    let line = match event {
        Event::Committed { stream, counts, read, declared } => json!({
            "event": "committed", "connection": connection, "stream": stream,
            "read": read, "declared": declared, "counts": counts,
        }),
        Event::Reread { stream, reason } => {
            json!({ "event": "reread", "connection": connection, "stream": stream, "reason": reason })
        }
        Event::Waiting { stream, wait } => {
            json!({ "event": "waiting", "connection": connection, "stream": stream, "wait_ms": wait.as_millis() as u64 })
        }
        Event::Finished(report) => json!({
            "event": "finished", "connection": connection, "stream": report.name,
            "outcome": report.outcome, "counts": report.counts, "failure": report.failure,
        }),
        _ => return,
    };
    println!("{line}");
}

fn summary(report: &RunReport, started: Instant) -> Value {
    let (counts, usage) = (report.counts(), report.usage());
    json!({
        "outcome": report.outcome(),
        "run": report.run,
        "records_read": counts.read,
        "inserted": counts.inserted,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "stale": counts.stale,
        "deleted": counts.deleted,
        "quarantined": counts.quarantined,
        "held_in_quarantine": report.held(),
        "held_sweeps": report.held_sweeps(),
        "findings": report.findings(),
        "calls": usage.calls,
        "bytes": usage.bytes,
        "seconds": started.elapsed().as_secs_f64(),
        "peak_memory_bytes": peak_memory_bytes(),
        "streams": report.streams(),
    })
}

/// The process's high-water mark, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}
