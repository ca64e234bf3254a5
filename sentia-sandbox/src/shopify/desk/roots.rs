//! The lists and single objects of the app's own.

use serde_json::{Map, Value};

use super::Desk;
use crate::shopify::bulk::BulkView;
use crate::shopify::node::{Node, Resolved, Row, Scene};
use crate::shopify::root_fields::listed;

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
