//! Typed answers, held against the universe's truth; nothing is stored.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use sentia::{
    ErrorKind, UnifiedClient,
    clock::Clock,
    connectors::{Shopify, Xero, microsoft_graph::Cell},
    engine::Question,
    transport,
    unified::{Region, XeroReport},
};
use sentia_sandbox::{
    FaultPlan, Pacing, Sandbox, ShopifyFault, ShopifyTwin, Size,
    universe::{
        AmazonStream, Presence, ShopifyStream, TruthRecord, XeroStream, office::MicrosoftGraphStream,
        warehouse::UnleashedStream,
    },
};

use crate::vendors;

fn shop(twin: &ShopifyTwin) -> Shopify {
    twin.set_pacing(Pacing::Lifted);
    let shop = Shopify::builder().shop(twin.shop_domain()).access_token(twin.access_token());
    shop.base_url(twin.base_url()).pacing(transport::Pacing::Off).build().expect("valid settings")
}

fn books(sandbox: &Sandbox) -> Xero {
    let twin = sandbox.xero();
    twin.set_pacing(Pacing::Lifted);
    let books = Xero::builder().client_id(twin.client_id()).client_secret(twin.client_secret());
    let books = books.tenant_id(twin.tenant_id()).base_url(twin.base_url());
    books.pacing(transport::Pacing::Off).build().expect("valid settings")
}

fn keys(truth: Vec<TruthRecord>) -> BTreeSet<String> {
    truth.into_iter().filter(|record| !record.deleted()).map(|record| record.key).collect()
}

#[tokio::test]
async fn answers_are_typed_and_true() {
    let sandbox = Sandbox::start(61, Size::tiny()).await.expect("the twins start");
    let (uk, usa) = (sandbox.shopify_uk(), sandbox.shopify_usa());
    let client = UnifiedClient::new()
        .shopify(Region::Uk, shop(uk))
        .and_then(|client| client.shopify(Region::Usa, shop(usa)))
        .and_then(|client| client.xero(books(&sandbox)))
        .and_then(|client| client.amazon(Region::Uk, vendors::amazon::connector(sandbox.amazon_uk())))
        .and_then(|client| client.unleashed(vendors::unleashed::connector(sandbox.unleashed())))
        .expect("five accounts");

    for (region, twin, currency) in [(Region::Uk, uk, "GBP"), (Region::Usa, usa, "USD")] {
        let orders = client.shopify_orders(region, None).await.expect("an answer");
        assert!(orders.whole && orders.rejected == 0);
        let found: BTreeSet<_> = orders.rows.iter().map(|order| order.key.clone()).collect();
        assert_eq!(found, keys(twin.truth(ShopifyStream::Orders)), "{region}");
        assert!(orders.rows.iter().all(|order| order.currency.as_deref() == Some(currency)), "{region}");
        // Over all locations: the parts are asked for one by one.
        let levels = client.shopify_inventory(region).await.expect("an answer");
        assert_eq!(levels.rows.len(), keys(twin.truth(ShopifyStream::InventoryLevels)).len(), "{region}");
    }
    let contacts = client.xero_contacts(None).await.expect("an answer");
    let found: BTreeSet<_> = contacts.rows.iter().map(|contact| contact.key.clone()).collect();
    assert_eq!(found, keys(sandbox.xero().truth(XeroStream::Contacts)));
    assert!(contacts.whole && contacts.rows.iter().all(|contact| contact.name.is_some()));

    let stock = client.amazon_inventory(Region::Uk).await.expect("an answer");
    assert_eq!(stock.rows.len(), sandbox.amazon_uk().visible_truth(AmazonStream::FbaInventory).len());
    let stock = client.unleashed_stock().await.expect("an answer");
    assert_eq!(stock.rows.len(), sandbox.unleashed().truth(UnleashedStream::StockOnHand).len());

    let unknown = client.ask::<serde_json::Value>("xero", &Question::of("novelties")).await;
    assert_eq!(unknown.map(drop).map_err(|error| error.kind()), Err(ErrorKind::ConfigInvalid));
    let missing = client.amazon_orders(Region::Usa, None).await.expect_err("not connected");
    assert!(missing.message().contains("amazon-uk"), "{missing}");
}

/// The keys of an answer that must be whole.
macro_rules! whole_keys {
    ($answer:expr) => {{
        let answer = $answer.await.expect("an answer");
        assert!(answer.whole && answer.rejected == 0, "{answer:?}");
        answer.rows.into_iter().map(|row| row.key).collect::<BTreeSet<String>>()
    }};
}

#[tokio::test]
async fn the_office_answers() {
    let scene = vendors::Scene::new(63).await;
    let twin = scene.sandbox.microsoft_graph();
    let tenant = vendors::microsoft_graph::everything(&scene.sandbox).client_secret(twin.client_secret());
    let client = UnifiedClient::new().clock(scene.clock.clone());
    let client = client.microsoft_graph(tenant.build().expect("valid settings")).expect("a tenant");
    let truth = |stream| keys(twin.truth(stream));

    assert_eq!(whole_keys!(client.microsoft_graph_users()), truth(MicrosoftGraphStream::Users));
    let mut files = BTreeSet::new();
    for drive in client.microsoft_graph_drives().await.expect("an answer").rows {
        let of_drive = whole_keys!(client.microsoft_graph_files(&drive.key));
        files.extend(of_drive.into_iter().map(|file| format!("{}/{file}", drive.key)));
    }
    assert_eq!(files, truth(MicrosoftGraphStream::DriveItems));

    let mut messages = BTreeSet::new();
    for folder in client.microsoft_graph_mail_folders().await.expect("an answer").rows {
        messages.extend(whole_keys!(client.microsoft_graph_messages(&folder.key)));
    }
    assert_eq!(messages, truth(MicrosoftGraphStream::Messages));
    let tables = client.microsoft_graph_workbook_tables().await.expect("an answer").rows;
    assert_eq!(tables.iter().map(|table| table.name.as_deref()).collect::<Vec<_>>(), [Some("PriceList")]);
    let prices = client.microsoft_graph_workbook_rows(&tables[0].key).await.expect("an answer");
    let expected = truth(MicrosoftGraphStream::WorkbookRows);
    let expected: BTreeSet<_> = expected.iter().filter_map(|key| key.split_once("/PriceList/")).collect();
    assert!(prices.whole && prices.rows.len() == expected.len() && !expected.is_empty());
    for row in &prices.rows {
        assert_eq!(row.cell("SKU"), Some(&Cell::Text(row.key.clone())), "{row:?}");
        assert!(row.cells.iter().any(|(_, cell)| matches!(cell, Cell::Number(_))), "{row:?}");
    }

    let (mailbox, midnight) = scene.sandbox.look(|universe| {
        let mailbox = universe.office.mailboxes[0].user.to_string();
        (mailbox, scene.clock.now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc())
    });
    let days = chrono::Duration::days;
    let events = twin.calendar_truth(&mailbox, midnight - days(90), midnight + days(365));
    assert_eq!(whole_keys!(client.microsoft_graph_events(&mailbox)), keys(events));
}

#[tokio::test]
async fn every_further_question_has_its_true_answer() {
    let scene = vendors::Scene::new(64).await;
    let (sandbox, uk) = (&scene.sandbox, scene.sandbox.amazon_uk());
    let client = UnifiedClient::new()
        .clock(scene.clock.clone())
        .shopify(Region::Uk, shop(sandbox.shopify_uk()))
        .and_then(|client| client.xero(books(sandbox)))
        .and_then(|client| client.amazon(Region::Uk, vendors::amazon::connector(uk)))
        .and_then(|client| client.unleashed(vendors::unleashed::connector(sandbox.unleashed())))
        .expect("four accounts");

    let shops = |stream| keys(sandbox.shopify_uk().truth(stream));
    assert_eq!(whole_keys!(client.shopify_customers(Region::Uk, None)), shops(ShopifyStream::Customers));
    assert_eq!(whole_keys!(client.shopify_products(Region::Uk, None)), shops(ShopifyStream::Products));

    // What is voided stays; what is deleted is gone.
    let booked = |stream| {
        let mut records = sandbox.xero().truth(stream);
        records.retain(|record| {
            record.presence != Presence::Gone && record.status.as_deref() != Some("DELETED")
        });
        records.into_iter().map(|record| record.key).collect::<BTreeSet<_>>()
    };
    assert_eq!(whole_keys!(client.xero_invoices(None)), booked(XeroStream::Invoices));
    assert_eq!(whole_keys!(client.xero_payments(None)), booked(XeroStream::Payments));
    assert_eq!(whole_keys!(client.xero_purchase_orders(None)), booked(XeroStream::PurchaseOrders));
    assert_eq!(whole_keys!(client.xero_items(None)), booked(XeroStream::Items));
    assert_eq!(whole_keys!(client.xero_bank_transactions(None)), booked(XeroStream::BankTransactions));

    let sold = |stream| uk.visible_truth(stream);
    let listings = client.amazon_listings(Region::Uk, None).await.expect("an answer");
    assert_eq!(listings.rows.len(), sold(AmazonStream::Listings).len(), "one for each marketplace");
    let transactions = whole_keys!(client.amazon_transactions(Region::Uk, None));
    assert_eq!(transactions, keys(sold(AmazonStream::Transactions)));
    let settlements = client.amazon_settlements(Region::Uk, None).await.expect("an answer");
    let paid: BTreeMap<_, _> = settlements
        .rows
        .into_iter()
        .map(|paid| (paid.key, paid.total.map(|total| total.normalize())))
        .collect();
    let truth = sold(AmazonStream::Settlements).into_iter();
    let expected: BTreeMap<_, _> =
        truth.map(|row| (row.key, row.amounts.get("total-amount").map(|total| total.normalize()))).collect();
    assert!(settlements.whole && !paid.is_empty());
    assert_eq!(paid, expected);

    let stored = |stream| keys(sandbox.unleashed().truth(stream));
    assert_eq!(whole_keys!(client.unleashed_products(None)), stored(UnleashedStream::Products));
    assert_eq!(whole_keys!(client.unleashed_customers(None)), stored(UnleashedStream::Customers));
    assert_eq!(whole_keys!(client.unleashed_suppliers(None)), stored(UnleashedStream::Suppliers));
    assert_eq!(whole_keys!(client.unleashed_sales_orders(None)), stored(UnleashedStream::SalesOrders));
    assert_eq!(whole_keys!(client.unleashed_sales_invoices(None)), stored(UnleashedStream::SalesInvoices));
    assert_eq!(whole_keys!(client.unleashed_purchase_orders(None)), stored(UnleashedStream::PurchaseOrders));
    assert_eq!(whole_keys!(client.unleashed_assemblies(None)), stored(UnleashedStream::Assemblies));
}

#[tokio::test]
async fn a_trial_balance_balances() {
    let scene = vendors::Scene::new(65).await;
    let client = UnifiedClient::new().clock(scene.clock.clone());
    let client = client.xero(books(&scene.sandbox)).expect("the books");
    let balance = client.xero_report(XeroReport::TrialBalance).await.expect("an answer");
    assert!(balance.whole && balance.rows.len() == 1, "{balance:?}");
    assert_eq!(balance.rows[0].as_of, Some(scene.clock.now().date_naive()));
    let lines = &balance.rows[0].lines;
    let column = |title: &str| {
        let of_accounts = lines.iter().filter(|line| line.account_id.is_some());
        let values = of_accounts.filter(|line| line.column_title.as_deref() == Some(title));
        values.filter_map(|line| line.value).sum::<Decimal>()
    };
    assert_eq!(column("Debit"), column("Credit"));
    assert_eq!(column("YTD Debit"), column("YTD Credit"));
    assert!(!column("YTD Debit").is_zero(), "{lines:?}");
    for report in [XeroReport::BalanceSheet, XeroReport::ProfitAndLoss] {
        let answer = client.xero_report(report).await.expect("an answer");
        assert!(answer.rows[0].lines.iter().any(|line| line.account_id.is_some() && line.value.is_some()));
    }
}

#[tokio::test]
async fn an_answer_from_which_orders_are_hidden_is_not_whole() {
    let sandbox = Sandbox::start(62, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.shopify_uk();
    let client = UnifiedClient::new().shopify(Region::Uk, shop(twin)).expect("one account");
    twin.inject(ShopifyFault::AllOrdersLost, FaultPlan::always());
    let orders = client.shopify_orders(Region::Uk, None).await.expect("an answer");
    assert!(!orders.whole && orders.rows.len() < twin.truth(ShopifyStream::Orders).len());
    let codes: Vec<_> = orders.findings.iter().map(|found| found.code.as_str()).collect();
    assert_eq!(codes, ["last_60_days_only"]);
}

#[tokio::test]
async fn an_answer_cut_short_says_so() {
    let sandbox = Sandbox::start(62, Size::tiny()).await.expect("the twins start");
    let client = UnifiedClient::new().unleashed(vendors::unleashed::connector(sandbox.unleashed()));
    let client = client.expect("an account");
    let question = Question::of("stock_on_hand").at_most(1);
    let answer = client.ask::<serde_json::Value>("unleashed", &question).await.expect("an answer");
    assert!(!answer.whole && !answer.rows.is_empty());
}
