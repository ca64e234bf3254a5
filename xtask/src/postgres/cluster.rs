//! A cluster of our own from a folder of server binaries: created, started, stopped with its keeper.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Server;
use super::account::Account;
use super::folder::Folder;
use super::keeper::Keeper;
use crate::command::{Outcome, output, tail};

const START_LIMIT: Duration = Duration::from_secs(60);

/// Role, password and database are all called this. The cluster trusts every loopback connection, so the password is
/// there only for the suites that look for it where it must not appear.
pub(crate) const NAME: &str = "sentia";

/// The data is worthless and the run is short: speed over durability.
pub(crate) const SETTINGS: [&str; 4] =
    ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200"];

#[derive(Debug)]
pub(crate) struct Cluster {
    bin: PathBuf,
    folder: Folder,
}

impl Cluster {
    pub(crate) fn new(bin: PathBuf, folder: Folder) -> Self {
        Self { bin, folder }
    }

    pub(crate) fn start(self) -> Outcome<Server> {
        let account = Account::choose()?;
        self.create(&account)?;
        let port = free_port()?;
        let words = account.words(&self.bin.join("postgres"), &self.arguments(port));
        let keeper = Keeper::cluster(self.folder.path(), words)
            .map_err(|error| format!("cannot start sh: {error}"))?;
        self.await_database(port)?;
        Ok(Server {
            url: format!("postgres://{NAME}:{NAME}@127.0.0.1:{port}/{NAME}"),
            bin: Some(self.bin),
            user: account.name,
            _keeper: Some(keeper),
            _folder: Some(self.folder),
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn create(&self, account: &Account) -> Outcome {
        let data = self.data();
        fs::create_dir(&data).map_err(|error| format!("cannot create {}: {error}", data.display()))?;
        account.own(&data)?;
        let name = format!("--username={NAME}");
        let place = format!("--pgdata={}", data.display());
        let words = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", &name, &place];
        let words = words.map(str::to_owned);
        let mut initdb = account.command(&self.bin.join("initdb"), &words);
        output(initdb.current_dir("/")).map(drop)
    }

    fn arguments(&self, port: u16) -> Vec<String> {
        let own = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "unix_socket_directories=".to_owned(),
        ];
        let settings = own.into_iter().chain(SETTINGS.map(str::to_owned));
        let place = ["-D".to_owned(), self.data().display().to_string()];
        place.into_iter().chain(settings.flat_map(|setting| ["-c".to_owned(), setting])).collect()
    }

    /// Ready is when our database could be created.
    fn await_database(&self, port: u16) -> Outcome {
        let begun = Instant::now();
        loop {
            let mut createdb = Command::new(self.bin.join("createdb"));
            createdb.args(["-h", "127.0.0.1", "-U", NAME, "--maintenance-db=postgres", NAME]);
            createdb.args(["-p", &port.to_string()]).current_dir("/");
            let Err(reason) = output(&mut createdb) else { return Ok(()) };
            let ended = self.folder.path().join("ended").exists();
            if ended || begun.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(format!("the server did not start: {reason}\n{}", tail(&log, 8)));
            }
            sleep(Duration::from_millis(100));
        }
    }
}

fn free_port() -> Outcome<u16> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}
