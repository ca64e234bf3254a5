//! The rule about changed clocks, by dates of the time zone database.

use super::at;
use crate::{
    ErrorKind,
    schedule::{CronLine, Schedule, Trigger},
};

/// Due times in UTC, as `day hour:minute`.
fn due(line: &str, zone: &str, after: &str, most: usize) -> Vec<String> {
    let trigger = Trigger::cron(line, zone).expect("a valid line");
    let schedule = Schedule::builder("rule", trigger).build().expect("valid");
    schedule.next_runs(at(after), most).iter().map(|run| run.due_at.format("%d %H:%M").to_string()).collect()
}

#[test]
fn a_skipped_time_runs_right_after_the_gap_and_once() {
    // London, 2026-03-29: 01:00 UTC is 02:00.
    assert_eq!(
        due("30 1 * * *", "Europe/London", "2026-03-28T00:00:00Z", 3),
        ["28 01:30", "29 01:00", "30 00:30"]
    );
    assert_eq!(
        due("*/20 1 * * *", "Europe/London", "2026-03-28T12:00:00Z", 1),
        ["30 00:00"],
        "repeating: left out"
    );
    assert_eq!(due("0-59/20 1 * * *", "Europe/London", "2026-03-28T12:00:00Z", 2), ["29 01:00", "30 00:00"]);
    // One of two hours is skipped.
    assert_eq!(due("30 1,14 * * *", "Europe/London", "2026-03-29T00:00:00Z", 2), ["29 01:00", "29 13:30"]);
    // Skipped and named at the gap's end: one run for both.
    assert_eq!(due("0 1-2 * * *", "Europe/London", "2026-03-29T00:00:00Z", 2), ["29 01:00", "30 00:00"]);
}

#[test]
fn a_repeated_time_runs_once() {
    // London, 2026-10-25: 01:00 UTC is 01:00 for the second time.
    assert_eq!(due("30 1 * * *", "Europe/London", "2026-10-24T12:00:00Z", 2), ["25 00:30", "26 01:30"]);
    assert_eq!(
        due("30 1 * * *", "Europe/London", "2026-10-25T01:10:00Z", 1),
        ["26 01:30"],
        "from the second hour"
    );
    assert_eq!(
        due("0 * * * *", "Europe/London", "2026-10-24T23:30:00Z", 4),
        ["25 00:00", "25 01:00", "25 02:00", "25 03:00"]
    );
    assert_eq!(
        due("*/30 1 * * *", "Europe/London", "2026-10-24T23:30:00Z", 4),
        ["25 00:00", "25 00:30", "25 01:00", "25 01:30"]
    );
}

#[test]
fn a_gap_that_ends_on_another_day_still_runs() {
    // Nuuk, Saturday 2026-03-28: 23:00 is Sunday 00:00, at 01:00 UTC of Sunday.
    assert_eq!(due("30 23 * * 6", "America/Nuuk", "2026-03-27T00:00:00Z", 2), ["29 01:00", "05 00:30"]);
}

#[test]
fn a_day_that_a_zone_left_out_still_runs() {
    // Apia went from Thursday 2011-12-29 24:00 (10:00 UTC of the 30th) to Saturday the 31st.
    assert_eq!(
        due("0 2 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
        ["29 12:00", "30 10:00", "30 12:00"]
    );
    assert_eq!(due("0 2 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 1), ["30 10:00"]);
}

#[test]
fn half_an_hour_of_daylight_saving_is_half_an_hour() {
    // Lord Howe, 2026-10-04: 02:00 (15:30 UTC of the 3rd) is 02:30.
    assert_eq!(due("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2), ["03 15:30", "04 15:15"]);
    assert_eq!(due("45 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2), ["03 15:45", "04 15:45"]);
}

#[test]
fn days_follow_posix_unless_both_are_asked_for() {
    // 2026-02-13 and 2026-03-13 are Fridays.
    assert_eq!(due("0 0 13 * 5", "UTC", "2026-02-01T00:00:00Z", 3), ["06 00:00", "13 00:00", "20 00:00"]);
    assert_eq!(due("0 0 13 * +5", "UTC", "2026-02-01T00:00:00Z", 3), ["13 00:00", "13 00:00", "13 00:00"]);
    assert_eq!(due("0 0 L * *", "UTC", "2028-01-15T00:00:00Z", 3), ["31 00:00", "29 00:00", "31 00:00"]);
    assert_eq!(due("0 0 * * 0#2", "UTC", "2026-02-01T00:00:00Z", 2), ["08 00:00", "08 00:00"]);
    assert_eq!(due("@weekly", "UTC", "2026-02-01T12:00:00Z", 2), ["08 00:00", "15 00:00"]);
}

#[test]
fn what_cannot_run_is_refused_with_its_remedy() {
    let refused = |line, zone| CronLine::new(line, zone).expect_err(line);
    let never = refused("0 0 30 2 *", "UTC");
    assert_eq!((never.kind(), never.context_value("setting")), (ErrorKind::ConfigInvalid, Some("line")));
    assert!(never.message().contains("never fires"), "{never}");
    for line in
        ["", "* * *", "61 * * * *", "0 25 * * *", "0 0 0 1 1", "every day", "0 0 * * * * 2020", "0/5 * * * *"]
    {
        let error = refused(line, "UTC");
        assert!(error.message().contains("write minute, hour"), "{error}");
    }
    assert_eq!(refused("0 2 * * *", "Mars/Olympus").context_value("setting"), Some("zone"));

    let every = Trigger::every;
    for refused in
        [std::time::Duration::ZERO, std::time::Duration::from_millis(1_500), std::time::Duration::MAX]
    {
        assert_eq!(every(refused).expect_err("refused").context_value("setting"), Some("every"));
    }
    let builder =
        |name: &str| Schedule::builder(name, every(std::time::Duration::from_secs(1)).expect("a second"));
    assert_eq!(builder(" ").build().expect_err("no name").context_value("setting"), Some("name"));
    let zero = builder("a").pause_after_failures(0).build().expect_err("at once");
    assert_eq!(zero.context_value("setting"), Some("pause_after_failures"));
}
