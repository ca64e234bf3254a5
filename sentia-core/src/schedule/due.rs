//! What is due now: the runs to begin, and the times that were missed.

use chrono::{DateTime, Duration, Utc};

use super::{
    definition::{DueTime, Schedule, signed},
    policy::CatchUp,
    state::ScheduleState,
    zone::Instant,
};

/// How far the clock may be behind the last due time before that is taken to lie in a future that was none.
///
/// Up to here nothing is due until the clock has come to that time again, so nothing runs twice. Beyond, waiting would be
/// silence for hours: the schedule goes on from the clock as it is now.
pub const CLOCK_TOLERANCE: Duration = Duration::minutes(10);

/// Answer of [`Schedule::due`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What to begin, in this order.
    pub runs: Vec<Run>,
    /// Due times that passed unseen since the last look, whether they are made up for or not. Above zero it is worth an alert
    /// with the schedule's name.
    pub missed: u64,
    /// By how much the clock was found behind, when the schedule went on from it for that reason: worth an alert, too.
    pub set_back: Option<std::time::Duration>,
    /// What to store, with the runs.
    pub state: ScheduleState,
}

/// A run to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The time it stands for. With the schedule's name it names the run.
    pub due_at: DateTime<Utc>,
    /// When it was to begin, by its jitter.
    pub start_at: DateTime<Utc>,
    /// How many due times it answers for: one, and those it makes up for.
    pub stands_for: u64,
    /// True when it makes up for a time that was missed.
    pub is_late: bool,
}

impl Schedule {
    /// What is due at `now`, for a schedule with this state. It changes nothing: store the answer's state and begin its runs.
    ///
    /// However often it is called, each due time is answered once:
    ///
    /// ```
    /// use std::time::Duration;
    /// use sentia_core::schedule::{CatchUp, Schedule, ScheduleState, Trigger};
    /// # fn at(text: &str) -> chrono::DateTime<chrono::Utc> { text.parse().expect("an instant") }
    ///
    /// let quarter = Trigger::every(Duration::from_secs(900))?;
    /// let schedule = Schedule::builder("acme/shop", quarter).catch_up(CatchUp::Latest).build()?;
    /// let state = ScheduleState::new(at("2026-11-26T12:00:00Z"));
    ///
    /// let due = schedule.due(&state, at("2026-11-26T12:15:02Z"));
    /// assert_eq!((due.runs.len(), due.missed), (1, 0));
    /// assert!(schedule.due(&due.state, at("2026-11-26T12:15:03Z")).runs.is_empty());
    ///
    /// // Nobody looked for an hour: 12:30 to 13:15 were missed, and the newest of them runs.
    /// let due = schedule.due(&due.state, at("2026-11-26T13:17:00Z"));
    /// assert_eq!((due.runs.len(), due.missed, due.state.missed), (1, 4, 4));
    /// assert_eq!((due.runs[0].due_at, due.runs[0].stands_for), (at("2026-11-26T13:15:00Z"), 4));
    /// # Ok::<(), sentia_core::Error>(())
    /// ```
    ///
    /// # A clock that jumps
    ///
    /// - **Forward**: what it jumped over was missed, and [`CatchUp`] says what is done about it.
    /// - **Back, by up to [`CLOCK_TOLERANCE`]** behind the last due time: nothing is due until that has come again, so nothing
    ///   runs twice.
    /// - **Back by more**: the schedule goes on from `now`, and [`Due::set_back`] says so. Due times between `now` and the last
    ///   one run as the clock comes to them, also those that ran by the earlier reading; that last one itself does not. When
    ///   the clock jumps forward again past it, what was handled by the earlier reading is neither repeated nor missed.
    pub fn due(&self, state: &ScheduleState, now: DateTime<Utc>) -> Due {
        let mut state = state.clone();
        let idle = |state, set_back| Due { runs: Vec::new(), missed: 0, set_back, state };
        if state.paused.is_some() {
            return idle(state, None);
        }
        if now >= state.handled {
            state.set_back_to = None;
        }
        let ahead = state.mark() - now;
        if ahead > CLOCK_TOLERANCE {
            state.set_back_to = Some(now);
            return idle(state, ahead.to_std().ok());
        }
        let after = state.mark().timestamp();
        let Some(newest) = self.newest_startable(after, now) else {
            return idle(state, None);
        };
        let is_late = now - newest.start_at > signed(self.grace());
        let passed = self.trigger().count(after, newest.due_at.timestamp());
        let missed = if is_late { passed } else { passed.saturating_sub(1) };
        let newest = Run { is_late, ..Run::of(newest) };
        let runs = self.caught_up(after, newest, missed);
        match &mut state.set_back_to {
            Some(mark) => *mark = newest.due_at,
            None => state.handled = newest.due_at,
        }
        state.missed = state.missed.saturating_add(missed);
        Due { runs, missed, set_back: None, state }
    }

    /// When [`due`](Schedule::due) should be asked next; none while it is paused, and at the end of the calendar.
    ///
    /// To look earlier does no harm; later than the [grace](Schedule::grace), a run counts as missed. Look at least every
    /// [`CLOCK_TOLERANCE`] all the same: a clock that was set back is noticed when somebody looks.
    pub fn wake_at(&self, state: &ScheduleState) -> Option<DateTime<Utc>> {
        let is_awake = state.paused.is_none();
        let next = is_awake.then(|| self.trigger().next(state.mark().timestamp())).flatten()?;
        Some(self.due_time(next).start_at)
    }

    /// The newest due time whose run may begin by now. Only the newest of all can still wait for its delay, as no delay
    /// reaches the next due time.
    fn newest_startable(&self, after: Instant, now: DateTime<Utc>) -> Option<DueTime> {
        let first = self.trigger().next(after).filter(|first| *first <= now.timestamp())?;
        let passed = match self.trigger().next(first) {
            Some(second) if second <= now.timestamp() => self.trigger().newest(2, after, now.timestamp()),
            _ => vec![first],
        };
        passed.into_iter().rev().map(|at| self.due_time(at)).find(|due| due.start_at <= now)
    }

    /// What runs when `newest` can begin and `missed` due times after `after` were missed, itself among them when it is late.
    fn caught_up(&self, after: Instant, newest: Run, missed: u64) -> Vec<Run> {
        let newest_due = newest.due_at.timestamp();
        let until = if newest.is_late { newest_due } else { newest_due - 1 };
        let late = |at, stands_for| Run { stands_for, is_late: true, ..Run::of(self.due_time(at)) };
        let mut runs = match self.catch_up() {
            CatchUp::Latest => {
                let stands_for = missed + u64::from(!newest.is_late);
                return vec![Run { stands_for, ..newest }];
            }
            CatchUp::Once if missed > 0 => {
                self.trigger().next(after).map(|oldest| late(oldest, missed)).into_iter().collect()
            }
            CatchUp::All { cap } if missed > 0 => {
                let most = usize::try_from(cap).unwrap_or(usize::MAX);
                self.trigger().newest(most, after, until).into_iter().map(|at| late(at, 1)).collect()
            }
            CatchUp::Skip | CatchUp::Once | CatchUp::All { .. } => Vec::new(),
        };
        runs.extend((!newest.is_late).then_some(newest));
        runs
    }
}

impl Run {
    /// One that is on time.
    fn of(due: DueTime) -> Self {
        Run { due_at: due.due_at, start_at: due.start_at, stands_for: 1, is_late: false }
    }
}
