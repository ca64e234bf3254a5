//! What a connector makes of what its vendor pushes.

use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::{ConnectorFixture, Reader};
use crate::{
    ErrorKind, Result,
    push::{Delivery, Hint, Pushed},
};

/// A delivery as a vendor sends it.
#[derive(Debug, Clone)]
pub struct Push {
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's query, without `?`.
    pub query: String,
    /// The request's body.
    pub body: Bytes,
    /// When it comes in.
    pub received: DateTime<Utc>,
}

/// What proves that a delivery is genuine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A signature over the body, in a header.
    Signature,
    /// A secret that each delivery repeats, in a header.
    HeaderSecret,
    /// A secret that each delivery repeats, in the body.
    BodySecret,
}

/// Deliveries for one connector.
#[derive(Debug, Clone)]
pub struct Pushes {
    /// How they are proved.
    pub proof: Proof,
    /// A genuine delivery that concerns a stream of the connector.
    pub genuine: Push,
    /// Another genuine one, of another event.
    pub other: Push,
    /// What somebody without the secret could send: another secret's, at least.
    pub forged: Vec<Push>,
}

impl Pushes {
    /// The fixture's forgeries, and those that follow from how deliveries are proved.
    fn forgeries(&self) -> Vec<Push> {
        let bare = Push { headers: HeaderMap::new(), ..self.genuine.clone() };
        // One more space is the same JSON and other bytes.
        let longer = Push { body: [&self.genuine.body[..], b" "].concat().into(), ..self.genuine.clone() };
        let swapped = Push { body: self.other.body.clone(), ..self.genuine.clone() };
        let derived = match self.proof {
            Proof::Signature => vec![bare, longer, swapped],
            Proof::HeaderSecret => vec![bare],
            Proof::BodySecret => Vec::new(),
        };
        assert!(!self.forged.is_empty(), "a fixture that pushes supplies forgeries");
        self.forged.iter().cloned().chain(derived).collect()
    }
}

/// None where the connector receives nothing: then there is nothing to prove.
async fn pushes(fixture: &impl ConnectorFixture, reader: &Reader) -> Option<Pushes> {
    let pushes = fixture.pushes().await;
    let receives = reader.connector.webhooks().is_some();
    assert_eq!(
        receives,
        pushes.is_some(),
        "a connector that receives what is pushed shows it with its fixture"
    );
    pushes
}

async fn receive(reader: &Reader, push: &Push) -> Result<Pushed> {
    let delivery =
        Delivery { headers: &push.headers, query: &push.query, body: &push.body, received: push.received };
    reader.connector.webhooks().expect("it was asked before").receive(&reader.cx, &delivery).await
}

async fn hints(reader: &Reader, push: &Push) -> Vec<Hint> {
    match receive(reader, push).await {
        Ok(Pushed::Hints(hints)) => hints,
        other => panic!("a genuine delivery gives hints: {other:?}"),
    }
}

/// A genuine delivery becomes hints that name streams of the connector and the event.
pub async fn a_genuine_delivery_becomes_hints(fixture: impl ConnectorFixture) {
    let reader = Reader::new(&fixture);
    let Some(pushes) = pushes(&fixture, &reader).await else { return };
    let streams: BTreeSet<_> = reader.connector.info().streams.iter().map(|stream| stream.name).collect();
    for push in [&pushes.genuine, &pushes.other] {
        let hints = hints(&reader, push).await;
        assert!(!hints.is_empty(), "{push:?}");
        for hint in hints {
            assert!(streams.contains(hint.stream), "no stream of the catalog: {hint:?}");
            assert!(!hint.id.is_empty() && hint.key.as_ref().is_none_or(|key| !key.is_empty()), "{hint:?}");
        }
    }
}

/// What was not sent by the vendor, or not so, is refused, and the refusal tells no secret.
pub async fn a_forged_delivery_is_refused(fixture: impl ConnectorFixture) {
    let reader = Reader::new(&fixture);
    let Some(pushes) = pushes(&fixture, &reader).await else { return };
    hints(&reader, &pushes.genuine).await;
    for push in pushes.forgeries() {
        let error = receive(&reader, &push).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::SignatureInvalid, "{push:?}: {error:?}");
        let printed = format!("{error} {error:?}");
        assert!(fixture.secrets().iter().all(|secret| !printed.contains(secret)), "a secret shows");
    }
}

/// A delivery that comes again is the same event by its ids, and no other event is.
pub async fn a_replayed_delivery_is_the_same_event(fixture: impl ConnectorFixture) {
    let reader = Reader::new(&fixture);
    let Some(pushes) = pushes(&fixture, &reader).await else { return };
    let first = hints(&reader, &pushes.genuine).await;
    assert_eq!(hints(&reader, &pushes.genuine).await, first);
    // Also for a connector that knows nothing of the first.
    assert_eq!(hints(&Reader::new(&fixture), &pushes.genuine).await, first);
    let others = hints(&reader, &pushes.other).await;
    assert!(others.iter().all(|other| first.iter().all(|hint| hint.id != other.id)), "{first:?} {others:?}");
}
