//! Money moved between the organisation's own bank accounts.

use chrono::NaiveDate;
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use crate::xero::wire::{Instant, Maybe, Nested};

/// A bank account, as transactions and transfers name it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct BankAccount {
    #[serde(rename = "AccountID")]
    pub(super) account_id: Maybe<Text>,
    pub(super) name: Maybe<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct BankTransfer {
    #[serde(rename = "BankTransferID")]
    bank_transfer_id: Maybe<Text>,
    from_bank_account: Nested<BankAccount>,
    to_bank_account: Nested<BankAccount>,
    amount: Maybe<Exact>,
    currency_rate: Maybe<Exact>,
    date: Maybe<NaiveDate>,
    reference: Maybe<Text>,
    status: Maybe<Text>,
    #[serde(rename = "FromBankTransactionID")]
    from_bank_transaction_id: Maybe<Text>,
    #[serde(rename = "ToBankTransactionID")]
    to_bank_transaction_id: Maybe<Text>,
    from_is_reconciled: Maybe<bool>,
    to_is_reconciled: Maybe<bool>,
    has_attachments: Maybe<bool>,
    #[serde(rename = "CreatedDateUTC")]
    created: Maybe<Instant>,
}

/// Xero dates a transfer by its creation alone, so no increment would show that it was deleted: the list, which is
/// never paged, is read whole each time.
pub(super) fn stream() -> Stream<BankTransfer> {
    Stream::new("bank_transfers", "BankTransferID", |b: &BankTransfer| b.bank_transfer_id.key())
        .describe("money moved between own bank accounts")
        .scopes(&["accounting.banktransactions.read"])
        .deleted_when(|b| b.status.as_str() == "DELETED")
        .columns(
            Fields::new()
                .text("from_account_id", |b: &BankTransfer| b.from_bank_account.account_id.get())
                .text("from_account_name", |b| b.from_bank_account.name.get())
                .text("to_account_id", |b| b.to_bank_account.account_id.get())
                .text("to_account_name", |b| b.to_bank_account.name.get())
                .amount("amount", |b| b.amount.get())
                .decimal("currency_rate", |b| b.currency_rate.get())
                .date("date", |b| b.date.get())
                .text("reference", |b| b.reference.get())
                .text("status", |b| b.status.get())
                .text("from_bank_transaction_id", |b| b.from_bank_transaction_id.get())
                .text("to_bank_transaction_id", |b| b.to_bank_transaction_id.get())
                .boolean("from_is_reconciled", |b| b.from_is_reconciled.get())
                .boolean("to_is_reconciled", |b| b.to_is_reconciled.get())
                .boolean("has_attachments", |b| b.has_attachments.get())
                .timestamp("created_at", |b| b.created.at()),
        )
}
