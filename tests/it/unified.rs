//! Typed answers, held against the universe's truth; nothing is stored.

use std::collections::BTreeSet;

use sentia::{
    ErrorKind, UnifiedClient,
    connectors::{Shopify, Xero},
    engine::Question,
    transport,
    unified::Region,
};
use sentia_sandbox::{
    Pacing, Sandbox, ShopifyTwin, Size,
    universe::{AmazonStream, ShopifyStream, TruthRecord, XeroStream, warehouse::UnleashedStream},
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

#[tokio::test]
async fn an_answer_cut_short_says_so() {
    let sandbox = Sandbox::start(62, Size::tiny()).await.expect("the twins start");
    let client = UnifiedClient::new().unleashed(vendors::unleashed::connector(sandbox.unleashed()));
    let client = client.expect("an account");
    let question = Question::of("stock_on_hand").at_most(1);
    let answer = client.ask::<serde_json::Value>("unleashed", &question).await.expect("an answer");
    assert!(!answer.whole && !answer.rows.is_empty());
}
