//! What a process takes of the shared ledger at one exchange, for all who wait in it.
//!
//! Of a scarce budget it takes the next units, each for the time it comes back: whoever is first in the queue goes then, without
//! another round trip. How far ahead is bounded, since an urgent call of another process waits behind what is taken.

use std::collections::{BTreeMap, HashSet};

use super::{
    Claim, Urgency,
    ledger::Ledger,
    process::{Local, Process},
    queue::Ticket,
    spare::{FRESH, Spare},
    window::{FURTHEST, Millis},
};

/// Of what is left, at most one in so many units is taken ahead of its use.
const MOST_AHEAD: usize = 20;
/// How far ahead units are taken, in milliseconds.
const AHEAD: Millis = 1_200;
/// How far ahead the next one is where units are kept for who is urgent.
const NEXT: Millis = 2_500;
/// How far ahead the second one is elsewhere: a unit that costs two round trips should not be alone.
const PAIR: Millis = 2_000;

/// What was taken.
#[derive(Default)]
pub(super) struct Booking {
    /// For claims that go now.
    pub(super) granted: Vec<(Ticket, Claim)>,
    /// For the times to come, or beyond what is asked for now.
    pub(super) spares: Vec<Spare>,
    /// Whether members' turns have changed in a way that others should know.
    pub(super) is_news: bool,
}

impl Booking {
    pub(super) fn len(&self) -> usize {
        self.granted.len() + self.spares.len()
    }
}

/// Where each operation's claims stand.
#[derive(Default)]
struct Found {
    /// How many units were taken, and for when the first, by operation.
    took: BTreeMap<&'static str, (usize, Millis)>,
    /// When the next unit is free, of the operations that have claims left.
    free: BTreeMap<&'static str, Millis>,
    /// Operations whose claims wait for the end of others.
    crowded: HashSet<&'static str>,
}

/// Takes for who waits, in order; behind a claim that must wait nobody of its operation goes.
pub(super) fn book(
    process: &Process,
    member: &str,
    ledger: &mut Ledger,
    local: &Local,
    now: Millis,
) -> Booking {
    let (mut booking, mut found) = (Booking::default(), Found::default());
    let places = Places::of(process, member, ledger, local);
    let mut at_hand: Vec<&Spare> = local.spares.iter().filter(|spare| spare.is_kept(now)).collect();
    for (ticket, claim) in local.queue.hungry() {
        if found.free.contains_key(claim.operation) || found.crowded.contains(claim.operation) {
            continue;
        }
        let at_once =
            claim.urgency == Urgency::Immediate && ledger.ready(&process.limits, &claim, now).is_ok();
        let spare = at_hand.iter().position(|spare| spare.fits(&claim) && (spare.from <= now || !at_once));
        if let Some(spare) = spare {
            at_hand.remove(spare);
            continue;
        }
        let took = found.took.get(claim.operation).map_or(0, |(took, _)| *took);
        let Some(place) = places.nth(booking.len(), now).filter(|place| *place <= now + AHEAD) else {
            found.crowded.insert(claim.operation);
            continue;
        };
        let keeps_headroom = ledger.keeps_headroom(&process.limits, &claim);
        let horizon = now + horizon(took, claim.urgency, keeps_headroom);
        match ledger.free_at(&process.limits, &claim, horizon, now) {
            Ok(from) => {
                let taken = from.max(place);
                found.took.entry(claim.operation).or_insert((0, taken)).0 += 1;
                ledger.take_for(&process.limits, &claim, taken, now);
                match taken <= now {
                    true => booking.granted.push((ticket, claim)),
                    false => booking.spares.push(Spare { claim, from, taken, usable: true }),
                }
            }
            Err(hold) => {
                found.free.insert(claim.operation, hold.until);
            }
        }
    }
    if booking.spares.is_empty() {
        booking.spares = ahead(process, ledger, local, booking.granted.last().map(|(_, claim)| *claim), now);
    }
    booking.is_news = turns(ledger, member, &found, now);
    booking
}

/// How far ahead a unit is taken behind `took` others: who is urgent gets the next one wherever it is, and where units are kept for
/// that, a second one may be far.
fn horizon(took: usize, urgency: Urgency, keeps_headroom: bool) -> Millis {
    match (took, keeps_headroom) {
        _ if urgency == Urgency::Immediate => FURTHEST,
        (0, true) => NEXT,
        (1, true) => FURTHEST,
        (1, false) => PAIR,
        _ => AHEAD,
    }
}

/// Where calls may go on beside others.
enum Places {
    Unbounded,
    /// So many are free, so many are held in all, and a call lasts so long.
    Held(usize, usize, Millis),
}

impl Places {
    fn of(process: &Process, member: &str, ledger: &Ledger, local: &Local) -> Self {
        if process.at_once.is_none() {
            return Places::Unbounded;
        }
        let held = ledger.permits.may(member);
        // A granted claim that has not begun yet has its place already.
        let taken = local.busy + local.queue.granted();
        Places::Held(held.saturating_sub(taken), held, local.lasts)
    }

    /// About when there is a place for one more call behind `others`; never for who holds none.
    fn nth(&self, others: usize, now: Millis) -> Option<Millis> {
        match *self {
            Places::Unbounded => Some(now),
            Places::Held(free, ..) if others < free => Some(now),
            Places::Held(_, 0, _) => None,
            Places::Held(free, held, lasts) => {
                let ends = (others - free + 1).div_ceil(held);
                Some(now + (lasts * ends as Millis).max(1))
            }
        }
    }
}

/// Notes when this process comes again for each operation; whether others should hear of it now.
fn turns(ledger: &mut Ledger, member: &str, found: &Found, now: Millis) -> bool {
    let mut is_news = false;
    for (operation, free) in &found.free {
        let turns = ledger.turns.entry((*operation).to_owned()).or_default();
        let before = turns.of(member);
        let batch = found.took.get(operation).map(|(_, first)| free - first);
        turns.follow(member, batch, *free, now);
        is_news |= before.is_none_or(|turn| turn <= now) && turns.of(member).is_some();
    }
    for (operation, turns) in &mut ledger.turns {
        if !found.free.contains_key(operation.as_str()) {
            turns.leave(member);
        }
    }
    ledger.turns.retain(|_, turns| !turns.is_empty());
    is_news
}

/// Takes as much again as was used within the last moment, of what is not scarce.
fn ahead(
    process: &Process,
    ledger: &mut Ledger,
    local: &Local,
    like: Option<Claim>,
    now: Millis,
) -> Vec<Spare> {
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
    vec![Spare { claim, from: now, taken: now, usable: true }; ahead]
}
