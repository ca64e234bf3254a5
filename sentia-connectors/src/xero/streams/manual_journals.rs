//! Journals that somebody entered by hand.

use std::borrow::Cow;

use chrono::NaiveDate;
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{CURSOR, MAX_PAGE, OVERLAP};
use crate::xero::wire::{Instant, List, Maybe};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ManualJournal {
    #[serde(rename = "ManualJournalID")]
    manual_journal_id: Maybe<Text>,
    narration: Maybe<Text>,
    date: Maybe<NaiveDate>,
    status: Maybe<Text>,
    line_amount_types: Maybe<Text>,
    show_on_cash_basis_reports: Maybe<bool>,
    has_attachments: Maybe<bool>,
    journal_lines: List<JournalLine>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

/// Such a line has no id: its place identifies it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct JournalLine {
    line_amount: Maybe<Exact>,
    account_code: Maybe<Text>,
    #[serde(rename = "AccountID")]
    account_id: Maybe<Text>,
    description: Maybe<Text>,
    tax_type: Maybe<Text>,
    tax_amount: Maybe<Exact>,
    is_blank: Maybe<bool>,
}

/// A posted journal is voided, a draft deleted; both stay in the list and say so.
pub(super) fn stream() -> Stream<ManualJournal> {
    Stream::new("manual_journals", "ManualJournalID", |j: &ManualJournal| j.manual_journal_id.key())
        .describe("journals entered by hand, with their lines")
        .scopes(&["accounting.manualjournals.read"])
        .version(|j| j.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .deleted_when(|j| j.status.as_str() == "DELETED")
        .columns(
            Fields::new()
                .text("narration", |j: &ManualJournal| j.narration.get())
                .date("date", |j| j.date.get())
                .text("status", |j| j.status.get())
                .text("line_amount_types", |j| j.line_amount_types.get())
                .boolean("show_on_cash_basis_reports", |j| j.show_on_cash_basis_reports.get())
                .boolean("has_attachments", |j| j.has_attachments.get())
                .timestamp("updated_at", |j| j.updated.at()),
        )
        .children("manual_journal_lines", |j| Cow::Borrowed(&j.journal_lines), line_columns())
}

/// A debit is positive, a credit negative.
fn line_columns() -> Fields<JournalLine> {
    Fields::new()
        .text("account_code", |l: &JournalLine| l.account_code.get())
        .text("account_id", |l| l.account_id.get())
        .text("description", |l| l.description.get())
        .amount("line_amount", |l| l.line_amount.get())
        .amount("tax_amount", |l| l.tax_amount.get())
        .text("tax_type", |l| l.tax_type.get())
        .boolean("is_blank", |l| l.is_blank.get())
}
