//! The parts of an order: proceeds, items and packages.

use sentia_core::{Exact, Fields, Text};
use serde::Deserialize;

use crate::amazon::wire::{List, Moment, Money, Nested};

/// Money that the seller receives, by category. It is missing while an order is pending: then columns are null, never 0.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Proceeds {
    grand_total: Nested<Money>,
    proceeds_total: Nested<Money>,
    breakdowns: List<Breakdown>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Breakdown {
    r#type: Option<Text>,
    subtotal: Nested<Money>,
}

impl Proceeds {
    fn money(&self) -> [&Money; 2] {
        [&self.grand_total, &self.proceeds_total]
    }

    /// The total of the order or of the item: each has one of the two.
    pub(super) fn total(&self) -> Option<Exact> {
        self.money().into_iter().find_map(|money| money.amount)
    }

    /// The currency, from the total or else from a category.
    pub(super) fn currency(&self) -> Option<Text> {
        let parts = self.breakdowns.iter().map(|part| &*part.subtotal);
        self.money().into_iter().chain(parts).find_map(|money| money.currency_code.clone())
    }

    /// The sum of a category; none where there is none of it, or where it does not add up exactly.
    pub(super) fn of(&self, category: &str) -> Option<Exact> {
        let parts = self.breakdowns.iter().filter(|part| part.r#type.as_deref() == Some(category));
        parts.filter_map(|part| part.subtotal.amount).try_fold(None, |sum: Option<Exact>, amount| {
            let sum = sum.map_or(Some(*amount), |sum| sum.checked_add(*amount))?;
            Some(Some(Exact(sum)))
        })?
    }
}

/// A line of an order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    order_item_id: Text,
    #[serde(default)]
    quantity_ordered: Option<i64>,
    #[serde(default)]
    programs: List<Text>,
    #[serde(default)]
    product: Nested<Product>,
    #[serde(default)]
    proceeds: Nested<Proceeds>,
    #[serde(default)]
    promotion: Nested<Promotion>,
    #[serde(default)]
    cancellation: Nested<Cancellation>,
    #[serde(default)]
    fulfillment: Nested<Fulfillment>,
    #[serde(default)]
    tax: Nested<Tax>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Product {
    asin: Option<Text>,
    title: Option<Text>,
    seller_sku: Option<Text>,
    condition: Nested<Condition>,
    price: Nested<Price>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    condition_type: Option<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Price {
    unit_price: Nested<Money>,
    price_designation: Option<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Promotion {
    breakdowns: List<PromotionId>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PromotionId {
    promotion_id: Option<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Cancellation {
    cancellation_request: Nested<Cancelled>,
    cancellation_execution: Nested<Cancelled>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Cancelled {
    requester: Option<Text>,
    cancelled_by: Option<Text>,
    cancel_reason: Option<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fulfillment {
    quantity_fulfilled: Option<i64>,
    quantity_unfulfilled: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Tax {
    tax_collections: List<Collection>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Collection {
    model: Option<Text>,
    responsible_party: Option<Text>,
}

impl Item {
    fn promotion_ids(&self) -> Option<Text> {
        let ids: Vec<&str> =
            self.promotion.breakdowns.iter().filter_map(|part| part.promotion_id.as_deref()).collect();
        (!ids.is_empty()).then(|| Text::from(ids.join(",")))
    }

    fn cancel_reason(&self) -> Option<Text> {
        let Cancellation { cancellation_request, cancellation_execution } = &*self.cancellation;
        cancellation_execution.cancel_reason.clone().or_else(|| cancellation_request.cancel_reason.clone())
    }
}

/// The columns of an item. The price is of one unit; the totals are of the whole line.
pub(super) fn item_columns() -> Fields<Item> {
    Fields::new()
        .text("order_item_id", |i: &Item| Some(i.order_item_id.clone()))
        .text("asin", |i| i.product.asin.clone())
        .text("seller_sku", |i| i.product.seller_sku.clone())
        .text("title", |i| i.product.title.clone())
        .text("condition_type", |i| i.product.condition.condition_type.clone())
        .integer("quantity_ordered", |i| i.quantity_ordered)
        .integer("quantity_fulfilled", |i| i.fulfillment.quantity_fulfilled)
        .integer("quantity_unfulfilled", |i| i.fulfillment.quantity_unfulfilled)
        .text("currency_code", |i| {
            i.proceeds.currency().or_else(|| i.product.price.unit_price.currency_code.clone())
        })
        .decimal("unit_price", |i| i.product.price.unit_price.amount)
        .text("price_designation", |i| i.product.price.price_designation.clone())
        .amount("total", |i| i.proceeds.total())
        .amount("item_total", |i| i.proceeds.of("ITEM"))
        .amount("shipping_total", |i| i.proceeds.of("SHIPPING"))
        .amount("gift_wrap_total", |i| i.proceeds.of("GIFT_WRAP"))
        .amount("tax_total", |i| i.proceeds.of("TAX"))
        .amount("discount_total", |i| i.proceeds.of("DISCOUNT"))
        .amount("other_total", |i| i.proceeds.of("OTHER"))
        .text("promotion_ids", Item::promotion_ids)
        .text("programs", |i| i.programs.joined())
        .text("cancel_requested_by", |i| i.cancellation.cancellation_request.requester.clone())
        .text("cancelled_by", |i| i.cancellation.cancellation_execution.cancelled_by.clone())
        .text("cancel_reason", Item::cancel_reason)
        .text("tax_collection_model", |i| i.tax.tax_collections.first()?.model.clone())
        .text("tax_responsible_party", |i| i.tax.tax_collections.first()?.responsible_party.clone())
}

/// A parcel; only merchant-fulfilled orders have them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package {
    package_reference_id: Text,
    #[serde(default)]
    created_time: Moment,
    #[serde(default)]
    package_status: Nested<PackageStatus>,
    #[serde(default)]
    carrier: Option<Text>,
    #[serde(default)]
    ship_time: Moment,
    #[serde(default)]
    shipping_service: Option<Text>,
    #[serde(default)]
    tracking_number: Option<Text>,
    #[serde(default)]
    package_items: List<PackedItem>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PackageStatus {
    status: Option<Text>,
    detailed_status: Option<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PackedItem {
    order_item_id: Option<Text>,
    quantity: Option<i64>,
}

pub(super) fn package_columns() -> Fields<Package> {
    Fields::new()
        .text("package_reference_id", |p: &Package| Some(p.package_reference_id.clone()))
        .text("status", |p| p.package_status.status.clone())
        .text("detailed_status", |p| p.package_status.detailed_status.clone())
        .text("carrier", |p| p.carrier.clone())
        .text("shipping_service", |p| p.shipping_service.clone())
        .text("tracking_number", |p| p.tracking_number.clone())
        .timestamp("created_at", |p| p.created_time.at())
        .timestamp("shipped_at", |p| p.ship_time.at())
}

/// An item in a parcel, with the parcel it is in.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    package: Text,
    item: PackedItem,
}

/// What is in which parcel.
pub(super) fn packed(packages: &[Package]) -> Vec<Packed> {
    let of = |package: &Package| {
        let id = package.package_reference_id.clone();
        let items = package.package_items.iter().cloned();
        items.map(move |item| Packed { package: id.clone(), item }).collect::<Vec<_>>()
    };
    packages.iter().flat_map(of).collect()
}

pub(super) fn packed_columns() -> Fields<Packed> {
    Fields::new()
        .text("package_reference_id", |p: &Packed| Some(p.package.clone()))
        .text("order_item_id", |p| p.item.order_item_id.clone())
        .integer("quantity", |p| p.item.quantity)
}
