//! What notifications say.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::universe::{MarketOrder, MarketOrderStatus, SellerAccount};

pub(crate) fn milli(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(crate) fn order(account: &SellerAccount, order: &MarketOrder) -> Value {
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

pub(crate) fn inventory(account: &SellerAccount, sku: &str) -> Option<Value> {
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

pub(crate) fn listing(account: &SellerAccount, marketplace: &str, sku: &str) -> Option<Value> {
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

pub(crate) fn transaction(account: &SellerAccount, id: &str) -> Option<Value> {
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
