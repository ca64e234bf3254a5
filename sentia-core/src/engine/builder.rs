//! How a host puts an engine together.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    clean_up::{CleanUp, Retention},
    connection::Connection,
    connections::Connections,
    notice::{Notice, Notices},
    order::SyncOrder,
    ports::EnginePorts,
    schedules::{Beginning, Planned, Schedules},
    service::{Engine, Inner},
    sync_job::{SLICE, SyncHandler},
};
use crate::{
    Connector, JobStore, Result,
    clock::{Clock, SystemClock},
    job::NewJob,
    schedule::{Schedule, ScheduleBuilder, ScheduleStore, Trigger, defaults},
    security::Vault,
    worker::{Handler, WorkerPolicy},
};

/// How long jobs have to end when an engine is dropped or stops by [`Engine::stop_on`].
const BOUND: Duration = Duration::from_secs(20);

/// Puts an [`Engine`] together: connections, schedules, handlers of the host's own jobs.
///
/// Defaults: each vendor's own interval, the clean-up at 02:00 UTC, [`Retention::default`], [`WorkerPolicy::default`],
/// no vault.
#[derive(Debug)]
#[must_use]
pub struct EngineBuilder {
    ports: Arc<dyn EnginePorts>,
    connections: Vec<Connection>,
    handlers: BTreeMap<String, Arc<dyn Handler>>,
    schedules: Vec<Planned>,
    common: Option<Result<Trigger>>,
    clean_up: Option<ScheduleBuilder>,
    retention: Retention,
    policy: WorkerPolicy,
    vault: Option<Vault>,
    clock: Arc<dyn Clock>,
    notices: Notices,
    name: Option<String>,
    bound: Duration,
    slice: Duration,
}

impl EngineBuilder {
    pub(super) fn new(ports: Arc<dyn EnginePorts>) -> Self {
        EngineBuilder {
            ports,
            connections: Vec::new(),
            handlers: BTreeMap::new(),
            schedules: Vec::new(),
            common: None,
            clean_up: None,
            retention: Retention::default(),
            policy: WorkerPolicy::default(),
            vault: None,
            clock: Arc::new(SystemClock),
            notices: Notices::default(),
            name: None,
            bound: BOUND,
            slice: SLICE,
        }
    }

    /// Connects an account of the tenant `default`.
    pub fn connect(self, name: impl Into<String>, connector: impl Connector) -> Self {
        self.connection(Connection::new(name, connector))
    }

    /// Connects an account as it is described.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connections.push(connection);
        self
    }

    /// Reads what changed every so often, in all connections without a schedule of their own.
    ///
    /// What no schedule can be is refused by [`start`](Self::start).
    pub fn every(self, every: Duration) -> Self {
        EngineBuilder { common: Some(Trigger::every(every)), ..self }
    }

    /// Has the host's own jobs of `kind` done by this handler.
    pub fn handle(mut self, kind: impl Into<String>, handler: impl Handler) -> Self {
        self.handlers.insert(kind.into(), Arc::new(handler));
        self
    }

    /// Orders a job of the host's own by a schedule.
    pub fn schedule(mut self, schedule: Schedule, order: NewJob) -> Self {
        self.schedules.push(Planned::new(schedule, order, Beginning::WhenDue));
        self
    }

    /// Cleans up by this schedule instead of daily at 02:00 UTC; see
    /// [`defaults::clean_up`](crate::schedule::defaults::clean_up) for another zone.
    pub fn clean_up(self, schedule: ScheduleBuilder) -> Self {
        EngineBuilder { clean_up: Some(schedule), ..self }
    }

    /// Says how long jobs are kept after they ended.
    pub fn retention(self, retention: Retention) -> Self {
        EngineBuilder { retention, ..self }
    }

    /// Replaces how its worker works.
    pub fn worker(self, policy: WorkerPolicy) -> Self {
        EngineBuilder { policy, ..self }
    }

    /// Gives connections without a vault of their own this one.
    pub fn vault(self, vault: Vault) -> Self {
        EngineBuilder { vault: Some(vault), ..self }
    }

    /// Replaces the clock.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        EngineBuilder { clock, ..self }
    }

    /// Names this process's worker, for leases and operators. Default: a random id.
    pub fn named(self, name: impl Into<String>) -> Self {
        EngineBuilder { name: Some(name.into()), ..self }
    }

    /// Tells `listener` what happens: what somebody may have to act on, and how jobs ended. It should be brief.
    pub fn observe(self, listener: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        EngineBuilder { notices: Notices::to(listener), ..self }
    }

    /// How long running jobs have to end when [`Engine::stop_on`] stops it. Default 20 s.
    pub fn drain_within(self, bound: Duration) -> Self {
        EngineBuilder { bound, ..self }
    }

    /// How long full passes, re-reads and backfills read at a time before increments of their connection get their turn.
    /// Default a minute.
    pub fn background_slice(self, slice: Duration) -> Self {
        EngineBuilder { slice, ..self }
    }

    /// Starts it on the runtime of the caller: a worker and the schedules.
    ///
    /// # Errors
    /// `ConfigInvalid` for what cannot be: a connection's name, a schedule, a policy.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self) -> Result<Engine> {
        self.policy.validate()?;
        let common = self.common.transpose()?;
        let (jobs, states): (Arc<dyn JobStore>, Arc<dyn ScheduleStore>) =
            (self.ports.clone(), self.ports.clone());
        let connections = Arc::new(Connections::default());
        let mut handlers = self.handlers;
        let sync = SyncHandler {
            ports: self.ports.clone(),
            connections: connections.clone(),
            notices: self.notices.clone(),
            slice: self.slice,
        };
        handlers.insert(SyncOrder::KIND.to_owned(), Arc::new(sync));
        let clean_up = CleanUp { jobs: jobs.clone(), retention: self.retention };
        handlers.insert(CleanUp::KIND.to_owned(), Arc::new(clean_up));
        let schedules =
            Arc::new(Schedules::new(states, jobs.clone(), self.clock.clone(), self.notices.clone()));
        let daily = match self.clean_up {
            Some(daily) => daily,
            None => defaults::clean_up("UTC")?,
        };
        let daily = daily.name("sentia/clean-up").build()?;
        schedules.add(vec![Planned::new(daily, CleanUp::order(), Beginning::WhenDue)]);
        schedules.add(self.schedules);
        let engine = Engine::new(Inner {
            ports: self.ports,
            connections,
            schedules,
            handled: handlers.keys().cloned().collect(),
            common,
            vault: self.vault,
            clock: self.clock,
            notices: self.notices,
            bound: self.bound,
            tasks: crate::sync::Mutex::default(),
        });
        for connection in self.connections {
            engine.connect(connection)?;
        }
        engine.spawn(handlers, self.policy, self.name.as_deref());
        Ok(engine)
    }
}
