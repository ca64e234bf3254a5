//! `cargo xtask bench`: the benchmarks, nothing else.

use crate::command::{self, Outcome};

pub(crate) fn run(words: &[String]) -> Outcome {
    let mut command = command::cargo(["bench", "--workspace", "--bench", "*"]);
    command::run(command.args(words))
}
