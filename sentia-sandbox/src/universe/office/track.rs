//! What changed when: the memory that change tracking needs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// When a thing was made and last changed, and which of its members changed at which step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// Creation.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    pub(crate) born: u64,
    pub(crate) latest: u64,
    members: BTreeMap<&'static str, u64>,
}

impl Track {
    /// A thing made at `at`; its step is numbered later.
    pub(crate) fn unnumbered(at: DateTime<Utc>) -> Self {
        Self { created_at: at, updated_at: at, ..Self::default() }
    }

    pub(crate) fn number(&mut self, step: u64) {
        (self.born, self.latest) = (step, step);
    }

    pub(crate) fn touch(&mut self, (step, at): (u64, DateTime<Utc>), members: &[&'static str]) {
        self.latest = step;
        self.updated_at = at;
        self.members.extend(members.iter().map(|member| (*member, step)));
    }

    /// True when `member` changed after `step`.
    pub(crate) fn changed(&self, member: &str, step: u64) -> bool {
        self.members.get(member).is_some_and(|changed| *changed > step)
    }

    /// Members that changed after `step`.
    pub(crate) fn changed_members(&self, step: u64) -> impl Iterator<Item = &'static str> {
        self.members.iter().filter(move |(_, changed)| **changed > step).map(|(member, _)| *member)
    }
}

/// How a thing went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It can come back: a user in the recycle bin.
    Soft,
    /// For good.
    Hard,
}

impl Removal {
    /// As `@removed.reason` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "changed",
            Self::Hard => "deleted",
        }
    }
}

/// A thing that went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone<K> {
    /// Its key.
    pub key: K,
    /// When it went.
    pub at: DateTime<Utc>,
    /// How.
    pub removal: Removal,
    pub(crate) step: u64,
}

/// All steps of the office and their moments, which never go back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    moments: Vec<DateTime<Utc>>,
}

impl Ledger {
    pub(crate) fn note(&mut self, at: DateTime<Utc>) -> (u64, DateTime<Utc>) {
        let at = self.moments.last().map_or(at, |last| at.max(*last));
        self.moments.push(at);
        (self.moments.len() as u64, at)
    }

    pub(crate) fn latest(&self) -> u64 {
        self.moments.len() as u64
    }

    /// The last step that was taken at `at` or before.
    pub(crate) fn as_of(&self, at: DateTime<Utc>) -> u64 {
        self.moments.partition_point(|moment| *moment <= at) as u64
    }
}
