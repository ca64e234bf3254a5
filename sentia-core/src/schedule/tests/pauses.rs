//! Pauses by users and by failures, and what they leave behind.

use std::time::Duration;

use super::at;
use crate::schedule::{Outcome, Pause, PausedBy, Schedule, ScheduleState, Trigger};

fn hourly(failures: u32) -> Schedule {
    let trigger = Trigger::every(Duration::from_secs(3_600)).expect("valid");
    Schedule::builder("acme/books", trigger).pause_after_failures(failures).build().expect("valid")
}

#[test]
fn what_falls_into_a_pause_is_neither_run_nor_missed() {
    let schedule = hourly(3);
    let mut state = ScheduleState::new(at("2026-11-26T12:00:00Z"));
    state.pause(PausedBy::User("ada".to_owned()), "stock-taking", at("2026-11-26T12:30:00Z"));
    let due = schedule.due(&state, at("2026-11-26T15:00:10Z"));
    assert_eq!((due.runs.len(), due.missed, &due.state), (0, 0, &state));
    assert_eq!(schedule.wake_at(&state), None);

    state.resume(at("2026-11-26T15:30:00Z"));
    assert_eq!(schedule.wake_at(&state), Some(at("2026-11-26T16:00:00Z")));
    let due = schedule.due(&state, at("2026-11-26T16:00:00Z"));
    assert_eq!((due.runs.len(), due.runs[0].stands_for, due.missed), (1, 1, 0));
}

#[test]
fn failures_in_a_row_pause_it_and_say_why() {
    let schedule = hourly(3);
    let now = at("2026-11-26T12:00:00Z");
    let mut state = ScheduleState::new(now);
    let fail = |state: &mut ScheduleState| state.finished(&schedule, Outcome::Failed, "token expired", now);
    assert_eq!([fail(&mut state), fail(&mut state)], [false, false]);
    assert!(!state.finished(&schedule, Outcome::Succeeded, "", now));
    assert_eq!([fail(&mut state), fail(&mut state), fail(&mut state)], [false, false, true]);
    let pause = Pause { by: PausedBy::Failures(3), since: now, why: "token expired".to_owned() };
    assert_eq!(state.paused, Some(pause));
    // One that was under way: counted, but no second alert.
    assert!(!fail(&mut state));

    state.resume(now);
    assert_eq!((state.failures, &state.paused), (0, &None), "it has three tries again");
}

#[test]
fn who_paused_first_is_shown() {
    let now = at("2026-11-26T12:00:00Z");
    let mut state = ScheduleState::new(now);
    state.pause(PausedBy::User("ada".to_owned()), "stock-taking", now);
    state.pause(PausedBy::User("bob".to_owned()), "me too", now);
    assert_eq!(state.paused.as_ref().map(|pause| pause.why.as_str()), Some("stock-taking"));
    let mut running = ScheduleState::new(now);
    running.failures = 2;
    running.resume(at("2026-11-26T18:00:00Z"));
    assert_eq!((running.handled, running.failures), (now, 2), "what is not paused is not resumed");
}

#[test]
fn another_trigger_makes_no_missed_runs() {
    let daily = Trigger::cron("0 2 * * *", "UTC").expect("valid");
    let daily = Schedule::builder("acme/books", daily).build().expect("valid");
    let state = daily.due(&ScheduleState::new(at("2026-11-26T00:00:00Z")), at("2026-11-26T02:00:00Z")).state;
    let now = at("2026-11-26T12:30:00Z");
    assert_eq!(
        hourly(3).due(&state, now).missed,
        10,
        "03:00 to 12:00, as the state was meant for another line"
    );
    let mut anew = state;
    anew.begin_anew(now);
    assert_eq!(hourly(3).due(&anew, now).missed, 0);
    assert_eq!(hourly(3).wake_at(&anew), Some(at("2026-11-26T13:00:00Z")));
}

#[test]
fn a_state_is_small_and_reads_what_older_versions_wrote() {
    let state = ScheduleState::new(at("2026-11-26T12:00:00Z"));
    let text = serde_json::to_string(&state).expect("a plain struct");
    assert_eq!(text, r#"{"handled":"2026-11-26T12:00:00Z","failures":0,"missed":0}"#);
    let least: ScheduleState =
        serde_json::from_str(r#"{"handled":"2026-11-26T12:00:00Z"}"#).expect("defaults");
    assert_eq!(least, state);
}
