//! The example programs, built beside this test's own.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::database::variable;

/// Every example.
const NAMES: [&str; 8] = [
    "custom_connector",
    "custom_rule",
    "hello_shopify",
    "quickstart",
    "sync",
    "verify",
    "worker",
    "xero_consent",
];

/// Where the examples are.
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Builds those that are missing, or may be older than what is tested: cargo brings no example up to date where
    /// only this test was asked for.
    pub(crate) async fn up_to_date() -> Self {
        let own = std::env::current_exe().expect("a path");
        let profile = own.parent().and_then(Path::parent).expect("target/debug/deps");
        let programs = Programs { folder: profile.join("examples") };
        let written = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
        if NAMES.iter().any(|name| written(&programs.path(name)) < written(&own)) {
            build(profile).await;
        }
        programs
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A command that ends with its test.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.path(name));
        command.kill_on_drop(true);
        command
    }
}

async fn build(folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let mut cargo = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--profile", profile]);
    cargo.arg("--examples");
    cargo.arg("--target-dir").arg(folder.parent().expect("a target folder"));
    let status = cargo.status().await.expect("cargo starts");
    assert!(status.success(), "cargo builds the examples");
}
