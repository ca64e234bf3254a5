//! A connection as a host describes it, and how its reads are scheduled.

use std::{sync::Arc, time::Duration};

use super::{
    due::REREAD_EVERY,
    order::SyncOrder,
    pipeline::{Pipeline, Ports},
    reader::Reader,
    rules::Rules,
    schedules::{Beginning, Planned},
};
use crate::{
    Connector, QualityRule, Result, StateStore,
    certificate::SweepPolicy,
    clock::Clock,
    schedule::{Schedule, ScheduleBuilder, Trigger, defaults},
    security::Vault,
    stream::{Reading, StreamInfo},
    transport::TransportPolicy,
};

/// After how many syncs in a row that failed for good a connection's schedule pauses itself.
const PAUSE_AFTER: u32 = 10;

/// One account of one vendor, as a host hands it to the engine.
///
/// Defaults: tenant `default`, every stream, the connector's page size, no rules, no vault, the vendor's
/// [schedule](crate::schedule::defaults).
///
/// ```
/// # fn example(shop: impl sentia_core::Connector) -> sentia_core::Result<()> {
/// use std::time::Duration;
/// use sentia_core::engine::Connection;
///
/// let connection = Connection::new("shopify-uk", shop).tenant("acme").every(Duration::from_secs(60))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Connection {
    pub(super) tenant: String,
    pub(super) name: String,
    pub(super) connector: Arc<dyn Connector>,
    streams: Option<Vec<String>>,
    page_size: Option<u32>,
    rules: Rules,
    sweep: SweepPolicy,
    vault: Option<Vault>,
    transport: TransportPolicy,
    cadence: Cadence,
}

/// When a connection's increments are due.
#[derive(Debug, Clone)]
enum Cadence {
    /// As often as is usual for its vendor, or as the engine says for all.
    Default,
    /// By this schedule, whose name is the engine's to give.
    Own(ScheduleBuilder),
    /// When somebody orders one.
    Never,
}

impl Connection {
    /// A connection of this name to what `connector` reads.
    ///
    /// Lower-case letters, digits, `_` and `-`, at most 48, beginning with a letter.
    pub fn new(name: impl Into<String>, connector: impl Connector) -> Self {
        Connection {
            tenant: "default".to_owned(),
            name: name.into(),
            connector: Arc::new(connector),
            streams: None,
            page_size: None,
            rules: Rules::default(),
            sweep: SweepPolicy::default(),
            vault: None,
            transport: TransportPolicy::default(),
            cadence: Cadence::Default,
        }
    }

    /// Names whose data it is.
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Connection { tenant: tenant.into(), ..self }
    }

    /// Reads these streams only.
    pub fn streams(self, streams: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Connection { streams: Some(streams.into_iter().map(Into::into).collect()), ..self }
    }

    /// Asks for pages of so many records; see [`Pipeline::page_size`].
    pub fn page_size(self, records: u32) -> Self {
        Connection { page_size: Some(records), ..self }
    }

    /// Judges the records of `stream` before they are committed; see [`Pipeline::rule`].
    pub fn rule(mut self, stream: &str, rule: impl QualityRule) -> Self {
        self.rules.add(stream, rule);
        self
    }

    /// Sets when missing rows may be marked deleted without asking.
    pub fn sweep_policy(self, sweep: SweepPolicy) -> Self {
        Connection { sweep, ..self }
    }

    /// Gives the connector a vault for credentials that rotate. Default: the engine's.
    pub fn vault(self, vault: Vault) -> Self {
        Connection { vault: Some(vault), ..self }
    }

    /// Replaces the policies of the transport's layers.
    pub fn transport(self, transport: TransportPolicy) -> Self {
        Connection { transport, ..self }
    }

    /// Reads what changed every so often, down to a second.
    ///
    /// # Errors
    /// As [`Interval::new`](crate::schedule::Interval::new).
    pub fn every(self, every: Duration) -> Result<Self> {
        let trigger = Trigger::every(every)?;
        Ok(self.trigger(trigger))
    }

    /// Reads what changed when the trigger says so, with the policies of a connection's schedule.
    pub fn trigger(self, trigger: Trigger) -> Self {
        let schedule = Schedule::builder("", trigger).pause_after_failures(PAUSE_AFTER);
        self.schedule(schedule)
    }

    /// Reads what changed by this schedule; its name is replaced by the connection's.
    pub fn schedule(self, schedule: ScheduleBuilder) -> Self {
        Connection { cadence: Cadence::Own(schedule), ..self }
    }

    /// Reads only when somebody orders it: nothing is scheduled, neither increments nor full passes.
    pub fn unscheduled(self) -> Self {
        Connection { cadence: Cadence::Never, ..self }
    }

    /// What of it runs by itself.
    ///
    /// Increments by the connection's own cadence, else every `common`, else as is usual for the vendor; full passes and
    /// re-reads as the streams ask for, at backfill priority.
    ///
    /// # Errors
    /// `ConfigInvalid` for a schedule that cannot be, or a stream's interval that is none.
    pub(super) fn planned(&self, common: Option<&Trigger>) -> Result<Vec<Planned>> {
        let info = self.connector.info();
        let whole = format!("{}/{}", self.tenant, self.name);
        let builder = match (&self.cadence, common) {
            (Cadence::Never, _) => return Ok(Vec::new()),
            (Cadence::Own(builder), _) => builder.clone().name(&whole),
            (Cadence::Default, Some(trigger)) => {
                Schedule::builder(&whole, trigger.clone()).pause_after_failures(PAUSE_AFTER)
            }
            (Cadence::Default, None) => {
                let jitter = Duration::from_secs(60);
                defaults::connection(info.vendor, &whole)?.jitter(jitter).pause_after_failures(PAUSE_AFTER)
            }
        };
        let changes = SyncOrder::changes(&self.name).job(&self.tenant)?;
        let mut planned = vec![Planned::new(builder.build()?, changes, Beginning::AtOnce)];
        let selected = |stream: &&Arc<StreamInfo>| {
            self.streams.as_ref().is_none_or(|wanted| wanted.iter().any(|name| name == stream.name))
        };
        for stream in info.streams.iter().filter(selected) {
            // A stream without increments is read whole each time.
            let by_change = stream.reading != Reading::Full;
            if let Some(every) = stream.full_every.filter(|_| by_change) {
                let order = SyncOrder::everything(&self.name).streams([stream.name]);
                planned.push(background(format!("{whole}/{}/full", stream.name), every, &order, self)?);
            }
            if stream.reread_window.is_some() && stream.cursor_field().is_some() {
                let order = SyncOrder::again(&self.name).streams([stream.name]);
                planned.push(background(
                    format!("{whole}/{}/again", stream.name),
                    REREAD_EVERY,
                    &order,
                    self,
                )?);
            }
        }
        Ok(planned)
    }

    /// The stack that all its reads share.
    pub(super) fn reader(&self, states: Arc<dyn StateStore>, clock: Arc<dyn Clock>) -> Result<Reader> {
        let reader = Reader::new(self.connector.clone())
            .tenant(&self.tenant)
            .connection(&self.name)
            .clock(clock)
            .transport(self.transport.clone())
            .states(states);
        match &self.vault {
            Some(vault) => reader.vault(vault.clone()),
            None => reader,
        }
        .connect()
    }

    /// A pipeline for one run of it.
    pub(super) fn pipeline(&self, ports: Arc<dyn Ports>) -> Pipeline {
        let mut pipeline = Pipeline::of(self.connector.clone(), ports)
            .tenant(&self.tenant)
            .connection(&self.name)
            .rules(self.rules.clone())
            .sweep_policy(self.sweep);
        if let Some(streams) = &self.streams {
            pipeline = pipeline.streams(streams);
        }
        if let Some(records) = self.page_size {
            pipeline = pipeline.page_size(records);
        }
        match &self.vault {
            Some(vault) => pipeline.vault(vault.clone()),
            None => pipeline,
        }
    }

    /// Takes the engine's vault where it has none of its own.
    pub(super) fn or_vault(self, vault: Option<&Vault>) -> Self {
        Connection { vault: self.vault.or_else(|| vault.cloned()), ..self }
    }
}

/// A schedule of what is read in the background. It is spread over a tenth of its interval: many connections share it.
fn background(name: String, every: Duration, order: &SyncOrder, of: &Connection) -> Result<Planned> {
    let spread = (every / 10).min(Duration::from_secs(6 * 60 * 60));
    let schedule = Schedule::builder(name, Trigger::every(every)?).jitter(spread).build()?;
    Ok(Planned::new(schedule, order.job(&of.tenant)?, Beginning::WhenDue))
}
