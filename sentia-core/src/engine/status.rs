//! How jobs and schedules stand: for a status page, a scraper, and an operator's question about one job.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::{DateTime, Utc};

use super::{order::SyncOrder, schedules::ScheduleStatus, service::Engine};
use crate::{
    Error, ErrorKind, Result,
    job::{Job, JobCount, JobFilter, JobId, JobState},
    metric::{Family, Metric, MetricKind},
};

#[cfg(test)]
mod tests;

/// How an engine's jobs and schedules stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineStatus {
    /// When this was.
    pub as_of: DateTime<Utc>,
    /// Jobs by tenant and kind: what waits and for what, what runs, what is dead, and how many attempts it took.
    pub jobs: Vec<JobCount>,
    /// The schedules of this engine, by name.
    pub schedules: Vec<ScheduleStatus>,
    /// Kinds that wait and that this engine has no handler for.
    pub unhandled: Vec<Unhandled>,
}

/// Jobs that nobody handles in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unhandled {
    /// Their kind.
    pub kind: String,
    /// How many wait.
    pub jobs: u64,
    /// When the oldest was due.
    pub oldest: DateTime<Utc>,
}

impl EngineStatus {
    /// How long the oldest job has been runnable that no worker took; none where none waits. The first figure to watch: it
    /// grows when workers are too few, or gone.
    pub fn oldest_runnable(&self) -> Option<std::time::Duration> {
        let oldest = self.jobs.iter().filter_map(|count| count.oldest).min()?;
        Some((self.as_of - oldest).to_std().unwrap_or_default())
    }

    /// The part of all running jobs that is a tenant's, by tenant.
    pub fn shares(&self) -> BTreeMap<&str, f64> {
        let mut running: BTreeMap<&str, u64> = BTreeMap::new();
        for count in &self.jobs {
            *running.entry(&count.tenant).or_default() += count.running;
        }
        let all = running.values().sum::<u64>().max(1) as f64;
        running.into_iter().map(|(tenant, jobs)| (tenant, jobs as f64 / all)).collect()
    }
}

pub(super) fn unhandled(counts: &[JobCount], handled: &BTreeSet<String>) -> Vec<Unhandled> {
    let mut found: BTreeMap<&str, Unhandled> = BTreeMap::new();
    for count in counts.iter().filter(|count| !handled.contains(&count.kind)) {
        let Some(oldest) = count.oldest else { continue };
        let fresh = || Unhandled { kind: count.kind.clone(), jobs: 0, oldest };
        let entry = found.entry(&count.kind).or_insert_with(fresh);
        entry.jobs += count.runnable;
        entry.oldest = entry.oldest.min(oldest);
    }
    found.into_values().collect()
}

const fn family(name: &'static str, kind: MetricKind, help: &'static str) -> Family {
    Family { name, kind, help }
}

/// Every family that [`Engine::metrics`] has samples of, in the order of docs/operations.md.
pub static ENGINE_METRICS: [Family; 6] = [
    family(
        "sentia_jobs",
        MetricKind::Gauge,
        "Jobs by tenant, kind and state: runnable, later, blocked, running, dead.",
    ),
    family("sentia_jobs_attempts", MetricKind::Gauge, "Attempts begun by the jobs that are not finished."),
    family(
        "sentia_jobs_oldest_seconds",
        MetricKind::Gauge,
        "How long the oldest runnable job has waited for a worker.",
    ),
    family(
        "sentia_jobs_unhandled",
        MetricKind::Gauge,
        "Runnable jobs of a kind that this process has no handler for.",
    ),
    family(
        "sentia_schedule_missed_total",
        MetricKind::Counter,
        "Due times of a schedule at which nobody was there.",
    ),
    family("sentia_schedule_paused", MetricKind::Gauge, "1 for a schedule that stands still, else 0."),
];

impl Engine {
    /// How jobs and schedules stand.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn status(&self) -> Result<EngineStatus> {
        let inner = self.inner();
        let as_of = inner.clock.now();
        let jobs = inner.ports.census(as_of).await?;
        let unhandled = unhandled(&jobs, &inner.handled);
        Ok(EngineStatus { as_of, unhandled, schedules: inner.schedules.status(), jobs })
    }

    /// The same for a scraper; see [`ENGINE_METRICS`] and [`crate::metric`].
    ///
    /// # Errors
    /// As [`status`](Self::status).
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn metrics(&self) -> Result<Vec<Metric>> {
        let [jobs, attempts, oldest, unhandled, missed, paused] = &ENGINE_METRICS;
        let status = self.status().await?;
        let mut metrics = Vec::new();
        for count in &status.jobs {
            let of = |family, value: f64| {
                Metric::new(family, value).label("tenant", &count.tenant).label("kind", &count.kind)
            };
            let states = [
                ("runnable", count.runnable),
                ("later", count.later),
                ("blocked", count.blocked),
                ("running", count.running),
                ("dead", count.dead),
            ];
            metrics.extend(states.map(|(state, value)| of(jobs, value as f64).label("state", state)));
            metrics.push(of(attempts, count.attempts as f64));
            if let Some(since) = count.oldest {
                metrics.push(of(oldest, (status.as_of - since).num_milliseconds().max(0) as f64 / 1000.0));
            }
        }
        metrics.extend(
            status
                .unhandled
                .iter()
                .map(|kind| Metric::new(unhandled, kind.jobs as f64).label("kind", &kind.kind)),
        );
        for schedule in &status.schedules {
            let Some(state) = &schedule.state else { continue };
            let of =
                |family, value: f64| Metric::new(family, value).label("schedule", schedule.schedule.name());
            metrics.push(of(missed, state.missed as f64));
            metrics.push(of(paused, f64::from(u8::from(state.paused.is_some()))));
        }
        Ok(metrics)
    }

    /// What a job waits for, and until when.
    ///
    /// # Errors
    /// `NotFound` for a job that is not there, or no more; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn explain(&self, job: JobId) -> Result<Explanation> {
        let filter = JobFilter { id: Some(job), ..JobFilter::default() };
        let job = self.jobs().list(&filter).await?.pop().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "no such job; ended ones are removed after a while")
                .context("job", job)
        })?;
        let waits = match job.state {
            JobState::Queued => self.waits(&job).await?,
            JobState::Running => self.calls(&job),
            JobState::Done | JobState::Dead | JobState::Cancelled => Vec::new(),
        };
        Ok(Explanation { job, waits })
    }

    /// What keeps a queued job from running.
    async fn waits(&self, job: &Job) -> Result<Vec<Wait>> {
        let inner = self.inner();
        let (order, now) = (&job.order, inner.clock.now());
        let mut waits = Vec::new();
        if let Some(until) = order.run_at.filter(|due| *due > now) {
            waits.push(Wait::Time { until });
        }
        if !inner.handled.contains(&order.kind) {
            waits.push(Wait::Handler);
        }
        let is_elsewhere =
            |order: &SyncOrder| inner.connections.get(&job.order.tenant, &order.connection).is_none();
        if let Some(sync) = sync_order(job).filter(is_elsewhere) {
            waits.push(Wait::Connection { connection: sync.connection });
        }
        if let Some(lane) = &order.lane {
            let filter = JobFilter {
                tenant: Some(order.tenant.clone()),
                lane: Some(lane.clone()),
                state: Some(JobState::Running),
                ..JobFilter::default()
            };
            let running = self.jobs().list(&filter).await?;
            waits.extend(running.into_iter().map(|busy| Wait::Lane { lane: lane.clone(), busy: busy.id }));
        }
        if waits.is_empty() {
            let ahead = inner.ports.census(now).await?.iter().map(|count| count.runnable).sum::<u64>();
            waits.push(Wait::Worker { runnable: ahead });
        }
        Ok(waits)
    }

    /// What the calls of a running sync wait for, where this process runs it.
    fn calls(&self, job: &Job) -> Vec<Wait> {
        let connected = sync_order(job)
            .and_then(|order| self.inner().connections.get(&job.order.tenant, &order.connection));
        let Some(connected) = connected else { return Vec::new() };
        let (planner, breakers) = (connected.reader.planner(), connected.reader.breakers());
        let limits = planner.map(|planner| planner.waiting()).unwrap_or_default();
        let down = breakers.map(|breakers| breakers.down()).unwrap_or_default();
        let limits = limits.into_iter().map(|wait| Wait::Limit { limit: wait.limit, until: wait.until });
        let down =
            down.into_iter().map(|down| Wait::Breaker { class: down.class, why: down.why, until: down.next });
        limits.chain(down).collect()
    }
}

fn sync_order(job: &Job) -> Option<SyncOrder> {
    let is_sync = job.order.kind == SyncOrder::KIND;
    is_sync.then(|| serde_json::from_str(&job.order.payload).ok()).flatten()
}

/// What a job waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// Its time: it was ordered for later, put off, or failed and is tried again. The job's note says why.
    Time {
        /// When it is due.
        until: DateTime<Utc>,
    },
    /// Another job of its lane that runs.
    Lane {
        /// The lane.
        lane: String,
        /// The job in it.
        busy: JobId,
    },
    /// A process that handles its kind: this one does not.
    Handler,
    /// A process that has its connection: this one has not.
    Connection {
        /// Its name.
        connection: String,
    },
    /// A free slot, or its tenant's turn.
    Worker {
        /// Jobs that are runnable, this one included.
        runnable: u64,
    },
    /// A vendor's limit, for a call of the run.
    Limit {
        /// Which.
        limit: String,
        /// Until when at least; none when another call's end decides it.
        until: Option<DateTime<Utc>>,
    },
    /// A vendor that is down.
    Breaker {
        /// Which class of its calls is refused.
        class: String,
        /// Why.
        why: String,
        /// When it is tried next; none while an operator holds it open.
        until: Option<DateTime<Utc>>,
    },
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::Time { until } => write!(f, "waits for its time, {until}"),
            Wait::Lane { lane, busy } => write!(f, "waits for job {busy}, which runs in its lane {lane}"),
            Wait::Handler => f.write_str("waits for a process that handles its kind; this one does not"),
            Wait::Connection { connection } => {
                write!(f, "waits for a process that has the connection {connection}; this one has not")
            }
            Wait::Worker { runnable } => {
                write!(f, "waits for a free worker, one of {runnable} runnable jobs")
            }
            Wait::Limit { limit, until: Some(until) } => write!(f, "a call waits for {limit} until {until}"),
            Wait::Limit { limit, until: None } => write!(f, "a call waits for {limit}"),
            Wait::Breaker { class, why, until } => {
                write!(f, "calls to {class} are refused: {why}")?;
                until.map_or(Ok(()), |until| write!(f, ", until {until}"))
            }
        }
    }
}

/// A job, and what it waits for. Shown as one line for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The job.
    pub job: Job,
    /// What keeps it; empty for one that runs freely or has ended.
    pub waits: Vec<Wait>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.job.order.kind, self.job.id, self.job.explain())?;
        self.waits.iter().try_for_each(|wait| write!(f, "; {wait}"))
    }
}
