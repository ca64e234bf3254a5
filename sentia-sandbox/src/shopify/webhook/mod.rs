//! Webhooks: subscriptions, and the deliveries that changes of the universe make, signed as the vendor's are.

mod body;
mod changes;
mod delivery;
mod subscription;
mod topic;

use chrono::{DateTime, Utc};

pub use delivery::WebhookDelivery;
pub(crate) use delivery::signature;
pub(crate) use subscription::{Subscription, create, delete, update};

use self::changes::Seen;
use self::topic::constant;
use super::bulk::BulkView;
use crate::rng::Rng;
use crate::universe::Shop;

/// How many failures in a row end a subscription that was made through the API.
const PATIENCE: u32 = 8;

/// Something that subscribers are told.
#[derive(Clone, Debug)]
struct Notice {
    topic: &'static str,
    /// Notices of one event share this.
    event: u64,
    body: serde_json::Value,
}

/// The subscriptions of one app and shop, and what waits to be delivered.
#[derive(Debug)]
pub(crate) struct WebhookDesk {
    subscriptions: Vec<Subscription>,
    waiting: Vec<WebhookDelivery>,
    /// What was known of the shop when it was last looked at; nobody looks before there is a subscription.
    seen: Option<Seen>,
    rng: Rng,
    next_id: u64,
}

impl WebhookDesk {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { subscriptions: vec![], waiting: vec![], seen: None, rng, next_id: 1_688_000_000_000 }
    }

    pub(crate) fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// Makes deliveries of what changed since the last look.
    pub(crate) fn look(&mut self, shop: &Shop, bulks: &[BulkView], now: DateTime<Utc>, secret: &str) {
        let notices = match &self.seen {
            Some(seen) if !self.subscriptions.is_empty() => seen.notices(shop, bulks, now),
            _ => vec![],
        };
        self.seen = Some(Seen::of(shop, bulks, now));
        self.tell(&notices, shop, now, secret);
    }

    /// Makes deliveries of one thing that is not in the universe.
    pub(crate) fn announce(
        &mut self,
        topic: &'static str,
        body: serde_json::Value,
        shop: &Shop,
        now: DateTime<Utc>,
        secret: &str,
    ) {
        self.tell(&[Notice { topic, event: 0, body }], shop, now, secret);
    }

    fn tell(&mut self, notices: &[Notice], shop: &Shop, now: DateTime<Utc>, secret: &str) {
        let salt = self.rng.next();
        for notice in notices {
            let event_id = Rng::new(salt).fork(notice.event).guid();
            let listening =
                self.subscriptions.iter().filter(|subscription| subscription.topic == notice.topic);
            for subscription in listening {
                let id = self.rng.guid();
                self.waiting.push(delivery::make(notice, subscription, shop, now, secret, (id, event_id)));
            }
        }
    }

    pub(crate) fn take(&mut self) -> Vec<WebhookDelivery> {
        std::mem::take(&mut self.waiting)
    }

    pub(crate) fn fresh_uuid(&mut self) -> uuid::Uuid {
        self.rng.guid()
    }

    /// Notes how a delivery ended.
    pub(crate) fn report(&mut self, subscription: u64, delivered: bool) {
        let Some(at) = self.subscriptions.iter().position(|known| known.id == subscription) else { return };
        let known = &mut self.subscriptions[at];
        known.failures = if delivered { 0 } else { known.failures + 1 };
        if known.failures >= PATIENCE && !known.configured {
            self.subscriptions.remove(at);
        }
    }

    fn add(&mut self, subscription: Subscription) -> u64 {
        self.next_id += 32_768;
        self.subscriptions.push(Subscription { id: self.next_id, ..subscription });
        self.next_id
    }

    /// Subscriptions from the app's configuration: the only way for the compliance topics.
    pub(crate) fn configure(&mut self, topic: &str, uri: &str, version: &'static str, now: DateTime<Utc>) {
        self.add(Subscription {
            id: 0,
            topic: constant(topic),
            uri: uri.to_owned(),
            include_fields: vec![],
            name: None,
            api_version: version,
            created_at: now,
            updated_at: now,
            configured: true,
            failures: 0,
        });
    }
}
