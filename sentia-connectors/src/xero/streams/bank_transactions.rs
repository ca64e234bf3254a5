//! Money received and spent that no invoice stands behind.

use std::borrow::Cow;

use chrono::NaiveDate;
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    CURSOR, MAX_PAGE, OVERLAP,
    bank_transfers::BankAccount,
    contacts::ContactName,
    lines::{self, Line},
};
use crate::xero::wire::{Instant, List, Maybe, Nested};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct BankTransaction {
    #[serde(rename = "BankTransactionID")]
    bank_transaction_id: Maybe<Text>,
    r#type: Maybe<Text>,
    contact: Nested<ContactName>,
    bank_account: Nested<BankAccount>,
    is_reconciled: Maybe<bool>,
    date: Maybe<NaiveDate>,
    reference: Maybe<Text>,
    status: Maybe<Text>,
    line_amount_types: Maybe<Text>,
    sub_total: Maybe<Exact>,
    total_tax: Maybe<Exact>,
    total: Maybe<Exact>,
    currency_code: Maybe<Text>,
    currency_rate: Maybe<Exact>,
    #[serde(rename = "PrepaymentID")]
    prepayment_id: Maybe<Text>,
    #[serde(rename = "OverpaymentID")]
    overpayment_id: Maybe<Text>,
    has_attachments: Maybe<bool>,
    line_items: List<Line>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

/// Totals are positive; the type (`RECEIVE`, `SPEND` and their kin) says which way they go.
pub(super) fn stream() -> Stream<BankTransaction> {
    Stream::new("bank_transactions", "BankTransactionID", |b: &BankTransaction| b.bank_transaction_id.key())
        .describe("money received and spent without an invoice, with its lines")
        .scopes(&["accounting.banktransactions.read"])
        .version(|b| b.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .deleted_when(|b| b.status.as_str() == "DELETED")
        .columns(columns())
        .children("bank_transaction_lines", |b| Cow::Borrowed(&b.line_items), lines::columns())
}

fn columns() -> Fields<BankTransaction> {
    Fields::new()
        .text("type", |b: &BankTransaction| b.r#type.get())
        .text("contact_id", |b| b.contact.contact_id.get())
        .text("contact_name", |b| b.contact.name.get())
        .text("bank_account_id", |b| b.bank_account.account_id.get())
        .text("bank_account_name", |b| b.bank_account.name.get())
        .boolean("is_reconciled", |b| b.is_reconciled.get())
        .date("date", |b| b.date.get())
        .text("reference", |b| b.reference.get())
        .text("status", |b| b.status.get())
        .text("line_amount_types", |b| b.line_amount_types.get())
        .amount("sub_total", |b| b.sub_total.get())
        .amount("total_tax", |b| b.total_tax.get())
        .amount("total", |b| b.total.get())
        .text("currency_code", |b| b.currency_code.get())
        .decimal("currency_rate", |b| b.currency_rate.get())
        .text("prepayment_id", |b| b.prepayment_id.get())
        .text("overpayment_id", |b| b.overpayment_id.get())
        .boolean("has_attachments", |b| b.has_attachments.get())
        .timestamp("updated_at", |b| b.updated.at())
}
