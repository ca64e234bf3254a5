//! Page tokens: opaque, remembered by the twin, and each good for the read it was made for only.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};

use super::fault::AmazonFault;
use super::operation::Operation;
use super::refusal::Refusal;
use crate::rng::Rng;

/// Where a read stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    /// The upper bound that the first page fixed.
    pub(crate) bound: Option<DateTime<Utc>>,
    /// Rows on the pages before.
    pub(crate) served: usize,
    after: Option<String>,
    before: Option<String>,
}

#[derive(Debug)]
struct Entry {
    read: Read,
    issued_at: DateTime<Utc>,
    turn: Turn,
}

/// Which read a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) operation: Operation,
    pub(crate) filters: BTreeMap<String, String>,
}

/// All page tokens that are out.
#[derive(Debug)]
pub(crate) struct PageDesk {
    entries: HashMap<String, Entry>,
    rng: Rng,
}

impl PageDesk {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { entries: HashMap::new(), rng }
    }

    /// The turn a token stands for; the first turn without one.
    pub(crate) fn open(
        &self,
        read: &Read,
        token: Option<&str>,
        now: DateTime<Utc>,
        life: Option<TimeDelta>,
        fault: Option<AmazonFault>,
    ) -> Result<Turn, Refusal> {
        let Some(token) = token else { return Ok(Turn::default()) };
        let refusal = || Refusal::invalid("The pagination token is invalid or has expired.");
        let entry = self.entries.get(token).filter(|entry| entry.read == *read).ok_or_else(refusal)?;
        let is_old = life.is_some_and(|life| now - entry.issued_at > life);
        if is_old || fault == Some(AmazonFault::PageTokenExpired) {
            return Err(refusal());
        }
        Ok(entry.turn.clone())
    }

    /// The filters of the read that a token continues, for the list where it comes alone.
    pub(crate) fn filters_of(&self, token: &str) -> Option<&BTreeMap<String, String>> {
        self.entries.get(token).map(|entry| &entry.read.filters)
    }

    /// Cuts the page out of all rows, which are sorted by their keys, and gives the token of the next one.
    ///
    /// Pages go on behind the last key they showed, so rows that come and go meanwhile shift nothing.
    pub(crate) fn cut<T: Copy>(
        &mut self,
        read: Read,
        turn: &Turn,
        rows: &[(String, T)],
        size: usize,
        now: DateTime<Utc>,
        fault: Option<AmazonFault>,
    ) -> (Vec<T>, Option<String>) {
        let start_of = |after: &Option<String>| {
            after.as_ref().map_or(0, |after| rows.partition_point(|(key, _)| key <= after))
        };
        let start = start_of(&turn.after);
        let end = rows.len().min(start + size);
        let mut shown: Vec<T> = rows[start..end].iter().map(|(_, row)| *row).collect();
        let next = Turn {
            bound: turn.bound,
            served: turn.served + shown.len(),
            after: rows[start..end].last().map(|(key, _)| key.clone()).or_else(|| turn.after.clone()),
            before: turn.after.clone(),
        };
        let mut next = (end < rows.len()).then_some(next);
        match fault {
            Some(AmazonFault::PageRepeated) if turn.after.is_some() => {
                let start = start_of(&turn.before);
                shown = rows[start..rows.len().min(start + size)].iter().map(|(_, row)| *row).collect();
            }
            Some(AmazonFault::EmptyPage) => {
                shown.clear();
                next = Some(turn.clone());
            }
            Some(AmazonFault::EndsEarly) => next = None,
            Some(AmazonFault::DroppedRow) => drop(shown.pop()),
            Some(AmazonFault::DuplicateRow) => shown.extend(shown.first().copied()),
            _ => {}
        }
        let token = next.map(|turn| self.issue(read, turn, now));
        (shown, token)
    }

    fn issue(&mut self, read: Read, turn: Turn, now: DateTime<Utc>) -> String {
        // Begins with a plus and ends with an equals sign: it does not survive a query string unless it is encoded.
        let mut bytes = vec![0xFB, 0xFF];
        bytes.extend_from_slice(self.rng.guid().as_bytes());
        bytes.extend_from_slice(&self.rng.next().to_be_bytes());
        bytes.extend_from_slice(&[0x2F, 0x9A]);
        let token = STANDARD.encode(bytes);
        self.entries.insert(token.clone(), Entry { read, issued_at: now, turn });
        token
    }
}
