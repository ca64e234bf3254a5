//! Deliveries: their signature, their age, and what they say may have changed.
//!
//! A signature is over `<timestamp>.<raw body>`, in base64. Two public receivers compare a hexadecimal one over the body
//! alone; a delivery that is signed so is refused.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use sentia_core::{
    Context, Error, ErrorKind, Result, Text,
    push::{Change, Delivery, Hint, Pushed, Webhooks},
    record::Digest,
    transport::body_excerpt,
};

use super::{date, loose::Loose, subscription::key_name};
use crate::signature::verifies;

/// How far a delivery's time may be from ours, either way.
const MAX_AGE: Duration = Duration::seconds(300);

const STOCK: &str = "stockonhand";

/// Objects of events, in lower case and without separators, with the stream of each. A record's GUID is in
/// `<object>Guid`.
const OBJECTS: [(&str, &str); 17] = [
    ("assembly", "assemblies"),
    ("billofmaterials", "bills_of_materials"),
    ("batchnumber", "batch_numbers"),
    ("creditnote", "credit_notes"),
    ("customer", "customers"),
    ("invoice", "sales_invoices"),
    ("product", "products"),
    ("purchaseorder", "purchase_orders"),
    ("salesinvoice", "sales_invoices"),
    ("salesorder", "sales_orders"),
    ("salesshipment", "sales_shipments"),
    ("stockadjustment", "stock_adjustments"),
    ("stockcount", "stock_counts"),
    (STOCK, "stock_totals"),
    ("supplier", "suppliers"),
    ("warehouse", "warehouses"),
    ("warehousestocktransfer", "warehouse_transfers"),
];

/// Receives what Unleashed delivers.
#[derive(Debug)]
pub(super) struct Receiver {
    configured: Option<SecretString>,
}

impl Receiver {
    /// A receiver that knows the key of a subscription made elsewhere, and otherwise those in the vault.
    pub(super) fn new(configured: Option<SecretString>) -> Self {
        Receiver { configured }
    }

    /// The keys that may have signed a delivery of this subscription.
    async fn keys(&self, cx: &Context, body: &[u8]) -> Result<Vec<SecretString>> {
        let mut keys: Vec<SecretString> = self.configured.iter().cloned().collect();
        // The id is read before it is verified, and used to choose a key and for nothing else.
        let id = Loose::read(body).ok().and_then(|members| members.text("subscriptionid"));
        let name = id.and_then(|id| key_name(cx, &id));
        if let (Some(name), Ok(vault)) = (name, cx.vault()) {
            keys.extend(vault.get(&name).await?.map(|(key, _)| key));
        }
        Ok(keys)
    }

    async fn verify(&self, cx: &Context, delivery: &Delivery<'_>) -> Result<()> {
        let refused = |message: &'static str| Error::new(ErrorKind::SignatureInvalid, message);
        let header = |name: &str| delivery.header(name).map(str::trim);
        let timestamp =
            header("x-unleashed-timestamp").ok_or_else(|| refused("the delivery has no timestamp"))?;
        let signature =
            header("x-unleashed-signature").ok_or_else(|| refused("the delivery has no signature"))?;
        let sent = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let sent = sent.ok_or_else(|| refused("the delivery's timestamp is not a number of seconds"))?;
        if (delivery.received - sent).abs() > MAX_AGE {
            let message = "the delivery is not of the last five minutes; check this machine's clock";
            return Err(refused(message).context("sent", sent));
        }
        let message = [timestamp.as_bytes(), b".", delivery.body].concat();
        let keys = self.keys(cx, delivery.body).await?;
        if keys.is_empty() {
            let message = "no key of this subscription is known; make it with `subscribe` or set webhook_key";
            return Err(refused(message));
        }
        if keys.iter().any(|key| verifies(key, &message, signature)) {
            return Ok(());
        }
        Err(refused("the delivery's signature is not that of its subscription"))
    }
}

#[async_trait]
impl Webhooks for Receiver {
    async fn receive(&self, cx: &Context, delivery: &Delivery<'_>) -> Result<Pushed> {
        self.verify(cx, delivery).await.map_err(|error| error.operation("unleashed.receive"))?;
        pushed(delivery.body).map_err(|error| error.operation("unleashed.receive"))
    }
}

/// What a verified delivery says.
fn pushed(body: &[u8]) -> Result<Pushed> {
    let unreadable = |message: &'static str| {
        Error::new(ErrorKind::InvalidResponse, message).context("body", body_excerpt(body))
    };
    let members = Loose::read(body).map_err(|e| unreadable("the delivery is not an object").source(e))?;
    let event = members.text("eventtype").ok_or_else(|| unreadable("the delivery names no event"))?;
    let (object, change) = change_of(&event);
    let Some((object, stream)) = OBJECTS.iter().find(|(known, _)| *known == object) else {
        return Ok(Pushed::Unknown(event.as_str().to_owned()));
    };
    let created = members.text("createdon").map(|text| date::instant(&text));
    let at: Option<DateTime<Utc>> = created.and_then(|at| at.ok().flatten());
    // The same event delivered again has the same id; without one its bytes stand for it.
    let id = members.text("eventnotificationid").unwrap_or_else(|| Digest::of(body).to_string().into());
    let key = members.raw("data").and_then(|data| guid_of(data, object));
    let hint = Hint { id, stream, partition: Text::default(), key, change, at };
    let mut hints = vec![hint];
    if *object == STOCK {
        // The rows of the warehouses changed too; the event does not say of which.
        let id = format!("{}/warehouses", hints[0].id).into();
        hints.push(Hint {
            id,
            stream: "stock_on_hand",
            key: None,
            change: Change::Unknown,
            ..hints[0].clone()
        });
    }
    Ok(Pushed::Hints(hints))
}

/// The object of an event type and what happened to it: `SalesOrder.Updated` and `salesorder.updated` are one.
fn change_of(event: &str) -> (String, Change) {
    let event = event.to_ascii_lowercase();
    let (object, verb) = event.rsplit_once('.').unwrap_or((&event, ""));
    let change = match verb {
        "created" | "updated" => Change::Upserted,
        "deleted" => Change::Deleted,
        _ => Change::Unknown,
    };
    (object.chars().filter(char::is_ascii_alphanumeric).collect(), change)
}

/// The record's GUID in `data`, which is an object or a string that holds one.
fn guid_of(data: &str, object: &str) -> Option<Text> {
    let inner: String;
    let data = if data.starts_with('"') {
        inner = serde_json::from_str(data).ok()?;
        &inner
    } else {
        data
    };
    let members = Loose::read(data.as_bytes()).ok()?;
    let named = format!("{object}guid");
    // A stock event names its product.
    let of_product = if object == STOCK { Some("productguid") } else { None };
    let guid = [Some(&*named), of_product, Some("guid")]
        .into_iter()
        .flatten()
        .find_map(|name| members.text(name))?;
    Some(guid.trim().to_ascii_lowercase().into())
}

#[cfg(test)]
mod tests;
