//! Behavior suites for your own connectors, sinks, and key, state, job and schedule stores, and what they need: a manual clock,
//! job, key and state stores in memory, crash points.

pub mod connector_suite;
pub mod crash;
pub mod job_store_suite;
pub mod key_store_suite;
mod memory_job_store;
mod memory_key_store;
mod memory_state_store;
#[cfg(shuttle)]
pub mod model;
pub mod schedule_store_suite;
pub mod sink_suite;
pub mod state_store_suite;

pub use self::{
    memory_job_store::MemoryJobStore, memory_key_store::MemoryKeyStore, memory_state_store::MemoryStateStore,
};
pub use crate::clock::{ManualClock, RuntimeClock};
