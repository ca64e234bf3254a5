//! A connection's way into a sink: which streams, in which order, with which rules.

mod run;

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{
    asked::{Asked, Overdue},
    reader::Reader,
    rules::Rules,
};
#[cfg(doc)]
use crate::report::StreamReport;
use crate::{
    Connector, QualityRule, RunLog, StateStore, SyncSink,
    background::Background,
    certificate::SweepPolicy,
    clock::{Clock, SystemClock},
    cursor::Mode,
    job::Lease,
    page::Route,
    quota::Urgency,
    report::Event,
    security::Vault,
    sink::RecordReader,
    transport::{Stack, TransportPolicy},
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
    asked: Asked,
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
    pause_after: Option<Duration>,
    patience: Option<Duration>,
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
            asked: Asked::default(),
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
            pause_after: None,
            patience: None,
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
    /// A first read is full in either mode; [`Mode::Backfill`] is asked for by [`background`](Self::background). Streams that sweep want a full read now and then; vendors also have changes
    /// that do not move the updated-at.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.asked.mode = mode;
        self
    }

    /// Reads in the background instead: what `background` says, beside the increments and without moving their cursor
    /// back.
    ///
    /// A background window goes on over as many runs as it takes, between runs of the increments; it is opened where none
    /// of this kind and these bounds is in progress. A re-read first ends a full pass in progress, which reads the
    /// same and more; anything else in progress is given up. Where a partition was never proved, or is read in full each time
    /// anyway, it is read in front. [`mode`](Self::mode) is then ignored.
    pub fn background(mut self, background: Background) -> Self {
        self.asked.background = Some(background);
        self
    }

    /// Leaves out of a [background](Self::background) run what was proved so by a window opened at `ordered` or later.
    ///
    /// So an order that takes several runs ends: each goes on behind the last, and a partition that is done is not read
    /// again. Default: a partition without a window in progress is read anew.
    pub fn ordered(mut self, ordered: DateTime<Utc>) -> Self {
        self.asked.ordered = Some(ordered);
        self
    }

    /// Reads nothing but increments, and first reads, although a stream's `full_every` or `reread_window` is overdue: for
    /// hosts that order those in the [background](Self::background). Default: overdue ones are read in their place.
    pub fn increments_only(mut self) -> Self {
        self.asked.overdue = Overdue::Left;
        self
    }

    /// Stops behind a committed page once the run took so long, by the pipeline's clock, one page at least. Default: never.
    ///
    /// No page is fetched in vain. What was not read to its proof is `incomplete` and [`paused`](StreamReport::paused),
    /// without a failure; the same run again goes on there.
    pub fn pause_after(self, limit: Duration) -> Self {
        Pipeline { pause_after: Some(limit), ..self }
    }

    /// Sleeps no longer than `longest` where the vendor says to come back later. Default: as long as it says.
    ///
    /// A partition that has to wait longer is left at its committed position, its stream is `incomplete` and
    /// [`waiting`](StreamReport::waiting), without a failure, and the others go on.
    pub fn patience(self, longest: Duration) -> Self {
        Pipeline { patience: Some(longest), ..self }
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
}
