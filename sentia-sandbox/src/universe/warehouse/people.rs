//! How the warehouses follow the contacts of the books and the shops' customers.

use chrono::{DateTime, Utc};

use super::{Customer, Supplier, Warehousing};
use crate::universe::books::{Contact, ContactStatus};
use crate::universe::{Region, Universe};

/// What other systems call a contact.
fn source_of(contact: &Contact) -> String {
    contact.number.clone().unwrap_or_else(|| contact.name.clone())
}

/// Contacts of the books become customers and suppliers; archived ones become obsolete. Without a moment, that of
/// the contact.
pub(super) fn contacts(w: &mut Warehousing, universe: &Universe, present: Option<DateTime<Utc>>) {
    for (position, contact) in universe.books.contacts.iter().enumerate() {
        let at = present.unwrap_or(contact.updated_at);
        let archived = contact.status == ContactStatus::Archived;
        if contact.is_supplier {
            let supplier = supplier(w, position, contact, at);
            if archived && !w.suppliers[supplier].obsolete {
                w.suppliers[supplier].obsolete = true;
                w.suppliers[supplier].record.touch(at);
            }
        } else if let Some(customer) = customer(w, universe, &source_of(contact), at)
            && archived
            && !w.customers[customer].obsolete
        {
            w.customers[customer].obsolete = true;
            w.customers[customer].record.touch(at);
        }
    }
}

fn supplier(w: &mut Warehousing, contact: usize, known: &Contact, at: DateTime<Utc>) -> usize {
    if let Some(&supplier) = w.index.supplier_of_contact.get(&contact) {
        return supplier;
    }
    let record = w.record(at);
    let code = format!("SUP{}", w.suppliers.len() + 1);
    let (name, currency) = (known.name.clone(), known.currency);
    w.suppliers.push(Supplier { record, code, name, currency, obsolete: false });
    w.index.supplier_of_contact.insert(contact, w.suppliers.len() - 1);
    w.suppliers.len() - 1
}

/// The customer of a source, made if it is new: a contact of the books, or a shop's customer who has not paid yet.
pub(super) fn customer(
    w: &mut Warehousing,
    universe: &Universe,
    source: &str,
    at: DateTime<Utc>,
) -> Option<usize> {
    if let Some(&customer) = w.index.customer_of_source.get(source) {
        return Some(customer);
    }
    let buyers = [Region::Uk, Region::Usa].into_iter().flat_map(|region| {
        let shop = universe.shop(region);
        shop.customers.iter().map(move |customer| (shop.currency, customer))
    });
    let buyer = source.strip_prefix("gid://shopify/Customer/").and_then(|id| id.parse::<u64>().ok());
    let buyer = buyer.and_then(|id| buyers.into_iter().find(|(_, customer)| customer.id == id));
    let contact = universe.books.contacts.iter().find(|contact| source_of(contact) == source);
    let name = match (contact, buyer) {
        (Some(contact), _) => contact.name.clone(),
        (None, Some((_, buyer))) => format!("{} {} ({})", buyer.first_name, buyer.last_name, buyer.id),
        (None, None) => return None,
    };
    let american = contact.map(|contact| contact.currency).or(buyer.map(|b| b.0)) == Some("USD");
    let record = w.record(at);
    w.customers.push(Customer {
        record,
        code: format!("CUST{}", w.customers.len() + 1),
        name,
        first_name: buyer.map(|(_, buyer)| buyer.first_name),
        last_name: buyer.map(|(_, buyer)| buyer.last_name),
        email: buyer.map(|(_, buyer)| buyer.email.clone()),
        currency: if american { "USD" } else { "GBP" },
        country: if american { "United States" } else { "United Kingdom" },
        postcode: buyer.map_or_else(|| "LS1 1AA".to_owned(), |(_, buyer)| buyer.zip.clone()),
        trade: buyer.is_none(),
        obsolete: false,
    });
    w.index.customer_of_source.insert(source.to_owned(), w.customers.len() - 1);
    Some(w.customers.len() - 1)
}
