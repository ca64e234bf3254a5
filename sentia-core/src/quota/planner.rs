//! Lets calls go when all budgets of their account allow it, for all processes together.
//!
//! Alone, a planner decides in memory. With a [`StateStore`] it swaps the account's ledger once for a batch: all claims that wait, and
//! as many again as were lately used within a moment, so that a steady caller pays for one round trip in several calls.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    Claim, Level, Seen, Waiting,
    exchange::{self, Shared},
    ledger::AT_ONCE,
    level,
    process::{Process, Step, Ticket, at},
    window::Millis,
};
use crate::{Result, StateStore, clock::Clock, sync::atomic::Ordering, transport::Limit};

/// The longest wait for a budget that is slept here; a longer one is the caller's to schedule.
const MAX_WAIT: Millis = 5 * 60_000;

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
pub struct Planner(Arc<Process>);

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

impl Planner {
    /// A planner of its own, in memory.
    pub fn new(limits: Vec<Limit>, clock: Arc<dyn Clock>) -> Self {
        Planner(Arc::new(Process::new(limits, clock, None)))
    }

    /// A planner that shares the ledger stored as `key` with all others of that key.
    ///
    /// While the store fails it goes on alone from what it knew, and warns once.
    pub fn shared(limits: Vec<Limit>, clock: Arc<dyn Clock>, store: Arc<dyn StateStore>, key: &str) -> Self {
        // Where no limit is kept there is nothing to share.
        let shared = (!limits.is_empty()).then(|| Shared::new(store, key));
        Planner(Arc::new(Process::new(limits, clock, shared)))
    }

    /// Waits until `claim` may be met. The permit is held until the answer's body has ended.
    ///
    /// # Errors
    /// `QuotaExhausted` with the wait when it would be longer than five minutes; its context names the limit.
    ///
    /// # Cancel safety
    /// Dropping the future takes nothing: what was taken for it goes to the next claim or back.
    pub async fn acquire(&self, claim: Claim) -> Result<Permit> {
        let process = &self.0;
        if let Some(permit) = process.at_once(claim) {
            return Ok(permit);
        }
        let ticket = Ticket::enter(process, claim);
        process.counts.waited.fetch_add(1, Ordering::Relaxed);
        loop {
            let changed = process.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match process.step(ticket.number, claim) {
                Step::Go(permit) => return Ok(permit),
                Step::Told => changed.await,
                Step::Until(hold) => {
                    let wait = hold.until - process.now();
                    if wait > MAX_WAIT {
                        return Err(process.spent(&hold, wait));
                    }
                    // A millisecond at least, so that no wait is a hot loop.
                    let wait = Duration::from_millis(wait.max(1) as u64);
                    tracing::debug!(limit = hold.limit, ?claim, wait_ms = wait.as_millis() as u64, "paced");
                    tokio::select! {
                        () = process.clock.sleep(wait) => {}
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
        let mut local = self.0.local();
        let now = self.0.now();
        let busy = local.busy;
        self.0.limits.iter().map(|limit| level::of(&mut local.ledger, limit, busy, now)).collect()
    }

    /// The claims that wait, in their order, each with the limit it waits for and until when.
    pub fn waiting(&self) -> Vec<Waiting> {
        let mut local = self.0.local();
        let now = self.0.now();
        let claims: Vec<Claim> = local.queue.claims().collect();
        claims.into_iter().map(|claim| self.0.explained(&mut local, claim, now)).collect()
    }

    /// What a call with this claim would wait for now; `None` when it would go.
    pub fn explain(&self, claim: Claim) -> Option<Waiting> {
        let mut local = self.0.local();
        let now = self.0.now();
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

/// The right to make one call. Dropping it ends the call without an answer: what it took stays taken, for the vendor
/// may have seen it.
#[must_use]
pub struct Permit {
    pub(super) process: Arc<Process>,
    pub(super) claim: Claim,
    pub(super) began: Millis,
    pub(super) answer: Option<Seen>,
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
        self.process.end(self.claim, self.began, self.answer.take());
    }
}
