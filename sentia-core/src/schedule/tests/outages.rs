//! Years with outages, policy by policy: exactly the runs that the oracle says.
//!
//! The test command lives through three years in every zone, with one line and two policies each; SENTIA_SOAK=1 through ten,
//! with every line and policy.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    LINES, Random, ZONES, is_soak,
    oracle::{self, Line, Pace},
    zone,
};
use crate::schedule::{CatchUp, Due, Schedule, ScheduleState, Trigger};

/// 2009-01-01 00:00 UTC.
const FIRST: i64 = 1_230_768_000;
const DECADE: i64 = 10 * 31_556_952;
const GRACE: i64 = 60;

const POLICIES: [CatchUp; 6] = [
    CatchUp::Skip,
    CatchUp::Once,
    CatchUp::All { cap: 3 },
    CatchUp::All { cap: 10_000 },
    CatchUp::All { cap: 0 },
    CatchUp::Latest,
];

fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(at, 0).expect("a near instant")
}

/// What must run when these due times, not yet looked at, have passed; and how many of them were missed.
fn expected(policy: CatchUp, passed: &[i64], now: i64) -> (Vec<i64>, u64) {
    let Some((newest, older)) = passed.split_last() else { return (Vec::new(), 0) };
    let on_time: &[i64] = if now - newest <= GRACE { std::slice::from_ref(newest) } else { &[] };
    let missed = if on_time.is_empty() { passed } else { older };
    let made_up = match policy {
        CatchUp::Once => &missed[..missed.len().min(1)],
        CatchUp::All { cap } => &missed[missed.len().saturating_sub(cap as usize)..],
        CatchUp::Latest if on_time.is_empty() => std::slice::from_ref(newest),
        CatchUp::Skip | CatchUp::Latest => &[],
    };
    ([made_up, on_time].concat(), missed.len() as u64)
}

/// The next look: soon after the schedule wants it, a little early, or after an outage of minutes to weeks.
fn next_look(schedule: &Schedule, state: &ScheduleState, now: i64, random: &mut Random) -> i64 {
    let wake = schedule.wake_at(state).expect("it goes on").timestamp();
    let look = match random.below(20) {
        0 => now + (60 << random.below(15)) + random.below(3_600),
        1 => now + random.below(600),
        2 => wake - random.below(5),
        3 => wake + GRACE + random.below(2),
        _ => wake + random.below(20),
    };
    look.max(now + 1)
}

/// Walks through the due times with outages, and answers how many were run and how many missed.
fn live(schedule: &Schedule, due_times: &[i64], from: i64, random: &mut Random) -> (u64, u64) {
    let (mut state, mut now, mut seen) = (ScheduleState::new(instant(from)), from, 0);
    let (mut run, mut missed, mut answered) = (0, 0, 0);
    let end = *due_times.last().expect("a schedule that fires");
    while now < end {
        now = next_look(schedule, &state, now, random).min(end);
        let passed = due_times[seen..].iter().take_while(|due| **due <= now).count();
        let (runs, missing) = expected(schedule.catch_up(), &due_times[seen..seen + passed], now);
        let Due { runs: found, missed: found_missing, state: stored, set_back } =
            schedule.due(&state, instant(now));
        let found_times: Vec<_> = found.iter().map(|run| run.due_at.timestamp()).collect();
        assert_eq!(found_times, runs, "{schedule}, {:?}, at {now}", schedule.catch_up());
        assert_eq!(
            (found_missing, set_back),
            (missing, None),
            "{schedule}, {:?}, at {now}",
            schedule.catch_up()
        );
        answered += found.iter().map(|run| run.stands_for).sum::<u64>();
        (seen, run, missed) = (seen + passed, run + found.len() as u64, missed + missing);
        // Every look may be the last before a restart.
        let text = serde_json::to_string(&stored).expect("a plain struct");
        state = serde_json::from_str(&text).expect("what was written");
    }
    assert_eq!(state.missed, missed, "{schedule}");
    if matches!(schedule.catch_up(), CatchUp::Once | CatchUp::Latest) {
        assert_eq!(answered, seen as u64, "{schedule}: every due time is answered for once");
    }
    (run, missed)
}

#[test]
fn every_policy_survives_years_of_outages_in_every_zone() {
    let length = if is_soak() { DECADE } else { 3 * DECADE / 10 };
    let (mut runs, mut missed) = (0, 0);
    for (number, name) in ZONES.iter().enumerate() {
        let share: Vec<_> = match is_soak() {
            true => LINES.iter().collect(),
            false => LINES.iter().skip(number % 15).take(1).collect(),
        };
        for line in share {
            let mut random = Random(1_000 + number as u64);
            let from = FIRST + random.below(15 * DECADE / 10);
            let from = if *name == "Pacific/Apia" { FIRST } else { from };
            let due = oracle::walk(zone(name), &Line::parse(line), (from, from + length), Pace::MINUTES);
            let policies =
                if is_soak() { &POLICIES[..] } else { &[POLICIES[number % 6], POLICIES[(number + 2) % 6]] };
            for policy in policies {
                let trigger = Trigger::cron(line, name).expect("a valid line");
                let schedule = Schedule::builder(format!("{name} {line}"), trigger).catch_up(*policy);
                let (run, missing) = live(&schedule.build().expect("valid"), &due, from, &mut random);
                (runs, missed) = (runs + run, missed + missing);
            }
        }
    }
    println!("{runs} runs, {missed} missed");
    assert!(runs > 10_000 && missed > 10_000, "{runs} runs and {missed} missed are no years of outages");
}

#[test]
fn intervals_survive_outages_of_a_million_due_times() {
    for (every, due_times) in [(1, 300_000), (900, 30_000), (86_400 * 7, 500)] {
        let due: Vec<_> = (1..=due_times).map(|step| FIRST / every * every + step * every).collect();
        for policy in POLICIES {
            let trigger = Trigger::every(Duration::from_secs(every.unsigned_abs())).expect("valid");
            let schedule = Schedule::builder("interval", trigger).catch_up(policy).build().expect("valid");
            live(&schedule, &due, FIRST / every * every, &mut Random(every.unsigned_abs()));
        }
    }
}

#[test]
fn a_decade_of_seconds_is_counted_and_not_stepped_through() {
    let trigger = Trigger::cron("* * * * * *", "Europe/London").expect("valid");
    let schedule =
        Schedule::builder("each second", trigger).catch_up(CatchUp::All { cap: 5 }).build().expect("valid");
    let due = schedule.due(&ScheduleState::new(instant(FIRST)), instant(FIRST + DECADE));
    assert_eq!(due.missed, DECADE.unsigned_abs() - 1, "all but the present one");
    let behind: Vec<_> = due.runs.iter().map(|run| FIRST + DECADE - run.due_at.timestamp()).collect();
    assert_eq!(behind, [5, 4, 3, 2, 1, 0]);
}

#[test]
fn delays_keep_the_order_and_lose_nothing() {
    let trigger = Trigger::cron("*/5 * * * *", "Europe/London").expect("valid");
    let jitter = Duration::from_secs(600);
    let schedule =
        Schedule::builder("spread", trigger).jitter(jitter).catch_up(CatchUp::Skip).build().expect("valid");
    let mut state = ScheduleState::new(instant(FIRST));
    let mut found = Vec::new();
    for second in 0..20_000 {
        let now = instant(FIRST + second);
        let due = schedule.due(&state, now);
        assert_eq!(due.missed, 0, "looked at every second");
        assert!(due.runs.iter().all(|run| run.start_at <= now && !run.is_late), "{:?}", due.runs);
        found.extend(due.runs);
        state = due.state;
    }
    let shown = schedule.next_runs(instant(FIRST), found.len());
    assert_eq!(
        found.iter().map(|run| (run.due_at, run.start_at)).collect::<Vec<_>>(),
        shown.iter().map(|due| (due.due_at, due.start_at)).collect::<Vec<_>>(),
        "what was shown is what ran"
    );
    assert!(shown.windows(2).all(|two| two[0].start_at < two[1].due_at), "no delay reaches the next");
    assert!(shown.iter().filter(|due| due.start_at > due.due_at + chrono::Duration::minutes(1)).count() > 30);
    assert!(found.len() >= 65, "{} in five and a half hours", found.len());
}
