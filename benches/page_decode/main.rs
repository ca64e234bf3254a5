//! From a page's bytes to records, and on to their digests, beside serde_json alone into a bare struct of the same fields.
//!
//! `cargo bench --bench page_decode` measures each and ends with two ratios a vendor.

mod bare;
#[path = "../canned/mod.rs"]
mod canned;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use canned::Source;
use criterion::{Criterion, Throughput};
use tokio::runtime::Runtime;

/// Rounds of the comparison; in each the two take turns, so that a busy machine slows both.
const ROUNDS: usize = 300;

/// One vendor's page and the yardstick's way to read it.
struct Contest {
    name: &'static str,
    records: u32,
    source: Source,
    bare: fn(&[u8]) -> usize,
}

impl Contest {
    fn records(&self, runtime: &Runtime) {
        drop(black_box(runtime.block_on(self.source.read(self.records))));
    }

    /// As a sync needs them: the two digests of a record are computed when they are asked for.
    fn sealed(&self, runtime: &Runtime) {
        let page = black_box(runtime.block_on(self.source.read(self.records)));
        for record in page.records() {
            let _ = black_box(record.digest());
        }
    }

    fn bare(&self) {
        assert_eq!(black_box(self.bare)(&self.source.body), self.records as usize);
    }
}

/// Reads a page, says how many records it held, and gives the memory back within the measured time, as records do.
macro_rules! bare {
    ($page:ty, $records:expr) => {
        |body| {
            let page: $page = black_box(bare::page(body));
            let records: fn(&$page) -> usize = $records;
            records(&page)
        }
    };
}

fn contests(runtime: &Runtime) -> [Contest; 4] {
    let contest = |name, records, source, bare| Contest { name, records, source, bare };
    [
        contest(
            "xero invoices",
            1000,
            runtime.block_on(canned::invoices()),
            bare!(bare::xero::Page, |page| page.invoices.len()),
        ),
        contest(
            "shopify orders",
            250,
            runtime.block_on(canned::orders()),
            bare!(bare::shopify::Page, |page| page.data.orders.edges.len()),
        ),
        contest(
            "amazon orders",
            100,
            runtime.block_on(canned::amazon_orders()),
            bare!(bare::amazon::Page, |page| page.orders.len()),
        ),
        contest(
            "unleashed sales orders",
            200,
            runtime.block_on(canned::sales_orders()),
            bare!(bare::unleashed::Page, |page| page.items.len()),
        ),
    ]
}

fn measure(criterion: &mut Criterion, runtime: &Runtime, contests: &[Contest]) {
    let mut group = criterion.benchmark_group("page_decode");
    for contest in contests {
        group.throughput(Throughput::Elements(u64::from(contest.records)));
        group.bench_function(format!("{}: records", contest.name), |b| b.iter(|| contest.records(runtime)));
        group.bench_function(format!("{}: with digests", contest.name), |b| {
            b.iter(|| contest.sealed(runtime))
        });
        group.bench_function(format!("{}: bare struct", contest.name), |b| b.iter(|| contest.bare()));
    }
    group.finish();
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints what a page of records costs in pages of the bare struct, without digests and with: the medians of all rounds.
fn compare(runtime: &Runtime, contest: &Contest) {
    let round = |_| {
        let took =
            [timed(|| contest.records(runtime)), timed(|| contest.bare()), timed(|| contest.sealed(runtime))];
        took.map(|took| took.as_secs_f64() * 1e3)
    };
    let rounds: Vec<[f64; 3]> = (0..ROUNDS).map(round).collect();
    let typical = |of: fn(&[f64; 3]) -> f64| median(rounds.iter().map(of).collect());
    println!(
        "{:<24}{:>6} records{:>8.2} ms, bare struct{:>8.2} ms, ratio {:.2}; with digests{:>8.2} ms, ratio {:.2}",
        contest.name,
        contest.records,
        typical(|[records, ..]| *records),
        typical(|[_, bare, _]| *bare),
        typical(|[records, bare, _]| records / bare),
        typical(|[.., sealed]| *sealed),
        typical(|[_, bare, sealed]| sealed / bare),
    );
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let contests = contests(&runtime);
    let mut criterion = Criterion::default().configure_from_args();
    measure(&mut criterion, &runtime, &contests);
    criterion.final_summary();
    contests.iter().for_each(|contest| compare(&runtime, contest));
}
