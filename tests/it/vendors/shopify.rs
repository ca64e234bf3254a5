//! Shopify: one store with everything behind it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sentia::{
    ErrorKind, Mode, Outcome, Pipeline, Store, StreamId, SyncSink, certificate::Sweep, connectors::Shopify,
    finding::Effect, transport::Pacing,
};
use sentia_sandbox::{FaultPlan, ShopifyFault, ShopifyTwin, universe::ShopifyStream};

use super::{
    Scene, all_read,
    compare::{
        Child,
        Number::{Amount, Integer},
        Table, key, live,
    },
    complete, holds, written,
};
use crate::{
    database::{Database, on_both},
    truth::impatient,
};

pub(super) fn shop(twin: &ShopifyTwin, store: &Store) -> Pipeline {
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let shop = Shopify::builder()
        .shop(twin.shop_domain())
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
        .build()
        .expect("valid settings");
    Pipeline::new(shop, store.clone()).connection("shopify").transport(impatient())
}

/// A stream, its table, and of each amount the truth's name and the column.
type Held = (ShopifyStream, &'static str, &'static [(&'static str, &'static str)]);

const TABLES: [Held; 11] = [
    (ShopifyStream::Locations, "shopify_locations", &[]),
    (ShopifyStream::Products, "shopify_products", &[]),
    (ShopifyStream::InventoryItems, "shopify_inventory_items", &[]),
    (ShopifyStream::InventoryLevels, "shopify_inventory_levels", &[]),
    (ShopifyStream::Customers, "shopify_customers", &[("amountSpent", "amount_spent")]),
    (
        ShopifyStream::DraftOrders,
        "shopify_draft_orders",
        &[("subtotalPriceSet", "subtotal"), ("totalPriceSet", "total"), ("totalTaxSet", "total_tax")],
    ),
    (
        ShopifyStream::Orders,
        "shopify_orders",
        &[
            ("subtotalPriceSet", "subtotal"),
            ("totalPriceSet", "total"),
            ("totalTaxSet", "total_tax"),
            ("totalRefundedSet", "total_refunded"),
            ("currentTotalPriceSet", "current_total"),
        ],
    ),
    (ShopifyStream::FulfillmentOrders, "shopify_fulfillment_orders", &[]),
    (ShopifyStream::Returns, "shopify_returns", &[]),
    (
        ShopifyStream::Payouts,
        "shopify_payouts",
        &[
            ("net", "net"),
            ("chargesGross", "charges_gross"),
            ("chargesFee", "charges_fee"),
            ("refundsFeeGross", "refunds_gross"),
            ("adjustmentsGross", "adjustments_gross"),
        ],
    ),
    (
        ShopifyStream::BalanceTransactions,
        "shopify_balance_transactions",
        &[("amount", "amount"), ("fee", "fee"), ("net", "net")],
    ),
];

/// Parent table, child stream, and the child's table.
const CHILDREN: [(&str, ShopifyStream, Child<'_>); 8] = [
    (
        "shopify_products",
        ShopifyStream::Variants,
        Child { name: "shopify_product_variants", id: "variant_id", numbers: &[] },
    ),
    (
        "shopify_orders",
        ShopifyStream::OrderLines,
        Child {
            name: "shopify_order_lines",
            id: "line_id",
            numbers: &[("discountedTotalSet", Amount("discounted_total")), ("quantity", Integer("quantity"))],
        },
    ),
    (
        "shopify_orders",
        ShopifyStream::Refunds,
        Child {
            name: "shopify_refunds",
            id: "refund_id",
            numbers: &[("totalRefundedSet", Amount("total_refunded"))],
        },
    ),
    (
        "shopify_orders",
        ShopifyStream::Fulfillments,
        Child { name: "shopify_fulfillments", id: "fulfillment_id", numbers: &[] },
    ),
    (
        "shopify_orders",
        ShopifyStream::Transactions,
        Child {
            name: "shopify_order_transactions",
            id: "transaction_id",
            numbers: &[("amountSet", Amount("amount"))],
        },
    ),
    (
        "shopify_fulfillment_orders",
        ShopifyStream::FulfillmentOrderLines,
        Child {
            name: "shopify_fulfillment_order_lines",
            id: "fulfillment_order_line_id",
            numbers: &[
                ("totalQuantity", Integer("total_quantity")),
                ("remainingQuantity", Integer("remaining_quantity")),
            ],
        },
    ),
    (
        "shopify_returns",
        ShopifyStream::ReturnLines,
        Child {
            name: "shopify_return_lines",
            id: "return_line_id",
            numbers: &[("quantity", Integer("quantity")), ("refundedQuantity", Integer("refunded_quantity"))],
        },
    ),
    (
        "shopify_draft_orders",
        ShopifyStream::DraftOrderLines,
        Child {
            name: "shopify_draft_order_lines",
            id: "draft_order_line_id",
            numbers: &[("quantity", Integer("quantity")), ("discountedTotalSet", Amount("discounted_total"))],
        },
    ),
];

/// Compares every stream of the shop and every child table that the truth knows.
async fn shop_is_true(database: &Database, twin: &ShopifyTwin) {
    let table = |name, amounts| Table { database, connection: "shopify", name, amounts, key };
    for (stream, name, amounts) in TABLES {
        table(name, amounts).is_true(twin.truth(stream), live).await;
    }
    for (parent, stream, child) in CHILDREN {
        table(parent, &[]).children_are_true(child, twin.truth(stream)).await;
    }
    for (stream, name) in [
        (ShopifyStream::Products, "shopify_products"),
        (ShopifyStream::DraftOrders, "shopify_draft_orders"),
        (ShopifyStream::FulfillmentOrders, "shopify_fulfillment_orders"),
        (ShopifyStream::Returns, "shopify_returns"),
        (ShopifyStream::Payouts, "shopify_payouts"),
    ] {
        table(name, &[]).has_statuses("status", twin.truth(stream)).await;
    }
}

async fn everything(database: Database) {
    let (scene, store) = (Scene::new(81).await, database.store().await);
    let (twin, clock) = (scene.sandbox.shopify_uk(), Arc::clone(&scene.clock));
    let first = complete(shop(twin, &store), &clock, Mode::Incremental).await;
    all_read(&first, &[]);
    assert!(first.findings().is_empty(), "nothing is hidden from this app: {:?}", first.findings());
    shop_is_true(&database, twin).await;
    for hours in [1, 30] {
        scene.later(hours);
        scene.sandbox.evolve();
        scene.later(1);
        let _ = complete(shop(twin, &store), &clock, Mode::Incremental).await;
    }
    // A product and a draft vanished; the full read finds them missing.
    let full = complete(shop(twin, &store), &clock, Mode::Full).await;
    for stream in ["products", "draft_orders"] {
        let report = full.streams().iter().find(|report| report.name == stream).expect("a stream");
        let swept = report.certificates.iter().any(|c| matches!(c.sweep, Sweep::Done { deleted: 1.. }));
        assert!(swept, "{report:#?}");
    }
    shop_is_true(&database, twin).await;
    let again = complete(shop(twin, &store), &clock, Mode::Incremental).await;
    assert_eq!(written(&again), 0, "nothing changed, nothing is written: {again:#?}");
    holds(&store).await;
}

on_both!(
    /// Everything, increments, and everything again: each equals the universe's own truth.
    shopify_is_true,
    super::everything
);

async fn payouts_settle(database: Database) {
    let (scene, store) = (Scene::new(82).await, database.store().await);
    let (twin, clock) = (scene.sandbox.shopify_uk(), Arc::clone(&scene.clock));
    let payouts = || shop(twin, &store).streams(["payouts", "balance_transactions"]);
    let _ = complete(payouts(), &clock, Mode::Incremental).await;
    let mut words: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for _ in 0..7 {
        scene.later(25);
        scene.sandbox.evolve();
        let _ = complete(payouts(), &clock, Mode::Incremental).await;
        for payout in twin.truth(ShopifyStream::Payouts) {
            words.entry(payout.key).or_default().extend(payout.status);
        }
    }
    assert!(words.values().any(|words| words.len() > 1), "a payout settled without a time that says so");
    let after = twin.truth(ShopifyStream::Payouts);
    let table = |name, amounts| Table { database: &database, connection: "shopify", name, amounts, key };
    let [.., (_, name, amounts), (_, movements, parts)] = TABLES;
    table(name, amounts).is_true(after.clone(), live).await;
    table(name, &[]).has_statuses("status", after).await;
    table(movements, parts).is_true(twin.truth(ShopifyStream::BalanceTransactions), live).await;
}

on_both!(
    /// Increments alone: 30 days are read again once a day, because payouts change without a time that says so.
    payouts_change_without_saying_so,
    super::payouts_settle
);

/// The list of inventory items comes in the order of ids: a window that breaks off moves no cursor, however late the
/// times it has seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cursor_waits_for_the_end_of_a_list_in_another_order() {
    let Some(database) = Database::fresh(crate::database::Kind::Sqlite).await else { return };
    let (scene, store) = (Scene::new(88).await, database.store().await);
    let (twin, clock) = (scene.sandbox.shopify_uk(), Arc::clone(&scene.clock));
    let items = || shop(twin, &store).streams(["inventory_items"]).page_size(2);
    let cursor = async || {
        let (tenant, connection) = ("default".to_owned(), "shopify".to_owned());
        let id =
            StreamId { tenant, connection, stream: "inventory_items".to_owned(), partition: String::new() };
        store.checkpoint(&id).await.expect("reads").expect("read before").cursor
    };
    let _ = complete(items(), &clock, Mode::Incremental).await;
    scene.later(1);
    scene.sandbox.change(|universe| {
        let now = universe.now;
        // The lowest id changes last.
        for (at, product) in universe.shop_uk.products.iter_mut().enumerate() {
            product.variants[0].item.stamp.touch(now - chrono::Duration::seconds(at as i64));
        }
    });
    scene.later(1);
    let before = cursor().await;
    twin.inject(ShopifyFault::NotFound, FaultPlan::always().after(1).mentioning("SentiaInventoryItems("));
    let report = items().clock(clock.clone()).run().await.expect("runs");
    assert_eq!((report.outcome(), report.streams()[0].pages), (Outcome::Incomplete, 1), "{report:#?}");
    assert_eq!(cursor().await, before, "the cursor moves at the end alone");
    twin.clear_faults();
    let report = complete(items(), &clock, Mode::Incremental).await;
    assert_eq!(report.counts().updated as usize, scene.sandbox.change(|u| u.shop_uk.products.len()) - 2);
    assert!(cursor().await > before);
    let (_, name, amounts) = TABLES[2];
    let table = Table { database: &database, connection: "shopify", name, amounts, key };
    table.is_true(twin.truth(ShopifyStream::InventoryItems), live).await;
}

/// Without Shopify Payments there is no account, and that is complete; without its scope it is refused.
async fn no_payments(database: Database) {
    let (scene, store) = (Scene::new(83).await, database.store().await);
    let (twin, clock) = (scene.sandbox.shopify_uk(), Arc::clone(&scene.clock));
    twin.set_shopify_payments(false);
    let report = complete(shop(twin, &store), &clock, Mode::Incremental).await;
    all_read(&report, &["payouts", "balance_transactions"]);
}

on_both!(
    /// A shop without Shopify Payments has no payouts.
    a_shop_without_payments_is_complete,
    super::no_payments
);

/// A missing scope stops its stream and no other, and is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_scope_stops_its_stream_alone() {
    let Some(database) = Database::fresh(crate::database::Kind::Sqlite).await else { return };
    let (scene, store) = (Scene::new(84).await, database.store().await);
    let twin = scene.sandbox.shopify_uk();
    let lost = [
        ("returns", "read_returns"),
        ("draft_orders", "read_draft_orders"),
        ("payouts", "read_shopify_payments_payouts"),
        ("balance_transactions", "read_shopify_payments_payouts"),
    ];
    let granted = [
        "read_all_orders",
        "read_customers",
        "read_fulfillments",
        "read_inventory",
        "read_locations",
        "read_merchant_managed_fulfillment_orders",
        "read_orders",
        "read_products",
        "read_shopify_payments_accounts",
        "read_third_party_fulfillment_orders",
    ];
    twin.set_scopes(granted);
    let report = shop(twin, &store).clock(scene.clock.clone()).run().await.expect("runs");
    for stream in report.streams() {
        match lost.iter().find(|(name, _)| *name == stream.name) {
            Some((_, scope)) => {
                let failure = stream.failure.as_ref().expect("it is refused");
                assert_eq!(failure.code, ErrorKind::PermissionDenied.code());
                assert!(failure.message.contains(scope), "{}", failure.message);
            }
            None => assert_eq!(stream.outcome, Outcome::Complete, "{stream:#?}"),
        }
    }
}

/// What `read_all_orders` hides when it is lost is told, and nothing of it is deleted, not even when confirmed.
async fn hidden_orders(database: Database) {
    let (scene, store) = (Scene::new(85).await, database.store().await);
    let (twin, clock) = (scene.sandbox.shopify_uk(), Arc::clone(&scene.clock));
    let orders = || shop(twin, &store).streams(["orders", "returns", "fulfillment_orders"]);
    let first = complete(orders(), &clock, Mode::Incremental).await;
    let stored = first.counts().read;
    // Lost behind the first page: the ground shifts, and the window is read again under what is left.
    twin.inject(ShopifyFault::AllOrdersLost, FaultPlan::always().after(1));
    let confirmed = orders().sweep_policy(sentia::certificate::SweepPolicy::confirmed()).page_size(5);
    let report = complete(confirmed, &clock, Mode::Full).await;
    assert!(report.counts().read < stored, "the list is shorter");
    for stream in report.streams() {
        let certificate = stream.certificates.last().expect("proved");
        match stream.name.as_str() {
            "fulfillment_orders" => assert_eq!(certificate.sweep, Sweep::NotDue),
            _ => assert!(matches!(&certificate.sweep, Sweep::Refused { reason } if reason.contains("hides"))),
        }
        let codes: Vec<_> = stream.findings.iter().map(|found| (found.code.as_str(), found.effect)).collect();
        assert_eq!(codes, [("last_60_days_only", Effect::Hides)], "{}", stream.name);
        assert_eq!(certificate.findings, stream.findings);
    }
    assert!(report.streams()[0].certificates[0].attempt > 1, "two scopes in one reading do not add up");
    assert_eq!((report.counts().deleted, report.findings().len()), (0, 1), "told once over all streams");
    let gone = database.count("shopify_orders WHERE deleted IS NOT NULL").await;
    assert_eq!(gone, 0);

    twin.clear_faults();
    let increment = complete(orders(), &clock, Mode::Incremental).await;
    for stream in increment.streams() {
        let codes: Vec<_> = stream.findings.iter().map(|found| found.code.as_str()).collect();
        // The sweeps that were refused kept the scope of the last full read that saw everything.
        let expected: &[&str] =
            if stream.name == "fulfillment_orders" { &["read_scope_changed"] } else { &[] };
        assert_eq!(codes, expected, "{}", stream.name);
    }
}

on_both!(
    /// The 60-day limit is found, reported and never swept by.
    orders_that_are_hidden_are_not_gone,
    super::hidden_orders
);

/// The pinned version ran out: a newer one answers, everything is read, and it is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_fell_forward_is_told() {
    let Some(database) = Database::fresh(crate::database::Kind::Sqlite).await else { return };
    let (scene, store) = (Scene::new(86).await, database.store().await);
    let twin = scene.sandbox.shopify_uk();
    twin.inject(ShopifyFault::FellForward, FaultPlan::always());
    let report = complete(shop(twin, &store), &scene.clock, Mode::Incremental).await;
    let [found] = report.findings()[..] else { panic!("{:#?}", report.findings()) };
    assert_eq!((found.code.as_str(), found.effect), ("api_version_fell_forward", Effect::Notice));
    assert!(found.message.contains("2026-10") && found.message.contains("2026-07"), "{}", found.message);
    shop_is_true(&database, twin).await;

    // The version it was pinned to is served again: what an increment sees may differ from the last full read.
    twin.clear_faults();
    let report = complete(shop(twin, &store), &scene.clock, Mode::Incremental).await;
    let codes: Vec<_> = report.findings().iter().map(|found| found.code.as_str()).collect();
    assert_eq!(codes, ["read_scope_changed"]);
}
