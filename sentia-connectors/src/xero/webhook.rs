//! Deliveries: their signature, the intent to receive, and what they say may have changed.
//!
//! The signing key looks like base64 and is used as text. It covers the raw bytes with Xero's own spacing, and the wrong
//! signatures of the validation differ from right ones in a single character.
//!
//! Only contacts, invoices and credit notes are told of; every other stream is read by change alone. An answer must be
//! 200 or 401 within five seconds, with an empty body and without cookies [documentation/webhooks].

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, NaiveDateTime, Utc};
use secrecy::SecretString;
use sentia_core::{
    Context, Error, ErrorKind, Result, Text,
    push::{Change, Delivery, Hint, Pushed, Webhooks},
    transport::body_excerpt,
};
use serde::Deserialize;

use crate::signature::verifies;

/// Categories of events with the stream of each.
const CATEGORIES: [(&str, &str); 3] =
    [("CONTACT", "contacts"), ("INVOICE", "invoices"), ("CREDITNOTE", "credit_notes")];

/// Receives what Xero delivers to the app, for one organisation.
#[derive(Debug)]
pub(super) struct Receiver {
    key: SecretString,
    /// The organisation, where it is configured.
    tenant: Option<String>,
}

#[derive(Deserialize)]
struct Collection {
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    resource_id: Text,
    tenant_id: Text,
    event_category: Text,
    #[serde(default)]
    event_type: Text,
    #[serde(default)]
    event_date_utc: Text,
}

impl Event {
    fn stream(&self) -> Option<&'static str> {
        let of = |(category, _): &&(&str, &str)| self.event_category.eq_ignore_ascii_case(category);
        CATEGORIES.iter().find(of).map(|(_, stream)| *stream)
    }

    /// Sequences have gaps and repeats, and nobody says what they count; this tells one event from another.
    fn identity(&self) -> Text {
        let kind = self.event_type.to_ascii_uppercase();
        format!("{}/{}/{kind}/{}", self.tenant_id, self.resource_id, self.event_date_utc).into()
    }

    /// The time has no zone, and is UTC.
    fn at(&self) -> Option<DateTime<Utc>> {
        let text = self.event_date_utc.trim_end_matches('Z');
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|at| at.and_utc())
    }

    /// Archiving and voiding are updates; nothing is ever said to be deleted.
    fn hint(&self) -> Option<Hint> {
        let is_known = ["CREATE", "UPDATE"].iter().any(|kind| self.event_type.eq_ignore_ascii_case(kind));
        Some(Hint {
            id: self.identity(),
            stream: self.stream()?,
            partition: Text::default(),
            key: Some(self.resource_id.clone()),
            change: if is_known { Change::Upserted } else { Change::Unknown },
            at: self.at(),
        })
    }
}

impl Receiver {
    /// A receiver of what `key` signed, for the organisation `tenant` where it is configured.
    pub(super) fn new(key: SecretString, tenant: Option<String>) -> Self {
        Receiver { key, tenant }
    }

    fn verify(&self, delivery: &Delivery<'_>) -> Result<()> {
        let refused = |message| Err(Error::new(ErrorKind::SignatureInvalid, message));
        match delivery.header("x-xero-signature") {
            None => refused("the delivery has no signature"),
            Some(signature) if verifies(&self.key, delivery.body, signature) => Ok(()),
            Some(_) => {
                refused("the delivery's signature is not one by webhook_key; check the key in Xero's portal")
            }
        }
    }

    /// One delivery may hold events of all organisations that the app is connected to.
    fn concerns(&self, event: &Event) -> bool {
        self.tenant.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(&event.tenant_id))
    }

    fn pushed(&self, body: &[u8]) -> Result<Pushed> {
        let read: Collection = serde_json::from_slice(body).map_err(|error| {
            Error::new(ErrorKind::InvalidResponse, "the delivery is genuine and no list of events")
                .context("body", body_excerpt(body))
                .source(error)
        })?;
        if read.events.is_empty() {
            return Ok(Pushed::Handshake { content_type: "text/plain", body: Bytes::new() });
        }
        let hints: Vec<Hint> =
            read.events.iter().filter(|event| self.concerns(event)).filter_map(Event::hint).collect();
        let unknown = read.events.iter().find(|event| event.stream().is_none());
        Ok(match unknown {
            Some(event) if hints.is_empty() => Pushed::Unknown(event.event_category.to_string()),
            _ => Pushed::Hints(hints),
        })
    }
}

#[async_trait]
impl Webhooks for Receiver {
    async fn receive(&self, _: &Context, delivery: &Delivery<'_>) -> Result<Pushed> {
        let received = self.verify(delivery).and_then(|()| self.pushed(delivery.body));
        received.map_err(|error| error.operation("xero.receive"))
    }
}

#[cfg(test)]
mod tests;
