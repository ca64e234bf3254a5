//! Money paid before it was owed: prepayments and overpayments have one shape.

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
pub(super) struct AdvancePayment {
    #[serde(rename = "PrepaymentID")]
    prepayment_id: Maybe<Text>,
    #[serde(rename = "OverpaymentID")]
    overpayment_id: Maybe<Text>,
    r#type: Maybe<Text>,
    contact: Nested<ContactName>,
    date: Maybe<NaiveDate>,
    status: Maybe<Text>,
    line_amount_types: Maybe<Text>,
    sub_total: Maybe<Exact>,
    total_tax: Maybe<Exact>,
    total: Maybe<Exact>,
    remaining_credit: Maybe<Exact>,
    applied_amount: Maybe<Exact>,
    currency_code: Maybe<Text>,
    currency_rate: Maybe<Exact>,
    reference: Maybe<Text>,
    has_attachments: Maybe<bool>,
    line_items: List<Line>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

/// Paid ahead of an invoice, on purpose.
pub(super) fn prepayments() -> Stream<AdvancePayment> {
    let stream = Stream::new("prepayments", "PrepaymentID", |p: &AdvancePayment| p.prepayment_id.key());
    described(stream.describe("money paid ahead of an invoice, with its lines")).children(
        "prepayment_lines",
        |p| Cow::Borrowed(&p.line_items),
        lines::columns(),
    )
}

/// Paid beyond what an invoice asked.
pub(super) fn overpayments() -> Stream<AdvancePayment> {
    let stream = Stream::new("overpayments", "OverpaymentID", |p: &AdvancePayment| p.overpayment_id.key());
    described(stream.describe("money paid beyond an invoice, with its lines")).children(
        "overpayment_lines",
        |p| Cow::Borrowed(&p.line_items),
        lines::columns(),
    )
}

/// Totals are positive; the type (`RECEIVE-` or `SPEND-`) says which way they go. None is ever deleted: it is voided.
fn described(stream: Stream<AdvancePayment>) -> Stream<AdvancePayment> {
    stream
        .scopes(&["accounting.payments.read"])
        .version(|p| p.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .columns(columns())
}

fn columns() -> Fields<AdvancePayment> {
    Fields::new()
        .text("type", |p: &AdvancePayment| p.r#type.get())
        .text("contact_id", |p| p.contact.contact_id.get())
        .text("contact_name", |p| p.contact.name.get())
        .date("date", |p| p.date.get())
        .text("status", |p| p.status.get())
        .text("line_amount_types", |p| p.line_amount_types.get())
        .amount("sub_total", |p| p.sub_total.get())
        .amount("total_tax", |p| p.total_tax.get())
        .amount("total", |p| p.total.get())
        .amount("remaining_credit", |p| p.remaining_credit.get())
        .amount("applied_amount", |p| p.applied_amount.get())
        .text("currency_code", |p| p.currency_code.get())
        .decimal("currency_rate", |p| p.currency_rate.get())
        .text("reference", |p| p.reference.get())
        .boolean("has_attachments", |p| p.has_attachments.get())
        .timestamp("updated_at", |p| p.updated.at())
}
