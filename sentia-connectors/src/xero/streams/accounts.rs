//! The chart of accounts.

use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use super::{CURSOR, OVERLAP};
use crate::xero::wire::{Instant, Maybe};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Account {
    #[serde(rename = "AccountID")]
    account_id: Maybe<Text>,
    code: Maybe<Text>,
    name: Maybe<Text>,
    r#type: Maybe<Text>,
    class: Maybe<Text>,
    status: Maybe<Text>,
    description: Maybe<Text>,
    tax_type: Maybe<Text>,
    currency_code: Maybe<Text>,
    bank_account_number: Maybe<Text>,
    bank_account_type: Maybe<Text>,
    system_account: Maybe<Text>,
    reporting_code: Maybe<Text>,
    reporting_code_name: Maybe<Text>,
    enable_payments_to_account: Maybe<bool>,
    show_in_expense_claims: Maybe<bool>,
    add_to_watchlist: Maybe<bool>,
    has_attachments: Maybe<bool>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

/// All accounts in one answer. A bank account may lack its code; a deleted one says so.
pub(super) fn stream() -> Stream<Account> {
    Stream::new("accounts", "AccountID", |a: &Account| a.account_id.key())
        .describe("the chart of accounts")
        .scopes(&["accounting.settings.read"])
        .version(|a| a.updated.version())
        .incremental(CURSOR, OVERLAP)
        .deleted_when(|a| a.status.as_str() == "DELETED")
        .columns(
            Fields::new()
                .text("code", |a: &Account| a.code.get())
                .text("name", |a| a.name.get())
                .text("type", |a| a.r#type.get())
                .text("class", |a| a.class.get())
                .text("status", |a| a.status.get())
                .text("description", |a| a.description.get())
                .text("tax_type", |a| a.tax_type.get())
                .text("currency_code", |a| a.currency_code.get())
                .text("bank_account_number", |a| a.bank_account_number.get())
                .text("bank_account_type", |a| a.bank_account_type.get())
                .text("system_account", |a| a.system_account.get())
                .text("reporting_code", |a| a.reporting_code.get())
                .text("reporting_code_name", |a| a.reporting_code_name.get())
                .boolean("enable_payments_to_account", |a| a.enable_payments_to_account.get())
                .boolean("show_in_expense_claims", |a| a.show_in_expense_claims.get())
                .boolean("add_to_watchlist", |a| a.add_to_watchlist.get())
                .boolean("has_attachments", |a| a.has_attachments.get())
                .timestamp("updated_at", |a| a.updated.at()),
        )
}
