//! Microsoft Graph: a subscription made by the host, its handshake while it is being made, notifications that repeat a
//! secret.

use std::sync::Arc;

use sentia::{
    Mode, Pipeline,
    clock::Clock,
    connectors::{
        MicrosoftGraph,
        microsoft_graph::subscription::{Resource, Subscription},
    },
    push::{Change, NoticeKind},
};
use sentia_sandbox::{MicrosoftGraphNotification, MicrosoftGraphTwin};
use serde_json::Value;

use super::{all_are_stored, context, database, host::Host};
use crate::{
    truth::impatient,
    vendors::{Scene, complete, microsoft_graph::everything},
};

pub(crate) const STATE: &str = "a-secret-of-the-hosts-own";

fn tenant(scene: &Scene) -> Arc<MicrosoftGraph> {
    let settings = everything(&scene.sandbox).client_secret(scene.sandbox.microsoft_graph().client_secret());
    Arc::new(settings.client_state(STATE).build().expect("valid settings"))
}

/// The host's own calls: a token, then the subscription that the connector wrote down.
#[allow(clippy::disallowed_methods, reason = "the host makes its subscriptions with a client of its own")]
pub(crate) async fn subscribe(twin: &MicrosoftGraphTwin, wanted: &Subscription) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", twin.client_id()),
        ("client_secret", twin.client_secret()),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let granted = client.post(twin.token_url()).form(&form).send().await.expect("it answers");
    let granted: Value = granted.json().await.expect("a token");
    let answer = client
        .post(format!("{}/subscriptions", twin.api_url()))
        .bearer_auth(granted["access_token"].as_str().expect("a token"))
        .header("prefer", "IdType=\"ImmutableId\"")
        .json(wanted)
        .send()
        .await
        .expect("it answers");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn deliver(host: &Host, twin: &MicrosoftGraphTwin) -> Vec<MicrosoftGraphNotification> {
    let notifications = twin.take_notifications();
    for notification in &notifications {
        assert_eq!(notification.url, host.url);
        assert_eq!(twin.deliver(notification).await.expect("it listens"), 200, "{}", notification.body);
    }
    notifications
}

/// Subscribes to one of everything; the ids of the subscriptions.
async fn subscribed(scene: &Scene, host: &Host) -> Vec<String> {
    let twin = scene.sandbox.microsoft_graph();
    let (user, drive, site, list) = scene.sandbox.look(|universe| {
        let office = &universe.office;
        let user = office.mailboxes[0].user.to_string();
        (user, office.drives[0].id.clone(), office.site.id.clone(), office.lists[0].id.to_string())
    });
    let resources = [
        Resource::Users,
        Resource::Messages(&user),
        Resource::Events(&user),
        Resource::Drive(&drive),
        Resource::List(&site, &list),
    ];
    let mut ids = Vec::new();
    for resource in resources {
        let wanted = Subscription::new(resource, &host.url, &STATE.into(), scene.clock.now());
        let (status, made) = subscribe(twin, &wanted).await;
        assert_eq!(status, 201, "{resource:?}: {made}");
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    // The address proves itself for changes and for the subscription's own life.
    assert_eq!(host.handshakes(), 2 * ids.len());
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_notified_is_in_the_database_after_the_next_sync() {
    let (scene, database) = (Scene::new(68).await, database().await);
    let (twin, store) = (scene.sandbox.microsoft_graph(), database.store().await);
    let tenant = tenant(&scene);
    let host = Host::start(tenant.clone(), context(&scene.clock, "microsoft-graph", None)).await;
    let pipeline =
        || Pipeline::new(tenant.clone(), store.clone()).connection("microsoft-graph").transport(impatient());
    let _ = complete(pipeline(), &scene.clock, Mode::Incremental).await;
    let ids = subscribed(&scene, &host).await;
    scene.later(1);
    let moved = scene.sandbox.change(|universe| {
        let (user, inbox) = (universe.office.users[0].id, universe.office.mailboxes[0].folders[0].id);
        universe.set_office_user(user, "jobTitle", Some("Head of hints"));
        universe.add_list_item(0);
        universe.write_drive_item(0, &universe.office.workbooks[0].item.clone(), 5);
        universe.receive_message(0, inbox, "One")
    });
    deliver(&host, twin).await;
    let mut hints = host.take_hints();
    // A message that moves keeps its immutable id.
    scene.sandbox.change(|universe| {
        let folder = universe.office.mailboxes[0].folders[1].id;
        universe.move_message(0, moved, folder);
    });
    deliver(&host, twin).await;
    let later = host.take_hints();
    let message = |hints: &[sentia::push::Hint]| {
        let live = hints.iter().filter(|hint| hint.stream == "messages" && hint.change == Change::Upserted);
        live.filter_map(|hint| hint.key.clone()).next_back()
    };
    assert!(message(&hints).is_some() && message(&hints) == message(&later), "{hints:#?} {later:#?}");
    hints.extend(later);
    for stream in ["users", "messages", "drive_items", "list_items"] {
        assert!(hints.iter().any(|hint| hint.stream == stream), "{stream}: {hints:#?}");
    }
    let _ = complete(pipeline(), &scene.clock, Mode::Incremental).await;
    all_are_stored(&database, &*tenant, &hints).await;

    // Something was missed: the whole stream is read, and then nothing is missing.
    let missed = twin.lifecycle_notification(&ids[1], "missed").expect("a subscription");
    assert_eq!(twin.deliver(&missed).await.expect("it listens"), 200);
    let whole = host.take_hints();
    assert_eq!(
        (whole[0].stream, whole[0].key.as_deref(), whole[0].change),
        ("messages", None, Change::Unknown)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_secret_nothing_is_taken_and_repetitions_are_known() {
    let scene = Scene::new(69).await;
    let twin = scene.sandbox.microsoft_graph();
    let host = Host::start(tenant(&scene), context(&scene.clock, "microsoft-graph", None)).await;
    let ids = subscribed(&scene, &host).await;
    scene.sandbox.change(|universe| {
        let user = universe.office.users[0].id;
        universe.set_office_user(user, "jobTitle", Some("Head of hints"));
    });
    let sent = deliver(&host, twin).await.remove(0);
    let told = host.take_hints().len();
    assert!(told > 0);
    assert_eq!(twin.deliver(&sent).await.expect("it listens"), 200);
    assert_eq!((host.take_hints().len(), host.duplicates()), (0, told));

    let post = async |body: String| host.post([("content-type", "application/json")], body).await;
    let tenant_id = twin.tenant_id();
    for forged in [
        sent.body.replace(STATE, "another"),
        sent.body.replace(&format!("\"{STATE}\""), "null"),
        sent.body.replace(tenant_id, "00000000-0000-0000-0000-000000000000"),
    ] {
        assert_ne!(forged, sent.body);
        assert_eq!(post(forged).await, 401);
    }
    assert_eq!(post("<html>".to_owned()).await, 200, "kept for somebody to look at");
    assert_eq!((host.refused_and_unreadable(), host.take_hints()), ((3, 1), vec![]));
    let renew = twin.lifecycle_notification(&ids[0], "reauthorizationRequired").expect("a subscription");
    assert_eq!(twin.deliver(&renew).await.expect("it listens"), 200);
    let notices = host.take_notices();
    assert_eq!(
        (notices[0].kind, notices[0].subject.as_deref()),
        (NoticeKind::SubscriptionEnding, Some(ids[0].as_str()))
    );

    // An address that does not answer the handshake gets no subscription.
    let wanted =
        Subscription::new(Resource::Users, "http://127.0.0.1:9/hooks", &STATE.into(), scene.clock.now());
    assert_eq!(subscribe(twin, &wanted).await.0, 400);
}
