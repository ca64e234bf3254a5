//! Three workers, and the producer they wait for.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::{
    Keeper, Shape, WARM_UP, bare, ours,
    server::Server,
    worker::{self, Order, Report},
};

pub(crate) const WORKERS: usize = 3;

/// Jobs a second of the steady run.
pub(crate) const RATE: usize = 200;

struct Member {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// Workers that are ready.
pub(crate) struct Fleet(Vec<Member>);

impl Fleet {
    /// Starts workers that end when the queue is empty.
    pub(crate) fn start(keeper: Keeper, url: &str) -> Self {
        Self::of(keeper, url, false)
    }

    fn of(keeper: Keeper, url: &str, stays: bool) -> Self {
        let member = |at| {
            let order = Order { keeper, url: url.to_owned(), name: format!("worker-{at}"), stays };
            let order = serde_json::to_string(&order).expect("plain text");
            let mut command = Command::new(std::env::current_exe().expect("this program"));
            command.args(["worker", &order]).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().expect("a child of this program");
            let to = child.stdin.take().expect("piped");
            let from = BufReader::new(child.stdout.take().expect("piped"));
            Member { child, to, from }
        };
        let mut fleet = Fleet((0..WORKERS).map(member).collect());
        for member in &mut fleet.0 {
            assert_eq!(line(member), "ready\n");
        }
        fleet
    }

    pub(crate) fn go(&mut self) {
        for member in &mut self.0 {
            member.to.write_all(b"go\n").expect("a worker that waits");
        }
    }

    pub(crate) fn reports(mut self) -> Vec<Report> {
        let report = |member: &mut Member| {
            let report = serde_json::from_str(&line(member)).expect("the worker's report");
            member.child.wait().expect("ends");
            report
        };
        self.0.iter_mut().map(report).collect()
    }
}

fn line(member: &mut Member) -> String {
    let mut line = String::new();
    member.from.read_line(&mut line).expect("a line");
    line
}

/// How long jobs waited for a worker.
pub(crate) struct PickUp {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) client_cpu: f64,
    pub(crate) server_cpu: f64,
}

/// Orders jobs one by one while three workers wait for them.
pub(crate) async fn pick_up(server: &Server, keeper: Keeper, seconds: usize) -> PickUp {
    let url = server.fresh_database().await;
    crate::fill(keeper, &url, Shape::OneTenant, WARM_UP).await;
    let mut fleet = Fleet::of(keeper, &url, true);
    let before = server.cpu_seconds();
    fleet.go();
    let committed = match keeper {
        Keeper::Ours => paced(seconds * RATE, ours::Producer::connect(&url).await).await,
        Keeper::Bare => paced(seconds * RATE, bare::Producer::connect(&url).await).await,
    };
    fleet.go();
    let reports = fleet.reports();
    let server_cpu = server.cpu_seconds() - before;
    server.drop_database(&url).await;
    // A worker may have a job before its producer hears of the commit.
    let waits = reports.iter().flat_map(|report| &report.taken);
    let mut waits: Vec<u64> = waits.map(|(job, at)| at.saturating_sub(committed[*job])).collect();
    assert_eq!(waits.len(), committed.len(), "every job was taken once");
    waits.sort_unstable();
    PickUp {
        p50: waits[waits.len() / 2] as f64 / 1e3,
        p99: waits[waits.len() * 99 / 100] as f64 / 1e3,
        client_cpu: reports.iter().map(|report| report.cpu_seconds).sum(),
        server_cpu,
    }
}

/// Where jobs are ordered.
pub(crate) trait Produce {
    async fn enqueue(&self, job: usize);
}

/// When each job was committed.
async fn paced(jobs: usize, producer: impl Produce) -> Vec<u64> {
    let mut committed = Vec::with_capacity(jobs);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE as u32);
    for job in 0..jobs {
        ticks.tick().await;
        producer.enqueue(job).await;
        committed.push(worker::micros());
    }
    committed
}
