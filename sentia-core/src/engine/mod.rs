//! The engine: it drives connectors, rules and sinks.
//!
//! [`Pipeline`] reads a connection stream by stream and partition by partition. Of each partition it keeps two pages in
//! memory at most: the one that is committed and the next, which is fetched meanwhile on a task of its own. What a window is and when it is proved is in [`crate::cursor`] and
//! [`crate::certificate`]. An [`Engine`] runs pipelines as jobs, by [schedules](crate::schedule) and on demand; nothing else
//! in the workspace spawns tasks, but its [workers](crate::worker). A [`Reader`] asks the same connectors for an answer and stores nothing.

mod asked;
mod builder;
mod census;
mod clean_up;
mod connection;
mod connections;
mod counting;
mod due;
mod fetching;
mod forecast;
mod notice;
mod order;
mod partitions;
mod pause;
mod pipeline;
mod ports;
mod position;
mod progress;
mod reader;
mod reading;
mod routing;
mod rules;
mod schedules;
mod service;
mod status;
mod sync_job;

pub use self::{
    builder::EngineBuilder,
    clean_up::Retention,
    connection::Connection,
    forecast::{PlannedRead, QuotaForecast},
    notice::Notice,
    order::{BACKFILL_PRIORITY, Reads, SyncOrder, URGENT_PRIORITY},
    pipeline::{Pipeline, Ports},
    ports::EnginePorts,
    reader::{Answer, ConnectionHealth, Question, Reader, VendorHealth},
    schedules::ScheduleStatus,
    service::Engine,
    status::{ENGINE_METRICS, EngineStatus, Explanation, Unhandled, Wait},
};
/// Part of [`Pipeline::cancel_on`]'s signature, so that a host need not name its crate.
pub use tokio_util::sync::CancellationToken;
