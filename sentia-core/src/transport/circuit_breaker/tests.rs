//! The layer over scripted vendors, alone and shared.

mod races;

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    super::scripted::{Scripted, ok, request},
    *,
};
use crate::clock::ManualClock;

fn breakers(policy: BreakerPolicy) -> (Breakers, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
    (Breakers::new(policy, clock.clone()), clock)
}

fn down() -> Result<Response> {
    Err(Error::new(ErrorKind::Unavailable, "down"))
}

#[tokio::test]
async fn opens_after_failures_and_closes_after_a_good_probe() {
    let script = Scripted::new([down(), down(), ok(), ok()]);
    let (breakers, clock) = breakers(BreakerPolicy { minimum_calls: 2, ..BreakerPolicy::default() });
    let breaker = CircuitBreaker::new(script.clone(), breakers.clone());
    for _ in 0..2 {
        assert!(breaker.call(request()).await.is_err());
    }
    let refused = breaker.call(request()).await.expect_err("the third call fails fast");
    assert_eq!(
        (refused.wait(), refused.context_value("breaker")),
        (Some(Duration::from_secs(30)), Some("127.0.0.1"))
    );
    assert_eq!((script.calls(), breakers.health()), (2, Health::Down));
    clock.advance(Duration::from_secs(30));
    breaker.call(request()).await.expect("the probe");
    breaker.call(request()).await.expect("closed again");
    assert_eq!(breakers.health(), Health::Up);
}

#[tokio::test]
async fn refusals_never_open_it() {
    let kinds =
        [ErrorKind::Unauthenticated, ErrorKind::RateLimited, ErrorKind::NotFound, ErrorKind::InvalidResponse];
    let script = Scripted::new(kinds.iter().cycle().take(40).map(|kind| Err(Error::new(*kind, "no"))));
    let breaker = CircuitBreaker::new(script.clone(), breakers(BreakerPolicy::default()).0);
    for kind in kinds.iter().cycle().take(40) {
        assert_eq!(breaker.call(request()).await.expect_err("refused").kind(), *kind);
    }
    assert_eq!(script.calls(), 40);
}

#[tokio::test]
async fn one_operation_stops_no_other() {
    let script = Scripted::new([down(), down(), ok()]);
    let (breakers, _) = breakers(BreakerPolicy { minimum_calls: 2, ..BreakerPolicy::default() });
    let breaker = CircuitBreaker::new(script, breakers.clone());
    let reports = || Request { operation: "reports", ..request() };
    for _ in 0..3 {
        assert!(breaker.call(reports()).await.is_err());
    }
    breaker.call(request()).await.expect("another class");
    assert_eq!(breakers.health(), Health::Impaired);
}

#[tokio::test]
async fn a_dropped_probe_gives_its_place_back() {
    #[derive(Debug)]
    struct Silent;
    #[async_trait]
    impl Transport for Silent {
        async fn call(&self, _: Request) -> Result<Response> {
            std::future::pending().await
        }
    }
    let (breakers, clock) = breakers(BreakerPolicy { minimum_calls: 1, ..BreakerPolicy::default() });
    let failing = CircuitBreaker::new(Scripted::new([down()]), breakers.clone());
    assert!(failing.call(request()).await.is_err());
    clock.advance(Duration::from_secs(30));
    let silent = CircuitBreaker::new(Silent, breakers.clone());
    let mut probe = Box::pin(silent.call(request()));
    assert!(futures::poll!(&mut probe).is_pending());
    assert!(silent.breakers.admit("127.0.0.1".into()).await.is_err(), "its place is taken");
    drop(probe);
    let good = CircuitBreaker::new(Scripted::new([ok()]), breakers.clone());
    good.call(request()).await.expect("the next probe");
    assert_eq!(breakers.health(), Health::Up);
}

#[tokio::test]
async fn a_refusal_says_since_when_until_when_and_how_many() {
    let script = Scripted::new([down(), down(), down()]);
    let (breakers, clock) = breakers(BreakerPolicy { minimum_calls: 2, ..BreakerPolicy::default() });
    let breaker = CircuitBreaker::new(script, breakers.clone());
    clock.advance(Duration::from_secs(100));
    for _ in 0..2 {
        breaker.call(request()).await.expect_err("down");
    }
    breaker.call(request()).await.expect_err("refused");
    clock.advance(Duration::from_secs(30));
    breaker.call(request()).await.expect_err("the probe fails");
    let refused = breaker.call(request()).await.expect_err("refused");
    let told = ["breaker", "since", "until", "refused"].map(|name| refused.context_value(name));
    let since = Some("1970-01-01 00:01:40 UTC");
    assert_eq!(told, [Some("127.0.0.1"), since, Some("1970-01-01 00:02:40 UTC"), Some("2")]);

    let outages = breakers.down();
    let [outage] = outages.as_slice() else { panic!("{outages:?}") };
    assert_eq!(
        (outage.why.as_str(), outage.refused, outage.failed_probes),
        ("100 % of its calls failed", 2, 1)
    );
    assert_eq!(Some(outage), breakers.explain("127.0.0.1").as_ref());
    let shown = serde_json::to_value(outage).expect("writes");
    assert_eq!((&shown["phase"], &shown["since"]), (&"open".into(), &"1970-01-01T00:01:40Z".into()));
    clock.advance(Duration::from_secs(30));
    assert_eq!(breakers.explain("127.0.0.1"), None, "it would be the probe");
    let counts = breakers.counts();
    assert_eq!((counts.opened, counts.half_opened, counts.probed, counts.refused), (2, 1, 1, 2));
}

mod fleet {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::MemoryStateStore;

    const CLASS: &str = "api.example";

    fn policy() -> BreakerPolicy {
        BreakerPolicy { minimum_calls: 2, ..BreakerPolicy::default() }
    }

    struct Fleet {
        clock: Arc<ManualClock>,
        store: MemoryStateStore,
        processes: Vec<Breakers>,
    }

    impl Fleet {
        fn of(count: usize) -> Self {
            let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH));
            let mut fleet = Fleet { clock, store: MemoryStateStore::default(), processes: Vec::new() };
            for _ in 0..count {
                fleet.processes.push(fleet.another());
            }
            fleet
        }

        fn another(&self) -> Breakers {
            let store = Arc::new(self.store.clone());
            Breakers::shared(policy(), self.clock.clone(), store, "breaker/t/c")
        }

        async fn admit(&self, process: usize) -> Result<Pass> {
            self.processes[process].admit(CLASS.into()).await
        }

        async fn end(&self, pass: Pass, is_good: bool) {
            let outcome = if is_good { ok() } else { down() };
            pass.settle(&outcome).await;
        }

        /// Process 0 meets an outage.
        async fn opened(self) -> Self {
            for _ in 0..2 {
                self.end(self.admit(0).await.expect("closed"), false).await;
            }
            assert_eq!(self.processes[0].health(), Health::Down);
            self
        }

        fn later(&self, seconds: u64) {
            self.clock.advance(Duration::from_secs(seconds));
        }
    }

    #[tokio::test]
    async fn an_outage_is_met_once_and_a_restart_remembers_it() {
        let fleet = Fleet::of(3);
        for process in 1..3 {
            fleet.end(fleet.admit(process).await.expect("closed"), true).await;
        }
        let fleet = fleet.opened().await;
        fleet.later(5);
        for process in 0..3 {
            let refused = fleet.admit(process).await.err().expect("all know");
            assert_eq!(refused.wait(), Some(Duration::from_secs(25)));
        }
        let restarted = fleet.another();
        assert!(restarted.admit(CLASS.into()).await.is_err(), "and so does who comes later");
    }

    #[tokio::test]
    async fn one_probe_of_all_processes_closes_it_for_all() {
        let fleet = Fleet::of(3).opened().await;
        fleet.later(30);
        let probe = fleet.admit(1).await.expect("the probe");
        for process in [0, 2] {
            assert!(fleet.admit(process).await.is_err(), "its place is taken");
        }
        fleet.end(probe, true).await;
        fleet.later(5);
        for process in 0..3 {
            fleet.end(fleet.admit(process).await.expect("closed"), true).await;
        }
        assert_eq!(fleet.processes[1].counts().probed, 1);
    }

    #[tokio::test]
    async fn a_probe_that_a_killed_process_had_is_replaced_when_its_lease_ends() {
        let fleet = Fleet::of(2).opened().await;
        fleet.later(30);
        std::mem::forget(fleet.admit(0).await.expect("the probe"));
        fleet.later(89);
        assert!(fleet.admit(1).await.is_err(), "its lease holds");
        fleet.later(1);
        fleet.end(fleet.admit(1).await.expect("the next probe"), true).await;
        assert_eq!(fleet.processes[1].health(), Health::Up);
        let lost = |process: usize| fleet.processes[process].counts().lost_probes;
        assert_eq!((lost(0), lost(1)), (0, 1), "counted by who replaced it");
    }

    #[tokio::test]
    async fn an_outage_and_its_refusals_are_one_for_all_processes() {
        let fleet = Fleet::of(2).opened().await;
        fleet.later(5);
        assert!(fleet.admit(0).await.is_err() && fleet.admit(1).await.is_err());
        fleet.later(25);
        fleet.end(fleet.admit(1).await.expect("the probe"), false).await;
        assert!(fleet.admit(1).await.is_err());
        fleet.later(5);
        let refused = fleet.admit(0).await.err().expect("open");
        let since = Some("1970-01-01 00:00:00 UTC");
        let told = ["since", "refused"].map(|name| refused.context_value(name));
        assert_eq!(told, [since, Some("3")], "its own two, and the other's first that is stored");
        let restarted = fleet.another();
        restarted.admit(CLASS.into()).await.err().expect("open");
        let [outage] = &*restarted.down() else { panic!("{restarted:?}") };
        assert_eq!((outage.since, outage.failed_probes), (Some(DateTime::UNIX_EPOCH), 1));
    }

    #[tokio::test]
    async fn an_old_answer_of_another_process_moves_nothing() {
        let fleet = Fleet::of(2);
        let (good, bad) = (fleet.admit(1).await.expect("closed"), fleet.admit(1).await.expect("closed"));
        let fleet = fleet.opened().await;
        fleet.later(31);
        let probe = fleet.admit(1).await.expect("the probe");
        let half = fleet.processes[1].states();
        fleet.end(good, true).await;
        fleet.end(bad, false).await;
        assert_eq!(fleet.processes[1].states(), half, "they were sent before it opened");
        fleet.end(probe, true).await;
        assert_eq!(fleet.processes[1].health(), Health::Up);
    }

    #[tokio::test]
    async fn an_operator_decides_for_all() {
        let fleet = Fleet::of(2);
        fleet.processes[0].force(CLASS, Forced::Open).await.expect("stored");
        let refused = fleet.admit(1).await.err().expect("held open");
        assert!(refused.message().contains("operator") && refused.wait().is_none(), "{refused}");
        fleet.processes[1].release(CLASS).await.expect("stored");
        fleet.later(5);
        assert!(fleet.admit(0).await.is_ok());
    }

    #[tokio::test]
    async fn closed_breakers_look_every_five_seconds_and_write_nothing() {
        let fleet = Fleet::of(1);
        for _ in 0..1000 {
            fleet.clock.advance(Duration::from_millis(10));
            fleet.end(fleet.admit(0).await.expect("closed"), true).await;
        }
        assert_eq!(fleet.store.calls(), 2, "ten seconds");
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Admit(usize),
        End(usize, bool),
        Drop(usize),
        Kill(usize),
        Wait(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0usize..3).prop_map(Step::Admit),
            3 => (0usize..8, any::<bool>()).prop_map(|(which, is_good)| Step::End(which, is_good)),
            1 => (0usize..8).prop_map(Step::Drop),
            1 => (0usize..8).prop_map(Step::Kill),
            2 => (1u64..60).prop_map(Step::Wait),
        ]
    }

    proptest! {
        /// Whatever three processes meet, drop and lose: never more than one probe is out, and good calls close it in the end.
        #[test]
        fn a_fleet_is_never_stuck(steps in proptest::collection::vec(step(), 0..80)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
            runtime.block_on(async {
                let fleet = Fleet::of(3);
                let mut passes: Vec<(Pass, DateTime<Utc>)> = Vec::new();
                for step in steps {
                    let now = fleet.clock.now();
                    match step {
                        Step::Admit(process) => {
                            let admitted = fleet.admit(process).await.ok();
                            passes.extend(admitted.map(|pass| (pass, now)));
                        }
                        Step::End(which, is_good) if which < passes.len() => {
                            fleet.end(passes.swap_remove(which).0, is_good).await;
                        }
                        Step::Drop(which) if which < passes.len() => drop(passes.swap_remove(which)),
                        Step::Kill(which) if which < passes.len() => {
                            std::mem::forget(passes.swap_remove(which).0);
                        }
                        Step::Wait(seconds) => fleet.later(seconds),
                        _ => {}
                    }
                    let now = fleet.clock.now();
                    let lease = chrono::Duration::seconds(90);
                    let held = passes.iter().filter(|(pass, sent)| {
                        pass.ticket.is_some_and(|ticket| ticket.is_probe()) && now - *sent < lease && pass.is_live()
                    });
                    prop_assert!(held.count() <= 1, "probes of one generation");
                }
                for _ in 0..4 {
                    fleet.later(95);
                    for process in 0..3 {
                        if let Ok(pass) = fleet.admit(process).await {
                            fleet.end(pass, true).await;
                        }
                    }
                }
                for process in 0..3 {
                    prop_assert!(fleet.admit(process).await.is_ok(), "{:?}", fleet.processes[process]);
                }
                Ok(())
            })?;
        }
    }

    impl Pass {
        /// Whether what it came to would count.
        pub(in super::super) fn is_live(&self) -> bool {
            let classes = self.breakers.classes();
            self.ticket.is_some_and(|ticket| classes[&self.class].machine.knows(ticket))
        }
    }
}
