//! What is read beside the increments: everything, a stream's re-read window, or a span that somebody chose.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Error, ErrorKind, Result,
    cursor::{Mode, Window},
    stream::{Reading, StreamInfo},
};

/// What a run reads in the background, for [`Pipeline::background`](crate::Pipeline::background).
///
/// ```
/// use sentia_core::{Background, Mode};
///
/// let since = "2024-01-01T00:00:00Z".parse().expect("an instant");
/// assert_eq!(Background::Full.mode(), Mode::Full);
/// assert_eq!(Background::Backfill { since, until: None }.mode(), Mode::Backfill);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Background {
    /// Everything, with the sweep at its end.
    Full,
    /// What changed since now minus the stream's `reread_window`.
    /// Streams that declare none, or are not read by time, are left out.
    Reread,
    /// What changed in a span, for streams that are read by time.
    Backfill {
        /// From here, inclusive.
        since: DateTime<Utc>,
        /// Up to here, inclusive; to the present where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
}

impl Background {
    /// The mode that its certificates name.
    ///
    /// Of the two that are [`Mode::Backfill`] the certificate of a re-read says `rereading`.
    pub fn mode(self) -> Mode {
        match self {
            Background::Full => Mode::Full,
            Background::Reread | Background::Backfill { .. } => Mode::Backfill,
        }
    }

    /// Whether `stream` is read by it at all.
    pub(crate) fn concerns(self, stream: &StreamInfo) -> bool {
        self != Background::Reread || (is_by_time(stream) && stream.reread_window.is_some())
    }

    /// # Errors
    /// `ConfigInvalid` where `stream` cannot be read so.
    pub(crate) fn check(self, stream: &StreamInfo) -> Result<()> {
        let invalid = |message: &'static str| {
            Err(Error::new(ErrorKind::ConfigInvalid, message).context("stream", stream.name))
        };
        match self {
            Background::Backfill { since, until: Some(until) } if until <= since => {
                invalid("the span of a backfill ends before it begins; give a later end")
            }
            Background::Backfill { .. } if !is_by_time(stream) => invalid(
                "a backfill needs a stream that is read by time, and this one is not; read it in full instead: \
                 Background::Full",
            ),
            _ => Ok(()),
        }
    }

    /// Whether `window` is one of these, with the same bounds.
    pub(crate) fn is_of(self, window: &Window) -> bool {
        match self {
            Background::Full => window.mode == Mode::Full,
            Background::Reread => window.mode == Mode::Backfill && window.rereading,
            Background::Backfill { since, until } => {
                window.mode == Mode::Backfill
                    && !window.rereading
                    && (window.since, window.until) == (Some(since), until)
            }
        }
    }

    /// `window` with the bounds that such a read of `stream` has when it is opened.
    pub(crate) fn bound(self, window: Window, stream: &StreamInfo) -> Window {
        match self {
            Background::Full => window,
            Background::Reread => {
                let back = stream.reread_window.and_then(|back| chrono::Duration::from_std(back).ok());
                // A reach beyond the calendar is everything.
                let since = back.and_then(|back| window.opened.checked_sub_signed(back));
                Window { since, rereading: true, ..window }
            }
            Background::Backfill { since, until } => Window { since: Some(since), until, ..window },
        }
    }
}

fn is_by_time(stream: &StreamInfo) -> bool {
    matches!(stream.reading, Reading::Incremental { .. })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::Duration::days(days)
    }

    fn backfill(since: i64, until: Option<i64>) -> Background {
        Background::Backfill { since: at(since), until: until.map(at) }
    }

    #[test]
    fn a_window_is_resumed_by_its_own_kind_and_bounds_alone() {
        let stream = StreamInfo::new("s").incremental("at").reread_window(Duration::from_secs(86_400));
        let kinds = [
            Background::Full,
            Background::Reread,
            backfill(1, None),
            backfill(1, Some(2)),
            backfill(0, Some(2)),
        ];
        for kind in kinds {
            let open = Window::open(uuid::Uuid::nil(), kind.mode(), None, at(9), 1);
            let window = kind.bound(open, &stream);
            let fitting: Vec<_> = kinds.into_iter().filter(|other| other.is_of(&window)).collect();
            assert_eq!(fitting, [kind]);
        }
        let open = Window::open(uuid::Uuid::nil(), Mode::Backfill, None, at(9), 1);
        assert_eq!(Background::Reread.bound(open, &stream).since, Some(at(8)));
    }

    #[test]
    fn what_cannot_be_read_so_is_refused_with_the_remedy() {
        let by_time = StreamInfo::new("s").incremental("at");
        let (whole, by_token) = (StreamInfo::new("s"), StreamInfo::new("s").resumable());
        assert!(backfill(1, Some(2)).check(&by_time).is_ok());
        assert!(backfill(2, Some(2)).check(&by_time).is_err());
        for stream in [&whole, &by_token] {
            let error = backfill(1, None).check(stream).expect_err("not by time");
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
            assert!(error.to_string().contains("Background::Full"), "{error}");
            assert!(Background::Full.check(stream).is_ok());
            let reread = StreamInfo { reread_window: Some(Duration::from_secs(1)), ..stream.clone() };
            assert!(!Background::Reread.concerns(&reread), "it has no time to reach back by");
        }
        assert!(!Background::Reread.concerns(&by_time), "it declares no window");
    }
}
