//! Webhook subscriptions: made and listed through the API, with their keys in the vault.

use secrecy::SecretString;
use sentia_core::{Context, Error, ErrorKind, Result, Text, key_store::KeyName, transport::Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{connector::Unleashed, loose::Loose};

const PATH: &str = "webhooks/subscriptions";

/// A subscription to make.
///
/// ```
/// use sentia_connectors::unleashed::NewSubscription;
///
/// let new = NewSubscription::new("https://ops.acme.example/webhooks/unleashed/warehouse")
///     .description("Acme operations")
///     .events(["product.updated", "salesorder.created", "salesorder.updated"]);
/// ```
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSubscription {
    description: String,
    notification_url: String,
    event_types: Vec<String>,
}

impl NewSubscription {
    /// A subscription that is delivered to `notification_url`, which must be HTTPS with a valid certificate.
    pub fn new(notification_url: impl Into<String>) -> Self {
        let description = "Sentia".to_owned();
        NewSubscription { description, notification_url: notification_url.into(), event_types: Vec::new() }
    }

    /// Sets what Unleashed shows it by. Default `Sentia`.
    #[must_use]
    pub fn description(self, text: impl Into<String>) -> Self {
        NewSubscription { description: text.into(), ..self }
    }

    /// Names the events, each `<object>.<created|updated|deleted>`. At least one.
    #[must_use]
    pub fn events(self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        NewSubscription { event_types: types.into_iter().map(Into::into).collect(), ..self }
    }

    fn check(&self) -> Result<()> {
        let invalid = |setting: &'static str, message: &'static str| {
            Err(Error::new(ErrorKind::ConfigInvalid, message).context("setting", setting))
        };
        if !self.notification_url.starts_with("https://") {
            return invalid(
                "notification_url",
                "notification_url must begin with https://; Unleashed demands it",
            );
        }
        if self.event_types.is_empty() {
            return invalid("event_types", "a subscription needs events; name some, such as product.updated");
        }
        Ok(())
    }
}

/// A subscription as Unleashed lists it. Its key is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscription {
    /// Unleashed's id of it.
    pub id: Text,
    /// What Unleashed shows it by.
    pub description: Option<Text>,
    /// Where it is delivered to.
    pub notification_url: Option<Text>,
    /// Its events.
    pub event_types: Vec<String>,
}

impl Subscription {
    fn read(members: &Loose<'_>) -> Option<Self> {
        let event_types = members.raw("eventtypes").and_then(|raw| serde_json::from_str(raw).ok());
        Some(Subscription {
            id: members.text("subscriptionid").or_else(|| members.text("id"))?,
            description: members.text("description"),
            notification_url: members.text("notificationurl"),
            event_types: event_types.unwrap_or_default(),
        })
    }
}

/// Where the signature key of a subscription is kept; none for an id that is no GUID.
///
/// The id of a delivery is not verified when its key is looked for, so it may name a key and nothing else.
pub(super) fn key_name(cx: &Context, id: &str) -> Option<KeyName> {
    let id = id.to_ascii_lowercase();
    let is_guid = (32..=38).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_guid.then(|| cx.key_name(&format!("webhook_key/{id}")))
}

impl Unleashed {
    /// Makes a webhook subscription and keeps its signature key in the vault.
    ///
    /// Unleashed shows the key once, in this answer, and grants five subscriptions to an account. The call is not
    /// repeated. Where its answer is lost, the subscription may exist without its key: delete it in Unleashed.
    ///
    /// # Errors
    /// `ConfigInvalid` without a vault, HTTPS or events, before any call; `InvalidResponse` for an answer without a
    /// key; otherwise as the vendor's table.
    ///
    /// # Cancel safety
    /// A dropped future may have made a subscription whose key is lost.
    pub async fn subscribe(&self, cx: &Context, new: &NewSubscription) -> Result<Subscription> {
        new.check()?;
        let vault = cx.vault()?;
        // The key exists in one answer only: a vault that does not answer is found out before.
        vault.get(&cx.key_name("webhook_key")).await?;
        let response = self
            .client
            .post_subscription(cx, PATH, new)
            .await
            .map_err(|error| error.operation("unleashed.subscribe"))?;
        let (subscription, key) = made(&response, new).map_err(|e| e.operation("unleashed.subscribe"))?;
        let lost = |error: Error| {
            error
                .operation("unleashed.subscribe")
                .context("subscription", &subscription.id)
                .context("remedy", "its key is lost; delete the subscription in Unleashed and make another")
        };
        let name = key_name(cx, &subscription.id).ok_or_else(|| {
            lost(Error::new(ErrorKind::InvalidResponse, "the subscription's id is no GUID"))
        })?;
        let version = vault.get(&name).await.map_err(lost)?.map(|(_, version)| version);
        vault.put(&name, &key, version).await.map_err(lost)?;
        Ok(subscription)
    }

    /// Lists the account's webhook subscriptions, also those that others made.
    ///
    /// # Errors
    /// As the vendor's table; `InvalidResponse` when the answer is no list.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn subscriptions(&self, cx: &Context) -> Result<Vec<Subscription>> {
        let response = self.client.get_subscriptions(cx, PATH).await;
        let response = response.map_err(|error| error.operation("unleashed.subscriptions"))?;
        listed(&response.body).ok_or_else(|| {
            unreadable("the answer is not a list of subscriptions").operation("unleashed.subscriptions")
        })
    }
}

/// The body is not quoted: it may hold a key.
fn unreadable(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse, message)
}

/// The subscription and its key out of the answer that made them.
fn made(response: &Response, new: &NewSubscription) -> Result<(Subscription, SecretString)> {
    let members = Loose::read(&response.body)
        .map_err(|_| unreadable("the answer is not a subscription; look for it in Unleashed"))?;
    let missing = "the answer has no subscription id; look for the subscription in Unleashed";
    let read = Subscription::read(&members).ok_or_else(|| unreadable(missing))?;
    let key = members.text("signaturekey").ok_or_else(|| {
        let message =
            "the answer has no signature key; delete the subscription in Unleashed and make another";
        unreadable(message).context("subscription", &read.id)
    })?;
    let subscription = Subscription {
        description: read.description.or(Some(new.description.as_str().into())),
        notification_url: read.notification_url.or(Some(new.notification_url.as_str().into())),
        event_types: if read.event_types.is_empty() { new.event_types.clone() } else { read.event_types },
        ..read
    };
    Ok((subscription, SecretString::from(key.as_str())))
}

/// The list alone or in an envelope: sources do not say which.
fn listed(body: &[u8]) -> Option<Vec<Subscription>> {
    #[derive(Deserialize)]
    struct Bare<'a>(#[serde(borrow)] Vec<&'a RawValue>);
    let list = match Loose::read(body) {
        Ok(envelope) => ["items", "subscriptions", "data"].iter().find_map(|name| envelope.raw(name))?,
        Err(_) => std::str::from_utf8(body).ok()?,
    };
    let Bare(items) = serde_json::from_str(list).ok()?;
    items.into_iter().map(|item| Subscription::read(&Loose::read(item.get().as_bytes()).ok()?)).collect()
}
