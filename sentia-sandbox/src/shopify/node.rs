//! The objects of a shop as the executor walks them.

use std::cell::RefCell;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::desk::{Desk, DeskView};
use super::office::Office;
use crate::universe::{
    Customer, Fulfillment, FulfillmentLine, InventoryLevel, Location, Order, Product, Refund, RefundLine,
    Shop, Tracking, Transaction, Variant,
};

/// One object; cheap to copy, as it only points into the universe.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node<'u> {
    Root,
    Shop,
    Plan,
    Installation,
    Scope(usize),
    Version(usize),
    Count(usize),
    Order(&'u Order),
    Line(&'u Order, usize),
    TaxLine(&'u Order, Decimal),
    Refund(&'u Order, &'u Refund),
    RefundLine(&'u Order, &'u RefundLine),
    Fulfillment(&'u Order, &'u Fulfillment),
    FulfillmentLine(&'u Order, &'u FulfillmentLine),
    Tracking(&'u Tracking),
    Transaction(&'u Order, &'u Transaction),
    MoneyBag(&'u Order, Decimal),
    Money(Decimal, &'static str),
    Address(&'u Customer),
    Email(&'u Customer),
    Customer(&'u Customer),
    Product(&'u Product),
    Variant(&'u Product, &'u Variant),
    Item(&'u Product, &'u Variant),
    Measurement(&'u Variant),
    Weight(Decimal),
    Level(&'u Product, &'u Variant, &'u InventoryLevel),
    Quantity(&'u InventoryLevel, &'static str),
    Location(&'u Location),
    LocationAddress(&'u Location),
    /// What stands behind the orders.
    Office(Office<'u>),
    /// What the twin keeps for the app.
    Desk(Desk<'u>),
}

impl Node<'_> {
    /// `__typename`.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Root => "QueryRoot",
            Self::Shop => "Shop",
            Self::Plan => "ShopPlan",
            Self::Installation => "AppInstallation",
            Self::Scope(_) => "AccessScope",
            Self::Version(_) => "ApiVersion",
            Self::Count(_) => "Count",
            Self::Order(_) => "Order",
            Self::Line(..) => "LineItem",
            Self::TaxLine(..) => "TaxLine",
            Self::Refund(..) => "Refund",
            Self::RefundLine(..) => "RefundLineItem",
            Self::Fulfillment(..) => "Fulfillment",
            Self::FulfillmentLine(..) => "FulfillmentLineItem",
            Self::Tracking(_) => "FulfillmentTrackingInfo",
            Self::Transaction(..) => "OrderTransaction",
            Self::MoneyBag(..) => "MoneyBag",
            Self::Money(..) => "MoneyV2",
            Self::Address(_) => "MailingAddress",
            Self::Email(_) => "CustomerEmailAddress",
            Self::Customer(_) => "Customer",
            Self::Product(_) => "Product",
            Self::Variant(..) => "ProductVariant",
            Self::Item(..) => "InventoryItem",
            Self::Measurement(_) => "InventoryItemMeasurement",
            Self::Weight(_) => "Weight",
            Self::Level(..) => "InventoryLevel",
            Self::Quantity(..) => "InventoryQuantity",
            Self::Location(_) => "Location",
            Self::LocationAddress(_) => "LocationAddress",
            Self::Office(office) => office.type_name(),
            Self::Desk(desk) => desk.type_name(),
        }
    }
}

/// What a field holds.
#[derive(Debug)]
pub(crate) enum Resolved<'u> {
    Leaf(Value),
    Object(Node<'u>),
    List(Vec<Option<Node<'u>>>),
    Connection(Vec<Row<'u>>),
}

impl<'u> Resolved<'u> {
    pub(crate) fn null() -> Self {
        Self::Leaf(Value::Null)
    }

    pub(crate) fn maybe(node: Option<Node<'u>>) -> Self {
        node.map_or_else(Self::null, Self::Object)
    }

    pub(crate) fn list(nodes: impl IntoIterator<Item = Node<'u>>) -> Self {
        Self::List(nodes.into_iter().map(Some).collect())
    }

    /// Rows in the order they stand in, which their cursor counts.
    pub(crate) fn children(nodes: impl IntoIterator<Item = Node<'u>>) -> Self {
        let rows = nodes.into_iter().enumerate();
        Self::Connection(rows.map(|(at, node)| Row { node, id: at as u64 + 1, at: None }).collect())
    }
}

/// One row of a connection with what it is sorted by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'u> {
    pub(crate) node: Node<'u>,
    pub(crate) id: u64,
    /// The time it is sorted by, if it is.
    pub(crate) at: Option<DateTime<Utc>>,
}

/// `gid://shopify/Order/1`.
pub(crate) fn gid(kind: &str, id: u64) -> Value {
    json!(format!("gid://shopify/{kind}/{id}"))
}

/// A time as Shopify writes it: UTC, whole seconds, `Z`.
pub(crate) fn time(at: DateTime<Utc>) -> Value {
    json!(at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

pub(crate) fn time_if(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, time)
}

/// An amount as a `Decimal` string; trailing zeros fall away down to one place ("10.0"), as at Shopify.
pub(crate) fn amount(value: Decimal) -> Value {
    let mut value = value.normalize();
    if value.scale() == 0 {
        value.rescale(1);
    }
    json!(value.to_string())
}

/// A scalar `Money`, which keeps two places.
pub(crate) fn money(mut value: Decimal) -> Value {
    value.rescale(value.scale().max(2));
    json!(value.to_string())
}

/// What all resolvers may look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'u> {
    pub(crate) shop: &'u Shop,
    pub(crate) scopes: &'u [String],
    pub(crate) now: DateTime<Utc>,
    /// How far the search index lags behind.
    pub(crate) lag: chrono::TimeDelta,
    /// How many rows a list shows at most.
    pub(crate) wall: usize,
    /// Whether the shop has Shopify Payments.
    pub(crate) payments: bool,
    /// The oldest version that is still served.
    pub(crate) oldest_version: &'static str,
    /// What the twin keeps for the app.
    pub(crate) desk: &'u DeskView,
    /// What goes into `extensions.search`.
    pub(crate) warnings: &'u RefCell<Vec<Value>>,
}

impl<'u> Scene<'u> {
    /// Orders this side of the 60-day wall: without `read_all_orders` older ones are not there, and nothing says so.
    pub(crate) fn orders(self) -> impl Iterator<Item = &'u Order> {
        self.shop.orders.iter().filter(move |order| self.visible(order))
    }

    /// The order of that id, this side of the wall.
    pub(crate) fn order(self, id: u64) -> Option<&'u Order> {
        self.shop.order(id).filter(|order| self.visible(order))
    }

    fn visible(self, order: &Order) -> bool {
        self.has_scope("read_all_orders") || order.stamp.created_at >= self.now - chrono::TimeDelta::days(60)
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}
