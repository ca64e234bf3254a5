//! `orders`: with their items, packages and proceeds, by the version of 2026-01-01.

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use sentia_core::{Context, Decoded, ErrorKind, Fetch, Fields, Page, Result, Stream, Text, slice::Slice};
use serde::Deserialize;

use super::order_parts::{Item, Package, Proceeds, item_columns, package_columns, packed, packed_columns};
use crate::amazon::{
    client::{Client, Query},
    config::Personal,
    envelope,
    operation::{RESTRICTED, SEARCH_ORDERS, TRACKING},
    wire::{List, Moment, Nested},
};

/// Orders are found about two minutes late, and at times much later.
const OVERLAP: Duration = Duration::from_secs(10 * 60);
/// A page token lives 24 hours: a backfill that was interrupted for longer begins a slice again, not the whole.
const SLICE: Duration = Duration::from_secs(180 * 86_400);
/// What is left off the vendor's clock where an answer does not echo its bound.
const DELAY: chrono::Duration = chrono::Duration::minutes(3);
/// Without these an order has neither status nor money.
const DATA_SETS: &str = "FULFILLMENT,PROCEEDS,PROMOTION,CANCELLATION,PACKAGES,TAX";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    order_id: Text,
    #[serde(default)]
    order_aliases: List<Alias>,
    #[serde(default)]
    created_time: Moment,
    #[serde(default)]
    last_updated_time: Moment,
    #[serde(default)]
    programs: List<Text>,
    #[serde(default)]
    associated_orders: List<Associated>,
    #[serde(default)]
    sales_channel: Nested<Channel>,
    #[serde(default)]
    proceeds: Nested<Proceeds>,
    #[serde(default)]
    fulfillment: Nested<Fulfillment>,
    #[serde(default)]
    order_items: List<Item>,
    #[serde(default)]
    packages: List<Package>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Alias {
    alias_id: Option<Text>,
    alias_type: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Associated {
    order_id: Option<Text>,
    association_type: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Channel {
    channel_name: Option<Text>,
    marketplace_id: Option<Text>,
    marketplace_name: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fulfillment {
    fulfillment_status: Option<Text>,
    fulfilled_by: Option<Text>,
    fulfillment_service_level: Option<Text>,
    ship_by_window: Nested<Span>,
    deliver_by_window: Nested<Span>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Span {
    latest_date_time: Moment,
}

impl Order {
    fn seller_order_id(&self) -> Option<Text> {
        let own = |alias: &&Alias| alias.alias_type.as_deref() == Some("SELLER_ORDER_ID");
        self.order_aliases.iter().find(own)?.alias_id.clone()
    }

    fn replaces(&self) -> Option<Text> {
        let replacement =
            |other: &&Associated| other.association_type.as_deref() == Some("REPLACEMENT_ORIGINAL_ID");
        self.associated_orders.iter().find(replacement)?.order_id.clone()
    }
}

/// Nothing deletes an order: it becomes `CANCELLED` and stays. Orders that Amazon fulfils for other channels are here
/// too; `channel` tells them from Amazon's own.
pub(super) fn stream() -> Stream<Order> {
    Stream::new("orders", "orderId", |o: &Order| o.order_id.clone())
        .describe("a customer order")
        .version(|o| o.last_updated_time.version())
        .incremental("lastUpdatedTime", OVERLAP)
        .max_window(SLICE)
        .max_page(100)
        .scopes(&[TRACKING])
        .columns(columns())
        .children("order_items", |o| Cow::Borrowed(&o.order_items), item_columns())
        .children("order_packages", |o| Cow::Borrowed(&o.packages), package_columns())
        .children("order_package_items", |o| Cow::Owned(packed(&o.packages)), packed_columns())
}

fn columns() -> Fields<Order> {
    Fields::new()
        .text("status", |o: &Order| o.fulfillment.fulfillment_status.clone())
        .text("fulfilled_by", |o| o.fulfillment.fulfilled_by.clone())
        .text("service_level", |o| o.fulfillment.fulfillment_service_level.clone())
        .text("channel", |o| o.sales_channel.channel_name.clone())
        .text("marketplace_id", |o| o.sales_channel.marketplace_id.clone())
        .text("marketplace_name", |o| o.sales_channel.marketplace_name.clone())
        .text("seller_order_id", Order::seller_order_id)
        .text("replaces_order_id", Order::replaces)
        .text("programs", |o| o.programs.joined())
        .boolean("is_prime", |o| Some(o.programs.has("PRIME")))
        .boolean("is_business", |o| Some(o.programs.has("AMAZON_BUSINESS")))
        .text("currency_code", |o| o.proceeds.currency())
        .amount("total", |o| o.proceeds.total())
        .amount("item_total", |o| o.proceeds.of("ITEM"))
        .amount("shipping_total", |o| o.proceeds.of("SHIPPING"))
        .amount("gift_wrap_total", |o| o.proceeds.of("GIFT_WRAP"))
        .amount("tax_total", |o| o.proceeds.of("TAX"))
        .amount("discount_total", |o| o.proceeds.of("DISCOUNT"))
        .integer("item_count", |o| i64::try_from(o.order_items.len()).ok())
        .timestamp("ship_by", |o| o.fulfillment.ship_by_window.latest_date_time.at())
        .timestamp("deliver_by", |o| o.fulfillment.deliver_by_window.latest_date_time.at())
        .timestamp("created_at", |o| o.created_time.at())
        .timestamp("updated_at", |o| o.last_updated_time.at())
}

/// The end of the day that `now` is in. A window that ends there is cut into the same slices all day long; the last
/// slice is asked for without its end, which Amazon then sets itself, two minutes before its own now.
fn end_of_day(now: DateTime<Utc>) -> DateTime<Utc> {
    let tomorrow = now.date_naive().checked_add_days(Days::new(1));
    tomorrow.map_or(now, |day| day.and_time(NaiveTime::MIN).and_utc())
}

/// The slice that `request` asks for.
pub(super) fn slice_of(cx: &Context, request: &Fetch<'_>, history: std::time::Duration) -> Result<Slice> {
    let now = cx.clock().now();
    // Amazon refuses an end that is less than two minutes ago.
    let end = asked_end(request).filter(|end| *end <= now - DELAY);
    Slice::of(&request.changed_until(end), end_of_day(now), history)
}

/// The end that a backfill asks for, exclusive as Amazon's are.
fn asked_end(request: &Fetch<'_>) -> Option<DateTime<Utc>> {
    request.until()?.checked_add_signed(TimeDelta::milliseconds(1))
}

/// What of a slice is asked for: its end is left out of the last one, unless the window was asked to end there.
pub(super) fn end_of(slice: &Slice, request: &Fetch<'_>) -> Option<DateTime<Utc>> {
    (slice.to < slice.until || asked_end(request) == Some(slice.until)).then_some(slice.to)
}

/// An instant as Amazon reads it in a query.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// One page. A token that grew too old, which a restart may bring along, begins its slice again.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    stream: &Stream<Order>,
    request: &Fetch<'_>,
) -> Result<Page> {
    let mut slice = slice_of(cx, request, client.account.history)?;
    let listing = match read(client, cx, stream, &slice, request).await {
        Err(error) if error.kind() == ErrorKind::PositionExpired => {
            tracing::info!(%error, "beginning the slice of orders again");
            slice.page = None;
            read(client, cx, stream, &slice, request).await?
        }
        read => read?,
    };
    let scope =
        format!("orders 2026-01-01; {}; {}", client.account.marketplaces.join(","), data_sets(client));
    let next = slice.next(listing.next.as_deref());
    let page = Page::chained(listing.list, next).read_scope(scope);
    // Only the last slice ends where the window does.
    let bound =
        listing.before.or_else(|| Some(listing.date? - DELAY)).filter(|_| end_of(&slice, request).is_none());
    Ok(match bound {
        Some(bound) => page.bounded_by(bound),
        None => page,
    })
}

async fn read(
    client: &Client,
    cx: &Context,
    stream: &Stream<Order>,
    slice: &Slice,
    request: &Fetch<'_>,
) -> Result<envelope::Listing<Decoded>> {
    let mut query: Query = vec![
        ("marketplaceIds", client.account.marketplaces.join(",")),
        ("lastUpdatedAfter", instant(slice.from)),
        ("includedData", data_sets(client)),
        ("maxResultsPerPage", request.page_size(100).to_string()),
    ];
    query.extend(end_of(slice, request).map(|end| ("lastUpdatedBefore", instant(end))));
    let token = ("paginationToken", slice.page.as_deref());
    let answer = client.page(cx, &SEARCH_ORDERS, "/orders/2026-01-01/orders", query, token).await;
    let response = answer.map_err(|error| match error.kind() {
        // The operation's own role may be there and one of the restricted ones missing; the answer does not tell.
        ErrorKind::PermissionDenied if !client.account.personal.is_empty() => {
            error.context("personal_data_needs", RESTRICTED)
        }
        _ => error,
    })?;
    envelope::Listing::open(&response, envelope::List::Orders, |walk| walk.records(stream))
}

fn data_sets(client: &Client) -> String {
    let personal = client.account.personal.iter().copied().map(Personal::data_set);
    std::iter::once(DATA_SETS).chain(personal).collect::<Vec<_>>().join(",")
}
