//! How the warehouses follow the orders of the shops.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::mirror::net_price;
use super::people::customer;
use super::{CreditNote, Invoice, Line, Part, SalesOrder, Shipment, Warehousing, london_day, trade};
use crate::universe::{Order, Region, Universe};

/// So many documents of each shop and of the books are followed; a benchmark of the books stays a benchmark of the
/// books.
pub(super) const FOLLOWED: usize = 5_000;

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
