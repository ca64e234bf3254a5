use std::{cmp::Reverse, collections::BinaryHeap, ops::Range};

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng},
};

use super::{
    AGAIN_LOWER, Estimator, LOWER, PAUSES, PROBE,
    minute::MINUTE,
    twins::{Counts, Moves, Vendor},
};
use crate::{
    quota::{
        Claim, Refused, Seen,
        ledger::{Going, Ledger},
        window::Millis,
    },
    transport::Limit,
};

const RANGE: super::Range = super::Range { floor: 0.05, ceiling: 500.0 };
const LIMITS: [Limit; 1] = [Limit::Learned { per_second: 2.0, floor: RANGE.floor, ceiling: RANGE.ceiling }];
const HOUR: Millis = 3_600_000;

/// Calls answered and refused.
#[derive(Debug, Clone, Copy, Default)]
struct Calls {
    answered: u64,
    refused: u64,
}

/// Hungry callers of one process, through its ledger.
struct Callers {
    ledger: Ledger,
    random: TestRng,
    /// Calls under way, the earliest first: when it is there or back, when it began, and the answer that comes back.
    under_way: BinaryHeap<Reverse<(Millis, Millis, Option<bool>)>>,
    now: Millis,
    calls: Calls,
}

impl Callers {
    fn new(seed: u8) -> Self {
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        Callers {
            ledger: Ledger::default(),
            random,
            under_way: BinaryHeap::new(),
            now: 0,
            calls: Calls::default(),
        }
    }

    /// They go on until `end`; the way there and the way back take 20 to 200 ms each.
    fn go_on(&mut self, vendor: &mut Vendor, end: Millis) {
        let claim = Claim::default();
        while self.now < end {
            let free = match self.ledger.ready(&LIMITS, &claim, self.now) {
                Ok(()) => self.now,
                Err(hold) => hold.until,
            };
            match self.under_way.peek().copied() {
                Some(Reverse((at, began, answer))) if at <= free => {
                    self.under_way.pop();
                    self.now = at.max(self.now);
                    self.arrive(vendor, began, answer);
                }
                _ if free > self.now => self.now = free,
                _ => {
                    self.ledger.take(&LIMITS, &claim, self.now);
                    let there = self.now + self.random.random_range(20..200);
                    self.under_way.push(Reverse((there, self.now, None)));
                }
            }
        }
        vendor.advance(&mut self.random, self.now);
    }

    fn arrive(&mut self, vendor: &mut Vendor, began: Millis, answer: Option<bool>) {
        let Some(is_accepted) = answer else {
            let accepts = vendor.accepts(&mut self.random, self.now);
            let back = self.now + self.random.random_range(20..200);
            return self.under_way.push(Reverse((back, began, Some(accepts))));
        };
        let refused = (!is_accepted).then_some(Refused::Rate(None));
        self.calls.answered += u64::from(is_accepted);
        self.calls.refused += u64::from(!is_accepted);
        let seen = Seen { refused, ..Seen::default() };
        let going = Going { member: "", busy: self.under_way.len() + 1, began, points: 0.0 };
        self.ledger.observe(&LIMITS, &Claim::default(), &seen, going, self.now);
    }
}

/// What was used of what a vendor granted, and what was refused of all calls.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    used: f64,
    refused: f64,
}

/// The mean of several accounts, and the worst of each.
fn follow(name: &str, counts: Counts, moves: &Moves, seeds: Range<u8>, hours: Millis) -> [Outcome; 2] {
    let accounts = f64::from(seeds.end - seeds.start);
    let mut mean = Outcome { used: 0.0, refused: 0.0 };
    let mut worst = Outcome { used: f64::MAX, refused: 0.0 };
    for seed in seeds {
        let mut callers = Callers::new(seed);
        let mut vendor = Vendor::new(counts, moves.clone(), &mut callers.random);
        callers.go_on(&mut vendor, hours * HOUR);
        let Calls { answered, refused } = callers.calls;
        let one = Outcome {
            used: answered as f64 / vendor.granted,
            refused: refused as f64 / (answered + refused) as f64,
        };
        mean.used += one.used / accounts;
        mean.refused += one.refused / accounts;
        worst = Outcome { used: worst.used.min(one.used), refused: worst.refused.max(one.refused) };
    }
    println!(
        "{name}, every {:?} ms: used {:.1} %, refused {:.2} %; worst {:.1} %, {:.2} %",
        moves.every,
        mean.used * 100.0,
        mean.refused * 100.0,
        worst.used * 100.0,
        worst.refused * 100.0
    );
    [mean, worst]
}

const WINDOW: Millis = 60_000;
/// The kinds of limit, calls per second between which they move, and their names.
const KINDS: [(&str, Counts, (f64, f64)); 4] = [
    ("bucket of 1 s", Counts::Bucket(1.0), (2.0, 60.0)),
    ("bucket of 10 s", Counts::Bucket(10.0), (2.0, 60.0)),
    ("sliding minute", Counts::Sliding(WINDOW), (1.0, 20.0)),
    ("fixed minute", Counts::Fixed(WINDOW), (1.0, 20.0)),
];
const SLOWLY: Range<Millis> = 600_000..1_500_000;
const QUICKLY: Range<Millis> = 180_000..480_000;

/// `least` of what each kind grants is used and one call in a hundred is refused, on the mean; of an account a little worse.
fn are_followed(every: Range<Millis>, seeds: Range<u8>, hours: Millis, least: f64) {
    for (name, counts, between) in KINDS {
        let moves = Moves { between, every: every.clone() };
        let [mean, worst] = follow(name, counts, &moves, seeds.clone(), hours);
        assert!(mean.used >= least && mean.refused <= 0.01, "{name}: {mean:?}");
        assert!(worst.used >= least - 0.05 && worst.refused <= 0.015, "{name}: the worst {worst:?}");
    }
}

#[test]
fn limits_that_move_slowly_are_followed() {
    are_followed(SLOWLY, 0..3, 2, 0.90);
}

/// Two hours are few for them: of two accounts' sliding minutes 89 % is used, of 24 accounts' in eight hours 91 %.
#[test]
fn limits_that_move_quickly_are_followed() {
    are_followed(QUICKLY, 0..2, 2, 0.88);
}

#[test]
#[ignore = "the figures of the module's head: 24 accounts of eight hours of each kind take minutes"]
fn limits_are_followed_for_long() {
    are_followed(SLOWLY, 100..124, 8, 0.90);
    are_followed(QUICKLY, 100..124, 8, 0.90);
}

#[test]
#[ignore = "the figures of the module's head: what falls short"]
fn limits_of_other_lengths_are_followed_for_long() {
    let hourly = 3_600_000..7_200_000;
    for (name, counts, between, every) in [
        ("bucket of 1 s, slow", Counts::Bucket(1.0), (0.2, 2.0), SLOWLY),
        ("fixed second", Counts::Fixed(1_000), (1.0, 60.0), SLOWLY),
        ("sliding 10 s", Counts::Sliding(10_000), (1.0, 20.0), SLOWLY),
        ("fixed 10 s", Counts::Fixed(10_000), (1.0, 20.0), SLOWLY),
        ("fixed 5 min", Counts::Fixed(300_000), (1.0, 20.0), hourly.clone()),
        ("sliding 5 min", Counts::Sliding(300_000), (1.0, 20.0), hourly),
    ] {
        let [mean, _] = follow(name, counts, &Moves { between, every }, 100..112, 8);
        assert!(mean.used >= 0.75 && mean.refused <= 0.10, "{name}: {mean:?}");
    }
}

/// From twenty a second to one in ten seconds for ten minutes, and back: the refusals meanwhile, and the first minute afterwards
/// that is used to nine tenths.
fn reopen(counts: Counts, seed: u8) -> (u64, Millis) {
    let (closes, opens) = (HOUR / 2, HOUR / 2 + 600_000);
    let mut callers = Callers::new(seed);
    let mut vendor = Vendor::scripted(counts, 20.0, &[(closes, 0.1), (opens, 20.0)]);
    callers.go_on(&mut vendor, closes);
    let before = callers.calls.refused;
    callers.go_on(&mut vendor, opens);
    let shut = callers.calls.refused - before;
    let is_used = |minute: &Millis| {
        let (had, granted) = (callers.calls.answered, vendor.granted);
        callers.go_on(&mut vendor, opens + minute * 60_000);
        (callers.calls.answered - had) as f64 >= 0.9 * (vendor.granted - granted)
    };
    (shut, (1..60).find(is_used).unwrap_or(60))
}

fn are_reopened(seeds: Range<u8>, most: Millis) {
    for (name, counts, _) in KINDS {
        let runs: Vec<_> = seeds.clone().map(|seed| reopen(counts, seed)).collect();
        let shut = runs.iter().map(|run| run.0).max().unwrap_or_default();
        let mean = runs.iter().map(|run| run.1 as f64).sum::<f64>() / runs.len() as f64;
        let minutes = runs.iter().map(|run| run.1).max().unwrap_or(60);
        println!(
            "{name}: at most {shut} refused while shut; used again in minute {mean:.1}, at most {minutes}"
        );
        assert!(minutes <= most, "{name}: {minutes} minutes");
        // Ten minutes hold 75 of the longest pauses.
        assert!(shut <= 150, "{name}: {shut} refused");
    }
}

#[test]
fn a_limit_that_nearly_closes_is_used_again_within_minutes() {
    are_reopened(0..2, 12);
}

#[test]
#[ignore = "the figures of the module's head: 24 accounts of each kind take long"]
fn limits_that_nearly_close_are_used_again_for_long() {
    are_reopened(100..124, 20);
}

fn learned(rate: f64) -> Estimator {
    Estimator::new(rate, RANGE)
}

#[test]
fn one_refusal_counts_once_and_a_second_one_soon_is_waited_out() {
    let mut estimator = learned(10.0);
    estimator.refused(RANGE, 0, 100);
    let lowered = estimator.rate();
    assert!((lowered - 10.0 * LOWER).abs() < 1e-9);
    assert_eq!(estimator.free_at(100), 100, "one refusal is no reason to stop");
    estimator.refused(RANGE, 50, 120);
    assert_eq!(estimator.rate(), lowered, "it was under way");
    estimator.refused(RANGE, 110, 200);
    assert!((estimator.rate() - lowered * AGAIN_LOWER).abs() < 1e-9);
    assert_eq!(estimator.free_at(200), 200 + PAUSES.0);
}

#[test]
fn a_refusal_after_the_clock_was_set_back_counts() {
    let mut estimator = learned(10.0);
    estimator.refused(RANGE, 1_000_000, 1_000_100);
    let lowered = estimator.rate();
    estimator.refused(RANGE, 500, 600);
    assert!(estimator.rate() < lowered, "it had not begun before the last one, whatever the clock says");
}

#[test]
fn one_probe_goes_at_a_time_until_one_is_answered() {
    let mut estimator = learned(10.0);
    let mut now = 1_000;
    estimator.refused(RANGE, now - 10, now);
    estimator.refused(RANGE, now, now + 10);
    let rate = estimator.rate();
    let mut pauses = Vec::new();
    for _ in 0..6 {
        let probe = estimator.free_at(now);
        estimator.sent(probe);
        assert!(estimator.free_at(probe) >= probe + PROBE, "the next one waits for its answer");
        now = probe + 100;
        estimator.refused(RANGE, probe, now);
        pauses.push(estimator.free_at(now) - now);
    }
    assert_eq!(pauses, [1_400, 2_800, 5_600, 8_000, 8_000, 8_000]);
    assert_eq!(estimator.rate(), rate, "a probe that is refused says nothing new");
    estimator.answered(RANGE, now - 1, now + 50);
    assert!(estimator.free_at(now + 50) > now + 50, "it had begun before the last refusal");
    estimator.answered(RANGE, now + 10, now + 100);
    assert_eq!(estimator.free_at(now + 100), now + 100);
}

#[test]
fn a_rate_that_is_no_number_of_calls_is_ignored() {
    let mut estimator = learned(10.0);
    estimator.refused(RANGE, 0, 100);
    let before = estimator.clone();
    for told in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        estimator.told(RANGE, told);
        assert_eq!(estimator, before, "told {told}");
    }
    estimator.told(RANGE, 1e9);
    assert_eq!(estimator.rate(), RANGE.ceiling);
    estimator.told(RANGE, 1e-9);
    assert_eq!(estimator.rate(), RANGE.floor);
    assert_eq!(learned(f64::NAN).rate(), RANGE.floor);
}

/// A ledger that was written before pauses and minutes were kept is read, and goes on.
#[test]
fn an_older_state_reads_back() {
    let text = r#"{"rate":8.0,"refused":10.0,"lowered":9.2,"answers":40,"at":1000}"#;
    let mut estimator: Estimator = serde_json::from_str(text).expect("it reads back");
    assert_eq!((estimator.rate(), estimator.free_at(2_000)), (8.0, 2_000));
    (1..2_000).for_each(|call| estimator.waited(RANGE, 2_000 + call * 100));
    assert!(estimator.rate() > 10.0, "{estimator:?}");
    let before = estimator.rate();
    estimator.refused(RANGE, 300_000, 300_100);
    assert!(estimator.rate() < before);
}

/// After whatever happened at later times, an account that is asked at earlier ones goes on at once, and learns.
#[test]
fn a_clock_that_is_set_back_holds_nobody() {
    for back in [1_000, 61_000, HOUR, 48 * HOUR] {
        let mut callers = Callers::new(3);
        callers.now = 101 * HOUR - 600_000;
        let mut vendor = Vendor::scripted(Counts::Sliding(WINDOW), 10.0, &[(101 * HOUR, 0.1)]);
        callers.go_on(&mut vendor, 101 * HOUR + 300_000);
        // The vendor's own clock goes right, and it has recovered meanwhile.
        callers.now -= back;
        callers.under_way.clear();
        let mut vendor = Vendor::scripted(Counts::Sliding(WINDOW), 10.0, &[]);
        let (had, start) = (callers.calls.answered, callers.now);
        callers.go_on(&mut vendor, start + 1_200_000);
        let answered = callers.calls.answered - had;
        assert!(answered > 5_000, "{answered} of 12,000 calls within twenty minutes, set back by {back} ms");
    }
}

proptest! {
    #[test]
    fn it_stays_within_its_range_and_holds_nobody_for_long(
        steps in proptest::collection::vec((0u8..6, -1_000i64..10_000_000, -1.0f64..1e9), 0..300),
    ) {
        let mut estimator = learned(1.0);
        for (what, at, rate) in steps {
            match what {
                0 | 1 => estimator.answered(RANGE, at, at + 50),
                2 => estimator.waited(RANGE, at),
                3 => estimator.refused(RANGE, at, at + 50),
                4 => estimator.sent(at),
                _ => estimator.told(RANGE, rate),
            }
            prop_assert!((RANGE.floor..=RANGE.ceiling).contains(&estimator.rate()), "{estimator:?}");
            let wait = estimator.free_at(at) - at;
            prop_assert!((0..=2 * MINUTE).contains(&wait), "{wait} ms: {estimator:?}");
            let text = serde_json::to_string(&estimator).expect("it is written");
            let read: Estimator = serde_json::from_str(&text).expect("it reads back");
            prop_assert_eq!(read.free_at(at), estimator.free_at(at));
        }
    }
}
