//! The five vendors: from the twins into both databases, held against the universe's own truth; and what they push.

mod access;
pub(crate) mod amazon;
mod compare;
mod faults;
pub(crate) mod microsoft_graph;
mod regions;
mod shopify;
mod shopify_limits;
mod skew;
pub(crate) mod suite;
pub(crate) mod unleashed;
pub(crate) mod webhooks;
pub(crate) mod xero;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sentia::{Mode, Outcome, Pipeline, RunReport, Store, clock::Clock};
use sentia_sandbox::{Sandbox, SandboxClock, Size, universe::Universe};

/// The twins' clock, for the engine too: who waits moves it, so that nobody waits.
#[derive(Debug)]
pub(crate) struct OneClock(pub(crate) SandboxClock);

#[async_trait]
impl Clock for OneClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.advance(duration);
        tokio::task::yield_now().await;
    }
}

/// Twins and engine with one time.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<OneClock>,
}

impl Scene {
    pub(crate) async fn new(seed: u64) -> Self {
        let clock = SandboxClock::manual(Universe::anchor() + chrono::Duration::hours(9));
        let sandbox =
            Sandbox::start_with_clock(seed, Size::tiny(), clock.clone()).await.expect("the twins start");
        Scene { sandbox, clock: Arc::new(OneClock(clock)) }
    }

    /// Lets time pass.
    pub(crate) fn later(&self, hours: u64) {
        self.clock.0.advance(Duration::from_secs(hours * 3600));
    }
}

/// Runs a pipeline to an end without failures.
pub(crate) async fn complete(pipeline: Pipeline, clock: &Arc<OneClock>, mode: Mode) -> RunReport {
    let report = pipeline.clock(clock.clone()).mode(mode).run().await.expect("runs");
    let failures: Vec<_> = report.streams().iter().filter_map(|stream| stream.failure.as_ref()).collect();
    assert_eq!(report.outcome(), Outcome::Complete, "{failures:#?}");
    report
}

/// Rows that a run wrote.
pub(crate) fn written(report: &RunReport) -> u64 {
    report.counts().inserted + report.counts().updated + report.counts().deleted
}

/// Every row and certificate of the store holds.
pub(crate) async fn holds(store: &Store) {
    let verified = store.verify().await.expect("verifies");
    assert!(verified.holds() && verified.rows > 0, "{verified:#?}");
}

/// Every stream of the catalog has a table with rows, but those named.
pub(crate) fn all_read(report: &RunReport, empty: &[&str]) {
    let found: BTreeSet<_> = report
        .streams()
        .iter()
        .filter(|stream| stream.counts.read == 0)
        .map(|stream| stream.name.as_str())
        .collect();
    assert_eq!(found, empty.iter().copied().collect(), "streams without a record");
}
