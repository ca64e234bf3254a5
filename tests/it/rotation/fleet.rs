//! The parent's side: two workers on one database and one token, the vendor, the time, and who is killed where.

use std::{
    process::Stdio,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use secrecy::ExposeSecret;
use sentia::{Store, key_store::KeyName, security::Vault, testing::crash::SECRET_WRITTEN};
use sentia_sandbox::{Sandbox, SandboxClock, Size, XeroGrace, XeroSwitches, XeroTwin, universe::Universe};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    gate::Gate,
    worker::{MARK, REFRESH_TOKEN, Refusal, Task, Word, vault},
};
use crate::database::Database;

/// A little longer than a lease.
const PAST_A_LEASE: Duration = Duration::from_secs(121);
/// When a worker that says nothing is a failure. No worker takes a hundredth of it.
const HANGS: Duration = Duration::from_secs(120);

/// Where workers are killed in one run: whoever comes to a stage first, and nobody after.
#[derive(Debug, Default)]
pub(super) struct Fates {
    open: Mutex<Vec<&'static str>>,
    hit: Mutex<Vec<&'static str>>,
}

impl Fates {
    pub(super) fn at(stages: &[&'static str]) -> Self {
        Fates { open: Mutex::new(stages.to_vec()), hit: Mutex::default() }
    }

    /// The stages at which a worker was killed.
    pub(super) fn hits(&self) -> Vec<&'static str> {
        self.hit.lock().expect("no panic").clone()
    }

    fn strikes(&self, stage: &str) -> bool {
        let mut open = self.open.lock().expect("no panic");
        let Some(at) = open.iter().position(|known| *known == stage) else { return false };
        self.hit.lock().expect("no panic").push(open.remove(at));
        true
    }

    /// The stage within a transaction, at which no parent can be asked: a worker there kills itself.
    fn within(&self) -> Option<(&'static str, String)> {
        let open = self.open.lock().expect("no panic");
        let nth = |stage: &&'static str| match *stage {
            "store.written" => Some((*stage, format!("{SECRET_WRITTEN}:1"))),
            "publish.written" => Some((*stage, format!("{SECRET_WRITTEN}:2"))),
            _ => None,
        };
        open.iter().find_map(nth)
    }
}

/// How a worker's call ended.
#[derive(Debug)]
pub(super) enum End {
    Works,
    Refused(Refusal),
    Killed,
}

/// A running worker.
struct Worker {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    ear: ChildStdin,
    /// The stage at which it kills itself.
    doom: Option<&'static str>,
}

/// A worker's place, with its own way to the vendor.
struct Post {
    gate: Gate,
    worker: Option<Worker>,
}

/// What both posts share.
struct Host {
    sandbox: Sandbox,
    clock: SandboxClock,
    database: Database,
    vault: Vault,
    /// How often a dead connection was logged.
    told: AtomicU64,
}

/// Two workers and their world.
pub(super) struct Fleet {
    host: Host,
    posts: [Post; 2],
}

impl Fleet {
    /// A host with one connected organisation and no worker yet.
    pub(super) async fn new(database: Database) -> Self {
        let clock = SandboxClock::manual(Universe::anchor() + chrono::Duration::hours(9));
        let sandbox = Sandbox::start_with_clock(71, Size::tiny(), clock.clone()).await;
        let sandbox = sandbox.expect("the twins start");
        sandbox.xero().set_pacing(sentia_sandbox::Pacing::Lifted);
        let store: Store = database.store().await;
        let way = sandbox.xero().base_url();
        let posts = [Gate::before(way).await, Gate::before(way).await];
        let posts = posts.map(|gate| Post { gate, worker: None });
        let host = Host { sandbox, clock, database, vault: vault(store), told: AtomicU64::new(0) };
        let fleet = Fleet { host, posts };
        fleet.consent().await;
        fleet
    }

    fn twin(&self) -> &XeroTwin {
        self.host.sandbox.xero()
    }

    /// The user connects the account again.
    pub(super) async fn consent(&self) {
        let (vault, name) = (&self.host.vault, name());
        let replaced = vault.get(&name).await.expect("opens").map(|(_, version)| version);
        vault.put(&name, &self.twin().consent().into(), replaced).await.expect("stored");
    }

    /// The vendor's grace from now on, and so much time goes by that every access token is stale.
    pub(super) fn begin(&self, grace: XeroGrace) {
        self.twin().set_switches(XeroSwitches { grace, ..self.twin().switches() });
        self.host.clock.advance(Duration::from_secs(1900));
    }

    /// Lets both workers call at once. Who was killed before is a new process.
    pub(super) async fn call(&mut self, fates: &Fates) -> [End; 2] {
        let (host, [one, two]) = (&self.host, &mut self.posts);
        let (one, two) = tokio::join!(one.call(host, fates), two.call(host, fates));
        [one, two]
    }

    /// How often an operator was told.
    pub(super) fn told(&self) -> u64 {
        self.host.told.load(Ordering::SeqCst)
    }

    /// How often the vendor was asked for tokens.
    pub(super) fn grants(&self) -> usize {
        let requests = self.twin().requests();
        requests.iter().filter(|request| request.path.ends_with("/connect/token")).count()
    }

    /// Whether what the vault keeps is what the vendor gave last, and the vendor takes it.
    pub(super) async fn keeps_the_newest(&self) -> bool {
        let (stored, _) = self.host.vault.get(&name()).await.expect("opens").expect("stored");
        self.twin().newest_refresh_token().as_deref() == Some(stored.expose_secret())
    }
}

fn name() -> KeyName {
    KeyName { tenant: "default".into(), connection: "xero".into(), name: REFRESH_TOKEN.into() }
}

impl Post {
    async fn call(&mut self, host: &Host, fates: &Fates) -> End {
        let doom = fates.within();
        if self.worker.as_ref().is_some_and(|worker| worker.doom.is_some() || doom.is_some())
            && let Some(worker) = self.worker.take()
        {
            worker.leave().await;
        }
        let mut worker = self.worker.take().unwrap_or_else(|| Worker::start(host, &self.gate.url, doom));
        worker.order(host).await;
        let followed = worker.follow(host, fates, &mut self.gate);
        let end = tokio::time::timeout(HANGS, followed).await.expect("a worker hangs");
        match end {
            End::Killed => host.clock.advance(PAST_A_LEASE),
            End::Works | End::Refused(_) => self.worker = Some(worker),
        }
        end
    }
}

impl Worker {
    fn start(host: &Host, way: &str, doom: Option<(&'static str, String)>) -> Self {
        let twin = host.sandbox.xero();
        let task = Task {
            base_url: way.to_owned(),
            client_id: twin.client_id().to_owned(),
            client_secret: twin.client_secret().to_owned(),
            tenant_id: twin.tenant_id().to_owned(),
            database_url: host.database.url.clone(),
        };
        let mut command = Command::new(std::env::current_exe().expect("this test binary"));
        command.args(["rotation::worker::child", "--exact", "--nocapture"]).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("SENTIA_ROTATION_TASK", serde_json::to_string(&task).expect("plain text"));
        if let Some((_, point)) = &doom {
            command.env("SENTIA_CRASH_AT", point);
        }
        let mut child = command.spawn().expect("a child of this test");
        let said = BufReader::new(child.stdout.take().expect("piped")).lines();
        let ear = child.stdin.take().expect("piped");
        Worker { child, said, ear, doom: doom.map(|(stage, _)| stage) }
    }

    /// Tells it to go on, and the time. It may be dead already; then its end is seen next.
    async fn order(&mut self, host: &Host) {
        let order = format!("{}\n", host.clock.now().timestamp_millis());
        let _ = self.ear.write_all(order.as_bytes()).await;
    }

    /// Follows it to the end of its call, or to its own.
    async fn follow(&mut self, host: &Host, fates: &Fates, gate: &mut Gate) -> End {
        loop {
            tokio::select! {
                asking = gate.next() => {
                    if fates.strikes(asking.stage) {
                        return self.kill().await;
                    }
                    // Of a worker that was killed before, nobody waits for the answer.
                    let _ = asking.go.send(());
                }
                line = self.said.next_line() => match line.expect("reads") {
                    None => return self.killed_itself(fates).await,
                    Some(line) => match line.strip_prefix(MARK) {
                        None => drop(host.told.fetch_add(line.contains("ERROR").into(), Ordering::SeqCst)),
                        Some(word) => match serde_json::from_str(word).expect("the worker's") {
                            Word::Works => return End::Works,
                            Word::Refused(refusal) => return End::Refused(refusal),
                            Word::At(stage) if fates.strikes(&stage) => return self.kill().await,
                            Word::At(_) => self.order(host).await,
                        },
                    },
                },
            }
        }
    }

    /// SIGKILL, where it stands.
    async fn kill(&mut self) -> End {
        self.child.start_kill().expect("SIGKILL");
        self.died().await
    }

    async fn killed_itself(&mut self, fates: &Fates) -> End {
        let stage = self.doom.expect("a worker ends by itself only where it is to");
        let end = self.died().await;
        if !fates.strikes(stage) {
            fates.hit.lock().expect("no panic").push(stage);
        }
        end
    }

    async fn died(&mut self) -> End {
        use std::os::unix::process::ExitStatusExt;
        let status = self.child.wait().await.expect("ends");
        assert_eq!(status.signal(), Some(9), "{status}");
        End::Killed
    }

    /// Ends in order, as a host that is stopped does.
    async fn leave(self) {
        let Worker { mut child, ear, said, .. } = self;
        drop(ear);
        let status = child.wait().await.expect("ends");
        drop(said);
        assert!(status.success(), "{status}");
    }
}
