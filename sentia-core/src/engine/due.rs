//! Which window of a partition is read now, and from where.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{asked::Overdue, reading::Reading};
use crate::{
    background::Background,
    cursor::{Checkpoint, Mode, Slot, Window},
    stream::Reading as StreamReading,
};

/// How often an increment reaches back by its stream's `reread_window`.
pub(super) const REREAD_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// The window that a run reads next of a partition.
pub(super) struct Due {
    pub(super) slot: Slot,
    /// As it is where it has yet to be opened.
    pub(super) fresh: Window,
    /// Which windows in progress are gone on with instead.
    pub(super) resumes: Resumes,
}

/// Which window in progress serves as well as a fresh one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resumes {
    /// Any.
    Any,
    /// One of this mode.
    Mode(Mode),
    /// One of this kind and bounds; for a re-read a full pass too.
    Kind(Background),
}

impl Resumes {
    pub(super) fn takes(self, window: &Window) -> bool {
        match self {
            Resumes::Any => true,
            Resumes::Mode(mode) => window.mode == mode,
            // A full pass of days would never end if each day's re-read took its place.
            Resumes::Kind(Background::Reread) if window.mode == Mode::Full => true,
            Resumes::Kind(background) => background.is_of(window),
        }
    }
}

impl Reading<'_> {
    /// What is to be read now; nothing where the order was carried out already.
    pub(super) fn due(&self, checkpoint: &Checkpoint) -> Option<Due> {
        let Some(background) = self.asked.background else { return Some(self.in_front(checkpoint)) };
        if self.asked.is_done(checkpoint) {
            return None;
        }
        // A first read is owed to the increments anyway, and so is a full read that began in front.
        let is_first = checkpoint.full.is_none();
        let is_always_full = self.table.info().reading == StreamReading::Full;
        let is_begun = background == Background::Full
            && checkpoint.window.as_ref().is_some_and(|window| window.mode == Mode::Full);
        if is_first || is_always_full || is_begun {
            return Some(self.in_front(checkpoint));
        }
        let fresh = background.bound(self.open(background.mode(), checkpoint), self.table.info());
        Some(Due { slot: Slot::Background, fresh, resumes: Resumes::Kind(background) })
    }

    fn in_front(&self, checkpoint: &Checkpoint) -> Due {
        let fresh = self.increment(checkpoint);
        let resumes = match self.asked.in_front() {
            Mode::Incremental => Resumes::Any,
            _ => Resumes::Mode(fresh.mode),
        };
        Due { slot: Slot::Front, fresh, resumes }
    }

    /// The front window that is due by what was proved so far.
    ///
    /// Everything is read where nothing was proved, where the run asks for it, and, unless somebody else orders that, where
    /// the stream's `full_every` is over; once a day an increment reaches back by the stream's `reread_window`.
    fn increment(&self, checkpoint: &Checkpoint) -> Window {
        let (info, now) = (self.table.info(), self.clock.now());
        let overdue = |every: Option<Duration>, last: Option<DateTime<Utc>>| {
            let age = last.map(|last| (now - last).to_std().unwrap_or_default());
            self.asked.overdue == Overdue::Read
                && every.is_some_and(|every| age.is_none_or(|age| age >= every))
        };
        let is_full = self.asked.in_front() == Mode::Full;
        if is_full || overdue(info.full_every, checkpoint.full.as_ref().map(|full| full.at)) {
            return self.open(Mode::Full, checkpoint);
        }
        let open = || self.open(Mode::Incremental, checkpoint);
        match (info.reading, checkpoint.cursor, &checkpoint.resume) {
            (StreamReading::Incremental { .. }, Some(cursor), _) => {
                let back = info.reread_window.filter(|_| overdue(Some(REREAD_EVERY), checkpoint.reread));
                let reach = back.map_or(cursor, |back| cursor.min(now - back));
                Window { since: Some(reach), rereading: back.is_some(), ..open() }
            }
            (StreamReading::Resumable, _, Some(resume)) => Window { resume: Some(resume.clone()), ..open() },
            _ => self.open(Mode::Full, checkpoint),
        }
    }

    fn open(&self, mode: Mode, checkpoint: &Checkpoint) -> Window {
        let window = Window::open(self.run, mode, None, self.clock.now(), checkpoint.sequence + 1);
        Window { page_size: self.fetcher.page_size, ..window }
    }
}
