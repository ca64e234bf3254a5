//! `balance_transactions`: every movement of the payments account, with its fee and the payout that holds it.

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use super::payouts::{LATE, SCOPES, SETTLING};
use crate::shopify::{
    query::BALANCE_TRANSACTIONS,
    search::Search,
    walk::{Absent, List},
    wire::{Money, Stamp, Whole},
};

/// A shop without Shopify Payments has no account, and no movements.
pub(super) static LIST: List = List {
    absent: Absent::Nothing,
    ..List::new(&BALANCE_TRANSACTIONS, 250, Search::Seconds("processed_at"))
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Movement {
    id: Text,
    #[serde(rename = "type")]
    kind: Option<Text>,
    source_type: Option<Text>,
    source_id: Option<Whole>,
    source_order_transaction_id: Option<Whole>,
    test: Option<bool>,
    transaction_date: Stamp,
    adjustment_reason: Option<Text>,
    amount: Option<Money>,
    fee: Option<Money>,
    net: Option<Money>,
    associated_order: Option<Order>,
    associated_payout: Option<Payout>,
}

#[derive(Debug, Deserialize)]
struct Order {
    id: Text,
    name: Option<Text>,
}

/// Both members are null until the movement is assigned to a payout.
#[derive(Debug, Deserialize)]
struct Payout {
    id: Option<Text>,
    status: Option<Text>,
}

fn amount(money: &Option<Money>) -> Option<Exact> {
    money.as_ref().map(|money| money.amount)
}

/// Read back as far as payouts are: a movement is assigned to a payout, and learns of its fate, without a word.
pub(super) fn stream() -> Stream<Movement> {
    Stream::new("balance_transactions", "id", |movement: &Movement| movement.id.clone())
        .describe("a movement of the Shopify Payments account, with its fee")
        .scopes(&SCOPES)
        .reread_window(SETTLING)
        .version(|movement| Some(movement.transaction_date.version()))
        .incremental("transactionDate", LATE)
        .max_page(250)
        .columns(
            Fields::<Movement>::new()
                .text("kind", |movement| movement.kind.clone())
                .text("source_type", |movement| movement.source_type.clone())
                .integer("source_id", |movement| movement.source_id.map(|id| id.0))
                .integer("order_transaction_legacy_id", |movement| {
                    movement.source_order_transaction_id.map(|id| id.0)
                })
                .timestamp("processed_at", |movement| Some(movement.transaction_date.at))
                .boolean("test", |movement| movement.test)
                .amount("amount", |movement| amount(&movement.amount))
                .amount("fee", |movement| amount(&movement.fee))
                .amount("net", |movement| amount(&movement.net))
                .text("currency", |movement| {
                    movement.amount.as_ref().map(|money| money.currency_code.clone())
                })
                .text("adjustment_reason", |movement| movement.adjustment_reason.clone())
                .text("order_id", |movement| movement.associated_order.as_ref().map(|order| order.id.clone()))
                .text("order_name", |movement| movement.associated_order.as_ref()?.name.clone())
                .text("payout_id", |movement| movement.associated_payout.as_ref()?.id.clone())
                .text("payout_status", |movement| movement.associated_payout.as_ref()?.status.clone()),
        )
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn a_movement_names_what_caused_it_and_waits_for_its_payout() {
        let document = include_str!("../fixtures/balance_transaction.json");
        let record = stream().decode(document.into()).expect("readable");
        let amount = |text: &str| Value::Amount(text.parse().expect("decimal"));
        assert_eq!(record.key, "gid://shopify/ShopifyPaymentsBalanceTransaction/77412310146154508");
        assert_eq!(record.values[2], Value::Integer(820_982_911_946_154_509));
        assert_eq!(record.values[3], Value::Integer(389_404_469_946_154_508));
        assert_eq!(record.values[6..9], [amount("404.95"), amount("6.0743"), amount("398.8757")]);
        assert_eq!((&record.values[13], &record.values[14]), (&Value::Null, &Value::Text("PENDING".into())));
    }
}
