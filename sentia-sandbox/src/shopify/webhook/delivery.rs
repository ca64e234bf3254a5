//! One delivery: headers, signature, body.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::topic::header;
use super::{Notice, Subscription};
use crate::universe::Shop;

/// A webhook on its way to a subscriber. Post `body` to `uri` with `headers`; post it again for a retry or a
/// duplicate, and change it to imitate a forger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Where the subscription wants it.
    pub uri: String,
    /// `orders/create`.
    pub topic: String,
    /// The delivery's own id.
    pub webhook_id: Uuid,
    /// Shared by all deliveries that stem from one event.
    pub event_id: Uuid,
    /// All headers, names as the vendor writes them.
    pub headers: Vec<(String, String)>,
    /// The bytes that are signed.
    pub body: Vec<u8>,
    pub(crate) subscription: u64,
}

impl WebhookDelivery {
    /// The header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn set_webhook_id(&mut self, id: Uuid) {
        self.webhook_id = id;
        for (name, value) in &mut self.headers {
            if name == "X-Shopify-Webhook-Id" {
                *value = id.to_string();
            }
        }
    }
}

/// base64(HMAC-SHA256(secret, body)).
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, body))
}

pub(super) fn make(
    notice: &Notice,
    subscription: &Subscription,
    shop: &Shop,
    now: DateTime<Utc>,
    secret: &str,
    (webhook_id, event_id): (Uuid, Uuid),
) -> WebhookDelivery {
    let mut body = notice.body.clone();
    if let (Value::Object(members), false) = (&mut body, subscription.include_fields.is_empty()) {
        members.retain(|name, _| subscription.include_fields.contains(name));
    }
    // The vendor escapes slashes, which only a reader of the raw bytes notices.
    let body = body.to_string().replace('/', "\\/").into_bytes();
    let topic = header(&subscription.topic);
    let named = |name: &str, value: String| (name.to_owned(), value);
    let mut headers = vec![
        named("Content-Type", "application/json".into()),
        named("X-Shopify-Topic", topic.clone()),
        named("X-Shopify-Shop-Domain", shop.domain.to_owned()),
        named("X-Shopify-API-Version", subscription.api_version.to_owned()),
        named("X-Shopify-Webhook-Id", webhook_id.to_string()),
        named("X-Shopify-Event-Id", event_id.to_string()),
        named("X-Shopify-Triggered-At", now.format("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()),
        named("X-Shopify-Hmac-Sha256", signature(secret, &body)),
    ];
    headers.extend(subscription.name.iter().map(|name| named("X-Shopify-Name", name.clone())));
    let uri = subscription.uri.clone();
    WebhookDelivery { uri, topic, webhook_id, event_id, headers, body, subscription: subscription.id }
}
