//! Rows of sales: orders, invoices, credit notes, shipments.

use rust_decimal::Decimal;

use super::rows::{Scene, address, currency, customer_ref, parts, product_ref, stamps, tax, warehouse};
use super::wire::Object;
use crate::universe::warehouse::{Line, Record, SalesOrder};

fn tax_code(order: &SalesOrder) -> &'static str {
    if order.currency == "GBP" { "V.A.T." } else { "NYTAX" }
}

/// Lines come before everything else, as in the vendor's answers.
pub(crate) fn sales_order(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.sales_orders[at]);
    o.array("SalesOrderLines", known.lines.iter().enumerate(), |o, (ordinal, line)| {
        sales_line(o, scene, known, ordinal, line);
    });
    o.text("OrderNumber", known.number.as_str())
        .day("OrderDate", known.date)
        .day("RequiredDate", known.required)
        .day("CompletedDate", known.completed)
        .null("ReceivedDate")
        .day("PaymentDueDate", known.required)
        .text("OrderStatus", known.status)
        .text("CustomOrderStatus", known.custom_status);
    customer_ref(o, w, known.customer);
    o.text("CustomerRef", known.reference.as_deref()).null("Comments");
    o.object("Warehouse", |o| warehouse(o, scene, known.warehouse));
    currency(o, known.currency);
    o.number("ExchangeRate", known.rate).number("DiscountRate", Decimal::ZERO);
    tax(o, known.tax_rate);
    let (sub, taxes, total) = (known.sub_total(), known.tax_total(), known.total());
    o.number("TaxRate", known.tax_rate)
        .text("XeroTaxCode", tax_code(known))
        .number("SubTotal", sub)
        .number("TaxTotal", taxes)
        .number("Total", total)
        .number("BCSubTotal", known.in_base(sub))
        .number("BCTaxTotal", known.in_base(taxes))
        .number("BCTotal", known.in_base(total))
        .nulls(&["TotalVolume", "TotalWeight", "DeliveryName", "DeliveryStreetAddress"])
        .nulls(&["DeliveryStreetAddress2", "DeliverySuburb", "DeliveryCity", "DeliveryRegion"])
        .nulls(&["DeliveryCountry", "DeliveryPostCode", "DeliveryInstruction", "DeliveryMethod"])
        .nulls(&["DeliveryContact", "SalesOrderGroup", "SalesAccount", "Salesperson"])
        .flag("AllocateProduct", true)
        .flag("SendAccountingJournalOnly", false)
        .text("SourceId", known.source.as_deref());
    stamps(o, &known.record);
    o.id("Guid", known.record.id);
}

fn sales_line(o: &mut Object<'_>, scene: &Scene<'_>, order: &SalesOrder, ordinal: usize, line: &Line) {
    o.id("Guid", line.id).integer("LineNumber", ordinal as i64 + 1).null("LineType");
    product_ref(o, scene.w, line.product);
    o.null("Assembly")
        .day("DueDate", order.required)
        .quantity("OrderQuantity", line.quantity)
        .number("UnitPrice", line.unit_price)
        .number("UnitCost", line.unit_cost)
        .number("DiscountRate", line.discount_rate)
        .number("LineTotal", line.total)
        .number("TaxRate", order.tax_rate)
        .number("LineTax", line.tax)
        .text("LineTaxCode", tax_code(order))
        .text("XeroTaxCode", tax_code(order))
        .nulls(&["XeroSalesAccount", "CostOfGoodsAccount"])
        .number("BCUnitPrice", order.in_base(line.unit_price))
        .number("BCLineTotal", order.in_base(line.total))
        .number("BCLineTax", order.in_base(line.tax))
        .nulls(&["Volume", "Weight", "Comments"])
        .moment("LastModifiedOn", order.record.modified);
}

pub(crate) fn invoice(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.invoices[at]);
    let order = &w.sales_orders[known.order];
    o.id("Guid", known.record.id)
        .text("InvoiceNumber", known.number.as_str())
        .text("OrderNumber", order.number.as_str())
        .day("InvoiceDate", known.date)
        .day("DueDate", known.due)
        .text("InvoiceStatus", known.status);
    customer_ref(o, w, order.customer);
    currency(o, order.currency);
    let buyer = &w.customers[order.customer];
    o.number("ExchangeRate", order.rate)
        .null("PaymentTerm")
        .flag("PaymentReceived", known.paid)
        .null("DeliveryInstruction")
        .object("DeliveryAddress", |o| address(o, "Physical", buyer))
        .object("PostalAddress", |o| address(o, "Postal", buyer));
    o.array("InvoiceLines", known.lines.iter().enumerate(), |o, (ordinal, line)| {
        o.id("Guid", line.id).integer("LineNumber", ordinal as i64 + 1).null("LineType");
        product_ref(o, w, line.product);
        o.quantity("OrderQuantity", line.quantity)
            .quantity("InvoiceQuantity", line.quantity)
            .number("DiscountRate", line.discount_rate)
            .number("LineTotal", line.total)
            .number("LineTax", line.tax)
            .nulls(&["Comments", "BatchNumbers"])
            .moment("LastModifiedOn", known.record.modified);
    });
    o.null("Comments");
    created_and_modified(o, &known.record);
}

/// Without `LastModifiedBy`, which invoices do not have.
fn created_and_modified(o: &mut Object<'_>, record: &Record) {
    o.text("CreatedBy", "stock@hearth-grain.example")
        .moment("CreatedOn", record.created)
        .moment("LastModifiedOn", record.modified);
}

/// Field names are not in the sources; these follow those of invoices.
pub(crate) fn credit_note(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.credit_notes[at]);
    let order = &w.sales_orders[known.order];
    o.id("Guid", known.record.id)
        .text("CreditNoteNumber", known.number.as_str())
        .day("CreditDate", known.date)
        .text("Status", known.status)
        .text("SalesOrderNumber", order.number.as_str());
    customer_ref(o, w, order.customer);
    currency(o, order.currency);
    let (sub, taxes) = known
        .lines
        .iter()
        .fold((Decimal::ZERO, Decimal::ZERO), |(sub, taxes), line| (sub + line.total, taxes + line.tax));
    o.number("ExchangeRate", order.rate)
        .number("SubTotal", sub)
        .number("TaxTotal", taxes)
        .number("Total", sub + taxes)
        .array("CreditLines", known.lines.iter().enumerate(), |o, (ordinal, line)| {
            o.id("Guid", line.id).integer("LineNumber", ordinal as i64 + 1);
            product_ref(o, w, line.product);
            o.quantity("CreditQuantity", line.quantity)
                .number("CreditPrice", line.unit_price)
                .number("LineTotal", line.total)
                .number("LineTax", line.tax);
        });
    created_and_modified(o, &known.record);
}

pub(crate) fn shipment(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.shipments[at]);
    let order = &w.sales_orders[known.order];
    o.id("Guid", known.record.id)
        .text("ShipmentNumber", known.number.as_str())
        .text("OrderNumber", order.number.as_str())
        .text("ShipmentStatus", known.status)
        .day("DispatchDate", known.date)
        .text("TrackingNumber", known.tracking.as_deref())
        .object("ShippingCompany", |o| {
            o.text("Name", known.company);
        });
    parts(o, "SalesShipmentLines", w, &known.lines);
    stamps(o, &known.record);
}
