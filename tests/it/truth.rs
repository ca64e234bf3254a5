//! The universe's own truth against the tables, by plain SQL.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use sentia::{
    Pipeline, Store,
    connectors::{Shopify, Xero},
    security::{MasterKey, MasterKeyset, Vault},
    transport::{Jitter, RetryPolicy, TransportPolicy},
};
use sentia_sandbox::{
    Sandbox, ShopifyTwin,
    universe::{Presence, ShopifyStream, TruthRecord, XeroStream},
};

use crate::database::Database;

/// Delays short enough for a test, and otherwise the defaults.
pub(crate) fn impatient() -> TransportPolicy {
    let retry = RetryPolicy {
        base: std::time::Duration::from_millis(5),
        cap: std::time::Duration::from_millis(20),
        jitter: Jitter::None,
        max_vendor_wait: std::time::Duration::from_secs(5),
        ..RetryPolicy::default()
    };
    TransportPolicy { retry, timeout: std::time::Duration::from_secs(5), ..TransportPolicy::default() }
}

/// A shop's twin that nobody is paced for, with a ready token.
pub(crate) fn unpaced_shop(twin: &ShopifyTwin) -> Shopify {
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    Shopify::builder()
        .shop(twin.shop_domain())
        .access_token(twin.access_token())
        .base_url(twin.base_url())
        .pacing(sentia::transport::Pacing::Off)
        .build()
        .expect("valid settings")
}

/// A pipeline from a shop's twin, with a ready token.
pub(crate) fn shop(twin: &ShopifyTwin, connection: &str, store: &Store) -> Pipeline {
    shop_at(twin.base_url(), twin, connection, store)
}

/// The same, with another address in front of the twin.
pub(crate) fn shop_at(url: &str, twin: &ShopifyTwin, connection: &str, store: &Store) -> Pipeline {
    let shop = Shopify::builder()
        .shop(twin.shop_domain())
        .access_token(twin.access_token())
        .base_url(url)
        .build()
        .expect("valid settings");
    Pipeline::new(shop, store.clone()).connection(connection).transport(impatient())
}

/// A pipeline from the books' twin, by a custom connection.
pub(crate) fn books(sandbox: &Sandbox, store: &Store) -> Pipeline {
    books_at(sandbox.xero().base_url(), sandbox, store)
}

/// The same, with another address in front of the twin.
pub(crate) fn books_at(url: &str, sandbox: &Sandbox, store: &Store) -> Pipeline {
    let twin = sandbox.xero();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let xero = Xero::builder()
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .tenant_id(twin.tenant_id())
        .base_url(url)
        .pacing(sentia::transport::Pacing::Off)
        .build()
        .expect("valid settings");
    Pipeline::new(xero, store.clone()).connection("xero").transport(impatient())
}

/// A vault with a master key that lives as long as the test.
pub(crate) fn vault(store: &Store) -> Vault {
    Vault::new(store.clone(), MasterKeyset::new(MasterKey::ephemeral().expect("random"), Vec::new()))
}

/// The deletion mark and some amounts of every record of one table, by key.
type Facts = BTreeMap<String, (bool, Vec<i64>)>;

/// As the amount columns hold it; a finer amount would be a mistake of the universe.
fn ten_thousandths(amount: Decimal) -> i64 {
    let scaled = (amount * Decimal::from(10_000)).normalize();
    assert_eq!(scaled.scale(), 0, "{amount} is finer than a column");
    i64::try_from(scaled.mantissa()).expect("fits")
}

fn expected(truth: Vec<TruthRecord>, names: &[&str], deleted: impl Fn(&TruthRecord) -> bool) -> Facts {
    let facts = |record: TruthRecord| {
        let gone = deleted(&record);
        let amounts = names.iter().map(|name| ten_thousandths(record.amounts[name])).collect();
        (record.key, (gone, if gone { Vec::new() } else { amounts }))
    };
    truth.into_iter().map(facts).collect()
}

async fn found(database: &Database, table: &str, connection: &str, columns: &[&str]) -> Facts {
    let amounts: Vec<String> =
        columns.iter().map(|column| format!(", {}", database.amount(column))).collect();
    let sql = format!(
        "SELECT key, CASE WHEN deleted IS NULL THEN '' ELSE 'x' END{} FROM {table} WHERE connection = '{connection}'",
        amounts.concat()
    );
    let facts = |row: Vec<String>| {
        let gone = row[1] == "x";
        let amounts = row[2..].iter().map(|text| text.parse().expect("a number")).collect();
        (row[0].clone(), (gone, if gone { Vec::new() } else { amounts }))
    };
    database.rows(&sql).await.into_iter().map(facts).collect()
}

fn compare(table: &str, expected: &Facts, found: &Facts) {
    let differing: Vec<_> =
        expected.iter().filter(|(key, facts)| found.get(*key) != Some(facts)).take(3).collect();
    assert!(
        differing.is_empty(),
        "{table}: expected {differing:?}, found {:?}",
        differing.iter().map(|(key, _)| found.get(*key)).collect::<Vec<_>>()
    );
    let extra: Vec<_> = found.keys().filter(|key| !expected.contains_key(*key)).take(3).collect();
    assert!(extra.is_empty(), "{table}: rows that should not be: {extra:?}");
}

/// Rows that vanished before the first sync are in no table; a later full read marks those it had.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vanished {
    /// The copy never had them.
    NeverSeen,
    /// The copy has them, marked as deleted.
    Marked,
    /// The copy has them, not marked yet: only a full read can tell.
    NotYetKnown,
    /// The copy has those that some read came by, marked as deleted.
    MarkedWhereSeen,
}

fn visible(truth: Vec<TruthRecord>, vanished: Vanished) -> Vec<TruthRecord> {
    truth
        .into_iter()
        .filter(|record| vanished != Vanished::NeverSeen || record.presence != Presence::Gone)
        .collect()
}

/// Compares every stream of a shop.
pub(crate) async fn shop_is_true(
    database: &Database,
    twin: &ShopifyTwin,
    connection: &str,
    vanished: Vanished,
) {
    let are_marked = matches!(vanished, Vanished::Marked | Vanished::MarkedWhereSeen);
    let gone = |record: &TruthRecord| record.presence == Presence::Gone && are_marked;
    let tables: [(&str, ShopifyStream, &[&str], &[&str]); 4] = [
        (
            "shopify_orders",
            ShopifyStream::Orders,
            &["totalPriceSet", "totalTaxSet", "totalRefundedSet", "currentTotalPriceSet"],
            &["total", "total_tax", "total_refunded", "current_total"],
        ),
        ("shopify_products", ShopifyStream::Products, &[], &[]),
        ("shopify_customers", ShopifyStream::Customers, &["amountSpent"], &["amount_spent"]),
        ("shopify_locations", ShopifyStream::Locations, &[], &[]),
    ];
    for (table, stream, names, columns) in tables {
        let mut truth = visible(twin.truth(stream), vanished);
        let found = found(database, table, connection, columns).await;
        if vanished == Vanished::MarkedWhereSeen {
            truth.retain(|record| record.presence != Presence::Gone || found.contains_key(&record.key));
        }
        compare(table, &expected(truth, names, gone), &found);
    }
    let children = [
        ("shopify_order_lines", ShopifyStream::OrderLines),
        ("shopify_refunds", ShopifyStream::Refunds),
        ("shopify_fulfillments", ShopifyStream::Fulfillments),
    ];
    for (table, stream) in children {
        let truth = twin.truth(stream).into_iter().filter(|record| record.presence == Presence::Live).count();
        let rows = database.count(&format!("{table} WHERE connection = '{connection}'")).await;
        assert_eq!(rows, truth as u64, "{table}");
    }
    let levels = visible(twin.truth(ShopifyStream::InventoryLevels), Vanished::NeverSeen);
    if vanished != Vanished::NotYetKnown {
        let live = format!("shopify_inventory_levels WHERE connection = '{connection}' AND deleted IS NULL");
        assert_eq!(database.count(&live).await, levels.len() as u64, "shopify_inventory_levels");
    }
}

const TOTALS: [&str; 3] = ["SubTotal", "TotalTax", "Total"];
const TOTAL_COLUMNS: [&str; 3] = ["sub_total", "total_tax", "total"];

/// Compares every stream of the books.
pub(crate) async fn books_are_true(database: &Database, sandbox: &Sandbox, vanished: Vanished) {
    let status_deleted = |record: &TruthRecord| record.status.as_deref() == Some("DELETED");
    let gone = |record: &TruthRecord| {
        status_deleted(record) || record.presence == Presence::Gone && vanished == Vanished::Marked
    };
    let tables: [(&str, XeroStream, &[&str], &[&str]); 17] = [
        ("xero_organisations", XeroStream::Organisation, &[], &[]),
        ("xero_contacts", XeroStream::Contacts, &[], &[]),
        ("xero_accounts", XeroStream::Accounts, &[], &[]),
        ("xero_items", XeroStream::Items, &[], &[]),
        (
            "xero_invoices",
            XeroStream::Invoices,
            &["SubTotal", "TotalTax", "Total", "AmountDue", "AmountPaid"],
            &["sub_total", "total_tax", "total", "amount_due", "amount_paid"],
        ),
        (
            "xero_credit_notes",
            XeroStream::CreditNotes,
            &["Total", "RemainingCredit"],
            &["total", "remaining_credit"],
        ),
        ("xero_payments", XeroStream::Payments, &["Amount"], &["amount"]),
        ("xero_purchase_orders", XeroStream::PurchaseOrders, &TOTALS, &TOTAL_COLUMNS),
        ("xero_quotes", XeroStream::Quotes, &TOTALS, &TOTAL_COLUMNS),
        ("xero_bank_transactions", XeroStream::BankTransactions, &TOTALS, &TOTAL_COLUMNS),
        ("xero_bank_transfers", XeroStream::BankTransfers, &["Amount"], &["amount"]),
        ("xero_manual_journals", XeroStream::ManualJournals, &[], &[]),
        ("xero_prepayments", XeroStream::Prepayments, &["RemainingCredit"], &["remaining_credit"]),
        ("xero_overpayments", XeroStream::Overpayments, &["RemainingCredit"], &["remaining_credit"]),
        ("xero_tracking_categories", XeroStream::TrackingCategories, &[], &[]),
        ("xero_tax_rates", XeroStream::TaxRates, &[], &[]),
        ("xero_currencies", XeroStream::Currencies, &[], &[]),
    ];
    let twin = sandbox.xero();
    for (table, stream, names, columns) in tables {
        let truth =
            visible(twin.truth(stream), if table == "xero_items" { vanished } else { Vanished::Marked });
        compare(table, &expected(truth, names, gone), &found(database, table, "xero", columns).await);
    }
    let lines = database.count("xero_invoice_lines").await;
    assert_eq!(lines, twin.truth(XeroStream::InvoiceLines).len() as u64, "xero_invoice_lines");
}
