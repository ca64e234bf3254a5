//! The engine: it drives connectors, rules and sinks.

mod fetching;
mod pipeline;
mod reading;
mod rules;

pub use self::pipeline::{Pipeline, Ports};
