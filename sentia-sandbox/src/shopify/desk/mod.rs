//! Fields of what the twin itself keeps for the app: bulk operations, webhook subscriptions, answers to mutations.

mod roots;
mod view;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(crate) use self::roots::{by_id, root, subscription_rows};
pub(crate) use self::view::{DeskView, Payload, UserError};

use super::bulk::BulkView;
use super::catalog_fields::VERSIONS;
use super::node::{Node, Resolved, Scene, gid, time, time_if};
use super::search::Fact;
use super::webhook::Subscription;
use crate::universe::Stamp;

/// One object of the app's own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Desk<'u> {
    /// The root of mutations; their effects are done before the answer is written.
    Mutation,
    Payload(&'u Payload),
    UserError(&'u Payload, usize),
    Bulk(&'u BulkView),
    Subscription(&'u Subscription),
}

impl<'u> Desk<'u> {
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Mutation => "Mutation",
            Self::Payload(payload) => payload.type_name,
            Self::UserError(payload, _) if payload.type_name == "BulkOperationRunQueryPayload" => {
                "BulkOperationUserError"
            }
            Self::UserError(..) => "UserError",
            Self::Bulk(_) => "BulkOperation",
            Self::Subscription(_) => "WebhookSubscription",
        }
    }

    /// `key` is the field's name in the answer, by which payloads are found.
    pub(crate) fn resolve(self, scene: Scene<'u>, field: &str, key: &str) -> Resolved<'u> {
        let desk = scene.desk;
        match self {
            Self::Mutation => {
                let payload = desk.payloads.iter().find(|(name, _)| name == key);
                Resolved::maybe(payload.map(|(_, payload)| Node::Desk(Self::Payload(payload))))
            }
            Self::Payload(payload) => match field {
                "bulkOperation" => Resolved::maybe(
                    payload.bulk.and_then(|id| desk.bulk(id)).map(|b| Node::Desk(Self::Bulk(b))),
                ),
                "webhookSubscription" => Resolved::maybe(
                    payload
                        .subscription
                        .and_then(|id| desk.subscription(id))
                        .map(|s| Node::Desk(Self::Subscription(s))),
                ),
                "userErrors" => Resolved::list(
                    (0..payload.errors.len()).map(|at| Node::Desk(Self::UserError(payload, at))),
                ),
                _ => Resolved::Leaf(json!(payload.deleted)),
            },
            Self::UserError(payload, at) => Resolved::Leaf(match field {
                "field" => json!(payload.errors[at].field),
                "message" => json!(payload.errors[at].message),
                _ => json!(payload.errors[at].code),
            }),
            Self::Bulk(bulk) => Resolved::Leaf(bulk_leaf(bulk, field)),
            Self::Subscription(subscription) => self::subscription(subscription, field),
        }
    }

    pub(crate) fn search_fields(self) -> &'static [&'static str] {
        match self {
            Self::Bulk(_) => &["created_at", "id", "operation_type", "status"],
            Self::Subscription(_) => &["created_at", "id", "updated_at"],
            _ => &[],
        }
    }

    pub(crate) fn fact(self, field: &str) -> Option<Fact> {
        let word = |word: &str| Some(Fact::Words(vec![word.to_owned()]));
        match (self, field) {
            (Self::Bulk(bulk), "id") => Some(Fact::Id(bulk.id)),
            (Self::Bulk(bulk), "created_at") => Some(Fact::Time(bulk.created_at)),
            (Self::Bulk(bulk), "status") => word(bulk.status),
            (Self::Bulk(_), "operation_type") => word("query"),
            (Self::Subscription(subscription), "id") => Some(Fact::Id(subscription.id)),
            (Self::Subscription(subscription), _) => Some(Fact::Time(subscription.created_at)),
            _ => None,
        }
    }

    pub(crate) fn stamp(self) -> Option<Stamp> {
        let at: DateTime<Utc> = match self {
            Self::Bulk(bulk) => bulk.created_at,
            Self::Subscription(subscription) => subscription.created_at,
            _ => return None,
        };
        Some(Stamp::new(at))
    }
}

fn bulk_leaf(bulk: &BulkView, field: &str) -> Value {
    match field {
        "id" => gid("BulkOperation", bulk.id),
        "status" => json!(bulk.status),
        "type" => json!("QUERY"),
        "errorCode" => json!(bulk.error_code),
        "createdAt" => time(bulk.created_at),
        "completedAt" => time_if(bulk.completed_at),
        "objectCount" => json!(bulk.objects.to_string()),
        "rootObjectCount" => json!(bulk.roots.to_string()),
        "fileSize" => bulk.file_size.map_or(Value::Null, |size| json!(size.to_string())),
        "url" => json!(bulk.url),
        "partialDataUrl" => json!(bulk.partial_url),
        "query" => json!(bulk.query),
        _ => Value::Null,
    }
}

fn subscription<'u>(subscription: &Subscription, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "apiVersion" => {
            let at = VERSIONS.iter().position(|(handle, ..)| *handle == subscription.api_version);
            return Resolved::maybe(at.map(Node::Version));
        }
        "id" => gid("WebhookSubscription", subscription.id),
        "legacyResourceId" => json!(subscription.id.to_string()),
        "topic" => json!(subscription.topic),
        "uri" | "callbackUrl" => json!(subscription.uri),
        "format" => json!("JSON"),
        "includeFields" => json!(subscription.include_fields),
        "metafieldNamespaces" => json!([]),
        "name" => json!(subscription.name),
        "createdAt" => time(subscription.created_at),
        "updatedAt" => time(subscription.updated_at),
        _ => Value::Null,
    })
}
