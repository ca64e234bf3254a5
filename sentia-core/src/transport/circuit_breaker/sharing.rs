//! Breakers that processes share: what one of them learned stops all, and survives a restart.
//!
//! A state is stored per class and replaced by compare-and-set. While a breaker is closed its calls cost nothing but a look at
//! the store every [`POLL`]. A probe is reserved in the store before it is sent, so that over all processes no more are out
//! than the policy says. Where a swap is lost the other's state is adopted, and what happened here is done to that.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};

use super::{
    BreakerState, Breakers, Forced, Refused, Ticket, Verdict,
    machine::{Machine, Phase},
};
use crate::{
    Error, ErrorKind, StateStore,
    state_store::{SharedState, Swap},
};

/// How old what is known of a class may be while calls pass.
const POLL: chrono::Duration = chrono::Duration::seconds(5);
/// How often a swap is lost before the state is left as another process made it.
const ROUNDS: u32 = 20;

/// Where breakers are kept.
#[derive(Debug)]
pub(super) struct Sharing {
    store: Arc<dyn StateStore>,
    prefix: String,
    warned: AtomicBool,
}

/// What is known of a class's stored state.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    version: Option<u64>,
    looked: Option<DateTime<Utc>>,
}

/// What is done to a state, again to each that another process put there first.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Settle(Ticket, Verdict, std::time::Duration),
    Force(Forced),
    Release,
}

impl Sharing {
    pub(super) fn new(store: Arc<dyn StateStore>, prefix: &str) -> Self {
        Sharing { store, prefix: prefix.to_owned(), warned: AtomicBool::new(false) }
    }

    fn key(&self, class: &str) -> String {
        format!("{}/{class}", self.prefix)
    }

    /// Without the store each process judges alone, as it would without sharing.
    fn alone(&self, error: &Error) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(prefix = self.prefix, %error, "breakers are kept by this process alone until the store is back");
        }
    }
}

impl Breakers {
    /// Admits a call by what all processes know.
    pub(super) async fn admit_shared(
        &self,
        sharing: &Sharing,
        class: &str,
    ) -> std::result::Result<Ticket, Refused> {
        if self.is_due(class) {
            self.look(sharing, class).await;
        }
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            let (admitted, before, after, known) = {
                let mut classes = self.classes();
                let entry = classes.entry(class.to_owned()).or_default();
                if entry.machine.passes() {
                    return entry.machine.admit(&self.policy, now);
                }
                let before = entry.machine.clone();
                let admitted = entry.machine.admit(&self.policy, now);
                let after = entry.machine.state().clone();
                if after.revision == before.state().revision {
                    return admitted;
                }
                (admitted, before, after, entry.known)
            };
            // A probe has taken its place: it counts once the store knows it.
            match self.swap(sharing, class, known, &after).await {
                None => return admitted,
                Some(other) => {
                    self.classes().entry(class.to_owned()).or_default().machine = before;
                    self.adopt(class, other);
                }
            }
        }
        Err(Refused { until: None, reason: "other processes keep changing its state".into() })
    }

    /// Does a change to the state of all processes. False when the store failed and only this one knows.
    pub(super) async fn change_shared(&self, sharing: &Sharing, class: &str, change: Change) -> bool {
        for _ in 0..ROUNDS {
            let (before, after, known) = {
                let mut classes = self.classes();
                let entry = classes.entry(class.to_owned()).or_default();
                let before = entry.machine.clone();
                self.change(&mut entry.machine, class, change);
                let after = entry.machine.state().clone();
                if after.revision == before.state().revision {
                    return true;
                }
                (before, after, entry.known)
            };
            match self.swap(sharing, class, known, &after).await {
                None => return !sharing.warned.load(Ordering::Relaxed),
                Some(other) => {
                    self.classes().entry(class.to_owned()).or_default().machine = before;
                    self.adopt(class, other);
                }
            }
        }
        false
    }

    fn is_due(&self, class: &str) -> bool {
        let now = self.clock.now();
        let mut classes = self.classes();
        let known = &mut classes.entry(class.to_owned()).or_default().known;
        // A time ahead was noted by a clock that has been set back since.
        let is_fresh = known.looked.is_some_and(|looked| looked <= now && now - looked < POLL);
        if !is_fresh {
            // Noted before looking: one caller looks, the others go on.
            known.looked = Some(now);
        }
        !is_fresh
    }

    async fn look(&self, sharing: &Sharing, class: &str) {
        match sharing.store.load(&sharing.key(class)).await {
            Ok(Some(stored)) => {
                sharing.warned.store(false, Ordering::Relaxed);
                self.adopt(class, Some(stored));
            }
            Ok(None) => {}
            Err(error) => sharing.alone(&error),
        }
    }

    /// Stores `state`; what another process has put there instead, none when it is ours or the store failed.
    async fn swap(
        &self,
        sharing: &Sharing,
        class: &str,
        known: Known,
        state: &BreakerState,
    ) -> Option<Option<SharedState>> {
        let body = serde_json::to_string(state).unwrap_or_default();
        match sharing.store.swap(&sharing.key(class), known.version, &body).await {
            Ok(Swap::Done(version)) => {
                sharing.warned.store(false, Ordering::Relaxed);
                let known = Known { version: Some(version), looked: Some(self.clock.now()) };
                self.classes().entry(class.to_owned()).or_default().known = known;
                None
            }
            Ok(Swap::Lost(other)) => Some(other),
            Err(error) => {
                sharing.alone(&error);
                None
            }
        }
    }

    fn adopt(&self, class: &str, stored: Option<SharedState>) {
        let now = self.clock.now();
        let mut classes = self.classes();
        let entry = classes.entry(class.to_owned()).or_default();
        entry.known = Known { version: stored.as_ref().map(|state| state.version), looked: Some(now) };
        // What does not read back is of another build; the next swap replaces it.
        let state = stored.and_then(|stored| serde_json::from_str(&stored.body).ok());
        entry.machine.adopt(state.unwrap_or_default());
    }
}

/// Says that an operator's word reached this process only.
pub(super) fn told_alone(class: &str) -> Error {
    let message = "the store did not take it: the breaker is forced in this process only; force it again";
    Error::new(ErrorKind::Store, message).context("breaker", class).temporary()
}

impl Machine {
    /// Takes over the state that another process stored. What was admitted in another generation or phase is fenced off.
    pub(super) fn adopt(&mut self, state: BreakerState) {
        let same = state.generation == self.state().generation
            && std::mem::discriminant(&state.phase) == std::mem::discriminant(&self.state().phase);
        if same && state.phase == Phase::Closed {
            return;
        }
        self.replace(state, same);
    }
}
