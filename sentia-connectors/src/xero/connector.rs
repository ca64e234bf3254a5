//! What the connector is, and how it reads one page.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sentia_core::{
    Connector, ConnectorInfo, Context, Error, ErrorKind, Fetch, Page, Result,
    stream::Reading,
    transport::{Limit, Pacing},
};

use super::{
    client::{Client, Part},
    streams::{Source, catalog},
};

/// Records on a page unless the caller asks for another number. Xero counts calls, not bytes.
const PAGE_SIZE: u32 = 1000;

/// Reads one organisation's books.
///
/// ```
/// use sentia_connectors::xero::Xero;
/// use sentia_core::Connector;
///
/// # fn main() -> sentia_core::Result<()> {
/// let books = Xero::builder().client_id("app").client_secret("secret").build()?;
/// assert_eq!(books.info().vendor, "xero");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Xero {
    client: Client,
    sources: Vec<Source>,
    calls_per_day: u32,
    pacing: Pacing,
}

impl Xero {
    pub(super) fn over(client: Client, calls_per_day: u32, pacing: Pacing) -> Self {
        Xero { client, sources: catalog(), calls_per_day, pacing }
    }

    async fn page(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        let stream = request.stream().name;
        let source = self.sources.iter().find(|source| source.info().name == stream).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "xero has no such stream; its README lists them")
                .context("stream", stream)
        })?;
        let page = match request.page() {
            Some(token) => token.parse().map_err(|e| {
                Error::new(ErrorKind::Unexpected, "the saved page token is not a page number of xero")
                    .source(e)
            })?,
            None => 1,
        };
        let is_incremental = source.info().reading != Reading::Full;
        let since = request.since().filter(|_| is_incremental);
        let part = Part { since, page, size: request.page_size(PAGE_SIZE) };
        let listing = self.client.read(cx, source.endpoint, part).await?;
        let records = source.decode_all(listing.documents);
        let page = match listing.next {
            Some(next) => Page::more(records, next.to_string()),
            None => Page::last(records),
        };
        let page = if source.endpoint.paged { page.numbered().declared(listing.declared) } else { page };
        Ok(page.read_scope(format!("{}; list {}", listing.read_scope, source.endpoint.path)))
    }
}

#[async_trait]
impl Connector for Xero {
    fn info(&self) -> ConnectorInfo {
        let minute = Limit::Calls { calls: 60, per: Duration::from_secs(60) };
        let day = Limit::Calls { calls: self.calls_per_day, per: Duration::from_secs(24 * 60 * 60) };
        let info = ConnectorInfo::new("xero")
            .limit(minute)
            .limit(day)
            .limit(Limit::Concurrent(5))
            .pacing(self.pacing);
        self.sources.iter().fold(info, |info, source| info.stream(Arc::clone(source.info())))
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        self.page(cx, request).await.map_err(|error| error.operation("xero.fetch"))
    }
}
