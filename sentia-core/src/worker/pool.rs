//! A worker: it claims as many jobs as it has free slots, and runs each on a task of its own.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    attempt::{Left, Surroundings, attempt},
    handler::Handler,
    held::Held,
    policy::WorkerPolicy,
};
use crate::{
    Error, ErrorKind, JobStore, Result,
    clock::{Clock, SystemClock},
    job::{Change, Claim, Effect, Job, JobFilter, JobSignal, JobState, Outcome},
    schedule::CLOCK_TOLERANCE,
};

/// The pause after the store failed, before it is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// An attempt that ended, as listeners are told.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The job, as it was claimed.
    pub job: Job,
    /// How the attempt ended; none when its lease was lost.
    pub outcome: Option<Outcome>,
    /// Where the job stands; none when that is another worker's to say.
    pub state: Option<JobState>,
}

type Listener = dyn Fn(&Ended) + Send + Sync;

/// What a drain left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Attempts that came to their end.
    pub ended: usize,
    /// Jobs that were given back with their attempts: another worker goes on with them at once.
    pub given_back: usize,
}

/// Runs jobs of the kinds that it has handlers for.
///
/// ```
/// # use async_trait::async_trait;
/// # use sentia_core::{Result, job::Outcome, worker::{Handler, Work}};
/// # #[derive(Debug)]
/// # struct Greet;
/// # #[async_trait]
/// # impl Handler for Greet {
/// #     async fn run(&self, _: &Work) -> Result<Outcome> { Ok(Outcome::Done) }
/// # }
/// # async fn example(store: impl sentia_core::JobStore, signal: impl Future<Output = ()> + Send) -> Result<()> {
/// use std::time::Duration;
/// use sentia_core::worker::Worker;
///
/// let stop = async {
///     signal.await;
///     Duration::from_secs(10)
/// };
/// let drained = Worker::new(store).handle("greet", Greet).run(stop).await?;
/// println!("{} ended, {} given back", drained.ended, drained.given_back);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Worker {
    store: Arc<dyn JobStore>,
    name: String,
    handlers: BTreeMap<String, Arc<dyn Handler>>,
    policy: WorkerPolicy,
    clock: Arc<dyn Clock>,
    listener: Arc<Listener>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("name", &self.name).field("handlers", &self.handlers).finish()
    }
}

impl Worker {
    /// A worker of this store, without handlers yet, named by a random id.
    pub fn new(store: impl JobStore) -> Self {
        Worker::of(Arc::new(store))
    }

    pub(crate) fn of(store: Arc<dyn JobStore>) -> Self {
        Worker {
            store,
            name: Uuid::now_v7().to_string(),
            handlers: BTreeMap::new(),
            policy: WorkerPolicy::default(),
            clock: Arc::new(SystemClock),
            listener: Arc::new(|_| ()),
        }
    }

    /// Has jobs of `kind` done by this handler; a second one for a kind replaces the first.
    pub fn handle(mut self, kind: impl Into<String>, handler: impl Handler) -> Self {
        self.handlers.insert(kind.into(), Arc::new(handler));
        self
    }

    pub(crate) fn handlers(self, handlers: BTreeMap<String, Arc<dyn Handler>>) -> Self {
        Worker { handlers, ..self }
    }

    /// Names it, for leases and operators. The name must be unique among the workers that run: a random part is added.
    pub fn named(self, name: &str) -> Self {
        Worker { name: format!("{name}/{}", Uuid::now_v7()), ..self }
    }

    /// Replaces the policy.
    pub fn policy(self, policy: WorkerPolicy) -> Self {
        Worker { policy, ..self }
    }

    /// Replaces the clock.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Worker { clock, ..self }
    }

    /// Tells `listener` of each attempt that ended. It runs between two jobs, so it should be brief.
    pub fn observe(self, listener: impl Fn(&Ended) + Send + Sync + 'static) -> Self {
        Worker { listener: Arc::new(listener), ..self }
    }

    /// Works until `stop` comes to its end and says how long jobs that run have to end. Those that do not are asked to, and
    /// are given back with their attempts.
    ///
    /// A store that fails is waited for.
    ///
    /// # Errors
    /// `ConfigInvalid` for a policy that cannot be, or without a handler.
    ///
    /// # Cancel safety
    /// Dropping the future drops its handlers; their jobs come back when their leases end.
    pub async fn run(self, stop: impl Future<Output = Duration> + Send) -> Result<Drained> {
        self.policy.validate()?;
        if self.handlers.is_empty() {
            let message = "a worker needs a handler; give it one with `handle(...)`";
            return Err(Error::new(ErrorKind::ConfigInvalid, message).operation("worker.start"));
        }
        let around = Arc::new(Surroundings {
            store: self.store.clone(),
            policy: self.policy.clone(),
            clock: self.clock.clone(),
            held: Held::default(),
            drained: CancellationToken::new(),
        });
        let seen = self.clock.now();
        let mut pool = Pool { worker: self, around, running: JoinSet::new(), signal: None, seen };
        let bound = pool.work(stop).await;
        Ok(pool.drain(bound).await)
    }
}

/// A worker at work.
struct Pool {
    worker: Worker,
    around: Arc<Surroundings>,
    running: JoinSet<(Job, Left)>,
    /// None while the database cannot be heard.
    signal: Option<Box<dyn JobSignal>>,
    /// The clock's last reading.
    seen: DateTime<Utc>,
}

impl Pool {
    async fn work(&mut self, stop: impl Future<Output = Duration> + Send) -> Duration {
        let mut stop = std::pin::pin!(stop);
        loop {
            self.listen().await;
            let pause = match self.claim().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(worker = self.worker.name, %error, "no jobs could be claimed; trying again");
                    STORE_PAUSE.min(self.worker.policy.poll)
                }
            };
            tokio::select! {
                biased;
                bound = &mut stop => return bound,
                () = self.wait(pause) => (),
            }
        }
    }

    /// Subscribes, before the queue is looked at: what comes in between is heard.
    async fn listen(&mut self) {
        if self.signal.is_none() {
            match self.worker.store.signal().await {
                Ok(signal) => self.signal = Some(signal),
                Err(error) => {
                    tracing::warn!(worker = self.worker.name, %error, "new jobs cannot be heard of; looking for them");
                }
            }
        }
    }

    /// Fills the free slots, and says how long there is nothing to do unless somebody calls.
    async fn claim(&mut self) -> Result<Duration> {
        let now = self.worker.clock.now();
        self.notice_set_back(now).await?;
        let policy = &self.worker.policy;
        let free = policy.slots as usize - self.running.len().min(policy.slots as usize);
        if free == 0 {
            return Ok(policy.poll);
        }
        keep_own(&self.worker, &self.around.held, now).await?;
        let claim = Claim {
            worker: self.worker.name.clone(),
            kinds: self.worker.handlers.keys().cloned().collect(),
            limit: free as u32,
            until: policy.until(now),
        };
        let taken = self.worker.store.claim(&claim, now).await?;
        let filled = taken.jobs.len() == free;
        for claimed in taken.jobs {
            // Only kinds with a handler were asked for.
            let Some(handler) = self.worker.handlers.get(&claimed.job.order.kind).cloned() else { continue };
            let (around, job) = (self.around.clone(), claimed.job.clone());
            self.running.spawn(async move { (job, attempt(&around, handler, claimed).await) });
        }
        let until_next = taken.next.map_or(policy.poll, |next| (next - now).to_std().unwrap_or_default());
        Ok(if filled { policy.poll } else { until_next.min(policy.poll) })
    }

    /// When the clock was set back, jobs that had been put off by its earlier reading would wait for that to come again.
    async fn notice_set_back(&mut self, now: DateTime<Utc>) -> Result<()> {
        let behind = self.seen - now;
        if behind > CLOCK_TOLERANCE {
            tracing::warn!(
                seconds = behind.num_seconds(),
                "the clock was set back; jobs that wait are tried now"
            );
            self.worker.store.change(&JobFilter::default(), Change::Hasten, Effect::Apply, now).await?;
        }
        self.seen = now;
        Ok(())
    }

    /// Until a slot is free, somebody calls, or the time is over.
    async fn wait(&mut self, pause: Duration) {
        let full = self.running.len() >= self.worker.policy.slots as usize;
        let listener = self.worker.listener.clone();
        let heard = async {
            match &mut self.signal {
                Some(signal) if !full => signal.woken().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(joined) = self.running.join_next() => tell(&*listener, joined),
            heard = heard => if let Err(error) = heard {
                tracing::warn!(worker = self.worker.name, %error, "new jobs cannot be heard of; looking for them");
                self.signal = None;
            },
            () = self.worker.clock.sleep(pause) => (),
        }
        while let Some(joined) = self.running.join_next().now_or_never().flatten() {
            tell(&*listener, joined);
        }
    }

    async fn drain(mut self, bound: Duration) -> Drained {
        let clock = self.worker.clock.clone();
        let mut drained = Drained::default();
        let mut late = std::pin::pin!(clock.sleep(bound));
        loop {
            tokio::select! {
                biased;
                joined = self.running.join_next() => match joined {
                    Some(joined) => {
                        drained.count(&joined);
                        tell(&*self.worker.listener, joined);
                    }
                    None => return drained,
                },
                () = &mut late, if !self.around.drained.is_cancelled() => self.around.drained.cancel(),
            }
        }
    }
}

/// Renews own leases that by this reading of the clock have ended, or last too long: a clock that leapt must not make this
/// worker take its own jobs for a dead one's.
async fn keep_own(worker: &Worker, held: &Held, now: DateTime<Utc>) -> Result<()> {
    let until = worker.policy.until(now);
    for lease in held.astray(now, until) {
        match worker.store.renew(&lease, until).await {
            Ok(renewed) => held.note(&renewed.lease),
            // Its attempt finds out by itself.
            Err(error) if error.kind() == ErrorKind::Conflict => held.forget(&lease),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

type Joined = std::result::Result<(Job, Left), tokio::task::JoinError>;

impl Drained {
    fn count(&mut self, joined: &Joined) {
        match joined {
            Ok((_, Left::Ended(Outcome::Snooze { .. }, JobState::Queued))) => self.given_back += 1,
            _ => self.ended += 1,
        }
    }
}

fn tell(listener: &Listener, joined: Joined) {
    match joined {
        Ok((job, left)) => {
            let (outcome, state) = match left {
                Left::Ended(outcome, state) => (Some(outcome), Some(state)),
                Left::Lost => (None, None),
            };
            if outcome.is_none() {
                tracing::warn!(job = %job.id, kind = job.order.kind, "a job's lease was lost; another worker has it");
            }
            listener(&Ended { job, outcome, state });
        }
        // An attempt runs its handler on another task and has nothing of its own that panics.
        Err(error) => {
            tracing::error!(%error, "an attempt ended without a word; its lease brings the job back")
        }
    }
}
