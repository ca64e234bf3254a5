//! How the warehouses follow the shops: contacts, goods, stock and orders.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::documents::{CreditNote, Invoice, Line, Part, SalesOrder, Shipment};
use super::{Customer, Supplier, Warehousing, london_day, trade};
use crate::universe::books::{Contact, ContactStatus};
use crate::universe::{Order, Region, Universe};

/// So many documents of each shop and of the books are followed; a benchmark of the books stays a benchmark of the
/// books.
pub(super) const FOLLOWED: usize = 5_000;

/// A shop's price without the tax inside it.
pub(super) fn net_price(price: Decimal) -> Decimal {
    (price / Decimal::new(12, 1)).round_dp(4)
}

/// What other systems call a contact.
fn source_of(contact: &Contact) -> String {
    contact.number.clone().unwrap_or_else(|| contact.name.clone())
}

/// Contacts of the books become customers and suppliers; archived ones become obsolete. Without a moment, that of
/// the contact.
pub(super) fn contacts(w: &mut Warehousing, universe: &Universe, present: Option<DateTime<Utc>>) {
    for (position, contact) in universe.books.contacts.iter().enumerate() {
        let at = present.unwrap_or(contact.updated_at);
        let archived = contact.status == ContactStatus::Archived;
        if contact.is_supplier {
            let supplier = supplier(w, position, contact, at);
            if archived && !w.suppliers[supplier].obsolete {
                w.suppliers[supplier].obsolete = true;
                w.suppliers[supplier].record.touch(at);
            }
        } else if let Some(customer) = customer(w, universe, &source_of(contact), at)
            && archived
            && !w.customers[customer].obsolete
        {
            w.customers[customer].obsolete = true;
            w.customers[customer].record.touch(at);
        }
    }
}

fn supplier(w: &mut Warehousing, contact: usize, known: &Contact, at: DateTime<Utc>) -> usize {
    if let Some(&supplier) = w.index.supplier_of_contact.get(&contact) {
        return supplier;
    }
    let record = w.record(at);
    let code = format!("SUP{}", w.suppliers.len() + 1);
    let (name, currency) = (known.name.clone(), known.currency);
    w.suppliers.push(Supplier { record, code, name, currency, obsolete: false });
    w.index.supplier_of_contact.insert(contact, w.suppliers.len() - 1);
    w.suppliers.len() - 1
}

/// The customer of a source, made if it is new: a contact of the books, or a shop's customer who has not paid yet.
pub(super) fn customer(
    w: &mut Warehousing,
    universe: &Universe,
    source: &str,
    at: DateTime<Utc>,
) -> Option<usize> {
    if let Some(&customer) = w.index.customer_of_source.get(source) {
        return Some(customer);
    }
    let buyers = [Region::Uk, Region::Usa].into_iter().flat_map(|region| {
        let shop = universe.shop(region);
        shop.customers.iter().map(move |customer| (shop.currency, customer))
    });
    let buyer = source.strip_prefix("gid://shopify/Customer/").and_then(|id| id.parse::<u64>().ok());
    let buyer = buyer.and_then(|id| buyers.into_iter().find(|(_, customer)| customer.id == id));
    let contact = universe.books.contacts.iter().find(|contact| source_of(contact) == source);
    let name = match (contact, buyer) {
        (Some(contact), _) => contact.name.clone(),
        (None, Some((_, buyer))) => format!("{} {} ({})", buyer.first_name, buyer.last_name, buyer.id),
        (None, None) => return None,
    };
    let american = contact.map(|contact| contact.currency).or(buyer.map(|b| b.0)) == Some("USD");
    let record = w.record(at);
    w.customers.push(Customer {
        record,
        code: format!("CUST{}", w.customers.len() + 1),
        name,
        first_name: buyer.map(|(_, buyer)| buyer.first_name),
        last_name: buyer.map(|(_, buyer)| buyer.last_name),
        email: buyer.map(|(_, buyer)| buyer.email.clone()),
        currency: if american { "USD" } else { "GBP" },
        country: if american { "United States" } else { "United Kingdom" },
        postcode: buyer.map_or_else(|| "LS1 1AA".to_owned(), |(_, buyer)| buyer.zip.clone()),
        trade: buyer.is_none(),
        obsolete: false,
    });
    w.index.customer_of_source.insert(source.to_owned(), w.customers.len() - 1);
    Some(w.customers.len() - 1)
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

/// Orders of both shops in the order of time, then the documents of the books. Without a moment each document has
/// the time of what it follows: that is how the history is made.
pub(super) fn documents(w: &mut Warehousing, universe: &Universe, present: Option<DateTime<Utc>>) {
    let mut orders: Vec<(Region, &Order)> = [Region::Uk, Region::Usa]
        .into_iter()
        .flat_map(|region| universe.shop(region).orders.iter().take(FOLLOWED).map(move |o| (region, o)))
        .collect();
    orders.sort_by_key(|(_, order)| (order.stamp.created_at, order.id));
    for (region, order) in orders {
        follow(w, universe, region, order, present);
    }
    vanished(w, universe);
    trade::follow(w, universe, present);
}

/// Orders that the shop no longer has are Deleted here, unless they are completed.
fn vanished(w: &mut Warehousing, universe: &Universe) {
    let known = |id: &u64| universe.shop_uk.order(*id).is_some() || universe.shop_usa.order(*id).is_some();
    for sale in w.index.sale_of_order.iter().filter(|(id, _)| !known(id)).map(|(_, at)| *at) {
        let sale = &mut w.sales_orders[sale];
        if sale.status != "Completed" && sale.status != "Deleted" {
            sale.status = "Deleted";
            sale.record.touch(universe.now);
        }
    }
}

fn status_of(order: &Order) -> &'static str {
    let open = |line: usize| {
        order.lines[line].quantity - order.fulfilled_quantity(line) - order.refunded_quantity(line) > 0
    };
    if order.cancelled_at.is_some() || order.test {
        "Deleted"
    } else if !order.paid {
        "Parked"
    } else if order.fulfillments.is_empty() {
        "Placed"
    } else if (0..order.lines.len()).any(open) {
        "Backordered"
    } else {
        "Completed"
    }
}

fn follow(
    w: &mut Warehousing,
    universe: &Universe,
    region: Region,
    order: &Order,
    present: Option<DateTime<Utc>>,
) {
    let known = w.index.sale_of_order.get(&order.id).copied();
    let Some(position) = known.or_else(|| enter(w, universe, region, order, present)) else { return };
    let status = status_of(order);
    let sale = &w.sales_orders[position];
    let news = sale.status != status
        || sale.parcels != order.fulfillments.len()
        || (status == "Completed" && sale.refunds != order.refunds.len());
    // Deleted and completed orders do not come back.
    if !news || sale.status == "Deleted" || (sale.status == "Completed" && status != "Completed") {
        return;
    }
    let at = present.unwrap_or((order.stamp.updated_at + TimeDelta::milliseconds(612)).min(universe.now));
    ship(w, order, position, at);
    if status == "Completed" && w.sales_orders[position].status != "Completed" {
        let booked = universe.books.invoice_of_order.get(&order.id);
        let number = booked.map(|at| universe.books.invoices[*at].document.number.clone());
        complete(w, position, number, true, at);
    }
    w.sales_orders[position].status = status;
    // Some records that never changed after they were made have no last change at all.
    let untouched = known.is_none() && order.stamp.previous.is_none() && w.rng.percent(30);
    if !untouched {
        w.sales_orders[position].record.touch(at);
    }
    if status == "Completed" {
        credit(w, region, order, position, at);
    }
}

/// A new order; its lines are those of the shop's order, without the tax inside the prices, and freight.
fn enter(
    w: &mut Warehousing,
    universe: &Universe,
    region: Region,
    order: &Order,
    present: Option<DateTime<Utc>>,
) -> Option<usize> {
    let at = present.unwrap_or((order.stamp.created_at + TimeDelta::milliseconds(431)).min(universe.now));
    let (counter, warehouse) = match region {
        Region::Uk => ("counter-uk", super::LEEDS),
        Region::Usa => ("counter-usa", 3),
    };
    let source = order.customer.map(|id| format!("gid://shopify/Customer/{id}"));
    let customer = customer(w, universe, source.as_deref().unwrap_or(counter), at)?;
    let mut lines = Vec::with_capacity(order.lines.len() + 1);
    for line in &order.lines {
        let Some(product) = w.product_of_code(&line.sku) else { continue };
        let tax_inside = if order.taxes_included { line.tax } else { Decimal::ZERO };
        let gross = line.unit_price * Decimal::from(line.quantity);
        let rate = if gross.is_zero() { Decimal::ZERO } else { (line.discount / gross).round_dp(4) };
        let unit_price = if order.taxes_included { net_price(line.unit_price) } else { line.unit_price };
        let amounts = (line.discounted_total() - tax_inside, line.tax);
        lines.push(w.line(product, Decimal::from(line.quantity), unit_price, rate, amounts));
        let row = w.stock_mut(product, warehouse, at);
        row.last_sale = row.last_sale.max(Some(at));
    }
    if let Some(product) = w.product_of_code("FREIGHT").filter(|_| !order.shipping.is_zero()) {
        let tax_inside = if order.taxes_included { order.shipping_tax } else { Decimal::ZERO };
        let net = order.shipping - tax_inside;
        lines.push(w.line(product, Decimal::ONE, net, Decimal::ZERO, (net, order.shipping_tax)));
    }
    let booked = universe.books.invoice_of_order.get(&order.id);
    let rate = booked.map(|at| universe.books.invoices[*at].document.rate);
    let (record, number, date) = (w.record(at), w.number("SO-"), london_day(at));
    let custom_status = w.rng.percent(15).then_some("Awaiting pick");
    w.sales_orders.push(SalesOrder {
        record,
        number,
        date,
        required: date + TimeDelta::days(3),
        completed: None,
        // Told apart from every real status, so that the first look always finds news.
        status: "Open",
        custom_status,
        customer,
        reference: Some(order.name()),
        source: Some(order.id.to_string()),
        warehouse,
        currency: universe.shop(region).currency,
        rate: rate.unwrap_or(if region == Region::Uk { Decimal::ONE } else { Decimal::new(12_734, 4) }),
        tax_rate: if region == Region::Uk { Decimal::new(2, 1) } else { Decimal::new(8_875, 5) },
        lines,
        refunds: 0,
        parcels: 0,
    });
    w.index.sale_of_order.insert(order.id, w.sales_orders.len() - 1);
    Some(w.sales_orders.len() - 1)
}

impl Warehousing {
    /// A line with a fresh id.
    pub(super) fn line(
        &mut self,
        product: usize,
        quantity: Decimal,
        unit_price: Decimal,
        discount_rate: Decimal,
        (total, tax): (Decimal, Decimal),
    ) -> Line {
        let (id, unit_cost) = (self.rng.guid(), self.products[product].cost);
        Line { id, product, quantity, unit_price, unit_cost, discount_rate, total, tax }
    }
}

/// The invoice of an order that is complete.
pub(super) fn complete(
    w: &mut Warehousing,
    order: usize,
    number: Option<String>,
    paid: bool,
    at: DateTime<Utc>,
) {
    let number = number.unwrap_or_else(|| w.number("INV-"));
    let record = w.record(at);
    let lines = w.sales_orders[order].lines.clone();
    let lines = lines.into_iter().map(|line| Line { id: w.rng.guid(), ..line }).collect();
    let date = london_day(at);
    w.sales_orders[order].completed = Some(date);
    let due = date + TimeDelta::days(30);
    w.index.invoice_of_sale.insert(order, w.invoices.len());
    w.invoices.push(Invoice { record, number, order, date, due, status: "Completed", paid, lines });
}

fn ship(w: &mut Warehousing, order: &Order, position: usize, at: DateTime<Utc>) {
    for parcel in &order.fulfillments[w.sales_orders[position].parcels.min(order.fulfillments.len())..] {
        let (record, number) = (w.record(at), w.number("SS-"));
        let mut lines = Vec::with_capacity(parcel.lines.len());
        for line in &parcel.lines {
            let Some(product) = w.product_of_code(&order.lines[line.line].sku) else { continue };
            lines.push(Part { id: w.rng.guid(), product, quantity: line.quantity.into() });
        }
        w.shipments.push(Shipment {
            record,
            number,
            order: position,
            date: london_day(parcel.stamp.created_at),
            status: "Dispatched",
            company: "DPD UK",
            tracking: parcel.tracking.first().map(|tracking| tracking.number.clone()),
            lines,
        });
    }
    w.sales_orders[position].parcels = order.fulfillments.len();
}

fn credit(w: &mut Warehousing, region: Region, order: &Order, position: usize, at: DateTime<Utc>) {
    let code = if region == Region::Uk { "UK" } else { "US" };
    for (ordinal, refund) in order.refunds.iter().enumerate().skip(w.sales_orders[position].refunds) {
        let mut lines = Vec::with_capacity(refund.lines.len());
        for line in &refund.lines {
            let Some(product) = w.product_of_code(&order.lines[line.line].sku) else { continue };
            let inside = if order.taxes_included { line.tax } else { Decimal::ZERO };
            let (quantity, net) = (Decimal::from(line.quantity), line.subtotal - inside);
            lines.push(w.line(product, quantity, net, Decimal::ZERO, (net, line.tax)));
        }
        let record = w.record(at);
        let number = format!("CN-{code}-{}-{}", order.number, ordinal + 1);
        let date = london_day(refund.stamp.created_at);
        w.credit_notes.push(CreditNote { record, number, order: position, date, status: "Completed", lines });
    }
    w.sales_orders[position].refunds = order.refunds.len();
}
