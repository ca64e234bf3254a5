//! Deliveries: their signature, whom they are for, and what they say may have changed.
//!
//! The signature covers the body alone. Topic, shop and ids stand in headers that anybody who once saw a delivery can
//! alter, so the body must fit both, and a deletion is never believed: it is a reason to read.

mod body;
mod topic;

use async_trait::async_trait;
use secrecy::SecretString;
use sentia_core::{
    Context, Error, ErrorKind, Result, Text,
    push::{Delivery, Hint, Notice, Pushed, Webhooks},
    record::Digest,
};

use self::{
    body::Body,
    topic::{Told, Topic},
};
use crate::signature::verifies;

/// Ids and names in headers are some dozen characters; what is longer is none.
const LONGEST: usize = 128;

/// Receives what Shopify delivers.
#[derive(Debug)]
pub(super) struct Receiver {
    /// The secret in force, and the one before it: for an hour after a rotation both sign.
    secrets: Vec<SecretString>,
    /// The shop's own domain, where it is configured.
    shop: Option<String>,
    /// The streams of the catalog.
    streams: Vec<&'static str>,
}

/// One of Shopify's headers. The names without `X-` are those of a newer system, in preview.
fn header<'a>(delivery: &Delivery<'a>, name: &str) -> Option<&'a str> {
    let value = ["x-shopify-", "shopify-"]
        .into_iter()
        .find_map(|family| delivery.headers.get(format!("{family}{name}"))?.to_str().ok())?
        .trim();
    let is_sound = value.len() <= LONGEST && !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic());
    is_sound.then_some(value)
}

fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::SignatureInvalid, message)
}

impl Receiver {
    /// A receiver for `shop`, whose deliveries one of `secrets` signed, with hints at `streams`.
    pub(super) fn new(
        secrets: Vec<SecretString>,
        shop: Option<String>,
        streams: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        Receiver { secrets, shop, streams: streams.into_iter().collect() }
    }

    fn verify(&self, delivery: &Delivery<'_>) -> Result<()> {
        let signature =
            header(delivery, "hmac-sha256").ok_or_else(|| refused("the delivery has no signature"))?;
        // Each secret is tried, so that the time tells nothing of which one fits.
        let fitting = self.secrets.iter().filter(|secret| verifies(secret, delivery.body, signature)).count();
        if fitting > 0 {
            return Ok(());
        }
        Err(refused(
            "the delivery's signature is not one by webhook_secret; check it, and whether it was rotated",
        ))
    }

    fn is_ours(&self, told: &str) -> bool {
        self.shop.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(told))
    }

    /// An app's deliveries for all its shops are signed with one secret.
    fn addressed(&self, delivery: &Delivery<'_>, body: &Body<'_>) -> Result<()> {
        let told = [header(delivery, "shop-domain").map(Text::from), body.shop()];
        match told.into_iter().flatten().find(|told| !self.is_ours(told)) {
            None => Ok(()),
            Some(other) => {
                let message =
                    "the delivery is for another shop; check which address that shop's deliveries go to";
                Err(refused(message).context("shop", other))
            }
        }
    }

    fn pushed(&self, delivery: &Delivery<'_>) -> Result<Pushed> {
        let body = Body::read(delivery.body)?;
        self.addressed(delivery, &body)?;
        let name = header(delivery, "topic").ok_or_else(|| {
            Error::new(ErrorKind::InvalidResponse, "the delivery is genuine and names no topic")
        })?;
        let Some(topic) = Topic::named(name) else { return Ok(Pushed::Unknown(name.to_owned())) };
        let (id, at) = (identity(delivery, topic), body.at().or_else(|| triggered(delivery)));
        let told = topic.read(&body).map_err(|error| error.context("topic", name))?;
        Ok(match told {
            Told::Act(kind, subject) => Pushed::Notice(Notice { id, kind, subject, at }),
            Told::Changed(records) => {
                let known = records.into_iter().filter(|record| self.streams.contains(&record.stream));
                let hint = |record: topic::Touched| Hint {
                    id: id.clone(),
                    stream: record.stream,
                    partition: record.partition,
                    key: record.key,
                    change: record.change,
                    at,
                };
                Pushed::Hints(known.map(hint).collect())
            }
        })
    }
}

/// One event may have several topics and one topic several subscriptions, told apart by name; Shopify's texts disagree on
/// which id stays in a retry, and the event's always does [shopify.dev "Ignore duplicates", "Verify deliveries"]. A
/// delivery with neither id is known by its bytes.
fn identity(delivery: &Delivery<'_>, topic: &Topic) -> Text {
    let event = ["event-id", "webhook-id"].into_iter().find_map(|name| header(delivery, name));
    let event = event.map_or_else(|| Digest::of(delivery.body).to_string(), str::to_owned);
    let name = header(delivery, "name").map(|name| format!("/{name}")).unwrap_or_default();
    format!("{}/{event}{name}", topic.name).into()
}

fn triggered(delivery: &Delivery<'_>) -> Option<chrono::DateTime<chrono::Utc>> {
    body::instant(header(delivery, "triggered-at")?)
}

#[async_trait]
impl Webhooks for Receiver {
    async fn receive(&self, _: &Context, delivery: &Delivery<'_>) -> Result<Pushed> {
        let received = self.verify(delivery).and_then(|()| self.pushed(delivery));
        received.map_err(|error| error.operation("shopify.receive"))
    }
}

#[cfg(test)]
mod tests;
