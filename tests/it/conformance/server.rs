//! The programs of tests/conformance. None outlives its test: each ends when its standard input closes.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::database::{skip, variable};

/// How long a server may take to read its model; on a busy machine a third of this was seen.
const PATIENCE: Duration = Duration::from_secs(120);

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn models() -> PathBuf {
    here().join("../shared/specs")
}

/// Why the programs cannot run here.
fn missing() -> Option<String> {
    if variable("SENTIA_CONFORMANCE").is_none() {
        return Some("SENTIA_CONFORMANCE is not set; run `cargo xtask test`".to_owned());
    }
    if std::process::Command::new("node").arg("--version").output().is_err() {
        return Some("node is not installed".to_owned());
    }
    let folders = [here().join("tests/conformance/node_modules"), models()];
    let folder = folders.into_iter().find(|folder| !folder.is_dir());
    folder.map(|folder| format!("{} is not there", folder.display()))
}

/// One of the programs, told where the models are; `None` with a printed reason where it cannot run.
pub(super) fn program(script: &str) -> Option<Command> {
    if let Some(why) = missing() {
        skip(&why);
        return None;
    }
    let mut command = Command::new("node");
    command.arg(here().join("tests/conformance").join(script)).arg("--specs").arg(models());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    Some(command)
}

/// A running server. It ends with this value, and with the test's process.
pub(super) struct Server {
    pub(super) url: String,
    _process: Child,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts it and waits until it listens; `None` with a printed reason where it cannot run.
    pub(super) async fn start(script: &str, options: &[&str]) -> Option<Self> {
        let mut process = program(script)?.args(options).spawn().expect("node starts");
        let mut output = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let line =
            timeout(PATIENCE, output.next_line()).await.expect("it listens in time").expect("it writes");
        let line = line.expect("it says where it listens; standard error tells why not");
        let url = line.strip_prefix("listening ").expect("an address").to_owned();
        Some(Server { url, _process: process, _output: output })
    }
}
