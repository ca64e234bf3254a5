//! Five vendors over seven connections into one database, with proof: two Shopify shops, two Amazon accounts, a Xero
//! organisation, an Unleashed account and a Microsoft 365 tenant.
//!
//! ```text
//! cargo run --example quickstart
//! cargo run --example quickstart -- --database-url postgres://me@localhost/acme
//! ```
//!
//! The vendors are twins on loopback that serve one seeded commerce universe. The program syncs all of it, lets the
//! universe move on by a day, syncs what changed, verifies every row, and answers a question in SQL.

use std::process::ExitCode;

use clap::Parser;
use sentia::{Evidence, Outcome, Pipeline, Result, RunReport, Store, report::StreamReport};
use sentia_sandbox::{Sandbox, Size};
use sqlx::{AssertSqlSafe, Row};

mod connections;
#[path = "../progress/mod.rs"]
mod progress;

#[derive(Parser)]
struct Arguments {
    /// Where to sync to. Default: the file `quickstart.db`, made anew.
    #[arg(long)]
    database_url: Option<String>,
}

const DEFAULT_FILE: &str = "quickstart.db";

#[tokio::main]
async fn main() -> ExitCode {
    match quickstart(Arguments::parse()).await {
        Ok(Outcome::Incomplete) => ExitCode::from(3),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn quickstart(arguments: Arguments) -> Result<Outcome> {
    let url = arguments.database_url.unwrap_or_else(|| {
        for file in [DEFAULT_FILE.to_owned(), format!("{DEFAULT_FILE}-wal"), format!("{DEFAULT_FILE}-shm")] {
            let _ = std::fs::remove_file(file);
        }
        format!("sqlite://{DEFAULT_FILE}?mode=rwc")
    });
    let sandbox = Sandbox::start(2026, Size::small()).await.expect("loopback ports are free");
    let store = Store::connect(&url).await?;

    println!("1. Everything the vendors have:\n");
    let first = sync_all(&sandbox, &store).await?;
    sandbox.evolve();
    println!("\n2. A day later, what changed since:\n");
    let second = sync_all(&sandbox, &store).await?;

    let verified = store.verify().await?;
    println!(
        "\n3. Verified: {} rows and {} certificates in {} partitions, {} differences.",
        verified.rows,
        verified.certificates,
        verified.partitions,
        verified.differences.len()
    );
    println!(
        "\n4. What did each shop sell, what was returned, and which of it is an open invoice in the books?\n"
    );
    answer(&url).await;
    let place = if url.contains(DEFAULT_FILE) { DEFAULT_FILE } else { "the one you named" };
    println!("\nThe database is {place}; look around in it.");
    store.close().await;
    Ok(first.max(second))
}

async fn sync_all(sandbox: &Sandbox, store: &Store) -> Result<Outcome> {
    let mut worst = Outcome::Complete;
    let mut reports = Vec::new();
    for (name, connector) in connections::all(sandbox)? {
        let pipeline = Pipeline::new(connector, store.clone()).connection(name);
        let report = pipeline.observe(progress::bars(name)).run().await?;
        worst = worst.max(report.outcome());
        for stream in report.streams() {
            if let Some(failure) = &stream.failure {
                eprintln!("{name}: {}; {}", failure.message, failure.remedy);
            }
        }
        for finding in report.findings() {
            eprintln!("{name}: {}", finding.message);
        }
        reports.push(report);
    }
    print(&reports);
    Ok(worst)
}

fn print(reports: &[RunReport]) {
    println!(
        "{:<16} {:<23}{:>7}{:>9}{:>8}{:>10}{:>8}{:>7}  {:<9} outcome",
        "connection", "stream", "read", "inserted", "updated", "unchanged", "deleted", "calls", "proof"
    );
    for report in reports {
        for stream in report.streams() {
            let counts = stream.counts;
            println!(
                "{:<16} {:<23}{:>7}{:>9}{:>8}{:>10}{:>8}{:>7}  {:<9} {}",
                report.connection,
                stream.name,
                counts.read,
                counts.inserted,
                counts.updated,
                counts.unchanged,
                counts.deleted,
                stream.usage.calls,
                proof(stream),
                stream.outcome
            );
        }
    }
}

fn proof(stream: &StreamReport) -> &'static str {
    match stream.certificates.iter().map(|certificate| certificate.evidence).next() {
        Some(Evidence::Counted) => "counted",
        Some(_) => "walked",
        None => "none",
    }
}

/// Amounts are numeric on PostgreSQL and integers in ten-thousandths on SQLite; both sums are exact.
async fn answer(url: &str) {
    let sqlite = url.starts_with("sqlite:");
    let money = |sum: &str| {
        if sqlite {
            format!("printf('%.2f', {sum} / 10000.0)")
        } else {
            format!("to_char({sum}, 'FM999999990.00')")
        }
    };
    let sql = format!(
        "SELECT o.connection, o.currency, CAST(count(*) AS text), {}, {}, {} FROM shopify_orders o \
         LEFT JOIN xero_invoices i ON i.reference = o.name AND i.currency_code = o.currency \
         WHERE o.deleted IS NULL GROUP BY o.connection, o.currency ORDER BY o.connection",
        money("sum(o.total)"),
        money("sum(o.total_refunded)"),
        money("coalesce(sum(i.amount_due), 0)")
    );
    println!(
        "{:<14}{:<10}{:>8}{:>16}{:>14}{:>16}",
        "shop", "currency", "orders", "sold", "refunded", "still due"
    );
    for row in rows(url, sqlite, sql).await.expect("the question reads the tables just written") {
        println!("{:<14}{:<10}{:>8}{:>16}{:>14}{:>16}", row[0], row[1], row[2], row[3], row[4], row[5]);
    }
}

async fn rows(url: &str, sqlite: bool, sql: String) -> sqlx::Result<Vec<Vec<String>>> {
    let sql = AssertSqlSafe(sql);
    Ok(if sqlite {
        let rows = sqlx::query(sql).fetch_all(&sqlx::SqlitePool::connect(url).await?).await?;
        rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
    } else {
        let rows = sqlx::query(sql).fetch_all(&sqlx::PgPool::connect(url).await?).await?;
        rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
    })
}
