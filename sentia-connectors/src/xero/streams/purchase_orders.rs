//! Orders to suppliers.

use std::borrow::Cow;

use chrono::NaiveDate;
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    CURSOR, MAX_PAGE, OVERLAP,
    contacts::ContactName,
    lines::{self, Line},
};
use crate::xero::wire::{Instant, List, Maybe, Nested};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct PurchaseOrder {
    #[serde(rename = "PurchaseOrderID")]
    purchase_order_id: Maybe<Text>,
    purchase_order_number: Maybe<Text>,
    reference: Maybe<Text>,
    contact: Nested<ContactName>,
    date: Maybe<NaiveDate>,
    delivery_date: Maybe<NaiveDate>,
    expected_arrival_date: Maybe<NaiveDate>,
    status: Maybe<Text>,
    line_amount_types: Maybe<Text>,
    sub_total: Maybe<Exact>,
    total_tax: Maybe<Exact>,
    total: Maybe<Exact>,
    total_discount: Maybe<Exact>,
    currency_code: Maybe<Text>,
    currency_rate: Maybe<Exact>,
    sent_to_contact: Maybe<bool>,
    has_attachments: Maybe<bool>,
    line_items: List<Line>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

/// An order that is deleted says so; one that was billed stays.
pub(super) fn stream() -> Stream<PurchaseOrder> {
    Stream::new("purchase_orders", "PurchaseOrderID", |p: &PurchaseOrder| p.purchase_order_id.key())
        .describe("orders to suppliers, with their lines")
        .scopes(&["accounting.invoices.read"])
        .version(|p| p.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .deleted_when(|p| p.status.as_str() == "DELETED")
        .columns(columns())
        .children("purchase_order_lines", |p| Cow::Borrowed(&p.line_items), lines::columns())
}

fn columns() -> Fields<PurchaseOrder> {
    Fields::new()
        .text("purchase_order_number", |p: &PurchaseOrder| p.purchase_order_number.get())
        .text("reference", |p| p.reference.get())
        .text("contact_id", |p| p.contact.contact_id.get())
        .text("contact_name", |p| p.contact.name.get())
        .date("date", |p| p.date.get())
        .date("delivery_date", |p| p.delivery_date.get())
        .date("expected_arrival_date", |p| p.expected_arrival_date.get())
        .text("status", |p| p.status.get())
        .text("line_amount_types", |p| p.line_amount_types.get())
        .amount("sub_total", |p| p.sub_total.get())
        .amount("total_tax", |p| p.total_tax.get())
        .amount("total", |p| p.total.get())
        .amount("total_discount", |p| p.total_discount.get())
        .text("currency_code", |p| p.currency_code.get())
        .decimal("currency_rate", |p| p.currency_rate.get())
        .boolean("sent_to_contact", |p| p.sent_to_contact.get())
        .boolean("has_attachments", |p| p.has_attachments.get())
        .timestamp("updated_at", |p| p.updated.at())
}
