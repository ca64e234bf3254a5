//! Sentia's store: records, manifests, certificates, checkpoints and sealed keys in SQLite or PostgreSQL.
//!
//! [`Store`] implements the engine's ports on SeaORM's pools. The tables of the engine begin with `sentia_`; each
//! vendor stream has a table of its own, made from the stream's column declaration. Semantic versioning is promised
//! by the facade `sentia` only.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cell;
mod checkpoint;
mod commit;
mod connect;
mod dialect;
mod entity;
mod error;
pub mod job;
mod key_store;
mod manifest;
mod migration;
#[cfg(feature = "postgres")]
mod postgres;
mod quarantine;
mod rows;
mod run_log;
mod schedule_store;
mod sink;
#[cfg(feature = "sqlite")]
mod sqlite;
mod state_store;
mod strays;
mod sweep;
mod table;
mod unit;
mod verify;

pub use self::{
    connect::Store,
    quarantine::QuarantineEntry,
    verify::{Difference, VerifyReport},
};
