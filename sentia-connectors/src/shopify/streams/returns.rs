//! `returns`: goods on their way back, with their lines.
//!
//! A return has no root list and no update time: it is read under its order, whose time moves with it. Returns are a
//! stream of their own and not part of `orders` because they need a scope of their own (`read_returns`): a missing
//! scope fails its stream, and must not fail the orders. Every order that changed is looked at, whatever its
//! `returnStatus` says: `NO_RETURN` may stand on an order whose return was declined or canceled.

use std::borrow::Cow;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sentia_core::{Context, Decoded, Fetch, Fields, Page, Rejected, Result, Stream, Text};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::shopify::{
    client::Client,
    nested::{Completion, Nested, Stop, complete},
    query::{ORDER_RETURNS, RETURN_LINES, RETURNS},
    scope::OLD_ORDERS,
    search::Search,
    walk::{List, OVERLAP},
    wire::{Connection, MoneyBag, Stamp, Whole, shop_amount, shop_currency},
};

/// A list of orders: its pages are counted in orders.
pub(super) static LIST: List =
    List { hidden: &[OLD_ORDERS], ..List::new(&RETURNS, 100, Search::Seconds("updated_at")) };

/// An order, of which only the returns are wanted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    id: Text,
    updated_at: Stamp,
    returns: Connection<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Return {
    id: Text,
    name: Option<Text>,
    status: Option<Text>,
    total_quantity: Option<Whole>,
    created_at: Option<DateTime<Utc>>,
    request_approved_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    order: Option<Order>,
    return_line_items: Connection<Line>,
}

#[derive(Debug, Deserialize)]
struct Order {
    id: Text,
    name: Option<Text>,
}

/// One position of a return. What came back without an order's line has neither sku nor price.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: Text,
    quantity: Option<Whole>,
    processed_quantity: Option<Whole>,
    unprocessed_quantity: Option<Whole>,
    refundable_quantity: Option<Whole>,
    refunded_quantity: Option<Whole>,
    return_reason: Option<Text>,
    with_code_discounted_total_price_set: Option<MoneyBag>,
    fulfillment_line_item: Option<Shipped>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shipped {
    id: Option<Text>,
    line_item: Option<Ordered>,
}

#[derive(Debug, Clone, Deserialize)]
struct Ordered {
    id: Text,
    sku: Option<Text>,
}

impl Line {
    fn ordered(&self) -> Option<&Ordered> {
        self.fulfillment_line_item.as_ref()?.line_item.as_ref()
    }
}

impl Nested for Return {
    fn id(&self) -> &Text {
        &self.id
    }

    async fn complete(&mut self, completion: &mut Completion<'_>) -> Result<(), Stop> {
        completion.drain(&RETURN_LINES, &self.id, &mut self.return_line_items).await
    }
}

/// Reads the returns of a page of orders.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    stream: &Stream<Return>,
    request: &Fetch<'_>,
) -> Result<Page> {
    let (documents, listed) = LIST.read(client, cx, request, |walk| walk.document()).await?;
    let (mut decoded, mut oldest) = (Decoded::default(), None::<DateTime<Utc>>);
    for document in &documents {
        match returns_of(client, cx, document).await? {
            Ok(owner) => {
                let at = owner.updated_at.at;
                oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
                for raw in owner.returns.nodes {
                    let document = Bytes::from(String::from(Box::<str>::from(raw)));
                    let found = (stream.wire(&document), document);
                    decoded.push(complete(client, cx, stream, found).await?);
                }
            }
            Err(rejected) => decoded.rejected.push(rejected),
        }
    }
    listed.page_since(decoded, oldest)
}

/// An order with all its returns; an order that cannot be read is held back: nobody knows which returns it has.
async fn returns_of(client: &Client, cx: &Context, document: &Bytes) -> Result<Result<Owner, Rejected>> {
    let held = |rule: &str, reason: String| {
        Err(Rejected { key: None, rule: rule.into(), reason, document: document.clone() })
    };
    let mut owner: Owner = match serde_json::from_slice(document) {
        Ok(owner) => owner,
        Err(error) => return Ok(held("decode", error.to_string())),
    };
    let mut completion = Completion::new(client, cx);
    match completion.drain(&ORDER_RETURNS, &owner.id, &mut owner.returns).await {
        Ok(()) => Ok(Ok(owner)),
        Err(Stop::Hold(reason)) => Ok(held("complete", reason)),
        Err(Stop::Fail(error)) => Err(error.context("record", &owner.id)),
    }
}

pub(super) fn stream() -> Stream<Return> {
    Stream::new("returns", "id", |parcel: &Return| parcel.id.clone())
        .describe("goods that a buyer sends back, with their lines")
        .scopes(&["read_returns", "read_orders", "read_all_orders"])
        .incremental("order.updatedAt", OVERLAP)
        .swept()
        .max_page(250)
        .columns(
            Fields::<Return>::new()
                .text("order_id", |parcel| parcel.order.as_ref().map(|order| order.id.clone()))
                .text("order_name", |parcel| parcel.order.as_ref()?.name.clone())
                .text("name", |parcel| parcel.name.clone())
                .text("status", |parcel| parcel.status.clone())
                .integer("total_quantity", |parcel| parcel.total_quantity.map(|number| number.0))
                .timestamp("created_at", |parcel| parcel.created_at)
                .timestamp("approved_at", |parcel| parcel.request_approved_at)
                .timestamp("closed_at", |parcel| parcel.closed_at),
        )
        .children("return_lines", |parcel| Cow::Borrowed(&parcel.return_line_items.nodes), lines())
}

fn lines() -> Fields<Line> {
    Fields::<Line>::new()
        .text("return_line_id", |line| Some(line.id.clone()))
        .text("fulfillment_line_id", |line| line.fulfillment_line_item.as_ref()?.id.clone())
        .text("line_id", |line| line.ordered().map(|ordered| ordered.id.clone()))
        .text("sku", |line| line.ordered()?.sku.clone())
        .text("reason", |line| line.return_reason.clone())
        .integer("quantity", |line| line.quantity.map(|number| number.0))
        .integer("processed_quantity", |line| line.processed_quantity.map(|number| number.0))
        .integer("unprocessed_quantity", |line| line.unprocessed_quantity.map(|number| number.0))
        .integer("refundable_quantity", |line| line.refundable_quantity.map(|number| number.0))
        .integer("refunded_quantity", |line| line.refunded_quantity.map(|number| number.0))
        .amount("discounted_total", |line| shop_amount(&line.with_code_discounted_total_price_set))
        .text("currency", |line| shop_currency(&line.with_code_discounted_total_price_set))
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn a_return_names_its_order_and_what_comes_back() {
        let record = stream().decode(include_str!("../fixtures/return.json").into()).expect("readable");
        let text = |text: &str| Value::Text(text.into());
        assert_eq!(record.key, "gid://shopify/Return/945000954146154508");
        assert_eq!(record.values[0], text("gid://shopify/Order/820982911946154508"));
        assert_eq!((&record.values[3], &record.values[4]), (&text("OPEN"), &Value::Integer(2)));
        let [shipped, unknown] = record.children[0].as_slice() else { panic!("two lines") };
        assert_eq!((&shipped[2], &shipped[3]), (&text("gid://shopify/LineItem/466157049"), &text("BOLT-M8")));
        assert_eq!(shipped[10], Value::Amount("24.90".parse().expect("decimal")));
        assert_eq!(
            (&unknown[3], &unknown[5], &unknown[10]),
            (&Value::Null, &Value::Integer(1), &Value::Null)
        );
    }
}
