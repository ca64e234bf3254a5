//! `cargo xtask soak`: the crash and kill tests at full length.

use crate::command::{self, Outcome};
use crate::{postgres, runner};

const NAMES: [&str; 3] = ["soak", "kill", "crash"];

pub(crate) fn run(words: &[String]) -> Outcome {
    let server = postgres::provide()?;
    let mut command = if runner::has_nextest() {
        let filter = NAMES.map(|name| format!("test({name}) | binary(~{name})")).join(" | ");
        let mut command = runner::nextest("soak");
        command.args(["--release", "--workspace", "--no-capture", "-E", &filter]).args(words);
        command
    } else {
        let mut command = command::cargo(["test", "--release", "--workspace"]);
        command.args(words).arg("--").args(NAMES).arg("--nocapture");
        command
    };
    command::run(command.env("SENTIA_SOAK", "1").envs(server.environment()))
}
