//! What Shopify is, and what is on the next page.

use async_trait::async_trait;
use sentia_core::{
    Connector, ConnectorInfo, Context, Fetch, Page, Result, StreamInfo,
    push::Webhooks,
    transport::{Limit, Pacing},
};

use super::{client::Client, streams::Catalog, webhook::Receiver};

/// The bucket of a standard plan. Every answer says what it really is, and the transport follows it.
const BUCKET: Limit = Limit::Points { maximum: 2000.0, restore_per_second: 100.0 };

/// Reads one Shopify store.
///
/// One connection is one shop domain: a merchant who sells in the UK and in the USA through two stores connects
/// two, each with its own token, currency, time zone and rate limit.
///
/// ```
/// use sentia_connectors::shopify::Shopify;
/// use sentia_core::Connector;
///
/// let shop = Shopify::builder().shop("acme.myshopify.com").access_token("shpat_secret").build()?;
/// assert_eq!(shop.info().vendor, "shopify");
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Shopify {
    pub(super) client: Client,
    catalog: Catalog,
    receiver: Option<Receiver>,
    pacing: Pacing,
}

impl Shopify {
    pub(super) fn over(client: Client, receiver: Option<Receiver>, pacing: Pacing) -> Self {
        Shopify { client, catalog: Catalog::new(), receiver, pacing }
    }
}

/// What every connection has in common: streams, and the bucket of a standard plan.
pub fn catalog() -> ConnectorInfo {
    Catalog::new().describe(ConnectorInfo::new("shopify").limit(BUCKET))
}

#[async_trait]
impl Connector for Shopify {
    fn info(&self) -> ConnectorInfo {
        self.catalog.describe(ConnectorInfo::new("shopify").limit(BUCKET).pacing(self.pacing))
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        self.catalog.fetch(&self.client, cx, request).await
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        self.receiver.as_ref().map(|receiver| receiver as &dyn Webhooks)
    }

    async fn size(&self, cx: &Context, stream: &StreamInfo) -> Result<Option<u64>> {
        match Catalog::export(stream.name) {
            Some(export) => export.size(&self.client, cx).await,
            None => Ok(None),
        }
    }
}
