//! One process's side of an account: what it has at hand, who waits, and what is decided for whom.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{runtime::Handle, sync::Notify};

use super::{
    Claim, Permit, Refused, Seen, Urgency, Waiting,
    exchange::{self, Shared},
    ledger::{AT_ONCE, Going, Hold, Ledger},
    queue::{self, Queue},
    spare::{self, FRESH, Spare},
    window::Millis,
};
use crate::{
    Error, ErrorKind,
    clock::Clock,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    transport::Limit,
};

/// What a claim waits for behind others.
const ITS_TURN: &str = "its turn";
/// How often permits that another process holds are asked for again.
const ASK_AGAIN: Millis = 250;
/// How often more permits are asked for by who has some.
const ASK_FOR_MORE: Millis = 500;

/// A planner's state.
pub(super) struct Process {
    pub(super) limits: Vec<Limit>,
    pub(super) at_once: Option<usize>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shared: Option<Shared>,
    local: Mutex<Local>,
    /// Something changed that a waiting claim may go by.
    pub(super) changed: Notify,
    pub(super) counts: Counts,
}

/// What a process knows and has.
#[derive(Default)]
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
    /// About how long a call goes on, in milliseconds.
    pub(super) lasts: Millis,
    pub(super) exchanging: bool,
    /// Permits that the exchange under way leaves to this process.
    pub(super) keeps: Option<usize>,
    /// When the latest exchange ended.
    pub(super) asked: Option<Millis>,
    /// Starts within the last moment.
    pub(super) recent: VecDeque<Millis>,
}

#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) claim: Claim,
    pub(super) seen: Seen,
    pub(super) busy: usize,
    pub(super) began: Millis,
    pub(super) at: Millis,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) granted: AtomicU64,
    pub(super) waited: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) exchanges: AtomicU64,
}

/// What a waiting claim does next.
pub(super) enum Step {
    Go(Permit),
    Until(Hold),
    /// Another claim, a permit or an exchange is waited for; a notification tells.
    Told,
}

/// An instant of the ledger as a date.
pub(super) fn at(millis: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Process {
    pub(super) fn new(limits: Vec<Limit>, clock: Arc<dyn Clock>, shared: Option<Shared>) -> Self {
        let at_once = limits.iter().find_map(|limit| match limit {
            Limit::Concurrent(calls) => Some(*calls),
            _ => None,
        });
        let (local, changed, counts) = Default::default();
        Process { limits, at_once, clock, shared, local, changed, counts }
    }

    pub(super) fn local(&self) -> MutexGuard<'_, Local> {
        // Nothing panics while it is held, and what it holds is whole after each statement.
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time, for who holds the lock: one that was read before may be older than what the ledger holds, which then takes
    /// it for a clock that was set back.
    pub(super) fn now(&self) -> Millis {
        self.clock.now().timestamp_millis()
    }

    pub(super) fn exchanged(&self) {
        self.counts.exchanges.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether there is anything to give back; an exchange is then begun.
    pub(super) fn may_release(&self) -> bool {
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
    pub(super) fn at_once(self: &Arc<Self>, claim: Claim) -> Option<Permit> {
        let mut local = self.local();
        let free = local.queue.is_empty() && self.may_begin(&local);
        (free && self.affords(&mut local, claim, self.now()).is_ok()).then(|| self.begin(&mut local, claim))
    }

    /// Whether one more call may go on beside those that do.
    pub(super) fn may_begin(&self, local: &Local) -> bool {
        match (self.at_once, &self.shared) {
            (None, _) => true,
            (Some(most), None) => local.busy < local.ledger.permits.limit(most),
            (Some(_), Some(shared)) => {
                let may = local.ledger.permits.may(&shared.member);
                local.busy < local.keeps.map_or(may, |keeps| may.min(keeps))
            }
        }
    }

    /// Takes what `claim` needs, of the ledger when it is ours alone, of the spares when it is shared.
    fn affords(&self, local: &mut Local, claim: Claim, now: Millis) -> Result<(), Option<Hold>> {
        if self.shared.is_none() {
            local.ledger.ready(&self.limits, &claim, now).map_err(Some)?;
            local.ledger.take(&self.limits, &claim, now);
            return Ok(());
        }
        let fits = |spare: &Spare| spare.fits(&claim) && spare.is_fresh(now);
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
        Permit { process: self.clone(), claim, began: now, answer: None }
    }

    pub(super) fn step(self: &Arc<Self>, ticket: queue::Ticket, claim: Claim) -> Step {
        let mut local = self.local();
        let now = self.now();
        let granted = local.queue.is_granted(ticket);
        if !granted && !local.queue.is_first(ticket) {
            return Step::Told;
        }
        let due = if granted { Some(now) } else { spare::due(&local.spares, &claim, now) };
        match due {
            Some(due) if due > now => self.await_due(&mut local, claim, due, now),
            // A permit would be of no use before there is a unit.
            None if self.shared.is_some() && self.holds_any(&local) => {
                self.ask(&mut local, ticket, claim, now)
            }
            _ if !self.may_begin(&local) => self.beg(&mut local, claim, now),
            _ => self.take_turn(&mut local, (ticket, granted), claim, now),
        }
    }

    /// Whether this process has permits at all, or needs none.
    fn holds_any(&self, local: &Local) -> bool {
        let may = |shared: &Shared| local.ledger.permits.may(&shared.member) > 0;
        self.at_once.is_none() || self.shared.as_ref().is_none_or(may)
    }

    fn take_turn(
        self: &Arc<Self>,
        local: &mut Local,
        (ticket, granted): (queue::Ticket, bool),
        claim: Claim,
        now: Millis,
    ) -> Step {
        let afforded = if granted { Ok(()) } else { self.affords(local, claim, now) };
        match afforded {
            Ok(()) => {
                local.queue.leave(ticket);
                let permit = self.begin(local, claim);
                self.changed.notify_waiters();
                Step::Go(permit)
            }
            Err(Some(hold)) => Step::Until(hold),
            Err(None) => self.ask(local, ticket, claim, now),
        }
    }

    /// A unit is at hand for a later time; who is urgent asks for what is kept for that.
    fn await_due(self: &Arc<Self>, local: &mut Local, claim: Claim, due: Millis, now: Millis) -> Step {
        match local.ledger.ready(&self.limits, &claim, now) {
            Err(hold) => Step::Until(Hold { until: due, ..hold }),
            Ok(()) if claim.urgency == Urgency::Immediate && !local.exchanging => self.send_for_more(local),
            Ok(()) => Step::Until(Hold { limit: ITS_TURN.to_owned(), until: due }),
        }
    }

    /// No permit is free: the end of a call is waited for, or another process is asked again in a while.
    fn beg(self: &Arc<Self>, local: &mut Local, claim: Claim, now: Millis) -> Step {
        let Some(_) = self.shared.as_ref().filter(|_| !local.exchanging) else { return Step::Told };
        // A permit would be of no use before there is a unit.
        if let (Err(hold), true, true) =
            (local.ledger.ready(&self.limits, &claim, now), local.spares.is_empty(), local.asked.is_some())
            && !self.holds_any(local)
        {
            return Step::Until(hold);
        }
        let has_all = |shared: &Shared| {
            let permits = &local.ledger.permits;
            self.at_once.is_some_and(|most| permits.may(&shared.member) >= permits.limit(most))
        };
        if self.shared.as_ref().is_some_and(has_all) {
            // Only the end of one of its own calls frees a permit.
            return Step::Told;
        }
        let again = |asked: Millis| match (self.at_once, &self.shared) {
            (Some(most), Some(shared)) if !self.holds_any(local) => {
                // Who has waited longest asks first.
                let (permits, member) = (&local.ledger.permits, &shared.member);
                let later = ASK_AGAIN * permits.before(member) as Millis;
                permits.turn_ends(most, now).max(asked + ASK_AGAIN) + later
            }
            _ => asked + ASK_FOR_MORE,
        };
        match local.asked.map(again).filter(|again| *again > now) {
            Some(until) => Step::Until(Hold { limit: AT_ONCE.to_owned(), until }),
            None => self.send_for_more(local),
        }
    }

    /// Nothing is at hand: the shared ledger is asked, unless it is known to have nothing yet or it is others' turn.
    fn ask(self: &Arc<Self>, local: &mut Local, ticket: queue::Ticket, claim: Claim, now: Millis) -> Step {
        if local.exchanging {
            return Step::Told;
        }
        let is_urgent = claim.urgency == Urgency::Immediate;
        if is_urgent && local.asked < local.queue.since(ticket) {
            // It takes the next unit, which may be sooner than what this process knew.
            return self.send_for_more(local);
        }
        // What a probe has brought ends the wait for it, so it is told at once.
        let has_probed = local.ledger.is_probing() && !local.unheard.is_empty();
        let turns = local.ledger.turns.get(claim.operation).zip(self.shared.as_ref());
        let turn = turns.and_then(|(turns, shared)| turns.of(&shared.member));
        let turn = turn.filter(|turn| !is_urgent && *turn > now);
        match local.ledger.ready(&self.limits, &claim, now) {
            Err(hold) if local.asked.is_some() && !has_probed => {
                Step::Until(Hold { until: hold.until.max(turn.unwrap_or(hold.until)), ..hold })
            }
            // What was free by then is the others'.
            Ok(()) if turn.is_some() => {
                Step::Until(Hold { limit: ITS_TURN.to_owned(), until: turn.unwrap_or(now) })
            }
            Ok(()) if !self.may_begin(local) => self.beg(local, claim, now),
            _ => self.send_for_more(local),
        }
    }

    fn send_for_more(self: &Arc<Self>, local: &mut Local) -> Step {
        local.exchanging = true;
        // A task of its own: a caller that is dropped meanwhile must not leave a swap half known.
        tokio::spawn(exchange::run(self.clone()));
        Step::Told
    }

    pub(super) fn explained(&self, local: &mut Local, claim: Claim, now: Millis) -> Waiting {
        let hold = local.ledger.ready(&self.limits, &claim, now).err();
        let crowded = hold.is_none() && !self.may_begin(local);
        let until = hold.as_ref().map(|hold| at(hold.until));
        let limit = hold.map(|hold| hold.limit);
        let limit = limit.unwrap_or_else(|| if crowded { AT_ONCE } else { ITS_TURN }.to_owned());
        Waiting { claim, limit, until }
    }

    pub(super) fn spent(&self, hold: &Hold, wait: Millis) -> Error {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        let message = "the vendor's budget is spent; the next run goes on when it is restored";
        tracing::info!(limit = hold.limit, until = %at(hold.until), "quota exhausted");
        Error::new(ErrorKind::QuotaExhausted, message)
            .retry_after(Duration::from_millis(wait as u64))
            .context("limit", &hold.limit)
            .context("until", at(hold.until))
    }

    /// A call has ended, with an answer or without.
    pub(super) fn end(self: &Arc<Self>, claim: Claim, began: Millis, seen: Option<Seen>) {
        let mut local = self.local();
        let now = self.now();
        let (busy, points) = (local.busy, (local.points - claim.cost).max(0.0));
        local.busy -= 1;
        local.points = points;
        local.lasts = if local.lasts == 0 { now - began } else { (3 * local.lasts + now - began) / 4 };
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
                local.unheard.push(Heard { claim, seen, busy, began, at: now });
            }
            (Some(_), Some(_)) => {}
        }
        // A permit may be dropped where no runtime is any more; what it held then ends with its lease.
        let may_tell = !local.exchanging && self.at_once.is_some() && Handle::try_current().is_ok();
        if let Some(shared) = self.shared.as_ref().filter(|_| may_tell) {
            let (permits, member) = (&local.ledger.permits, &shared.member);
            let idle = local.busy == 0 && local.queue.is_empty();
            let cedes = permits.held(member) > permits.may(member) && local.busy <= permits.may(member);
            if cedes || idle && (permits.held(member) > 1 || permits.others_wait(member)) {
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
pub(super) struct Ticket<'a> {
    process: &'a Arc<Process>,
    pub(super) number: queue::Ticket,
}

impl<'a> Ticket<'a> {
    pub(super) fn enter(process: &'a Arc<Process>, claim: Claim) -> Self {
        let number = process.local().queue.enter(claim, process.now());
        Ticket { process, number }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut local = self.process.local();
        if let Some((claim, granted)) = local.queue.leave(self.number) {
            local.spares.extend(granted.map(|taken| Spare { claim, from: taken, taken, usable: true }));
            drop(local);
            self.process.changed.notify_waiters();
        }
    }
}
