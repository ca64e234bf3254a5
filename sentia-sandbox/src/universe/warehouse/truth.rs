//! What a complete copy of the Unleashed account must hold, straight from the universe.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Line, Record, Stock};
use crate::universe::{Presence, TruthRecord, Universe};

/// The collections of the Unleashed account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the vendor's
pub enum UnleashedStream {
    Products,
    /// Stock per warehouse; the key is `{product guid}/{warehouse code}`.
    StockOnHand,
    /// Stock over all warehouses; the key is `{product guid}/all`.
    StockTotals,
    Warehouses,
    Customers,
    Suppliers,
    SalesOrders,
    SalesOrderLines,
    SalesInvoices,
    SalesInvoiceLines,
    PurchaseOrders,
    PurchaseOrderLines,
    BillsOfMaterials,
    Assemblies,
    StockAdjustments,
    CreditNotes,
    WarehouseTransfers,
    StockCounts,
    SalesShipments,
    BatchNumbers,
}

impl UnleashedStream {
    /// Every one.
    pub const ALL: [Self; 20] = [
        Self::Products,
        Self::StockOnHand,
        Self::StockTotals,
        Self::Warehouses,
        Self::Customers,
        Self::Suppliers,
        Self::SalesOrders,
        Self::SalesOrderLines,
        Self::SalesInvoices,
        Self::SalesInvoiceLines,
        Self::PurchaseOrders,
        Self::PurchaseOrderLines,
        Self::BillsOfMaterials,
        Self::Assemblies,
        Self::StockAdjustments,
        Self::CreditNotes,
        Self::WarehouseTransfers,
        Self::StockCounts,
        Self::SalesShipments,
        Self::BatchNumbers,
    ];
}

fn keyed(key: String, updated_at: DateTime<Utc>) -> TruthRecord {
    TruthRecord { key, updated_at, presence: Presence::Live, status: None, amounts: BTreeMap::new() }
}

fn plain(record: &Record) -> TruthRecord {
    let truth = keyed(record.id.to_string(), record.gone.unwrap_or(record.stamp()));
    let presence = if record.gone.is_some() { Presence::Gone } else { Presence::Live };
    TruthRecord { presence, ..truth }
}

/// Hidden from plain lists unless it is gone altogether.
fn shelved(record: &Record, obsolete: bool) -> TruthRecord {
    let truth = plain(record);
    match (obsolete, truth.presence) {
        (true, Presence::Live) => TruthRecord { presence: Presence::Archived, ..truth },
        _ => truth,
    }
}

fn with_status(record: &Record, status: &str) -> TruthRecord {
    let truth = plain(record);
    let deleted = status == "Deleted" && truth.presence == Presence::Live;
    let presence = if deleted { Presence::Voided } else { truth.presence };
    TruthRecord { presence, status: Some(status.to_owned()), ..truth }
}

fn amounts<const N: usize>(truth: TruthRecord, amounts: [(&'static str, Decimal); N]) -> TruthRecord {
    TruthRecord { amounts: amounts.into(), ..truth }
}

/// Lines carry their document's time and presence.
fn lines(parent: TruthRecord, quantity: &'static str, lines: &[Line]) -> Vec<TruthRecord> {
    let line = |line: &Line| TruthRecord {
        key: line.id.to_string(),
        amounts: [(quantity, line.quantity), ("LineTotal", line.total), ("LineTax", line.tax)].into(),
        status: None,
        ..parent.clone()
    };
    lines.iter().map(line).collect()
}

impl Universe {
    /// The whole truth of one stream of the warehouses, gone records included.
    pub fn warehouse_truth(&self, stream: UnleashedStream) -> Vec<TruthRecord> {
        let w = &self.warehouse;
        let order = |order: &super::SalesOrder| with_status(&order.record, order.status);
        let invoice = |invoice: &super::Invoice| with_status(&invoice.record, invoice.status);
        let purchase = |order: &super::PurchaseOrder| with_status(&order.record, order.status);
        match stream {
            UnleashedStream::Warehouses => {
                w.warehouses.iter().map(|place| shelved(&place.record, place.obsolete)).collect()
            }
            UnleashedStream::Customers => {
                w.customers.iter().map(|customer| shelved(&customer.record, customer.obsolete)).collect()
            }
            UnleashedStream::Suppliers => w.suppliers.iter().map(|known| plain(&known.record)).collect(),
            UnleashedStream::SalesOrders => w
                .sales_orders
                .iter()
                .map(|sale| {
                    let (sub, tax, total) = (sale.sub_total(), sale.tax_total(), sale.total());
                    let base = sale.in_base(total);
                    let figures = [("SubTotal", sub), ("TaxTotal", tax), ("Total", total), ("BCTotal", base)];
                    amounts(order(sale), figures)
                })
                .collect(),
            UnleashedStream::SalesOrderLines => {
                w.sales_orders.iter().flat_map(|o| lines(order(o), "OrderQuantity", &o.lines)).collect()
            }
            UnleashedStream::SalesInvoices => w.invoices.iter().map(invoice).collect(),
            UnleashedStream::SalesInvoiceLines => {
                w.invoices.iter().flat_map(|i| lines(invoice(i), "InvoiceQuantity", &i.lines)).collect()
            }
            UnleashedStream::PurchaseOrders => w.purchase_orders.iter().map(purchase).collect(),
            UnleashedStream::PurchaseOrderLines => {
                w.purchase_orders.iter().flat_map(|o| lines(purchase(o), "OrderQuantity", &o.lines)).collect()
            }
            UnleashedStream::CreditNotes => {
                w.credit_notes.iter().map(|note| with_status(&note.record, note.status)).collect()
            }
            _ => self.stores_truth(stream),
        }
    }

    fn stores_truth(&self, stream: UnleashedStream) -> Vec<TruthRecord> {
        let w = &self.warehouse;
        match stream {
            UnleashedStream::Products => w
                .products
                .iter()
                .map(|product| {
                    let truth = shelved(&product.record, product.obsolete);
                    let mut truth = amounts(truth, [("AverageLandPrice", product.cost)]);
                    truth.amounts.extend(product.sell_price.map(|price| ("DefaultSellPrice", price)));
                    truth
                })
                .collect(),
            UnleashedStream::StockOnHand => w
                .stock
                .iter()
                .map(|row| self.stock_truth(row.product, w.warehouses[row.warehouse].code, &[row]))
                .collect(),
            UnleashedStream::StockTotals => {
                let mut rows: BTreeMap<usize, Vec<&Stock>> = BTreeMap::new();
                w.stock.iter().for_each(|row| rows.entry(row.product).or_default().push(row));
                rows.into_iter().map(|(product, rows)| self.stock_truth(product, "all", &rows)).collect()
            }
            UnleashedStream::BillsOfMaterials => {
                w.bills.iter().map(|bill| shelved(&bill.record, bill.obsolete)).collect()
            }
            UnleashedStream::Assemblies => w
                .assemblies
                .iter()
                .map(|a| {
                    let figures = [("Quantity", a.quantity), ("TotalCost", a.cost)];
                    amounts(with_status(&a.record, a.status), figures)
                })
                .collect(),
            UnleashedStream::StockAdjustments => {
                w.adjustments.iter().map(|a| with_status(&a.record, "Completed")).collect()
            }
            UnleashedStream::WarehouseTransfers => {
                w.transfers.iter().map(|transfer| with_status(&transfer.record, transfer.status)).collect()
            }
            UnleashedStream::StockCounts => {
                w.counts.iter().map(|count| with_status(&count.record, "Completed")).collect()
            }
            UnleashedStream::SalesShipments => {
                w.shipments.iter().map(|shipment| with_status(&shipment.record, shipment.status)).collect()
            }
            _ => w
                .batches
                .iter()
                .map(|b| amounts(with_status(&b.record, b.status), [("Quantity", b.quantity)]))
                .collect(),
        }
    }

    fn stock_truth(&self, product: usize, place: &str, rows: &[&Stock]) -> TruthRecord {
        let product = &self.warehouse.products[product];
        let sum = |of: fn(&Stock) -> Decimal| rows.iter().map(|row| of(row)).sum::<Decimal>();
        let updated_at = rows.iter().map(|row| row.record.stamp()).max().unwrap_or(self.now);
        let on_hand = sum(|row| row.on_hand);
        let figures = [
            ("QtyOnHand", on_hand),
            ("AllocatedQty", sum(|row| row.allocated)),
            ("AvailableQty", sum(Stock::available)),
            ("OnPurchase", sum(|row| row.on_purchase)),
            ("AvgCost", product.cost),
            ("TotalCost", (on_hand * product.cost).round_dp(14)),
        ];
        amounts(keyed(format!("{}/{place}", product.record.id), updated_at), figures)
    }
}
