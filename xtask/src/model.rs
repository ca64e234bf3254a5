//! `cargo xtask model`: the code of quota, breaker and token refresh under a model checker.

use std::process::Command;

use crate::command::{Outcome, cargo};
use crate::runner::{self, Count};
use crate::workspace;

/// What is checked, with the features its models need.
const SELECTION: [&str; 8] = [
    "--package",
    "sentia-core",
    "--package",
    "sentia-connectors",
    "--features",
    "sentia-core/testing,sentia-connectors/xero",
    "--test",
    "model",
];

/// Runs them with as many orders of their steps as `cargo xtask soak` tries.
pub(crate) fn run_at_length() -> Outcome {
    runner::counted(command("soak").env("SENTIA_SOAK", "1"), &mut Count::default())
}

/// Runs those that `words` select, all where there are none.
pub(crate) fn run(words: &[String], count: &mut Count) -> Outcome {
    runner::counted(command("default").args(words), count)
}

/// The models in a target folder of their own: the flag is every crate's, and without one all would be built anew twice.
fn command(profile: &str) -> Command {
    let mut command = if runner::has_nextest() { runner::nextest(profile) } else { cargo(["test"]) };
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    command.args(SELECTION);
    command.env("RUSTFLAGS", format!("{flags} --cfg shuttle").trim());
    command.env("CARGO_TARGET_DIR", workspace::target().join("model"));
    command
}
