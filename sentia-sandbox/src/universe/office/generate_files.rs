//! Lists, drives and the price workbook, all about the goods of the shops.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::files::{Column, ColumnKind, Drive, DriveItem, FieldValue, ListItem, OfficeList};
use super::generate::Story;
use super::people::OfficeUser;
use super::track::Track;
use super::workbook::{Cell, Sheet, Table, Workbook};
use crate::rng::Rng;

pub(crate) const STATES: [&str; 4] = ["Planned", "In progress", "Done", "On hold"];
const SPREADSHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The production plan with a row for each sku, and the suppliers of the books.
pub(crate) fn lists(story: &Story<'_>, rng: &mut Rng) -> Vec<OfficeList> {
    let plan = OfficeList {
        id: rng.guid(),
        name: "ProductionPlan",
        title: "Production plan",
        columns: vec![
            column(rng, "Title", "Product", ColumnKind::Text),
            column(rng, "SKU", "SKU", ColumnKind::Text),
            column(rng, "Planned_x0020_Quantity", "Planned Quantity", ColumnKind::Number),
            column(rng, "Unit_x0020_Cost", "Unit Cost", ColumnKind::Number),
            column(rng, "DueDate", "Due date", ColumnKind::DateTime),
            column(rng, "Status", "Status", ColumnKind::Choice(&STATES)),
            column(rng, "Rush", "Rush", ColumnKind::Boolean),
        ],
        items: vec![],
        removed: vec![],
        track: Track::unnumbered(story.start),
        next_item: 1,
    };
    let suppliers = OfficeList {
        id: rng.guid(),
        name: "Suppliers",
        title: "Suppliers",
        columns: vec![
            column(rng, "Title", "Name", ColumnKind::Text),
            column(rng, "ContactID", "Contact in the books", ColumnKind::Text),
            column(rng, "LeadTimeDays", "Lead time (days)", ColumnKind::Number),
        ],
        items: vec![],
        removed: vec![],
        track: Track::unnumbered(story.start),
        next_item: 1,
    };
    let mut lists = vec![plan, suppliers];
    for (nth, (product, variant)) in story.shop.variants().enumerate() {
        let at = story.start + TimeDelta::minutes(nth as i64);
        let cost = variant.item.unit_cost;
        let fields = plan_row(&product.title, &variant.sku, cost, nth, at, rng);
        push_item(&mut lists[0], fields, rng, at);
    }
    for (nth, contact) in story.books.contacts.iter().filter(|contact| contact.is_supplier).enumerate() {
        let fields = BTreeMap::from([
            ("Title", FieldValue::Text(contact.name.clone())),
            ("ContactID", FieldValue::Text(contact.id.to_string())),
            ("LeadTimeDays", FieldValue::Number(Decimal::from(rng.between(3, 60)))),
        ]);
        push_item(&mut lists[1], fields, rng, story.start + TimeDelta::seconds(nth as i64));
    }
    lists
}

/// A row of the production plan; every seventh has no due date, every fifth no rush flag.
pub(crate) fn plan_row(
    title: &str,
    sku: &str,
    cost: Option<Decimal>,
    nth: usize,
    at: DateTime<Utc>,
    rng: &mut Rng,
) -> BTreeMap<&'static str, FieldValue> {
    let mut fields = BTreeMap::from([
        ("Title", FieldValue::Text(title.to_owned())),
        ("SKU", FieldValue::Text(sku.to_owned())),
        ("Planned_x0020_Quantity", FieldValue::Number(Decimal::from(rng.between(1, 500)))),
        ("Status", FieldValue::Text((*rng.pick(&STATES)).to_owned())),
    ]);
    if let Some(cost) = cost {
        fields.insert("Unit_x0020_Cost", FieldValue::Number(cost));
    }
    if nth % 7 != 6 {
        let due = at.date_naive() + TimeDelta::days(rng.between(10, 300));
        fields.insert("DueDate", FieldValue::Moment(due.and_time(chrono::NaiveTime::MIN).and_utc()));
    }
    if nth % 5 != 4 {
        fields.insert("Rush", FieldValue::Flag(rng.percent(10)));
    }
    fields
}

pub(crate) fn push_item(
    list: &mut OfficeList,
    fields: BTreeMap<&'static str, FieldValue>,
    rng: &mut Rng,
    at: DateTime<Utc>,
) -> u32 {
    let id = list.next_item;
    // Ids have gaps: rows that were made and deleted before anybody looked.
    list.next_item += if id.is_multiple_of(11) { 2 } else { 1 };
    list.items.push(ListItem { id, guid: rng.guid(), version: 1, fields, track: Track::unnumbered(at) });
    id
}

fn column(rng: &mut Rng, name: &'static str, display_name: &'static str, kind: ColumnKind) -> Column {
    Column { id: rng.guid(), name, display_name, kind }
}

/// The library of the site and one person's own drive.
pub(crate) fn drives(story: &Story<'_>, users: &[OfficeUser], rng: &mut Rng) -> Vec<Drive> {
    let mut library = drive("Documents", None, story.start, rng);
    let mut at = story.start;
    let mut next = || {
        at += TimeDelta::minutes(7);
        at
    };
    let prices = push_entry(&mut library, 0, "Prices", None, next(), rng);
    push_entry(&mut library, prices, "Price list.xlsx", Some((SPREADSHEET, 48_213)), next(), rng);
    let drawings = push_entry(&mut library, 0, "Drawings", None, next(), rng);
    for product in &story.shop.products {
        let folder = push_entry(&mut library, drawings, &product.title, None, next(), rng);
        for variant in product.variants.iter().take(3) {
            let name = format!("{} drawing.pdf", variant.sku);
            let size = rng.between(20_000, 4_000_000) as u64;
            push_entry(&mut library, folder, &name, Some(("application/pdf", size)), next(), rng);
        }
    }
    let bills = push_entry(&mut library, 0, "Bills & credit notes", None, next(), rng);
    for invoice in story.books.invoices.iter().filter(|invoice| is_bill(invoice)) {
        let supplier = &story.books.contacts[invoice.document.contact].name;
        // Names with quotes, ampersands and signs that URLs dislike.
        let name = format!("{} #{} {supplier}.pdf", invoice.document.date, invoice.document.number);
        let name = name.replace(['<', '>', '"'], "'");
        push_entry(&mut library, bills, &name, Some(("application/pdf", 90_000)), next(), rng);
    }
    let mut own = drive("OneDrive", Some(users[0].id), story.start, rng);
    let notes = push_entry(&mut own, 0, "Notes", None, next(), rng);
    for nth in 1..=4 {
        let name = format!("Week {nth} + notes.txt");
        push_entry(&mut own, notes, &name, Some(("text/plain", 1_200)), next(), rng);
    }
    vec![library, own]
}

pub(crate) fn is_bill(invoice: &crate::universe::Invoice) -> bool {
    invoice.document.side == crate::universe::Side::Payable
}

fn drive(name: &'static str, owner: Option<uuid::Uuid>, start: DateTime<Utc>, rng: &mut Rng) -> Drive {
    let id = format!("b!{}{}", rng.guid().simple(), &rng.guid().simple().to_string()[..12]);
    let mut drive =
        Drive { id, name, owner, items: vec![], removed: vec![], track: Track::unnumbered(start) };
    let root = entry("root", None, None, start, rng);
    drive.items.push(root);
    drive
}

fn push_entry(
    drive: &mut Drive,
    parent: usize,
    name: &str,
    file: Option<(&'static str, u64)>,
    at: DateTime<Utc>,
    rng: &mut Rng,
) -> usize {
    let parent = drive.items[parent].id.clone();
    drive.items.push(entry(name, Some(parent), file, at, rng));
    drive.items.len() - 1
}

pub(crate) fn entry(
    name: &str,
    parent: Option<String>,
    file: Option<(&'static str, u64)>,
    at: DateTime<Utc>,
    rng: &mut Rng,
) -> DriveItem {
    let guid = rng.guid();
    DriveItem {
        id: format!("01{}", guid.simple().to_string().to_uppercase()),
        parent,
        name: name.to_owned(),
        mime: file.map(|(mime, _)| mime),
        size: file.map_or(0, |(_, size)| size),
        guid,
        version: 1,
        content_version: 1,
        track: Track::unnumbered(at),
    }
}

/// The price list: a table with a row for each sku, a table of suppliers, and a sheet of notes without a table.
pub(crate) fn workbook(story: &Story<'_>, library: &Drive, rng: &mut Rng) -> Workbook {
    let item = library.items.iter().find(|item| item.mime == Some(SPREADSHEET)).map(|item| item.id.clone());
    let text = |texts: &[&str]| texts.iter().map(|text| Cell::text(*text)).collect::<Vec<_>>();
    let mut prices = vec![text(&[
        "SKU",
        "Product",
        "Price GBP",
        "Cost",
        "Valid from",
        "Checked",
        "Margin",
        "Active",
        "Barcode",
    ])];
    for (nth, (product, variant)) in story.shop.variants().enumerate() {
        prices.push(price_row(nth, &product.title, variant, story.start, rng));
    }
    let mut suppliers = vec![text(&["Supplier", "Lead time", "Since"])];
    for contact in story.books.contacts.iter().filter(|contact| contact.is_supplier) {
        let since = story.start.date_naive() - TimeDelta::days(rng.between(100, 3_000));
        let lead = Cell::number(Decimal::from(rng.between(3, 60)));
        suppliers.push(vec![Cell::text(contact.name.as_str()), lead, Cell::day(since)]);
    }
    let notes = vec![text(&["Rate", "USD"]), vec![Cell::empty(), Cell::number(Decimal::new(12_734, 4))]];
    let mut id = || format!("{{{}}}", rng.guid().to_string().to_uppercase());
    let mut sheet = |name, top, left, cells| Sheet { id: id(), name, top, left, cells };
    let sheets =
        vec![sheet("Prices", 0, 0, prices), sheet("Suppliers", 0, 0, suppliers), sheet("Notes", 2, 1, notes)];
    let tables = vec![
        Table { id: id(), name: "PriceList", sheet: 0 },
        Table { id: id(), name: "SupplierTable", sheet: 1 },
    ];
    Workbook { item: item.unwrap_or_default(), sheets, tables }
}

fn price_row(
    nth: usize,
    title: &str,
    variant: &crate::universe::Variant,
    start: DateTime<Utc>,
    rng: &mut Rng,
) -> Vec<Cell> {
    let day: NaiveDate = start.date_naive() + TimeDelta::days(rng.between(0, 90));
    let checked = day.and_time(chrono::NaiveTime::MIN) + TimeDelta::seconds(rng.between(0, 86_399));
    let margin = match nth % 6 {
        0 => Cell::error("#N/A"),
        1 => Cell::error("#DIV/0!"),
        _ => Cell::number(Decimal::new(rng.between(10, 80), 2)),
    };
    // A barcode typed as a number has lost its last digits, as in a double.
    let barcode = match (&variant.barcode, nth % 4) {
        (Some(code), 0) => code.parse().map_or_else(|_| Cell::empty(), Cell::number),
        (Some(code), _) => Cell::text(code.as_str()),
        (None, _) => Cell::empty(),
    };
    vec![
        Cell::text(variant.sku.as_str()),
        Cell::text(title),
        Cell::number(variant.price),
        variant.item.unit_cost.map_or_else(Cell::empty, Cell::number),
        Cell::day(day),
        if nth % 5 == 3 { Cell::empty() } else { Cell::moment(checked) },
        margin,
        Cell::flag(!nth.is_multiple_of(3)),
        barcode,
    ]
}
