//! The tree of a transaction's amounts, and its items, flattened into rows.

use sentia_core::{Exact, Fields, Text};
use serde::Deserialize;

use super::financial_transactions::{Context, Transaction};
use crate::amazon::wire::{List, Money, Nested};

/// A node of the tree. Its amount is that of its children together.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Breakdown {
    breakdown_type: Option<Text>,
    breakdown_amount: Nested<Money>,
    breakdowns: List<Breakdown>,
}

/// What a transaction is about: one product, or one adjustment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Item {
    description: Option<Text>,
    pub(super) total_amount: Nested<Money>,
    pub(super) related_identifiers: List<Related>,
    contexts: List<Context>,
    breakdowns: List<Breakdown>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Related {
    pub(super) item_related_identifier_name: Option<Text>,
    pub(super) item_related_identifier_value: Option<Text>,
}

impl Item {
    fn related(&self, name: &str) -> Option<Text> {
        let named = |one: &&Related| one.item_related_identifier_name.as_deref() == Some(name);
        self.related_identifiers.iter().find(named)?.item_related_identifier_value.clone()
    }

    pub(super) fn product(&self) -> Option<&Context> {
        self.contexts.iter().find(|context| context.sku.is_some() || context.asin.is_some())
    }
}

pub(super) fn item_columns() -> Fields<Item> {
    Fields::new()
        .text("description", |i: &Item| i.description.clone())
        .text("asin", |i| i.product()?.asin.clone())
        .text("sku", |i| i.product()?.sku.clone())
        .integer("quantity_shipped", |i| i.product()?.quantity_shipped)
        .text("fulfillment_network", |i| i.product()?.fulfillment_network.clone())
        .amount("total", |i| i.total_amount.amount)
        .text("currency_code", |i| i.total_amount.currency_code.clone())
        .text("order_adjustment_item_id", |i| i.related("ORDER_ADJUSTMENT_ITEM_ID"))
        .text("coupon_id", |i| i.related("COUPON_ID"))
        .text("transaction_id", |i| i.related("TRANSACTION_ID"))
}

/// A node with where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The item it belongs to, by its place; none for the transaction's own.
    item: Option<i64>,
    /// The types from the root, joined by `/`.
    path: Text,
    kind: Option<Text>,
    is_leaf: bool,
    amount: Option<Exact>,
    currency: Option<Text>,
}

/// Every node of a transaction, parents before their children. Only leaves add up to the total.
pub(super) fn nodes(transaction: &Transaction) -> Vec<Node> {
    let mut nodes = Vec::new();
    flatten(&transaction.breakdowns, None, "", &mut nodes);
    for (at, item) in transaction.items.iter().enumerate() {
        flatten(&item.breakdowns, i64::try_from(at).ok(), "", &mut nodes);
    }
    nodes
}

/// As deep as the JSON reader went, which stops at 128 levels.
fn flatten(breakdowns: &[Breakdown], item: Option<i64>, above: &str, nodes: &mut Vec<Node>) {
    for breakdown in breakdowns {
        let kind = breakdown.breakdown_type.as_deref().unwrap_or("?");
        let path = if above.is_empty() { kind.to_owned() } else { format!("{above}/{kind}") };
        nodes.push(Node {
            item,
            path: Text::from(path.as_str()),
            kind: breakdown.breakdown_type.clone(),
            is_leaf: breakdown.breakdowns.is_empty(),
            amount: breakdown.breakdown_amount.amount,
            currency: breakdown.breakdown_amount.currency_code.clone(),
        });
        flatten(&breakdown.breakdowns, item, &path, nodes);
    }
}

pub(super) fn node_columns() -> Fields<Node> {
    Fields::new()
        .integer("item_position", |n: &Node| n.item)
        .text("path", |n| Some(n.path.clone()))
        .text("type", |n| n.kind.clone())
        .boolean("is_leaf", |n| Some(n.is_leaf))
        .amount("amount", |n| n.amount)
        .text("currency_code", |n| n.currency.clone())
}
