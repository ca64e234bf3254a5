//! The engine: it drives connectors, rules and sinks.

mod pipeline;

pub use self::pipeline::Pipeline;
