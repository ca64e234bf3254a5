//! Whether a connection's long limits bear the full passes that its schedules order.
//!
//! What runs every day shows in the pace of the window so far; a full pass once a week does not, and takes more calls than a
//! week of increments. So it is counted as what it took the last time.

use std::time::Duration;

use super::{
    connections::Connected,
    order::{Reads, SyncOrder},
    service::Engine,
};
use crate::{
    Error, ErrorKind, RecordReader, Result, StreamTable, SyncSink, quota::Level, schedule::DueTime,
    stream::StreamId, transport::Limit,
};

/// The shortest limit that is forecast: shorter ones are waited for.
const SHORTEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Due times of one schedule that are looked at in one limit's span.
const MOST_RUNS: usize = 100;

/// A limit of a day or longer, with what is ordered within its span.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaForecast {
    /// How full it is, and when it will be at the present pace.
    pub level: Level,
    /// The full passes that fall due within its span, in order.
    pub reads: Vec<PlannedRead>,
}

/// A full pass that a schedule will order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRead {
    /// The stream.
    pub stream: String,
    /// When.
    pub due: DueTime,
    /// The calls that the last one took, over all partitions; 0 before the first.
    pub calls: u64,
}

impl QuotaForecast {
    /// The calls of all planned reads.
    pub fn planned(&self) -> u64 {
        self.reads.iter().map(|read| read.calls).sum()
    }

    /// Whether what is left of the limit bears them. Where it does not, they wait until it does: order them less often, or
    /// apart.
    pub fn fits(&self) -> bool {
        self.level.used + self.planned() as f64 <= self.level.of
    }
}

impl Engine {
    /// How a connection's limits of a day and longer stand, and what its schedules will take of them.
    ///
    /// # Errors
    /// `NotFound` for a connection that this engine does not have; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn forecast(&self, tenant: &str, connection: &str) -> Result<Vec<QuotaForecast>> {
        let inner = self.inner();
        let connected = inner.connections.get(tenant, connection).ok_or_else(|| {
            let message = "this engine has no such connection";
            Error::new(ErrorKind::NotFound, message).context("connection", format!("{tenant}/{connection}"))
        })?;
        let limits = connected.connection.connector.info().limits;
        let levels = connected.reader.planner()?.levels();
        let mut forecasts = Vec::new();
        for (limit, level) in limits.iter().zip(levels) {
            if let Limit::Calls { per, .. } = limit
                && *per >= SHORTEST
            {
                forecasts.push(QuotaForecast { level, reads: self.planned(&connected, *per).await? });
            }
        }
        Ok(forecasts)
    }

    /// The full passes of a connection that fall due within a span.
    async fn planned(&self, connected: &Connected, span: Duration) -> Result<Vec<PlannedRead>> {
        let inner = self.inner();
        let now = inner.clock.now();
        let is_within = |due: &DueTime| (due.due_at - now).to_std().is_ok_and(|until| until <= span);
        let mut reads = Vec::new();
        for (schedule, order) in inner.schedules.orders() {
            let Ok(sync) = serde_json::from_str::<SyncOrder>(&order.payload) else { continue };
            let of = &connected.connection;
            if (&order.tenant, &sync.connection) != (&of.tenant, &of.name) || sync.reads != Reads::Everything
            {
                continue;
            }
            let due: Vec<DueTime> =
                schedule.next_runs(now, MOST_RUNS).into_iter().take_while(is_within).collect();
            for stream in sync.streams.iter().filter(|_| !due.is_empty()) {
                let calls = self.cost(connected, stream).await?;
                reads.extend(due.iter().map(|due| PlannedRead { stream: stream.clone(), due: *due, calls }));
            }
        }
        reads.sort_by_key(|read| read.due);
        Ok(reads)
    }

    /// The calls that the last full read of a stream took, over its partitions.
    async fn cost(&self, connected: &Connected, stream: &str) -> Result<u64> {
        let (ports, of) = (&self.inner().ports, &connected.connection);
        let info = of.connector.info();
        let Some(entry) = info.streams.iter().find(|entry| entry.name == stream) else { return Ok(0) };
        let mut id = StreamId {
            tenant: of.tenant.clone(),
            connection: of.name.clone(),
            stream: stream.to_owned(),
            partition: String::new(),
        };
        let partitions = match entry.partitioned_by {
            None => vec!["".into()],
            Some(_) => {
                RecordReader::live_partitions(&**ports, &id, &StreamTable::new(info.vendor, entry.clone()))
                    .await?
            }
        };
        let mut calls = 0;
        for partition in partitions {
            id.partition = partition.to_string();
            let checkpoint = SyncSink::checkpoint(&**ports, &id).await?;
            calls += checkpoint.and_then(|checkpoint| checkpoint.full).map_or(0, |full| full.calls);
        }
        Ok(calls)
    }
}
