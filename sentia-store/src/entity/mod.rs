//! Typed entities of the engine's own tables.

pub(crate) mod job;
pub(crate) mod key;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod state;
