//! The warehouses of the universe: the same story as the shops and the books.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rust_decimal::Decimal;
use sentia_sandbox::universe::{Presence, Region, Size, Universe, UnleashedStream};

#[test]
fn orders_and_invoices_are_those_of_shops_and_books() {
    let universe = Universe::generate(1, Size::small());
    let w = &universe.warehouse;
    let by_source: BTreeMap<&str, _> =
        w.sales_orders.iter().filter_map(|order| Some((order.source.as_deref()?, order))).collect();
    for region in [Region::Uk, Region::Usa] {
        for order in &universe.shop(region).orders {
            let sale = by_source[order.id.to_string().as_str()];
            assert_eq!(sale.total(), order.total(), "{}", order.name());
            assert_eq!(sale.tax_total(), order.total_tax());
            assert_eq!(sale.status == "Parked", !order.paid && !order.test);
        }
    }
    let booked: BTreeMap<&str, Decimal> =
        universe.books.invoices.iter().map(|i| (i.document.number.as_str(), i.document.total)).collect();
    let mut found = 0;
    for invoice in w.invoices.iter().filter(|invoice| invoice.status == "Completed") {
        let total: Decimal = invoice.lines.iter().map(|line| line.total + line.tax).sum();
        assert_eq!(booked[invoice.number.as_str()], total, "{}", invoice.number);
        found += 1;
    }
    assert!(found > 200);
    let notes: BTreeMap<&str, Decimal> =
        universe.books.credit_notes.iter().map(|n| (n.document.number.as_str(), n.document.total)).collect();
    assert!(!w.credit_notes.is_empty());
    for note in &w.credit_notes {
        let total: Decimal = note.lines.iter().map(|line| line.total + line.tax).sum();
        assert_eq!(notes[note.number.as_str()], total, "{}", note.number);
    }
}

#[test]
fn stock_is_that_of_the_shops() {
    let mut universe = Universe::generate(3, Size::tiny());
    for step in 0..3 {
        universe.advance_to(Universe::anchor() + TimeDelta::hours(step));
        universe.evolve();
        let w = &universe.warehouse;
        for (_, variant) in universe.shop_uk.variants().filter(|(_, variant)| variant.item.tracked) {
            let product = w.product_of_code(&variant.sku).unwrap();
            let row = w.stock_of(product, 0).unwrap();
            assert_eq!(row.on_hand, Decimal::from(variant.item.levels[0].on_hand()), "{}", variant.sku);
        }
    }
}

#[test]
fn suppliers_and_customers_are_contacts() {
    let universe = Universe::generate(2, Size::tiny());
    let suppliers: Vec<&str> = universe.warehouse.suppliers.iter().map(|s| s.name.as_str()).collect();
    let contacts: Vec<&str> = universe
        .books
        .contacts
        .iter()
        .filter(|contact| contact.is_supplier)
        .map(|contact| contact.name.as_str())
        .collect();
    assert_eq!(suppliers, contacts);
    let names: Vec<&str> = universe.warehouse.customers.iter().map(|c| c.name.as_str()).collect();
    let customers = universe.books.contacts.iter().filter(|contact| contact.is_customer);
    assert!(customers.into_iter().all(|contact| names.contains(&contact.name.as_str())));
}

#[test]
fn no_record_is_from_the_future_and_keys_are_unique() {
    let mut universe = Universe::generate(4, Size::small());
    universe.advance_to(Universe::anchor() + TimeDelta::days(1));
    universe.evolve();
    for stream in UnleashedStream::ALL {
        let truth = universe.warehouse_truth(stream);
        assert!(!truth.is_empty(), "{stream:?}");
        let mut keys: Vec<&str> = truth.iter().map(|record| record.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), truth.len(), "{stream:?}");
        assert!(truth.iter().all(|record| record.updated_at <= universe.now), "{stream:?}");
    }
}

#[test]
fn every_kind_of_absence_occurs() {
    let mut universe = Universe::generate(5, Size::tiny());
    universe.advance_to(Universe::anchor() + TimeDelta::days(1));
    universe.evolve();
    let holds =
        |stream, presence| universe.warehouse_truth(stream).iter().any(|record| record.presence == presence);
    assert!(holds(UnleashedStream::Products, Presence::Archived));
    assert!(holds(UnleashedStream::Warehouses, Presence::Archived));
    assert!(holds(UnleashedStream::SalesOrders, Presence::Voided));
    assert!(holds(UnleashedStream::SalesInvoices, Presence::Voided));
    assert!(holds(UnleashedStream::PurchaseOrders, Presence::Gone));
    assert!(holds(UnleashedStream::Assemblies, Presence::Gone));
}
