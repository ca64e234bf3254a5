//! Returns and their lines.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::super::node::{Node, Resolved, gid, time, time_if};
use super::Office;
use crate::universe::{Order, Return};

pub(super) fn parcel<'u>(order: &'u Order, r: &'u Return, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "order" => return Resolved::Object(Node::Order(order)),
        "returnLineItems" => {
            let lines = 0..r.lines.len();
            return Resolved::children(lines.map(|at| Node::Office(Office::ReturnLine(order, r, at))));
        }
        "id" => gid("Return", r.id),
        "name" => json!(r.name),
        "status" => json!(r.status),
        "totalQuantity" => json!(r.total_quantity()),
        "createdAt" => time(r.created_at),
        "requestApprovedAt" => time_if(r.approved_at),
        "closedAt" => time_if(r.closed_at),
        _ => Value::Null,
    })
}

pub(super) fn line<'u>(order: &'u Order, r: &'u Return, at: usize, field: &str) -> Resolved<'u> {
    let line = &r.lines[at];
    let done = if r.status == "CLOSED" { line.quantity } else { 0 };
    Resolved::Leaf(match field {
        "fulfillmentLineItem" => {
            let mut sent = order.fulfillments.iter().flat_map(|sent| &sent.lines);
            let sent = sent.find(|sent| sent.id == line.fulfillment_line);
            return Resolved::maybe(sent.map(|sent| Node::FulfillmentLine(order, sent)));
        }
        "withCodeDiscountedTotalPriceSet" => {
            let sold = &order.lines[line.line];
            let each = (sold.discounted_total() / Decimal::from(sold.quantity)).round_dp(2);
            return Resolved::Object(Node::MoneyBag(order, each * Decimal::from(line.quantity)));
        }
        "id" => gid("ReturnLineItem", line.id),
        "quantity" => json!(line.quantity),
        "refundedQuantity" => json!(line.refunded),
        "refundableQuantity" => json!(line.quantity - line.refunded),
        "processedQuantity" => json!(done),
        "processableQuantity" | "unprocessedQuantity" => json!(line.quantity - done),
        "returnReason" => json!(line.reason),
        "returnReasonNote" => json!(""),
        _ => Value::Null,
    })
}
