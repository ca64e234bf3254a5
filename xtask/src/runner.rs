//! The test runner: cargo-nextest where it is installed, cargo's own otherwise, and the count of what it ran.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use crate::command::{self, Outcome};
use crate::workspace;

/// How many tests ran, over all runners.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

pub(crate) fn has_nextest() -> bool {
    command::output(&mut command::cargo(["nextest", "--version"])).is_ok()
}

/// `cargo nextest run` with the project's time limits.
pub(crate) fn nextest(profile: &str) -> Command {
    let mut command = command::cargo(["nextest", "run", "--profile", profile, "--config-file"]);
    command.arg(workspace::root().join("xtask/nextest.toml"));
    if std::io::stderr().is_terminal() {
        command.args(["--color", "always"]);
    }
    command
}

/// Passes the output through and counts the results in it.
pub(crate) fn counted(command: &mut Command, total: &mut Count) -> Outcome {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start the tests: {error}"))?;
    let out = child.stdout.take().map(|pipe| thread::spawn(|| forward(pipe, std::io::stdout())));
    let err = child.stderr.take().map(|pipe| thread::spawn(|| forward(pipe, std::io::stderr())));
    let status = child.wait().map_err(|error| error.to_string())?;
    for reader in [out, err].into_iter().flatten() {
        total.add(reader.join().unwrap_or_default());
    }
    if status.success() { Ok(()) } else { Err(format!("tests failed ({status})")) }
}

fn forward(pipe: impl Read, mut to: impl Write) -> Count {
    let mut count = Count::default();
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        // A closed terminal must not end the tests.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        count.add(results(&String::from_utf8_lossy(&line)));
        line.clear();
    }
    count
}

/// Reads the closing line of either runner: `test result: ok. 3 passed; ...` or `Summary [ 1s] 3 tests run: ...`.
fn results(line: &str) -> Count {
    let line = plain(line);
    let counts = match line.split_once("test result:").or_else(|| line.split_once(" run:")) {
        Some((start, rest)) if line.contains("test result:") || start.contains("Summary [") => rest,
        _ => return Count::default(),
    };
    let words: Vec<&str> =
        counts.split([' ', ';', ',', '.', '(', ')']).filter(|word| !word.is_empty()).collect();
    let number = |names: &[&str]| -> u64 {
        words
            .windows(2)
            .filter(|pair| names.contains(&pair[1].trim()))
            .filter_map(|pair| pair[0].parse::<u64>().ok())
            .sum()
    };
    Count {
        passed: number(&["passed"]),
        failed: number(&["failed", "timed"]),
        skipped: number(&["ignored", "skipped"]),
    }
}

/// Without terminal colors.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_counted() {
        let libtest =
            "test result: ok. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.5s\n";
        assert_eq!(results(libtest), Count { passed: 12, failed: 1, skipped: 2 });
        let nextest = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.8s] \u{1b}[1m7\u{1b}[0m tests run: \u{1b}[1m6\u{1b}[0m passed (1 slow), 1 timed out, \u{1b}[1m3\u{1b}[0m skipped\n";
        assert_eq!(results(nextest), Count { passed: 6, failed: 1, skipped: 3 });
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(results("the job run: 5 passed"), Count::default());
        assert_eq!(results("PASS [   0.2s] sentia-core cursor::tests::a"), Count::default());
    }
}
