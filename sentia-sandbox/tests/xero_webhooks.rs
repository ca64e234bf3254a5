//! The Xero twin as producer of webhooks: validation, events, signatures, retries.
#![allow(clippy::unwrap_used)]

mod client;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use client::sandbox;
use sentia_sandbox::{Size, XeroDelivery};
use serde_json::Value;

type Received = Arc<Mutex<Vec<(String, String)>>>;

/// An endpoint that takes what is signed with `key` and refuses the rest.
async fn endpoint(key: String) -> (String, Received) {
    let received = Received::default();
    let take = |State((key, received)): State<(String, Received)>, headers: HeaderMap, body: String| async move {
        let signature = headers["x-xero-signature"].to_str().unwrap().to_owned();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key.as_bytes());
        let tag = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &signature)
            .unwrap_or_default();
        let genuine = aws_lc_rs::hmac::verify(&key, body.as_bytes(), &tag).is_ok();
        received.lock().unwrap().push((body, signature));
        if genuine { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    };
    let router = Router::new().route("/xero", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/xero", listener.local_addr().unwrap());
    let router = router.with_state((key, Arc::clone(&received)));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, received)
}

fn events(delivery: &XeroDelivery) -> Vec<Value> {
    let body: Value = serde_json::from_str(&delivery.body).unwrap();
    body["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_validation_wants_one_yes_and_three_noes() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    assert!(twin.webhook_deliveries().is_empty() && !twin.webhook_enabled());
    let (url, received) = endpoint(twin.webhook_key()).await;
    let intents = twin.enable_webhook();
    assert_eq!((intents.len(), intents.iter().filter(|intent| intent.genuine).count()), (4, 1));
    for intent in &intents {
        assert!(intent.body.starts_with(
            "{\"events\":[],\"firstEventSequence\": 0,\"lastEventSequence\": 0, \"entropy\": \""
        ));
        let answer = intent.post(&url).await.unwrap();
        assert!(answer.suits(intent), "{answer:?}");
    }
    assert_eq!(received.lock().unwrap().len(), 4);
    assert!(twin.webhook_deliveries().is_empty());
    assert!(intents[0].post("https://example.com/").await.is_err());
}

#[tokio::test]
async fn changes_become_events_and_silent_ones_do_not() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.enable_webhook();
    clock.advance(Duration::from_millis(1_250));
    let changes = sandbox.evolve();
    let deliveries = twin.webhook_deliveries();
    let all: Vec<Value> = deliveries.iter().flat_map(events).collect();
    let of = |kind: &str, id: String| {
        all.iter().any(|event| event["resourceId"] == *id && event["eventType"] == kind)
    };
    assert!(changes.invoices_added.iter().all(|id| of("CREATE", id.to_string())));
    assert!(changes.invoices_voided.iter().all(|id| of("UPDATE", id.to_string())));
    assert!(changes.contacts_archived.iter().all(|id| of("UPDATE", id.to_string())));
    for event in &all {
        assert_eq!(event["tenantId"], twin.tenant_id());
        assert_eq!(event["eventDateUtc"], "2026-11-01T12:00:01.250");
        let credit = event["eventCategory"] == "CREDITNOTE";
        assert_eq!(event.get("data").is_some(), credit, "{event}");
        assert!(event["resourceUrl"].as_str().unwrap().ends_with(event["resourceId"].as_str().unwrap()));
    }
    let last: Value = serde_json::from_str(&deliveries.last().unwrap().body).unwrap();
    assert_eq!(last["lastEventSequence"], all.len());
    assert!(twin.webhook_deliveries().is_empty());
    sandbox.change(|universe| universe.change_due_date_silently(0));
    assert!(twin.webhook_deliveries().is_empty());
    clock.advance(Duration::from_millis(1));
    sandbox.change(|universe| universe.touch_invoice(0));
    assert_eq!(twin.webhook_deliveries().iter().map(|d| d.events).sum::<usize>(), 1);
}

#[tokio::test]
async fn refused_deliveries_come_again_until_a_day_is_over() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.enable_webhook();
    sandbox.change(|universe| universe.touch_invoice(0));
    let first = twin.webhook_deliveries().remove(0);
    twin.webhook_answered(&first, false);
    assert!(twin.webhook_deliveries().is_empty());
    clock.advance(Duration::from_secs(120));
    assert_eq!(twin.webhook_deliveries(), std::slice::from_ref(&first));
    twin.webhook_answered(&first, false);
    clock.advance(Duration::from_secs(120));
    assert!(twin.webhook_deliveries().is_empty(), "less and less often");
    clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(twin.webhook_deliveries().len(), 1);
    twin.webhook_answered(&first, false);
    assert!(!twin.webhook_enabled());
    sandbox.change(|universe| universe.touch_invoice(1));
    assert!(twin.webhook_deliveries().is_empty());
    assert_eq!(twin.enable_webhook().len(), 4);
    assert!(twin.webhook_enabled() && twin.webhook_deliveries().is_empty());
}
