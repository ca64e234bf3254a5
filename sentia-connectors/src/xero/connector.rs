//! What the connector is, and how it reads one page.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sentia_core::{
    Connector, ConnectorInfo, Context, Decoded, Error, ErrorKind, Fetch, Page, Rejected, Result, Stream,
    Text,
    push::Webhooks,
    record::Document,
    stream::Reading,
    transport::{AppLimits, Limit, Pacing},
};

use super::{
    client::{Client, Endpoint, Paged, Part, Tenant},
    config::{DEFAULT_CALLS_PER_DAY, XeroConfig},
    error::is_missing_scope,
    streams::{Entry, Report, Snapshot, Source, sources},
    webhook::Receiver,
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
    receiver: Option<Receiver>,
    sources: Vec<Source>,
    aged_report_contacts: Vec<String>,
    calls_per_day: u32,
    egress_per_month: Option<u64>,
    /// Whose calls over all organisations are counted together.
    app: Option<String>,
    pacing: Pacing,
}

impl Xero {
    pub(super) fn over(client: Client, config: &XeroConfig) -> Self {
        let aged_report_contacts = config.aged_report_contacts.clone();
        // A report by contact without contacts would be complete without having read anything.
        let wanted = |source: &Source| {
            !aged_report_contacts.is_empty()
                || !matches!(source, Source::Report { report, .. } if report.is_by_contact())
        };
        let sources = sources().into_iter().filter(wanted).collect();
        Xero {
            client,
            receiver: config.webhook_key.clone().map(|key| Receiver::new(key, config.tenant_id.clone())),
            sources,
            aged_report_contacts,
            calls_per_day: config.calls_per_day,
            egress_per_month: config.egress_per_month,
            app: config.client_id.clone(),
            pacing: config.pacing,
        }
    }

    /// The organisations that the credentials reach, to choose `tenant_id` from.
    ///
    /// # Errors
    /// As Xero's table says; `Unauthenticated` when nobody has consented yet.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn tenants(&self, cx: &Context) -> Result<Vec<Tenant>> {
        self.client.tenants(cx).await.map_err(|error| error.operation("xero.tenants"))
    }

    fn source(&self, stream: &str) -> Result<&Source> {
        self.sources.iter().find(|source| source.info().name == stream).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "xero has no such stream; its README lists them")
                .context("stream", stream)
        })
    }

    async fn page(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        let source = self.source(request.stream().name)?;
        match source {
            Source::List { endpoint, entry } => self.list(cx, request, endpoint, &**entry).await,
            Source::Report { report, stream } => self.report(cx, request, *report, stream).await,
        }
        .map_err(|error| match is_missing_scope(&error) {
            true => error.context("scopes", source.info().scopes.join(" ")),
            false => error,
        })
    }

    async fn list(
        &self,
        cx: &Context,
        request: Fetch<'_>,
        endpoint: &Endpoint,
        entry: &dyn Entry,
    ) -> Result<Page> {
        let page = number(request.page())?.unwrap_or(1);
        let is_incremental = entry.info().reading != Reading::Full;
        let since = request.since().filter(|_| is_incremental);
        let part = Part { since, page, size: request.page_size(PAGE_SIZE) };
        let answer = self.client.read(cx, endpoint, part).await?;
        let listing = answer.open(endpoint, part, |walk| entry.decode(walk))?;
        let page = Page::chained(listing.records, listing.next.map(|next| next.to_string()));
        let is_paged = endpoint.paged != Paged::Whole;
        let page = if is_paged { page.numbered().declared(listing.declared) } else { page };
        Ok(page.read_scope(format!("{}; list {}", answer.read_scope, endpoint.path)))
    }

    /// Reads one report, as of today (UTC). Those by contact are read one contact a page, in the configured order.
    async fn report(
        &self,
        cx: &Context,
        request: Fetch<'_>,
        report: Report,
        stream: &Stream<Snapshot>,
    ) -> Result<Page> {
        let day = cx.clock().now().date_naive();
        let at = number(request.page())?.unwrap_or(0);
        let contact = self.aged_report_contacts.get(at as usize).filter(|_| report.is_by_contact());
        let path = report.path(day, contact.map_or("", String::as_str));
        let endpoint = Endpoint { path: path.into(), array: "Reports", paged: Paged::Whole };
        let part = Part { since: None, page: 1, size: PAGE_SIZE };
        let answer = self.client.read(cx, &endpoint, part).await?;
        let key: Text = match contact {
            Some(contact) => format!("{contact}/{day}").into(),
            None => day.to_string().into(),
        };
        let listing = answer.open(&endpoint, part, |walk| {
            let mut decoded = Decoded::default();
            walk.wires(stream, |wire, document| {
                let named = |rejected| Rejected { key: Some(key.clone()), ..rejected };
                decoded.push(wire.map_err(named).and_then(|mut snapshot| {
                    (snapshot.key, snapshot.day) = (key.clone(), Some(day));
                    snapshot.contact = contact.map(|contact| contact.as_str().into());
                    stream.record(&snapshot, Document::new(document))
                }));
            })?;
            Ok(decoded)
        })?;
        let follows = contact.is_some() && at as usize + 1 < self.aged_report_contacts.len();
        let page = Page::chained(listing.records, follows.then(|| (at + 1).to_string()));
        Ok(page.read_scope(answer.read_scope))
    }
}

/// The number that a saved token is.
fn number(token: Option<&str>) -> Result<Option<u64>> {
    token.map(str::parse).transpose().map_err(|e| {
        Error::new(ErrorKind::Unexpected, "the saved page token is not a page number of xero").source(e)
    })
}

/// Calls a minute of one app over all of its organisations [LIMITS].
const APP_MINUTE: u32 = 10_000;

/// The span that egress is counted over: no calendar month is longer by more than a day.
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What every connection has in common: streams and limits, those of an app that is not on the Starter plan.
pub fn catalog() -> ConnectorInfo {
    describe(&sources(), DEFAULT_CALLS_PER_DAY, None)
}

fn describe(sources: &[Source], calls_per_day: u32, egress_per_month: Option<u64>) -> ConnectorInfo {
    let minute = Limit::Calls { calls: 60, per: Duration::from_secs(60) };
    let day = Limit::Calls { calls: calls_per_day, per: Duration::from_secs(24 * 60 * 60) };
    let info = ConnectorInfo::new("xero").limit(minute).limit(day).limit(Limit::Concurrent(5));
    let egress = egress_per_month.map(|bytes| Limit::Bytes { bytes, per: MONTH });
    let info = egress.into_iter().fold(info, ConnectorInfo::limit);
    sources.iter().fold(info, |info, source| info.stream(Arc::clone(source.info())))
}

#[async_trait]
impl Connector for Xero {
    fn info(&self) -> ConnectorInfo {
        let minute = Limit::Calls { calls: APP_MINUTE, per: Duration::from_secs(60) };
        let app = self.app.clone().map(|app| AppLimits { app, limits: vec![minute] });
        let info = describe(&self.sources, self.calls_per_day, self.egress_per_month).pacing(self.pacing);
        app.into_iter().fold(info, ConnectorInfo::app)
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        self.page(cx, request).await.map_err(|error| error.operation("xero.fetch"))
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        self.receiver.as_ref().map(|receiver| receiver as &dyn Webhooks)
    }
}
