//! Clocks that jump: nothing runs twice that need not, and nothing falls silent.

use std::time::Duration;

use chrono::{DateTime, Duration as Span, Utc};

use super::{Random, at};
use crate::schedule::{CLOCK_TOLERANCE, CatchUp, Run, Schedule, ScheduleState, Trigger};

fn quarterly(policy: CatchUp) -> Schedule {
    let trigger = Trigger::every(Duration::from_secs(900)).expect("valid");
    Schedule::builder("acme/shop", trigger).catch_up(policy).build().expect("valid")
}

/// A host that looks every minute by a clock that may be wrong.
struct Host {
    schedule: Schedule,
    state: ScheduleState,
    runs: Vec<Run>,
    missed: u64,
    set_back: u32,
}

impl Host {
    fn new(schedule: Schedule, now: &str) -> Self {
        Host { schedule, state: ScheduleState::new(at(now)), runs: Vec::new(), missed: 0, set_back: 0 }
    }

    fn look(&mut self, now: DateTime<Utc>) {
        let handled = self.state.handled;
        let due = self.schedule.due(&self.state, now);
        assert!(due.state.handled >= handled, "the last due time goes back at {now}");
        self.runs.extend(due.runs);
        self.missed += due.missed;
        self.set_back += u32::from(due.set_back.is_some());
        self.state = due.state;
    }

    /// Looks every minute from one reading to another.
    fn looks(&mut self, from: &str, until: &str) -> &mut Self {
        let (mut now, until) = (at(from), at(until));
        while now <= until {
            self.look(now);
            now += Span::minutes(1);
        }
        self
    }

    /// Due times since the last question, as `hour:minute`.
    fn ran(&mut self) -> Vec<String> {
        self.runs.drain(..).map(|run| run.due_at.format("%H:%M").to_string()).collect()
    }
}

#[test]
fn a_small_step_back_runs_nothing_twice() {
    let mut host = Host::new(quarterly(CatchUp::All { cap: 100 }), "2026-11-26T12:00:00Z");
    assert_eq!(host.looks("2026-11-26T12:01:00Z", "2026-11-26T12:31:00Z").ran(), ["12:15", "12:30"]);
    // Nine minutes before the last due time, and on from there.
    assert_eq!(host.looks("2026-11-26T12:21:00Z", "2026-11-26T13:01:00Z").ran(), ["12:45", "13:00"]);
    assert_eq!((host.missed, host.set_back), (0, 0));
}

#[test]
fn a_jump_forward_is_an_outage_and_back_again_no_silence() {
    let mut host = Host::new(quarterly(CatchUp::Latest), "2026-11-26T12:00:00Z");
    assert_eq!(host.looks("2026-11-26T12:01:00Z", "2026-11-26T12:16:00Z").ran(), ["12:15"]);
    // Five hours ahead for three minutes.
    assert_eq!(host.looks("2026-11-26T17:17:00Z", "2026-11-26T17:20:00Z").ran(), ["17:15"]);
    assert_eq!(host.missed, 20, "12:30 to 17:15");
    // Put right: the schedule goes on at once, says so once, and each time runs when the clock comes to it.
    assert_eq!(
        host.looks("2026-11-26T12:21:00Z", "2026-11-26T13:16:00Z").ran(),
        ["12:30", "12:45", "13:00", "13:15"]
    );
    assert_eq!((host.missed, host.set_back), (20, 1));
    // 17:15 ran by the wrong reading; it is the one time that does not run again.
    assert_eq!(
        host.looks("2026-11-26T13:17:00Z", "2026-11-26T17:46:00Z").ran().last().map(String::as_str),
        Some("17:45")
    );
    assert_eq!((host.missed, host.state.set_back_to), (20, None));
}

#[test]
fn a_clock_years_ahead_for_a_moment_silences_nothing() {
    let daily = Trigger::cron("0 2 * * *", "Europe/London").expect("valid");
    let schedule = Schedule::builder("clean-up", daily).build().expect("valid");
    let mut host = Host::new(schedule, "2026-11-26T12:00:00Z");
    host.look(at("2038-01-19T03:14:07Z"));
    assert_eq!((host.ran().len(), host.missed), (1, 4_072), "one run for eleven years that were none");
    host.looks("2026-11-26T12:01:00Z", "2026-11-29T12:00:00Z");
    assert_eq!(host.ran(), ["02:00", "02:00", "02:00"]);
    assert_eq!((host.missed, host.set_back), (4_072, 1));
}

#[test]
fn a_clock_hours_behind_for_a_while_doubles_nothing_when_it_is_right_again() {
    let mut host = Host::new(quarterly(CatchUp::All { cap: 100 }), "2026-11-26T12:00:00Z");
    assert_eq!(host.looks("2026-11-26T12:01:00Z", "2026-11-26T12:16:00Z").ran(), ["12:15"]);
    // Three hours behind: what comes to pass by that reading runs.
    assert_eq!(host.looks("2026-11-26T09:17:00Z", "2026-11-26T09:31:00Z").ran(), ["09:30"]);
    // Right again: 09:45 to 12:15 ran before, and were not missed.
    assert_eq!(host.looks("2026-11-26T12:33:00Z", "2026-11-26T12:46:00Z").ran(), ["12:30", "12:45"]);
    assert_eq!((host.missed, host.set_back), (1, 1), "12:30 was due while the clock was wrong");
}

#[test]
fn a_clock_that_keeps_falling_back_is_followed() {
    let mut host = Host::new(quarterly(CatchUp::Latest), "2026-11-26T12:00:00Z");
    for hour in (1..12).rev() {
        host.look(at("2026-11-26T00:01:00Z") + Span::hours(hour));
        host.look(at("2026-11-26T00:16:00Z") + Span::hours(hour));
    }
    assert_eq!(host.ran().len(), 11, "one in each hour that it showed");
    assert_eq!(host.set_back, 11);
}

/// Whatever the clock does, one reading runs no due time twice, and a clock that has been right for longer than the tolerance
/// misses nothing.
#[test]
fn random_jumps_survive() {
    let runs = if super::is_soak() { 20_000 } else { 300 };
    for seed in 0..runs {
        let mut random = Random(seed);
        let policy =
            [CatchUp::Skip, CatchUp::Once, CatchUp::All { cap: 4 }, CatchUp::Latest][(seed % 4) as usize];
        let mut host = Host::new(quarterly(policy), "2026-11-26T12:00:00Z");
        let mut now = at("2026-11-26T12:00:00Z");
        for _ in 0..6 {
            now += Span::seconds(random.below(2 * 86_400) - 86_400);
            let mut reading = Vec::new();
            for _ in 0..random.below(400) {
                now += Span::seconds(20 + random.below(60));
                host.look(now);
                reading.extend(host.runs.drain(..).map(|run| run.due_at));
            }
            assert!(
                reading.windows(2).all(|two| two[0] < two[1]),
                "seed {seed}: doubled or out of order: {reading:?}"
            );
        }
        // The clock is right from here on, wherever it is.
        for _ in 0..CLOCK_TOLERANCE.num_minutes() + 1 {
            now += Span::minutes(1);
            host.look(now);
        }
        (host.missed, host.runs) = (0, Vec::new());
        // The last due time of a reading that lay ahead is the one time that does not run again.
        let (before, doubted) = (now, host.state.handled);
        for _ in 0..48 * 60 {
            now += Span::minutes(1);
            host.look(now);
        }
        let is_certain = |due: &DateTime<Utc>| *due <= now && *due != doubted;
        let shown = host.schedule.next_runs(before, 200);
        let all: Vec<_> = shown.iter().map(|due| due.due_at).filter(is_certain).collect();
        let found: Vec<_> = host.runs.iter().map(|run| run.due_at).filter(is_certain).collect();
        assert_eq!(found, all, "seed {seed}: silent, or doubled");
        assert!(
            all.len() >= 191 && host.missed == 0,
            "seed {seed}: {} due, {} missed",
            all.len(),
            host.missed
        );
    }
}
