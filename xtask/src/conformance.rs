//! The third-party mock servers of tests/conformance: installed from their lock file when node is there.

use std::fs;
use std::process::Command;

use crate::command::{self, Outcome, output, succeeds};
use crate::workspace;

/// Tells the suites that the mock servers are installed.
pub(crate) const INSTALLED: &str = "SENTIA_CONFORMANCE";

/// Installs the servers; `None` when this machine cannot run them and nothing requires them.
pub(crate) fn install() -> Outcome<Option<(&'static str, String)>> {
    match attempt() {
        Ok(()) => Ok(Some((INSTALLED, "1".to_owned()))),
        Err(reason) if required() => {
            Err(format!("{reason}; SENTIA_REQUIRE_SPECS=1 does not allow to skip them"))
        }
        Err(reason) => {
            println!("conformance checks are skipped: {reason}");
            Ok(None)
        }
    }
}

fn attempt() -> Outcome {
    let version = output(Command::new("node").arg("--version"))
        .map_err(|_| "node is not installed (20 or newer is needed)".to_owned())?;
    let major: u32 =
        version.trim_start_matches('v').split('.').next().and_then(|part| part.parse().ok()).unwrap_or(0);
    if major < 20 {
        return Err(format!("node {version} is too old (20 or newer is needed)"));
    }
    if !succeeds("npm", &["--version"]) {
        return Err("npm is not installed beside node".to_owned());
    }
    if is_current() {
        println!("the mock servers are installed");
        return Ok(());
    }
    let folder = workspace::root().join("tests/conformance");
    command::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
}

/// npm leaves its own copy of the lock beside what it installed; it is written last.
fn is_current() -> bool {
    let folder = workspace::root().join("tests/conformance");
    let written = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified()).ok();
    match (written("package-lock.json"), written("node_modules/.package-lock.json")) {
        (Some(lock), Some(installed)) => installed >= lock,
        _ => false,
    }
}

fn required() -> bool {
    std::env::var("SENTIA_REQUIRE_SPECS").is_ok_and(|value| value == "1")
}
