//! Sales invoices. Their path is `/Invoices`.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    CURSOR, DELETED, MAX_PAGE, OVERLAP,
    references::{Currency, Customer, Product},
};
use crate::unleashed::wire::{Day, Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Invoice {
    guid: Maybe<Guid>,
    invoice_number: Maybe<Text>,
    order_number: Maybe<Text>,
    invoice_status: Maybe<Text>,
    invoice_date: Maybe<Day>,
    due_date: Maybe<Day>,
    customer: Nested<Customer>,
    currency: Nested<Currency>,
    exchange_rate: Maybe<Exact>,
    payment_term: Maybe<Text>,
    payment_received: Maybe<bool>,
    sub_total: Maybe<Exact>,
    tax_total: Maybe<Exact>,
    total: Maybe<Exact>,
    #[serde(rename = "BCSubTotal")]
    bc_sub_total: Maybe<Exact>,
    #[serde(rename = "BCTaxTotal")]
    bc_tax_total: Maybe<Exact>,
    #[serde(rename = "BCTotal")]
    bc_total: Maybe<Exact>,
    invoice_lines: List<Line>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Line {
    guid: Maybe<Guid>,
    line_number: Maybe<i64>,
    line_type: Maybe<Text>,
    product: Nested<Product>,
    order_quantity: Maybe<Exact>,
    invoice_quantity: Maybe<Exact>,
    unit_price: Maybe<Exact>,
    discount_rate: Maybe<Exact>,
    line_total: Maybe<Exact>,
    line_tax: Maybe<Exact>,
}

impl Zoned for Invoice {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        vec![&mut self.invoice_date, &mut self.due_date]
    }
}

pub(super) fn stream() -> Stream<Invoice> {
    Stream::new("sales_invoices", "Guid", |i: &Invoice| i.guid.key())
        .version(|i| i.last_modified_on.version_or(&i.created_on))
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .deleted_when(|i| i.invoice_status.as_str().eq_ignore_ascii_case(DELETED))
        .describe("a sales invoice in any status")
        .columns(columns())
        .children("sales_invoice_lines", |i| Cow::Borrowed(&i.invoice_lines), lines())
}

fn columns() -> Fields<Invoice> {
    Fields::new()
        .text("invoice_number", |i: &Invoice| i.invoice_number.get())
        .text("order_number", |i| i.order_number.get())
        .text("invoice_status", |i| i.invoice_status.get())
        .date("invoice_date", |i| i.invoice_date.day())
        .timestamp("invoice_date_at", |i| i.invoice_date.at())
        .date("due_date", |i| i.due_date.day())
        .timestamp("due_date_at", |i| i.due_date.at())
        .text("customer_guid", |i| i.customer.guid.text())
        .text("customer_code", |i| i.customer.customer_code.get())
        .text("customer_name", |i| i.customer.customer_name.get())
        .text("currency_code", |i| i.currency.currency_code.get())
        .decimal("exchange_rate", |i| i.exchange_rate.get())
        .text("payment_term", |i| i.payment_term.get())
        .boolean("payment_received", |i| i.payment_received.get())
        .amount("sub_total", |i| i.sub_total.get())
        .amount("tax_total", |i| i.tax_total.get())
        .amount("total", |i| i.total.get())
        .decimal("bc_sub_total", |i| i.bc_sub_total.get())
        .decimal("bc_tax_total", |i| i.bc_tax_total.get())
        .decimal("bc_total", |i| i.bc_total.get())
        .timestamp("created_on", |i| i.created_on.at())
        .timestamp("last_modified_on", |i| i.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("line_type", |l| l.line_type.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .text("product_description", |l| l.product.product_description.get())
        .decimal("order_quantity", |l| l.order_quantity.get())
        .decimal("invoice_quantity", |l| l.invoice_quantity.get())
        .decimal("unit_price", |l| l.unit_price.get())
        .decimal("discount_rate", |l| l.discount_rate.get())
        .amount("line_total", |l| l.line_total.get())
        .amount("line_tax", |l| l.line_tax.get())
}
