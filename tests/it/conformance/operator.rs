//! The example programs, used as an operator uses them.

use std::process::Output;

use serde_json::Value;

use super::{
    server::Server,
    xero::{ACCESS_TOKEN, TENANT_ID},
};
use crate::{database::Database, programs::Programs};

async fn sync(programs: &Programs, server: &Server, database: &Database) -> Output {
    let mut sync = programs.command("sync");
    sync.args(["--vendor", "xero", "--pacing", "off", "--base-url", &server.url]);
    sync.args(["--database-url", &database.url]);
    sync.env("XERO_ACCESS_TOKEN", ACCESS_TOKEN).env("XERO_TENANT_ID", TENANT_ID);
    sync.output().await.expect("it runs")
}

/// What `verify` prints, with its exit code.
async fn verify(programs: &Programs, database: &Database) -> (Option<i32>, String) {
    let output = programs.command("verify").args(["--database-url", &database.url]).output().await;
    let output = output.expect("it runs");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

/// Syncs, verifies, and finds what is missing once a row is deleted by hand.
pub(super) async fn syncs_and_verifies(programs: &Programs, server: &Server, database: &Database) {
    let output = sync(programs, server, database).await;
    let printed = String::from_utf8(output.stdout).expect("text");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{printed}\n{told}");
    let report: Value = serde_json::from_str(printed.lines().last().expect("a report")).expect("JSON");
    assert_eq!(
        (&report["outcome"], report["streams"].as_array().map(Vec::len)),
        (&"complete".into(), Some(20)),
        "{report}"
    );
    assert!(!printed.contains(ACCESS_TOKEN) && !told.contains(ACCESS_TOKEN), "the token is told");

    let (code, printed) = verify(programs, database).await;
    assert_eq!(code, Some(0), "{printed}");

    let key = database.rows("SELECT key FROM xero_payments ORDER BY key LIMIT 1").await[0].remove(0);
    assert_eq!(database.execute(&format!("DELETE FROM xero_payments WHERE key = '{key}'")).await, 1);
    let (code, printed) = verify(programs, database).await;
    assert_eq!(code, Some(3), "{printed}");
    let named = printed
        .lines()
        .any(|line| line.starts_with(&format!("xero_payments {key}: ")) && line.contains("missing"));
    assert!(named, "{printed}");
}
