//! The ledger of the universe: it balances, agrees with the documents, and leaves the rest of the universe alone.
#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;
use rust_decimal::Decimal;
use sentia_sandbox::universe::{
    AdvanceKind, ContactStatus, DocumentStatus, Side, Size, Universe, XeroStream,
};

fn balance(universe: &Universe, code: &str) -> Decimal {
    let today = universe.now.date_naive();
    let accounts = universe.books.accounts.iter().zip(universe.balances(today));
    accounts.filter(|(account, _)| account.code == Some(code)).map(|(_, balance)| balance.amount).sum()
}

/// What is open on one side, less the credit that is not used yet, in pounds.
fn open(universe: &Universe, side: Side) -> Decimal {
    let books = &universe.books;
    let live = |status| matches!(status, DocumentStatus::Authorised | DocumentStatus::Paid);
    let pounds = |amount: Decimal, rate: Decimal| (amount / rate).round_dp(2);
    let invoices = books.invoices.iter().filter(|i| i.document.side == side && live(i.document.status));
    let owed: Decimal = invoices.map(|i| pounds(i.amount_due(), i.document.rate)).sum();
    let notes = books.credit_notes.iter().filter(|n| n.document.side == side && live(n.document.status));
    let credit: Decimal = notes.map(|n| pounds(n.remaining, n.document.rate)).sum();
    let advances = [AdvanceKind::Overpayment, AdvanceKind::Prepayment];
    let ahead: Decimal = advances
        .into_iter()
        .flat_map(|kind| universe.ledger.advances(kind))
        .filter(|advance| advance.side == side)
        .map(|advance| advance.remaining)
        .sum();
    owed - credit - ahead
}

fn check(universe: &Universe) {
    let today = universe.now.date_naive();
    let sum: Decimal = universe.balances(today).iter().map(|balance| balance.amount).sum();
    assert_eq!(sum, Decimal::ZERO);
    let penny = Decimal::new(1, 2);
    assert!((balance(universe, "610") - open(universe, Side::Receivable)).abs() <= penny);
    assert!((balance(universe, "800") + open(universe, Side::Payable)).abs() <= penny);
    let journals = universe.books_truth(XeroStream::JournalLines);
    assert_eq!(journals.iter().map(|line| line.amounts["NetAmount"]).sum::<Decimal>(), Decimal::ZERO);
}

#[test]
fn the_trial_balance_balances_and_agrees_with_the_documents() {
    let mut universe = Universe::generate(11, Size::small());
    check(&universe);
    for day in 1..=10 {
        universe.advance_to(Universe::anchor() + TimeDelta::days(day));
        universe.evolve();
        check(&universe);
    }
}

#[test]
fn the_journals_add_up_to_the_balances() {
    let mut universe = Universe::generate(12, Size::tiny());
    universe.advance_to(Universe::anchor() + TimeDelta::hours(5));
    universe.evolve();
    let papers: Decimal = universe.balances(universe.now.date_naive())[0].amount;
    let bank = universe.books_truth(XeroStream::BankTransactions);
    assert!(bank.iter().any(|record| record.deleted()));
    // The same sum, told by the numbered journals instead of by the papers.
    let mut told = Decimal::ZERO;
    for journal in &universe.ledger.journals {
        let sign = if journal.reversal { -Decimal::ONE } else { Decimal::ONE };
        let lines = universe.posting_of(journal);
        told +=
            lines.lines.iter().filter(|line| line.account == 0).map(|line| sign * line.net).sum::<Decimal>();
    }
    assert_eq!(told, papers);
    let numbers: Vec<u64> = universe.ledger.journals.iter().map(|journal| journal.number).collect();
    assert!(numbers.is_sorted() && numbers.windows(2).any(|pair| pair[1] - pair[0] > 1));
    assert!(universe.ledger.journals.is_sorted_by_key(|journal| journal.created_at));
}

#[test]
fn orders_and_quotes_tell_the_story_of_bills_and_invoices() {
    let universe = Universe::generate(13, Size::small());
    let bills = |number: &str, total: Decimal| {
        universe
            .books
            .invoices
            .iter()
            .any(|invoice| invoice.document.number == number && invoice.document.total == total)
    };
    let billed = universe.ledger.purchase_orders.iter().filter(|order| order.status == "BILLED");
    assert!(billed.clone().count() > 50);
    assert!(billed.into_iter().all(|order| bills(&order.reference, order.body.total)));
    let invoiced = universe.ledger.quotes.iter().filter(|quote| quote.status == "INVOICED");
    assert!(invoiced.clone().count() > 40);
    assert!(invoiced.into_iter().all(|quote| bills(&quote.reference, quote.body.total)));
    for status in ["DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"] {
        assert!(universe.ledger.purchase_orders.iter().any(|order| order.status == status), "{status}");
    }
}

#[test]
fn awkward_cases_are_there_even_in_a_tiny_universe() {
    let mut universe = Universe::generate(14, Size::tiny());
    let ledger = &universe.ledger;
    assert!(ledger.bank_transfers.iter().any(|transfer| transfer.status == "DELETED"));
    assert!(ledger.bank_transactions.iter().any(|line| line.status == "DELETED"));
    for status in ["POSTED", "VOIDED", "DRAFT", "DELETED"] {
        assert!(ledger.manual_journals.iter().any(|entry| entry.status == status), "{status}");
    }
    assert!(ledger.journals.iter().any(|journal| journal.reversal));
    assert!(ledger.overpayments.iter().any(|advance| advance.status == "VOIDED"));
    universe.merge_contact(3, 4);
    let contact = &universe.books.contacts[3];
    assert_eq!(
        (contact.status, contact.merged_to),
        (ContactStatus::Archived, Some(universe.books.contacts[4].id))
    );
}
