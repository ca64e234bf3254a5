//! Payments of invoices, bills, credit notes, prepayments and overpayments.

use chrono::NaiveDate;
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{CURSOR, MAX_PAGE, OVERLAP, contacts::ContactName};
use crate::xero::wire::{Instant, Maybe, Nested};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Payment {
    #[serde(rename = "PaymentID")]
    payment_id: Maybe<Text>,
    payment_type: Maybe<Text>,
    status: Maybe<Text>,
    date: Maybe<NaiveDate>,
    amount: Maybe<Exact>,
    bank_amount: Maybe<Exact>,
    currency_rate: Maybe<Exact>,
    reference: Maybe<Text>,
    is_reconciled: Maybe<bool>,
    account: Nested<Account>,
    invoice: Nested<Target>,
    credit_note: Nested<Target>,
    prepayment: Nested<Target>,
    overpayment: Nested<Target>,
    #[serde(rename = "BatchPaymentID")]
    batch_payment_id: Maybe<Text>,
    batch_payment: Nested<Batch>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Account {
    #[serde(rename = "AccountID")]
    account_id: Maybe<Text>,
    #[serde(rename = "Code")]
    code: Maybe<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Batch {
    #[serde(rename = "BatchPaymentID")]
    batch_payment_id: Maybe<Text>,
}

/// What was paid, in any of its four shapes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Target {
    #[serde(rename = "InvoiceID")]
    invoice_id: Maybe<Text>,
    #[serde(rename = "CreditNoteID")]
    credit_note_id: Maybe<Text>,
    #[serde(rename = "PrepaymentID")]
    prepayment_id: Maybe<Text>,
    #[serde(rename = "OverpaymentID")]
    overpayment_id: Maybe<Text>,
    r#type: Maybe<Text>,
    invoice_number: Maybe<Text>,
    credit_note_number: Maybe<Text>,
    currency_code: Maybe<Text>,
    contact: Nested<ContactName>,
}

/// What kind of document a payment pays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Invoice,
    CreditNote,
    Prepayment,
    Overpayment,
}

impl Payment {
    /// Xero writes the target of a refund under `Invoice` too, with the credit note's id as `InvoiceID` and
    /// `ACCRECCREDIT` as its type; so the type decides which column the id belongs to.
    fn under_invoice(&self, kind: Kind) -> Option<&Target> {
        let named = match self.invoice.r#type.as_str() {
            credit if credit.ends_with("CREDIT") => Kind::CreditNote,
            prepayment if prepayment.ends_with("PREPAYMENT") => Kind::Prepayment,
            overpayment if overpayment.ends_with("OVERPAYMENT") => Kind::Overpayment,
            _ => Kind::Invoice,
        };
        (named == kind).then_some(&*self.invoice)
    }

    fn target_id(&self, kind: Kind) -> Option<Text> {
        let own = match kind {
            Kind::Invoice => None,
            Kind::CreditNote => self.credit_note.credit_note_id.get(),
            Kind::Prepayment => self.prepayment.prepayment_id.get(),
            Kind::Overpayment => self.overpayment.overpayment_id.get(),
        };
        own.or_else(|| self.under_invoice(kind)?.invoice_id.get())
    }

    fn credit_note_number(&self) -> Option<Text> {
        let own = self.credit_note.credit_note_number.get();
        own.or_else(|| self.under_invoice(Kind::CreditNote)?.invoice_number.get())
    }

    /// The first target that answers: exactly one is set.
    fn of_target(&self, part: fn(&Target) -> Option<Text>) -> Option<Text> {
        let targets = [&self.invoice, &self.credit_note, &self.prepayment, &self.overpayment];
        targets.into_iter().find_map(|target| part(target))
    }
}

/// A payment that is removed says `DELETED`. Amounts are positive; the payment's type says which way they go.
pub(super) fn stream() -> Stream<Payment> {
    Stream::new("payments", "PaymentID", |p: &Payment| p.payment_id.key())
        .describe("payments of documents")
        .scopes(&["accounting.payments.read"])
        .version(|p| p.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .deleted_when(|p| p.status.as_str() == "DELETED")
        .columns(columns())
}

fn columns() -> Fields<Payment> {
    Fields::new()
        .text("payment_type", |p: &Payment| p.payment_type.get())
        .text("status", |p| p.status.get())
        .date("date", |p| p.date.get())
        .amount("amount", |p| p.amount.get())
        .amount("bank_amount", |p| p.bank_amount.get())
        .text("currency_code", |p| p.of_target(|target| target.currency_code.get()))
        .decimal("currency_rate", |p| p.currency_rate.get())
        .text("reference", |p| p.reference.get())
        .boolean("is_reconciled", |p| p.is_reconciled.get())
        .text("account_id", |p| p.account.account_id.get())
        .text("account_code", |p| p.account.code.get())
        .text("invoice_id", |p| p.target_id(Kind::Invoice))
        .text("invoice_number", |p| p.under_invoice(Kind::Invoice)?.invoice_number.get())
        .text("credit_note_id", |p| p.target_id(Kind::CreditNote))
        .text("credit_note_number", Payment::credit_note_number)
        .text("prepayment_id", |p| p.target_id(Kind::Prepayment))
        .text("overpayment_id", |p| p.target_id(Kind::Overpayment))
        .text("contact_id", |p| p.of_target(|target| target.contact.contact_id.get()))
        .text("contact_name", |p| p.of_target(|target| target.contact.name.get()))
        .text("batch_payment_id", |p| p.batch_payment_id.or(&p.batch_payment.batch_payment_id))
        .timestamp("updated_at", |p| p.updated.at())
}
