//! Events of a calendar.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::track::Track;

/// What an event is in its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It stands alone.
    Single,
    /// The series itself: weekly, so many times.
    Master {
        /// How many occurrences.
        occurrences: u32,
    },
    /// One of a series, as the series says.
    Occurrence {
        /// The series.
        master: Uuid,
    },
    /// One of a series that was changed by itself.
    Exception {
        /// The series.
        master: Uuid,
    },
}

impl EventKind {
    /// As the vendor writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "singleInstance",
            Self::Master { .. } => "seriesMaster",
            Self::Occurrence { .. } => "occurrence",
            Self::Exception { .. } => "exception",
        }
    }

    /// The series it belongs to.
    pub fn master(self) -> Option<Uuid> {
        match self {
            Self::Occurrence { master } | Self::Exception { master } => Some(master),
            Self::Single | Self::Master { .. } => None,
        }
    }
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// What its ids are made of.
    pub id: Uuid,
    /// What it is in its series.
    pub kind: EventKind,
    /// Subject.
    pub subject: String,
    /// Begin.
    pub start: DateTime<Utc>,
    /// End.
    pub end: DateTime<Utc>,
    /// Where; none for nowhere.
    pub location: Option<String>,
    /// Whether it was called off.
    pub is_cancelled: bool,
    /// Times and changes.
    pub track: Track,
}

impl Event {
    /// True when it overlaps a window.
    pub fn within(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> bool {
        self.start < end && self.end > start
    }
}
