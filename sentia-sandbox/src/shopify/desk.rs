//! Fields of what the twin itself keeps for the app: bulk operations, webhook subscriptions, answers to mutations.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::bulk::BulkView;
use super::catalog_fields::VERSIONS;
use super::node::{Node, Resolved, Row, Scene, gid, time, time_if};
use super::root_fields::listed;
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

/// What the twin keeps for the app, as it stood when a request came.
#[derive(Debug, Default)]
pub(crate) struct DeskView {
    pub(crate) bulks: Vec<BulkView>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// What the mutations of this request came to, by their name in the answer.
    pub(crate) payloads: Vec<(String, Payload)>,
}

impl DeskView {
    pub(crate) fn bulk(&self, id: u64) -> Option<&BulkView> {
        self.bulks.iter().find(|bulk| bulk.id == id)
    }

    pub(crate) fn subscription(&self, id: u64) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.id == id)
    }
}

/// What a mutation came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payload {
    pub(crate) type_name: &'static str,
    pub(crate) bulk: Option<u64>,
    pub(crate) subscription: Option<u64>,
    pub(crate) deleted: Option<String>,
    pub(crate) errors: Vec<UserError>,
}

/// A mistake of business, told under status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserError {
    pub(crate) field: Option<Vec<&'static str>>,
    pub(crate) message: String,
    pub(crate) code: Option<&'static str>,
}

impl UserError {
    pub(crate) fn new(field: &[&'static str], message: impl Into<String>) -> Self {
        let field = (!field.is_empty()).then(|| field.to_vec());
        Self { field, message: message.into(), code: None }
    }

    pub(crate) fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }
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

/// The query root's fields of the app's own.
pub(crate) fn root<'u>(scene: Scene<'u>, field: &str, arguments: &Map<String, Value>) -> Resolved<'u> {
    match field {
        "bulkOperations" => {
            let rows = scene.desk.bulks.iter();
            let row = |b: &'u BulkView| Row { node: Node::Desk(Desk::Bulk(b)), id: b.id, at: None };
            listed(scene, field, rows.map(row).collect(), arguments)
        }
        "currentBulkOperation" => {
            let mutation = arguments.get("type").and_then(Value::as_str) == Some("MUTATION");
            let latest = scene.desk.bulks.last().filter(|_| !mutation);
            Resolved::maybe(latest.map(|bulk| Node::Desk(Desk::Bulk(bulk))))
        }
        "webhookSubscriptions" => listed(scene, field, subscription_rows(scene, arguments), arguments),
        _ => Resolved::null(),
    }
}

/// The subscriptions that the arguments of their list let through. Those of the app's configuration are not listed.
pub(crate) fn subscription_rows<'u>(scene: Scene<'u>, arguments: &Map<String, Value>) -> Vec<Row<'u>> {
    let topics = arguments.get("topics").and_then(Value::as_array);
    let uri = arguments.get("uri").and_then(Value::as_str);
    let format = arguments.get("format").and_then(Value::as_str);
    let shown = scene.desk.subscriptions.iter().filter(|subscription| {
        topics.is_none_or(|topics| topics.iter().any(|topic| *topic == subscription.topic))
            && uri.is_none_or(|uri| uri == subscription.uri)
            && format.is_none_or(|format| format == "JSON")
            && !subscription.configured
    });
    shown.map(|s| Row { node: Node::Desk(Desk::Subscription(s)), id: s.id, at: None }).collect()
}

/// The object of a type and number, if it is one of the app's own.
pub(crate) fn by_id<'u>(scene: Scene<'u>, kind: &str, id: u64) -> Option<Node<'u>> {
    let found = match kind {
        "BulkOperation" => scene.desk.bulk(id).map(Desk::Bulk),
        "WebhookSubscription" => {
            scene.desk.subscription(id).filter(|s| !s.configured).map(Desk::Subscription)
        }
        _ => None,
    };
    found.map(Node::Desk)
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
