//! How a universe comes to be: a catalog first, then a history played event by event.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::BackOffice;
use super::books::{Account, Books, Contact, ContactStatus, DocumentStatus, Item, Side};
use super::ordering::cents;
use super::shop::{Customer, InventoryItem, InventoryLevel, Location, Product, Region, Shop, Stamp, Variant};
use super::warehouse::Warehousing;

use super::{Ledger, SellerAccounts, Size, Universe};
use crate::rng::Rng;

const MATERIALS: [&str; 6] = ["Oak", "Walnut", "Ash", "Steel", "Brass", "Linen"];
const THINGS: [&str; 8] = ["Desk", "Shelf", "Stool", "Lamp", "Table", "Tray", "Frame", "Hook"];
const FIRST_NAMES: [&str; 8] = ["Ada", "Brian", "Chloë", "David", "Élodie", "Fiona", "George", "Hana"];
const LAST_NAMES: [&str; 8] = ["Archer", "Brown", "O'Connor", "Dunn", "Müller", "Patel", "Smith", "Young"];
const SUPPLIERS: [&str; 5] =
    ["Baltic Timber", "Sheffield Steel", "Linen & Co", "Brassworks \"North\"", "Packaging <Ltd>"];
const TRADE: [&str; 4] = ["Hotel Atlas", "Office Works", "Café Zürich", "City Library"];

/// What happens at one moment of the history.
enum Happening {
    Order(Region, usize),
    Pay(Region, u64),
    Ship(Region, u64),
    Refund(Region, u64, usize),
    Invoice(Side),
    Settle(usize),
    Credit(usize),
    Void(usize),
}

pub(super) fn universe(seed: u64, size: Size, as_of: DateTime<Utc>) -> Universe {
    let start = as_of - TimeDelta::days(size.history_days);
    let rng = Rng::new(seed);
    let shop_uk = shop(Region::Uk, &size, rng.fork(1), start);
    let shop_usa = shop(Region::Usa, &size, rng.fork(2), start);
    let mut universe = Universe {
        seed,
        now: start,
        amazon: SellerAccounts::open(seed, [&shop_uk, &shop_usa], start),
        shop_uk,
        shop_usa,
        books: books(rng.fork(3), start),
        rng: rng.fork(4),
        office: super::Office::unborn(start),
        size,
        warehouse: Warehousing::new(rng.fork(700)),
        ledger: Ledger::empty(rng.fork(7)),
    };
    add_items(&mut universe, start);
    play(&mut universe, start, as_of);
    universe.amazon.play(&universe.size, start, as_of);
    universe.now = as_of;
    universe.open_warehouses();
    super::back_office::furnish(&mut universe);
    universe.office = super::office::office(&universe, start);
    universe.open_ledger(start, as_of);
    universe
}

/// Plays the history in the order of time, so that ids grow with time as they do at the vendors.
fn play(universe: &mut Universe, start: DateTime<Utc>, as_of: DateTime<Utc>) {
    let mut agenda = agenda(universe, start, as_of);
    while let Some(((at, ordinal), happening)) = agenda.pop_first() {
        universe.now = at;
        for (delay, next) in happen(universe, happening) {
            let at = at + TimeDelta::milliseconds(delay);
            if at < as_of {
                agenda.insert((at, ordinal), next);
            }
        }
    }
}

fn agenda(
    universe: &Universe,
    start: DateTime<Utc>,
    as_of: DateTime<Utc>,
) -> BTreeMap<(DateTime<Utc>, usize), Happening> {
    let mut rng = universe.rng.fork(5);
    let length = (as_of - start).num_milliseconds() - 1;
    let mut moment = move || start + TimeDelta::milliseconds(rng.between(0, length));
    let size = &universe.size;
    let mut agenda = BTreeMap::new();
    for ordinal in 0..size.orders_per_shop {
        agenda.insert((moment(), agenda.len()), Happening::Order(Region::Uk, ordinal));
        agenda.insert((moment(), agenda.len()), Happening::Order(Region::Usa, ordinal));
    }
    for _ in 0..size.bills {
        agenda.insert((moment(), agenda.len()), Happening::Invoice(Side::Payable));
    }
    for _ in 0..size.trade_invoices {
        agenda.insert((moment(), agenda.len()), Happening::Invoice(Side::Receivable));
    }
    agenda
}

fn happen(universe: &mut Universe, happening: Happening) -> Vec<(i64, Happening)> {
    const HOUR: i64 = 3_600_000;
    let mut delay = |low: i64, high: i64| universe.rng.between(low * HOUR, high * HOUR);
    match happening {
        Happening::Order(region, ordinal) => {
            let (pay, ship, back) = (delay(12, 72), delay(10, 90), delay(120, 480));
            // Every fortieth order is so long that its lines, refund and parcel need pages of their own.
            let long = ordinal % 40 == 3;
            let id = if long { universe.place_order_of(region, 64) } else { universe.place_order(region) };
            let mut next = vec![(pay, Happening::Pay(region, id)), (ship, Happening::Ship(region, id))];
            if long {
                next.push((back, Happening::Refund(region, id, 58)));
            } else if universe.rng.percent(12) {
                next.push((back, Happening::Refund(region, id, 2)));
            }
            next
        }
        Happening::Pay(region, id) => {
            if universe.rng.percent(50) {
                universe.pay_order(region, id);
            }
            vec![]
        }
        Happening::Ship(region, id) => {
            if universe.shop(region).order(id).is_some_and(|order| order.paid) {
                universe.fulfil_order(region, id);
            }
            vec![]
        }
        Happening::Refund(region, id, lines) => {
            universe.refund_order(region, id, lines);
            vec![]
        }
        Happening::Invoice(side) => {
            let (settle, correct) = (delay(24, 1_200), delay(2, 20));
            let invoice = universe.add_invoice(side, universe.size.lines_per_invoice);
            let mut next = vec![(settle, Happening::Settle(invoice))];
            match universe.rng.between(0, 19) {
                0 => next.push((correct, Happening::Credit(invoice))),
                1 => next.push((correct, Happening::Void(invoice))),
                2 => universe.books.invoices[invoice].document.status = DocumentStatus::Draft,
                _ => {}
            }
            next
        }
        Happening::Settle(invoice) => {
            settle(universe, invoice);
            vec![]
        }
        Happening::Credit(invoice) => {
            universe.credit_invoice(invoice);
            vec![]
        }
        Happening::Void(invoice) => {
            universe.void_invoice(invoice);
            vec![]
        }
    }
}

/// Most open invoices are paid in full, some in part.
fn settle(universe: &mut Universe, invoice: usize) {
    let target = &universe.books.invoices[invoice];
    if target.document.status != DocumentStatus::Authorised {
        return;
    }
    let due = target.amount_due();
    let amount = if universe.rng.percent(90) { due } else { cents(due / Decimal::TWO) };
    universe.pay_invoice(invoice, amount);
}

fn shop(region: Region, size: &Size, mut rng: Rng, start: DateTime<Utc>) -> Shop {
    let uk = region == Region::Uk;
    let mut shop = Shop {
        region,
        id: if uk { 548_380_009 } else { 690_933_842 },
        name: if uk { "Hearth & Grain UK" } else { "Hearth & Grain USA" },
        domain: if uk { "hearth-grain-uk.myshopify.com" } else { "hearth-grain-usa.myshopify.com" },
        currency: if uk { "GBP" } else { "USD" },
        timezone: if uk { "Europe/London" } else { "America/New_York" },
        taxes_included: uk,
        locations: vec![],
        products: vec![],
        customers: vec![],
        orders: vec![],
        deleted: vec![],
        back_office: BackOffice::new(region, rng.fork(7)),
        next_id: if uk { 820_982_911_946_154_501 } else { 788_032_119_674_292_901 },
        next_number: 1_000,
    };
    let stamp = Stamp::new(start);
    let (country, province) = if uk { ("GB", None) } else { ("US", Some("NY")) };
    for (name, city, zip, active) in [
        ("Main warehouse", "Leeds", "LS1 4AP", true),
        ("Showroom", "London", "E1 6AN", true),
        ("Old depot", "York", "YO1 7HH", false),
    ] {
        let id = shop.fresh_id(rng.next());
        shop.locations.push(Location { id, name, active, country, province, city, zip, stamp });
    }
    for ordinal in 0..size.products_per_shop {
        let product = product(&mut shop, ordinal, &mut rng, start);
        shop.products.push(product);
    }
    for _ in 0..size.customers_per_shop {
        let customer = customer(&mut shop, &mut rng, stamp);
        shop.customers.push(customer);
    }
    shop
}

fn product(shop: &mut Shop, ordinal: usize, rng: &mut Rng, start: DateTime<Utc>) -> Product {
    let id = shop.fresh_id(rng.next());
    let (material, thing) =
        (MATERIALS[ordinal % MATERIALS.len()], THINGS[(ordinal / MATERIALS.len()) % THINGS.len()]);
    let stamp = Stamp::new(start + TimeDelta::hours(ordinal as i64 % 1_000));
    let title = format!("{material} {thing} {}", ordinal + 1);
    let count = if ordinal == 2 { 120 } else { 1 + ordinal % 6 };
    // The sku depends on the ordinal alone: both shops sell the same goods, at their own prices.
    let variants = (0..count)
        .map(|nth| variant(shop, format!("HG-{:04}-{:03}", ordinal + 1, nth + 1), rng, stamp))
        .collect();
    Product {
        id,
        handle: title.to_lowercase().replace(' ', "-"),
        title,
        status: ["ACTIVE", "ACTIVE", "ACTIVE", "DRAFT", "ARCHIVED"][ordinal % 5],
        vendor: "Hearth & Grain",
        product_type: thing,
        tags: vec!["handmade"],
        variants,
        stamp,
    }
}

fn variant(shop: &mut Shop, sku: String, rng: &mut Rng, stamp: Stamp) -> Variant {
    let price = Decimal::new(rng.between(450, 45_000), 2);
    let item = InventoryItem {
        id: shop.fresh_id(rng.next()),
        tracked: !rng.percent(5),
        unit_cost: rng.percent(90).then(|| cents(price * Decimal::new(4, 1))),
        hs_code: rng.percent(50).then_some("940360"),
        weight: Decimal::new(rng.between(1, 250), 1),
        levels: vec![],
        stamp,
    };
    let active: Vec<u64> =
        shop.locations.iter().filter(|location| location.active).map(|location| location.id).collect();
    let levels = active.into_iter().map(|location| InventoryLevel {
        id: shop.fresh_id(rng.next()),
        location,
        available: rng.between(-3, 400),
        committed: rng.between(0, 12),
        incoming: rng.between(0, 100),
        reserved: rng.between(0, 4),
        damaged: rng.between(0, 2),
        stamp,
    });
    let item = InventoryItem { levels: levels.collect(), ..item };
    Variant {
        id: shop.fresh_id(rng.next()),
        title: if sku.ends_with("001") { "Default Title".into() } else { format!("Size {}", &sku[8..]) },
        barcode: rng.percent(70).then(|| format!("50{:011}", rng.next() % 100_000_000_000)),
        sku,
        price,
        compare_at: rng.percent(10).then(|| cents(price * Decimal::new(12, 1))),
        item,
        stamp,
    }
}

fn customer(shop: &mut Shop, rng: &mut Rng, stamp: Stamp) -> Customer {
    let id = shop.fresh_id(rng.next());
    let uk = shop.region == Region::Uk;
    Customer {
        id,
        first_name: FIRST_NAMES[rng.index(FIRST_NAMES.len())],
        last_name: LAST_NAMES[rng.index(LAST_NAMES.len())],
        email: format!("buyer{}@example.com", id % 1_000_000),
        country: if uk { "GB" } else { "US" },
        province: (!uk).then_some("NY"),
        zip: if uk {
            format!("LS{} 1AA", rng.between(1, 29))
        } else {
            format!("1{:04}", rng.between(1, 9_999))
        },
        orders: 0,
        spent: Decimal::ZERO,
        stamp,
    }
}

fn books(mut rng: Rng, start: DateTime<Utc>) -> Books {
    let mut contacts = Vec::new();
    let mut add = |name: &str, is_supplier: bool, currency, number: Option<String>| {
        contacts.push(Contact {
            id: rng.guid(),
            name: name.to_owned(),
            number,
            email: String::new(),
            status: ContactStatus::Active,
            is_supplier,
            is_customer: !is_supplier,
            currency,
            merged_to: None,
            updated_at: start,
        });
    };
    add("Counter sales UK", false, "GBP", Some("counter-uk".into()));
    add("Counter sales USA", false, "USD", Some("counter-usa".into()));
    TRADE.iter().for_each(|name| add(name, false, "GBP", None));
    SUPPLIERS.iter().for_each(|name| add(name, true, "GBP", None));
    Books {
        organisation_id: rng.guid(),
        name: "Hearth & Grain Ltd",
        created_at: start - TimeDelta::days(900),
        contacts,
        accounts: accounts(&mut rng, start),
        items: vec![],
        invoices: vec![],
        credit_notes: vec![],
        payments: vec![],
        deleted_items: vec![],
        contact_of_customer: BTreeMap::new(),
        invoice_of_order: BTreeMap::new(),
        next_number: 0,
    }
}

fn accounts(rng: &mut Rng, start: DateTime<Utc>) -> Vec<Account> {
    let rows: [(Option<&str>, &str, &str, &str, &str); 8] = [
        (None, "Business Bank Account", "BANK", "ASSET", "NONE"),
        (Some("200"), "Sales", "REVENUE", "REVENUE", "OUTPUT2"),
        (Some("260"), "Shipping Income", "REVENUE", "REVENUE", "OUTPUT2"),
        (Some("310"), "Cost of Goods Sold", "DIRECTCOSTS", "EXPENSE", "INPUT2"),
        (Some("429"), "General Expenses", "OVERHEADS", "EXPENSE", "INPUT2"),
        (Some("610"), "Accounts Receivable", "CURRENT", "ASSET", "NONE"),
        (Some("630"), "Inventory", "INVENTORY", "ASSET", "NONE"),
        (Some("800"), "Accounts Payable", "CURRLIAB", "LIABILITY", "NONE"),
    ];
    let account = |(code, name, kind, class, tax_type)| Account {
        id: Uuid::nil(),
        code,
        name,
        kind,
        class,
        tax_type,
        currency: (kind == "BANK").then_some("GBP"),
        archived: name == "General Expenses",
        updated_at: start,
    };
    rows.into_iter().map(account).map(|account| Account { id: rng.guid(), ..account }).collect()
}

/// One item for each sku, with prices of four places, plus a few materials that are only bought.
fn add_items(universe: &mut Universe, start: DateTime<Utc>) {
    let mut rng = universe.rng.fork(6);
    let mut items: Vec<Item> = Vec::new();
    for (product, variant) in universe.shop_uk.variants() {
        let sale = (variant.price / Decimal::new(12, 1)).round_dp(4);
        items.push(Item {
            id: rng.guid(),
            code: Arc::from(variant.sku.as_str()),
            name: product.title.clone(),
            sale_price: Some(sale),
            purchase_price: variant.item.unit_cost,
            quantity_on_hand: variant.item.tracked.then(|| Decimal::new(rng.between(0, 40_000), 2)),
            updated_at: start + TimeDelta::milliseconds(rng.between(0, 86_400_000)),
        });
    }
    for (code, name) in
        [("RAW-OAK", "Oak board, m"), ("RAW-STEEL", "Steel rod, m"), ("RAW-LINEN", "Linen, m")]
    {
        let purchase_price = Some(Decimal::new(rng.between(1_001, 99_999), 4));
        let (id, code, name) = (rng.guid(), Arc::from(code), name.to_owned());
        items.push(Item {
            id,
            code,
            name,
            sale_price: None,
            purchase_price,
            quantity_on_hand: None,
            updated_at: start,
        });
    }
    universe.books.items = items;
}
