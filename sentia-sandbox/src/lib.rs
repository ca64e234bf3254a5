//! TBD.
mod clock;
mod rng;
pub mod universe;
pub use clock::SandboxClock;
