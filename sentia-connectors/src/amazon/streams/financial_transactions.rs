//! `financial_transactions`: money that moved, by the version of 2024-06-19.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use sentia_core::{
    Decoded, Fetch, Fields, Page, Result, Stream, Text, decode::Walk, record::Digest, record::Document,
};
use serde::Deserialize;

use super::{
    breakdowns::{Breakdown, Item, item_columns, node_columns, nodes},
    orders::{end_of, instant, slice_of},
};
use crate::amazon::{
    client::{Client, Query},
    envelope,
    operation::{FINANCE, TRANSACTIONS},
    wire::{List, Moment, Money, Nested},
};

/// Transactions of the last 48 hours may be missing.
const OVERLAP: Duration = Duration::from_secs(50 * 3600);
/// A deferred transaction is released without a new date.
const REREAD: Duration = Duration::from_secs(60 * 86_400);
/// A window of more than 180 days is answered with nothing, and no error. A day less, because the last slice ends with
/// today.
const SLICE: Duration = Duration::from_secs(179 * 86_400);
/// Without its end, a question is answered up to two minutes ago.
const DELAY: chrono::Duration = chrono::Duration::minutes(3);

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Transaction {
    transaction_id: Option<Text>,
    transaction_type: Option<Text>,
    transaction_status: Option<Text>,
    description: Option<Text>,
    posted_date: Moment,
    total_amount: Nested<Money>,
    selling_partner_metadata: Nested<Partner>,
    marketplace_details: Nested<Marketplace>,
    related_identifiers: List<Related>,
    contexts: List<Context>,
    pub(super) items: List<Item>,
    pub(super) breakdowns: List<Breakdown>,
    /// How many of its page with the same makeshift key came before; not Amazon's.
    #[serde(skip)]
    twin: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Partner {
    account_type: Option<Text>,
    marketplace_id: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Marketplace {
    marketplace_id: Option<Text>,
    marketplace_name: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Related {
    related_identifier_name: Option<Text>,
    related_identifier_value: Option<Text>,
}

/// What is known around a transaction or an item; `contextType` says which members it has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Context {
    pub(super) asin: Option<Text>,
    pub(super) sku: Option<Text>,
    pub(super) quantity_shipped: Option<i64>,
    pub(super) fulfillment_network: Option<Text>,
    deferral_reason: Option<Text>,
    maturity_date: Moment,
}

impl Transaction {
    fn related(&self, name: &str) -> Option<Text> {
        let named = |one: &&Related| one.related_identifier_name.as_deref() == Some(name);
        self.related_identifiers.iter().find(named)?.related_identifier_value.clone()
    }

    fn deferral(&self) -> Option<&Context> {
        self.contexts
            .iter()
            .find(|context| context.deferral_reason.is_some() || context.maturity_date.at().is_some())
    }

    /// `transactionId` is optional in the model. Without it, what does not change when the transaction is released
    /// makes the key: its status is left out.
    fn key(&self) -> Text {
        match self.transaction_id.as_ref().filter(|id| !id.is_empty()) {
            Some(id) => id.clone(),
            None if self.twin == 0 => Text::from(self.makeshift()),
            None => Text::from(format!("{}#{}", self.makeshift(), self.twin + 1)),
        }
    }

    fn makeshift(&self) -> String {
        let text = |text: &Option<Text>| text.as_deref().unwrap_or_default().to_owned();
        let money = |money: &Money| {
            let amount = money.amount.map(|amount| amount.normalize().to_string()).unwrap_or_default();
            format!("{amount} {}", text(&money.currency_code))
        };
        let mut parts = vec![
            text(&self.transaction_type),
            text(&self.description),
            self.posted_date.raw().to_owned(),
            money(&self.total_amount),
            text(&self.selling_partner_metadata.account_type),
            text(&self.marketplace_details.marketplace_id),
        ];
        let mut related: Vec<String> = self
            .related_identifiers
            .iter()
            .map(|one| {
                format!("{}={}", text(&one.related_identifier_name), text(&one.related_identifier_value))
            })
            .collect();
        related.sort_unstable();
        parts.extend(related);
        for item in self.items.iter() {
            let product = item.product().map(|product| text(&product.sku)).unwrap_or_default();
            parts.push(format!("{product} {}", money(&item.total_amount)));
            parts.extend(item.related_identifiers.iter().map(|one| text(&one.item_related_identifier_value)));
        }
        format!("sha256:{}", Digest::of(parts.join("\u{1f}").as_bytes()))
    }
}

/// Without a version: a status changes without a new date, so what was read later counts.
pub(super) fn stream() -> Stream<Transaction> {
    Stream::new("financial_transactions", "transactionId", Transaction::key)
        .describe("money that moved between the seller, its buyers and Amazon")
        .incremental("postedDate", OVERLAP)
        .reread_window(REREAD)
        .max_window(SLICE)
        .scopes(&[FINANCE])
        .columns(columns())
        .children("financial_transaction_items", |t| Cow::Borrowed(&t.items), item_columns())
        .children("financial_breakdowns", |t| Cow::Owned(nodes(t)), node_columns())
}

fn columns() -> Fields<Transaction> {
    Fields::new()
        .text("transaction_id", |t: &Transaction| t.transaction_id.clone())
        .text("transaction_type", |t| t.transaction_type.clone())
        .text("status", |t| t.transaction_status.clone())
        .text("description", |t| t.description.clone())
        .timestamp("posted_at", |t| t.posted_date.at())
        .amount("total", |t| t.total_amount.amount)
        .text("currency_code", |t| t.total_amount.currency_code.clone())
        .text("account_type", |t| t.selling_partner_metadata.account_type.clone())
        .text("marketplace_id", |t| {
            let own = t.marketplace_details.marketplace_id.clone();
            own.or_else(|| t.selling_partner_metadata.marketplace_id.clone())
        })
        .text("marketplace_name", |t| t.marketplace_details.marketplace_name.clone())
        .text("order_id", |t| t.related("ORDER_ID"))
        .text("shipment_id", |t| t.related("SHIPMENT_ID"))
        .text("refund_id", |t| t.related("REFUND_ID"))
        .text("invoice_id", |t| t.related("INVOICE_ID"))
        .text("settlement_id", |t| t.related("SETTLEMENT_ID"))
        .text("financial_event_group_id", |t| t.related("FINANCIAL_EVENT_GROUP_ID"))
        .text("disbursement_id", |t| t.related("DISBURSEMENT_ID"))
        .text("transfer_id", |t| t.related("TRANSFER_ID"))
        .text("deferred_transaction_id", |t| t.related("DEFERRED_TRANSACTION_ID"))
        .text("release_transaction_id", |t| t.related("RELEASE_TRANSACTION_ID"))
        .text("deferral_reason", |t| t.deferral()?.deferral_reason.clone())
        .timestamp("matures_at", |t| t.deferral()?.maturity_date.at())
}

/// One page. The marketplace is never named: with it, merchant-fulfilled orders of the United States vanish; so the
/// transactions of every marketplace of the account are read.
pub(super) async fn page(
    client: &Client,
    cx: &sentia_core::Context,
    stream: &Stream<Transaction>,
    request: &Fetch<'_>,
) -> Result<Page> {
    let slice = slice_of(cx, request, client.account.history)?;
    let mut query: Query = vec![("postedAfter", instant(slice.from))];
    query.extend(end_of(&slice, request).map(|end| ("postedBefore", instant(end))));
    let token = ("nextToken", slice.page.as_deref());
    let path = "/finances/2024-06-19/transactions";
    let response = client.page(cx, &TRANSACTIONS, path, query, token).await?;
    let listing =
        envelope::Listing::open(&response, envelope::List::Transactions, |walk| decode(stream, walk))?;
    let next = slice.next(listing.next.as_deref());
    let page = Page::chained(listing.list, next).read_scope("finances 2024-06-19");
    Ok(match listing.date.filter(|_| end_of(&slice, request).is_none()) {
        Some(date) => page.bounded_by(date - DELAY),
        None => page,
    })
}

/// Transactions without an id that are alike in everything that could tell them apart are still several.
fn decode(stream: &Stream<Transaction>, walk: &mut Walk<'_>) -> serde_json::Result<Decoded> {
    let mut alike: HashMap<Text, u32> = HashMap::new();
    let mut decoded = Decoded::default();
    walk.wires(stream, |wire, document| {
        decoded.push(wire.and_then(|mut wire| {
            if wire.transaction_id.as_ref().is_none_or(|id| id.is_empty()) {
                let count = alike.entry(wire.key()).or_default();
                wire.twin = *count;
                *count += 1;
            }
            stream.record(&wire, Document::new(document))
        }));
    })?;
    Ok(decoded)
}
