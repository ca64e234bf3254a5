//! A state store for tests.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;

use crate::{
    Result,
    state_store::{SharedState, StateStore, StateVersion, Swap},
    sync::{Mutex, MutexGuard},
};

/// Keeps states in memory and counts the calls; clones share both.
#[derive(Debug, Clone, Default)]
pub struct MemoryStateStore(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    states: BTreeMap<String, SharedState>,
    calls: u64,
}

impl MemoryStateStore {
    /// Loads, swaps and lists so far: what would be round trips of a database.
    pub fn calls(&self) -> u64 {
        self.held().calls
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn called(&self) -> MutexGuard<'_, Held> {
        let mut held = self.held();
        held.calls += 1;
        held
    }
}

#[async_trait]
impl StateStore for MemoryStateStore {
    async fn load(&self, key: &str) -> Result<Option<SharedState>> {
        Ok(self.called().states.get(key).cloned())
    }

    async fn swap(&self, key: &str, expected: Option<StateVersion>, body: &str) -> Result<Swap> {
        let mut held = self.called();
        let stored = held.states.get(key);
        if stored.map(|state| state.version) != expected {
            return Ok(Swap::Lost(stored.cloned()));
        }
        let version = expected.unwrap_or(0) + 1;
        held.states.insert(key.to_owned(), SharedState { version, body: body.to_owned() });
        Ok(Swap::Done(version))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, SharedState)>> {
        let held = self.called();
        let under = held.states.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(under.map(|(key, state)| (key.clone(), state.clone())).collect())
    }
}
