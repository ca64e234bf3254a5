//! Handshakes, forgeries and hints.

use std::sync::Arc;

use http::HeaderMap;
use sentia_core::{
    testing::ManualClock,
    transport::{Http, Request, Response, Transport},
};
use serde_json::{Value, json};

use super::*;

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn call(&self, _: Request) -> Result<Response> {
        Err(Error::new(ErrorKind::Unexpected, "notifications make no calls"))
    }
}

async fn receive(query: &str, body: &[u8]) -> Result<Pushed> {
    receive_at(query, body, DateTime::UNIX_EPOCH).await
}

async fn receive_at(query: &str, body: &[u8], received: DateTime<Utc>) -> Result<Pushed> {
    let notifications = Notifications::new("state-secret".into(), "aaaaaaaa-0000-0000-0000-000000000001");
    let headers = HeaderMap::new();
    let cx = Context::new(Http::new(Arc::new(Nowhere)), Arc::new(ManualClock::new(received)), "t", "c");
    notifications.receive(&cx, &Delivery { headers: &headers, query, body, received }).await
}

async fn delivered(value: Value) -> Result<Pushed> {
    receive("", json!({"value": value}).to_string().as_bytes()).await
}

fn notification(resource: &str, change: &str) -> Value {
    json!({
        "subscriptionId": "s-1", "clientState": "state-secret", "changeType": change, "resource": resource,
        "tenantId": "AAAAAAAA-0000-0000-0000-000000000001",
        "subscriptionExpirationDateTime": "2026-03-01T10:00:00+05:30",
        "resourceData": {"@odata.type": "#Microsoft.Graph.Message", "@odata.etag": "W/\"1\"", "id": "AAMk="},
    })
}

async fn hints(value: Value) -> Vec<Hint> {
    match delivered(value).await.expect("genuine") {
        Pushed::Hints(hints) => hints,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_handshake_echoes_the_decoded_token_alone() {
    let pushed =
        receive("a=b&validationToken=Validation%3A+Testing%20%3Cb%3E%2B", b"").await.expect("a handshake");
    let expected = Pushed::Handshake { content_type: "text/plain", body: "Validation: Testing <b>+".into() };
    assert_eq!(pushed, expected);
    let long = format!("validationToken={}", "x".repeat(2049));
    for query in ["validationToken=", long.as_str()] {
        assert_eq!(receive(query, b"").await.expect_err("no handshake").kind(), ErrorKind::InvalidResponse);
    }
}

#[tokio::test]
async fn both_styles_of_path_lead_to_their_stream() {
    for (resource, stream, partition, key) in [
        ("Users/u-1/Messages/AAMk=", "messages", "", Some("AAMk=")),
        ("/users/u-1/mailFolders('inbox')/messages/AAMk=", "messages", "", Some("AAMk=")),
        ("users('u-1')/events('AAMk=')", "events", "u-1", Some("AAMk=")),
        ("Users/u-9", "users", "", Some("AAMk=")),
        ("drives/b!d/root", "drive_items", "b!d", None),
        ("sites/h,1,2/lists/L1", "list_items", "h,1,2/L1", None),
    ] {
        let hints = hints(json!([notification(resource, "updated")])).await;
        let hint = &hints[0];
        let told = (hint.stream, hint.partition.as_str(), hint.key.as_deref());
        assert_eq!((told, hints.len()), ((stream, partition, key), 1), "{resource}");
    }
}

#[tokio::test]
async fn the_same_notification_has_the_same_id() {
    let twice = notification("Users/u-1/Messages/AAMk=", "created");
    let all = hints(json!([twice, twice, notification("Users/u-1/Messages/AAMk=", "deleted")])).await;
    assert_eq!((&all[0].id, all[0].change, all[2].change), (&all[1].id, Change::Upserted, Change::Deleted));
    assert_ne!(all[0].id, all[2].id);
    let mut named = notification("Users/u-1", "updated");
    named["id"] = json!("n-7");
    assert_eq!(hints(json!([named])).await[0].id, "n-7");

    // A drive's next change says the same as this one.
    let mut drive = notification("drives/b!d/root", "updated");
    drive["resourceData"] = json!({"@odata.type": "#Microsoft.Graph.DriveItem"});
    let at = async |seconds: i64| {
        let body = json!({ "value": [drive] }).to_string();
        let received = DateTime::from_timestamp(seconds, 0).expect("a time");
        match receive_at("", body.as_bytes(), received).await {
            Ok(Pushed::Hints(hints)) => hints[0].id.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(at(1).await, at(1).await);
    assert_ne!(at(1).await, at(2).await);
}

#[tokio::test]
async fn what_does_not_repeat_the_secret_is_dropped() {
    let forged = |change: fn(&mut Value)| {
        let mut notification = notification("Users/u-1/Messages/x", "created");
        change(&mut notification);
        notification
    };
    for bad in [
        forged(|n| n["clientState"] = json!("state-secre")),
        forged(|n| n["clientState"] = json!(null)),
        forged(|n| n["clientState"] = json!("")),
        forged(|n| n["tenantId"] = json!("bbbbbbbb-0000-0000-0000-000000000001")),
    ] {
        let error = delivered(json!([bad])).await.expect_err("forged");
        assert_eq!(error.kind(), ErrorKind::SignatureInvalid);
        assert!(!format!("{error:?}").contains("state-secret"));
        assert_eq!(hints(json!([bad, notification("Users/u-1", "updated")])).await.len(), 1);
    }
}

#[tokio::test]
async fn lifecycle_events_ask_for_a_read_where_something_was_missed() {
    let lifecycle = |event: &str| {
        json!({"subscriptionId": "s-1", "clientState": "state-secret", "lifecycleEvent": event,
            "resource": "Users/u-1/Messages", "tenantId": "aaaaaaaa-0000-0000-0000-000000000001"})
    };
    for event in ["missed", "subscriptionRemoved"] {
        let hints = hints(json!([lifecycle(event)])).await;
        assert_eq!((hints[0].stream, &hints[0].key, hints[0].change), ("messages", &None, Change::Unknown));
    }
    let renew = delivered(json!([lifecycle("reauthorizationRequired")])).await.expect("genuine");
    let Pushed::Notice(notice) = renew else { panic!("{renew:?}") };
    assert_eq!((notice.kind, notice.subject.as_deref()), (NoticeKind::SubscriptionEnding, Some("s-1")));
}

#[tokio::test]
async fn what_is_no_collection_is_for_somebody_to_look_at() {
    for body in ["", "[]", "{}", "<html>", r#"{"value":{}}"#] {
        assert_eq!(receive("", body.as_bytes()).await.expect_err(body).kind(), ErrorKind::InvalidResponse);
    }
    assert_eq!(delivered(json!([])).await.expect("nothing"), Pushed::Hints(Vec::new()));
    let other =
        delivered(json!([notification("chats('1')/messages('2')", "created")])).await.expect("genuine");
    assert_eq!(other, Pushed::Unknown("change of chats('1')/messages('2')".into()));
}

proptest::proptest! {
    #[test]
    fn no_path_panics(resource in "\\PC{0,60}") {
        let _ = target(&resource);
    }
}
