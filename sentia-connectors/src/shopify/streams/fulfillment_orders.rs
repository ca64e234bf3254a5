//! `fulfillment_orders`: what a location is asked to ship, closed ones too, with their lines.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use crate::shopify::{
    nested::{Completion, Nested, Stop},
    query::{FULFILLMENT_ORDER_LINES, FULFILLMENT_ORDERS},
    scope::{Hidden, OLD_ORDERS},
    search::Search,
    walk::{List, OVERLAP},
    wire::{Connection, Ref, Stamp, Whole, id_of},
};

/// "The returned fulfillment orders are filtered according to the access scopes granted" (schema,
/// `QueryRoot.fulfillmentOrders`): any one of the scopes opens the list, and the others shorten it without a word.
const FILTERED: [Hidden; 3] = [
    Hidden {
        without: "read_merchant_managed_fulfillment_orders",
        code: "merchant_managed_hidden",
        message: "without the scope read_merchant_managed_fulfillment_orders shopify hides what the merchant's own \
                  locations ship; grant it, then read everything once",
    },
    Hidden {
        without: "read_third_party_fulfillment_orders",
        code: "third_party_hidden",
        message: "without the scope read_third_party_fulfillment_orders shopify hides what fulfillment services \
                  ship; grant it, then read everything once",
    },
    OLD_ORDERS,
];

/// Closed ones are hidden unless asked for. Whether the list then shows every one, merged and cancelled ones too, is
/// not published: it is not swept.
pub(super) static LIST: List =
    List { hidden: &FILTERED, ..List::new(&FULFILLMENT_ORDERS, 100, Search::Seconds("updated_at")) };

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FulfillmentOrder {
    id: Text,
    status: Option<Text>,
    request_status: Option<Text>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Stamp,
    fulfill_at: Option<DateTime<Utc>>,
    fulfill_by: Option<DateTime<Utc>>,
    order_id: Option<Text>,
    order_name: Option<Text>,
    order_processed_at: Option<DateTime<Utc>>,
    assigned_location: Option<Assigned>,
    line_items: Connection<Line>,
}

/// The location as it was named when the work was assigned; the location itself may be gone since.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assigned {
    name: Option<Text>,
    country_code: Option<Text>,
    location: Option<Ref>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: Text,
    total_quantity: Option<Whole>,
    remaining_quantity: Option<Whole>,
    requires_shipping: Option<bool>,
    inventory_item_id: Option<Text>,
    sku: Option<Text>,
    product_title: Option<Text>,
    variant_title: Option<Text>,
    vendor: Option<Text>,
    line_item: Option<Ref>,
    variant: Option<Ref>,
}

impl Nested for FulfillmentOrder {
    fn id(&self) -> &Text {
        &self.id
    }

    async fn complete(&mut self, completion: &mut Completion<'_>) -> Result<(), Stop> {
        completion.drain(&FULFILLMENT_ORDER_LINES, &self.id, &mut self.line_items).await
    }
}

pub(super) fn stream() -> Stream<FulfillmentOrder> {
    Stream::new("fulfillment_orders", "id", |order: &FulfillmentOrder| order.id.clone())
        .describe("what a location is asked to ship of an order, with its lines")
        .scopes(&[
            "read_merchant_managed_fulfillment_orders",
            "read_third_party_fulfillment_orders",
            "read_all_orders",
        ])
        .version(|order| Some(order.updated_at.version()))
        .incremental("updatedAt", OVERLAP)
        .max_page(250)
        .columns(
            Fields::<FulfillmentOrder>::new()
                .text("order_id", |order| order.order_id.clone())
                .text("order_name", |order| order.order_name.clone())
                .text("status", |order| order.status.clone())
                .text("request_status", |order| order.request_status.clone())
                .timestamp("created_at", |order| order.created_at)
                .timestamp("updated_at", |order| Some(order.updated_at.at))
                .timestamp("order_processed_at", |order| order.order_processed_at)
                .timestamp("fulfill_at", |order| order.fulfill_at)
                .timestamp("fulfill_by", |order| order.fulfill_by)
                .text("location_id", |order| id_of(&order.assigned_location.as_ref()?.location))
                .text("location_name", |order| order.assigned_location.as_ref()?.name.clone())
                .text("location_country", |order| order.assigned_location.as_ref()?.country_code.clone()),
        )
        .children("fulfillment_order_lines", |order| Cow::Borrowed(&order.line_items.nodes), lines())
}

fn lines() -> Fields<Line> {
    Fields::<Line>::new()
        .text("fulfillment_order_line_id", |line| Some(line.id.clone()))
        .text("line_id", |line| id_of(&line.line_item))
        .text("variant_id", |line| id_of(&line.variant))
        .text("inventory_item_id", |line| line.inventory_item_id.clone())
        .text("sku", |line| line.sku.clone())
        .text("title", |line| line.product_title.clone())
        .text("variant_title", |line| line.variant_title.clone())
        .text("vendor", |line| line.vendor.clone())
        .integer("total_quantity", |line| line.total_quantity.map(|number| number.0))
        .integer("remaining_quantity", |line| line.remaining_quantity.map(|number| number.0))
        .boolean("requires_shipping", |line| line.requires_shipping)
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn lines_say_what_is_left_to_ship() {
        let record =
            stream().decode(include_str!("../fixtures/fulfillment_order.json").into()).expect("readable");
        let text = |text: &str| Value::Text(text.into());
        assert_eq!(record.key, "gid://shopify/FulfillmentOrder/1046000778146154508");
        assert_eq!(record.values[0], text("gid://shopify/Order/820982911946154508"));
        assert_eq!((&record.values[2], &record.values[9]), (&text("IN_PROGRESS"), &Value::Null));
        assert_eq!(record.values[10], text("Closed warehouse"), "the name outlives the location");
        let line = &record.children[0][0];
        assert_eq!((&line[8], &line[9]), (&Value::Integer(5), &Value::Integer(2)));
        assert_eq!((&line[1], &line[2]), (&text("gid://shopify/LineItem/466157049"), &Value::Null));
    }
}
