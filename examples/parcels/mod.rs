//! The connector: everything that knows the vendor, and nothing else.

pub(crate) mod api;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sentia::{
    Connector, ConnectorInfo, Context, Error, ErrorKind, Exact, Fetch, Fields, Page, Result, Stream, Text,
    Version,
    transport::{Limit, Response, body_excerpt},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

/// A shipment, as far as its columns need it. The whole document is stored anyway.
#[derive(Deserialize)]
struct Shipment {
    id: Text,
    status: Text,
    updated_at: Text,
    carrier: Option<Text>,
    cost: Option<Exact>,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize, Clone)]
struct Item {
    sku: Option<Text>,
    quantity: Option<Exact>,
}

fn shipments() -> Stream<Shipment> {
    Stream::new("shipments", "id", |shipment: &Shipment| shipment.id.clone())
        .describe("a shipment with what it holds")
        .version(|shipment| Some(Version::at(shipment.updated_at.clone(), shipment.updated_at.parse().ok()?)))
        .incremental("updated_at", Duration::from_secs(120))
        .deleted_when(|shipment| &*shipment.status == "cancelled")
        .max_page(100)
        .columns(
            Fields::new()
                .text("status", |shipment: &Shipment| Some(shipment.status.clone()))
                .text("carrier", |shipment| shipment.carrier.clone())
                .amount("cost", |shipment| shipment.cost),
        )
        .children(
            "shipment_items",
            |shipment| Cow::Borrowed(&shipment.items),
            Fields::new()
                .text("sku", |item: &Item| item.sku.clone())
                .decimal("quantity", |item| item.quantity),
        )
}

/// Reads shipments from Parcels.
#[derive(Debug)]
pub(crate) struct Parcels {
    base_url: String,
    client_id: String,
    client_secret: SecretString,
    token: Mutex<Option<SecretString>>,
    shipments: Stream<Shipment>,
}

impl Parcels {
    /// A connector of the API at `base_url`.
    pub(crate) fn new(base_url: &str, client_id: &str, client_secret: SecretString) -> Self {
        Parcels {
            base_url: base_url.to_owned(),
            client_id: client_id.to_owned(),
            client_secret,
            token: Mutex::default(),
            shipments: shipments(),
        }
    }
}

#[async_trait]
impl Connector for Parcels {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("parcels")
            .stream(self.shipments.info().clone())
            .limit(Limit::Calls { calls: 10, per: Duration::from_secs(1) })
            .limit(Limit::Concurrent(2))
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        let response = self.get(cx, &request).await?;
        let answer: Answer<'_> = serde_json::from_slice(&response.body)
            .map_err(|error| response.invalid("the answer holds no shipments").source(error))?;
        Ok(Page::chained(self.shipments.decode_list(&response.body, answer.shipments)?, answer.next))
    }
}

/// What the vendor wraps around a page.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    shipments: &'a RawValue,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
}

impl Parcels {
    /// Asks for one page; a token that has ended is renewed once.
    async fn get(&self, cx: &Context, request: &Fetch<'_>) -> Result<Response> {
        let get = |token: &SecretString| {
            cx.http()
                .get(format!("{}/shipments", self.base_url))
                .secret_header("authorization", "Bearer ", token)
                .query("limit", request.page_size(100))
                .query_opt("updated_since", request.since())
                .query_opt("after", request.page())
                .classify(parcels_errors)
                .send()
        };
        let token = self.token(cx, None).await?;
        match get(&token).await {
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                get(&self.token(cx, Some(&token)).await?).await
            }
            outcome => outcome,
        }
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
}

impl Parcels {
    /// The token to use, another one than `refused`. Of all callers refused with the same token the first obtains a
    /// new one, and the others are given that.
    async fn token(&self, cx: &Context, refused: Option<&SecretString>) -> Result<SecretString> {
        let mut cached = self.token.lock().await;
        let is_refused =
            |token: &SecretString| refused.is_some_and(|used| used.expose_secret() == token.expose_secret());
        if let Some(token) = cached.as_ref().filter(|token| !is_refused(token)) {
            return Ok(token.clone());
        }
        let secret = self.client_secret.expose_secret();
        let response = cx
            .http()
            .post(format!("{}/token", self.base_url))
            .form(&[("client_id", &self.client_id), ("client_secret", secret)])
            .repeatable()
            .send()
            .await?;
        let granted: Granted = serde_json::from_slice(&response.body)
            .map_err(|_| Error::new(ErrorKind::InvalidResponse, "the answer holds no token").temporary())?;
        Ok(cached.insert(granted.access_token).clone())
    }
}

/// The vendor's statuses, each as what it means and what to do.
fn parcels_errors(response: &mut Response) -> Result<()> {
    let (kind, message) = match response.status.as_u16() {
        200..=299 => return Ok(()),
        401 => (ErrorKind::Unauthenticated, "parcels refuses the credentials; correct them"),
        402 => (ErrorKind::QuotaExhausted, "the plan's calls are spent; they come back tomorrow"),
        403 => (ErrorKind::PermissionDenied, "the app lacks the scope shipments:read; grant it"),
        429 => (ErrorKind::RateLimited, "too many calls"),
        500..=599 => (ErrorKind::Unavailable, "parcels is down"),
        _ => (ErrorKind::InvalidResponse, "parcels refused the request"),
    };
    let error = Error::new(kind, message)
        .context("status", response.status.as_u16())
        .context("body", body_excerpt(&response.body));
    Err(response.retry_after().into_iter().fold(error, Error::retry_after))
}
