//! The catalog: one entry per stream, in the order they are read.

mod breakdowns;
mod catalog_items;
mod fba_inventory;
mod financial_transactions;
mod inventory_ledger;
mod listing_walk;
mod listings;
mod marketplaces;
mod order_parts;
mod orders;
mod returns;
mod settlement_audit;
mod settlements;

use sentia_core::{ConnectorInfo, Context, Error, ErrorKind, Fetch, Page, Result, Stream};

use self::settlements::Part;
pub(super) use self::settlements::REPORT_TYPE as SETTLEMENT_REPORT;
use super::client::Client;

/// Every stream.
#[derive(Debug)]
pub(super) struct Catalog {
    marketplaces: Stream<marketplaces::Participation>,
    orders: Stream<orders::Order>,
    fba_inventory: Stream<fba_inventory::Summary>,
    listings: Stream<listings::Listing>,
    catalog_items: Stream<catalog_items::Item>,
    financial_transactions: Stream<financial_transactions::Transaction>,
    settlements: Stream<settlements::Row>,
    settlement_lines: Stream<settlements::Row>,
    returns: Stream<returns::Return>,
    inventory_ledger: Stream<inventory_ledger::Day>,
}

impl Catalog {
    pub(super) fn new() -> Self {
        Catalog {
            marketplaces: marketplaces::stream(),
            orders: orders::stream(),
            fba_inventory: fba_inventory::stream(),
            listings: listings::stream(),
            catalog_items: catalog_items::stream(),
            financial_transactions: financial_transactions::stream(),
            settlements: settlements::settlements(),
            settlement_lines: settlements::lines(),
            returns: returns::stream(),
            inventory_ledger: inventory_ledger::stream(),
        }
    }

    /// Adds every stream to `info`.
    pub(super) fn describe(&self, info: ConnectorInfo) -> ConnectorInfo {
        info.stream(self.marketplaces.info().clone())
            .stream(self.orders.info().clone())
            .stream(self.fba_inventory.info().clone())
            .stream(self.listings.info().clone())
            .stream(self.catalog_items.info().clone())
            .stream(self.financial_transactions.info().clone())
            .stream(self.settlements.info().clone())
            .stream(self.settlement_lines.info().clone())
            .stream(self.returns.info().clone())
            .stream(self.inventory_ledger.info().clone())
    }

    /// Reads a page of the stream that `request` names.
    pub(super) async fn fetch(&self, client: &Client, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        let request = &request;
        match request.stream().name {
            "marketplaces" => marketplaces::page(client, cx, &self.marketplaces).await,
            "orders" => orders::page(client, cx, &self.orders, request).await,
            "fba_inventory" => fba_inventory::page(client, cx, &self.fba_inventory, request).await,
            "listings" => listings::page(client, cx, &self.listings, request).await,
            "catalog_items" => catalog_items::page(client, cx, &self.catalog_items, request).await,
            "financial_transactions" => {
                financial_transactions::page(client, cx, &self.financial_transactions, request).await
            }
            "settlements" => settlements::page(client, cx, &self.settlements, Part::Totals, request).await,
            "settlement_lines" => {
                settlements::page(client, cx, &self.settlement_lines, Part::Lines, request).await
            }
            "returns" => returns::page(client, cx, &self.returns, request).await,
            "inventory_ledger" => inventory_ledger::page(client, cx, &self.inventory_ledger, request).await,
            stream => {
                Err(Error::new(ErrorKind::Unsupported, "amazon has no such stream; its README lists them")
                    .context("stream", stream))
            }
        }
    }
}
