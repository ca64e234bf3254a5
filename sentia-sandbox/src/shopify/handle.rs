//! The part of the handle that bulk operations and webhooks need.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::ShopifyTwin;
use super::bulk::BulkPace;
use super::catalog_fields::VERSIONS;
use super::server::lock;
use super::webhook::{self, WebhookDelivery};

impl ShopifyTwin {
    /// Whether the shop has Shopify Payments (it has, unless set); without, `shopifyPaymentsAccount` is null.
    pub fn set_shopify_payments(&self, has: bool) {
        lock(&self.state.settings).payments = has;
    }

    /// Lets all versions before `version` run out: a request for one of them falls forward to `version`.
    ///
    /// # Panics
    ///
    /// When `version` is none that the twin serves.
    pub fn set_oldest_version(&self, version: &str) {
        lock(&self.state.settings).oldest_version = served(version);
    }

    /// The version of webhook bodies, 2026-07 unless set; it concerns subscriptions made from now on.
    ///
    /// # Panics
    ///
    /// When `version` is none that the twin serves.
    pub fn set_webhook_version(&self, version: &str) {
        lock(&self.state.settings).webhook_version = served(version);
    }

    /// How long bulk operations that are submitted from now on take by the twin's clock.
    pub fn set_bulk_pace(&self, pace: BulkPace) {
        lock(&self.state.settings).bulk_pace = pace;
    }

    /// How many bulk queries may run at a time: five unless set, one before 2026-01.
    pub fn set_bulk_limit(&self, limit: usize) {
        lock(&self.state.settings).bulk_limit = limit;
    }

    /// How often a download from the storage host carried an access token, which it must not.
    pub fn leaked_tokens(&self) -> u64 {
        lock(&self.state.settings).leaked_tokens
    }

    /// Subscribes by the app's configuration, the only way for the compliance topics: `topics` as headers write them
    /// (`orders/create`, `customers/redact`).
    pub fn configure_webhooks<'t>(&self, topics: impl IntoIterator<Item = &'t str>, uri: &str) {
        self.look();
        let (version, now) = (lock(&self.state.settings).webhook_version, self.now());
        let mut desk = lock(&self.state.webhooks);
        for topic in topics {
            desk.configure(topic, uri, version, now);
        }
    }

    /// The deliveries that changes since the last call made, for the subscriptions that stood at the time. Changes of
    /// one object between two calls are told once, as it stands at the second.
    pub fn take_deliveries(&self) -> Vec<WebhookDelivery> {
        self.look();
        lock(&self.state.webhooks).take()
    }

    /// Tells the twin how a delivery ended. After eight failures in a row a subscription that was made through the
    /// API is deleted; one of the app's configuration stays.
    pub fn report_delivery(&self, delivery: &WebhookDelivery, delivered: bool) {
        lock(&self.state.webhooks).report(delivery.subscription, delivered);
    }

    /// The next try of a delivery: the same body, as stale as it is by now, under the same event id. Whether the
    /// webhook id stays is a setting.
    pub fn retry_of(&self, delivery: &WebhookDelivery) -> WebhookDelivery {
        let mut again = delivery.clone();
        if !lock(&self.state.settings).stable_webhook_ids {
            again.set_webhook_id(lock(&self.state.webhooks).fresh_uuid());
        }
        again
    }

    /// Whether retries keep the webhook id (they do, unless set); the vendor's own texts disagree.
    pub fn set_stable_webhook_ids(&self, stable: bool) {
        lock(&self.state.settings).stable_webhook_ids = stable;
    }

    /// What `X-Shopify-Hmac-Sha256` holds for a body: base64(HMAC-SHA256(secret, body)).
    pub fn webhook_signature(secret: &str, body: &[u8]) -> String {
        webhook::signature(secret, body)
    }

    /// Compares the shop with the last look and queues deliveries.
    fn look(&self) {
        let (state, now) = (&self.state, self.now());
        let bulks = lock(&state.bulk).views(now, &state.base_url);
        let mut desk = lock(&state.webhooks);
        desk.look(state.world.read().shop(state.region), &bulks, now, &self.credentials.client_secret);
    }

    pub(super) fn announce_uninstall(&self) {
        let universe = self.state.world.read();
        let shop = universe.shop(self.state.region);
        let body = json!({
            "id": shop.id, "name": shop.name, "domain": null, "myshopify_domain": shop.domain,
            "currency": shop.currency, "iana_timezone": shop.timezone, "taxes_included": shop.taxes_included,
        });
        drop(universe);
        self.announce("APP_UNINSTALLED", body);
    }

    pub(super) fn announce_scopes(&self, previous: &[String], current: &[String]) {
        if previous != current {
            let shop = self.state.world.read().shop(self.state.region).id;
            let body = json!({
                "id": 1, "shop_id": format!("gid://shopify/Shop/{shop}"), "previous": previous, "current": current,
                "updated_at": self.now().to_rfc3339_opts(SecondsFormat::Millis, true),
            });
            self.announce("APP_SCOPES_UPDATE", body);
        }
    }

    fn announce(&self, topic: &'static str, body: Value) {
        let (state, now) = (&self.state, self.now());
        let mut desk = lock(&state.webhooks);
        let universe = state.world.read();
        desk.announce(topic, body, universe.shop(state.region), now, &self.credentials.client_secret);
    }
}

fn served(version: &str) -> &'static str {
    let known = VERSIONS.iter().map(|(handle, ..)| *handle).find(|handle| *handle == version);
    known.expect("the versions served are those of the vendor's calendar")
}
