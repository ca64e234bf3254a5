//! What the whole stack of layers adds to a call that waits for nothing.
//!
//! The same stub answers with no layer, through the stack with budgets in memory, and through the stack with a budget that
//! processes share. `cargo bench --bench stack_overhead`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use criterion::{Criterion, criterion_group, criterion_main};
use sentia::{
    Result,
    clock::SystemClock,
    quota::{Claim, Planner, Seen},
    testing::MemoryStateStore,
    transport::{Limit, Request, Response, Stack, Transport, TransportPolicy},
};

/// Answers at once.
#[derive(Debug)]
struct Stub;

#[async_trait]
impl Transport for Stub {
    async fn call(&self, _: Request) -> Result<Response> {
        Ok(Response::new(http::StatusCode::OK, http::HeaderMap::new(), bytes::Bytes::new()))
    }
}

/// Xero's kinds of limits, so wide that nothing waits.
fn limits() -> Vec<Limit> {
    let calls = |calls, seconds| Limit::Calls { calls, per: Duration::from_secs(seconds) };
    vec![calls(u32::MAX, 60), calls(u32::MAX, 86_400), Limit::Concurrent(1000)]
}

fn request() -> Request {
    Request::new(http::Method::GET, "https://api.example/orders".parse().expect("a URL"))
}

fn overhead(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("a call that waits for nothing");
    group.bench_function("the stub alone", |bencher| {
        bencher.to_async(&runtime).iter(|| async { Stub.call(request()).await.expect("an answer") });
    });
    let policy = TransportPolicy { limits: limits(), ..TransportPolicy::default() };
    let stack = Stack::around(Stub, policy, Arc::new(SystemClock));
    group.bench_function("through the stack", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| async { stack.transport.call(request()).await.expect("an answer") });
    });
    let alone = Planner::new(limits(), Arc::new(SystemClock));
    group.bench_function("the planner alone", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            alone.acquire(Claim::default()).await.expect("granted").answered(Seen::default());
        });
    });
    let shared =
        Planner::shared(limits(), Arc::new(SystemClock), Arc::new(MemoryStateStore::default()), "bench");
    group.bench_function("the planner, shared in memory", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            shared.acquire(Claim::default()).await.expect("granted").answered(Seen::default());
        });
    });
    group.finish();
    let decisions = shared.decisions();
    println!("shared: {} grants by {} round trips", decisions.granted, decisions.exchanges);
}

criterion_group!(benches, overhead);
criterion_main!(benches);
