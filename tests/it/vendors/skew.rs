//! Our clock is wrong: windows end where the vendor's clock says, so nothing is lost, and tokens last as they must.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sentia::{Mode, Outcome, Pipeline, clock::Clock};

use sentia_sandbox::universe::warehouse::UnleashedStream;

use super::{
    OneClock, Scene, amazon,
    compare::{Table, key, live},
    holds, microsoft_graph, unleashed,
};
use crate::database::{Database, Kind};

/// The vendors' clock, and how far ours is ahead of it.
#[derive(Debug)]
struct Skewed {
    vendors: Arc<OneClock>,
    ahead: chrono::Duration,
}

#[async_trait]
impl Clock for Skewed {
    fn now(&self) -> DateTime<Utc> {
        self.vendors.now() + self.ahead
    }

    async fn sleep(&self, duration: Duration) {
        self.vendors.sleep(duration).await;
    }
}

async fn run(pipeline: Pipeline, clock: &Arc<Skewed>, mode: Mode) {
    let report = pipeline.clock(clock.clone()).mode(mode).run().await.expect("runs");
    assert_eq!(report.outcome(), Outcome::Complete, "{:?} ahead: {report:#?}", clock.ahead);
}

/// Two increments and a change between them; no full read mends what the skew would have lost.
async fn with_a_clock_ahead_by(ahead: chrono::Duration) {
    let scene = Scene::new(89).await;
    let database = Database::fresh(Kind::Sqlite).await.expect("a file");
    let store = database.store().await;
    let clock = Arc::new(Skewed { vendors: scene.clock.clone(), ahead });
    let sandbox = &scene.sandbox;
    let lists = ["marketplaces", "orders", "fba_inventory", "listings", "financial_transactions"];
    for _ in 0..3 {
        let shop = amazon::account(sandbox.amazon_uk(), "amazon-uk", &store);
        run(shop.streams(lists), &clock, Mode::Incremental).await;
        run(unleashed::account(sandbox.unleashed(), &store), &clock, Mode::Incremental).await;
        run(
            microsoft_graph::tenant(sandbox, &store).streams(["users", "drives", "drive_items"]),
            &clock,
            Mode::Incremental,
        )
        .await;
        scene.later(1);
        sandbox.evolve();
        // What changed is shown some minutes late, and finances two days.
        scene.later(1);
    }
    scene.later(72);
    let shop = || amazon::account(sandbox.amazon_uk(), "amazon-uk", &store);
    run(shop().streams(["orders", "financial_transactions"]), &clock, Mode::Incremental).await;
    run(unleashed::account(sandbox.unleashed(), &store), &clock, Mode::Incremental).await;
    // Stock and offers are read in full each night, for what no increment tells.
    run(shop().streams(["marketplaces", "fba_inventory", "listings"]), &clock, Mode::Full).await;
    amazon::lists_are_true(&database, sandbox.amazon_uk(), "amazon-uk").await;
    let table = |name, amounts| Table { database: &database, connection: "unleashed", name, amounts, key };
    let truth = |stream| sandbox.unleashed().truth(stream);
    let totals = &[("Total", "total")][..];
    table("unleashed_products", &[]).is_true(truth(UnleashedStream::Products), live).await;
    table("unleashed_sales_orders", totals).is_true(truth(UnleashedStream::SalesOrders), live).await;
    table("unleashed_sales_invoices", &[]).is_true(truth(UnleashedStream::SalesInvoices), live).await;
    holds(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_fast_loses_nothing() {
    with_a_clock_ahead_by(chrono::Duration::hours(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_slow_loses_nothing() {
    with_a_clock_ahead_by(chrono::Duration::hours(-2)).await;
}
