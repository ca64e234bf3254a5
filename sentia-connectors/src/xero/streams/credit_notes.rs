//! Credit notes to customers (`ACCRECCREDIT`) and from suppliers (`ACCPAYCREDIT`).

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
pub(super) struct CreditNote {
    #[serde(rename = "CreditNoteID")]
    credit_note_id: Maybe<Text>,
    r#type: Maybe<Text>,
    credit_note_number: Maybe<Text>,
    reference: Maybe<Text>,
    contact: Nested<ContactName>,
    date: Maybe<NaiveDate>,
    due_date: Maybe<NaiveDate>,
    fully_paid_on_date: Maybe<NaiveDate>,
    status: Maybe<Text>,
    line_amount_types: Maybe<Text>,
    sub_total: Maybe<Exact>,
    total_tax: Maybe<Exact>,
    total: Maybe<Exact>,
    remaining_credit: Maybe<Exact>,
    applied_amount: Maybe<Exact>,
    #[serde(rename = "CISDeduction")]
    cis_deduction: Maybe<Exact>,
    currency_code: Maybe<Text>,
    currency_rate: Maybe<Exact>,
    #[serde(rename = "BrandingThemeID")]
    branding_theme_id: Maybe<Text>,
    sent_to_contact: Maybe<bool>,
    has_attachments: Maybe<bool>,
    line_items: List<Line>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

/// Totals are positive; the type says which way they go.
pub(super) fn stream() -> Stream<CreditNote> {
    Stream::new("credit_notes", "CreditNoteID", |c: &CreditNote| c.credit_note_id.key())
        .describe("credit notes of both directions, with their lines")
        .scopes(&["accounting.invoices.read"])
        .full_every(FULL_EVERY)
        .version(|c| c.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .deleted_when(|c| c.status.as_str() == "DELETED")
        .columns(columns())
        .children("credit_note_lines", |c| Cow::Borrowed(&c.line_items), lines::columns())
}

fn columns() -> Fields<CreditNote> {
    Fields::new()
        .text("type", |c: &CreditNote| c.r#type.get())
        .text("credit_note_number", |c| c.credit_note_number.get())
        .text("reference", |c| c.reference.get())
        .text("contact_id", |c| c.contact.contact_id.get())
        .text("contact_name", |c| c.contact.name.get())
        .date("date", |c| c.date.get())
        .date("due_date", |c| c.due_date.get())
        .date("fully_paid_on_date", |c| c.fully_paid_on_date.get())
        .text("status", |c| c.status.get())
        .text("line_amount_types", |c| c.line_amount_types.get())
        .amount("sub_total", |c| c.sub_total.get())
        .amount("total_tax", |c| c.total_tax.get())
        .amount("total", |c| c.total.get())
        .amount("remaining_credit", |c| c.remaining_credit.get())
        .amount("applied_amount", |c| c.applied_amount.get())
        .amount("cis_deduction", |c| c.cis_deduction.get())
        .text("currency_code", |c| c.currency_code.get())
        .decimal("currency_rate", |c| c.currency_rate.get())
        .text("branding_theme_id", |c| c.branding_theme_id.get())
        .boolean("sent_to_contact", |c| c.sent_to_contact.get())
        .boolean("has_attachments", |c| c.has_attachments.get())
        .timestamp("updated_at", |c| c.updated.at())
}
