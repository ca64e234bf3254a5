//! Unleashed: a subscription whose key is shown once, deliveries signed with their time.

use std::sync::Arc;

use sentia::{
    Context, Mode, Pipeline,
    connectors::{Unleashed, unleashed::NewSubscription},
    push::Change,
};
use sentia_sandbox::{DataForm, UnleashedDelivery, UnleashedTwin};

use super::{all_are_stored, context, database, host::Host};
use crate::{
    truth::{impatient, vault},
    vendors::{Scene, complete, unleashed::connector},
};

const EVENTS: [&str; 10] = [
    "customer.updated",
    "product.created",
    "product.updated",
    "product.deleted",
    "salesorder.created",
    "salesorder.updated",
    "purchaseorder.created",
    "salesinvoice.created",
    "supplier.updated",
    "assembly.created",
];

async fn deliver(host: &Host, twin: &UnleashedTwin, form: DataForm) -> Vec<UnleashedDelivery> {
    let deliveries = twin.deliveries(form);
    for delivery in &deliveries {
        assert_eq!(delivery.send_to(&host.url).await.expect("it listens"), 200, "{delivery:?}");
    }
    deliveries
}

async fn subscribed(scene: &Scene, store: &sentia::Store) -> (Arc<Unleashed>, Host, Context) {
    let warehouse = Arc::new(connector(scene.sandbox.unleashed()));
    let cx = context(&scene.clock, "unleashed", Some(vault(store)));
    let new = NewSubscription::new("https://ops.acme.example/webhooks/unleashed").events(EVENTS);
    let made = warehouse.subscribe(&cx, &new).await.expect("it subscribes");
    assert_eq!(made.event_types.len(), EVENTS.len());
    let listed = warehouse.subscriptions(&cx).await.expect("it lists");
    assert_eq!((listed.len(), &listed[0].id), (1, &made.id));
    let host = Host::start(warehouse.clone(), cx.clone()).await;
    (warehouse, host, cx)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_in_any_form_is_in_the_database_after_the_next_sync() {
    let (scene, database) = (Scene::new(64).await, database().await);
    let (twin, store) = (scene.sandbox.unleashed(), database.store().await);
    let (warehouse, host, _) = subscribed(&scene, &store).await;
    let pipeline =
        || Pipeline::new(warehouse.clone(), store.clone()).connection("unleashed").transport(impatient());
    let _ = complete(pipeline(), &scene.clock, Mode::Incremental).await;
    for form in [DataForm::Text, DataForm::Object, DataForm::Pascal] {
        scene.later(1);
        scene.sandbox.evolve();
        scene.sandbox.change(|universe| universe.touch_stocked_product(0));
        let delivered = deliver(&host, twin, form).await;
        let hints = host.take_hints();
        assert!(!delivered.is_empty() && hints.len() >= delivered.len(), "{form:?}: {hints:#?}");
        assert!(
            hints.iter().any(|hint| hint.stream == "products" && hint.change == Change::Upserted),
            "{hints:#?}"
        );
        scene.later(1);
        let _ = complete(pipeline(), &scene.clock, Mode::Incremental).await;
        all_are_stored(&database, &*warehouse, &hints).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgeries_and_old_deliveries_are_refused_and_retries_known() {
    let (scene, database) = (Scene::new(65).await, database().await);
    let (twin, store) = (scene.sandbox.unleashed(), database.store().await);
    let (warehouse, host, _) = subscribed(&scene, &store).await;
    scene.sandbox.change(|universe| universe.touch_stocked_product(0));
    let first = deliver(&host, twin, DataForm::Text).await.remove(0);
    assert!(!host.take_hints().is_empty());

    let altered = |change: &dyn Fn(&mut UnleashedDelivery)| {
        let mut other = first.clone();
        change(&mut other);
        other
    };
    for forged in [
        altered(&|delivery| delivery.body = delivery.body.replace("updated", "deleted")),
        altered(&|delivery| delivery.signature.clear()),
        altered(&|delivery| delivery.timestamp += 60),
        UnleashedDelivery::sign("another key", twin.now(), first.body.clone()),
    ] {
        assert_eq!(forged.send_to(&host.url).await.expect("it listens"), 401, "{forged:?}");
    }
    // A host whose vault does not hold the subscription's key can verify nothing.
    let keyless = Host::start(warehouse, context(&scene.clock, "other", Some(vault(&store)))).await;
    assert_eq!(first.send_to(&keyless.url).await.expect("it listens"), 401);

    assert_eq!(first.send_to(&host.url).await.expect("it listens"), 200, "a duplicate");
    scene.later(1);
    assert_eq!(first.send_to(&host.url).await.expect("it listens"), 401, "an hour old");
    let again = first.again(twin.now());
    assert_eq!(again.send_to(&host.url).await.expect("it listens"), 200, "the vendor's own retry");
    assert_eq!((host.take_hints().len(), host.duplicates()), (0, 2));
}
