//! The example programs, used as an operator uses them.

use std::{path::PathBuf, process::Output};

use serde_json::Value;
use tokio::process::Command;

use super::{
    server::Server,
    xero::{ACCESS_TOKEN, EXAMPLES, TENANT_ID},
};
use crate::database::{Database, variable};

/// An example program beside this test's own; built where only the test was asked for.
async fn example(name: &str) -> Command {
    let own = std::env::current_exe().expect("a path");
    let folder = own.parent().and_then(|deps| deps.parent()).expect("target/debug/deps").to_owned();
    let path = folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !path.is_file() {
        build(name, folder).await;
    }
    let mut command = Command::new(path);
    command.kill_on_drop(true);
    command
}

async fn build(name: &str, folder: PathBuf) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let target = folder.parent().expect("a target folder");
    let mut cargo = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--quiet",
        "--example",
        name,
        "--profile",
        profile,
    ]);
    let status = cargo.arg("--target-dir").arg(target).status().await.expect("cargo starts");
    assert!(status.success(), "cargo builds {name}");
}

async fn sync(server: &Server, database: &Database) -> Output {
    let mut sync = example("sync").await;
    sync.args(["--vendor", "xero", "--pacing", "off", "--base-url", &server.url]);
    sync.args(["--database-url", &database.url]);
    sync.env("XERO_ACCESS_TOKEN", ACCESS_TOKEN).env("XERO_TENANT_ID", TENANT_ID);
    sync.output().await.expect("it runs")
}

/// What `verify` prints, with its exit code.
async fn verify(database: &Database) -> (Option<i32>, String) {
    let output =
        example("verify").await.args(["--database-url", &database.url]).output().await.expect("it runs");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

/// Syncs, verifies, and finds what is missing once a row is deleted by hand.
pub(super) async fn syncs_and_verifies(server: &Server, database: &Database) {
    let output = sync(server, database).await;
    let printed = String::from_utf8(output.stdout).expect("text");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{printed}\n{told}");
    let report: Value = serde_json::from_str(printed.lines().last().expect("a report")).expect("JSON");
    assert_eq!((&report["outcome"], &report["inserted"]), (&"complete".into(), &EXAMPLES.into()), "{report}");
    assert!(!printed.contains(ACCESS_TOKEN) && !told.contains(ACCESS_TOKEN), "the token is told");

    let (code, printed) = verify(database).await;
    assert_eq!(code, Some(0), "{printed}");

    let key = database.rows("SELECT key FROM xero_payments ORDER BY key LIMIT 1").await[0].remove(0);
    assert_eq!(database.execute(&format!("DELETE FROM xero_payments WHERE key = '{key}'")).await, 1);
    let (code, printed) = verify(database).await;
    assert_eq!(code, Some(3), "{printed}");
    let named = printed
        .lines()
        .any(|line| line.starts_with(&format!("xero_payments {key}: ")) && line.contains("missing"));
    assert!(named, "{printed}");
}
