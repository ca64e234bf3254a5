//! Stock on hand: one row for each product, or one for each product and warehouse when a warehouse is asked for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::fault::UnleashedFault;
use super::habits::UnleashedHabits;
use super::list::is_recent;
use super::query::Query;
use super::rows::Scene;
use super::wire::Object;
use crate::universe::warehouse::Stock;

/// Stock of a product in one warehouse, or in all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    product: usize,
    /// None for the sum over all warehouses.
    warehouse: Option<usize>,
    on_hand: Decimal,
    allocated: Decimal,
    available: Decimal,
    on_purchase: Decimal,
    last_sale: Option<DateTime<Utc>>,
    changed: DateTime<Utc>,
}

impl Level {
    fn of(row: &Stock) -> Self {
        Self {
            product: row.product,
            warehouse: Some(row.warehouse),
            on_hand: row.on_hand,
            allocated: row.allocated,
            available: row.available(),
            on_purchase: row.on_purchase,
            last_sale: row.last_sale,
            changed: row.record.stamp(),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            warehouse: None,
            on_hand: self.on_hand + other.on_hand,
            allocated: self.allocated + other.allocated,
            available: self.available + other.available,
            on_purchase: self.on_purchase + other.on_purchase,
            last_sale: self.last_sale.max(other.last_sale),
            changed: self.changed.max(other.changed),
            ..self
        }
    }
}

/// The sum over all warehouses, closed ones included, for each product with a transaction.
fn totals(scene: &Scene<'_>) -> Vec<Level> {
    let mut totals: BTreeMap<usize, Level> = BTreeMap::new();
    for row in &scene.w.stock {
        let level = Level { warehouse: None, ..Level::of(row) };
        let sum = totals.get(&row.product).map_or(level, |sum| sum.plus(level));
        totals.insert(row.product, sum);
    }
    totals.into_values().collect()
}

/// The rows that a query asks for, by product code. Filters by warehouse match prefixes.
pub(crate) fn select(
    scene: &Scene<'_>,
    query: &Query,
    habits: &UnleashedHabits,
    fault: Option<UnleashedFault>,
) -> Result<Vec<Level>, String> {
    let w = scene.w;
    let (code, name) = (query.get("warehouseCode"), query.get("warehouseName"));
    let begins = |text: &str, wanted: Option<&str>| {
        wanted.is_none_or(|wanted| text.to_lowercase().starts_with(&wanted.to_lowercase()))
    };
    let mut levels = if code.is_none() && name.is_none() {
        totals(scene)
    } else {
        let rows = w.stock.iter().filter(|row| {
            let place = &w.warehouses[row.warehouse];
            begins(place.code, code) && begins(place.name, name)
        });
        rows.map(Level::of).collect()
    };
    if let Some(text) = query.get("productId") {
        let id =
            Uuid::parse_str(text).map_err(|_| format!("The value '{text}' is not valid for productId."))?;
        levels.retain(|level| w.products[level.product].record.id == id);
    }
    if query.get("isAssembled").is_some() {
        let wanted = query.flag("isAssembled", false)?;
        levels.retain(|level| w.products[level.product].assembled == wanted);
    }
    if fault != Some(UnleashedFault::IgnoredSince) {
        levels.retain(|level| {
            let mut record = w.products[level.product].record;
            record.modified = Some(level.changed);
            is_recent(query, habits, &record)
        });
    }
    let code = |level: &Level| w.products[level.product].code.as_str();
    if query.get("orderBy").is_some_and(|by| by.eq_ignore_ascii_case("LastModifiedOn")) {
        levels.sort_by_key(|level| (level.changed, level.product, level.warehouse));
    } else {
        levels.sort_by(|a, b| code(a).cmp(code(b)).then(a.warehouse.cmp(&b.warehouse)));
    }
    Ok(levels)
}

/// The sum for one product.
pub(crate) fn total(scene: &Scene<'_>, product: Uuid) -> Option<Level> {
    totals(scene).into_iter().find(|level| scene.w.products[level.product].record.id == product)
}

/// The rows of one product in each warehouse.
pub(crate) fn everywhere(scene: &Scene<'_>, product: Uuid) -> Vec<Level> {
    let w = scene.w;
    w.stock.iter().filter(|row| w.products[row.product].record.id == product).map(Level::of).collect()
}

/// Without a warehouse its three members are empty text; `Guid` is the product's in either form.
pub(crate) fn write(o: &mut Object<'_>, scene: &Scene<'_>, level: Level) {
    let product = &scene.w.products[level.product];
    let place = level.warehouse.map(|at| &scene.w.warehouses[at]);
    o.text("ProductCode", product.code.as_str())
        .text("ProductDescription", product.description.as_str())
        .reference("ProductGuid", product.record.id)
        .null("ProductSourceId")
        .text("ProductGroupName", product.group);
    match place {
        Some(place) => o.id("WarehouseId", place.record.id),
        None => o.text("WarehouseId", ""),
    };
    o.text("Warehouse", place.map_or("", |place| place.name))
        .text("WarehouseCode", place.map_or("", |place| place.code));
    match level.last_sale {
        Some(sale) => o.integer("DaysSinceLastSale", (scene.now - sale).num_days()),
        None => o.null("DaysSinceLastSale"),
    };
    o.quantity("OnPurchase", level.on_purchase)
        .quantity("AllocatedQty", level.allocated)
        .quantity("AvailableQty", level.available)
        .quantity("QtyOnHand", level.on_hand)
        .number("AvgCost", product.cost)
        .number("TotalCost", (level.on_hand * product.cost).round_dp(14))
        .id("Guid", product.record.id)
        .moment("LastModifiedOn", level.changed);
}
