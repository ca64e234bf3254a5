//! Lets calls go when all budgets of their account allow it, for all processes together.
//!
//! Alone, a planner decides in memory. With a [`StateStore`] it swaps the account's ledger once for a batch: all claims that wait, and
//! as many again as were lately used within a moment, so that a steady caller pays for one round trip in several calls.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::{
    Claim, Level, Refused, Seen, Waiting,
    exchange::{self, Shared},
    ledger::{AT_ONCE, Going, Hold, Ledger},
    level,
    queue::{self, Queue},
    window::Millis,
};
use crate::{Error, ErrorKind, Result, StateStore, clock::Clock, transport::Limit};

/// The longest wait for a budget that is slept here; a longer one is the caller's to schedule.
const MAX_WAIT: Millis = 5 * 60_000;
/// How often permits that another process holds are asked for again.
const ASK_AGAIN: Millis = 250;
/// How long a unit that was taken ahead may wait to be used.
pub(super) const FRESH: Millis = 500;

/// The budgets of one account. Clones share them.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use sentia_core::{clock::SystemClock, quota::{Claim, Planner, Seen}, transport::Limit};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> sentia_core::Result<()> {
/// let minute = Limit::Calls { calls: 60, per: Duration::from_secs(60) };
/// let planner = Planner::new(vec![minute], Arc::new(SystemClock));
/// let permit = planner.acquire(Claim::default()).await?;
/// // The call is made here; what its answer says about budgets is told.
/// permit.answered(Seen::default());
/// assert_eq!(planner.levels()[0].used, 1.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Planner(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) limits: Vec<Limit>,
    pub(super) at_once: Option<usize>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shared: Option<Shared>,
    local: Mutex<Local>,
    /// Something changed that a waiting claim may go by.
    pub(super) changed: Notify,
    counts: Counts,
}

/// What a process knows and has.
pub(super) struct Local {
    pub(super) ledger: Ledger,
    /// The version of the ledger in the store, as far as it is known.
    pub(super) version: Option<u64>,
    pub(super) queue: Queue,
    /// Units taken of the shared ledger and not used yet.
    pub(super) spares: VecDeque<Spare>,
    /// What the shared ledger has not heard yet.
    pub(super) unheard: Vec<Heard>,
    pub(super) busy: usize,
    pub(super) points: f64,
    pub(super) exchanging: bool,
    /// When the latest exchange ended.
    pub(super) asked: Option<Millis>,
    /// Starts within the last moment.
    pub(super) recent: VecDeque<Millis>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Spare {
    pub(super) claim: Claim,
    pub(super) taken: Millis,
    pub(super) usable: bool,
}

impl Spare {
    /// Whether it may still be used at `now`: a unit counts from when it was taken.
    pub(super) fn is_fresh(&self, now: Millis) -> bool {
        self.usable && (0..=FRESH).contains(&(now - self.taken))
    }
}

#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) claim: Claim,
    pub(super) seen: Seen,
    pub(super) busy: usize,
    pub(super) points: f64,
    pub(super) began: Millis,
    pub(super) at: Millis,
}

#[derive(Debug, Default)]
struct Counts {
    granted: AtomicU64,
    waited: AtomicU64,
    refused: AtomicU64,
    exchanges: AtomicU64,
}

/// What a planner has decided since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decisions {
    /// Calls let go.
    pub granted: u64,
    /// Those among them that waited.
    pub waited: u64,
    /// Calls told to come back later, because the wait is longer than five minutes.
    pub refused: u64,
    /// Round trips to the shared state.
    pub exchanges: u64,
}

enum Step {
    Go(Permit),
    Until(Hold),
    /// Another claim, a permit or an exchange is waited for; a notification tells.
    Told,
}

impl Planner {
    /// A planner of its own, in memory.
    pub fn new(limits: Vec<Limit>, clock: Arc<dyn Clock>) -> Self {
        Self::make(limits, clock, None)
    }

    /// A planner that shares the ledger stored as `key` with all others of that key.
    ///
    /// While the store fails it goes on alone from what it knew, and warns once.
    pub fn shared(limits: Vec<Limit>, clock: Arc<dyn Clock>, store: Arc<dyn StateStore>, key: &str) -> Self {
        // Where no limit is kept there is nothing to share.
        let shared = (!limits.is_empty()).then(|| Shared::new(store, key));
        Self::make(limits, clock, shared)
    }

    fn make(limits: Vec<Limit>, clock: Arc<dyn Clock>, shared: Option<Shared>) -> Self {
        let at_once = limits.iter().find_map(|limit| match limit {
            Limit::Concurrent(calls) => Some(*calls),
            _ => None,
        });
        let local = Local {
            ledger: Ledger::default(),
            version: None,
            queue: Queue::default(),
            spares: VecDeque::new(),
            unheard: Vec::new(),
            busy: 0,
            points: 0.0,
            exchanging: false,
            asked: None,
            recent: VecDeque::new(),
        };
        Planner(Arc::new(Inner {
            limits,
            at_once,
            clock,
            shared,
            local: Mutex::new(local),
            changed: Notify::new(),
            counts: Counts::default(),
        }))
    }

    /// Waits until `claim` may be met. The permit is held until the answer's body has ended.
    ///
    /// # Errors
    /// `QuotaExhausted` with the wait when it would be longer than five minutes; its context names the limit.
    ///
    /// # Cancel safety
    /// Dropping the future takes nothing: what was taken for it goes to the next claim or back.
    pub async fn acquire(&self, claim: Claim) -> Result<Permit> {
        let inner = &self.0;
        if let Some(permit) = inner.at_once(claim) {
            return Ok(permit);
        }
        let ticket = Ticket { inner, number: inner.local().queue.enter(claim) };
        inner.counts.waited.fetch_add(1, Ordering::Relaxed);
        loop {
            let changed = inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match inner.step(ticket.number, claim) {
                Step::Go(permit) => return Ok(permit),
                Step::Told => changed.await,
                Step::Until(hold) => {
                    let wait = hold.until - inner.now();
                    if wait > MAX_WAIT {
                        return Err(inner.spent(&hold, wait));
                    }
                    // A millisecond at least, so that no wait is a hot loop.
                    let wait = Duration::from_millis(wait.max(1) as u64);
                    tracing::debug!(limit = hold.limit, ?claim, wait_ms = wait.as_millis() as u64, "paced");
                    tokio::select! {
                        () = inner.clock.sleep(wait) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }

    /// Gives back what this process holds and does not use. For the end of a run: without it others get it when its lease
    /// ends, half a minute later.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: it goes on.
    pub async fn release(&self) {
        if !self.0.may_release() {
            return;
        }
        // A task of its own, as every exchange: half a swap is none of the caller's.
        let _ = tokio::spawn(exchange::run(self.0.clone())).await;
    }

    /// The level of each limit, as far as this process knows.
    pub fn levels(&self) -> Vec<Level> {
        let now = self.0.now();
        let mut local = self.0.local();
        let busy = local.busy;
        self.0.limits.iter().map(|limit| level::of(&mut local.ledger, limit, busy, now)).collect()
    }

    /// The claims that wait, in their order, each with the limit it waits for and until when.
    pub fn waiting(&self) -> Vec<Waiting> {
        let now = self.0.now();
        let mut local = self.0.local();
        let claims: Vec<Claim> = local.queue.claims().collect();
        claims.into_iter().map(|claim| self.0.explained(&mut local, claim, now)).collect()
    }

    /// What a call with this claim would wait for now; `None` when it would go.
    pub fn explain(&self, claim: Claim) -> Option<Waiting> {
        let now = self.0.now();
        let mut local = self.0.local();
        let waiting = self.0.explained(&mut local, claim, now);
        (waiting.until.is_some_and(|until| until > at(now)) || waiting.limit == AT_ONCE).then_some(waiting)
    }

    /// What it has decided so far.
    pub fn decisions(&self) -> Decisions {
        let counts = &self.0.counts;
        Decisions {
            granted: counts.granted.load(Ordering::Relaxed),
            waited: counts.waited.load(Ordering::Relaxed),
            refused: counts.refused.load(Ordering::Relaxed),
            exchanges: counts.exchanges.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Planner({:?})", self.0.limits)
    }
}

/// An instant of the ledger as a date.
pub(super) fn at(millis: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Inner {
    pub(super) fn local(&self) -> MutexGuard<'_, Local> {
        // Nothing panics while it is held, and what it holds is whole after each statement.
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Millis {
        self.clock.now().timestamp_millis()
    }

    pub(super) fn exchanged(&self) {
        self.counts.exchanges.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether there is anything to give back; an exchange is then begun.
    fn may_release(&self) -> bool {
        let mut local = self.local();
        let idle = local.busy == 0 && local.queue.is_empty() && !local.exchanging;
        if self.shared.is_none() || !idle || local.asked.is_none() {
            return false;
        }
        local.spares.iter_mut().for_each(|spare| spare.usable = false);
        local.exchanging = true;
        true
    }

    /// The way of a call that nobody is before.
    fn at_once(self: &Arc<Self>, claim: Claim) -> Option<Permit> {
        let mut local = self.local();
        let free = local.queue.is_empty() && self.may_begin(&local);
        (free && self.affords(&mut local, claim, self.now()).is_ok()).then(|| self.begin(&mut local, claim))
    }

    /// Whether one more call may go on beside those that do.
    fn may_begin(&self, local: &Local) -> bool {
        match (self.at_once, &self.shared) {
            (None, _) => true,
            (Some(most), None) => local.busy < local.ledger.permits.limit(most),
            (Some(_), Some(shared)) => local.busy < local.ledger.permits.held(&shared.member),
        }
    }

    /// Takes what `claim` needs, of the ledger when it is ours alone, of the spares when it is shared.
    fn affords(&self, local: &mut Local, claim: Claim, now: Millis) -> Result<(), Option<Hold>> {
        if self.shared.is_none() {
            local.ledger.ready(&self.limits, &claim, now).map_err(Some)?;
            local.ledger.take(&self.limits, &claim, now);
            return Ok(());
        }
        let fits = |spare: &Spare| {
            spare.claim.operation == claim.operation && spare.claim.cost >= claim.cost && spare.is_fresh(now)
        };
        let spare = local.spares.iter().position(fits).ok_or(None)?;
        local.spares.remove(spare);
        Ok(())
    }

    fn begin(self: &Arc<Self>, local: &mut Local, claim: Claim) -> Permit {
        let now = self.now();
        local.busy += 1;
        local.points += claim.cost;
        local.recent.push_back(now);
        while local.recent.front().is_some_and(|start| now - start > FRESH) {
            local.recent.pop_front();
        }
        self.counts.granted.fetch_add(1, Ordering::Relaxed);
        Permit { inner: self.clone(), claim, began: now, answer: None }
    }

    fn step(self: &Arc<Self>, ticket: queue::Ticket, claim: Claim) -> Step {
        let now = self.now();
        let mut local = self.local();
        let granted = local.queue.is_granted(ticket);
        if !granted && !local.queue.is_first(ticket) {
            return Step::Told;
        }
        if !self.may_begin(&local) {
            return match local.ledger.ready(&self.limits, &claim, now) {
                // A permit would be of no use before that.
                Err(hold) if !granted && local.spares.is_empty() && local.asked.is_some() => {
                    Step::Until(hold)
                }
                _ => self.beg(&mut local, now),
            };
        }
        let afforded = if granted { Ok(()) } else { self.affords(&mut local, claim, now) };
        match afforded {
            Ok(()) => {
                local.queue.leave(ticket);
                let permit = self.begin(&mut local, claim);
                self.changed.notify_waiters();
                Step::Go(permit)
            }
            Err(Some(hold)) => Step::Until(hold),
            Err(None) => self.ask(&mut local, claim, now),
        }
    }

    /// No permit is free: the end of a call is waited for, or another process is asked again in a while.
    fn beg(self: &Arc<Self>, local: &mut Local, now: Millis) -> Step {
        if self.shared.is_none() || local.exchanging {
            return Step::Told;
        }
        match local.asked.map(|asked| asked + ASK_AGAIN).filter(|again| *again > now) {
            Some(until) => Step::Until(Hold { limit: AT_ONCE.to_owned(), until }),
            None => self.send_for_more(local),
        }
    }

    /// Nothing is at hand: the shared ledger is asked, unless it is known to have nothing yet.
    fn ask(self: &Arc<Self>, local: &mut Local, claim: Claim, now: Millis) -> Step {
        if local.exchanging {
            return Step::Told;
        }
        match local.ledger.ready(&self.limits, &claim, now) {
            Err(hold) if local.asked.is_some() => Step::Until(hold),
            _ => self.send_for_more(local),
        }
    }

    fn send_for_more(self: &Arc<Self>, local: &mut Local) -> Step {
        local.exchanging = true;
        // A task of its own: a caller that is dropped meanwhile must not leave a swap half known.
        tokio::spawn(exchange::run(self.clone()));
        Step::Told
    }

    fn explained(&self, local: &mut Local, claim: Claim, now: Millis) -> Waiting {
        let hold = local.ledger.ready(&self.limits, &claim, now).err();
        let crowded = hold.is_none() && !self.may_begin(local);
        let until = hold.as_ref().map(|hold| at(hold.until));
        let limit = hold.map(|hold| hold.limit);
        let limit = limit.unwrap_or_else(|| if crowded { AT_ONCE } else { "its turn" }.to_owned());
        Waiting { claim, limit, until }
    }

    fn spent(&self, hold: &Hold, wait: Millis) -> Error {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        let message = "the vendor's budget is spent; the next run goes on when it is restored";
        tracing::info!(limit = hold.limit, until = %at(hold.until), "quota exhausted");
        Error::new(ErrorKind::QuotaExhausted, message)
            .retry_after(Duration::from_millis(wait as u64))
            .context("limit", &hold.limit)
            .context("until", at(hold.until))
    }

    /// A call has ended, with an answer or without.
    fn end(self: &Arc<Self>, claim: Claim, began: Millis, seen: Option<Seen>) {
        let now = self.now();
        let mut local = self.local();
        let (busy, points) = (local.busy, (local.points - claim.cost).max(0.0));
        local.busy -= 1;
        local.points = points;
        match (seen, &self.shared) {
            // Where no limit is kept, a refusal is told to its caller and to nobody else.
            _ if self.limits.is_empty() => {}
            (None, _) => {}
            (Some(seen), None) => {
                let going = Going { member: "", busy, began, points };
                local.ledger.observe(&self.limits, &claim, &seen, going, now);
            }
            (Some(seen), Some(_)) if self.is_news(&local, &seen) => {
                if matches!(seen.refused, Some(Refused::Rate(_))) {
                    // What was taken ahead is not sent into a refusal; the next exchange gives it back.
                    local.spares.iter_mut().for_each(|spare| spare.usable = false);
                }
                local.unheard.push(Heard { claim, seen, busy, points, began, at: now });
            }
            (Some(_), Some(_)) => {}
        }
        let idle = local.busy == 0 && local.queue.is_empty() && !local.exchanging;
        if let Some(shared) = self.shared.as_ref().filter(|_| idle && self.at_once.is_some()) {
            let permits = &local.ledger.permits;
            if permits.held(&shared.member) > 1 || permits.others_wait(&shared.member) {
                let _ = self.send_for_more(&mut local);
            }
        }
        drop(local);
        self.changed.notify_waiters();
    }

    /// Whether an answer says what other processes should hear.
    fn is_news(&self, local: &Local, seen: &Seen) -> bool {
        let concerns = |limit: &Limit| match limit {
            Limit::Bytes { .. } => seen.bytes > 0,
            Limit::Calls { per, .. } => seen.left.iter().any(|(span, _)| span == per),
            Limit::Points { .. } => seen.quota.is_some(),
            Limit::Operation { .. } => seen.rate.is_some(),
            Limit::Learned { .. } => true,
            Limit::Concurrent(_) => local.ledger.permits.is_learning(),
        };
        seen.refused.is_some() || self.limits.iter().any(concerns)
    }
}

/// A call's place in the queue; leaving it without having gone gives its grant back.
struct Ticket<'a> {
    inner: &'a Arc<Inner>,
    number: queue::Ticket,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut local = self.inner.local();
        if let Some((claim, granted)) = local.queue.leave(self.number) {
            local.spares.extend(granted.map(|taken| Spare { claim, taken, usable: true }));
            drop(local);
            self.inner.changed.notify_waiters();
        }
    }
}

/// The right to make one call. Dropping it ends the call without an answer: what it took stays taken, for the vendor
/// may have seen it.
#[must_use]
pub struct Permit {
    inner: Arc<Inner>,
    claim: Claim,
    began: Millis,
    answer: Option<Seen>,
}

impl Permit {
    /// Ends the call and corrects the budgets by what its answer says.
    pub fn answered(mut self, seen: Seen) {
        self.answer = Some(seen);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({:?})", self.claim)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.inner.end(self.claim, self.began, self.answer.take());
    }
}
