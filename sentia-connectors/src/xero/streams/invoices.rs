//! Sales invoices (`ACCREC`) and bills (`ACCPAY`).

use std::borrow::Cow;

use chrono::NaiveDate;
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    CURSOR, FULL_EVERY, MAX_PAGE, OVERLAP,
    contacts::ContactName,
    lines::{self, Line},
};
use crate::xero::wire::{Instant, List, Maybe, Nested};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Invoice {
    #[serde(rename = "InvoiceID")]
    invoice_id: Maybe<Text>,
    r#type: Maybe<Text>,
    invoice_number: Maybe<Text>,
    reference: Maybe<Text>,
    contact: Nested<ContactName>,
    date: Maybe<NaiveDate>,
    due_date: Maybe<NaiveDate>,
    expected_payment_date: Maybe<NaiveDate>,
    planned_payment_date: Maybe<NaiveDate>,
    fully_paid_on_date: Maybe<NaiveDate>,
    status: Maybe<Text>,
    line_amount_types: Maybe<Text>,
    sub_total: Maybe<Exact>,
    total_tax: Maybe<Exact>,
    total: Maybe<Exact>,
    total_discount: Maybe<Exact>,
    amount_due: Maybe<Exact>,
    amount_paid: Maybe<Exact>,
    amount_credited: Maybe<Exact>,
    #[serde(rename = "CISDeduction")]
    cis_deduction: Maybe<Exact>,
    currency_code: Maybe<Text>,
    currency_rate: Maybe<Exact>,
    #[serde(rename = "BrandingThemeID")]
    branding_theme_id: Maybe<Text>,
    #[serde(rename = "RepeatingInvoiceID")]
    repeating_invoice_id: Maybe<Text>,
    sent_to_contact: Maybe<bool>,
    is_discounted: Maybe<bool>,
    has_attachments: Maybe<bool>,
    line_items: List<Line>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

/// A draft that is deleted says `DELETED`; an approved document becomes `VOIDED` and stays a document of the books.
pub(super) fn stream() -> Stream<Invoice> {
    Stream::new("invoices", "InvoiceID", |i: &Invoice| i.invoice_id.key())
        .describe("sales invoices and bills, with their lines")
        .scopes(&["accounting.invoices.read"])
        .full_every(FULL_EVERY)
        .version(|i| i.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .deleted_when(|i| i.status.as_str() == "DELETED")
        .columns(columns())
        .children("invoice_lines", |i| Cow::Borrowed(&i.line_items), lines::columns())
}

fn columns() -> Fields<Invoice> {
    Fields::new()
        .text("type", |i: &Invoice| i.r#type.get())
        .text("invoice_number", |i| i.invoice_number.get())
        .text("reference", |i| i.reference.get())
        .text("contact_id", |i| i.contact.contact_id.get())
        .text("contact_name", |i| i.contact.name.get())
        .date("date", |i| i.date.get())
        .date("due_date", |i| i.due_date.get())
        .date("expected_payment_date", |i| i.expected_payment_date.get())
        .date("planned_payment_date", |i| i.planned_payment_date.get())
        .date("fully_paid_on_date", |i| i.fully_paid_on_date.get())
        .text("status", |i| i.status.get())
        .text("line_amount_types", |i| i.line_amount_types.get())
        .amount("sub_total", |i| i.sub_total.get())
        .amount("total_tax", |i| i.total_tax.get())
        .amount("total", |i| i.total.get())
        .amount("total_discount", |i| i.total_discount.get())
        .amount("amount_due", |i| i.amount_due.get())
        .amount("amount_paid", |i| i.amount_paid.get())
        .amount("amount_credited", |i| i.amount_credited.get())
        .amount("cis_deduction", |i| i.cis_deduction.get())
        .text("currency_code", |i| i.currency_code.get())
        .decimal("currency_rate", |i| i.currency_rate.get())
        .text("branding_theme_id", |i| i.branding_theme_id.get())
        .text("repeating_invoice_id", |i| i.repeating_invoice_id.get())
        .boolean("sent_to_contact", |i| i.sent_to_contact.get())
        .boolean("is_discounted", |i| i.is_discounted.get())
        .boolean("has_attachments", |i| i.has_attachments.get())
        .timestamp("updated_at", |i| i.updated.at())
}
