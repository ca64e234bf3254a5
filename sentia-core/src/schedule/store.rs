//! The port to where schedules' states are kept.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::state::ScheduleState;
use crate::{
    Result,
    job::{Enqueued, NewJob},
};

/// A schedule's state as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSchedule {
    /// The schedule's name.
    pub name: String,
    /// Counts the writes, from 1.
    pub version: u64,
    /// What the schedule was when its state was written, as it shows itself: a changed line begins anew.
    pub definition: String,
    /// What it has behind it.
    pub state: ScheduleState,
}

/// A schedule's next state, and the jobs that it orders with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The schedule's name.
    pub name: String,
    /// The version that this step follows; none for the first one.
    pub expected: Option<u64>,
    /// What the schedule is.
    pub definition: String,
    /// What it then has behind it.
    pub state: ScheduleState,
    /// What it orders.
    pub jobs: Vec<NewJob>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Advance {
    /// The state is written as this version, and its jobs are queued, in their order.
    Done {
        /// The version.
        version: u64,
        /// Which job does which work.
        jobs: Vec<Enqueued>,
    },
    /// Another process was first: nothing is written, and this is what stands there.
    Lost(Option<StoredSchedule>),
}

/// Keeps the states of schedules beside the jobs that they order.
///
/// # Behavior
/// - A step is one transaction: the state is written and its jobs are queued, or neither. So a due time is answered once
///   in a fleet, through crashes.
/// - It is compare-and-set: of several with one expectation one is done.
#[async_trait]
#[diagnostic::on_unimplemented(
    note = "implement `schedules` and `advance`, then run `schedule_store_suite!`"
)]
pub trait ScheduleStore: fmt::Debug + Send + Sync + 'static {
    /// Every schedule's state, by name.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn schedules(&self) -> Result<Vec<StoredSchedule>>;

    /// Writes a schedule's next state with the jobs that it orders, if its stored version is the expected one.
    ///
    /// # Errors
    /// As [`JobStore::enqueue`](crate::JobStore::enqueue); nothing is written then. Losing is not an error.
    ///
    /// # Cancel safety
    /// A dropped future has written all or nothing; taking the step again tells.
    async fn advance(&self, step: &Step, now: DateTime<Utc>) -> Result<Advance>;
}
