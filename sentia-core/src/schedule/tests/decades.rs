//! Ten years of due times in every zone, found by search, by count and by the oracle.

use chrono_tz::Tz;

use super::{
    FREQUENT, LINES, Random, ZONES, is_soak,
    oracle::{self, Line, Pace},
    zone,
};
use crate::schedule::CronLine;

const DAY: i64 = 86_400;
/// Ten years in seconds.
const DECADE: i64 = 10 * 31_556_952;
/// 2008-01-01 00:00 UTC; decades begin in the 22 years after it, so they meet 2011, when Apia left out a day, and 2038.
const FIRST: i64 = 1_199_145_600;

/// Asserts that the search finds what the oracle finds, and that counting agrees over random parts.
fn compare(name: &str, line: &str, from: i64, random: &mut Random) -> usize {
    let zone = zone(name);
    let until = from + DECADE;
    let pace = if is_soak() { Pace::EVERY_MINUTE } else { Pace::MINUTES };
    let expected = oracle::walk(zone, &Line::parse(line), (from, until), pace);
    let cron = CronLine::new(line, name).expect("a valid line");
    let mut after = from;
    for (run, due) in expected.iter().enumerate() {
        let found = cron.next(after);
        assert_eq!(found, Some(*due), "{line} in {name} from {from}: run {run} after {after}");
        after = *due;
    }
    assert!(cron.next(after).is_some_and(|next| next > until), "{line} in {name} from {from}: one too many");
    for _ in 0..4 {
        let (a, b) = (from + random.below(DECADE), from + random.below(DECADE));
        let (a, b) = (a.min(b), a.max(b));
        let between = expected.iter().filter(|due| **due > a && **due <= b).count();
        assert_eq!(cron.count(a, b), between as u64, "{line} in {name}: runs in ({a}, {b}]");
        // From wherever one begins, in a repeated hour as well.
        let next = expected.iter().find(|due| **due > a);
        assert_eq!(cron.next(a).filter(|due| *due <= until).as_ref(), next, "{line} in {name} after {a}");
    }
    begin_at_changes(zone, &cron, &expected, from);
    expected.len()
}

/// Asserts that a search begun shortly before or after a change of clock, or in a repeated hour, goes on as the walk that came
/// by.
fn begin_at_changes(zone: Tz, cron: &CronLine, expected: &[i64], from: i64) {
    let hours = (0..9_000).map(|hour| from + DAY + hour * 3_600);
    let changes = hours.filter(|at| oracle::offset(zone, *at) != oracle::offset(zone, at + 3_600));
    for after in changes.flat_map(|change| (-20..40).map(move |step| change + step * 420)) {
        let next = expected.iter().find(|due| **due > after);
        // A line of leap years may have nothing in this decade.
        let Some(next) = next else { continue };
        assert_eq!(cron.next(after), Some(*next), "{} in {} from {after}", cron.line(), cron.zone());
        assert_eq!(cron.count(after, *next), 1, "{} in {} from {after}", cron.line(), cron.zone());
        assert_eq!(cron.count(after, *next - 1), 0, "{} in {} from {after}", cron.line(), cron.zone());
    }
}

#[test]
fn ten_years_in_every_zone_are_the_oracles_soak() {
    let mut runs = 0;
    for (number, name) in ZONES.iter().enumerate() {
        let mut random = Random(number as u64);
        let rare = LINES.len() - FREQUENT;
        // The test command gives every second zone one line, and two of them an hourly one; `outages` has all zones.
        let share = (number % 2 == 1).then_some(number % rare);
        let frequent = (number % 24 == 7).then_some(rare + number / 24);
        let lines: Vec<_> = match is_soak() {
            true => (0..LINES.len()).collect(),
            false => share.into_iter().chain(frequent).collect(),
        };
        for line in lines {
            let from = FIRST + random.below(22 * DECADE / 10);
            let from = if *name == "Pacific/Apia" { FIRST } else { from };
            runs += compare(name, LINES[line], from, &mut random);
        }
    }
    println!("{runs} runs compared in {} zones", ZONES.len());
    assert!(runs > 100_000, "{runs} runs are no decade in every zone");
}

#[test]
fn seconds_are_walked_around_every_change() {
    let lines = ["30 30 2 * * *", "*/20 30 2 * * *", "0,30 0,59 0-3 * * *", "*/7 59 1,23 * * *"];
    for name in ["Europe/London", "Australia/Lord_Howe", "America/Nuuk", "America/Havana"] {
        let zone = zone(name);
        let hours = (0..2 * 8_766).map(|hour| 1_767_225_600 + hour * 3_600);
        let changes = hours.filter(|at| oracle::offset(zone, *at) != oracle::offset(zone, at + 3_600));
        let mut met = 0;
        for (line, change) in changes.take(2).flat_map(|change| lines.map(|line| (line, change))) {
            let window = (change - 20_000, change + 20_000);
            let expected = oracle::walk(zone, &Line::parse(line), window, Pace::SECONDS);
            let cron = CronLine::new(line, name).expect("a valid line");
            let next = |after: &i64| cron.next(*after).filter(|due| *due <= window.1);
            let found: Vec<_> = std::iter::successors(next(&window.0), next).collect();
            assert_eq!(found, expected, "{line} in {name} around {change}");
            assert_eq!(cron.count(window.0, window.1), expected.len() as u64, "{line} in {name}");
            met += 1;
        }
        assert_eq!(met, 8, "{name} changes its clock twice in two years");
    }
}
