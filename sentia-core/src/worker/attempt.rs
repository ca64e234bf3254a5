//! One attempt at a job: the handler on a task of its own, the heartbeat beside it, and the end, said once.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    handler::{Handler, Work},
    held::Held,
    policy::WorkerPolicy,
};
use crate::{
    Error, ErrorKind, JobStore, Result,
    clock::Clock,
    job::{Claimed, JobState, Lease, Outcome},
    stage,
    sync::AbortOnDropHandle,
};

/// The pause between two tries to tell the store how an attempt ended, and between two to renew its lease after a failure.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What every attempt of a worker needs.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) store: Arc<dyn JobStore>,
    pub(super) policy: WorkerPolicy,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) held: Held,
    /// Cancelled when the worker's bound to drain is over.
    pub(super) drained: CancellationToken,
}

/// Where an attempt left its job.
#[derive(Debug)]
pub(super) enum Left {
    /// The store was told; this is what was said, and where the job stands.
    Ended(Outcome, JobState),
    /// The lease was lost: another worker has the job.
    Lost,
}

/// How the handler came to its end.
enum Handled {
    Said(Outcome),
    Failed(Error),
    /// Somebody called the job off.
    CalledOff,
    /// The worker drains.
    GivenBack,
    /// The lease was lost.
    Lost,
}

pub(super) async fn attempt(around: &Surroundings, handler: Arc<dyn Handler>, claimed: Claimed) -> Left {
    around.held.note(&claimed.lease);
    stage::pass("job.claimed");
    let mut lease = claimed.lease.clone();
    let attempt = claimed.job.attempt;
    let handled = match refused(handler.as_ref(), &claimed, around) {
        Some(outcome) => Handled::Said(outcome),
        None => run(around, handler, claimed, &mut lease).await,
    };
    stage::pass("job.handled");
    let now = around.clock.now();
    let outcome = match handled {
        Handled::Said(outcome) => Some(outcome),
        Handled::Failed(error) => Some(around.policy.judge(&error, attempt, now)),
        Handled::CalledOff => Some(Outcome::Cancelled),
        Handled::GivenBack => Some(Outcome::Snooze {
            until: now,
            reason: "its worker was stopped; any other goes on".to_owned(),
        }),
        Handled::Lost => None,
    };
    let left = match outcome {
        Some(outcome) => finish(around, &lease, outcome).await,
        None => Left::Lost,
    };
    around.held.forget(&lease);
    stage::pass("job.finished");
    left
}

/// What becomes of a job whose payload the handler does not read.
fn refused(handler: &dyn Handler, claimed: &Claimed, around: &Surroundings) -> Option<Outcome> {
    let (order, known) = (&claimed.job.order, handler.versions());
    let version = order.payload_version;
    if version > *known.end() {
        let reason = format!(
            "its payload has version {version} and this worker reads up to {}; a newer worker takes it",
            known.end()
        );
        return Some(Outcome::Snooze { until: around.clock.now() + around.policy.lease, reason });
    }
    (version < *known.start()).then(|| Outcome::Dead {
        error: format!(
            "its payload has version {version} and is no longer read, {} is the oldest that is; enqueue it anew",
            known.start()
        ),
    })
}

/// Runs the handler until it ends, is called off, or the lease is lost.
async fn run(
    around: &Surroundings,
    handler: Arc<dyn Handler>,
    claimed: Claimed,
    lease: &mut Lease,
) -> Handled {
    let cancelled = CancellationToken::new();
    let work = Work {
        job: claimed.job,
        lease: claimed.lease,
        cancelled: cancelled.clone(),
        clock: around.clock.clone(),
    };
    let called_off = work.job.cancel_requested;
    let mut running = AbortOnDropHandle::new(tokio::spawn(async move { handler.run(&work).await }));
    let why = match called_off {
        true => Handled::CalledOff,
        false => tokio::select! {
            biased;
            joined = &mut running => return said(joined),
            () = around.drained.cancelled() => Handled::GivenBack,
            beat = heartbeat(around, lease) => match beat {
                Beat::Lost => return Handled::Lost,
                Beat::CalledOff => Handled::CalledOff,
            },
        },
    };
    cancelled.cancel();
    // What it says of its own accord counts, also now; the heartbeat goes on, so that the lease lasts as long.
    tokio::select! {
        biased;
        joined = &mut running => match said(joined) {
            Handled::Failed(error) if error.kind() == ErrorKind::Cancelled => why,
            said => said,
        },
        () = lost(around, lease) => Handled::Lost,
        () = around.clock.sleep(around.policy.patience) => why,
    }
}

fn said(joined: std::result::Result<Result<Outcome>, tokio::task::JoinError>) -> Handled {
    match joined {
        Ok(Ok(outcome)) => Handled::Said(outcome),
        Ok(Err(error)) => Handled::Failed(error),
        Err(panic) => {
            let message = "the handler panicked; mend it, the job is tried again";
            Handled::Failed(Error::new(ErrorKind::Unexpected, message).source(panic))
        }
    }
}

/// Why the heartbeat ended.
enum Beat {
    CalledOff,
    Lost,
}

/// Renews the lease until somebody calls the job off or the lease is lost.
async fn heartbeat(around: &Surroundings, lease: &mut Lease) -> Beat {
    let mut pause = around.policy.heartbeat();
    loop {
        around.clock.sleep(pause).await;
        match around.store.renew(lease, around.policy.until(around.clock.now())).await {
            Ok(renewed) => {
                *lease = renewed.lease;
                around.held.note(lease);
                if renewed.job.cancel_requested {
                    return Beat::CalledOff;
                }
                pause = around.policy.heartbeat();
            }
            Err(error) if error.kind() == ErrorKind::Conflict => return Beat::Lost,
            // The lease may still be ours, and the fence keeps us from harm where it is not.
            Err(error) => {
                tracing::warn!(job = %lease.job, %error, "a job's lease could not be renewed; trying again");
                pause = STORE_PAUSE.min(around.policy.heartbeat());
            }
        }
    }
}

/// Renews the lease until it is lost.
async fn lost(around: &Surroundings, lease: &mut Lease) {
    while matches!(heartbeat(around, lease).await, Beat::CalledOff) {}
}

/// Tells the store how the attempt ended, as long as the lease lasts: said in vain, the work would be done again.
async fn finish(around: &Surroundings, lease: &Lease, outcome: Outcome) -> Left {
    loop {
        let now = around.clock.now();
        match around.store.finish(lease, outcome.clone(), now).await {
            Ok(state) => return Left::Ended(outcome, state),
            // A first try whose answer was lost may have ended the attempt.
            Err(error) if error.kind() == ErrorKind::Conflict => return Left::Lost,
            Err(error) if now >= lease.until => {
                tracing::error!(job = %lease.job, %error, "how a job ended could not be written; it runs once more");
                return Left::Lost;
            }
            Err(error) => {
                tracing::warn!(job = %lease.job, %error, "how a job ended could not be written; trying again");
                around.clock.sleep(STORE_PAUSE).await;
            }
        }
    }
}
