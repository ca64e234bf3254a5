//! The engine: schedules order jobs, a worker does them, and both end in good order.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use super::{
    builder::EngineBuilder,
    census::Census,
    clean_up::OWN_TENANT,
    connection::Connection,
    connections::Connections,
    counting::{self, Count},
    notice::{Notice, Notices},
    order::{SyncOrder, URGENT_PRIORITY},
    ports::EnginePorts,
    reader::Reader,
    schedules::Schedules,
};
use crate::{
    Error, ErrorKind, JobStore, Result,
    clock::Clock,
    job::{Change, Effect, Enqueued, JobFilter, NewJob},
    schedule::Trigger,
    security::Vault,
    sync::{AbortOnDropHandle, Mutex},
    worker::{Drained, Handler, Worker, WorkerPolicy},
};

/// Reads connections by schedule and on demand, in this process and together with all others on the same database.
///
/// A clone is the same engine. It installs nothing: signals, logging and the runtime are the host's. It stops by
/// [`stop`](Self::stop); when its last clone is dropped its work is dropped too, and comes back when its leases end.
///
/// ```no_run
/// # async fn example(store: impl sentia_core::engine::EnginePorts, shop: impl sentia_core::Connector) -> sentia_core::Result<()> {
/// use std::time::Duration;
/// use sentia_core::engine::{Engine, SyncOrder};
///
/// let engine = Engine::builder(store).connect("shop", shop).every(Duration::from_secs(15 * 60)).start()?;
/// // Besides: at once, because somebody asked.
/// let job = engine.sync("default", &SyncOrder::changes("shop")).await?.id();
/// println!("{}", engine.explain(job).await?);
/// let drained = engine.stop(Duration::from_secs(20)).await;
/// println!("{} ended, {} given back", drained.ended, drained.given_back);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Engine(Arc<Inner>);

pub(super) struct Inner {
    pub(super) ports: Arc<dyn EnginePorts>,
    pub(super) connections: Arc<Connections>,
    pub(super) schedules: Arc<Schedules>,
    pub(super) handled: BTreeSet<String>,
    pub(super) common: Option<Trigger>,
    pub(super) vault: Option<Vault>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) notices: Notices,
    pub(super) bound: Duration,
    pub(super) tasks: Mutex<Tasks>,
}

/// What runs. A worker is joined by whoever stops first.
#[derive(Default)]
pub(super) struct Tasks {
    worker: Option<Working>,
    /// Schedules and the census: they end with the engine.
    others: Vec<AbortOnDropHandle<()>>,
}

struct Working {
    worker: AbortOnDropHandle<Result<Drained>>,
    /// Tells schedules how their jobs ended; it ends behind the worker.
    counting: AbortOnDropHandle<()>,
    stop: oneshot::Sender<Duration>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("connections", &self.connections)
            .field("handled", &self.handled)
            .finish()
    }
}

impl Engine {
    /// The tenant of the jobs that the engine orders for itself.
    pub const OWN_TENANT: &'static str = OWN_TENANT;

    /// Begins an engine over a store.
    pub fn builder(store: impl EnginePorts) -> EngineBuilder {
        EngineBuilder::new(Arc::new(store))
    }

    pub(super) fn new(inner: Inner) -> Self {
        Engine(Arc::new(inner))
    }

    /// Connects an account while the engine runs. What it has behind it, cursors and schedules, goes on.
    ///
    /// # Errors
    /// `ConfigInvalid` for a name that cannot be or that the tenant has, and for a schedule that cannot be.
    pub fn connect(&self, connection: Connection) -> Result<()> {
        let inner = &self.0;
        let connection = connection.or_vault(inner.vault.as_ref());
        let planned = connection.planned(inner.common.as_ref())?;
        inner.connections.add(connection, inner.ports.clone(), inner.clock.clone())?;
        inner.schedules.add(planned);
        Ok(())
    }

    /// Lets go of a connection in this process: its schedules are driven no more, and jobs of it wait for a process that has
    /// it. Rows, cursors and secrets stay.
    ///
    /// # Errors
    /// `NotFound` for one that it does not have.
    pub fn disconnect(&self, tenant: &str, connection: &str) -> Result<()> {
        let whole = format!("{tenant}/{connection}");
        self.0.connections.remove(tenant, connection).ok_or_else(|| {
            let message = "this engine has no such connection";
            Error::new(ErrorKind::NotFound, message).context("connection", &whole)
        })?;
        let part = format!("{whole}/");
        self.0.schedules.remove(|name| name == whole || name.starts_with(&part));
        Ok(())
    }

    /// Asks a connection directly, through the budgets and breakers that its syncs use.
    ///
    /// # Errors
    /// `NotFound` for a connection that it does not have.
    pub fn reader(&self, tenant: &str, connection: &str) -> Result<Reader> {
        let connected = self.0.connections.get(tenant, connection);
        connected.map(|connected| connected.reader.clone()).ok_or_else(|| {
            let message = "this engine has no such connection";
            Error::new(ErrorKind::NotFound, message).context("connection", format!("{tenant}/{connection}"))
        })
    }

    /// The jobs: to enqueue the host's own, to list, cancel, replay and hasten them.
    pub fn jobs(&self) -> Arc<dyn JobStore> {
        self.0.ports.clone()
    }

    /// Orders a read for somebody who waits for it: increments go first, what is read in the background stays there.
    ///
    /// The same read that waits already is hastened; one that runs runs once more.
    ///
    /// # Errors
    /// `ConfigInvalid` for an order that cannot be; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have ordered it; ordering it again does no harm.
    pub async fn sync(&self, tenant: &str, order: &SyncOrder) -> Result<Enqueued> {
        let mut job = order.job(tenant)?;
        if job.priority == 0 {
            job = job.priority(URGENT_PRIORITY);
        }
        self.enqueue(job).await
    }

    /// Enqueues one job; one that waits for later is hastened.
    ///
    /// # Errors
    /// As [`JobStore::enqueue`].
    ///
    /// # Cancel safety
    /// As [`JobStore::enqueue`].
    pub async fn enqueue(&self, job: NewJob) -> Result<Enqueued> {
        let (ports, now) = (&self.0.ports, self.0.clock.now());
        let enqueued = ports.enqueue(std::slice::from_ref(&job), now).await?;
        let enqueued = enqueued.into_iter().next().ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, "the store answered nothing for an order")
                .operation("engine.enqueue")
        })?;
        if let (Enqueued::Queued(id), None) = (enqueued, job.run_at) {
            let filter = JobFilter { id: Some(id), ..JobFilter::default() };
            ports.change(&filter, Change::Hasten, Effect::Apply, now).await?;
        }
        Ok(enqueued)
    }

    /// Pauses a schedule in all processes, until it is resumed; what runs goes on.
    ///
    /// # Errors
    /// `NotFound` for a schedule that this engine does not have; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have paused it.
    pub async fn pause(&self, schedule: &str, by: &str, why: &str) -> Result<()> {
        self.0.schedules.pause(schedule, by, why).await
    }

    /// Lets a paused schedule go on, from its next due time.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    ///
    /// # Cancel safety
    /// A dropped future may have resumed it.
    pub async fn resume(&self, schedule: &str) -> Result<()> {
        self.0.schedules.resume(schedule).await
    }

    /// Stops: orders and claims nothing more, and gives running jobs `bound` to end; those that do not are asked to, and given
    /// back with their attempts. A second call finds nothing to stop.
    ///
    /// # Cancel safety
    /// A dropped future drops what still runs; it comes back when its leases end.
    pub async fn stop(&self, bound: Duration) -> Drained {
        let tasks = std::mem::take(&mut *self.tasks());
        drop(tasks.others);
        let Some(working) = tasks.worker else { return Drained::default() };
        // A worker that ended by itself hears nothing.
        let _ = working.stop.send(bound);
        let drained = match working.worker.await {
            Ok(Ok(drained)) => drained,
            Ok(Err(error)) => {
                tracing::error!(%error, "the worker had not started");
                Drained::default()
            }
            Err(error) => {
                tracing::error!(%error, "the worker ended without a word");
                Drained::default()
            }
        };
        let _ = working.counting.await;
        drained
    }

    /// Stops when `signal` comes, within the bound that the engine was built with: for a server's graceful shutdown.
    ///
    /// # Cancel safety
    /// As [`stop`](Self::stop).
    pub async fn stop_on<T>(&self, signal: impl Future<Output = T>) {
        signal.await;
        let drained = self.stop(self.0.bound).await;
        tracing::info!(ended = drained.ended, given_back = drained.given_back, "the engine has stopped");
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    fn tasks(&self) -> crate::sync::MutexGuard<'_, Tasks> {
        self.0.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn spawn(
        &self,
        handlers: BTreeMap<String, Arc<dyn Handler>>,
        policy: WorkerPolicy,
        name: Option<&str>,
    ) {
        let inner = &self.0;
        let (ended, endings) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let worker = Worker::of(inner.ports.clone()).handlers(handlers).policy(policy);
        let worker = match name {
            Some(name) => worker.named(name),
            None => worker,
        };
        let notices = inner.notices.clone();
        let worker = worker.clock(inner.clock.clone()).observe(move |end| {
            if let Some(count) = Count::of(end) {
                // Nobody listens only while the engine is being dropped.
                let _ = ended.send(count);
            }
            notices.tell(|| Notice::Ended(Box::new(end.clone())));
        });
        // Without a word about the bound the engine was dropped, and this task with it.
        let stopped = async { stopped.await.unwrap_or_default() };
        let (schedules, census) = (inner.schedules.clone(), Census::of(inner));
        let counting = tokio::spawn(counting::count(inner.schedules.clone(), inner.clock.clone(), endings));
        let mut tasks = self.tasks();
        tasks.worker = Some(Working {
            worker: AbortOnDropHandle::new(tokio::spawn(worker.run(stopped))),
            counting: AbortOnDropHandle::new(counting),
            stop,
        });
        tasks.others = vec![
            AbortOnDropHandle::new(tokio::spawn(async move { schedules.drive().await })),
            AbortOnDropHandle::new(tokio::spawn(census.repeat())),
        ];
    }
}
