//! Against the twins, whose universe moves on meanwhile.

use std::time::Duration;

use sentia::{Background, Mode, Pipeline, RunReport, Store, StreamId, SyncSink, certificate::Sweep};
use sentia_sandbox::{Sandbox, ShopifyTwin, Size};

use super::ledger::{paused, proved};
use crate::{
    database::{Database, on_both},
    truth::{Vanished, impatient, shop_is_true, unpaced_shop},
};

/// A pipeline from the shop, with nothing to wait for.
fn shop(twin: &ShopifyTwin, store: &Store) -> Pipeline {
    Pipeline::new(unpaced_shop(twin), store.clone()).connection("shopify-uk").transport(impatient())
}

async fn a_full_pass(database: Database) {
    let sandbox = Sandbox::start(21, Size::tiny()).await.expect("the twins start");
    let (store, twin) = (database.store().await, sandbox.shopify_uk());
    let pipeline = || shop(twin, &store).page_size(20);
    let _ = proved(pipeline().run().await.expect("reads"));

    // One page a run; the universe moves on during the first pass, and stands still during the second.
    for changing in [true, false] {
        let ordered = proved(pipeline().increments_only().run().await.expect("reads")).started;
        let (mut runs, mut swept) = (0u64, 0);
        loop {
            let pass = pipeline().background(Background::Full).ordered(ordered).pause_after(Duration::ZERO);
            let report = pass.run().await.expect("reads");
            swept += sweeps(&report);
            if !report.is_paused() {
                let _ = proved(report);
                break;
            }
            let _ = paused(report);
            runs += 1;
            assert!(runs < 1_000, "it ends");
            if changing && runs % 9 == 0 {
                sandbox.evolve();
                let _ = proved(pipeline().increments_only().run().await.expect("reads"));
            }
        }
        assert!(runs > 20, "it took many runs: {runs}");

        let _ = proved(pipeline().increments_only().run().await.expect("reads"));
        let verified = store.verify().await.expect("verifies");
        assert!(verified.holds() && verified.certificates > 10, "{verified:#?}");
        assert!(!changing || swept > 0, "what vanished before its page was read is swept by this very pass");
    }
    shop_is_true(&database, twin, "shopify-uk", Vanished::Marked).await;
}

fn sweeps(report: &RunReport) -> u64 {
    let proofs = report.streams().iter().flat_map(|stream| &stream.certificates);
    proofs
        .map(|proof| match proof.sweep {
            Sweep::Done { deleted } => deleted,
            _ => 0,
        })
        .sum()
}

async fn a_backfill(database: Database) {
    let sandbox = Sandbox::start(22, Size::tiny()).await.expect("the twins start");
    let (store, twin) = (database.store().await, sandbox.shopify_uk());
    let orders = || shop(twin, &store).streams(["orders"]);
    let first = proved(orders().run().await.expect("reads"));
    let id = StreamId {
        tenant: "default".to_owned(),
        connection: "shopify-uk".to_owned(),
        stream: "orders".to_owned(),
        partition: String::new(),
    };
    let before = store.checkpoint(&id).await.expect("reads").expect("committed");

    // The span of the middle half of all orders.
    let rows = database.rows("SELECT version, key FROM shopify_orders ORDER BY version_order, key").await;
    let (quarter, all) = (rows.len() / 4, rows.len());
    let version = |at: usize| rows[at][0].parse().expect("an instant");
    let order = Background::Backfill { since: version(quarter), until: Some(version(all - quarter)) };
    let key = &rows[all / 2][1];
    for lines in
        ["order_lines", "refunds", "refund_lines", "fulfillments", "fulfillment_lines", "order_transactions"]
    {
        database.execute(&format!("DELETE FROM shopify_{lines} WHERE parent_key = '{key}'")).await;
    }
    database.execute(&format!("DELETE FROM shopify_orders WHERE key = '{key}'")).await;
    assert!(!store.verify().await.expect("verifies").holds());
    twin.clear_requests();
    let report = proved(orders().background(order).run().await.expect("reads"));
    assert_eq!((report.mode, report.counts().inserted), (Mode::Backfill, 1));
    assert!((2..first.counts().read).contains(&report.counts().read), "{:?}", report.counts());
    let asked = twin.requests();
    assert!(asked.iter().any(|request| request.body.contains("updated_at:<=")), "{asked:#?}");

    let after = store.checkpoint(&id).await.expect("reads").expect("committed");
    assert_eq!((after.cursor, &after.full), (before.cursor, &before.full));
    let verified = store.verify().await.expect("verifies");
    assert!(verified.holds(), "{verified:#?}");
}

on_both!(
    /// Full passes over a whole shop, a page a run, while orders come and products vanish: in the end the universe's truth.
    a_full_pass_in_slices_ends_with_the_truth,
    super::a_full_pass
);
on_both!(
    /// A span of orders is read once more, and a row deleted by hand is back.
    a_backfill_of_a_span_brings_back_its_rows,
    super::a_backfill
);
