//! Sync jobs: a pipeline over one connection, under the job's lease.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    connections::{Connected, Connections},
    notice::{Notice, Notices},
    order::{Reads, SyncOrder, URGENT_PRIORITY},
    pipeline::{Pipeline, Ports},
    ports::EnginePorts,
};
use crate::{
    Error, ErrorKind, Outcome as Proof, Result,
    cursor::Mode,
    job::Outcome,
    quota::Urgency,
    report::{Failure, RunReport, StreamReport},
    worker::{Handler, Work},
};

/// How long a job waits whose connection this engine does not have: another process may.
const ELSEWHERE: Duration = Duration::from_secs(60);

/// Reads connections as their orders say.
#[derive(Debug)]
pub(super) struct SyncHandler {
    pub(super) ports: Arc<dyn EnginePorts>,
    pub(super) connections: Arc<Connections>,
    pub(super) notices: Notices,
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
        let report = self.pipeline(work, &order, &connected).run().await?;
        let judged = judge(&report);
        self.notices.tell(|| Notice::Ran(Box::new(report)));
        judged
    }
}

impl SyncHandler {
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
            .held_by(work.lease.clone());
        let pipeline = match order.streams.is_empty() {
            true => pipeline,
            false => pipeline.streams(&order.streams),
        };
        match &order.reads {
            Reads::Changes => pipeline,
            _ => pipeline.mode(Mode::Full),
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

/// What a run's report means for its job.
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
