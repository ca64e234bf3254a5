//! The payments account, its payouts and its movements.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::super::node::{Node, Resolved, Row, Scene, gid, time};
use super::super::root_fields::listed;
use super::{Office, big};
use crate::universe::{BalanceTransaction, Payout, Region};

pub(super) fn account<'u>(scene: Scene<'u>, field: &str, arguments: &Map<String, Value>) -> Resolved<'u> {
    let office = &scene.shop.back_office;
    Resolved::Leaf(match field {
        "payouts" => {
            let wanted = arguments.get("transactionType").and_then(Value::as_str);
            let payouts = office.payouts.iter().filter(|p| wanted.is_none_or(|way| way == p.direction()));
            let row = |p: &'u Payout| Row { node: Node::Office(Office::Payout(p)), id: p.id, at: None };
            return listed(scene, field, payouts.map(row).collect(), arguments);
        }
        "balanceTransactions" => {
            let hide = arguments.get("hideTransfers").and_then(Value::as_bool).unwrap_or(false);
            let shown = office.balance.iter().filter(|m| !hide || m.kind != "TRANSFER");
            let row = |m: &'u BalanceTransaction| Row {
                node: Node::Office(Office::Balance(m)),
                id: m.id,
                at: None,
            };
            return listed(scene, field, shown.map(row).collect(), arguments);
        }
        "balance" => {
            let live = office.balance.iter().filter(|movement| !movement.test);
            let held: Decimal = live.map(BalanceTransaction::net).sum();
            return Resolved::list([Node::Money(held, scene.shop.currency)]);
        }
        "id" => gid("ShopifyPaymentsAccount", scene.shop.id + 11),
        "defaultCurrency" => json!(scene.shop.currency),
        "activated" => json!(true),
        "onboardable" => json!(false),
        "country" => json!(if scene.shop.region == Region::Uk { "GB" } else { "US" }),
        _ => Value::Null,
    })
}

pub(super) fn payout<'u>(scene: Scene<'u>, payout: &'u Payout, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "net" => return money(scene, payout.net),
        "gross" => return money(scene, payout.net + payout.charge_fees),
        "summary" => return Resolved::Object(Node::Office(Office::Summary(payout))),
        "id" => gid("ShopifyPaymentsPayout", payout.id),
        "legacyResourceId" => json!(payout.id.to_string()),
        "issuedAt" => time(payout.issued_at),
        "status" => json!(payout.status),
        "transactionType" => json!(payout.direction()),
        _ => Value::Null,
    })
}

pub(super) fn summary<'u>(scene: Scene<'u>, payout: &Payout, field: &str) -> Resolved<'u> {
    money(
        scene,
        match field {
            "chargesGross" => payout.charges,
            "chargesFee" => payout.charge_fees,
            "refundsFeeGross" => payout.refunds,
            "adjustmentsGross" => payout.adjustments,
            _ => Decimal::ZERO,
        },
    )
}

pub(super) fn movement<'u>(scene: Scene<'u>, movement: &'u BalanceTransaction, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "amount" => return money(scene, movement.amount),
        "fee" => return money(scene, movement.fee),
        "net" => return money(scene, movement.net()),
        "associatedOrder" => {
            let order = movement.order.is_some().then_some(Node::Office(Office::BalanceOrder(movement)));
            return Resolved::maybe(order);
        }
        "associatedPayout" => return Resolved::Object(Node::Office(Office::BalancePayout(movement))),
        "id" => gid("ShopifyPaymentsBalanceTransaction", movement.id),
        "type" => json!(movement.kind),
        "sourceType" => json!(movement.source),
        "sourceId" => big(movement.source_id),
        "sourceOrderTransactionId" => movement.transaction.map_or(Value::Null, big),
        "test" => json!(movement.test),
        "transactionDate" => time(movement.at),
        "adjustmentReason" => json!(movement.reason),
        _ => Value::Null,
    })
}

pub(super) fn associated_order<'u>(movement: &BalanceTransaction, field: &str) -> Resolved<'u> {
    let Some((id, name)) = &movement.order else { return Resolved::null() };
    Resolved::Leaf(if field == "id" { gid("Order", *id) } else { json!(name) })
}

pub(super) fn associated_payout<'u>(
    scene: Scene<'u>,
    movement: &BalanceTransaction,
    field: &str,
) -> Resolved<'u> {
    Resolved::Leaf(match (field, movement.payout) {
        ("id", Some(id)) => gid("ShopifyPaymentsPayout", id),
        ("status", _) => payout_status(scene, movement).map_or(Value::Null, |status| json!(status)),
        _ => Value::Null,
    })
}

/// PENDING until a payout holds it; test money has no status at all.
pub(super) fn payout_status(scene: Scene<'_>, movement: &BalanceTransaction) -> Option<&'static str> {
    match movement.payout {
        Some(id) => scene.shop.back_office.payout(id).map(|payout| payout.status),
        None => (!movement.test).then_some("PENDING"),
    }
}

fn money<'u>(scene: Scene<'u>, amount: Decimal) -> Resolved<'u> {
    Resolved::Object(Node::Money(amount, scene.shop.currency))
}
