//! The collections: where they are, what they hide, and what they can be filtered by.

use chrono::NaiveDate;
use uuid::Uuid;

use super::rows::Scene;
use super::wire::Object;
use super::{rows, sales_rows, works_rows};
use crate::universe::warehouse::{Record, Warehousing, london_day};

/// One fact about a row that a filter looks at.
#[derive(Debug)]
pub(crate) enum Fact<'u> {
    Text(&'u str),
    Texts(Vec<&'u str>),
    Nothing,
    Day(Option<NaiveDate>),
    Id(Uuid),
    Flag(bool),
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    /// Begins with; codes only.
    Prefix,
    Equals,
    Contains,
    /// One of a list with commas.
    OneOf,
    /// The number of a document: overrides all other filters.
    Overrides,
    From,
    Until,
    On,
    /// `true` leaves out rows of which the fact holds.
    Without,
}

type Status = fn(&Warehousing, usize) -> &str;
type Of = for<'u> fn(&'u Warehousing, usize) -> Fact<'u>;

/// One query parameter.
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    pub(crate) test: Test,
    pub(crate) of: Of,
}

const fn by(name: &'static str, test: Test, of: Of) -> Filter {
    Filter { name, test, of }
}

/// One collection.
pub(crate) struct Resource {
    pub(crate) path: &'static str,
    pub(crate) len: fn(&Warehousing) -> usize,
    pub(crate) record: fn(&Warehousing, usize) -> &Record,
    pub(crate) code: fn(&Warehousing, usize) -> &str,
    /// Hidden unless `includeObsolete=true`.
    pub(crate) hides_obsolete: Option<fn(&Warehousing, usize) -> bool>,
    /// The parameter without which Deleted rows are hidden, and the status.
    pub(crate) hides_deleted: Option<(&'static str, Status)>,
    /// Whether `modifiedSince` is heeded.
    pub(crate) since: bool,
    /// Whether `orderBy=LastModifiedOn` is.
    pub(crate) ordered: bool,
    pub(crate) filters: &'static [Filter],
    pub(crate) write: fn(&mut Object<'_>, &Scene<'_>, usize),
}

macro_rules! resource {
    ($path:literal, $list:ident, $code:ident, $write:path, [$($filter:expr),* $(,)?]) => {
        Resource {
            path: $path,
            len: |w| w.$list.len(),
            record: |w, at| &w.$list[at].record,
            code: |w, at| &w.$list[at].$code,
            hides_obsolete: None,
            hides_deleted: None,
            since: true,
            ordered: false,
            filters: &[$($filter),*],
            write: $write,
        }
    };
}

/// Every collection but stock, which has its own rules.
pub(crate) static RESOURCES: [Resource; 15] = [
    Resource {
        hides_obsolete: Some(|w, at| w.products[at].obsolete),
        ordered: true,
        ..resource!(
            "Products",
            products,
            code,
            rows::product,
            [
                by("productCode", Test::Prefix, |w, at| Fact::Text(&w.products[at].code)),
                by("productDescription", Test::Contains, |w, at| Fact::Text(&w.products[at].description)),
                by("product", Test::Contains, |w, at| {
                    Fact::Texts(vec![&w.products[at].code, &w.products[at].description])
                }),
                by("productGroup", Test::Equals, |w, at| Fact::Text(w.products[at].group)),
                by("productBrand", Test::Equals, |_, _| Fact::Nothing),
                by("productBarcode", Test::Equals, |w, at| {
                    w.products[at].barcode.as_deref().map_or(Fact::Nothing, Fact::Text)
                }),
                by("productId", Test::Equals, |w, at| Fact::Id(w.products[at].record.id)),
                by("excludeAssembled", Test::Without, |w, at| Fact::Flag(w.products[at].assembled)),
                by("excludeComponents", Test::Without, |w, at| Fact::Flag(w.products[at].component)),
            ]
        )
    },
    Resource {
        hides_obsolete: Some(|w, at| w.warehouses[at].obsolete),
        ..resource!(
            "Warehouses",
            warehouses,
            code,
            rows::warehouse,
            [
                by("warehouseCode", Test::Prefix, |w, at| Fact::Text(w.warehouses[at].code)),
                by("warehouseName", Test::Prefix, |w, at| Fact::Text(w.warehouses[at].name)),
            ]
        )
    },
    Resource {
        hides_obsolete: Some(|w, at| w.customers[at].obsolete),
        ordered: true,
        ..resource!(
            "Customers",
            customers,
            code,
            rows::customer,
            [
                by("customerCode", Test::Prefix, |w, at| Fact::Text(&w.customers[at].code)),
                by("customerName", Test::Prefix, |w, at| Fact::Text(&w.customers[at].name)),
                by("customer", Test::Contains, |w, at| {
                    Fact::Texts(vec![&w.customers[at].code, &w.customers[at].name])
                }),
                by("contactEmail", Test::Equals, |w, at| {
                    w.customers[at].email.as_deref().map_or(Fact::Nothing, Fact::Text)
                }),
                by("currency", Test::Equals, |w, at| Fact::Text(w.customers[at].currency)),
                by("customerType", Test::Equals, |w, at| {
                    if w.customers[at].trade { Fact::Text("Trade") } else { Fact::Nothing }
                }),
            ]
        )
    },
    resource!(
        "Suppliers",
        suppliers,
        code,
        rows::supplier,
        [
            by("supplierCode", Test::Prefix, |w, at| Fact::Text(&w.suppliers[at].code)),
            by("contactEmail", Test::Equals, |_, _| Fact::Nothing),
        ]
    ),
    Resource {
        hides_deleted: Some(("orderStatus", |w, at| w.sales_orders[at].status)),
        ..resource!(
            "SalesOrders",
            sales_orders,
            number,
            sales_rows::sales_order,
            [
                by("orderNumber", Test::Overrides, |w, at| Fact::Text(&w.sales_orders[at].number)),
                by("orderStatus", Test::OneOf, |w, at| Fact::Text(w.sales_orders[at].status)),
                by("customOrderStatus", Test::OneOf, |w, at| {
                    w.sales_orders[at].custom_status.map_or(Fact::Nothing, Fact::Text)
                }),
                by("startDate", Test::From, |w, at| Fact::Day(Some(w.sales_orders[at].date))),
                by("endDate", Test::Until, |w, at| Fact::Day(Some(w.sales_orders[at].date))),
                by("completedAfter", Test::From, |w, at| Fact::Day(w.sales_orders[at].completed)),
                by("completedBefore", Test::Until, |w, at| Fact::Day(w.sales_orders[at].completed)),
                by("customerCode", Test::Prefix, |w, at| {
                    Fact::Text(&w.customers[w.sales_orders[at].customer].code)
                }),
                by("customerId", Test::Equals, |w, at| {
                    Fact::Id(w.customers[w.sales_orders[at].customer].record.id)
                }),
                by("warehouseCode", Test::Prefix, |w, at| {
                    Fact::Text(w.warehouses[w.sales_orders[at].warehouse].code)
                }),
                by("serialBatch", Test::Equals, |_, _| Fact::Nothing),
                by("sourceId", Test::Equals, |w, at| {
                    w.sales_orders[at].source.as_deref().map_or(Fact::Nothing, Fact::Text)
                }),
            ]
        )
    },
    Resource {
        hides_deleted: Some(("invoiceStatus", |w, at| w.invoices[at].status)),
        ..resource!(
            "Invoices",
            invoices,
            number,
            sales_rows::invoice,
            [
                by("invoiceNumber", Test::Overrides, |w, at| Fact::Text(&w.invoices[at].number)),
                by("orderNumber", Test::Overrides, |w, at| {
                    Fact::Text(&w.sales_orders[w.invoices[at].order].number)
                }),
                by("invoiceStatus", Test::OneOf, |w, at| Fact::Text(w.invoices[at].status)),
                by("startDate", Test::From, |w, at| Fact::Day(Some(w.invoices[at].date))),
                by("endDate", Test::Until, |w, at| Fact::Day(Some(w.invoices[at].date))),
                by("customerCode", Test::Prefix, |w, at| {
                    Fact::Text(&w.customers[w.sales_orders[w.invoices[at].order].customer].code)
                }),
                by("serialBatch", Test::Equals, |_, _| Fact::Nothing),
            ]
        )
    },
    resource!(
        "PurchaseOrders",
        purchase_orders,
        number,
        works_rows::purchase_order,
        [
            by("orderNumber", Test::Overrides, |w, at| Fact::Text(&w.purchase_orders[at].number)),
            by("orderStatus", Test::OneOf, |w, at| Fact::Text(w.purchase_orders[at].status)),
            by("customOrderStatus", Test::OneOf, |_, _| Fact::Nothing),
            by("startDate", Test::From, |w, at| Fact::Day(Some(w.purchase_orders[at].date))),
            by("endDate", Test::Until, |w, at| Fact::Day(Some(w.purchase_orders[at].date))),
            by("completedAfter", Test::From, |w, at| Fact::Day(w.purchase_orders[at].completed)),
            by("completedBefore", Test::Until, |w, at| Fact::Day(w.purchase_orders[at].completed)),
        ]
    ),
    Resource {
        hides_obsolete: Some(|w, at| w.bills[at].obsolete),
        since: false,
        ..resource!(
            "BillOfMaterials",
            bills,
            number,
            rows::bill,
            [by("productGuid", Test::Equals, |w, at| Fact::Id(w.products[w.bills[at].product].record.id)),]
        )
    },
    resource!(
        "Assemblies",
        assemblies,
        number,
        works_rows::assembly,
        [
            by("assemblyNumber", Test::Overrides, |w, at| Fact::Text(&w.assemblies[at].number)),
            by("assemblyStatus", Test::OneOf, |w, at| Fact::Text(w.assemblies[at].status)),
            by("customAssemblyStatus", Test::OneOf, |_, _| Fact::Nothing),
            by("startDate", Test::From, |w, at| Fact::Day(Some(w.assemblies[at].date))),
            by("endDate", Test::Until, |w, at| Fact::Day(Some(w.assemblies[at].date))),
        ]
    ),
    resource!(
        "StockAdjustments",
        adjustments,
        number,
        works_rows::adjustment,
        [
            by("adjustmentDate", Test::On, |w, at| Fact::Day(Some(w.adjustments[at].date))),
            by("productCode", Test::Prefix, |w, at| {
                Fact::Texts(
                    w.adjustments[at].lines.iter().map(|l| w.products[l.product].code.as_str()).collect(),
                )
            }),
            by("warehouseCode", Test::Prefix, |w, at| {
                Fact::Text(w.warehouses[w.adjustments[at].warehouse].code)
            }),
        ]
    ),
    resource!("CreditNotes", credit_notes, number, sales_rows::credit_note, []),
    resource!("WarehouseStockTransfers", transfers, number, works_rows::transfer, []),
    resource!(
        "StockCounts",
        counts,
        code,
        works_rows::count,
        [
            by("startDate", Test::From, |w, at| Fact::Day(Some(w.counts[at].date))),
            by("endDate", Test::Until, |w, at| Fact::Day(Some(w.counts[at].date))),
            by("completedAfter", Test::From, |w, at| Fact::Day(w.counts[at].completed.map(london_day))),
            by("completedBefore", Test::Until, |w, at| Fact::Day(w.counts[at].completed.map(london_day))),
            by("warehouseCode", Test::Prefix, |w, at| Fact::Text(w.warehouses[w.counts[at].warehouse].code)),
        ]
    ),
    resource!(
        "SalesShipments",
        shipments,
        number,
        sales_rows::shipment,
        [by("orderNumber", Test::Equals, |w, at| {
            Fact::Text(&w.sales_orders[w.shipments[at].order].number)
        }),]
    ),
    resource!("BatchNumbers", batches, number, rows::batch, []),
];

/// The collection of a path segment, in any letter case.
pub(crate) fn resource(path: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.path.eq_ignore_ascii_case(path))
}
