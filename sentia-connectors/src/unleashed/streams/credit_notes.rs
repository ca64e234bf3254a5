//! Credit notes. Their fields are not in the sheet's sources: names that clients use stand beside the ones that
//! Unleashed's other documents suggest.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    DELETED, changing,
    references::{Currency, Customer, Product, Warehouse},
};
use crate::unleashed::wire::{Day, Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct CreditNote {
    guid: Maybe<Guid>,
    credit_number: Maybe<Text>,
    credit_note_number: Maybe<Text>,
    credit_status: Maybe<Text>,
    status: Maybe<Text>,
    credit_date: Maybe<Day>,
    credit_note_date: Maybe<Day>,
    invoice_number: Maybe<Text>,
    order_number: Maybe<Text>,
    customer: Nested<Customer>,
    warehouse: Nested<Warehouse>,
    currency: Nested<Currency>,
    exchange_rate: Maybe<Exact>,
    sub_total: Maybe<Exact>,
    tax_total: Maybe<Exact>,
    total: Maybe<Exact>,
    credit_lines: List<Line>,
    credit_note_lines: List<Line>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Line {
    guid: Maybe<Guid>,
    line_number: Maybe<i64>,
    product: Nested<Product>,
    credit_quantity: Maybe<Exact>,
    quantity: Maybe<Exact>,
    credit_price: Maybe<Exact>,
    unit_price: Maybe<Exact>,
    reason: Maybe<Text>,
    line_total: Maybe<Exact>,
    line_tax: Maybe<Exact>,
}

impl Zoned for CreditNote {
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        vec![&mut self.credit_date, &mut self.credit_note_date]
    }
}

impl CreditNote {
    fn is_deleted(&self) -> bool {
        self.credit_status.or(&self.status).is_some_and(|status| status.eq_ignore_ascii_case(DELETED))
    }
}

/// Free-entry credit notes can be deleted at Unleashed, so they are swept.
pub(super) fn stream() -> Stream<CreditNote> {
    changing(Stream::new("credit_notes", "Guid", |n: &CreditNote| n.guid.key()))
        .version(|n| n.last_modified_on.version_or(&n.created_on))
        .deleted_when(CreditNote::is_deleted)
        .describe("a credit note")
        .columns(columns())
        .children(
            "credit_note_lines",
            |n| Cow::Owned([&*n.credit_lines, &*n.credit_note_lines].concat()),
            lines(),
        )
}

fn columns() -> Fields<CreditNote> {
    Fields::new()
        .text("credit_number", |n: &CreditNote| n.credit_number.or(&n.credit_note_number))
        .text("credit_status", |n| n.credit_status.or(&n.status))
        .date("credit_date", |n| n.credit_date.day().or_else(|| n.credit_note_date.day()))
        .timestamp("credit_date_at", |n| n.credit_date.at().or_else(|| n.credit_note_date.at()))
        .text("invoice_number", |n| n.invoice_number.get())
        .text("order_number", |n| n.order_number.get())
        .text("customer_guid", |n| n.customer.guid.text())
        .text("customer_code", |n| n.customer.customer_code.get())
        .text("customer_name", |n| n.customer.customer_name.get())
        .text("warehouse_guid", |n| n.warehouse.guid.text())
        .text("warehouse_code", |n| n.warehouse.warehouse_code.get())
        .text("currency_code", |n| n.currency.currency_code.get())
        .decimal("exchange_rate", |n| n.exchange_rate.get())
        .amount("sub_total", |n| n.sub_total.get())
        .amount("tax_total", |n| n.tax_total.get())
        .amount("total", |n| n.total.get())
        .timestamp("created_on", |n| n.created_on.at())
        .timestamp("last_modified_on", |n| n.last_modified_on.at())
}

fn lines() -> Fields<Line> {
    Fields::new()
        .text("line_guid", |l: &Line| l.guid.text())
        .integer("line_number", |l| l.line_number.get())
        .text("product_guid", |l| l.product.guid.text())
        .text("product_code", |l| l.product.product_code.get())
        .decimal("quantity", |l| l.credit_quantity.or(&l.quantity))
        .decimal("price", |l| l.credit_price.or(&l.unit_price))
        .text("reason", |l| l.reason.get())
        .amount("line_total", |l| l.line_total.get())
        .amount("line_tax", |l| l.line_tax.get())
}
