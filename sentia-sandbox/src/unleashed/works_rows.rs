//! Rows of the works: purchases, assemblies and movements of stock.

use rust_decimal::Decimal;

use super::rows::{Scene, currency, parts, product_ref, stamps, supplier_ref, warehouse_ref};
use super::wire::Object;

pub(crate) fn purchase_order(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.purchase_orders[at]);
    o.id("Guid", known.record.id)
        .text("OrderNumber", known.number.as_str())
        .day("OrderDate", known.date)
        .day("CompletedDate", known.completed)
        .text("OrderStatus", known.status)
        .null("CustomOrderStatus");
    supplier_ref(o, &w.suppliers[known.supplier]);
    warehouse_ref(o, "Warehouse", w, known.warehouse);
    currency(o, w.suppliers[known.supplier].currency);
    o.number("ExchangeRate", Decimal::ONE)
        .number("DiscountRate", Decimal::ZERO)
        .text("Comments", known.comments.as_deref())
        .flag("Printed", false)
        .nulls(&["DeliveryName", "DeliveryStreetAddress", "DeliveryStreetAddress2", "DeliverySuburb"])
        .nulls(&["DeliveryCity", "DeliveryRegion", "DeliveryCountry", "DeliveryPostCode"]);
    o.array("PurchaseOrderLines", known.lines.iter().enumerate(), |o, (ordinal, line)| {
        o.id("Guid", line.id).integer("LineNumber", ordinal as i64 + 1);
        if scene.brief {
            product_ref(o, w, line.product);
        } else {
            let full = Scene { brief: false, ..*scene };
            o.object("Product", |o| super::rows::product(o, &full, line.product));
        }
        o.day("DeliveryDate", known.date)
            .quantity("OrderQuantity", line.quantity)
            .number("DiscountRate", line.discount_rate)
            .number("DiscountedUnitPrice", line.unit_price)
            .number("LineTotal", line.total)
            .number("LineTax", line.tax)
            .null("LineTaxCode")
            .number("LineTaxRate", Decimal::new(2, 1))
            .number("BCSubTotal", line.total)
            .null("Comments")
            .moment("LastModifiedOn", known.record.modified);
    });
    stamps(o, &known.record);
}

pub(crate) fn assembly(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.assemblies[at]);
    let works = crate::universe::warehouse::WORKS;
    o.id("Guid", known.record.id)
        .text("AssemblyNumber", known.number.as_str())
        .day("AssemblyDate", known.date)
        .day("AssembleBy", known.by)
        .text("AssemblyStatus", known.status)
        .null("AssemblyType")
        .flag("AutoAssembly", false)
        .quantity("Quantity", known.quantity)
        .null("CanAssembleQuantity");
    product_ref(o, w, known.product);
    warehouse_ref(o, "SourceWarehouse", w, works);
    warehouse_ref(o, "DestinationWarehouse", w, works);
    o.number("Total", known.cost).number("TotalCost", known.cost).nulls(&[
        "DisassembleCostTotal",
        "SupplierCostsSubTotal",
        "SupplierCostsTax",
    ]);
    parts(o, "AssemblyLines", w, &known.parts);
    o.nulls(&["Comments", "ActualDuration", "DurationComments", "EstimatedStartDate", "ExpectedDuration"]);
    stamps(o, &known.record);
}

pub(crate) fn adjustment(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.adjustments[at]);
    o.id("Guid", known.record.id)
        .text("AdjustmentNumber", known.number.as_str())
        .day("AdjustmentDate", known.date)
        .text("AdjustmentReason", known.reason)
        .null("AccountCode")
        .text("Status", "Completed");
    warehouse_ref(o, "Warehouse", w, known.warehouse);
    o.array("StockAdjustmentLines", known.lines.iter().enumerate(), |o, (ordinal, line)| {
        o.id("Guid", line.id).integer("LineNumber", ordinal as i64 + 1);
        product_ref(o, w, line.product);
        o.quantity("NewQuantity", line.quantity)
            .number("NewActualValue", line.value)
            .null("Comments")
            .array("BatchNumbers", [(); 0], |_, ()| {})
            .array("SerialNumbers", [(); 0], |_, ()| {})
            .moment("LastModifiedOn", known.record.modified);
    });
    o.nulls(&["ConfirmedBy", "ConfirmedOn"]);
    stamps(o, &known.record);
}

/// Field names are not in the sources; these follow those of adjustments.
pub(crate) fn transfer(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.transfers[at]);
    o.id("Guid", known.record.id)
        .text("TransferNumber", known.number.as_str())
        .day("TransferDate", known.date)
        .text("TransferStatus", known.status);
    warehouse_ref(o, "SourceWarehouse", w, known.source);
    warehouse_ref(o, "DestinationWarehouse", w, known.destination);
    parts(o, "TransferDetails", w, &known.parts);
    stamps(o, &known.record);
}

/// Stock counts show no times of making and change.
pub(crate) fn count(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.counts[at]);
    o.id("Guid", known.record.id)
        .text("StockTakeCode", known.code.as_str())
        .text("StockTakeName", "Monthly count")
        .text("CountType", "Full")
        .null("Description")
        .text("Status", "Completed")
        .day("CountDate", known.date)
        .moment("CompletedDate", known.completed)
        .null("CostOfGoodsAccount");
    warehouse_ref(o, "Warehouse", w, known.warehouse);
    o.array("StockCountLines", known.lines.iter().enumerate(), |o, (ordinal, line)| {
        o.id("Guid", line.id).integer("LineNumber", ordinal as i64 + 1);
        product_ref(o, w, line.product);
        o.quantity("AvailableQuantity", line.on_hand)
            .quantity("OnHandQuantity", line.on_hand)
            .quantity("CountQuantity", line.counted)
            .number("AverageLandPriceAtTimeOfStockTake", w.products[line.product].cost)
            .nulls(&["ReceiptFIFODate", "ExpiryDate"]);
    });
}
