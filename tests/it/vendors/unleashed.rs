//! Unleashed: one account with its warehouses.

use std::sync::Arc;

use sentia::{
    Mode, Pipeline, Store,
    connectors::{Unleashed, unleashed::UnleashedBuilder},
    transport::Pacing,
};
use sentia_sandbox::{
    UnleashedTwin,
    universe::{Presence, TruthRecord, warehouse::UnleashedStream},
};

use super::{
    Scene, all_read,
    compare::{Table, key},
    complete, holds, written,
};
use crate::{
    database::{Database, on_both},
    truth::impatient,
};

/// The settings of the twin's account.
pub(crate) fn settings(twin: &UnleashedTwin) -> UnleashedBuilder {
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    Unleashed::builder()
        .api_id(twin.api_id())
        .api_key(twin.api_key())
        .time_zone("Europe/London")
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
}

pub(crate) fn connector(twin: &UnleashedTwin) -> Unleashed {
    settings(twin).build().expect("valid settings")
}

pub(crate) fn account(twin: &UnleashedTwin, store: &Store) -> Pipeline {
    Pipeline::new(connector(twin), store.clone()).connection("unleashed").transport(impatient())
}

const TOTALS: [(&str, &str); 3] = [("SubTotal", "sub_total"), ("TaxTotal", "tax_total"), ("Total", "total")];

/// Obsolete is not deleted; a status of deleted is.
fn live(record: &TruthRecord) -> bool {
    matches!(record.presence, Presence::Live | Presence::Archived)
}

/// Compares every stream of the account.
pub(crate) async fn account_is_true(database: &Database, twin: &UnleashedTwin) {
    let plain = [
        ("unleashed_warehouses", UnleashedStream::Warehouses),
        ("unleashed_products", UnleashedStream::Products),
        ("unleashed_stock_on_hand", UnleashedStream::StockOnHand),
        ("unleashed_customers", UnleashedStream::Customers),
        ("unleashed_suppliers", UnleashedStream::Suppliers),
        ("unleashed_sales_invoices", UnleashedStream::SalesInvoices),
        ("unleashed_sales_shipments", UnleashedStream::SalesShipments),
        ("unleashed_credit_notes", UnleashedStream::CreditNotes),
        ("unleashed_purchase_orders", UnleashedStream::PurchaseOrders),
        ("unleashed_bills_of_materials", UnleashedStream::BillsOfMaterials),
        ("unleashed_assemblies", UnleashedStream::Assemblies),
        ("unleashed_stock_adjustments", UnleashedStream::StockAdjustments),
        ("unleashed_stock_counts", UnleashedStream::StockCounts),
        ("unleashed_warehouse_transfers", UnleashedStream::WarehouseTransfers),
        ("unleashed_batch_numbers", UnleashedStream::BatchNumbers),
    ];
    let connection = "unleashed";
    for (name, stream) in plain {
        let table = Table { database, connection, name, amounts: &[], key };
        table.is_true(twin.truth(stream), live).await;
    }
    let totals = Table {
        database,
        connection,
        name: "unleashed_stock_totals",
        amounts: &[],
        key: |_, key| format!("{key}/all"),
    };
    totals.is_true(twin.truth(UnleashedStream::StockTotals), live).await;
    let orders = Table { database, connection, name: "unleashed_sales_orders", amounts: &TOTALS, key };
    orders.is_true(twin.truth(UnleashedStream::SalesOrders), live).await;
    let lines = twin.truth(UnleashedStream::SalesOrderLines);
    orders.has_children("unleashed_sales_order_lines", lines.iter().filter(|line| live(line)).count()).await;
}

async fn warehouses(database: Database) {
    let (scene, store) = (Scene::new(52).await, database.store().await);
    let (twin, clock) = (scene.sandbox.unleashed(), Arc::clone(&scene.clock));
    let first = complete(account(twin, &store), &clock, Mode::Incremental).await;
    all_read(&first, &[]);
    account_is_true(&database, twin).await;
    for hours in [1, 30] {
        scene.later(hours);
        scene.sandbox.evolve();
        scene.later(1);
        let _ = complete(account(twin, &store), &clock, Mode::Incremental).await;
    }
    let _ = complete(account(twin, &store), &clock, Mode::Full).await;
    account_is_true(&database, twin).await;
    let again = complete(account(twin, &store), &clock, Mode::Incremental).await;
    assert_eq!(written(&again), 0, "nothing changed, nothing is written: {again:#?}");
    holds(&store).await;
}

on_both!(
    /// Everything, increments, and everything again: each equals the universe's own truth.
    unleashed_is_true,
    super::warehouses
);
