//! The catalog: one entry per stream, in the order they are read.

mod assemblies;
mod batch_numbers;
mod bills_of_materials;
mod credit_notes;
mod customers;
mod products;
mod purchase_orders;
mod references;
mod sales_invoices;
mod sales_orders;
mod sales_shipments;
mod stock;
mod stock_adjustments;
mod stock_counts;
mod suppliers;
mod warehouse_transfers;
mod warehouses;

use std::{fmt, sync::Arc, time::Duration};

use chrono_tz::Tz;
use sentia_core::{Decoded, Rejected, Stream, StreamInfo, Text, decode::Walk, record::Document};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    loose::Loose,
    wire::{Maybe, Zoned},
};

/// How far behind a proved bound the next read begins. Whether `modifiedSince` is inclusive is not documented.
const OVERLAP: Duration = Duration::from_secs(5 * 60);
/// The field that `modifiedSince` compares.
const CURSOR: &str = "LastModifiedOn";
/// The largest page Unleashed grants.
const MAX_PAGE: u32 = 1000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often what may vanish at Unleashed is compared as a whole.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The status of a document that was deleted.
const DELETED: &str = "Deleted";

/// A stream read by change and, once a week, as a whole, because its rows may vanish.
fn changing<W: DeserializeOwned + 'static>(stream: Stream<W>) -> Stream<W> {
    stream.incremental(CURSOR, OVERLAP).max_page(MAX_PAGE).full_every(WEEK).swept()
}

/// What a stream is made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// One list.
    Plain,
    /// A list that leaves out deleted documents unless its filter asks for them, and then has nothing else.
    ///
    /// It is read twice. Naming every status instead would leave out the ones an account invents.
    WithDeleted {
        /// The filter by status.
        filter: &'static str,
        /// The member that holds a document's status.
        member: &'static str,
    },
    /// One list per warehouse.
    PerWarehouse,
}

impl Shape {
    /// How many lists are read one after the other.
    pub(super) fn parts(self) -> u64 {
        if matches!(self, Shape::WithDeleted { .. }) { 2 } else { 1 }
    }
}

/// A stream with the list it is read from.
#[derive(Debug)]
pub(super) struct Source {
    /// The list's path.
    pub(super) path: &'static str,
    /// The parameters that every read of it carries.
    pub(super) filters: &'static [(&'static str, &'static str)],
    /// What the stream is made of.
    pub(super) shape: Shape,
    info: Arc<StreamInfo>,
    entry: Box<dyn Entry>,
}

impl Source {
    fn new(path: &'static str, entry: impl Entry + 'static) -> Self {
        let info = entry.info().clone();
        Source { path, filters: &[], shape: Shape::Plain, info, entry: Box::new(entry) }
    }

    fn filtered(self, filters: &'static [(&'static str, &'static str)]) -> Self {
        Source { filters, ..self }
    }

    fn shaped(self, shape: Shape) -> Self {
        Source { shape, ..self }
    }

    /// Names the fields of a key that is made of several.
    fn keyed(self, fields: &[&'static str]) -> Self {
        let info = Arc::new((*self.info).clone().key(fields));
        Source { info, ..self }
    }

    /// The stream as data.
    pub(super) fn info(&self) -> &Arc<StreamInfo> {
        &self.info
    }

    /// The list with its parameters, for the scope of a full read.
    pub(super) fn described(&self) -> String {
        let filters: Vec<_> = self.filters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {}", self.path, filters.join("&")).trim_end().to_owned()
    }

    /// Takes the list of records at which `walk` stands, without those that `keep` refuses, and says how many there were
    /// with them; calendar days are those of `zone`.
    pub(super) fn decode(
        &self,
        walk: &mut Walk<'_>,
        zone: Tz,
        keep: &mut dyn FnMut(&[u8]) -> bool,
    ) -> serde_json::Result<(Decoded, usize)> {
        let mut decoded = Decoded::default();
        let seen = self.entry.decode(walk, zone, keep, &mut decoded)?;
        decoded.rejected.iter_mut().for_each(|rejected| self.name(rejected));
        Ok((decoded, seen))
    }

    /// A document that cannot be read is held under the key its row has, so that a sweep spares the row.
    fn name(&self, rejected: &mut Rejected) {
        rejected.key = key_of(&rejected.document, &self.info.key);
    }
}

/// The key of a document by the members alone, made as records make theirs.
fn key_of(document: &[u8], fields: &[&str]) -> Option<Text> {
    let members = Loose::read(document).ok()?;
    let values: Option<Vec<_>> =
        fields.iter().map(|field| members.text(&field.to_ascii_lowercase())).collect();
    let mut values = values?.into_iter();
    let guid = values.next()?.trim().to_ascii_lowercase();
    let key = values.fold(guid, |key, value| format!("{key}/{value}"));
    Some(Text::from(key)).filter(|key| !key.contains('\0'))
}

/// A stream whose wire struct is forgotten.
pub(super) trait Entry: fmt::Debug + Send + Sync {
    /// The stream as data.
    fn info(&self) -> &Arc<StreamInfo>;
    /// Takes the list of records at which `walk` stands, and says how many there are; those that `keep` refuses are
    /// left out.
    fn decode(
        &self,
        walk: &mut Walk<'_>,
        zone: Tz,
        keep: &mut dyn FnMut(&[u8]) -> bool,
        decoded: &mut Decoded,
    ) -> serde_json::Result<usize>;
}

impl<W: DeserializeOwned + Zoned + 'static> Entry for Stream<W> {
    fn info(&self) -> &Arc<StreamInfo> {
        Stream::info(self)
    }

    fn decode(
        &self,
        walk: &mut Walk<'_>,
        zone: Tz,
        keep: &mut dyn FnMut(&[u8]) -> bool,
        decoded: &mut Decoded,
    ) -> serde_json::Result<usize> {
        let mut seen = 0;
        walk.wires(self, |wire, document| {
            seen += 1;
            if keep(&document) {
                decoded.push(wire.and_then(|mut wire| {
                    wire.days().into_iter().for_each(|day| day.settle(zone));
                    self.record(&wire, Document::new(document))
                }));
            }
        })?;
        Ok(seen)
    }
}

/// The warehouse a stock row says it is of; none where the row cannot be read.
pub(super) fn warehouse_code(document: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        #[serde(default)]
        warehouse_code: Maybe<Text>,
    }
    let row: Row = serde_json::from_slice(document).ok()?;
    Some(row.warehouse_code.as_str().to_owned())
}

/// Whether a document's status says that it was deleted; none where the document cannot be read.
pub(super) fn is_deleted(document: &[u8], member: &str) -> Option<bool> {
    let status = Loose::read(document).ok()?.text(&member.to_ascii_lowercase());
    Some(status.is_some_and(|status| status.eq_ignore_ascii_case(DELETED)))
}

/// Every stream. Without `includeObsolete` Unleashed hides rows without a word, and an item that becomes obsolete
/// stops appearing in increments; `brief=false` brings the purchase orders' products and lines; where Unleashed offers
/// an order by change, it keeps rows that change to the end of the list.
pub(super) fn sources() -> Vec<Source> {
    const OBSOLETE: (&str, &str) = ("includeObsolete", "true");
    const BY_CHANGE: (&str, &str) = ("orderBy", "LastModifiedOn");
    vec![
        Source::new("Warehouses", warehouses::stream()).filtered(&[OBSOLETE]),
        Source::new("Products", products::stream()).filtered(&[
            OBSOLETE,
            ("includeAttributes", "true"),
            BY_CHANGE,
        ]),
        Source::new("StockOnHand", stock::on_hand())
            .shaped(Shape::PerWarehouse)
            .keyed(&["ProductGuid", "WarehouseCode"]),
        Source::new("StockOnHand", stock::totals()),
        Source::new("Customers", customers::stream()).filtered(&[OBSOLETE, BY_CHANGE]),
        Source::new("Suppliers", suppliers::stream()),
        Source::new("SalesOrders", sales_orders::stream())
            .shaped(Shape::WithDeleted { filter: "orderStatus", member: "OrderStatus" }),
        Source::new("Invoices", sales_invoices::stream())
            .shaped(Shape::WithDeleted { filter: "invoiceStatus", member: "InvoiceStatus" }),
        Source::new("SalesShipments", sales_shipments::stream()),
        Source::new("CreditNotes", credit_notes::stream()),
        Source::new("PurchaseOrders", purchase_orders::stream()).filtered(&[("brief", "false")]),
        Source::new("BillOfMaterials", bills_of_materials::stream()).filtered(&[OBSOLETE]),
        Source::new("Assemblies", assemblies::stream()),
        Source::new("StockAdjustments", stock_adjustments::stream()),
        Source::new("StockCounts", stock_counts::stream()),
        Source::new("WarehouseStockTransfers", warehouse_transfers::stream()),
        Source::new("BatchNumbers", batch_numbers::stream()),
    ]
}

#[cfg(test)]
mod tests;
