//! A connection's way into a sink: which streams, in which order, with which rules.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{fetching::Fetcher, partitions::Partitions, reader::Reader, reading::Reading, rules::Rules};
use crate::{
    Connector, ConnectorInfo, Context, Error, ErrorKind, QualityRule, Result, RunLog, StateStore, SyncSink,
    certificate::SweepPolicy,
    clock::{Clock, SystemClock},
    cursor::Mode,
    job::Lease,
    page::Route,
    quota::Urgency,
    report::{Event, RunReport, StreamReport},
    security::Vault,
    sink::RecordReader,
    stream::{StreamId, StreamInfo, identifier},
    table::StreamTable,
    transport::{Meter, Stack, TransportPolicy},
};

/// What a pipeline needs of a store: it commits, reads back keys, keeps the sync log and shares budgets.
///
/// Implemented for whatever implements the four; a host may wrap a store to watch or replace one of them.
pub trait Ports: SyncSink + RecordReader + RunLog + StateStore {}

impl<T: SyncSink + RecordReader + RunLog + StateStore> Ports for T {}

type Listener = dyn Fn(&Event) + Send + Sync;

/// Who is told what happens.
///
/// An event is made only where somebody listens.
#[derive(Clone, Default)]
pub(super) struct Observer(Option<Arc<Listener>>);

impl Observer {
    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(listener) = &self.0 {
            listener(&event());
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Observer" } else { "nobody" })
    }
}

/// Reads a connection and commits what it reads.
///
/// Defaults: tenant `default`, the connection is named after the vendor, every stream, incremental, the connector's page
/// size, no rules, [`SweepPolicy::default`], the machine's clock, no vault, [`TransportPolicy::default`].
///
/// A pipeline can be run again and again. Run one at a time per connection: a second run takes the streams over, and the
/// first ends with `Conflict` at its next commit.
///
/// ```no_run
/// # // A vendor is needed to run it; `examples/` run against the sandbox.
/// # async fn example(shop: impl sentia_core::Connector, store: impl sentia_core::engine::Ports) -> sentia_core::Result<()> {
/// use sentia_core::Pipeline;
///
/// let report = Pipeline::new(shop, store).connection("shopify-uk").run().await?;
/// for stream in report.streams() {
///     println!("{:<16}{:>8} upserted{:>6} deleted", stream.name, stream.upserted, stream.deleted);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Pipeline {
    connector: Arc<dyn Connector>,
    ports: Arc<dyn Ports>,
    tenant: String,
    connection: Option<String>,
    streams: Option<Vec<String>>,
    mode: Mode,
    page_size: Option<u32>,
    route: Option<Route>,
    rules: Rules,
    sweep: SweepPolicy,
    clock: Arc<dyn Clock>,
    vault: Option<Vault>,
    states: Option<Arc<dyn StateStore>>,
    policy: TransportPolicy,
    urgency: Urgency,
    observer: Observer,
    cancelled: CancellationToken,
    stack: Option<Stack>,
    lease: Option<Lease>,
}

impl Pipeline {
    /// A pipeline from `connector` into `ports`, for the tenant `default`, incremental, over every stream.
    pub fn new(connector: impl Connector, ports: impl Ports) -> Self {
        Pipeline::of(Arc::new(connector), Arc::new(ports))
    }

    pub(super) fn of(connector: Arc<dyn Connector>, ports: Arc<dyn Ports>) -> Self {
        Pipeline {
            connector,
            ports,
            tenant: "default".to_owned(),
            connection: None,
            streams: None,
            mode: Mode::Incremental,
            page_size: None,
            route: None,
            rules: Rules::default(),
            sweep: SweepPolicy::default(),
            clock: Arc::new(SystemClock),
            vault: None,
            states: None,
            policy: TransportPolicy::default(),
            urgency: Urgency::default(),
            observer: Observer::default(),
            cancelled: CancellationToken::new(),
            stack: None,
            lease: None,
        }
    }

    /// Names whose data it is.
    ///
    /// Rows of several tenants may share a database; their keys, cursors and secrets are apart.
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Pipeline { tenant: tenant.into(), ..self }
    }

    /// Names the connection, for instance `shopify-uk`. Default: the vendor's name.
    ///
    /// Lower-case letters, digits, `_` and `-`, at most 48, beginning with a letter. Another name is another cursor and
    /// other rows.
    pub fn connection(self, connection: impl Into<String>) -> Self {
        Pipeline { connection: Some(connection.into()), ..self }
    }

    /// Reads these streams only.
    ///
    /// They are read in the connector's order. A name it does not have is an error at [`run`](Self::run).
    pub fn streams(self, streams: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Pipeline { streams: Some(streams.into_iter().map(Into::into).collect()), ..self }
    }

    /// Chooses between what changed and everything.
    ///
    /// A first read is full in either mode. Streams that sweep want a full read now and then; vendors also have changes
    /// that do not move the updated-at.
    pub fn mode(self, mode: Mode) -> Self {
        Pipeline { mode, ..self }
    }

    /// Asks for pages of so many records; the vendor's largest page bounds it.
    ///
    /// Another size than that of a window in progress opens the window anew: page numbers of another size mean other
    /// records.
    pub fn page_size(self, records: u32) -> Self {
        Pipeline { page_size: Some(records), ..self }
    }

    /// Reads everything by this route, where the vendor offers it. Default: the engine asks how much there is, and
    /// chooses.
    ///
    /// It concerns full reads of streams that declare an [`Export`](crate::stream::Export); all others come by pages. A
    /// window in progress on the other route is opened anew.
    pub fn route(self, route: Route) -> Self {
        Pipeline { route: Some(route), ..self }
    }

    /// Judges the records of `stream` before they are committed.
    ///
    /// Rules run in the order they are added; a record that one holds back is not shown to the next.
    pub fn rule(mut self, stream: &str, rule: impl QualityRule) -> Self {
        self.rules.add(stream, rule);
        self
    }

    pub(super) fn rules(self, rules: Rules) -> Self {
        Pipeline { rules, ..self }
    }

    /// Sets when missing rows may be marked deleted without asking.
    pub fn sweep_policy(self, sweep: SweepPolicy) -> Self {
        Pipeline { sweep, ..self }
    }

    /// Replaces the clock.
    ///
    /// For tests; the vendor's clock, which bounds windows, is the vendor's own.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Pipeline { clock, ..self }
    }

    /// Gives the connector a vault for credentials that rotate.
    ///
    /// Without one, a connection with a refresh token is refused with `ConfigInvalid`.
    pub fn vault(self, vault: Vault) -> Self {
        Pipeline { vault: Some(vault), ..self }
    }

    /// Keeps what all processes share of the connector elsewhere than in the store: who refreshes its token.
    pub fn states(self, states: Arc<dyn StateStore>) -> Self {
        Pipeline { states: Some(states), ..self }
    }

    /// Says how soon the calls of a run are wanted, among those that wait for the same budgets. Default: routine.
    pub fn urgency(self, urgency: Urgency) -> Self {
        Pipeline { urgency, ..self }
    }

    /// Replaces the policies of the transport's layers; the vendor's limits are the connector's.
    ///
    /// [`TransportPolicy::limits`] is therefore ignored here.
    pub fn transport(self, policy: TransportPolicy) -> Self {
        Pipeline { policy, ..self }
    }

    /// Sends its calls through the stack of `reader`, so that both share the connection's budgets and breaker.
    ///
    /// The stack's policies are then the reader's; calls and bytes in reports count whatever goes through it meanwhile. A
    /// reader that is not connected changes nothing.
    pub fn through(self, reader: &Reader) -> Self {
        Pipeline { stack: reader.stack(), ..self }
    }

    /// Runs for a job: a store that keeps jobs commits nothing more once that lease was lost.
    pub fn held_by(self, lease: Lease) -> Self {
        Pipeline { lease: Some(lease), ..self }
    }

    /// Tells `listener` what happens. It runs between two pages, so it should be brief.
    pub fn observe(self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Pipeline { observer: Observer(Some(Arc::new(listener))), ..self }
    }

    /// Stops between two pages once `token` is cancelled.
    ///
    /// The fetch under way is dropped, a commit under way ends, and the stream and those after it are `incomplete` with
    /// `Cancelled`.
    pub fn cancel_on(self, token: CancellationToken) -> Self {
        Pipeline { cancelled: token, ..self }
    }

    /// Reads every stream to its proof.
    ///
    /// A stream that fails is `incomplete` in the report and the others go on, unless the reason concerns the whole
    /// connection. The next run resumes behind the last committed page.
    ///
    /// # Errors
    /// What kept the run from committing anything: `ConfigInvalid`, `Unauthenticated`, `Store`, ...
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: a page is committed whole or not at all.
    pub async fn run(&self) -> Result<RunReport> {
        let info = self.connector.info();
        let selected = self.select(&info)?;
        let connection = self.connection.clone().unwrap_or_else(|| info.vendor.to_owned());
        let (cx, stack) = self.context(&info, &connection)?;
        let mut report = RunReport {
            run: Uuid::now_v7(),
            tenant: self.tenant.clone(),
            connection,
            vendor: info.vendor.to_owned(),
            mode: self.mode,
            started: self.clock.now(),
            finished: None,
            streams: Vec::new(),
        };
        self.ports.log(&report).await?;
        let mut stopped: Option<Error> = None;
        for stream in selected {
            let mut entry = StreamReport::new(stream.name);
            match &stopped {
                Some(error) => entry.fail(error),
                None => {
                    let table = StreamTable::new(info.vendor, stream.clone());
                    if let Err(error) = self.stream(&cx, &stack.meter, &table, &report, &mut entry).await {
                        entry.fail(&error);
                        stopped = concerns_connection(&error).then_some(error);
                    }
                }
            }
            self.observer.tell(|| Event::Finished(Box::new(entry.clone())));
            report.streams.push(entry);
        }
        if self.stack.is_none() {
            stack.release().await;
        }
        report.finished = Some(self.clock.now());
        let untouched = report.streams.iter().all(|stream| stream.pages == 0);
        match stopped {
            Some(error) if untouched => {
                // The reason the run failed matters more than a log that could not be written.
                let _ = self.ports.log(&report).await;
                Err(error)
            }
            _ => self.ports.log(&report).await.map(|()| report),
        }
    }

    /// Makes the connector's cheapest authorized call.
    ///
    /// Answers when it was made, by the pipeline's clock. Nothing is written.
    ///
    /// # Errors
    /// As the vendor's table says.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the call.
    pub async fn check(&self) -> Result<DateTime<Utc>> {
        let info = self.connector.info();
        let connection = self.connection.clone().unwrap_or_else(|| info.vendor.to_owned());
        let (cx, stack) = self.context(&info, &connection)?;
        let checked = self.connector.check(&cx).await;
        if self.stack.is_none() {
            stack.release().await;
        }
        checked.map(|()| self.clock.now())
    }

    fn select(&self, info: &ConnectorInfo) -> Result<Vec<Arc<StreamInfo>>> {
        info.validate()?;
        let known = |name: &str| info.streams.iter().any(|stream| stream.name == name);
        let wanted = self.streams.iter().flatten().map(String::as_str);
        if let Some(unknown) = wanted.chain(self.rules.streams()).find(|name| !known(name)) {
            let names: Vec<_> = info.streams.iter().map(|stream| stream.name).collect();
            let message = format!("{} has no such stream; it has {}", info.vendor, names.join(", "));
            return Err(Error::new(ErrorKind::ConfigInvalid, message).context("stream", unknown));
        }
        let selected = |stream: &&Arc<StreamInfo>| {
            self.streams.as_ref().is_none_or(|wanted| wanted.iter().any(|name| name == stream.name))
        };
        Ok(info.streams.iter().filter(selected).cloned().collect())
    }

    fn context(&self, info: &ConnectorInfo, connection: &str) -> Result<(Context, Stack)> {
        identifier(&connection.replace('-', "_"))?;
        let stack = match &self.stack {
            Some(shared) => shared.clone(),
            None => {
                let account = format!("{}/{connection}", self.tenant);
                let policy = self.policy.clone().limited_by(info);
                Stack::shared(policy, self.clock.clone(), self.ports.clone(), &account)?
            }
        };
        let cx =
            Context::new(stack.http().urgency(self.urgency), self.clock.clone(), &self.tenant, connection);
        let states = self.states.clone().unwrap_or_else(|| self.ports.clone());
        Ok((cx.with_vault(self.vault.clone()).with_states(Some(states)), stack))
    }

    async fn stream(
        &self,
        cx: &Context,
        meter: &Meter,
        table: &StreamTable,
        report: &RunReport,
        entry: &mut StreamReport,
    ) -> Result<()> {
        let of = |stream: &str, partition: &str| StreamId {
            tenant: report.tenant.clone(),
            connection: report.connection.clone(),
            stream: stream.to_owned(),
            partition: partition.to_owned(),
        };
        let stream = table.info();
        let reading = |partition: &str| Reading {
            ports: &self.ports,
            fetcher: Fetcher {
                connector: self.connector.clone(),
                vendor: table.vendor(),
                cx: cx.clone(),
                info: stream.clone(),
                partition: Arc::from(partition),
                rules: Arc::new(self.rules.clone()),
                meter: meter.clone(),
                page_size: self.page_size,
            },
            clock: self.clock.clone(),
            observer: &self.observer,
            cancelled: &self.cancelled,
            id: of(stream.name, partition),
            table: table.clone(),
            run: report.run,
            mode: self.mode,
            route: self.route,
            sweep: self.sweep,
            lease: self.lease.as_ref(),
        };
        let partitions = Partitions::of(&self.ports, &self.connector.info(), table, report).await?;
        for partition in partitions.live {
            reading(&partition).run(entry).await?;
        }
        for partition in partitions.vanished {
            reading(&partition).retire(entry).await?;
        }
        Ok(())
    }
}

/// Errors that the next stream would only meet again.
///
/// `PermissionDenied` is not among them: another stream may need another scope.
fn concerns_connection(error: &Error) -> bool {
    use ErrorKind::{Cancelled, ConfigInvalid, QuotaExhausted, Store, Unauthenticated};
    matches!(error.kind(), Cancelled | ConfigInvalid | QuotaExhausted | Store | Unauthenticated)
}
