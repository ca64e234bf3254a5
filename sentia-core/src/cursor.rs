//! Where a read goes on, and the checkpoint that makes it durable.
//!
//! The lower bound is inclusive, an overlap behind it is read again, and it is never rounded up. It moves only when a
//! window is proved: to the bound fixed at the window's start minus the overlap, never backwards, also when the window
//! was empty. Until then the checkpoint holds the old bound and the page token.
//!
//! A partition has two places for windows: one in front, whose increments move the cursor, and one in the
//! [background](Slot::Background), which goes on over many runs between them.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    batch::Counts,
    certificate::{Certificate, full_read},
    finding::Finding,
    page::{PageToken, Paging, Route},
    transport::Usage,
};

/// Names one run of a pipeline.
///
/// A UUID of version 7, so runs sort by their start.
pub type RunId = Uuid;

/// What a run reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// What changed since the checkpoint; everything where there is none.
    /// Streams that cannot be read by change are read in full all the same.
    Incremental,
    /// Everything; a proved full read sweeps what vanished.
    /// An incremental window in progress is given up for it; a full one is resumed.
    Full,
    /// What changed in a bounded span, in the background: the cursor stays, and nothing is swept.
    /// A run is asked for it by [`Pipeline::background`](crate::Pipeline::background).
    Backfill,
}

/// Which of a partition's two windows is meant. They take turns, and their manifests share one sequence.
///
/// ```
/// use chrono::DateTime;
/// use sentia_core::{Checkpoint, Mode, cursor::{Slot, Window}};
///
/// let window = Window::open(uuid::Uuid::nil(), Mode::Full, None, DateTime::UNIX_EPOCH, 1);
/// let mut checkpoint = Checkpoint::default();
/// *checkpoint.slot_mut(Slot::Background) = Some(window);
/// assert!(checkpoint.slot(Slot::Front).is_none() && checkpoint.background.is_some());
/// assert_eq!(Slot::Background.to_string(), "background");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// Increments and first reads; its proof moves the cursor.
    #[default]
    Front,
    /// Full passes, re-reads and backfills that leave the increments their turns.
    Background,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Slot::Front => "front",
            Slot::Background => "background",
        })
    }
}

/// A read that is not proved yet. It survives a kill at any page and resumes at its token.
///
/// ```
/// use chrono::DateTime;
/// use sentia_core::{Mode, cursor::Window};
///
/// let opened = DateTime::UNIX_EPOCH;
/// let window = Window { bound: Some(opened), pages: 7, ..Window::open(uuid::Uuid::nil(), Mode::Full, None, opened, 1) };
/// let again = window.reread(8);
/// assert_eq!((again.attempt, again.pages, again.first_sequence), (2, 0, 8));
/// assert_eq!(again.upper_bound(), Some(opened), "the bound was fixed at the start");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The run that opened it.
    pub run: RunId,
    /// Incremental, full or backfill; a first read without a cursor is full.
    pub mode: Mode,
    /// Which reading of the window this is, from 1.
    pub attempt: u32,
    /// Lower bound, inclusive.
    pub since: Option<DateTime<Utc>>,
    /// Upper bound that was asked for; none for the present.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// The vendor's own place from which it goes on; none for everything and for streams read by time.
    #[serde(default)]
    pub resume: Option<PageToken>,
    /// Where the next read goes on, as the last page said.
    #[serde(default)]
    pub resume_at: Option<PageToken>,
    /// True for an increment that reaches back by the stream's `reread_window`, and for a backfill of just that.
    #[serde(default)]
    pub rereading: bool,
    /// How its records come; pages where an older version stored it.
    #[serde(default)]
    pub route: Route,
    /// Upper bound: the vendor's clock at the window's first response, or what the vendor says it answered up to.
    /// From the `Date` header; none where the vendor sends no date.
    pub bound: Option<DateTime<Utc>>,
    /// When it was opened, by our clock.
    pub opened: DateTime<Utc>,
    /// The next page; none before the first.
    pub token: Option<PageToken>,
    /// The first manifest of this attempt.
    pub first_sequence: u64,
    /// Pages committed in this attempt.
    pub pages: u64,
    /// The page size asked for: page numbers of another size mean other records.
    pub page_size: Option<u32>,
    /// How pages follow each other.
    pub paging: Paging,
    /// The count the vendor declared with the last page.
    pub declared: Option<u64>,
    /// How many records the vendor counted when it was opened, at least; none where nobody was asked.
    /// Not a count of this window: records come and go while it is read. Fewer of them than that are looked for again.
    #[serde(default)]
    pub counted: Option<u64>,
    /// True once a page declared another count than the page before.
    pub count_moved: bool,
    /// The newest version seen, in microseconds; stands in for `bound` where a vendor sends no date.
    pub newest: Option<i64>,
    /// Scopes, filters and API version in force.
    pub read_scope: Option<String>,
    /// True once two pages of this attempt named different scopes.
    pub scope_moved: bool,
    /// What the pages of this attempt noticed about the account.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What the commits of this attempt did, and what was spent.
    pub counts: Counts,
    /// Calls and bytes of this attempt.
    pub usage: Usage,
}

impl Window {
    /// A window whose first page is yet to be read.
    pub fn open(
        run: RunId,
        mode: Mode,
        since: Option<DateTime<Utc>>,
        opened: DateTime<Utc>,
        sequence: u64,
    ) -> Self {
        Window {
            run,
            mode,
            attempt: 1,
            since,
            until: None,
            resume: None,
            resume_at: None,
            rereading: false,
            route: Route::Pages,
            bound: None,
            opened,
            token: None,
            first_sequence: sequence,
            pages: 0,
            page_size: None,
            paging: Paging::Chained,
            declared: None,
            counted: None,
            count_moved: false,
            newest: None,
            read_scope: None,
            scope_moved: false,
            findings: Vec::new(),
            counts: Counts::default(),
            usage: Usage::default(),
        }
    }

    /// The same window, to be read again from its first page. The bound stays: it was fixed at the start.
    #[must_use]
    pub fn reread(&self, sequence: u64) -> Self {
        let fresh = Window::open(self.run, self.mode, self.since, self.opened, sequence);
        Window {
            attempt: self.attempt + 1,
            until: self.until,
            resume: self.resume.clone(),
            rereading: self.rereading,
            route: self.route,
            counted: self.counted,
            bound: self.bound,
            page_size: self.page_size,
            ..fresh
        }
    }

    /// The vendor's time up to which the window is complete once proved.
    ///
    /// The bound, or the newest version seen where there is none, and never later than the window was asked to reach.
    /// `None` for an empty window without either: then the cursor stays.
    pub fn upper_bound(&self) -> Option<DateTime<Utc>> {
        // Versions are fixed as they are read, the bound at the start: a stand-in is never later than that.
        let stand_in = || Some(self.newest.and_then(DateTime::from_timestamp_micros)?.min(self.opened));
        let bound = self.bound.or_else(stand_in)?;
        Some(self.until.map_or(bound, |until| until.min(bound)))
    }
}

/// The last proved full read of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullRead {
    /// When its window was opened.
    pub at: DateTime<Utc>,
    /// Scopes, filters and API version in force then.
    pub read_scope: Option<String>,
    /// The calls that it took; none where an older version stored it.
    #[serde(default)]
    pub calls: u64,
}

/// The last proved backfill of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfilled {
    /// When its window was opened.
    pub at: DateTime<Utc>,
    /// Lower bound, inclusive.
    pub since: Option<DateTime<Utc>>,
    /// Upper bound that was asked for; none for the present.
    pub until: Option<DateTime<Utc>>,
}

/// A cursor made durable with the records before it. One per (connection, stream, partition).
///
/// Each commit writes the next version of it. A writer whose checkpoint is not the stored one is refused, so two runs
/// of one partition never interleave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Counts the commits; each expects the one before.
    pub version: u64,
    /// The lease epoch of the last writer.
    pub epoch: u64,
    /// The last manifest.
    pub sequence: u64,
    /// The proved lower bound of the next incremental read, overlap already taken off.
    pub cursor: Option<DateTime<Utc>>,
    /// The vendor's own place of the next incremental read, for streams that resume by one.
    pub resume: Option<PageToken>,
    /// When the last proved read reached back by the stream's `reread_window`; full reads do.
    pub reread: Option<DateTime<Utc>>,
    /// The read in progress in front.
    pub window: Option<Window>,
    /// The read in progress in the background.
    pub background: Option<Window>,
    /// The last proved full read.
    pub full: Option<FullRead>,
    /// The last proved backfill.
    pub backfilled: Option<Backfilled>,
}

impl Checkpoint {
    /// The read in progress in `slot`.
    pub fn slot(&self, slot: Slot) -> Option<&Window> {
        match slot {
            Slot::Front => self.window.as_ref(),
            Slot::Background => self.background.as_ref(),
        }
    }

    /// The place of the read in progress in `slot`.
    pub fn slot_mut(&mut self, slot: Slot) -> &mut Option<Window> {
        match slot {
            Slot::Front => &mut self.window,
            Slot::Background => &mut self.background,
        }
    }

    /// The first manifest that a read in progress rests on; none where nothing is in progress.
    pub fn oldest_open(&self) -> Option<u64> {
        self.window.iter().chain(&self.background).map(|window| window.first_sequence).min()
    }

    /// Takes over what a proved window leaves behind. A sink calls it in the transaction that writes the certificate.
    ///
    /// A full read counts by when it was opened, in either slot. The vendor's resume token is the front's own: tokens tell
    /// nobody which of two is the later one.
    pub fn prove(&mut self, window: &Window, certificate: &Certificate) {
        if let Some(full) = full_read(window, self.full.as_ref(), &certificate.sweep) {
            self.full = Some(full);
        }
        if window.mode == Mode::Full || window.rereading {
            self.reread = self.reread.max(Some(window.opened));
        } else if window.mode == Mode::Backfill {
            self.backfilled =
                Some(Backfilled { at: window.opened, since: window.since, until: window.until });
        }
        self.cursor = certificate.cursor;
        if certificate.slot == Slot::Front {
            self.resume = window.resume_at.clone();
        }
        *self.slot_mut(certificate.slot) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_stored_before_there_were_two_still_reads_back() {
        let window =
            Window::open(RunId::nil(), Mode::Full, None, DateTime::UNIX_EPOCH + chrono::Duration::days(1), 3);
        let mut stored = serde_json::to_value(&window).expect("serializes");
        stored.as_object_mut().expect("an object").remove("until");
        assert_eq!(serde_json::from_value::<Window>(stored).expect("reads back"), window);
    }

    #[test]
    fn a_window_is_never_proved_beyond_what_was_asked_for() {
        let day = |days| DateTime::UNIX_EPOCH + chrono::Duration::days(days);
        let open = Window::open(RunId::nil(), Mode::Backfill, Some(day(1)), day(9), 1);
        let until = |until, bound| Window { until, bound, ..open.clone() }.upper_bound();
        assert_eq!(until(Some(day(5)), Some(day(9))), Some(day(5)));
        assert_eq!(until(Some(day(12)), Some(day(9))), Some(day(9)), "the vendor's present comes first");
        assert_eq!(until(None, Some(day(9))), Some(day(9)));
        assert_eq!(until(Some(day(5)), None), None, "nothing seen, and no clock");
    }

    #[test]
    fn the_oldest_manifest_in_use_is_that_of_either_window() {
        let open =
            |sequence| Some(Window::open(RunId::nil(), Mode::Full, None, DateTime::UNIX_EPOCH, sequence));
        let of =
            |window, background| Checkpoint { window, background, ..Checkpoint::default() }.oldest_open();
        assert_eq!([of(None, None), of(open(4), None), of(open(4), open(2))], [None, Some(4), Some(2)]);
    }
}
