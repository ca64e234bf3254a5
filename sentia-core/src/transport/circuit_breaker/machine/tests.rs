//! The machine alone, by hand and by whatever happens.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::Duration::seconds(second)
}

const QUICK: Duration = Duration::from_millis(20);

fn policy() -> BreakerPolicy {
    BreakerPolicy { minimum_calls: 2, probe_lease: Duration::from_secs(60), ..BreakerPolicy::default() }
}

fn call(machine: &mut Machine, verdict: Verdict, second: i64) -> Result<(), Refused> {
    let ticket = machine.admit(&policy(), at(second))?;
    machine.settle(ticket, verdict, QUICK, &policy(), at(second));
    Ok(())
}

/// Open from second 0 to 30.
fn opened() -> Machine {
    let mut machine = Machine::default();
    call(&mut machine, Verdict::Failed, 0).expect("closed");
    call(&mut machine, Verdict::Failed, 0).expect("closed");
    assert!(matches!(machine.state().phase, Phase::Open { .. }));
    machine
}

#[test]
fn it_opens_by_rate_and_closes_by_a_good_probe() {
    let mut machine = opened();
    let refused = call(&mut machine, Verdict::Good, 29).expect_err("open");
    assert_eq!((refused.until, refused.reason.as_str()), (Some(at(30)), "100 % of its calls failed"));
    call(&mut machine, Verdict::Good, 30).expect("the probe");
    assert_eq!(machine.state().phase, Phase::Closed);
}

#[test]
fn a_lost_probe_gives_its_place_up() {
    let mut machine = opened();
    let lost = machine.admit(&policy(), at(30)).expect("the probe");
    let refused = machine.admit(&policy(), at(89)).expect_err("its place is taken");
    assert_eq!(refused.until, Some(at(90)));
    call(&mut machine, Verdict::Good, 90).expect("the next probe");
    assert_eq!(machine.state().phase, Phase::Closed);
    machine.settle(lost, Verdict::Failed, QUICK, &policy(), at(91));
    assert_eq!(machine.state().phase, Phase::Closed, "it speaks of an earlier generation");
}

#[test]
fn a_probe_that_is_dropped_frees_its_place_at_once() {
    let mut machine = opened();
    call(&mut machine, Verdict::None, 31).expect("the probe");
    call(&mut machine, Verdict::Good, 31).expect("the next");
    assert_eq!(machine.state().phase, Phase::Closed);
}

#[test]
fn an_old_answer_moves_no_new_state() {
    let mut machine = Machine::default();
    let early = machine.admit(&policy(), at(0)).expect("closed");
    call(&mut machine, Verdict::Failed, 1).expect("closed");
    call(&mut machine, Verdict::Failed, 1).expect("closed");
    machine.settle(early, Verdict::Good, QUICK, &policy(), at(2));
    assert!(matches!(machine.state().phase, Phase::Open { .. }), "a good answer from before closes nothing");
    let probe = machine.admit(&policy(), at(31)).expect("the probe");
    machine.settle(early, Verdict::Failed, QUICK, &policy(), at(31));
    assert!(matches!(machine.state().phase, Phase::HalfOpen { .. }), "nor does a bad one open it");
    machine.settle(probe, Verdict::Good, QUICK, &policy(), at(32));
    assert_eq!(machine.state().phase, Phase::Closed);
}

#[test]
fn a_failed_probe_opens_it_for_the_whole_time_again() {
    let mut machine = opened();
    call(&mut machine, Verdict::Failed, 40).expect("the probe");
    assert_eq!(call(&mut machine, Verdict::Good, 69).map_err(|refused| refused.until), Err(Some(at(70))));
}

#[test]
fn an_operator_decides_until_it_is_released() {
    let mut machine = Machine::default();
    machine.force(Forced::Open, at(0));
    assert_eq!(call(&mut machine, Verdict::Good, 1_000_000).map_err(|refused| refused.until), Err(None));
    machine.force(Forced::Closed, at(0));
    (0..50).for_each(|second| call(&mut machine, Verdict::Failed, second).expect("held closed"));
    machine.release(at(50));
    call(&mut machine, Verdict::Failed, 60).expect("judged anew");
    call(&mut machine, Verdict::Failed, 60).expect("judged anew");
    call(&mut machine, Verdict::Failed, 60).expect_err("open by its own rates");
}

#[test]
fn a_state_survives_its_text() {
    let mut half = opened();
    half.admit(&policy(), at(30)).expect("the probe");
    let mut forced = opened();
    forced.force(Forced::Closed, at(0));
    for machine in [Machine::default(), opened(), half, forced] {
        let text = serde_json::to_string(machine.state()).expect("writes");
        assert_eq!(&serde_json::from_str::<BreakerState>(&text).expect("reads"), machine.state(), "{text}");
    }
}

#[test]
fn an_outage_is_one_through_failed_probes_and_keeps_its_count() {
    let mut machine = opened();
    for second in [1, 2] {
        call(&mut machine, Verdict::Good, second).expect_err("open");
        machine.refuse();
    }
    call(&mut machine, Verdict::Failed, 31).expect("the probe");
    call(&mut machine, Verdict::Good, 32).expect_err("open again");
    machine.refuse();
    let state = machine.told();
    let stopped = state.stopped.expect("an outage");
    assert_eq!((stopped.since, stopped.reason.as_str()), (at(0), "100 % of its calls failed"));
    assert_eq!((stopped.refused, stopped.failed_probes), (3, 1));
    assert_eq!(state.since, Some(at(31)), "its present phase began later");
    assert_eq!(machine.state().stopped.as_ref().map(|stopped| stopped.refused), Some(2), "told so far");
    call(&mut machine, Verdict::Good, 61).expect("the probe");
    assert_eq!((machine.state().stopped.as_ref(), machine.state().since), (None, Some(at(61))));
}

#[test]
fn lost_probes_are_counted_once() {
    let mut machine = opened();
    let late = machine.admit(&policy(), at(30)).expect("the probe");
    let dropped = machine.admit(&policy(), at(90)).expect("its lease ran out");
    assert_eq!(machine.mark().lost, 1);
    machine.settle(late, Verdict::None, QUICK, &policy(), at(91));
    assert_eq!(machine.mark().lost, 1, "it was counted when it was replaced");
    machine.settle(dropped, Verdict::None, QUICK, &policy(), at(91));
    assert_eq!(machine.mark().lost, 2);
}

#[test]
fn who_comes_while_a_probe_is_out_is_called_back_before_its_lease_ends() {
    let mut machine = opened();
    machine.admit(&policy(), at(30)).expect("the probe");
    let back =
        |machine: &mut Machine, second| machine.admit(&policy(), at(second)).map_err(|refused| refused.back);
    assert_eq!(back(&mut machine, 40), Err(Some(at(43))), "a tenth of the time it stays open");
    assert_eq!(back(&mut machine, 89), Err(Some(at(90))), "never later than the lease");
}

#[test]
fn a_state_that_an_earlier_build_stored_reads_back() {
    let text =
        r#"{"revision":7,"generation":3,"phase":"open","until":"1970-01-01T00:00:30Z","reason":"down"}"#;
    let state: BreakerState = serde_json::from_str(text).expect("reads");
    assert_eq!((state.generation, state.since, &state.stopped), (3, None, &None));
    let mut machine = Machine::default();
    machine.adopt(state);
    call(&mut machine, Verdict::Failed, 31).expect("the probe");
    let stopped = machine.told().stopped.expect("an outage");
    assert_eq!(stopped.since, at(31), "what is not known is not made up");
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Admit,
    Settle(usize, Verdict),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Admit),
        (0usize..8, prop_oneof![Just(Verdict::Good), Just(Verdict::Failed), Just(Verdict::None)])
            .prop_map(|(which, verdict)| Step::Settle(which, verdict)),
        (1i64..100).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever happens, and whatever is lost: never more probes than places, and after the longest wait good calls
    /// pass again.
    #[test]
    fn it_is_never_stuck(steps in proptest::collection::vec(step(), 0..60), probes in 1u32..4) {
        let policy = BreakerPolicy { probes, ..policy() };
        let (mut machine, mut tickets, mut second) = (Machine::default(), Vec::new(), 0);
        for step in steps {
            match step {
                Step::Admit => tickets.extend(machine.admit(&policy, at(second))),
                Step::Settle(which, verdict) if which < tickets.len() => {
                    let ticket = tickets.swap_remove(which);
                    machine.settle(ticket, verdict, QUICK, &policy, at(second));
                }
                Step::Settle(..) => {}
                Step::Wait(seconds) => second += seconds,
            }
            if let Phase::HalfOpen { probes: held, .. } = &machine.state().phase {
                prop_assert!(held.len() <= probes as usize);
            }
        }
        // What failed before may still open it once more; what comes after that is good.
        for _ in 0..2 {
            second += 90;
            let ticket = machine.admit(&policy, at(second));
            prop_assert!(ticket.is_ok(), "{:?}", machine.state());
            machine.settle(ticket.expect("checked"), Verdict::Good, QUICK, &policy, at(second));
        }
        prop_assert!(machine.admit(&policy, at(second)).is_ok());
    }
}
