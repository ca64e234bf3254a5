//! Shopify's limits: points that come back by the second, and tokens that last a day.

use std::time::Duration;

use sentia::{
    Mode, Outcome, Pipeline, Store,
    clock::Clock,
    connectors::Shopify,
    transport::{Jitter, RetryPolicy, TransportPolicy},
};
use sentia_sandbox::{CostLimits, ShopifyTwin, ThrottleForm};

use super::{Scene, complete};
use crate::database::{Database, Kind};

/// The shop with Shopify's limits kept.
fn paced(twin: &ShopifyTwin, store: &Store) -> Pipeline {
    let shop = Shopify::builder()
        .shop(twin.shop_domain())
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .base_url(twin.base_url())
        .build()
        .expect("valid settings");
    let retry = RetryPolicy { jitter: Jitter::None, ..RetryPolicy::default() };
    let policy = TransportPolicy { retry, ..TransportPolicy::default() };
    Pipeline::new(shop, store.clone()).connection("shopify").transport(policy)
}

fn answered(twin: &ShopifyTwin, status: u16) -> usize {
    twin.requests().iter().filter(|request| request.status == status).count()
}

/// The bucket is never overdrawn by this reader alone; points that others took are waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_are_waited_for_before_the_shop_has_to_refuse() {
    let Some(database) = Database::fresh(Kind::Sqlite).await else { return };
    let (scene, store) = (Scene::new(91).await, database.store().await);
    let (twin, clock) = (scene.sandbox.shopify_uk(), &scene.clock);
    twin.set_throttle_form(ThrottleForm::Status429);
    let limits = CostLimits { maximum: 600.0, restore_per_second: 20.0, single_query: 1_000 };
    twin.set_cost_limits(limits);
    let began = clock.now();
    let report = complete(paced(twin, &store), clock, Mode::Incremental).await;
    assert_eq!(answered(twin, 429), 0, "never refused: {:#?}", report.usage());
    let waited = clock.now() - began;
    assert!(waited > chrono::Duration::seconds(5), "the bucket was emptied and waited for: {waited}");

    // Another reader of the same app took everything: the shop refuses once and says what is missing.
    twin.drain_bucket();
    let began = clock.now();
    let _ = complete(paced(twin, &store).streams(["orders"]), clock, Mode::Full).await;
    assert_eq!(answered(twin, 429), 1);
    let waited = clock.now() - began;
    assert!(waited > chrono::Duration::seconds(5), "a page of orders at 20 points a second: {waited}");
}

/// A token of a day serves a day, and the next is minted before a call is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_renewed_before_the_shop_refuses_them() {
    let Some(database) = Database::fresh(Kind::Sqlite).await else { return };
    let (scene, store) = (Scene::new(92).await, database.store().await);
    let (twin, clock) = (scene.sandbox.shopify_uk(), &scene.clock);
    let pipeline = paced(twin, &store).clock(clock.clone());
    let grants = || twin.requests().iter().filter(|request| request.path.ends_with("access_token")).count();
    let mut minted = Vec::new();
    for hours in [0, 23, 1, 25] {
        clock.sleep(Duration::from_secs(hours * 3600)).await;
        let report = pipeline.run().await.expect("runs");
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
        minted.push(grants());
    }
    assert_eq!(minted, [1, 1, 2, 3]);
    assert_eq!(answered(twin, 401), 0, "no call was refused");
}
