//! Sentia's vocabulary, traits and the engine that drives them; no database, no web framework.
//!
//! # Where to begin
//!
//! - To read a vendor: implement [`Connector`]. [`Stream`] and [`Fields`] declare a stream with its columns;
//!   [`json_record`] does without a struct of getters; [`Page`] is the answer, [`Error`] what went wrong.
//! - To keep records elsewhere: implement [`SyncSink`] with [`RecordReader`] and [`RunLog`], and run
//!   `sink_suite!` of the feature `testing`. [`certificate::settle`] judges a window for you.
//! - To keep credentials elsewhere: implement [`KeyStore`], or [`security::MasterKeys`] for a key service.
//! - To share budgets, breakers and leases elsewhere: implement [`StateStore`].
//! - To keep jobs elsewhere: implement [`JobStore`].
//! - To judge records: implement [`QualityRule`], or make one of a closure with `sentia_quality::record_rule`.
//! - To run once: give a connector and a store to a [`Pipeline`]. To run by schedule, with jobs of your own beside: [`Engine`].
//!
//! Semantic versioning is promised by the facade `sentia` only; this crate may move with it.

#![warn(clippy::print_stdout, clippy::print_stderr)]

#[cfg(shuttle)]
extern crate shuttle_tokio as tokio;

pub mod background;
pub mod batch;
pub mod certificate;
mod checksum;
pub mod clock;
mod config;
mod connector;
mod context;
pub mod cursor;
pub mod decode;
pub mod engine;
mod error;
pub mod finding;
pub mod job;
pub mod json_record;
pub mod key_store;
pub mod metric;
mod number;
pub mod page;
pub mod push;
pub mod quality;
pub mod quota;
pub mod record;
pub mod report;
mod row;
pub mod schedule;
pub mod security;
mod sink;
pub mod slice;
pub mod spool;
mod stage;
pub mod state_store;
pub mod stream;
mod sync;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;
pub mod transport;
pub mod value;
pub mod worker;

pub use self::{
    background::Background,
    batch::{Batch, Receipt},
    certificate::{Certificate, Evidence, Outcome},
    config::{optional_from_env, secret_from_env, var_from_env},
    connector::{Connector, ConnectorInfo},
    context::Context,
    cursor::{Checkpoint, Mode},
    decode::{Decoded, Fields, Stream},
    engine::{Engine, Pipeline},
    error::{Error, ErrorKind, Owner, Result, Status},
    job::JobStore,
    key_store::KeyStore,
    number::Exact,
    page::{Fetch, Page, Route},
    quality::QualityRule,
    record::{Key, Record, Rejected, Version},
    report::RunReport,
    sink::{RecordReader, RunLog, SyncSink},
    state_store::StateStore,
    stream::{StreamId, StreamInfo},
    table::StreamTable,
    text::Text,
    value::{ColumnKind, Value},
};
