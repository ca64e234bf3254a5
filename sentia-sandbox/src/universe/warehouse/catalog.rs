//! How the warehouses come to be: places, goods, bills of materials and the first stock; then their history.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Batch, Bill, Part, Product, Record, Warehouse, Warehousing, mirror, orders, people};
use crate::universe::shop::{Product as ShopProduct, Variant};
use crate::universe::{Region, Universe};

/// Position of the main warehouse in Leeds, which the UK shop sells from.
pub(crate) const LEEDS: usize = 0;
/// Position of the works in Leeds, which hold components and fresh goods.
pub(crate) const WORKS: usize = 1;
const YORK: usize = 5;

/// Code, name, unit, price in hundredths. Two codes begin with another one, as the prefix filters like it.
const COMPONENTS: [(&str, &str, &str, i64); 10] = [
    ("RAW-OAK", "Oak board", "m", 1_249),
    ("RAW-OAK-FSC", "Oak board, certified", "m", 1_587),
    ("RAW-WALNUT", "Walnut board", "m", 2_311),
    ("RAW-ASH", "Ash board", "m", 1_099),
    ("RAW-STEEL", "Steel rod", "m", 451),
    ("RAW-BRASS", "Brass rod", "m", 893),
    ("RAW-LINEN", "Linen", "m", 715),
    ("CMP-SCREW-M6", "Screw M6 × 20", "EA", 7),
    ("CMP-SCREW-M60", "Screw M60 × 200", "EA", 131),
    ("PKG-BOX", "Box \"double wall\"", "EA", 88),
];

pub(super) fn open(w: &mut Warehousing, universe: &Universe) {
    let start = universe.now - TimeDelta::days(universe.size.history_days);
    places(w, start);
    people::contacts(w, universe, Some(start));
    components(w, universe, start);
    for region in [Region::Uk, Region::Usa] {
        for (product, variant) in universe.shop(region).variants() {
            if w.product_of_code(&variant.sku).is_none() {
                finished(w, product, variant);
            }
        }
    }
    freight(w, start);
    bills(w, start);
    mirror::stock(w, universe, start);
    dead_stock(w, start);
    orders::documents(w, universe, None);
    w.history(universe, start);
}

fn places(w: &mut Warehousing, start: DateTime<Utc>) {
    for (code, name, street, city, postcode, country) in [
        ("LDS", "Leeds Main Warehouse", "1 Mill Lane", "Leeds", "LS1 4AP", "United Kingdom"),
        ("LDS-2", "Leeds Works", "2 Mill Lane", "Leeds", "LS1 4AP", "United Kingdom"),
        ("LON", "London Showroom", "9 Brick Lane", "London", "E1 6AN", "United Kingdom"),
        ("NYC", "New York Main Warehouse", "40 Dock Street", "New York", "11201", "United States"),
        ("NYC-2", "New York Showroom", "7 Spring Street", "New York", "10012", "United States"),
        ("YRK", "York Old Depot", "3 Station Road", "York", "YO1 7HH", "United Kingdom"),
    ] {
        let record = w.record(start);
        w.warehouses.push(Warehouse {
            record,
            code,
            name,
            street,
            city,
            postcode,
            country,
            is_default: code == "LDS",
            obsolete: code == "YRK",
        });
    }
}

/// A price as an average of three purchases shows it: digits to the fourteenth place.
fn awkward(price: Decimal) -> Decimal {
    (price * Decimal::from(10) / Decimal::from(11) + price / Decimal::from(3_000)).round_dp(14)
}

impl Warehousing {
    pub(super) fn add_product(&mut self, product: Product) -> usize {
        self.index.product_of_code.insert(product.code.clone(), self.products.len());
        self.products.push(product);
        self.products.len() - 1
    }
}

fn blank(record: Record, code: &str, description: &str, price: Decimal) -> Product {
    Product {
        record,
        code: code.to_owned(),
        description: description.to_owned(),
        barcode: None,
        group: "Components",
        unit: "EA",
        cost: awkward(price),
        last_cost: Some(price),
        sell_price: None,
        weight: None,
        component: false,
        assembled: false,
        never_diminishing: false,
        batch_tracked: false,
        obsolete: false,
        supplier: None,
    }
}

fn components(w: &mut Warehousing, universe: &Universe, start: DateTime<Utc>) {
    for (ordinal, (code, name, unit, cents)) in COMPONENTS.into_iter().enumerate() {
        let booked = universe.books.items.iter().find(|item| &*item.code == code);
        let price = booked.and_then(|item| item.purchase_price).unwrap_or(Decimal::new(cents, 2));
        let record = w.record(start);
        let supplier = (!w.suppliers.is_empty()).then(|| ordinal % w.suppliers.len());
        let batch_tracked = code == "RAW-LINEN";
        let product =
            Product { unit, supplier, batch_tracked, component: true, ..blank(record, code, name, price) };
        let at = w.add_product(product);
        let level = Decimal::new(w.rng.between(1_000_000, 90_000_000), 4);
        w.move_stock(at, WORKS, level, start + TimeDelta::minutes(ordinal as i64));
        if batch_tracked {
            batches(w, at, start, universe.size.products_per_shop);
        }
    }
}

fn batches(w: &mut Warehousing, product: usize, start: DateTime<Utc>, count: usize) {
    for ordinal in 0..count {
        let at = start + TimeDelta::hours(ordinal as i64);
        let (record, original) = (w.record(at), Decimal::new(w.rng.between(10_000, 900_000), 4));
        let used = w.rng.percent(30);
        w.batches.push(Batch {
            record,
            number: format!("L{:05}", ordinal + 1),
            expiry: w.rng.percent(50).then(|| start.date_naive() + TimeDelta::days(900 + ordinal as i64)),
            quantity: if used { Decimal::ZERO } else { original },
            original,
            product,
            warehouse: WORKS,
            status: if used { "Used" } else { "Available" },
        });
    }
}

fn finished(w: &mut Warehousing, product: &ShopProduct, variant: &Variant) {
    let mut record = w.record(product.stamp.created_at + TimeDelta::milliseconds(137));
    if w.rng.percent(85) {
        record.touch(record.created + TimeDelta::milliseconds(w.rng.between(1_000, 86_400_000)));
    }
    let price = variant.item.unit_cost.unwrap_or_else(|| (variant.price * Decimal::new(4, 1)).round_dp(2));
    let assembled = !w.products.len().is_multiple_of(7);
    let code = variant.sku.as_str();
    let product = Product {
        barcode: variant.barcode.clone(),
        group: product.product_type,
        last_cost: variant.item.unit_cost,
        sell_price: Some(mirror::net_price(variant.price)),
        weight: Some(variant.item.weight),
        assembled,
        obsolete: product.status == "ARCHIVED",
        ..blank(record, code, &format!("{} {}", product.title, variant.title), price)
    };
    w.add_product(product);
}

fn freight(w: &mut Warehousing, start: DateTime<Utc>) {
    let record = w.record(start);
    let product = Product {
        group: "Charges",
        never_diminishing: true,
        ..blank(record, "FREIGHT", "Freight", Decimal::ZERO)
    };
    w.add_product(product);
}

/// One bill of materials for each assembled product: its material by the first word of its name, screws, a box.
fn bills(w: &mut Warehousing, start: DateTime<Utc>) {
    let made: Vec<usize> = (0..w.products.len()).filter(|at| w.products[*at].assembled).collect();
    for product in made {
        let word = w.products[product].description.split(' ').next().unwrap_or_default().to_uppercase();
        let material = w.product_of_code(&format!("RAW-{word}")).unwrap_or(0);
        let record = w.record(start + TimeDelta::minutes(product as i64));
        let number = w.number("B");
        let screw = if product % 2 == 0 { "CMP-SCREW-M6" } else { "CMP-SCREW-M60" };
        let wanted = [Some(material), w.product_of_code(screw), w.product_of_code("PKG-BOX")];
        let parts = wanted.into_iter().flatten().enumerate().map(|(ordinal, product)| {
            let quantity = match ordinal {
                0 => Decimal::new(w.rng.between(2_500, 75_000), 4),
                1 => Decimal::from(w.rng.between(2, 16)),
                _ => Decimal::ONE,
            };
            Part { id: w.rng.guid(), product, quantity }
        });
        let parts: Vec<Part> = parts.collect();
        let obsolete = w.products[product].obsolete;
        w.bills.push(Bill { record, number, product, parts, obsolete });
    }
}

/// The depot that is closed still holds a few pieces.
fn dead_stock(w: &mut Warehousing, start: DateTime<Utc>) {
    let goods: Vec<usize> = (0..w.products.len()).filter(|at| w.products[*at].sell_price.is_some()).collect();
    for product in goods.into_iter().take(3) {
        w.move_stock(product, YORK, Decimal::from(2), start);
    }
}
