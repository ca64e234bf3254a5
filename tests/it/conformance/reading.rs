//! Reads one stream against a server, and holds what is stored against what was served.

use std::{collections::BTreeSet, sync::Arc};

use sentia::{
    Mode, Outcome, Pipeline, RunReport, Store,
    clock::{Clock, SystemClock},
    testing::ManualClock,
};

use super::{
    documents::stored,
    exchanges::{Asks, Exchange, Excused, are_valid, exchanges},
    server::Server,
};
use crate::{database::Database, truth::impatient};

/// A vendor's connection to a server.
pub(super) struct Connection<'a> {
    pub(super) server: &'a Server,
    vendor: &'static str,
    excused: &'static [Excused],
    open: fn(&Server, &Store) -> Pipeline,
    store: Store,
    /// Waits for reports take no time.
    clock: Arc<ManualClock>,
}

impl<'a> Connection<'a> {
    pub(super) async fn new(
        server: &'a Server,
        vendor: &'static str,
        excused: &'static [Excused],
        open: fn(&Server, &Store) -> Pipeline,
        database: &Database,
    ) -> Self {
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        Connection { server, vendor, excused, open, store: database.store().await, clock }
    }

    /// Reads a stream, whatever comes of it.
    pub(super) async fn run(&self, stream: &'static str, mode: Mode) -> (RunReport, Vec<Exchange>) {
        let pipeline = (self.open)(self.server, &self.store);
        let pipeline = pipeline.clock(self.clock.clone()).transport(impatient());
        let report = pipeline.streams([stream]).mode(mode).run().await.expect("runs");
        (report, exchanges(self.server).await)
    }

    /// Reads a stream to its proof by requests that the model takes.
    pub(super) async fn read(&self, stream: &'static str, mode: Mode) -> (RunReport, Vec<Exchange>) {
        let (report, exchanges) = self.run(stream, mode).await;
        are_valid(&exchanges, self.excused);
        let failures: Vec<_> = report.streams().iter().filter_map(|one| one.failure.as_ref()).collect();
        assert_eq!(report.outcome(), Outcome::Complete, "{stream}: {failures:#?} {report:#?}");
        (report, exchanges)
    }

    /// Reads a stream whole, by all the operations it should ask, and asserts that its table holds what was served, byte
    /// for byte.
    pub(super) async fn holds_what_is_served(
        &self,
        asks: &Asks,
        mode: Mode,
        database: &Database,
    ) -> RunReport {
        let (report, exchanges) = self.read(asks.stream, mode).await;
        let served = asks.served(&exchanges);
        assert!(!served.is_empty(), "{} has no documents", asks.stream);
        assert_eq!(self.live(asks.stream, database).await, served, "{}", asks.stream);
        report
    }

    /// The documents of a stream's rows.
    pub(super) async fn live(&self, stream: &str, database: &Database) -> BTreeSet<String> {
        stored(database, &format!("{}_{stream} WHERE deleted IS NULL", self.vendor)).await
    }

    /// Asserts that every row and certificate holds.
    pub(super) async fn verifies(&self) {
        let verified = self.store.verify().await.expect("verifies");
        assert!(verified.holds() && verified.rows > 0, "{verified:#?}");
    }
}
