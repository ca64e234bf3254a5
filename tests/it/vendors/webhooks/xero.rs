//! Xero: the intent to receive, deliveries for an organisation, retries.

use std::sync::Arc;

use sentia::{
    Mode, Pipeline,
    connectors::{Xero, xero::XeroBuilder},
    transport::Pacing,
};
use sentia_sandbox::{XeroDelivery, XeroTwin};

use super::{all_are_stored, context, database, host::Host};
use crate::{
    truth::impatient,
    vendors::{Scene, complete},
};

pub(crate) fn settings(twin: &XeroTwin) -> XeroBuilder {
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    Xero::builder()
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .tenant_id(twin.tenant_id())
        .webhook_key(twin.webhook_key())
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
}

async fn host(scene: &Scene) -> (Arc<Xero>, Host) {
    let books = Arc::new(settings(scene.sandbox.xero()).build().expect("valid settings"));
    let host = Host::start(books.clone(), context(&scene.clock, "xero", None)).await;
    (books, host)
}

async fn deliver(host: &Host, twin: &XeroTwin) -> Vec<XeroDelivery> {
    let deliveries = twin.webhook_deliveries();
    for delivery in &deliveries {
        let answer = delivery.post(&host.url).await.expect("it listens");
        assert!(answer.accepts(), "200, empty, without cookies: {answer:?}");
        twin.webhook_answered(delivery, true);
    }
    deliveries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_intent_to_receive_is_proved_and_events_name_records() {
    let (scene, database) = (Scene::new(62).await, database().await);
    let (twin, store) = (scene.sandbox.xero(), database.store().await);
    let (books, host) = host(&scene).await;
    for delivery in twin.enable_webhook() {
        let answer = delivery.post(&host.url).await.expect("it listens");
        assert!(answer.suits(&delivery), "{answer:?}: {delivery:?}");
    }
    assert_eq!((host.handshakes(), host.refused_and_unreadable()), (1, (3, 0)));

    let pipeline = || Pipeline::new(books.clone(), store.clone()).connection("xero").transport(impatient());
    let _ = complete(pipeline(), &scene.clock, Mode::Incremental).await;
    scene.later(1);
    scene.sandbox.evolve();
    deliver(&host, twin).await;
    let hints = host.take_hints();
    for stream in ["contacts", "invoices", "credit_notes"] {
        assert!(hints.iter().any(|hint| hint.stream == stream && hint.at.is_some()), "{stream}: {hints:#?}");
    }
    let _ = complete(pipeline(), &scene.clock, Mode::Incremental).await;
    all_are_stored(&database, &*books, &hints).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgeries_are_refused_and_retries_known() {
    let scene = Scene::new(63).await;
    let twin = scene.sandbox.xero();
    let (_, host) = host(&scene).await;
    let _ = twin.enable_webhook();
    scene.later(1);
    scene.sandbox.change(|universe| universe.touch_invoice(0));
    let deliveries = deliver(&host, twin).await;
    let told = host.take_hints();
    assert_eq!((deliveries.len(), told.len()), (1, 1));

    // The answer got lost: Xero sends the same again.
    twin.webhook_answered(&deliveries[0], false);
    scene.later(1);
    assert_eq!(deliver(&host, twin).await, deliveries);
    assert_eq!((host.take_hints().len(), host.duplicates()), (0, 1));

    let sent = &deliveries[0];
    let spaced = XeroDelivery { body: sent.body.replace("\": ", "\":"), ..sent.clone() };
    let renamed = XeroDelivery { body: sent.body.replace("INVOICE", "CONTACT"), ..sent.clone() };
    let unsigned = XeroDelivery { signature: String::new(), ..sent.clone() };
    let mut letters = sent.signature.clone();
    letters.replace_range(3..4, if letters.as_bytes()[3] == b'A' { "B" } else { "A" });
    let one_letter = XeroDelivery { signature: letters, ..sent.clone() };
    for forged in [spaced, renamed, unsigned, one_letter] {
        assert_eq!(forged.post(&host.url).await.expect("it listens").status, 401, "{forged:?}");
    }
    // Another app's key.
    let stranger = settings(twin).webhook_key("another").build().expect("valid settings");
    let other = Host::start(Arc::new(stranger), context(&scene.clock, "xero", None)).await;
    assert_eq!(sent.post(&other.url).await.expect("it listens").status, 401);
    // Another organisation of the same app: acknowledged, and not this connection's.
    let elsewhere =
        settings(twin).tenant_id("00000000-0000-0000-0000-000000000000").build().expect("valid settings");
    let other = Host::start(Arc::new(elsewhere), context(&scene.clock, "xero", None)).await;
    assert_eq!(sent.post(&other.url).await.expect("it listens").status, 200);
    assert_eq!((other.take_hints().len(), other.take_unknown().len(), host.take_hints().len()), (0, 0, 0));
}
