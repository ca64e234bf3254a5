//! What changed in a shop between two looks, as topics. Changes of one object between two looks are told once, as it
//! then stands.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Notice, body};
use crate::shopify::bulk::BulkView;
use crate::shopify::order_fields::fulfillment_status;
use crate::universe::{Order, Shop, Stamp};

/// Apps are told of an erasure this long after it was asked for.
const REDACTION_DELAY: TimeDelta = TimeDelta::days(10);

#[derive(Clone, Debug, PartialEq, Eq)]
struct OrderMark {
    stamp: Stamp,
    paid: bool,
    cancelled: bool,
    shipped: &'static str,
    refunds: usize,
    parcels: usize,
    transactions: usize,
}

impl OrderMark {
    fn of(order: &Order) -> Self {
        Self {
            stamp: order.stamp,
            paid: order.paid,
            cancelled: order.cancelled_at.is_some(),
            shipped: fulfillment_status(order),
            refunds: order.refunds.len(),
            parcels: order.fulfillments.len(),
            transactions: order.transactions.len(),
        }
    }
}

/// What was known of a shop at a look.
#[derive(Debug)]
pub(super) struct Seen {
    orders: BTreeMap<u64, OrderMark>,
    products: BTreeMap<u64, Stamp>,
    items: BTreeMap<u64, Stamp>,
    levels: BTreeMap<u64, Stamp>,
    customers: BTreeMap<u64, Stamp>,
    drafts: BTreeMap<u64, Stamp>,
    returns: BTreeMap<u64, &'static str>,
    deleted: usize,
    redactions_told: usize,
    bulks_ended: BTreeSet<u64>,
}

impl Seen {
    pub(super) fn of(shop: &Shop, bulks: &[BulkView], now: DateTime<Utc>) -> Self {
        let levels = shop.variants().flat_map(|(_, v)| &v.item.levels);
        Self {
            orders: shop.orders.iter().map(|order| (order.id, OrderMark::of(order))).collect(),
            products: shop.products.iter().map(|p| (p.id, p.stamp)).collect(),
            items: shop.variants().map(|(_, v)| (v.item.id, v.item.stamp)).collect(),
            levels: levels.map(|level| (level.id, level.stamp)).collect(),
            customers: shop.customers.iter().map(|c| (c.id, c.stamp)).collect(),
            drafts: shop.back_office.drafts.iter().map(|d| (d.id, d.stamp)).collect(),
            returns: shop.back_office.returns.iter().map(|r| (r.id, r.status)).collect(),
            deleted: shop.deleted.len(),
            redactions_told: redactions_due(shop, now),
            bulks_ended: bulks.iter().filter(|bulk| bulk.ended()).map(|bulk| bulk.id).collect(),
        }
    }

    /// Everything to tell, oldest objects first.
    pub(super) fn notices(&self, shop: &Shop, bulks: &[BulkView], now: DateTime<Utc>) -> Vec<Notice> {
        let mut found = Vec::new();
        for order in &shop.orders {
            self.order(shop, order, &mut found);
        }
        self.catalog(shop, &mut found);
        self.people(shop, now, &mut found);
        self.returns(shop, &mut found);
        for (gid, _) in shop.deleted.iter().skip(self.deleted) {
            gone(gid, &mut found);
        }
        for bulk in bulks.iter().filter(|bulk| bulk.ended() && !self.bulks_ended.contains(&bulk.id)) {
            tell(&mut found, "BULK_OPERATIONS_FINISH", bulk.id, body::bulk(shop, bulk));
        }
        found
    }

    fn order(&self, shop: &Shop, order: &Order, found: &mut Vec<Notice>) {
        let (before, after) = (self.orders.get(&order.id), OrderMark::of(order));
        if before == Some(&after) {
            return;
        }
        let mut told = |topic| tell(found, topic, order.id, body::order(shop, order));
        told(if before.is_some() { "ORDERS_UPDATED" } else { "ORDERS_CREATE" });
        if after.paid && before.is_none_or(|before| !before.paid) {
            told("ORDERS_PAID");
        }
        if after.cancelled && before.is_none_or(|before| !before.cancelled) {
            told("ORDERS_CANCELLED");
        }
        if before.is_none_or(|before| before.shipped != after.shipped) {
            match after.shipped {
                "FULFILLED" => told("ORDERS_FULFILLED"),
                "PARTIALLY_FULFILLED" => told("ORDERS_PARTIALLY_FULFILLED"),
                _ => {}
            }
        }
        let (refunds, parcels, transactions) =
            before.map_or((0, 0, 0), |before| (before.refunds, before.parcels, before.transactions));
        for refund in order.refunds.iter().skip(refunds) {
            tell(found, "REFUNDS_CREATE", order.id, body::refund(shop, order, refund));
        }
        for parcel in order.fulfillments.iter().skip(parcels) {
            tell(found, "FULFILLMENTS_CREATE", order.id, body::fulfillment(shop, order, parcel));
        }
        for transaction in order.transactions.iter().skip(transactions) {
            tell(found, "ORDER_TRANSACTIONS_CREATE", order.id, body::transaction(shop, order, transaction));
        }
    }

    fn catalog(&self, shop: &Shop, found: &mut Vec<Notice>) {
        for product in &shop.products {
            if let Some(topic) =
                topic(&self.products, product.id, product.stamp, "PRODUCTS_CREATE", "PRODUCTS_UPDATE")
            {
                tell(found, topic, product.id, body::product(shop, product));
            }
        }
        for (_, variant) in shop.variants() {
            let item = &variant.item;
            let changed =
                topic(&self.items, item.id, item.stamp, "INVENTORY_ITEMS_CREATE", "INVENTORY_ITEMS_UPDATE");
            if let Some(topic) = changed {
                tell(found, topic, item.id, body::item(shop, variant));
            }
            for level in &item.levels {
                let changed = topic(
                    &self.levels,
                    level.id,
                    level.stamp,
                    "INVENTORY_LEVELS_CONNECT",
                    "INVENTORY_LEVELS_UPDATE",
                );
                if let Some(topic) = changed {
                    tell(found, topic, level.id, body::level(shop, item.id, level));
                }
            }
        }
    }

    fn people(&self, shop: &Shop, now: DateTime<Utc>, found: &mut Vec<Notice>) {
        for customer in &shop.customers {
            let changed =
                topic(&self.customers, customer.id, customer.stamp, "CUSTOMERS_CREATE", "CUSTOMERS_UPDATE");
            if let Some(topic) = changed {
                tell(found, topic, customer.id, body::customer(shop, customer));
            }
        }
        for draft in &shop.back_office.drafts {
            let changed =
                topic(&self.drafts, draft.id, draft.stamp, "DRAFT_ORDERS_CREATE", "DRAFT_ORDERS_UPDATE");
            if let Some(topic) = changed {
                tell(found, topic, draft.id, body::draft(shop, draft));
            }
        }
        let due = redactions_due(shop, now);
        for redaction in shop.back_office.redactions.iter().take(due).skip(self.redactions_told) {
            tell(found, "CUSTOMERS_REDACT", redaction.customer, body::redaction(shop, redaction));
        }
    }

    fn returns(&self, shop: &Shop, found: &mut Vec<Notice>) {
        for (_, r) in shop.returns() {
            if self.returns.get(&r.id) == Some(&r.status) {
                continue;
            }
            let topic = match r.status {
                "REQUESTED" => "RETURNS_REQUEST",
                "OPEN" => "RETURNS_APPROVE",
                "DECLINED" => "RETURNS_DECLINE",
                "CLOSED" => "RETURNS_CLOSE",
                _ => "RETURNS_CANCEL",
            };
            // It stems from the same event as the change of its order.
            tell(found, topic, r.order, body::parcel_back(r));
        }
    }
}

fn redactions_due(shop: &Shop, now: DateTime<Utc>) -> usize {
    shop.back_office.redactions.iter().take_while(|r| r.requested_at + REDACTION_DELAY <= now).count()
}

fn topic(
    seen: &BTreeMap<u64, Stamp>,
    id: u64,
    stamp: Stamp,
    created: &'static str,
    updated: &'static str,
) -> Option<&'static str> {
    match seen.get(&id) {
        None => Some(created),
        Some(before) => (*before != stamp).then_some(updated),
    }
}

/// Deletions carry the bare id; variants have no event of their own.
fn gone(gid: &str, found: &mut Vec<Notice>) {
    let Some((kind, id)) = gid.trim_start_matches("gid://shopify/").split_once('/') else { return };
    let Ok(id) = id.parse::<u64>() else { return };
    let bare = json!({"id": id});
    let (topic, body): (_, Value) = match kind {
        "Order" => ("ORDERS_DELETE", bare),
        "Product" => ("PRODUCTS_DELETE", bare),
        "DraftOrder" => ("DRAFT_ORDERS_DELETE", bare),
        "Customer" => {
            ("CUSTOMERS_DELETE", json!({"id": id, "tax_exemptions": [], "admin_graphql_api_id": gid}))
        }
        "InventoryItem" => (
            "INVENTORY_ITEMS_DELETE",
            json!({
                "id": id, "country_code_of_origin": null, "province_code_of_origin": null,
                "harmonized_system_code": null, "country_harmonized_system_codes": [], "admin_graphql_api_id": gid,
            }),
        ),
        _ => return,
    };
    tell(found, topic, id, body);
}

fn tell(found: &mut Vec<Notice>, topic: &'static str, event: u64, body: Value) {
    found.push(Notice { topic, event, body });
}
