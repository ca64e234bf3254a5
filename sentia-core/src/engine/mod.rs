//! The engine: it drives connectors, rules and sinks.

mod fetching;
mod pipeline;
mod reading;
mod rules;

pub use self::pipeline::{Pipeline, Ports};
/// Part of [`Pipeline::cancel_on`]'s signature, so that a host need not name its crate.
pub use tokio_util::sync::CancellationToken;
