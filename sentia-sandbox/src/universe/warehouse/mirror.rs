//! How the warehouses follow the goods and the stock of the shops.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::Warehousing;
use crate::universe::{Region, Universe};

/// A shop's price without the tax inside it.
pub(super) fn net_price(price: Decimal) -> Decimal {
    (price / Decimal::new(12, 1)).round_dp(4)
}

/// Goods whose price changed in the UK shop, and goods that no shop has any more. Gives the positions of the
/// changed and of the obsolete ones.
pub(super) fn goods(w: &mut Warehousing, universe: &Universe) -> (Vec<usize>, Vec<usize>) {
    let (mut sold, mut changed, mut obsolete) = (vec![false; w.products.len()], vec![], vec![]);
    for (region, (_, variant)) in
        [Region::Usa, Region::Uk].into_iter().flat_map(|r| universe.shop(r).variants().map(move |v| (r, v)))
    {
        let Some(at) = w.product_of_code(&variant.sku) else { continue };
        sold[at] = true;
        let price = Some(net_price(variant.price));
        if region == Region::Uk && w.products[at].sell_price != price {
            w.products[at].sell_price = price;
            w.products[at].record.touch(universe.now);
            changed.push(at);
        }
    }
    for (at, product) in w.products.iter_mut().enumerate() {
        let good = product.sell_price.is_some() && product.record.gone.is_none();
        // A product that was renamed here is no longer known by its sku; that does not end it.
        if good && !sold[at] && !product.obsolete && product.code.starts_with("HG-") {
            product.obsolete = true;
            product.record.touch(universe.now);
            obsolete.push(at);
        }
    }
    (changed, obsolete)
}

/// Levels of tracked items at the shops' active locations, each of which is a warehouse. Gives the positions of the
/// stock rows that changed.
pub(super) fn stock(w: &mut Warehousing, universe: &Universe, at: DateTime<Utc>) -> Vec<usize> {
    let mut changed = vec![];
    for region in [Region::Uk, Region::Usa] {
        let shop = universe.shop(region);
        for (_, variant) in shop.variants().filter(|(_, variant)| variant.item.tracked) {
            let Some(product) = w.product_of_code(&variant.sku) else { continue };
            for level in &variant.item.levels {
                let place = shop.locations.iter().position(|location| location.id == level.location);
                let Some(warehouse) = place.and_then(|place| warehouse_of(region, place)) else { continue };
                let assembled = w.products[product].assembled && warehouse == super::LEEDS;
                let fresh = w.stock_of(product, warehouse).is_none();
                let spare = if fresh && assembled && w.rng.percent(25) { w.rng.between(1, 200) } else { 0 };
                let row = w.stock_mut(product, warehouse, at);
                let levels = [level.on_hand(), level.committed + level.reserved, level.incoming];
                let levels = levels.map(Decimal::from);
                if [row.on_hand, row.allocated, row.on_purchase] != levels {
                    [row.on_hand, row.allocated, row.on_purchase] = levels;
                    row.record.touch(at);
                    changed.push(w.index.stock_of[&(product, warehouse)]);
                }
                if spare > 0 {
                    w.stock_mut(product, warehouse, at).assemblable = Decimal::new(spare, 1);
                }
            }
        }
    }
    changed
}

/// The warehouse that stands for a shop's location.
fn warehouse_of(region: Region, place: usize) -> Option<usize> {
    match (region, place) {
        (Region::Uk, 0) => Some(super::LEEDS),
        (Region::Uk, 1) => Some(2),
        (Region::Usa, 0) => Some(3),
        (Region::Usa, 1) => Some(4),
        _ => None,
    }
}
