//! Fields of orders and of what stands under them.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::node::{Node, Resolved, Scene, gid, time, time_if};
use super::office;
use crate::universe::{
    Fulfillment, FulfillmentLine, Order, Refund, RefundLine, Region, Tracking, Transaction,
};

/// A field of an order; none when it is not one of these.
pub(crate) fn order<'u>(
    scene: Scene<'u>,
    order: &'u Order,
    field: &str,
    arguments: &Map<String, Value>,
) -> Resolved<'u> {
    let bag = |amount: Decimal| Resolved::Object(Node::MoneyBag(order, amount));
    let paid = if order.paid { order.total() } else { Decimal::ZERO };
    match field {
        "subtotalPriceSet" => bag(order.subtotal()),
        "totalPriceSet" | "originalTotalPriceSet" => bag(order.total()),
        "totalTaxSet" => bag(order.total_tax()),
        "totalDiscountsSet" => bag(order.total_discounts()),
        "totalShippingPriceSet" => bag(order.shipping),
        "totalRefundedSet" => bag(order.total_refunded()),
        "currentTotalPriceSet" => bag(order.current_total()),
        "currentSubtotalPriceSet" => bag(order.subtotal() - refunded(order, |line| line.subtotal)),
        "currentTotalTaxSet" => bag(order.total_tax() - refunded(order, |line| line.tax)),
        "totalReceivedSet" => bag(paid),
        "netPaymentSet" => bag(paid - order.total_refunded()),
        "totalOutstandingSet" => bag(order.total() - paid),
        "customer" => Resolved::maybe(customer(scene, order).map(Node::Customer)),
        "shippingAddress" | "billingAddress" => Resolved::maybe(customer(scene, order).map(Node::Address)),
        "lineItems" => Resolved::children((0..order.lines.len()).map(|at| Node::Line(order, at))),
        "refunds" => {
            Resolved::list(order.refunds.iter().map(|r| Node::Refund(order, r)).take(first(arguments)))
        }
        "fulfillments" => Resolved::list(
            order.fulfillments.iter().map(|f| Node::Fulfillment(order, f)).take(first(arguments)),
        ),
        "transactions" => Resolved::list(
            order.transactions.iter().map(|t| Node::Transaction(order, t)).take(first(arguments)),
        ),
        "fulfillmentOrders" => office::fulfillment_orders_of(scene, order, arguments),
        "returns" => office::returns_of(scene, order, arguments),
        _ => Resolved::Leaf(order_leaf(scene, order, field)),
    }
}

fn order_leaf(scene: Scene<'_>, order: &Order, field: &str) -> Value {
    match field {
        "id" => gid("Order", order.id),
        "legacyResourceId" => json!(order.id.to_string()),
        "name" => json!(order.name()),
        "number" => json!(order.number),
        "createdAt" | "processedAt" => time(order.stamp.created_at),
        "updatedAt" => time(order.stamp.updated_at),
        "cancelledAt" => time_if(order.cancelled_at),
        "closedAt" => time_if(order.closed_at),
        "closed" => json!(order.closed_at.is_some()),
        "cancelReason" => order.cancelled_at.map_or(Value::Null, |_| json!("CUSTOMER")),
        "displayFinancialStatus" => json!(financial_status(order)),
        "displayFulfillmentStatus" => json!(fulfillment_status(order)),
        "returnStatus" => json!(office::return_status(scene, order)),
        "currencyCode" => json!(scene.shop.currency),
        "presentmentCurrencyCode" => json!(order.presentment_currency),
        "taxesIncluded" => json!(order.taxes_included),
        "test" => json!(order.test),
        "sourceName" => json!(order.source),
        "poNumber" => json!(order.po_number),
        "tags" => json!(order.tags),
        "confirmed" | "requiresShipping" => json!(true),
        "fullyPaid" => json!(order.paid),
        "unpaid" => json!(!order.paid),
        "refundable" => json!(order.paid && order.current_total() > Decimal::ZERO),
        "taxExempt" | "estimatedTaxes" | "dutiesIncluded" | "edited" => json!(false),
        "paymentGatewayNames" => {
            json!(order.transactions.first().map(|t| t.gateway).into_iter().collect::<Vec<_>>())
        }
        "discountCodes" => json!([]),
        "subtotalLineItemsQuantity" => json!(order.lines.iter().map(|line| line.quantity).sum::<i64>()),
        "currentSubtotalLineItemsQuantity" => {
            json!(
                (0..order.lines.len())
                    .map(|at| order.lines[at].quantity - order.refunded_quantity(at))
                    .sum::<i64>()
            )
        }
        "totalWeight" | "currentTotalWeight" => json!("1500"),
        // Personal fields are null without the approval that a plain app does not have.
        _ => Value::Null,
    }
}

pub(crate) fn financial_status(order: &Order) -> &'static str {
    match (order.paid, order.refunds.is_empty()) {
        (false, _) => "PENDING",
        (true, true) => "PAID",
        (true, false) if order.current_total() <= Decimal::ZERO => "REFUNDED",
        (true, false) => "PARTIALLY_REFUNDED",
    }
}

pub(crate) fn fulfillment_status(order: &Order) -> &'static str {
    if order.fulfillments.is_empty() {
        "UNFULFILLED"
    } else if (0..order.lines.len())
        .all(|at| order.fulfilled_quantity(at) + order.refunded_quantity(at) >= order.lines[at].quantity)
    {
        "FULFILLED"
    } else {
        "PARTIALLY_FULFILLED"
    }
}

fn customer<'u>(scene: Scene<'u>, order: &Order) -> Option<&'u crate::universe::Customer> {
    scene.shop.customers.iter().find(|customer| Some(customer.id) == order.customer)
}

fn refunded(order: &Order, part: impl Fn(&RefundLine) -> Decimal) -> Decimal {
    order.refunds.iter().flat_map(|refund| &refund.lines).map(part).sum()
}

fn first(arguments: &Map<String, Value>) -> usize {
    arguments.get("first").and_then(Value::as_u64).map_or(usize::MAX, |first| first as usize)
}

pub(crate) fn line<'u>(scene: Scene<'u>, order: &'u Order, at: usize, field: &str) -> Resolved<'u> {
    let line = &order.lines[at];
    let bag = |amount: Decimal| Resolved::Object(Node::MoneyBag(order, amount));
    let quantity = Decimal::from(line.quantity);
    let open = line.quantity - order.fulfilled_quantity(at) - order.refunded_quantity(at);
    let current = line.quantity - order.refunded_quantity(at);
    match field {
        "id" => Resolved::Leaf(gid("LineItem", line.id)),
        "sku" => Resolved::Leaf(json!(line.sku)),
        "title" => Resolved::Leaf(json!(line.title)),
        "name" => Resolved::Leaf(json!(format!("{} - {}", line.title, line.variant_title))),
        "variantTitle" => Resolved::Leaf(json!(line.variant_title)),
        "vendor" => Resolved::Leaf(json!("Hearth & Grain")),
        "quantity" => Resolved::Leaf(json!(line.quantity)),
        "currentQuantity" | "refundableQuantity" => Resolved::Leaf(json!(current)),
        "unfulfilledQuantity" => Resolved::Leaf(json!(open.max(0))),
        "nonFulfillableQuantity" => Resolved::Leaf(json!(0)),
        "requiresShipping" | "taxable" | "restockable" => Resolved::Leaf(json!(true)),
        "isGiftCard" | "merchantEditable" => Resolved::Leaf(json!(false)),
        "variant" => Resolved::maybe(
            sold(scene, line.variant).map(|(product, variant)| Node::Variant(product, variant)),
        ),
        "product" => Resolved::maybe(sold(scene, line.variant).map(|(product, _)| Node::Product(product))),
        "originalUnitPriceSet" => bag(line.unit_price),
        "originalTotalSet" => bag(line.unit_price * quantity),
        "discountedUnitPriceSet" => bag((line.discounted_total() / quantity).round_dp(2)),
        "discountedTotalSet" => bag(line.discounted_total()),
        "totalDiscountSet" => bag(line.discount),
        "unfulfilledOriginalTotalSet" => bag(line.unit_price * Decimal::from(open.max(0))),
        "unfulfilledDiscountedTotalSet" => {
            bag((line.discounted_total() * Decimal::from(open.max(0)) / quantity).round_dp(2))
        }
        "taxLines" => Resolved::list([Node::TaxLine(order, line.tax)]),
        _ => Resolved::null(),
    }
}

pub(crate) fn sold<'u>(
    scene: Scene<'u>,
    variant: Option<u64>,
) -> Option<(&'u crate::universe::Product, &'u crate::universe::Variant)> {
    let wanted = variant?;
    scene.shop.variants().find(|(_, variant)| variant.id == wanted)
}

pub(crate) fn tax_line<'u>(scene: Scene<'u>, order: &'u Order, tax: Decimal, field: &str) -> Resolved<'u> {
    let uk = scene.shop.region == Region::Uk;
    match field {
        "priceSet" => Resolved::Object(Node::MoneyBag(order, tax)),
        "title" => Resolved::Leaf(json!(if uk { "GB VAT" } else { "New York State Tax" })),
        "rate" => Resolved::Leaf(json!(if uk { 0.2 } else { 0.08875 })),
        "ratePercentage" => Resolved::Leaf(json!(if uk { 20.0 } else { 8.875 })),
        "channelLiable" => Resolved::Leaf(json!(false)),
        _ => Resolved::null(),
    }
}

pub(crate) fn refund<'u>(order: &'u Order, refund: &'u Refund, field: &str) -> Resolved<'u> {
    match field {
        "id" => Resolved::Leaf(gid("Refund", refund.id)),
        "legacyResourceId" => Resolved::Leaf(json!(refund.id.to_string())),
        "createdAt" | "processedAt" => Resolved::Leaf(time(refund.stamp.created_at)),
        "updatedAt" => Resolved::Leaf(time(refund.stamp.updated_at)),
        "note" => Resolved::Leaf(json!(refund.note)),
        "order" => Resolved::Object(Node::Order(order)),
        "totalRefundedSet" => Resolved::Object(Node::MoneyBag(order, refund.amount(order.taxes_included))),
        "refundLineItems" => {
            Resolved::children(refund.lines.iter().map(|line| Node::RefundLine(order, line)))
        }
        "transactions" => Resolved::children(refund.transactions.iter().map(|t| Node::Transaction(order, t))),
        _ => Resolved::null(),
    }
}

pub(crate) fn refund_line<'u>(
    scene: Scene<'u>,
    order: &'u Order,
    line: &'u RefundLine,
    field: &str,
) -> Resolved<'u> {
    match field {
        "id" => Resolved::Leaf(line.id.map_or(Value::Null, |id| gid("RefundLineItem", id))),
        "quantity" => Resolved::Leaf(json!(line.quantity)),
        "restockType" => Resolved::Leaf(json!(line.restock)),
        "restocked" => Resolved::Leaf(json!(line.restock == "RETURN")),
        "location" => {
            Resolved::maybe(line.location.and_then(|id| scene.shop.location(id)).map(Node::Location))
        }
        "lineItem" => Resolved::Object(Node::Line(order, line.line)),
        "priceSet" | "subtotalSet" => Resolved::Object(Node::MoneyBag(order, line.subtotal)),
        "totalTaxSet" => Resolved::Object(Node::MoneyBag(order, line.tax)),
        _ => Resolved::null(),
    }
}

pub(crate) fn fulfillment<'u>(
    scene: Scene<'u>,
    order: &'u Order,
    fulfillment: &'u Fulfillment,
    field: &str,
    arguments: &Map<String, Value>,
) -> Resolved<'u> {
    let leaf = match field {
        "location" => return Resolved::maybe(scene.shop.location(fulfillment.location).map(Node::Location)),
        "order" => return Resolved::Object(Node::Order(order)),
        "trackingInfo" => {
            return Resolved::list(fulfillment.tracking.iter().map(Node::Tracking).take(first(arguments)));
        }
        "fulfillmentLineItems" => {
            return Resolved::children(
                fulfillment.lines.iter().map(|line| Node::FulfillmentLine(order, line)),
            );
        }
        "id" => gid("Fulfillment", fulfillment.id),
        "legacyResourceId" => json!(fulfillment.id.to_string()),
        "name" => json!(fulfillment.name),
        "status" => json!(fulfillment.status),
        "displayStatus" => json!(fulfillment.display_status),
        "createdAt" => time(fulfillment.stamp.created_at),
        "updatedAt" => time(fulfillment.stamp.updated_at),
        "deliveredAt" => time_if(fulfillment.delivered_at),
        "totalQuantity" => json!(fulfillment.lines.iter().map(|line| line.quantity).sum::<i64>()),
        "requiresShipping" => json!(true),
        _ => Value::Null,
    };
    Resolved::Leaf(leaf)
}

pub(crate) fn fulfillment_line<'u>(order: &'u Order, line: &'u FulfillmentLine, field: &str) -> Resolved<'u> {
    match field {
        "id" => Resolved::Leaf(gid("FulfillmentLineItem", line.id)),
        "quantity" => Resolved::Leaf(json!(line.quantity)),
        "lineItem" => Resolved::Object(Node::Line(order, line.line)),
        _ => Resolved::null(),
    }
}

pub(crate) fn tracking<'u>(tracking: &Tracking, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "company" => json!(tracking.company),
        "number" => json!(tracking.number),
        "url" => json!(format!("https://track.example/{}", tracking.number)),
        _ => Value::Null,
    })
}

pub(crate) fn transaction<'u>(order: &'u Order, transaction: &'u Transaction, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "amountSet" => return Resolved::Object(Node::MoneyBag(order, transaction.amount)),
        "id" => gid("OrderTransaction", transaction.id),
        "kind" => json!(transaction.kind),
        "status" => json!(transaction.status),
        "gateway" | "formattedGateway" => json!(transaction.gateway),
        "createdAt" | "processedAt" => time(transaction.processed_at),
        "test" => json!(order.test),
        "manualPaymentGateway" => json!(false),
        _ => Value::Null,
    })
}

/// Money of an order, in the shop's currency and in the buyer's.
pub(crate) fn money_bag<'u>(scene: Scene<'u>, order: &Order, value: Decimal, field: &str) -> Resolved<'u> {
    match field {
        "shopMoney" => Resolved::Object(Node::Money(value, scene.shop.currency)),
        "presentmentMoney" => {
            let presented = (value * order.presentment_rate).round_dp(2);
            Resolved::Object(Node::Money(presented, order.presentment_currency))
        }
        _ => Resolved::null(),
    }
}
