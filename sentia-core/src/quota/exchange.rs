//! One round trip to the shared ledger: what was heard goes in, what is needed is taken, for all who wait.

use std::{collections::HashSet, sync::Arc, time::Duration};

use uuid::Uuid;

use super::{
    Claim, Urgency,
    ledger::{Going, Ledger},
    process::{FRESH, Local, Process, Spare},
    queue::Ticket,
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
/// How long a note of points on their way stands, in milliseconds.
const FLIGHT: Millis = 30_000;
/// Of what is left, at most one in so many units is taken ahead of its use.
const MOST_AHEAD: usize = 20;

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
    granted: Vec<(Ticket, Claim)>,
    ahead: Vec<Claim>,
    heard: usize,
    now: Millis,
    /// Whether it takes, tells or gives back anything.
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
        let going =
            Going { member: &shared.member, busy: heard.busy, began: heard.began, points: heard.points };
        ledger.observe(&process.limits, &heard.claim, &heard.seen, going, heard.at);
    }
    let stale = local.spares.iter().filter(|spare| !spare.is_fresh(now));
    let stale = stale.map(|spare| ledger.give_back(&process.limits, &spare.claim, spare.taken, now)).count();
    let mut room = usize::MAX;
    if let Some(most) = process.at_once {
        let wanted = local.busy + local.queue.len();
        ledger.permits.claim(most, &shared.member, local.busy, wanted, now);
        let held = ledger.permits.held(&shared.member);
        room = held.saturating_sub(local.busy);
        local.left = Some(held);
    }
    let granted = grants(process, &mut ledger, &local, room, now);
    let ahead = ahead(process, &mut ledger, &local, granted.last().map(|(_, claim)| *claim), now);
    let spent = granted.iter().map(|(_, claim)| claim).chain(&ahead).map(|claim| claim.cost).sum::<f64>();
    ledger.fly(&shared.member, local.points + spent, now + FLIGHT, now);
    let heard = local.unheard.len();
    let is_news = heard + stale + granted.len() > 0 || ledger.permits.differs(&local.ledger.permits);
    Draft { ledger, expected: local.version, granted, ahead, heard, now, is_news }
}

/// Takes for who waits, in order; behind a claim that must wait nobody of its operation goes.
fn grants(
    process: &Process,
    ledger: &mut Ledger,
    local: &Local,
    room: usize,
    now: Millis,
) -> Vec<(Ticket, Claim)> {
    let (mut granted, mut stopped) = (Vec::new(), HashSet::new());
    for (ticket, claim) in local.queue.hungry() {
        if granted.len() >= room {
            break;
        }
        if stopped.contains(claim.operation) {
            continue;
        }
        match ledger.ready(&process.limits, &claim, now) {
            Ok(()) => {
                ledger.take(&process.limits, &claim, now);
                granted.push((ticket, claim));
            }
            Err(_) => {
                stopped.insert(claim.operation);
            }
        }
    }
    granted
}

/// Takes as much again as was used within the last moment, of what is not scarce.
fn ahead(
    process: &Process,
    ledger: &mut Ledger,
    local: &Local,
    like: Option<Claim>,
    now: Millis,
) -> Vec<Claim> {
    let Some(like) = like else { return Vec::new() };
    let claim = Claim { urgency: Urgency::Routine, ..like };
    let wanted = local.recent.iter().filter(|start| now - **start <= FRESH).count();
    // Unless many times as much is left, each unit waits for who asks for it.
    let mut scarce = ledger.clone();
    let left = (0..wanted * MOST_AHEAD)
        .take_while(|_| {
            let ready = scarce.ready(&process.limits, &claim, now).is_ok();
            if ready {
                scarce.take(&process.limits, &claim, now);
            }
            ready
        })
        .count();
    let ahead = left / MOST_AHEAD;
    (0..ahead).for_each(|_| ledger.take(&process.limits, &claim, now));
    vec![claim; ahead]
}

/// The draft is the ledger now: hands out what it took.
fn settle(process: &Process, draft: Draft, version: Option<u64>) {
    let mut local = process.local();
    local.ledger = draft.ledger;
    local.version = version.or(local.version);
    local.left = None;
    local.unheard.drain(..draft.heard);
    local.spares.retain(|spare| spare.is_fresh(draft.now));
    let spare = |claim| Spare { claim, taken: draft.now, usable: true };
    for (ticket, claim) in draft.granted {
        if !local.queue.grant(ticket, draft.now) {
            local.spares.push_back(spare(claim));
        }
    }
    local.spares.extend(draft.ahead.into_iter().map(spare));
}

/// Another process was first: its ledger is the truth.
fn adopt(process: &Process, shared: &Shared, other: Option<SharedState>) {
    let mut local = process.local();
    local.version = other.as_ref().map(|state| state.version);
    local.left = None;
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
