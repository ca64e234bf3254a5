//! Suppliers, with their addresses.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::{
    changing,
    references::{Address, Currency, addresses},
};
use crate::unleashed::wire::{Guid, Instant, List, Maybe, Nested, Zoned};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Supplier {
    guid: Maybe<Guid>,
    supplier_code: Maybe<Text>,
    supplier_name: Maybe<Text>,
    currency: Nested<Currency>,
    addresses: List<Address>,
    email: Maybe<Text>,
    phone_number: Maybe<Text>,
    #[serde(rename = "GSTVATNumber")]
    tax_number: Maybe<Text>,
    payment_term: Maybe<Text>,
    taxable: Maybe<bool>,
    tax_rate: Maybe<Exact>,
    lead_time_days: Maybe<i64>,
    minimum_order_quantity: Maybe<Exact>,
    minimum_order_value: Maybe<Exact>,
    obsolete: Maybe<bool>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

impl Zoned for Supplier {}

/// This list has no `includeObsolete`. Should it hide obsolete suppliers, the weekly sweep marks them as deleted.
pub(super) fn stream() -> Stream<Supplier> {
    changing(Stream::new("suppliers", "Guid", |s: &Supplier| s.guid.key()))
        .version(|s| s.last_modified_on.version_or(&s.created_on))
        .describe("a supplier")
        .columns(columns())
        .children("supplier_addresses", |s| Cow::Borrowed(&s.addresses), addresses())
}

fn columns() -> Fields<Supplier> {
    Fields::new()
        .text("supplier_code", |s: &Supplier| s.supplier_code.get())
        .text("supplier_name", |s| s.supplier_name.get())
        .text("currency_code", |s| s.currency.currency_code.get())
        .text("email", |s| s.email.get())
        .text("phone_number", |s| s.phone_number.get())
        .text("tax_number", |s| s.tax_number.get())
        .text("payment_term", |s| s.payment_term.get())
        .boolean("taxable", |s| s.taxable.get())
        .decimal("tax_rate", |s| s.tax_rate.get())
        .integer("lead_time_days", |s| s.lead_time_days.get())
        .decimal("minimum_order_quantity", |s| s.minimum_order_quantity.get())
        .decimal("minimum_order_value", |s| s.minimum_order_value.get())
        .boolean("obsolete", |s| s.obsolete.get())
        .timestamp("created_on", |s| s.created_on.at())
        .timestamp("last_modified_on", |s| s.last_modified_on.at())
}
