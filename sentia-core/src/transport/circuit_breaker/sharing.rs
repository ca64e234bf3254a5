//! Breakers that processes share: what one of them learned stops all, and survives a restart.
//!
//! A state is stored per class and replaced by compare-and-set. While a breaker is closed its calls cost nothing but a look at
//! the store every [`POLL`]. A probe is reserved in the store before it is sent, so that over all processes no more are out
//! than the policy says. Where a swap is lost the other's state is adopted, and what happened here is done to that.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::{
    BreakerState, Breakers, Class, Forced, Phase, Refused, Ticket, Verdict,
    machine::{Machine, Mark},
};
use crate::{
    Error, ErrorKind, Result, StateStore,
    state_store::{SharedState, Swap},
    sync::atomic::{AtomicBool, Ordering},
};

/// How old what is known of a class may be while calls pass.
const POLL: chrono::Duration = chrono::Duration::seconds(5);
/// How long a call waits for the store before it goes on without.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a swap is lost before this process goes on alone.
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

/// Whether the store is to be looked at before a call.
enum Due {
    Not,
    /// Who finds what is known too old looks again; the others go on by it meanwhile.
    Again,
    /// Nothing is known: everybody waits for the first look, or a start in the midst of an outage would send whatever comes with
    /// it.
    First(Arc<OnceCell<()>>),
}

/// What is done to a state, again to each that another process put there first.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Settle(Ticket, Verdict, Duration),
    Force(Forced),
    Release,
}

/// A machine with a change done to it, not stored yet.
struct Draft {
    next: Machine,
    /// Of the machine it was made from.
    mark: Mark,
    known: Known,
    /// Whether this process goes by it already.
    is_here: bool,
}

/// How a draft's swap ended.
enum Stored {
    Done(u64),
    Lost(Option<SharedState>),
    Failed,
}

impl Sharing {
    pub(super) fn new(store: Arc<dyn StateStore>, prefix: &str) -> Self {
        Sharing { store, prefix: prefix.to_owned(), warned: AtomicBool::new(false) }
    }

    fn key(&self, class: &str) -> String {
        format!("{}/{class}", self.prefix)
    }

    /// What the store answers. None when it fails or takes longer than [`PATIENCE`]: without it each process judges alone, as
    /// it would without sharing.
    async fn ask<T>(&self, answer: impl Future<Output = Result<T>>) -> Option<T> {
        let late =
            |_| Err(Error::new(ErrorKind::Store, format!("no answer of the store within {PATIENCE:?}")));
        match tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(late) {
            Ok(answer) => {
                self.warned.store(false, Ordering::Relaxed);
                Some(answer)
            }
            Err(error) => {
                if !self.warned.swap(true, Ordering::Relaxed) {
                    let prefix = &self.prefix;
                    tracing::warn!(prefix, %error, "breakers are kept by this process alone until the store is back");
                }
                None
            }
        }
    }

    async fn swap(&self, class: &str, draft: &Draft) -> Stored {
        let body = serde_json::to_string(draft.next.state()).unwrap_or_default();
        match self.ask(self.store.swap(&self.key(class), draft.known.version, &body)).await {
            Some(Swap::Done(version)) => Stored::Done(version),
            Some(Swap::Lost(other)) => Stored::Lost(other),
            None => Stored::Failed,
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
        self.look_if_due(sharing, class).await;
        for _ in 0..ROUNDS {
            let (draft, ticket) = {
                let mut classes = self.classes();
                let entry = classes.entry(class.to_owned()).or_default();
                if entry.machine.passes() {
                    return entry.machine.admit(&self.policy, self.clock.now());
                }
                let mut draft = Draft::of(entry);
                let ticket = draft.next.admit(&self.policy, self.clock.now())?;
                (draft, ticket)
            };
            // A probe takes its place here once the store knows it: who goes away on the way to it leaves none behind.
            match sharing.swap(class, &draft).await {
                Stored::Done(version) => return Ok(ticket.sent_at(self.install(class, draft, version))),
                Stored::Lost(other) => self.lost(class, &draft, other),
                Stored::Failed => return self.admit_here(class),
            }
        }
        let until = Some(self.clock.now() + chrono::Duration::seconds(1));
        Err(Refused { until, back: until, reason: "other processes keep changing its state".into() })
    }

    /// Does a change to the state of all processes. False when the store did not take it and only this one knows.
    pub(super) async fn change_shared(&self, sharing: &Sharing, class: &str, change: Change) -> bool {
        for _ in 0..ROUNDS {
            let draft = {
                let mut classes = self.classes();
                let entry = classes.entry(class.to_owned()).or_default();
                let mut draft = Draft::of(entry);
                self.apply(&mut draft.next, change);
                if draft.next.state().revision == entry.machine.state().revision {
                    entry.machine = draft.next;
                    return true;
                }
                // Calls that pass stop at once, not when the store has heard of it.
                if entry.machine.passes() {
                    draft.is_here = true;
                    entry.machine = draft.next.clone();
                    self.tell(class, entry, draft.mark);
                }
                draft
            };
            match sharing.swap(class, &draft).await {
                Stored::Done(version) => {
                    self.install(class, draft, version);
                    return true;
                }
                Stored::Lost(other) => self.lost(class, &draft, other),
                Stored::Failed if draft.is_here => return false,
                Stored::Failed => break,
            }
        }
        self.change(class, change);
        false
    }

    fn due(&self, class: &str) -> Due {
        let now = self.clock.now();
        let mut classes = self.classes();
        let Class { known, heard, .. } = classes.entry(class.to_owned()).or_default();
        // A time ahead was noted by a clock that has been set back since.
        let is_fresh = known.looked.is_some_and(|looked| looked <= now && now - looked < POLL);
        if !is_fresh {
            // Noted before looking: one caller looks, the others go on.
            known.looked = Some(now);
        }
        match (heard.initialized(), is_fresh) {
            (false, _) => Due::First(heard.clone()),
            (true, false) => Due::Again,
            (true, true) => Due::Not,
        }
    }

    async fn look_if_due(&self, sharing: &Sharing, class: &str) {
        match self.due(class) {
            Due::Not => {}
            Due::Again => self.look(sharing, class).await,
            Due::First(heard) => {
                heard.get_or_init(|| self.look(sharing, class)).await;
            }
        }
    }

    /// Ends when a phase changed, here or, as far as the store has told within [`POLL`], elsewhere.
    pub(super) async fn news(&self, class: &str, changed: impl Future<Output = ()>) {
        let poll = POLL.to_std().unwrap_or_default();
        if let (Err(_), Some(sharing)) = (tokio::time::timeout(poll, changed).await, &self.sharing) {
            self.look_if_due(sharing, class).await;
        }
    }

    fn adopt(&self, entry: &mut Class, stored: SharedState) {
        let mark = entry.machine.mark();
        entry.adopt(stored, self.clock.now());
        self.wake(entry, mark);
    }

    async fn look(&self, sharing: &Sharing, class: &str) {
        let Some(Some(stored)) = sharing.ask(sharing.store.load(&sharing.key(class))).await else { return };
        let mut classes = self.classes();
        let entry = classes.entry(class.to_owned()).or_default();
        // What was read may be older than what is known by now, and what changed here while the store failed is on top of it.
        if entry.known.version.is_none_or(|known| stored.version > known) {
            self.adopt(entry, stored);
        }
    }

    /// Goes by a draft that was stored; the fence from then on. Where a newer state is known already, that stands.
    fn install(&self, class: &str, draft: Draft, version: u64) -> u64 {
        let mut classes = self.classes();
        let entry = classes.entry(class.to_owned()).or_default();
        if entry.known.version.is_none_or(|known| version > known) {
            entry.known = Known { version: Some(version), looked: Some(self.clock.now()) };
            if !draft.is_here {
                let mark = draft.mark;
                entry.machine.advance(draft.next, mark);
                self.tell(class, entry, mark);
            }
        }
        entry.machine.fence()
    }

    /// Goes by what stands in the store instead of a draft.
    fn lost(&self, class: &str, draft: &Draft, other: Option<SharedState>) {
        let mut classes = self.classes();
        let entry = classes.entry(class.to_owned()).or_default();
        let has_moved = entry.known.version != draft.known.version;
        match other {
            Some(other) if has_moved && entry.known.version.is_some_and(|known| known >= other.version) => {}
            Some(other) => self.adopt(entry, other),
            // Its states were removed: the next swap creates this one.
            None => entry.known.version = None,
        }
    }
}

impl Draft {
    fn of(class: &Class) -> Self {
        Draft { next: class.machine.clone(), mark: class.machine.mark(), known: class.known, is_here: false }
    }
}

impl Class {
    fn adopt(&mut self, stored: SharedState, now: DateTime<Utc>) {
        self.known = Known { version: Some(stored.version), looked: Some(now) };
        // What does not read back is of another build; the next swap replaces it.
        self.machine.adopt(serde_json::from_str(&stored.body).unwrap_or_default());
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
