//! What the engine needs of a store.

use super::pipeline::Ports;
use crate::{job::JobStore, schedule::ScheduleStore};

/// What an engine needs of a store: what its pipelines need, jobs, and the states of schedules.
///
/// Implemented for whatever implements them. They must be in one database, so that a commit can make sure that its job is
/// still held.
pub trait EnginePorts: Ports + JobStore + ScheduleStore {}

impl<T: Ports + JobStore + ScheduleStore> EnginePorts for T {}
