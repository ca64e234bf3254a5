//! `draft_orders`: what a merchant writes up for a buyer before there is an order, with its lines.

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, Utc};
use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use crate::shopify::{
    nested::{Completion, Nested, Stop},
    query::{DRAFT_ORDER_LINES, DRAFT_ORDERS},
    search::Search,
    walk::{List, OVERLAP},
    wire::{
        Connection, MoneyBag, Ref, Stamp, Whole, id_of, joined, presentment_amount, shop_amount,
        shop_currency,
    },
};

/// How often everything is read again: drafts are thrown away without a word.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(super) static LIST: List = List::new(&DRAFT_ORDERS, 50, Search::Seconds("updated_at"));

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DraftOrder {
    id: Text,
    legacy_resource_id: Option<Whole>,
    name: Option<Text>,
    status: Option<Text>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Stamp,
    completed_at: Option<DateTime<Utc>>,
    invoice_sent_at: Option<DateTime<Utc>>,
    currency_code: Option<Text>,
    presentment_currency_code: Option<Text>,
    taxes_included: Option<bool>,
    tax_exempt: Option<bool>,
    po_number: Option<Text>,
    #[serde(default)]
    tags: Vec<Text>,
    total_quantity_of_line_items: Option<Whole>,
    customer: Option<Ref>,
    /// The order it became.
    order: Option<Ref>,
    subtotal_price_set: Option<MoneyBag>,
    total_price_set: Option<MoneyBag>,
    total_tax_set: Option<MoneyBag>,
    total_discounts_set: Option<MoneyBag>,
    total_shipping_price_set: Option<MoneyBag>,
    line_items: Connection<Line>,
}

/// One position of a draft. A custom one has a title and neither sku nor variant.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: Text,
    custom: Option<bool>,
    name: Option<Text>,
    title: Option<Text>,
    variant_title: Option<Text>,
    sku: Option<Text>,
    vendor: Option<Text>,
    quantity: Option<Whole>,
    requires_shipping: Option<bool>,
    taxable: Option<bool>,
    product: Option<Ref>,
    variant: Option<Ref>,
    original_unit_price_set: Option<MoneyBag>,
    discounted_total_set: Option<MoneyBag>,
    total_discount_set: Option<MoneyBag>,
}

impl Nested for DraftOrder {
    fn id(&self) -> &Text {
        &self.id
    }

    async fn complete(&mut self, completion: &mut Completion<'_>) -> Result<(), Stop> {
        completion.drain(&DRAFT_ORDER_LINES, &self.id, &mut self.line_items).await
    }
}

pub(super) fn stream() -> Stream<DraftOrder> {
    Stream::new("draft_orders", "id", |draft: &DraftOrder| draft.id.clone())
        .describe("an order that is being written, with its lines")
        .scopes(&["read_draft_orders"])
        .full_every(WEEK)
        .version(|draft| Some(draft.updated_at.version()))
        .incremental("updatedAt", OVERLAP)
        .swept()
        .max_page(250)
        .columns(columns())
        .children("draft_order_lines", |draft| Cow::Borrowed(&draft.line_items.nodes), lines())
}

fn columns() -> Fields<DraftOrder> {
    Fields::<DraftOrder>::new()
        .integer("legacy_id", |draft| draft.legacy_resource_id.map(|id| id.0))
        .text("name", |draft| draft.name.clone())
        .text("status", |draft| draft.status.clone())
        .timestamp("created_at", |draft| draft.created_at)
        .timestamp("updated_at", |draft| Some(draft.updated_at.at))
        .timestamp("completed_at", |draft| draft.completed_at)
        .timestamp("invoice_sent_at", |draft| draft.invoice_sent_at)
        .text("currency", |draft| draft.currency_code.clone())
        .text("presentment_currency", |draft| draft.presentment_currency_code.clone())
        .boolean("taxes_included", |draft| draft.taxes_included)
        .boolean("tax_exempt", |draft| draft.tax_exempt)
        .text("po_number", |draft| draft.po_number.clone())
        .text("tags", |draft| joined(&draft.tags))
        .integer("total_quantity", |draft| draft.total_quantity_of_line_items.map(|number| number.0))
        .text("customer_id", |draft| id_of(&draft.customer))
        .text("order_id", |draft| id_of(&draft.order))
        .amount("subtotal", |draft| shop_amount(&draft.subtotal_price_set))
        .amount("total", |draft| shop_amount(&draft.total_price_set))
        .amount("total_tax", |draft| shop_amount(&draft.total_tax_set))
        .amount("total_discounts", |draft| shop_amount(&draft.total_discounts_set))
        .amount("total_shipping", |draft| shop_amount(&draft.total_shipping_price_set))
        .amount("presentment_total", |draft| presentment_amount(&draft.total_price_set))
}

fn lines() -> Fields<Line> {
    Fields::<Line>::new()
        .text("draft_order_line_id", |line| Some(line.id.clone()))
        .boolean("custom", |line| line.custom)
        .text("sku", |line| line.sku.clone())
        .text("vendor", |line| line.vendor.clone())
        .text("name", |line| line.name.clone())
        .text("title", |line| line.title.clone())
        .text("variant_title", |line| line.variant_title.clone())
        .integer("quantity", |line| line.quantity.map(|number| number.0))
        .boolean("requires_shipping", |line| line.requires_shipping)
        .boolean("taxable", |line| line.taxable)
        .text("product_id", |line| id_of(&line.product))
        .text("variant_id", |line| id_of(&line.variant))
        .decimal("unit_price", |line| shop_amount(&line.original_unit_price_set))
        .amount("discounted_total", |line| shop_amount(&line.discounted_total_set))
        .amount("total_discount", |line| shop_amount(&line.total_discount_set))
        .text("currency", |line| shop_currency(&line.original_unit_price_set))
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn a_custom_line_has_a_title_and_no_sku() {
        let record = stream().decode(include_str!("../fixtures/draft_order.json").into()).expect("readable");
        let amount = |text: &str| Value::Amount(text.parse().expect("decimal"));
        assert_eq!(record.key, "gid://shopify/DraftOrder/994118539146154508");
        assert_eq!(record.values[0], Value::Integer(994_118_539_146_154_508));
        assert_eq!((&record.values[15], &record.values[17]), (&Value::Null, &amount("133.20")));
        assert_eq!(record.values[21], amount("155.84"));
        let [product, custom] = record.children[0].as_slice() else { panic!("two lines") };
        assert_eq!(product[2], Value::Text("BOLT-M8".into()));
        assert_eq!(product[12], Value::Decimal("0.12345".parse().expect("decimal")));
        assert_eq!((&custom[1], &custom[2]), (&Value::Boolean(true), &Value::Null));
        assert_eq!(custom[5], Value::Text("Engraving".into()));
    }
}
