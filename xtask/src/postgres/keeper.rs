//! A small shell process that starts the server and outlives us just long enough to stop it.
//!
//! It waits on a pipe that only we hold open, so the server ends and its folder goes whether we finish, fail, are
//! interrupted or are killed.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// `$1` is the folder; the rest is the server's command. The server's own process id is the first line of
/// `postmaster.pid`: a wrapper that changes the account may stand between.
const CLUSTER: &str = r#"
folder=$1; shift
{ "$@" >"$folder/log" 2>&1 </dev/null; : >"$folder/ended"; } &
cat >/dev/null
pid=$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null) || pid=
if [ -n "$pid" ]; then
    kill -INT "$pid" 2>/dev/null
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$pid" 2>/dev/null
else
    kill -KILL "$!" 2>/dev/null
fi
wait
rm -rf "$folder"
"#;

const CONTAINER: &str = r#"cat >/dev/null; docker rm --force --volumes "$1" >/dev/null 2>&1"#;

/// Dropping it stops the server and waits until it is gone.
#[derive(Debug)]
pub(crate) struct Keeper(Child);

impl Keeper {
    pub(crate) fn cluster(folder: &Path, server: Vec<OsString>) -> io::Result<Self> {
        Self::spawn(CLUSTER, [folder.into()].into_iter().chain(server).collect())
    }

    pub(crate) fn container(id: &str) -> io::Result<Self> {
        Self::spawn(CONTAINER, vec![id.into()])
    }

    fn spawn(script: &str, words: Vec<OsString>) -> io::Result<Self> {
        let child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(words)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of an interrupt typed at the terminal: that ends us, and our end closes the pipe.
            .process_group(0)
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
