//! A throwaway PostgreSQL for the tests, found or fetched in a fixed order and gone when the run ends.

mod account;
mod apt;
mod cluster;
mod docker;
mod folder;
mod installed;
mod keeper;
mod wheel;

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{self, Outcome};
use cluster::Cluster;
use folder::Folder;
use keeper::Keeper;

const URL: &str = "SENTIA_TEST_POSTGRES_URL";
const BIN: &str = "SENTIA_TEST_POSTGRES_BIN";
const USER: &str = "SENTIA_TEST_POSTGRES_USER";

const REMEDIES: &str = "\
do one of these and try again:
  - install python3 with pip, or PostgreSQL's server (Debian and Ubuntu: apt-get install postgresql)
  - start a docker daemon
  - point SENTIA_TEST_POSTGRES_URL at a server whose role may create databases";

/// A server to test against. Dropping it stops the server, unless it was here before us.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    bin: Option<PathBuf>,
    user: Option<String>,
    _keeper: Option<Keeper>,
    // Dropped last: the server works in it until its keeper has stopped it.
    _folder: Option<Folder>,
}

impl Server {
    /// What the test suites read.
    pub(crate) fn environment(&self) -> BTreeMap<&'static str, String> {
        let mut all = BTreeMap::from([(URL, self.url.clone())]);
        all.extend(self.bin.as_ref().map(|bin| (BIN, bin.display().to_string())));
        all.extend(self.user.clone().map(|user| (USER, user)));
        all
    }
}

/// A way to a server, by name.
type Way = (&'static str, fn() -> Outcome<Server>);

/// `cargo xtask postgres -- COMMAND ...`
pub(crate) fn run(words: &[String]) -> Outcome {
    let words = words.strip_prefix(&["--".to_owned()]).unwrap_or(words);
    let [program, arguments @ ..] = words else {
        return Err("name a command: cargo xtask postgres -- COMMAND".to_owned());
    };
    let server = provide()?;
    command::run(Command::new(program).args(arguments).envs(server.environment()))
}

/// The server that the environment names, else the first that can be had here.
pub(crate) fn provide() -> Outcome<Server> {
    if let Ok(url) = env::var(URL) {
        println!("PostgreSQL: the server that {URL} names");
        let (bin, user) = (env::var_os(BIN).map(PathBuf::from), env::var(USER).ok());
        return Ok(Server { url, bin, user, _keeper: None, _folder: None });
    }
    let ways: [Way; 4] = [
        ("the Python wheel", from_wheel),
        ("an installed server", from_installed),
        ("the distribution's package", from_package),
        ("docker", docker::start),
    ];
    let mut reasons = Vec::new();
    for (name, way) in ways {
        match way() {
            Ok(server) => {
                println!("PostgreSQL: {name}");
                return Ok(server);
            }
            Err(reason) => reasons.push(format!("  {name}: {}", reason.replace('\n', "\n    "))),
        }
    }
    Err(format!("no PostgreSQL to test against\n{}\n{REMEDIES}", reasons.join("\n")))
}

fn from_wheel() -> Outcome<Server> {
    let folder = Folder::create()?;
    let bin = wheel::unpack(folder.path())?;
    Cluster::new(bin, folder).start()
}

fn from_installed() -> Outcome<Server> {
    let bins = installed::bins();
    let mut last = "none in PATH or in the distribution's folders".to_owned();
    for bin in bins {
        match Cluster::new(bin, Folder::create()?).start() {
            Ok(server) => return Ok(server),
            Err(reason) => last = reason,
        }
    }
    Err(last)
}

fn from_package() -> Outcome<Server> {
    apt::install()?;
    from_installed()
}
