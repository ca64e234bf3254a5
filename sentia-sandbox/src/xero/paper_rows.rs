//! Rows of orders, quotes, bank lines, transfers, advances and manual journals.

use chrono::SecondsFormat;

use super::facts::advance_kind;
use super::rows::{Form, contact_of, line_item, tracking};
use super::wire::Object;
use crate::universe::{
    Account, Advance, AdvanceKind, BankTransaction, BankTransfer, LineSet, ManualJournal, PurchaseOrder,
    Quote, Universe,
};

pub(crate) fn purchase_order(o: &mut Object<'_>, universe: &Universe, order: &PurchaseOrder, form: Form) {
    o.id("PurchaseOrderID", order.id)
        .text("PurchaseOrderNumber", &order.number)
        .day("Date", order.date)
        .day("DeliveryDate", order.delivery_date)
        .text("DeliveryAddress", "Hearth & Grain\nUnit 4\nLeeds\nLS1 4AP")
        .text("AttentionTo", "Goods inwards")
        .text("DeliveryInstructions", "")
        .flag("HasErrors", false)
        .flag("IsDiscounted", false)
        .text("Reference", &order.reference)
        .text("Type", "PURCHASEORDER")
        .number("CurrencyRate", rust_decimal::Decimal::ONE, 10)
        .text("CurrencyCode", "GBP");
    contact_of(o, &universe.books.contacts[order.contact], form);
    o.flag("SentToContact", order.sent).text("Status", order.status);
    body(o, universe, &order.body, form);
    o.moment("UpdatedDateUTC", order.updated_at).flag("HasAttachments", false);
}

pub(crate) fn quote(o: &mut Object<'_>, universe: &Universe, quote: &Quote, form: Form) {
    o.id("QuoteID", quote.id)
        .text("QuoteNumber", &quote.number)
        .text("Reference", &quote.reference)
        .text("Terms", "Not valid after the expiry date");
    let contact = &universe.books.contacts[quote.contact];
    o.object("Contact", |o| {
        o.id("ContactID", contact.id).text("Name", &contact.name).text("EmailAddress", &contact.email);
    });
    // Quotes have a list of values of their own in the model, in capitals.
    amounts(o, universe, &quote.body, &quote.body.amounts.as_str().to_uppercase(), form);
    o.day("Date", quote.date)
        .day("ExpiryDate", quote.expiry_date)
        .text("Status", quote.status)
        .number("CurrencyRate", rust_decimal::Decimal::ONE, 6)
        .text("CurrencyCode", "GBP")
        .money("TotalDiscount", rust_decimal::Decimal::ZERO)
        .text("Title", "")
        .text("Summary", "")
        .moment("UpdatedDateUTC", quote.updated_at);
}

pub(crate) fn bank_transaction(o: &mut Object<'_>, universe: &Universe, line: &BankTransaction, form: Form) {
    o.id("BankTransactionID", line.id);
    account(o, "BankAccount", &universe.books.accounts[line.account], true);
    o.text("Type", line.kind)
        .text_if("Reference", Some(line.reference.as_str()).filter(|text| !text.is_empty()))
        .flag("IsReconciled", line.reconciled);
    match line.advance {
        Some((AdvanceKind::Overpayment, id)) => drop(o.id("OverpaymentID", id)),
        Some((AdvanceKind::Prepayment, id)) => drop(o.id("PrepaymentID", id)),
        None => {}
    }
    o.flag("HasAttachments", false);
    if let Some(contact) = line.contact {
        contact_of(o, &universe.books.contacts[contact], form);
    }
    o.day("Date", line.date).text("Status", line.status);
    body(o, universe, &line.body, form);
    o.moment("UpdatedDateUTC", line.updated_at).text("CurrencyCode", "GBP");
}

pub(crate) fn bank_transfer(o: &mut Object<'_>, universe: &Universe, transfer: &BankTransfer, form: Form) {
    let (books, ledger) = (&universe.books, &universe.ledger);
    let created = transfer.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    o.id("BankTransferID", transfer.id)
        .text("CreatedDateUTCString", created.trim_end_matches('Z'))
        .moment("CreatedDateUTC", transfer.created_at)
        .day("Date", transfer.date)
        .text("Status", transfer.status);
    // Codes of the accounts show only on a transfer asked for by its id, as in the model's examples.
    account(o, "FromBankAccount", &books.accounts[transfer.from], form.alone);
    account(o, "ToBankAccount", &books.accounts[transfer.to], form.alone);
    let (from, to) = (transfer.from_transaction, transfer.to_transaction);
    let (from, to) = (&ledger.bank_transactions[from], &ledger.bank_transactions[to]);
    o.money("Amount", transfer.amount)
        .id("FromBankTransactionID", from.id)
        .id("ToBankTransactionID", to.id)
        .flag("FromIsReconciled", from.reconciled)
        .flag("ToIsReconciled", to.reconciled)
        .text("Reference", &transfer.reference);
    if form.alone {
        o.number("CurrencyRate", rust_decimal::Decimal::ONE, 10);
    }
    o.flag("HasAttachments", false).raw("FromTracking", "[]").raw("ToTracking", "[]");
}

pub(crate) fn advance(
    o: &mut Object<'_>,
    universe: &Universe,
    kind: AdvanceKind,
    credit: &Advance,
    form: Form,
) {
    let key = if kind == AdvanceKind::Overpayment { "OverpaymentID" } else { "PrepaymentID" };
    o.id(key, credit.id).id("ID", credit.id);
    o.number("CurrencyRate", rust_decimal::Decimal::ONE, 10)
        .text("Type", advance_kind(kind, credit.side))
        .text("Reference", &credit.reference)
        .money("RemainingCredit", credit.remaining);
    o.array("Allocations", &credit.allocations, |o, used| {
        let invoice = &universe.books.invoices[used.invoice].document;
        o.id("AllocationID", used.id).money("Amount", used.amount).day_alone("Date", used.date);
        o.object("Invoice", |o| {
            o.id("InvoiceID", invoice.id).text("InvoiceNumber", &invoice.number);
        });
        o.flag("IsDeleted", false);
    });
    o.raw("Payments", "[]").flag("HasAttachments", false);
    contact_of(o, &universe.books.contacts[credit.contact], form);
    o.day("Date", credit.date).text("Status", credit.status);
    body(o, universe, &credit.body, form);
    o.updated(credit.updated_at).text("CurrencyCode", "GBP");
}

pub(crate) fn manual_journal(o: &mut Object<'_>, universe: &Universe, entry: &ManualJournal, form: Form) {
    o.day_alone("Date", entry.date)
        .text("Status", entry.status)
        .text("LineAmountTypes", "NoTax")
        .moment("UpdatedDateUTC", entry.updated_at)
        .id("ManualJournalID", entry.id)
        .text("Narration", &entry.narration);
    let lines = if form.full { entry.lines.as_slice() } else { &[] };
    o.array("JournalLines", lines, |o, line| {
        let account = &universe.books.accounts[line.account];
        o.text("Description", line.description)
            .text("TaxType", "NONE")
            .money("TaxAmount", rust_decimal::Decimal::ZERO)
            .money("LineAmount", line.amount)
            .text_if("AccountCode", account.code);
        tracking(o, "Tracking", universe, line.tracking);
        o.id("AccountID", account.id).flag("IsBlank", false);
    });
    o.flag("ShowOnCashBasisReports", entry.on_cash_basis).flag("HasAttachments", false);
}

fn account(o: &mut Object<'_>, name: &str, account: &Account, with_code: bool) {
    o.object(name, |o| {
        o.id("AccountID", account.id)
            .text_if("Code", account.code.filter(|_| with_code))
            .text("Name", account.name);
    });
}

fn body(o: &mut Object<'_>, universe: &Universe, body: &LineSet, form: Form) {
    amounts(o, universe, body, body.amounts.as_str(), form);
}

/// Lines and totals. A summary has an empty list, which looks like a paper without lines.
fn amounts(o: &mut Object<'_>, universe: &Universe, body: &LineSet, types: &str, form: Form) {
    let lines = if form.full { body.lines.as_slice() } else { &[] };
    o.text("LineAmountTypes", types).array("LineItems", lines, |o, line| line_item(o, universe, line, form));
    o.money("SubTotal", body.sub_total).money("TotalTax", body.total_tax).money("Total", body.total);
}
