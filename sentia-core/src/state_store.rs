//! Small states that all processes of a fleet share: budgets, breakers, leases.
//!
//! Each state is a short text under a key, replaced by compare-and-set. That is all that quota, breaker and token
//! refresh need of a database, so they share one port (decision 0015).
//!
//! Whoever loses a swap is told what stands there, does its change to that, and tries again:
//!
//! ```
//! use sentia_core::{StateStore, state_store::Swap, testing::MemoryStateStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> sentia_core::Result<()> {
//! async fn add_one(store: &impl StateStore, key: &str) -> sentia_core::Result<u64> {
//!     let mut known = store.load(key).await?;
//!     loop {
//!         let count = known.as_ref().map_or(0, |state| state.body.parse().unwrap_or(0)) + 1;
//!         let expected = known.map(|state| state.version);
//!         match store.swap(key, expected, &count.to_string()).await? {
//!             Swap::Done(_) => return Ok(count),
//!             Swap::Lost(other) => known = other,
//!         }
//!     }
//! }
//!
//! let store = MemoryStateStore::default();
//! add_one(&store, "visits").await?;
//! assert_eq!(add_one(&store, "visits").await?, 2);
//! # Ok(())
//! # }
//! ```

use std::fmt;

use async_trait::async_trait;

use crate::Result;

/// Counts the writes of a state, from 1.
pub type StateVersion = u64;

/// A state as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedState {
    /// Which write this is.
    pub version: StateVersion,
    /// What its owner wrote; nobody else reads it.
    pub body: String,
}

/// How a swap ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Swap {
    /// The state is ours, as this version.
    Done(StateVersion),
    /// Another process was first; this is what stands there, none for nothing.
    Lost(Option<SharedState>),
}

/// Keeps small states that processes share.
///
/// # Behavior
/// - `swap` is compare-and-set: with `expected: None` it creates, with a version it replaces exactly that one; of
///   several with one expectation one is done.
/// - A swap that lost says what stands there, so that nobody needs another call to go on.
/// - Versions of a key only grow; a state is never removed.
/// - A power loss may undo the last swaps: what must outlive it belongs into the [`KeyStore`](crate::KeyStore).
#[async_trait]
#[diagnostic::on_unimplemented(note = "implement `load`, `swap` and `list`, then run `state_store_suite!`")]
pub trait StateStore: fmt::Debug + Send + Sync + 'static {
    /// Reads a state.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn load(&self, key: &str) -> Result<Option<SharedState>>;

    /// Writes a state if the stored version is `expected`.
    ///
    /// # Errors
    /// `Store` when the database fails. Losing is not an error.
    ///
    /// # Cancel safety
    /// A dropped future may have written; load again to know.
    async fn swap(&self, key: &str, expected: Option<StateVersion>, body: &str) -> Result<Swap>;

    /// The states whose keys begin with `prefix`, by key: for status pages.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn list(&self, prefix: &str) -> Result<Vec<(String, SharedState)>>;
}
