//! Which way a full read goes: page by page, or by a job of the vendor's that exports the stream.
//!
//! An export costs a wait and spares thousands of calls, so it is for much. How much there is the connector is asked once,
//! when the window is opened; the answer stands in the window, and a restart does not ask again.

use super::reading::Reading;
use crate::{
    Error, ErrorKind, Result,
    cursor::{Mode, Window},
    page::Route,
    report::{Event, StreamReport},
};

impl Reading<'_> {
    /// The route that is settled without asking: increments and streams without an export come by pages, and a host may
    /// want one of the two.
    pub(super) fn wanted(&self, mode: Mode) -> Option<Route> {
        match self.table.info().export {
            Some(_) if mode == Mode::Full => self.route,
            _ => Some(Route::Pages),
        }
    }

    /// Chooses the route of a window that is being opened.
    ///
    /// # Errors
    /// `Cancelled`. A size that cannot be had is no reason to fail: what is wrong with the vendor shows at the first page.
    pub(super) async fn choose(&self, window: &mut Window, report: &mut StreamReport) -> Result<()> {
        let Some(export) = self.table.info().export.filter(|_| window.mode == Mode::Full) else {
            return Ok(());
        };
        let records = match self.wanted(window.mode) {
            Some(route) => {
                window.route = route;
                None
            }
            None => {
                let records = self.records(window, report).await?;
                let is_large = records.is_some_and(|records| records >= export.from_records);
                window.route = if is_large { Route::Export } else { Route::Pages };
                window.counted = records;
                records
            }
        };
        let route = window.route;
        self.observer.tell(|| Event::Routed { stream: self.id.stream.clone(), route, records });
        Ok(())
    }

    /// Asks once more how many records there are, before a window is read again: some may have gone meanwhile.
    ///
    /// # Errors
    /// As [`choose`](Self::choose).
    pub(super) async fn recount(&self, window: &mut Window, report: &mut StreamReport) -> Result<()> {
        if window.counted.is_some() {
            window.counted = self.records(window, report).await?;
        }
        Ok(())
    }

    /// How many records there are, where the connector can tell.
    async fn records(&self, window: &mut Window, report: &mut StreamReport) -> Result<Option<u64>> {
        let (size, usage) = tokio::select! {
            biased;
            () = self.cancelled.cancelled() => {
                let message = "stopped by the caller before the first page";
                return Err(Error::new(ErrorKind::Cancelled, message));
            }
            asked = self.fetcher.size() => asked,
        };
        for spent in [&mut window.usage, &mut report.usage] {
            spent.calls += usage.calls;
            spent.bytes += usage.bytes;
        }
        Ok(size.unwrap_or_else(|error| {
            tracing::info!(stream = %self.id, %error, "the size cannot be had; reading page by page");
            None
        }))
    }
}
