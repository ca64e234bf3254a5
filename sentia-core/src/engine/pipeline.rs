//! A connection's way into a sink.

/// Reads a connection and commits what it reads.
#[derive(Debug)]
pub struct Pipeline;
