//! Where a read stands between two pages, and where it begins.

use super::{due::Due, progress::Progress, reading::Reading};
use crate::{
    Result,
    background::Background,
    cursor::{Checkpoint, Mode, Slot, Window},
    report::StreamReport,
};

/// Where the read stands between two pages.
///
/// The window and checkpoint as they will be stored with the next page.
pub(super) struct Position {
    /// Without the window that is read.
    pub(super) checkpoint: Checkpoint,
    pub(super) slot: Slot,
    pub(super) window: Window,
    pub(super) epoch: u64,
    /// What this attempt has met.
    pub(super) progress: Progress,
    /// True while the next page is where an earlier run stopped.
    pub(super) inherited: bool,
}

impl Position {
    /// Begins `window` from its first page.
    pub(super) fn restart(&mut self, window: Window) {
        self.window = window;
        self.progress.clear();
        self.inherited = false;
    }

    /// The checkpoint as it will be stored, the window in its place.
    pub(super) fn stored(&self) -> Checkpoint {
        let mut checkpoint = self.checkpoint.clone();
        *checkpoint.slot_mut(self.slot) = Some(self.window.clone());
        checkpoint
    }

    /// Whether what was asked for is a window of its own, behind this one: a re-read that found a full pass in progress.
    pub(super) fn precedes(&self, asked: Option<Background>) -> bool {
        self.slot == Slot::Background && asked == Some(Background::Reread) && self.window.mode == Mode::Full
    }
}

impl Reading<'_> {
    /// The position to read from; where it is a fresh window's, its route is chosen. None where nothing is to be read.
    pub(super) async fn begin(&self, report: &mut StreamReport) -> Result<Option<Position>> {
        let checkpoint = self.ports.checkpoint(&self.id).await?.unwrap_or_default();
        let Some(due) = self.due(&checkpoint) else { return Ok(None) };
        let (mut position, is_fresh) = self.position(checkpoint, due);
        if is_fresh {
            self.choose(&mut position.window, report).await?;
        }
        Ok(Some(position))
    }

    /// The position that `checkpoint` leaves, and whether its window is opened with it.
    fn position(&self, mut checkpoint: Checkpoint, due: Due) -> (Position, bool) {
        let Due { slot, fresh, resumes } = due;
        let is_resumable = |window: &Window| {
            window.page_size == self.fetcher.page_size
                && resumes.takes(window)
                && self.wanted(window.mode).is_none_or(|route| route == window.route)
        };
        let begun = checkpoint.slot_mut(slot).take().filter(is_resumable);
        let is_fresh = begun.is_none();
        let window = begun.unwrap_or(fresh);
        let epoch = checkpoint.epoch + 1;
        let inherited = window.token.is_some();
        let progress = Progress::of(self.table.info());
        (Position { checkpoint, slot, window, epoch, progress, inherited }, is_fresh)
    }
}
