//! `orders` with their lines, refunds, fulfillments and transactions; test orders too, marked.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use super::order_parts::{
    Fulfillment, FulfillmentLine, Line, Refund, RefundLine, Transaction, fulfillment_columns,
    fulfillment_line_columns, line_columns, refund_columns, refund_line_columns, transaction_columns,
};
use crate::shopify::{
    bulk::{Child, Export, Gaps, LARGE},
    nested::{Completion, Nested, Stop},
    query::{FULFILLMENT_LINES, ORDER_LINES, ORDER_LISTS, ORDER_PARTS, ORDERS, ORDERS_COUNT, REFUND_LINES},
    scope::OLD_ORDERS,
    search::Search,
    walk::{List, OVERLAP},
    wire::{Connection, MoneyBag, Ref, Region, Stamp, Whole, id_of, joined, presentment_amount, shop_amount},
};

/// No filter by status: GraphQL hides no order by it.
pub(super) static LIST: List =
    List { hidden: &[OLD_ORDERS], ..List::new(&ORDERS, 50, Search::Seconds("updated_at")) };

/// Refunds and fulfillments are lists that hold connections, so a bulk operation brings their ids only.
pub(super) static EXPORT: Export = Export {
    list: &LIST,
    count: &ORDERS_COUNT,
    children: &[Child { member: "lineItems", kind: "LineItem" }],
    gaps: Some(&Gaps { query: &ORDER_PARTS, members: &["refunds", "fulfillments"] }),
};

/// How many refunds, fulfillments and transactions an order brings along. The lists say not whether there are
/// more; one that comes back this long is read again.
const LISTED: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    id: Text,
    legacy_resource_id: Option<Whole>,
    name: Option<Text>,
    created_at: Option<DateTime<Utc>>,
    processed_at: Option<DateTime<Utc>>,
    updated_at: Stamp,
    cancelled_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    cancel_reason: Option<Text>,
    display_financial_status: Option<Text>,
    display_fulfillment_status: Option<Text>,
    return_status: Option<Text>,
    currency_code: Option<Text>,
    presentment_currency_code: Option<Text>,
    taxes_included: Option<bool>,
    test: Option<bool>,
    source_name: Option<Text>,
    po_number: Option<Text>,
    #[serde(default)]
    tags: Vec<Text>,
    customer: Option<Ref>,
    shipping_address: Option<Region>,
    subtotal_price_set: Option<MoneyBag>,
    total_price_set: Option<MoneyBag>,
    total_tax_set: Option<MoneyBag>,
    total_discounts_set: Option<MoneyBag>,
    total_shipping_price_set: Option<MoneyBag>,
    total_refunded_set: Option<MoneyBag>,
    current_total_price_set: Option<MoneyBag>,
    line_items: Connection<Line>,
    refunds: Vec<Refund>,
    fulfillments: Vec<Fulfillment>,
    transactions: Vec<Transaction>,
}

/// The lists that have no cursor, read again.
#[derive(Debug, Deserialize)]
struct Lists {
    refunds: Vec<Refund>,
    fulfillments: Vec<Fulfillment>,
    transactions: Vec<Transaction>,
}

impl Nested for Order {
    fn id(&self) -> &Text {
        &self.id
    }

    async fn complete(&mut self, completion: &mut Completion<'_>) -> Result<(), Stop> {
        completion.drain(&ORDER_LINES, &self.id, &mut self.line_items).await?;
        if self.longest_list() >= LISTED {
            let (lists, size) = completion.reread::<Lists>(&ORDER_LISTS, &self.id).await?;
            self.refunds = lists.refunds;
            self.fulfillments = lists.fulfillments;
            self.transactions = lists.transactions;
            if self.longest_list() >= size {
                let reason =
                    format!("a list of {size} refunds, fulfillments or transactions may not be all of them");
                return Err(Stop::Hold(reason));
            }
        }
        for refund in &mut self.refunds {
            completion.drain(&REFUND_LINES, &refund.id, &mut refund.refund_line_items).await?;
        }
        for fulfillment in &mut self.fulfillments {
            completion
                .drain(&FULFILLMENT_LINES, &fulfillment.id, &mut fulfillment.fulfillment_line_items)
                .await?;
        }
        Ok(())
    }
}

impl Order {
    fn longest_list(&self) -> usize {
        self.refunds.len().max(self.fulfillments.len()).max(self.transactions.len())
    }

    fn refund_lines(&self) -> Vec<RefundLine> {
        self.refunds.iter().flat_map(Refund::lines).collect()
    }

    fn fulfillment_lines(&self) -> Vec<FulfillmentLine> {
        self.fulfillments.iter().flat_map(Fulfillment::lines).collect()
    }
}

pub(super) fn stream() -> Stream<Order> {
    Stream::new("orders", "id", |order: &Order| order.id.clone())
        .describe("an order with its lines, refunds, fulfillments and transactions")
        .scopes(&["read_orders", "read_all_orders"])
        .version(|order| Some(order.updated_at.version()))
        .incremental("updatedAt", OVERLAP)
        .swept()
        .max_page(250)
        .exported_from(LARGE)
        .columns(columns())
        .children("order_lines", |order| Cow::Borrowed(&order.line_items.nodes), line_columns())
        .children("refunds", |order| Cow::Borrowed(&order.refunds), refund_columns())
        .children("refund_lines", |order| Cow::Owned(order.refund_lines()), refund_line_columns())
        .children("fulfillments", |order| Cow::Borrowed(&order.fulfillments), fulfillment_columns())
        .children(
            "fulfillment_lines",
            |order| Cow::Owned(order.fulfillment_lines()),
            fulfillment_line_columns(),
        )
        .children("order_transactions", |order| Cow::Borrowed(&order.transactions), transaction_columns())
}

fn columns() -> Fields<Order> {
    Fields::<Order>::new()
        .integer("legacy_id", |order| order.legacy_resource_id.map(|id| id.0))
        .text("name", |order| order.name.clone())
        .timestamp("created_at", |order| order.created_at)
        .timestamp("processed_at", |order| order.processed_at)
        .timestamp("updated_at", |order| Some(order.updated_at.at))
        .timestamp("cancelled_at", |order| order.cancelled_at)
        .timestamp("closed_at", |order| order.closed_at)
        .text("cancel_reason", |order| order.cancel_reason.clone())
        .text("financial_status", |order| order.display_financial_status.clone())
        .text("fulfillment_status", |order| order.display_fulfillment_status.clone())
        .text("return_status", |order| order.return_status.clone())
        .text("currency", |order| order.currency_code.clone())
        .text("presentment_currency", |order| order.presentment_currency_code.clone())
        .boolean("taxes_included", |order| order.taxes_included)
        .boolean("test", |order| order.test)
        .text("source_name", |order| order.source_name.clone())
        .text("po_number", |order| order.po_number.clone())
        .text("tags", |order| joined(&order.tags))
        .text("customer_id", |order| id_of(&order.customer))
        .text("shipping_country", |order| order.shipping_address.as_ref()?.country_code_v2.clone())
        .text("shipping_province", |order| order.shipping_address.as_ref()?.province_code.clone())
        .amount("subtotal", |order| shop_amount(&order.subtotal_price_set))
        .amount("total", |order| shop_amount(&order.total_price_set))
        .amount("total_tax", |order| shop_amount(&order.total_tax_set))
        .amount("total_discounts", |order| shop_amount(&order.total_discounts_set))
        .amount("total_shipping", |order| shop_amount(&order.total_shipping_price_set))
        .amount("total_refunded", |order| shop_amount(&order.total_refunded_set))
        .amount("current_total", |order| shop_amount(&order.current_total_price_set))
        .amount("presentment_subtotal", |order| presentment_amount(&order.subtotal_price_set))
        .amount("presentment_total", |order| presentment_amount(&order.total_price_set))
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    fn decimal(text: &str) -> rust_decimal::Decimal {
        text.parse().expect("decimal")
    }

    #[test]
    fn an_order_fills_its_row_and_six_child_tables() {
        let document = include_str!("../fixtures/order.json");
        let record = stream().decode(document.into()).expect("readable");
        assert_eq!(record.document.body(), document.as_bytes());
        assert_eq!(record.key, "gid://shopify/Order/820982911946154508");
        let names: Vec<_> = stream().info().columns.iter().map(|column| column.name).collect();
        let value =
            |name: &str| &record.values[names.iter().position(|known| *known == name).expect("a column")];
        assert_eq!(*value("legacy_id"), Value::Integer(820_982_911_946_154_508));
        assert_eq!(*value("total"), Value::Amount(decimal("404.95")));
        assert_eq!(*value("presentment_total"), Value::Amount(decimal("487.20")));
        assert_eq!(*value("presentment_currency"), Value::Text("EUR".into()));
        assert_eq!(*value("total_discounts"), Value::Null);
        assert_eq!((value("taxes_included"), value("test")), (&Value::Boolean(true), &Value::Boolean(false)));
        assert_eq!(*value("customer_id"), Value::Null, "a guest's order has no customer");
        let rows: Vec<usize> = record.children.iter().map(Vec::len).collect();
        assert_eq!(rows, [2, 2, 2, 1, 1, 1]);
    }

    #[test]
    fn lines_name_their_refund_or_fulfillment() {
        let record = stream().decode(include_str!("../fixtures/order.json").into()).expect("readable");
        let text = |text: &str| Value::Text(text.into());
        let [lines, _, refunded, _, shipped, paid] = record.children.as_slice() else { panic!("six tables") };
        assert_eq!(lines[1][3], Value::Text("Removed".into()));
        assert_eq!(
            (&lines[1][6], &lines[1][10]),
            (&Value::Integer(0), &Value::Null),
            "edited away, variant gone"
        );
        assert_eq!(lines[0][11], Value::Decimal(decimal("0.12345")));
        assert_eq!(refunded[0][0], text("gid://shopify/Refund/1"));
        assert_eq!((&refunded[1][0], &refunded[1][1]), (&text("gid://shopify/Refund/2"), &Value::Null));
        assert_eq!(refunded[1][5], text("RETURN"));
        assert_eq!(shipped[0][0], text("gid://shopify/Fulfillment/255858046"));
        assert_eq!(paid[0][6], Value::Amount(decimal("404.95")));
    }

    #[test]
    fn an_order_of_another_shape_is_held_back_under_its_key() {
        let whole: serde_json::Value =
            serde_json::from_str(include_str!("../fixtures/order.json")).expect("json");
        let without = |member: &str| {
            let mut order = whole.clone();
            order.as_object_mut().expect("object").remove(member);
            stream().decode(order.to_string().into())
        };
        assert!(without("poNumber").is_ok(), "a missing column is null");
        for member in ["lineItems", "refunds", "fulfillments", "transactions", "updatedAt"] {
            let rejected = without(member).expect_err("an order without its parts would lose rows");
            assert_eq!(rejected.key.as_deref(), Some("gid://shopify/Order/820982911946154508"));
        }
        assert_eq!(without("id").expect_err("no key").key, None);
    }

    #[test]
    fn the_list_sizes_are_those_of_the_query() {
        for list in ["refunds", "fulfillments", "transactions"] {
            assert!(ORDERS.text.contains(&format!("{list}(first: {LISTED})")));
        }
        for list in EXPORT.gaps.expect("lists").members {
            assert!(ORDER_PARTS.text.contains(&format!("{list}(first: {LISTED})")));
        }
    }
}
