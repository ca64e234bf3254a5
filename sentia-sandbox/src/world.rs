//! The one universe that all twins serve, and the clock they share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::clock::SandboxClock;
use crate::universe::Universe;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: SandboxClock,
    universe: RwLock<Universe>,
    revision: AtomicU64,
}

impl World {
    pub(crate) fn new(universe: Universe, clock: SandboxClock) -> Self {
        Self { clock, universe: RwLock::new(universe), revision: AtomicU64::new(1) }
    }

    /// The universe as it is; never held across an await.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Universe> {
        self.universe.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the universe at the clock's moment. The revision moves with it, so that cached indexes are rebuilt.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Universe) -> T) -> T {
        let mut universe = self.universe.write().unwrap_or_else(PoisonError::into_inner);
        universe.advance_to(self.clock.now());
        let result = change(&mut universe);
        universe.keep_journals();
        self.revision.fetch_add(1, Ordering::Release);
        result
    }

    /// Counts the changes so far.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }
}
