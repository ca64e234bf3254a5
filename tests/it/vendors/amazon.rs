//! Amazon: two accounts, three marketplaces, lists and reports.

use std::{collections::BTreeSet, sync::Arc};

use sentia::{
    Mode, Pipeline, Store,
    connectors::{
        Amazon,
        amazon::{AmazonBuilder, Region},
    },
    transport::Pacing,
};
use sentia_sandbox::{AmazonTwin, universe::AmazonStream};

use super::{
    Scene, all_read,
    compare::{Table, key, live, within},
    complete, holds, written,
};
use crate::{
    database::{Database, on_both},
    truth::impatient,
};

pub(crate) fn settings(twin: &AmazonTwin) -> AmazonBuilder {
    let region = if twin.region() == sentia_sandbox::universe::Region::Uk { Region::Eu } else { Region::Na };
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    Amazon::builder()
        .region(region)
        .marketplaces(twin.marketplace_ids())
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .refresh_token(twin.refresh_token())
        .seller_id(twin.seller_id())
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
}

pub(crate) fn connector(twin: &AmazonTwin) -> Amazon {
    settings(twin).build().expect("valid settings")
}

pub(crate) fn account(twin: &AmazonTwin, connection: &str, store: &Store) -> Pipeline {
    Pipeline::new(connector(twin), store.clone()).connection(connection).transport(impatient())
}

/// The connector counts a report's rows from its first, which holds the totals; the truth from the one behind it.
fn behind_the_totals(_: &str, key: &str) -> String {
    let (settlement, line) = key.split_once('/').expect("settlement and line");
    format!("{settlement}/{}", line.parse::<u32>().expect("a number") - 1)
}

/// Compares every stream of an account.
async fn account_is_true(database: &Database, twin: &AmazonTwin, connection: &str) {
    lists_are_true(database, twin, connection).await;
    catalog_is_true(database, twin, connection).await;
    reports_are_true(database, twin, connection).await;
}

/// Compares what is read from lists.
pub(crate) async fn lists_are_true(database: &Database, twin: &AmazonTwin, connection: &str) {
    let table = |name, amounts, key| Table { database, connection, name, amounts, key };
    let truth = |stream| twin.visible_truth(stream);
    table("amazon_marketplaces", &[], key).is_true(truth(AmazonStream::Marketplaces), live).await;
    let orders = table("amazon_orders", &[("grandTotal", "total")], key);
    orders.is_true(truth(AmazonStream::Orders), live).await;
    orders.has_children("amazon_order_items", truth(AmazonStream::OrderItems).len()).await;
    orders.has_children("amazon_order_packages", truth(AmazonStream::Packages).len()).await;
    table("amazon_fba_inventory", &[], within).is_true(truth(AmazonStream::FbaInventory), live).await;
    table("amazon_listings", &[], within).is_true(truth(AmazonStream::Listings), live).await;
    let transactions = table("amazon_financial_transactions", &[("totalAmount", "total")], key);
    transactions.is_true(truth(AmazonStream::Transactions), live).await;
}

/// Compares the catalogue, which is Amazon's and keeps what the account no longer offers; the listings were held
/// against theirs before.
async fn catalog_is_true(database: &Database, twin: &AmazonTwin, connection: &str) {
    let sql = format!(
        "SELECT partition || '/' || asin FROM amazon_listings WHERE connection = '{connection}' AND deleted IS NULL"
    );
    let offered: BTreeSet<String> =
        database.rows(&sql).await.into_iter().map(|mut row| row.remove(0)).collect();
    let mut items = twin.visible_truth(AmazonStream::CatalogItems);
    items.retain(|item| offered.contains(&item.key));
    assert!(!items.is_empty());
    Table { database, connection, name: "amazon_catalog_items", amounts: &[], key: within }
        .is_true(items, live)
        .await;
}

/// Compares what is read from reports.
pub(crate) async fn reports_are_true(database: &Database, twin: &AmazonTwin, connection: &str) {
    let table = |name, amounts, key| Table { database, connection, name, amounts, key };
    let truth = |stream| twin.visible_truth(stream);
    let settlements = table("amazon_settlements", &[("total-amount", "total")], key);
    settlements.is_true(truth(AmazonStream::Settlements), live).await;
    let lines = table("amazon_settlement_lines", &[("amount", "amount")], behind_the_totals);
    lines.is_true(truth(AmazonStream::SettlementLines), live).await;
    let returned = database.count(&format!("amazon_returns WHERE connection = '{connection}'")).await;
    assert_eq!(returned, truth(AmazonStream::FbaReturns).len() as u64, "amazon_returns");
}

async fn accounts(database: Database) {
    let (scene, store) = (Scene::new(51).await, database.store().await);
    let (uk, usa) = (scene.sandbox.amazon_uk(), scene.sandbox.amazon_usa());
    let clock = Arc::clone(&scene.clock);
    for (twin, connection) in [(uk, "amazon-uk"), (usa, "amazon-usa")] {
        let first = complete(account(twin, connection, &store), &clock, Mode::Incremental).await;
        let none = twin.visible_truth(AmazonStream::FbaReturns).is_empty();
        all_read(&first, if none { &["returns"] } else { &[] });
        account_is_true(&database, twin, connection).await;
    }
    for hours in [5, 80] {
        scene.later(hours);
        scene.sandbox.evolve();
        scene.later(1);
        for (twin, connection) in [(uk, "amazon-uk"), (usa, "amazon-usa")] {
            let _ = complete(account(twin, connection, &store), &clock, Mode::Incremental).await;
        }
    }
    for (twin, connection) in [(uk, "amazon-uk"), (usa, "amazon-usa")] {
        let _ = complete(account(twin, connection, &store), &clock, Mode::Full).await;
        account_is_true(&database, twin, connection).await;
        let again = complete(account(twin, connection, &store), &clock, Mode::Incremental).await;
        assert_eq!(written(&again), 0, "nothing changed, nothing is written: {again:#?}");
    }
    holds(&store).await;
}

on_both!(
    /// Everything, increments, and everything again: each equals the universe's own truth.
    amazon_is_true,
    super::accounts
);
