//! A row of `sentia_jobs` as the job it is.

use chrono::{DateTime, Utc};
use sentia_core::{
    Result,
    job::{Claimed, Job, JobId, JobState, Lease, NewJob},
};

use crate::{entity::job::Model, error::corrupt};

pub(super) fn instant(ms: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms).ok_or_else(|| corrupt("job time"))
}

pub(super) fn id(text: &str) -> Result<JobId> {
    text.parse().map_err(|_| corrupt("job id"))
}

pub(super) fn state(code: &str) -> Result<JobState> {
    JobState::from_code(code).ok_or_else(|| corrupt("job state"))
}

fn count(number: i64) -> Result<u32> {
    u32::try_from(number).map_err(|_| corrupt("job count"))
}

fn lease(row: &Model) -> Result<Option<Lease>> {
    let (Some(worker), Some(until)) = (&row.worker, row.until_ms) else { return Ok(None) };
    Ok(Some(Lease {
        job: id(&row.id)?,
        worker: worker.clone(),
        fence: u64::try_from(row.fence).map_err(|_| corrupt("job fence"))?,
        until: instant(until)?,
    }))
}

pub(super) fn job(row: Model) -> Result<Job> {
    let lease = lease(&row)?;
    let mut order = NewJob::new(row.tenant, row.kind, row.payload)
        .payload_version(count(row.payload_version)?)
        .priority(i8::try_from(row.priority).map_err(|_| corrupt("job priority"))?)
        .run_at(instant(row.run_at_ms)?)
        .max_attempts(count(row.max_attempts)?);
    order.lane = row.lane;
    order.unique = row.unique_key;
    order.schedule = row.schedule;
    Ok(Job {
        id: id(&row.id)?,
        order,
        state: state(&row.state)?,
        attempt: count(row.attempt)?,
        cancel_requested: row.cancel,
        lease,
        note: row.note,
        created: instant(row.created_ms)?,
        finished: row.finished_ms.map(instant).transpose()?,
    })
}

pub(super) fn claimed(row: Model) -> Result<Claimed> {
    let lease = lease(&row)?.ok_or_else(|| corrupt("job lease"))?;
    Ok(Claimed { lease, job: job(row)? })
}
