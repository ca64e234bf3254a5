//! The universe itself: deterministic, consistent, and with all the awkward cases.
#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;
use rust_decimal::Decimal;
use sentia_sandbox::universe::{LineAmountTypes, Region, Size, Universe};

#[test]
fn equal_seeds_make_equal_universes_that_evolve_equally() {
    let make = |seed| {
        let mut universe = Universe::generate(seed, Size::tiny());
        universe.advance_to(Universe::anchor() + TimeDelta::hours(3));
        let report = universe.evolve();
        (format!("{universe:?}"), report)
    };
    assert_eq!(make(3), make(3));
    assert_ne!(make(3).0, make(4).0);
}

#[test]
fn shops_and_books_tell_the_same_story() {
    let universe = Universe::generate(1, Size::small());
    for region in [Region::Uk, Region::Usa] {
        let code = if region == Region::Uk { "UK" } else { "US" };
        for order in &universe.shop(region).orders {
            let number = format!("SH-{code}-{}", order.number);
            let invoice = universe.books.invoices.iter().find(|invoice| invoice.document.number == number);
            assert_eq!(invoice.is_some(), order.paid, "{number}");
            if let Some(invoice) = invoice {
                assert_eq!(
                    (invoice.document.total, invoice.document.total_tax),
                    (order.total(), order.total_tax())
                );
                assert_eq!(invoice.amount_due(), Decimal::ZERO);
            }
            let prefix = format!("CN-{code}-{}-", order.number);
            let notes =
                universe.books.credit_notes.iter().filter(|note| note.document.number.starts_with(&prefix));
            assert_eq!(notes.map(|note| note.document.total).sum::<Decimal>(), order.total_refunded());
        }
    }
}

#[test]
fn documents_add_up() {
    let universe = Universe::generate(2, Size::small());
    let documents = universe.books.invoices.iter().map(|invoice| &invoice.document);
    for document in documents.chain(universe.books.credit_notes.iter().map(|note| &note.document)) {
        let lines: Decimal = document.lines.iter().map(|line| line.line_amount).sum();
        let inclusive = document.line_amounts == LineAmountTypes::Inclusive;
        assert_eq!(lines, if inclusive { document.total } else { document.sub_total });
        assert_eq!(document.sub_total + document.total_tax, document.total);
    }
}

#[test]
fn awkward_cases_are_there() {
    let universe = Universe::generate(5, Size::small());
    let orders = || universe.shop_uk.orders.iter();
    assert!(orders().any(|order| order.lines.len() > 50));
    assert!(orders().any(|order| order.refunds.iter().any(|refund| refund.lines.len() > 50)));
    assert!(orders().any(|order| order.fulfillments.iter().any(|sent| sent.lines.len() > 50)));
    assert!(
        orders().any(|order| order
            .refunds
            .iter()
            .flat_map(|refund| &refund.lines)
            .any(|line| line.id.is_none()))
    );
    assert!(universe.shop_uk.products.iter().any(|product| product.variants.len() > 100));
    let lines = || universe.books.invoices.iter().flat_map(|invoice| &invoice.document.lines);
    assert!(lines().any(|line| line.unit_amount.normalize().scale() == 4));
    assert!(universe.books.invoices.iter().any(|invoice| invoice.document.status.as_str() == "VOIDED"));
    assert!(universe.books.invoices.iter().any(|invoice| invoice.document.rate.normalize().scale() == 10));
}
