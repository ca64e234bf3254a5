//! One page: fetched on a task of its own, judged by the rules, so that it is ready when the page before is durable.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::rules::Rules;
use crate::{
    Connector, Context, Error, ErrorKind, Result,
    cursor::Window,
    page::{Fetch, Page, PageToken, Route},
    stream::StreamInfo,
    sync::AbortOnDropHandle,
    transport::{Meter, Usage},
};

/// How often a page is asked for again when its answer was broken: a body cut off on its way reads well the next
/// time (tap-xero 2.1.0 retries a 200 whose JSON is cut off).
const BROKEN_ANSWERS: u32 = 2;

/// What is needed to fetch any page of one partition.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) vendor: &'static str,
    pub(super) cx: Context,
    pub(super) info: Arc<StreamInfo>,
    pub(super) partition: Arc<str>,
    pub(super) rules: Arc<Rules>,
    pub(super) meter: Meter,
    pub(super) page_size: Option<u32>,
}

/// A page with what is known about its fetch.
///
/// `started` orders records of equal version; `vendor_clock` is the first `Date` received, which bounds the window.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) page: Page,
    pub(super) started: DateTime<Utc>,
    pub(super) vendor_clock: Option<DateTime<Utc>>,
    pub(super) usage: Usage,
}

/// What of a window says which page is meant.
struct Place {
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    resume: Option<PageToken>,
    token: Option<PageToken>,
    route: Route,
}

impl Fetcher {
    /// Begins to fetch the window's next page. Dropping the handle abandons it.
    ///
    /// An error names vendor, stream, partition and page.
    pub(super) fn begin(&self, window: &Window) -> AbortOnDropHandle<Result<Fetched>> {
        let fetcher = self.clone();
        let place = Place {
            since: window.since,
            until: window.until,
            resume: window.resume.clone(),
            token: window.token.clone(),
            route: window.route,
        };
        let page = window.pages + 1;
        AbortOnDropHandle::new(tokio::spawn(async move {
            let located = |error: Error| {
                let error =
                    error.operation(format!("{}.fetch", fetcher.vendor)).context("stream", fetcher.info.name);
                let error = if fetcher.partition.is_empty() {
                    error
                } else {
                    error.context("partition", &fetcher.partition)
                };
                error.context("page", page)
            };
            fetcher.fetch(place).await.map_err(located)
        }))
    }

    /// How many records a full read holds, and what asking cost.
    pub(super) async fn size(&self) -> (Result<Option<u64>>, Usage) {
        let before = self.meter.usage();
        let size = self.connector.size(&self.cx.for_stream(&self.info), &self.info).await;
        (size, self.meter.usage().since(before))
    }

    async fn fetch(&self, place: Place) -> Result<Fetched> {
        let before = self.meter.usage();
        let cx = self.cx.for_stream(&self.info);
        let request = Fetch::new(&self.info)
            .of_partition(&self.partition)
            .changed_since(place.since)
            .changed_until(place.until)
            .resumed_from(place.resume.as_ref())
            .at(place.token.as_ref())
            .sized(self.page_size)
            .by(place.route);
        let mut broken = 0;
        let (started, mut page) = loop {
            crate::stage::pass("fetch.before");
            let started = cx.clock().now();
            match self.connector.fetch(&cx, request).await {
                Ok(page) => break (started, page),
                Err(error)
                    if error.is_temporary()
                        && error.kind() == ErrorKind::InvalidResponse
                        && broken < BROKEN_ANSWERS =>
                {
                    broken += 1;
                    tracing::info!(stream = self.info.name, %error, "broken answer; asking again");
                    cx.clock().sleep(Duration::from_secs(u64::from(broken))).await;
                }
                Err(error) => return Err(error.exhausted()),
            }
        };
        self.check(&page)?;
        self.rules.judge(&self.info, &mut page.decoded)?;
        // Digests are computed here, beside the commit of the page before.
        for record in page.records() {
            let _ = record.digest();
        }
        let usage = self.meter.usage().since(before);
        Ok(Fetched { page, started, vendor_clock: cx.http().vendor_clock(), usage })
    }

    /// A record that does not fit its stream's declaration is a defect of the connector, found before the database
    /// finds it.
    fn check(&self, page: &Page) -> Result<()> {
        let fits = page.records().iter().all(|record| {
            let children = record.children.iter().zip(&self.info.children);
            !record.key.is_empty()
                && record.values.len() == self.info.columns.len()
                && record.children.len() == self.info.children.len()
                && children
                    .into_iter()
                    .all(|(rows, info)| rows.iter().all(|row| row.len() == info.columns.len()))
        });
        if fits {
            return Ok(());
        }
        let message =
            "a record has no key or other columns than its stream declares; report a defect of the connector";
        Err(Error::new(ErrorKind::Unexpected, message))
    }
}
