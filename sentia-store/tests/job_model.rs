//! The job stores of both databases against one in memory that was written from the port's words alone: the same calls in any
//! order have the same answers. Of one tenant: the order in which several take turns is an implementation's own within a round.

mod database;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sentia_core::{
    ErrorKind, JobStore,
    job::{
        Change, Claim, Effect, Enqueued, Job, JobFilter, JobId, JobState, Lease, NewJob, Outcome,
        WhileRunning,
    },
    testing::MemoryJobStore,
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + seconds)
}

/// A call, which names jobs and leases by the order in which they came up.
#[derive(Debug, Clone)]
enum Call {
    Enqueue(Vec<NewJob>),
    Claim { limit: u32, kinds: usize },
    Renew { lease: usize },
    Finish { lease: usize, outcome: Outcome },
    Change { job: Option<usize>, change: Change, effect: Effect },
    Purge { state: JobState },
}

fn orders() -> impl Strategy<Value = NewJob> {
    let names = (Just("acme"), prop::sample::select(vec!["sync", "post"]), prop::option::of("[xy]"));
    let rest = (prop::option::of("[uv]"), -5i8..5, prop::option::of(0i64..400), 1u32..4, any::<bool>());
    (names, rest).prop_map(|((tenant, kind, lane), (unique, priority, run_at, attempts, again))| {
        let mut job = NewJob::new(tenant, kind, "{}").priority(priority).max_attempts(attempts);
        (job.lane, job.unique, job.run_at) = (lane, unique, run_at.map(at));
        job.while_running(if again { WhileRunning::RunAgain } else { WhileRunning::LeaveOut })
    })
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Done),
        Just(Outcome::Cancelled),
        Just(Outcome::Dead { error: "dead".into() }),
        (0i64..400).prop_map(|second| Outcome::Retry { at: at(second), error: "retry".into() }),
        (0i64..400).prop_map(|second| Outcome::Snooze { until: at(second), reason: "snooze".into() }),
    ]
}

fn calls() -> impl Strategy<Value = (Call, i64)> {
    let change = prop::sample::select(vec![Change::Cancel, Change::Replay, Change::Hasten]);
    let effect = prop::sample::select(vec![Effect::Apply, Effect::Apply, Effect::DryRun]);
    let state = prop::sample::select(vec![JobState::Done, JobState::Dead, JobState::Cancelled]);
    let call = prop_oneof![
        4 => prop::collection::vec(orders(), 1..4).prop_map(Call::Enqueue),
        4 => (1u32..5, 1usize..3).prop_map(|(limit, kinds)| Call::Claim { limit, kinds }),
        1 => (0usize..20).prop_map(|lease| Call::Renew { lease }),
        4 => (0usize..20, outcomes()).prop_map(|(lease, outcome)| Call::Finish { lease, outcome }),
        2 => (prop::option::of(0usize..20), change, effect)
            .prop_map(|(job, change, effect)| Call::Change { job, change, effect }),
        1 => state.prop_map(|state| Call::Purge { state }),
    ];
    // Mostly the clock goes on by some seconds; now and then it leaps.
    (call, prop_oneof![9 => 0i64..20, 1 => 60i64..200, 1 => -30i64..0])
}

/// A store, with the jobs and leases that came up so far.
struct Told<S> {
    store: S,
    jobs: Vec<JobId>,
    leases: Vec<Lease>,
}

impl<S: JobStore> Told<S> {
    fn new(store: S) -> Self {
        Told { store, jobs: Vec::new(), leases: Vec::new() }
    }

    fn place(&self, id: JobId) -> usize {
        self.jobs.iter().position(|known| *known == id).expect("a job that was enqueued")
    }

    /// A job without its names of ids.
    fn shown(&self, job: &Job) -> String {
        let Job { id, order, state, attempt, cancel_requested, note, created, finished, lease } = job;
        let lease = lease.as_ref().map(|lease| (&lease.worker, lease.fence, lease.until));
        let place = self.place(*id);
        format!(
            "{place} {order:?} {state:?} {attempt} {cancel_requested} {note:?} {created} {finished:?} {lease:?}"
        )
    }

    /// Makes a call, and says what it answered.
    async fn answer(&mut self, call: &Call, now: DateTime<Utc>) -> String {
        match call {
            Call::Enqueue(orders) => {
                let answers = self.store.enqueue(orders, now).await.expect("enqueue");
                for answer in &answers {
                    if let Enqueued::New(id) = answer {
                        self.jobs.push(*id);
                    }
                }
                let shown = |answer: &Enqueued| {
                    let kind = format!("{answer:?}");
                    (kind.split('(').next().map(str::to_owned), self.place(answer.id()))
                };
                format!("{:?}", answers.iter().map(shown).collect::<Vec<_>>())
            }
            Call::Claim { limit, kinds } => {
                let kinds = ["sync", "post"].iter().take(*kinds).map(|kind| (*kind).to_owned()).collect();
                let until = now + TimeDelta::seconds(50);
                let claim = Claim { worker: "w".into(), kinds, limit: *limit, until };
                let taken = self.store.claim(&claim, now).await.expect("claim");
                let mut claimed = taken.jobs;
                claimed.sort_by_key(|claimed| self.place(claimed.job.id));
                self.leases.extend(claimed.iter().map(|claimed| claimed.lease.clone()));
                let jobs: Vec<String> = claimed.iter().map(|claimed| self.shown(&claimed.job)).collect();
                format!("{jobs:#?} {:?}", taken.next)
            }
            Call::Renew { lease } => {
                let Some(lease) = self.leases.get(*lease).cloned() else { return String::new() };
                let renewed = self.store.renew(&lease, now + TimeDelta::seconds(70)).await;
                format!("{:?}", renewed.map(|renewed| self.shown(&renewed.job)).map_err(|error| error.kind()))
            }
            Call::Finish { lease, outcome } => {
                let Some(lease) = self.leases.get(*lease).cloned() else { return String::new() };
                let state = self.store.finish(&lease, outcome.clone(), now).await;
                format!("{:?}", state.map_err(|error: sentia_core::Error| -> ErrorKind { error.kind() }))
            }
            Call::Change { job, change, effect } => {
                let id = job.map(|job| self.jobs.get(job).copied().unwrap_or_default());
                let filter = JobFilter { id, ..JobFilter::default() };
                let touched = self.store.change(&filter, *change, *effect, now).await.expect("change");
                format!("{:?}", touched.iter().map(|id| self.place(*id)).collect::<Vec<_>>())
            }
            Call::Purge { state } => {
                format!("{:?}", self.store.purge(*state, now - TimeDelta::seconds(30)).await.expect("purge"))
            }
        }
    }

    /// Everything there is.
    async fn all(&self, now: DateTime<Utc>) -> String {
        let jobs = self.store.list(&JobFilter::default()).await.expect("list");
        let mut jobs: Vec<_> = jobs.iter().map(|job| (self.place(job.id), self.shown(job))).collect();
        jobs.sort();
        format!("{jobs:#?} {:#?}", self.store.census(now).await.expect("census"))
    }
}

async fn agree(store: sentia_store::Store, calls: &[(Call, i64)]) -> Result<(), TestCaseError> {
    let (mut ours, mut model) = (Told::new(store), Told::new(MemoryJobStore::default()));
    let mut now = at(0);
    for (call, seconds) in calls {
        now += TimeDelta::seconds(*seconds);
        prop_assert_eq!(ours.answer(call, now).await, model.answer(call, now).await, "{:?} at {}", call, now);
        prop_assert_eq!(ours.all(now).await, model.all(now).await, "after {:?} at {}", call, now);
    }
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "the test command says how long it may take")]
fn is_soak() -> bool {
    std::env::var_os("SENTIA_SOAK").is_some()
}

fn model(cases: u32, fresh: impl AsyncFn() -> Option<sentia_store::Store>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let cases = if is_soak() { cases * 20 } else { cases };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let checked = TestRunner::new(config).run(&prop::collection::vec(calls(), 1..40), |calls| {
        runtime.block_on(async {
            match fresh().await {
                Some(store) => agree(store, &calls).await,
                None => Ok(()),
            }
        })
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn sqlite_agrees_with_the_model_in_the_soak() {
    model(100, database::sqlite);
}

#[test]
fn postgres_agrees_with_the_model_in_the_soak() {
    model(20, database::postgres);
}
