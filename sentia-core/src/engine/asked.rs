//! What a run was asked to read of each partition.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    Error, ErrorKind, Result,
    background::Background,
    cursor::{Checkpoint, Mode},
    stream::StreamInfo,
};

/// What a run was asked to read.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) mode: Mode,
    pub(super) background: Option<Background>,
    /// What a window opened since then has proved need not be read once more in the background.
    pub(super) ordered: Option<DateTime<Utc>>,
    pub(super) overdue: Overdue,
}

/// What becomes of full reads and re-reads whose time has come by the stream's own intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// They take the increment's place.
    Read,
    /// Somebody else orders them.
    Left,
}

impl Default for Asked {
    fn default() -> Self {
        Asked { mode: Mode::Incremental, background: None, ordered: None, overdue: Overdue::Read }
    }
}

impl Asked {
    /// The mode of what is read in front.
    pub(super) fn in_front(&self) -> Mode {
        match self.background {
            Some(Background::Full) => Mode::Full,
            Some(_) => Mode::Incremental,
            None => self.mode,
        }
    }

    /// The mode that the report names.
    pub(super) fn reported(&self) -> Mode {
        self.background.map_or(self.mode, Background::mode)
    }

    /// Those of `selected` that are read.
    ///
    /// # Errors
    /// `ConfigInvalid` where one of them cannot be read so.
    pub(super) fn concerned(&self, mut selected: Vec<Arc<StreamInfo>>) -> Result<Vec<Arc<StreamInfo>>> {
        let Some(background) = self.background else {
            if self.mode == Mode::Backfill {
                let message = "a backfill needs its bounds; ask for it by Pipeline::background";
                return Err(Error::new(ErrorKind::ConfigInvalid, message));
            }
            return Ok(selected);
        };
        selected.retain(|stream| background.concerns(stream));
        selected.iter().try_for_each(|stream| background.check(stream))?;
        Ok(selected)
    }

    /// Whether the order was carried out already: by a window of its kind that was opened since, or by a full read.
    pub(super) fn is_done(&self, checkpoint: &Checkpoint) -> bool {
        let (Some(background), Some(ordered)) = (self.background, self.ordered) else { return false };
        let by_full = checkpoint.full.as_ref().is_some_and(|full| full.at >= ordered);
        by_full
            || match background {
                Background::Full => false,
                Background::Reread => checkpoint.reread >= self.ordered,
                Background::Backfill { since, until } => checkpoint.backfilled.as_ref().is_some_and(|last| {
                    last.at >= ordered && (last.since, last.until) == (Some(since), until)
                }),
            }
    }
}
