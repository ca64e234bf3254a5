//! Reads one partition to its proof: the next page is fetched while the last one is committed.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    asked::Asked,
    fetching::{Fetched, Fetcher},
    pause::Pause,
    pipeline::{Observer, Ports},
    position::Position,
    progress::Progress,
};
use crate::{
    Error, ErrorKind, Result, Status,
    batch::{Batch, Closing, Receipt, Settlement},
    certificate::SweepPolicy,
    clock::Clock,
    cursor::{Checkpoint, Mode, Slot, Window},
    finding,
    job::Lease,
    page::{Next, Paging, Route},
    report::{Event, StreamReport},
    stream::{Deletes, StreamId},
    sync::AbortOnDropHandle,
    table::StreamTable,
};

/// How often a window is read before what does not add up is left open.
///
/// One shift of the ground is common in a shop that is open; four in a row are more than bad luck.
const MAX_ATTEMPTS: u32 = 4;

/// How far a vendor's clock may be ahead of ours before ours bounds the window.
const MAX_CLOCK_LEAD: chrono::Duration = chrono::Duration::minutes(10);

/// The shortest wait that a vendor-side job is granted, so that an answer of "wait" is never a hot loop.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// One partition's read.
pub(super) struct Reading<'a> {
    pub(super) ports: &'a Arc<dyn Ports>,
    pub(super) fetcher: Fetcher,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: &'a Observer,
    pub(super) cancelled: &'a CancellationToken,
    pub(super) id: StreamId,
    pub(super) table: StreamTable,
    pub(super) run: Uuid,
    pub(super) asked: &'a Asked,
    pub(super) pause: &'a Pause,
    /// How long a vendor's wait may be.
    pub(super) patience: Option<Duration>,
    /// The route that the host wants.
    pub(super) route: Option<Route>,
    pub(super) sweep: SweepPolicy,
    /// The job that it is done for.
    pub(super) lease: Option<&'a Lease>,
}

type Pending = AbortOnDropHandle<Result<Fetched>>;

/// How a partition's read ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// To its proof, or there was nothing to read.
    Read,
    /// Behind a committed page: the run's time is over.
    Paused,
    /// Behind a committed page: the vendor wants to be asked again then, and the run is not that patient.
    Waiting(DateTime<Utc>),
}

impl Reading<'_> {
    /// Reads until what was asked for is proved, and adds what happened to `report`.
    ///
    /// # Errors
    /// What stopped the read; every page committed before stays, and the next run resumes behind it.
    pub(super) async fn run(&self, report: &mut StreamReport) -> Result<Ended> {
        loop {
            let Some(mut position) = self.begin(report).await? else { return Ok(Ended::Read) };
            let goes_on = position.precedes(self.asked.background);
            let ended = self.read(&mut position, report).await?;
            if ended != Ended::Read || !goes_on {
                return Ok(ended);
            }
            if self.pause.bars(self.clock.now()) {
                return Ok(Ended::Paused);
            }
        }
    }

    /// Reads one window until it is proved, or the run's time or patience is over.
    async fn read(&self, position: &mut Position, report: &mut StreamReport) -> Result<Ended> {
        report.route = report.route.max(position.window.route);
        self.observer.tell(|| Event::Began {
            stream: self.id.stream.clone(),
            partition: self.id.partition.clone(),
            pages: position.window.pages,
        });
        let mut pending = self.fetch(position);
        loop {
            let fetched = match self.wait_for(pending).await {
                Err(error) if is_lost(position, &error) => {
                    pending = self.start_over(position, error, report).await?;
                    continue;
                }
                fetched => fetched?,
            };
            report.usage.calls += fetched.usage.calls;
            report.usage.bytes += fetched.usage.bytes;
            report.find(fetched.page.found());
            let next = fetched.page.next().clone();
            let batch = self.batch(position, fetched)?;
            let is_over = self.pause.is_over(self.clock.now());
            // The next page travels while this one is committed.
            let prefetched = (matches!(next, Next::More(_)) && !is_over).then(|| self.fetch(position));
            let receipt = self.ports.commit(batch).await?;
            self.pause.read();
            report.pages += 1;
            report.add(receipt.counts);
            let settled = self.settled(position, receipt, report)?;
            if settled == Settled::Done {
                return Ok(Ended::Read);
            }
            if is_over {
                return Ok(Ended::Paused);
            }
            pending = match (settled, next) {
                (Settled::Again, _) => {
                    self.recount(&mut position.window, report).await?;
                    self.fetch(position)
                }
                (_, Next::Wait(_, wait)) => match self.sit_out(wait.max(MIN_WAIT)).await? {
                    Some(until) => return Ok(Ended::Waiting(until)),
                    None => self.fetch(position),
                },
                _ => prefetched.unwrap_or_else(|| self.fetch(position)),
            };
        }
    }

    /// Marks the rows of a partition that is gone as deleted, with a certificate like any other read: its own record
    /// was swept by a proved read, so there is nothing left to ask the vendor for. A large partition is held for
    /// confirmation, as any large sweep is.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub(super) async fn retire(&self, report: &mut StreamReport) -> Result<()> {
        let stored = self.ports.checkpoint(&self.id).await?.unwrap_or_default();
        let window = Window {
            read_scope: stored.full.as_ref().and_then(|full| full.read_scope.clone()),
            bound: stored.cursor,
            ..Window::open(self.run, Mode::Full, None, self.clock.now(), stored.sequence + 1)
        };
        // Neither window in progress has anything left to read.
        let checkpoint = Checkpoint { version: stored.version + 1, window: None, background: None, ..stored };
        let mut position = Position {
            epoch: checkpoint.epoch + 1,
            checkpoint,
            slot: Slot::Front,
            window,
            progress: Progress::of(self.table.info()),
            inherited: false,
        };
        let batch = Batch {
            stream: self.id.clone(),
            table: self.table.clone(),
            run: self.run,
            epoch: position.epoch,
            checkpoint: position.stored(),
            slot: position.slot,
            records: Vec::new(),
            rejected: Vec::new(),
            fetched: self.clock.now(),
            closing: Some(self.closing()),
            lease: self.lease.cloned(),
        };
        let receipt = self.ports.commit(batch).await?;
        report.add(receipt.counts);
        self.settled(&mut position, receipt, report).map(drop)
    }

    /// Goes on after the vendor let a token expire: a page token costs another reading of the window, a resume token
    /// a full read in its place. An error that says how long to leave the vendor alone is waited for.
    async fn start_over(
        &self,
        position: &mut Position,
        error: Error,
        report: &mut StreamReport,
    ) -> Result<Pending> {
        let window = &position.window;
        let sequence = position.checkpoint.sequence + 1;
        let next = if position.inherited {
            // The token grew old between two runs: that says nothing about how the window reads.
            Window { attempt: 1, ..window.reread(sequence) }
        } else if window.token.is_some() && window.attempt < MAX_ATTEMPTS {
            window.reread(sequence)
        } else if window.token.is_none() && window.resume.is_some() {
            let full = Window::open(self.run, Mode::Full, None, self.clock.now(), sequence);
            let mut full = Window { page_size: window.page_size, ..full };
            self.choose(&mut full, report).await?;
            full
        } else {
            return Err(error.exhausted());
        };
        let pause = error.wait().filter(|_| !position.inherited);
        if pause.zip(self.patience).is_some_and(|(wait, longest)| wait > longest) {
            return Err(error);
        }
        tracing::info!(stream = %self.id, %error, "a token expired; reading from the start of what it stood for");
        self.observer.tell(|| Event::Reread { stream: self.id.stream.clone(), reason: error.to_string() });
        position.restart(next);
        if let Some(wait) = pause {
            self.observer.tell(|| Event::Waiting { stream: self.id.stream.clone(), wait });
            self.sleep(wait).await?;
        }
        Ok(self.fetch(position))
    }

    fn fetch(&self, position: &Position) -> Pending {
        self.fetcher.begin(&position.window)
    }

    async fn wait_for(&self, pending: Pending) -> Result<Fetched> {
        let joined = tokio::select! {
            // A page that is ready already must not outrun the caller's wish to stop.
            biased;
            () = self.cancelled.cancelled() => return Err(cancelled()),
            joined = pending => joined,
        };
        joined.map_err(|panic| Error::new(ErrorKind::Unexpected, "the fetch panicked").source(panic))?
    }

    /// Turns a page into a batch and moves the position behind it.
    fn batch(&self, position: &mut Position, fetched: Fetched) -> Result<Batch> {
        let Fetched { page, started, vendor_clock, usage } = fetched;
        position.inherited = false;
        let progress = position.progress.check(position.window.token.as_ref(), &page);
        progress.map_err(|error| self.located(error, position))?;
        let window = &mut position.window;
        if window.pages == 0 && window.attempt == 1 {
            // A server whose clock runs ahead must not carry the cursor past what it has yet to send.
            window.bound = vendor_clock.map(|vendor| vendor.min(started + MAX_CLOCK_LEAD));
        }
        // What the vendor says it answered up to, where that is earlier than the time it answered at.
        window.bound =
            page.bound.map_or(window.bound, |bound| Some(window.bound.unwrap_or(bound).min(bound)));
        let newest = page.records().iter().map(|record| record.version.order).max();
        window.newest = window.newest.max(newest.filter(|order| *order > 0));
        // A page that declares nothing says nothing about the count that others declared.
        window.count_moved |= window.declared.zip(page.declared).is_some_and(|(before, now)| before != now);
        window.declared = page.declared.or(window.declared);
        if !matches!(page.next, Next::Wait(..)) {
            // A page that only says "wait" was read under no scope and numbers nothing.
            window.scope_moved |= window.read_scope.is_some() && window.read_scope != page.read_scope;
            window.read_scope = page.read_scope;
        }
        finding::add(&mut window.findings, &page.findings);
        if page.paging == Paging::Numbered {
            window.paging = Paging::Numbered;
        }
        window.usage.calls += usage.calls;
        window.usage.bytes += usage.bytes;
        let closing = match page.next {
            Next::Last => {
                window.resume_at = page.resume_at;
                Some(self.closing())
            }
            Next::More(token) | Next::Wait(token, _) => {
                window.token = Some(token);
                None
            }
        };
        window.pages += 1;
        position.checkpoint.version += 1;
        position.checkpoint.epoch = position.epoch;
        Ok(Batch {
            stream: self.id.clone(),
            table: self.table.clone(),
            run: self.run,
            epoch: position.epoch,
            checkpoint: position.stored(),
            slot: position.slot,
            records: page.decoded.records,
            rejected: page.decoded.rejected,
            fetched: started,
            closing,
            lease: self.lease.cloned(),
        })
    }

    fn closing(&self) -> Closing {
        let info = self.table.info();
        Closing {
            max_attempts: MAX_ATTEMPTS,
            overlap: chrono::Duration::from_std(info.overlap).unwrap_or(chrono::Duration::zero()),
            sweep: (info.deletes == Deletes::Sweep).then_some(self.sweep),
        }
    }

    /// Takes the stored checkpoint over and says how the read goes on.
    fn settled(
        &self,
        position: &mut Position,
        receipt: Receipt,
        report: &mut StreamReport,
    ) -> Result<Settled> {
        let Receipt { mut checkpoint, counts, settlement } = receipt;
        let stored = checkpoint.slot_mut(position.slot).take();
        self.observer.tell(|| Event::Committed {
            stream: self.id.stream.clone(),
            counts,
            read: stored.as_ref().map_or(report.read, |window| window.counts.read),
            declared: position.window.declared,
        });
        position.checkpoint = checkpoint;
        match settlement {
            None => {
                // The sink counted this page into the window it stored.
                if let Some(stored) = stored {
                    position.window = stored;
                }
                Ok(Settled::Open)
            }
            Some(Settlement::Proved(certificate)) => {
                report.certify(*certificate);
                Ok(Settled::Done)
            }
            Some(Settlement::Reread { reason }) => {
                tracing::info!(stream = %self.id, reason, "the ground shifted; reading the window again");
                self.observer.tell(|| Event::Reread { stream: self.id.stream.clone(), reason });
                position.restart(stored.ok_or_else(|| {
                    Error::new(ErrorKind::Unexpected, "the sink asked for a reread and stored no window")
                })?);
                Ok(Settled::Again)
            }
            Some(Settlement::Unexplained { reason }) => {
                let error = Error::new(ErrorKind::InvalidResponse, reason);
                Err(self.located(error, position).context("attempts", MAX_ATTEMPTS))
            }
        }
    }

    /// Sleeps through a vendor's wait; or says when it ends, where that is longer than the run has patience or time for.
    async fn sit_out(&self, wait: Duration) -> Result<Option<DateTime<Utc>>> {
        self.observer.tell(|| Event::Waiting { stream: self.id.stream.clone(), wait });
        let end =
            chrono::Duration::from_std(wait).ok().and_then(|wait| self.clock.now().checked_add_signed(wait));
        let end = end.unwrap_or(DateTime::<Utc>::MAX_UTC);
        if self.patience.is_some_and(|longest| wait > longest) || self.pause.ends_before(end) {
            return Ok(Some(end));
        }
        self.sleep(wait).await.map(|()| None)
    }

    async fn sleep(&self, wait: Duration) -> Result<()> {
        tokio::select! {
            () = self.clock.sleep(wait) => Ok(()),
            () = self.cancelled.cancelled() => Err(cancelled()),
        }
    }

    fn located(&self, error: Error, position: &Position) -> Error {
        error
            .operation(format!("{}.read", self.table.vendor()))
            .context("stream", &self.id.stream)
            .context("page", position.window.pages + 1)
    }
}

/// Whether `error` ends what the position stands for, and not the read: a token that expired, or a job of an earlier
/// run's that came to nothing. What became of a job does not change, so asking after it again would never end well.
fn is_lost(position: &Position, error: &Error) -> bool {
    let of_a_dead_job =
        position.inherited && position.window.route == Route::Export && error.status() == Status::Permanent;
    error.kind() == ErrorKind::PositionExpired || of_a_dead_job
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Done,
    Again,
    Open,
}

fn cancelled() -> Error {
    Error::new(
        ErrorKind::Cancelled,
        "stopped by the caller; the next run resumes behind the last committed page",
    )
}
