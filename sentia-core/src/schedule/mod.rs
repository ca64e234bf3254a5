//! Schedules: when a run is due, what was missed, and what is done about it. Pure calculation.
//!
//! A [`Schedule`] is a [`Trigger`] (a cron line in a time zone, or an interval) with policies; a [`ScheduleState`] is what it has
//! behind it. [`Schedule::due`] answers for an instant which runs begin and which due times were missed, and the state to store
//! with them. Nothing here reads a clock, sleeps or stores: the host, or the job queue, does, and tests walk through years.
//!
//! - **Daylight saving**: a fixed time that is skipped runs right after the gap, one that occurs twice runs once; repeating lines
//!   follow the wall clock, so hourly ones run every hour. [`CronLine`] is read in its own zone.
//! - **Intervals** are measured in real time from an anchor, down to a second.
//! - **Jitter** depends on the schedule's name and the due time alone, so all processes agree on it.
//! - **[`CatchUp`]** says what is done about missed due times, **[`Overlap`]** about a run that goes on. Missed ones are counted
//!   under every policy.
//! - **Pauses** by a user or after repeated failures; what is due meanwhile is not missed.
//! - **Clocks that jump** neither double a run nor silence a schedule: [`Schedule::due`] says how.
//! - **[`defaults`]**: how often each vendor is read.
//!
//! Each due time is answered once for one state. That it runs once in a fleet takes the state's transaction and lease.

mod calendar;
mod cron;
pub mod defaults;
mod definition;
mod due;
mod interval;
mod jitter;
mod policy;
mod state;
mod store;
mod trigger;
mod zone;

#[cfg(test)]
mod tests;

pub use self::{
    cron::CronLine,
    definition::{DueTime, Schedule, ScheduleBuilder},
    due::{CLOCK_TOLERANCE, Due, Run},
    interval::Interval,
    policy::{Admission, CatchUp, Overlap},
    state::{Outcome, Pause, PausedBy, ScheduleState},
    store::{Advance, ScheduleStore, Step, StoredSchedule},
    trigger::Trigger,
};
