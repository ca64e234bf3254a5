//! The engine: it drives connectors, rules and sinks.
//!
//! [`Pipeline`] reads a connection stream by stream and partition by partition. Of each partition it keeps two pages in
//! memory at most: the one that is committed and the next, which is fetched meanwhile on a task of its own. Nothing else
//! in the workspace spawns tasks. What a window is and when it is proved is in [`crate::cursor`] and
//! [`crate::certificate`]. A [`Reader`] asks the same connectors for an answer and stores nothing.

mod fetching;
mod partitions;
mod pipeline;
mod progress;
mod reader;
mod reading;
mod routing;
mod rules;

pub use self::{
    pipeline::{Pipeline, Ports},
    reader::{Answer, ConnectionHealth, Question, Reader, VendorHealth},
};
/// Part of [`Pipeline::cancel_on`]'s signature, so that a host need not name its crate.
pub use tokio_util::sync::CancellationToken;
