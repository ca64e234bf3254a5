//! Offers to customers.

use std::borrow::Cow;

use chrono::NaiveDate;
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    CURSOR, OVERLAP,
    contacts::ContactName,
    lines::{self, Line},
};
use crate::xero::wire::{Instant, List, Maybe, Nested};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Quote {
    #[serde(rename = "QuoteID")]
    quote_id: Maybe<Text>,
    quote_number: Maybe<Text>,
    reference: Maybe<Text>,
    title: Maybe<Text>,
    contact: Nested<ContactName>,
    date: Maybe<NaiveDate>,
    expiry_date: Maybe<NaiveDate>,
    status: Maybe<Text>,
    line_amount_types: Maybe<Text>,
    sub_total: Maybe<Exact>,
    total_tax: Maybe<Exact>,
    total: Maybe<Exact>,
    total_discount: Maybe<Exact>,
    currency_code: Maybe<Text>,
    currency_rate: Maybe<Exact>,
    line_items: List<Line>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

/// A quote that is deleted says so.
pub(super) fn stream() -> Stream<Quote> {
    Stream::new("quotes", "QuoteID", |q: &Quote| q.quote_id.key())
        .describe("offers to customers, with their lines")
        .scopes(&["accounting.invoices.read"])
        .version(|q| q.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(100)
        .deleted_when(|q| q.status.as_str() == "DELETED")
        .columns(columns())
        .children("quote_lines", |q| Cow::Borrowed(&q.line_items), lines::columns())
}

fn columns() -> Fields<Quote> {
    Fields::new()
        .text("quote_number", |q: &Quote| q.quote_number.get())
        .text("reference", |q| q.reference.get())
        .text("title", |q| q.title.get())
        .text("contact_id", |q| q.contact.contact_id.get())
        .text("contact_name", |q| q.contact.name.get())
        .date("date", |q| q.date.get())
        .date("expiry_date", |q| q.expiry_date.get())
        .text("status", |q| q.status.get())
        .text("line_amount_types", |q| q.line_amount_types.get())
        .amount("sub_total", |q| q.sub_total.get())
        .amount("total_tax", |q| q.total_tax.get())
        .amount("total", |q| q.total.get())
        .amount("total_discount", |q| q.total_discount.get())
        .text("currency_code", |q| q.currency_code.get())
        .decimal("currency_rate", |q| q.currency_rate.get())
        .timestamp("updated_at", |q| q.updated.at())
}
