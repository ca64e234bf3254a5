//! Claims that wait: the most urgent first, then the oldest.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{Claim, Urgency, window::Millis};

/// A place in the queue.
pub(super) type Ticket = (Reverse<Urgency>, u64);

#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: BTreeMap<Ticket, Entry>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    claim: Claim,
    since: Millis,
    /// When the shared ledger gave it its units.
    granted: Option<Millis>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn enter(&mut self, claim: Claim, now: Millis) -> Ticket {
        self.next += 1;
        let ticket = (Reverse(claim.urgency), self.next);
        self.entries.insert(ticket, Entry { claim, since: now, granted: None });
        ticket
    }

    /// Takes a claim out, with the time it was granted at if it was.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Option<(Claim, Option<Millis>)> {
        self.entries.remove(&ticket).map(|entry| (entry.claim, entry.granted))
    }

    /// Since when a claim waits.
    pub(super) fn since(&self, ticket: Ticket) -> Option<Millis> {
        self.entries.get(&ticket).map(|entry| entry.since)
    }

    pub(super) fn is_granted(&self, ticket: Ticket) -> bool {
        self.entries.get(&ticket).is_some_and(|entry| entry.granted.is_some())
    }

    /// Whether no claim of the same operation is before it: what waits for one operation's bucket holds up no other.
    pub(super) fn is_first(&self, ticket: Ticket) -> bool {
        let Some(own) = self.entries.get(&ticket) else { return false };
        let before = self.entries.range(..ticket);
        !before
            .into_iter()
            .any(|(_, other)| other.granted.is_none() && other.claim.operation == own.claim.operation)
    }

    /// Marks a claim as granted; false when it has left meanwhile.
    pub(super) fn grant(&mut self, ticket: Ticket, now: Millis) -> bool {
        let Some(entry) = self.entries.get_mut(&ticket) else { return false };
        entry.granted = Some(now);
        true
    }

    /// The claims that are not granted, in order.
    pub(super) fn hungry(&self) -> impl Iterator<Item = (Ticket, Claim)> {
        let hungry = self.entries.iter().filter(|(_, entry)| entry.granted.is_none());
        hungry.map(|(ticket, entry)| (*ticket, entry.claim))
    }

    /// How many are granted and have not gone yet.
    pub(super) fn granted(&self) -> usize {
        self.entries.values().filter(|entry| entry.granted.is_some()).count()
    }

    /// All claims, in order.
    pub(super) fn claims(&self) -> impl Iterator<Item = Claim> {
        self.entries.values().map(|entry| entry.claim)
    }
}
