//! Fields of what stands behind the orders: the payments account, fulfillment orders, returns, draft orders.

mod drafts;
mod facts;
mod fulfillment_orders;
mod payments;
mod returns;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::node::{Node, Resolved, Row, Scene};
use super::root_fields::listed;
use crate::universe::{BalanceTransaction, DraftOrder, Location, Order, Payout, Return};

/// One object of the back office.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Office<'u> {
    Account,
    Payout(&'u Payout),
    Summary(&'u Payout),
    Balance(&'u BalanceTransaction),
    BalanceOrder(&'u BalanceTransaction),
    BalancePayout(&'u BalanceTransaction),
    FulfillmentOrder(&'u Order),
    FulfillmentOrderLine(&'u Order, usize),
    AssignedLocation(&'u Location),
    Return(&'u Order, &'u Return),
    ReturnLine(&'u Order, &'u Return, usize),
    Draft(&'u DraftOrder),
    DraftLine(&'u DraftOrder, usize),
    /// Money of a draft, which is presented in the shop's currency.
    Bag(Decimal),
}

impl<'u> Office<'u> {
    /// `__typename`.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Account => "ShopifyPaymentsAccount",
            Self::Payout(_) => "ShopifyPaymentsPayout",
            Self::Summary(_) => "ShopifyPaymentsPayoutSummary",
            Self::Balance(_) => "ShopifyPaymentsBalanceTransaction",
            Self::BalanceOrder(_) => "ShopifyPaymentsAssociatedOrder",
            Self::BalancePayout(_) => "ShopifyPaymentsBalanceTransactionAssociatedPayout",
            Self::FulfillmentOrder(_) => "FulfillmentOrder",
            Self::FulfillmentOrderLine(..) => "FulfillmentOrderLineItem",
            Self::AssignedLocation(_) => "FulfillmentOrderAssignedLocation",
            Self::Return(..) => "Return",
            Self::ReturnLine(..) => "ReturnLineItem",
            Self::Draft(_) => "DraftOrder",
            Self::DraftLine(..) => "DraftOrderLineItem",
            Self::Bag(_) => "MoneyBag",
        }
    }

    pub(crate) fn resolve(
        self,
        scene: Scene<'u>,
        field: &str,
        arguments: &Map<String, Value>,
    ) -> Resolved<'u> {
        match self {
            Self::Account => payments::account(scene, field, arguments),
            Self::Payout(payout) => payments::payout(scene, payout, field),
            Self::Summary(payout) => payments::summary(scene, payout, field),
            Self::Balance(movement) => payments::movement(scene, movement, field),
            Self::BalanceOrder(movement) => payments::associated_order(movement, field),
            Self::BalancePayout(movement) => payments::associated_payout(scene, movement, field),
            Self::FulfillmentOrder(order) => fulfillment_orders::fulfillment_order(scene, order, field),
            Self::FulfillmentOrderLine(order, at) => fulfillment_orders::line(scene, order, at, field),
            Self::AssignedLocation(location) => fulfillment_orders::assigned(location, field),
            Self::Return(order, r) => returns::parcel(order, r, field),
            Self::ReturnLine(order, r, at) => returns::line(order, r, at, field),
            Self::Draft(draft) => drafts::draft(scene, draft, field),
            Self::DraftLine(draft, at) => drafts::line(scene, draft, at, field),
            Self::Bag(amount) => match field {
                "shopMoney" | "presentmentMoney" => {
                    Resolved::Object(Node::Money(amount, scene.shop.currency))
                }
                _ => Resolved::null(),
            },
        }
    }
}

/// The lists and the account of the query root.
pub(crate) fn root<'u>(scene: Scene<'u>, field: &str, arguments: &Map<String, Value>) -> Resolved<'u> {
    match field {
        "shopifyPaymentsAccount" => Resolved::maybe(scene.payments.then_some(Node::Office(Office::Account))),
        "fulfillmentOrders" => {
            let closed = arguments.get("includeClosed").and_then(Value::as_bool).unwrap_or(false);
            let rows = scene.orders().filter(|order| closed || !order.fulfillment_order().closed());
            listed(scene, field, rows.map(fulfillment_order_row).collect(), arguments)
        }
        "draftOrders" => listed(scene, field, draft_rows(scene), arguments),
        _ => Resolved::null(),
    }
}

/// The fulfillment orders of one order; closed ones are shown.
pub(crate) fn fulfillment_orders_of<'u>(
    scene: Scene<'u>,
    order: &'u Order,
    arguments: &Map<String, Value>,
) -> Resolved<'u> {
    listed(scene, "fulfillmentOrders", vec![fulfillment_order_row(order)], arguments)
}

/// The returns of one order.
pub(crate) fn returns_of<'u>(
    scene: Scene<'u>,
    order: &'u Order,
    arguments: &Map<String, Value>,
) -> Resolved<'u> {
    let rows = scene.shop.back_office.returns_of(order.id);
    let row = |r: &'u Return| Row { node: Node::Office(Office::Return(order, r)), id: r.id, at: None };
    listed(scene, "returns", rows.map(row).collect(), arguments)
}

/// `returnStatus`: the most open of an order's returns tells.
pub(crate) fn return_status(scene: Scene<'_>, order: &Order) -> &'static str {
    let has = |status: &str| scene.shop.back_office.returns_of(order.id).any(|r| r.status == status);
    if has("REQUESTED") {
        "RETURN_REQUESTED"
    } else if has("OPEN") {
        "IN_PROGRESS"
    } else if has("CLOSED") {
        "RETURNED"
    } else {
        "NO_RETURN"
    }
}

/// The drafts that exist.
pub(crate) fn draft_rows<'u>(scene: Scene<'u>) -> Vec<Row<'u>> {
    let row =
        |draft: &'u DraftOrder| Row { node: Node::Office(Office::Draft(draft)), id: draft.id, at: None };
    scene.shop.back_office.drafts.iter().map(row).collect()
}

fn fulfillment_order_row(order: &Order) -> Row<'_> {
    let node = Node::Office(Office::FulfillmentOrder(order));
    Row { node, id: order.fulfillment_order().id, at: None }
}

/// The object of a type and number, if it is one of the back office.
pub(crate) fn by_id<'u>(scene: Scene<'u>, kind: &str, id: u64) -> Option<Node<'u>> {
    let office = &scene.shop.back_office;
    let found = match kind {
        "FulfillmentOrder" => {
            scene.orders().find(|order| order.fulfillment_order().id == id).map(Office::FulfillmentOrder)
        }
        "Return" => scene.orders().find_map(|order| {
            office.returns_of(order.id).find(|r| r.id == id).map(|r| Office::Return(order, r))
        }),
        "DraftOrder" => office.drafts.iter().find(|draft| draft.id == id).map(Office::Draft),
        "ShopifyPaymentsPayout" if scene.payments => office.payout(id).map(Office::Payout),
        "ShopifyPaymentsBalanceTransaction" if scene.payments => {
            office.balance.iter().find(|movement| movement.id == id).map(Office::Balance)
        }
        _ => None,
    };
    found.map(Node::Office)
}

/// A number as the scalar `BigInt` writes it.
fn big(number: u64) -> Value {
    json!(number.to_string())
}
