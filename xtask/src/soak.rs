//! `cargo xtask soak`: the crash and kill tests, the property tests and the models at full length.

use crate::command::{self, Outcome};
use crate::{model, postgres, runner};

/// What the long suites have in their names; property tests say what survives and what must not panic. What is `for_long` is
/// ignored elsewhere.
const NAMES: [&str; 6] = ["soak", "kill", "crash", "survives", "panic", "for_long"];

/// Cases of each property test; the test command runs 256.
const PROPERTY_CASES: &str = "50000";

pub(crate) fn run(words: &[String]) -> Outcome {
    let server = postgres::provide()?;
    let mut command = if runner::has_nextest() {
        let filter = NAMES.map(|name| format!("test({name})")).join(" | ");
        let mut command = runner::nextest("soak");
        command
            .args(["--release", "--workspace", "--no-capture", "--run-ignored", "all", "-E", &filter])
            .args(words);
        command
    } else {
        let mut command = command::cargo(["test", "--release", "--workspace"]);
        command.args(words).arg("--").args(NAMES).args(["--nocapture", "--include-ignored"]);
        command
    };
    command.env("SENTIA_SOAK", "1").env("PROPTEST_CASES", PROPERTY_CASES);
    command::run(command.envs(server.environment()))?;
    if words.is_empty() { model::run_at_length() } else { Ok(()) }
}
