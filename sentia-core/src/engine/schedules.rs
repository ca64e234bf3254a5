//! Schedules at work: looked at when they are due, and stepped together with the jobs they order.
//!
//! Every engine of a fleet drives every schedule it knows. A step is compare-and-set, so a due time is answered once; who
//! comes second learns what stands there and goes on from that.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::notice::{Notice, Notices};
use crate::{
    Error, ErrorKind, JobStore, Result,
    clock::Clock,
    job::{Change, Effect, JobFilter, NewJob, WhileRunning},
    schedule::{
        Advance, CatchUp, Due, DueTime, Outcome, Overlap, PausedBy, Run, Schedule, ScheduleState,
        ScheduleStore, Step, StoredSchedule,
    },
    sync::{Mutex, MutexGuard},
};

#[cfg(test)]
mod tests;

/// How often what other processes did to the schedules is looked up: a resumed one, and clocks that were set back.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// How often a step that was lost to another process is taken again before the next look.
const TRIES: u32 = 16;

/// What a schedule orders, and when first.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) schedule: Schedule,
    order: NewJob,
    beginning: Beginning,
}

/// When a schedule that nobody knew runs first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// As soon as the engine has it.
    AtOnce,
    /// At its first due time.
    WhenDue,
}

impl Planned {
    pub(super) fn new(schedule: Schedule, order: NewJob, beginning: Beginning) -> Self {
        let while_running = match schedule.overlap() {
            Overlap::Skip => WhileRunning::LeaveOut,
            Overlap::Queue | Overlap::Allow => WhileRunning::RunAgain,
        };
        let order = order.schedule(schedule.name()).while_running(while_running);
        Planned { schedule, order, beginning }
    }

    /// The job of a run.
    fn job(&self, run: &Run) -> NewJob {
        let mut job = self.order.clone().run_at(run.start_at);
        // Each of several is a job of its own; else a run that waits stands for all.
        let is_one_of_several = matches!(self.schedule.catch_up(), CatchUp::All { .. }) && run.is_late;
        if is_one_of_several || self.schedule.overlap() == Overlap::Allow {
            job.unique = Some(format!(
                "{}@{}",
                job.unique.as_deref().unwrap_or(self.schedule.name()),
                run.due_at.timestamp()
            ));
        }
        if self.schedule.overlap() == Overlap::Allow {
            job.lane = None;
        }
        job
    }
}

/// A schedule as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleStatus {
    /// What it is.
    pub schedule: Schedule,
    /// What it has behind it; none before it was first driven.
    pub state: Option<ScheduleState>,
    /// Its next due times, three at most; none while it is paused.
    pub next: Vec<DueTime>,
}

#[derive(Debug)]
struct Entry {
    planned: Planned,
    stored: Option<StoredSchedule>,
}

/// The schedules of an engine.
#[derive(Debug)]
pub(super) struct Schedules {
    pub(super) store: Arc<dyn ScheduleStore>,
    pub(super) jobs: Arc<dyn JobStore>,
    clock: Arc<dyn Clock>,
    notices: Notices,
    entries: Mutex<BTreeMap<String, Entry>>,
    changed: Notify,
}

impl Schedules {
    pub(super) fn new(
        store: Arc<dyn ScheduleStore>,
        jobs: Arc<dyn JobStore>,
        clock: Arc<dyn Clock>,
        notices: Notices,
    ) -> Self {
        Schedules { store, jobs, clock, notices, entries: Mutex::default(), changed: Notify::new() }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes schedules on; one of the same name is replaced and goes on from its state.
    pub(super) fn add(&self, planned: Vec<Planned>) {
        let mut entries = self.entries();
        for planned in planned {
            let name = planned.schedule.name().to_owned();
            let stored = entries.remove(&name).and_then(|known| known.stored);
            entries.insert(name, Entry { planned, stored });
        }
        drop(entries);
        self.changed.notify_one();
    }

    /// Drives no more the schedules whose names begin so.
    pub(super) fn remove(&self, which: impl Fn(&str) -> bool) {
        self.entries().retain(|name, _| !which(name));
    }

    pub(super) fn status(&self) -> Vec<ScheduleStatus> {
        let now = self.clock.now();
        let status = |entry: &Entry| {
            let state = entry.stored.as_ref().map(|stored| stored.state.clone());
            let is_paused = state.as_ref().is_some_and(|state| state.paused.is_some());
            let next = if is_paused { Vec::new() } else { entry.planned.schedule.next_runs(now, 3) };
            ScheduleStatus { schedule: entry.planned.schedule.clone(), state, next }
        };
        self.entries().values().map(status).collect()
    }

    /// What each of them orders.
    pub(super) fn orders(&self) -> Vec<(Schedule, NewJob)> {
        let order = |entry: &Entry| (entry.planned.schedule.clone(), entry.planned.order.clone());
        self.entries().values().map(order).collect()
    }

    /// Drives the schedules until it is dropped.
    pub(super) async fn drive(&self) {
        let mut looked: Option<DateTime<Utc>> = None;
        loop {
            let now = self.clock.now();
            let is_old = looked.is_none_or(|looked| (now - looked).abs() >= chrono::Duration::seconds(60));
            let stepped = async {
                if is_old {
                    self.look().await?;
                    looked = Some(now);
                }
                self.step_all(now).await
            };
            let pause = match stepped.await {
                Ok(next) => {
                    next.map_or(LOOK_EVERY, |next| (next - self.clock.now()).to_std().unwrap_or_default())
                }
                Err(error) => {
                    tracing::warn!(%error, "the schedules could not be stepped; trying again");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = self.clock.sleep(pause.min(LOOK_EVERY)) => (),
                () = self.changed.notified() => looked = None,
            }
        }
    }

    /// Takes over what is stored.
    async fn look(&self) -> Result<()> {
        let stored = self.store.schedules().await?;
        let mut entries = self.entries();
        for stored in stored {
            if let Some(entry) = entries.get_mut(&stored.name) {
                entry.stored = Some(stored);
            }
        }
        Ok(())
    }

    /// Steps what is due, and says when the next is.
    async fn step_all(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let names: Vec<String> = self.entries().keys().cloned().collect();
        let mut next: Option<DateTime<Utc>> = None;
        for name in names {
            if let Some(wake) = self.step(&name, now).await? {
                next = Some(next.map_or(wake, |next| next.min(wake)));
            }
        }
        Ok(next)
    }

    /// Steps one schedule as far as it is due, and says when it will be again.
    async fn step(&self, name: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        for _ in 0..TRIES {
            let Some((planned, stored)) = self.known(name) else { return Ok(None) };
            let Some((step, due)) = next_step(&planned, stored.as_ref(), now) else {
                return Ok(stored.and_then(|stored| planned.schedule.wake_at(&stored.state)));
            };
            if self.take(&step, now).await? {
                self.tell(&planned, &due, now).await?;
                return Ok(planned.schedule.wake_at(&step.state));
            }
        }
        // Others step it, so it is in good hands.
        Ok(None)
    }

    fn known(&self, name: &str) -> Option<(Planned, Option<StoredSchedule>)> {
        self.entries().get(name).map(|entry| (entry.planned.clone(), entry.stored.clone()))
    }

    /// Takes a step, or takes over what another process wrote.
    async fn take(&self, step: &Step, now: DateTime<Utc>) -> Result<bool> {
        let advance = self.store.advance(step, now).await?;
        let (stored, is_ours) = match advance {
            Advance::Done { version, .. } => {
                let Step { name, definition, state, .. } = step.clone();
                (Some(StoredSchedule { name, version, definition, state }), true)
            }
            Advance::Lost(other) => (other, false),
        };
        if let Some(entry) = self.entries().get_mut(&step.name) {
            entry.stored = stored;
        }
        Ok(is_ours)
    }

    /// Tells what a step found, once in a fleet: whoever took it tells.
    async fn tell(&self, planned: &Planned, due: &Due, now: DateTime<Utc>) -> Result<()> {
        let schedule = planned.schedule.name();
        if due.missed > 0 {
            tracing::warn!(schedule, missed = due.missed, "runs were missed");
            let (missed, total) = (due.missed, due.state.missed);
            self.notices.tell(|| Notice::Missed { schedule: schedule.to_owned(), missed, total });
        }
        if let Some(by) = due.set_back {
            tracing::warn!(
                schedule,
                seconds = by.as_secs(),
                "the clock was set back; the schedule goes on from it"
            );
            self.notices.tell(|| Notice::SetBack { schedule: schedule.to_owned(), by });
            // What the clock's earlier reading had put off would keep the schedule's work from running.
            let order = &planned.order;
            let filter = JobFilter {
                tenant: Some(order.tenant.clone()),
                kind: Some(order.kind.clone()),
                lane: order.lane.clone(),
                ..JobFilter::default()
            };
            self.jobs.change(&filter, Change::Hasten, Effect::Apply, now).await?;
        }
        Ok(())
    }

    /// Changes a schedule's state by hand, whoever else changes it meanwhile; says whether there is such a schedule.
    async fn alter(
        &self,
        name: &str,
        change: impl Fn(&mut ScheduleState, &Schedule, DateTime<Utc>),
    ) -> Result<bool> {
        for _ in 0..TRIES {
            let now = self.clock.now();
            let Some((planned, stored)) = self.known(name) else { return Ok(false) };
            let before = stored.as_ref().map(|stored| stored.state.clone());
            let mut state = before.clone().unwrap_or_else(|| ScheduleState::new(now));
            change(&mut state, &planned.schedule, now);
            if before.as_ref() == Some(&state) {
                return Ok(true);
            }
            let step = Step {
                name: name.to_owned(),
                expected: stored.map(|stored| stored.version),
                definition: planned.schedule.to_string(),
                state,
                jobs: Vec::new(),
            };
            if self.take(&step, now).await? {
                self.changed.notify_one();
                return Ok(true);
            }
        }
        let message = "the schedule is being changed again and again by others; try once more";
        Err(Error::new(ErrorKind::Conflict, message).context("schedule", name))
    }

    /// Pauses a schedule, in every process that drives it.
    pub(super) async fn pause(&self, name: &str, by: &str, why: &str) -> Result<()> {
        let by = PausedBy::User(by.to_owned());
        let known = self.alter(name, |state, _, now| state.pause(by.clone(), why, now)).await?;
        known.then_some(()).ok_or_else(|| unknown(name))
    }

    /// Lets a schedule go on.
    pub(super) async fn resume(&self, name: &str) -> Result<()> {
        let known = self.alter(name, |state, _, now| state.resume(now)).await?;
        known.then_some(()).ok_or_else(|| unknown(name))
    }

    /// Takes note of how a schedule's job ended. A schedule that this engine does not know is another's to count.
    pub(super) async fn count(&self, name: &str, outcome: Outcome, why: &str) -> Result<()> {
        let paused = std::sync::atomic::AtomicBool::new(false);
        self.alter(name, |state, schedule, now| {
            let news = state.finished(schedule, outcome, why, now);
            paused.store(news, std::sync::atomic::Ordering::Relaxed);
        })
        .await?;
        if paused.into_inner() {
            tracing::error!(schedule = name, why, "a schedule failed again and again and is paused");
            self.notices.tell(|| Notice::Paused { schedule: name.to_owned(), why: why.to_owned() });
        }
        Ok(())
    }
}

fn unknown(name: &str) -> Error {
    let message = "this engine has no such schedule; `Engine::status` names those it has";
    Error::new(ErrorKind::NotFound, message).context("schedule", name)
}

/// The step that is due now, and what it found; none when nothing is.
fn next_step(planned: &Planned, stored: Option<&StoredSchedule>, now: DateTime<Utc>) -> Option<(Step, Due)> {
    let schedule = &planned.schedule;
    let step = |expected, due: Due, jobs| {
        let (name, definition) = (schedule.name().to_owned(), schedule.to_string());
        Some((Step { name, expected, definition, state: due.state.clone(), jobs }, due))
    };
    let idle = |state| Due { runs: Vec::new(), missed: 0, set_back: None, state };
    let Some(stored) = stored else {
        let first = (planned.beginning == Beginning::AtOnce).then(|| planned.order.clone());
        return step(None, idle(ScheduleState::new(now)), first.into_iter().collect());
    };
    if stored.definition != schedule.to_string() {
        let mut state = stored.state.clone();
        state.begin_anew(now);
        return step(Some(stored.version), idle(state), Vec::new());
    }
    let due = schedule.due(&stored.state, now);
    if due.state == stored.state && due.runs.is_empty() {
        return None;
    }
    let jobs = due.runs.iter().map(|run| planned.job(run)).collect();
    step(Some(stored.version), due, jobs)
}
