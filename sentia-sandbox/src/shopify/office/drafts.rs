//! Draft orders and their lines.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::super::node::{Node, Resolved, Scene, gid, time, time_if};
use super::super::order_fields::sold;
use super::Office;
use crate::universe::{DraftLine, DraftOrder};

pub(super) fn draft<'u>(scene: Scene<'u>, draft: &'u DraftOrder, field: &str) -> Resolved<'u> {
    let sum = |part: fn(&DraftLine) -> Decimal| -> Decimal { draft.lines.iter().map(part).sum() };
    match field {
        "subtotalPriceSet" => bag(draft.subtotal()),
        "totalPriceSet" => bag(draft.total()),
        "totalTaxSet" => bag(draft.total_tax()),
        "totalDiscountsSet" => bag(sum(|line| line.discount)),
        "totalShippingPriceSet" => bag(draft.shipping),
        "totalLineItemsPriceSet" => bag(sum(|line| line.unit_price * Decimal::from(line.quantity))),
        "customer" => {
            let mut customers = scene.shop.customers.iter();
            Resolved::maybe(customers.find(|c| Some(c.id) == draft.customer).map(Node::Customer))
        }
        "order" => Resolved::maybe(draft.order.and_then(|id| scene.order(id)).map(Node::Order)),
        "lineItems" => {
            let lines = 0..draft.lines.len();
            Resolved::children(lines.map(|at| Node::Office(Office::DraftLine(draft, at))))
        }
        _ => Resolved::Leaf(leaf(scene, draft, field)),
    }
}

fn leaf(scene: Scene<'_>, draft: &DraftOrder, field: &str) -> Value {
    match field {
        "id" => gid("DraftOrder", draft.id),
        "legacyResourceId" => json!(draft.id.to_string()),
        "name" => json!(draft.name()),
        "status" => json!(draft.status),
        "ready" => json!(true),
        "tags" => json!([]),
        "createdAt" => time(draft.stamp.created_at),
        "updatedAt" => time(draft.stamp.updated_at),
        "completedAt" => time_if(draft.completed_at),
        "invoiceSentAt" => time_if(draft.invoice_sent_at),
        "invoiceUrl" => json!(format!("https://{}/invoices/{}", scene.shop.domain, draft.id)),
        "currencyCode" | "presentmentCurrencyCode" => json!(scene.shop.currency),
        "taxesIncluded" => json!(draft.taxes_included),
        "taxExempt" => json!(false),
        "totalQuantityOfLineItems" => json!(draft.lines.iter().map(|line| line.quantity).sum::<i64>()),
        _ => Value::Null,
    }
}

pub(super) fn line<'u>(scene: Scene<'u>, draft: &'u DraftOrder, at: usize, field: &str) -> Resolved<'u> {
    let line = &draft.lines[at];
    let custom = line.sku.is_none();
    let variant = || sold(scene, line.variant);
    Resolved::Leaf(match field {
        "variant" => return Resolved::maybe(variant().map(|(p, v)| Node::Variant(p, v))),
        "product" => return Resolved::maybe(variant().map(|(product, _)| Node::Product(product))),
        "originalUnitPriceSet" => return bag(line.unit_price),
        "originalTotalSet" => return bag(line.unit_price * Decimal::from(line.quantity)),
        "discountedTotalSet" => return bag(line.discounted_total()),
        "totalDiscountSet" => return bag(line.discount),
        "id" => gid("DraftOrderLineItem", line.id),
        "custom" => json!(custom),
        "name" => match &line.variant_title {
            Some(variant) => json!(format!("{} - {variant}", line.title)),
            None => json!(line.title),
        },
        "title" => json!(line.title),
        "variantTitle" => json!(line.variant_title),
        "sku" => json!(line.sku),
        "vendor" => json!((!custom).then_some("Hearth & Grain")),
        "quantity" => json!(line.quantity),
        "taxable" | "requiresShipping" => json!(true),
        "isGiftCard" => json!(false),
        _ => Value::Null,
    })
}

fn bag<'u>(amount: Decimal) -> Resolved<'u> {
    Resolved::Object(Node::Office(Office::Bag(amount)))
}
