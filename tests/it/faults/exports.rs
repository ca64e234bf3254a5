//! The faults of bulk operations, once and for ever: each has its asserted end, and none of them is green while data is
//! missing.

use std::{sync::Arc, time::Duration};

use sentia::{
    ErrorKind, Evidence, Outcome, Pipeline, Route, RunReport, testing::ManualClock,
    transport::TransportPolicy,
};
use sentia_sandbox::{
    BulkPace, FaultPlan, Pacing, Sandbox, SandboxClock, ShopifyFault, Size, universe::Universe,
};

use super::{
    Ending, Scene, Strike, Target, each, incomplete, policy,
    shopify::{Shop, exported},
    struck,
};
use crate::{
    database::{Database, Kind},
    truth::{Vanished, vault},
};

/// Orders by export.
fn orders(scene: &Scene) -> Pipeline {
    // None of these faults is a silence, and an answer that is late would be another one.
    let patient = TransportPolicy { timeout: Duration::from_secs(10), ..policy() };
    Shop::pipeline(scene).streams(["orders"]).route(Route::Export).transport(patient)
}

fn is_counted(report: &RunReport) {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    let proof = &struck::<Shop>(report).certificates[0];
    assert_eq!((proof.route, proof.evidence), (Route::Export, Evidence::Counted), "{proof:#?}");
}

/// A scene whose twins' time can be moved.
async fn scene(kind: Kind) -> Option<Scene> {
    let database = Database::fresh(kind).await?;
    let clock = SandboxClock::manual(Universe::anchor() + chrono::Duration::hours(9));
    let sandbox = Sandbox::start_with_clock(33, Size::tiny(), clock).await.expect("the twins start");
    let at_once = Duration::ZERO;
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    twin.set_bulk_pace(BulkPace { queued: at_once, running: at_once, canceling: at_once });
    let store = database.store().await;
    let clock = Arc::new(ManualClock::new(sandbox.clock().now()));
    Some(Scene { vault: vault(&store), sandbox, database, store, clock })
}

/// A first read of orders under the fault, then one without it.
async fn first_run(scene: Scene, fault: ShopifyFault, strike: Strike, ending: Ending) {
    let others = ["shop", "locations", "products", "customers", "inventory_levels"];
    let report = Shop::pipeline(&scene).streams(others).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");

    let plan = if strike == Strike::Once { FaultPlan::once() } else { FaultPlan::always() };
    Shop::inject(&scene, fault, plan);
    let report = orders(&scene).run().await.expect("a report");
    assert!(Shop::has_struck(&scene, fault), "it never struck");
    match ending {
        Ending::Recovers => {
            is_counted(&report);
            Shop::is_true(&scene, Vanished::NeverSeen).await;
        }
        Ending::Stops(kind) => {
            incomplete::<Shop>(&scene, struck::<Shop>(&report), kind, &["stream: orders", "page: "]).await;
            if kind == ErrorKind::PermissionDenied {
                let failure = struck::<Shop>(&report).failure.as_ref().expect("a reason");
                assert!(failure.message.contains("scope: read_orders"), "{failure:?}");
            }
        }
        other => panic!("{other:?} is no end of an export"),
    }

    Shop::clear(&scene);
    if fault == ShopifyFault::BulkStuck {
        // Shopify itself ends it after ten days; until then it may still succeed.
        scene.sandbox.clock().advance(Duration::from_secs(10 * 86_400 + 1));
    }
    scene.later();
    let report = orders(&scene).mode(sentia::Mode::Full).run().await.expect("reads once the fault is gone");
    is_counted(&report);
    Shop::is_true(&scene, Vanished::NeverSeen).await;
}

async fn table_on(kind: Kind, strike: Strike, only: Option<&[ShopifyFault]>) {
    let mut lines = exported();
    lines.retain(|line| only.is_none_or(|only| only.contains(&line.0)));
    each(lines, move |(fault, once, always)| async move {
        let ending = if strike == Strike::Once { once } else { always };
        if let Some(scene) = scene(kind).await {
            first_run(scene, fault, strike, ending).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_once() {
    table_on(Kind::Sqlite, Strike::Once, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_for_ever() {
    table_on(Kind::Sqlite, Strike::Always, None).await;
}

/// One fault of each end on PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_faults_on_postgres() {
    let some = [ShopifyFault::BulkFailed, ShopifyFault::BulkAccessDenied, ShopifyFault::BulkRowsLost];
    for strike in [Strike::Once, Strike::Always] {
        table_on(Kind::Postgres, strike, Some(&some)).await;
    }
}
