//! The operations that are called: their published rates, their roles and their error tables.
//!
//! Rates are those of the models' usage plans. A seller may have others: an answer's `x-amzn-RateLimit-Limit` corrects
//! the rate, never the burst, which Amazon does not tell.

use std::fmt;

use sentia_core::transport::{Classify, Limit};

use super::error::{judge, judge_secret};

/// Roles as the developer documentation names them; an application is granted each of them by Amazon.
pub(super) const TRACKING: &str = "Inventory and Order Tracking";
/// Catalogue, listings and FBA stock.
pub(super) const LISTING: &str = "Product Listing";
/// Transactions and settlements.
pub(super) const FINANCE: &str = "Finance and Accounting";
/// Stock movements and returns.
pub(super) const FULFILLMENT: &str = "Amazon Fulfillment";
/// Who may see personal data: recipients' addresses, and buyers.
pub(super) const RESTRICTED: &str =
    "Direct-to-Consumer Delivery (recipients), Tax Invoicing or Tax Remittance (buyers)";
/// The list of marketplaces is open to every application of the seller.
const ANY: &str = "Selling Partner Insights, or any other selling role";
/// Reports are granted by the role of each type.
const REPORTS: &str =
    "role of the report type: Finance and Accounting for settlements, Amazon Fulfillment for others";

/// One operation of the API.
pub(super) struct Operation {
    /// Its name in Amazon's models.
    pub(super) name: &'static str,
    /// Calls that come back each second.
    pub(super) per_second: f64,
    /// Calls when the bucket is full.
    pub(super) burst: u32,
    /// The role that it needs.
    pub(super) role: &'static str,
    /// Its error table: it knows the rate and the role.
    pub(super) classify: Classify,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn operation(
    name: &'static str,
    per_second: f64,
    burst: u32,
    role: &'static str,
    classify: Classify,
) -> Operation {
    Operation { name, per_second, burst, role, classify }
}

pub(super) static MARKETPLACES: Operation =
    operation("getMarketplaceParticipations", 0.016, 15, ANY, |answer| judge(&MARKETPLACES, answer));
pub(super) static SEARCH_ORDERS: Operation =
    operation("searchOrders", 0.0056, 20, TRACKING, |answer| judge(&SEARCH_ORDERS, answer));
pub(super) static INVENTORY: Operation =
    operation("getInventorySummaries", 2.0, 2, LISTING, |answer| judge(&INVENTORY, answer));
pub(super) static SEARCH_CATALOG: Operation =
    operation("searchCatalogItems", 2.0, 2, LISTING, |answer| judge(&SEARCH_CATALOG, answer));
pub(super) static SEARCH_LISTINGS: Operation =
    operation("searchListingsItems", 5.0, 5, LISTING, |answer| judge(&SEARCH_LISTINGS, answer));
pub(super) static TRANSACTIONS: Operation =
    operation("listTransactions", 0.5, 10, FINANCE, |answer| judge(&TRANSACTIONS, answer));
pub(super) static CREATE_REPORT: Operation =
    operation("createReport", 0.0167, 15, REPORTS, |answer| judge(&CREATE_REPORT, answer));
pub(super) static GET_REPORT: Operation =
    operation("getReport", 2.0, 15, REPORTS, |answer| judge(&GET_REPORT, answer));
pub(super) static GET_REPORTS: Operation =
    operation("getReports", 0.0222, 10, REPORTS, |answer| judge(&GET_REPORTS, answer));
pub(super) static GET_DOCUMENT: Operation =
    operation("getReportDocument", 0.0167, 15, REPORTS, |answer| judge(&GET_DOCUMENT, answer));
pub(super) static CREATE_RESTRICTED_TOKEN: Operation =
    operation("createRestrictedDataToken", 1.0, 10, RESTRICTED, |answer| {
        judge_secret(&CREATE_RESTRICTED_TOKEN, answer)
    });

/// Every operation, for the connector's limits.
static ALL: [&Operation; 11] = [
    &MARKETPLACES,
    &SEARCH_ORDERS,
    &INVENTORY,
    &SEARCH_CATALOG,
    &SEARCH_LISTINGS,
    &TRANSACTIONS,
    &CREATE_REPORT,
    &GET_REPORT,
    &GET_REPORTS,
    &GET_DOCUMENT,
    &CREATE_RESTRICTED_TOKEN,
];

/// One bucket per operation.
pub(super) fn limits() -> impl Iterator<Item = Limit> {
    ALL.iter().map(|operation| Limit::Operation {
        operation: operation.name,
        per_second: operation.per_second,
        burst: operation.burst,
    })
}
