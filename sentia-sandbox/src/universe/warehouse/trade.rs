//! How the warehouses follow the books: trade invoices are sales orders here, bills are purchase orders.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{LEEDS, Line, PurchaseOrder, SalesOrder, WORKS, Warehousing, london_day, orders, people};
use crate::universe::Universe;
use crate::universe::books::{Document, DocumentStatus, Side};

pub(super) fn follow(w: &mut Warehousing, universe: &Universe, present: Option<DateTime<Utc>>) {
    for (position, invoice) in universe.books.invoices.iter().enumerate().take(orders::FOLLOWED) {
        let document = &invoice.document;
        match document.side {
            Side::Receivable if document.number.starts_with("INV-") => {
                sale(w, universe, position, document, present);
            }
            Side::Receivable => {}
            Side::Payable => purchase(w, position, document, present),
        }
    }
}

/// Noon of the document's day, or a moment before its last change when that is earlier.
fn made_at(document: &Document) -> DateTime<Utc> {
    let noon = document.date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(12);
    noon.min(document.updated_at - TimeDelta::milliseconds(250))
}

fn lines(w: &mut Warehousing, document: &Document) -> Vec<Line> {
    let mut lines = Vec::with_capacity(document.lines.len());
    for line in &document.lines {
        let product = line.item_code.as_deref().and_then(|code| w.product_of_code(code));
        let amounts = (line.line_amount, line.tax_amount);
        let product = product.unwrap_or_default();
        lines.push(w.line(product, line.quantity, line.unit_amount, Decimal::ZERO, amounts));
    }
    lines
}

fn sale(
    w: &mut Warehousing,
    universe: &Universe,
    position: usize,
    document: &Document,
    present: Option<DateTime<Utc>>,
) {
    let at = present.unwrap_or((document.updated_at + TimeDelta::milliseconds(90)).min(universe.now));
    let sale = match w.index.sale_of_invoice.get(&position) {
        Some(&sale) => sale,
        None => match enter(w, universe, document, present) {
            Some(sale) => {
                w.index.sale_of_invoice.insert(position, sale);
                sale
            }
            None => return,
        },
    };
    let status = match document.status {
        DocumentStatus::Draft => "Parked",
        DocumentStatus::Submitted => "Placed",
        DocumentStatus::Deleted | DocumentStatus::Voided => "Deleted",
        DocumentStatus::Authorised | DocumentStatus::Paid => "Completed",
    };
    let paid = document.status == DocumentStatus::Paid;
    let invoice = w.index.invoice_of_sale.get(&sale).copied();
    if invoice.is_none() && matches!(status, "Completed" | "Deleted") {
        orders::complete(w, sale, Some(document.number.clone()), paid, at);
    }
    if let Some(invoice) = invoice.map(|at| &mut w.invoices[at])
        && (invoice.paid != paid || (status == "Deleted" && invoice.status != status))
    {
        invoice.paid = paid;
        invoice.record.touch(at);
    }
    if w.sales_orders[sale].status != status {
        w.sales_orders[sale].status = status;
        w.sales_orders[sale].record.touch(at);
        if let Some(&invoice) = w.index.invoice_of_sale.get(&sale).filter(|_| status == "Deleted") {
            w.invoices[invoice].status = status;
        }
    }
}

fn enter(
    w: &mut Warehousing,
    universe: &Universe,
    document: &Document,
    present: Option<DateTime<Utc>>,
) -> Option<usize> {
    let at = present.unwrap_or_else(|| made_at(document));
    let name = &universe.books.contacts[document.contact].name;
    let customer = people::customer(w, universe, name, at)?;
    let (lines, record, number, date) =
        (lines(w, document), w.record(at), w.number("SO-"), london_day(made_at(document)));
    w.sales_orders.push(SalesOrder {
        record,
        number,
        date,
        required: date + TimeDelta::days(14),
        completed: None,
        status: "Open",
        custom_status: None,
        customer,
        reference: Some(document.number.clone()),
        source: None,
        warehouse: LEEDS,
        currency: document.currency,
        rate: document.rate,
        tax_rate: Decimal::new(2, 1),
        lines,
        refunds: 0,
        parcels: 0,
    });
    Some(w.sales_orders.len() - 1)
}

/// A bill is the purchase order that was received with it; a draft is one still on its way.
fn purchase(w: &mut Warehousing, position: usize, document: &Document, present: Option<DateTime<Utc>>) {
    let draft = matches!(document.status, DocumentStatus::Draft | DocumentStatus::Submitted);
    let status = if draft { "Placed" } else { "Completed" };
    let known = w.index.purchase_of_bill.get(&position).copied();
    if let Some(purchase) = known.map(|at| &mut w.purchase_orders[at]) {
        if purchase.status != status && status == "Completed" {
            let at = present.unwrap_or(document.updated_at);
            purchase.status = status;
            purchase.completed = Some(london_day(at));
            purchase.record.touch(at);
        }
        return;
    }
    let Some(&supplier) = w.index.supplier_of_contact.get(&document.contact) else { return };
    let at = present.unwrap_or_else(|| made_at(document));
    let (lines, mut record, number, date) =
        (lines(w, document), w.record(at), w.number("PO-"), london_day(made_at(document)));
    if present.is_none() {
        record.touch(document.updated_at);
    }
    w.purchase_orders.push(PurchaseOrder {
        record,
        number,
        date,
        completed: (status == "Completed").then_some(date),
        status,
        supplier,
        warehouse: WORKS,
        comments: Some(format!("Bill {}", document.number)),
        lines,
    });
    w.index.purchase_of_bill.insert(position, w.purchase_orders.len() - 1);
}
