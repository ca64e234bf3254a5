//! Notifications as they arrive in the seller's queue or on the seller's event bus.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::notification_payload::{inventory, listing, milli, order, transaction};
use super::state::AmazonState;

/// A change of the universe that Amazon tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmazonChange {
    /// `ORDER_CHANGE`, by order id.
    Order(String),
    /// `FBA_INVENTORY_AVAILABILITY_CHANGES`, by sku: one message for all markets of the account.
    Inventory(String),
    /// `LISTINGS_ITEM_STATUS_CHANGE`, by marketplace id and sku; for a deleted listing the status is DELETED.
    Listing(String, String),
    /// `REPORT_PROCESSING_FINISHED`, by report id.
    Report(String),
    /// `TRANSACTION_UPDATE`, by transaction id.
    Transaction(String),
}

/// The notification of a change, with a fresh id; none for what the account does not know.
pub(crate) fn envelope(state: &AmazonState, change: &AmazonChange) -> Option<Value> {
    let now = state.world.clock.now();
    let universe = state.world.read();
    let account = universe.amazon.of(state.region);
    match change {
        AmazonChange::Order(id) => {
            let payload = json!({"OrderChangeNotification": order(account, account.order(id)?)});
            Some(pascal(state, "ORDER_CHANGE", payload, now))
        }
        AmazonChange::Inventory(sku) => {
            Some(pascal(state, "FBA_INVENTORY_AVAILABILITY_CHANGES", inventory(account, sku)?, now))
        }
        AmazonChange::Listing(marketplace, sku) => {
            Some(pascal(state, "LISTINGS_ITEM_STATUS_CHANGE", listing(account, marketplace, sku)?, now))
        }
        AmazonChange::Transaction(id) => {
            let payload = json!({"TransactionUpdateNotification": transaction(account, id)?});
            Some(pascal(state, "TRANSACTION_UPDATE", payload, now))
        }
        AmazonChange::Report(id) => {
            let seller = account.seller_id.clone();
            drop(universe);
            report(state, id, &seller, now)
        }
    }
}

fn pascal(state: &AmazonState, kind: &str, payload: Value, now: DateTime<Utc>) -> Value {
    json!({
        "NotificationVersion": "1.0",
        "NotificationType": kind,
        "PayloadVersion": "1.0",
        "EventTime": milli(now),
        "Payload": payload,
        "NotificationMetadata": {
            "ApplicationId": "amzn1.sellerapps.app.aacccfff-4455-4b7c-4422-664ecacdd336",
            "SubscriptionId": "d0e9e693-c3ad-4373-979f-ed4ec98dd746",
            "PublishTime": milli(now),
            "NotificationId": state.fresh_id(),
        },
    })
}

/// In camel case, and only for a report that is over.
fn report(state: &AmazonState, id: &str, seller: &str, now: DateTime<Utc>) -> Option<Value> {
    let report = super::reports::get(state, id).ok()?;
    let status = report["processingStatus"].as_str()?;
    if !["DONE", "CANCELLED", "FATAL"].contains(&status) {
        return None;
    }
    let mut finished = json!({
        "sellerId": seller,
        "accountId": format!("amzn1.merchant.o.{seller}"),
        "reportId": id,
        "reportType": report["reportType"],
        "processingStatus": status,
    });
    if let Some(document) = report.get("reportDocumentId") {
        finished["reportDocumentId"] = document.clone();
    }
    Some(json!({
        "notificationVersion": "2020-09-04",
        "notificationType": "REPORT_PROCESSING_FINISHED",
        "payloadVersion": "2020-09-04",
        "eventTime": milli(now),
        "payload": {"reportProcessingFinishedNotification": finished},
        "notificationMetadata": {
            "applicationId": "amzn1.sellerapps.app.aacccfff-4455-4b7c-4422-664ecacdd336",
            "subscriptionId": "d0e9e693-c3ad-4373-979f-ed4ec98dd746",
            "publishTime": milli(now),
            "notificationId": state.fresh_id(),
        },
    }))
}

/// The message of the queue: the notification is text in its body.
pub(crate) fn sqs(state: &AmazonState, envelope: &Value) -> Value {
    json!({
        "MessageId": state.fresh_id(),
        "ReceiptHandle": format!("AQEB{}", state.fresh_id().replace('-', "")),
        "Body": envelope.to_string(),
        "Attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": state.world.clock.now().timestamp_millis().to_string(),
        },
    })
}

/// The event of the bus: the notification is its detail.
pub(crate) fn event_bridge(state: &AmazonState, envelope: &Value) -> Value {
    let kind = envelope.get("NotificationType").or_else(|| envelope.get("notificationType"));
    json!({
        "version": "0",
        "id": state.fresh_id(),
        "detail-type": kind,
        "source": "aws.partner/sellingpartnerapi.amazon.com/437568002678/amzn1.sellerapps.app.aacccfff",
        "account": "123456789012",
        "time": state.world.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": if state.region == crate::universe::Region::Uk { "eu-west-1" } else { "us-east-1" },
        "resources": [],
        "detail": envelope,
    })
}
