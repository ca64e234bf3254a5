//! Shopify: subscriptions through the API, deliveries signed over their bytes, headers that anybody can alter.

use std::sync::Arc;

use sentia::{
    Context, Mode, Pipeline, Store,
    connectors::{
        Shopify,
        shopify::{NewSubscriptions, ShopifyBuilder},
    },
    push::{Change, NoticeKind},
    transport::Pacing,
};
use sentia_sandbox::{ShopifyTwin, WebhookDelivery, universe::Region};

use super::{all_are_stored, context, database, host::Host, rows};
use crate::{
    truth::impatient,
    vendors::{OneClock, Scene, complete},
};

const URI: &str = "https://ops.acme.example/webhooks/shopify-uk";

pub(crate) fn settings(twin: &ShopifyTwin) -> ShopifyBuilder {
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    Shopify::builder()
        .shop(twin.shop_domain())
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
}

fn shop(twin: &ShopifyTwin) -> Arc<Shopify> {
    Arc::new(settings(twin).build().expect("valid settings"))
}

async fn post(host: &Host, delivery: &WebhookDelivery) -> u16 {
    let headers = delivery.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    host.post(headers, delivery.body.clone()).await
}

/// Delivers everything that waits, and tells the twin how it went.
async fn deliver(host: &Host, twin: &ShopifyTwin) -> Vec<WebhookDelivery> {
    let deliveries = twin.take_deliveries();
    for delivery in &deliveries {
        let status = post(host, delivery).await;
        assert_eq!(status, 200, "{}", delivery.topic);
        twin.report_delivery(delivery, true);
    }
    deliveries
}

async fn sync(shop: &Arc<Shopify>, store: &Store, clock: &Arc<OneClock>, mode: Mode) {
    let pipeline = Pipeline::new(shop.clone(), store.clone()).connection("shopify-uk").transport(impatient());
    let _ = complete(pipeline, clock, mode).await;
}

struct Stage {
    scene: Scene,
    shop: Arc<Shopify>,
    host: Host,
    cx: Context,
}

/// A shop that is subscribed to, before anything happens.
async fn stage() -> Stage {
    let scene = Scene::new(61).await;
    let shop = shop(scene.sandbox.shopify_uk());
    let cx = context(&scene.clock, "shopify-uk", None);
    let host = Host::start(shop.clone(), cx.clone()).await;
    let made = shop.subscribe(&cx, &NewSubscriptions::new(URI)).await.expect("it subscribes");
    assert!(made.made.len() > 20 && made.refused.is_empty(), "{made:#?}");
    Stage { scene, shop, host, cx }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_is_in_the_database_after_the_next_sync() {
    let Stage { scene, shop, host, .. } = stage().await;
    let (twin, database) = (scene.sandbox.shopify_uk(), database().await);
    let store = database.store().await;
    sync(&shop, &store, &scene.clock, Mode::Incremental).await;
    scene.later(1);
    scene.sandbox.evolve();
    let delivered = deliver(&host, twin).await;
    let hints = host.take_hints();
    assert!(delivered.len() > 10 && hints.len() > 10, "{} {}", delivered.len(), hints.len());
    let told =
        |stream: &str| hints.iter().any(|hint| hint.stream == stream && hint.change == Change::Upserted);
    assert!(["orders", "products", "inventory_levels"].into_iter().all(told), "{hints:#?}");
    assert!(
        hints.iter().filter(|hint| hint.stream == "inventory_levels").all(|hint| !hint.partition.is_empty())
    );
    sync(&shop, &store, &scene.clock, Mode::Incremental).await;
    let upserted: Vec<_> = hints.into_iter().filter(|hint| hint.change == Change::Upserted).collect();
    all_are_stored(&database, &*shop, &upserted).await;

    // A deletion is a reason to read. The row was there, and the full read marks it.
    let product = scene.sandbox.look(|universe| universe.shop_uk.products[0].id);
    scene.sandbox.change(|universe| universe.delete_product(Region::Uk, product));
    deliver(&host, twin).await;
    let gone: Vec<_> = host.take_hints().into_iter().filter(|hint| hint.stream == "products").collect();
    assert_eq!((gone.len(), gone[0].change), (1, Change::Unknown));
    assert_eq!(database.count(&rows("shopify", &gone[0])).await, 1);
    scene.later(1);
    sync(&shop, &store, &scene.clock, Mode::Full).await;
    let key = gone[0].key.as_ref().expect("it names the product");
    let marked =
        database.count(&format!("shopify_products WHERE key = '{key}' AND deleted IS NOT NULL")).await;
    assert_eq!(marked, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgeries_are_refused_and_repetitions_known() {
    let Stage { scene, shop, host, .. } = stage().await;
    let twin = scene.sandbox.shopify_uk();
    scene.sandbox.change(|universe| universe.place_order(Region::Uk));
    let deliveries = deliver(&host, twin).await;
    let delivery = deliveries.iter().find(|delivery| delivery.topic == "orders/create").expect("an order");
    assert!(!host.take_hints().is_empty());

    twin.set_stable_webhook_ids(false);
    let retried = twin.retry_of(delivery);
    assert_ne!(retried.webhook_id, delivery.webhook_id);
    assert_eq!((post(&host, &retried).await, host.take_hints().len(), host.duplicates()), (200, 0, 1));

    let altered = |change: &dyn Fn(&mut WebhookDelivery)| {
        let mut other = delivery.clone();
        change(&mut other);
        other
    };
    let header = |name: &'static str, value: &'static str| {
        altered(&|delivery| {
            let found = delivery.headers.iter_mut().find(|(known, _)| known == name).expect("it has it");
            found.1 = value.to_owned();
        })
    };
    let wrong_secret = ShopifyTwin::webhook_signature("another", &delivery.body);
    for forged in [
        altered(&|delivery| delivery.body.push(b' ')),
        altered(&|delivery| delivery.headers.retain(|(name, _)| !name.ends_with("Hmac-Sha256"))),
        altered(&|delivery| {
            for (name, value) in &mut delivery.headers {
                if name.ends_with("Hmac-Sha256") {
                    *value = wrong_secret.clone();
                }
            }
        }),
        header("X-Shopify-Shop-Domain", "other.myshopify.com"),
    ] {
        assert_eq!(post(&host, &forged).await, 401, "{forged:?}");
    }
    // The topic is not signed: a body that does not fit it is kept for somebody to look at, and nothing is done.
    for topic in ["orders/delete", "products/update", "shop/redact", "app/uninstalled"] {
        assert_eq!(post(&host, &header("X-Shopify-Topic", topic)).await, 200);
    }
    assert_eq!(
        (host.refused_and_unreadable(), host.take_hints(), host.take_notices()),
        ((4, 4), vec![], vec![])
    );

    // The other shop's deliveries are of another app installation, and this connection takes none of them.
    let usa = Host::start(shop, context(&scene.clock, "shopify-uk", None)).await;
    let other = scene.sandbox.shopify_usa();
    other.configure_webhooks(["orders/create"], URI);
    scene.sandbox.change(|universe| universe.place_order(Region::Usa));
    let foreign = other.take_deliveries();
    assert_eq!((post(&usa, &foreign[0]).await, usa.take_hints().len()), (401, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_are_kept_and_one_that_shopify_ended_is_made_again() {
    let Stage { scene, shop, cx, .. } = stage().await;
    let twin = scene.sandbox.shopify_uk();
    let wanted = NewSubscriptions::new(URI);
    let again = shop.subscribe(&cx, &wanted).await.expect("it subscribes");
    assert!(again.made.is_empty() && again.ended.is_empty() && again.kept.len() > 20, "{again:#?}");

    scene.sandbox.change(|universe| universe.place_order(Region::Uk));
    let deliveries = twin.take_deliveries();
    let failing = deliveries.iter().find(|delivery| delivery.topic == "orders/create").expect("an order");
    for _ in 0..8 {
        twin.report_delivery(failing, false);
    }
    assert!(
        shop.subscriptions(&cx).await.expect("it lists").iter().all(|known| known.topic != "ORDERS_CREATE")
    );
    let mended = shop.subscribe(&cx, &wanted).await.expect("it subscribes");
    let topics: Vec<&str> = mended.made.iter().map(|made| &*made.topic).collect();
    assert_eq!(topics, ["ORDERS_CREATE"]);

    // Fewer topics end the others, and another address has its own.
    let other = NewSubscriptions::new("https://other.acme.example/").topics(["orders/create"]);
    let elsewhere = shop.subscribe(&cx, &other).await.expect("it subscribes");
    assert_eq!((elsewhere.made.len(), elsewhere.ended.len()), (1, 0));
    let fewer = shop.subscribe(&cx, &wanted.topics(["orders/create"])).await.expect("it subscribes");
    assert_eq!((fewer.kept.len(), fewer.ended.len()), (1, mended.kept.len()));
    assert_eq!(shop.subscriptions(&cx).await.expect("it lists").len(), 2);

    // A topic without its scope is said so, and the others are made.
    twin.set_scopes(["read_products"]);
    let some = NewSubscriptions::new(URI).topics(["customers/update", "products/update"]);
    let outcome = shop.subscribe(&cx, &some).await.expect("it subscribes");
    assert_eq!((outcome.made.len(), outcome.refused[0].topic.as_str()), (1, "customers/update"));
    assert!(outcome.refused[0].reason.contains("read_customers"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_is_told_of_privacy_law_scopes_and_the_end() {
    let Stage { scene, host, .. } = stage().await;
    let twin = scene.sandbox.shopify_uk();
    twin.configure_webhooks(["customers/redact"], URI);
    let customer = scene.sandbox.look(|universe| universe.shop_uk.customers[0].id);
    scene.sandbox.change(|universe| universe.redact_customer(Region::Uk, customer));
    scene.later(11 * 24);
    twin.set_scopes(["read_products"]);
    twin.revoke_access_token();
    deliver(&host, twin).await;
    let told: Vec<_> = host.take_notices().into_iter().map(|notice| (notice.kind, notice.subject)).collect();
    let shop = scene.sandbox.look(|universe| format!("gid://shopify/Shop/{}", universe.shop_uk.id));
    let customer = format!("gid://shopify/Customer/{customer}");
    for (kind, subject) in [
        (NoticeKind::ScopesChanged, &shop),
        (NoticeKind::Disconnected, &shop),
        (NoticeKind::PersonalDataErasure, &customer),
    ] {
        assert!(told.contains(&(kind, Some(subject.as_str().into()))), "{kind:?} {subject}: {told:?}");
    }
    assert_eq!(told.len(), 3);
}
