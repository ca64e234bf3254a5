//! Change notifications: the handshake, the secret that every notification repeats, and what each one hints at.
//!
//! Graph signs nothing: what proves a notification is its `clientState`, known to the subscriber and Graph alone.

use async_trait::async_trait;
use aws_lc_rs::{constant_time, digest};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{
    Context, Error, ErrorKind, Result, Text,
    push::{Change, Delivery, Hint, Notice, NoticeKind, Pushed, Webhooks},
    transport::body_excerpt,
};
use serde::Deserialize;

/// A validation token is some hundred characters; what is much longer is not one.
const MAX_TOKEN: usize = 2048;

/// Reads notifications.
#[derive(Debug)]
pub(super) struct Notifications {
    client_state: SecretString,
    /// The tenant's id, where the configuration names it by that.
    tenant: Option<String>,
}

#[derive(Deserialize)]
struct Collection {
    value: Vec<Notification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Notification {
    id: Option<Text>,
    subscription_id: Option<Text>,
    client_state: Option<String>,
    change_type: Option<Text>,
    lifecycle_event: Option<Text>,
    resource: Option<Text>,
    tenant_id: Option<String>,
    resource_data: Option<ResourceData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResourceData {
    id: Option<Text>,
    #[serde(rename = "@odata.etag")]
    etag: Option<Text>,
}

impl Notifications {
    /// Notifications that repeat `client_state`, of the tenant so named where it is named by its id.
    pub(super) fn new(client_state: SecretString, tenant: &str) -> Self {
        let tenant = uuid::Uuid::try_parse(tenant).ok().map(|_| tenant.to_owned());
        Notifications { client_state, tenant }
    }

    /// Digests are compared, so that neither content nor length shows in the time it takes.
    fn is_genuine(&self, notification: &Notification) -> bool {
        let of = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
        let told = of(notification.client_state.as_deref().unwrap_or_default());
        let ours = of(self.client_state.expose_secret());
        let same_state = constant_time::verify_slices_are_equal(told.as_ref(), ours.as_ref()).is_ok();
        let same_tenant = match (&self.tenant, &notification.tenant_id) {
            (Some(ours), Some(told)) => ours.eq_ignore_ascii_case(told),
            _ => true,
        };
        same_state && same_tenant
    }
}

#[async_trait]
impl Webhooks for Notifications {
    async fn receive(&self, _: &Context, delivery: &Delivery<'_>) -> Result<Pushed> {
        if let Some(token) = validation_token(delivery.query) {
            return handshake(&token);
        }
        let mut genuine = notifications(delivery.body)?;
        let received = genuine.len();
        genuine.retain(|notification| self.is_genuine(notification));
        if genuine.is_empty() && received > 0 {
            let message = "no notification repeats the secret of its subscription; check client_state";
            return Err(Error::new(ErrorKind::SignatureInvalid, message).context("notifications", received));
        }
        if genuine.len() < received {
            tracing::warn!(
                dropped = received - genuine.len(),
                "notifications without their secret were dropped"
            );
        }
        let hints: Vec<Hint> = genuine.iter().filter_map(|one| hint(one, delivery.received)).collect();
        if !hints.is_empty() {
            return Ok(Pushed::Hints(hints));
        }
        // They come one at a time; one that stood among changes is made up for by renewing at half of each life.
        let ending = genuine.iter().find(|notification| notification.asks_for_renewal());
        Ok(match (ending, genuine.first()) {
            (Some(ending), _) => Pushed::Notice(ending.notice(delivery.received)),
            (None, Some(first)) => Pushed::Unknown(first.name()),
            (None, None) => Pushed::Hints(hints),
        })
    }
}

/// The token of a handshake, percent-decoded.
fn validation_token(query: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name.eq_ignore_ascii_case("validationToken")).map(|(_, token)| token.into_owned())
}

/// Answers with the token, which comes back as plain text and nothing else. It arrives while the subscription is being
/// made, so nothing of that is known yet.
fn handshake(token: &str) -> Result<Pushed> {
    if token.is_empty() || token.len() > MAX_TOKEN {
        let message = "the validation token is empty or too long; this is no handshake of microsoft graph";
        return Err(Error::new(ErrorKind::InvalidResponse, message).context("length", token.len()));
    }
    Ok(Pushed::Handshake { content_type: "text/plain", body: Bytes::from(token.to_owned()) })
}

fn notifications(body: &[u8]) -> Result<Vec<Notification>> {
    let read: Collection = serde_json::from_slice(body).map_err(|e| {
        Error::new(ErrorKind::InvalidResponse, "the delivery is not a collection of change notifications")
            .context("body", body_excerpt(body))
            .source(e)
    })?;
    Ok(read.value)
}

impl Notification {
    /// What kind of notification it is, for those that concern no stream.
    fn name(&self) -> String {
        match (&self.lifecycle_event, &self.resource) {
            (Some(event), _) => format!("lifecycle {event}"),
            (None, Some(resource)) => format!("change of {resource}"),
            (None, None) => "change of nothing named".to_owned(),
        }
    }

    fn asks_for_renewal(&self) -> bool {
        let event = self.lifecycle_event.as_deref();
        event.is_some_and(|event| event.eq_ignore_ascii_case("reauthorizationRequired"))
    }

    fn notice(&self, received: DateTime<Utc>) -> Notice {
        let (id, subject) = (self.identity(received), self.subscription_id.clone());
        Notice { id, kind: NoticeKind::SubscriptionEnding, subject, at: None }
    }

    /// Its own id, or what makes it one: the same notification delivered again has the same. One with neither id nor
    /// etag, as of a drive or of a subscription's life, cannot be told from the next; its time of arrival stands for it,
    /// because a change that is read twice is better than one that is taken for known.
    fn identity(&self, received: DateTime<Utc>) -> Text {
        if let Some(id) = self.id.clone().filter(|id| !id.is_empty()) {
            return id;
        }
        let text = |part: &Option<Text>| part.as_deref().unwrap_or_default().to_owned();
        let etag = self.resource_data.as_ref().and_then(|data| data.etag.clone());
        let mark = etag.map_or_else(|| received.timestamp_millis().to_string(), |etag| etag.to_string());
        let kind = text(self.lifecycle_event.as_ref().map_or(&self.change_type, |_| &self.lifecycle_event));
        Text::from([text(&self.subscription_id), text(&self.resource), kind, mark].join("|"))
    }
}

/// What a notification hints at. Lists and drives do not say which item; a lifecycle event says that something was
/// missed, so that the whole stream is to be read.
fn hint(notification: &Notification, received: DateTime<Utc>) -> Option<Hint> {
    if notification.asks_for_renewal() {
        return None;
    }
    let target = target(notification.resource.as_deref()?)?;
    let is_lifecycle = notification.lifecycle_event.is_some();
    let names_item = !is_lifecycle && !matches!(target.stream, "list_items" | "drive_items");
    let told = notification.resource_data.as_ref().and_then(|data| data.id.clone());
    let change = match notification.change_type.as_deref().map(str::to_ascii_lowercase).as_deref() {
        _ if !names_item => Change::Unknown,
        Some("created" | "updated") => Change::Upserted,
        Some("deleted") => Change::Deleted,
        _ => Change::Unknown,
    };
    Some(Hint {
        id: notification.identity(received),
        stream: target.stream,
        partition: target.partition,
        key: told.or(target.key).filter(|key| names_item && !key.is_empty()),
        change,
        at: None,
    })
}

/// A stream, its partition where the path says it, and the record where the path says it.
#[derive(Debug, PartialEq)]
struct Target {
    stream: &'static str,
    partition: Text,
    key: Option<Text>,
}

/// Reads a resource path, of which there are two styles and any case: `Users/{id}/Messages/{id}` and
/// `users('{id}')/mailFolders('inbox')/messages('{id}')`.
fn target(resource: &str) -> Option<Target> {
    let segments = segments(resource);
    let name = |at: usize| segments.get(at).map(|name| name.to_ascii_lowercase()).unwrap_or_default();
    let text = |at: usize| segments.get(at).map(|id| Text::from(id.as_str()));
    let at = |stream, partition: Option<Text>, key| {
        Some(Target { stream, partition: partition.unwrap_or_default(), key })
    };
    match (name(0).as_str(), name(2).as_str()) {
        ("users", "") => at("users", None, text(1)),
        ("users", "messages") => at("messages", None, text(3)),
        // The folder may be named by a well-known name, which is not its id.
        ("users", "mailfolders") if name(4) == "messages" => at("messages", None, text(5)),
        ("users", "events") => at("events", text(1), text(3)),
        ("drives", _) => at("drive_items", text(1), None),
        ("sites", "lists") => {
            let list = text(1).zip(text(3)).map(|(site, list)| Text::from(format!("{site}/{list}")));
            at("list_items", list, None)
        }
        _ => None,
    }
}

/// The parts of a path in either style: `a('b')/c` reads as `a/b/c`.
fn segments(resource: &str) -> Vec<String> {
    let mut segments = Vec::new();
    for part in resource.split('/').filter(|part| !part.is_empty()) {
        match part.strip_suffix("')").and_then(|part| part.split_once("('")) {
            Some((name, id)) => segments.extend([name.to_owned(), id.to_owned()]),
            None => segments.push(part.to_owned()),
        }
    }
    segments
}

#[cfg(test)]
mod tests;
