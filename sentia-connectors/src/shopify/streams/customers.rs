//! `customers`, without what names a person: names, mail addresses, phones and streets are not asked for.

use chrono::{DateTime, Utc};
use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use crate::shopify::{
    bulk::{Export, LARGE},
    query::{CUSTOMERS, CUSTOMERS_COUNT},
    search::Search,
    walk::{List, OVERLAP},
    wire::{Money, Region, Stamp, Whole, joined},
};

/// The filter matches whole days (schema, `customers(query:)`). The rows too many are absorbed by their digest.
pub(super) static LIST: List = List::new(&CUSTOMERS, 100, Search::Days("updated_at"));

pub(super) static EXPORT: Export = Export { list: &LIST, count: &CUSTOMERS_COUNT, children: &[], gaps: None };

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer {
    id: Text,
    legacy_resource_id: Option<Whole>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Stamp,
    state: Option<Text>,
    #[serde(default)]
    tags: Vec<Text>,
    /// A string on the wire.
    number_of_orders: Option<Whole>,
    amount_spent: Option<Money>,
    default_address: Option<Region>,
}

pub(super) fn stream() -> Stream<Customer> {
    Stream::new("customers", "id", |customer: &Customer| customer.id.clone())
        .describe("a customer without what names a person")
        .scopes(&["read_customers"])
        .version(|customer| Some(customer.updated_at.version()))
        .incremental("updatedAt", OVERLAP)
        .swept()
        .max_page(250)
        .exported_from(LARGE)
        .columns(
            Fields::<Customer>::new()
                .integer("legacy_id", |customer| customer.legacy_resource_id.map(|id| id.0))
                .timestamp("created_at", |customer| customer.created_at)
                .timestamp("updated_at", |customer| Some(customer.updated_at.at))
                .text("state", |customer| customer.state.clone())
                .text("tags", |customer| joined(&customer.tags))
                .integer("number_of_orders", |customer| customer.number_of_orders.map(|number| number.0))
                .amount("amount_spent", |customer| customer.amount_spent.as_ref().map(|money| money.amount))
                .text("currency", |customer| {
                    customer.amount_spent.as_ref().map(|money| money.currency_code.clone())
                })
                .text("country", |customer| customer.default_address.as_ref()?.country_code_v2.clone())
                .text("province", |customer| customer.default_address.as_ref()?.province_code.clone()),
        )
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn the_number_of_orders_is_a_number_although_it_comes_as_text() {
        let document = include_str!("../fixtures/customer.json");
        let record = stream().decode(document.into()).expect("readable");
        assert_eq!(record.key, "gid://shopify/Customer/820982911946154508");
        assert_eq!(record.values[0], Value::Integer(820_982_911_946_154_508));
        assert_eq!(record.values[5], Value::Integer(9_007_199_254_740_993));
        assert_eq!(record.values[6], Value::Amount("404.95".parse().expect("decimal")));
        assert_eq!(record.values[8], Value::Text("GB".into()));
        assert_eq!(record.version.raw, "2026-11-01T10:00:00Z");
    }
}
