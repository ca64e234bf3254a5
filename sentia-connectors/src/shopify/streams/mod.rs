//! The catalog: one entry per stream.

mod balance_transactions;
mod customers;
mod draft_orders;
mod fulfillment_orders;
mod inventory_items;
mod inventory_levels;
mod locations;
mod order_parts;
mod orders;
mod payouts;
mod products;
mod returns;
mod shop;

use sentia_core::{ConnectorInfo, Context, Decoded, Error, ErrorKind, Fetch, Page, Result, Route, Stream};
use serde::de::DeserializeOwned;

use super::{
    bulk::{Export, Exported, bulk_text},
    client::{Client, Variables},
    nested::{Nested, complete_all},
    query::SHOP,
    walk::List,
};

/// Every stream.
#[derive(Debug)]
pub(super) struct Catalog {
    shop: Stream<shop::Shop>,
    locations: Stream<locations::Location>,
    products: Stream<products::Product>,
    inventory_items: Stream<inventory_items::Item>,
    customers: Stream<customers::Customer>,
    draft_orders: Stream<draft_orders::DraftOrder>,
    orders: Stream<orders::Order>,
    fulfillment_orders: Stream<fulfillment_orders::FulfillmentOrder>,
    returns: Stream<returns::Return>,
    payouts: Stream<payouts::Payout>,
    balance_transactions: Stream<balance_transactions::Movement>,
    inventory_levels: Stream<inventory_levels::Level>,
}

impl Catalog {
    pub(super) fn new() -> Self {
        Catalog {
            shop: shop::stream(),
            locations: locations::stream(),
            products: products::stream(),
            inventory_items: inventory_items::stream(),
            customers: customers::stream(),
            draft_orders: draft_orders::stream(),
            orders: orders::stream(),
            fulfillment_orders: fulfillment_orders::stream(),
            returns: returns::stream(),
            payouts: payouts::stream(),
            balance_transactions: balance_transactions::stream(),
            inventory_levels: inventory_levels::stream(),
        }
    }

    /// Adds every stream to `info`, in the order they are read.
    pub(super) fn describe(&self, info: ConnectorInfo) -> ConnectorInfo {
        info.stream(self.shop.info().clone())
            .stream(self.locations.info().clone())
            .stream(self.products.info().clone())
            .stream(self.inventory_items.info().clone())
            .stream(self.customers.info().clone())
            .stream(self.draft_orders.info().clone())
            .stream(self.orders.info().clone())
            .stream(self.fulfillment_orders.info().clone())
            .stream(self.returns.info().clone())
            .stream(self.payouts.info().clone())
            .stream(self.balance_transactions.info().clone())
            .stream(self.inventory_levels.info().clone())
    }

    /// How a stream is exported, where it is.
    pub(super) fn export(stream: &str) -> Option<&'static Export> {
        EXPORTS.iter().copied().find(|export| export.list.query.name == stream)
    }

    /// Reads a page of the stream that `request` names.
    pub(super) async fn fetch(&self, client: &Client, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        let request = &request;
        match request.stream().name {
            "shop" => one(client, cx, &self.shop).await,
            "locations" => list(client, cx, &self.locations, &locations::LIST, request).await,
            "products" => nested(client, cx, &self.products, &products::LIST, request).await,
            "inventory_items" => {
                list(client, cx, &self.inventory_items, &inventory_items::LIST, request).await
            }
            "customers" => list(client, cx, &self.customers, &customers::LIST, request).await,
            "draft_orders" => nested(client, cx, &self.draft_orders, &draft_orders::LIST, request).await,
            "orders" => nested(client, cx, &self.orders, &orders::LIST, request).await,
            "fulfillment_orders" => {
                nested(client, cx, &self.fulfillment_orders, &fulfillment_orders::LIST, request).await
            }
            "returns" => returns::page(client, cx, &self.returns, request).await,
            "payouts" => list(client, cx, &self.payouts, &payouts::LIST, request).await,
            "balance_transactions" => {
                list(client, cx, &self.balance_transactions, &balance_transactions::LIST, request).await
            }
            "inventory_levels" => {
                list(client, cx, &self.inventory_levels, &inventory_levels::LIST, request).await
            }
            _ => Err(Error::new(ErrorKind::Unsupported, "shopify has no such stream")),
        }
    }
}

/// Every stream that is also read by bulk operations; each is named after its query.
pub(super) static EXPORTS: &[&Export] = &[&products::EXPORT, &customers::EXPORT, &orders::EXPORT];

/// The queries of bulk operations by name, so that they can be validated against the published schemas.
pub fn bulk_queries() -> Vec<(String, String)> {
    let of = |export: &&Export| (format!("bulk {}", export.list.query.name), bulk_text(export.list.query));
    EXPORTS.iter().map(of).collect()
}

/// The shop itself.
async fn one(client: &Client, cx: &Context, stream: &Stream<shop::Shop>) -> Result<Page> {
    let (mut answer, _) = client.ask(cx, &SHOP, Variables::default()).await?;
    let shop = answer.walk(SHOP.path, |walk| walk.record(stream));
    let shop = shop.map_err(|error| answer.misshapen(error))?;
    let mut decoded = Decoded::default();
    decoded.push(shop.ok_or_else(|| answer.invalid("the answer holds no shop"))?);
    let scope = answer.scope()?;
    Ok(Page::last(decoded).read_scope(scope.text()).findings(scope.findings(&[])))
}

/// A list whose records come whole.
async fn list<W: DeserializeOwned + 'static>(
    client: &Client,
    cx: &Context,
    stream: &Stream<W>,
    list: &'static List,
    request: &Fetch<'_>,
) -> Result<Page> {
    if let (Route::Export, Some(export)) = (request.route(), Catalog::export(request.stream().name)) {
        return Ok(match export.read(client, cx, request).await? {
            Exported::Wait(page) => page,
            Exported::Rows(mut rows) => {
                let decoded = stream.decode_all(std::mem::take(&mut rows.documents));
                rows.page(decoded)
            }
        });
    }
    let (records, listed) = list.read(client, cx, request, |walk| walk.record(stream)).await?;
    let mut decoded = Decoded::default();
    records.into_iter().for_each(|record| decoded.push(record));
    listed.page(decoded)
}

/// A list whose records may need further calls.
async fn nested<W: Nested>(
    client: &Client,
    cx: &Context,
    stream: &Stream<W>,
    list: &'static List,
    request: &Fetch<'_>,
) -> Result<Page> {
    if let (Route::Export, Some(export)) = (request.route(), Catalog::export(request.stream().name)) {
        return Ok(match export.read(client, cx, request).await? {
            Exported::Wait(page) => page,
            Exported::Rows(mut rows) => {
                let documents = std::mem::take(&mut rows.documents).into_iter();
                let found = documents.map(|document| (stream.wire(&document), document));
                let decoded = complete_all(client, cx, stream, found).await?;
                rows.page(decoded)
            }
        });
    }
    let (found, listed) = list.read(client, cx, request, |walk| walk.wire(stream)).await?;
    let decoded = complete_all(client, cx, stream, found).await?;
    listed.page(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_stand_in_sql() {
        let info = Catalog::new().describe(ConnectorInfo::new("shopify"));
        info.validate().expect("no name is taken");
        let names: Vec<_> = info.streams.iter().map(|stream| stream.name).collect();
        assert_eq!(names.first(), Some(&"shop"), "the cheapest, which `check` reads");
        let place = |name: &str| names.iter().position(|known| *known == name);
        assert!(place("locations") < place("inventory_levels"), "it is read by location");
        assert_eq!(names.len(), 12);
    }

    #[test]
    fn the_readme_names_every_table() {
        let readme = include_str!("../README.md");
        for stream in Catalog::new().describe(ConnectorInfo::new("shopify")).streams {
            let children = stream.children.iter().map(|child| child.name);
            for name in children.chain([stream.name]) {
                assert!(readme.contains(&format!("`{name}`")), "{name}");
            }
        }
    }
}
