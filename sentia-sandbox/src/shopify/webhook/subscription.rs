//! Subscriptions and the mutations that make, change and end them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::topic::{header, scope};
use crate::shopify::desk::{Payload, UserError};
use crate::shopify::mutation::Call;
use crate::shopify::server::{ShopifyState, lock};

/// Who is told of what.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) id: u64,
    /// `ORDERS_CREATE`.
    pub(crate) topic: String,
    pub(crate) uri: String,
    /// Members of the body that are sent; all when empty.
    pub(crate) include_fields: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) api_version: &'static str,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// From the app's configuration: never listed, never ended for failures.
    pub(crate) configured: bool,
    /// Failures in a row.
    pub(crate) failures: u32,
}

/// `webhookSubscriptionCreate`.
pub(crate) fn create(
    state: &ShopifyState,
    call: &Call<'_>,
    topic: &str,
    input: &Map<String, Value>,
) -> Payload {
    let payload = Payload { type_name: "WebhookSubscriptionCreatePayload", ..Payload::default() };
    let uri = uri(input).unwrap_or_default();
    let mut errors = mistakes(uri, input);
    if let Some(scope) = scope(topic).filter(|scope| !call.settings.scopes.iter().any(|held| held == scope)) {
        // The words after the topic's name are not on record.
        errors.push(UserError::new(
            &["webhookSubscription"],
            format!(
                "You do not have permission to create or update webhooks with {} topic. This topic requires the {scope} access scope.",
                header(topic)
            ),
        ));
    }
    let mut desk = lock(&state.webhooks);
    if desk.subscriptions.iter().any(|known| known.topic == topic && known.uri == uri && !known.configured) {
        errors.push(address_error("Address for this topic has already been taken"));
    }
    if !errors.is_empty() {
        return Payload { errors, ..payload };
    }
    // What happened before this moment concerns the older subscriptions only.
    let universe = state.world.read();
    let bulks = lock(&state.bulk).views(call.now, &state.base_url);
    let secret = lock(&state.tokens).client_secret().to_owned();
    desk.look(universe.shop(state.region), &bulks, call.now, &secret);
    let id = desk.add(Subscription {
        id: 0,
        topic: topic.to_owned(),
        uri: uri.to_owned(),
        include_fields: include_fields(input).unwrap_or_default(),
        name: input.get("name").and_then(Value::as_str).map(str::to_owned),
        api_version: call.settings.webhook_version,
        created_at: call.now,
        updated_at: call.now,
        configured: false,
        failures: 0,
    });
    Payload { subscription: Some(id), ..payload }
}

/// `webhookSubscriptionUpdate`.
pub(crate) fn update(
    state: &ShopifyState,
    call: &Call<'_>,
    gid: &str,
    input: &Map<String, Value>,
) -> Payload {
    let payload = Payload { type_name: "WebhookSubscriptionUpdatePayload", ..Payload::default() };
    let mut desk = lock(&state.webhooks);
    let Some(known) = desk.subscriptions.iter_mut().find(|s| gid_of(s.id) == gid && !s.configured) else {
        return Payload { errors: vec![unknown()], ..payload };
    };
    let uri = uri(input).unwrap_or(&known.uri).to_owned();
    let errors = mistakes(&uri, input);
    if !errors.is_empty() {
        return Payload { errors, ..payload };
    }
    known.uri = uri;
    if let Some(fields) = include_fields(input) {
        known.include_fields = fields;
    }
    known.updated_at = call.now;
    Payload { subscription: Some(known.id), ..payload }
}

/// `webhookSubscriptionDelete`.
pub(crate) fn delete(state: &ShopifyState, gid: &str) -> Payload {
    let payload = Payload { type_name: "WebhookSubscriptionDeletePayload", ..Payload::default() };
    let mut desk = lock(&state.webhooks);
    let before = desk.subscriptions.len();
    desk.subscriptions.retain(|known| gid_of(known.id) != gid || known.configured);
    if desk.subscriptions.len() == before {
        return Payload { errors: vec![unknown()], ..payload };
    }
    Payload { deleted: Some(gid.to_owned()), ..payload }
}

fn gid_of(id: u64) -> String {
    format!("gid://shopify/WebhookSubscription/{id}")
}

fn unknown() -> UserError {
    UserError::new(&["id"], "Webhook subscription does not exist")
}

fn address_error(message: &str) -> UserError {
    UserError::new(&["webhookSubscription", "callbackUrl"], message)
}

/// `uri`, or the older `callbackUrl`.
fn uri(input: &Map<String, Value>) -> Option<&str> {
    input.get("uri").or_else(|| input.get("callbackUrl")).and_then(Value::as_str)
}

fn include_fields(input: &Map<String, Value>) -> Option<Vec<String>> {
    let fields = input.get("includeFields")?.as_array()?.iter();
    Some(fields.filter_map(Value::as_str).map(str::to_owned).collect())
}

/// What is wrong with an address or with what this twin cannot do.
fn mistakes(uri: &str, input: &Map<String, Value>) -> Vec<UserError> {
    let mut errors = Vec::new();
    if uri.is_empty() {
        errors.push(address_error("Address can't be blank"));
    } else if uri.starts_with("http://") {
        errors.push(address_error("Address protocol http:// is not supported"));
    } else if !["https://", "pubsub://", "arn:aws:events:"].iter().any(|start| uri.starts_with(start)) {
        errors.push(address_error("Address is invalid"));
    }
    if input.get("format").and_then(Value::as_str) == Some("XML") {
        errors
            .push(UserError::new(&["webhookSubscription", "format"], "Format is not supported by the twin"));
    }
    if input.get("filter").is_some_and(|filter| !filter.is_null() && filter != "") {
        let message =
            "The specified filter is invalid, please ensure you specify the field(s) you wish to filter on.";
        errors.push(UserError::new(&["webhookSubscription", "filter"], message));
    }
    errors
}
