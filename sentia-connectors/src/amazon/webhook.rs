//! Notifications: what Amazon puts into a queue or on an event bus, read into hints.
//!
//! There are two casings of the envelope, PascalCase and camelCase, so its keys are compared without case. They come at
//! least once, in no order, late or never; quantities and statuses in them are summaries. So they are hints, and what
//! they name is read.

use std::{borrow::Cow, collections::HashMap};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use sentia_core::{
    Context, Error, ErrorKind, Key, Result, Text,
    push::{Change, Delivery, Hint, Pushed, Webhooks},
    record::Digest,
    transport::body_excerpt,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{client::Account, connector::Amazon, streams::SETTLEMENT_REPORT};

/// How many envelopes may lie within each other: a Lambda event, an SNS notification, the notification.
const DEEPEST: u32 = 4;

/// The members of an object under their names in lower case.
struct Members<'a>(HashMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    fn of(json: &'a [u8]) -> Result<Self> {
        let members: HashMap<Cow<'a, str>, &'a RawValue> =
            serde_json::from_slice(json).map_err(|error| not_ours(json).source(error))?;
        Ok(Members(members.into_iter().map(|(name, raw)| (name.to_ascii_lowercase(), raw)).collect()))
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }

    fn text(&self, name: &str) -> Option<Text> {
        let text: Option<Text> = serde_json::from_str(self.raw(name)?.get()).ok();
        text.filter(|text| !text.is_empty())
    }

    fn object(&self, name: &str) -> Option<Members<'a>> {
        Members::of(self.raw(name)?.get().as_bytes()).ok()
    }

    /// What the schema requires.
    fn required(&self, name: &'static str) -> Result<Text> {
        self.text(name).ok_or_else(|| {
            Error::new(ErrorKind::InvalidResponse, "the notification lacks a member that its schema requires")
                .context("member", name)
        })
    }
}

fn not_ours(body: &[u8]) -> Error {
    Error::new(ErrorKind::InvalidResponse, "this is no notification of amazon's")
        .context("body", body_excerpt(body))
}

/// Reads a body in any of its wrappings.
pub(super) fn read(account: &Account, body: &[u8]) -> Result<Pushed> {
    unwrapped(account, body, 1)
}

fn unwrapped(account: &Account, body: &[u8], depth: u32) -> Result<Pushed> {
    let members = Members::of(body)?;
    if depth > DEEPEST {
        return Err(not_ours(body));
    }
    if let Some(name) = members.text("notificationtype") {
        return notification(account, &members, name);
    }
    // EventBridge.
    if let Some(detail) = members.raw("detail") {
        return unwrapped(account, detail.get().as_bytes(), depth + 1);
    }
    // What a Lambda function is given of a queue.
    if let Some(records) = members.raw("records") {
        let records: Vec<&RawValue> =
            serde_json::from_str(records.get()).map_err(|error| not_ours(body).source(error))?;
        return batch(account, &records, depth);
    }
    // SNS, and a message of SQS as its own API gives it: the notification is a text in it.
    for name in ["message", "body"] {
        if let Some(text) = members.raw(name).and_then(|raw| serde_json::from_str::<String>(raw.get()).ok()) {
            return unwrapped(account, text.as_bytes(), depth + 1);
        }
    }
    Err(not_ours(body))
}

fn batch(account: &Account, records: &[&RawValue], depth: u32) -> Result<Pushed> {
    let mut all = Vec::new();
    let mut unknown = None;
    for record in records {
        match unwrapped(account, record.get().as_bytes(), depth + 1)? {
            Pushed::Hints(hints) => all.extend(hints),
            Pushed::Unknown(name) => unknown = Some(name),
            Pushed::Notice(_) | Pushed::Handshake { .. } => {}
        }
    }
    Ok(match unknown {
        Some(name) if all.is_empty() => Pushed::Unknown(name),
        _ => Pushed::Hints(all),
    })
}

/// What every notification tells.
struct Event<'a> {
    account: &'a Account,
    id: Text,
    at: Option<DateTime<Utc>>,
}

fn notification(account: &Account, envelope: &Members<'_>, name: Text) -> Result<Pushed> {
    let id = envelope.object("notificationmetadata").and_then(|metadata| metadata.text("notificationid"));
    let payload = envelope.object("payload").ok_or_else(|| {
        Error::new(ErrorKind::InvalidResponse, "the notification lacks its payload").context("type", &name)
    })?;
    let at = envelope.text("eventtime").and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
    let event = Event {
        account,
        // Only the stock notification's schema does without an id; what it says stands in for one.
        id: id.unwrap_or_else(|| digest(envelope)),
        at: at.map(|at| at.with_timezone(&Utc)),
    };
    let hints = match name.as_str() {
        "ORDER_CHANGE" => event.order(&payload),
        "FBA_INVENTORY_AVAILABILITY_CHANGES" => event.stock(&payload),
        "REPORT_PROCESSING_FINISHED" => event.report(&payload),
        "LISTINGS_ITEM_STATUS_CHANGE" => event.listing_status(&payload),
        "LISTINGS_ITEM_ISSUES_CHANGE" | "LISTINGS_ITEM_MFN_QUANTITY_CHANGE" => {
            event.listing(&payload, Change::Upserted)
        }
        "BRANDED_ITEM_CONTENT_CHANGE" | "ITEM_PRODUCT_TYPE_CHANGE" => event.catalog_item(&payload),
        "TRANSACTION_UPDATE" => event.transaction(&payload),
        _ => return Ok(Pushed::Unknown(name.to_string())),
    };
    hints.map(Pushed::Hints).map_err(|error| error.context("type", name))
}

fn digest(envelope: &Members<'_>) -> Text {
    let text = |name| envelope.raw(name).map_or("", RawValue::get);
    let whole = format!("{}\n{}", text("eventtime"), text("payload"));
    Text::from(format!("sha256:{}", Digest::of(whole.as_bytes())))
}

impl Event<'_> {
    fn hint(&self, stream: &'static str, partition: Text, key: Option<Key>, change: Change) -> Hint {
        Hint { id: self.id.clone(), stream, partition, key, change, at: self.at }
    }

    /// Several connections may share a queue: each takes its own seller's.
    fn concerns(&self, seller: Option<Text>) -> bool {
        match (&self.account.seller_id, seller) {
            (Some(own), Some(seller)) => *own == *seller,
            _ => true,
        }
    }

    fn reads(&self, marketplace: &str) -> bool {
        self.account.marketplaces.iter().any(|own| own == marketplace)
    }

    fn order(&self, payload: &Members<'_>) -> Result<Vec<Hint>> {
        let inner = payload.object("orderchangenotification");
        let order = inner.as_ref().unwrap_or(payload);
        let key = order.required("amazonorderid")?;
        let marketplace = order.object("summary").and_then(|summary| summary.text("marketplaceid"));
        let elsewhere = marketplace.is_some_and(|id| !self.reads(&id));
        if elsewhere || !self.concerns(order.text("sellerid")) {
            return Ok(Vec::new());
        }
        Ok(vec![self.hint("orders", Text::default(), Some(key), Change::Upserted)])
    }

    /// The stream's key has a condition, which the notification does not tell: the marketplace is read.
    fn stock(&self, payload: &Members<'_>) -> Result<Vec<Hint>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct ByMarketplace {
            #[serde(alias = "marketplaceId")]
            marketplace_id: Text,
        }
        payload.required("sku")?;
        let lacking = || {
            Error::new(ErrorKind::InvalidResponse, "the notification lacks a member that its schema requires")
                .context("member", "FulfillmentInventoryByMarketplace")
        };
        let parts = payload.raw("fulfillmentinventorybymarketplace").ok_or_else(lacking)?;
        let parts: Vec<ByMarketplace> =
            serde_json::from_str(parts.get()).map_err(|error| lacking().source(error))?;
        if !self.concerns(payload.text("sellerid")) {
            return Ok(Vec::new());
        }
        let own = parts.into_iter().map(|part| part.marketplace_id).filter(|id| self.reads(id));
        Ok(own.map(|id| self.hint("fba_inventory", id, None, Change::Upserted)).collect())
    }

    fn report(&self, payload: &Members<'_>) -> Result<Vec<Hint>> {
        let inner = payload.object("reportprocessingfinishednotification");
        let report = inner.as_ref().unwrap_or(payload);
        report.required("reportid")?;
        let state = report.required("processingstatus")?;
        let streams: &[&'static str] = match report.required("reporttype")?.as_str() {
            SETTLEMENT_REPORT => &["settlements", "settlement_lines"],
            "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA" => &["returns"],
            "GET_LEDGER_SUMMARY_VIEW_DATA" => &["inventory_ledger"],
            _ => &[],
        };
        if state != "DONE" || !self.concerns(report.text("sellerid")) {
            return Ok(Vec::new());
        }
        let hint = |stream: &&'static str| self.hint(stream, Text::default(), None, Change::Unknown);
        Ok(streams.iter().map(hint).collect())
    }

    fn listing_status(&self, payload: &Members<'_>) -> Result<Vec<Hint>> {
        let states: Vec<Text> = match payload.raw("status") {
            Some(raw) => serde_json::from_str(raw.get()).map_err(|error| {
                Error::new(ErrorKind::InvalidResponse, "the notification's status is no list").source(error)
            })?,
            None => return payload.required("status").map(|_| Vec::new()),
        };
        let deleted = states.iter().any(|state| state.as_str() == "DELETED");
        self.listing(payload, if deleted { Change::Deleted } else { Change::Upserted })
    }

    /// Without a marketplace it concerns each that is read.
    fn listing(&self, payload: &Members<'_>, change: Change) -> Result<Vec<Hint>> {
        let sku = payload.required("sku")?;
        if !self.concerns(payload.text("sellerid")) {
            return Ok(Vec::new());
        }
        let hint = |id: Text| self.hint("listings", id, Some(sku.clone()), change);
        Ok(match payload.text("marketplaceid") {
            Some(id) => Some(id).filter(|id| self.reads(id)).map(hint).into_iter().collect(),
            None => self.account.marketplaces.iter().map(|id| hint(Text::from(id.as_str()))).collect(),
        })
    }

    /// The catalogue has no list of changes: these are all that tells of them before the weekly reading.
    fn catalog_item(&self, payload: &Members<'_>) -> Result<Vec<Hint>> {
        let (asin, marketplace) = (payload.required("asin")?, payload.required("marketplaceid")?);
        let hint = |id: Text| self.hint("catalog_items", id, Some(asin), Change::Upserted);
        Ok(Some(marketplace).filter(|id| self.reads(id)).map(hint).into_iter().collect())
    }

    /// It names no transaction: the increment is read.
    fn transaction(&self, payload: &Members<'_>) -> Result<Vec<Hint>> {
        let inner = payload.object("transactionupdatenotification");
        let transaction = inner.as_ref().unwrap_or(payload);
        transaction.required("posteddate")?;
        let partner = transaction.object("sellingpartnermetadata");
        if !self.concerns(partner.and_then(|partner| partner.text("sellingpartnerid"))) {
            return Ok(Vec::new());
        }
        Ok(vec![self.hint("financial_transactions", Text::default(), None, Change::Upserted)])
    }
}

/// Notifications over HTTP come from the user's own Lambda function or EventBridge API destination, with the token that
/// both sides know.
#[async_trait]
impl Webhooks for Amazon {
    async fn receive(&self, _: &Context, delivery: &Delivery<'_>) -> Result<Pushed> {
        let bearer = delivery.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let given = bearer.or_else(|| delivery.header("x-api-key")).unwrap_or_default();
        // Digests take the same time to compare wherever the token differs, and tell nothing of it.
        let is_ours = self.notification_token.as_ref().is_some_and(|token| {
            Digest::of(token.expose_secret().as_bytes()) == Digest::of(given.as_bytes())
        });
        if !is_ours {
            let message = "the notification does not bear the notification_token; set it at its sender";
            return Err(Error::new(ErrorKind::SignatureInvalid, message));
        }
        self.pushed(delivery.body)
    }
}
