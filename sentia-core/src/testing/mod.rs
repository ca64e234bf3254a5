//! Behavior suites for your own connectors, sinks and key stores, and what they need: a manual clock, a key store in
//! memory, crash points.

pub mod connector_suite;
pub mod crash;
pub mod key_store_suite;
mod memory_key_store;
pub mod sink_suite;

pub use self::memory_key_store::MemoryKeyStore;
pub use crate::clock::ManualClock;
