//! Notifications as they arrive in the seller's queue or on the seller's event bus.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::server::AmazonState;
use crate::universe::{MarketOrder, MarketOrderStatus, SellerAccount};

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

fn milli(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
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

fn order(account: &SellerAccount, order: &MarketOrder) -> Value {
    let shipped: i64 = order.items.iter().map(|item| item.shipped).sum();
    let ordered: i64 = order.items.iter().map(|item| item.quantity).sum();
    let open = if order.status == MarketOrderStatus::Cancelled { 0 } else { ordered - shipped };
    let items: Vec<Value> = order
        .items
        .iter()
        .map(|item| {
            json!({
                "OrderItemId": item.id,
                "SellerSKU": item.sku,
                "SupplySourceId": null,
                "OrderItemStatus": if item.shipped == item.quantity { "Shipped" } else { "Unshipped" },
                "Quantity": item.quantity,
                "QuantityShipped": item.shipped,
            })
        })
        .collect();
    let programs: Vec<&str> =
        order.programs.iter().map(|program| if *program == "PRIME" { "Prime" } else { "Business" }).collect();
    json!({
        "NotificationLevel": "OrderLevel",
        "SellerId": account.seller_id,
        "AmazonOrderId": order.id,
        "OrderChangeType": "OrderStatusChange",
        "OrderChangeTrigger": {"TimeOfOrderChange": milli(order.updated_at), "ChangeReason": "Order status changed"},
        "Summary": {
            "MarketplaceId": account.markets[order.market].id,
            "OrderStatus": order.status.as_old_str(),
            "PurchaseDate": milli(order.created_at),
            "DestinationPostalCode": order.buyer.postal_code,
            "FulfillmentType": order.by.network(),
            "OrderType": "StandardOrder",
            "NumberOfItemsShipped": shipped,
            "NumberOfItemsUnshipped": open,
            "OrderPrograms": programs,
            "ShippingPrograms": [],
            "OrderItems": items,
        },
    })
}

fn inventory(account: &SellerAccount, sku: &str) -> Option<Value> {
    let rows = || account.stock.iter().filter(|row| row.sku == sku && row.condition == "NewItem");
    let first = rows().next()?;
    let markets: Vec<Value> = rows()
        .map(|row| {
            json!({
                "MarketplaceId": account.markets[row.market].id,
                "ItemName": row.title,
                "FulfillmentInventory": {
                    "InboundQuantityBreakdown": {
                        "Working": row.inbound_working,
                        "Shipped": row.inbound_shipped,
                        "Receiving": row.inbound_receiving,
                    },
                    "Fulfillable": row.fulfillable,
                    "Unfulfillable": row.unfulfillable,
                    "Researching": 0,
                    "ReservedQuantityBreakdown": {
                        "WarehouseProcessing": 0,
                        "WarehouseTransfer": row.reserved_transfers,
                        "PendingCustomerOrder": row.reserved_orders,
                    },
                    "FutureSupplyBuyable": 0,
                    "PendingCustomerOrderInTransit": 0,
                },
            })
        })
        .collect();
    Some(json!({
        "SellerId": account.seller_id,
        "FNSKU": first.fn_sku,
        "ASIN": first.asin,
        "SKU": sku,
        "FulfillmentInventoryByMarketplace": markets,
    }))
}

fn listing(account: &SellerAccount, marketplace: &str, sku: &str) -> Option<Value> {
    if let Some(listing) = account.listing(account.market_of(marketplace)?, sku) {
        let status: &[&str] = if listing.buyable { &["BUYABLE", "DISCOVERABLE"] } else { &["DISCOVERABLE"] };
        return Some(json!({
            "SellerId": account.seller_id,
            "MarketplaceId": marketplace,
            "Asin": listing.asin,
            "Sku": sku,
            "CreatedDate": milli(listing.created_at),
            "Status": status,
        }));
    }
    let key = format!("{marketplace}/{sku}");
    account.deleted_listings.iter().find(|(gone, _)| *gone == key)?;
    Some(json!({
        "SellerId": account.seller_id,
        "MarketplaceId": marketplace,
        "Sku": sku,
        "Status": ["DELETED"],
    }))
}

fn transaction(account: &SellerAccount, id: &str) -> Option<Value> {
    let transaction = account.transactions.iter().find(|transaction| transaction.id == id)?;
    let market = &account.markets[transaction.market];
    let order = transaction.order.iter();
    let related: Vec<Value> =
        order.map(|id| json!({"RelatedIdentifierName": "OrderId", "RelatedIdentifierValue": id})).collect();
    let total: f64 = transaction.total().to_string().parse().unwrap_or_default();
    Some(json!({
        "SellingPartnerMetadata": {
            "SellingPartnerId": account.seller_id,
            "MarketplaceId": market.id,
            "AccountType": "Standard Orders",
        },
        "RelatedIdentifiers": related,
        "TransactionType": transaction.kind,
        "PostedDate": milli(transaction.posted_at),
        "TotalAmount": {"CurrencyAmount": total, "CurrencyCode": market.currency},
    }))
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
