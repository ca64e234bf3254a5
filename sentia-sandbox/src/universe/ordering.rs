//! What happens in a shop: orders are placed, paid, shipped, refunded; stock moves; products go.

use rust_decimal::{Decimal, RoundingStrategy};

use super::shop::{
    Fulfillment, FulfillmentLine, Order, OrderLine, Refund, RefundLine, Region, Stamp, Tracking, Transaction,
};
use super::{Shop, Universe};
use crate::rng::Rng;

/// Rounds an amount of money to two places, halves away from zero as the vendors do.
pub(crate) fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

impl Universe {
    /// A buyer orders a handful of lines; nine of ten orders are paid at once, which also books an invoice.
    /// Gives the order's id.
    pub fn place_order(&mut self, region: Region) -> u64 {
        let lines = self.rng.between(1, 5) as usize;
        self.place_order_of(region, lines)
    }

    /// As [`place_order`](Self::place_order), with a number of lines.
    pub fn place_order_of(&mut self, region: Region, lines: usize) -> u64 {
        let (now, mut rng) = (self.now, self.rng.clone());
        let shop = self.shop_mut(region);
        let mut order = new_order(shop, &mut rng, Stamp::new(now));
        order.lines = (0..lines).map(|_| order_line(shop, &mut rng)).collect();
        order.shipping =
            if order.subtotal() > Decimal::from(50) { Decimal::ZERO } else { Decimal::new(495, 2) };
        order.shipping_tax = tax_of(region, order.shipping);
        let (id, paid, total) = (order.id, rng.percent(92), order.total());
        if let Some(customer) = shop.customers.iter_mut().find(|c| Some(c.id) == order.customer) {
            customer.orders += 1;
            customer.spent += total;
            customer.stamp.touch(now);
        }
        shop.orders.push(order);
        self.rng = rng;
        if paid {
            self.pay_order(region, id);
        }
        id
    }

    /// An open order is paid: a transaction in the shop, an invoice with its payment in the books.
    /// Does nothing for an order that is paid or unknown.
    pub fn pay_order(&mut self, region: Region, id: u64) {
        let (now, spread) = (self.now, self.rng.next());
        let shop = self.shop_mut(region);
        let transaction = shop.fresh_id(spread);
        let Some(order) = shop.order_mut(id).filter(|order| !order.paid) else { return };
        order.paid = true;
        order.transactions.push(Transaction {
            id: transaction,
            kind: "SALE",
            status: "SUCCESS",
            gateway: if order.source == "pos" { "cash" } else { "shopify_payments" },
            amount: order.total(),
            processed_at: Stamp::new(now).created_at,
        });
        // Paid at the till: still the same state of the order, not a change of it.
        if order.stamp.created_at < Stamp::new(now).created_at {
            order.stamp.touch(now);
        }
        self.book_order(region, id);
        self.bank_latest(region, id);
    }

    /// Everything of an order that is not shipped yet leaves the first location in one parcel.
    pub fn fulfil_order(&mut self, region: Region, id: u64) {
        let (now, mut rng) = (self.now, self.rng.clone());
        let shop = self.shop_mut(region);
        let (location, fulfillment) = (shop.locations[0].id, shop.fresh_id(rng.next()));
        let fresh: Vec<u64> = (0..shop.order(id).map_or(0, |order| order.lines.len()))
            .map(|_| shop.fresh_id(rng.next()))
            .collect();
        let Some(order) = shop.order_mut(id) else { return };
        let lines: Vec<FulfillmentLine> = fresh
            .into_iter()
            .enumerate()
            .map(|(line, id)| FulfillmentLine { id, line, quantity: open_quantity(order, line) })
            .filter(|line| line.quantity > 0)
            .collect();
        if !lines.is_empty() {
            let ordinal = order.fulfillments.len() + 1;
            order.fulfillments.push(Fulfillment {
                id: fulfillment,
                name: format!("#{}-F{ordinal}", order.number),
                status: "SUCCESS",
                display_status: "FULFILLED",
                delivered_at: None,
                location,
                tracking: vec![Tracking {
                    company: "DPD UK",
                    number: format!("1597{:010}", rng.next() % 10_000_000_000),
                }],
                lines,
                stamp: Stamp::new(now),
            });
            order.stamp.touch(now);
        }
        self.rng = rng;
    }

    /// The buyer gets money back for one piece of each of the first `lines` lines; a credit note is booked.
    pub fn refund_order(&mut self, region: Region, id: u64, lines: usize) {
        let (now, mut rng) = (self.now, self.rng.clone());
        let shop = self.shop_mut(region);
        let (refund, transaction, location) =
            (shop.fresh_id(rng.next()), shop.fresh_id(rng.next()), shop.locations[0].id);
        let fresh: Vec<u64> = (0..lines).map(|_| shop.fresh_id(rng.next())).collect();
        self.rng = rng;
        let Some(order) = self.shop_mut(region).order_mut(id).filter(|order| order.paid) else { return };
        let included = order.taxes_included;
        let lines: Vec<RefundLine> = fresh
            .into_iter()
            .zip(0..order.lines.len())
            .filter(|(_, line)| order.lines[*line].quantity > order.refunded_quantity(*line))
            .map(|(id, line)| refund_line(id, &order.lines[line], line, location))
            .collect();
        if lines.is_empty() {
            return;
        }
        let mut refund = Refund {
            id: refund,
            note: Some("Damaged in transit"),
            lines,
            transactions: vec![],
            stamp: Stamp::new(now),
        };
        refund.transactions.push(Transaction {
            id: transaction,
            kind: "REFUND",
            status: "SUCCESS",
            gateway: "shopify_payments",
            amount: refund.amount(included),
            processed_at: refund.stamp.created_at,
        });
        order.transactions.extend(refund.transactions.iter().cloned());
        order.refunds.push(refund);
        order.stamp.touch(now);
        self.book_refund(region, id);
        self.bank_latest(region, id);
    }

    /// Somebody edits an order's tags: its updated-at moves, nothing else of weight does.
    pub fn touch_order(&mut self, region: Region, id: u64) {
        let now = self.now;
        if let Some(order) = self.shop_mut(region).order_mut(id) {
            if !order.tags.contains(&"reviewed") {
                order.tags.push("reviewed");
            }
            order.stamp.touch(now);
        }
    }

    /// An order vanishes, as test orders do, and its fulfillment order and returns with it; its invoice stays.
    pub fn delete_order(&mut self, region: Region, id: u64) {
        let now = self.now;
        let shop = self.shop_mut(region);
        if shop.order(id).is_some() {
            let with_it: Vec<String> = std::iter::once(format!("gid://shopify/Order/{id}"))
                .chain(std::iter::once(format!("gid://shopify/FulfillmentOrder/{}", id + 1)))
                .chain(shop.back_office.returns_of(id).map(|r| format!("gid://shopify/Return/{}", r.id)))
                .collect();
            shop.orders.retain(|order| order.id != id);
            shop.deleted.extend(with_it.into_iter().map(|gid| (gid, now)));
        }
    }

    /// A product vanishes without a tombstone, its variants and stock with it; order lines keep their sku only.
    pub fn delete_product(&mut self, region: Region, id: u64) {
        let now = self.now;
        let shop = self.shop_mut(region);
        let Some(at) = shop.products.iter().position(|product| product.id == id) else { return };
        let product = shop.products.remove(at);
        shop.deleted.push((format!("gid://shopify/Product/{id}"), now));
        for variant in &product.variants {
            shop.deleted.push((format!("gid://shopify/ProductVariant/{}", variant.id), now));
            shop.deleted.push((format!("gid://shopify/InventoryItem/{}", variant.item.id), now));
            for level in &variant.item.levels {
                shop.deleted.push((level_gid(level.id, variant.item.id), now));
            }
        }
        let gone: Vec<u64> = product.variants.iter().map(|variant| variant.id).collect();
        for line in shop.orders.iter_mut().flat_map(|order| &mut order.lines) {
            line.variant = line.variant.filter(|variant| !gone.contains(variant));
        }
    }

    /// Stock of an item at its first location changes: the level's updated-at moves, the item's does not.
    pub fn change_stock(&mut self, region: Region, item: u64, by: i64) {
        let now = self.now;
        let products = &mut self.shop_mut(region).products;
        let mut variants = products.iter_mut().flat_map(|product| &mut product.variants);
        if let Some(level) = variants.find(|v| v.item.id == item).and_then(|v| v.item.levels.first_mut()) {
            level.available += by;
            level.stamp.touch(now);
        }
    }

    /// A variant gets another price: variant and product move.
    pub fn change_price(&mut self, region: Region, product: u64, price: Decimal) {
        let now = self.now;
        if let Some(product) = self.shop_mut(region).products.iter_mut().find(|p| p.id == product) {
            product.variants[0].price = price;
            product.variants[0].stamp.touch(now);
            product.stamp.touch(now);
        }
    }
}

/// The id of a stock level, which holds the item's id as a query string.
pub(crate) fn level_gid(level: u64, item: u64) -> String {
    format!("gid://shopify/InventoryLevel/{level}?inventory_item_id={item}")
}

/// Tax on an amount: inside it in the United Kingdom (20 %), on top in the USA (8.875 %).
pub(crate) fn tax_of(region: Region, amount: Decimal) -> Decimal {
    match region {
        Region::Uk => cents(amount * Decimal::from(20) / Decimal::from(120)),
        Region::Usa => cents(amount * Decimal::new(8_875, 5)),
    }
}

fn open_quantity(order: &Order, line: usize) -> i64 {
    order.lines[line].quantity - order.fulfilled_quantity(line) - order.refunded_quantity(line)
}

fn new_order(shop: &mut Shop, rng: &mut Rng, stamp: Stamp) -> Order {
    let walk_in = shop.customers.is_empty() || rng.percent(8);
    let customer = (!walk_in).then(|| shop.customers[rng.index(shop.customers.len())].id);
    shop.next_number += 1;
    let foreign = rng.percent(10);
    Order {
        id: shop.fresh_id(rng.next()),
        number: shop.next_number,
        presentment_currency: if foreign { "EUR" } else { shop.currency },
        presentment_rate: if foreign { Decimal::new(11_873, 4) } else { Decimal::ONE },
        taxes_included: shop.taxes_included,
        test: rng.percent(2),
        source: if walk_in { "pos" } else { "web" },
        po_number: rng.percent(20).then(|| format!("PO-{}", rng.between(10_000, 99_999))),
        tags: if rng.percent(30) { vec!["wholesale"] } else { vec![] },
        customer,
        paid: false,
        cancelled_at: None,
        closed_at: None,
        lines: vec![],
        shipping: Decimal::ZERO,
        shipping_tax: Decimal::ZERO,
        refunds: vec![],
        fulfillments: vec![],
        transactions: vec![],
        stamp,
    }
}

fn order_line(shop: &mut Shop, rng: &mut Rng) -> OrderLine {
    let id = shop.fresh_id(rng.next());
    let product = rng.pick(&shop.products);
    let variant = rng.pick(&product.variants);
    let quantity = rng.between(1, 6);
    let gross = variant.price * Decimal::from(quantity);
    let discount = if rng.percent(15) { cents(gross / Decimal::TEN) } else { Decimal::ZERO };
    OrderLine {
        id,
        variant: Some(variant.id),
        sku: variant.sku.clone(),
        title: product.title.clone(),
        variant_title: variant.title.clone(),
        quantity,
        unit_price: variant.price,
        discount,
        tax: tax_of(shop.region, gross - discount),
    }
}

fn refund_line(id: u64, line: &OrderLine, position: usize, location: u64) -> RefundLine {
    let share = Decimal::from(line.quantity);
    RefundLine {
        // Old refunds have lines without an id; a reader must not use it as its only key.
        id: (id % 10 != 1).then_some(id),
        line: position,
        quantity: 1,
        restock: "RETURN",
        location: Some(location),
        subtotal: cents(line.discounted_total() / share),
        tax: cents(line.tax / share),
    }
}
