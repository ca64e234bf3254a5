//! Behavior suites for your own connectors, sinks and key stores, and what they need: a manual clock, a key store in
//! memory, crash points.

pub mod crash;
mod memory_key_store;

pub use self::memory_key_store::MemoryKeyStore;
pub use crate::clock::ManualClock;
