//! What filters may ask about a row, read from the universe.

use super::resource::{Facts, Resource};
use crate::universe::{Advance, AdvanceKind, ContactStatus, Document, PaymentStatus, Side, Universe};

pub(crate) fn of(resource: Resource, universe: &Universe, at: usize) -> Facts<'_> {
    let (books, ledger) = (&universe.books, &universe.ledger);
    let contact = |position: usize| Some(books.contacts[position].id);
    match resource {
        Resource::Contacts => {
            let archived = books.contacts[at].status == ContactStatus::Archived;
            let status = if archived { "ARCHIVED" } else { "ACTIVE" };
            Facts { status, hidden: archived, ..Facts::default() }
        }
        Resource::Accounts => {
            let account = &books.accounts[at];
            let status = if account.archived { "ARCHIVED" } else { "ACTIVE" };
            Facts { kind: account.kind, status, number: account.code.unwrap_or_default(), ..Facts::default() }
        }
        Resource::Items => Facts { number: &books.items[at].code, ..Facts::default() },
        Resource::Invoices => document(universe, &books.invoices[at].document, ["ACCREC", "ACCPAY"]),
        Resource::CreditNotes => {
            document(universe, &books.credit_notes[at].document, ["ACCRECCREDIT", "ACCPAYCREDIT"])
        }
        Resource::Payments => {
            let payment = &books.payments[at];
            let live = payment.status == PaymentStatus::Authorised;
            let status = if live { "AUTHORISED" } else { "DELETED" };
            Facts { status, date: Some(payment.date), ..Facts::default() }
        }
        Resource::PurchaseOrders => {
            let order = &ledger.purchase_orders[at];
            let (status, number) = (order.status, order.number.as_str());
            let contact = contact(order.contact);
            Facts {
                kind: "PURCHASEORDER",
                status,
                number,
                date: Some(order.date),
                contact,
                ..Facts::default()
            }
        }
        Resource::Quotes => {
            let quote = &ledger.quotes[at];
            let (date, expiry) = (Some(quote.date), Some(quote.expiry_date));
            let (status, number, contact) = (quote.status, quote.number.as_str(), contact(quote.contact));
            Facts { status, number, date, expiry, contact, ..Facts::default() }
        }
        Resource::BankTransactions => {
            let line = &ledger.bank_transactions[at];
            let contact = line.contact.and_then(contact);
            Facts { kind: line.kind, status: line.status, date: Some(line.date), contact, ..Facts::default() }
        }
        Resource::BankTransfers => {
            let transfer = &ledger.bank_transfers[at];
            let hidden = transfer.status == "DELETED";
            Facts { status: transfer.status, date: Some(transfer.date), hidden, ..Facts::default() }
        }
        Resource::ManualJournals => {
            let entry = &ledger.manual_journals[at];
            Facts { status: entry.status, date: Some(entry.date), ..Facts::default() }
        }
        Resource::Overpayments => advance(universe, AdvanceKind::Overpayment, &ledger.overpayments[at]),
        Resource::Prepayments => advance(universe, AdvanceKind::Prepayment, &ledger.prepayments[at]),
        Resource::TrackingCategories => {
            let hidden = ledger.tracking_categories[at].archived;
            Facts { status: if hidden { "ARCHIVED" } else { "ACTIVE" }, hidden, ..Facts::default() }
        }
        Resource::TaxRates => {
            let rate = &ledger.tax_rates[at];
            Facts { kind: rate.tax_type, status: rate.status, ..Facts::default() }
        }
        Resource::Currencies => Facts { number: ledger.currencies[at].code, ..Facts::default() },
        Resource::Organisation | Resource::Journals => Facts::default(),
    }
}

/// The vendor's type name of an advance.
pub(crate) fn advance_kind(kind: AdvanceKind, side: Side) -> &'static str {
    match (kind, side) {
        (AdvanceKind::Overpayment, Side::Receivable) => "RECEIVE-OVERPAYMENT",
        (AdvanceKind::Overpayment, Side::Payable) => "SPEND-OVERPAYMENT",
        (AdvanceKind::Prepayment, Side::Receivable) => "RECEIVE-PREPAYMENT",
        (AdvanceKind::Prepayment, Side::Payable) => "SPEND-PREPAYMENT",
    }
}

fn document<'u>(universe: &'u Universe, document: &'u Document, kinds: [&'static str; 2]) -> Facts<'u> {
    Facts {
        kind: kinds[usize::from(document.side == Side::Payable)],
        status: document.status.as_str(),
        number: &document.number,
        date: Some(document.date),
        contact: Some(universe.books.contacts[document.contact].id),
        ..Facts::default()
    }
}

fn advance<'u>(universe: &'u Universe, kind: AdvanceKind, credit: &'u Advance) -> Facts<'u> {
    Facts {
        kind: advance_kind(kind, credit.side),
        status: credit.status,
        date: Some(credit.date),
        contact: Some(universe.books.contacts[credit.contact].id),
        ..Facts::default()
    }
}
