//! Jobs that do nothing, taken by three workers from one PostgreSQL: ours beside a bare `FOR UPDATE SKIP LOCKED` loop.
//!
//! ```text
//! cargo xtask postgres -- cargo bench --bench job_throughput
//! ```
//!
//! Each worker is a process of its own with a pool of its own, and both queues are driven by the same loop. The two take
//! turns, because the machines are shared: read the ratios. SENTIA_BENCH_JOBS and SENTIA_BENCH_ROUNDS change the size,
//! SENTIA_BENCH_SECONDS how long the steady rate lasts; 0 leaves it out.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time and prints")]

mod bare;
mod fleet;
mod ours;
mod server;
mod worker;

use serde::{Deserialize, Serialize};

use fleet::Fleet;
use server::Server;

/// Who keeps the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Keeper {
    Ours,
    Bare,
}

/// What the jobs are like. The bare loop knows one kind only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// All of one tenant: every claim meets the same tenant.
    OneTenant,
    /// Of thirty tenants.
    Tenants,
    /// Of thirty tenants, each with a key of its work and in one of twenty lanes of its tenant.
    Syncs,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Shape::OneTenant => "one tenant",
            Shape::Tenants => "30 tenants",
            Shape::Syncs => "30 tenants, keys and lanes",
        }
    }
}

const PAYLOAD: &str = r#"{"connection":"shop","stream":"orders"}"#;

/// Jobs that workers end before the clock starts.
const WARM_UP: usize = 3_000;

/// What a drain took.
#[derive(Debug, Clone, Copy)]
struct Drained {
    rate: f64,
    client_cpu: f64,
    server_cpu: f64,
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == "worker") {
        return worker::run(&words[at + 1]).await;
    }
    let Some(server) = Server::named().await else {
        println!(
            "skipped: SENTIA_TEST_POSTGRES_URL is not set; run `cargo xtask postgres -- cargo bench ...`"
        );
        return;
    };
    let (jobs, rounds) = (number("SENTIA_BENCH_JOBS", 12_000), number("SENTIA_BENCH_ROUNDS", 5));
    println!("{jobs} jobs, {} workers with {} slots each", fleet::WORKERS, worker::SLOTS);
    println!("{:<28}{:<8}{:>10}{:>16}{:>16}", "jobs", "queue", "jobs/s", "client CPU µs", "server CPU µs");
    for shape in [Shape::OneTenant, Shape::Tenants, Shape::Syncs] {
        compare(&server, shape, jobs, rounds).await;
    }
    let seconds = number("SENTIA_BENCH_SECONDS", 10);
    if seconds > 0 {
        steady(&server, seconds, rounds).await;
    }
}

/// Ours and the bare loop by turns.
async fn compare(server: &Server, shape: Shape, jobs: usize, rounds: usize) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(drain(server, Keeper::Ours, shape, jobs).await);
        bare.push(drain(server, Keeper::Bare, shape, jobs).await);
    }
    for (name, drains) in [("ours", &ours), ("bare", &bare)] {
        let each = |of: fn(&Drained) -> f64| median(drains.iter().map(of));
        println!(
            "{:<28}{name:<8}{:>10.0}{:>16.0}{:>16.0}",
            shape.name(),
            each(|drained| drained.rate),
            1e6 * each(|drained| drained.client_cpu) / jobs as f64,
            1e6 * each(|drained| drained.server_cpu) / jobs as f64,
        );
    }
    // Neighbors in time saw the same machine.
    let ratios: Vec<f64> = ours.iter().zip(&bare).map(|(ours, bare)| bare.rate / ours.rate).collect();
    let cpu = |of: &[Drained]| median(of.iter().map(|drained| drained.client_cpu + drained.server_cpu));
    println!(
        "{}: {:.2} times the bare loop's time (rounds from {:.2} to {:.2}), {:.2} times its CPU seconds",
        shape.name(),
        median(ratios.iter().copied()),
        ratios.iter().copied().fold(f64::MAX, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
        cpu(&ours) / cpu(&bare)
    );
}

async fn drain(server: &Server, keeper: Keeper, shape: Shape, jobs: usize) -> Drained {
    let url = server.fresh_database().await;
    fill(keeper, &url, shape, WARM_UP).await;
    let mut fleet = Fleet::start(keeper, &url);
    fill(keeper, &url, shape, jobs).await;
    let before = server.cpu_seconds();
    let began = worker::micros();
    fleet.go();
    let reports = fleet.reports();
    let done: usize = reports.iter().map(|report| report.done).sum();
    assert_eq!(done, jobs, "{keeper:?} ended every job once");
    let ended = reports.iter().map(|report| report.ended).max().expect("workers");
    let server_cpu = server.cpu_seconds() - before;
    server.drop_database(&url).await;
    Drained {
        rate: 1e6 * jobs as f64 / (ended - began) as f64,
        client_cpu: reports.iter().map(|report| report.cpu_seconds).sum(),
        server_cpu,
    }
}

async fn fill(keeper: Keeper, url: &str, shape: Shape, jobs: usize) {
    match keeper {
        Keeper::Ours => ours::fill(url, shape, jobs).await,
        Keeper::Bare => bare::fill(url, jobs).await,
    }
}

/// Jobs come at a steady rate, each by itself; how long until a worker has them?
async fn steady(server: &Server, seconds: usize, rounds: usize) {
    println!(
        "\n{} jobs a second for {seconds} s, idle workers look every {} ms",
        fleet::RATE,
        worker::POLL.as_millis()
    );
    println!(
        "{:<8}{:>12}{:>12}{:>18}{:>18}",
        "queue", "p50 ms", "p99 ms", "client CPU s/s", "server CPU s/s"
    );
    let keepers = [Keeper::Ours, Keeper::Bare];
    let mut found = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (keeper, found) in keepers.into_iter().zip(&mut found) {
            found.push(fleet::pick_up(server, keeper, seconds).await);
        }
    }
    for (keeper, found) in keepers.into_iter().zip(&found) {
        let each = |of: fn(&fleet::PickUp) -> f64| median(found.iter().map(of));
        println!(
            "{:<8}{:>12.1}{:>12.1}{:>18.3}{:>18.3}",
            format!("{keeper:?}").to_lowercase(),
            each(|pick_up| pick_up.p50),
            each(|pick_up| pick_up.p99),
            each(|pick_up| pick_up.client_cpu) / seconds as f64,
            each(|pick_up| pick_up.server_cpu) / seconds as f64,
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
