//! The Unleashed twin's webhooks: subscriptions, signatures, forms, duplicates.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods)] // the twins are tested from outside, without Sentia's transport

mod unleashed_client;

use std::time::Duration;

use chrono::{TimeZone, Utc};
use sentia_sandbox::{DataForm, Size, UnleashedDelivery, UnleashedTwin, unleashed_signature};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use unleashed_client::{json as read, sandbox, signed};

async fn subscribe(twin: &UnleashedTwin, url: &str, events: &[&str]) -> reqwest::Response {
    let body = json!({"description": "tests", "notificationUrl": url, "eventTypes": events});
    signed(twin, "POST", "webhooks/subscriptions").body(body.to_string()).send().await.unwrap()
}

#[test]
fn known_answers_of_the_delivery() {
    let body = r#"{"subscriptionId":"51295e09-0000-4000-8000-000000000001","eventNotificationId":"7d4c1a52-0000-4000-8000-000000000002","eventType":"salesorder.updated","createdOn":"2026-03-01T01:15:39Z","data":"{\"salesOrderGuid\":\"e6e8163f-6911-40e9-b740-90e5a0a3a996\"}"}"#;
    assert_eq!(body.len(), 257);
    let key = "sentia-unleashed-webhook-signature-key";
    let at = Utc.with_ymd_and_hms(2026, 3, 1, 1, 15, 39).unwrap();
    let delivery = UnleashedDelivery::sign(key, at, body);
    assert_eq!(delivery.timestamp, 1_772_327_739);
    assert_eq!(delivery.signature, "u4GQqf9BZClWHYCPhlVEBqhRlh8tQehXzAE8wRxiKXc=");
    assert_eq!(
        unleashed_signature(key, body.as_bytes()),
        "DOLTScDvZLa++2bWTR/F1xUOq9dDYDA/nkr4MAsZUfY=",
        "wrong on purpose: over the body only"
    );
}

#[tokio::test]
async fn subscriptions_show_their_key_once_and_are_at_most_five() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let events = ["SalesOrder.Updated", "product.deleted"];
    for ordinal in 0..5 {
        let answer = subscribe(twin, &format!("https://example.com/{ordinal}"), &events).await;
        assert_eq!(answer.status(), 201);
        let answer: Value = answer.json().await.unwrap();
        assert!(answer["signatureKey"].is_string() && answer["subscriptionId"].is_string());
    }
    assert_eq!(subscribe(twin, "https://example.com/6", &events).await.status(), 400);
    let list = read(twin, "webhooks/subscriptions").await;
    assert_eq!(list.as_array().unwrap().len(), 5);
    assert!(!list.to_string().contains("whsec"));
    assert_eq!(twin.calls_this_month(), 7);
}

#[tokio::test]
async fn bad_subscriptions_are_refused() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    for (url, events) in [
        ("http://example.com/", vec!["product.updated"]),
        ("https://example.com/", vec!["product.exploded"]),
        ("https://example.com/", vec!["moon.updated"]),
        ("https://example.com/", vec![]),
    ] {
        assert_eq!(subscribe(twin, url, &events).await.status(), 400, "{url} {events:?}");
    }
    assert!(twin.deliveries(DataForm::Text).is_empty());
}

#[tokio::test]
async fn what_changes_is_delivered_signed_in_every_form() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let events = ["salesorder.created", "salesorder.updated", "product.updated", "product.deleted"];
    let answer: Value = subscribe(twin, "https://example.com/hook", &events).await.json().await.unwrap();
    let key = answer["signatureKey"].as_str().unwrap();
    assert!(twin.deliveries(DataForm::Text).is_empty());
    for form in [DataForm::Text, DataForm::Object, DataForm::Pascal] {
        clock.advance(Duration::from_secs(60));
        let changes = sandbox.evolve().warehouse;
        sandbox.change(|universe| universe.delete_stocked_product(form as usize));
        let deliveries = twin.deliveries(form);
        let of = |event: &str| deliveries.iter().filter(|d| d.event_type.eq_ignore_ascii_case(event)).count();
        assert!(of("salesorder.created") >= 6 && of("product.updated") > 0);
        assert_eq!((of("product.deleted"), of("assembly.created")), (1, 0));
        for delivery in &deliveries {
            let message = format!("{}.{}", clock.now().timestamp(), delivery.body);
            assert_eq!(delivery.signature, unleashed_signature(key, message.as_bytes()));
            assert_eq!(delivery.notification_url, "https://example.com/hook");
        }
        let made = deliveries.iter().find(|d| d.event_type == "salesorder.created").unwrap();
        let body: Value = serde_json::from_str(&made.body).unwrap();
        let id = match form {
            DataForm::Text => {
                let data: Value = serde_json::from_str(body["data"].as_str().unwrap()).unwrap();
                data["salesOrderGuid"].clone()
            }
            DataForm::Object => body["data"]["salesOrderGuid"].clone(),
            DataForm::Pascal => body["Data"]["SalesOrderGuid"].clone(),
        };
        assert!(changes.sales_orders_added.iter().any(|added| added.to_string() == id));
        assert!(twin.deliveries(form).is_empty());
    }
}

#[tokio::test]
async fn a_retry_is_the_same_event_with_a_new_timestamp_and_can_be_sent() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    subscribe(twin, "https://example.com/hook", &["salesorder.updated"]).await;
    let order = sandbox.look(|universe| universe.warehouse.sales_orders[0].record.id);
    let delivery = twin.delivery("salesorder.updated", order, DataForm::Text).remove(0);
    clock.advance(Duration::from_secs(301));
    let retry = delivery.again(clock.now());
    assert_eq!((retry.event_notification_id, &retry.body), (delivery.event_notification_id, &delivery.body));
    assert_eq!(retry.timestamp, delivery.timestamp + 301);
    assert_ne!(retry.signature, delivery.signature);
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", socket.local_addr().unwrap());
    let wanted = retry.clone();
    let route = axum::routing::post(move |headers: http::HeaderMap, body: String| async move {
        let same = body == wanted.body && headers["x-unleashed-signature"] == wanted.signature.as_str();
        if same { http::StatusCode::ACCEPTED } else { http::StatusCode::BAD_REQUEST }
    });
    let server =
        tokio::spawn(async move { axum::serve(socket, axum::Router::new().route("/hook", route)).await });
    assert_eq!(retry.send_to(&url).await.unwrap(), 202);
    assert_eq!(delivery.send_to(&url).await.unwrap(), 400);
    server.abort();
}
