//! TBD.
mod clock;
mod fault;
mod journal;
mod listener;
mod pacing;
mod reply;
mod rng;
pub mod universe;
mod world;
mod xero;
pub use clock::SandboxClock;
pub use fault::{Endpoint, FaultPlan};
pub use journal::LoggedRequest;
pub use pacing::Pacing;
pub use xero::{XeroFault, XeroLimits, XeroTwin};
