//! One commit of 1,000 invoices with three lines each: new, unchanged, and all changed, on both databases.
//!
//! `cargo bench --bench batch_commit`, with PostgreSQL where SENTIA_TEST_POSTGRES_URL names a server.
#![allow(clippy::disallowed_methods, reason = "the test command says where its server is")]

mod canned;

use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sentia::{
    Batch, Checkpoint, Record, Store, StreamId, StreamTable, SyncSink, Version,
    cursor::{RunId, Slot},
};

struct Bench {
    store: Store,
    table: StreamTable,
    records: Vec<Record>,
    connections: AtomicU64,
}

impl Bench {
    fn batch(&self, connection: &str, version: u64, records: Vec<Record>) -> Batch {
        Batch {
            stream: StreamId {
                tenant: "bench".to_owned(),
                connection: connection.to_owned(),
                stream: "invoices".to_owned(),
                partition: String::new(),
            },
            table: self.table.clone(),
            run: RunId::nil(),
            epoch: 1,
            checkpoint: Checkpoint { version, ..Checkpoint::default() },
            slot: Slot::Front,
            records,
            rejected: Vec::new(),
            fetched: chrono::DateTime::UNIX_EPOCH,
            closing: None,
            lease: None,
        }
    }

    fn fresh(&self) -> String {
        format!("c{}", self.connections.fetch_add(1, Ordering::Relaxed))
    }

    /// The same records, each a microsecond newer and another document.
    fn changed(&self) -> Vec<Record> {
        let newer = |record: &Record| {
            let version = Version { raw: record.version.raw.clone(), order: record.version.order + 1 };
            let document = [record.document.body(), b" ".as_slice()].concat();
            let document = sentia::record::Document::new(document.into());
            Record::new(record.key.clone(), version, document, record.values.clone(), record.children.clone())
        };
        self.records.iter().map(newer).collect()
    }

    /// A connection that holds the records already, at checkpoint 1.
    async fn loaded(&self) -> String {
        let connection = self.fresh();
        self.store.commit(self.batch(&connection, 1, self.records.clone())).await.expect("commits");
        connection
    }
}

fn commit(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut urls =
        vec![("sqlite", format!("sqlite://{}?mode=rwc", folder.path().join("bench.db").display()))];
    urls.extend(std::env::var("SENTIA_TEST_POSTGRES_URL").map(|url| ("postgres", url)));
    let source = runtime.block_on(canned::invoices());
    let page = runtime.block_on(source.read(1000));
    for (database, url) in urls {
        let bench = Bench {
            store: runtime.block_on(Store::connect(&url)).expect("opens"),
            table: StreamTable::new("xero", source.stream.clone()),
            records: page.records().to_vec(),
            connections: AtomicU64::new(0),
        };
        let mut group = c.benchmark_group(format!("batch_commit/{database}"));
        group.throughput(Throughput::Elements(1000)).sample_size(20);
        group.bench_function("new", |b| {
            let setup = || bench.batch(&bench.fresh(), 1, bench.records.clone());
            b.to_async(&runtime).iter_batched(
                setup,
                |batch| bench.store.commit(batch),
                BatchSize::PerIteration,
            );
        });
        for (name, records) in [("unchanged", bench.records.clone()), ("changed", bench.changed())] {
            group.bench_function(name, |b| {
                let setup = || {
                    // The set-up runs inside the runtime, which cannot wait for itself.
                    let load = || runtime.block_on(bench.loaded());
                    let connection = std::thread::scope(|scope| scope.spawn(load).join().expect("loads"));
                    bench.batch(&connection, 2, records.clone())
                };
                b.to_async(&runtime).iter_batched(
                    setup,
                    |batch| bench.store.commit(batch),
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, commit);
criterion_main!(benches);
