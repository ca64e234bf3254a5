//! Amazon: messages of a queue and events of a bus, by the host itself or through an endpoint with a token.

use std::sync::Arc;

use sentia::{
    Connector, Mode, Pipeline,
    connectors::Amazon,
    push::{Change, Hint},
};
use sentia_sandbox::{AmazonChange, AmazonTwin, Sandbox, universe::Region};
use serde_json::Value;

use super::{all_are_stored, context, database, host::Host};
use crate::{
    truth::impatient,
    vendors::{Scene, amazon::settings, complete},
};

const TOKEN: &str = "a-token-of-the-hosts-own";

fn account(twin: &AmazonTwin) -> Arc<Amazon> {
    Arc::new(settings(twin).notification_token(TOKEN).build().expect("valid settings"))
}

/// One change of each kind that Amazon tells of.
fn changes(sandbox: &Sandbox) -> Vec<AmazonChange> {
    let (order, stock, listing, transaction) = sandbox.look(|universe| {
        let account = &universe.amazon.uk;
        let listing = account.listings.iter().find(|listing| listing.market == 0).expect("an offer");
        (
            account.orders[0].id.clone(),
            account.stock.iter().find(|row| row.market == 0).expect("stock").sku.clone(),
            (account.markets[0].id.to_owned(), listing.sku.clone()),
            account.transactions[0].id.clone(),
        )
    });
    vec![
        AmazonChange::Order(order),
        AmazonChange::Inventory(stock),
        AmazonChange::Listing(listing.0, listing.1),
        AmazonChange::Transaction(transaction),
    ]
}

/// The report that a sync ordered and read.
fn report_read(twin: &AmazonTwin) -> AmazonChange {
    let reports = "/reports/2021-06-30/reports/";
    let paths = twin.requests().into_iter().map(|request| request.path);
    let id = paths.filter_map(|path| path.strip_prefix(reports).map(str::to_owned)).next_back();
    AmazonChange::Report(id.expect("a report was read"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_and_events_name_records_that_are_stored() {
    let (scene, database) = (Scene::new(66).await, database().await);
    let (twin, store) = (scene.sandbox.amazon_uk(), database.store().await);
    let account = account(twin);
    let host = Host::start(account.clone(), context(&scene.clock, "amazon-uk", None)).await;
    let pipeline =
        || Pipeline::new(account.clone(), store.clone()).connection("amazon-uk").transport(impatient());
    let _ = complete(pipeline(), &scene.clock, Mode::Incremental).await;
    let mut changes = changes(&scene.sandbox);
    changes.push(report_read(twin));
    let token = format!("Bearer {TOKEN}");
    let mut all: Vec<Hint> = Vec::new();
    for change in &changes {
        // Listings come by the bus alone; the rest may come either way.
        let listing = matches!(change, AmazonChange::Listing(..));
        let message = if listing { twin.event_bridge_event(change) } else { twin.sqs_message(change) };
        let message = message.expect("it is told").to_string();
        let direct = account.ingest(message.as_bytes()).expect("readable");
        assert_eq!(host.post([("authorization", token.as_str())], message.clone()).await, 200, "{change:?}");
        let posted = host.take_hints();
        assert_eq!(direct, posted, "by the host itself and through an endpoint");
        // At least once: the same message again tells nothing new.
        assert_eq!(host.post([("x-api-key", TOKEN)], message).await, 200);
        assert_eq!(host.take_hints(), []);
        all.extend(posted);
    }
    let told: Vec<&str> = all.iter().map(|hint| hint.stream).collect();
    for stream in ["orders", "fba_inventory", "listings", "financial_transactions"] {
        assert!(told.contains(&stream), "{told:?}");
    }
    all_are_stored(&database, &*account, &all).await;

    // An order that is new is there after the next sync, and its notification names it before.
    scene.sandbox.change(|universe| universe.place_marketplace_order(Region::Uk, 0)).expect("an order");
    let id = scene.sandbox.look(|universe| universe.amazon.uk.orders.last().expect("orders").id.clone());
    let message = twin.notification(&AmazonChange::Order(id.clone())).expect("it is told").to_string();
    let hints = account.ingest(message.as_bytes()).expect("readable");
    assert_eq!((hints[0].key.as_deref(), hints[0].change), (Some(id.as_str()), Change::Upserted));
    scene.later(1);
    let _ = complete(pipeline(), &scene.clock, Mode::Incremental).await;
    all_are_stored(&database, &*account, &hints).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_token_nothing_is_taken_and_anothers_gives_no_hint() {
    let scene = Scene::new(67).await;
    let twin = scene.sandbox.amazon_uk();
    let host = Host::start(account(twin), context(&scene.clock, "amazon-uk", None)).await;
    let change = changes(&scene.sandbox).remove(0);
    let message = twin.sqs_message(&change).expect("it is told");
    for headers in [
        vec![],
        vec![("authorization", "Bearer another")],
        vec![("x-api-key", "")],
        vec![("authorization", TOKEN)],
    ] {
        assert_eq!(host.post(headers, message.to_string()).await, 401);
    }
    assert!(settings(twin).build().expect("valid settings").webhooks().is_none(), "no token, no endpoint");
    // The other region's seller, and what is no notification.
    let order = scene.sandbox.look(|universe| universe.amazon.usa.orders[0].id.clone());
    let foreign = scene.sandbox.amazon_usa().sqs_message(&AmazonChange::Order(order)).expect("it is told");
    assert_eq!(host.post([("x-api-key", TOKEN)], foreign.to_string()).await, 200);
    let mut altered: Value = message;
    altered["Body"] = Value::from("{}");
    assert_eq!(host.post([("x-api-key", TOKEN)], altered.to_string()).await, 200);
    assert_eq!((host.refused_and_unreadable(), host.take_hints()), ((4, 1), vec![]));
}
