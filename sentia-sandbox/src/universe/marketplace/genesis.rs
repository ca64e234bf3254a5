//! How the seller accounts come to be: the shops' goods become listings, then a history is played event by event.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{
    CatalogEntry, FbaStock, FulfilledBy, Listing, Market, MarketBuyer, Period, SellerAccount, SellerAccounts,
};
use crate::rng::Rng;
use crate::universe::ordering::cents;
use crate::universe::{Product, Shop, Variant};

const UK: Market = Market {
    id: "A1F83G8C2ARO7P",
    name: "Amazon.co.uk",
    country: "GB",
    currency: "GBP",
    language: "en_GB",
    domain: "www.amazon.co.uk",
    taxes_included: true,
};
const GERMANY: Market = Market {
    id: "A1PA6795UKMFR9",
    name: "Amazon.de",
    country: "DE",
    currency: "EUR",
    language: "de_DE",
    domain: "www.amazon.de",
    taxes_included: true,
};
const USA: Market = Market {
    id: "ATVPDKIKX0DER",
    name: "Amazon.com",
    country: "US",
    currency: "USD",
    language: "en_US",
    domain: "www.amazon.com",
    taxes_included: false,
};

impl SellerAccounts {
    /// Both accounts at the beginning of the story, selling what the shops sell.
    pub(in crate::universe) fn open(seed: u64, shops: [&Shop; 2], start: DateTime<Utc>) -> Self {
        let rng = Rng::new(seed).fork(40);
        Self {
            uk: account(shops[0], &[UK, GERMANY], rng.fork(1), start),
            usa: account(shops[1], &[USA], rng.fork(2), start),
        }
    }
}

fn account(shop: &Shop, markets: &[Market], mut rng: Rng, start: DateTime<Utc>) -> SellerAccount {
    let (seller_id, opened) = (format!("A{}", code(rng.next(), 13)), start.trunc_subsecs(0));
    let mut account = SellerAccount {
        region: shop.region,
        seller_id,
        store_name: "Hearth & Grain",
        markets: markets.to_vec(),
        catalog: vec![],
        listings: vec![],
        stock: vec![],
        orders: vec![],
        transactions: vec![],
        settlements: vec![],
        returns: vec![],
        ledger: vec![],
        deleted_listings: vec![],
        buyers: markets.iter().map(|market| buyers(shop, market, &mut rng)).collect(),
        periods: vec![],
        next_id: 4_000_000 + rng.next() % 1_000_000,
        rng,
    };
    account.periods =
        markets.iter().map(|_| Period { start: opened, group: opaque(&mut account.rng) }).collect();
    for (ordinal, (product, variant)) in shop.variants().enumerate() {
        // The second market sells the first form of each product only.
        let abroad = markets.len() > 1 && product.variants[0].id == variant.id;
        let positions: Vec<usize> = if abroad { vec![0, 1] } else { vec![0] };
        account.list(ordinal, product, variant, &positions, opened);
    }
    account
}

fn buyers(shop: &Shop, market: &Market, rng: &mut Rng) -> Vec<MarketBuyer> {
    let (city, state) = match market.country {
        "GB" => ("Leeds", None),
        "DE" => ("Köln", None),
        _ => ("Albany", Some("NY")),
    };
    let named = shop.customers.iter().map(|customer| {
        let abroad = customer.country != market.country;
        let postal_code =
            if abroad { format!("{}", rng.between(10_115, 99_998)) } else { customer.zip.clone() };
        (format!("{} {}", customer.first_name, customer.last_name), postal_code)
    });
    let mut named: Vec<(String, String)> = named.collect();
    if named.is_empty() {
        named.push(("Ada Archer".to_owned(), "LS1 4AP".to_owned()));
    }
    let buyer = |(name, postal_code)| MarketBuyer {
        name,
        email: format!("{}@marketplace.{}", code(rng.next(), 14).to_lowercase(), &market.domain[4..]),
        po_number: None,
        city,
        state,
        postal_code,
        country: market.country,
    };
    named.into_iter().map(buyer).collect()
}

impl SellerAccount {
    /// A variant of the shop becomes a product in the catalog, an offer per market and, mostly, stock at Amazon.
    fn list(
        &mut self,
        ordinal: usize,
        product: &Product,
        variant: &Variant,
        markets: &[usize],
        at: DateTime<Utc>,
    ) {
        let asin = format!("B0{}", code(digest(&variant.sku), 8));
        let by = if self.rng.percent(75) { FulfilledBy::Amazon } else { FulfilledBy::Merchant };
        let fn_sku = (by == FulfilledBy::Amazon).then(|| format!("X00{}", code(digest(&asin), 7)));
        // Curly quotes, dashes and inch marks: everything that breaks in a file of code page 1252.
        let title = match ordinal % 3 {
            0 => format!("Hearth & Grain {} – “{}”, 24\" deep", product.title, variant.title),
            1 => format!("Hearth & Grain {} ({}), fits 12\" × 30\"", product.title, variant.title),
            _ => format!("Hearth & Grain {} {}", product.title, variant.title),
        };
        let kind = product_type(product.product_type);
        self.catalog.push(CatalogEntry {
            asin: asin.clone(),
            sku: variant.sku.clone(),
            title: title.clone(),
            product_type: kind,
            barcode: variant.barcode.clone(),
            weight: variant.item.weight,
            markets: markets.to_vec(),
            created_at: at,
        });
        for &market in markets {
            let price = if market == 0 { variant.price } else { cents(variant.price * Decimal::new(119, 2)) };
            let created_at = at + TimeDelta::seconds(self.rng.between(0, 86_400));
            self.listings.push(Listing {
                market,
                sku: variant.sku.clone(),
                asin: asin.clone(),
                fn_sku: fn_sku.clone(),
                title: title.clone(),
                product_type: kind,
                by,
                price,
                buyable: product.status == "ACTIVE" || self.rng.percent(60),
                quantity: if by == FulfilledBy::Merchant { self.rng.between(0, 60) } else { 0 },
                image_missing: self.rng.percent(8),
                created_at,
                updated_at: created_at,
            });
            if let Some(fn_sku) = &fn_sku {
                self.stock_up(market, variant, &asin, fn_sku, &title, at);
            }
        }
    }

    fn stock_up(
        &mut self,
        market: usize,
        variant: &Variant,
        asin: &str,
        fn_sku: &str,
        title: &str,
        at: DateTime<Utc>,
    ) {
        let received = self.rng.between(60, 400);
        let row = FbaStock {
            market,
            sku: variant.sku.clone(),
            asin: asin.to_owned(),
            fn_sku: fn_sku.to_owned(),
            condition: "NewItem",
            title: title.to_owned(),
            fulfillable: 0,
            inbound_working: self.rng.between(0, 40),
            inbound_shipped: self.rng.between(0, 40),
            inbound_receiving: self.rng.between(0, 10),
            reserved_orders: 0,
            reserved_transfers: 0,
            unfulfillable: 0,
            updated_at: at,
        };
        // One sku in twenty is also sold used: same sku, other label and condition.
        if self.rng.percent(5) || (market == 0 && self.stock.is_empty()) {
            let used = FbaStock {
                fn_sku: format!("X0U{}", &fn_sku[3..]),
                condition: "UsedLikeNew",
                inbound_working: 0,
                inbound_shipped: 0,
                inbound_receiving: 0,
                ..row.clone()
            };
            self.stock.push(used);
            self.receive_at(self.stock.len() - 1, 3, at);
        }
        self.stock.push(row);
        self.receive_at(self.stock.len() - 1, received, at);
    }
}

fn product_type(thing: &str) -> &'static str {
    match thing {
        "Desk" => "DESK",
        "Shelf" => "SHELF",
        "Stool" => "STOOL_SEATING",
        "Lamp" => "LAMP",
        "Table" => "TABLE",
        "Tray" => "SERVING_TRAY",
        "Frame" => "PICTURE_FRAME",
        _ => "HOME",
    }
}

/// `length` digits and capital letters.
pub(super) fn code(mut number: u64, length: usize) -> String {
    const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let letter = |_| {
        let letter = LETTERS[(number % 36) as usize];
        number = (number / 36) ^ number.rotate_left(23).wrapping_mul(0x9E37_79B9);
        char::from(letter)
    };
    (0..length).map(letter).collect()
}

/// FNV-1a: numbers of a product depend on its sku alone, so that both regions agree on them.
fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

/// An id of 43 characters that says nothing.
pub(super) fn opaque(rng: &mut Rng) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..43).map(|_| char::from(*rng.pick(LETTERS))).collect()
}
