//! Customers and suppliers.

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{CURSOR, FULL_EVERY, MAX_PAGE, OVERLAP};
use crate::xero::wire::{Instant, List, Maybe, Nested};

/// A contact as other documents name it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContactName {
    #[serde(rename = "ContactID")]
    pub(super) contact_id: Maybe<Text>,
    #[serde(rename = "Name")]
    pub(super) name: Maybe<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Contact {
    #[serde(rename = "ContactID")]
    contact_id: Maybe<Text>,
    #[serde(rename = "MergedToContactID")]
    merged_to_contact_id: Maybe<Text>,
    contact_number: Maybe<Text>,
    account_number: Maybe<Text>,
    contact_status: Maybe<Text>,
    name: Maybe<Text>,
    first_name: Maybe<Text>,
    last_name: Maybe<Text>,
    company_number: Maybe<Text>,
    email_address: Maybe<Text>,
    website: Maybe<Text>,
    tax_number: Maybe<Text>,
    is_supplier: Maybe<bool>,
    is_customer: Maybe<bool>,
    default_currency: Maybe<Text>,
    accounts_receivable_tax_type: Maybe<Text>,
    accounts_payable_tax_type: Maybe<Text>,
    sales_default_account_code: Maybe<Text>,
    purchases_default_account_code: Maybe<Text>,
    discount: Maybe<Exact>,
    addresses: List<Address>,
    phones: List<Phone>,
    balances: Nested<Balances>,
    payment_terms: Nested<PaymentTerms>,
    has_attachments: Maybe<bool>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Address {
    address_type: Maybe<Text>,
    address_line1: Maybe<Text>,
    city: Maybe<Text>,
    region: Maybe<Text>,
    postal_code: Maybe<Text>,
    country: Maybe<Text>,
}

impl Address {
    fn is_blank(&self) -> bool {
        [&self.address_line1, &self.city, &self.region, &self.postal_code, &self.country]
            .iter()
            .all(|part| part.as_str().is_empty())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Phone {
    phone_type: Maybe<Text>,
    phone_number: Maybe<Text>,
    phone_area_code: Maybe<Text>,
    phone_country_code: Maybe<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Balances {
    accounts_receivable: Nested<Balance>,
    accounts_payable: Nested<Balance>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Balance {
    outstanding: Maybe<Exact>,
    overdue: Maybe<Exact>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PaymentTerms {
    bills: Nested<Term>,
    sales: Nested<Term>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Term {
    day: Maybe<i64>,
    r#type: Maybe<Text>,
}

impl Contact {
    /// The postal address where it says anything, otherwise the street's. Xero sends both, often blank.
    fn address<T>(&self, part: fn(&Address) -> Option<T>) -> Option<T> {
        let of =
            |kind: &str| self.addresses.iter().find(|a| a.address_type.as_str() == kind && !a.is_blank());
        of("POBOX").or_else(|| of("STREET")).and_then(part)
    }

    /// The default phone as one number.
    fn phone(&self) -> Option<Text> {
        let phone = self.phones.iter().find(|phone| phone.phone_type.as_str() == "DEFAULT")?;
        let parts =
            [&phone.phone_country_code, &phone.phone_area_code, &phone.phone_number].map(Maybe::as_str);
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Some(parts.join(" ")).filter(|number| !number.is_empty()).map(Text::from)
    }
}

/// Contacts are never deleted: they are archived, merged into another, or made anonymous.
pub(super) fn stream() -> Stream<Contact> {
    Stream::new("contacts", "ContactID", |c: &Contact| c.contact_id.key())
        .describe("customers and suppliers")
        .scopes(&["accounting.contacts.read"])
        .full_every(FULL_EVERY)
        .version(|c| c.updated.version())
        .incremental(CURSOR, OVERLAP)
        .max_page(MAX_PAGE)
        .columns(columns())
}

fn columns() -> Fields<Contact> {
    Fields::new()
        .text("name", |c: &Contact| c.name.get())
        .text("first_name", |c| c.first_name.get())
        .text("last_name", |c| c.last_name.get())
        .text("email_address", |c| c.email_address.get())
        .text("phone", Contact::phone)
        .text("status", |c| c.contact_status.get())
        .text("contact_number", |c| c.contact_number.get())
        .text("account_number", |c| c.account_number.get())
        .text("company_number", |c| c.company_number.get())
        .text("tax_number", |c| c.tax_number.get())
        .text("website", |c| c.website.get())
        .boolean("is_customer", |c| c.is_customer.get())
        .boolean("is_supplier", |c| c.is_supplier.get())
        .text("default_currency", |c| c.default_currency.get())
        .text("city", |c| c.address(|a| a.city.get()))
        .text("region", |c| c.address(|a| a.region.get()))
        .text("postal_code", |c| c.address(|a| a.postal_code.get()))
        .text("country", |c| c.address(|a| a.country.get()))
        .amount("receivable_outstanding", |c| c.balances.accounts_receivable.outstanding.get())
        .amount("receivable_overdue", |c| c.balances.accounts_receivable.overdue.get())
        .amount("payable_outstanding", |c| c.balances.accounts_payable.outstanding.get())
        .amount("payable_overdue", |c| c.balances.accounts_payable.overdue.get())
        .integer("sales_terms_day", |c| c.payment_terms.sales.day.get())
        .text("sales_terms_type", |c| c.payment_terms.sales.r#type.get())
        .integer("bills_terms_day", |c| c.payment_terms.bills.day.get())
        .text("bills_terms_type", |c| c.payment_terms.bills.r#type.get())
        .decimal("discount_rate", |c| c.discount.get())
        .text("receivable_tax_type", |c| c.accounts_receivable_tax_type.get())
        .text("payable_tax_type", |c| c.accounts_payable_tax_type.get())
        .text("sales_default_account_code", |c| c.sales_default_account_code.get())
        .text("purchases_default_account_code", |c| c.purchases_default_account_code.get())
        .text("merged_to_contact_id", |c| c.merged_to_contact_id.get())
        .boolean("has_attachments", |c| c.has_attachments.get())
        .timestamp("updated_at", |c| c.updated.at())
}
