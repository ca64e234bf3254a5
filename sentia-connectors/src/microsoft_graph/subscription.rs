//! What a host sends to be notified: bodies for `POST /subscriptions` and `PATCH /subscriptions/{id}`.
//!
//! The connector reads and never writes, so the host sends them. A subscription ends by itself: renew it at half its
//! life, make it anew when Graph answers 404, and read the stream's changes after either.
//!
//! ```
//! use sentia_connectors::microsoft_graph::subscription::{Resource, Subscription};
//!
//! let now = "2026-03-01T00:00:00Z".parse().expect("a time");
//! let inbox = Subscription::new(Resource::Messages("u-1"), "https://acme.example/hooks/graph", &"state".into(), now);
//! let body = serde_json::to_value(&inbox).expect("serializes");
//! assert_eq!(body["resource"], "/users/u-1/messages");
//! assert_eq!(body["expirationDateTime"], "2026-03-07T23:45:00Z");
//! ```

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::client::segment;

/// What to be notified of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource<'a> {
    /// The tenant's users.
    Users,
    /// A list, by the ids of its site and itself.
    List(&'a str, &'a str),
    /// A drive, by its id.
    Drive(&'a str),
    /// The messages of a mailbox, by its user's id.
    Messages(&'a str),
    /// The events of a mailbox, by its user's id.
    Events(&'a str),
}

impl Resource<'_> {
    fn path(self) -> String {
        match self {
            Resource::Users => "/users".to_owned(),
            Resource::List(site, list) => format!("/sites/{}/lists/{}", segment(site), segment(list)),
            Resource::Drive(drive) => format!("/drives/{}/root", segment(drive)),
            Resource::Messages(user) => format!("/users/{}/messages", segment(user)),
            Resource::Events(user) => format!("/users/{}/events", segment(user)),
        }
    }

    /// What can be asked for: drives and lists tell updates alone, users no creation.
    fn changes(self) -> &'static str {
        match self {
            Resource::Users => "updated,deleted",
            Resource::List(..) | Resource::Drive(_) => "updated",
            Resource::Messages(_) | Resource::Events(_) => "created,updated,deleted",
        }
    }

    /// The longest life that Graph grants [D:change-notifications-subscription-lifetime].
    pub fn lifetime(self) -> TimeDelta {
        match self {
            Resource::Users => TimeDelta::minutes(41_760),
            Resource::List(..) | Resource::Drive(_) => TimeDelta::minutes(42_300),
            Resource::Messages(_) | Resource::Events(_) => TimeDelta::minutes(10_080),
        }
    }

    /// The end to ask for now: the longest, less a margin for clocks that differ.
    fn end(self, now: DateTime<Utc>) -> String {
        (now + self.lifetime() - TimeDelta::minutes(15)).to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

/// The body of `POST /subscriptions`. For messages and events send it with `Prefer: IdType="ImmutableId"`, or the ids
/// in notifications are not those of the records.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    change_type: &'static str,
    notification_url: String,
    lifecycle_notification_url: String,
    resource: String,
    expiration_date_time: String,
    client_state: String,
}

impl Subscription {
    /// A subscription to `resource` that notifies `url`, also of its own life, and repeats `client_state` each time.
    pub fn new(resource: Resource<'_>, url: &str, client_state: &SecretString, now: DateTime<Utc>) -> Self {
        Subscription {
            change_type: resource.changes(),
            notification_url: url.to_owned(),
            lifecycle_notification_url: url.to_owned(),
            resource: resource.path(),
            expiration_date_time: resource.end(now),
            client_state: client_state.expose_secret().to_owned(),
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({} until {})", self.resource, self.expiration_date_time)
    }
}

/// The body of `PATCH /subscriptions/{id}`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewal {
    expiration_date_time: String,
}

impl Renewal {
    /// A renewal of a subscription to `resource`.
    pub fn new(resource: Resource<'_>, now: DateTime<Utc>) -> Self {
        Renewal { expiration_date_time: resource.end(now) }
    }
}
