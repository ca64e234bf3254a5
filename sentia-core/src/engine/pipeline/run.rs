//! A run: stream by stream, partition by partition, and the report of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    super::{
        fetching::Fetcher,
        partitions::Partitions,
        pause::Pause,
        reading::{Ended, Reading},
    },
    Pipeline,
};
use crate::{
    ConnectorInfo, Context, Error, ErrorKind, Result,
    report::{Event, RunReport, StreamReport},
    stream::{StreamId, StreamInfo, identifier},
    table::StreamTable,
    transport::{Meter, Stack},
};

impl Pipeline {
    /// Reads every stream to its proof.
    ///
    /// A stream that fails is `incomplete` in the report and the others go on, unless the reason concerns the whole
    /// connection. The next run resumes behind the last committed page. In the [background](Self::background), what an
    /// earlier run proved since it was [ordered](Self::ordered) is `complete` without a page.
    ///
    /// # Errors
    /// What kept the run from committing anything: `ConfigInvalid`, `Unauthenticated`, `Store`, ...
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: a page is committed whole or not at all.
    pub async fn run(&self) -> Result<RunReport> {
        let info = self.connector.info();
        let selected = self.select(&info)?;
        let connection = self.connection.clone().unwrap_or_else(|| info.vendor.to_owned());
        let (cx, stack) = self.context(&info, &connection)?;
        let mut report = RunReport {
            run: Uuid::now_v7(),
            tenant: self.tenant.clone(),
            connection,
            vendor: info.vendor.to_owned(),
            mode: self.asked.reported(),
            background: self.asked.background,
            started: self.clock.now(),
            finished: None,
            streams: Vec::new(),
        };
        self.ports.log(&report).await?;
        let pause = Pause::after(self.pause_after, report.started);
        let mut stopped: Option<Error> = None;
        for stream in selected {
            let mut entry = StreamReport::new(stream.name);
            match &stopped {
                Some(error) => entry.fail(error),
                None if pause.bars(self.clock.now()) => entry.pause(),
                None => {
                    let table = StreamTable::new(info.vendor, stream.clone());
                    let read = self.stream(&cx, &stack.meter, &table, &report, &pause, &mut entry).await;
                    if let Err(error) = read {
                        entry.fail(&error);
                        stopped = concerns_connection(&error).then_some(error);
                    }
                }
            }
            self.observer.tell(|| Event::Finished(Box::new(entry.clone())));
            report.streams.push(entry);
        }
        if self.stack.is_none() {
            stack.release().await;
        }
        report.finished = Some(self.clock.now());
        let untouched = report.streams.iter().all(|stream| stream.pages == 0);
        match stopped {
            Some(error) if untouched => {
                // The reason the run failed matters more than a log that could not be written.
                let _ = self.ports.log(&report).await;
                Err(error)
            }
            _ => self.ports.log(&report).await.map(|()| report),
        }
    }

    /// Makes the connector's cheapest authorized call.
    ///
    /// Answers when it was made, by the pipeline's clock. Nothing is written.
    ///
    /// # Errors
    /// As the vendor's table says.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the call.
    pub async fn check(&self) -> Result<DateTime<Utc>> {
        let info = self.connector.info();
        let connection = self.connection.clone().unwrap_or_else(|| info.vendor.to_owned());
        let (cx, stack) = self.context(&info, &connection)?;
        let checked = self.connector.check(&cx).await;
        if self.stack.is_none() {
            stack.release().await;
        }
        checked.map(|()| self.clock.now())
    }

    fn select(&self, info: &ConnectorInfo) -> Result<Vec<Arc<StreamInfo>>> {
        info.validate()?;
        let known = |name: &str| info.streams.iter().any(|stream| stream.name == name);
        let wanted = self.streams.iter().flatten().map(String::as_str);
        if let Some(unknown) = wanted.chain(self.rules.streams()).find(|name| !known(name)) {
            let names: Vec<_> = info.streams.iter().map(|stream| stream.name).collect();
            let message = format!("{} has no such stream; it has {}", info.vendor, names.join(", "));
            return Err(Error::new(ErrorKind::ConfigInvalid, message).context("stream", unknown));
        }
        let selected = |stream: &&Arc<StreamInfo>| {
            self.streams.as_ref().is_none_or(|wanted| wanted.iter().any(|name| name == stream.name))
        };
        let selected: Vec<Arc<StreamInfo>> = info.streams.iter().filter(selected).cloned().collect();
        self.asked.concerned(selected)
    }

    fn context(&self, info: &ConnectorInfo, connection: &str) -> Result<(Context, Stack)> {
        identifier(&connection.replace('-', "_"))?;
        let stack = match &self.stack {
            Some(shared) => shared.clone(),
            None => {
                let account = format!("{}/{connection}", self.tenant);
                let policy = self.policy.clone().limited_by(info);
                Stack::shared(policy, self.clock.clone(), self.ports.clone(), &account)?
            }
        };
        let cx =
            Context::new(stack.http().urgency(self.urgency), self.clock.clone(), &self.tenant, connection);
        let states = self.states.clone().unwrap_or_else(|| self.ports.clone());
        Ok((cx.with_vault(self.vault.clone()).with_states(Some(states)), stack))
    }

    async fn stream(
        &self,
        cx: &Context,
        meter: &Meter,
        table: &StreamTable,
        report: &RunReport,
        pause: &Pause,
        entry: &mut StreamReport,
    ) -> Result<()> {
        let of = |stream: &str, partition: &str| StreamId {
            tenant: report.tenant.clone(),
            connection: report.connection.clone(),
            stream: stream.to_owned(),
            partition: partition.to_owned(),
        };
        let stream = table.info();
        let reading = |partition: &str| Reading {
            ports: &self.ports,
            fetcher: Fetcher {
                connector: self.connector.clone(),
                vendor: table.vendor(),
                cx: cx.clone(),
                info: stream.clone(),
                partition: Arc::from(partition),
                rules: Arc::new(self.rules.clone()),
                meter: meter.clone(),
                page_size: self.page_size,
            },
            clock: self.clock.clone(),
            observer: &self.observer,
            cancelled: &self.cancelled,
            id: of(stream.name, partition),
            table: table.clone(),
            run: report.run,
            asked: &self.asked,
            pause,
            patience: self.patience,
            route: self.route,
            sweep: self.sweep,
            lease: self.lease.as_ref(),
        };
        let partitions = Partitions::of(&self.ports, &self.connector.info(), table, report).await?;
        for partition in partitions.live {
            if pause.bars(self.clock.now()) {
                entry.pause();
                return Ok(());
            }
            match reading(&partition).run(entry).await? {
                Ended::Read => {}
                Ended::Paused => entry.pause(),
                Ended::Waiting(until) => entry.wait(until),
            }
        }
        for partition in partitions.vanished {
            reading(&partition).retire(entry).await?;
        }
        Ok(())
    }
}

/// Errors that the next stream would only meet again.
///
/// `PermissionDenied` is not among them: another stream may need another scope.
fn concerns_connection(error: &Error) -> bool {
    use ErrorKind::{Cancelled, ConfigInvalid, QuotaExhausted, Store, Unauthenticated};
    matches!(error.kind(), Cancelled | ConfigInvalid | QuotaExhausted | Store | Unauthenticated)
}
