//! Bodies in the REST shape: snake_case, numeric ids, money as strings, times in the shop's zone.

mod catalog;
mod order;
mod people;

use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Value, json};

pub(super) use catalog::{item, level, product};
pub(super) use order::{fulfillment, order, refund, transaction};
pub(super) use people::{bulk, customer, draft, parcel_back, redaction};

use crate::universe::{Region, Shop};

/// A time in the shop's zone; the twin takes its winter offset.
fn local(shop: &Shop, at: DateTime<Utc>) -> Value {
    let west = if shop.region == Region::Usa { 5 * 3_600 } else { 0 };
    let offset = FixedOffset::west_opt(west).expect("five hours are less than a day");
    json!(at.with_timezone(&offset).format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}
