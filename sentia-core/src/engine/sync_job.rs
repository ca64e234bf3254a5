//! Sync jobs: a pipeline over one connection, under the job's lease.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{
    connections::{Connected, Connections},
    due::REREAD_EVERY,
    notice::{Notice, Notices},
    order::{Reads, SyncOrder, URGENT_PRIORITY},
    pipeline::{Pipeline, Ports},
    ports::EnginePorts,
};
use crate::{
    Error, ErrorKind, Outcome as Proof, Result,
    background::Background,
    job::{Job, JobFilter, JobId, JobState, JobStore, NewJob, Outcome},
    quota::Urgency,
    report::{Failure, RunReport, StreamReport},
    worker::{Handler, Work},
};

#[cfg(test)]
mod tests;

/// How long a job waits whose connection this engine does not have: another process may.
const ELSEWHERE: Duration = Duration::from_secs(60);

/// How long a job waits behind an older one that reads the same streams in the background.
const BEHIND: Duration = Duration::from_secs(15);

/// How long a vendor-side wait may be for a job to sleep through it; a longer one gives its place to others.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a job reads in the background before increments of its connection get their turn.
pub(super) const SLICE: Duration = Duration::from_secs(60);

/// Reads connections as their orders say.
#[derive(Debug)]
pub(super) struct SyncHandler {
    pub(super) ports: Arc<dyn EnginePorts>,
    pub(super) connections: Arc<Connections>,
    pub(super) notices: Notices,
    pub(super) slice: Duration,
}

#[async_trait]
impl Handler for SyncHandler {
    async fn run(&self, work: &Work) -> Result<Outcome> {
        let order: SyncOrder = work.read()?;
        let tenant = &work.job.order.tenant;
        let Some(connected) = self.connections.get(tenant, &order.connection) else {
            let reason = format!("this engine has no connection {tenant}/{}; connect it", order.connection);
            return Ok(Outcome::Snooze { until: work.clock.now() + ELSEWHERE, reason });
        };
        if let Some(first) = self.ahead(work, &order).await? {
            let reason = format!("another read in the background goes first: job {first}");
            return Ok(Outcome::Snooze { until: work.clock.now() + BEHIND, reason });
        }
        let report = self.pipeline(work, &order, &connected).run().await?;
        let judged = match judge(&report)? {
            Outcome::Done => self.left(work, &order, &report).await,
            other => Ok(other),
        };
        self.notices.tell(|| Notice::Ran(Box::new(report)));
        judged
    }
}

impl SyncHandler {
    /// The oldest other job that is under way in the background with a stream of this one. A partition has one window there:
    /// two orders that took turns would give each other's up for ever, so the older one is read to its end first.
    async fn ahead(&self, work: &Work, order: &SyncOrder) -> Result<Option<JobId>> {
        if order.reads == Reads::Changes {
            return Ok(None);
        }
        let filter = JobFilter {
            tenant: Some(work.job.order.tenant.clone()),
            kind: Some(SyncOrder::KIND.to_owned()),
            lane: work.job.order.lane.clone(),
            state: Some(JobState::Queued),
            ..JobFilter::default()
        };
        let queued = JobStore::list(&*self.ports, &filter).await?;
        let is_ahead = |job: &&Job| {
            let other = serde_json::from_str::<SyncOrder>(&job.order.payload);
            job.id < work.job.id
                && other.is_ok_and(|other| other.reads != Reads::Changes && other.concerns(order))
        };
        Ok(queued.iter().find(is_ahead).map(|job| job.id))
    }

    fn pipeline(&self, work: &Work, order: &SyncOrder, connected: &Connected) -> Pipeline {
        let ports: Arc<dyn Ports> = self.ports.clone();
        let urgency = match (&order.reads, work.job.order.priority) {
            (Reads::Changes, URGENT_PRIORITY..) => Urgency::Immediate,
            (Reads::Changes, _) => Urgency::Routine,
            _ => Urgency::Backfill,
        };
        let pipeline = self
            .observed(connected.connection.pipeline(ports), connected)
            .clock(work.clock.clone())
            .through(&connected.reader)
            .urgency(urgency)
            .cancel_on(work.cancelled.clone())
            .patience(PATIENCE)
            .held_by(work.lease.clone());
        let pipeline = match order.streams.is_empty() {
            true => pipeline,
            false => pipeline.streams(&order.streams),
        };
        let background = match &order.reads {
            Reads::Changes => return pipeline.increments_only(),
            Reads::Everything => Background::Full,
            Reads::Again => Background::Reread,
            Reads::Window { since, until } => Background::Backfill { since: *since, until: *until },
        };
        pipeline.background(background).ordered(ordered(work, order, connected)).pause_after(self.slice)
    }

    /// What a run left without failing: the rest of its slice, and streams that wait for their vendor.
    ///
    /// Those that wait among others are ordered for then, so that the others need not be read again for them.
    async fn left(&self, work: &Work, order: &SyncOrder, report: &RunReport) -> Result<Outcome> {
        if report.is_paused() {
            let reason = "it gave its connection to others; it goes on behind its last page".to_owned();
            return Ok(Outcome::Snooze { until: work.clock.now(), reason });
        }
        let waiting: Vec<(&str, DateTime<Utc>)> = (report.streams().iter())
            .filter_map(|stream| Some((stream.name.as_str(), stream.waiting?)))
            .collect();
        match waiting.as_slice() {
            [] => Ok(Outcome::Done),
            [(stream, until)] if order.streams == [*stream] => {
                Ok(Outcome::Snooze { until: *until, reason: format!("{stream} waits for its vendor") })
            }
            waiting => {
                let later = |(stream, until): &(&str, DateTime<Utc>)| {
                    let order = SyncOrder { streams: vec![(*stream).to_owned()], ..order.clone() };
                    order.job(&work.job.order.tenant).map(|job| job.run_at(*until))
                };
                let orders = waiting.iter().map(later).collect::<Result<Vec<NewJob>>>()?;
                JobStore::enqueue(&*self.ports, &orders, work.clock.now()).await?;
                Ok(Outcome::Done)
            }
        }
    }

    fn observed(&self, pipeline: Pipeline, connected: &Connected) -> Pipeline {
        if !self.notices.are_heard() {
            return pipeline;
        }
        let (notices, of) = (self.notices.clone(), &connected.connection);
        let (tenant, connection) = (of.tenant.clone(), of.name.clone());
        pipeline.observe(move |event| {
            notices.tell(|| Notice::Reading {
                tenant: tenant.clone(),
                connection: connection.clone(),
                event: event.clone(),
            });
        })
    }
}

/// Since when what a background job orders counts as done already. A schedule orders nothing that was proved within half of
/// its stream's interval: a first read is a full one.
fn ordered(work: &Work, order: &SyncOrder, connected: &Connected) -> DateTime<Utc> {
    let created = work.job.created;
    let info = connected.connection.connector.info();
    let every = match (&order.reads, &work.job.order.schedule) {
        (Reads::Everything, Some(_)) => {
            let concerned =
                info.streams.iter().filter(|stream| order.streams.iter().any(|name| name == stream.name));
            concerned.filter_map(|stream| stream.full_every).min()
        }
        (Reads::Again, Some(_)) => Some(REREAD_EVERY),
        _ => None,
    };
    every.map_or(created, |every| created - every / 2)
}

/// What a run's report means for its job, as far as it failed.
///
/// Streams that fail for good beside others that were proved do not fail the job: another try would change nothing, and the
/// connection works. The report and the sync log say that they are incomplete.
fn judge(report: &RunReport) -> Result<Outcome> {
    let is_open = |stream: &&StreamReport| stream.outcome == Proof::Incomplete;
    let open: Vec<(&str, &Failure)> = (report.streams().iter().filter(is_open))
        .filter_map(|stream| Some((stream.name.as_str(), stream.failure.as_ref()?)))
        .collect();
    let passing: Vec<_> = open.iter().filter(|(_, failure)| !failure.is_permanent).collect();
    let all_failed = open.len() == report.streams().len();
    if open.is_empty() || (passing.is_empty() && !all_failed) {
        return Ok(Outcome::Done);
    }
    let said: Vec<String> =
        open.iter().map(|(stream, failure)| format!("{stream}: {}", failure.message)).collect();
    let message =
        format!("{} of {} streams are open: {}", open.len(), report.streams().len(), said.join("; "));
    let Some((_, first)) = passing.first() else {
        // Each failed for good; the first one's kind stands for all.
        let kind = open.first().and_then(|(_, failure)| ErrorKind::from_code(&failure.code));
        return Err(Error::new(kind.unwrap_or(ErrorKind::Unexpected), message).permanent());
    };
    let kind = ErrorKind::from_code(&first.code).unwrap_or(ErrorKind::Unexpected);
    let error = Error::new(kind, message).temporary();
    let waits: Option<Vec<u64>> = passing.iter().map(|(_, failure)| failure.wait_ms).collect();
    match waits.and_then(|waits| waits.into_iter().max()) {
        Some(wait) => Err(error.retry_after(Duration::from_millis(wait))),
        None => Err(error),
    }
}
