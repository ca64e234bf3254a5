//! A connector answers two questions, what am I and what is on the next page; the engine does everything else.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::{
    Error, ErrorKind, Result,
    context::Context,
    page::{Fetch, Page},
    push::Webhooks,
    stream::{StreamInfo, identifier},
    transport::{AppLimits, Limit, Pacing},
};

/// Reads one vendor's API.
///
/// Two functions are required; the engine loops, waits, retries, judges and commits. `examples/custom_connector.rs` is a
/// whole one over HTTP. Without a network it is:
///
/// ```
/// use async_trait::async_trait;
/// use sentia_core::{
///     ColumnKind, Connector, ConnectorInfo, Context, Decoded, Fetch, Page, Result, StreamInfo, json_record::json_record,
/// };
///
/// #[derive(Debug)]
/// struct Days;
///
/// #[async_trait]
/// impl Connector for Days {
///     fn info(&self) -> ConnectorInfo {
///         let days = StreamInfo::new("days").key(&["name"]).column("weekday", ColumnKind::Integer);
///         ConnectorInfo::new("calendar").stream(days)
///     }
///
///     async fn fetch(&self, _: &Context, request: Fetch<'_>) -> Result<Page> {
///         let mut days = Decoded::default();
///         days.push(json_record::<serde_json::Value>(request.stream(), r#"{"name":"Monday","weekday":1}"#.into()));
///         Ok(Page::last(days))
///     }
/// }
/// # Days.info().validate()?;
/// # Ok::<(), sentia_core::Error>(())
/// ```
///
/// # Behavior
/// - `fetch` is stateless: position in, records and next position out. The same request twice reads the same page.
/// - It MAY make a bounded number of calls to complete its records. It MUST NOT loop over pages, sleep, retry,
///   log progress or save anything.
/// - A document it cannot read MUST come back in [`Decoded::rejected`](crate::Decoded), never vanish.
/// - Errors MUST be classified by the vendor's table; an expired token is refreshed once, then `Unauthenticated`.
/// - Dropping the future at any await MUST lose nothing.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connector",
    note = "implement `info` and `fetch`; docs/concepts.md shows the smallest connector"
)]
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// What this connector is: data the engine branches on, never the connector's name.
    ///
    /// It is asked several times and must answer the same each time.
    fn info(&self) -> ConnectorInfo;

    /// Reads one page.
    ///
    /// The engine calls it on a task of its own, one page of a connection at a time, while the page before is committed. A
    /// page whose body was cut off (`InvalidResponse`, temporary) is asked for twice more.
    ///
    /// # Errors
    /// As the vendor's table says; the engine adds stream, partition and page.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page>;

    /// What reads the vendor's notifications, for vendors that push.
    ///
    /// Default: none. A push is a hint; every stream keeps its reconciling read.
    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }

    /// How many records a full read of `stream` holds, as far as the vendor tells by one cheap call.
    ///
    /// The engine asks for it where a stream declares an [`Export`](crate::stream::Export), when it opens a window for
    /// everything. It chooses the route by the answer, and does not believe a list of pages that ends before so many records
    /// were seen. A vendor that stops counting somewhere has at least so many: a cap below the export's `from_records` is no
    /// answer, and neither is a count of more than the list shows. Default: none, and the stream is read page by page.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch). A size that cannot be had fails nothing: the stream is then read page by page.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn size(&self, cx: &Context, stream: &StreamInfo) -> Result<Option<u64>> {
        let _ = (cx, stream);
        Ok(None)
    }

    /// Makes the cheapest authorized call: the first page of the first stream, one record long.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    async fn check(&self, cx: &Context) -> Result<()> {
        let info = self.info();
        match info.streams.iter().find(|stream| stream.partitioned_by.is_none()) {
            Some(stream) => self.fetch(cx, Fetch::new(stream).sized(Some(1))).await.map(drop),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl<C: Connector + ?Sized> Connector for Arc<C> {
    fn info(&self) -> ConnectorInfo {
        (**self).info()
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        (**self).fetch(cx, request).await
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        (**self).webhooks()
    }

    async fn size(&self, cx: &Context, stream: &StreamInfo) -> Result<Option<u64>> {
        (**self).size(cx, stream).await
    }

    async fn check(&self, cx: &Context) -> Result<()> {
        (**self).check(cx).await
    }
}

/// What a connector is, as data.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::{ConnectorInfo, StreamInfo, transport::Limit};
///
/// let info = ConnectorInfo::new("rates")
///     .stream(StreamInfo::new("daily").key(&["date", "currency"]))
///     .limit(Limit::Calls { calls: 60, per: Duration::from_secs(60) })
///     .limit(Limit::Concurrent(5));
/// info.validate()?;
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConnectorInfo {
    /// The vendor, in snake_case: tables are named `<vendor>_<stream>`.
    pub vendor: &'static str,
    /// The streams, in the order they are read: parents before those they partition.
    pub streams: Vec<Arc<StreamInfo>>,
    /// The vendor's limits for one connection.
    pub limits: Vec<Limit>,
    /// Its limits for the app over all connections, where it has such.
    pub app: Option<AppLimits>,
    /// Whether they are kept.
    pub pacing: Pacing,
}

impl ConnectorInfo {
    /// A connector of `vendor` without streams yet.
    pub fn new(vendor: &'static str) -> Self {
        ConnectorInfo { vendor, streams: Vec::new(), limits: Vec::new(), app: None, pacing: Pacing::Vendor }
    }

    /// Adds a stream.
    #[must_use]
    pub fn stream(mut self, stream: impl Into<Arc<StreamInfo>>) -> Self {
        self.streams.push(stream.into());
        self
    }

    /// Adds a limit.
    ///
    /// All limits hold together; a call waits for the slowest.
    #[must_use]
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// Names the limits of the app over all of its connections.
    #[must_use]
    pub fn app(mut self, app: AppLimits) -> Self {
        self.app = Some(app);
        self
    }

    /// Keeps the limits or not; see [`Pacing::check`].
    #[must_use]
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Checks every name before it becomes an identifier.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming stream and column.
    pub fn validate(&self) -> Result<()> {
        identifier(self.vendor)?;
        self.streams.iter().try_for_each(|stream| {
            stream.validate()?;
            let children = stream.children.iter().map(|child| child.name);
            children.chain([stream.name]).try_for_each(|name| self.table_name_fits(name))
        })
    }

    /// PostgreSQL cuts names after 63 bytes, and a sequence's name is the table's and seven more.
    fn table_name_fits(&self, name: &str) -> Result<()> {
        let length = self.vendor.len() + 1 + name.len();
        if length <= 56 {
            return Ok(());
        }
        let message = "vendor and stream make a table name of more than 56 characters; shorten them";
        Err(Error::new(ErrorKind::ConfigInvalid, message).context("stream", name).context("length", length))
    }
}
