//! The example programs, used as an operator uses them.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;
use tokio::process::Command;

use super::{
    server::Server,
    xero::{ACCESS_TOKEN, EXAMPLES, TENANT_ID},
};
use crate::database::{Database, variable};

/// The example programs beside this test's own.
pub(super) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Builds those that are missing, or may be older than what is tested: cargo brings no example up to date where
    /// only this test was asked for.
    pub(super) async fn up_to_date() -> Self {
        let own = std::env::current_exe().expect("a path");
        let profile = own.parent().and_then(Path::parent).expect("target/debug/deps");
        let programs = Programs { folder: profile.join("examples") };
        let written = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
        if ["sync", "verify"].iter().any(|name| written(&programs.path(name)) < written(&own)) {
            build(profile).await;
        }
        programs
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.path(name));
        command.kill_on_drop(true);
        command
    }

    async fn sync(&self, server: &Server, database: &Database) -> Output {
        let mut sync = self.command("sync");
        sync.args(["--vendor", "xero", "--pacing", "off", "--base-url", &server.url]);
        sync.args(["--database-url", &database.url]);
        sync.env("XERO_ACCESS_TOKEN", ACCESS_TOKEN).env("XERO_TENANT_ID", TENANT_ID);
        sync.output().await.expect("it runs")
    }

    /// What `verify` prints, with its exit code.
    async fn verify(&self, database: &Database) -> (Option<i32>, String) {
        let output = self.command("verify").args(["--database-url", &database.url]).output().await;
        let output = output.expect("it runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    }
}

async fn build(folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let mut cargo = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--profile", profile]);
    cargo.args(["--example", "sync", "--example", "verify"]);
    cargo.arg("--target-dir").arg(folder.parent().expect("a target folder"));
    let status = cargo.status().await.expect("cargo starts");
    assert!(status.success(), "cargo builds the examples");
}

/// Syncs, verifies, and finds what is missing once a row is deleted by hand.
pub(super) async fn syncs_and_verifies(programs: &Programs, server: &Server, database: &Database) {
    let output = programs.sync(server, database).await;
    let printed = String::from_utf8(output.stdout).expect("text");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{printed}\n{told}");
    let report: Value = serde_json::from_str(printed.lines().last().expect("a report")).expect("JSON");
    assert_eq!((&report["outcome"], &report["inserted"]), (&"complete".into(), &EXAMPLES.into()), "{report}");
    assert!(!printed.contains(ACCESS_TOKEN) && !told.contains(ACCESS_TOKEN), "the token is told");

    let (code, printed) = programs.verify(database).await;
    assert_eq!(code, Some(0), "{printed}");

    let key = database.rows("SELECT key FROM xero_payments ORDER BY key LIMIT 1").await[0].remove(0);
    assert_eq!(database.execute(&format!("DELETE FROM xero_payments WHERE key = '{key}'")).await, 1);
    let (code, printed) = programs.verify(database).await;
    assert_eq!(code, Some(3), "{printed}");
    let named = printed
        .lines()
        .any(|line| line.starts_with(&format!("xero_payments {key}: ")) && line.contains("missing"));
    assert!(named, "{printed}");
}
