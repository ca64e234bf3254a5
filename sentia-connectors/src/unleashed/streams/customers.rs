//! Customers, with their addresses.

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
pub(super) struct Customer {
    guid: Maybe<Guid>,
    customer_code: Maybe<Text>,
    customer_name: Maybe<Text>,
    customer_type: Maybe<Text>,
    currency: Nested<Currency>,
    addresses: List<Address>,
    contact_first_name: Maybe<Text>,
    contact_last_name: Maybe<Text>,
    email: Maybe<Text>,
    phone_number: Maybe<Text>,
    #[serde(rename = "GSTVATNumber")]
    tax_number: Maybe<Text>,
    payment_term: Maybe<Text>,
    discount_rate: Maybe<Exact>,
    sell_price_tier: Maybe<Text>,
    stop_credit: Maybe<bool>,
    tax_code: Maybe<Text>,
    obsolete: Maybe<bool>,
    created_on: Maybe<Instant>,
    last_modified_on: Maybe<Instant>,
}

impl Zoned for Customer {}

pub(super) fn stream() -> Stream<Customer> {
    changing(Stream::new("customers", "Guid", |c: &Customer| c.guid.key()))
        .version(|c| c.last_modified_on.version_or(&c.created_on))
        .describe("a customer, obsolete ones included")
        .columns(columns())
        .children("customer_addresses", |c| Cow::Borrowed(&c.addresses), addresses())
}

fn columns() -> Fields<Customer> {
    Fields::new()
        .text("customer_code", |c: &Customer| c.customer_code.get())
        .text("customer_name", |c| c.customer_name.get())
        .text("customer_type", |c| c.customer_type.get())
        .text("currency_code", |c| c.currency.currency_code.get())
        .text("contact_first_name", |c| c.contact_first_name.get())
        .text("contact_last_name", |c| c.contact_last_name.get())
        .text("email", |c| c.email.get())
        .text("phone_number", |c| c.phone_number.get())
        .text("tax_number", |c| c.tax_number.get())
        .text("payment_term", |c| c.payment_term.get())
        .decimal("discount_rate", |c| c.discount_rate.get())
        .text("sell_price_tier", |c| c.sell_price_tier.get())
        .boolean("stop_credit", |c| c.stop_credit.get())
        .text("tax_code", |c| c.tax_code.get())
        .boolean("obsolete", |c| c.obsolete.get())
        .timestamp("created_on", |c| c.created_on.at())
        .timestamp("last_modified_on", |c| c.last_modified_on.at())
}
