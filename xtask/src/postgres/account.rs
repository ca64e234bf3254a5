//! The account the server runs as: ours, or an unprivileged one when we are root, whom the server refuses.

use std::ffi::OsString;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use crate::command::{Outcome, output, succeeds};

/// Accounts that exist on most systems and own nothing worth guarding.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

#[derive(Debug)]
pub(crate) struct Account {
    /// Set when it is not the caller's own.
    pub(crate) name: Option<String>,
    ids: (u32, u32),
    /// The words in front of a command that make it run as this account.
    prefix: Vec<String>,
}

pub(crate) fn is_root() -> bool {
    id("-u", None) == Some(0)
}

impl Account {
    pub(crate) fn choose() -> Outcome<Self> {
        if !is_root() {
            return Ok(Self { name: None, ids: (0, 0), prefix: Vec::new() });
        }
        let (name, uid, gid) = UNPRIVILEGED
            .iter()
            .find_map(|name| Some((*name, id("-u", Some(name))?, id("-g", Some(name))?)))
            .ok_or("no unprivileged account (postgres or nobody) to run the server as")?;
        Ok(Self { name: Some(name.to_owned()), ids: (uid, gid), prefix: prefix(name, uid, gid)? })
    }

    /// The command as this account would type it.
    pub(crate) fn words(&self, program: &Path, arguments: &[String]) -> Vec<OsString> {
        let own = self.prefix.iter().map(OsString::from);
        own.chain([program.into()]).chain(arguments.iter().map(OsString::from)).collect()
    }

    pub(crate) fn command(&self, program: &Path, arguments: &[String]) -> Command {
        let words = self.words(program, arguments);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    pub(crate) fn own(&self, path: &Path) -> Outcome {
        if self.name.is_none() {
            return Ok(());
        }
        let (uid, gid) = self.ids;
        chown(path, Some(uid), Some(gid))
            .map_err(|error| format!("cannot hand over {}: {error}", path.display()))
    }
}

fn prefix(name: &str, uid: u32, gid: u32) -> Outcome<Vec<String>> {
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (uid, gid) = (format!("--reuid={uid}"), format!("--regid={gid}"));
    let ways = [
        text(&["setpriv", &uid, &gid, "--clear-groups", "--"]),
        text(&["runuser", "-u", name, "--"]),
        text(&["su", name, "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--"]),
    ];
    ways.into_iter()
        .find(|way| {
            let words: Vec<&str> = way[1..].iter().map(String::as_str).chain(["true"]).collect();
            succeeds(&way[0], &words)
        })
        .ok_or_else(|| format!("none of setpriv, runuser and su can run a program as {name}"))
}

fn id(flag: &str, name: Option<&str>) -> Option<u32> {
    output(Command::new("id").arg(flag).args(name)).ok()?.parse().ok()
}
