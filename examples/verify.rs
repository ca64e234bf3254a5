//! Recomputes every certificate from the tables and names every row that is not what its manifest says.
//!
//! ```text
//! cargo run --release --example verify -- --database-url sqlite://acme.db
//! ```
//!
//! The exit code is 0 when all holds, 3 when something differs, and 1 when the database could not be read.

use std::process::ExitCode;

use clap::Parser;
use sentia::{Result, Store, VerifyReport};

#[derive(Parser)]
struct Arguments {
    /// The database to verify.
    #[arg(long)]
    database_url: String,
    /// Print at most so many differences.
    #[arg(long, default_value_t = 100)]
    most: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match verify(&arguments.database_url).await {
        Ok(report) => {
            for difference in report.differences.iter().take(arguments.most) {
                println!("{} {}: {}", difference.table, difference.key, difference.what);
            }
            println!(
                "{} partitions, {} rows, {} certificates: {} differences",
                report.partitions,
                report.rows,
                report.certificates,
                report.differences.len()
            );
            if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(3) }
        }
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn verify(database_url: &str) -> Result<VerifyReport> {
    let store = Store::connect(database_url).await?;
    let report = store.verify().await?;
    store.close().await;
    Ok(report)
}
