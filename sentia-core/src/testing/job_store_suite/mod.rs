//! What every job store must do.
//!
//! Each behavior is a public async function that takes a store of its own, fresh and empty.

mod leases;
mod operators;
mod order;
mod unique;

use chrono::{DateTime, TimeDelta, Utc};

pub use self::{leases::*, operators::*, order::*, unique::*};
use crate::{
    JobStore,
    job::{Claim, Claimed, Enqueued, Job, JobFilter, JobId, NewJob},
};

/// A time, in seconds after a fixed start.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

fn order(tenant: &str) -> NewJob {
    NewJob::new(tenant, "sync", "{}")
}

/// Asks for jobs of kind `sync` with leases of a minute.
async fn claim(store: &impl JobStore, worker: &str, limit: u32, second: i64) -> Vec<Claimed> {
    let kinds = vec!["sync".to_owned()];
    let claim = Claim { worker: worker.to_owned(), kinds, limit, until: at(second + 60) };
    store.claim(&claim, at(second)).await.expect("claim").jobs
}

async fn claim_one(store: &impl JobStore, worker: &str, second: i64) -> Claimed {
    let mut claimed = claim(store, worker, 1, second).await;
    claimed.pop().expect("a job to run")
}

async fn enqueue_one(store: &impl JobStore, job: NewJob, second: i64) -> Enqueued {
    let answers = store.enqueue(&[job], at(second)).await.expect("enqueue");
    assert_eq!(answers.len(), 1);
    answers[0]
}

async fn job(store: &impl JobStore, id: JobId) -> Job {
    let filter = JobFilter { id: Some(id), ..JobFilter::default() };
    store.list(&filter).await.expect("list").pop().expect("the job")
}

fn ids(claimed: &[Claimed]) -> Vec<JobId> {
    claimed.iter().map(|claimed| claimed.job.id).collect()
}

/// Runs every behavior against each backend: an async function without arguments that gives a fresh store, or `None`
/// to skip. The caller needs `tokio` with its macros.
#[macro_export]
macro_rules! job_store_suite {
    ($($backend:ident),+ $(,)?) => {$(
        mod $backend {
            $crate::suite_tests!(super::$backend, job_store_suite:
                reads_back refuses_what_cannot_be_kept waits_for_its_time an_old_job_passes_newer_better_ones
                one_lane_runs_one_job lanes_leave_no_turn_unused tenants_take_turns tenants_share_a_claim
                no_job_is_claimed_twice other_kinds_stay a_claim_says_when_the_next_is_due the_census_tells_what_waits
                same_work_is_queued_once a_push_while_it_runs_runs_it_again a_dead_job_that_was_pushed_runs_again
                pushed_at_once_is_queued_once an_order_may_be_left_out_while_the_work_runs
                a_stale_worker_changes_nothing a_renewed_lease_lasts a_job_without_attempts_is_dead
                a_retry_spends_attempts a_snooze_spends_none a_clock_that_jumps_loses_nothing
                a_lease_from_a_far_future_is_taken_back an_overlong_lease_is_refused
                cancels_at_once_or_when_heard replays_dead_letters replays_work_once purges_what_ended
                hastened_jobs_are_due_now workers_are_called);
        }
    )+};
}
