//! One round trip to the shared ledger: what was heard goes in, what is needed is taken, for all who wait.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
    Refused,
    booking::{self, Booking},
    ledger::{Going, Ledger, learns},
    process::{Heard, Process},
    spare::Spare,
    window::Millis,
};
use crate::{
    Error, ErrorKind, Result, StateStore,
    state_store::{SharedState, Swap},
    sync::atomic::{AtomicBool, Ordering},
};

/// How often a swap is lost before it is left to the next one.
const ROUNDS: u64 = 30;
/// How long the store is waited for before this process goes on alone.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where an account's ledger is kept.
pub(super) struct Shared {
    store: Arc<dyn StateStore>,
    key: String,
    /// This planner's name in the ledger.
    pub(super) member: String,
    warned: AtomicBool,
}

impl Shared {
    pub(super) fn new(store: Arc<dyn StateStore>, key: &str) -> Self {
        let member = Uuid::now_v7().simple().to_string();
        Shared { store, key: key.to_owned(), member, warned: AtomicBool::new(false) }
    }

    /// Swaps, or fails when the store does not answer: calls wait for this, and none may wait for ever.
    async fn swap(&self, expected: Option<u64>, body: &str) -> Result<Swap> {
        let late =
            |_| Err(Error::new(ErrorKind::Store, format!("no answer of the store within {PATIENCE:?}")));
        let swap = self.store.swap(&self.key, expected, body);
        tokio::time::timeout(PATIENCE, swap).await.unwrap_or_else(late)
    }
}

/// A ledger with everything done to it, not stored yet.
struct Draft {
    ledger: Ledger,
    expected: Option<u64>,
    booking: Booking,
    heard: usize,
    now: Millis,
    /// Whether it takes or gives back anything, or tells what others should hear at once.
    is_news: bool,
}

/// Exchanges until it is done, and tells who waits.
pub(super) async fn run(process: Arc<Process>) {
    // Only a shared planner sends for more.
    let Some(shared) = &process.shared else { return };
    let _under_way = UnderWay(&process);
    for round in 0..ROUNDS {
        let draft = draft(&process, shared);
        if round > 0 && !draft.is_news {
            // What was adopted is the latest, and has nothing for who waits.
            break;
        }
        let body = serde_json::to_string(&draft.ledger).unwrap_or_default();
        process.exchanged();
        match shared.swap(draft.expected, &body).await {
            Ok(Swap::Done(version)) => {
                shared.warned.store(false, Ordering::Relaxed);
                settle(&process, draft, Some(version));
                break;
            }
            Ok(Swap::Lost(other)) => {
                adopt(&process, shared, other);
                if round > 1 {
                    let spread = u64::from(Uuid::new_v4().as_bytes()[0]) * round / 16;
                    process.clock.sleep(Duration::from_millis(1 + spread)).await;
                }
            }
            Err(error) => {
                if !shared.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(key = shared.key, %error, "quota is kept by this process alone until the store is back");
                }
                settle(&process, draft, None);
                break;
            }
        }
    }
}

/// An exchange under way. However it ends, also with its runtime, the next one may begin.
struct UnderWay<'a>(&'a Process);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut local = self.0.local();
        local.exchanging = false;
        local.keeps = None;
        local.asked = Some(self.0.now());
        drop(local);
        self.0.changed.notify_waiters();
    }
}

/// Does to the latest known ledger what this process has to do.
fn draft(process: &Process, shared: &Shared) -> Draft {
    let mut local = process.local();
    let now = process.now();
    let mut ledger = local.ledger.clone();
    for heard in &local.unheard {
        let going = Going { member: &shared.member, busy: heard.busy, began: heard.began, points: 0.0 };
        ledger.hear(&process.limits, &heard.claim, &heard.seen, going, (heard.at, now));
    }
    let stale = local.spares.iter().filter(|spare| !spare.is_kept(now));
    let stale = stale.map(|spare| ledger.give_back(&process.limits, &spare.claim, spare.taken, now)).count();
    if let Some(most) = process.at_once {
        let wanted = local.busy + local.queue.len();
        let begun = local.busy + local.spares.iter().filter(|spare| spare.is_kept(now)).count();
        ledger.permits.claim(most, &shared.member, (local.busy, begun), wanted, now);
        local.keeps = Some(ledger.permits.may(&shared.member));
    }
    let booking = booking::book(process, &shared.member, &mut ledger, &local, now);
    let heard = local.unheard.len();
    let is_urgent =
        |heard: &Heard| matches!(heard.seen.refused, Some(Refused::Rate(_))) || learns(&process.limits);
    let is_news = stale + booking.len() > 0
        || booking.is_news
        || local.unheard.iter().any(is_urgent)
        || ledger.permits.differs(&local.ledger.permits);
    Draft { ledger, expected: local.version, booking, heard, now, is_news }
}

/// The draft is the ledger now: hands out what it took.
fn settle(process: &Process, draft: Draft, version: Option<u64>) {
    let mut local = process.local();
    local.ledger = draft.ledger;
    local.version = version.or(local.version);
    local.unheard.drain(..draft.heard);
    local.spares.retain(|spare| spare.is_kept(draft.now));
    for (ticket, claim) in draft.booking.granted {
        if !local.queue.grant(ticket, draft.now) {
            local.spares.push_back(Spare { claim, from: draft.now, taken: draft.now, usable: true });
        }
    }
    local.spares.extend(draft.booking.spares);
}

/// Another process was first: its ledger is the truth.
fn adopt(process: &Process, shared: &Shared, other: Option<SharedState>) {
    let mut local = process.local();
    local.version = other.as_ref().map(|state| state.version);
    let read = other.map(|state| serde_json::from_str(&state.body));
    local.ledger = match read {
        Some(Ok(ledger)) => ledger,
        None => Ledger::default(),
        Some(Err(error)) => {
            // Of another build, or written by a hand. A full ledger is at worst corrected by the vendor's next refusal.
            tracing::warn!(key = shared.key, %error, "the shared quota does not read back; it begins anew");
            Ledger::default()
        }
    };
}
