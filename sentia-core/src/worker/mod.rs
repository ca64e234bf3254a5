//! Workers: they claim jobs, keep their leases alive while handlers do the work, and end each attempt once.
//!
//! ```text
//! signal or timer ─► claim ─► handler, with a heartbeat beside it ─► outcome ─► finish
//! ```
//!
//! - A [`Handler`] does one kind of work. A kind without a handler stays in the queue.
//! - An attempt whose lease is lost is dropped: another worker does the job. Its commits are refused by the fence.
//! - A handler that panics has failed like any other, and takes nothing with it.
//! - While the database is away, workers wait for it: running attempts go on as long as their leases could, and how they
//!   ended is said as soon as somebody listens.
//!
//! [`Engine`](crate::engine::Engine) runs a worker beside its schedules; a host that only wants jobs makes its own.

mod attempt;
mod handler;
mod held;
mod policy;
mod pool;
#[cfg(test)]
mod tests;

pub use self::{
    handler::{Handler, Work},
    policy::WorkerPolicy,
    pool::{Drained, Ended, Worker},
};
